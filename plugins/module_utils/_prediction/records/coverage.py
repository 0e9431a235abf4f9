# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How much of each service's calls the sources that were read hold."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ..._account.activity import EVENT_HISTORY_DAYS
from ..._account.log_places import GLOBAL_REGIONS
from ..._policy.evaluation import catalogue
from ..._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ..._policy.trail.coverage import Coverage, LogClass, ServiceCoverage, Status
from ..._policy.trail.log_classes import list_classes
from .place import GLOBAL_SERVICES, PlaceJudge
from .sources import Sources

_MANAGEMENT: t.Final = frozenset({LogClass.READ, LogClass.WRITE})
# So many regions are named.
_NAMED: t.Final = 5
_WORDS: t.Final[Mapping[LogClass, str]] = {
    LogClass.READ: "reads",
    LogClass.WRITE: "writes",
    LogClass.DATA: "calls on data",
}


def describe_coverage(sources: Sources) -> Coverage:
    """Describe the coverage of one account's record."""
    history = (sources.history,) if sources.history is not None else ()
    facts = [one.facts for one in sources.logs]
    judge = _Judge(sources)
    regions = {*(region for one in facts for region in one.days), *sources.history_regions} - {""}
    read = [one.source for one in (*sources.logs, *history) if one.source.failure is None]
    since, until = _find_window(sources)
    return Coverage(
        asked_days=sources.asked_days,
        since=since,
        until=until,
        files_read=sum(one.files - one.repeated for one in facts),
        files_broken=sum(len(one.broken) + len(one.refused) for one in facts),
        events=sum(one.records for one in read),
        regions=tuple(sorted(regions)),
        services=_Services(judge),
        gaps=judge.gaps,
        notes=judge.notes,
        inferred=sources.seen.note,
    )


def _find_window(sources: Sources) -> tuple[t.Optional[datetime], t.Optional[datetime]]:
    starts, ends = [], []
    for one in sources.logs:
        if one.source.failure is None and one.facts.since is not None and one.facts.until is not None:
            starts.append(one.facts.since)
            ends.append(one.facts.until)
    history = sources.history
    if history is not None and history.source.failure is None:
        starts.append(sources.now - timedelta(days=min(history.source.window_days, sources.asked_days)))
        ends.append(sources.now)
    return min(starts, default=None), max(ends, default=None)


class _Judge:
    """Judges the classes of services by all sources. Each place counts for itself: one with all events is enough."""

    def __init__(self, sources: Sources) -> None:
        self._sources: t.Final = sources
        self._places: t.Final = [(one.source.place, PlaceJudge(one, sources)) for one in sources.logs]
        self.gaps: t.Final = tuple(sorted({gap for _name, place in self._places for gap in place.gaps}))
        self.notes: t.Final = tuple(dict.fromkeys(self._find_notes()))

    def judge(self, service: str) -> ServiceCoverage:
        """The coverage of a service that the catalogue has."""
        classes = list_classes(service)
        logged: dict[LogClass, Truth] = {}
        reasons: list[str] = []
        for log_class in (LogClass.READ, LogClass.WRITE, LogClass.DATA):
            if log_class in classes:
                logged[log_class], reason = self._judge_class(service, log_class)
                reasons += [f"{_WORDS[log_class]}: {reason}"] if reason else []
        if not logged:
            return ServiceCoverage(service, Status.BLIND, ("CloudTrail records no call of it",))
        if set(logged.values()) == {YES}:
            return ServiceCoverage(service, Status.COMPLETE, (), logged)
        status = Status.BLIND if set(logged.values()) == {NO} else Status.PARTIAL
        return ServiceCoverage(service, status, tuple(reasons), logged)

    def _judge_class(self, service: str, log_class: LogClass) -> tuple[Truth, str]:
        found = [self._judge_history(service, log_class)]
        if not self._places:
            found.insert(0, (NO, "no log files were read"))
        for name, place in reversed(self._places):
            truth, reason = place.judge(service, log_class)
            found.insert(0, (truth, self._name(name, reason)))
        if any(truth is YES for truth, _reason in found):
            return YES, ""
        together = UNKNOWN if any(truth is UNKNOWN for truth, _reason in found) else NO
        return together, "; ".join(dict.fromkeys(reason for _truth, reason in found if reason))

    def _name(self, place: str, sentence: str) -> str:
        """Name the place in a sentence about it, where there are several."""
        several = len(self._places) > 1 and sentence and place not in sentence
        return f"{place}: {sentence}" if several else sentence

    def _judge_history(self, service: str, log_class: LogClass) -> tuple[Truth, str]:
        """The event history has all management events of 90 days, whatever the trails record."""
        history = self._sources.history
        if log_class not in _MANAGEMENT or history is None:
            return NO, ""
        if history.source.failure is not None:
            return NO, f"the event history was not read: {history.source.failure}"
        if not history.source.is_whole:
            return UNKNOWN, "the event history was not read whole"
        if self._sources.asked_days > EVENT_HISTORY_DAYS:
            return UNKNOWN, f"the event history reaches back {EVENT_HISTORY_DAYS} days"
        unread = self._find_unread_regions(service)
        return (UNKNOWN, unread) if unread else (YES, "")

    def _find_unread_regions(self, service: str) -> str:
        """Find the regions whose event history is missing, in words: only those that were asked for are read."""
        read, enabled = frozenset(self._sources.history_regions), self._sources.regions
        if service in GLOBAL_SERVICES and read & GLOBAL_REGIONS:
            return ""
        if enabled is None:
            return "it is not known which other regions than those of the event history are enabled"
        missing = sorted(set(enabled) - read)
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        return f"the event history of {', '.join(missing[:_NAMED])}{more} was not read" if missing else ""

    def _find_notes(self) -> Iterator[str]:
        if self._sources.seen.note:
            yield self._sources.seen.note
        for name, place in self._places:
            yield from (self._name(name, limit) for limit in place.limits)
        for name, place in self._places:
            yield from (self._name(name, note) for note in place.notes)
        history = (self._sources.history,) if self._sources.history is not None else ()
        for one in (*self._sources.logs, *history):
            if one.reading is not None:
                yield from (
                    f"{count} events were left out: {name}" for name, count in sorted(one.reading.excluded.items())
                )


class _Services(Mapping[str, ServiceCoverage]):
    """The coverage of each service of the catalogue, judged when it is asked for: a policy names a few of hundreds."""

    def __init__(self, judge: _Judge) -> None:
        self._judge: t.Final = judge
        self._known: t.Final[dict[str, ServiceCoverage]] = {}

    def __getitem__(self, service: str) -> ServiceCoverage:
        if service not in catalogue.services():
            raise KeyError(service)
        if service not in self._known:
            self._known[service] = self._judge.judge(service)
        return self._known[service]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(catalogue.services()))

    def __len__(self) -> int:
        return len(catalogue.services())
