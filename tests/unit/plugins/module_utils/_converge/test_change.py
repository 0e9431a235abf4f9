# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal, change_hash, plan_sha256

from .fakes import ACCOUNT, change, user_arn


def test_a_change_in_results_has_no_request() -> None:
    assert change("a", remedies=("f",)).as_dict(applied=True) == {
        "account_id": ACCOUNT,
        "region": "global",
        "service": "iam",
        "operation": "Replace",
        "target": user_arn("a"),
        "before": "old",
        "after": "new",
        "affects": [],
        "remedies": ["f"],
        "reversible": True,
        "undo": {"operation": "Replace", "parameters": {"Name": "a", "State": "old"}},
        "applied": True,
    }
    assert change(undo=None).as_dict()["reversible"] is False


@pytest.mark.parametrize(
    "other",
    [
        {"before": "older"},
        {"after": "newer"},
        {"operation": "Delete"},
        {"target": "x"},
        {"region": "eu-west-1"},
        {"account_id": "999988887777"},
        {"service": "sts"},
        {"parameters": {"Name": "bob", "State": "new"}},
        {"parameters": {"Name": "alice", "State": "new", "Force": True}},
        {"planned": {"Name": "alice"}},
        {"affects": (user_arn("bob"),)},
    ],
)
def test_everything_that_an_approval_is_for_makes_it_another(other: dict[str, t.Any]) -> None:
    assert change_hash(change(**other)) != change_hash(change())


def test_the_order_of_the_affected_does_not_make_it_another() -> None:
    assert change_hash(change(affects=("b", "a"))) == change_hash(change(affects=("a", "b")))


def test_a_request_that_holds_its_moment_is_planned_without_it() -> None:
    morning, afternoon = (change(parameters={"At": at}, planned={"At": "<now>"}) for at in ("08:00", "16:00"))
    assert change_hash(morning) == change_hash(afternoon)
    assert morning.as_entry()["request"] == {"At": "<now>"}
    assert morning.parameters == {"At": "08:00"}


def test_an_entry_of_a_plan_has_the_request() -> None:
    assert change("a").as_entry() == {
        **change("a").as_dict(),
        "request": {"Name": "a", "State": "new"},
        "narrows": True,
    }


@pytest.mark.parametrize("same", [{"remedies": ("f",)}, {"kind": "x"}, {"population": 9}, {"undo": None}])
def test_what_does_not_make_it_another(same: dict[str, t.Any]) -> None:
    assert change_hash(change(**same)) == change_hash(change())


def test_the_hash_of_a_plan_does_not_depend_on_order() -> None:
    assert plan_sha256([change("a"), change("b")]) == plan_sha256([change("b"), change("a")])
    assert plan_sha256([change("a")]) != plan_sha256([change("a"), change("b")]) != plan_sha256([])


def test_a_refusal_in_results() -> None:
    refusal = Refusal(rule="cap", reason="too many", target="x", operation="Replace", fatal=True)
    assert refusal.as_dict() == {"rule": "cap", "reason": "too many", "target": "x", "operation": "Replace"}
