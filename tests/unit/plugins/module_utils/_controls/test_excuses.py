# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roles are excused: by path, by a trust that proves the owner of the name, or by a variable."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Dataset,
    PolicyDocument,
    Role,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.excuses import DESIGNS, Way, standing_of
from ansible_collections.hardening.iam.plugins.module_utils._controls.facts import Facts
from ansible_collections.hardening.iam.plugins.module_utils._converge.protected import protection_of

from .samples import (
    ACCOUNT,
    ADMIN,
    MANAGEMENT,
    MEMBER,
    ROOT,
    arn,
    document,
    judge,
    make_broken_document,
    of_management,
    role,
    snapshot,
    trust,
    unread,
    user,
)

OTHER = "555566667777"
OF_MANAGEMENT = f"arn:aws:iam::{MANAGEMENT}:root"
OF_OTHER = f"arn:aws:iam::{OTHER}:root"
USER = arn("user", "mallory")
CDK = f"cdk-hnb659fds-{{}}-role-{ACCOUNT}-us-east-1"
CLOUDFORMATION = {"Service": "cloudformation.amazonaws.com"}
STACK_SETS = (
    "role/aws-service-role/stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
)
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def account(item: Role, **fields: t.Any) -> Snapshot:
    return snapshot(**{"roles": (item,), "organization": MEMBER, **fields})


def reason(
    name: str, trusts: PolicyDocument, path: str = "/", *, of: t.Optional[Snapshot] = None, **variables: t.Any
) -> t.Optional[str]:
    item = role(name, path=path, arn=arn("role", f"{path}{name}".removeprefix("/")), trust=trusts)
    return standing_of(Facts(of or account(item)), item, **variables).reason


@pytest.mark.parametrize(
    ("name", "trusts"),
    [
        ("OrganizationAccountAccessRole", trust({"AWS": OF_MANAGEMENT})),
        ("OrganizationAccountAccessRole", trust({"AWS": MANAGEMENT}, MFA)),
        ("AWSControlTowerExecution", trust({"AWS": OF_MANAGEMENT})),
        ("AWSControlTowerAdmin", trust({"Service": "controltower.amazonaws.com"})),
        ("AWSControlTowerStackSetRole", trust(CLOUDFORMATION)),
        ("AWSAccelerator-Deploy", trust({"AWS": OF_MANAGEMENT})),
        (CDK.format("cfn-exec"), trust(CLOUDFORMATION)),
        (CDK.format("deploy"), trust({"AWS": ROOT})),
        (CDK.format("deploy"), trust({"AWS": [ROOT, OF_MANAGEMENT]})),
        ("stacksets-exec-0123456789abcdef0123456789abcdef", trust({"AWS": f"arn:aws:iam::{MANAGEMENT}:{STACK_SETS}"})),
    ],
)
def test_a_name_with_the_trust_of_its_owner(name: str, trusts: PolicyDocument) -> None:
    assert reason(name, trusts)


@pytest.mark.parametrize(
    ("name", "trusts"),
    [
        pytest.param("cdk-backdoor", trust({"AWS": USER}), id="a user"),
        pytest.param("cdk-backdoor", trust({"AWS": ROOT}), id="no name of the CDK"),
        pytest.param(CDK.format("deploy"), trust({"AWS": USER}), id="a user in the place of the account"),
        pytest.param(CDK.format("deploy"), trust({"AWS": [ROOT, OF_OTHER]}), id="a foreign account beside it"),
        pytest.param(CDK.format("deploy").replace(ACCOUNT, OTHER), trust({"AWS": ROOT}), id="of another account"),
        pytest.param(CDK.format("cfn-exec"), trust({"AWS": ROOT}), id="the account in the place of CloudFormation"),
        pytest.param(CDK.format("cfn-exec"), trust({"Service": "ec2.amazonaws.com"}), id="another service"),
        pytest.param("OrganizationAccountAccessRole", trust({"AWS": OF_OTHER}), id="another account"),
        pytest.param("OrganizationAccountAccessRole", trust({"AWS": [OF_MANAGEMENT, OF_OTHER]}), id="two accounts"),
        pytest.param("OrganizationAccountAccessRole", trust({"AWS": [OF_MANAGEMENT, USER]}), id="and a user"),
        pytest.param("OrganizationAccountAccessRole", trust({"AWS": ROOT}), id="the account itself"),
        pytest.param("OrganizationAccountAccessRole", trust("*"), id="everybody"),
        pytest.param("AWSControlTowerExecution", trust({"AWS": f"arn:aws:iam::{MANAGEMENT}:user/x"}), id="their user"),
        pytest.param("AWSControlTowerAdmin", trust({"Service": "ec2.amazonaws.com"}), id="Control Tower by ec2"),
        pytest.param("AWSAccelerator-Deploy", trust({"Service": "codebuild.amazonaws.com"}), id="codebuild"),
        pytest.param("AWSAFTExecution", trust({"AWS": f"arn:aws:iam::{OTHER}:role/AWSAFTAdmin"}), id="unknown AFT"),
        pytest.param(
            "stacksets-exec-0123456789abcdef0123456789abcdef",
            trust({"AWS": OF_MANAGEMENT}),
            id="no service-linked role",
        ),
        pytest.param(
            "stacksets-exec-0123456789abcdef0123456789abcdef",
            trust({"AWS": f"arn:aws:iam::{OTHER}:{STACK_SETS}"}),
            id="service-linked role of a foreign account",
        ),
        pytest.param(
            "AWSControlTowerExecution",
            document({"Effect": "Allow", "NotPrincipal": {"AWS": OF_OTHER}, "Action": "sts:AssumeRole"}),
            id="everybody but one",
        ),
        pytest.param("MyOrganizationAccountAccessRole", trust({"AWS": OF_MANAGEMENT}), id="a longer name"),
    ],
)
def test_a_name_alone_excuses_nobody(name: str, trusts: PolicyDocument) -> None:
    assert reason(name, trusts) is None


