# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reads of CloudTrail, and of the metric filters and alarms on what it delivers to CloudWatch Logs."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from . import fields
from .regional import LogAlarm, Trail
from .source import Fields, Record, Source


@dataclasses.dataclass(frozen=True)
class LogGroup:
    """A CloudWatch Logs log group, out of its ARN."""

    region: str
    account_id: str
    name: str

    @classmethod
    def of_arn(cls, arn: str) -> t.Optional[LogGroup]:
        """The log group of an ARN with or without its trailing ``:*``; None for any other ARN."""
        parts = arn.split(":")
        if len(parts) < 7 or parts[2] != "logs" or parts[5] != "log-group":
            return None
        return cls(region=parts[3], account_id=parts[4], name=parts[6])


def read_trails(source: Source, region: str) -> Fields:
    """The trails that log in a region, wherever their home is, without their status; see :func:`with_status`.

    Shadow trails are asked for too: each is the one multi-region trail of another region, by the same ARN. So a trail
    is known even when its home is not among the regions that are read.
    """
    answer = source.call("cloudtrail", "DescribeTrails", {"includeShadowTrails": True}, region=region)
    return {"trails": tuple(_trail(record) for record in fields.records(answer, "trailList"))}


def distinct(trails: Iterable[Trail]) -> tuple[Trail, ...]:
    """Every trail once, by its ARN."""
    by_arn = {trail.arn: trail for trail in trails}
    return tuple(by_arn[arn] for arn in sorted(by_arn))


def _trail(record: Record) -> Trail:
    return Trail(
        name=fields.text(record, "Name"),
        arn=fields.text(record, "TrailARN"),
        home_region=fields.text(record, "HomeRegion"),
        is_multi_region=fields.flag(record, "IsMultiRegionTrail"),
        is_organization=fields.flag(record, "IsOrganizationTrail"),
        is_logging=None,
        log_file_validation=fields.flag(record, "LogFileValidationEnabled"),
        kms_key_id=fields.optional_text(record, "KmsKeyId"),
        bucket=fields.optional_text(record, "S3BucketName") or "",
        log_group_arn=fields.optional_text(record, "CloudWatchLogsLogGroupArn"),
        last_delivery=None,
        # Without selectors of its own a trail logs every management event, read and write.
        logs_management_events=None if fields.flag(record, "HasCustomEventSelectors") else True,
    )


def is_foreign(trail: Trail, source: Source) -> bool:
    """Whether another account owns the trail: an organization trail, seen from a member, which may not ask after it."""
    return trail.arn.split(":")[4:5] != [source.account_id]


def with_status(source: Source, trail: Trail) -> Trail:
    """The trail with what its home region alone knows: whether it logs, when it last delivered, its event selectors."""
    status = source.call("cloudtrail", "GetTrailStatus", {"Name": trail.arn}, region=trail.home_region)
    complete = dataclasses.replace(
        trail,
        is_logging=fields.flag(status, "IsLogging"),
        last_delivery=fields.moment(status, "LatestDeliveryTime"),
    )
    if trail.logs_management_events is not None:
        return complete
    selectors = source.call("cloudtrail", "GetEventSelectors", {"TrailName": trail.arn}, region=trail.home_region)
    return dataclasses.replace(complete, logs_management_events=_all_management_events(selectors))


def _all_management_events(answer: Record) -> bool:
    """Whether basic or advanced event selectors together let both reads and writes of IAM and STS through."""
    logged: set[str] = set()
    for selector in fields.optional_records(answer, "EventSelectors"):
        # AWS's default is to include them, and excludable sources (KMS, RDS Data API) are not IAM's.
        if selector.get("IncludeManagementEvents", True):
            logged |= _KINDS[fields.optional_text(selector, "ReadWriteType") or "All"]
    for selector in fields.optional_records(answer, "AdvancedEventSelectors"):
        logged |= _advanced_kinds(fields.records(selector, "FieldSelectors"))
    return logged == _KINDS["All"]


