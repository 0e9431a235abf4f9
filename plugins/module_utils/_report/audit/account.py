# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One account on the audit sheet: what a run did there, what shows it, and what does not fit."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._converge.journal import Outcome
from ..._converge.parsing import parse
from ..._converge.plan import authors_of
from ..._converge.plans import plan_key
from ..._converge.store import Store, StoreError
from ..document import SCHEMA, DocumentError, check_report, decode, run_report_key
from ..grouping import refusal_groups
from ..sentences import describe_change
from ..states import count_changes
from .events import Comparison, Event, History, compare, find_explained, parse_history
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


def describe_account(sources: Sources, account_id: str) -> Document:
    """Everything that the sheet has on one account. What can't be read is a problem, and costs nothing else."""
    problems: list[str] = []
    records = _read_records(sources, account_id, problems)
    report = _read_report(sources, account_id, problems)
    history = _read_history(sources, account_id, problems)
    callers = {*records.callers, *_list_callers(report)}
    compared = compare(records.changes, history, callers=callers, now=sources.now) if history else None
    undone = _find_undone(sources, account_id, records, problems)
    problems += _hold_against_report(records.changes, report)
    return {
        "account_id": account_id,
        "run": {name: (report or {}).get("run", {}).get(name) for name in _RUN_MEMBERS} if report else None,
        "plan_sha256": report.get("plan_sha256") if report else None,
        "counts": count_changes(report) if report else None,
        "requests": _list_requests(sources, account_id, records, report),
        "changes": [_describe(change, undone.get(change.key, ()), compared) for change in records.changes],
        "refused": _list_refused(report),
        "unrecorded": _list_unrecorded(sources, account_id, compared, problems),
        "trail": _describe_trail(history),
        "problems": problems,
    }


def _read_records(sources: Sources, account_id: str, problems: list[str]) -> AccountRecords:
    try:
        records = read_account(sources.journal, account_id, sources.run_id)
    except StoreError as error:
        problems.append(f"The journal can't be read: {error}.")
        return AccountRecords()
    problems += records.problems
    return records


def _read_report(sources: Sources, account_id: str, problems: list[str]) -> t.Optional[Document]:
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
        problems.append(f"The report of the run is ignored: {error}.")
        return None
    except _MALFORMED as error:
        problems.append(f"The report of the run is ignored: {key} is malformed: {error!r}.")
        return None
    return report


def _read_history(sources: Sources, account_id: str, problems: list[str]) -> t.Optional[History]:
    """Read the events that the playbook left, None where it did not ask for them."""
    key = events_key(sources.run_id, account_id)
    try:
        content = sources.sheets.get(key)
        if content is None:
            return None
        return parse_history(content, account_id=account_id, run_id=sources.run_id, where=key)
    except (DocumentError, StoreError) as error:
        problems.append(f"The events of CloudTrail are ignored: {error}.")
        return History(failure=str(error))


def _list_callers(report: t.Optional[Mapping[str, t.Any]]) -> list[str]:
    caller = report["run"].get("caller_arn") if report else None
    return [caller] if isinstance(caller, str) else []


def _find_undone(
    sources: Sources, account_id: str, records: AccountRecords, problems: list[str]
) -> Mapping[str, Sequence[Undone]]:
    keys = {change.key for change in records.changes}
    try:
        return find_undone(sources.journal, account_id, sources.run_id, keys)
    except StoreError as error:
        problems.append(f"It is not known whether a rollback undid changes: {error}.")
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
    """List who requested the changes, by job. Without a record of it, the author of the plan is all that is known."""
    rows = [{"job": run.job_id, **_clean(run.details), "caller_arn": run.caller_arn} for run in records.runs]
    unique = [dict(row) for row in dict.fromkeys(tuple(sorted(row.items())) for row in rows)]
    if unique or report is None:
        return unique
    authors = _read_authors(sources.reports, account_id, report.get("plan_sha256"))
    return [{"author": author} for author in authors]


def _clean(details: Mapping[str, str]) -> dict[str, str]:
    """The details without the plan of the module, of which a run has one for each."""
    return {name: value for name, value in details.items() if name != "plan_sha256"}


def _read_authors(reports: Store, account_id: str, plan_hash: t.Any) -> list[str]:
    if not isinstance(plan_hash, str) or "/" in plan_hash:
        return []
    try:
        plan = parse(reports.get(plan_key(account_id, plan_hash)) or b"{}")
    except (StoreError, ValueError):
        return []
    return authors_of(plan) if isinstance(plan, dict) else []


def _describe(change: Recorded, undone: Sequence[Undone], compared: t.Optional[Comparison]) -> Document:
    item = change.change
    shown = compared.shown.get(change.key) if compared else None
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
        "event": shown.event.as_dict() if shown and shown.event else None,
        "attempts": [event.as_dict() for event in shown.attempts] if shown else [],
        "late": bool(shown and shown.is_late),
        "lack": shown.lack if shown else "",
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


def _list_unrecorded(
    sources: Sources, account_id: str, compared: t.Optional[Comparison], problems: list[str]
) -> list[Document]:
    """List the events without a record of this run, each with the run that has one, if there is such a run."""
    events: Sequence[Event] = compared.unrecorded if compared else ()
    if not events:
        return []
    others: Mapping[str, Recorded] = {}
    try:
        found = read_others(sources.journal, account_id, sources.run_id)
        others = find_explained(events, found.changes)
        problems += found.problems
    except StoreError as error:
        problems.append(f"It is not known whether other runs made these calls: {error}.")
    return [
        {**event.as_dict(), "run_id": others[event.id].key.split("/")[1] if event.id in others else None}
        for event in events
    ]


def _describe_trail(history: t.Optional[History]) -> Document:
    if history is None:
        return {"state": "not_asked"}
    if history.failure:
        return {"state": "not_read", "reason": history.failure}
    times = {name: _format(getattr(history, name)) for name in ("read_at", "since", "until")}
    return {
        "state": "read",
        "regions": list(history.regions),
        "failures": dict(history.failures),
        "events": len(history.events),
        **times,
    }
