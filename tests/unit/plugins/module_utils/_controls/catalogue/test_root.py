# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root: keys, MFA, use, certificates."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    Organization,
    VirtualMfaDevice,
)

from ..samples import ACCOUNT, ROOT, certificate, days_ago, judge, key, report, root, snapshot, status, unread

SUMMARY = {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1}


@pytest.mark.parametrize(
    ("summary", "of_root", "expected"),
    [
        ({"AccountAccessKeysPresent": 0}, None, "PASS"),
        ({"AccountAccessKeysPresent": 1}, None, "FAIL"),
        ({"AccountAccessKeysPresent": 1}, root(access_keys=(key(active=False),)), "FAIL"),
        ({"AccountAccessKeysPresent": 0}, root(access_keys=(key(),)), "PASS"),
        ({}, root(access_keys=(key(),)), "FAIL"),
        ({}, root(access_keys=(key(active=False),)), "PASS"),
        ({}, None, "NOT_ASSESSED"),
    ],
)
def test_access_key(summary: dict[str, int], of_root: t.Any, expected: str) -> None:
    """The live summary decides; a report of hours ago must not keep a deleted key alive."""
    assert (
        status("root_no_access_key", snapshot(summary=summary, credential_report=report(of_root=of_root))) == expected
    )


def test_access_key_tells_of_the_last_use() -> None:
    of_root = root(access_keys=(key(1, used=20), key(2, used=3)))
    account = snapshot(summary={"AccountAccessKeysPresent": 1}, credential_report=report(of_root=of_root))
    (finding,) = judge("root_no_access_key", account)
    assert finding.detail.startswith("root has access keys (2 active); last used 2026-11-22T12:00:00Z")
    assert (finding.resource, finding.region) == (ROOT, "global")
    observed = {
        "access_keys_present": 1,
        "active": 2,
        "keys": ["access key 1", "access key 2"],
        "last_used": "2026-11-22T12:00:00Z",
    }
    assert finding.evidence.observed == observed


@pytest.mark.parametrize(
    ("of_root", "detail", "active"),
    [
        (None, "root has access keys", 0),
        (root(access_keys=(key(active=False),)), "root has access keys", 0),
        (root(access_keys=(key(used=None),)), "root has access keys (1 active); no use recorded", 1),
        (
            root(access_keys=(key(1, used=None), key(2, used=3))),
            "root has access keys (2 active); last used 2026-11-22T12:00:00Z",
            2,
        ),
    ],
)
def test_access_key_says_what_the_report_knows_of_it(of_root: t.Any, detail: str, active: int) -> None:
    account = snapshot(summary={"AccountAccessKeysPresent": 1}, credential_report=report(of_root=of_root))
    (finding,) = judge("root_no_access_key", account)
    assert (finding.detail, finding.evidence.observed["active"]) == (detail, active)


def test_the_evidence_on_mfa_names_password_and_devices() -> None:
    without = snapshot(summary={**SUMMARY, "AccountMFAEnabled": 0})
    (finding,) = judge("root_mfa_enabled", without)
    assert finding.evidence.observed == {"mfa": False, "password": True}
    (finding,) = judge("root_hardware_mfa", without)
    assert (finding.detail, finding.evidence.observed) == (
        "root has no MFA at all",
        {"mfa": False, "virtual_devices": []},
    )
    phone = VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT}:mfa/phone", ROOT, None)
    (finding,) = judge("root_hardware_mfa", snapshot(virtual_mfa_devices=(phone,)))
    assert finding.evidence.observed == {"mfa": True, "virtual_devices": [phone.serial_number]}
    (finding,) = judge("root_mfa_enabled", snapshot(summary={**SUMMARY, "AccountPasswordPresent": 0}))
    assert finding.evidence.observed["password"] is False


def reason(control: str, of_root: t.Any) -> t.Optional[str]:
    account = snapshot(summary={"AccountAccessKeysPresent": 1}, credential_report=report(of_root=of_root))
    (finding,) = judge(control, account)
    assert finding.status == "FAIL"
    return finding.reason_fingerprint


def test_a_further_key_of_root_and_a_use_of_another_kind_are_other_reasons() -> None:
    """F8: a waiver for one key of root, or for sign-ins with the password, covers no more."""
    one, both = root(access_keys=(key(1, used=20),)), root(access_keys=(key(1, used=20), key(2, used=3)))
    assert reason("root_no_access_key", one) != reason("root_no_access_key", both)
    signed_in = {"password_last_used": days_ago(2)}
    assert reason("root_not_used", root(**signed_in)) != reason(
        "root_not_used", root(access_keys=(key(1, used=1),), **signed_in)
    )
    assert reason("root_not_used", root(**signed_in)) == reason("root_not_used", root(password_last_used=days_ago(1)))
    assert reason("root_no_access_key", one) == reason("root_no_access_key", root(access_keys=(key(1, used=1),)))


