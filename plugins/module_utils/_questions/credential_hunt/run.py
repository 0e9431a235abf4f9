# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A hunt for a credential: seeds in, graph, time line and coverage out. Nothing in the account is changed."""

from __future__ import annotations

import typing as t

from ..._aws.operations import Operations
from ..._module.task import Task
from .history import OPERATIONS as OPERATIONS_OF_HISTORY
from .live import LIVE_OPERATIONS, LiveHunt
from .offline import hunt_in_files, join_accounts
from .options import ARGUMENTS, Options
from .output import Output
from .places import open_place
from .present import OPERATIONS as OPERATIONS_OF_PRESENT
from .workspace import Workspace

__all__ = ["ARGUMENTS", "OPERATIONS", "run"]

OPERATIONS: t.Final = OPERATIONS_OF_HISTORY.union(
    LIVE_OPERATIONS, OPERATIONS_OF_PRESENT, Operations(reads=frozenset({"sts:GetCallerIdentity"}))
)


def run(task: Task) -> dict[str, t.Any]:
    """The core of ``credential_hunt_info``: its options in, its result out.

    :raises TaskError: a bad option, the credentials of another account, or places that can't be read.
    """
    options = Options.of(task)
    workspace = Workspace.of(task)
    output = Output.of(task, workspace)
    if options.offline:
        places = [open_place(task.open_store, place) for place in options.places]
        found = hunt_in_files(options, places, now=task.now) if places else join_accounts(options, workspace, task.now)
        return output.finish(found)
    task.expect_account(task.access.caller.account_id)
    return output.finish(LiveHunt(task.connection, options, workspace).run())
