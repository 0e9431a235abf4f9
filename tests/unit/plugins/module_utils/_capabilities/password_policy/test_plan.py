# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, PasswordPolicy, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.password_policy.declared import (
    Declared,
    build_request,
    describe_policy,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.password_policy.plan import (
    DELETE,
    UPDATE,
    Planner,
    controls,
    findings,
    list_datasets,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from .passwords import ACCOUNT, NOW, STRONG, WEAK, account, role, unread, user

TARGET = f"arn:aws:iam::{ACCOUNT}:account-password-policy"
FULL = {
    "minimum_password_length": 14,
    "require_symbols": True,
    "require_numbers": True,
    "require_uppercase_characters": True,
    "require_lowercase_characters": True,
    "allow_users_to_change_password": True,
    "password_reuse_prevention": "24",
}
PEOPLE = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def plan(snapshot: Snapshot, **options: t.Any) -> Plan:
    declared = Declared.from_options({"state": "present", **options})
    planner = Planner(declared=declared, settings=Settings(), now=NOW)
    return planner.plan(snapshot, findings(snapshot, settings=Settings(), now=NOW))


def only(planned: Plan) -> Change:
    (change,) = planned.changes
    assert not planned.refused
    return change


def rules(planned: Plan) -> list[str]:
    assert not planned.changes
    assert all(refusal.target == TARGET for refusal in planned.refused)
    return [refusal.rule for refusal in planned.refused]


def test_the_controls_are_those_of_this_module() -> None:
    assert {control.remediation.module for control in controls()} == {"hardening.iam.password_policy"}
    assert len(controls()) >= 7


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (FULL, set()),
        ({"max_password_age": 90}, set()),
        ({"hard_expiry": True}, {Dataset.AUTHORIZATION_DETAILS}),
        ({"hard_expiry": False}, set()),
    ],
)
def test_the_whole_account_is_only_read_to_find_administrators(options: dict[str, t.Any], more: set[Dataset]) -> None:
    declared = Declared.from_options({"state": "present", **options})
    assert list_datasets(declared) == {Dataset.PASSWORD_POLICY, Dataset.CREDENTIAL_REPORT} | more


# Raising


def test_a_fresh_account_gets_a_policy_that_undo_removes() -> None:
    change = only(plan(account(None, user("alice", 10)), **FULL))
    assert (change.operation, change.target, change.region) == (UPDATE, TARGET, "global")
    assert change.parameters == build_request(STRONG)
    assert (change.before, change.after) == (None, describe_policy(STRONG))
    assert change.undo is not None
    assert (change.undo.operation, change.undo.parameters) == (DELETE, {})
    assert change.impact is Impact.ADDITIVE


def test_a_weak_policy_is_raised_whole_and_undo_restores_it_whole() -> None:
    present = dataclasses.replace(WEAK, max_age_days=90)
    change = only(plan(account(present), minimum_password_length=14))
    assert change.parameters == {**build_request(present), "MinimumPasswordLength": 14}
    assert change.undo is not None
    assert (change.undo.operation, change.undo.parameters) == (UPDATE, build_request(present))


@pytest.mark.parametrize("hard_expiry", [None, False])
def test_what_is_as_declared_stays(hard_expiry: t.Optional[bool]) -> None:
    present = dataclasses.replace(STRONG, hard_expiry=hard_expiry)
    assert plan(account(present, user("alice", 10)), **FULL, hard_expiry=False) == Plan()


def test_what_is_stricter_stays_with_a_warning() -> None:
    planned = plan(account(dataclasses.replace(STRONG, minimum_length=20)), **FULL)
    assert not planned.changes and not planned.refused
    assert planned.warnings == (
        "minimum_password_length stays 20: the declared 14 is weaker, and allow_weaken is not set",
    )


def test_a_change_names_the_findings_that_it_mends_and_no_other() -> None:
    snapshot = account(WEAK, user("alice", 10))
    found = {
        finding.control: finding.fingerprint
        for finding in findings(snapshot, settings=Settings(), now=NOW)
        if finding.status is Status.FAIL
    }
    assert {"password_min_length", "password_reuse"} <= set(found)
    change = only(plan(snapshot, minimum_password_length=14, require_symbols=True))
    assert set(change.remedies) == {found["password_min_length"], found["password_symbol"]}
    assert set(only(plan(snapshot, **FULL)).remedies) == set(found.values())


