# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles of this collection could become, or make of others. tests/unit/test_bootstrap_roles.py has ours."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity, Status

from ..samples import ADMIN, MEMBER, allow, arn, document, group, judge, of_management, policy, role, snapshot, user

CONTROL: t.Final = "writing_role_power"
OWN: t.Final = "/iam-hardening/"


def writer(*actions: str, name: str = "automation-x", **fields: t.Any) -> t.Any:
    inline = (document(allow(*actions), name="writes"),)
    return role(name, path=OWN, arn=arn("role", f"iam-hardening/{name}"), inline_policies=inline, **fields)


def account(*roles: t.Any, **fields: t.Any) -> Snapshot:
    values: dict[str, t.Any] = {
        "users": (user("alice"),),
        "groups": (group("readers"), group("administrators", attached_policies=(ADMIN,))),
        "roles": (role("app"), *roles),
    }
    return snapshot(**{**values, **fields})


def only(*roles: t.Any, **fields: t.Any) -> t.Any:
    (finding,) = judge(CONTROL, account(*roles, **fields))
    return finding


def test_an_account_without_our_roles_has_nothing_to_judge() -> None:
    assert only().status is Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    "actions",
    [
        ("iam:UpdateAccountPasswordPolicy", "iam:UpdateAccessKey", "iam:DeleteLoginProfile"),
        ("access-analyzer:CreateAnalyzer", "securityhub:*", "config:*"),
        ("iam:RemoveUserFromGroup", "iam:DetachUserPolicy", "iam:DeleteGroupPolicy"),
    ],
)
def test_what_makes_nobody_an_administrator_passes(actions: tuple[str, ...]) -> None:
    assert only(writer(*actions)).status is Status.PASS


def test_an_administrator_is_found_though_other_controls_leave_it_out() -> None:
    finding = only(role("automation", path=OWN, attached_policies=(ADMIN,)))
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.HIGH)
    assert finding.detail.startswith("automation is an administrator")
    assert finding.evidence.observed == {"is": "administrator"}
    ours = of_management("automation", path=OWN, attached_policies=(ADMIN,))
    (other,) = judge("role_admin", account(ours, organization=MEMBER))
    assert other.status is Status.PASS
    assert only(ours, organization=MEMBER).status is Status.FAIL


def test_a_way_to_become_one_is_told_step_by_step() -> None:
    finding = only(writer("iam:PutRolePolicy"))
    assert finding.severity is Severity.HIGH
    assert finding.evidence.observed["can_become"] == "administrator"
    assert [step["method"] for step in finding.evidence.observed["path"]] == ["put_own_role_policy"]


def test_break_glass_may_be_an_administrator() -> None:
    fields = {"path": OWN, "arn": arn("role", "iam-hardening/break-glass"), "attached_policies": (ADMIN,)}
    passed = only(of_management("break-glass", **fields), writer("iam:GetRole"), organization=MEMBER)
    assert passed.status is Status.PASS and passed.evidence.observed["population"] == 1
    assert list(passed.evidence.observed["excused"].values()) == [["break-glass"]]
    # Others can make a role of that path and name as well.
    assert only(role("break-glass", **fields), organization=MEMBER).status is Status.FAIL


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("iam:PutUserPolicy", "write policies of 1 user."),
        ("iam:AttachUserPolicy", "attach any policy to 1 user."),
        ("iam:PutGroupPolicy", "write policies of 2 groups."),
        ("iam:AddUserToGroup", "put anybody into 1 group."),
    ],
)
def test_what_it_can_make_of_others_is_said_in_plain_words(action: str, told: str) -> None:
    finding = only(writer(action))
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.MEDIUM)
    assert finding.detail == (
        f"automation-x can make others administrators: it may {told} Anybody who can assume it and controls one of "
        "them can become an administrator"
    )
    assert [way["action"] for way in finding.evidence.observed["by"]] == [action]


def test_several_ways_are_one_finding() -> None:
    finding = only(writer("iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:AddUserToGroup"))
    assert "it may write policies of 1 user and 2 groups; put anybody into 1 group." in finding.detail


BOUNDARY: t.Final = policy("most", allow("s3:GetObject"))


def test_whom_a_boundary_holds_back_is_no_administrator_to_be() -> None:
    bounded = (user("alice", boundary=BOUNDARY.arn),)
    found = only(writer("iam:PutUserPolicy"), users=bounded, policies=(BOUNDARY,))
    assert found.status is Status.PASS
    both = only(writer("iam:DeleteUserPermissionsBoundary"), users=bounded, policies=(BOUNDARY,))
    # Free of it, alice has still no policy.
    assert both.status is Status.PASS
    admin = (user("alice", boundary=BOUNDARY.arn, attached_policies=(ADMIN,)),)
    freed = only(writer("iam:DeleteUserPermissionsBoundary"), users=admin, policies=(BOUNDARY,))
    assert "take the boundary from 1 user" in freed.detail


def test_rewriting_counts_for_policies_that_somebody_has() -> None:
    held = (user("alice", attached_policies=(BOUNDARY.arn,)),)
    assert only(writer("iam:CreatePolicyVersion"), policies=(BOUNDARY,)).status is Status.PASS
    found = only(writer("iam:CreatePolicyVersion"), users=held, policies=(BOUNDARY,))
    assert found.evidence.observed["by"] == [
        {"action": "iam:CreatePolicyVersion", "targets": 1, "such_as": BOUNDARY.arn.split(":", 5)[5]}
    ]


def test_policies_are_counted() -> None:
    both = (BOUNDARY, policy("more", allow("s3:GetObject")))
    for held, counted in ((both[:1], "1 policy"), (both, "2 policies")):
        users = (user("alice", attached_policies=tuple(item.arn for item in held)),)
        found = only(writer("iam:CreatePolicyVersion"), users=users, policies=both)
        assert f"rewrite {counted}" in found.detail


def test_a_role_that_it_makes_may_be_anybodys() -> None:
    """Nobody but EC2 can assume the one that is there; the one that is made trusts whom the attacker likes."""
    found = only(writer("iam:CreateRole", "iam:AttachRolePolicy", boundary=MAKES.arn), policies=(MAKES,))
    assert "make, with any policy and trust, 1 role" in found.detail


# Without sts:AssumeRole and its own role: else it would become an administrator by itself.
MAKES: t.Final = policy(
    "makes",
    allow("iam:CreateRole", "iam:AttachRolePolicy"),
    {"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/iam-hardening/*"},
)


def test_the_arn_is_that_of_the_role() -> None:
    assert only(writer("iam:PutUserPolicy")).resource == arn("role", "iam-hardening/automation-x")


def test_a_denial_of_administrator_access_leaves_the_policy_for_iam() -> None:
    """Whoever gets IAMFullAccess writes itself the rest."""
    denial = {**allow("iam:AttachUserPolicy"), "Effect": "Deny"}
    denial["Condition"] = {"ArnEquals": {"iam:PolicyARN": ADMIN}}
    held = (document(allow("iam:AttachUserPolicy"), denial, name="writes"),)
    finding = only(role("automation-x", path=OWN, arn=arn("role", "iam-hardening/automation-x"), inline_policies=held))
    assert finding.status is Status.FAIL
    assert "attach any policy to" in finding.detail
