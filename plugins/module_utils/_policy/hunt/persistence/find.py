# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The sweep: what events left behind, whether it is still there, and the call that undoes it.

Each successful change is a row. A rule gives it a family, a question and a call that undoes it; else the class of its
operation gives it a family; else the family is unknown. Only the deletion of the same object, or a read of today's
state, says that it is gone.
It proposes, and people decide: a deployment of the same day makes objects by the same calls.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ...facts.operations import WriteClass
from ..changes import changes, find_class, name_object, source_of
from ..event import Event
from .deletions import Deletions
from .families import describe_use, find_family
from .model import Call, Check, Family, Hit, Presence, Question, Rule
from .rules import find_rules
from .state import MadeObject, State
from .template import Facts, Missing

Chain = tuple[str, ...]
_NEVER: t.Final = datetime.max.replace(tzinfo=UTC)
_ORDER: t.Final = (Presence.TRUE, Presence.UNKNOWN, Presence.FALSE)
_CLASSES: t.Final = tuple(WriteClass)
_GONE: t.Final = "it is not there any more"
_NOT_READ: t.Final = "whether it is still there was not read"
_NOTHING_LEFT: t.Final = "it happened, and left nothing to look at"
_NO_RULE: t.Final = "nothing reads whether it is still there: look at it"


def find_persistence(
    events: Iterable[Event],
    state: State,
    *,
    chains: t.Optional[Mapping[str, Chain]] = None,
    since: t.Optional[datetime] = None,
    others: Iterable[Event] = (),
    doubtful: Collection[str] = (),
) -> tuple[Hit, ...]:
    """Find what events left behind: deadlines soonest first, then what is still there, then by class and time.

    ``events`` are those of the intruder, and those that may be: ``doubtful`` are the ids of these. ``chains`` are the
    principals on the way to each, by the id of the event. With ``since``, objects of today that were made since then
    and that no event explains are found as well. ``others`` are events of everybody else, which explain objects, may
    delete some, and are no finding.
    """
    given, rest = tuple(events), tuple(others)
    sweep = _Sweep(state, chains or {}, Deletions((*given, *rest)), frozenset(doubtful))
    hits = list(_group(pair for event in given for pair in sweep.find(event)))
    if since is not None:
        hits += _find_unexplained(state, (*given, *rest), since)
    return tuple(sorted(hits, key=_sort_key))


def list_questions(events: Iterable[Event]) -> frozenset[Question]:
    """List what has to be asked about the present state. Failed calls left nothing behind."""
    found: set[Question] = set()
    for event in events:
        if not event.is_failed:
            facts = Facts(event)
            found.update(filter(None, (_ask(rule.check, facts) for rule in find_rules(event) if rule.applies(facts))))
    return frozenset(found)


#: A hit, and whether it has a row of its own: what only read or failed would drown the rest.
_Found = tuple[Hit, bool]


@dataclasses.dataclass(frozen=True)
class _Sweep:
    """What the rows of a sweep are made with."""

    state: State
    chains: Mapping[str, Chain]
    deletions: Deletions
    doubtful: frozenset[str]

    def find(self, event: Event) -> Iterator[_Found]:
        """Find the rows of an event: those of its rules, else that of its class."""
        facts, is_change = Facts(event), changes(event)
        rules = [rule for rule in find_rules(event) if rule.applies(facts)]
        for rule in rules:
            yield self._make_hit(rule, facts), is_change
        if is_change and not rules:
            yield self._make_plain_hit(event), True

    def _begin(self, event: Event, family: Family, target: str) -> Hit:
        found = find_class(event)
        return Hit(
            event.event_id,
            family,
            target,
            Presence.FALSE,
            time=event.time,
            account_id=event.account_id,
            region=event.region,
            event_name=event.name,
            principal_arn=event.principal_arn,
            chain=self.chains.get(event.event_id, ()),
            error_code=event.error_code,
            write_class=found or WriteClass.OTHER,
            use=describe_use(found),
            is_doubtful=event.event_id in self.doubtful,
        )

    def _make_plain_hit(self, event: Event) -> Hit:
        """The row of a change that no rule is about. Nothing reads whether it is still there."""
        hit = self._begin(event, find_family(source_of(event), find_class(event)), name_object(event))
        deletion = self.deletions.find(event)
        if deletion is not None:
            return dataclasses.replace(hit, reason=f"event {deletion.event_id} deleted it")
        return dataclasses.replace(hit, present=Presence.UNKNOWN, reason=_NO_RULE)

    def _make_hit(self, rule: Rule, facts: Facts) -> Hit:
        event = facts.event
        hit = self._begin(event, rule.family, _fill_target(rule, facts) or name_object(event))
        if event.is_failed:
            return dataclasses.replace(hit, reason=f"an attempt, which failed with {event.error_code}")
        present, why = self._find_presence(rule, facts)
        if present is Presence.FALSE:
            return dataclasses.replace(hit, reason=why or _GONE)
        reason = ". ".join(filter(None, (why, rule.note)))
        return dataclasses.replace(
            hit,
            present=present,
            undo=_fill_undo(rule.undo, facts),
            deadline=rule.deadline(facts) if rule.deadline else None,
            is_urgent=rule.is_urgent,
            reason=reason,
        )

    def _find_presence(self, rule: Rule, facts: Facts) -> tuple[Presence, str]:
        """Never present by the event alone: somebody may have undone it since. A read of today wins."""
        present, why = self._ask_state(rule, facts)
        deletion = self.deletions.find(facts.event) if present is Presence.UNKNOWN else None
        return (Presence.FALSE, f"event {deletion.event_id} deleted it") if deletion is not None else (present, why)

    def _ask_state(self, rule: Rule, facts: Facts) -> tuple[Presence, str]:
        if rule.check is None:
            return Presence.UNKNOWN, "" if rule.note else _NOTHING_LEFT if rule.is_read else _NOT_READ
        question = _ask(rule.check, facts)
        if question is None:
            return Presence.UNKNOWN, "the event does not name it, so that it could not be looked for"
        return self.state.find(question, facts.event.time)


