# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from unit.emulator.seeded import account, serving

POLICY = "arn:aws:iam::123456789012:policy/own"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.fixture
def iam() -> t.Iterator[t.Any]:
    settings = account(
        policies={"own": {"document": DOCUMENT, "older_documents": [DOCUMENT]}, "p-{01..11}": {"document": DOCUMENT}},
        groups={"staff": {"policies": ["own"]}},
        users={
            "bob": {
                "password": {"age_days": 3, "reset_required": True},
                "access_keys": [{}],
                "mfa": ["virtual"],
                "groups": ["staff"],
                "policies": ["own"],
                "service_credentials": [{"service": "bedrock.amazonaws.com"}],
            },
            "eve": {},
        },
        password_policy={"minimum_length": 14, "require_symbols": True},
    )
    with serving(settings) as seeded:
        yield seeded.client("iam")


def test_a_user_is_deleted_only_when_nothing_is_left_of_it(iam: t.Any) -> None:
    key = iam.list_access_keys(UserName="bob")["AccessKeyMetadata"][0]["AccessKeyId"]
    serial = iam.list_mfa_devices(UserName="bob")["MFADevices"][0]["SerialNumber"]
    credential = iam.list_service_specific_credentials(UserName="bob")["ServiceSpecificCredentials"][0]
    steps: list[tuple[str, t.Callable[[], object]]] = [
        ("login profile", lambda: iam.delete_login_profile(UserName="bob")),
        ("access keys", lambda: iam.delete_access_key(UserName="bob", AccessKeyId=key)),
        ("MFA devices", lambda: iam.deactivate_mfa_device(UserName="bob", SerialNumber=serial)),
        ("remove users from group", lambda: iam.remove_user_from_group(GroupName="staff", UserName="bob")),
        ("detach all policies", lambda: iam.detach_user_policy(UserName="bob", PolicyArn=POLICY)),
        (
            "service specific",
            lambda: iam.delete_service_specific_credential(
                UserName="bob", ServiceSpecificCredentialId=credential["ServiceSpecificCredentialId"]
            ),
        ),
    ]
    for obstacle, remove in steps:
        with pytest.raises(iam.exceptions.DeleteConflictException, match=obstacle):
            iam.delete_user(UserName="bob")
        remove()
    iam.delete_user(UserName="bob")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="bob")


def test_login_profiles_change_only_as_asked(iam: t.Any) -> None:
    before = iam.get_login_profile(UserName="bob")["LoginProfile"]
    assert before["PasswordResetRequired"] is True
    iam.update_login_profile(UserName="bob", PasswordResetRequired=False)
    after = iam.get_login_profile(UserName="bob")["LoginProfile"]
    assert (after["PasswordResetRequired"], after["CreateDate"]) == (False, before["CreateDate"])


@pytest.mark.parametrize("password", ["Short-1", "LongEnoughButNoSymbol1"])
def test_passwords_follow_the_policy(iam: t.Any, password: str) -> None:
    with pytest.raises(iam.exceptions.PasswordPolicyViolationException):
        iam.create_login_profile(UserName="eve", Password=password)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName="eve")


def test_a_login_profile_is_created_once(iam: t.Any) -> None:
    created = iam.create_login_profile(UserName="eve", Password="Long-enough-one", PasswordResetRequired=True)
    assert created["LoginProfile"]["PasswordResetRequired"] is True
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_login_profile(UserName="eve", Password="Long-enough-one")


def test_attaching_twice_counts_once(iam: t.Any) -> None:
    for _time in range(2):
        iam.attach_user_policy(UserName="eve", PolicyArn=POLICY)
        iam.attach_group_policy(GroupName="staff", PolicyArn=POLICY)
    assert iam.get_policy(PolicyArn=POLICY)["Policy"]["AttachmentCount"] == 3


def test_a_user_has_ten_policies_at_most(iam: t.Any) -> None:
    for number in range(1, 11):
        iam.attach_user_policy(UserName="eve", PolicyArn=f"arn:aws:iam::123456789012:policy/p-{number:02d}")
    with pytest.raises(iam.exceptions.LimitExceededException, match="PoliciesPerUser: 10"):
        iam.attach_user_policy(UserName="eve", PolicyArn="arn:aws:iam::123456789012:policy/p-11")


def test_a_policy_has_its_size(iam: t.Any) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": [f"arn:aws:s3:::bucket-{n}" for n in range(300)],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(iam.exceptions.LimitExceededException, match="PolicySize: 6144"):
        iam.create_policy(PolicyName="large", PolicyDocument=document)


def test_a_policy_in_use_or_with_versions_stays(iam: t.Any) -> None:
    with pytest.raises(iam.exceptions.DeleteConflictException, match="attached"):
        iam.delete_policy(PolicyArn=POLICY)
    iam.detach_user_policy(UserName="bob", PolicyArn=POLICY)
    iam.detach_group_policy(GroupName="staff", PolicyArn=POLICY)
    with pytest.raises(iam.exceptions.DeleteConflictException, match="more than one version"):
        iam.delete_policy(PolicyArn=POLICY)
    iam.delete_policy_version(PolicyArn=POLICY, VersionId="v1")
    iam.delete_policy(PolicyArn=POLICY)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=POLICY)


def test_groups_and_devices_in_use_stay(iam: t.Any) -> None:
    with pytest.raises(iam.exceptions.DeleteConflictException, match="remove users"):
        iam.delete_group(GroupName="staff")
    with pytest.raises(iam.exceptions.DeleteConflictException, match="in use"):
        iam.delete_virtual_mfa_device(SerialNumber="arn:aws:iam::123456789012:mfa/bob")


def test_authorization_details_name_policies(iam: t.Any) -> None:
    policies = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"]
    own = next(policy for policy in policies if policy["Arn"] == POLICY)
    assert (own["PolicyName"], own["DefaultVersionId"]) == ("own", "v2")
    assert own["PolicyId"].startswith("ANPA")
    assert [version["VersionId"] for version in own["PolicyVersionList"] if version["IsDefaultVersion"]] == ["v2"]
