# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts with alarms that somebody gets, and with such that look alike and tell nobody."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot

from ..alarmed import (
    PRESCRIBED,
    TOPIC,
    alarm,
    make_alarm_metric,
    make_alarmed_account,
    metric,
    metric_filter,
    names,
    topic,
    with_alarm,
    with_metric,
)
from ..catalogue.test_detective import trail
from ..samples import days_ago
from .case import Case

HUB: t.Final = "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html"
SHAPES: t.Final = (
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"
)
SIGN_INS: t.Final = (
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/"
    "cloudtrail-event-reference-aws-console-sign-in-events.html"
)
ALARMS: t.Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html"
MISSING: t.Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html"
FILTERS: t.Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html"
TOPICS: t.Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"
SELECTORS: t.Final = (
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html"
)
CIS: t.Final = "CIS Amazon Web Services Foundations Benchmark 5.0.0, section 4, audit steps"
EC2: t.Final = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"

# Patterns that catch a part of the events only, by control, with the source of the events that they miss.
NARROW: t.Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "alarm_unauthorized_calls": (
        ("without the prefix that EC2's codes have", '{ ($.errorCode = "UnauthorizedOperation") }', EC2),
        ("of EC2 alone", '{ ($.errorCode = "*UnauthorizedOperation") }', EC2),
        ("without the codes that end in Exception", '{ $.errorCode = "AccessDenied" }', CIS),
        (
            "of users alone",
            '{ ($.errorCode = "*UnauthorizedOperation" || $.errorCode = "AccessDenied*") '
            '&& $.userIdentity.type = "IAMUser" }',
            SHAPES,
        ),
    ),
    "alarm_sign_in_without_mfa": (
        (
            "with NO, where events have No",
            '{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed = "NO" }',
            SIGN_INS,
        ),
        ("of root alone", '{ $.eventName = ConsoleLogin && $.userIdentity.type = "Root" }', SIGN_INS),
        (
            "in one region",
            '{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed = "No" && $.awsRegion = "us-east-2" }',
            SIGN_INS,
        ),
    ),
    "alarm_root_use": (
        ("of sign-ins alone", '{ $.userIdentity.type = "Root" && $.eventName = ConsoleLogin }', CIS),
        ("of calls of IAM alone", '{ $.userIdentity.type = "Root" && $.eventSource = iam.amazonaws.com }', CIS),
        ("by a name that root does not have", '{ $.userIdentity.userName = "root" }', SHAPES),
    ),
    "alarm_iam_policy_changes": (
        ("without the policies of groups", names("Put*olePolicy", "Delete*", "Create*", "Attach*", "Detach*"), CIS),
        ("with spelling as in IAM's actions", names("iam:PutRolePolicy", "iam:AttachRolePolicy"), SHAPES),
    ),
    "alarm_cloudtrail_changes": (
        ("without StopLogging", names("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging"), CIS),
        ("of a source that CloudTrail does not have", names("*", source="trail"), SHAPES),
    ),
    "alarm_failed_sign_ins": (
        ("by a code that sign-ins do not have", '{ $.eventName = ConsoleLogin && $.errorCode = "*" }', SIGN_INS),
        (
            "of users alone",
            '{ $.eventName = ConsoleLogin && $.responseElements.ConsoleLogin = "Failure" '
            '&& $.userIdentity.type = "IAMUser" }',
            SIGN_INS,
        ),
    ),
    "alarm_kms_key_deletion": (
        ("without DisableKey", names("ScheduleKeyDeletion", source="kms"), CIS),
        ("with the name of a call that does not exist", names("DisableKey", "DeleteKey", source="kms"), SHAPES),
    ),
    "alarm_bucket_policy_changes": (
        ("of policies alone", names("PutBucketPolicy", "DeleteBucketPolicy", source="s3"), CIS),
        ("without deletions", names("PutBucket*", source="s3"), CIS),
    ),
    "alarm_config_changes": (
        ("of recorders alone", names("*ConfigurationRecorder", source="config"), CIS),
        ("of a stop alone", names("StopConfigurationRecorder", source="config"), CIS),
    ),
    "alarm_security_group_changes": (
        ("of what lets traffic in", names("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"), CIS),
        ("without deletion", names("Authorize*", "Revoke*", "CreateSecurityGroup"), CIS),
    ),
    "alarm_network_acl_changes": (
        ("of entries alone", names("*NetworkAclEntry"), CIS),
        ("without associations", names("*NetworkAcl", "*NetworkAclEntry"), CIS),
    ),
    "alarm_gateway_changes": (
        ("of internet gateways alone", names("*InternetGateway"), CIS),
        ("of customer gateways alone", names("*CustomerGateway"), CIS),
    ),
    "alarm_route_table_changes": (
        ("of routes alone", names("CreateRoute", "ReplaceRoute", "DeleteRoute"), CIS),
        ("without associations", names("*Route", "*RouteTable"), CIS),
    ),
    "alarm_vpc_changes": (
        ("without peering", names("CreateVpc", "DeleteVpc", "ModifyVpcAttribute"), CIS),
        ("without attributes", names("*Vpc", "*VpcPeeringConnection"), CIS),
    ),
    "alarm_organization_changes": (
        ("without units", names("*Policy", "*PolicyType", "*Account", "*Organization", source="organizations"), CIS),
        ("of policies alone", names("*Policy", source="organizations"), CIS),
    ),
}

