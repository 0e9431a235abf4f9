# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Administrators, and how principals get their permissions."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import ControlPolicy, PolicyLevel

from ..samples import (
    ADMIN,
    EVERYTHING,
    MEMBER,
    allow,
    arn,
    document,
    failing,
    group,
    judge,
    make_broken_document,
    of_management,
    policy,
    role,
    snapshot,
    status,
    user,
)

MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
OFFICE = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
NOT_ACTION = {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}
POWER_USER = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}
AWS_ADMIN = policy("AdministratorAccess", EVERYTHING, arn=ADMIN, is_aws_managed=True, attachment_count=3)


def test_attached_admin_policies_of_both_kinds_and_inline_ones() -> None:
    account = snapshot(
        users=(user("a", inline_policies=(document(EVERYTHING, name="all"), document(allow("s3:*"), name="s3"))),),
        groups=(group("g", attached_policies=(arn("policy", "Own"),)),),
        roles=(role("r", attached_policies=(ADMIN,)),),
        policies=(AWS_ADMIN, policy("Own", NOT_ACTION), policy("Power", POWER_USER)),
    )
    assert failing("admin_policy_attached", account) == [
        arn("policy", "Own"),
        f"{arn('user', 'a')} inline policy all",
        ADMIN,
    ]


def test_the_detail_names_whom_the_policy_is_attached_to() -> None:
    account = snapshot(roles=tuple(role(f"r{n:02}", attached_policies=(ADMIN,)) for n in range(12)))
    (finding,) = judge("admin_policy_attached", account)
    assert finding.detail == (
        "allows everything on everything; attached to role r00, role r01, role r02, role r03, role r04, role r05,"
        " role r06, role r07, role r08, role r09 and 2 more"
    )
    assert len(finding.evidence.observed["attached_to"]) == 12


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "OrganizationAccountAccessRole"},
        {"name": "AWSControlTowerExecution"},
        {"name": "AWSReservedSSO_Admin_0123456789abcdef", "path": "/aws-reserved/sso.amazonaws.com/"},
        {"name": "AWSServiceRoleForX", "path": "/aws-service-role/x.amazonaws.com/"},
        {"name": "break-glass", "path": "/iam-hardening/"},
    ],
)
def test_administrators_by_design(fields: dict[str, t.Any]) -> None:
    policies = {"attached_policies": (ADMIN,), "inline_policies": (document(EVERYTHING),)}
    account = snapshot(roles=(of_management(**fields, **policies),), organization=MEMBER)
    assert failing("admin_policy_attached", account) == []
    assert failing("role_admin", account) == []


def test_only_administrators_are_named_as_excused() -> None:
    reading = {"inline_policies": (document(allow("s3:GetObject")),)}
    roles = (
        of_management("OrganizationAccountAccessRole", **reading),
        role("AWSReservedSSO_Read_0123456789abcdef", path="/aws-reserved/sso.amazonaws.com/", **reading),
    )
    for control in ("admin_policy_attached", "role_admin"):
        (finding,) = judge(control, snapshot(roles=roles, organization=MEMBER))
        assert finding.status.value == "PASS" and "excused" not in finding.evidence.observed


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        ({"attachment_count": 0}, True),
        ({"attachment_count": 1}, False),
        ({"attachment_count": 0, "boundary_usage_count": 1}, False),
        ({"attachment_count": 0, "is_aws_managed": True}, False),
    ],
)
def test_unattached_admin_policies(fields: dict[str, int], fails: bool) -> None:
    assert bool(failing("admin_policy_unattached", snapshot(policies=(policy("Own", EVERYTHING, **fields),)))) is fails


def test_a_document_that_does_not_parse_is_no_pass() -> None:
    account = snapshot(policies=(policy("Odd", default_version=make_broken_document(), attachment_count=1),))
    (finding,) = judge("admin_policy_attached", account)
    assert finding.status.value == "NOT_ASSESSED" and "Odd" in finding.detail
    assert status("policy_sensitive_wildcard", account) == "NOT_ASSESSED"