def _ask(check: t.Optional[Check], facts: Facts) -> t.Optional[Question]:
    if check is None:
        return None
    try:
        key = tuple(facts.fill(part) for part in check.key)
    except Missing:
        return None
    return Question(check.kind, facts.event.account_id, "" if check.is_global else facts.event.region, key)


def _fill_target(rule: Rule, facts: Facts) -> str:
    try:
        return facts.fill(rule.target)
    except Missing:
        return ""


def _fill_undo(undo: t.Optional[Call], facts: Facts) -> t.Optional[Call]:
    if undo is None:
        return None
    try:
        return dataclasses.replace(undo, parameters=facts.fill_call(undo.parameters))
    except Missing:
        return None


def _group(found: Iterable[_Found]) -> Iterator[Hit]:
    """Group what would drown the rest: failed calls, and reads of the same thing by the same principal."""
    groups: dict[t.Hashable, list[Hit]] = {}
    for number, (hit, is_alone) in enumerate(found):
        same = (hit.event_name, hit.target, hit.principal_arn, hit.account_id, hit.region, hit.error_code, hit.family)
        groups.setdefault(number if is_alone else same, []).append(hit)
    for several in groups.values():
        first = min(several, key=lambda hit: (hit.time or _NEVER, hit.event_id))
        yield dataclasses.replace(first, count=len(several), is_doubtful=all(hit.is_doubtful for hit in several))


def _sort_key(hit: Hit) -> tuple[t.Any, ...]:
    moment, present = hit.deadline or _NEVER, _ORDER.index(hit.present)
    rank = (not hit.is_urgent, _CLASSES.index(hit.write_class), hit.family is Family.UNKNOWN, hit.is_doubtful)
    return moment, present, *rank, hit.time or _NEVER, hit.account_id, hit.event_id, hit.target


# Objects of today without an event


def _find_unexplained(state: State, events: Sequence[Event], since: datetime) -> Iterator[Hit]:
    """Find objects that were made since a moment, and about which no event says so: events may be lost, or late."""
    asked = list_questions(events)
    names = {(one.kind, one.account_id, one.key[:1]) for one in asked}
    for made in state.made:
        question = made.question
        is_explained = (question.kind, question.account_id, question.key[:1]) in names
        if made.created >= since and not is_explained:
            yield Hit(
                "",
                Family.IAM,
                made.target,
                Presence.TRUE,
                undo=_undo_of(made) if made.is_exact else None,
                time=made.created,
                account_id=question.account_id,
                reason=f"{made.what} of {made.created:%Y-%m-%d %H:%M} UTC, and no event says who made it",
                is_doubtful=True,
            )


def _undo_of(made: MadeObject) -> t.Optional[Call]:
    make = _UNDO.get(made.question.kind)
    return make(made.question.key) if make else None


_UNDO: t.Final[Mapping[str, t.Callable[[tuple[str, ...]], Call]]] = {
    "iam.user": lambda key: Call("iam", "DeleteUser", {"UserName": key[0]}),
    "iam.role": lambda key: Call("iam", "DeleteRole", {"RoleName": key[0]}),
    "iam.group": lambda key: Call("iam", "DeleteGroup", {"GroupName": key[0]}),
    "iam.policy": lambda key: Call("iam", "DeletePolicy", {"PolicyArn": key[0]}),
    "iam.virtual_mfa_device": lambda key: Call("iam", "DeleteVirtualMFADevice", {"SerialNumber": key[0]}),
    "iam.service_credential": lambda key: Call(
        "iam", "DeleteServiceSpecificCredential", {"UserName": key[0], "ServiceSpecificCredentialId": key[1]}
    ),
}
