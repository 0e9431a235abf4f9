# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.plan_lines import Line, join_lines, view_account

from . import planned


def line(entry: dict[str, t.Any]) -> Line:
    """The only line of a plan with this entry."""
    words = view_account(planned.plan(entry))
    (found,) = (*words.planned, *words.waiting)
    return found


def test_a_credential_has_its_age_its_last_use_and_its_deadline() -> None:
    found = line(planned.deactivation(deadline="2026-12-16T03:00:00Z"))
    assert found.sentence == "deactivate access key AKIA…ZIQB of dev-bob"
    assert found.facts == (
        "335 days old; last used 2026-08-04, 120 days before this plan",
        "deadline 2026-12-16, in 14 days",
    )


@pytest.mark.parametrize(
    ("created", "last_used", "said"),
    [
        (None, None, "its age is not known; its last use is not known"),
        ("2026-12-01T03:00:00Z", "never", "1 days old; never"),
        ("nonsense", "2026-12-01", "its age is not known; last used 2026-12-01, 1 days before this plan"),
    ],
)
def test_what_is_not_known_of_a_credential_is_said(created: t.Any, last_used: t.Any, said: str) -> None:
    """Not known is never "never": somebody may use the key today."""
    credential = {"kind": "access_key", "id": "x", "user": "u", "created": created, "last_used": last_used}
    assert line(planned.deactivation(credential=credential)).facts[0] == said


def test_facts_that_are_missing_are_left_out() -> None:
    assert line(planned.entry()).facts == ()
    assert line(planned.boundary("r")).facts == (
        "held back by cap (permissions_boundary_max_changes): 12 roles, allowed are 10",
    )
    made = {"kind": "access_key", "id": None, "user": "u", "created": None, "last_used": None}
    assert line(planned.entry("CreateAccessKey", "user/u", credential=made)).facts == ()
    facts = line(planned.deactivation(affects=["arn:aws:iam::1:role/a", "*"], credential=None)).facts
    assert facts == ("narrows the access of role a, anybody",)


def test_no_sentence_says_something_else_than_the_change_that_is_hashed() -> None:
    """Nothing but the change is in the hash: the sentence beside it may be forged, and only adds a reason."""
    forged = line(planned.deactivation(sentence="create a group of nobody"))
    assert forged.sentence == "deactivate access key AKIA…ZIQB of dev-bob"
    real = line(planned.deactivation(sentence=f"deactivate access key {planned.KEY_ID} of dev-bob: not used"))
    assert real.sentence == "deactivate access key AKIA…ZIQB of dev-bob: not used"


def test_changes_of_which_the_same_is_said_share_a_line() -> None:
    cost = {"usd_month": 1.2, "why": "evaluations"}
    rules = [
        planned.entry("PutConfigRule", f"rule/{n}", service="config", region=region, cost=cost)
        for n, region in ((1, "us-east-1"), (2, "eu-west-1"), (3, "eu-west-1"))
    ]
    keys = [planned.deactivation("a"), planned.deactivation("b")]
    joined = join_lines(view_account(planned.plan(*rules, *keys)).planned, 2)
    assert [found.sentence for found in joined] == [
        "deactivate access key AKIA…ZIQB of a",
        "deactivate access key AKIA…ZIQB of b",
        "set 3 AWS Config rules in eu-west-1, us-east-1: 1, 2, … and 1 more",
    ]
    assert (joined[2].facts, joined[2].cost) == ((), "each costs about 1.20 USD a month: evaluations")
    (cheap,) = join_lines(view_account(planned.plan(rules[0], {**rules[1], "cost": None})).planned, 2, with_costs=False)
    assert cheap.sentence.startswith("set 2 AWS Config rules")


def test_what_waits_for_an_approval_stands_apart() -> None:
    words = view_account(planned.plan(planned.entry(), planned.boundary("r")))
    assert [len(words.planned), len(words.waiting)] == [1, 1]


def test_key_ids_are_masked_unless_they_are_asked_for() -> None:
    plan = planned.plan(planned.deactivation(unverified=[f"{planned.KEY_ID} is not known"]))
    assert planned.KEY_ID not in repr([item.facts + (item.sentence,) for item in view_account(plan).planned])
    assert planned.KEY_ID in view_account(plan, reveal_key_ids=True).planned[0].sentence


def test_what_is_not_verified_of_every_target_is_said_once() -> None:
    notes = {name: [f"the owner of role {name} is not known"] for name in ("a", "b")}
    entries = [planned.boundary(name, unverified=unverified) for name, unverified in notes.items()]
    (joined,) = join_lines(view_account(planned.plan(*entries)).waiting, 9)
    assert joined.facts[0] == "each: not verified: the owner of the target is not known"


def test_a_plan_without_a_hash_says_why() -> None:
    assert view_account(planned.plan(plan_sha256=None, no_hash_reason="x")).no_hash_reason == "x"
