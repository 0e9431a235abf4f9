# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is to carry a boundary, who is left alone, and how far it holds."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.permissions_boundary.selection import (
    CHANGE_IT_THERE,
    Coverage,
    Selection,
    count_boundable,
    find_carriers,
    find_permission_set,
    measure_coverage,
    select,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.untouchable import UntouchablePrincipals

from ..user_permissions.people import account, arn, group, role
from .bounded import ARN, DEVELOPERS, NAME, OTHER, dev, one, person

RESERVED: t.Final = "/aws-reserved/sso.amazonaws.com/"
SERVICE: t.Final = "/aws-service-role/ecs.amazonaws.com/"


def select_names(snapshot: Snapshot, *targets: dict[str, t.Any], **fields: t.Any) -> list[str]:
    return [item.name for item in select(snapshot, one(*targets, **fields), UntouchablePrincipals()).selected]


def test_whoever_fits_one_of_the_targets_is_selected_once() -> None:
    snapshot = account(person("ann"), person("bob"), dev("dev-1"), dev("dev-2"), role("app"))
    targets = ({"path": "/developers/"}, {"name": "dev-*"}, {"principal": "bob"})
    assert select_names(snapshot, *targets) == ["bob", "dev-1", "dev-2"]
    assert select_names(snapshot, *targets, exclude=["dev-2", "user/*"]) == ["dev-1"]


def test_policies_of_groups_count_for_their_members() -> None:
    snapshot = account(
        group("readers", "Read"),
        person("ann", groups=["readers"]),
        person("bob", "Read"),
        person("eve", groups=["nobody-read-it"]),
        role("app", "Read"),
    )
    assert select_names(snapshot, {"policy": "Read"}) == ["ann", "bob", "app"]
    assert select_names(snapshot, {"policy": arn("policy", "Read"), "kind": "user"}) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("principal", "reason"),
    [
        (role("ecs", path=SERVICE), "service-linked"),
        (role("OrganizationAccountAccessRole"), "the management account"),
        (role("AWSControlTowerExecution"), "Control Tower"),
        (role("stacksets-exec-1"), ""),
        (role("break-glass", path="/iam-hardening/"), "break-glass"),
        (role("assessor", path="/iam-hardening/"), "this collection uses it"),
        (person("emergency"), "break-glass"),
        (role("ci"), "caller"),
    ],
)
def test_patterns_never_reach_whom_nobody_may_touch(principal: t.Any, reason: str) -> None:
    snapshot = account(principal, dev("dev-1"))
    untouchable = UntouchablePrincipals(
        callers=principals_of([arn("role", "ci")]), break_glass=("arn:aws:iam::*:user/emergency",)
    )
    found = select(snapshot, one({"name": "*"}), untouchable)
    assert [item.name for item in found.selected] == ["dev-1"]
    ((kept_out, explanation),) = found.kept_out
    assert kept_out is principal
    assert reason in explanation


@pytest.mark.parametrize("name", ["assessor", "break-glass"])
def test_whoever_is_named_stays_selected_for_the_plan_to_refuse(name: str) -> None:
    """A pattern that meets break-glass is an accident; a name is a mistake that its author has to be told of."""
    found = select(
        account(role(name, path="/iam-hardening/")), one({"name": "*"}, {"principal": name}), UntouchablePrincipals()
    )
    assert [item.name for item in found.selected] == [name]
    assert not found.kept_out


@pytest.mark.parametrize(
    ("principal", "permission_set"),
    [
        (role("AWSReservedSSO_Developers_0123456789abcdef", path=RESERVED), "Developers"),
        (role("AWSReservedSSO_Read_Only_0123456789abcdef", path=f"{RESERVED}eu-west-1/"), "Read_Only"),
        (role("AWSReservedSSO_odd", path=RESERVED), "AWSReservedSSO_odd"),
        # Whoever may make roles may call one so.
        (role("AWSReservedSSO_Developers_0123456789abcdef"), None),
        (person("AWSReservedSSO_Developers_0123456789abcdef", path=RESERVED), None),
    ],
)
def test_the_permission_set_of_a_role(principal: t.Any, permission_set: t.Optional[str]) -> None:
    assert find_permission_set(principal) == permission_set


