# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One account on the audit sheet: what a run did there, what shows it, and what does not fit."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.answer import NO, Answer, Unknown, Yes
from ..._account.moments import format_utc, parse_moment
from ..._converge.journal import Outcome
from ..._converge.parsing import parse
from ..._converge.plan import authors_of
from ..._converge.plans import plan_key
from ..._converge.store import Store, StoreError
from ..document import SCHEMA, DocumentError, check_report, decode, run_report_key
from ..grouping import refusal_groups
from ..sentences import describe_change
from ..states import count_changes
from .events import Comparison, History, Shown, compare, explain_incomplete, find_explained, parse_history
from .plan_check import check_plans
from .records import AccountRecords, Recorded, Undone, find_undone, read_account, read_others

_RUN_MEMBERS: t.Final = (
    "mode",
    "started",
    "finished",
    "caller_arn",
    "declaration_commit",
    "job_url",
    "collection_version",
)
# Members of a run record that each module of a job has its own of.
_OF_MODULE: t.Final = frozenset({"declaration", "plan_sha256"})
_REFUSAL: t.Final = ("rule", "reason", "operation", "target")
# The errors of code that reads a document which others wrote.
_MALFORMED: t.Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

Document = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Sources:
    """The places that a sheet is made of, its run, and the present time."""

    reports: Store
    journal: Store
    sheets: Store
    run_id: str
    now: datetime


def events_key(run_id: str, account_id: str) -> str:
    """Where the events of a run in an account are kept for the sheet."""
    return f"audit/{run_id}/events/{account_id}.json"


@dataclasses.dataclass
class _Doubts:
    """What can't be read of an account, and what does not fit; each is a sentence."""

    problems: list[str] = dataclasses.field(default_factory=list)
    conflicts: list[str] = dataclasses.field(default_factory=list)


def describe_account(sources: Sources, account_id: str) -> Document:
    """Everything that the sheet has on one account. What can't be read is a problem, and costs nothing else."""
    doubts = _Doubts()
    records = _read_records(sources, account_id, doubts)
    known = records.value if isinstance(records, Yes) else AccountRecords()
    report = _read_report(sources, account_id, doubts)
    history = _read_history(sources, account_id)
    callers = {*known.callers, *_list_callers(report)}
    compared = compare(known.changes, history, account_id=account_id, callers=callers, now=sources.now)
    undone = _find_undone(sources, account_id, known, doubts)
    doubts.conflicts += _hold_against_report(known.changes, report)
    plans = check_plans(sources.reports, account_id, known)
    return {
        "account_id": account_id,
        "run": {name: (report or {}).get("run", {}).get(name) for name in _RUN_MEMBERS} if report else None,
        "plan_sha256": report.get("plan_sha256") if report else None,
        "counts": count_changes(report) if report else None,
        "requests": _list_requests(sources, account_id, known, report),
        "plans": [dataclasses.asdict(plan) for plan in plans],
        "changes": [_describe(change, undone.get(change.key, ()), compared) for change in known.changes],
        "refused": _list_refused(report),
        "unrecorded": _list_unrecorded(sources, account_id, compared, doubts),
        "trail": _describe_trail(history, _find_last(known, report), sources.now),
        "journal": records.reason if isinstance(records, Unknown) else "",
        "problems": doubts.problems,
        "conflicts": doubts.conflicts,
    }


def _read_records(sources: Sources, account_id: str, doubts: _Doubts) -> Answer[AccountRecords]:
    try:
        records = read_account(sources.journal, account_id, sources.run_id)
    except StoreError as error:
        doubts.problems.append(f"The journal can't be read: {error}.")
        return Unknown(str(error))
    doubts.problems += records.problems
    return Yes(records)


def _read_report(sources: Sources, account_id: str, doubts: _Doubts) -> t.Optional[Document]:
    """Read the report of the run, None where there is none that can be used."""
    key = run_report_key(account_id, sources.run_id)
    try:
        content = sources.reports.get(key)
        if content is None:
            return None
        report = decode(content, where=key, schema=SCHEMA)
        check_report(report, account_id, where=key)
        if report["run"]["id"] != sources.run_id:
            raise DocumentError(f"{key} is of run {report['run']['id']}")
        count_changes(report)
        _list_refused(report)
    except (DocumentError, StoreError) as error:
        doubts.problems.append(f"The report of the run is ignored: {error}.")
        return None
    except _MALFORMED as error:
        doubts.problems.append(f"The report of the run is ignored: {key} is malformed: {error!r}.")
        return None
    return report


def _read_history(sources: Sources, account_id: str) -> Answer[History]:
    """Read the events that the playbook left; no if it did not ask for them."""
    key = events_key(sources.run_id, account_id)
    try:
        content = sources.sheets.get(key)
        if content is None:
            return NO
        history = parse_history(content, account_id=account_id, run_id=sources.run_id, where=key)
    except (DocumentError, StoreError) as error:
        return Unknown(f"the file of its events is ignored: {error}")
    return Unknown(history.failure) if history.failure else Yes(history)


def _find_last(records: AccountRecords, report: t.Optional[Document]) -> t.Optional[datetime]:
    """Find the time of the last thing that is known of the run in the account."""
    times = [moment for change in records.changes for moment in (change.at, change.ended) if moment is not None]
    if report is not None:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            times.append(parse_moment(report["run"]["finished"]))
    return max(times, default=None)


def _list_callers(report: t.Optional[Mapping[str, t.Any]]) -> list[str]:
    caller = report["run"].get("caller_arn") if report else None
    return [caller] if isinstance(caller, str) else []


