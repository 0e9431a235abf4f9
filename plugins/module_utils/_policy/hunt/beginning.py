# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The first suspicious time: as people give it, or where the habits of the principals break."""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from .callers import find_family
from .classes import SENSITIVE, classify
from .clusters import ClusterKey, Clusters, Suspected, is_by_service, is_usual, key_anywhere, key_of
from .event import Event
from .profile import Profile, name_session
from .question import Question

# A break in the first quarter of the record is more often a job that runs every week, unless the habits are settled.
_EARLY: t.Final = 0.25
_LEAST_BEFORE: t.Final = timedelta(days=1)
_ALERT: t.Final = timedelta(days=2)
_REST: t.Final = timedelta(days=7)
#: The calls so shortly before a break are no habits: they may be an intruder's first.
UNSURE: t.Final = timedelta(hours=1)
# Of a principal with more clusters than these, as of one in a cloud with changing addresses, only so many are tried.
_MOST_CLUSTERS: t.Final = 20_000


class Basis(enum.StrEnum):
    """Where the first suspicious time comes from."""

    GIVEN = "given"
    #: Earlier than it was given.
    EARLIER = "earlier"
    ESTIMATED = "estimated"
    ADDRESS = "address"
    NONE = "none"


@dataclasses.dataclass(frozen=True)
class Beginning:
    """The first suspicious time, None if nothing is suspicious; and its basis."""

    since: t.Optional[datetime]
    basis: Basis


def find_beginning(question: Question, events: Sequence[Event]) -> Beginning:
    """Find the first suspicious time in the events of the seeds, which are sorted by time."""
    if question.since is not None:
        earlier = find_earlier(question.since, events, question.addresses)
        return Beginning(question.since, Basis.GIVEN) if earlier is None else Beginning(earlier, Basis.EARLIER)
    named = [event.time for event in events if event.source_address in question.addresses]
    if not events:
        return Beginning(None, Basis.NONE)
    groups = list(_group(events))
    found = [moment for own in groups if (moment := _find_break(own)) is not None]
    if named:
        # A break at a call from a named address is an intruder's, however long the rest after it.
        return Beginning(min({_walk_back(named)} | set(named).intersection(found)), Basis.ADDRESS)
    if found:
        return Beginning(min(found), Basis.ESTIMATED)
    if any(own[-1].time - own[0].time >= _LEAST_BEFORE for own in groups):
        return Beginning(None, Basis.NONE)
    # A record of a day shows no habits: all of it may be an intruder's.
    return Beginning(events[0].time, Basis.NONE)


def _walk_back(times: Sequence[datetime]) -> datetime:
    """Walk back from the last time while the next earlier one is near.

    Somebody else may have had the address long before, or a forged record may say so.
    """
    first = times[-1]
    for moment in reversed(times):
        if first - moment >= _REST:
            break
        first = moment
    return first


def find_earlier(since: datetime, events: Sequence[Event], addresses: frozenset[str]) -> t.Optional[datetime]:
    """Find the time at which an intruder began before the time that people gave; None if it is not earlier.

    An alert comes later than the first call. Callers that began long before do not count: they would rather be a change
    of the principal's own.
    """
    named = [event.time for event in events if event.source_address in addresses]
    found = [named[0]] if named and since - _ALERT <= named[0] < since else []
    breaks = [one for own in _group(events) for one in _list_breaks_around(since, own)]
    found += [one.time for one in _drop_moves(breaks) if one.time < since]
    return min(found, default=None)


def _group(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Group events by principal, and those of roles by the name of the session as well: each instance has habits."""
    groups: collections.defaultdict[str, list[Event]] = collections.defaultdict(list)
    for event in events:
        for name in dict.fromkeys((key_of(event)[0], name_session(event))):
            if name:
                groups[name].append(event)
    yield from groups.values()


@dataclasses.dataclass(frozen=True)
class _Break:
    """A break of habits: its time, whether the habits were settled, and whether nothing but the network changed."""

    time: datetime
    is_settled: bool
    is_move: bool


def _list_breaks_around(since: datetime, events: Sequence[Event]) -> Iterator[_Break]:
    """List the breaks from shortly before a time on."""
    members: collections.defaultdict[ClusterKey, list[Event]] = collections.defaultdict(list)
    before = Profile()
    for event in events:
        if event.time < since - _ALERT:
            before.add(event)
        elif not is_by_service(event):
            members[key_of(event)].append(event)
    for key, own in members.items():
        if _is_break(key, own, before):
            yield _Break(own[0].time, before.is_settled, _is_move(own, before))


def _drop_moves(breaks: Sequence[_Break]) -> Sequence[_Break]:
    """Drop mere moves to another network, unless there is nothing else: people move house, and travel."""
    return [one for one in breaks if not one.is_move] or breaks


def _find_break(events: Sequence[Event]) -> t.Optional[datetime]:
    """Find the time at which a principal begins to work from elsewhere, or with something else, than ever before."""
    first, last = events[0].time, events[-1].time
    breaks = _drop_moves(list(_list_breaks(events)))
    certain = [one.time for one in breaks if one.is_settled or one.time - first >= (last - first) * _EARLY]
    return min(certain or [one.time for one in breaks], default=None)


def _list_breaks(events: Sequence[Event]) -> Iterator[_Break]:
    firsts: dict[ClusterKey, int] = {}
    members: collections.defaultdict[ClusterKey, list[Event]] = collections.defaultdict(list)
    for number, event in enumerate(events):
        if is_by_service(event):
            continue
        key = key_of(event)
        # Of somebody who works through many addresses, each shows one call.
        for one in (key, key_anywhere(key[0], event)):
            firsts.setdefault(one, number)
            members[one].append(event)
    profile, counted = Profile(), 0
    for key, number in list(firsts.items())[:_MOST_CLUSTERS]:
        moment = events[number].time
        while counted < number and events[counted].time < moment - UNSURE:
            profile.add(events[counted])
            counted += 1
        if moment - events[0].time >= _LEAST_BEFORE and _is_break(key, members[key], profile):
            yield _Break(moment, profile.is_settled, _is_move(members[key], profile))


def _is_move(members: Sequence[Event], before: Profile) -> bool:
    """Whether calls have nothing new but their network: the agent is known, and what was called is."""
    return all(
        find_family(event.user_agent) in before.families
        and not event.is_failed
        and (is_usual(event, before) or classify(event) not in SENSITIVE)
        for event in members
    )


def _is_break(key: ClusterKey, members: Sequence[Event], before: Profile) -> bool:
    profiles: Mapping[str, Profile] = {key[0]: before}
    verdict = Clusters(members, profiles, touched=frozenset()).judge(members[0])
    return before.is_enough and verdict.suspected is Suspected.YES
