# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the incidents of an account freeze: the principals that they contain, for every change of anybody else.

A change is refused if it acts on a contained principal, or affects one by name, whatever it does: to give access back
is as wrong as to take more. A record that can't be read or is malformed refuses all changes of its account.

Released records are in an index, so that a plan reads only the others, however many incidents there were.

A record can be forged. A forged one stops changes, visibly, and opens nothing. One that was emptied, or that says
``released`` without the beginning of a release, is not believed alone: the journal shows what was contained.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator, Mapping

from ..affects.affected import describe_affected, principals_in, unknown_in
from ..affects.request import find_direct_targets, place_of
from ..arn import principal_of, principals_of
from ..change import Change, Refusal
from ..journal import Intent, Outcome, find_runs, read_recorded
from ..organization_changes import name_policy
from ..ownership.evidence import clean
from ..store import Store, StoreError
from .names import OF_CREDENTIALS, OF_ORGANIZATION, ORGANIZATION_MODULE, find_id, incident_of, record_folder
from .record import Record, State
from .records import describe_place
from .released import read_released

#: The rules of refusals: a contained principal, and a record that is not known.
CONTAINED_RULE: t.Final = "contained"
UNREADABLE_RULE: t.Final = "incident_unreadable"
# As long as a name or a reason is shown.
_SHOWN: t.Final = 100


@dataclasses.dataclass(frozen=True)
class Held:
    """What one record freezes: ARNs of principals, and other targets.

    ``incident_id`` is that of its key. ``record`` is None if it is malformed or can't be read, and ``problem`` says
    why. ``is_doubtful`` says that it freezes more than the record says. ``version`` is that of its object.
    """

    place: str
    incident_id: str
    record: t.Optional[Record] = None
    problem: str = ""
    version: str = ""
    arns: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    is_doubtful: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the incident goes on, as far as the record is believed."""
        return self.record is None or self.is_doubtful or self.record.state is not State.RELEASED

    def find_reason(self, change: Change) -> t.Optional[str]:
        """Why a change is not made, as the beginning of a sentence; None if this incident does not forbid it."""
        found = [arn for arn in sorted(self.arns) if _is_about(change, arn)]
        if found:
            return f"{describe_affected(found)} is contained"
        if {name.lower() for name in _list_names(change)} & {target.lower() for target in self.targets}:
            return f"{change.target} is part of the containment"
        if self.arns and principals_of(self.arns) and unknown_in(change.affects):
            return f"the affected principals are not known, and {describe_affected(sorted(self.arns))} is contained"
        return None

    def explain(self, reason: str) -> str:
        """The whole reason of a refusal: the incident, who declared it, and the record."""
        record = self.record
        said = [clean(text)[:_SHOWN] for text in (record.declared_by, record.reason)] if record else []
        by = f"by incident {incident_of(self.incident_id)}, so it stays as it is until the release"
        return f"{reason} {by}. {': '.join(said)} ({self.place})"


@dataclasses.dataclass(frozen=True)
class Freeze:
    """What the incidents of one account freeze; nothing by default.

    ``released`` is the index of released records, with their versions. They freeze nothing, and were not read.
    """

    account_id: str = ""
    held: tuple[Held, ...] = ()
    released: t.Optional[Mapping[str, str]] = None

    @property
    def lacks_index(self) -> bool:
        """Whether released records were read, because the index does not have them."""
        return any(held.record is not None and held.record.is_release_recorded for held in self.held)

    def find_refusal(self, change: Change, *, except_for: str = "") -> t.Optional[Refusal]:
        """Refuse a change that an incident forbids; None if none does.

        ``except_for`` is the id of the incident that the change is part of.
        """
        problem = self._find_problem() if change.account_id == self.account_id else ""
        if problem:
            return _refuse(UNREADABLE_RULE, change, problem)
        for held in self.held:
            reason = held.find_reason(change) if incident_of(held.incident_id) != except_for else None
            if reason:
                return _refuse(CONTAINED_RULE, change, held.explain(reason))
        return None

    def refuse_principal(self, arn: str) -> t.Optional[Refusal]:
        """Refuse whatever is planned for a principal, also what changes nothing in AWS; None if it is not frozen."""
        problem = self._find_problem()
        if problem:
            return Refusal(UNREADABLE_RULE, problem, arn)
        principal = principal_of(arn)
        for held in self.held:
            if principal and principal in principals_of(held.arns):
                return Refusal(CONTAINED_RULE, held.explain(f"{describe_affected([arn])} is contained"), arn)
        return None

    def _find_problem(self) -> str:
        """Find out why it is not known what is frozen; empty if it is known."""
        for held in self.held:
            if held.record is None:
                return (
                    f"it is not known whom the incidents of account {self.account_id} contain, so nothing is changed "
                    f"there: {held.place}: {held.problem}.\nFind out who wrote there, and restore the record"
                )
        return ""


def read_freeze(store: Store, account_id: str, known: Freeze = Freeze()) -> Freeze:
    """Read what the incidents of an account freeze: one list, and each record that is not known to be released.

    Records that are as in ``known`` are not read again.

    :raises StoreError: it is not known which records there are.
    """
    versions = store.list_versioned(record_folder(account_id))
    released = known.released
    if released is None and versions:
        released = read_released(store, account_id)
    before = {held.place: held for held in known.held if held.record is not None}
    found = []
    for key, version in versions.items():
        incident_id = find_id(key, account_id)
        if incident_id is None or (version and (released or {}).get(incident_id) == version):
            continue
        same = before.get(describe_place(store, key))
        held = same if same and version == same.version else _read(store, account_id, incident_id, key)
        if held is not None:
            found.append(held)
    return Freeze(account_id, tuple(found), released)


def _read(store: Store, account_id: str, incident_id: str, key: str) -> t.Optional[Held]:
    """Read one record and judge it; None if it is gone."""
    place = describe_place(store, key)
    try:
        content = store.get_versioned(key)
        if content is None:
            return None
        record = Record.of_bytes(content[0], account_id=account_id, incident_id=incident_id)
        return _judge(store, record, place, content[1])
    except (StoreError, ValueError) as error:
        return Held(place, incident_id, problem=clean(error))


def _judge(store: Store, record: Record, place: str, version: str) -> Held:
    """Judge what a record freezes. Raises StoreError: the journal would have to be read, and can't be."""
    named = frozenset(item.arn for item in record.contained)
    held = Held(place, record.incident_id, record, version=version)
    if record.is_release_recorded:
        return held
    if not record.is_empty and record.state is not State.RELEASED:
        return dataclasses.replace(held, arns=named, targets=record.targets)
    places = frozenset(map(place_of, _find_standing(store, record)))
    arns = frozenset(place for place in places if principal_of(place))
    return dataclasses.replace(
        held,
        arns=named | arns,
        targets=record.targets | (places - arns),
        is_doubtful=bool(named or record.targets or places),
    )