def test_roles_of_identity_center_are_counted_apart_even_where_they_are_named() -> None:
    names = ["AWSReservedSSO_Ops_0123456789abcdef", "AWSReservedSSO_Dev_0123456789abcdef"]
    other = dev("AWSReservedSSO_Dev_fedcba9876543210", OTHER, path=RESERVED)
    snapshot = account(*(role(name, path=RESERVED) for name in names), other, dev("dev-1", ARN))
    found = select(snapshot, one({"name": "*"}, {"principal": names[0]}), UntouchablePrincipals())
    assert [item.name for item in found.selected] == ["dev-1"]
    assert list(found.permission_sets) == ["Dev", "Ops"]
    result = measure_coverage(snapshot, one(DEVELOPERS), found, drifted=False).as_dict()
    assert (result["selected"], result["covered"], result["percent"]) == (1, 1, 100.0)
    assert result["permission_sets"] == [
        {"name": "Dev", "roles": 2, "with_boundary": 1, "note": CHANGE_IT_THERE},
        {"name": "Ops", "roles": 1, "with_boundary": 0, "note": CHANGE_IT_THERE},
    ]
    assert "change it there" in CHANGE_IT_THERE
    assert not select(
        snapshot, one({"name": "*"}, exclude=["AWSReservedSSO_*"]), UntouchablePrincipals()
    ).permission_sets


def test_who_carries_it_and_who_could_carry_any() -> None:
    snapshot = account(
        person("ann", boundary=ARN), dev("dev-1", ARN), dev("dev-2", OTHER), role("ecs", path=SERVICE), role("app")
    )
    assert [item.name for item in find_carriers(snapshot, ARN)] == ["ann", "dev-1"]
    assert count_boundable(snapshot) == 4


def coverage(carrying: int, missing: int = 0, wrong: int = 0, *, drifted: bool = False) -> Coverage:
    kinds = [*[ARN] * carrying, *[None] * missing, *[OTHER] * wrong]
    selected = tuple(dev(f"dev-{number}", found) for number, found in enumerate(kinds))
    return Coverage(NAME, ARN, drifted, Selection(selected))


@pytest.mark.parametrize(
    ("counts", "percent"),
    [
        ((0,), None),
        ((3,), 100.0),
        ((12, 3), 80.0),
        ((1, 1, 1), 33.3),
        ((0, 2), 0.0),
        ((2, 1), 66.6),
        # Whole is whole: a role in three thousand is still open.
        ((2999, 1), 99.9),
        ((1, 2999), 0.0),
    ],
)
def test_the_percentage_never_says_more_than_is_there(counts: tuple[int, ...], percent: t.Optional[float]) -> None:
    assert coverage(*counts).percent == percent


def test_nobody_is_covered_by_a_policy_that_says_something_else() -> None:
    found = coverage(2, 1, drifted=True)
    assert (found.covered, found.percent, len(found.carrying)) == (0, 0.0, 2)


def test_the_missing_the_wrong_and_those_who_were_not_meant() -> None:
    snapshot = account(dev("dev-1", ARN), dev("dev-2"), dev("dev-3", OTHER), person("ann", boundary=ARN))
    boundary = one(DEVELOPERS)
    result = measure_coverage(
        snapshot, boundary, select(snapshot, boundary, UntouchablePrincipals()), drifted=False
    ).as_dict()
    assert result["missing"] == [arn("role", "developers/dev-2")]
    assert result["wrong"] == [{"principal": arn("role", "developers/dev-3"), "boundary": OTHER}]
    assert result["not_selected"] == [arn("user", "ann")]
    assert (result["arn"], result["percent"]) == (ARN, 33.3)
