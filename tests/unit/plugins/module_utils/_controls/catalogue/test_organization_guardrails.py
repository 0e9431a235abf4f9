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
from ansible_collections.hardening.iam.plugins.module_utils._controls.effects.organization import effect_of

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
    assert finding.detail == "no policy from the root to /Workloads/Production enforces a known guardrail"
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


def read_finding(control: str, found: t.Any) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, found)
    return finding.detail, finding.evidence.observed


NO_MEMBERS: t.Final = (
    "the only active account of the organization is its management account, to which policies do not apply"
)


def test_the_guardrails_of_all_accounts_are_evidence() -> None:
    leave = policy("leave", deny("organizations:LeaveOrganization"), on=(ROOT_ID,))
    flow = policy("flow", deny("ec2:DeleteFlowLogs"), on=(WORKLOADS,))
    assert read_finding("organization_guardrails", acme(full_access(), leave, flow)) == (
        "3 accounts below policies that enforce at least one guardrail",
        {
            "population": 3,
            "unit": "accounts",
            "guardrails": ["flow logs stay", "nobody leaves the organization"],
        },
    )
    assert read_finding("organization_guardrails", acme(**ALONE))[0] == NO_MEMBERS


def test_the_types_of_policies_are_evidence_where_none_is_enabled() -> None:
    off = acme(policy_types={SCP: "PENDING_DISABLE"}, policies=(), feature_set="CONSOLIDATED_BILLING")
    assert read_finding("organization_guardrails", off) == (
        "neither service nor resource control policies are enabled (feature set CONSOLIDATED_BILLING)",
        {"policy_types": {SCP: "PENDING_DISABLE"}},
    )
    assert read_finding("organization_mfa_policy", off) == (
        "service control policies are not enabled, so none is attached",
        {"enabled": False},
    )
    assert read_finding("organization_mfa_policy", acme(**ALONE))[0] == NO_MEMBERS
    assert read_finding("organization_allows_something", off)[0] == (
        "service control policies are not enabled, so none is attached"
    )


def test_accounts_below_the_same_policies_are_asked_about_once() -> None:
    """An organization may have 2,000 accounts, and each answer takes a thousand evaluations."""
    effect_of.cache_clear()
    found = judge("organization_guardrails", acme(full_access(), policy("guard", deny("iam:*"), on=(SANDBOX,))))
    assert len(found) == 2
    assert effect_of.cache_info().currsize == 2


def test_a_guardrail_for_one_account_is_none_for_others() -> None:
    named = deny("organizations:LeaveOrganization", Condition={"StringEquals": {"aws:PrincipalAccount": PROD}})
    found = failing("organization_guardrails", acme(full_access(), policy("named", named, on=(ROOT_ID,))))
    assert found == [f"{arn('account', DEV)} acme-dev", f"{arn('account', PLAY)} acme-play"]


def test_a_guardrail_for_one_unit_is_none_for_others() -> None:
    path = f"o-acme/{ROOT_ID}/{WORKLOADS}/*"
    below = deny(
        "organizations:LeaveOrganization", Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": path}}
    )
    found = failing("organization_guardrails", acme(full_access(), policy("below", below, on=(ROOT_ID,))))
    assert found == [f"{arn('account', PLAY)} acme-play"]


def test_the_path_of_an_account_ends_with_its_unit() -> None:
    exact = f"o-acme/{ROOT_ID}/{WORKLOADS}/{PRODUCTION}/"
    below = deny(
        "organizations:LeaveOrganization", Condition={"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": exact}}
    )
    found = failing("organization_guardrails", acme(full_access(), policy("below", below, on=(ROOT_ID,))))
    assert found == [f"{arn('account', PLAY)} acme-play"]


def test_the_evidence_of_accounts_that_can_not_be_judged() -> None:
    found = judge("organization_mfa_policy", acme(full_access(), unreadable([SANDBOX])))
    play = next(item for item in found if item.resource_detail == "acme-play")
    assert (play.status.value, play.resource, play.detail) == (
        "NOT_ASSESSED",
        arn("account", PLAY),
        "policies that can't be parsed: broken",
    )
    assert {item.status.value for item in found if item is not play} == {"FAIL"}


def test_the_evidence_of_slots() -> None:
    (finding,) = judge("organization_policy_slots", acme(*many(RCP, 6)))
    assert finding.evidence.observed == {"type": RCP, "attached": [f"R{number}" for number in range(6)], "limit": 5}
    assert finding.resource == arn("ou", PRODUCTION)
    # SCPs and RCPs have slots of their own.
    assert status("organization_policy_slots", acme(*many(SCP, 9), *many(RCP, 4))) == "PASS"
    assert read_finding("organization_policy_slots", acme()) == (
        "7 roots, units and accounts assessed",
        {"population": 7, "unit": "roots, units and accounts"},
    )


def test_the_evidence_of_a_level_that_allows_nothing() -> None:
    accounts = tuple(item for item in tree().accounts if item.id != PLAY)
    full = full_access([name for name in EVERYWHERE if name != SANDBOX])
    assert read_finding("organization_allows_something", acme(full, accounts=accounts)) == (
        "no SCP of /Sandbox allows anything, so everything is denied to accounts that come here (there is none now)",
        {"attached": [], "accounts": [], "accounts_in_all": 0},
    )
    doubted = acme(full_access([name for name in EVERYWHERE if name != PROD]), unreadable([PROD]))
    assert read_finding("organization_allows_something", doubted)[0] == "policies that can't be parsed: broken"
    both = acme(full_access([name for name in EVERYWHERE if name not in (PROD, DEV)]), unreadable([PROD]))
    assert failing("organization_allows_something", both) == [f"{arn('account', DEV)} acme-dev"]
    assert read_finding("organization_allows_something", acme())[1] == {"population": 7, "unit": "levels"}


def test_the_evidence_of_mfa() -> None:
    (first, *_others) = judge("organization_mfa_policy", acme())
    assert first.detail == (
        "no SCP denies IAM users actions without MFA: a user without MFA may call iam:CreateUser with an access key"
        " in us-east-1 (whether the account has IAM users is not read here)"
    )
    assert first.evidence.observed == {"path": "/Workloads/Production"}
    mfa = policy("mfa", but_mfa(SAFE), on=(ROOT_ID,))
    assert read_finding("organization_mfa_policy", acme(full_access(), mfa))[1] == {"population": 3, "unit": "accounts"}
    assert read_finding("organization_mfa_pattern", acme(full_access(), mfa))[1] == {
        "population": 2,
        "unit": "attached policies",
    }
    # A policy that does not parse takes the demand of another away from nobody.
    assert status("organization_mfa_policy", acme(full_access(), mfa, unreadable([ROOT_ID]))) == "PASS"


def test_a_policy_that_cuts_off_roles_fails_beside_one_that_can_not_be_parsed() -> None:
    unsafe = policy("require-mfa", but_mfa(UNSAFE), on=(SANDBOX,))
    assert failing("organization_mfa_pattern", acme(full_access(), unsafe, unreadable([ROOT_ID]))) == [
        f"{unsafe.arn} require-mfa"
    ]
    assert read_finding("organization_mfa_pattern", acme(full_access(), unreadable([ROOT_ID])))[0] == (
        "policies that can't be parsed: broken"
    )