def _find_undone(
    sources: Sources, account_id: str, records: AccountRecords, doubts: _Doubts
) -> Mapping[str, Sequence[Undone]]:
    keys = {change.key for change in records.changes}
    try:
        return find_undone(sources.journal, account_id, sources.run_id, keys)
    except StoreError as error:
        doubts.problems.append(f"It is not known whether a rollback undid changes: {error}.")
        return {}


def _hold_against_report(changes: Iterable[Recorded], report: t.Optional[Document]) -> list[str]:
    """Hold the applied changes of the journal against those of the report: both are of the same run."""
    if report is None:
        return []
    recorded = collections.Counter(
        str(change.change["operation"]) for change in changes if change.outcome == Outcome.APPLIED.value
    )
    reported = collections.Counter(str(item.get("operation")) for item in report["changes"] if item["applied"])
    return [
        f"{operation}: the report has {reported[operation]} applied changes, and the journal has {recorded[operation]}."
        for operation in sorted({*recorded, *reported})
        if recorded[operation] != reported[operation]
    ]


def _list_requests(
    sources: Sources, account_id: str, records: AccountRecords, report: t.Optional[Document]
) -> list[Document]:
    """List the records of who ran the changes, each with its job. A job that changed something without a record counts.

    Without any, the author of the plan is all that is known.
    """
    rows = [{"job_id": run.job_id, **_clean(run.details), "caller_arn": run.caller_arn} for run in records.runs]
    known = {run.job_id for run in records.runs}
    rows += [{"job_id": job_id} for job_id in sorted({change.job_id for change in records.changes} - known)]
    if rows or report is None:
        return rows
    authors = _read_authors(sources.reports, account_id, report.get("plan_sha256"))
    return [{"author": author} for author in authors]


def _clean(details: Mapping[str, str]) -> dict[str, str]:
    """The details without those that the modules of one job do not share: their plan and their declaration."""
    return {name: value for name, value in details.items() if name not in _OF_MODULE}


def _read_authors(reports: Store, account_id: str, plan_hash: t.Any) -> list[str]:
    if not isinstance(plan_hash, str) or "/" in plan_hash:
        return []
    try:
        plan = parse(reports.get(plan_key(account_id, plan_hash)) or b"{}")
    except (StoreError, ValueError):
        return []
    return authors_of(plan) if isinstance(plan, dict) else []


def _describe(change: Recorded, undone: Sequence[Undone], compared: Comparison) -> Document:
    item = change.change
    shown = compared.shown.get(change.key, Shown())
    return {
        "sentence": describe_recorded(item),
        "module": change.module,
        "job_id": change.job_id,
        "operation": f"{item['service']}:{item['operation']}",
        "target": item["target"],
        "region": item["region"],
        "outcome": change.outcome,
        "error": change.error,
        "at": _format(change.at),
        "caller_arn": change.caller_arn,
        "lease": {"fence": change.lease.fence, "expires": format_utc(change.lease.expires)} if change.lease else None,
        "undone": [{"run_id": one.run_id, "at": _format(one.at), "outcome": one.outcome} for one in undone],
        "records": [{"key": key, "sha256": digest} for key, digest in change.files.items()],
        "request_id": change.request_id,
        "event": shown.event.as_dict() if shown.event else None,
        "attempts": [event.as_dict() for event in shown.attempts],
        "late": shown.is_late,
        "state": shown.state.value,
        "lack": shown.reason,
    }


def describe_recorded(change: Mapping[str, t.Any]) -> str:
    """A recorded change as a sentence. Others may have written the record, with states that no sentence is made of."""
    try:
        return describe_change(change)
    except _MALFORMED:
        return f"{change['service']}:{change['operation']} on {change['target']}"


def _format(moment: t.Optional[datetime]) -> t.Optional[str]:
    return format_utc(moment) if moment else None


def _list_refused(report: t.Optional[Mapping[str, t.Any]]) -> list[Document]:
    if report is None:
        return []
    refused = []
    for item in report["refused"]:
        if not all(isinstance(item.get(name), str) for name in _REFUSAL):
            raise DocumentError("one of its refusals is malformed")
        refused.append({"module": None, **item})
    return [
        {"rule": group.rule, "reason": group.reason, "operation": group.operation, "targets": list(group.targets)}
        for group in refusal_groups(refused)
    ]


def _list_unrecorded(sources: Sources, account_id: str, compared: Comparison, doubts: _Doubts) -> list[Document]:
    """List the events without a record of this run, each with the run that has one, if there is such a run."""
    events = compared.unrecorded
    if not events:
        return []
    others: Mapping[str, Recorded] = {}
    try:
        found = read_others(sources.journal, account_id, sources.run_id)
        others = find_explained(events, found.changes)
        doubts.problems += found.problems
    except StoreError as error:
        doubts.problems.append(f"It is not known whether other runs made these calls: {error}.")
    return [
        {
            **event.as_dict(),
            "run_id": others[event.id].key.split("/")[1] if event.id in others else None,
            "possible": compared.possible[event.id].key if event.id in compared.possible else None,
        }
        for event in events
    ]


def _describe_trail(history: Answer[History], last: t.Optional[datetime], now: datetime) -> Document:
    if isinstance(history, Unknown):
        return {"state": "not_read", "reason": history.reason}
    if not isinstance(history, Yes):
        return {"state": "not_asked", "reason": "CloudTrail was not asked"}
    read = history.value
    times = {name: _format(getattr(read, name)) for name in ("read_at", "since", "until")}
    return {
        "state": "read",
        "reason": explain_incomplete(read, last, now),
        "regions": list(read.regions),
        "failures": dict(read.failures),
        "events": len(read.events),
        **times,
    }
