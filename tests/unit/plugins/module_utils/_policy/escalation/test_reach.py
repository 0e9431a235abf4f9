# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom somebody makes an administrator without becoming one."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.escalation.reach import reach_of

from .landscapes import ADMINISTRATOR_ACCESS, allow, arn, everything, landscape, policy, role, user

READS: t.Final = policy(allow("s3:GetObject"), name="reads")


def find_reach(*statements: t.Any) -> dict[str, tuple[str, ...]]:
    """The targets of each action, in an account where boundaries alone limit a user and a role."""
    place = landscape(
        role("writer", policy(*statements)),
        user("bounded", everything(), boundary=READS, managed=(ADMINISTRATOR_ACCESS,)),
        role("limited", everything(), boundary=READS, managed=(ADMINISTRATOR_ACCESS,)),
        user("reader", READS, boundary=READS),
    )
    return {found.action: found.targets for found in reach_of(place, arn("role", "writer"))}


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ("iam:DeleteUserPermissionsBoundary", arn("user", "bounded")),
        ("iam:DeleteRolePermissionsBoundary", arn("role", "limited")),
        ("iam:PutUserPermissionsBoundary", arn("user", "bounded")),
        ("iam:PutRolePermissionsBoundary", arn("role", "limited")),
    ],
)
def test_a_boundary_that_can_be_taken_or_replaced_limits_nobody(action: str, target: str) -> None:
    assert find_reach(allow(action)) == {action: (target,)}


def test_a_denying_boundary_makes_no_administrator() -> None:
    only = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": arn("policy", "quarantine-deny-all")}}}
    assert find_reach(allow("iam:PutUserPermissionsBoundary", **only)) == {}
