# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Count the accounts in which a module that writes failed, for the fleet caps of the run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from .._aws.errors import AwsError
from .._converge.errors import GuardError, InputError
from .._converge.run_control.fleet_caps import FleetCaps
from .._converge.store import StoreError
from .task import Task, TaskError

_FAILURES = (AwsError, GuardError, InputError, StoreError, TaskError)


@contextlib.contextmanager
def count_failures(task: Task, *, sleep: Callable[[float], None]) -> Iterator[None]:
    """Count the account of ``task`` as failed if what is done meanwhile fails, and the task writes."""
    try:
        yield
    except _FAILURES:
        _count_failure(task, sleep)
        raise


def _count_failure(task: Task, sleep: Callable[[float], None]) -> None:
    try:
        if not task.run.writes or not task.account_id or not task.fleet_caps.has_any:
            return
        caps = FleetCaps(task.open_store(task.journal), task.run.id, task.fleet_caps, sleep=sleep)
        caps.count_failure(task.account_id)
    except _FAILURES as error:
        # The failure of the task itself is reported, which this must not hide.
        task.warn(f"the failure is not counted for hardening_max_accounts_failed: {error}")
