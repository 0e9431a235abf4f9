# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A recorded call under an SCP that denies one of the authorizations that AWS made of it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import Layers
from ansible_collections.hardening.iam.plugins.module_utils._policy.impact.judge import Breakage, Judge
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import SkipReason
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.resources import (
    Subject,
    find_targets,
    is_ruled_out,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

from .events import ACCOUNT, IAM_USER, ROLE, USER, Record, event

SAFE, MAY, WILL = Breakage.SAFE, Breakage.MAY_BREAK, Breakage.WILL_BREAK
HERE = f"eu-central-1:{ACCOUNT}"
OBJECT = {"bucketName": "data", "key": "a/b.csv"}
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ADMIN = parse({"Version": "2012-10-17", "Statement": [FULL]}, name="admin")


def call(event_name: str, /, resources: t.Sequence[str] = (), **parameters: t.Any) -> Record:
    """An event with these parameters; those of AWS that have a hyphen come with an underscore."""
    given = {key.replace("_", "-"): value for key, value in parameters.items()}
    return event(event_name, requestParameters=given, resources=[{"ARN": arn} for arn in resources] or None)


def outcome(record: Record, action: str, resource: t.Any = "*", condition: t.Optional[Record] = None) -> Breakage:
    """The worst that an SCP does to the event, if it denies the action on the resource."""
    denial = {"Effect": "Deny", "Action": action, "Resource": resource}
    if condition:
        denial["Condition"] = condition
    guard = parse({"Version": "2012-10-17", "Statement": [FULL, denial]}, name="guard")
    judge = Judge(Layers((ADMIN,), scps=((ADMIN,),)), Layers((ADMIN,), scps=((guard,),)))
    reading = EventReader().read([record], Source.TRAIL)
    assert reading.uses, reading.skipped
    return min((judge.verdict(use).outcome for use in reading.uses), key=list(Breakage).index)


RUN = call(
    "ec2:RunInstances",
    instancesSet={"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 1}]},
    instanceType="m5.large",
    subnetId="subnet-1",
    blockDeviceMapping={},
)
NOT_MICRO = {"StringNotEquals": {"ec2:InstanceType": "t2.micro"}}
INSTANCES = "arn:*:ec2:*:*:instance/*"


def run(**parameters: t.Any) -> Record:
    return {**RUN, "requestParameters": {**RUN["requestParameters"], **parameters}}


TAGGED = {"items": [{"resourceType": "instance", "tags": [{"key": "a", "value": "b"}]}]}


@pytest.mark.parametrize(
    ("record", "action", "resource", "condition", "expected"),
    [
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_ec2.html
        (RUN, "ec2:RunInstances", INSTANCES, NOT_MICRO, WILL),
        (run(instanceType="t2.micro"), "ec2:RunInstances", INSTANCES, NOT_MICRO, SAFE),
        # A launch template, or a default of EC2, has the type: nothing is known of it.
        (run(instanceType=None), "ec2:RunInstances", INSTANCES, NOT_MICRO, MAY),
        # Only the instance has a type. On "*" the subnet lacks the key, so that AWS's sample denies it too.
        (run(instanceType="t2.micro"), "ec2:RunInstances", "*", NOT_MICRO, MAY),
        (RUN, "ec2:RunInstances", f"arn:aws:ec2:{HERE}:subnet/subnet-1", None, WILL),
        (RUN, "ec2:RunInstances", f"arn:aws:ec2:{HERE}:subnet/subnet-2", None, SAFE),
        (RUN, "ec2:RunInstances", "arn:aws:ec2:*::image/ami-1", None, WILL),
        (RUN, "ec2:RunInstances", "arn:aws:ec2:*::image/ami-2", None, SAFE),
        (RUN, "ec2:RunInstances", "arn:aws:ec2:*:*:security-group/sg-1", None, MAY),
        (RUN, "ec2:RunInstances", "arn:aws:ec2:*:*:volume/*", None, MAY),
        (RUN, "ec2:RunInstances", "arn:aws:ec2:*:*:key-pair/*", None, SAFE),
        (run(keyName="k"), "ec2:RunInstances", "arn:aws:ec2:*:*:key-pair/*", None, WILL),
        (run(launchTemplate={"launchTemplateId": "lt-1"}), "ec2:RunInstances", "arn:aws:ec2:*:*:key-pair/*", None, MAY),
        (run(tagSpecificationSet=TAGGED), "ec2:CreateTags", "arn:aws:ec2:*:*:instance/*", None, WILL),
        (run(tagSpecificationSet=TAGGED), "ec2:CreateTags", "arn:aws:ec2:*:*:volume/*", None, SAFE),
        (
            run(tagSpecificationSet=TAGGED),
            "ec2:CreateTags",
            "*",
            {"StringNotEquals": {"ec2:CreateAction": "RunInstances"}},
            SAFE,
        ),
        (RUN, "ec2:CreateTags", "*", None, SAFE),
        (run(launchTemplate={"launchTemplateId": "lt-1"}), "ec2:CreateTags", "*", None, MAY),
        (run(iamInstanceProfile={"name": "p"}), "iam:PassRole", "*", None, WILL),
        (RUN, "iam:PassRole", "*", None, SAFE),
        # What CloudTrail cut off shows nothing.
        (
            event("ec2:RunInstances", requestParameters={"omitted": True}),
            "ec2:RunInstances",
            "arn:aws:ec2:*:*:key-pair/*",
            None,
            MAY,
        ),
        (event("ec2:RunInstances", requestParameters={"omitted": True}), "ec2:CreateTags", "*", None, MAY),
        (event("ec2:RunInstances", requestParameters={"omitted": True}), "iam:PassRole", "*", None, WILL),
        # SSM
        (call("ssm:StartSession", target="i-1"), "ssm:StartSession", "arn:aws:ec2:*:*:instance/*", None, WILL),
        (call("ssm:StartSession", target="i-1"), "ssm:StartSession", "arn:aws:ec2:*:*:instance/i-2", None, SAFE),
        (call("ssm:StartSession", target="i-1"), "ssm:StartSession", "arn:aws:ssm:*:*:managed-instance/*", None, SAFE),
        (call("ssm:StartSession", target="i-1"), "ssm:StartSession", "arn:aws:ssm:*:*:document/*", None, MAY),
        (
            call("ssm:StartSession", target="i-1", documentName="AWS-StartPortForwardingSession"),
            "ssm:StartSession",
            "arn:aws:ssm:*::document/AWS-StartPortForwardingSession",
            None,
            WILL,
        ),
        (
            call("ssm:StartSession", target="i-1", documentName="SSM-SessionManagerRunShell"),
            "ssm:StartSession",
            f"arn:aws:ssm:*:{ACCOUNT}:document/SSM-SessionManagerRunShell",
            None,
            WILL,
        ),
        (
            call("ssm:SendCommand", documentName="AWS-RunShellScript", instanceIds=["i-1", "i-2"]),
            "ssm:SendCommand",
            "arn:aws:ec2:*:*:instance/i-2",
            None,
            WILL,
        ),
        (
            call("ssm:SendCommand", documentName="AWS-RunShellScript", targets=[{"key": "tag:a", "values": ["b"]}]),
            "ssm:SendCommand",
            "arn:aws:ec2:*:*:instance/i-2",
            None,
            MAY,
        ),
        (
            call("ssm:ListTagsForResource", resourceType="Parameter", resourceId="/app/key"),
            "ssm:ListTagsForResource",
            f"arn:aws:ssm:{HERE}:parameter/app/key",
            None,
            WILL,
        ),
        (
            call("ssm:ListTagsForResource", resourceType="Parameter", resourceId="/app/key"),
            "ssm:ListTagsForResource",
            "arn:aws:ssm:*:*:maintenancewindow/*",
            None,
            SAFE,
        ),
        (call("ssm:GetParameter", name="/a/b:3"), "ssm:GetParameter", "arn:aws:ssm:*:*:parameter/a/b", None, WILL),
        (call("ssm:GetParameter", name="/a/b", withDecryption=True), "kms:Decrypt", "*", None, MAY),
        (call("ssm:GetParameter", name="/a/b"), "kms:Decrypt", "*", None, SAFE),
        (
            call("ssm:GetParameters", [f"arn:aws:ssm:{HERE}:parameter/a"], names=["a", "gone"]),
            "ssm:GetParameters",
            "arn:aws:ssm:*:*:parameter/gone",
            None,
            WILL,
        ),
        # S3
        (call("s3:GetObject", **OBJECT, versionId="v1"), "s3:GetObjectVersion", "arn:aws:s3:::data/*", None, WILL),
        (call("s3:GetObject", **OBJECT, versionId="v1"), "s3:GetObject", "arn:aws:s3:::data/*", None, SAFE),
        (call("s3:GetObject", **OBJECT), "s3:GetObjectVersion", "*", None, SAFE),
        (call("s3:GetObject", **OBJECT), "s3:GetObject", "arn:aws:s3:::data/a/*", None, WILL),
        (call("s3:GetObject", **OBJECT), "s3:GetObject", "arn:aws:s3:::other/*", None, SAFE),
        (call("s3:GetObject", **OBJECT), "s3:GetObject", "arn:aws:s3:*:*:accesspoint/*", None, SAFE),
        (
            call("s3:GetObject", bucketName=f"arn:aws:s3:{HERE}:accesspoint/p", key="k"),
            "s3:GetObject",
            "arn:aws:s3:*:*:accesspoint/*",
            None,
            MAY,
        ),
        (
            call("s3:GetObject", bucketName="p-abc-s3alias", key="k"),
            "s3:GetObject",
            "arn:aws:s3:*:*:accesspoint/*",
            None,
            MAY,
        ),
        (
            call("s3:GetObject", ["arn:aws:s3:::data/a/b.csv"]),
            "s3:GetObject",
            "arn:aws:s3:*:*:accesspoint/*",
            None,
            MAY,
        ),
        (call("s3:DeleteObject", **OBJECT, versionId="v1"), "s3:DeleteObjectVersion", "*", None, WILL),
        (call("s3:DeleteObjects", bucketName="data"), "s3:DeleteObjectVersion", "*", None, MAY),
        (call("s3:PutObject", **OBJECT, x_amz_acl="public-read"), "s3:PutObjectAcl", "arn:aws:s3:::data/*", None, WILL),
        (
            call("s3:PutObject", **OBJECT, x_amz_acl="public-read"),
            "s3:PutObjectAcl",
            "arn:aws:s3:::other/*",
            None,
            SAFE,
        ),
        (call("s3:PutObject", **OBJECT), "s3:PutObjectAcl", "*", None, SAFE),
        (call("s3:PutObject", **OBJECT, x_amz_tagging="a=b"), "s3:PutObjectTagging", "*", None, WILL),
        (
            call("s3:PutObject", **OBJECT),
            "s3:PutObject",
            "*",
            {"Null": {"s3:x-amz-server-side-encryption": "true"}},
            WILL,
        ),
        (
            call("s3:PutObject", **OBJECT, x_amz_server_side_encryption="aws:kms"),
            "s3:PutObject",
            "*",
            {"Null": {"s3:x-amz-server-side-encryption": "true"}},
            SAFE,
        ),
        (
            call("s3:PutObject", **OBJECT, x_amz_server_side_encryption_aws_kms_key_id=f"arn:aws:kms:{HERE}:key/k-1"),
            "kms:GenerateDataKey",
            f"arn:aws:kms:{HERE}:key/k-1",
            None,
            MAY,
        ),
        (
            call("s3:CopyObject", **OBJECT, x_amz_copy_source="/other/k%20ey?versionId=v"),
            "s3:GetObjectVersion",
            "arn:aws:s3:::other/k ey",
            None,
            WILL,
        ),
        (
            call("s3:CopyObject", **OBJECT, x_amz_copy_source="other/key"),
            "s3:GetObject",
            "arn:aws:s3:::other/*",
            None,
            WILL,
        ),
        (
            call("s3:CopyObject", **OBJECT, x_amz_copy_source="other/key"),
            "s3:GetObject",
            "arn:aws:s3:::third/*",
            None,
            SAFE,
        ),
        (call("s3:CopyObject", **OBJECT, x_amz_copy_source="other/key"), "s3:GetObjectTagging", "*", None, MAY),
        (call("s3:GetObjectAttributes", **OBJECT), "s3:GetObject", "*", None, WILL),
        # Auto Scaling and Application Auto Scaling
        (
            call("autoscaling:RegisterScalableTarget", serviceNamespace="ecs", resourceId="service/a/b"),
            "application-autoscaling:RegisterScalableTarget",
            "*",
            None,
            WILL,
        ),
        (
            call("autoscaling:RegisterScalableTarget", serviceNamespace="ecs", resourceId="service/a/b"),
            "autoscaling:*",
            "*",
            None,
            SAFE,
        ),
        (
            call("autoscaling:PutScalingPolicy", serviceNamespace="ecs", policyName="p"),
            "application-autoscaling:*",
            "*",
            None,
            WILL,
        ),
        (call("autoscaling:PutScalingPolicy", autoScalingGroupName="g"), "application-autoscaling:*", "*", None, SAFE),
        (
            call("autoscaling:PutScalingPolicy", autoScalingGroupName="g"),
            "autoscaling:PutScalingPolicy",
            "*",
            None,
            WILL,
        ),
        (call("autoscaling:PutScalingPolicy", policyName="p"), "application-autoscaling:*", "*", None, MAY),
        (
            call("autoscaling:SetDesiredCapacity", autoScalingGroupName="g"),
            "autoscaling:*",
            "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/other",
            None,
            SAFE,
        ),
        # Account Management
        (
            call("account:GetGovCloudAccountInformation", standardAccountId="444455556666"),
            "account:GetGovCloudAccountInformation",
            "arn:aws:account::*:account/o-*/*",
            None,
            MAY,
        ),
        (
            call("account:GetGovCloudAccountInformation"),
            "account:GetGovCloudAccountInformation",
            "arn:aws:account::*:account/o-*/*",
            None,
            SAFE,
        ),
        # Step Functions
        (
            call("states:ListExecutions", mapRunArn=f"arn:aws:states:{HERE}:mapRun:m/e:0123abcd"),
            "states:ListExecutions",
            "arn:aws:states:*:*:stateMachine:*",
            None,
            SAFE,
        ),
        (
            call("states:ListExecutions", mapRunArn=f"arn:aws:states:{HERE}:mapRun:m/e:0123abcd"),
            "states:ListExecutions",
            "arn:aws:states:*:*:mapRun:*",
            None,
            WILL,
        ),
        # DynamoDB
        (
            call("dynamodb:Query", tableName="t", indexName="i"),
            "dynamodb:Query",
            "arn:aws:dynamodb:*:*:table/t/index/i",
            None,
            WILL,
        ),
        (call("dynamodb:Query", tableName="t"), "dynamodb:Query", "arn:aws:dynamodb:*:*:table/t/index/*", None, SAFE),
        (call("dynamodb:Query", tableName="t"), "dynamodb:Query", "arn:aws:dynamodb:*:*:table/t", None, WILL),
        # Lambda
        (
            call("lambda:Invoke", functionName="app", qualifier="live"),
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{HERE}:function:app:live",
            None,
            WILL,
        ),
        (
            call("lambda:Invoke", functionName=f"arn:aws:lambda:{HERE}:function:app:live"),
            "lambda:InvokeFunction",
            "arn:aws:lambda:*:*:function:app:*",
            None,
            WILL,
        ),
        (
            call("lambda:Invoke", [f"arn:aws:lambda:{HERE}:function:app"], functionName="app:live"),
            "lambda:InvokeFunction",
            "arn:aws:lambda:*:*:function:*:live",
            None,
            WILL,
        ),
        (
            call("lambda:Invoke", functionName="app"),
            "lambda:InvokeFunction",
            "arn:aws:lambda:*:*:function:*:*",
            None,
            SAFE,
        ),
        (
            call("lambda:CreateFunction20150331", functionName="f", code={"s3Bucket": "b", "s3Key": "k"}),
            "s3:GetObject",
            "arn:aws:s3:::b/*",
            None,
            WILL,
        ),
        (
            call(
                "lambda:UpdateFunctionConfiguration20150331v2", functionName="f", vpcConfig={"subnetIds": ["subnet-1"]}
            ),
            "ec2:DescribeSubnets",
            "*",
            None,
            WILL,
        ),
        # CloudWatch Logs
        (
            call("logs:CreateLogStream", logGroupName="/app/x", logStreamName="s"),
            "logs:CreateLogStream",
            "arn:aws:logs:*:*:log-group:/app/x:*",
            None,
            WILL,
        ),
        (
            call("logs:DescribeLogStreams", logGroupName="/app/x"),
            "logs:DescribeLogStreams",
            "arn:aws:logs:*:*:log-group:/app/y:*",
            None,
            SAFE,
        ),
        (
            call("logs:GetLogEvents", logGroupName="/app/x", logStreamName="s/1"),
            "logs:GetLogEvents",
            "arn:aws:logs:*:*:log-group:/app/x:log-stream:s/1",
            None,
            WILL,
        ),
        # STS, IAM, KMS, ELB, Glue, SQS
        (call("sts:AssumeRole", roleArn=ROLE, tags=[{"key": "a", "value": "b"}]), "sts:TagSession", ROLE, None, WILL),
        (call("sts:AssumeRole", roleArn=ROLE, sourceIdentity="alice"), "sts:SetSourceIdentity", "*", None, WILL),
        (call("sts:AssumeRole", roleArn=ROLE), "sts:TagSession", "*", None, SAFE),
        (
            call("iam:CreateRole", roleName="r", path="/a/"),
            "iam:CreateRole",
            f"arn:aws:iam::{ACCOUNT}:role/a/r",
            None,
            WILL,
        ),
        (call("iam:CreateRole", roleName="r", tags=[{"key": "a", "value": "b"}]), "iam:TagRole", "*", None, WILL),
        (call("iam:DeleteRole", roleName="r"), "iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/a/r", None, MAY),
        (call("iam:DeleteRole", roleName="r"), "iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/a/other", None, SAFE),
        (
            call("iam:GetPolicy", policyArn="arn:aws:iam::aws:policy/X"),
            "iam:GetPolicy",
            "arn:aws:iam::aws:policy/X",
            None,
            WILL,
        ),
        (
            call("kms:CreateAlias", aliasName="alias/a", targetKeyId="0123abcd-1"),
            "kms:CreateAlias",
            "arn:aws:kms:*:*:key/*",
            None,
            WILL,
        ),
        (call("kms:DeleteAlias", aliasName="alias/a"), "kms:DeleteAlias", "arn:aws:kms:*:*:key/0123abcd-1", None, MAY),
        (
            call(
                "elasticloadbalancing:DeleteListener",
                listenerArn=f"arn:aws:elasticloadbalancing:{HERE}:listener/app/a/b/c",
            ),
            "elasticloadbalancing:DeleteListener",
            "arn:aws:elasticloadbalancing:*:*:listener/net/*",
            None,
            SAFE,
        ),
        (
            call("ec2:CreateTags", resourcesSet={"items": [{"resourceId": "vol-1"}]}),
            "ec2:CreateTags",
            "arn:aws:ec2:*:*:volume/vol-1",
            None,
            WILL,
        ),
        (
            call("ec2:CreateTags", resourcesSet={"items": [{"resourceId": "vol-1"}]}),
            "ec2:CreateTags",
            "arn:aws:ec2:*:*:instance/*",
            None,
            SAFE,
        ),
        (call("glue:GetTable", databaseName="d", name="t"), "glue:GetTable", "arn:aws:glue:*:*:catalog", None, WILL),
        (
            call("glue:GetTable", databaseName="d", name="t"),
            "glue:GetTable",
            "arn:aws:glue:*:*:table/d/other",
            None,
            SAFE,
        ),
        (
            call("sqs:SendMessage", queueUrl=f"https://sqs.eu-central-1.amazonaws.com/{ACCOUNT}/jobs"),
            "sqs:SendMessage",
            "arn:aws:sqs:*:*:jobs",
            None,
            WILL,
        ),
        (
            call("dynamodb:CreateTable", tableName="t", tags=[{"key": "a", "value": "b"}]),
            "dynamodb:TagResource",
            "*",
            None,
            MAY,
        ),
        (
            call("rds:CreateDBInstance", dBInstanceIdentifier="D", kmsKeyId="0123abcd-1"),
            "kms:CreateGrant",
            "*",
            None,
            MAY,
        ),
        (
            call("ecr:PutImage", repositoryName="r", registryId="999988887777"),
            "ecr:PutImage",
            "arn:aws:ecr:*:999988887777:repository/r",
            None,
            WILL,
        ),
    ],
    ids=lambda value: value["eventName"] if isinstance(value, dict) and "eventName" in value else "",
)
def test_an_scp_that_denies_one_authorization_of_a_call(
    record: Record, action: str, resource: str, condition: t.Optional[Record], expected: Breakage
) -> None:
    assert outcome(record, action, resource, condition) is expected


def test_a_user_who_names_nobody_means_itself() -> None:
    record = event("iam:GetUser", IAM_USER)
    assert [target.resource for target in find_targets(Subject(record, {}), "iam:getuser")] == [USER]
    named = event("iam:GetUser", IAM_USER, requestParameters={"userName": "bob"})
    assert [target.resource for target in find_targets(Subject(named, {}), "iam:getuser")] == [None]


@pytest.mark.parametrize(
    ("parameters", "kind", "out"),
    [
        ({"bucketName": "data"}, "accesspointobject", True),
        ({"bucketName": "data-s3alias"}, "accesspointobject", False),
        ({"bucketName": "data"}, "object", False),
        ({}, "accesspointobject", False),
        (None, "accesspointobject", False),
        ({"omitted": True, "bucketName": "data"}, "accesspointobject", False),
    ],
)
def test_types_that_an_event_rules_out(parameters: t.Any, kind: str, out: bool) -> None:
    assert is_ruled_out(event("s3:GetObject", requestParameters=parameters), "s3:getobject", kind) is out


def test_a_call_of_which_nothing_is_known_is_about_one_of_its_types() -> None:
    """An action of which no type is required, and an event that shows none: one authorization, on any of them."""
    (target,) = find_targets(Subject(event("ssm:GetConnectionStatus"), {}), "ssm:getconnectionstatus")
    assert (target.resource, target.is_possible, len(target.candidates)) == (None, False, 3)


@pytest.mark.parametrize("record", [RUN, call("s3:PutObject", **OBJECT, x_amz_acl="private")])
def test_what_is_not_an_event_of_aws_is_read_all_the_same(record: Record) -> None:
    """Log files come from a bucket that others may write to."""
    odd: list[t.Any] = [
        None,
        "",
        0,
        [],
        {},
        [None],
        {"a": None},
        "arn:",
        {"items": [1]},
        [[]],
        {"content": 1, "tag": 1},
    ]
    for name in record["requestParameters"]:
        for value in odd:
            changed = {**record, "requestParameters": {**record["requestParameters"], name: value}}
            assert not isinstance(EventReader().calls(changed), SkipReason)
