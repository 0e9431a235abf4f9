# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How far a role is by its records, and which of them contradict each other, their times or the role. Pure.

Anybody who can write to the journal can write a record. A record that contradicts what was believed so far is not
believed, and stops the campaign for its role until somebody reverts it. Deadlines are honoured all the same.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from .archive import Log
from .declared import LEAST_SOAK_DAYS, MOST_TRIAL_DAYS
from .model import Stage, Way
from .records import STAGES, Document, Event, Kind

# Clocks of two hosts differ a little.
SKEW: t.Final = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class Doubt:
    """A record that is not believed, and why."""

    key: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Identity:
    """The role that records are to be about, as it is now, and the times to compare them with.

    ``days`` are the declared days of the options ``canary_days``, ``watch_days`` and ``closed_days``.
    """

    account_id: str
    campaign: str
    role_arn: str
    role_id: str
    now: datetime
    is_canary: bool = False
    days: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trial by boundary that is under way by the records: when it began, and when it ends."""

    began: datetime
    deadline: datetime


@dataclasses.dataclass(frozen=True)
class Past:
    """How far a role is by its records.

    ``reached`` is the last event that moved it, None before the first. ``times`` are the moments of events by the
    records, never before an earlier one. ``since`` are the same, but never before the store says that the record was
    written: a record that is dated back shortens nothing. ``documents`` and what follows are those of the last
    ``GENERATED``. ``has_prepared``: something was made in AWS since the beginning. ``break_glass`` are the principals
    that roles were closed for, also before a revert.
    ``has_other_id``: there are records of a role with another id.
    """

    reached: t.Optional[Kind] = None
    way: t.Optional[Way] = None
    times: Mapping[Kind, datetime] = dataclasses.field(default_factory=dict)
    since: Mapping[Kind, datetime] = dataclasses.field(default_factory=dict)
    soaks: Mapping[Kind, int] = dataclasses.field(default_factory=dict)
    content_sha256: str = ""
    layers_sha256: str = ""
    documents: tuple[Document, ...] = ()
    dossier_sha256: str = ""
    outcome: str = ""
    parallel_arn: str = ""
    parallel_id: str = ""
    trial: t.Optional[Trial] = None
    has_prepared: bool = False
    is_lifted: bool = False
    is_reverted: bool = False
    latest: t.Optional[datetime] = None
    number: int = 0
    break_glass: frozenset[str] = frozenset()
    has_other_id: bool = False
    doubts: tuple[Doubt, ...] = ()

    @property
    def stage(self) -> t.Optional[Stage]:
        """The last stage that is done; None before the first."""
        return STAGES[self.reached] if self.reached else None

    @property
    def is_closed(self) -> bool:
        """Whether the old role was closed and not yet retired."""
        return self.reached is Kind.CLOSED

    @property
    def is_recreated(self) -> bool:
        """Whether all records are of a role with another id.

        One of many may be forged, to keep a role from its way back.
        """
        return self.has_other_id and self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether there is no record that is believed, or none since the start of everything."""
        return self.reached is None and not self.is_reverted


def replay(log: Log, identity: Identity) -> Past:
    """Replay the records of a role in their order."""
    past = Past()
    files: list[tuple[int, str, t.Union[Event, str]]] = [
        *((event.number, event.key, event) for event in log.events),
        *((item.number, item.key, item.reason) for item in log.broken),
    ]
    for number, key, event in sorted(files, key=lambda item: item[:2]):
        reason = event if isinstance(event, str) else _find_contradiction(past, event, identity)
        missing = _find_gap(past, number)
        is_other = isinstance(event, Event) and event.role_id != identity.role_id
        past = dataclasses.replace(past, number=max(past.number, number), has_other_id=past.has_other_id or is_other)
        if not isinstance(event, str) and not reason:
            past = _apply_event(past, event)
        is_new_start = past.is_reverted and past.reached is None and not reason
        for text in filter(None, ("" if is_new_start else missing, reason)):
            past = dataclasses.replace(past, doubts=(*past.doubts, Doubt(key, text)))
    return past


def _find_gap(past: Past, number: int) -> str:
    """Explain how a number does not follow the one before it. Runs count without gaps, so somebody removed a record."""
    if number == past.number + 1:
        return ""
    if number <= past.number:
        return f"there is another record with number {number}"
    return f"record {past.number + 1} is missing"


