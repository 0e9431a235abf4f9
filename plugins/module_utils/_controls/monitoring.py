# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Metric filters and alarms on CloudTrail's logs, for the events that the benchmarks want somebody to be told of.

CIS asks since its fourth version that the events are "monitored", which EventBridge or another system may do as well.
What can be read cheaply is the filter and the alarm; where another system watches, a waiver says so.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping

from .._account.model import Dataset
from .._account.regional import LogAlarm, Trail
from .._account.trail_reads import LogGroup
from .._converge.finding import Remediation, Severity
from .._policy.arn import arn_account
from .control import Check, Control, Failure, Scope, Verdict, listing, maps
from .filter_pattern import PatternError, parse

_THEME = "monitoring"
_FILTERS = "metric filters"
ORGANIZATION_CHANGES: t.Final = "organization_changes"
Event = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Watch:
    """One recommendation: its number in the section on monitoring, and the events to be caught, by their names."""

    name: str
    what: str
    number: int
    hub: str
    events: Mapping[str, Event]


def _calls(source: str, *names: str) -> Mapping[str, Event]:
    return {
        name: {
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "eventType": "AwsApiCall",
            "userIdentity": {"type": "AssumedRole"},
        }
        for name in names
    }


def _sign_in(name: str, **more: t.Any) -> Mapping[str, Event]:
    event = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn"}
    return {name: {**event, "userIdentity": {"type": "IAMUser"}, **more}}


def _refused(code: str) -> Mapping[str, Event]:
    event = _calls("ec2", "RunInstances")["RunInstances"]
    return {code: {**event, "errorCode": code, "sourceIPAddress": "192.0.2.1"}}


def _by_root(name: str, kind: str) -> Mapping[str, Event]:
    return {f"{name} by root": {"eventName": name, "eventType": kind, "userIdentity": {"type": "Root"}}}


_IAM_EVENTS: t.Final = tuple(
    f"{verb}{policy}"
    for verb, policies in {
        "Put": ("GroupPolicy", "RolePolicy", "UserPolicy"),
        "Delete": ("GroupPolicy", "RolePolicy", "UserPolicy", "Policy", "PolicyVersion"),
        "Create": ("Policy", "PolicyVersion"),
        "Attach": ("GroupPolicy", "RolePolicy", "UserPolicy"),
        "Detach": ("GroupPolicy", "RolePolicy", "UserPolicy"),
    }.items()
    for policy in policies
)

