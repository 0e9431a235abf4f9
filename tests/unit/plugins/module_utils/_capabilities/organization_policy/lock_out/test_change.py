# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change of organization policies may take away, and from whom."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    RCP,
    OrganizationPolicy,
    OrganizationTree,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.change import (
    ChangedPolicy,
    PolicyChange,
    takes_away,
)

from .locking import ALL_BUT_OURS, ANYTHING, DEV, FULL, MANAGEMENT_ID, MEMBERS, ORGANIZATION, PROD, ROOT, policy

ALLOW: t.Final = {"Sid": "Some", "Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}
LESS: t.Final = {**ALLOW, "Action": "s3:*"}


def allowing(*targets: str) -> OrganizationPolicy:
    return policy("some", ALLOW, targets)


@pytest.mark.parametrize(
    ("was", "will", "takes"),
    [
        (None, policy("deny", ANYTHING, [DEV]), True),
        (policy("deny", ANYTHING, [DEV]), policy("deny", ALL_BUT_OURS, [DEV]), True),
        (policy("deny", ANYTHING, [DEV]), None, False),
        (None, allowing(DEV), False),
        (allowing(DEV), allowing(DEV, PROD), False),
        (allowing(DEV, PROD), allowing(DEV), True),
        (allowing(DEV), allowing(PROD), True),
        (allowing(DEV), None, True),
        (allowing(DEV), policy("some", LESS, [DEV]), True),
        (None, dataclasses.replace(allowing(DEV), content="{"), False),
        (dataclasses.replace(allowing(DEV), content="{"), None, False),
        (None, None, False),
    ],
    ids=[
        "a denial comes",
        "a denial changes",
        "a denial goes",
        "more is allowed",
        "more is allowed elsewhere",
        "less is allowed somewhere",
        "it moves",
        "nothing is allowed any longer",
        "less is allowed",
        "what comes is no policy",
        "what goes is no policy",
        "nothing",
    ],
)
def test_what_a_policy_may_take_away(
    was: t.Optional[OrganizationPolicy], will: t.Optional[OrganizationPolicy], takes: bool
) -> None:
    assert takes_away(ChangedPolicy("x", "SERVICE_CONTROL_POLICY", (DEV,), was, will)) is takes


def make_change(*policies: OrganizationPolicy, before: t.Sequence[OrganizationPolicy] = ()) -> PolicyChange:
    return PolicyChange(ORGANIZATION.with_policies([FULL, *before]), ORGANIZATION.with_policies([FULL, *policies]))


@pytest.mark.parametrize(
    ("before", "after", "reaches", "accounts"),
    [
        ([], [allowing(DEV)], [(DEV,)], [MEMBERS[0]]),
        ([], [allowing(ROOT)], [(ROOT,)], [*MEMBERS]),
        ([allowing(DEV)], [], [(DEV,)], [MEMBERS[0]]),
        ([allowing(DEV)], [allowing(DEV)], [], []),
        ([allowing(DEV)], [allowing(DEV, PROD)], [(PROD,)], [MEMBERS[1]]),
        # Something new is said wherever it is attached.
        ([allowing(DEV)], [policy("some", LESS, [DEV, PROD])], [(DEV, PROD)], [*MEMBERS]),
        ([], [allowing(MEMBERS[1])], [(MEMBERS[1],)], [MEMBERS[1]]),
        ([], [allowing(MANAGEMENT_ID)], [(MANAGEMENT_ID,)], []),
        ([], [allowing("ou-gone")], [("ou-gone",)], []),
        ([], [allowing()], [], []),
    ],
)
def test_where_something_changes(
    before: list[OrganizationPolicy],
    after: list[OrganizationPolicy],
    reaches: list[tuple[str, ...]],
    accounts: list[str],
) -> None:
    change = make_change(*after, before=before)
    assert [item.reaches for item in change.policies] == reaches
    assert [account.id for account in change.accounts] == accounts
    for member in MEMBERS:
        names = [item.name for item in change.policies_at(member)]
        assert names == (["some"] if member in accounts else [])


def test_policies_of_other_types_change_nothing_here() -> None:
    tags = dataclasses.replace(allowing(DEV), type="TAG_POLICY")
    assert make_change(tags).policies == ()
    assert not make_change(allowing(DEV)).has_rcps
    assert make_change(dataclasses.replace(allowing(DEV), type=RCP)).has_rcps


def test_a_policy_is_called_by_its_name_and_shows_both_texts() -> None:
    (found,) = make_change(policy("some", LESS, [DEV]), before=[allowing(DEV)]).policies
    assert found.target == "organization policy some (SERVICE_CONTROL_POLICY)"
    assert found.texts == (allowing(DEV).content, policy("some", LESS, [DEV]).content)


@pytest.mark.parametrize(("state", "at_work"), [("ACTIVE", 1), ("PENDING_ACTIVATION", 1), ("SUSPENDED", 0)])
def test_nobody_works_in_a_closed_account(state: str, at_work: int) -> None:
    accounts = [
        dataclasses.replace(account, state=state) if account.id == MEMBERS[0] else account
        for account in ORGANIZATION.accounts
    ]
    tree: OrganizationTree = dataclasses.replace(ORGANIZATION, accounts=tuple(accounts))
    change = PolicyChange(tree, tree.with_policies([FULL, allowing(DEV)]))
    assert (len(change.accounts), len(change.accounts_at_work)) == (1, at_work)


def test_what_comes_with_the_type_allows_everything() -> None:
    """AWS attaches FullAWSAccess everywhere when it enables SCPs."""
    off = dataclasses.replace(ORGANIZATION, policies=(), policy_types={})
    change = PolicyChange(off, off.with_policies([policy("deny", ANYTHING, [DEV])]))
    before, after = change.controls(MEMBERS[0])
    assert before.scps is None
    assert [[item.name for item in level] for level in after.scps or ()] == [["deny", "FullAWSAccess"]]


def groups(change: PolicyChange) -> list[list[str]]:
    return [[account.id for account in alike] for alike in change.group_accounts()]


def test_accounts_are_alike_only_if_their_levels_still_allow_the_same() -> None:
    """What is taken from both is the only allowance of one of them: that one loses everything."""
    elsewhere = dataclasses.replace(FULL, targets=tuple(name for name in FULL.targets if name != MEMBERS[0]))
    for full, expected in ((FULL, [[*MEMBERS]]), (elsewhere, [[MEMBERS[0]], [MEMBERS[1]]])):
        before = ORGANIZATION.with_policies([full, allowing(*MEMBERS)])
        assert groups(PolicyChange(before, ORGANIZATION.with_policies([full]))) == expected


def test_what_does_not_change_tells_no_accounts_apart() -> None:
    change = make_change(allowing(MEMBERS[0]), policy("deny", ANYTHING, [ROOT]), before=[allowing(MEMBERS[0])])
    assert groups(change) == [[*MEMBERS]]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, [[*MEMBERS]]),
        ({"StringEquals": {"aws:PrincipalAccount": MEMBERS[0]}}, [[MEMBERS[0]], [MEMBERS[1]]]),
        ({"StringLike": {"aws:PrincipalAccount": "1111*"}}, [[MEMBERS[0]], [MEMBERS[1]]]),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*"}}, [[MEMBERS[0]], [MEMBERS[1]]]),
    ],
)
def test_accounts_that_a_policy_may_tell_apart_are_judged_one_by_one(
    condition: t.Any, expected: list[list[str]]
) -> None:
    assert groups(make_change(policy("deny", {**ANYTHING, "Condition": condition}, [ROOT]))) == expected


def test_the_account_of_an_administrator_is_judged_by_itself() -> None:
    tree = dataclasses.replace(ORGANIZATION, delegated_administrators={MEMBERS[1]: ("iam.amazonaws.com",)})
    change = PolicyChange(tree, tree.with_policies([FULL, policy("deny", ANYTHING, [ROOT])]))
    assert groups(change) == [[MEMBERS[0]], [MEMBERS[1]]]
