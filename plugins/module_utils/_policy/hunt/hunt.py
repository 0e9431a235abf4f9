# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The hunt: seeds and events in, the events of the time line with their verdicts out.

The events are read several times, and only those that matter are kept. Each time the scope may grow: by keys that were
made, by principals that were changed, and by others who came from an intruder's address.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from .beginning import UNSURE, Basis, Beginning, find_beginning
from .callers import find_network, is_address
from .clusters import Suspected, Verdict
from .doors import find_named, find_provider
from .event import Event
from .index import Index
from .judge import Before, Judge, identities_of
from .links import find_minted, find_target, short_name
from .profile import Profile, is_opening, name_opening, name_session
from .question import BASELINE, Question
from .taints import Tainted

Read = Callable[[], Iterable[Event]]
# A chain over accounts grows the scope once, an intruder's address once more, and what its victims made again.
_MOST_ROUNDS: t.Final = 6
#: Of other users of a role, the events of this time before the first suspicious one are kept, such as deployments.
BEFORE: t.Final = timedelta(days=1)
# Sessions that a role opened under a name each, such as of builds, have no habits.
_MOST_PROFILES: t.Final = 5_000
#: More events than these are not kept.
MOST_EVENTS: t.Final = 250_000


@dataclasses.dataclass(frozen=True)
class Scope:
    """The events that matter. Principals are short names.

    All events of ``watched`` principals are kept, and of ``reached`` ones those around the first suspicious time.
    """

    watched: frozenset[str]
    reached: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset()
    #: Names of sessions of machines and functions, and identity providers, by which somebody may come back.
    names: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    has_all: bool = False

    def grow(self, *, reached: Iterable[str], keys: Iterable[str], tainted: t.Optional[Tainted] = None) -> Scope:
        """The scope with more: principals, keys, and what suspected events made."""
        made = tainted or Tainted()
        return dataclasses.replace(
            self,
            reached=self.reached | frozenset(reached) - self.watched,
            keys=self.keys | frozenset(keys) | frozenset(made.keys),
            addresses=self.addresses | frozenset(made.addresses),
            identities=self.identities | frozenset(made.identities),
            names=self.names | frozenset(made.names),
            providers=self.providers | frozenset(made.providers),
        )


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a hunt found. ``events`` are sorted by time, ``verdicts`` are by their ids."""

    question: Question
    beginning: Beginning
    scope: Scope
    index: Index
    events: tuple[Event, ...]
    verdicts: Mapping[str, Verdict]
    tainted: Tainted
    profiles: Mapping[str, Profile]
    is_cut: bool = False
    conflicts: int = 0

    def find_verdict(self, event: Event) -> Suspected:
        """Whether an event is an intruder's."""
        return self.verdicts[event.event_id].suspected

    @property
    def suspects(self) -> tuple[Event, ...]:
        """The events that are an intruder's, or may be."""
        return tuple(event for event in self.events if self.find_verdict(event) is not Suspected.NO)


class Hunt:
    """A hunt at work."""

    def __init__(self, question: Question, read: Read, *, most_events: int = MOST_EVENTS) -> None:
        """``read`` gives all events, in any order, as often as it is called."""
        self._question: t.Final = question
        self._read: t.Final = read
        self._most: t.Final = most_events
        self._index: t.Final = Index(question)
        self._is_cut = False
        self._conflicts = 0

    def run(self) -> Outcome:
        """Hunt."""
        for event in self._read_once():
            self._index.add(event)
        scope = self._begin()
        beginning = self._find_beginning(scope)
        for _round in range(_MOST_ROUNDS):
            events, profiles, before = self._collect(scope, beginning.since)
            judge = Judge(self._question, events, profiles, self._index, beginning.since, before)
            verdicts = judge.judge()
            wider = self._widen(scope, events, verdicts, judge.tainted)
            if wider == scope:
                break
            scope = wider
        return Outcome(
            self._question,
            beginning,
            scope,
            self._index,
            tuple(events),
            verdicts,
            judge.tainted,
            profiles,
            self._is_cut,
            self._conflicts,
        )

    def _read_once(self) -> Iterable[Event]:
        until = self._question.until
        return (event for event in self._read() if event.time <= until)

    def _begin(self) -> Scope:
        question = self._question
        named = frozenset(short_name(one) for one in question.principals if one.startswith("arn:"))
        watched = frozenset(self._index.seeds) | named
        scope = Scope(watched, keys=question.keys, addresses=question.addresses, has_all=question.is_of_times_only)
        keys, principals = self._index.follow((*question.keys, *watched))
        return scope.grow(reached=principals, keys=keys)

    def _find_beginning(self, scope: Scope) -> Beginning:
        if self._question.is_of_times_only and self._question.since is not None:
            return Beginning(self._question.since, Basis.GIVEN)
        seeds = dataclasses.replace(scope, reached=frozenset(), keys=self._question.keys)
        events, _profiles, _before = self._collect(seeds, None)
        return find_beginning(self._question, [event for event in events if self._is_of_seed(event, scope)])

    def _is_of_seed(self, event: Event, scope: Scope) -> bool:
        return self._question.begins_with(event) or name_caller(event) in scope.watched

    def _collect(self, scope: Scope, since: t.Optional[datetime]) -> tuple[list[Event], dict[str, Profile], Before]:
        """Read the events of a scope, the habits of its principals, and what anybody used before a time."""
        collector = _Collector(scope, since, self._most)
        for event in self._read_once():
            collector.add(event)
        self._is_cut, self._conflicts = collector.is_cut, collector.conflicts
        events = sorted(collector.events.values(), key=lambda event: (event.time, event.event_id))
        before = Before(frozenset(collector.networks), frozenset(collector.identities))
        return events, collector.profiles, before

    def _widen(self, scope: Scope, events: Iterable[Event], verdicts: Mapping[str, Verdict], tainted: Tainted) -> Scope:
        """Widen the scope by what suspected events made, and by others who came from an intruder's address."""
        suspected = [event for event in events if verdicts[event.event_id].suspected is not Suspected.NO]
        principals = {short_name(event.principal_arn) for event in suspected} - {""}
        if scope.has_all:
            # From all events to those of the principals with suspected ones.
            scope = dataclasses.replace(scope, watched=frozenset(principals), has_all=False)
        beginnings = {event.access_key_id for event in suspected} | set(tainted.keys) | set(tainted.principals)
        keys, made = self._index.follow(sorted(beginnings - {""}))
        touched = {*tainted.principals, *tainted.touched}
        named = {short_name(arn) for event in suspected for arn in find_named(event)}
        return scope.grow(reached=(principals | made | touched | named), keys=keys, tainted=tainted)


