# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import (
    Evidence,
    Finding,
    Remediation,
    Severity,
    Status,
    mask_key_ids,
)

KEY = "AKIAIOSFODNN7EXAMPLE"


def finding(**fields: t.Any) -> Finding:
    given: dict[str, t.Any] = {
        "control": "access_key_unused",
        "status": Status.FAIL,
        "severity": Severity.MEDIUM,
        "account_id": "111122223333",
        "region": "global",
        "resource": "arn:aws:iam::111122223333:user/svc-backup",
        "resource_detail": KEY,
        "title": "Unused access keys are deactivated",
        "detail": f"{KEY} was last used 296 days ago",
        "evidence": Evidence({"keys": [KEY]}, 45, "GetCredentialReport", datetime(2026, 2, 1, tzinfo=UTC)),
        "remediation": Remediation("Deactivate it."),
        "compliance": {"cis_7.0": ("2.11",)},
    }
    return Finding(**{**given, **fields})


def test_key_ids_are_masked_wherever_they_stand() -> None:
    shown = finding().as_dict()
    assert KEY not in str(shown)
    assert shown["resource_detail"] == "AKIA…MPLE"
    assert shown["evidence"]["observed"] == {"keys": ["AKIA…MPLE"]}
    assert shown["evidence"]["observed_at"] == "2026-02-01T00:00:00Z"
    assert shown["compliance"] == {"cis_7.0": ["2.11"]}


def test_key_ids_are_shown_on_request_and_the_fingerprint_is_the_same() -> None:
    shown = finding().as_dict(reveal_key_ids=True)
    assert shown["resource_detail"] == KEY
    assert shown["fingerprint"] == finding().as_dict()["fingerprint"] == finding().fingerprint


@pytest.mark.parametrize("other", [{"resource_detail": "AKIAIOSFODNN8EXAMPLE"}, {"region": "x"}, {"control": "x"}])
def test_another_fingerprint(other: dict[str, t.Any]) -> None:
    assert finding(**other).fingerprint != finding().fingerprint


@pytest.mark.parametrize("same", [{"status": Status.WAIVED}, {"detail": "x"}, {"severity": Severity.LOW}])
def test_a_fingerprint_outlives_the_verdict(same: dict[str, t.Any]) -> None:
    assert finding(**same).fingerprint == finding().fingerprint


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        (f"key {KEY}, ASIAIOSFODNN7EXAMPLE.", "key AKIA…MPLE, ASIA…MPLE."),
        ({KEY: [KEY]}, {"AKIA…MPLE": ["AKIA…MPLE"]}),
        ("AIDAIOSFODNN7EXAMPLE", "AIDAIOSFODNN7EXAMPLE"),
        (f"user/svc_{KEY}_old", "user/svc_AKIA…MPLE_old"),
        ("AKIA0189ABCDEFGH1890", "AKIA…1890"),
        (
            f"{KEY}: aws iam update-access-key --access-key-id {KEY}",
            f"AKIA…MPLE: aws iam update-access-key --access-key-id {KEY}",
        ),
        (None, None),
        (7, 7),
    ],
)
def test_masking(value: t.Any, masked: t.Any) -> None:
    assert mask_key_ids(value) == masked


def test_severities_are_ranked() -> None:
    assert sorted(Severity, key=lambda severity: severity.rank) == [
        Severity.CRITICAL,
        Severity.HIGH,
        Severity.MEDIUM,
        Severity.LOW,
    ]
