# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``event_plan``: whether events start a plan, of which accounts, and the declaration that people complete.

It asks AWS nothing about the accounts. It reads and writes files beside the reports, also in check mode, and reads the
records of incidents beside the journal.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from .._account.account_id import parse_account_id
from .._account.moments import format_utc
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._controls.registry import all_controls
from .._converge.incident.names import OF_CREDENTIALS
from .._converge.incident.records import read_record
from .._converge.parsing import parse
from .._converge.store import Store, StoreError
from .._events.agenda import FEWEST_PLANS, HOUR, MOST_PLANS, Agenda, Begun, Plan, Rules, State
from .._events.agenda_file import NOTICE, change_agenda, describe
from .._events.batch import read_batch
from .._events.draft import draft_incident, draft_key, name_draft
from .._events.recognise import MOST_CHARACTERS, Reading, read_event
from .._events.signals import Kind, is_account_id, read_moment
from .._module.task import Task, TaskError
from .._report.document import run_report_key
from .._report.parts import part_folder

OPERATIONS: t.Final = Operations()
_LONGEST_AGE: t.Final = 24 * 14
# Times as playbooks/prepare.yml writes them, or numbers.
_RUN_ID: t.Final = re.compile(r"([0-9]{1,18})(?:T([0-9]{6})Z)?", re.ASCII)
#: So many runs after a plan are looked at.
_MOST_RUNS: t.Final = 20

Result = dict[str, t.Any]


def run(task: Task) -> Result:
    """The core of ``event_plan``: its options in, its result out. Raises TaskError: an option is malformed."""
    hosts = _list_hosts(task.options["accounts"])
    rules = _read_rules(task.options, frozenset(hosts))
    reading = _read(task.options)
    try:
        store = task.open_store(task.reports)
        places = _Places(store, _Containments(lambda: task.open_store(task.journal), task.warn))
        begun, agenda = change_agenda(
            store, functools.partial(_judge, reading, rules=rules, now=task.started, run_id=task.run_id, places=places)
        )
        notice = describe(agenda, begun)
        draft = draft_incident(
            begun, agenda, most=rules.most_drafted, partition_of=lambda account_id: hosts[account_id].partition
        )
        place = store.put(draft_key(draft.id), draft.as_bytes()) if draft else None
        store.put(NOTICE, f"{format_utc(task.started)}\n{notice}\n".encode())
    except (AwsError, StoreError) as error:
        raise TaskError(f"report_dir: {error}") from error
    return {
        "changed": False,
        "plan": bool(begun),
        "plans": [_describe_plan(plan, hosts, task.run_id) for plan in begun],
        "hosts": list(dict.fromkeys(hosts[plan.account_id].host for plan in begun)),
        "incident": draft.as_incident() if draft else None,
        "incident_file": place,
        "waiting": len(agenda.waiting),
        "ignored": {str(reason): count for reason, count in sorted(agenda.counts.items()) if count},
        "terminal": f"{notice}\n{_explain_draft(place)}".rstrip(),
    }


@dataclasses.dataclass(frozen=True)
class _Host:
    """The host of an account in the inventory. ``partition`` is that of its roles."""

    host: str
    partition: str


def _list_hosts(given: Sequence[Mapping[str, t.Any]]) -> dict[str, _Host]:
    """The hosts by account. Raises TaskError: an account is none."""
    found: dict[str, _Host] = {}
    for item in given:
        try:
            account_id = parse_account_id(item["account_id"])
        except ValueError as error:
            raise TaskError(f"accounts: {error}") from error
        if account_id is None or not is_account_id(account_id):
            raise TaskError("accounts: account_id is empty; allowed are the 12 digits of an account")
        found[account_id] = _Host(item["host"], item.get("partition") or "aws")
    return found


def _read_rules(options: Mapping[str, t.Any], accounts: frozenset[str]) -> Rules:
    most, age = options["max_plans_per_hour"], options["max_age_hours"]
    if not FEWEST_PLANS <= most <= MOST_PLANS:
        raise TaskError(
            f"max_plans_per_hour (hardening_event_max_plans_per_hour): {most} is not allowed; allowed is a number from "
            f"{FEWEST_PLANS} to {MOST_PLANS}"
        )
    if not 0 < age <= _LONGEST_AGE:
        raise TaskError(
            f"max_age_hours (hardening_event_max_age_hours): {age} is not allowed; allowed is a number above 0, "
            f"{_LONGEST_AGE} at most"
        )
    drafted = options["max_principals"]
    if drafted < 1:
        raise TaskError(
            f"max_principals (compromise_response_max_principals): {drafted} is not allowed; allowed is 1 or more"
        )
    return Rules(accounts, most, timedelta(hours=age), drafted)


def _read(options: Mapping[str, t.Any]) -> Reading:
    """The signals of the event, of the batch, or of neither: then only what waits gets its turn."""
    path, batch = options["event_file"], options["events"]
    reading = read_event(_read_file(path)) if path else Reading()
    if batch:
        try:
            more = read_batch(parse(batch) if isinstance(batch, str) else batch)
        except ValueError:
            more = read_batch(None)
        reading.signals += more.signals
        reading.ignored.update(more.ignored)
        reading.lost.update(more.lost)
    reading.ignore_callers(options["own_roles"])
    return reading


