# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who an access key is, from its making to its deletion."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from emulator.client import Emulator
from emulator.identity import ADMINISTRATOR
from emulator.server import install

from .small import ALICE, MANAGEMENT, MEMBER, Aws


def test_unknown_key_is_administrator_of_the_management_account(aws: Aws) -> None:
    identity = aws.client("sts", key="AKIAIOSFODNN7EXAMPLE").get_caller_identity()
    assert identity["Account"] == MANAGEMENT
    assert identity["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/{ADMINISTRATOR}"


def test_seeded_key_is_its_user(aws: Aws) -> None:
    assert aws.client("sts", key=ALICE).get_caller_identity()["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/alice"
    assert aws.client("iam", key=ALICE).get_user()["User"]["UserName"] == "alice"


def test_key_made_in_another_account_acts_there(aws: Aws) -> None:
    member = aws.client("iam", key=aws.assume(f"arn:aws:iam::{MEMBER}:role/auditor", ExternalId="small"))
    member.create_user(UserName="bob")
    key = member.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
    assert aws.client("sts", key=key).get_caller_identity()["Arn"] == f"arn:aws:iam::{MEMBER}:user/bob"
    assert [user["UserName"] for user in aws.client("iam", key=key).list_users()["Users"]] == ["bob"]


def test_inactive_key_is_refused_until_it_is_active_again(aws: Aws) -> None:
    administrator = aws.client("iam")
    administrator.update_access_key(UserName="alice", AccessKeyId=ALICE, Status="Inactive")
    for service, method, code in (
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("organizations", "describe_organization", "UnrecognizedClientException"),
        ("accessanalyzer", "list_analyzers", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("ec2", "describe_regions", "AuthFailure"),
    ):
        with pytest.raises(ClientError) as raised:
            getattr(aws.client(service, key=ALICE), method)()
        assert raised.value.response["Error"]["Code"] == code
    administrator.update_access_key(UserName="alice", AccessKeyId=ALICE, Status="Active")
    assert aws.client("sts", key=ALICE).get_caller_identity()["Account"] == MANAGEMENT


def test_deleted_key_is_refused_and_not_the_administrator(emulator: Emulator, aws: Aws) -> None:
    administrator = aws.client("iam")
    key = administrator.create_access_key(UserName="alice")["AccessKey"]["AccessKeyId"]
    assert aws.client("sts", key=key).get_caller_identity()["Arn"].endswith("user/alice")
    administrator.delete_access_key(UserName="alice", AccessKeyId=key)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        aws.client("sts", key=key).get_caller_identity()
    assert emulator.log()[-1]["account_id"] == ""


def test_key_is_refused_in_another_partition(aws: Aws) -> None:
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        aws.client("sts", key=ALICE, region="us-gov-west-1").get_caller_identity()


def test_renamed_user_keeps_its_key(aws: Aws) -> None:
    aws.client("iam").update_user(UserName="alice", NewUserName="alicia")
    assert aws.client("sts", key=ALICE).get_caller_identity()["Arn"] == f"arn:aws:iam::{MANAGEMENT}:user/alicia"


def test_use_of_a_key_is_remembered(aws: Aws) -> None:
    aws.client("ec2", key=ALICE, region="eu-central-1").describe_instances()
    used = aws.client("iam").get_access_key_last_used(AccessKeyId=ALICE)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("ec2", "eu-central-1")


def test_moto_s_own_callers_stay_in_the_process_of_an_emulator() -> None:
    install()
    with mock_aws():
        assert boto3.client("sts").get_caller_identity()["Account"] == DEFAULT_ACCOUNT_ID