@pytest.mark.parametrize(
    ("trusts", "expected"),
    [
        pytest.param(trust({"AWS": OF_MANAGEMENT}), True, id="management account"),
        pytest.param(trust({"AWS": ROOT}, MFA), True, id="own account with MFA"),
        pytest.param(
            trust({"AWS": ROOT}, {"StringEquals": {"sts:ExternalId": "x"}}), True, id="own account with an external id"
        ),
        pytest.param(trust({"AWS": ROOT}, {"Null": {"sts:ExternalId": "false"}}), False, id="any external id"),
        pytest.param(trust({"AWS": ROOT}, {"Bool": {"aws:SecureTransport": "true"}}), False, id="what users meet"),
        pytest.param(
            trust({"AWS": ROOT}, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}}), False, id="users"
        ),
        pytest.param(
            trust({"AWS": ROOT}, {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/awx*"}}),
            True,
            id="roles",
        ),
        pytest.param(trust({"AWS": arn("role", "awx")}), True, id="a role of the account"),
        pytest.param(
            trust({"AWS": OF_OTHER}, {"StringEquals": {"aws:PrincipalOrgID": "o-own"}}), True, id="own organization"
        ),
        pytest.param(
            trust({"AWS": OF_OTHER}, {"StringEquals": {"aws:PrincipalOrgID": "o-foreign"}}), False, id="foreign one"
        ),
        pytest.param(trust({"AWS": OF_OTHER}, {"StringEquals": {"sts:ExternalId": "x"}}), False, id="external id"),
        pytest.param(trust({"AWS": ROOT}), False, id="own account without condition"),
        pytest.param(trust({"AWS": USER}, MFA), False, id="a user"),
        pytest.param(trust({"Service": "lambda.amazonaws.com"}), False, id="a service"),
    ],
)
def test_the_path_of_this_collection_alone_excuses_nobody(trusts: PolicyDocument, expected: bool) -> None:
    assert bool(reason("break-glass", trusts, "/iam-hardening/")) is expected


def test_paths_of_aws_excuse_whatever_the_trust() -> None:
    """IAM lets nobody else make roles there: IAM/latest/UserGuide/id_roles_create-service-linked-role.html"""
    assert "service-linked" in (reason("X", trust("*"), "/aws-service-role/x.amazonaws.com/") or "")
    assert "Identity Center" in (reason("X", trust("*"), "/aws-reserved/sso.amazonaws.com/") or "")
    assert reason("AWSServiceRoleForX", trust({"AWS": USER})) is None


def test_variables_excuse_by_name() -> None:
    trusts = trust({"AWS": USER})
    assert "approved_administrators" in (reason("admin", trusts, approved=("arn:*:iam::*:role/Admin",)) or "")
    assert "break-glass" in (reason("admin", trusts, break_glass=("arn:*:iam::*:role/adm*",)) or "")
    assert reason("admin2", trusts, approved=("arn:*:iam::*:role/admin",)) is None
    assert reason("AWSAFTExecution", trust({"AWS": f"arn:aws:iam::{OTHER}:role/AWSAFTAdmin"}), trusted=(OTHER,))