# Alarms and their surroundings that nobody gets a message of, by what is wrong.
SILENT: t.Final[Mapping[str, tuple[str, t.Callable[[str], Snapshot]]]] = {
    "a threshold that is never reached": (ALARMS, lambda pattern: with_alarm(pattern, threshold=1e9)),
    "a threshold that takes five events": (ALARMS, lambda pattern: with_alarm(pattern, threshold=5.0)),
    "more than one event asked for": (ALARMS, lambda pattern: with_alarm(pattern, comparison="GreaterThanThreshold")),
    "less than nothing asked for": (
        ALARMS,
        lambda pattern: with_alarm(pattern, comparison="LessThanThreshold", threshold=0.0),
    ),
    "an alarm that is always on": (
        MISSING,
        lambda pattern: with_metric(pattern, metric(default=0.0), make_alarm_metric(), threshold=0.0),
    ),
    "an alarm that stays on after the first event": (
        MISSING,
        lambda pattern: with_alarm(pattern, missing_data="ignore"),
    ),
    "missing data that counts as an alarm": (MISSING, lambda pattern: with_alarm(pattern, missing_data="breaching")),
    "three periods in a row": (
        MISSING,
        lambda pattern: with_alarm(pattern, periods=3, datapoints=3, missing_data="notBreaching"),
    ),
    "a metric value of zero": (FILTERS, lambda pattern: with_metric(pattern, metric(value="0"), make_alarm_metric())),
    "a metric value that is no number": (
        FILTERS,
        lambda pattern: with_metric(pattern, metric(value="$.eventName"), make_alarm_metric()),
    ),
    "an average with zeros": (
        FILTERS,
        lambda pattern: with_metric(pattern, metric(default=0.0), make_alarm_metric(statistic="Average")),
    ),
    "a dimension that the metric does not have": (
        FILTERS,
        lambda pattern: with_metric(pattern, metric(), make_alarm_metric(dimensions={"Env": "prod"})),
    ),
    "a dimension that the alarm lacks": (
        FILTERS,
        lambda pattern: with_metric(pattern, metric(dimensions={"region": "$.awsRegion"}), make_alarm_metric()),
    ),
    "one value of a dimension": (
        FILTERS,
        lambda pattern: with_metric(
            pattern,
            metric(dimensions={"address": "$.sourceIPAddress"}),
            make_alarm_metric(dimensions={"address": "192.0.2.17"}),
        ),
    ),
    "a unit that the metric does not have": (
        FILTERS,
        lambda pattern: with_metric(pattern, metric(), make_alarm_metric(unit="Count")),
    ),
    "an alarm on another metric": (FILTERS, lambda pattern: with_alarm(pattern, metrics=(make_alarm_metric(7),))),
    "no alarm": (CIS, lambda pattern: make_alarmed_account(log_alarms=(metric_filter(pattern, alarms=()),))),
    "actions that are switched off": (TOPICS, lambda pattern: with_alarm(pattern, actions_enabled=False)),
    "no action": (CIS, lambda pattern: with_alarm(pattern, actions=())),
    "an action that only scales": (
        TOPICS,
        lambda pattern: with_alarm(pattern, actions=("arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:x",)),
    ),
    "a topic that is gone": (
        TOPICS,
        lambda pattern: make_alarmed_account(pattern, alarm_topics=(topic(exists=False),)),
    ),
    "a topic of somebody else": (
        CIS,
        lambda pattern: make_alarmed_account(
            pattern,
            metric_alarms=(alarm(actions=(TOPIC.replace("111122223333", "666677778888"),)),),
            alarm_topics=(topic(arn=TOPIC.replace("111122223333", "666677778888")),),
        ),
    ),
    "a subscription that is not confirmed": (
        CIS,
        lambda pattern: make_alarmed_account(pattern, alarm_topics=(topic(confirmed=0, pending=1),)),
    ),
    "a topic that admits others only": (
        TOPICS,
        lambda pattern: make_alarmed_account(
            pattern,
            alarm_topics=(
                topic(
                    policy={
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "events.amazonaws.com"},
                                "Action": "sns:Publish",
                                "Resource": TOPIC,
                            }
                        ],
                    }
                ),
            ),
        ),
    ),
    "a topic with AWS's own key": (
        "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services",
        lambda pattern: make_alarmed_account(pattern, alarm_topics=(topic(kms_key_id="alias/aws/sns"),)),
    ),
    "a trail that stopped": (CIS, lambda pattern: make_alarmed_account(pattern, trails=(trail(is_logging=False),))),
    "a trail of one region": (
        CIS,
        lambda pattern: make_alarmed_account(pattern, trails=(trail(is_multi_region=False),)),
    ),
    "a trail of writes alone": (
        SELECTORS,
        lambda pattern: make_alarmed_account(pattern, trails=(trail(logs_management_events=False),)),
    ),
    "a delivery 400 days ago": (
        CIS,
        lambda pattern: make_alarmed_account(pattern, trails=(trail(log_group_delivery=days_ago(400)),)),
    ),
    "a delivery to the bucket 400 days ago": (
        CIS,
        lambda pattern: make_alarmed_account(pattern, trails=(trail(last_delivery=days_ago(400)),)),
    ),
    "a delivery that fails": (
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
        lambda pattern: make_alarmed_account(pattern, trails=(trail(log_group_error="AccessDenied"),)),
    ),
}

