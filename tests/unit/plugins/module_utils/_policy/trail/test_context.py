# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The condition keys that an event shows, and those that it leaves unknown."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import ABSENT, UNKNOWN_KEY
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail import context as trail_context
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.context import (
    ContextReader,
    list_parameter_keys,
)

from .events import ASSUMED_ROLE, CONSOLE_USER, IAM_USER, Record, event

FOR_A_CALLER = {**ASSUMED_ROLE, "invokedBy": "cloudformation.amazonaws.com"}


def key_of(record: Record, key: str, action: str = "s3:listbucket") -> t.Any:
    return ContextReader(record, None).context(action).get(key)


@pytest.mark.parametrize(
    ("record", "key", "value"),
    [
        (event("s3:ListObjects"), "aws:RequestedRegion", ("eu-central-1",)),
        (event("s3:ListObjects"), "aws:SourceIp", ("203.0.113.64",)),
        (event("s3:ListObjects"), "aws:UserAgent", ("aws-cli/2.31.0",)),
        (event("s3:ListObjects"), "aws:ViaAWSService", ("false",)),
        (event("s3:ListObjects"), "aws:userid", ("AROAIDPPEZS35WEXAMPLE:build-17",)),
        (event("s3:ListObjects", tlsDetails={"tlsVersion": "TLSv1.3"}), "aws:SecureTransport", ("true",)),
        (event("s3:ListObjects"), "aws:SecureTransport", UNKNOWN_KEY),
        # What CloudTrail does not record.
        (event("s3:ListObjects"), "aws:PrincipalTag/team", UNKNOWN_KEY),
        (event("s3:ListObjects"), "aws:RequestTag/team", UNKNOWN_KEY),
        (event("s3:ListObjects"), "aws:SourceVpc", UNKNOWN_KEY),
        (event("s3:ListObjects"), "aws:SourceVpce", UNKNOWN_KEY),
        (event("s3:ListObjects"), "aws:CalledVia", UNKNOWN_KEY),
        (event("s3:ListObjects"), "aws:MultiFactorAuthAge", UNKNOWN_KEY),
        # Through a VPC endpoint the address is a private one.
        (event("s3:ListObjects", vpcEndpointId="vpce-1"), "aws:SourceVpce", ("vpce-1",)),
        (event("s3:ListObjects", vpcEndpointId="vpce-1"), "aws:VpcSourceIp", ("203.0.113.64",)),
        (event("s3:ListObjects", vpcEndpointId="vpce-1"), "aws:SourceIp", UNKNOWN_KEY),
        # Forward access sessions.
        (event("s3:ListObjects", FOR_A_CALLER), "aws:ViaAWSService", ("true",)),
        (event("s3:ListObjects", FOR_A_CALLER), "aws:CalledViaLast", ("cloudformation.amazonaws.com",)),
        (event("s3:ListObjects", FOR_A_CALLER), "aws:CalledVia", UNKNOWN_KEY),
        (event("s3:ListObjects", FOR_A_CALLER), "aws:SourceIp", UNKNOWN_KEY),
        (event("s3:ListObjects", {**ASSUMED_ROLE, "invokedBy": "AWS Internal"}), "aws:ViaAWSService", UNKNOWN_KEY),
        (event("s3:ListObjects", sourceIPAddress="s3.amazonaws.com"), "aws:SourceIp", UNKNOWN_KEY),
        (event("s3:ListObjects", sourceIPAddress="AWS Internal"), "aws:ViaAWSService", UNKNOWN_KEY),
        (event("s3:ListObjects", sourceIPAddress="2001:db8::1"), "aws:SourceIp", ("2001:db8::1",)),
        # MFA: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        (event("s3:ListObjects"), "aws:MultiFactorAuthPresent", ("false",)),
        (event("s3:ListObjects", CONSOLE_USER), "aws:MultiFactorAuthPresent", ("true",)),
        (event("s3:ListObjects", IAM_USER), "aws:MultiFactorAuthPresent", ABSENT),
        (event("s3:ListObjects", IAM_USER), "aws:MultiFactorAuthAge", ABSENT),
        (event("s3:ListObjects", IAM_USER), "aws:TokenIssueTime", ABSENT),
        # Keys of the request itself.
        (event("s3:ListObjects", requestParameters={"prefix": "a/", "bucketName": "b"}), "s3:prefix", ("a/",)),
        (event("s3:ListObjects", requestParameters={"bucketName": "b"}), "s3:prefix", ABSENT),
        (event("s3:ListObjects"), "s3:prefix", UNKNOWN_KEY),
    ],
)
def test_condition_keys(record: Record, key: str, value: t.Any) -> None:
    assert key_of(record, key) == value


