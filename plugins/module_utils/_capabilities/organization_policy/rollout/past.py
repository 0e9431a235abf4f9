# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where a rollout stands by its records, and which of them contradict each other, the soak or the clock. Pure.

Anybody who can write to the journal can write a record. A record that contradicts what was believed so far is not
believed. The stage that was under way then soaks anew.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ...._account.moments import format_utc
from ...._policy.analysis.principal_matrix import DeniedPair
from .declared import Target
from .records import Event, Kind

# Clocks of two hosts differ a little.
SKEW: t.Final = timedelta(minutes=1)
_AFTER_SOAK: t.Final = frozenset({Kind.PASSED, Kind.HELD, Kind.WITHDRAWN})
_FAILURES: t.Final = frozenset({Kind.HELD, Kind.WITHDRAWN, Kind.EDITED})
_OF_FAILURE: t.Final = frozenset({Kind.APPROVED, Kind.CLEARED})


@dataclasses.dataclass(frozen=True)
class Doubt:
    """A record that is not believed, and why."""

    key: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Clock:
    """The times to compare records with: now, and the declared soaks by the names of their stages."""

    now: datetime
    soaks: Mapping[str, timedelta] = dataclasses.field(default_factory=dict)


class Due(enum.Enum):
    """The step that a record leaves to do, which an interrupted run may not have reached."""

    NOTHING = enum.auto()
    NEXT_STAGE = enum.auto()
    SAME_STAGE = enum.auto()


@dataclasses.dataclass(frozen=True)
class Past:
    """Where a rollout stands by its records.

    ``started`` are the stages that began, with their targets of then; the last one is the current. ``failure`` is the
    record of its gate's failing, while it counts; with ``is_stale`` the declaration has approved the stage since before
    that. ``expected`` are the denials that move no gate. ``doubts`` are the records since the stage began that are not
    believed.

    ``began`` is when the current stage began by its record, ``since`` the same but never before what was recorded
    earlier, and ``soak`` how long it was to be watched then.
    """

    started: Mapping[str, tuple[Target, ...]] = dataclasses.field(default_factory=dict)
    since: t.Optional[datetime] = None
    content_sha256: str = ""
    attached: tuple[str, ...] = ()
    expected: frozenset[DeniedPair] = frozenset()
    failure: t.Optional[Event] = None
    is_stale: bool = False
    due: Due = Due.NOTHING
    began: t.Optional[datetime] = None
    latest: t.Optional[datetime] = None
    soak: t.Optional[timedelta] = None
    doubts: tuple[Doubt, ...] = ()

    @property
    def stage(self) -> str:
        """The name of the current stage; empty before the first."""
        return next(reversed(list(self.started)), "")

    @property
    def is_withdrawn(self) -> bool:
        """Whether the policy was taken off its targets and nobody approved it since."""
        return self.failure is not None and self.failure.kind is Kind.WITHDRAWN

    @property
    def is_edited(self) -> bool:
        """Whether an earlier run found the policy edited, and nobody approved it since."""
        return self.failure is not None and self.failure.kind is Kind.EDITED


def replay(events: Iterable[Event], clock: Clock) -> Past:
    """Replay the records in their order."""
    past = Past()
    for event in events:
        contradiction = _find_contradiction(past, event, clock)
        if contradiction:
            past = dataclasses.replace(past, doubts=(*past.doubts, Doubt(event.key, contradiction)))
        else:
            past = _apply_event(past, event)
    return past


def _find_contradiction(past: Past, event: Event, clock: Clock) -> str:
    """Explain what a record contradicts; empty if it agrees with the others."""
    if event.at > clock.now + SKEW:
        return f"its time, {format_utc(event.at)}, is in the future"
    if event.kind is Kind.STARTED:
        return _find_contradiction_of_start(past, event)
    if event.stage != past.stage:
        return f"stage {event.stage!r} is not the current stage"
    return _find_contradiction_of_start_time(past, event) or _find_contradiction_of_state(past, event, clock)


def _find_contradiction_of_start(past: Past, event: Event) -> str:
    if event.is_first or not past.started or event.stage == past.stage:
        return ""
    if past.due is not Due.NEXT_STAGE:
        return f"stage {event.stage!r} begins, and stage {past.stage!r} has not passed"
    if event.content_sha256 != past.content_sha256:
        return f"stage {event.stage!r} begins with other content than stage {past.stage!r} passed with"
    return ""


def _find_contradiction_of_start_time(past: Past, event: Event) -> str:
    if past.since is None or event.started_at != past.began:
        return f"it is about another start of stage {past.stage!r}"
    if event.content_sha256 != past.content_sha256:
        return f"it is about other content than stage {past.stage!r} began with"
    if event.at < past.since - SKEW:
        return f"its time, {format_utc(event.at)}, is before stage {past.stage!r} began"
    return ""


def _find_contradiction_of_state(past: Past, event: Event, clock: Clock) -> str:
    if event.kind in _AFTER_SOAK and past.since is not None:
        # The declaration of now counts. It may have been shorter when the stage was judged, as it may be longer now.
        soaks = [soak for soak in (past.soak, clock.soaks.get(past.stage)) if soak is not None]
        ends = past.since + min(soaks, default=timedelta())
        if event.at < ends - SKEW:
            return f"its time, {format_utc(event.at)}, is before the end of the soak time, {format_utc(ends)}"
    if event.kind in (Kind.HELD, Kind.WITHDRAWN) and past.due is Due.NEXT_STAGE:
        return f"stage {past.stage!r} has passed"
    if event.kind in _OF_FAILURE and past.failure is None:
        return f"stage {past.stage!r} was not held"
    if event.kind is Kind.FINISHED and past.due is not Due.NEXT_STAGE:
        return f"stage {past.stage!r} has not passed"
    return ""


def _apply_event(past: Past, event: Event) -> Past:
    latest = max(past.latest or event.at, event.at)
    if event.kind is Kind.STARTED:
        before = Past() if event.is_first else past
        return Past(
            started={**before.started, event.stage: event.targets},
            # A start that is dated back would make the soak shorter.
            since=latest,
            content_sha256=event.content_sha256,
            attached=event.attached,
            expected=before.expected.union(event.expected),
            began=event.at,
            latest=latest,
            soak=event.soak,
        )
    past = dataclasses.replace(past, latest=latest)
    if event.kind in _FAILURES:
        return dataclasses.replace(past, failure=event, is_stale=event.names_stage, due=Due.NOTHING)
    if event.kind is Kind.CLEARED:
        return dataclasses.replace(past, is_stale=False)
    due = Due.SAME_STAGE if past.is_withdrawn or past.is_edited else Due.NEXT_STAGE
    expected = past.expected.union(event.losses, event.unknown)
    return dataclasses.replace(past, failure=None, due=due, expected=expected)
