# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether one event that a metric filter catches makes somebody get a message.

An alarm sends messages only when its state changes. So one event must bring it into the state ALARM, and without any
event it must not be there already.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

import operator
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..._account.event_rules import AlertTopic
from ..._account.regional import AlarmMetric, FilterMetric, MetricAlarm
from ..._policy.evaluation.truth import NO, UNKNOWN, YES
from .delivery import CLOUDWATCH, WORKS, Answer, Sender, best, to_topic

_COMPARISONS: t.Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: t.Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}
# A metric filter reports its default once a minute.
_MINUTE: t.Final = 60
# Services that carry a message on to somebody, or to something that may.
_CARRIERS: t.Final = frozenset({"lambda", "ssm", "ssm-incidents"})


def reaction(alarm: MetricAlarm, reported: FilterMetric) -> Answer:
    """Whether an alarm goes off when a filter reports one event."""
    if alarm.computed:
        return Answer(UNKNOWN, f"alarm {alarm.name} computes what it compares, which is not evaluated here")
    looked_at = [item for item in alarm.metrics if (item.namespace, item.name) == (reported.namespace, reported.name)]
    answers = [_answer(alarm, metric, reported) for metric in looked_at]
    return best(answers, f"alarm {alarm.name} is on another metric")


def _answer(alarm: MetricAlarm, metric: AlarmMetric, reported: FilterMetric) -> Answer:
    if sorted(metric.dimensions) != sorted(reported.dimensions):
        return Answer(NO, f"alarm {alarm.name} has other dimensions than its metric filter")
    if metric.unit and metric.unit != reported.unit:
        return Answer(NO, f"alarm {alarm.name} expects the unit {metric.unit}, which its metric filter does not report")
    try:
        value = float(reported.value)
    except ValueError:
        return Answer(NO, f"the metric value {reported.value} is no number of an event")
    compare, statistic = _COMPARISONS.get(alarm.comparison), _STATISTICS.get(metric.statistic)
    if compare is None or statistic is None or alarm.threshold is None:
        return Answer(UNKNOWN, f"alarm {alarm.name} compares {metric.statistic or 'something'} in a way not known here")
    return _goes_off(alarm, _Period(compare, statistic, alarm.threshold, metric, reported), value)


class _Period(t.NamedTuple):
    """How an alarm evaluates the values of one of its periods."""

    compare: Callable[[float, float], bool]
    statistic: Callable[[Sequence[float]], float]
    threshold: float
    metric: AlarmMetric
    reported: FilterMetric

    def breaches(self, values: Sequence[float]) -> bool:
        return self.compare(self.statistic(values), self.threshold)

    @property
    def quiet(self) -> list[float]:
        """The values of a period in which other events arrive and none is caught."""
        minutes = max(self.metric.period // _MINUTE, 1)
        return [] if self.reported.default is None else [self.reported.default] * minutes


def _goes_off(alarm: MetricAlarm, period: _Period, value: float) -> Answer:
    # With one event caught, alone or among others.
    if not all(period.breaches([value, *more]) for more in ([], period.quiet[1:])):
        limit = f"{alarm.comparison} {alarm.threshold:g}"
        return Answer(NO, f"one event of value {value:g} does not set off alarm {alarm.name} ({limit})")
    quiet = period.quiet
    if period.breaches(quiet) if quiet else alarm.missing_data == "breaching":
        return Answer(NO, f"alarm {alarm.name} is on without any event, so no event changes it")
    if not quiet and alarm.missing_data == "ignore":
        # "The current alarm state is maintained": the first event sets it off, and no later one changes it.
        return Answer(NO, f"alarm {alarm.name} ignores missing data, so it stays on after the first event")
    if alarm.datapoints == 1:
        return WORKS
    # "The alarm goes into ALARM state even if the total number of datapoints available is lower than M", but only
    # where missing data counts as missing.
    if quiet or alarm.missing_data == "notBreaching":
        return Answer(NO, f"alarm {alarm.name} waits for {alarm.datapoints} periods with events, and one event has one")
    if alarm.missing_data == "missing":
        return WORKS
    return Answer(UNKNOWN, f"not known whether alarm {alarm.name} goes off after one period with an event")


def hears(alarm: MetricAlarm, reported: FilterMetric, event: Mapping[str, t.Any]) -> bool:
    """Whether an event has the values of the dimensions that an alarm looks at."""
    return any(
        all(_at(event, path) == metric.dimensions.get(name) for name, path in reported.dimensions.items())
        for metric in alarm.metrics
        if (metric.namespace, metric.name) == (reported.namespace, reported.name)
    )


def _at(event: Mapping[str, t.Any], path: str) -> t.Any:
    found: t.Any = event
    for name in path.removeprefix("$.").split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def notification(
    alarm: MetricAlarm, topics: Mapping[str, AlertTopic], account_id: str, ours: Callable[[str], bool]
) -> Answer:
    """Whether an alarm that goes off makes a message reach somebody of ours; ``ours`` judges accounts."""
    if not alarm.actions_enabled:
        return Answer(NO, f"the actions of alarm {alarm.name} are switched off")
    sender = Sender(CLOUDWATCH, account_id, alarm.arn)
    answers = [_of_action(arn, topics, sender, ours) for arn in alarm.actions]
    found = best(answers, "it has no action")
    return found if found.truth is YES else Answer(found.truth, f"alarm {alarm.name}: {found.why}")


def _of_action(arn: str, topics: Mapping[str, AlertTopic], sender: Sender, ours: Callable[[str], bool]) -> Answer:
    service, account = (*arn.split(":"), "", "", "", "", "")[2:5:2]
    if service in _CARRIERS:
        return Answer(UNKNOWN, f"not known whether {arn} notifies somebody")
    if service != "sns":
        return Answer(NO, f"{arn} notifies nobody")
    return reaches_somebody(topics.get(arn, AlertTopic(arn, unknown="it was not read")), account, sender, ours)


def reaches_somebody(topic: AlertTopic, account: str, sender: Sender, ours: Callable[[str], bool]) -> Answer:
    """Whether a message to a topic reaches a confirmed subscriber of an account of ours."""
    if not ours(account):
        return Answer(NO, f"topic {topic.arn} is of account {account}, which is not known to be yours")
    taken = to_topic(topic, sender)
    if taken.truth is not YES:
        return Answer(taken.truth, f"topic {topic.arn}: {taken.why}")
    if not topic.confirmed:
        return Answer(NO, f"topic {topic.arn} has no confirmed subscription")
    return WORKS
