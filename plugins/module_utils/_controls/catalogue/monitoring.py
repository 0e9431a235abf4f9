# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Metric filters and alarms on CloudTrail's logs, for the events that the benchmarks want somebody notified of.

CIS asks since its fourth version that the events are "monitored", which EventBridge or another system may do as well.
The filters and the alarms can be read cheaply; where another system watches, a waiver says so. A control holds where
each of its events, of every kind of caller, gets from a trail by a filter and an alarm to somebody.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from ..._account.model import Dataset
from ..._account.regional import FilterMetric, LogAlarm, MetricAlarm, Trail
from ..._account.trail_reads import LogGroup
from ..._converge.finding import Remediation, Severity
from ..._policy.documents.arn import arn_account
from ..._policy.evaluation.truth import NO, UNKNOWN, YES
from ..control import Check, Control, Failure, Scope, Verdict, listing, maps
from ..effects.alarm import hears, notification, reaction
from ..effects.delivery import WORKS, Answer, worst
from ..ours import accounts_of_ours
from ..patterns.filter_pattern import PatternError, parse
from ..patterns.monitoring_watches import ORGANIZATION_CHANGES, WATCHES, Watch
from ..patterns.trail_events import Event, Place, Sample, by_whom, place_of, where
from ..problem import Problem

_THEME = "monitoring"
_FILTERS = "metric filters"
# "Ensure the LatestcloudwatchLogdDeliveryTime property is set to a recent (~one day old) timestamp", says CIS of a
# trail and its log group.
_LATELY: t.Final = timedelta(days=1)
Catches = Callable[[Event], bool]


def find_own_trails(scope: Scope) -> tuple[Trail, ...]:
    """Find the trails that this account made. Another account judges and changes those of the organization."""
    return tuple(
        trail for trail in scope.snapshot.trails if arn_account(trail.arn) in (None, scope.snapshot.account_id)
    )


def feeds(trail: Trail, observed_at: datetime) -> Answer:
    """Whether a trail delivers the management events of every region to its log group."""
    name = f"trail {trail.name}"
    if not trail.is_multi_region:
        return Answer(NO, f"{name} logs one region only")
    if trail.is_logging is False:
        return Answer(NO, f"{name} does not log")
    if trail.logs_management_events is False:
        return Answer(NO, f"{name} does not log all management events")
    if trail.log_group_error:
        return Answer(NO, f"{name} can't deliver to its log group: {trail.log_group_error}")
    if trail.is_logging is None or trail.logs_management_events is None:
        return Answer(UNKNOWN, f"the logging settings of {name} could not be read")
    for moment, place in ((trail.log_group_delivery, "its log group"), (trail.last_delivery, "its bucket")):
        if moment is not None and observed_at - moment > _LATELY:
            return Answer(NO, f"{name} last delivered to {place} on {moment:%Y-%m-%d}")
    if trail.log_group_delivery is None:
        return Answer(UNKNOWN, f"the last delivery of {name} to its log group is not known")
    return WORKS


@dataclasses.dataclass(frozen=True)
class _Way:
    """How an event becomes a message: by a filter and an alarm on its metric. ``judged`` says whether that works."""

    caught: Catches
    judged: Answer


@functools.lru_cache(maxsize=1)
def _ways(scope: Scope) -> tuple[_Way, ...]:
    """All filters with all alarms on them, as far as each trail feeds them."""
    snapshot = scope.snapshot
    alarms = {(alarm.region, alarm.name): alarm for alarm in snapshot.metric_alarms}
    found: list[_Way] = []
    for trail in find_own_trails(scope):
        group = LogGroup.of_arn(trail.log_group_arn or "")
        fed = feeds(trail, snapshot.observed_at)
        for item in snapshot.log_alarms:
            if group and (item.region, item.log_group) == (group.region, group.name):
                known = [alarms[item.region, name] for name in item.alarms if (item.region, name) in alarms]
                found += _ways_of(scope, item, known, trail, fed)
    return tuple(found)


def _ways_of(scope: Scope, item: LogAlarm, alarms: Sequence[MetricAlarm], trail: Trail, fed: Answer) -> Iterator[_Way]:
    logged, understood = _pattern(item, trail.excluded_sources)
    if not alarms:
        yield _Way(logged, Answer(NO, f"metric filter {item.filter_name} has no alarm"))
    topics = {topic.arn: topic for topic in scope.snapshot.alarm_topics}
    for alarm, metric in itertools.product(alarms, item.metrics):
        notified = notification(alarm, topics, scope.snapshot.account_id, accounts_of_ours(scope))
        judged = worst((fed, understood, reaction(alarm, metric), notified))
        yield _Way(_with_dimensions(logged, alarm, metric), judged)


def _with_dimensions(logged: Catches, alarm: MetricAlarm, metric: FilterMetric) -> Catches:
    """Of what a filter catches, the events that its alarm looks at."""
    if not metric.dimensions:
        return logged
    return lambda event: logged(event) and hears(alarm, metric, event)


def _pattern(item: LogAlarm, excluded: Sequence[str]) -> tuple[Catches, Answer]:
    """The logged events that a filter catches; a filter that is not understood may catch all of them."""
    try:
        predicate = parse(item.pattern)
        understood = WORKS
    except PatternError as error:
        predicate = _catches_everything
        understood = Answer(UNKNOWN, f"the pattern of metric filter {item.filter_name} is not understood: {error}")
    if item.selection:
        understood = Answer(UNKNOWN, f"metric filter {item.filter_name} also selects events by {item.selection}")
    return lambda event: event["eventSource"] not in excluded and predicate(event), understood


