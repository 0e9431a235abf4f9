# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of CloudTrail events: uses of permissions, or events that are none, and why."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import UNKNOWN_KEY
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import SkipReason, moment_of
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.calls import Call
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

from .events import ACCOUNT, ASSUMED_ROLE, CONSOLE_USER, IAM_USER, ISSUER, KEY, ROLE, USER, Record, assume, event

BUCKET = "arn:aws:s3:::acme-data"
FUNCTION = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:app"


def calls(record: t.Any, **options: t.Any) -> tuple[Call, ...]:
    found = EventReader(**options).calls(record)
    assert not isinstance(found, SkipReason), found
    return found


def list_certain_calls(record: Record, **options: t.Any) -> list[tuple[str, t.Optional[str]]]:
    """What the event needed for certain."""
    return [(call.action, call.resource) for call in calls(record, **options) if not call.is_possible]


# Who it was


@pytest.mark.parametrize(
    ("identity", "principal"),
    [
        (IAM_USER, USER),
        (CONSOLE_USER, USER),
        (ASSUMED_ROLE, ROLE),
        ({**ASSUMED_ROLE, "invokedBy": "cloudformation.amazonaws.com"}, ROLE),
        (
            {
                **ASSUMED_ROLE,
                "type": "FederatedUser",
                "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/fred",
                "sessionContext": {"sessionIssuer": {"type": "IAMUser", "arn": USER, "accountId": ACCOUNT}},
            },
            USER,
        ),
    ],
    ids=["user", "user with a session", "role", "a service for a role", "federated user"],
)
def test_the_principal_is_the_user_or_the_role_behind_the_session(identity: Record, principal: str) -> None:
    """The ARN of a session has no path: that of its issuer has."""
    assert {call.principal_arn for call in calls(event("s3:ListBuckets", identity))} == {principal}


LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (event("s3:ListBuckets", {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}), SkipReason.ROOT),
        (event("kms:Decrypt", {"type": "AWSService", "invokedBy": "s3.amazonaws.com"}), SkipReason.SERVICE),
        (event("config:PutEvaluations", assume(LINKED)), SkipReason.SERVICE),
        (event("s3:GetObject", {"type": "AWSAccount", "accountId": "999988887777"}), SkipReason.FOREIGN),
        (event("sts:AssumeRoleWithSAML", {"type": "SAMLUser", "userName": "x"}), SkipReason.FOREIGN),
        (event("sts:AssumeRoleWithWebIdentity", {"type": "WebIdentityUser", "userName": "x"}), SkipReason.FOREIGN),
        (event("s3:ListBuckets", {**ASSUMED_ROLE, "sessionContext": {}}), SkipReason.FOREIGN),
        (event("sts:GetCallerIdentity"), SkipReason.NO_PERMISSION),
        (event("sts:GetSessionToken", IAM_USER), SkipReason.NO_PERMISSION),
        (event("signin:ConsoleLogin", IAM_USER, eventType="AwsConsoleSignIn"), SkipReason.NO_PERMISSION),
        (event("signin:SwitchRole"), SkipReason.NO_PERMISSION),
        (event("secretsmanager:EndSecretVersionDelete", eventType="AwsServiceEvent"), SkipReason.NO_PERMISSION),
        (event("ec2:SharedSnapshotVolumeCreated", eventType="AwsServiceEvent"), SkipReason.NO_PERMISSION),
        (event("ec2:RunInstances", eventType="AwsCloudTrailInsight"), SkipReason.NO_PERMISSION),
        ({}, SkipReason.MALFORMED),
        (None, SkipReason.MALFORMED),
        ([], SkipReason.MALFORMED),
        ({"userIdentity": "alice"}, SkipReason.MALFORMED),
        ({**event("s3:ListBuckets"), "eventName": 7}, SkipReason.MALFORMED),
    ],
)
def test_events_that_are_no_use(record: t.Any, reason: SkipReason) -> None:
    assert EventReader().calls(record) is reason


def test_other_principals_are_left_out() -> None:
    assert EventReader(principals=[USER]).calls(event("s3:ListBuckets")) is SkipReason.OTHER
    assert list_certain_calls(event("s3:ListBuckets"), principals=[ROLE]) == [("s3:ListAllMyBuckets", None)]


