# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a run needs to enforce, before anything is called."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._converge.change import Refusal
from .._converge.errors import GuardError
from .._converge.guard import find_enforcing_objections
from .task import Task


def check_enforcing(task: Task, *, in_emergency: bool = False) -> None:
    """Refuse to enforce without what a run that writes needs; in check mode this is a warning.

    In an emergency the id of the incident is the change ticket.

    :raises GuardError: something is missing, and the run writes.
    """
    run = task.run
    if not run.enforces:
        return
    objections = (
        *find_enforcing_objections(
            account_id=task.account_id, awx_job_id=run.awx_job_id, journal=task.journal.location
        ),
        *(() if in_emergency else _refuse_missing_ticket(run.details)),
    )
    if objections and not run.check_mode:
        raise GuardError(objections)
    for objection in objections:
        task.warn(f"without check mode this fails: {objection.reason}")


def _refuse_missing_ticket(details: Mapping[str, t.Any]) -> tuple[Refusal, ...]:
    if not details.get("require_change_ticket") or str(details.get("change_ticket") or "").strip():
        return ()
    reason = (
        "change_ticket (hardening_change_ticket) is not set, and require_change_ticket "
        "(hardening_require_change_ticket) requires one for a run that enforces"
    )
    return (Refusal("change_ticket", reason, "", fatal=True),)
