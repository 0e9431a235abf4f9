# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import with_organization_policies
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound

from .fakes import ACCOUNT, FakeAccess, deny, read, refusal, unread_of

MEMBER = ACCOUNT
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
REGIONS = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]}
POLICIES = {
    "p-full": ("FullAWSAccess", "SERVICE_CONTROL_POLICY", json.dumps(FULL)),
    "p-regions": ("deny-regions", "SERVICE_CONTROL_POLICY", json.dumps(REGIONS)),
    "p-broken": ("broken", "RESOURCE_CONTROL_POLICY", "{"),
}
ATTACHED = {
    ("r-root", "SERVICE_CONTROL_POLICY"): ["p-full"],
    ("ou-root-work", "SERVICE_CONTROL_POLICY"): ["p-regions", "p-full"],
    (MEMBER, "SERVICE_CONTROL_POLICY"): ["p-full"],
    ("ou-root-work", "RESOURCE_CONTROL_POLICY"): ["p-broken"],
}
PARENTS = {MEMBER: ("ou-root-work", "ORGANIZATIONAL_UNIT"), "ou-root-work": ("r-root", "ROOT")}
CALLS = "organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:DescribePolicy"


def organization(management: str = "999988887777", features: str = "ALL") -> dict[str, t.Any]:
    return {"Organization": {"Id": "o-1", "MasterAccountId": management, "FeatureSet": features}}


def parents(*, ChildId: str, region: t.Optional[str]) -> dict[str, t.Any]:
    parent, kind = PARENTS[ChildId]
    return {"Parents": [{"Id": parent, "Type": kind}]}


def policies(*, TargetId: str, Filter: str, region: t.Optional[str]) -> dict[str, t.Any]:
    return {"Policies": [{"Id": policy} for policy in ATTACHED.get((TargetId, Filter), [])]}


def policy(*, PolicyId: str, region: t.Optional[str]) -> dict[str, t.Any]:
    name, kind, content = POLICIES[PolicyId]
    return {"Policy": {"PolicySummary": {"Id": PolicyId, "Name": name, "Type": kind}, "Content": content}}


def answers(**replaced: t.Any) -> dict[str, t.Any]:
    known = {
        "organizations:DescribeOrganization": organization(),
        "organizations:ListParents": parents,
        "organizations:DescribeOrganizationalUnit": {"OrganizationalUnit": {"Name": "Workloads"}},
        "organizations:ListPoliciesForTarget": policies,
        "organizations:DescribePolicy": policy,
    }
    return {**known, **{f"organizations:{name}": answer for name, answer in replaced.items()}}


def policies_of(access: FakeAccess) -> Snapshot:
    return read(access, Dataset.ORGANIZATION_POLICIES)


def test_levels_come_from_the_root_down() -> None:
    snapshot = policies_of(FakeAccess(answers()))
    assert snapshot.missing(Dataset.ORGANIZATION_POLICIES) is None
    assert [(level.target_id, level.target_name) for level in snapshot.organization_policies] == [
        ("r-root", "r-root"),
        ("ou-root-work", "Workloads"),
        (MEMBER, MEMBER),
    ]
    unit = snapshot.organization_policies[1]
    assert [(scp.name, scp.document.document) for scp in unit.scps] == [
        ("FullAWSAccess", FULL),
        ("deny-regions", REGIONS),
    ]
    assert [rcp.name for rcp in unit.rcps] == ["broken"]
    assert unit.rcps[0].document.document is None, "one document that does not parse must not hide the others"
    assert "not a JSON document" in str(unit.rcps[0].document.error)


def test_every_policy_is_read_once() -> None:
    access = FakeAccess(answers())
    policies_of(access)
    assert access.names.count("organizations:DescribePolicy") == 3
    assert access.names.count("organizations:ListPoliciesForTarget") == 6


def test_the_organization_is_read_along() -> None:
    snapshot = policies_of(FakeAccess(answers()))
    assert snapshot.organization is not None
    assert snapshot.missing(Dataset.ORGANIZATION) is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refusal("AWSOrganizationsNotInUseException", kind=NotFound), id="no organization"),
        pytest.param(organization(management=MEMBER), id="the management account, which policies do not restrict"),
        pytest.param(organization(features="CONSOLIDATED_BILLING"), id="an organization without all features"),
    ],
)
def test_where_no_policy_applies_nothing_is_called(answer: t.Any) -> None:
    access = FakeAccess(answers(DescribeOrganization=answer))
    snapshot = policies_of(access)
    assert snapshot.missing(Dataset.ORGANIZATION_POLICIES) is None
    assert snapshot.organization_policies == ()
    assert not set(access.names) & set(CALLS)


def test_a_member_is_refused_with_one_call_and_told_why() -> None:
    access = FakeAccess(answers(ListParents=deny("organizations:ListParents")))
    snapshot = policies_of(access)
    kind, reason, operation = unread_of(snapshot, Dataset.ORGANIZATION_POLICIES)
    assert (kind, operation) == ("denied", "organizations:ListParents")
    assert "management account and delegated administrators can read" in reason
    assert [name for name in access.names if name in CALLS] == ["organizations:ListParents"]
    assert len([found for found in snapshot.unread if found.kind is UnreadKind.DENIED]) == 1


@pytest.mark.parametrize("refused", ["ListPoliciesForTarget", "DescribePolicy", "DescribeOrganizationalUnit"])
def test_what_is_refused_halfway_leaves_no_half_of_the_policies(refused: str) -> None:
    snapshot = policies_of(FakeAccess(answers(**{refused: deny(f"organizations:{refused}")})))
    assert unread_of(snapshot, Dataset.ORGANIZATION_POLICIES)[2] == f"organizations:{refused}"
    assert snapshot.organization_policies == ()


def test_without_an_answer_on_the_organization_its_policies_are_unknown() -> None:
    access = FakeAccess({})
    snapshot = policies_of(access)
    assert unread_of(snapshot, Dataset.ORGANIZATION_POLICIES)[0] == "denied"
    assert not set(access.names) & set(CALLS)


def test_an_account_without_a_parent_is_no_fact() -> None:
    snapshot = policies_of(FakeAccess(answers(ListParents={"Parents": []})))
    assert unread_of(snapshot, Dataset.ORGANIZATION_POLICIES)[:2] == ("unparsable", f"AWS names no parent of {MEMBER}")


def test_another_account_may_tell_them() -> None:
    refused = policies_of(FakeAccess(answers(ListParents=deny("organizations:ListParents"))))
    management: t.Any = FakeAccess(answers(), account_id="999988887777")
    snapshot = with_organization_policies(management, refused)
    assert snapshot.missing(Dataset.ORGANIZATION_POLICIES) is None
    assert [level.target_id for level in snapshot.organization_policies] == ["r-root", "ou-root-work", MEMBER]


def test_another_account_that_is_refused_too_is_the_reason() -> None:
    refused = policies_of(FakeAccess(answers(ListParents=deny("organizations:ListParents"))))
    other: t.Any = FakeAccess({}, account_id="999988887777")
    snapshot = with_organization_policies(other, refused)
    assert len([found for found in snapshot.unread if found.dataset is Dataset.ORGANIZATION_POLICIES]) == 1
