# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""How much of each service's calls the sources that were read hold."""

from __future__ import annotations

import dataclasses
import itertools
import re
import typing as t
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from ..._account.activity import EVENT_HISTORY_DAYS, Activity
from ..._account.log_files import LogActivity, LogFacts
from ..._account.moments import format_utc
from ..._policy.evaluation import catalogue
from ..._policy.evaluation.truth import NO, UNKNOWN, YES, Truth
from ..._policy.trail.coverage import Coverage, LogClass, ServiceCoverage, Status
from ..._policy.trail.log_classes import list_classes
from .selectors import TrailFacts

_MANAGEMENT: t.Final = frozenset({LogClass.READ, LogClass.WRITE})
# Services of all regions, whose calls a trail of one region has only if it includes them.
_GLOBAL: t.Final = frozenset({"cloudfront", "iam", "organizations", "route53", "sts"})
# The first event of a window is a little younger than the window.
_EDGE: t.Final = timedelta(days=2)
_DAY: t.Final = timedelta(days=1)
# CloudTrail delivers no log file where nothing happened. A region with files on so many days rests on none.
_BUSY: t.Final = 0.8
_FEWEST_DAYS: t.Final = 10
# An account is rarely without a call for longer: its services and its monitoring make some, also on holidays.
_LONGEST_SILENCE: t.Final = timedelta(days=7)
_S3: t.Final = re.compile(r"s3://([^/]+)/?(.*)\Z")
_WHOLE_TRAIL: t.Final = re.compile(r"(AWSLogs(/o-[a-z0-9]+)?(/\d{12})?(/CloudTrail)?)?\Z")
_WORDS: t.Final[Mapping[LogClass, str]] = {
    LogClass.READ: "reads",
    LogClass.WRITE: "writes",
    LogClass.DATA: "calls on data",
}


@dataclasses.dataclass(frozen=True)
class Sources:
    """All that was read to know the calls of an account.

    ``trails`` are the trails that cover it, None if they were not asked for or could not be read, for the
    ``trails_reason``.
    """

    asked_days: int
    now: datetime
    logs: t.Optional[LogActivity] = None
    history: t.Optional[Activity] = None
    history_regions: tuple[str, ...] = ()
    trails: t.Optional[tuple[TrailFacts, ...]] = None
    trails_reason: str = ""

    @property
    def start(self) -> datetime:
        """The start of the window that was asked for."""
        return self.now - timedelta(days=self.asked_days)


def describe_coverage(sources: Sources) -> Coverage:
    """Describe the coverage of one account's record."""
    logs, history = sources.logs, sources.history
    facts = logs.facts if logs is not None else LogFacts()
    judge = _Judge(sources)
    regions = {*facts.days, *sources.history_regions} - {""}
    read = [one.source for one in (logs, history) if one is not None and one.source.failure is None]
    since, until = _find_window(sources, facts)
    return Coverage(
        asked_days=sources.asked_days,
        since=since,
        until=until,
        files_read=facts.files,
        files_broken=len(facts.broken) + len(facts.refused),
        events=sum(one.records for one in read),
        regions=tuple(sorted(regions)),
        services=_Services(judge),
        gaps=judge.gaps,
        notes=tuple(dict.fromkeys((*judge.limits, *judge.notes))),
    )


def _find_window(sources: Sources, facts: LogFacts) -> tuple[t.Optional[datetime], t.Optional[datetime]]:
    starts, ends = [], []
    if facts.since is not None and facts.until is not None:
        starts.append(facts.since)
        ends.append(facts.until)
    history = sources.history
    if history is not None and history.source.failure is None:
        starts.append(sources.now - timedelta(days=min(history.source.window_days, sources.asked_days)))
        ends.append(sources.now)
    return min(starts, default=None), max(ends, default=None)


