# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The three lists: what is kept, removed and unknown, each with its reason; and totals with denominators."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..analysis.power import SENSITIVE
from ..escalation.methods import METHODS
from ..evaluation import catalogue
from .companions import Companion
from .grants import Grant, Origin
from .needs import Need
from .settings import Profile
from .unknowns import Judgement

_PRIVILEGED: t.Final = frozenset({"Write", "Permissions management", "Tagging"})
_SENSITIVE: t.Final = frozenset(SENSITIVE)


@dataclasses.dataclass(frozen=True)
class Kept:
    """An action that stays, and why. ``count`` is the number of recorded calls; 0 where none shows it."""

    action: str
    resources: tuple[str, ...]
    why: str
    reason: str
    count: int = 0
    first: t.Optional[datetime] = None
    last: t.Optional[datetime] = None
    sources: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Removed:
    """An action that is no longer granted. ``is_sensitive``: it hands out data, secrets, identities or power.

    ``escalation`` are the known methods of escalation that it is a step of.
    """

    action: str
    why: str
    levels: tuple[str, ...] = ()
    last_accessed: t.Optional[datetime] = None
    is_sensitive: bool = False
    escalation: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Unknown:
    """An action that stays because nobody can know that it is unused, and what would settle it."""

    action: str
    resources: tuple[str, ...]
    why: str
    settled_by: str
    levels: tuple[str, ...] = ()
    last_accessed: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class Ungranted:
    """A recorded call that none of today's Allow statements grants: the policy of the resource may, or they changed."""

    action: str
    resources: tuple[str, ...]
    count: int
    why: str = "no policy of the principal grants it today, so nothing is added"


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A condition that all recorded calls would meet, or ``support`` of ``of``. None of them is added by itself."""

    key: str
    values: Mapping[str, int]
    support: int
    of: int


@dataclasses.dataclass(frozen=True)
class Totals:
    """Numbers of actions, by the catalogue. Privileged ones are those that write, tag or manage permissions."""

    granted_before: int = 0
    granted_after: int = 0
    privileged_before: int = 0
    privileged_after: int = 0
    unknown: int = 0
    unknown_privileged: int = 0
    services_before: int = 0
    services_after: int = 0


def is_privileged(action: str) -> bool:
    """Whether an action writes, tags or manages permissions. One that the catalogue does not know counts as such."""
    levels = catalogue.access_levels(action)
    return not levels or bool(levels & _PRIVILEGED)


def list_kept(
    needs: Sequence[Need], companions: Sequence[Companion], profiles: Sequence[Profile], grants: Sequence[Grant]
) -> tuple[Kept, ...]:
    """List what stays for a reason that is known."""
    resources = _list_resources(grants)
    found = [
        *_list_used(needs, resources),
        *_list_companions(companions, resources),
        *_list_declared(profiles, grants),
    ]
    return tuple(sorted(found, key=lambda item: (item.action.lower(), item.reason, item.resources)))


def _list_resources(grants: Iterable[Grant]) -> Mapping[tuple[str, Origin], tuple[str, ...]]:
    found: dict[tuple[str, Origin], set[str]] = {}
    for grant in grants:
        found.setdefault((grant.action, grant.origin), set()).add(grant.resource)
    return {key: tuple(sorted(resources)) for key, resources in found.items()}


def _list_used(needs: Sequence[Need], resources: Mapping[tuple[str, Origin], tuple[str, ...]]) -> Iterable[Kept]:
    groups: dict[str, list[Need]] = {}
    for need in needs:
        groups.setdefault(need.action, []).append(need)
    for action, found in groups.items():
        about = resources.get((action, Origin.USED), ())
        if about:
            firsts = [need.first for need in found if need.first]
            lasts = [need.last for need in found if need.last]
            sources = sorted({source.value for need in found for source in need.sources})
            count = sum(need.count for need in found)
            first, last = min(firsts, default=None), max(lasts, default=None)
            why = _explain_use(found, count, first, last)
            yield Kept(action, about, why, "used", count, first, last, tuple(sources))


def _explain_use(needs: Sequence[Need], count: int, first: t.Optional[datetime], last: t.Optional[datetime]) -> str:
    calls = f"{count} recorded call{'' if count == 1 else 's'}"
    if first and last:
        days = sorted({first.date().isoformat(), last.date().isoformat()})
        calls += f" on {days[0]}" if len(days) == 1 else f" from {days[0]} to {days[1]}"
    if all(need.is_possible for need in needs):
        return f"{calls} may have needed it as a further permission"
    if all(need.is_dry_run for need in needs):
        return f"{calls}, all of them dry runs"
    services = sorted({name for need in needs for name in need.invoked_by})
    return f"{calls}, also by {', '.join(services)} on its behalf" if services else calls


def _list_companions(
    companions: Sequence[Companion], resources: Mapping[tuple[str, Origin], tuple[str, ...]]
) -> Iterable[Kept]:
    reasons: dict[str, set[str]] = {}
    for companion in companions:
        reasons.setdefault(companion.action, set()).add(companion.why)
    for action, why in reasons.items():
        about = resources.get((action, Origin.COMPANION), ())
        if about:
            yield Kept(action, about, "; ".join(sorted(why)), "companion")


def _list_declared(profiles: Sequence[Profile], grants: Sequence[Grant]) -> Iterable[Kept]:
    found = _list_resources(grant for grant in grants if grant.origin is Origin.DECLARED)
    why = "; ".join(
        f"profile {item.name} of {item.owner}, until {item.expires.isoformat()}: {item.reason}" for item in profiles
    )
    for (action, _origin), resources in found.items():
        yield Kept(action, resources, why, "declared")


def list_removed(judged: Mapping[str, Judgement], still_granted: Iterable[str]) -> tuple[Removed, ...]:
    """List what is no longer granted: what was judged so, and what nothing else grants."""
    granted = {action.lower() for action in still_granted}
    # An administrator loses 22,000 actions for a few reasons: one text for each keeps the list small.
    reasons: dict[str, str] = {}
    return tuple(
        Removed(
            action,
            reasons.setdefault(judgement.why, judgement.why),
            _sort_levels(catalogue.access_levels(action)),
            judgement.last_accessed,
            action in _SENSITIVE,
            _methods_by_action().get(action, ()),
        )
        for action, judgement in sorted(judged.items())
        if action.lower() not in granted
    )


@functools.cache
def _sort_levels(levels: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(levels))


@functools.cache
def _methods_by_action() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for method in METHODS:
        for action in method.actions:
            found.setdefault(action, {})[method.id] = None
    return {action: tuple(sorted(ids)) for action, ids in found.items()}


def list_unknown(judged: Mapping[str, Judgement], grants: Sequence[Grant]) -> tuple[Unknown, ...]:
    """List what stays because it is unknown."""
    resources = _list_resources(grants)
    return tuple(
        Unknown(
            action,
            resources.get((action, Origin.UNKNOWN), ()),
            judgement.why,
            judgement.settled_by,
            tuple(sorted(catalogue.access_levels(action))),
            judgement.last_accessed,
        )
        for action, judgement in sorted(judged.items())
    )


def count_totals(before: Iterable[str], after: Iterable[str], unknown: Iterable[str]) -> Totals:
    """Count actions before and after."""
    old, new, open_ = set(before), set(after), set(unknown)
    return Totals(
        granted_before=len(old),
        granted_after=len(new),
        privileged_before=sum(map(is_privileged, old)),
        privileged_after=sum(map(is_privileged, new)),
        unknown=len(open_),
        unknown_privileged=sum(map(is_privileged, open_)),
        services_before=len({action.partition(":")[0] for action in old}),
        services_after=len({action.partition(":")[0] for action in new}),
    )


_CANDIDATES: t.Final = ("aws:MultiFactorAuthPresent", "aws:RequestedRegion", "aws:SourceIp", "aws:SourceVpce")
# Of so many values a condition is no candidate.
_MOST_VALUES: t.Final = 5


def find_candidates(needs: Sequence[Need]) -> tuple[Candidate, ...]:
    """Find conditions that the needs show, with their support: in how many of the needs a key had a value."""
    found: list[Candidate] = []
    for key in _CANDIDATES:
        values: collections.Counter[str] = collections.Counter()
        support = 0
        for need in needs:
            texts = {text for context in need.contexts for text in _texts(context.get(key))}
            support += bool(texts)
            values.update(texts)
        if 0 < len(values) <= _MOST_VALUES:
            found.append(Candidate(key, dict(sorted(values.items())), support, len(needs)))
    return tuple(found)


def _texts(found: object) -> tuple[str, ...]:
    return found if isinstance(found, tuple) else ()
