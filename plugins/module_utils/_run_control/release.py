# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``lease``: at the end of an account it releases what the writing modules of the job took."""

from __future__ import annotations

import typing as t

from .._aws.operations import Operations
from .._converge.run_control.holders import Holder
from .._converge.run_control.lease import LEASES, Lease
from .._converge.store import Store, StoreError
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
        store = task.open_store(task.journal)
        # The partition is that of the roles of the job, which this task does not know.
        partitions = store.folders(LEASES)
    except StoreError as error:
        task.warn(_describe(error))
        return result
    released = [_release(task, store, task.account_id, partition) for partition in partitions]
    return {**result, "released": any(released)}


def _release(task: Task, store: Store, account_id: str, partition: str) -> bool:
    holder = Holder(task.run_id, task.job_id, MODULE, "", process=task.run.process)
    try:
        return Lease(store, holder, partition=partition, account_id=account_id, clock=task.clock).release_of_job()
    except StoreError as error:
        task.warn(_describe(error))
        return False


def _describe(error: StoreError) -> str:
    return f"the lease of the account was not released, and ends by itself: {error}"