def test_an_unread_organization_leaves_the_owner_open() -> None:
    """The one account that such a role trusts may be the management account; a user is not."""
    item = role("OrganizationAccountAccessRole", trust=trust({"AWS": OF_OTHER}), attached_policies=(ADMIN,))
    unknown = account(item, organization=None, unread=(unread(Dataset.ORGANIZATION),))
    found = standing_of(Facts(unknown), item)
    assert found.reason is None and OTHER in (found.doubt or "")
    for control in ("role_admin", "admin_policy_attached"):
        assert [(one.status.value, one.resource) for one in judge(control, unknown)] == [("NOT_ASSESSED", item.arn)]
    alone = account(item, organization=None)
    assert standing_of(Facts(alone), item) == (None, None, False)
    other = role("OrganizationAccountAccessRole", trust=trust({"AWS": [OF_OTHER, USER]}))
    assert standing_of(Facts(account(other, organization=None, unread=unknown.unread)), other).doubt is None


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        pytest.param("OrganizationAccountAccessRole", {"AWS": [OF_OTHER, "arn:aws:iam::121212121212:root"]}, id="two"),
        pytest.param("OrganizationAccountAccessRole", {"AWS": f"arn:aws:iam::{OTHER}:user/x"}, id="a user"),
        pytest.param("OrganizationAccountAccessRole", {"AWS": OF_OTHER, "Service": "ec2.amazonaws.com"}, id="and ec2"),
        pytest.param("OrganizationAccountAccessRole", {"AWS": ROOT}, id="the account itself"),
        pytest.param(CDK.format("cfn-exec"), {"AWS": OF_OTHER}, id="a role that the management account does not use"),
    ],
)
def test_what_cannot_be_the_management_account_leaves_nothing_open(name: str, principal: t.Any) -> None:
    item = role(name, trust=trust(principal))
    unknown = account(item, organization=None, unread=(unread(Dataset.ORGANIZATION),))
    assert standing_of(Facts(unknown), item) == (None, None, False)


def test_a_trust_policy_that_does_not_parse_leaves_the_owner_open() -> None:
    item = role("OrganizationAccountAccessRole", trust=make_broken_document(), attached_policies=(ADMIN,))
    (finding,) = judge("role_admin", account(item))
    assert finding.status.value == "NOT_ASSESSED" and "could not be parsed" in finding.detail
    plain = role("admin", trust=make_broken_document(), attached_policies=(ADMIN,))
    assert [finding.status.value for finding in judge("role_admin", account(plain))] == ["FAIL"]


def test_a_pass_names_whom_it_excuses() -> None:
    items = (
        of_management("OrganizationAccountAccessRole", attached_policies=(ADMIN,)),
        role("Sso", path="/aws-reserved/sso.amazonaws.com/", attached_policies=(ADMIN,)),
        of_management("AWSControlTowerExecution", attached_policies=(ADMIN,)),
    )
    for control in ("role_admin", "admin_policy_attached"):
        (finding,) = judge(control, snapshot(roles=items, organization=MEMBER))
        assert finding.status.value == "PASS"
        names = finding.evidence.observed["excused"]
        assert sorted(name for each in names.values() for name in each) == sorted(item.name for item in items)


def test_unused_roles_are_excused_by_design_but_not_as_approved_administrators() -> None:
    unused = {"last_used": None, "attached_policies": (ADMIN,)}
    designed = of_management("OrganizationAccountAccessRole", **unused)
    approved = role("admin", trust=trust({"AWS": ROOT}, MFA), **unused)
    found = judge(
        "role_unused",
        snapshot(roles=(designed, approved), organization=MEMBER),
        approved_administrators=("arn:*:iam::*:role/admin",),
    )
    assert [(item.status.value, item.resource) for item in found] == [("FAIL", approved.arn)]


@pytest.mark.parametrize("design", [item for item in DESIGNS if item.name], ids=lambda item: item.name)
def test_what_is_excused_by_name_and_trust_is_never_written_to(design: t.Any) -> None:
    names = {
        "AWSControlTower(": "AWSControlTowerAdmin",
        "AWSAFT(": "AWSAFTExecution",
        "AWSAccelerator": "AWSAccelerator-X",
        "cdk-": CDK.format("deploy"),
        "stacksets": "stacksets-exec-0",
    }
    name = next((name for start, name in names.items() if design.name.startswith(start)), design.name)
    assert protection_of(arn("role", name))


def test_every_design_says_who_may_come_in() -> None:
    assert all(item.ways or item.services for item in DESIGNS)
    assert {way for item in DESIGNS for way in item.ways} == set(Way)


def test_only_users_that_are_declared_are_excused() -> None:
    people = snapshot(users=(user("fire"), user("alice")))
    (finding,) = judge("privilege_escalation_path", people, break_glass=(arn("user", "fire"),))
    assert finding.evidence.observed["excused"] == {"declared as break-glass": ["fire"]}
    (finding,) = judge("privilege_escalation_path", people)
    assert "excused" not in finding.evidence.observed
