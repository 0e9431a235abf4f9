# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient

from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import (
    FenceError,
    OperationFence,
    PrefixFence,
    enclose,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations

DECLARED = Operations(
    reads=frozenset({"iam:GetUser"}),
    writes=frozenset({"iam:CreateUser"}),
    jobs=frozenset({"accessanalyzer:StartPolicyGeneration"}),
)
AUDIT = {"TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}}
DELETE = {"TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"}}
PASSWORD = {"TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword"}}
FORGED = {"TaskPolicyArn": {"arn": "arn:aws:iam::111122223333:policy/root-task/IAMDeleteRootUserCredentials"}}


@pytest.mark.parametrize(
    ("operation", "parameters", "in_check_mode", "else_"),
    [
        ("iam:GetUser", {}, True, True),
        ("iam:CreateUser", {}, False, True),
        ("accessanalyzer:StartPolicyGeneration", {}, False, True),
        ("accessanalyzer:CancelPolicyGeneration", {}, False, False),
        ("iam:ListUsers", {}, False, False),
        ("iam:DeleteUser", {}, False, False),
        ("sts:AssumeRole", {}, True, True),
        ("sts:GetCallerIdentity", {}, True, True),
        ("ec2:DescribeRegions", {}, True, True),
        ("sts:GetSessionToken", {}, False, False),
        ("secretsmanager:GetSecretValue", {}, False, False),
        ("iam:GenerateCredentialReport", {}, True, False),
        ("iam:GenerateServiceLastAccessedDetails", {}, True, False),
        ("iam:GenerateOrganizationsAccessReport", {}, True, False),
        ("sts:AssumeRoot", AUDIT, True, False),
        ("sts:AssumeRoot", DELETE, False, False),
        ("sts:AssumeRoot", {}, False, False),
    ],
)
def test_what_passes(operation: str, parameters: dict[str, t.Any], in_check_mode: bool, else_: bool) -> None:
    assert (OperationFence(DECLARED, check_mode=True).refusal(operation, parameters) is None) is in_check_mode
    assert (OperationFence(DECLARED, check_mode=False).refusal(operation, parameters) is None) is else_


@pytest.mark.parametrize(
    ("declared", "parameters", "in_check_mode", "else_"),
    [
        (Operations(reads=frozenset({"sts:AssumeRoot"})), AUDIT, True, True),
        (Operations(reads=frozenset({"sts:AssumeRoot"})), DELETE, False, False),
        (Operations(writes=frozenset({"sts:AssumeRoot"})), AUDIT, True, True),
        (Operations(writes=frozenset({"sts:AssumeRoot"})), DELETE, False, True),
        (Operations(writes=frozenset({"sts:AssumeRoot"})), PASSWORD, False, False),
        (Operations(writes=frozenset({"sts:AssumeRoot"})), FORGED, False, False),
        (Operations(writes=frozenset({"sts:AssumeRoot"})), {"TaskPolicyArn": {}}, False, False),
    ],
)
def test_sessions_as_root_by_their_task(
    declared: Operations, parameters: dict[str, t.Any], in_check_mode: bool, else_: bool
) -> None:
    assert (OperationFence(declared, check_mode=True).refusal("sts:AssumeRoot", parameters) is None) is in_check_mode
    assert (OperationFence(declared, check_mode=False).refusal("sts:AssumeRoot", parameters) is None) is else_


@pytest.mark.parametrize(
    ("operation", "parameters", "passes"),
    [
        ("s3:PutObject", {"Bucket": "b", "Key": "reports/1/report.json"}, True),
        ("s3:GetObject", {"Bucket": "b", "Key": "reports/1/report.json"}, True),
        ("s3:ListObjectsV2", {"Bucket": "b", "Prefix": "reports/1"}, True),
        ("s3:HeadBucket", {"Bucket": "b"}, True),
        ("sts:AssumeRole", {}, True),
        ("s3:PutObject", {"Bucket": "b", "Key": "elsewhere"}, False),
        ("s3:PutObject", {"Bucket": "other", "Key": "reports/1/report.json"}, False),
        ("s3:ListObjectsV2", {"Bucket": "b"}, False),
        ("s3:DeleteObject", {"Bucket": "b", "Key": "reports/1/report.json"}, False),
        ("s3:PutBucketPolicy", {"Bucket": "b"}, False),
        ("iam:CreateUser", {}, False),
    ],
)
def test_what_passes_to_a_place_in_s3(operation: str, parameters: dict[str, t.Any], passes: bool) -> None:
    assert (PrefixFence("b", "reports/").refusal(operation, parameters) is None) is passes


def client(session: botocore.session.Session) -> BaseClient:
    # Nobody listens there: a call that is let through ends in a connection error, one that is fenced does not.
    made: BaseClient = session.create_client("iam", region_name="us-east-1", endpoint_url="http://127.0.0.1:9")
    return made


def test_a_call_outside_the_fence_never_leaves() -> None:
    session = botocore.session.Session()
    fenced, free = client(session), client(session)
    enclose(fenced, OperationFence(DECLARED, check_mode=True))
    sent: list[str] = []

    def record(request: AWSPreparedRequest, **_unused: t.Any) -> t.NoReturn:
        sent.append(request.url)
        raise ConnectionAbortedError

    for each in (fenced, free):
        each.meta.events.register("before-send", record)
    for call in (
        lambda: fenced.create_user(UserName="x"),
        lambda: fenced.create_user(NoSuchParameter="x"),
        lambda: list(fenced.get_paginator("list_users").paginate()),
        lambda: fenced.get_waiter("role_exists").wait(RoleName="x"),
        lambda: fenced.generate_presigned_url("delete_user", {"UserName": "x"}),
    ):
        with pytest.raises(FenceError, match=r"iam:\w+ was not called: check mode allows only declared reads"):
            call()
    assert sent == []
    for call in (lambda: fenced.get_user(UserName="x"), lambda: free.create_user(UserName="x")):
        with pytest.raises(ConnectionAbortedError):
            call()
    assert len(sent) == 2
