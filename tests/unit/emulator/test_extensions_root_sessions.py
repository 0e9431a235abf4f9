# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from emulator.clock import CLOCK
from unit.emulator.seeded import Seeded, serving

MANAGEMENT, PROD, OTHER = "111122223333", "222233334444", "333344445555"
AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
DELETE = "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


def _root(acme: Seeded, policy: str = AUDIT, account: str = PROD, service: str = "iam") -> t.Any:
    opened = acme.client("sts").assume_root(TargetPrincipal=account, TaskPolicyArn={"arn": policy})
    credentials = opened["Credentials"]
    make: t.Callable[..., t.Any] = boto3.client
    return make(
        service,
        endpoint_url=acme.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _catch_error(call: t.Callable[..., t.Any], **parameters: t.Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_session_is_root_and_audits_its_credentials(acme: Seeded) -> None:
    root = _root(acme)
    assert _root(acme, service="sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{PROD}:root"
    user = root.get_user()["User"]
    assert user["Arn"] == f"arn:aws:iam::{PROD}:root"
    assert user["PasswordLastUsed"] > user["CreateDate"]
    assert "UserName" not in user
    assert root.get_login_profile()["LoginProfile"]["PasswordResetRequired"] is False
    assert root.list_access_keys()["AccessKeyMetadata"] == []
    devices = root.list_mfa_devices()["MFADevices"]
    assert [device["SerialNumber"] for device in devices] == [f"arn:aws:iam::{PROD}:mfa/root-account-mfa-device"]
    assert root.get_account_summary()["SummaryMap"]["AccountPasswordPresent"] == 1


def test_task_policy_is_the_limit(acme: Seeded) -> None:
    audit = _root(acme)
    assert _catch_error(audit.delete_login_profile)[0] == "AccessDenied"
    assert _catch_error(audit.list_users)[0] == "AccessDenied"
    remove = _root(acme, DELETE)
    remove.delete_login_profile()
    assert _catch_error(audit.get_login_profile)[0] == "NoSuchEntity"
    serial = remove.list_mfa_devices()["MFADevices"][0]["SerialNumber"]
    remove.deactivate_mfa_device(SerialNumber=serial)
    assert remove.list_mfa_devices()["MFADevices"] == []
    assert audit.get_account_summary()["SummaryMap"]["AccountMFAEnabled"] == 0
    assert _catch_error(remove.create_login_profile)[0] == "AccessDenied"


def test_session_ends(acme: Seeded) -> None:
    audit = _root(acme)
    CLOCK.offset = timedelta(seconds=901)
    assert _catch_error(audit.get_user)[0] == "InvalidClientTokenId"


def test_requests_are_validated_as_aws_does(acme: Seeded) -> None:
    call = acme.client("sts").assume_root
    target, audit = {"TargetPrincipal": PROD}, {"TaskPolicyArn": {"arn": AUDIT}}
    other = {"TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}
    assert _catch_error(call, **target, **other) == (
        "ValidationError",
        "Request must contain valid AWS managed task policy ARN",
    )
    assert _catch_error(call, **audit, TargetPrincipal=f"arn:aws:iam::{PROD}:user/x")[0] == "ValidationError"
    code, message = _catch_error(call, **target, **audit, DurationSeconds=901)
    assert (code, "less than or equal to 900" in message) == ("ValidationError", True)


def test_only_members_only_from_the_management_account(acme: Seeded) -> None:
    audit = {"TaskPolicyArn": {"arn": AUDIT}}
    management = acme.client("sts")
    for target in (MANAGEMENT, "123456789012"):
        code, message = _catch_error(management.assume_root, TargetPrincipal=target, **audit)
        assert (code, message.endswith(f"sts:AssumeRoot on resource: arn:aws:iam::{target}:root")) == (
            "AccessDenied",
            True,
        )
    member = acme.client("sts", PROD)
    assert _catch_error(member.assume_root, TargetPrincipal=OTHER, **audit)[0] == "AccessDenied"
    acme.client("organizations").register_delegated_administrator(AccountId=PROD, ServicePrincipal="iam.amazonaws.com")
    assert member.assume_root(TargetPrincipal=OTHER, **audit)["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_features_are_asked_for(acme: Seeded) -> None:
    unlock = {"TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}}
    sts = acme.client("sts")
    assert _catch_error(sts.assume_root, TargetPrincipal=PROD, **unlock) == (
        "AccessDenied",
        "Root sessions feature is not enabled for your AWS Organization.",
    )
    acme.client("iam").disable_organizations_root_credentials_management()
    assert _catch_error(sts.assume_root, TargetPrincipal=PROD, TaskPolicyArn={"arn": AUDIT})[0] == "AccessDenied"


def test_delegated_administrator_turns_no_feature_on(acme: Seeded) -> None:
    acme.client("organizations").register_delegated_administrator(AccountId=PROD, ServicePrincipal="iam.amazonaws.com")
    member = acme.client("iam", PROD)
    assert _catch_error(member.enable_organizations_root_sessions)[0] == "CallerIsNotManagementAccountException"
