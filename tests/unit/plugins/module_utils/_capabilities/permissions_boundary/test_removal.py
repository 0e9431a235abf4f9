# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a boundary that is not to be there."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import LivePolicy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.removal import Removal
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals

from ..user_permissions.people import account, arn, role
from .bounded import ARN, NAME, OTHER, SOUND, boundary, declare, dev, live, person, refusals, steps

CARRIED: t.Final = account(dev("dev-1", ARN), dev("dev-2", OTHER), dev("dev-3"), person("ann", boundary=ARN))
FULLY: t.Final = {"allow_loosen": True, "delete_versions": True}


def removal(
    snapshot: Snapshot,
    policy: t.Optional[LivePolicy],
    untouchable: t.Optional[UntouchablePrincipals] = None,
    **options: t.Any,
) -> Plan:
    declaration = declare(boundary(), state="absent", **options)
    return Removal(
        snapshot, declaration.boundaries[0], policy, declaration, untouchable or UntouchablePrincipals()
    ).plan()


def test_it_comes_off_everybody_who_carries_it_then_the_policy_goes() -> None:
    plan = removal(CARRIED, live(SOUND, SOUND, SOUND, default=2), **FULLY)
    assert steps(plan) == [
        ("DeleteUserPermissionsBoundary", "ann"),
        ("DeleteRolePermissionsBoundary", "dev-1"),
        ("DeletePolicyVersion", NAME),
        ("DeletePolicyVersion", NAME),
        ("DeletePolicy", NAME),
    ]
    assert [change.parameters.get("VersionId") for change in plan.changes[2:]] == ["v1", "v3", None]
    assert not plan.refused


def test_all_but_versions_comes_back_in_the_other_order() -> None:
    """The policy before its carriers: AWS has no boundary that is not there."""
    plan = removal(CARRIED, live(SOUND, SOUND), **FULLY)
    undos = [change.undo.operation for change in reversed(plan.changes) if change.undo]
    assert undos == ["CreatePolicy", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"]
    assert [change.undo for change in plan.changes if change.operation == "DeletePolicyVersion"] == [None]


def test_taking_it_off_widens_and_so_needs_neither_prediction_nor_cap() -> None:
    plan = removal(CARRIED, live(SOUND), **FULLY)
    impacts = {change.operation: change.impact for change in plan.changes}
    assert impacts.pop("DeletePolicy") is Impact.DESTRUCTIVE
    assert set(impacts.values()) == {Impact.ADDITIVE}


def test_what_is_not_there_is_gone_already() -> None:
    plan = removal(CARRIED, None, **FULLY)
    assert (plan.changes, plan.refused) == ((), ())


@pytest.mark.parametrize(
    ("policy", "options", "rule"),
    [
        (live(SOUND, tags={}), FULLY, "foreign"),
        (live(SOUND), {}, "loosening"),
        (live(SOUND), {"delete_versions": True}, "loosening"),
        (live(SOUND, SOUND), {"allow_loosen": True}, "versions"),
        (live(SOUND, attachment_count=1), FULLY, "in_use"),
    ],
)
def test_nothing_is_taken_off_for_a_policy_that_stays(policy: LivePolicy, options: t.Any, rule: str) -> None:
    plan = removal(CARRIED, policy, **options)
    assert (refusals(plan), plan.changes) == ([(rule, NAME)], ())


def test_the_refusal_says_what_would_allow_it() -> None:
    (refusal,) = removal(CARRIED, live(SOUND)).refused
    assert "2 users and roles" in refusal.reason and "allow_loosen" in refusal.reason
    (refusal,) = removal(CARRIED, live(SOUND, SOUND, SOUND), allow_loosen=True).refused
    assert "v1, v2" in refusal.reason and "delete_versions" in refusal.reason


@pytest.mark.parametrize(
    "principal",
    [
        role("break-glass", path="/iam-hardening/"),
        role("emergency"),
        role("AWSReservedSSO_Dev_0123456789abcdef", path="/aws-reserved/sso.amazonaws.com/"),
        role("ci"),
    ],
    ids=lambda item: item.name,
)
def test_it_stays_where_it_bounds_whom_nobody_may_touch(principal: t.Any) -> None:
    snapshot = account(dev("dev-1", ARN), dataclasses.replace(principal, boundary=ARN))
    untouchable = UntouchablePrincipals(callers=principals_of([arn("role", "ci")]), break_glass=("*:role/emergency",))
    plan = removal(snapshot, live(SOUND), untouchable, **FULLY)
    assert (refusals(plan), plan.changes) == ([("in_use", NAME)], ())
    assert principal.name in plan.refused[0].reason