@pytest.mark.parametrize("control", ["root_mfa_enabled", "root_hardware_mfa"])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"summary": SUMMARY}, "PASS"),
        ({"summary": {**SUMMARY, "AccountMFAEnabled": 0}}, "FAIL"),
        ({"summary": {**SUMMARY, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0}}, "PASS"),
        (
            {"summary": {"AccountMFAEnabled": 0}, "credential_report": report(of_root=root(password_enabled=False))},
            "PASS",
        ),
        (
            {"summary": {"AccountMFAEnabled": 0}, "credential_report": report(of_root=root(password_enabled=None))},
            "FAIL",
        ),
        ({"summary": {"AccountMFAEnabled": 0}, "credential_report": None}, "FAIL"),
        ({"summary": {}}, "NOT_ASSESSED"),
        ({"summary": {**SUMMARY, "AccountMFAEnabled": 0}, "partition": "aws-us-gov"}, "NOT_APPLICABLE"),
        ({"unread": (unread(Dataset.ACCOUNT_SUMMARY),)}, "NOT_ASSESSED"),
    ],
)
def test_mfa(control: str, fields: dict[str, t.Any], expected: str) -> None:
    """Without a password nobody can sign in: root of a centrally managed member account passes."""
    assert status(control, snapshot(**fields)) == expected


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device", ROOT, None), "FAIL"),
        (VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT}:mfa/my-phone", ROOT, None), "FAIL"),
        (VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device", None, days_ago(9)), "FAIL"),
        # Taken off root, and left over.
        (VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device", None, None), "PASS"),
        (VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT}:mfa/alice", f"arn:aws:iam::{ACCOUNT}:user/alice", None), "PASS"),
    ],
)
def test_hardware_mfa_sees_virtual_devices_of_root(device: VirtualMfaDevice, expected: str) -> None:
    assert status("root_hardware_mfa", snapshot(virtual_mfa_devices=(device,))) == expected


@pytest.mark.parametrize(
    ("of_root", "expected"),
    [
        (root(), "PASS"),
        (root(password_last_used=days_ago(400)), "PASS"),
        (root(password_last_used=days_ago(5)), "FAIL"),
        (root(access_keys=(key(used=5),)), "FAIL"),
        (root(password_last_used=days_ago(400), access_keys=(key(used=5),)), "FAIL"),
        (root(password_last_used=days_ago(90)), "PASS"),
        (None, "NOT_ASSESSED"),
    ],
)
def test_use(of_root: t.Any, expected: str) -> None:
    assert status("root_not_used", snapshot(credential_report=report(of_root=of_root))) == expected


def test_use_tells_of_password_and_keys_alike() -> None:
    """Prowler 5.46 looks at keys only where no password was ever used, and so misses the second."""
    of_root = root(password_last_used=days_ago(5), access_keys=(key(1, used=3), key(2, used=None)))
    (finding,) = judge("root_not_used", snapshot(credential_report=report(of_root=of_root)))
    assert "password used 2026-11-20" in finding.detail
    assert "access key 1 used 2026-11-22" in finding.detail
    assert set(finding.evidence.observed) == {"password", "access key 1", "used_by"}
    assert finding.evidence.observed["used_by"] == ["access key 1", "password"]


@pytest.mark.parametrize(
    ("used", "detail"),
    [(400, "last used 2025-10-21T12:00:00Z; limit 90 days"), (None, "no use recorded; limit 90 days")],
)
def test_a_pass_says_when_root_was_used_last(used: t.Optional[int], detail: str) -> None:
    of_root = root(password_last_used=None if used is None else days_ago(used), access_keys=(key(used=None),))
    (finding,) = judge("root_not_used", snapshot(credential_report=report(of_root=of_root)))
    assert (finding.status.value, finding.detail) == ("PASS", detail)


def test_use_within_a_threshold_of_choice() -> None:
    account = snapshot(credential_report=report(of_root=root(password_last_used=days_ago(5))))
    assert status("root_not_used", account, root_used_days=1) == "PASS"


@pytest.mark.parametrize(
    ("certificates", "expected"),
    [((), "PASS"), ((certificate(500),), "FAIL"), ((certificate(500, active=False),), "PASS")],
)
def test_certificate(certificates: t.Any, expected: str) -> None:
    account = snapshot(credential_report=report(of_root=root(certificates=certificates)))
    assert status("root_no_signing_certificate", account) == expected


@pytest.mark.parametrize(
    ("management", "summary", "expected"),
    [
        (None, SUMMARY, "NOT_APPLICABLE"),
        (ACCOUNT, SUMMARY, "NOT_APPLICABLE"),
        ("999988887777", SUMMARY, "FAIL"),
        ("999988887777", {**SUMMARY, "AccountPasswordPresent": 0}, "PASS"),
        ("999988887777", {}, "NOT_ASSESSED"),
    ],
)
def test_member_without_password(management: t.Optional[str], summary: dict[str, int], expected: str) -> None:
    organization = Organization("o-1", management, "ALL") if management else None
    assert status("member_root_without_password", snapshot(organization=organization, summary=summary)) == expected


def test_the_evidence_on_a_member_says_that_its_root_has_a_password() -> None:
    account = snapshot(organization=Organization("o-1", "999988887777", "ALL"), summary=SUMMARY)
    (finding,) = judge("member_root_without_password", account)
    assert (finding.status.value, finding.evidence.observed) == ("FAIL", {"password": True})


@pytest.mark.parametrize("control", ["root_not_used", "root_no_signing_certificate"])
def test_a_report_without_root_is_named(control: str) -> None:
    (finding,) = judge(control, snapshot(credential_report=report(of_root=None)))
    assert (finding.status.value, finding.detail) == ("NOT_ASSESSED", "the credential report has no row for root")