def _read_file(path: str) -> bytes:
    """The start of a file: more than an event can have. Raises TaskError: it can't be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise TaskError(f"event_file (hardening_event_file): {path} can't be read: {error.strerror}") from error


def _judge(
    reading: Reading, agenda: Agenda, *, rules: Rules, now: datetime, run_id: str, places: _Places
) -> tuple[list[Begun], Agenda]:
    """Change the agenda. Returns the plans that are begun, and the agenda."""
    agenda.start(now)
    named = {signal.account_id for signal in reading.signals} | {account_id for account_id, _subject in reading.lost}
    accounts = named & rules.accounts
    # The schedule's run has no events, and still finds what became of earlier plans.
    asked = [*accounts, *agenda.find_overdue(now)]
    agenda.settle(asked, functools.partial(_find_state, places, now), now)
    agenda.counts.update(reading.ignored)
    agenda.take(reading.signals, rules, now, reading.lost)
    return agenda.choose(rules, now, run_id), agenda


class _Containments:
    """The records of containments beside the journal, which show what was contained of a draft."""

    def __init__(self, open_store: Callable[[], Store], warn: Callable[[str], None]) -> None:
        self._open_store = functools.cache(open_store)
        self._warn = warn
        self._is_unreadable = False
        self.has_begun = functools.cache(self._has_begun)

    def _has_begun(self, account_id: str, incident_id: str) -> bool:
        """Whether a run really contained something of an incident. A journal that can't be read shows nothing."""
        if self._is_unreadable:
            return False
        try:
            record = read_record(self._open_store(), account_id, incident_id)
        except (AwsError, StoreError) as error:
            self._is_unreadable = True
            self._warn(f"journal: it is not known which drafts were contained, so their plans stay open: {error}")
            return False
        return record is not None and not record.is_empty


class _Places:
    """Where it shows what became of plans. What was read once is remembered, since the parts of a plan share files."""

    def __init__(self, store: Store, containments: _Containments) -> None:
        self.store = store
        self.containments = containments
        self.get = functools.cache(store.get)


def _find_state(places: _Places, now: datetime, plan: Plan) -> State:
    """What became of a plan. A run that enforced after it has applied it, or had a plan of its own.

    A plan about a credential is also applied if a run has contained what its draft names.
    """
    if plan.kind is Kind.CREDENTIAL and places.containments.has_begun(plan.account_id, name_draft(plan)):
        return State.APPLIED
    is_due = now - plan.opened > HOUR and not plan.is_made
    if is_due and not _was_made(places, plan):
        return State.LOST
    keys = [f"{plan.account_id}/report.json", *_list_later_runs(places.store, plan)]
    if any(_has_enforced(places.get(key), plan) for key in keys):
        return State.APPLIED
    return State.MADE if is_due else State.OPEN


def _has_enforced(content: t.Optional[bytes], plan: Plan) -> bool:
    """Whether a report is that of a run that enforced after the plan."""
    try:
        found = parse(content)["run"] if content else {}
        return bool(found["mode"] == "enforce" and read_moment(found["started"]) >= plan.opened)
    except (KeyError, TypeError, ValueError):
        # A file that anybody may have damaged says nothing.
        return False


def _list_later_runs(store: Store, plan: Plan) -> list[str]:
    """The reports of the runs after that of the plan, the newest first: a check after them hides them.

    The ids of runs are times, or the numbers of jobs in AWX. Where somebody names them, only the newest report counts.
    """
    own = _rank_run(plan.run_id)
    ranks = {name: _rank_run(name) for name in store.folders(f"{plan.account_id}/runs/")}
    later = [name for name, rank in ranks.items() if own and rank and own[0] == rank[0] and rank > own]
    later.sort(key=lambda name: ranks[name] or (0, 0), reverse=True)
    return [run_report_key(plan.account_id, name) for name in later[:_MOST_RUNS]]


def _rank_run(run_id: str) -> t.Optional[tuple[int, int]]:
    """The place of a run among those with ids of the same form; None if its id has none."""
    found = _RUN_ID.fullmatch(run_id)
    return (1 if found[2] else 0, int(found[1] + (found[2] or ""))) if found else None


def _was_made(places: _Places, plan: Plan) -> bool:
    """Whether the run of a plan left it behind.

    Of a credential that is the draft, or what its containment left if somebody moved the draft since.
    """
    if plan.kind is not Kind.CREDENTIAL or not plan.credentials:
        return places.get(run_report_key(plan.account_id, plan.run_id)) is not None
    if places.get(draft_key(name_draft(plan))) is not None:
        return True
    names = (key.rpartition("/")[2] for key in places.store.list(part_folder(plan.account_id, plan.run_id)))
    return any(name.startswith(OF_CREDENTIALS) for name in names)


@functools.cache
def _controls_of(subject: str) -> tuple[str, ...]:
    """The controls of the catalogue that answer to a control of Security Hub."""
    return tuple(control.id for control in all_controls() if subject in control.compliance.get("security_hub", ()))


def _describe_plan(plan: Begun, hosts: Mapping[str, _Host], run_id: str) -> Result:
    subjects = [part.subject for part in plan.parts]
    return {
        "account_id": plan.account_id,
        "host": hosts[plan.account_id].host,
        "kind": str(plan.kind),
        "subjects": subjects,
        "controls": list(dict.fromkeys(control for subject in subjects for control in _controls_of(subject))),
        "run_id": run_id,
    }


def _explain_draft(place: t.Optional[str]) -> str:
    return f"A person has to look at {place}, complete it and contain the credential." if place else ""
