# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.root_credentials import (
    RootCertificate,
    RootCredentials,
    RootKey,
    RootPassword,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.member_roots import (
    central_finding,
    member_findings,
    not_in_organization,
    unread_findings,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MADE = datetime(2020, 1, 1, tzinfo=UTC)
USED = datetime(2026, 11, 1, tzinfo=UTC)
PROD = "222233334444"
ARN = f"arn:aws:iam::{PROD}:root"
KEY = RootKey("AKIAIOSFODNN7EXAMPLE", "Inactive", MADE, USED)


def _judge_root(root: RootCredentials) -> dict[str, tuple[Status, str]]:
    found = member_findings(root, arn=ARN, now=NOW)
    assert {(item.account_id, item.region, item.resource) for item in found} == {(PROD, "global", ARN)}
    return {item.control: (item.status, item.detail) for item in found}


def test_a_root_user_without_credentials_passes() -> None:
    assert {status for status, _detail in _judge_root(RootCredentials(PROD)).values()} == {Status.PASS}


def test_every_kind_of_credential_is_found() -> None:
    certificate = RootCertificate("CERT", "Active", MADE)
    said = _judge_root(RootCredentials(PROD, RootPassword(MADE), (KEY,), (certificate,), ("serial",)))
    assert said == {
        "root_no_access_key": (Status.FAIL, "root has 1 access key (0 active); last used 2026-11-01T00:00:00Z"),
        "member_root_without_password": (
            Status.FAIL,
            "root of this member account has a password, with MFA; no use recorded",
        ),
        "root_no_signing_certificate": (Status.FAIL, "root has 1 active signing certificate"),
    }


def test_only_a_password_says_something_of_central_management() -> None:
    """CIS 2.1.1 asks for the organization's feature, which the absence of a password does not show."""
    for root, expected in ((RootCredentials(PROD), None), (RootCredentials(PROD, RootPassword(MADE)), ("2.1.1",))):
        found = {item.control: item for item in member_findings(root, arn=ARN, now=NOW)}
        assert found["member_root_without_password"].compliance.get("cis_7.0") == expected


def test_an_inactive_certificate_signs_nothing() -> None:
    said = _judge_root(RootCredentials(PROD, certificates=(RootCertificate("CERT", "Inactive", MADE),)))
    assert said["root_no_signing_certificate"][0] is Status.PASS


def test_key_ids_are_masked_in_documents() -> None:
    documents = [item.as_dict() for item in member_findings(RootCredentials(PROD, keys=(KEY,)), arn=ARN, now=NOW)]
    assert KEY.id not in json.dumps(documents)
    assert "AKIA…MPLE" in json.dumps(documents, ensure_ascii=False)


def test_what_is_removed_does_not_come_back() -> None:
    for finding in member_findings(RootCredentials(PROD), arn=ARN, now=NOW):
        assert (finding.remediation.module, finding.remediation.reversible) == (
            "hardening.iam.organization_root_access",
            False,
        )


def test_what_is_not_known_is_never_passed() -> None:
    found = unread_findings(PROD, arn=ARN, reason="AccessDenied", now=NOW)
    assert [(item.status, item.detail) for item in found] == [(Status.NOT_ASSESSED, "AccessDenied")] * 3
    assert {item.evidence.source for item in found} == {"AssumeRoot"}


@pytest.mark.parametrize(
    ("features", "status"),
    [
        (None, Status.NOT_ASSESSED),
        ((), Status.FAIL),
        (("RootSessions",), Status.FAIL),
        (("RootCredentialsManagement", "RootSessions"), Status.PASS),
    ],
)
def test_central_management(features: tuple[str, ...] | None, status: Status) -> None:
    finding = central_finding(account_id=PROD, arn=ARN, features=features, reason="no answer", now=NOW)
    assert (finding.control, finding.status) == ("central_root_access", status)
    assert finding.compliance["cis_7.0"] == ("2.1.1",)
    assert finding.remediation.module == "hardening.iam.organization_root_access"
    assert finding.remediation.reversible
    assert finding.evidence.source == "ListOrganizationsFeatures"


@pytest.mark.parametrize(
    ("features", "detail"),
    [
        (("RootSessions", "RootCredentialsManagement"), "on: RootCredentialsManagement, RootSessions"),
        (("RootSessions",), "central management of root credentials is off (on: RootSessions)"),
        ((), "central management of root credentials is off (on: nothing)"),
    ],
)
def test_the_features_are_named(features: tuple[str, ...], detail: str) -> None:
    finding = central_finding(account_id=PROD, arn=ARN, features=features, reason="", now=NOW)
    assert (finding.detail, finding.evidence.observed) == (detail, {"features": sorted(features)})
    unknown = central_finding(account_id=PROD, arn=ARN, features=None, reason="no answer", now=NOW)
    assert (unknown.detail, unknown.evidence.observed) == ("no answer", None)


def test_the_evidence_of_credentials() -> None:
    active = RootKey("AKIAI44QH8DHBEXAMPLE", "Active", MADE, None)
    certificate = RootCertificate("CERT", "Active", MADE)
    root = RootCredentials(PROD, RootPassword(MADE, USED), (KEY, active), (certificate,), ())
    keys, password, certificates = member_findings(root, arn=ARN, now=NOW)
    assert keys.detail == "root has 2 access keys (1 active); last used 2026-11-01T00:00:00Z"
    assert keys.evidence.observed == {
        "access_keys": [KEY.id, active.id],
        "active": 1,
        "last_used": "2026-11-01T00:00:00Z",
    }
    assert password.detail == (
        "root of this member account has a password, without MFA; last used 2026-11-01T00:00:00Z"
    )
    assert password.evidence.observed == {"password": True, "mfa_devices": 0, "last_used": "2026-11-01T00:00:00Z"}
    assert certificates.evidence.observed == {"active": 1}
    sources = [item.evidence.source for item in (keys, password, certificates)]
    assert sources == [
        f"AssumeRoot, {name}" for name in ("ListAccessKeys", "GetLoginProfile", "ListSigningCertificates")
    ]


def test_credentials_without_a_recorded_use() -> None:
    unused = RootKey("AKIAI44QH8DHBEXAMPLE", "Active", MADE, None)
    keys, password, _certificates = member_findings(
        RootCredentials(PROD, RootPassword(MADE), (unused,), (), ("serial",)), arn=ARN, now=NOW
    )
    assert keys.detail == "root has 1 access key (1 active); no use recorded"
    assert (keys.evidence.observed["last_used"], password.evidence.observed["last_used"]) == (None, None)
    assert password.evidence.observed["mfa_devices"] == 1
    none = member_findings(RootCredentials(PROD), arn=ARN, now=NOW)
    assert [item.evidence.observed for item in none] == [None, {"password": False}, None]


def test_an_account_on_its_own_has_no_members() -> None:
    finding = not_in_organization(account_id=PROD, arn=ARN, reason="none", now=NOW)
    assert (finding.status, finding.detail) == (Status.NOT_APPLICABLE, "none")
    assert (finding.control, finding.evidence.source) == ("central_root_access", "DescribeOrganization")