@pytest.mark.parametrize(
    ("action", "parameters", "key", "value"),
    [
        ("iam:createrole", {"permissionsBoundary": "arn:b"}, "iam:PermissionsBoundary", ("arn:b",)),
        ("iam:createrole", {"roleName": "x"}, "iam:PermissionsBoundary", ABSENT),
        ("iam:putrolepolicy", {"roleName": "x"}, "iam:PermissionsBoundary", UNKNOWN_KEY),
        ("iam:attachuserpolicy", {"policyArn": "arn:p"}, "iam:PolicyARN", ("arn:p",)),
        ("lambda:addpermission", {"principal": "*"}, "lambda:FunctionUrlAuthType", ABSENT),
        ("lambda:addpermission", {"functionUrlAuthType": "NONE"}, "lambda:FunctionUrlAuthType", ("NONE",)),
        ("sts:assumerole", {"externalId": "42"}, "sts:ExternalId", ("42",)),
        ("ec2:runinstances", {"instanceType": {"odd": 1}}, "ec2:InstanceType", UNKNOWN_KEY),
        ("ec2:runinstances", {"instanceType": "m5.large"}, "ec2:InstanceType", ("m5.large",)),
        # A launch template or a default stands in for the parameter.
        ("ec2:runinstances", {"imageId": "ami-1"}, "ec2:InstanceType", UNKNOWN_KEY),
        ("rds:createdbinstance", {"dBInstanceClass": "db.t4g.micro"}, "rds:DatabaseClass", ("db.t4g.micro",)),
        (
            "rds:createdbinstance",
            {"dBInstanceClass": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            "rds:DatabaseClass",
            UNKNOWN_KEY,
        ),
        ("s3:putobject", {"bucketName": "b"}, "s3:x-amz-acl", ABSENT),
        ("s3:putobject", {"x-amz-acl": "private"}, "s3:x-amz-acl", ("private",)),
        ("s3:putobject", {"omitted": True}, "s3:x-amz-acl", UNKNOWN_KEY),
    ],
)
def test_keys_of_requests(action: str, parameters: Record, key: str, value: t.Any) -> None:
    assert key_of(event("iam:X", requestParameters=parameters), key, action) == value


def test_a_key_of_another_type_of_resource_is_not_known() -> None:
    reader = ContextReader(event("ec2:RunInstances", requestParameters={"instanceType": "m5.large"}), None)
    assert reader.context("ec2:runinstances").get("ec2:InstanceType") == ("m5.large",)
    assert reader.context("ec2:runinstances", but=["ec2:instancetype"]).get("ec2:InstanceType") is UNKNOWN_KEY


def test_every_key_of_a_parameter_is_one_of_its_action() -> None:
    for name in (*trail_context._PARAMETERS, *trail_context._DEFAULTED):
        service, _colon, bare = name.partition(":")
        action = catalogue.action(service, bare)
        assert action is not None, name
        missing = list_parameter_keys(name) - action.condition_keys
        assert not missing, f"{name}: {missing}"


def test_federation_and_source_identity() -> None:
    session = {
        **ASSUMED_ROLE["sessionContext"],
        "sourceIdentity": "alice",
        "webIdFederationData": {"federatedProvider": "arn:aws:iam::111122223333:oidc-provider/idp.example"},
    }
    record = event("s3:ListObjects", {**ASSUMED_ROLE, "sessionContext": session})
    assert key_of(record, "aws:SourceIdentity") == ("alice",)
    assert key_of(record, "aws:FederatedProvider") == ("arn:aws:iam::111122223333:oidc-provider/idp.example",)


def test_keys_that_do_not_matter_are_left_out() -> None:
    keys = frozenset({"aws:sourceip"})
    context = ContextReader(event("s3:ListObjects", IAM_USER), keys).context("s3:listbucket")
    assert context == ContextReader(event("s3:ListObjects", userAgent="other"), keys).context("x:y")
    assert context.get("aws:RequestedRegion") is UNKNOWN_KEY