# The same in other words, or by other means that tell somebody as well.
SOUND: t.Final[Mapping[str, tuple[str, t.Callable[[str], Snapshot]]]] = {
    "as prescribed": (HUB, make_alarmed_account),
    "more than zero": (
        ALARMS,
        lambda pattern: with_alarm(pattern, comparison="GreaterThanThreshold", threshold=0.0),
    ),
    "a default value and the maximum": (
        FILTERS,
        lambda pattern: with_metric(
            pattern, metric(default=0.0), make_alarm_metric(statistic="Maximum"), missing_data="notBreaching"
        ),
    ),
    "one of several periods": (
        MISSING,
        lambda pattern: with_alarm(pattern, periods=5, datapoints=1, missing_data="notBreaching"),
    ),
    "three periods in a row, where missing data counts as missing": (
        MISSING,
        lambda pattern: with_alarm(pattern, periods=3, datapoints=3),
    ),
    "a count of samples": (
        FILTERS,
        lambda pattern: with_metric(pattern, metric(value="0"), make_alarm_metric(statistic="SampleCount")),
    ),
    "a dimension that the alarm has as well": (
        FILTERS,
        lambda pattern: with_metric(
            pattern,
            metric(dimensions={"Account": "$.recipientAccountId"}),
            make_alarm_metric(dimensions={"Account": "111122223333"}),
        ),
    ),
    "missing data that is ignored, and a default value": (
        MISSING,
        lambda pattern: with_metric(pattern, metric(default=0.0), make_alarm_metric(), missing_data="ignore"),
    ),
    "a second alarm that works": (
        CIS,
        lambda pattern: make_alarmed_account(
            log_alarms=(metric_filter(pattern, alarms=("alarm-0", "second")),),
            metric_alarms=(alarm(threshold=1e9), alarm(name="second")),
        ),
    ),
    "another filter that is useless": (
        CIS,
        lambda pattern: make_alarmed_account(pattern, "{ $.eventName = Never }"),
    ),
}


def _narrow() -> Iterator[Case]:
    for control, patterns in NARROW.items():
        for name, pattern, source in patterns:
            yield Case(control, "FAIL", name, source, functools.partial(make_alarmed_account, pattern))


def _silent() -> Iterator[Case]:
    """Every fault once, and each control with some of them."""
    faults, controls = list(SILENT.items()), list(PRESCRIBED.items())
    for number in range(max(len(faults), 2 * len(controls))):
        name, (source, build) = faults[number % len(faults)]
        control, pattern = controls[number % len(controls)]
        yield Case(control, "FAIL", name, source, functools.partial(build, pattern))