def test_failures_stay_failures_beside_a_document_that_does_not_parse() -> None:
    account = snapshot(roles=(role(attached_policies=(ADMIN,), inline_policies=(make_broken_document(),)),))
    assert failing("admin_policy_attached", account) == [ADMIN]


def test_each_kind_of_administrator() -> None:
    account = snapshot(
        users=(user("direct", attached_policies=(ADMIN,)), user("member", groups=("admins",)), user("plain")),
        groups=(group("admins", attached_policies=(ADMIN,)), group("others")),
        roles=(
            role("dev", inline_policies=(document(EVERYTHING),)),
            role("app", attached_policies=(arn("policy", "X"),)),
        ),
    )
    assert failing("user_admin", account) == [arn("user", "direct")]
    assert failing("group_admin", account) == [arn("group", "admins")]
    assert failing("role_admin", account) == [arn("role", "dev")]
    (finding,) = [item for item in judge("group_admin", account) if item.status.value == "FAIL"]
    assert finding.evidence.observed["members"] == ["member"]


def test_a_boundary_that_allows_less_makes_no_administrator() -> None:
    bounded = role("dev", attached_policies=(ADMIN,), boundary=arn("policy", "Boundary"))
    narrow = policy("Boundary", allow("s3:*"), attachment_count=0, boundary_usage_count=1)
    assert failing("role_admin", snapshot(roles=(bounded,), policies=(narrow,))) == []
    wide = policy("Boundary", EVERYTHING, attachment_count=0, boundary_usage_count=1)
    assert failing("role_admin", snapshot(roles=(bounded,), policies=(wide,))) == [arn("role", "dev")]


def test_what_a_boundary_leaves_of_an_attached_policy_is_told() -> None:
    """The benchmarks ask for no such policy attached, whatever a boundary makes of it."""
    account = snapshot(
        roles=(
            role("bounded", attached_policies=(ADMIN,), boundary=arn("policy", "B")),
            role("free", attached_policies=(ADMIN,)),
        ),
        policies=(policy("B", allow("s3:*"), attachment_count=0, boundary_usage_count=1),),
    )
    (finding,) = judge("admin_policy_attached", account)
    assert finding.detail == (
        "allows everything on everything; attached to role bounded, role free; role bounded can't use all of it"
    )
    assert finding.evidence.observed["limited"] == ["role bounded"]


def test_administrators_by_several_policies_together() -> None:
    parts = (arn("policy", "Power"), arn("policy", "Iam"))
    account = snapshot(
        users=(user("through-groups", groups=("power", "iam")), user("one-group", groups=("power",))),
        groups=(group("power", attached_policies=parts[:1]), group("iam", attached_policies=parts[1:])),
        roles=(role("both", attached_policies=parts), role("one", attached_policies=parts[:1])),
        policies=(policy("Power", POWER_USER), policy("Iam", allow("iam:*"))),
    )
    assert failing("user_admin", account) == [arn("user", "through-groups")]
    assert failing("group_admin", account) == []
    assert failing("role_admin", account) == [arn("role", "both")]
    (finding,) = judge("role_admin", account)
    assert finding.detail.startswith("administrator by Iam (attached), Power (attached) taken together; last used")


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ([EVERYTHING], ""),
        ([{**EVERYTHING, "Condition": MFA}], "; only with MFA"),
        ([{**EVERYTHING, "Condition": OFFICE}], "; only under conditions on aws:sourceip"),
        ([{**EVERYTHING, "Condition": {**MFA, **OFFICE}}], "; only with MFA and under conditions on aws:sourceip"),
    ],
)
def test_conditions_are_told(statements: list[t.Any], told: str) -> None:
    account = snapshot(users=(user("a", inline_policies=(document(*statements, name="own"),)),))
    (finding,) = judge("user_admin", account)
    assert finding.detail == f"administrator by own (inline){told}"


def control_policies(*statements: t.Any) -> PolicyLevel:
    scp = ControlPolicy("p-1", "guardrail", "SERVICE_CONTROL_POLICY", document(*statements))
    return PolicyLevel("ou-1", "Workloads", (scp,), ())


