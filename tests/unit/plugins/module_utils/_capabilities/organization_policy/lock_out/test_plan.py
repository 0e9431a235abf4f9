# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guard refuses of a change, and its harmless twins, with one fact changed."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    ENABLED,
    MemberAccount,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    PolicyChange,
    build_organization_path,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.plan import (
    MANAGEMENT,
    Guard,
    GuardOptions,
    Observed,
    find_break_glass_in,
    find_landing_zone,
    select_landing_zone,
)

from .locking import (
    ALL_BUT_OURS,
    ANYTHING,
    AUTOMATION_ONLY,
    BREAK_GLASS_ARN,
    DEV,
    FULL,
    MANAGEMENT_ID,
    MEMBERS,
    ORGANIZATION,
    PROD,
    ROOT,
    with_policy,
)

RULES: t.Final = GuardOptions(
    partition="aws",
    region="us-east-1",
    caller=f"arn:aws:iam::{MANAGEMENT_ID}:role/iam-hardening/automation",
    caller_account=MANAGEMENT_ID,
    automation=("role/iam-hardening/automation",),
    assessors=("role/iam-hardening/assessor",),
)
SEEN: t.Final = Observed({MANAGEMENT_ID: (BREAK_GLASS_ARN,)})


def judge(
    after: OrganizationTree,
    *,
    before: OrganizationTree = ORGANIZATION,
    rules: GuardOptions = RULES,
    seen: Observed = SEEN,
) -> dict[str, dict[str, str]]:
    """The reasons of refusals, by policy and rule."""
    found = Guard(PolicyChange(before, after), rules, seen).find_refusals()
    return {name: {refusal.rule: refusal.reason for refusal in refusals} for name, refusals in found.items()}


def test_what_spares_those_who_run_accounts_passes() -> None:
    assert judge(with_policy("guardrail", ALL_BUT_OURS, [DEV])) == {}


def test_who_loses_what_by_which_statement_where_is_told() -> None:
    reason = judge(with_policy("guardrail", AUTOMATION_ONLY, [DEV]))["guardrail"]["lock_out"]
    assert "break-glass role with MFA" in reason
    assert "iam:DeleteRolePermissionsBoundary" in reason
    assert "KeepBoundaries" in reason
    assert f"dev ({MEMBERS[0]})" in reason
    assert "automation role" not in reason
    # Who is locked out is not named a second time.
    assert "also lock out" not in reason


def test_others_who_are_cut_off_too_are_named() -> None:
    reason = judge(with_policy("guardrail", ANYTHING, [DEV]))["guardrail"]["lock_out"]
    assert "it would also lock out" in reason
    assert "role of a Lambda function" in reason


def without_mfa(*exempt: str, **elements: t.Any) -> dict[str, t.Any]:
    """A denial to everybody without MFA but those."""
    condition: dict[str, t.Any] = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    if exempt:
        condition["ArnNotLike"] = {"aws:PrincipalArn": list(exempt)}
    what = {} if "Action" in elements else {"NotAction": ["iam:ListMFADevices"]}
    return {"Sid": "AllWithMfa", "Effect": "Deny", "Resource": "*", "Condition": condition, **what, **elements}


def test_mfa_that_only_users_can_have_is_refused_with_whom_it_cuts_off() -> None:
    reason = judge(with_policy("mfa", without_mfa(), [DEV]))["mfa"]["unsafe_mfa"]
    assert reason.startswith("AllWithMfa denies all but a few actions without MFA (BoolIfExists aws:MultiFactorAuth")
    for principal in ("role of a Lambda function", "CI role by OIDC", "Identity Center AdministratorAccess"):
        assert principal in reason
    assert "ArnLike aws:PrincipalArn arn:*:iam::*:user/*" in reason


def test_it_is_refused_even_where_those_who_run_accounts_are_spared() -> None:
    ours = ("arn:*:iam::*:role/iam-hardening/*", "arn:*:iam::*:role/aws-reserved/*", "arn:*:iam::*:role/Organization*")
    found = judge(with_policy("mfa", without_mfa(*ours), [DEV]))["mfa"]
    assert "role of a Lambda function" in found["unsafe_mfa"]