def _find_contradiction(past: Past, event: Event, identity: Identity) -> str:
    """Explain what a record contradicts; empty if it agrees with the role, the clock and the others."""
    return (
        _find_other_role(event, identity)
        or _find_wrong_time(past, event, identity)
        or (_find_wrong_order(past, event, identity) if event.kind is not Kind.REVERTED else "")
    )


def _find_other_role(event: Event, identity: Identity) -> str:
    if event.account_id != identity.account_id:
        return f"it is of account {event.account_id}"
    if event.campaign != identity.campaign:
        return f"it is of campaign {event.campaign!r}"
    if event.role_arn != identity.role_arn:
        return f"it is of {event.role_arn}"
    if event.role_id != identity.role_id:
        return f"it is of the role with id {event.role_id}, and the role has id {identity.role_id}"
    return ""


def _find_wrong_time(past: Past, event: Event, identity: Identity) -> str:
    if event.at > identity.now + SKEW:
        return f"its time, {format_utc(event.at)}, is in the future"
    if past.latest is not None and event.at < past.latest - SKEW:
        return f"its time, {format_utc(event.at)}, is before the record before it, {format_utc(past.latest)}"
    return ""


#: By kind: the events that it may follow. ``LIFTED`` and ``REVERTED`` have their own rules.
_BEFORE: t.Final[Mapping[Kind, frozenset[t.Optional[Kind]]]] = {
    Kind.ASSESSED: frozenset({None}),
    Kind.GENERATED: frozenset(set(Kind) - {Kind.RETIRED, Kind.LIFTED, Kind.REVERTED}),
    Kind.PREPARED: frozenset({Kind.GENERATED}),
    # Both may be repeated where somebody undid them; the soak then starts again.
    Kind.OPENED: frozenset({Kind.PREPARED, Kind.OPENED}),
    Kind.CUT_OVER: frozenset({Kind.PREPARED, Kind.OPENED, Kind.CUT_OVER, Kind.WATCHED}),
    Kind.WATCHED: frozenset({Kind.CUT_OVER}),
    Kind.CLOSED: frozenset({Kind.WATCHED}),
    Kind.RETIRED: frozenset({Kind.WATCHED, Kind.CLOSED}),
}
#: By kind: the event that begins the soak that ends before it, and the option that has its days.
_SOAKS: t.Final[Mapping[Kind, tuple[Kind, str]]] = {
    Kind.CUT_OVER: (Kind.OPENED, "canary_days"),
    Kind.WATCHED: (Kind.CUT_OVER, "watch_days"),
    Kind.RETIRED: (Kind.CLOSED, "closed_days"),
}


def _find_wrong_order(past: Past, event: Event, identity: Identity) -> str:
    if event.kind is Kind.LIFTED:
        # It may be one that nobody recorded: a run was killed, or the records are gone.
        return "" if event.way is Way.IN_PLACE else f"there is no trial by way {event.way}"
    if past.reached not in _BEFORE[event.kind]:
        reached = past.stage.value if past.stage else "no stage"
        return f"it is about {event.kind.value!r}, and {reached} is done"
    if past.way is not None and event.way is not past.way:
        return f"its way is {event.way}, and that of the records before it {past.way}"
    if event.kind not in (Kind.ASSESSED, Kind.GENERATED) and event.content_sha256 != past.content_sha256:
        return "it is about other documents than those that were generated"
    return _find_early(past, event, identity) or _OF_KIND.get(event.kind, _agree)(past, event, identity)


def _find_early(past: Past, event: Event, identity: Identity) -> str:
    """Explain which soak is not over at the time of a record. The declaration may have been shorter or longer then."""
    begins, option = _SOAKS.get(event.kind, (event.kind, ""))
    if begins not in past.times or not option:
        return ""
    given = [days for days in (past.soaks.get(begins), identity.days.get(option)) if days is not None]
    ends = past.times[begins] + timedelta(days=max(min(given, default=0), LEAST_SOAK_DAYS))
    if event.at < ends - SKEW:
        return f"its time, {format_utc(event.at)}, is before the end of the soak time, {format_utc(ends)}"
    return ""


def _agree(_past: Past, _event: Event, _identity: Identity) -> str:
    return ""


def _check_generated(_past: Past, event: Event, _identity: Identity) -> str:
    return "" if event.documents and event.layers_sha256 else "it has no documents"


def _check_prepared(past: Past, event: Event, _identity: Identity) -> str:
    if (event.way is Way.PARALLEL) != bool(event.parallel_arn and event.parallel_id):
        return f"its way is {event.way}, and its new role is {event.parallel_arn or 'missing'}"
    if past.parallel_id and event.parallel_id != past.parallel_id:
        return f"its new role has id {event.parallel_id}, and that of the records before it {past.parallel_id}"
    return ""


