# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from emulator.seed.certificates import certificate
from unit.emulator.seeded import Seeded, account, serving

CIS = {
    "MinimumPasswordLength": 14,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "AllowUsersToChangePassword": True,
    "PasswordReusePrevention": 24,
}


@pytest.fixture
def one() -> t.Iterator[Seeded]:
    with serving(account(users={"bob": {}})) as seeded:
        yield seeded


@pytest.mark.parametrize(
    ("root", "mfa", "key", "password", "certificates"),
    [
        ({"mfa": "none", "access_keys": [{}, {}], "signing_certificates": 1}, 0, 1, 1, 1),
        ({"mfa": "virtual"}, 1, 0, 1, 0),
        ({"mfa": "hardware"}, 1, 0, 1, 0),
        ({"mfa": "none", "password": False}, 0, 0, 0, 0),
    ],
)
def test_the_summary_says_what_the_root_user_has(
    root: dict[str, t.Any], mfa: int, key: int, password: int, certificates: int
) -> None:
    with serving(account(root=root)) as seeded:
        iam = seeded.client("iam")
        summary = iam.get_account_summary()["SummaryMap"]
        virtual = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert summary["AccountMFAEnabled"] == mfa
    assert summary["AccountAccessKeysPresent"] == key
    assert summary["AccountPasswordPresent"] == password
    assert summary["AccountSigningCertificatesPresent"] == certificates
    assert (summary["PolicySizeQuota"], summary["VersionsPerPolicyQuota"], summary["UsersQuota"]) == (6144, 5, 5000)
    # Only a virtual device of the root user is listed; a hardware device shows by its absence here.
    serials = ["arn:aws:iam::123456789012:mfa/root-account-mfa-device"] if root["mfa"] == "virtual" else []
    assert [device["SerialNumber"] for device in virtual] == serials
    assert [device["User"]["Arn"] for device in virtual] == ["arn:aws:iam::123456789012:root"] * len(serials)


def test_an_account_starts_without_a_password_policy(one: Seeded) -> None:
    iam = one.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_account_password_policy()


def test_the_password_policy_is_replaced_whole(one: Seeded) -> None:
    iam = one.client("iam")
    iam.update_account_password_policy(**CIS, MaxPasswordAge=90, HardExpiry=True)
    assert iam.get_account_password_policy()["PasswordPolicy"] == CIS | {
        "MaxPasswordAge": 90,
        "HardExpiry": True,
        "ExpirePasswords": True,
    }
    iam.update_account_password_policy(RequireNumbers=True)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"MinimumPasswordLength": 129}, "'129' at 'minimumPasswordLength' .* less than or equal to 128"),
        ({"MaxPasswordAge": 1096}, "'1096' at 'maxPasswordAge' .* less than or equal to 1095"),
        ({"PasswordReusePrevention": 25}, "'25' at 'passwordReusePrevention' .* less than or equal to 24"),
    ],
)
def test_the_password_policy_has_bounds(one: Seeded, setting: dict[str, int], message: str) -> None:
    with pytest.raises(ClientError, match=rf"ValidationError.*{message}"):
        one.client("iam").update_account_password_policy(**setting)


def test_server_certificates_have_their_own_dates(one: Seeded) -> None:
    iam = one.client("iam")
    expired = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=3)
    body = certificate("old", not_before=expired - timedelta(days=90), not_after=expired)
    iam.upload_server_certificate(ServerCertificateName="old", CertificateBody=body, PrivateKey="key")
    listed = iam.list_server_certificates()["ServerCertificateMetadataList"][0]
    assert listed["Expiration"] == expired.replace(tzinfo=UTC)
    assert listed["UploadDate"] - datetime.now(UTC) < timedelta(minutes=1)
    got = iam.get_server_certificate(ServerCertificateName="old")["ServerCertificate"]
    assert got["ServerCertificateMetadata"] == listed
    assert got["CertificateBody"].strip() == body.strip()
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.upload_server_certificate(ServerCertificateName="old", CertificateBody=body, PrivateKey="key")


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("access-analyzer.amazonaws.com", "AWSServiceRoleForAccessAnalyzer"),
        ("config.amazonaws.com", "AWSServiceRoleForConfig"),
        ("securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub"),
    ],
)
def test_service_linked_roles_are_named_as_by_aws(one: Seeded, service: str, name: str) -> None:
    role = one.client("iam").create_service_linked_role(AWSServiceName=service)["Role"]
    assert (role["RoleName"], role["Path"]) == (name, f"/aws-service-role/{service}/")
