# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``event_plan``: whether events start a plan, of which accounts, and the declaration that people complete.

It asks AWS nothing about the accounts. It reads and writes files beside the reports only, also in check mode.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
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
from .._converge.parsing import parse
from .._converge.store import Store, StoreError
from .._events.agenda import FEWEST_PLANS, HOUR, MOST_DRAFTED, MOST_PLANS, Agenda, Begun, Plan, Rules, State
from .._events.agenda_file import NOTICE, change_agenda, describe, describe_rest
from .._events.batch import read_batch
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
_DECLARED_BY: t.Final = "nobody yet, drafted from an event"

Result = dict[str, t.Any]


def run(task: Task) -> Result:
    """The core of ``event_plan``: its options in, its result out. Raises TaskError: an option is malformed."""
    hosts = _list_hosts(task.options["accounts"])
    rules = _read_rules(task.options, frozenset(hosts))
    reading = _read(task.options)
    try:
        store = task.open_store(task.reports)
        begun, agenda = change_agenda(
            store, functools.partial(_judge, reading, rules=rules, now=task.started, run_id=task.run_id, store=store)
        )
        notice = describe(agenda, begun)
        incident = _draft_incident(begun, hosts)
        draft = _write_draft(incident, _count_rest(begun, agenda)) if incident else b""
        place = store.put(_draft_key(incident["id"]), draft) if incident else None
        store.put(NOTICE, f"{format_utc(task.started)}\n{notice}\n".encode())
    except (AwsError, StoreError) as error:
        raise TaskError(f"report_dir: {error}") from error
    return {
        "changed": False,
        "plan": bool(begun),
        "plans": [_describe_plan(plan, hosts, task.run_id) for plan in begun],
        "hosts": list(dict.fromkeys(hosts[plan.account_id].host for plan in begun)),
        "incident": incident,
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
    return Rules(accounts, most, timedelta(hours=age))


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
    reading: Reading, agenda: Agenda, *, rules: Rules, now: datetime, run_id: str, store: Store
) -> tuple[list[Begun], Agenda]:
    """Change the agenda. Returns the plans that are begun, and the agenda."""
    agenda.start(now)
    accounts = {signal.account_id for signal in reading.signals if signal.account_id in rules.accounts}
    # The schedule's run has no events, and still finds what became of earlier plans.
    asked = [*accounts, *agenda.find_overdue(now)]
    agenda.settle(asked, functools.partial(_find_state, functools.cache(store.get), store, now), now)
    agenda.counts.update(reading.ignored)
    agenda.take(reading.signals, rules, now)
    return agenda.choose(rules, now, run_id), agenda


def _find_state(get: Callable[[str], t.Optional[bytes]], store: Store, now: datetime, plan: Plan) -> State:
    """What became of a plan. A run that enforced after it has applied it, or had a plan of its own.

    ``get`` reads ``store`` and remembers, since the parts of a plan need the same files.
    """
    is_due = now - plan.opened > HOUR and not plan.is_made
    if is_due and not _was_made(get, store, plan):
        return State.LOST
    keys = [f"{plan.account_id}/report.json", *_list_later_runs(store, plan)]
    if any(_has_enforced(get(key), plan) for key in keys):
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


def _was_made(get: Callable[[str], t.Optional[bytes]], store: Store, plan: Plan) -> bool:
    """Whether the run of a plan left it behind.

    Of a credential that is the draft, or what its containment left if somebody moved the draft since.
    """
    if plan.kind is not Kind.CREDENTIAL or not plan.credentials:
        return get(run_report_key(plan.account_id, plan.run_id)) is not None
    if get(_draft_key(_draft_id(plan))) is not None:
        return True
    names = (key.rpartition("/")[2] for key in store.list(part_folder(plan.account_id, plan.run_id)))
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


# The declaration of an incident, which a person completes


def _draft_id(plan: Plan) -> str:
    """The id of the incident of a plan: the same for each of its parts, also when it is looked for later."""
    moment = format_utc(plan.opened)
    mark = hashlib.sha256(f"{plan.account_id} {moment} {plan.run_id}".encode()).hexdigest()[:8]
    return f"EVENT-{moment[:10].replace('-', '')}-{mark}"


def _draft_key(incident_id: str) -> str:
    return f"events/{incident_id}.yml"


def _draft_incident(begun: Sequence[Begun], hosts: Mapping[str, _Host]) -> t.Optional[Result]:
    """Draft the incident of the plan about a credential, as contain.yml needs it. None if no credential is named."""
    parts = [part for plan in begun if plan.kind is Kind.CREDENTIAL for part in plan.parts if part.credentials]
    if not parts:
        return None
    account_id = parts[0].account_id
    named = list(dict.fromkeys(name for part in parts for name in part.credentials))
    users = [name for name in named if name.startswith("user/")]
    keys = [name for name in named if name not in users]
    subjects = ", ".join(part.subject for part in parts)
    where = f"arn:{hosts[account_id].partition}:iam::{account_id}:"
    return {
        "id": _draft_id(parts[0]),
        "declared_by": _DECLARED_BY,
        "reason": f"an event said so: {subjects} in account {account_id}",
        **({"keys": [{"id": key} for key in keys]} if keys else {}),
        **({"users": [where + user for user in users]} if users else {}),
    }


def _count_rest(begun: Sequence[Begun], agenda: Agenda) -> int:
    """The credentials that the draft has no room for."""
    return sum(agenda.count_credentials(plan.account_id) for plan in begun if plan.kind is Kind.CREDENTIAL)


def _write_draft(incident: Mapping[str, t.Any], rest: int) -> bytes:
    """The declaration as a file in which the person is missing: it declares nothing until somebody completes it."""
    lines = [
        "---",
        "# Drafted from events, which anybody may have sent. Nobody has looked at it yet.",
        f"# It names {MOST_DRAFTED} credentials at most. Forged events may be about some of them.",
        *([f"# {describe_rest(rest)} for a later draft."] if rest else []),
        "# Check whether the credential leaked. Then write your name behind declared_by, and contain it:",
        "#",
        "#     ansible-playbook -i inventory hardening.iam.contain -e @this-file.yml --check",
        "#     ansible-playbook -i inventory hardening.iam.contain -e @this-file.yml "
        f"-e compromise_response_confirm={incident['id']}",
        "hardening_incident:",
        f"  id: {incident['id']}",
        '  declared_by: ""',
        f'  reason: "{incident["reason"]}"',
    ]
    if "keys" in incident:
        lines += ["  keys:", *(f'    - id: "{key["id"]}"' for key in incident["keys"])]
    if "users" in incident:
        lines += ["  users:", *(f'    - "{arn}"' for arn in incident["users"])]
    return ("\n".join(lines) + "\n").encode()


def _explain_draft(place: t.Optional[str]) -> str:
    return f"A person has to look at {place}, complete it and contain the credential." if place else ""