# Whether it worked


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("AccessDenied", False),
        ("AccessDeniedException", False),
        ("Client.UnauthorizedOperation", False),
        ("UnauthorizedOperation", False),
        ("AuthorizationError", False),
        ("NotAuthorized", False),
        ("AllAccessDisabled", False),
        ("Client.DryRunOperation", True),
        ("NoSuchEntityException", True),
        ("NoSuchBucket", True),
        ("ThrottlingException", True),
        ("ValidationException", True),
        ("Client.InvalidParameterValue", True),
    ],
)
def test_denied_calls_are_no_use_and_others_that_failed_are(code: str, counts: bool) -> None:
    found = EventReader().calls(event("ec2:RunInstances", errorCode=code, errorMessage="…"))
    assert (found is not SkipReason.DENIED) is counts


def test_a_wrong_password_of_an_application_is_no_denial() -> None:
    denied = event("cognito-idp:AdminInitiateAuth", errorCode="NotAuthorizedException")
    assert EventReader().calls(denied) is not SkipReason.DENIED
    assert EventReader().calls({**denied, "errorCode": "AccessDenied"}) is SkipReason.DENIED


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"role/deployer": ROLE}, True),
        ({"role/deployer": ROLE.replace(ACCOUNT, "999988887777")}, False),
        ({"user/deployer": USER}, False),
    ],
    ids=["the role of that name", "of another account", "a user"],
)
def test_a_session_without_issuer_is_that_of_the_role_in_its_arn(names: dict[str, str], found: bool) -> None:
    calls = EventReader(names=names).calls(event("s3:ListBuckets", {**ASSUMED_ROLE, "sessionContext": {}}))
    assert (not isinstance(calls, SkipReason) and calls[0].principal_arn == ROLE) is found


# What it was


