# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The recommendations of the benchmarks on monitoring, with the events that each of them is about."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from .trail_events import (
    CONSOLE_ACTION,
    SIGN_IN,
    Caller,
    Place,
    Recorder,
    Sample,
    make_callers,
    make_federated_user,
    make_foreign_account,
    make_root,
    make_user,
)

ORGANIZATION_CHANGES: t.Final = "organization_changes"


@dataclasses.dataclass(frozen=True)
class Watch:
    """One recommendation: its number in the section on monitoring, and the events that an alarm has to go off for."""

    name: str
    what: str
    number: int
    hub: str
    samples: Callable[[Place], tuple[Sample, ...]]


def _make_calls(service: str, *names: str) -> Callable[[Place], tuple[Sample, ...]]:
    """Make a maker of samples: each of these calls by every kind of caller."""
    return lambda place: tuple(Recorder(place).calls(service, names))


def _make_refused_calls(place: Place) -> tuple[Sample, ...]:
    """Make refused calls, with the error codes that services use for a refusal.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    record = Recorder(place)
    alice, server, person = make_callers(place)[0], make_callers(place)[1], make_callers(place)[3]
    return (
        record.refuse(alice, "ec2", "RunInstances", "Client.UnauthorizedOperation"),
        record.refuse(server, "ec2", "DescribeInstances", "Client.UnauthorizedOperation"),
        record.refuse(server, "iam", "CreateUser", "AccessDenied"),
        record.refuse(person, "s3", "GetBucketPolicy", "AccessDenied"),
        record.refuse(alice, "sts", "AssumeRole", "AccessDenied"),
        record.refuse(make_foreign_account(place), "sts", "AssumeRole", "AccessDenied"),
        record.refuse(make_root(place), "organizations", "LeaveOrganization", "AccessDenied"),
        record.refuse(make_federated_user(place), "sqs", "CreateQueue", "AccessDenied"),
        record.refuse(person, "lambda", "ListFunctions20150331", "AccessDeniedException"),
        record.refuse(server, "secretsmanager", "GetSecretValue", "AccessDeniedException"),
        record.refuse(alice, "dynamodb", "DescribeTable", "AccessDeniedException"),
        # The sources that a trail can leave out.
        record.refuse(server, "kms", "Decrypt", "AccessDenied"),
        record.refuse(server, "rdsdata", "ExecuteStatement", "AccessDeniedException"),
    )


def _make_sign_ins_without_mfa(place: Place) -> tuple[Sample, ...]:
    """Make sign-ins of users by a password alone. Those of root have a recommendation of their own."""
    record = Recorder(place)
    names = ("Alice", "bob", "people/carol", "dev/ops/dan", "eve@example.com", "break-glass", "svc_legacy", "trudy+1")
    found = [make_user(place, name) for name in names]
    return tuple(
        Sample("sign-in without MFA", caller.by, record.sign_in(_signing_in(caller), mfa="No")) for caller in found
    )


def _make_failed_sign_ins(place: Place) -> tuple[Sample, ...]:
    """Make sign-ins with a wrong password, of users and of root, by a password alone or with MFA."""
    record = Recorder(place)
    tries = [(make_user(place, name), mfa) for name in ("Alice", "bob", "people/carol") for mfa in ("No", "Yes")]
    tries += [(make_root(place), mfa) for mfa in ("No", "Yes")]
    return tuple(
        Sample("failed sign-in", who.by, record.sign_in(_signing_in(who), mfa=mfa, result="Failure"))
        for who, mfa in tries
    )


def _signing_in(caller: Caller) -> Caller:
    """Somebody who has no session yet."""
    lacking = ("accessKeyId", "sessionContext")
    identity = {key: value for key, value in caller.identity.items() if key not in lacking}
    return dataclasses.replace(caller, identity=identity)


def _make_root_events(place: Place) -> tuple[Sample, ...]:
    """Make events of root: sign-ins, a failed one, password recovery, and calls with a session and with a key."""
    record, session = Recorder(place), make_root(place)
    bare = _signing_in(session)
    identity = {**bare.identity, "accessKeyId": place.unique_id("AKIA", "root")}
    key = dataclasses.replace(session, identity=identity)
    events = {
        "ConsoleLogin": record.sign_in(bare, mfa="No"),
        "failed ConsoleLogin": record.sign_in(bare, mfa="Yes", result="Failure"),
        "PasswordRecoveryRequested": record.call(bare, "signin", "PasswordRecoveryRequested", eventType=SIGN_IN),
        "CreateAccessKey": record.call(session, "iam", "CreateAccessKey"),
        "GetCallerIdentity": record.call(key, "sts", "GetCallerIdentity", readOnly=True),
        "RunInstances": record.call(key, "ec2", "RunInstances"),
        "DeleteBucketPolicy": record.call(session, "s3", "DeleteBucketPolicy"),
        "refused LeaveOrganization": record.refuse(session, "organizations", "LeaveOrganization", "AccessDenied").event,
        "PutAlternateContact": record.call(session, "account", "PutAlternateContact"),
        "console action": record.call(session, "support", "DescribeCases", eventType=CONSOLE_ACTION, readOnly=True),
    }
    return tuple(Sample(name, session.by, event) for name, event in events.items())


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
        _make_refused_calls,
    ),
    Watch(
        "sign_in_without_mfa",
        "console sign-in without MFA",
        2,
        "CloudWatch.3",
        _make_sign_ins_without_mfa,
    ),
    Watch(
        "root_use",
        "use of root",
        3,
        "CloudWatch.1",
        _make_root_events,
    ),
    Watch("iam_policy_changes", "changes of IAM policies", 4, "CloudWatch.4", _make_calls("iam", *_IAM_EVENTS)),
    Watch(
        "cloudtrail_changes",
        "changes of CloudTrail",
        5,
        "CloudWatch.5",
        _make_calls("cloudtrail", "CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"),
    ),
    Watch(
        "failed_sign_ins",
        "failed console sign-ins",
        6,
        "CloudWatch.6",
        _make_failed_sign_ins,
    ),
    Watch(
        "kms_key_deletion",
        "disabling and deletion of KMS keys",
        7,
        "CloudWatch.7",
        _make_calls("kms", "DisableKey", "ScheduleKeyDeletion"),
    ),
    Watch(
        "bucket_policy_changes",
        "changes of bucket policies",
        8,
        "CloudWatch.8",
        _make_calls(
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
        _make_calls(
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
        _make_calls(
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
        _make_calls(
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
        _make_calls(
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
        _make_calls(
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
        _make_calls(
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
        _make_calls(
            "organizations",
            "AcceptHandshake",
            "AttachPolicy",
            "CreateAccount",
            "CreateOrganizationalUnit",
            "CreatePolicy",
            "DeclineHandshake",
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
