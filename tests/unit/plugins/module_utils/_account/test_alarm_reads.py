# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import AlertTopic
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import (
    AlarmMetric,
    FilterMetric,
    LogAlarm,
    MetricAlarm,
)

from .fakes import HOME, FakeAccess, deny, read, refusal
from .test_trail_reads import DESCRIBE, FILTERS, LOGGING, STATUS, log_group, trail

ALARMS = "cloudwatch:DescribeAlarms"
ATTRIBUTES = "sns:GetTopicAttributes"
TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"


def metric_filter(name: str, metric: str, **more: t.Any) -> dict[str, t.Any]:
    return {
        "filterName": name,
        "filterPattern": "{ $.x = 1 }",
        "logGroupName": "trail",
        "metricTransformations": [{"metricName": metric, "metricNamespace": "CIS", "metricValue": "1"}],
        **more,
    }


def alarm(name: str, metric: str, **more: t.Any) -> dict[str, t.Any]:
    own = {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}",
        "Namespace": "CIS",
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 2,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
    }
    return {key: value for key, value in {**own, **more}.items() if value is not None}


def snapshot_of(
    *alarms: dict[str, t.Any], filters: t.Sequence[dict[str, t.Any]], attributes: t.Any = None
) -> tuple[Snapshot, FakeAccess]:
    access = FakeAccess(
        {
            DESCRIBE: {"trailList": [trail(CloudWatchLogsLogGroupArn=log_group())]},
            STATUS: LOGGING,
            FILTERS: {"metricFilters": filters},
            ALARMS: {"MetricAlarms": list(alarms)},
            ATTRIBUTES: attributes or {"Attributes": {"SubscriptionsConfirmed": "1", "Policy": "{}"}},
        }
    )
    return read(access, Dataset.LOG_ALARMS), access


def test_filters_with_the_alarms_on_their_metrics() -> None:
    snapshot, access = snapshot_of(
        alarm("b", "RootUse"),
        alarm("a", "RootUse", AlarmActions=[], ActionsEnabled=None, DatapointsToAlarm=1),
        alarm("other", "Sales"),
        alarm("elsewhere", "RootUse", Namespace="Shop"),
        filters=[metric_filter("root", "RootUse"), metric_filter("policy", "PolicyChange")],
    )
    assert snapshot.log_alarms == (
        LogAlarm(HOME, "trail", "policy", "{ $.x = 1 }", (FilterMetric("CIS", "PolicyChange", "1"),)),
        LogAlarm(HOME, "trail", "root", "{ $.x = 1 }", (FilterMetric("CIS", "RootUse", "1"),), ("a", "b")),
    )
    first, second = snapshot.metric_alarms
    assert (first.name, first.actions_enabled, first.actions, first.datapoints) == ("a", False, (), 1)
    assert second == MetricAlarm(
        region=HOME,
        name="b",
        arn="arn:aws:cloudwatch:us-east-1:111122223333:alarm:b",
        metrics=(AlarmMetric("CIS", "RootUse", statistic="Sum", period=300),),
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1.0,
        periods=2,
        datapoints=2,
        actions=(TOPIC,),
    )
    assert snapshot.alarm_topics == (AlertTopic(TOPIC, policy={}, confirmed=1),)
    assert access.names.count(ATTRIBUTES) == 1


def test_what_a_filter_reports() -> None:
    reported = {
        "metricName": "RootUse",
        "metricNamespace": "CIS",
        "metricValue": "$.count",
        "defaultValue": 0,
        "unit": "Count",
        "dimensions": {"Region": "$.awsRegion"},
    }
    odd = metric_filter(
        "root",
        "RootUse",
        metricTransformations=[reported],
        emitSystemFieldDimensions=["@aws.account"],
        fieldSelectionCriteria='@aws.region = "us-east-1"',
    )
    changed = metric_filter("changed", "RootUse", applyOnTransformedLogs=True)
    first, second = snapshot_of(filters=[odd, changed])[0].log_alarms
    assert first.selection == "transformed events" and second.selection == '@aws.region = "us-east-1"'
    dimensions = {"Region": "$.awsRegion", "@aws.account": ""}
    assert second.metrics == (FilterMetric("CIS", "RootUse", "$.count", 0.0, "Count", dimensions),)


QUERY: dict[str, t.Any] = {
    "Id": "m1",
    "MetricStat": {
        "Metric": {"Namespace": "CIS", "MetricName": "RootUse", "Dimensions": [{"Name": "Region", "Value": "x"}]},
        "Period": 60,
        "Stat": "Maximum",
        "Unit": "Count",
    },
}
ITSELF = dict.fromkeys(("Namespace", "MetricName", "Statistic", "Period"))


@pytest.mark.parametrize(
    ("more", "computed"),
    [
        ({"Metrics": [QUERY]}, False),
        ({"Metrics": [{"Id": "e1", "Expression": "m1*1"}, QUERY]}, True),
        ({"Metrics": [QUERY], "ThresholdMetricId": "a1", "Threshold": None}, True),
    ],
)
def test_an_alarm_on_queries(more: dict[str, t.Any], computed: bool) -> None:
    (found,) = snapshot_of(alarm("math", "", **{**ITSELF, **more}), filters=[metric_filter("root", "RootUse")])[
        0
    ].metric_alarms
    assert found.computed is computed
    assert found.metrics == (AlarmMetric("CIS", "RootUse", {"Region": "x"}, "Maximum", 60, "Count"),)


def test_a_metric_of_another_account_is_none_of_the_filters() -> None:
    foreign = alarm("foreign", "", **{**ITSELF, "Metrics": [{**QUERY, "AccountId": "999988887777"}]})
    assert snapshot_of(foreign, filters=[metric_filter("root", "RootUse")])[0].metric_alarms == ()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (deny(ATTRIBUTES), AlertTopic(TOPIC, unknown="not authorized")),
        (refusal("NotFound", name=ATTRIBUTES), AlertTopic(TOPIC, exists=False)),
    ],
)
def test_a_topic_that_is_not_there_to_be_read(answer: t.Any, expected: AlertTopic) -> None:
    snapshot, _access = snapshot_of(
        alarm("a", "RootUse"), filters=[metric_filter("root", "RootUse")], attributes=answer
    )
    (found,) = snapshot.alarm_topics
    assert (found.exists, bool(found.unknown)) == (expected.exists, bool(expected.unknown))
    assert snapshot.missing(Dataset.LOG_ALARMS, HOME) is None


def test_topics_of_other_alarms_and_actions_that_are_no_topics_are_not_read() -> None:
    _snapshot, access = snapshot_of(
        alarm("other", "Sales"),
        alarm("a", "RootUse", AlarmActions=["arn:aws:automate:us-east-1:ec2:stop"]),
        filters=[metric_filter("root", "RootUse")],
    )
    assert ATTRIBUTES not in access.names


def test_without_filters_alarms_are_not_read() -> None:
    access = FakeAccess(
        {
            DESCRIBE: {"trailList": [trail(CloudWatchLogsLogGroupArn=log_group())]},
            STATUS: LOGGING,
            FILTERS: {"metricFilters": []},
        }
    )
    snapshot = read(access, Dataset.LOG_ALARMS)
    assert snapshot.log_alarms == ()
    assert snapshot.missing(Dataset.LOG_ALARMS, HOME) is None
    assert ALARMS not in access.names