def test_what_the_organization_takes_away() -> None:
    """SCPs limit users and roles of the account: organizations/latest/userguide/orgs_manage_policies_scps.html"""
    account = snapshot(
        users=(user("a", attached_policies=(ADMIN,)),),
        groups=(group("g", attached_policies=(ADMIN,)),),
        roles=(role("r", attached_policies=(ADMIN,)),),
        organization_policies=(control_policies(EVERYTHING, {**allow("iam:*"), "Effect": "Deny"}),),
    )
    for control in ("user_admin", "group_admin", "role_admin"):
        assert status(control, account) == "PASS"
    assert failing("admin_policy_attached", account) == [ADMIN]
    wide = dataclasses.replace(account, organization_policies=(control_policies(EVERYTHING),))
    assert failing("role_admin", wide) == [arn("role", "r")]


def test_a_control_policy_that_does_not_parse_takes_nothing_away() -> None:
    level = control_policies(EVERYTHING)
    odd = ControlPolicy("p-2", "odd", "SERVICE_CONTROL_POLICY", make_broken_document())
    account = snapshot(
        roles=(role("r", attached_policies=(ADMIN,)),),
        organization_policies=(dataclasses.replace(level, scps=(*level.scps, odd)),),
    )
    assert failing("role_admin", account) == [arn("role", "r")]


@pytest.mark.parametrize("control", ["user_admin", "group_admin", "role_admin"])
def test_who_has_policies_that_are_not_known_does_not_pass(control: str) -> None:
    gone = (arn("policy", "Gone"),)
    account = snapshot(
        users=(user("a", attached_policies=gone),),
        groups=(group("g", attached_policies=gone),),
        roles=(role("r", attached_policies=gone),),
    )
    (finding,) = judge(control, account)
    assert finding.status.value == "NOT_ASSESSED" and ": Gone" in finding.detail
    (finding,) = judge("admin_policy_attached", account)
    assert finding.status.value == "NOT_ASSESSED" and "not read: Gone" in finding.detail


def test_an_unknown_boundary_is_told() -> None:
    (finding,) = judge(
        "role_admin", snapshot(roles=(role("r", attached_policies=(ADMIN,), boundary=arn("policy", "X")),))
    )
    assert "; what its boundary X leaves of that is not known" in finding.detail


def test_permissions_through_groups() -> None:
    account = snapshot(
        users=(
            user("attached", attached_policies=(arn("policy", "team/P"),)),
            user("inline", inline_policies=(document(allow("s3:GetObject"), name="own"),)),
            user("member", groups=("g",)),
        )
    )
    found = {item.resource: item.detail for item in judge("user_permissions_through_groups", account)}
    assert found == {arn("user", "attached"): "attached: P", arn("user", "inline"): "inline: own"}


@pytest.mark.parametrize("control", ["user_admin", "group_admin", "user_permissions_through_groups"])
def test_nobody_to_judge(control: str) -> None:
    assert status(control, snapshot()) == "NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("control", "name"), [("support_role", "AWSSupportAccess"), ("security_audit_role", "SecurityAudit")]
)
@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_roles_that_should_exist(control: str, name: str, partition: str) -> None:
    policy_arn = f"arn:{partition}:iam::aws:policy/{name}"
    assert status(control, snapshot(partition=partition)) == "FAIL"
    assert status(control, snapshot(partition=partition, users=(user(attached_policies=(policy_arn,)),))) == "FAIL"
    assert status(control, snapshot(partition=partition, roles=(role(attached_policies=(policy_arn,)),))) == "PASS"


def test_cloudshell_for_users_groups_and_roles() -> None:
    full = ("arn:aws:iam::aws:policy/AWSCloudShellFullAccess",)
    account = snapshot(
        users=(user("a", attached_policies=full),),
        groups=(group("g", attached_policies=full),),
        roles=(role("r", attached_policies=full), role("s")),
    )
    assert failing("cloudshell_full_access", account) == [arn("group", "g"), arn("role", "r"), arn("user", "a")]