def _catches_everything(_event: Event) -> bool:
    return True


def _find_uncaught(samples: Iterable[Sample], ways: Sequence[_Way]) -> list[Sample]:
    """Find the events that none of the ways catches."""
    return [sample for sample in samples if not any(way.caught(sample.event) for way in ways)]


def _without_log_group(scope: Scope) -> t.Optional[Verdict]:
    """The verdict if no trail of this account has a log group, so that no filter is possible; else None."""
    if any(trail.log_group_arn for trail in find_own_trails(scope)) or scope.snapshot.log_alarms:
        return None
    if scope.unread_regions(Dataset.TRAILS):
        regions = listing(scope.unread_regions(Dataset.TRAILS))
        return Verdict(0, _FILTERS, not_assessed=f"trails could not be read in {regions}")
    return Verdict(0, _FILTERS, not_applicable="no trail of this account has a log group (control trail_log_group)")


def _of_organization(scope: Scope) -> t.Optional[Verdict]:
    """The verdict on watching the organization's changes outside the management account, which alone logs them."""
    unread = scope.missing(Dataset.ORGANIZATION)
    if unread is not None:
        return Verdict(0, _FILTERS, not_assessed=unread)
    if not scope.facts.is_management_account:
        return Verdict(0, _FILTERS, not_applicable="only the management account logs changes of the organization")
    return None


@functools.lru_cache(maxsize=64)
def _samples(watch: Watch, place: Place) -> tuple[Sample, ...]:
    return watch.samples(place)


def _make_watch_check(watch: Watch) -> Check:
    def check(scope: Scope) -> Verdict:
        verdict = _of_organization(scope) if watch.name == ORGANIZATION_CHANGES else _without_log_group(scope)
        if verdict is not None:
            return verdict
        samples = _samples(watch, place_of(scope))
        ways = _ways(scope)
        uncaught = _find_uncaught(samples, [way for way in ways if way.judged.truth is YES])
        if uncaught:
            return _report_unheard(scope, watch, samples, uncaught)
        population = len(scope.snapshot.log_alarms)
        return Verdict(population, _FILTERS, detail=f"{watch.what}: caught by metric filters whose alarms notify")

    return check


def _report_unheard(scope: Scope, watch: Watch, samples: Sequence[Sample], uncaught: Sequence[Sample]) -> Verdict:
    """Report events that do not certainly reach somebody: not assessed if they may."""
    population = len(scope.snapshot.log_alarms)
    unread = scope.unread_regions(Dataset.LOG_ALARMS)
    if unread:
        return Verdict(population, _FILTERS, not_assessed=f"metric filters could not be read in {listing(unread)}")
    perhaps = [way for way in _ways(scope) if way.judged.truth is UNKNOWN]
    missed = _find_uncaught(uncaught, perhaps)
    if not missed:
        near = (way for way in perhaps if any(way.caught(sample.event) for sample in uncaught))
        return Verdict(population, _FILTERS, not_assessed=f"{watch.what}: {_reasons(near)}")
    reasons = _reasons(way for way in _ways(scope) if way.judged.truth is NO and _is_meant_for(way, missed))
    names = list(dict.fromkeys(sample.name for sample in missed))
    detail = f"no alarm reports {listing(names, 5)}{by_whom(samples, missed)}{where(samples, missed)}"
    detail += f"; {reasons}" if reasons else ""
    observed = {"not_caught": names, "callers": sorted({sample.by for sample in missed})}
    return Verdict(population, _FILTERS, (Failure(scope.facts.account_arn, detail, observed),))


def _is_meant_for(way: _Way, missed: Sequence[Sample]) -> bool:
    """Whether a filter catches most of the events, and not by the way."""
    return sum(way.caught(sample.event) for sample in missed) * 2 > len(missed)


def _reasons(ways: Iterable[_Way]) -> str:
    """Why ways don't work, each reason once."""
    return listing(dict.fromkeys(way.judged.why for way in ways), 3)


def _controls() -> Iterator[Control]:
    for watch in WATCHES:
        yield Control(
            id=f"alarm_{watch.name}",
            title=f"Somebody is alerted to {watch.what}",
            problem=Problem(f"Nobody is alerted to {watch.what}"),
            severity=Severity.LOW,
            theme=_THEME,
            needs=(Dataset.LOG_ALARMS, Dataset.TRAILS),
            uses=(Dataset.ORGANIZATION,),
            check=_make_watch_check(watch),
            expected=(
                "metric filters on a trail's log group that catch the events of every kind of caller, with alarms on "
                "a single event, and topics with a confirmed subscription"
            ),
            blind="composite alarms, filter policies of subscriptions, and filters that exclude principals by name.",
            rationale="Without an alarm, such an event may be found months later or never.",
            remediation=Remediation(
                "Add a metric filter with an alarm that notifies somebody. If another system alerts, waive this "
                "finding."
            ),
            compliance=maps(
                cis7=f"5.{watch.number}",
                cis5=f"4.{watch.number}",
                cis3=f"4.{watch.number}",
                **({"hub": watch.hub} if watch.hub else {}),
                nist=("AU-6(1)", "AU-6(5)", "CA-7", "SI-4(12)"),
                soc2=("CC7.2", "CC7.3"),
            ),
        )


CONTROLS: t.Final = tuple(_controls())
