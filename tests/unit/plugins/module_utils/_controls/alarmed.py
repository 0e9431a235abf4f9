# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account whose trail, metric filters, alarms and topics tell somebody, unless a test says otherwise."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.event_rules import AlertTopic
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Organization, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import (
    AlarmMetric,
    FilterMetric,
    LogAlarm,
    MetricAlarm,
)

from .catalogue.test_detective import trail
from .samples import ACCOUNT, snapshot

TOPIC: t.Final = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"
NAMESPACE: t.Final = "CISBenchmark"
# What SNS gives a new topic, shortened: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
DEFAULT_POLICY: t.Final[dict[str, t.Any]] = {
    "Version": "2008-10-17",
    "Statement": [
        {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["SNS:GetTopicAttributes", "SNS:Publish", "SNS:Subscribe"],
            "Resource": TOPIC,
            "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
        }
    ],
}


def names(*given: str, source: str = "") -> str:
    """A pattern of event names, in the style of the benchmarks."""
    which = " || ".join(f"($.eventName = {name})" for name in given)
    return f"{{ ($.eventSource = {source}.amazonaws.com) && ({which}) }}" if source else f"{{ {which} }}"


# The patterns that AWS prescribes for Security Hub's CloudWatch controls, which are those of CIS 1.4:
# https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
PRESCRIBED: t.Final[dict[str, str]] = {
    "alarm_unauthorized_calls": '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    "alarm_sign_in_without_mfa": (
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && '
        '($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }'
    ),
    "alarm_root_use": (
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}'
    ),
    "alarm_iam_policy_changes": names(
        *("DeleteGroupPolicy", "DeleteRolePolicy", "DeleteUserPolicy", "PutGroupPolicy", "PutRolePolicy"),
        *("PutUserPolicy", "CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion"),
        *("AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy", "AttachGroupPolicy"),
        "DetachGroupPolicy",
        source="iam",
    ),
    "alarm_cloudtrail_changes": names("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
    "alarm_failed_sign_ins": '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    "alarm_kms_key_deletion": names("DisableKey", "ScheduleKeyDeletion", source="kms"),
    "alarm_bucket_policy_changes": names(
        *("PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication"),
        *("DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication"),
        source="s3",
    ),
    "alarm_config_changes": names(
        *("StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"),
        source="config",
    ),
    "alarm_security_group_changes": names(
        *("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
        *("RevokeSecurityGroupEgress", "CreateSecurityGroup", "DeleteSecurityGroup"),
    ),
    "alarm_network_acl_changes": names(
        *("CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl", "DeleteNetworkAclEntry"),
        *("ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation"),
    ),
    "alarm_gateway_changes": names(
        *("CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway", "CreateInternetGateway"),
        *("DeleteInternetGateway", "DetachInternetGateway"),
    ),
    "alarm_route_table_changes": names(
        *("CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation", "DeleteRouteTable"),
        *("DeleteRoute", "DisassociateRouteTable"),
        source="ec2",
    ),
    "alarm_vpc_changes": names(
        *("CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection", "CreateVpcPeeringConnection"),
        *("DeleteVpcPeeringConnection", "RejectVpcPeeringConnection", "AttachClassicLinkVpc", "DetachClassicLinkVpc"),
        *("DisableVpcClassicLink", "EnableVpcClassicLink"),
    ),
    "alarm_organization_changes": names(
        *("AcceptHandshake", "AttachPolicy", "CreateAccount", "CreateOrganizationalUnit", "CreatePolicy"),
        *("DeclineHandshake", "DeleteOrganization", "DeleteOrganizationalUnit", "DeletePolicy", "DetachPolicy"),
        *("DisablePolicyType", "EnablePolicyType", "InviteAccountToOrganization", "LeaveOrganization", "MoveAccount"),
        *("RemoveAccountFromOrganization", "UpdatePolicy", "UpdateOrganizationalUnit"),
        source="organizations",
    ),
}


def topic(**fields: t.Any) -> AlertTopic:
    """A topic with one confirmed subscription."""
    return AlertTopic(**{"arn": TOPIC, "policy": DEFAULT_POLICY, "confirmed": 1, **fields})


def metric(number: int = 0, **fields: t.Any) -> FilterMetric:
    """The metric that a filter reports to."""
    return FilterMetric(**{"namespace": NAMESPACE, "name": f"metric-{number}", "value": "1", **fields})


def make_alarm_metric(number: int = 0, **fields: t.Any) -> AlarmMetric:
    """The same metric as an alarm looks at it."""
    values = {"namespace": NAMESPACE, "name": f"metric-{number}", "statistic": "Sum", "period": 300}
    return AlarmMetric(**{**values, **fields})


def alarm(number: int = 0, **fields: t.Any) -> MetricAlarm:
    """The alarm that the benchmarks prescribe."""
    values: dict[str, t.Any] = {
        "region": "us-east-1",
        "name": f"alarm-{number}",
        "arn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:alarm-{number}",
        "metrics": (make_alarm_metric(number),),
        "comparison": "GreaterThanOrEqualToThreshold",
        "threshold": 1.0,
        "actions": (TOPIC,),
    }
    return MetricAlarm(**{**values, **fields})


def metric_filter(pattern: str, number: int = 0, **fields: t.Any) -> LogAlarm:
    """A metric filter on the log group of the trail."""
    values: dict[str, t.Any] = {
        "region": "us-east-1",
        "log_group": "trail",
        "filter_name": f"filter-{number}",
        "pattern": pattern,
        "metrics": (metric(number),),
        "alarms": (f"alarm-{number}",),
    }
    return LogAlarm(**{**values, **fields})


def make_alarmed_account(*patterns: str, **fields: t.Any) -> Snapshot:
    """The management account of an organization, with a filter and an alarm for each pattern."""
    values: dict[str, t.Any] = {
        "organization": Organization("o-1", ACCOUNT, "ALL"),
        "trails": (trail(),),
        "log_alarms": tuple(metric_filter(pattern, number) for number, pattern in enumerate(patterns)),
        "metric_alarms": tuple(alarm(number) for number, _pattern in enumerate(patterns)),
        "alarm_topics": (topic(),),
    }
    return snapshot(**{**values, **fields})


def with_alarm(pattern: str, **fields: t.Any) -> Snapshot:
    """An account with one pattern, and another alarm than the one that is prescribed."""
    return make_alarmed_account(pattern, metric_alarms=(alarm(**fields),))


def with_metric(pattern: str, reported: FilterMetric, looked: AlarmMetric, **fields: t.Any) -> Snapshot:
    """An account with one pattern, and another metric than the usual one."""
    account = make_alarmed_account(pattern, metric_alarms=(alarm(metrics=(looked,), **fields),))
    return dataclasses.replace(account, log_alarms=(metric_filter(pattern, metrics=(reported,)),))