@pytest.mark.parametrize(
    ("record", "uses"),
    [
        (event("s3:ListBuckets"), [("s3:ListAllMyBuckets", None)]),
        (
            event(
                "s3:GetObject",
                requestParameters={"bucketName": "acme-data", "key": "a/b.csv"},
                resources=[
                    {"type": "AWS::S3::Object", "ARN": f"{BUCKET}/a/b.csv"},
                    {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": BUCKET},
                ],
            ),
            [("s3:GetObject", f"{BUCKET}/a/b.csv")],
        ),
        (
            event("s3:GetObject", requestParameters={"bucketName": "acme-data", "key": "a/b.csv"}),
            [("s3:GetObject", f"{BUCKET}/a/b.csv")],
        ),
        (
            event("s3:PutBucketReplication", requestParameters={"bucketName": "acme-data"}),
            [("s3:PutReplicationConfiguration", BUCKET)],
        ),
        (
            event("s3:CopyObject", requestParameters={"bucketName": "acme-data", "key": "k"}),
            [("s3:PutObject", f"{BUCKET}/k"), ("s3:GetObject", None)],
        ),
        (
            event("lambda:UpdateFunctionCode20150331v2", requestParameters={"functionName": "app"}),
            [("lambda:UpdateFunctionCode", FUNCTION)],
        ),
        (
            event("lambda:UpdateFunctionCode20150331v2", requestParameters={"functionName": FUNCTION}),
            [("lambda:UpdateFunctionCode", FUNCTION)],
        ),
        (
            event("dynamodb:DescribeTable", requestParameters={"tableName": "orders"}),
            [("dynamodb:DescribeTable", f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/orders")],
        ),
        (
            event("sts:AssumeRole", requestParameters={"roleArn": f"arn:aws:iam::{ACCOUNT}:role/x"}),
            [("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/x")],
        ),
        (
            event("kms:Decrypt", resources=[{"ARN": f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k"}]),
            [("kms:Decrypt", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k")],
        ),
        (event("iam:PutRolePolicy", requestParameters={"roleName": "unheard-of"}), [("iam:PutRolePolicy", None)]),
        (
            event(
                "iam:AttachRolePolicy",
                requestParameters={"roleName": "deployer", "policyArn": "arn:aws:iam::aws:policy/X"},
            ),
            [("iam:AttachRolePolicy", ROLE)],
        ),
        (
            event("iam:CreateRole", responseElements={"role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/app/new"}}),
            [("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/app/new")],
        ),
        (event("ec2:DescribeInstances"), [("ec2:DescribeInstances", None)]),
        (
            event("ec2:TerminateInstances", requestParameters={"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
            [("ec2:TerminateInstances", f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-1")],
        ),
        (event("monitoring:PutMetricData"), [("cloudwatch:PutMetricData", None)]),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)
def test_actions_and_resources(record: Record, uses: list[tuple[str, t.Optional[str]]]) -> None:
    assert list_certain_calls(record, names={"role/deployer": ROLE}) == uses


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("amazonmq:CreateBroker", "mq:CreateBroker"),
        ("rdsdataapi:ExecuteStatement", "rds-data:ExecuteStatement"),
        ("cloudcontrolapi:CreateResource", "cloudformation:CreateResource"),
        ("bedrock:Converse", "bedrock:InvokeModel"),
        ("s3tables:GetObject", "s3tables:GetTableData"),
        ("ssm:OpenControlChannel", "ssmmessages:OpenControlChannel"),
        ("ssm:SendCommand", "ssm:SendCommand"),
    ],
)
def test_events_from_sources_and_with_names_of_their_own(call: str, action: str) -> None:
    assert {one.action for one in calls(event(call)) if not one.is_possible} == {action}


def test_an_event_of_no_known_action_tells_the_service_alone() -> None:
    (call,) = calls(event("dynamodb:NoSuchEvent"))
    assert call.is_service_level


# PassRole, which is never an event


PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/app"
EC2 = "ec2.amazonaws.com"
TASKS = "ecs-tasks.amazonaws.com"


@pytest.mark.parametrize(
    ("record", "role", "service"),
    [
        (event("lambda:CreateFunction20150331", requestParameters={"role": ROLE}), ROLE, "lambda.amazonaws.com"),
        (event("lambda:CreateFunction20150331", requestParameters={"functionName": "app"}), "none", None),
        (event("lambda:UpdateFunctionCode20150331v2", requestParameters={"role": ROLE}), "none", None),
        (event("ec2:RunInstances", requestParameters={"iamInstanceProfile": {"arn": PROFILE}}), None, EC2),
        (event("ec2:RunInstances", requestParameters={"iamInstanceProfile": {"name": "app"}}), None, EC2),
        (event("ec2:RunInstances", requestParameters={"imageId": "ami-1"}), "none", None),
        (event("ecs:RegisterTaskDefinition", requestParameters={"taskRoleArn": ROLE, "family": "x"}), ROLE, TASKS),
        (event("states:CreateStateMachine", requestParameters={"roleArn": ROLE}), ROLE, "states.amazonaws.com"),
        (
            event("cloudformation:CreateStack", requestParameters={"roleARN": ROLE}),
            ROLE,
            "cloudformation.amazonaws.com",
        ),
        (event("ecs:RegisterTaskDefinition", requestParameters={"taskRoleArn": "deployer"}), ROLE, TASKS),
        (event("ecs:RegisterTaskDefinition", requestParameters={"taskRoleArn": "unheard-of"}), None, TASKS),
        (event("ecs:CreateService", requestParameters={"role": ROLE}), ROLE, "ecs.amazonaws.com"),
        (
            event("ec2:CreateFlowLogs", requestParameters={"deliverLogsPermissionArn": ROLE}),
            ROLE,
            "vpc-flow-logs.amazonaws.com",
        ),
        (event("eks:CreateCluster", requestParameters={"roleArn": ROLE}), ROLE, "eks.amazonaws.com"),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) else "",
)
def test_roles_that_are_handed_to_a_service(record: Record, role: t.Optional[str], service: t.Optional[str]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
    passed = [call for call in calls(record, names={"role/deployer": ROLE}) if call.action == "iam:PassRole"]
    if role == "none":
        assert passed == []
        return
    (call,) = passed
    assert call.resource == role
    expected = (service,) if service else UNKNOWN_KEY
    assert call.context.get("iam:PassedToService") == expected


def test_a_role_that_may_be_for_several_services_is_for_no_other_ones() -> None:
    record = event("eks:CreateNodegroup", requestParameters={"nodeRole": ROLE})
    (passed,) = [call for call in calls(record) if call.action == "iam:PassRole"]
    assert passed.context.get("iam:PassedToService") == ("ec2.amazonaws.com", "eks.amazonaws.com")


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("ec2:RunInstances", {"iamInstanceProfile": {"name": "web"}}),
        ("ec2:RunInstances", {"iamInstanceProfile": {"arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/path/web"}}),
        ("autoscaling:CreateLaunchConfiguration", {"iamInstanceProfile": "web"}),
        ("elasticmapreduce:RunJobFlow", {"jobFlowRole": "web"}),
    ],
)
def test_the_role_of_an_instance_profile_is_passed_and_no_role_of_its_name(call: str, parameters: Record) -> None:
    names = {"role/web": f"{ROLE}-other", "instance-profile/web": ROLE}
    found = calls(event(call, requestParameters=parameters), names=names)
    assert [one.resource for one in found if one.action == "iam:PassRole"] == [ROLE]
    unknown = calls(event(call, requestParameters=parameters), names={"role/web": f"{ROLE}-other"})
    assert [one.resource for one in unknown if one.action == "iam:PassRole"] == [None]


def test_the_role_of_a_profile_of_another_account_is_not_known() -> None:
    foreign = {"iamInstanceProfile": {"arn": "arn:aws:iam::999999999999:instance-profile/web"}}
    found = calls(event("ec2:RunInstances", requestParameters=foreign), names={"instance-profile/web": ROLE})
    assert [one.resource for one in found if one.action == "iam:PassRole"] == [None]


# How often, by what key, with what keys


def test_equal_calls_are_one_use_with_a_count_and_both_ends() -> None:
    records = [event("s3:ListBuckets", eventTime=f"2026-11-{day}T00:00:00Z") for day in ("20", "03", "11")]
    reading = EventReader(keys=frozenset()).read([*records, event("sts:GetCallerIdentity")], Source.EVENT_HISTORY)
    (use,) = reading.uses
    assert (use.count, use.first, use.last) == (
        3,
        datetime(2026, 11, 3, tzinfo=UTC),
        datetime(2026, 11, 20, tzinfo=UTC),
    )
    assert use.source is Source.EVENT_HISTORY
    assert (reading.events, dict(reading.skipped)) == (4, {SkipReason.NO_PERMISSION: 1})


def test_only_condition_keys_that_matter_tell_uses_apart() -> None:
    records = [event("s3:ListBuckets", sourceIPAddress=f"203.0.113.{number}") for number in range(5)]
    for keys, count in ((frozenset(), 1), (frozenset({"aws:sourceip"}), 5), (None, 5)):
        assert len(EventReader(keys=keys).read(records, Source.TRAIL).uses) == count


@pytest.mark.parametrize(("identity", "key"), [(IAM_USER, KEY), (CONSOLE_USER, None), (ASSUMED_ROLE, None)])
def test_the_long_term_key_that_signed(identity: Record, key: t.Optional[str]) -> None:
    assert {call.access_key_id for call in calls(event("s3:ListBuckets", identity))} == {key}


@pytest.mark.parametrize("text", [None, 7, "", "yesterday", "2026-11-20T09:30:00"])
def test_times_that_are_none(text: object) -> None:
    assert moment_of({"eventTime": text}) is None


def test_whatever_an_event_holds_it_is_read() -> None:
    """Events come from a bucket that others may write to."""
    odd: list[t.Any] = [None, "", 0, [], {}, [None], {"a": None}, "arn:", {"ARN": 1}, [[]]]
    for value in odd:
        for field in ("requestParameters", "responseElements", "resources", "awsRegion", "errorCode", "tlsDetails"):
            EventReader().calls({**event("lambda:CreateFunction20150331"), field: value})
        for field in ("sessionContext", "arn", "type", "invokedBy", "principalId", "accessKeyId"):
            EventReader().calls(event("s3:GetObject", {**ASSUMED_ROLE, field: value}))
        session = {"sessionIssuer": ISSUER, "attributes": value, "webIdFederationData": value, "sourceIdentity": value}
        EventReader().calls(event("s3:GetObject", {**ASSUMED_ROLE, "sessionContext": session}))