def test_whom_another_policy_cuts_off_is_no_matter_of_mfa() -> None:
    ours = ("arn:*:iam::*:role/iam-hardening/*", "arn:*:iam::*:role/aws-reserved/*", "arn:*:iam::*:role/Organization*")
    mfa, guardrail = (
        with_policy(name, statement, [DEV]).policies[-1]
        for name, statement in (("mfa", without_mfa(*ours)), ("guardrail", AUTOMATION_ONLY))
    )
    found = judge(ORGANIZATION.with_policies([FULL, mfa, guardrail]))
    assert "break-glass" in found["guardrail"]["lock_out"]
    assert "break-glass" not in found["mfa"]["unsafe_mfa"]


def test_what_one_policy_locks_out_is_not_laid_to_another() -> None:
    harmless, guardrail = (
        with_policy(name, statement, [DEV]).policies[-1]
        for name, statement in (("harmless", ALL_BUT_OURS), ("guardrail", AUTOMATION_ONLY))
    )
    assert judge(ORGANIZATION.with_policies([FULL, harmless, guardrail])).keys() == {"guardrail"}


def test_a_policy_that_does_not_parse_is_not_judged() -> None:
    broken = dataclasses.replace(with_policy("broken", ANYTHING, [DEV]).policies[-1], content="{")
    assert judge(ORGANIZATION.with_policies([FULL, broken])) == {}


@pytest.mark.parametrize(
    "statement", [without_mfa("arn:*:iam::*:role/*", "arn:*:iam::*:root"), without_mfa(Action="ec2:StopInstances")]
)
def test_users_alone_and_single_actions_may_need_mfa(statement: t.Any) -> None:
    assert "unsafe_mfa" not in judge(with_policy("mfa", statement, [DEV])).get("mfa", {})


def test_taking_such_a_policy_off_is_not_refused() -> None:
    before = with_policy("mfa", without_mfa(), [DEV, PROD])
    assert judge(with_policy("mfa", without_mfa(), [DEV]), before=before) == {}


def test_the_policy_that_is_taken_away_is_the_one_that_is_refused() -> None:
    kept = dataclasses.replace(FULL, targets=tuple(target for target in FULL.targets if target != DEV))
    found = judge(ORGANIZATION.with_policies([kept]))
    assert "which no policy allows any longer" in found["FullAWSAccess"]["lock_out"]


def test_taking_a_denial_away_locks_nobody_out() -> None:
    before = with_policy("guardrail", ANYTHING, [DEV])
    assert judge(ORGANIZATION, before=before, seen=Observed()) == {}


def test_the_management_account_is_not_bound() -> None:
    change = PolicyChange(ORGANIZATION, with_policy("guardrail", ANYTHING, [MANAGEMENT_ID]))
    assert change.accounts == ()
    assert Guard(change, RULES, SEEN).find_refusals() == {}


def test_the_root_needs_an_option_of_its_own() -> None:
    after = with_policy("guardrail", ALL_BUT_OURS, [ROOT])
    assert "allow_root_attachment" in judge(after)["guardrail"]["root_attachment"]
    assert judge(after, rules=dataclasses.replace(RULES, allow_root_attachment=True)) == {}


def test_a_policy_that_stays_at_the_root_as_it_is_is_not_asked_again() -> None:
    before = with_policy("guardrail", ALL_BUT_OURS, [ROOT])
    assert judge(with_policy("guardrail", ALL_BUT_OURS, [ROOT, DEV]), before=before) == {}


# Break-glass


def test_without_any_break_glass_principal_nothing_is_denied_to_anybody() -> None:
    found = judge(with_policy("guardrail", ALL_BUT_OURS, [DEV]), seen=Observed({MANAGEMENT_ID: ()}))
    assert "none is in the management account" in found["guardrail"]["no_break_glass"]


