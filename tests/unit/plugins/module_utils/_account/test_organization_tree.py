# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.documents import policy_document
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    RCP,
    SCP,
    MemberAccount,
    OrganizationPolicy,
    OrganizationTree,
    Unit,
)

MANAGEMENT, PROD, TEST = "111122223333", "222233334444", "333344445555"


def account(account_id: str, name: str, parent: str) -> MemberAccount:
    return MemberAccount(id=account_id, name=name, email="", state="ACTIVE", parent_id=parent)


def policy(policy_id: str, *targets: str, kind: str = SCP) -> OrganizationPolicy:
    return OrganizationPolicy(
        id=policy_id,
        arn=f"arn:aws:organizations::{MANAGEMENT}:policy/o-1/{policy_id}",
        name=f"name of {policy_id}",
        type=kind,
        description="",
        is_aws_managed=False,
        content="{}",
        document=policy_document(policy_id, "{}"),
        targets=targets,
    )


@pytest.fixture
def tree() -> OrganizationTree:
    return OrganizationTree(
        id="o-1",
        management_account_id=MANAGEMENT,
        feature_set="ALL",
        root_id="r-1",
        units=(
            Unit(id="r-1", name="Root", path="/"),
            Unit(id="ou-1-work", name="Workloads", path="/Workloads", parent_id="r-1"),
            Unit(id="ou-1-prod", name="Production", path="/Workloads/Production", parent_id="ou-1-work"),
            Unit(id="ou-1-test", name="Test", path="/Test", parent_id="r-1"),
        ),
        accounts=(
            account(MANAGEMENT, "management", "r-1"),
            account(PROD, "prod", "ou-1-prod"),
            account(TEST, "test", "ou-1-test"),
        ),
        policies=(
            policy("p-full", "r-1", "ou-1-work", "ou-1-prod", PROD),
            policy("p-regions", "ou-1-work"),
            policy("p-perimeter", "r-1", kind=RCP),
        ),
    )


@pytest.mark.parametrize(
    ("target", "path", "name", "lineage"),
    [
        ("r-1", "/", "/", ("r-1",)),
        ("ou-1-prod", "/Workloads/Production", "/Workloads/Production", ("r-1", "ou-1-work", "ou-1-prod")),
        (PROD, "/Workloads/Production", f"prod ({PROD})", ("r-1", "ou-1-work", "ou-1-prod", PROD)),
        (MANAGEMENT, "/", f"management ({MANAGEMENT})", ("r-1", MANAGEMENT)),
    ],
)
def test_a_target_is_found_and_named(
    tree: OrganizationTree, target: str, path: str, name: str, lineage: tuple[str, ...]
) -> None:
    assert tree.path_of(target) == path
    assert tree.name_of(target) == name
    assert tree.lineage(target) == lineage


@pytest.mark.parametrize("target", ["ou-1-gone", "999999999999", ""])
def test_what_is_not_in_the_organization_has_no_place_in_it(tree: OrganizationTree, target: str) -> None:
    for ask in (tree.path_of, tree.name_of, tree.lineage, tree.levels):
        with pytest.raises(KeyError):
            ask(target)
    assert tree.accounts_under([target]) == ()


@pytest.mark.parametrize(
    ("targets", "accounts"),
    [
        (["r-1"], [MANAGEMENT, PROD, TEST]),
        (["ou-1-work"], [PROD]),
        ([PROD], [PROD]),
        (["ou-1-test", PROD, "ou-1-prod"], [PROD, TEST]),
        ([], []),
    ],
)
def test_accounts_below_targets_come_once_and_in_order(
    tree: OrganizationTree, targets: list[str], accounts: list[str]
) -> None:
    assert [found.id for found in tree.accounts_under(targets)] == accounts


def test_levels_go_from_the_root_to_the_account(tree: OrganizationTree) -> None:
    levels = tree.levels(PROD)
    assert [(level.target_id, level.target_name) for level in levels] == [
        ("r-1", "r-1"),
        ("ou-1-work", "Workloads"),
        ("ou-1-prod", "Production"),
        (PROD, PROD),
    ]
    assert [[scp.id for scp in level.scps] for level in levels] == [
        ["p-full"],
        ["p-full", "p-regions"],
        ["p-full"],
        ["p-full"],
    ]
    assert [[rcp.id for rcp in level.rcps] for level in levels] == [["p-perimeter"], [], [], []]


def test_a_level_without_policies_is_a_level_all_the_same(tree: OrganizationTree) -> None:
    assert [level.scps for level in tree.levels(TEST)][1:] == [(), ()]


def test_policies_of_other_types_are_no_layer_of_a_principal(tree: OrganizationTree) -> None:
    changed = tree.with_policies([policy("p-tags", "r-1", kind="TAG_POLICY")])
    assert [(level.scps, level.rcps) for level in changed.levels(TEST)] == [((), ())] * 3


def test_other_policies_leave_the_organization_as_it_was(tree: OrganizationTree) -> None:
    changed = tree.with_policies(policy for policy in tree.policies if policy.id != "p-regions")
    assert [policy.id for policy in changed.policies] == ["p-full", "p-perimeter"]
    assert [policy.id for policy in tree.policies] == ["p-full", "p-regions", "p-perimeter"]
    assert dataclasses.replace(changed, policies=tree.policies) == tree
