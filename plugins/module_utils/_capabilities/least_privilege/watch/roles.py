# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The roles that are watched after a change, and what was counted of each. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from datetime import datetime, timedelta

from ..model import DeniedBy

# AWS refuses a signature of a clock that differs by more than that. So the moment of a change, by the clock of the run,
# and the time of an event, by AWS's, differ by less.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html
CLOCKS_DIFFER: t.Final = timedelta(minutes=15)
# A call that is made once a week, and denied each time, is in a baseline of two weeks.
SHORTEST_BASELINE: t.Final = timedelta(days=14)


@dataclasses.dataclass(frozen=True)
class WatchedRole:
    """A role to watch since a moment.

    ``arn`` is the old role, which an in-place change keeps. ``role_id`` is its unique id (``AROA…``); empty for that of
    the role as it is today. ``new_arn`` and ``new_id`` are the parallel role, if there is one: its denials count then,
    held against the baseline of the old role.

    ``since`` is the moment of the change: of the canary, of the cut-over, or of the last extension. ``untouched_until``
    is the moment of the campaign's very first change of what the role may do, if that is earlier. The baseline ends
    there: otherwise the denials of the first soak would excuse those of the next one.

    ``used_actions`` are the actions of the evidence that the documents were generated from, in any case. ``services``
    are the prefixes of the services that the role may use; none for those of ``used_actions``. ``trial_boundary_arn``
    is the boundary that the campaign has put on the role for a trial: its denials are ours.
    """

    arn: str
    since: datetime
    role_id: str = ""
    new_arn: t.Optional[str] = None
    new_id: str = ""
    untouched_until: t.Optional[datetime] = None
    used_actions: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    trial_boundary_arn: str = ""

    @property
    def watched_arn(self) -> str:
        """The ARN of the role whose denials count."""
        return self.new_arn or self.arn

    def find_baseline(self, now: datetime) -> tuple[datetime, datetime]:
        """Find the first and the last moment of the baseline.

        It ends a little before the change: a denial by the change itself must not count as an old one.
        """
        end = min(self.since, self.untouched_until or self.since) - CLOCKS_DIFFER
        return end - max(now - self.since, SHORTEST_BASELINE), end


@dataclasses.dataclass(frozen=True)
class DenialKey:
    """What makes two denials of a role equal. ``resource`` is empty where it is not known, or one of very many."""

    action: str
    resource: str
    by: DeniedBy


@dataclasses.dataclass
class Count:
    """How often something was denied, when, and what AWS said the last time."""

    count: int
    first: datetime
    last: datetime
    message: str = ""

    def add(self, when: datetime, message: str) -> None:
        """Count one more."""
        self.count += 1
        self.first = min(self.first, when)
        if when >= self.last:
            self.last, self.message = when, message

    def join(self, other: Count) -> Count:
        """Join it with the count of another source, which has the same events or fewer."""
        newest = max(self, other, key=lambda one: one.last)
        return Count(max(self.count, other.count), min(self.first, other.first), newest.last, newest.message)


@dataclasses.dataclass
class Seen:
    """What one source has of one role.

    ``denied`` are the denials since the change, ``before`` those of the baseline, ``baseline`` how many there were in a
    time of the same length. ``calls`` are the events since. ``users`` are those who used the old role since.
    """

    denied: dict[DenialKey, Count] = dataclasses.field(default_factory=dict)
    before: set[DenialKey] = dataclasses.field(default_factory=set)
    baseline: int = 0
    calls: int = 0
    old_last: t.Optional[datetime] = None
    users: dict[str, str] = dataclasses.field(default_factory=dict)
    more_users: bool = False

    def join(self, other: Seen) -> Seen:
        """Join it with what another source has. Both may have the same events, so that nothing is added up."""
        denied = dict(self.denied)
        for key, count in other.denied.items():
            denied[key] = denied[key].join(count) if key in denied else count
        lasts = [moment for moment in (self.old_last, other.old_last) if moment is not None]
        return Seen(
            denied,
            self.before | other.before,
            max(self.baseline, other.baseline),
            max(self.calls, other.calls),
            max(lasts, default=None),
            {**other.users, **self.users},
            self.more_users or other.more_users,
        )

    def list_new(self) -> Iterator[tuple[DenialKey, Count]]:
        """List the denials that the baseline does not have, the first one first.

        What an organization denied before may be denied by the role's policies now: that is new. If AWS names no
        policy, nobody knows, and an equal denial before is enough.
        """
        known = {(key.action.lower(), key.resource) for key in self.before}
        by_us = {(key.action.lower(), key.resource) for key in self.before if key.by is DeniedBy.OURS}
        ordered = sorted(self.denied.items(), key=lambda item: (item[1].first, item[0].action, item[0].resource))
        for key, count in ordered:
            pair = (key.action.lower(), key.resource)
            # Of one of very many resources nobody knows which one it was.
            if not key.resource or pair not in (by_us if key.by is DeniedBy.OURS else known):
                yield key, count