def _check_opened(_past: Past, event: Event, _identity: Identity) -> str:
    if (event.way is Way.IN_PLACE) != (event.deadline is not None):
        return "a trial has a deadline, and nothing else has one"
    if event.deadline is not None and event.deadline > event.at + timedelta(days=MOST_TRIAL_DAYS):
        return f"its deadline, {format_utc(event.deadline)}, is more than {MOST_TRIAL_DAYS} days after its start"
    return ""


def _check_cut_over(past: Past, _event: Event, identity: Identity) -> str:
    if identity.is_canary and Kind.OPENED not in past.times:
        return "the role is a canary, and stage canary is missing"
    return ""


def _check_closed(_past: Past, event: Event, _identity: Identity) -> str:
    return "" if event.way is Way.PARALLEL else f"a role is not closed by way {event.way}"


def _check_retired(past: Past, event: Event, _identity: Identity) -> str:
    is_missing = event.way is Way.PARALLEL and past.reached is not Kind.CLOSED
    return "the old role was not closed" if is_missing else ""


_OF_KIND: t.Final[Mapping[Kind, Callable[[Past, Event, Identity], str]]] = {
    Kind.GENERATED: _check_generated,
    Kind.PREPARED: _check_prepared,
    Kind.OPENED: _check_opened,
    Kind.CUT_OVER: _check_cut_over,
    Kind.CLOSED: _check_closed,
    Kind.RETIRED: _check_retired,
}


def _apply_event(past: Past, event: Event) -> Past:
    latest = max(past.latest or event.at, event.at)
    glass = past.break_glass.union(event.break_glass)
    if event.kind is Kind.REVERTED:
        return Past(is_reverted=True, latest=latest, number=past.number, break_glass=glass)
    past = dataclasses.replace(
        past,
        break_glass=glass,
        way=past.way if event.kind is Kind.LIFTED else event.way,
        latest=latest,
        times={**past.times, event.kind: latest},
        since={**past.since, event.kind: max(latest, event.stored_at or latest)},
    )
    if event.kind is Kind.LIFTED:
        return _lift(past)
    if event.soak_days is not None:
        past = dataclasses.replace(past, soaks={**past.soaks, event.kind: event.soak_days})
    changes: Mapping[str, t.Any] = {}
    if event.kind is Kind.GENERATED:
        changes = _start_again(past, event)
    elif event.kind is Kind.PREPARED:
        changes = {"parallel_arn": event.parallel_arn, "parallel_id": event.parallel_id, "has_prepared": True}
    elif event.kind is Kind.OPENED:
        changes = {"trial": _follow_trial(past, event)}
    elif event.kind is Kind.CUT_OVER:
        changes = {"trial": None}
    return dataclasses.replace(
        past, reached=event.kind, is_lifted=past.is_lifted and event.kind is Kind.GENERATED, **changes
    )


def _start_again(past: Past, event: Event) -> dict[str, t.Any]:
    """Drop the soaks: new documents were not tried by anybody. A trial goes on until its deadline."""
    kept = {Kind.ASSESSED, Kind.GENERATED}
    return {
        "times": {kind: at for kind, at in past.times.items() if kind in kept},
        "since": {kind: at for kind, at in past.since.items() if kind in kept},
        "soaks": {},
        "content_sha256": event.content_sha256,
        "layers_sha256": event.layers_sha256,
        "documents": event.documents,
        "dossier_sha256": event.dossier_sha256,
        "outcome": event.outcome,
    }


def _follow_trial(past: Past, event: Event) -> t.Optional[Trial]:
    """The trial after a record. One that goes on with new documents ends at most 90 days after it first began."""
    if event.deadline is None:
        return None
    began = past.trial.began if past.trial else past.times[Kind.OPENED]
    return Trial(began, min(event.deadline, began + timedelta(days=MOST_TRIAL_DAYS)))


def _lift(past: Past) -> Past:
    """Take the trial back: a canary has to begin again."""
    reached = Kind.PREPARED if past.reached is Kind.OPENED else past.reached
    dropped = {Kind.OPENED}
    return dataclasses.replace(
        past,
        reached=reached,
        trial=None,
        is_lifted=reached in (Kind.GENERATED, Kind.PREPARED),
        times={kind: at for kind, at in past.times.items() if kind not in dropped},
        since={kind: at for kind, at in past.since.items() if kind not in dropped},
    )
