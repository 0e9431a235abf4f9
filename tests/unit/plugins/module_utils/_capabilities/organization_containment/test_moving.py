# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which restrictions a move ends, and whom the unit certainly denies everything."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.moving import (
    Move,
    exempts_nobody,
    find_undenied,
    find_unit,
    is_denied,
    judge_move,
)

from ..organization_policy.organizations import BOX, DENY, DEV, MANAGEMENT, ROOT, WORK_DEV, full_access, policy, tree
from .test_plan import DENY_ALL, EVERYWHERE, KEPT, denying, in_unit, organization

SOMEBODY: t.Final = f"arn:aws:iam::{DEV}:role/somebody"
ALLOW_S3: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def move(organization: OrganizationTree, *must_not: str) -> Move:
    unit = find_unit(organization, "/Box")
    assert unit is not None
    return judge_move(organization, DEV, unit, must_not)


def without_full_access(node: str, *policies: t.Any) -> OrganizationTree:
    return tree(full_access(*(one for one in EVERYWHERE if one != node)), *policies)


def broken(name: str, *targets: str) -> t.Any:
    made = policy(name, *targets)
    return dataclasses.replace(made, document=dataclasses.replace(made.document, document={"Statement": 7}))


def test_a_level_without_policies_proves_no_denial() -> None:
    assert SOMEBODY in move(without_full_access(BOX)).still_allowed
    # Nor does one with a policy that can't be parsed: it may allow everything.
    assert SOMEBODY in move(without_full_access(BOX, broken("broken", BOX))).still_allowed
    assert move(without_full_access(BOX, policy("only-denials", BOX))).still_allowed == ()


@pytest.mark.parametrize(
    "condition",
    [
        # The caller may have the tag, or not.
        {"StringNotEquals": {"aws:PrincipalTag/team": "rescue"}},
        {"StringEquals": {"aws:PrincipalTag/team": "rescue"}},
        {"Null": {"aws:PrincipalTag/team": "true"}},
    ],
)
def test_a_denial_that_depends_on_what_is_not_known_of_the_caller_does_not_count(condition: t.Any) -> None:
    made = organization(policy("some", BOX, content=denying(Condition=condition)))
    assert SOMEBODY in move(made).still_allowed
    assert not exempts_nobody(in_unit(made), DEV)


def test_who_must_not_go_on_is_judged_besides_those_that_stand_for_everybody() -> None:
    kept = organization(policy("all", BOX, content=denying(KEPT)))
    assert move(kept).still_allowed == () and move(kept, KEPT).still_allowed == (KEPT,)
    assert find_undenied(in_unit(kept), DEV, [SOMEBODY, KEPT]) == (KEPT,)
    assert not exempts_nobody(in_unit(kept), DEV)
    assert exempts_nobody(in_unit(organization(policy("all", BOX, content=DENY_ALL))), DEV)


def test_what_stays_above_the_account_is_not_lost() -> None:
    # Of the root and of the account itself, whatever they say.
    for node in (ROOT, DEV):
        assert move(without_full_access(node, policy("only-s3", node, content=ALLOW_S3))).lost == ()
        assert move(organization(broken("broken", node), policy("guard", node))).lost == ()
        assert move(organization(policy("guard", node, kind=RCP))).lost == ()
    assert move(organization(broken("broken", WORK_DEV))).lost == ("broken",)
    assert move(organization(policy("guard", WORK_DEV, kind=RCP))).lost == ("guard",)


