# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log: what is a write, and that no secret gets into it."""

from __future__ import annotations

import pytest

from emulator import request_log
from emulator.client import Emulator

from .small import ALICE, MANAGEMENT, Aws


@pytest.mark.parametrize(
    ("service", "operation", "read_only"),
    [
        ("iam", "GetUser", True),
        ("iam", "ListUsers", True),
        ("iam", "GenerateCredentialReport", True),
        ("iam", "GenerateServiceLastAccessedDetails", True),
        ("iam", "SimulatePrincipalPolicy", True),
        ("sts", "AssumeRole", True),
        ("s3", "HeadObject", True),
        ("securityhub", "GetFindingsV2", True),
        ("securityhub", "BatchGetSecurityControls", True),
        ("config", "SelectResourceConfig", True),
        ("iam", "CreateUser", False),
        ("iam", "GenerateSomethingNew", False),
        ("iam", "UpdateAccountPasswordPolicy", False),
        ("securityhub", "BatchEnableStandards", False),
        ("s3", "PutObject", False),
        ("sts", "GetSessionToken", False),
        ("secretsmanager", "GetSecretValue", False),
        ("mgn", "Unknown", False),
    ],
)
def test_is_read_only(service: str, operation: str, read_only: bool) -> None:
    assert request_log.is_read_only(service, operation) is read_only


def test_masked_hides_secrets_at_any_depth() -> None:
    parameters = {
        "UserName": "eve",
        "Password": "hunter2",
        "List": [{"SecretString": "s", "Name": "n"}],
        "Deep": {"PrivateKey": "k"},
    }
    assert request_log.mask(parameters) == {
        "UserName": "eve",
        "Password": request_log.MASK,
        "List": [{"SecretString": request_log.MASK, "Name": "n"}],
        "Deep": {"PrivateKey": request_log.MASK},
    }
    assert parameters["Password"] == "hunter2"


def test_records_tell_who_asked_what_of_which_account(emulator: Emulator, aws: Aws) -> None:
    aws.client("iam", key=ALICE).create_login_profile(UserName="alice", Password="correct Horse 7 battery!")
    (record,) = emulator.log(clear=True)
    time = record.pop("time")
    assert time.endswith("+00:00")
    assert record == {
        "service": "iam",
        "operation": "CreateLoginProfile",
        "account_id": MANAGEMENT,
        "region": "us-east-1",
        "access_key_id": ALICE,
        "caller_arn": f"arn:aws:iam::{MANAGEMENT}:user/alice",
        "parameters": {"UserName": "alice", "Password": request_log.MASK},
        "status": 200,
        "error_code": None,
        "read_only": False,
        "in_flight": 1,
    }
    assert emulator.log() == []


def test_records_tell_the_error_that_moto_answers(emulator: Emulator, aws: Aws) -> None:
    iam, organizations, s3 = aws.client("iam"), aws.client("organizations"), aws.client("s3")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="nobody")
    with pytest.raises(organizations.exceptions.PolicyNotFoundException):
        organizations.describe_policy(PolicyId="p-12345678")
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_bucket_policy(Bucket="nowhere")
    assert [record["error_code"] for record in emulator.log()] == [
        "NoSuchEntity",
        "PolicyNotFoundException",
        "NoSuchBucket",
    ]