def _find_standing(store: Store, record: Record) -> list[Change]:
    """Find the changes by which principals were contained that nobody has taken back, by the journal.

    Each run that writes a record is among its runs. So a record without runs has lost them, and all runs of the account
    count that may have contained somebody.
    """
    account_id, modules = record.account_id, _list_modules(record)
    runs = record.runs or {run for module in modules for run in find_runs(store, account_id, module)}
    entries = [entry for run in sorted(runs) for entry in read_recorded(store, account_id, run)]
    undone = {intent.change.undoes for intent, outcome in entries if outcome is Outcome.APPLIED}
    return [
        intent.change
        for intent, outcome in entries
        if _may_stand(intent, outcome, modules) and intent.key not in undone
    ]


def _may_stand(intent: Intent, outcome: Outcome, modules: Collection[str]) -> bool:
    is_made = outcome in (Outcome.APPLIED, Outcome.UNKNOWN)
    return is_made and intent.module in modules and not intent.change.undoes


def _list_modules(record: Record) -> tuple[str, ...]:
    """List the modules whose changes a record is about."""
    return (ORGANIZATION_MODULE,) if record.incident_id.endswith(OF_ORGANIZATION) else OF_CREDENTIALS


def _list_names(change: Change) -> Iterator[str]:
    """List the names of what a change is about: its target, and of an organization the policy and the account.

    A record names a policy that had no ARN yet by its name.
    """
    yield from (place_of(change), change.target)
    state = change.before or change.after
    if change.service != "organizations" or not isinstance(state, Mapping):
        return
    if "policy" in state and "type" in state:
        yield name_policy(str(state["policy"]), str(state["type"]))
    yield from (str(state[name]) for name in ("attached_to", "account") if name in state)


def _is_about(change: Change, arn: str) -> bool:
    """Whether a change acts on a principal, or affects it by name. The root user of an account is named by its ARN."""
    principal = principal_of(arn)
    if principal is None:
        return arn.lower() in {text.lower() for text in (place_of(change), *change.affects)}
    return principal in find_direct_targets(change) | principals_in(change.affects)


def _refuse(rule: str, change: Change, reason: str) -> Refusal:
    return Refusal(rule, reason, change.target, change.operation)