def test_one_in_each_member_will_do() -> None:
    own = f"arn:aws:iam::{MEMBERS[0]}:role/iam-hardening/break-glass"
    seen = Observed({MANAGEMENT_ID: (), MEMBERS[0]: (own,)})
    assert judge(with_policy("guardrail", ALL_BUT_OURS, [DEV]), seen=seen) == {}
    assert "no_break_glass" in judge(with_policy("guardrail", ALL_BUT_OURS, [DEV, PROD]), seen=seen)["guardrail"]


def test_one_that_could_not_help_does_not_count_and_says_why() -> None:
    own = f"arn:aws:iam::{MEMBERS[0]}:role/iam-hardening/break-glass"
    after = with_policy("guardrail", ALL_BUT_OURS, [DEV])
    useless = {BREAK_GLASS_ARN: "can be used by nobody", own: "has no policies"}
    for seen in ({MANAGEMENT_ID: (BREAK_GLASS_ARN,)}, {MANAGEMENT_ID: (BREAK_GLASS_ARN,), MEMBERS[0]: (own,)}):
        assert judge(after, seen=Observed(seen)) == {}
        reason = judge(after, seen=Observed(seen, helpless=useless))["guardrail"]["no_break_glass"]
        assert f"{BREAK_GLASS_ARN} can be used by nobody" in reason
        assert (f"{own} has no policies" in reason) is (MEMBERS[0] in seen)
        # One that works is enough, here or in the management account.
        for working in seen:
            rest = {arn: why for arn, why in useless.items() if arn not in seen[working]}
            assert judge(after, seen=Observed(seen, helpless=rest)) == {}


def test_of_many_that_could_not_help_some_are_named() -> None:
    arns = tuple(f"{BREAK_GLASS_ARN}-{number}" for number in range(5))
    seen = Observed({MANAGEMENT_ID: arns}, helpless=dict.fromkeys(arns, "has no policies"))
    reason = judge(with_policy("guardrail", ALL_BUT_OURS, [DEV]), seen=seen)["guardrail"]["no_break_glass"]
    assert f"{arns[2]} has no policies; and 2 more)" in reason
    assert arns[3] not in reason
    few = Observed({MANAGEMENT_ID: arns[:3]}, helpless=dict.fromkeys(arns, "has no policies"))
    assert " more)" not in judge(with_policy("guardrail", ALL_BUT_OURS, [DEV]), seen=few)["guardrail"]["no_break_glass"]


def test_a_closed_account_needs_no_break_glass_principal() -> None:
    accounts = tuple(dataclasses.replace(item, state="SUSPENDED") for item in ORGANIZATION.accounts)
    before = dataclasses.replace(ORGANIZATION, accounts=accounts)
    after = before.with_policies(with_policy("guardrail", ALL_BUT_OURS, [DEV]).policies)
    assert "no_break_glass" not in judge(after, before=before, seen=Observed({MANAGEMENT_ID: ()})).get("guardrail", {})


def test_one_that_is_declared_counts_where_nobody_could_look() -> None:
    declared = dataclasses.replace(RULES, break_glass=("arn:aws:iam::*:role/iam-hardening/break-glass",))
    after = with_policy("guardrail", ALL_BUT_OURS, [DEV])
    assert "could not be read" in judge(after, seen=Observed())["guardrail"]["no_break_glass"]
    assert judge(after, rules=declared, seen=Observed()) == {}
    # Declared, and looked for in vain.
    seen = Observed({MANAGEMENT_ID: (), MEMBERS[0]: ()})
    assert "no_break_glass" in judge(after, rules=declared, seen=seen)["guardrail"]


