# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Administrators, and how principals get their permissions."""

from __future__ import annotations

import typing as t

import pytest

from .samples import (
    ADMIN,
    EVERYTHING,
    allow,
    arn,
    broken,
    document,
    failing,
    group,
    judge,
    policy,
    role,
    snapshot,
    status,
    user,
)

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
    account = snapshot(roles=(role(**fields, attached_policies=(ADMIN,), inline_policies=(document(EVERYTHING),)),))
    assert failing("admin_policy_attached", account) == []
    assert failing("role_admin", account) == []


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
    account = snapshot(policies=(policy("Odd", default_version=broken(), attachment_count=1),))
    (finding,) = judge("admin_policy_attached", account)
    assert finding.status.value == "NOT_ASSESSED" and "Odd" in finding.detail
    assert status("policy_privilege_escalation", account) == "NOT_ASSESSED"


def test_failures_stay_failures_beside_a_document_that_does_not_parse() -> None:
    account = snapshot(roles=(role(attached_policies=(ADMIN,), inline_policies=(broken(),)),))
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