def test_a_policy_that_was_not_read_is_not_replaced() -> None:
    planned = plan(account(None, unread=unread(Dataset.PASSWORD_POLICY)), **FULL)
    assert rules(planned) == ["unread"]
    assert "AccessDenied" in planned.refused[0].reason


# Weakening


def test_a_policy_weaker_than_awss_default_is_refused_unless_allowed() -> None:
    options = {"minimum_password_length": 14, "require_symbols": True, "require_numbers": True}
    planned = plan(account(None), **options)
    assert rules(planned) == ["weakening"]
    assert "requires 2 would be weaker" in planned.refused[0].reason
    assert only(plan(account(None), **options, require_lowercase_characters=True))
    assert only(plan(account(None), **options, allow_weaken=True))
    # A policy that is there already has replaced the default.
    assert only(plan(account(WEAK), **options))


def test_weakening_is_made_when_allowed() -> None:
    present = dataclasses.replace(STRONG, max_age_days=90)
    change = only(plan(account(present), max_password_age="off", password_reuse_prevention=0, allow_weaken=True))
    assert change.parameters == build_request(dataclasses.replace(STRONG, reuse_prevention=None))


def test_absent_removes_only_when_allowed() -> None:
    assert rules(plan(account(STRONG), state="absent", **FULL)) == ["weakening"]
    change = only(plan(account(STRONG), state="absent", allow_weaken=True))
    assert (change.operation, change.parameters, change.after) == (DELETE, {}, None)
    assert change.impact is Impact.DESTRUCTIVE
    assert change.undo is not None
    assert (change.undo.operation, change.undo.parameters) == (UPDATE, build_request(STRONG))


@pytest.mark.parametrize("allow_weaken", [True, False])
def test_absent_where_there_is_none_is_no_change(allow_weaken: bool) -> None:
    assert plan(account(None), state="absent", allow_weaken=allow_weaken) == Plan()


# Expiry

OLD_AND_NEW = (user("old", 200), user("older", 300), user("new", 1))


def test_expiry_is_refused_until_every_affected_user_is_named() -> None:
    snapshot = account(STRONG, *OLD_AND_NEW)
    planned = plan(snapshot, **FULL, max_password_age=90)
    assert rules(planned) == ["expiry"]
    assert "with max_password_age 90 the password of old, older would expire at once" in planned.refused[0].reason
    planned = plan(snapshot, **FULL, max_password_age=90, accept_expiry_of=["older"])
    assert "the password of old would expire" in planned.refused[0].reason
    change = only(plan(snapshot, **FULL, max_password_age=90, accept_expiry_of=["old", "older", "somebody"]))
    assert change.parameters["MaxPasswordAge"] == 90
    assert change.impact is Impact.NARROWING


def test_expiry_that_hits_nobody_needs_no_acceptance() -> None:
    assert only(plan(account(STRONG, user("new", 1)), max_password_age=90)).impact is Impact.NARROWING


def test_expiry_is_refused_where_nobody_knows_whom_it_hits() -> None:
    snapshot = account(STRONG, unread=unread(Dataset.CREDENTIAL_REPORT), credential_report=None)
    planned = plan(snapshot, max_password_age=90, accept_expiry_of=["old"])
    assert rules(planned) == ["expiry"]
    assert "are not known" in planned.refused[0].reason
    # What does not touch expiry is still raised.
    assert only(plan(snapshot, minimum_password_length=20))


def test_hard_expiry_needs_two_administrators_and_acceptance() -> None:
    present = dataclasses.replace(STRONG, max_age_days=90)
    two = (role("first", PEOPLE), role("second", PEOPLE))

    def harden(policy: PasswordPolicy, count: t.Optional[int], **options: t.Any) -> Plan:
        missing = unread(Dataset.AUTHORIZATION_DETAILS) if count is None else ()
        users = (user("old", 200),)
        return plan(account(policy, *users, roles=two[: count or 0], unread=missing), hard_expiry=True, **options)

    accepted = {"accept_expiry_of": ["old"]}
    assert rules(harden(present, None, **accepted)) == ["hard_expiry"]
    assert "1 administrator role(s)" in harden(present, 1, **accepted).refused[0].reason
    assert "no longer sign in" in harden(dataclasses.replace(present), None).refused[0].reason
    assert only(harden(dataclasses.replace(present, hard_expiry=True), None, minimum_password_length=20))
