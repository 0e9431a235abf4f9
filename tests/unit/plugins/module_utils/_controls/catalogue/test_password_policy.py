# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password policy, absent, weak and strong, and accounts that need none."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, PasswordPolicy, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue import password_policy
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls

from ..samples import ROOT, judge, people, row, snapshot, status, unread

STRONG = PasswordPolicy(
    minimum_length=14,
    require_symbols=True,
    require_numbers=True,
    require_uppercase=True,
    require_lowercase=True,
    allow_users_to_change=True,
    reuse_prevention=24,
)
IDS = [control.id for control in password_policy.CONTROLS if control.id != "password_expiry"]


def with_policy(policy: t.Optional[PasswordPolicy]) -> t.Any:
    return people(row("alice", password_enabled=True), password_policy=policy)


@pytest.mark.parametrize("control", IDS)
def test_a_strong_policy_passes(control: str) -> None:
    assert status(control, with_policy(STRONG)) == "PASS"


@pytest.mark.parametrize("control", IDS)
def test_without_a_policy_everything_fails_and_says_so(control: str) -> None:
    """The commonest case: peers' fixers trip over it."""
    (finding,) = judge(control, with_policy(None))
    assert finding.status.value == "FAIL"
    assert "no password policy" in finding.detail
    assert finding.resource == ROOT
    assert finding.evidence.observed["policy"] is None
    assert finding.remediation.module == "hardening.iam.password_policy"


@pytest.mark.parametrize(
    ("control", "change"),
    [
        ("password_min_length", {"minimum_length": 13}),
        ("password_reuse", {"reuse_prevention": 23}),
        ("password_reuse", {"reuse_prevention": None}),
        ("password_uppercase", {"require_uppercase": False}),
        ("password_lowercase", {"require_lowercase": False}),
        ("password_symbol", {"require_symbols": False}),
        ("password_number", {"require_numbers": False}),
    ],
)
def test_one_weak_setting_fails_its_control_only(control: str, change: dict[str, t.Any]) -> None:
    account = with_policy(dataclasses.replace(STRONG, **change))
    assert [name for name in IDS if status(name, account) == "FAIL"] == [control]


@pytest.mark.parametrize("control", IDS)
def test_nobody_has_a_password(control: str) -> None:
    assert status(control, people(row("robot"), password_policy=None)) == "NOT_APPLICABLE"
    assert status(control, snapshot(password_policy=None)) == "NOT_APPLICABLE"


@pytest.mark.parametrize("control", IDS)
def test_without_the_report_the_policy_is_judged_all_the_same(control: str) -> None:
    account = snapshot(credential_report=None, unread=(unread(Dataset.CREDENTIAL_REPORT),))
    assert status(control, account) == "FAIL"


@pytest.mark.parametrize("control", IDS)
def test_an_unread_policy_is_not_an_absent_one(control: str) -> None:
    account = people(
        row("alice", password_enabled=True), unread=(unread(Dataset.PASSWORD_POLICY, UnreadKind.THROTTLED),)
    )
    assert status(control, account) == "NOT_ASSESSED"


@pytest.mark.parametrize(
    ("limit", "age", "expected"),
    [
        (None, None, "NOT_APPLICABLE"),
        (None, 30, "NOT_APPLICABLE"),
        (90, None, "FAIL"),
        (90, 91, "FAIL"),
        (90, 90, "PASS"),
    ],
)
def test_expiry_is_judged_where_it_is_asked_for(limit: t.Optional[int], age: t.Optional[int], expected: str) -> None:
    account = with_policy(dataclasses.replace(STRONG, max_age_days=age))
    assert status("password_expiry", account, password_max_age_days=limit) == expected


def test_thresholds_of_choice() -> None:
    account = with_policy(dataclasses.replace(STRONG, minimum_length=20))
    (finding,) = judge("password_min_length", account, password_min_length=24)
    assert finding.detail.startswith("minimum length 20; expected 24; 1 user with a password")


def test_no_control_of_the_theme_is_worse_than_medium() -> None:
    found = {control.severity.value for control in all_controls() if control.theme == "password_policy"}
    assert found == {"low", "medium"}


@pytest.mark.parametrize("control", IDS)
def test_the_evidence_tells_a_policy_from_none(control: str) -> None:
    (passed,) = judge(control, with_policy(STRONG))
    assert passed.evidence.observed == {"population": 1, "unit": "password policies"}
    (nobody,) = judge(control, people(row("robot")))
    assert nobody.evidence.observed == {"population": 0, "unit": "password policies"}
    (none,) = judge(control, with_policy(None))
    assert none.evidence.observed["policy"] is None


def test_the_evidence_of_a_weak_policy_has_its_setting() -> None:
    (finding,) = judge("password_min_length", with_policy(dataclasses.replace(STRONG, minimum_length=8)))
    assert finding.evidence.observed == {"policy": "custom", "setting": "minimum length 8"}


def test_without_a_limit_expiry_is_no_question() -> None:
    (finding,) = judge("password_expiry", with_policy(STRONG))
    assert finding.evidence.observed == {"population": 0, "unit": "password policies"}
