# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What a leaked credential changed before: the action, the kind of its target, the tool, the network and the days.

An intruder who works from the usual address, at the usual hour and slowly differs in nothing but what is called. So a
change is a habit only if the 30 days before it have the same: on two days, some days ago, or on the first day of the
record. What happened later, or on the same day, shows nothing: it may be the same intruder's.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from ..documents.arn import arn_parts
from .callers import find_family, find_network
from .changes import asks_for_change, list_values
from .event import Event
from .links import find_target, opens_session, short_name
from .profile import name_action
from .question import BASELINE

_FEWEST_DAYS: t.Final = 2
# A job of each week has one day before its second run.
_LONG_AGO: t.Final = timedelta(days=5)
# Fewer days, or a new network every other day, say nothing about the next network.
_SETTLED_DAYS: t.Final = 3
_OWN_NAMES: t.Final = frozenset({"username", "rolename"})
_ANYONE: t.Final = frozenset({"*", "all", "0.0.0.0/0", "::/0"})
_ACCOUNT: t.Final = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_ANY_PRINCIPAL: t.Final = re.compile(r'"(AWS|Principal)"\s*:\s*\[?\s*"\*"')


#: The network of a call, and the kind of its agent.
_Place = tuple[str, str]
#: The places of calls, by their day.
_Days = dict[date, set[_Place]]


@dataclasses.dataclass(frozen=True)
class _Before:
    """What the days before have of a change: whether it is a habit, with which agents, and from where.

    ``is_settled``: from few networks for some days, so that another one says something.
    """

    is_old: bool
    is_settled: bool
    networks: set[str]
    families: set[str]


class Habits:
    """What principals did before, by day."""

    def __init__(self, events: Iterable[Event], until: t.Optional[datetime]) -> None:
        """``until`` is when the habits end, before the first suspicious time; None if there is none."""
        self._until: t.Final = until
        #: By caller, all calls; by caller and action, and by a kind of target too, the changes.
        self._uses: t.Final[collections.defaultdict[tuple[str, ...], _Days]] = collections.defaultdict(dict)
        self._before: t.Final[dict[tuple[tuple[str, ...], date], _Before]] = {}
        self._reasons: t.Final[dict[str, str]] = {}
        for event in events:
            self._add(event)

    def _add(self, event: Event) -> None:
        if event.is_failed or (self._until is not None and event.time >= self._until):
            return
        caller, day, place = short_name(event.principal_arn), event.time.date(), _place_of(event)
        self._uses[caller,].setdefault(day, set()).add(place)
        if asks_for_change(event):
            for name in _list_names(caller, event):
                self._uses[name].setdefault(day, set()).add(place)

    def explain_change(self, event: Event) -> str:
        """Explain why a change is no habit, as a reason; empty if it is one, or if the call only reads."""
        if event.event_id not in self._reasons:
            self._reasons[event.event_id] = self._explain(event) if asks_for_change(event) else ""
        return self._reasons[event.event_id]

    def _explain(self, event: Event) -> str:
        network, family = _place_of(event)
        for number, name in enumerate(_list_names(short_name(event.principal_arn), event)):
            before = self._look_back(name, event.time.date())
            what = f"the 30 days before have no {name[1]}" + (f" with {name[2]}" if number else "")
            if not before.is_old:
                return f"{what} on two days, or longer ago"
            if family not in before.families:
                return f"{what} with the agent {family!r}"
            if before.is_settled and network not in before.networks:
                return f"{what} from the network of {event.source_address}"
        return ""

    def _look_back(self, name: tuple[str, ...], day: date) -> _Before:
        """Look at the thirty days before a day. Many events of a day ask the same."""
        if (name, day) not in self._before:
            days = _list_before(self._uses.get(name, {}), day)
            places: set[_Place] = set().union(*days.values())
            networks = {network for network, _family in places}
            is_from_start = bool(days) and min(self._uses[name[:1]]) in days
            is_long_ago = any(day - one > _LONG_AGO for one in days)
            self._before[name, day] = _Before(
                len(days) >= _FEWEST_DAYS or is_from_start or is_long_ago,
                len(days) >= _SETTLED_DAYS and 2 * len(networks) <= len(days),
                networks,
                {family for _network, family in places},
            )
        return self._before[name, day]

    def explain_place(self, event: Event) -> str:
        """Explain why neither the network nor the agent of a call is a habit; empty if one is, or none is known."""
        network, family = _place_of(event)
        before = self._look_back((short_name(event.principal_arn),), event.time.date())
        if not before.networks or network in before.networks or family in before.families:
            return ""
        return f"the 30 days before have neither the network of {event.source_address} nor the agent {family!r}"


def _place_of(event: Event) -> _Place:
    return find_network(event.source_address), find_family(event.user_agent)


def _list_before(days: _Days, day: date) -> _Days:
    return {one: places for one, places in days.items() if day - BASELINE <= one < day}


def _list_names(caller: str, event: Event) -> Iterator[tuple[str, ...]]:
    action = name_action(event)
    yield caller, action
    for kind in sorted(set(_list_kinds(event))):
        yield caller, action, kind


def _list_kinds(event: Event) -> Iterator[str]:
    """The kinds of what an event is about: types of ARNs, other accounts, everybody, and oneself or somebody else."""
    own = event.principal_arn.rpartition("/")[2]
    for name, value in list_values(event.request):
        if opens_session(event) and value == find_target(event):
            yield value
        elif name in _OWN_NAMES and value:
            yield f"{name} of the caller" if value == own else f"{name} of somebody else"
        elif value.lower() in _ANYONE or _ANY_PRINCIPAL.search(value):
            yield f"{name} of everybody"
        else:
            yield from _list_kinds_of(name, value, event)


def _list_kinds_of(name: str, value: str, event: Event) -> Iterator[str]:
    parts = arn_parts(value)
    if parts is not None:
        kind = re.split("[:/]", parts.resource)[0] if re.search("[:/]", parts.resource) else ""
        # AWS's own policies are few, and their names say what they allow.
        yield value if parts.account == "aws" else f"{name} of {parts.service} {kind}".rstrip()
    for account in _ACCOUNT.findall(value):
        if account != event.account_id:
            yield f"account {account}"