def test_a_denial_is_kept_only_by_one_of_the_same_type_that_denies_as_much() -> None:
    def deny(name: str, *targets: str, kind: str = "SERVICE_CONTROL_POLICY", **more: t.Any) -> t.Any:
        statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", **more}
        return policy(name, *targets, content={"Version": "2012-10-17", "Statement": [statement]}, kind=kind)

    assert move(organization(deny("guard", WORK_DEV), deny("same", BOX, Sid="Other"))).lost == ()
    assert move(organization(deny("guard", WORK_DEV), deny("rcp", BOX, kind=RCP))).lost == ("guard",)
    assert move(organization(deny("guard", WORK_DEV), deny("less", BOX, Action="s3:GetObject"))).lost == ("guard",)
    half = [*DENY["Statement"][:1]]
    less = policy("half", BOX, content={"Version": "2012-10-17", "Statement": half})
    assert move(organization(policy("guard", WORK_DEV), less)).lost == ("guard",)
    # A denial of everything has every other one in it, but none that has exceptions.
    assert move(organization(policy("guard", WORK_DEV), policy("all", BOX, content=DENY_ALL))).lost == ()
    for fewer in (denying(KEPT), denying(Action="iam:*"), denying(Resource="arn:aws:s3:::x")):
        assert move(organization(policy("guard", WORK_DEV), policy("all", BOX, content=fewer))).lost == ("guard",)


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ({}, ()),
        ({"Action": "s3:*"}, ("list",)),
        ({"Resource": "arn:aws:s3:::vault/*"}, ("list",)),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, ("list",)),
        ({"Action": None, "NotAction": "iam:*"}, ("list",)),
        ({"Resource": None, "NotResource": "arn:aws:s3:::vault/*"}, ("list",)),
    ],
)
def test_only_an_allow_of_everything_restricts_nothing(statement: t.Any, lost: tuple[str, ...]) -> None:
    given = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    content = {"Version": "2012-10-17", "Statement": [{key: one for key, one in given.items() if one}]}
    assert move(without_full_access(WORK_DEV, policy("list", WORK_DEV, content=content))).lost == lost


def test_the_levels_before_and_after_a_move_are_described() -> None:
    guarded = organization(
        policy("guard", WORK_DEV), policy("all", BOX, content=DENY_ALL), policy("rcp", BOX, kind=RCP)
    )
    described = move(guarded).as_dict()
    assert (described["from"], described["to"]) == ("/Work/Dev", "/Box")
    before, after = (
        {level["target"]: level["policies"] for level in described[name]}
        for name in ("policies_before", "policies_after")
    )
    names = guarded.name_of(WORK_DEV), guarded.name_of(BOX)
    assert before[names[0]] == ["FullAWSAccess", "guard"] and names[1] not in before
    assert after[names[1]] == ["FullAWSAccess", "all", "rcp"] and names[0] not in after


def test_what_holds_the_account_is_named_without_what_aws_manages() -> None:
    made = organization(
        policy("above", ROOT, content=denying(KEPT)),
        policy("harmless", ROOT),
        policy("attached", BOX),
        policy("rcp", BOX, kind=RCP),
        policy("left", WORK_DEV, content=DENY_ALL),
    )
    assert move(made).policies == ("above", "attached")


def test_a_role_is_denied_also_where_nothing_allows() -> None:
    action = "iam:UpdateAssumeRolePolicy"
    assert not is_denied(organization(), DEV, KEPT, action)
    assert is_denied(organization(policy("all", WORK_DEV, content=DENY_ALL)), DEV, KEPT, action)
    assert not is_denied(organization(policy("all", WORK_DEV, content=denying(KEPT))), DEV, KEPT, action)
    only_s3 = without_full_access(WORK_DEV, policy("only-s3", WORK_DEV, content=ALLOW_S3))
    assert is_denied(only_s3, DEV, KEPT, action) and not is_denied(only_s3, DEV, KEPT, "s3:GetObject")


def test_principals_are_named_in_the_partition_of_the_organization() -> None:
    made = organization(policy("some", BOX))
    china = dataclasses.replace(
        made, policies=tuple(dataclasses.replace(one, arn=one.arn.replace("aws", "aws-cn")) for one in made.policies)
    )
    assert SOMEBODY.replace(":aws:", ":aws-cn:") in move(china).still_allowed
    assert SOMEBODY in move(made).still_allowed and MANAGEMENT not in str(move(made).still_allowed)