def test_those_that_were_seen_are_asked_for_what_they_need() -> None:
    other = f"arn:aws:iam::{MEMBERS[0]}:role/emergency"
    seen = Observed({MANAGEMENT_ID: (), MEMBERS[0]: (other,)})
    reason = judge(with_policy("guardrail", ALL_BUT_OURS, [DEV]), seen=seen)["guardrail"]["lock_out"]
    assert "break-glass role" in reason


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("arn:aws:iam::*:user/emergency-*", ("arn:aws:iam::111122223333:user/emergency-1",)),
        ("arn:*:iam::111122223333:role/bg", ("arn:aws:iam::111122223333:role/bg",)),
        ("arn:aws:iam::*:role/bg-?", ("arn:aws:iam::111122223333:role/bg-1",)),
        ("arn:*:iam::111122223333:role/b:g", ("arn:aws:iam::111122223333:role/b:g",)),
        ("arn:aws:iam::999988887777:role/bg", ()),
        ("*break-glass*", ()),
        ("arn:aws:iam::*:*", ()),
    ],
)
def test_declared_globs_mean_principals_of_an_account(pattern: str, found: tuple[str, ...]) -> None:
    assert find_break_glass_in("111122223333", [pattern], partition="aws") == found


# A delegated administrator


def delegate(way_back: str = "") -> GuardOptions:
    arn = f"arn:aws:iam::{MEMBERS[0]}:role/policy-admin"
    return dataclasses.replace(RULES, caller=arn, caller_account=MEMBERS[0], way_back=way_back)


def test_who_administers_from_a_member_needs_a_way_back() -> None:
    after = with_policy("guardrail", ALL_BUT_OURS, [DEV])
    assert "way_back" in judge(after, rules=delegate())["guardrail"]["no_way_back"]
    elsewhere = with_policy("guardrail", ALL_BUT_OURS, [PROD])
    assert judge(elsewhere, rules=delegate()) == {}
    assert judge(after, rules=delegate(MANAGEMENT)) == {}
    assert judge(after, rules=delegate(f"arn:aws:iam::{MANAGEMENT_ID}:role/rescue")) == {}
    assert "no_way_back" in judge(after, rules=delegate(f"arn:aws:iam::{MEMBERS[1]}:role/rescue"))["guardrail"]


def test_the_account_that_iam_is_delegated_to_counts_as_well() -> None:
    tree = dataclasses.replace(
        with_policy("guardrail", ALL_BUT_OURS, [PROD]), delegated_administrators={MEMBERS[1]: ("iam.amazonaws.com",)}
    )
    assert "no_way_back" in judge(tree, rules=delegate())["guardrail"]
    # From the management account the caller is the way back.
    assert judge(tree) == {}


def test_the_caller_in_a_bound_account_must_not_lose_what_takes_the_policy_off() -> None:
    document = {"Sid": "NoPolicies", "Effect": "Deny", "Action": "organizations:DetachPolicy", "Resource": "*"}
    found = judge(with_policy("guardrail", document, [DEV]), rules=delegate(MANAGEMENT))
    assert "the caller (organizations:DetachPolicy by NoPolicies)" in found["guardrail"]["lock_out"]
    assert judge(with_policy("guardrail", document, [PROD]), rules=delegate(MANAGEMENT)) == {}


# The landing zone


def test_a_landing_zone_is_told_by_the_organization() -> None:
    assert find_landing_zone(ORGANIZATION) == ()
    trusting = dataclasses.replace(ORGANIZATION, trusted_services=("controltower.amazonaws.com",))
    assert [role.rpartition("/")[2] for role in find_landing_zone(trusting)] == ["AWSControlTowerExecution"]
    guarded = with_policy("aws-guardrails-AbCdEf", ALL_BUT_OURS, [DEV])
    assert len(find_landing_zone(guarded)) == 1
    sets = dataclasses.replace(ORGANIZATION, trusted_services=("member.org.stacksets.cloudformation.amazonaws.com",))
    assert "stacksets-exec" in find_landing_zone(sets)[0]


def test_the_roles_of_a_landing_zone_are_told_by_their_names() -> None:
    names = ("AWSControlTowerExecution", "AWSCloudFormationStackSetExecutionRole", "stacksets-exec-0123", "developer")
    arns = [f"arn:aws:iam::{MEMBERS[0]}:role/{name}" for name in names]
    assert select_landing_zone(arns) == tuple(arns[:3])


