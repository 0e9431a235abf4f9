# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What organization policies leave open until the organization was read."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.placeholders import (
    LANDING_ZONE,
    ORGANIZATION_ID,
    fill_placeholders,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError

TOWER, STACKS = "controltower.amazonaws.com", "member.org.stacksets.cloudformation.amazonaws.com"
EXEMPT = "arn:*:iam::*:role/iam-hardening/automation"
ROLES = ["arn:*:iam::*:role/AWSControlTowerExecution", "arn:*:iam::*:role/stacksets-exec-*"]


def tree(*trusted: str) -> OrganizationTree:
    root = Unit(id="r-abcd", name="Root", parent_id=None, path="/")
    return OrganizationTree(
        id="o-exampleorgid",
        management_account_id="111122223333",
        feature_set="ALL",
        root_id=root.id,
        units=(root,),
        accounts=(),
        trusted_services=trusted,
    )


def make_declared(*principals: str, resource: t.Any = "*", state: str = "present", **options: t.Any) -> Declared:
    content = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Action": "*",
            "Resource": resource,
            "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": list(principals)},
                "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION_ID},
            },
        },
    }
    given = {"type": "SERVICE_CONTROL_POLICY", "state": state, "policies": [{"name": "guard"}], **options}
    return Declared.from_options(given, [content if state == "present" else None], own_tags={})


def statement(of: Declared) -> t.Any:
    (policy,) = of.policies
    assert policy.content is not None
    assert policy.content.policy is not None
    return policy.content.policy.statements[0]


@pytest.mark.parametrize(
    ("trusted", "roles"), [((), []), ((TOWER,), ROLES[:1]), ((STACKS,), ROLES[1:]), ((TOWER, STACKS, "x"), ROLES)]
)
def test_roles_that_set_up_accounts(trusted: tuple[str, ...], roles: list[str]) -> None:
    found = statement(
        fill_placeholders(make_declared(EXEMPT, LANDING_ZONE, resource=[EXEMPT, LANDING_ZONE]), tree(*trusted))
    )
    (principals,) = (one.values for one in found.conditions if one.operator == "ArnNotLike")
    assert sorted(principals) == sorted([EXEMPT, *roles])
    assert sorted(found.resources) == sorted([EXEMPT, *roles])


def test_a_role_that_is_listed_already_is_not_listed_twice() -> None:
    found = statement(fill_placeholders(make_declared(ROLES[0], LANDING_ZONE), tree(TOWER)))
    (principals,) = (one.values for one in found.conditions if one.operator == "ArnNotLike")
    assert principals in (ROLES[0], (ROLES[0],))


def test_the_id_of_the_organization() -> None:
    found = statement(fill_placeholders(make_declared(EXEMPT), tree()))
    (values,) = (one.values for one in found.conditions if one.operator == "StringEquals")
    assert values == ("o-exampleorgid",)


def test_what_leaves_nothing_open_stays_the_same() -> None:
    before = make_declared(EXEMPT)
    once = fill_placeholders(before, tree())
    assert fill_placeholders(once, tree(TOWER)) is once
    absent = make_declared(state="absent")
    assert fill_placeholders(absent, tree(TOWER)) is absent


def test_what_is_too_long_once_filled_in_is_refused() -> None:
    before = make_declared(EXEMPT, LANDING_ZONE, max_policy_size=280)
    with pytest.raises(InputError, match=r"policies\[0\].content: guard has \d+ characters after its placeholders"):
        fill_placeholders(before, tree(TOWER, STACKS))
