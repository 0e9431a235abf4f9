# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan that was approved for the changes of a job, held against what the journal says was changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime

from ..._converge.change import Change, content_hash
from ..._converge.errors import InputError
from ..._converge.plan import change_of, check_plan
from ..._converge.plans import check_hash, find_approval, find_plan, read_plan
from ..._converge.store import Store, StoreError
from .records import AccountRecords, Recorded
from .state import State


@dataclasses.dataclass(frozen=True)
class PlanCheck:
    """The approved plan of one job in one account. ``reason`` is why it is not verified, or what does not fit."""

    job_id: str
    state: State
    reason: str = ""
    plan_sha256: str = ""


def check_plans(reports: Store, account_id: str, records: AccountRecords) -> list[PlanCheck]:
    """Check the approved plan of each job that changed something, or may have."""
    jobs: dict[str, list[Recorded]] = {}
    for change in records.changes:
        jobs.setdefault(change.job_id, []).append(change)
    return [_check_job(reports, account_id, job_id, made, records) for job_id, made in sorted(jobs.items())]


def _check_job(
    reports: Store, account_id: str, job_id: str, made: Sequence[Recorded], records: AccountRecords
) -> PlanCheck:
    named = {run.module: run.details.get("approved_plan", "").strip() for run in records.runs if run.job_id == job_id}
    unnamed = sorted(module for module, plan in named.items() if not plan)
    given = next(iter(sorted(set(named.values()) - {""})), "")
    reason = "" if len(set(named.values()) - {""}) < 2 else "its records name several approved plans"
    if given and unnamed:
        reason = reason or f"the records of these modules name no approved plan: {', '.join(unnamed)}"
    if reason or not given:
        return PlanCheck(job_id, State.NOT_VERIFIED, reason or "no plan was approved")
    began = min((change.at for change in made if change.at), default=None)
    if began is None:
        return PlanCheck(job_id, State.NOT_VERIFIED, "its records have no time", given)
    approvers = {run.details.get("approver", "") for run in records.runs if run.job_id == job_id}
    state, reason = _hold_against_plan(reports, account_id, given, made, began, approvers)
    return PlanCheck(job_id, state, reason, given)


def _hold_against_plan(
    reports: Store,
    account_id: str,
    given: str,
    made: Sequence[Recorded],
    began: datetime,
    approvers: Iterable[str],
) -> tuple[State, str]:
    """Whether the plan is kept, was fresh when the job began, and has the changes; and why not."""
    try:
        plan_hash = find_plan(reports, check_hash(given), account_id)
        if plan_hash is None:
            return State.NOT_VERIFIED, f"the approved plan {given[:16]}… is not kept"
        for approver in approvers:
            find_approval(reports, plan_hash, account_id=account_id, now=began, approver=approver or None)
        planned = {_scope_of(change) for change in check_plan(read_plan(reports, account_id, plan_hash))}
        outside = [change for change in made if _scope_of(change_of(change.change)) not in planned]
    except StoreError as error:
        return State.NOT_VERIFIED, f"the approved plan can't be read: {error}"
    except InputError as error:
        return State.ATTENTION, f"the approval does not count: {error}"
    if outside:
        return State.ATTENTION, f"{len(outside)} of {len(made)} changes are not in the approved plan {given[:16]}…"
    return State.VERIFIED, ""


def _scope_of(change: Change) -> str:
    """What a plan and a journal both have of a change: all that the hash of a plan covers, but the request."""
    place = [change.account_id, change.service, change.region, change.operation, change.target]
    return content_hash([*place, sorted(change.affects), content_hash(change.before), content_hash(change.after)])