class _Judge:
    """Judges the classes of services by the sources. ``limits`` keep any class from being whole in the log files."""

    def __init__(self, sources: Sources) -> None:
        self._sources: t.Final = sources
        logs = sources.logs
        self._facts: t.Final = logs.facts if logs is not None else LogFacts()
        self._trails: t.Final = self._find_trails()
        self.gaps: t.Final = tuple(sorted((*_find_digest_gaps(self._facts, sources), *_find_empty_days(self._facts))))
        self.limits: t.Final = tuple(self._find_limits()) if logs is not None else ()
        self.notes: t.Final = tuple(self._find_notes())

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
        by_trail, reason = self._judge_trail(service, log_class)
        if by_trail is YES:
            return YES, ""
        by_history, other = self._judge_history(log_class)
        if by_history is YES:
            return YES, ""
        together = UNKNOWN if UNKNOWN in (by_trail, by_history) else NO
        return together, "; ".join(dict.fromkeys(filter(None, (reason, other))))

    def _judge_history(self, log_class: LogClass) -> tuple[Truth, str]:
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
        return YES, ""

    def _judge_trail(self, service: str, log_class: LogClass) -> tuple[Truth, str]:
        logs = self._sources.logs
        if logs is None:
            return NO, "no log files were read"
        if logs.source.failure is not None:
            return NO, logs.source.failure
        if not self._trails:
            return UNKNOWN, self._sources.trails_reason or "it is not known which trail wrote the log files"
        found = [self._judge_one(trail, service, log_class) for trail in self._trails]
        for wanted in (YES, UNKNOWN, NO):
            reason = next((reason for truth, reason in found if truth is wanted), None)
            if reason is not None:
                return (UNKNOWN, self.limits[0]) if wanted is YES and self.limits else (wanted, reason)
        return NO, ""

    def _judge_one(self, trail: TrailFacts, service: str, log_class: LogClass) -> tuple[Truth, str]:
        recorded = trail.records(service, log_class)
        if recorded is UNKNOWN:
            return UNKNOWN, f"the selectors of trail {trail.name} could not be read: {trail.reason}"
        if recorded is NO:
            return NO, f"trail {trail.name} does not record all of them"
        if not trail.is_multi_region and not (service in _GLOBAL and trail.includes_global):
            return UNKNOWN, f"trail {trail.name} records the region {trail.home_region} only"
        start = self._sources.start
        if trail.is_logging is None:
            return UNKNOWN, f"it is not known since when trail {trail.name} logs"
        if trail.started is None or trail.started > start:
            when = f"since {format_utc(trail.started)}" if trail.started else "at no time that AWS names"
            return UNKNOWN, f"trail {trail.name} logs {when}"
        if not trail.is_logging:
            return UNKNOWN, f"trail {trail.name} is stopped"
        if trail.delivery_error:
            return UNKNOWN, f"trail {trail.name} can't deliver its files: {trail.delivery_error}"
        return YES, ""

    def _find_trails(self) -> tuple[TrailFacts, ...]:
        """Find the trails that wrote the log files: by their bucket, or by names in digests that AWS signed."""
        logs, trails = self._sources.logs, self._sources.trails or ()
        place = _S3.match(logs.source.place) if logs is not None else None
        if place is not None:
            return tuple(trail for trail in trails if trail.bucket == place[1] and _is_whole(trail, place[2]))
        chains = self._facts.chains.values()
        if not chains or not all(chain.is_signed for chain in chains):
            return ()
        signed = {name for chain in chains for name in chain.trails}
        return tuple(trail for trail in trails if f"{trail.name}_{trail.home_region}" in signed)

    def _find_limits(self) -> Iterator[str]:
        facts, sources = self._facts, self._sources
        if facts.broken:
            yield f"{len(facts.broken)} log files could not be read, such as {facts.broken[0]}"
        if facts.refused:
            yield f"{len(facts.refused)} log files are not confirmed by a digest file, such as {facts.refused[0]}"
        if facts.since is not None and facts.since > sources.start + _EDGE:
            days = (sources.now - facts.since).days
            yield f"the log files reach back {days} of {sources.asked_days} days"
        if facts.until is not None and facts.until < sources.now - _DAY:
            yield f"the newest event of the log files is of {format_utc(facts.until)}"
        if self.gaps:
            yield f"log files are missing since {format_utc(self.gaps[0][0])} ({len(self.gaps)} gaps)"
        for moment, name in facts.changes:
            yield f"a trail was changed by {name} on {format_utc(moment)}: calls before may be missing"
        if any(chain.bad for chain in facts.chains.values()):
            yield "some digest files are not as CloudTrail wrote them"
        missing = [name for chain in facts.chains.values() for name in chain.missing]
        if missing:
            yield f"{len(missing)} log files that digest files name are missing, such as {missing[0]}"

    def _find_notes(self) -> Iterator[str]:
        chains = self._facts.chains
        if chains and not all(chain.is_signed for chain in chains.values()):
            yield "the hashes of digest files were checked, but not their signatures"
        logs = self._sources.logs
        if self._facts.late:
            yield f"{self._facts.late} log files are younger than the newest digest, and were ignored"
        if logs is not None and not chains and logs.source.failure is None:
            yield "the log files have no digest files: nobody can tell whether they were changed"
        for one in (logs, self._sources.history):
            if one is not None and one.reading is not None:
                yield from (
                    f"{count} events were left out: {name}" for name, count in sorted(one.reading.excluded.items())
                )
        quiet = sorted(region for region, days in self._facts.days.items() if region and not _is_busy(days))
        if quiet and not chains:
            yield f"days without log files in {', '.join(quiet)} may be days without calls"


def _is_whole(trail: TrailFacts, prefix: str) -> bool:
    """Whether a place holds all files of a trail, and not only those of a region or a day."""
    inside = f"{prefix.strip('/')}/"
    start = f"{trail.prefix}/" if trail.prefix else ""
    if start.startswith(inside) or inside == "/":
        return True
    return inside.startswith(start) and bool(_WHOLE_TRAIL.match(inside[len(start) :].strip("/")))


def _find_digest_gaps(facts: LogFacts, sources: Sources) -> Iterator[tuple[datetime, datetime]]:
    for chain in facts.chains.values():
        yield from (gap for gap in chain.gaps if gap[1] > sources.start)
        # Log files after the newest digest are ignored, so that without digests a region has no record.
        if chain.ended is not None and chain.ended < sources.now - _DAY:
            yield (chain.ended, sources.now)


def _find_empty_days(facts: LogFacts) -> Iterator[tuple[datetime, datetime]]:
    """Find days without any file in a region that has files on nearly all days. Digests know better."""
    for region, days in facts.days.items():
        if region and region not in facts.chains and _is_busy(days):
            first = min(days)
            span = (first + timedelta(days=number) for number in range((max(days) - first).days))
            for day in span:
                if day not in days:
                    yield (_start_of(day), _start_of(day) + _DAY)
    if not facts.chains:
        yield from _find_silence(facts)


def _find_silence(facts: LogFacts) -> Iterator[tuple[datetime, datetime]]:
    """Find long times without a file in any region. A quiet region is usual, a quiet account is not."""
    days = sorted({day for found in facts.days.values() for day in found})
    for before, after in itertools.pairwise(days):
        if after - before > _LONGEST_SILENCE:
            yield (_start_of(before) + _DAY, _start_of(after))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _is_busy(days: frozenset[date]) -> bool:
    span = (max(days) - min(days)).days + 1 if days else 0
    return span >= _FEWEST_DAYS and len(days) >= _BUSY * span


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
