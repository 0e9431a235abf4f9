# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``lease``: at the end of an account it releases what the writing modules of the job took."""

from __future__ import annotations

import typing as t

from .._aws.operations import Operations
from .._converge.errors import InputError
from .._converge.run_control.lease import Holder, Lease
from .._converge.store import StoreError
from .._module.task import Task, TaskError

MODULE: t.Final = "lease"
# The account itself is asked for nothing.
OPERATIONS: t.Final = Operations()


def run(task: Task) -> dict[str, t.Any]:
    """Release the lease of the account, if this job holds it. A lease that can't be released ends by itself."""
    if task.account_id is None:
        raise TaskError("account_id: not set; the lease to release is that of one account, in 12 digits")
    result = {"account_id": task.account_id, "released": False}
    if task.check_mode:
        return result
    try:
        lease = Lease(
            task.open_store(task.journal),
            Holder(task.run_id, task.job_id, MODULE, "", {}),
            partition=task.access.partition,
            account_id=task.account_id,
            clock=task.clock,
        )
        return {**result, "released": lease.release_of_job()}
    except StoreError as error:
        task.warn(f"the lease of the account was not released, and ends by itself: {error}")
        return result
    except InputError as error:
        raise TaskError(str(error)) from error