def _sound() -> Iterator[Case]:
    others = [item for item in SOUND.items() if item[0] != "as prescribed"]
    for number, (control, pattern) in enumerate(PRESCRIBED.items()):
        yield Case(control, "PASS", "as prescribed", HUB, functools.partial(make_alarmed_account, pattern))
        for step in range(2):
            name, (source, build) = others[(number + step) % len(others)]
            yield Case(control, "PASS", name, source, functools.partial(build, pattern))


def _but(control: str, condition: str) -> str:
    """The pattern that is prescribed, with a condition besides."""
    return f"{{ ({PRESCRIBED[control].strip()[1:-1]}) && ({condition}) }}"


PROGRAMS: t.Final = ("aws-cli", "Mozilla", "Terraform", "Boto3", "AWS Internal", "cloudformation")
KMS_LEFT_OUT: t.Final = trail(excluded_sources=("kms.amazonaws.com",))
CASES: t.Final = [
    *_narrow(),
    *_silent(),
    *_sound(),
    Case(
        "alarm_kms_key_deletion",
        "FAIL",
        "a trail without events of KMS",
        SELECTORS,
        lambda: make_alarmed_account(PRESCRIBED["alarm_kms_key_deletion"], trails=(KMS_LEFT_OUT,)),
    ),
    Case(
        "alarm_cloudtrail_changes",
        "PASS",
        "a trail without events of KMS",
        SELECTORS,
        lambda: make_alarmed_account(PRESCRIBED["alarm_cloudtrail_changes"], trails=(KMS_LEFT_OUT,)),
    ),
    Case(
        "alarm_unauthorized_calls",
        "FAIL",
        "a trail without the calls of RDS Data API",
        SELECTORS,
        lambda: make_alarmed_account(
            PRESCRIBED["alarm_unauthorized_calls"], trails=(trail(excluded_sources=("rdsdata.amazonaws.com",)),)
        ),
    ),
    Case(
        "alarm_unauthorized_calls",
        "PASS",
        "the newer pattern, which leaves out what services try",
        CIS,
        lambda: make_alarmed_account(
            '{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && '
            '($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket") }'
        ),
    ),
    Case(
        "alarm_vpc_changes",
        "PASS",
        "a filter without a pattern, which catches every event",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html",
        lambda: make_alarmed_account(""),
    ),
    *(
        Case(
            "alarm_cloudtrail_changes",
            expected,
            name,
            CIS,
            functools.partial(
                make_alarmed_account, _but("alarm_cloudtrail_changes", more), regions=("us-east-1", "eu-west-3")
            ),
        )
        for expected, name, more in (
            ("FAIL", "without one of the account's regions", '$.awsRegion != "eu-west-3"'),
            ("FAIL", "the usual programs alone", " || ".join(f'$.userAgent = "*{name}*"' for name in PROGRAMS)),
            ("PASS", "without a region that the account does not use", '$.awsRegion != "me-central-1"'),
        )
    ),
    Case(
        "alarm_root_use",
        "NOT_ASSESSED",
        "a trail whose status could not be read",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
        lambda: make_alarmed_account(PRESCRIBED["alarm_root_use"], trails=(trail(is_logging=None),)),
    ),
    Case(
        "alarm_root_use",
        "NOT_ASSESSED",
        "a trail of which no delivery to its log group is known",
        CIS,
        lambda: make_alarmed_account(PRESCRIBED["alarm_root_use"], trails=(trail(log_group_delivery=None),)),
    ),
    Case(
        "alarm_root_use",
        "NOT_ASSESSED",
        "a topic that could not be read",
        "https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html",
        lambda: make_alarmed_account(PRESCRIBED["alarm_root_use"], alarm_topics=(topic(unknown="AccessDenied"),)),
    ),
    Case(
        "alarm_root_use",
        "NOT_ASSESSED",
        "a percentile, which is not evaluated",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html",
        lambda: with_metric(PRESCRIBED["alarm_root_use"], metric(), make_alarm_metric(statistic="p99")),
    ),
    Case(
        "alarm_root_use",
        "NOT_ASSESSED",
        "metric math, which is not evaluated",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html",
        lambda: with_alarm(PRESCRIBED["alarm_root_use"], computed=True),
    ),
    Case(
        "alarm_root_use",
        "NOT_ASSESSED",
        "a function, of which nobody knows whom it tells",
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html",
        lambda: with_alarm(
            PRESCRIBED["alarm_root_use"], actions=("arn:aws:lambda:us-east-1:111122223333:function:page",)
        ),
    ),
]
