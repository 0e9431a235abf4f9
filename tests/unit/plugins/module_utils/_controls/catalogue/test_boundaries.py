# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boundaries in use, whatever a play declares."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset

from ..samples import (
    ACCOUNT,
    allow,
    arn,
    failing,
    judge,
    make_broken_document,
    policy,
    role,
    snapshot,
    status,
    unread,
    user,
)

BOUNDARY: t.Final = arn("policy", "B")
CONTROLS: t.Final = ("boundary_opens_iam", "boundary_removable", "boundary_grants_nothing")


def deny(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {**allow(*actions, **more), "Effect": "Deny"}


OTHER_THAN_THIS: t.Final = {"StringNotEquals": {"iam:PermissionsBoundary": BOUNDARY}}
PROTECTED: t.Final = (
    deny("iam:Delete*PermissionsBoundary"),
    deny("iam:CreateRole", "iam:CreateUser", "iam:Put*PermissionsBoundary", Condition=OTHER_THAN_THIS),
    deny("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", resource=BOUNDARY),
)


ALL_BUT_S3: t.Final = {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}


def account(*statements: t.Any, **fields: t.Any) -> t.Any:
    """A user and a role whose boundary says this."""
    bound = {"users": (user("alice", boundary=BOUNDARY),), "roles": (role("app", boundary=BOUNDARY),)}
    return snapshot(policies=(policy("B", *statements),), **{**bound, **fields})


@pytest.mark.parametrize(
    ("statements", "failed"),
    [
        pytest.param((allow("s3:*"),), set(), id="one service"),
        pytest.param((allow("*"), *PROTECTED, deny("iam:*")), set(), id="all but IAM"),
        pytest.param((allow("*"), ALL_BUT_S3), set(), id="all but S3 denied"),
        pytest.param((allow("iam:*"), *PROTECTED), {"boundary_opens_iam"}, id="all of IAM"),
        pytest.param((allow("*"), *PROTECTED), {"boundary_opens_iam"}, id="everything"),
        pytest.param((allow("iam:*"),), {"boundary_opens_iam", "boundary_removable"}, id="IAM without protection"),
        pytest.param((allow("s3:*", "iam:CreateRole"),), {"boundary_removable"}, id="roles without it"),
        pytest.param((allow("s3:*", "iam:DeleteUser*"),), {"boundary_removable"}, id="off users"),
        pytest.param((allow("iam:*", resource=arn("role", "app")),), {"boundary_removable"}, id="off its own"),
        pytest.param((allow("iam:*", resource=arn("role", "other")),), set(), id="off another role"),
        pytest.param((deny("iam:*"),), {"boundary_grants_nothing"}, id="deny only"),
        pytest.param((allow("s3:*"), deny("*")), {"boundary_grants_nothing"}, id="all denied"),
    ],
)
def test_what_is_wrong_with_a_boundary(statements: tuple[t.Any, ...], failed: set[str]) -> None:
    assert {control for control in CONTROLS if failing(control, account(*statements))} == failed


@pytest.mark.parametrize("control", CONTROLS)
def test_without_a_boundary_there_is_nothing_to_judge(control: str) -> None:
    """A policy that is declared as none is not one, whatever it says."""
    unused = account(allow("*"), users=(user(),), roles=(role(),))
    (finding,) = judge(control, unused)
    assert finding.status.value == "NOT_APPLICABLE"
    assert finding.evidence.observed == {"population": 0, "unit": "boundaries"}


def test_the_finding_is_on_the_policy_and_names_whom_it_binds() -> None:
    (finding,) = judge("boundary_removable", account(allow("*")))
    assert finding.resource == BOUNDARY
    assert "It binds 2 principals: alice, app" in finding.detail
    flaws = {flaw["weakness"]: flaw["actions"] for flaw in finding.evidence.observed["flaws"]}
    assert set(flaws) == {"removable", "rewritable", "evadable"}
    assert "iam:DeleteRolePermissionsBoundary" in flaws["removable"]


def test_each_boundary_is_judged_once() -> None:
    other = policy("Other", allow("iam:*"))
    users = tuple(user(f"u{n}", boundary=arn("policy", name)) for n, name in enumerate(("B", "B", "Other")))
    both = snapshot(users=users, policies=(policy("B", allow("s3:*")), other))
    assert failing("boundary_opens_iam", both) == [other.arn]
    (passed,) = judge("boundary_grants_nothing", both)
    assert passed.evidence.observed == {"population": 2, "unit": "boundaries"}


@pytest.mark.parametrize(
    "policies",
    [(), (policy("B", default_version=make_broken_document("B")),)],
    ids=["not in the snapshot", "no document"],
)
@pytest.mark.parametrize("control", CONTROLS)
def test_a_boundary_that_could_not_be_read_is_not_passed(control: str, policies: tuple[t.Any, ...]) -> None:
    (finding,) = judge(control, snapshot(roles=(role("app", boundary=BOUNDARY),), policies=policies))
    assert (finding.status.value, BOUNDARY in finding.detail) == ("NOT_ASSESSED", True)


def test_what_fails_is_told_beside_what_could_not_be_read() -> None:
    missing = f"arn:aws:iam::{ACCOUNT}:policy/gone"
    users = (user("alice", boundary=BOUNDARY), user("bob", boundary=missing))
    assert failing("boundary_opens_iam", account(allow("iam:*"), users=users)) == [BOUNDARY]
    found = judge("boundary_opens_iam", account(allow("iam:*"), users=users))
    assert [(item.resource, item.status.value) for item in found] == [(BOUNDARY, "FAIL"), (missing, "NOT_ASSESSED")]


@pytest.mark.parametrize("control", CONTROLS)
def test_without_users_and_roles_nothing_is_assessed(control: str) -> None:
    assert status(control, account(allow("*"), unread=(unread(Dataset.AUTHORIZATION_DETAILS),))) == "NOT_ASSESSED"
