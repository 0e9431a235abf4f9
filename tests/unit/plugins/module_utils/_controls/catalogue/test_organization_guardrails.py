# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guardrails: who has none, where nothing is allowed, where no slot is left, and MFA that cuts off too many."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP

from ..organization_samples import (
    DEV,
    EVERYWHERE,
    PLAY,
    PROD,
    PRODUCTION,
    ROOT_ID,
    SANDBOX,
    WORKLOADS,
    account,
    acme,
    arn,
    deny,
    full_access,
    policy,
    tree,
    unreadable,
)
from ..samples import ACCOUNT, allow, failing, judge, status, unread

GUARDRAILS = ("organization_guardrails", "organization_mfa_policy")
UNSAFE = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
SAFE = {**UNSAFE, "ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}}
ALONE = {"accounts": (account(ACCOUNT, "acme", ROOT_ID),)}


def but_mfa(condition: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"Effect": "Deny", "NotAction": ["iam:*MFA*"], "Resource": "*", "Condition": condition}


# 2.1.2


def test_each_account_without_a_guardrail_fails() -> None:
    guard = policy("guard", deny("cloudtrail:StopLogging", "cloudtrail:DeleteTrail"), on=(WORKLOADS,))
    assert failing("organization_guardrails", acme(full_access(), guard)) == [f"{arn('account', PLAY)} acme-play"]
    everywhere = dataclasses.replace(guard, targets=(ROOT_ID,))
    (finding,) = judge("organization_guardrails", acme(full_access(), everywhere))
    assert (finding.status.value, finding.detail.partition(" ")[0]) == ("PASS", "3")
    assert len(failing("organization_guardrails", acme())) == 3


def test_evidence_of_an_account_without_a_guardrail() -> None:
    finding = next(item for item in judge("organization_guardrails", acme()) if item.resource_detail == "acme-prod")
    assert finding.detail == "no policy from the root to /Workloads/Production enforces a guardrail that is known here"
    assert finding.evidence.observed == {"path": "/Workloads/Production", "policies": ["FullAWSAccess"]}
    assert finding.evidence.source == "ListTargetsForPolicy, ListAccountsForParent"
    assert finding.compliance["cis_7.0"] == ("2.1.2",)


@pytest.mark.parametrize(
    "guard",
    [
        policy("resources", deny("s3:*", Principal="*"), on=(ROOT_ID,), kind=RCP),
        policy("only-some", allow("s3:*", "iam:*"), on=(ROOT_ID,)),
    ],
    ids=["an RCP", "an allow list"],
)
def test_what_else_is_a_guardrail(guard: t.Any) -> None:
    rest = full_access(EVERYWHERE if guard.type == RCP else [name for name in EVERYWHERE if name != ROOT_ID])
    assert status("organization_guardrails", acme(rest, guard)) == "PASS"


def test_a_suspended_account_needs_no_guardrail() -> None:
    guard = policy("guard", deny("iam:*"), on=(WORKLOADS,))
    shut = tuple(dataclasses.replace(item, state="SUSPENDED") if item.id == PLAY else item for item in tree().accounts)
    assert status("organization_guardrails", acme(full_access(), guard, accounts=shut)) == "PASS"


@pytest.mark.parametrize("control", GUARDRAILS)
def test_without_policy_types_the_root_fails_for_all(control: str) -> None:
    assert failing(control, acme(policy_types={}, policies=())) == [f"{arn('root', ROOT_ID)} /"]


@pytest.mark.parametrize("control", GUARDRAILS)
def test_an_organization_of_its_management_account_binds_nobody(control: str) -> None:
    assert status(control, acme(**ALONE)) == "NOT_APPLICABLE"


def test_a_policy_that_can_not_be_parsed_is_no_pass() -> None:
    found = judge("organization_guardrails", acme(full_access(), unreadable([SANDBOX])))
    details = {item.resource_detail: (item.status.value, item.detail) for item in found}
    assert details.pop("acme-play") == ("NOT_ASSESSED", "policies that can't be parsed: broken")
    assert {status for status, _detail in details.values()} == {"FAIL"}


def test_a_policy_that_can_not_be_parsed_takes_no_guardrail_away() -> None:
    guard = policy("guard", deny("organizations:LeaveOrganization"), on=(ROOT_ID,))
    assert status("organization_guardrails", acme(full_access(), guard, unreadable([ROOT_ID]))) == "PASS"


# A level that allows nothing


def test_a_level_without_full_access_denies_everything_below() -> None:
    guard = policy("guard", deny("iam:*"), on=(WORKLOADS,))
    account_ = acme(full_access([name for name in EVERYWHERE if name != WORKLOADS]), guard)
    (finding,) = judge("organization_allows_something", account_)
    assert (finding.resource, finding.resource_detail) == (arn("ou", WORKLOADS), "/Workloads")
    assert finding.severity.value == "critical"
    assert finding.evidence.observed == {
        "attached": ["guard"],
        "accounts": [f"acme-dev ({DEV})", f"acme-prod ({PROD})"],
        "accounts_in_all": 2,
    }
    assert "everything is denied to 2 active accounts" in finding.detail


def test_an_empty_unit_that_allows_nothing_is_a_trap_rather_than_an_outage() -> None:
    accounts = tuple(item for item in tree().accounts if item.id != PLAY)
    full = full_access([name for name in EVERYWHERE if name != SANDBOX])
    (finding,) = judge("organization_allows_something", acme(full, accounts=accounts))
    assert (finding.status.value, finding.severity.value) == ("FAIL", "medium")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (acme(), "PASS"),
        # Nothing binds the management account.
        (acme(full_access([name for name in EVERYWHERE if name != ACCOUNT])), "PASS"),
        (acme(policy("some", allow("s3:*"), on=EVERYWHERE)), "PASS"),
        (acme(policy_types={RCP: "ENABLED"}), "NOT_APPLICABLE"),
        (acme(full_access([name for name in EVERYWHERE if name != PROD]), unreadable([PROD])), "NOT_ASSESSED"),
    ],
)
def test_levels_that_allow_something(found: t.Any, expected: str) -> None:
    assert status("organization_allows_something", found) == expected


