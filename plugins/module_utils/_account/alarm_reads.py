# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of metric filters on log groups of trails, of the alarms on their metrics, and of the topics of these."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Sequence

from . import fields
from .regional import AlarmMetric, FilterMetric, LogAlarm, MetricAlarm
from .source import Fields, Record, Source
from .topic_reads import TOPIC_OPERATIONS, read_topics

OPERATIONS: t.Final = ("logs:DescribeMetricFilters", "cloudwatch:DescribeAlarms", *TOPIC_OPERATIONS)


def read_log_alarms(source: Source, region: str, names: Sequence[str]) -> Fields:
    """The metric filters of some log groups of a region, the alarms on their metrics, and the topics of the alarms."""
    records: list[Record] = []
    for name in names:
        parameters = {"logGroupName": name}
        records += source.items("logs", "DescribeMetricFilters", "metricFilters", parameters, region=region)
    if not records:
        return {"log_alarms": (), "metric_alarms": (), "alarm_topics": ()}
    metric_alarms: dict[str, t.Any] = {"AlarmTypes": ["MetricAlarm"], "MaxRecords": 100}
    answer = source.items("cloudwatch", "DescribeAlarms", "MetricAlarms", metric_alarms, region=region)
    alarms = [metric_alarm(record, region) for record in answer]
    filters = sorted(
        (_log_alarm(record, alarms, region) for record in records), key=lambda item: (item.log_group, item.filter_name)
    )
    named = {name for item in filters for name in item.alarms}
    kept = tuple(sorted((alarm for alarm in alarms if alarm.name in named), key=lambda alarm: alarm.name))
    topics = {action for alarm in kept for action in alarm.actions if action.split(":")[2:3] == ["sns"]}
    return {"log_alarms": tuple(filters), "metric_alarms": kept, "alarm_topics": read_topics(source, sorted(topics))}


def _log_alarm(record: Record, alarms: Sequence[MetricAlarm], region: str) -> LogAlarm:
    emitted = fields.texts(record, "emitSystemFieldDimensions")
    metrics = tuple(_filter_metric(item, emitted) for item in fields.records(record, "metricTransformations"))
    names = {(metric.namespace, metric.name) for metric in metrics}
    on_metric = (alarm for alarm in alarms if any((item.namespace, item.name) in names for item in alarm.metrics))
    return LogAlarm(
        region=region,
        log_group=fields.text(record, "logGroupName"),
        filter_name=fields.text(record, "filterName"),
        pattern=fields.optional_text(record, "filterPattern") or "",
        metrics=metrics,
        alarms=tuple(sorted(alarm.name for alarm in on_metric)),
        selection=_selection(record),
    )


def _selection(record: Record) -> str:
    """By what a filter chooses events before its pattern is looked at."""
    criteria = fields.optional_text(record, "fieldSelectionCriteria") or ""
    return criteria or ("transformed events" if fields.flag(record, "applyOnTransformedLogs") else "")


def _filter_metric(record: Record, emitted: Sequence[str]) -> FilterMetric:
    return FilterMetric(
        namespace=fields.text(record, "metricNamespace"),
        name=fields.text(record, "metricName"),
        value=fields.text(record, "metricValue"),
        default=_finite(record, "defaultValue"),
        unit=_unit(record, "unit"),
        # The fields of the system are not part of an event.
        dimensions={**(fields.optional_structure(record, "dimensions") or {}), **dict.fromkeys(emitted, "")},
    )


def _finite(record: Record, name: str) -> t.Optional[float]:
    """A number; None where there is none, or one that no metric reaches and no snapshot can hold."""
    value = record.get(name)
    number = None if value is None else float(value)
    return number if number is not None and math.isfinite(number) else None


def metric_alarm(record: Record, region: str) -> MetricAlarm:
    """AWS's ``MetricAlarm`` as ours."""
    queries = fields.optional_records(record, "Metrics")
    periods = int(record.get("EvaluationPeriods") or 1)
    return MetricAlarm(
        region=region,
        name=fields.text(record, "AlarmName"),
        arn=fields.optional_text(record, "AlarmArn") or "",
        metrics=_metrics(record, queries),
        comparison=fields.optional_text(record, "ComparisonOperator") or "",
        threshold=_finite(record, "Threshold"),
        periods=periods,
        datapoints=int(record.get("DatapointsToAlarm") or periods),
        missing_data=fields.optional_text(record, "TreatMissingData") or "missing",
        computed=len(queries) > 1
        or any(query.get("Expression") for query in queries)
        or bool(record.get("ThresholdMetricId") or record.get("EvaluationCriteria")),
        actions_enabled=fields.flag(record, "ActionsEnabled"),
        actions=tuple(sorted(fields.texts(record, "AlarmActions"))),
    )


def _metrics(record: Record, queries: Sequence[Record]) -> tuple[AlarmMetric, ...]:
    """The metrics of an alarm, itself or inside metric math. Those of other accounts are none of ours."""
    if fields.optional_text(record, "MetricName"):
        statistic = fields.optional_text(record, "Statistic") or fields.optional_text(record, "ExtendedStatistic")
        return (_alarm_metric(record, record, statistic or ""),)
    stats = [
        stat
        for query in queries
        if not query.get("AccountId") and (stat := fields.optional_structure(query, "MetricStat"))
    ]
    return tuple(
        _alarm_metric(fields.structure(stat, "Metric"), stat, fields.optional_text(stat, "Stat") or "")
        for stat in stats
    )


def _alarm_metric(metric: Record, stat: Record, statistic: str) -> AlarmMetric:
    dimensions = fields.optional_records(metric, "Dimensions")
    return AlarmMetric(
        namespace=fields.text(metric, "Namespace"),
        name=fields.text(metric, "MetricName"),
        dimensions={fields.text(item, "Name"): fields.text(item, "Value") for item in dimensions},
        statistic=statistic,
        period=int(stat.get("Period") or 60),
        unit=_unit(stat, "Unit"),
    )


def _unit(record: Record, key: str) -> str:
    """A unit; without one CloudWatch has the unit None, which an alarm may ask for by name."""
    unit = fields.optional_text(record, key) or ""
    return "" if unit == "None" else unit