def name_caller(event: Event) -> str:
    """The short name of the principal that called; of who opens a session and shows no principal, that of the role."""
    return short_name(find_target(event)) if is_opening(event) else short_name(event.principal_arn)


class _Collector:
    """Keeps the events of a scope, each once."""

    def __init__(self, scope: Scope, since: t.Optional[datetime], most: int) -> None:
        self._scope: t.Final = scope
        self._since: t.Final = since
        self._most: t.Final = most
        self.events: dict[str, Event] = {}
        self.profiles: dict[str, Profile] = {}
        self.networks: set[str] = set()
        self.identities: set[str] = set()
        self.is_cut = False
        self.conflicts = 0

    def add(self, event: Event) -> None:
        """Look at an event."""
        since = self._since
        if since is not None and event.time < since - UNSURE:
            self.identities.update(identities_of(event))
            # What failed, or shows no principal, may be an intruder's first try.
            if is_address(event.source_address) and event.principal_arn and not event.is_failed:
                self.networks.add(find_network(event.source_address))
        if not self._matters(event):
            self._add_to_profile(event)
            return
        known = self.events.get(event.event_id)
        if known is not None:
            if known.sha256 != event.sha256:
                # AWS gives each event its own id. Which of the two is forged nobody knows; the order decides nothing.
                self.conflicts += 1
                self.events[event.event_id] = min(known, event, key=lambda one: one.sha256)
            return
        self._add_to_profile(event)
        if len(self.events) >= self._most:
            self.is_cut = True
            return
        self.events[event.event_id] = event

    def _matters(self, event: Event) -> bool:
        scope = self._scope
        short = name_caller(event)
        if scope.has_all or short in scope.watched or event.access_key_id in scope.keys:
            return True
        if event.source_address in scope.addresses or not scope.identities.isdisjoint(identities_of(event)):
            return True
        if any(minted.key_id in scope.keys for minted in find_minted(event)) or self._is_of_door(event):
            return True
        return short in scope.reached and (self._since is None or event.time >= self._since - BEFORE)

    def _is_of_door(self, event: Event) -> bool:
        """Whether an event is of a machine, a function or a provider by which somebody may have come back."""
        scope, asked = self._scope, event.request.get("roleSessionName")
        if event.session_name in scope.names or (isinstance(asked, str) and asked in scope.names):
            return self._since is None or event.time >= self._since - BEFORE
        return bool(scope.providers and find_provider(event, scope.providers))

    def _add_to_profile(self, event: Event) -> None:
        since, short = self._since, name_caller(event)
        scope = self._scope
        if since is None or not short or not since - BASELINE <= event.time < since - UNSURE:
            return
        is_wanted = scope.has_all or short in scope.watched or short in scope.reached
        if not is_wanted:
            return
        self.profiles.setdefault(name_opening(event) or short, Profile()).add(event)
        session = name_opening(event, is_by_name=True) or name_session(event)
        if session and (session in self.profiles or len(self.profiles) < _MOST_PROFILES):
            self.profiles.setdefault(session, Profile()).add(event)
