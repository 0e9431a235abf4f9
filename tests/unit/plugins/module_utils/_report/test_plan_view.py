# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._report.plan_view import (
    Approval,
    Approvals,
    count_plan,
    describe_group,
    describe_held,
    describe_note,
    describe_price,
    describe_total,
    select_open,
)

from . import planned

OTHER: t.Final = "444455556666"


def approve(*plans: dict[str, t.Any], **members: t.Any) -> Approval:
    """The view of an approver over these plans."""
    approvals = Approvals()
    for plan in plans:
        approvals.add(plan)
    return approvals.view(**{"plan_sha256": planned.HASH, **members})


def test_equal_changes_are_counted_over_the_accounts() -> None:
    found = approve(*(planned.plan(planned.entry(account_id=account)) for account in ("111122223333", OTHER)))
    (group,) = found.groups
    assert describe_group(group) == "2 times: create group x (2 accounts)"
    assert count_plan(found) == "2 planned, in 2 accounts"


def test_changes_of_a_kind_are_one_line_with_their_names() -> None:
    entries = [planned.deactivation(f"user-{number}") for number in range(9)]
    (group,) = approve(planned.plan(*entries)).groups
    names = ", ".join(f"access key AKIA…ZIQB of user-{number}" for number in range(4))
    said = f"deactivate 9 access keys (1 account, narrow access): {names}, … and 5 more"
    assert describe_group(group) == said


def test_what_narrows_access_and_what_is_not_verified_comes_first() -> None:
    plain = planned.entry()
    narrow = planned.deactivation()
    doubtful = planned.entry("CreateRole", "role/r", unverified=["nobody knows who uses it"])
    both = planned.entry("DeleteRole", "role/r", narrows=True, unverified=["the trail was not read"])
    found = approve(planned.plan(plain, doubtful, narrow, both))
    assert [group.kind.verb for group in found.first] == ["delete", "deactivate", "create"]
    assert [group.kind.thing for group in found.others] == ["group"]
    assert describe_note(found.first[0]) == "not verified in 1 change: the trail was not read"
    assert describe_note(found.first[1]) == ""


def test_the_numbers_are_never_added_up() -> None:
    found = approve(planned.plan(planned.entry(), planned.boundary("a"), planned.boundary("b")))
    assert (found.planned, found.waiting) == (1, 2)
    assert count_plan(found) == "1 planned and 2 more applied if approved, in 1 account"


def test_what_is_held_back_names_the_rule_and_the_variable() -> None:
    found = approve(
        planned.plan(planned.boundary("a"), planned.boundary("b")),
        planned.plan(planned.boundary("c", account_id=OTHER)),
    )
    (held,) = found.held
    said = "3 changes in 2 accounts, by cap (permissions_boundary_max_changes): 12 roles, allowed are 10"
    assert describe_held(held) == said


def test_costs_are_added_up_and_what_is_not_known_is_counted() -> None:
    costs = [
        {"usd_month": 1.25, "why": "1 × rules"},
        {"usd_month": 2, "why": "1,200 × rules"},
        {"usd_month": None, "why": "hub"},
    ]
    found = approve(planned.plan(*(planned.entry(cost=cost) for cost in costs)))
    assert [(cost.why, describe_price(cost)) for cost in found.costs] == [
        ("rules", "3.25 USD"),
        ("hub", "not known for 1 change"),
    ]
    assert describe_total(found.costs) == "about 3.25 USD and an amount that is not known, for 1 change"
    unknown = approve(planned.plan(planned.entry(cost=costs[2]))).costs
    assert describe_total(unknown) == "an amount that is not known, for 1 change"


def test_a_real_run_leaves_what_waits_to_approve() -> None:
    left = select_open(planned.plan(planned.entry(), planned.boundary("r")), "enforce")
    assert [entry["operation"] for entry in left["changes"]] == ["PutRolePermissionsBoundary"]
    assert len(select_open(planned.plan(planned.entry()), "check")["changes"]) == 1


def test_key_ids_are_masked_unless_they_are_asked_for() -> None:
    plan = planned.plan(planned.deactivation(unverified=[f"{planned.KEY_ID} is not known"]))
    assert planned.KEY_ID not in repr(approve(plan))


def test_what_is_not_verified_of_every_target_is_said_once() -> None:
    notes = {name: [f"the owner of role {name} is not known"] for name in ("a", "b")}
    entries = [planned.boundary(name, unverified=unverified) for name, unverified in notes.items()]
    (group,) = approve(planned.plan(*entries)).groups
    assert describe_note(group) == "not verified in 2 changes: the owner of the target is not known"


def test_a_plan_without_a_hash_says_why() -> None:
    found = approve(
        planned.plan(plan_sha256=None),
        plan_sha256=None,
        no_hash_reason=f"password_policy failed on {planned.KEY_ID}",
        without_hash=[{"account_id": OTHER, "reason": "it has no report"}],
    )
    assert (found.plan_sha256, found.no_hash_reason) == (None, "password_policy failed on AKIA…ZIQB")
    assert found.without_hash == ((OTHER, "it has no report"),)