_KINDS: t.Final[Mapping[str, frozenset[str]]] = {
    "All": frozenset({"read", "write"}),
    "ReadOnly": frozenset({"read"}),
    "WriteOnly": frozenset({"write"}),
}
_READ_ONLY: t.Final[Mapping[str, frozenset[str]]] = {"true": _KINDS["ReadOnly"], "false": _KINDS["WriteOnly"]}
# The operator that each field of a selector may have without leaving out what is not counted here.
_WIDE: t.Final = {"eventCategory": "Equals", "eventSource": "NotEquals", "readOnly": "Equals"}
_IAM_SOURCES: t.Final = frozenset({"iam.amazonaws.com", "sts.amazonaws.com"})


def _advanced_kinds(selectors: Sequence[Record]) -> frozenset[str]:
    by_field = {fields.text(selector, "Field"): selector for selector in selectors}
    if fields.texts(by_field.get("eventCategory", {}), "Equals") != ("Management",):
        return frozenset()
    if _IAM_SOURCES & set(fields.texts(by_field.get("eventSource", {}), "NotEquals")):
        return frozenset()
    # Any other field or operator narrows a selector to fewer events than all.
    given = ((name, operator) for name, selector in by_field.items() for operator in selector if selector[operator])
    if any(operator not in ("Field", _WIDE.get(name)) for name, operator in given):
        return frozenset()
    values = fields.texts(by_field.get("readOnly", {}), "Equals")
    return _READ_ONLY.get(values[0], frozenset()) if values else _KINDS["All"]


def log_groups(source: Source, trails: Iterable[Trail]) -> Mapping[str, tuple[str, ...]]:
    """The log groups of this account that its trails deliver to: region to names.

    An organization trail delivers to a log group of its owner, whose filters are the owner's to assess.
    """
    groups = {LogGroup.of_arn(trail.log_group_arn) for trail in trails if trail.log_group_arn}
    own = sorted((group.region, group.name) for group in groups if group and group.account_id == source.account_id)
    regions = dict.fromkeys(region for region, _name in own)
    return {region: tuple(name for where, name in own if where == region) for region in regions}


def read_log_alarms(source: Source, region: str, names: Sequence[str]) -> tuple[LogAlarm, ...]:
    """The metric filters of some log groups of a region, with the alarms on their metrics."""
    filters: list[Record] = []
    for name in names:
        parameters = {"logGroupName": name}
        filters += source.items("logs", "DescribeMetricFilters", "metricFilters", parameters, region=region)
    if not filters:
        return ()
    metric_alarms = {"AlarmTypes": ["MetricAlarm"], "MaxRecords": 100}
    alarms = list(source.items("cloudwatch", "DescribeAlarms", "MetricAlarms", metric_alarms, region=region))
    found = [_log_alarm(record, alarms, region) for record in filters]
    return tuple(sorted(found, key=lambda alarm: (alarm.log_group, alarm.filter_name)))


def _log_alarm(record: Record, alarms: Sequence[Record], region: str) -> LogAlarm:
    metrics = {
        (fields.text(metric, "metricNamespace"), fields.text(metric, "metricName"))
        for metric in fields.records(record, "metricTransformations")
    }
    on_metric = [alarm for alarm in alarms if metrics & _metrics(alarm)]
    return LogAlarm(
        region=region,
        log_group=fields.text(record, "logGroupName"),
        filter_name=fields.text(record, "filterName"),
        pattern=fields.optional_text(record, "filterPattern") or "",
        alarms=tuple(sorted(fields.text(alarm, "AlarmName") for alarm in on_metric)),
        notified=any(_notifies(alarm) for alarm in on_metric),
    )


def _metrics(alarm: Record) -> set[tuple[str, str]]:
    """Namespace and name of every metric that an alarm looks at, itself or inside metric math."""
    stats = [
        fields.optional_structure(query, "MetricStat") or {} for query in fields.optional_records(alarm, "Metrics")
    ]
    metrics = [alarm, *(fields.optional_structure(stat, "Metric") or {} for stat in stats)]
    return {
        (str(metric["Namespace"]), str(metric["MetricName"]))
        for metric in metrics
        if "Namespace" in metric and "MetricName" in metric
    }


def _notifies(alarm: Record) -> bool:
    """Whether an alarm's going off sends a message to an SNS topic."""
    topics = [action for action in fields.texts(alarm, "AlarmActions") if action.split(":")[2:3] == ["sns"]]
    return bool(topics) and fields.flag(alarm, "ActionsEnabled")