# Slots


def many(kind: str, count: int) -> list[t.Any]:
    return [policy(f"{kind[0]}{number}", deny("iam:*"), on=(PRODUCTION,), kind=kind) for number in range(count)]


@pytest.mark.parametrize(("kind", "limit", "word"), [(SCP, 10, "SCPs"), (RCP, 5, "RCPs")])
def test_slots(kind: str, limit: int, word: str) -> None:
    assert status("organization_policy_slots", acme(*many(kind, limit - 1))) == "PASS"
    (finding,) = judge("organization_policy_slots", acme(*many(kind, limit)))
    assert finding.resource_detail == f"/Workloads/Production, {word}"
    assert finding.detail == f"{limit} {word} of at most {limit} are attached to /Workloads/Production"


# MFA


def test_accounts_whose_users_no_policy_asks_for_mfa() -> None:
    mfa = policy("mfa", but_mfa(SAFE), on=(WORKLOADS,))
    (finding,) = judge("organization_mfa_policy", acme(full_access(), mfa))
    assert finding.resource_detail == "acme-play"
    assert "whether the account has IAM users is not read here" in finding.detail
    everywhere = dataclasses.replace(mfa, targets=(ROOT_ID,))
    assert status("organization_mfa_policy", acme(full_access(), everywhere)) == "PASS"


@pytest.mark.parametrize(
    "other",
    [
        policy("narrow", deny("s3:DeleteBucket", Condition=SAFE), on=(ROOT_ID,)),
        policy("other-key", but_mfa({"Bool": {"aws:SecureTransport": "false"}}), on=(ROOT_ID,)),
        policy("rcp", deny("*", Condition=SAFE), on=(ROOT_ID,), kind=RCP),
        policy("unattached", but_mfa(SAFE)),
    ],
    ids=lambda item: item.name,
)
def test_what_does_not_ask_users_for_mfa(other: t.Any) -> None:
    assert len(failing("organization_mfa_policy", acme(full_access(), other))) == 3


def test_mfa_of_what_can_not_be_parsed_is_not_known() -> None:
    assert status("organization_mfa_policy", acme(full_access(), unreadable([ROOT_ID]))) == "NOT_ASSESSED"


def test_a_policy_that_cuts_off_roles() -> None:
    unsafe = policy("require-mfa", but_mfa(UNSAFE), on=(SANDBOX, PROD))
    (finding,) = judge("organization_mfa_pattern", acme(full_access(), unsafe))
    assert (finding.resource, finding.resource_detail, finding.severity.value) == (
        unsafe.arn,
        "require-mfa",
        "critical",
    )
    assert finding.evidence.observed["attached_to"] == ["/Sandbox", f"acme-prod ({PROD})"]
    assert finding.evidence.observed["statements"] == ["statement 1"]
    assert any("IAM Identity Center" in name for name in finding.evidence.observed["cut_off"])
    assert finding.detail.endswith(f"Attached to /Sandbox, acme-prod ({PROD})")


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ((policy("safe", but_mfa(SAFE), on=(ROOT_ID,)),), "PASS"),
        ((policy("unsafe", but_mfa(UNSAFE)),), "PASS"),
        ((unreadable([ROOT_ID]),), "NOT_ASSESSED"),
    ],
    ids=["for users only", "attached to nothing", "not parsed"],
)
def test_what_cuts_off_nobody(policies: tuple[t.Any, ...], expected: str) -> None:
    assert status("organization_mfa_pattern", acme(full_access(), *policies)) == expected


@pytest.mark.parametrize(
    "control",
    [*GUARDRAILS, "organization_allows_something", "organization_policy_slots", "organization_mfa_pattern"],
)
@pytest.mark.parametrize("dataset", [Dataset.ORGANIZATION_TREE, Dataset.ORGANIZATION_TREE_POLICIES])
def test_what_was_not_read_is_not_assessed(control: str, dataset: Dataset) -> None:
    assert status(control, acme(read={"unread": (unread(dataset),)})) == "NOT_ASSESSED"