WATCHES: t.Final = (
    Watch(
        "unauthorized_calls",
        "unauthorized API calls",
        1,
        "CloudWatch.2",
        {**_refused("Client.UnauthorizedOperation"), **_refused("AccessDenied"), **_refused("AccessDeniedException")},
    ),
    Watch(
        "sign_in_without_mfa",
        "console sign-in without MFA",
        2,
        "CloudWatch.3",
        _sign_in(
            "sign-in without MFA", additionalEventData={"MFAUsed": "No"}, responseElements={"ConsoleLogin": "Success"}
        ),
    ),
    Watch(
        "root_use",
        "use of root",
        3,
        "CloudWatch.1",
        {**_by_root("ConsoleLogin", "AwsConsoleSignIn"), **_by_root("CreateUser", "AwsApiCall")},
    ),
    Watch("iam_policy_changes", "changes of IAM policies", 4, "CloudWatch.4", _calls("iam", *_IAM_EVENTS)),
    Watch(
        "cloudtrail_changes",
        "changes of CloudTrail",
        5,
        "CloudWatch.5",
        _calls("cloudtrail", "CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
    ),
    Watch(
        "failed_sign_ins",
        "failed console sign-ins",
        6,
        "CloudWatch.6",
        _sign_in("failed sign-in", errorMessage="Failed authentication", responseElements={"ConsoleLogin": "Failure"}),
    ),
    Watch(
        "kms_key_deletion",
        "disabling and deletion of KMS keys",
        7,
        "CloudWatch.7",
        _calls("kms", "DisableKey", "ScheduleKeyDeletion"),
    ),
    Watch(
        "bucket_policy_changes",
        "changes of bucket policies",
        8,
        "CloudWatch.8",
        _calls(
            "s3",
            "PutBucketAcl",
            "PutBucketPolicy",
            "PutBucketCors",
            "PutBucketLifecycle",
            "PutBucketReplication",
            "DeleteBucketPolicy",
            "DeleteBucketCors",
            "DeleteBucketLifecycle",
            "DeleteBucketReplication",
        ),
    ),
    Watch(
        "config_changes",
        "changes of AWS Config",
        9,
        "CloudWatch.9",
        _calls(
            "config",
            "StopConfigurationRecorder",
            "DeleteDeliveryChannel",
            "PutDeliveryChannel",
            "PutConfigurationRecorder",
        ),
    ),
    Watch(
        "security_group_changes",
        "changes of security groups",
        10,
        "CloudWatch.10",
        _calls(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress",
            "CreateSecurityGroup",
            "DeleteSecurityGroup",
        ),
    ),
    Watch(
        "network_acl_changes",
        "changes of network ACLs",
        11,
        "CloudWatch.11",
        _calls(
            "ec2",
            "CreateNetworkAcl",
            "CreateNetworkAclEntry",
            "DeleteNetworkAcl",
            "DeleteNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "ReplaceNetworkAclAssociation",
        ),
    ),
    Watch(
        "gateway_changes",
        "changes of network gateways",
        12,
        "CloudWatch.12",
        _calls(
            "ec2",
            "CreateCustomerGateway",
            "DeleteCustomerGateway",
            "AttachInternetGateway",
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "DetachInternetGateway",
        ),
    ),
    Watch(
        "route_table_changes",
        "changes of route tables",
        13,
        "CloudWatch.13",
        _calls(
            "ec2",
            "CreateRoute",
            "CreateRouteTable",
            "ReplaceRoute",
            "ReplaceRouteTableAssociation",
            "DeleteRouteTable",
            "DeleteRoute",
            "DisassociateRouteTable",
        ),
    ),
    Watch(
        "vpc_changes",
        "changes of VPCs",
        14,
        "CloudWatch.14",
        _calls(
            "ec2",
            "CreateVpc",
            "DeleteVpc",
            "ModifyVpcAttribute",
            "AcceptVpcPeeringConnection",
            "CreateVpcPeeringConnection",
            "DeleteVpcPeeringConnection",
            "RejectVpcPeeringConnection",
        ),
    ),
    Watch(
        ORGANIZATION_CHANGES,
        "changes of the organization",
        15,
        "",
        _calls(
            "organizations",
            "AttachPolicy",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeleteOrganization",
            "DeleteOrganizationalUnit",
            "DeletePolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "InviteAccountToOrganization",
            "LeaveOrganization",
            "MoveAccount",
            "RemoveAccountFromOrganization",
            "UpdateOrganizationalUnit",
            "UpdatePolicy",
        ),
    ),
)


def owned_trails(scope: Scope) -> tuple[Trail, ...]:
    """Trails that this account made. Those of the organization are another account's to judge and to mend."""
    return tuple(
        trail for trail in scope.snapshot.trails if arn_account(trail.arn) in (None, scope.snapshot.account_id)
    )


def _heard(scope: Scope) -> tuple[LogAlarm, ...]:
    """The alarms on log groups that get the management events of every region: others wait for events in vain."""
    groups = [
        LogGroup.of_arn(trail.log_group_arn)
        for trail in owned_trails(scope)
        if trail.log_group_arn
        and trail.is_multi_region
        and trail.is_logging is not False
        and trail.logs_management_events is not False
    ]
    fed = {(group.region, group.name) for group in groups if group}
    return tuple(item for item in scope.snapshot.log_alarms if (item.region, item.log_group) in fed)


def _without_log_group(scope: Scope) -> t.Optional[Verdict]:
    """What to say where no trail of this account has a log group, so that there is nothing to put a filter on."""
    if any(trail.log_group_arn for trail in owned_trails(scope)) or scope.snapshot.log_alarms:
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


def _uncaught(events: Mapping[str, Event], filters: tuple[LogAlarm, ...]) -> list[str]:
    """Names of events that no filter catches; filters that can't be understood catch none."""
    predicates = []
    for item in filters:
        try:
            predicates.append(parse(item.pattern))
        except PatternError:
            continue
    return [name for name, event in events.items() if not any(predicate(event) for predicate in predicates)]


def _watched(watch: Watch) -> Check:
    def check(scope: Scope) -> Verdict:
        verdict = _of_organization(scope) if watch.name == ORGANIZATION_CHANGES else _without_log_group(scope)
        if verdict is not None:
            return verdict
        alarms = scope.snapshot.log_alarms
        uncaught = _uncaught(watch.events, tuple(item for item in _heard(scope) if item.notified and item.alarms))
        if not uncaught:
            return Verdict(len(alarms), _FILTERS, detail=f"{watch.what}: caught by metric filters whose alarms notify")
        unread = scope.unread_regions(Dataset.LOG_ALARMS)
        if unread:
            return Verdict(len(alarms), _FILTERS, not_assessed=f"metric filters could not be read in {listing(unread)}")
        silent = _uncaught(watch.events, alarms) != uncaught
        detail = (
            f"nobody is told of {listing(uncaught, 5)}" if len(watch.events) > 1 else f"nobody is told of {watch.what}"
        )
        detail += (
            "; there is a filter, but no alarm on it that notifies somebody, or no trail of every region feeds it"
            if silent
            else ""
        )
        return Verdict(len(alarms), _FILTERS, (Failure(scope.facts.account_arn, detail, {"not_caught": uncaught}),))

    return check


def _controls() -> Iterator[Control]:
    for watch in WATCHES:
        yield Control(
            id=f"alarm_{watch.name}",
            title=f"Somebody is told of {watch.what}",
            severity=Severity.LOW,
            theme=_THEME,
            needs=(Dataset.LOG_ALARMS, Dataset.TRAILS),
            uses=(Dataset.ORGANIZATION,),
            check=_watched(watch),
            expected="metric filters on a trail's log group that catch the events, with alarms that notify somebody",
            rationale="An event that nobody is told of is found months later, if at all.",
            remediation=Remediation(
                "Add a metric filter with an alarm that notifies somebody, or waive this where another system watches."
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
