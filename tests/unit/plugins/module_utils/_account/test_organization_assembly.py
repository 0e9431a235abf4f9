# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a snapshot holds of an organization: the tree, what hangs on it, and what is lost with each read."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.codec import from_json, to_json
from ansible_collections.hardening.iam.plugins.module_utils._account.model import OF_ORGANIZATION, Dataset, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import RCP, SCP

from .fakes import ACCOUNT, FakeAccess, deny, read, refusal, unread_of

MEMBER = "222233334444"
UNIT = "ou-acme-1"
CONTENT = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
SUMMARY = {"Id": "p-1", "Arn": "arn:p-1", "Name": "FullAWSAccess", "Type": SCP, "AwsManaged": True}


def children(key: str, below: dict[str, list[dict[str, str]]]) -> t.Callable[..., t.Any]:
    return lambda ParentId, region: {key: below.get(ParentId, [])}


ANSWERS: dict[str, t.Any] = {
    "organizations:DescribeOrganization": {
        "Organization": {"Id": "o-acme", "MasterAccountId": ACCOUNT, "FeatureSet": "ALL"}
    },
    "organizations:ListRoots": {
        "Roots": [{"Id": "r-acme", "Name": "Root", "PolicyTypes": [{"Type": SCP, "Status": "ENABLED"}]}]
    },
    "organizations:ListOrganizationalUnitsForParent": children(
        "OrganizationalUnits", {"r-acme": [{"Id": UNIT, "Name": "Work"}]}
    ),
    "organizations:ListAccountsForParent": children(
        "Accounts",
        {
            "r-acme": [{"Id": ACCOUNT, "Name": "acme", "State": "ACTIVE"}],
            UNIT: [{"Id": MEMBER, "Name": "acme-prod", "State": "ACTIVE"}],
        },
    ),
    "organizations:ListPolicies": {"Policies": [SUMMARY]},
    "organizations:DescribePolicy": {"Policy": {"PolicySummary": SUMMARY, "Content": CONTENT}},
    "organizations:ListTargetsForPolicy": {"Targets": [{"TargetId": "r-acme"}]},
    "organizations:ListAWSServiceAccessForOrganization": {
        "EnabledServicePrincipals": [{"ServicePrincipal": "config.amazonaws.com"}]
    },
    "organizations:ListDelegatedAdministrators": {"DelegatedAdministrators": [{"Id": MEMBER}]},
    "organizations:ListDelegatedServicesForAccount": {
        "DelegatedServices": [{"ServicePrincipal": "config.amazonaws.com"}]
    },
    "organizations:DescribeResourcePolicy": {"ResourcePolicy": {"Content": CONTENT}},
}


def test_an_organization_is_read_as_a_whole() -> None:
    access = FakeAccess(ANSWERS)
    snapshot = read(access, *OF_ORGANIZATION, regions=())
    assert not {found.dataset for found in snapshot.unread} & OF_ORGANIZATION
    tree = snapshot.organization_tree
    assert tree is not None
    assert [tree.path_of(account.id) for account in tree.accounts] == ["/", "/Work"]
    assert [(policy.name, policy.targets) for policy in tree.policies] == [("FullAWSAccess", ("r-acme",))]
    assert tree.delegated_administrators == {MEMBER: ("config.amazonaws.com",)}
    assert tree.trusted_services == ("config.amazonaws.com",)
    assert snapshot.organization_resource_policy is not None
    assert snapshot.organization_resource_policy.document == json.loads(CONTENT)
    # Nothing can be attached of a type that is not enabled.
    assert {call.parameters["Filter"] for call in access.calls if call.name == "organizations:ListPolicies"} == {SCP}
    assert RCP not in tree.policy_types
    assert from_json(to_json(snapshot)) == snapshot


def test_nothing_of_an_organization_is_read_for_an_account() -> None:
    access = FakeAccess(ANSWERS)
    snapshot = read(access, Dataset.ORGANIZATION, regions=())
    assert access.names == ["organizations:DescribeOrganization"]
    assert {found.dataset for found in snapshot.unread} >= OF_ORGANIZATION
    assert snapshot.organization_tree is None


@pytest.mark.parametrize(
    ("operation", "lost"),
    [
        ("ListRoots", OF_ORGANIZATION - {Dataset.ORGANIZATION_RESOURCE_POLICY}),
        ("ListAccountsForParent", OF_ORGANIZATION - {Dataset.ORGANIZATION_RESOURCE_POLICY}),
        ("DescribePolicy", {Dataset.ORGANIZATION_TREE_POLICIES}),
        ("ListDelegatedAdministrators", {Dataset.ORGANIZATION_DELEGATIONS}),
        ("DescribeResourcePolicy", {Dataset.ORGANIZATION_RESOURCE_POLICY}),
    ],
)
def test_a_denial_costs_what_hangs_on_it_only(operation: str, lost: set[Dataset]) -> None:
    name = f"organizations:{operation}"
    snapshot = read(FakeAccess({**ANSWERS, name: deny(name)}), *OF_ORGANIZATION, regions=())
    unread = [found.dataset for found in snapshot.unread if found.dataset in OF_ORGANIZATION]
    assert set(unread) == lost
    # What hangs on the tree stands behind it in one order, whatever order sets have in a process.
    assert unread[1:] == sorted(unread[1:])
    for dataset in lost:
        kind, reason, by = unread_of(snapshot, dataset)
        assert (kind, by) == ("denied", name)
        assert reason.endswith("(only the management account and delegated administrators can read an organization)")
    assert (snapshot.organization_tree is None) is (Dataset.ORGANIZATION_TREE in lost)


def test_an_organization_may_have_no_resource_policy() -> None:
    answers = {**ANSWERS, "organizations:DescribeResourcePolicy": refusal("ResourcePolicyNotFoundException")}
    access = FakeAccess(answers)
    snapshot = read(access, Dataset.ORGANIZATION_RESOURCE_POLICY, regions=())
    assert access.names == ["organizations:DescribeResourcePolicy"]
    assert snapshot.organization_resource_policy is None
    assert snapshot.missing(Dataset.ORGANIZATION_RESOURCE_POLICY) is None


def test_a_part_brings_the_tree_that_it_hangs_on() -> None:
    snapshot = read(FakeAccess(ANSWERS), Dataset.ORGANIZATION_DELEGATIONS, regions=())
    assert snapshot.missing(Dataset.ORGANIZATION_TREE) is None
    assert snapshot.organization_tree is not None and not snapshot.organization_tree.policies
    assert unread_of(snapshot, Dataset.ORGANIZATION_TREE_POLICIES)[0] == UnreadKind.NOT_REQUESTED.value