# Many accounts


def test_accounts_that_fare_alike_are_asked_once() -> None:
    guard = Guard(PolicyChange(ORGANIZATION, with_policy("guardrail", AUTOMATION_ONLY, [DEV, PROD])), RULES, SEEN)
    assert [[account.id for account in row.accounts] for row in guard.matrix] == [list(MEMBERS)]


def test_an_account_that_a_policy_names_is_asked_for_itself() -> None:
    named = {**ANYTHING, "Condition": {"StringEquals": {"aws:PrincipalAccount": MEMBERS[0]}}}
    guard = Guard(PolicyChange(ORGANIZATION, with_policy("guardrail", named, [DEV, PROD])), RULES, SEEN)
    lost = {row.accounts[0].id: bool(row.losses) for row in guard.matrix}
    assert lost == {MEMBERS[0]: True, MEMBERS[1]: False}
    # Of where nothing is lost nothing is told.
    assert [row["accounts"] for row in guard.as_dict()["matrix"]] == [[MEMBERS[0]]]


def test_a_unit_that_a_policy_names_is_asked_for_itself() -> None:
    path = build_organization_path(ORGANIZATION, MEMBERS[0])
    assert path == f"{ORGANIZATION.id}/{ROOT}/{DEV}/"
    named = {**ANYTHING, "Condition": {"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": [path]}}}
    guard = Guard(PolicyChange(ORGANIZATION, with_policy("guardrail", named, [DEV, PROD])), RULES, SEEN)
    assert [bool(row.losses) for row in guard.matrix] == [True, False]


def test_before_policies_are_enabled_everything_is_allowed_and_afterwards_as_well() -> None:
    off = dataclasses.replace(ORGANIZATION, policies=(), policy_types={})
    after = dataclasses.replace(with_policy("guardrail", ALL_BUT_OURS, [DEV]), policy_types={})
    only = after.with_policies([policy for policy in after.policies if policy.name == "guardrail"])
    assert judge(only, before=off) == {}
    assert ORGANIZATION.policy_types["SERVICE_CONTROL_POLICY"] == ENABLED


def test_what_is_told_names_accounts_actions_and_statement() -> None:
    guard = Guard(PolicyChange(ORGANIZATION, with_policy("guardrail", AUTOMATION_ONLY, [DEV])), RULES, SEEN)
    result = guard.as_dict()
    assert result["accounts"] == 1
    assert result["break_glass"] == {"management_account": [BREAK_GLASS_ARN], "declared": []}
    losses = result["matrix"][0]["losses"]
    assert {loss["kind"] for loss in losses} == {"break-glass"}
    assert all(loss["locked_out"] and loss["certain"] and loss["statement"] == "KeepBoundaries" for loss in losses)
    assert losses[0]["principal"].startswith(f"arn:aws:iam::{MEMBERS[0]}:")


def test_two_thousand_accounts_in_sixty_units_are_one_matrix() -> None:
    units = [Unit(f"ou-{number}", f"unit {number}", f"/unit-{number}", ROOT) for number in range(60)]
    members = [
        MemberAccount(str(100_000_000_000 + number), f"member {number}", "", "ACTIVE", f"ou-{number % 60}")
        for number in range(2000)
    ]
    full = dataclasses.replace(FULL, targets=(ROOT, *(unit.id for unit in units), *(member.id for member in members)))
    before = dataclasses.replace(
        ORGANIZATION,
        units=(*ORGANIZATION.units[:1], *units),
        accounts=(*ORGANIZATION.accounts[:1], *members),
        policies=(full,),
    )
    guardrail = with_policy("guardrail", AUTOMATION_ONLY, [unit.id for unit in units]).policies[1]
    guard = Guard(PolicyChange(before, before.with_policies([full, guardrail])), RULES, SEEN)
    assert [len(row.accounts) for row in guard.matrix] == [2000]
    assert "and 1995 more" in guard.find_refusals()["guardrail"][0].reason
