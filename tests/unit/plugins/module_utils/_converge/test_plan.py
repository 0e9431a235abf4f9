# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Undo, change_hash, plan_sha256
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import (
    ApprovedPlan,
    ChangeFacts,
    Entry,
    approve,
    change_of,
    combine_plans,
    parse_entry,
    parse_planned_change,
    plan_document,
)

from .fakes import ACCOUNT, NOW, RUN, change


def document(**fields: t.Any) -> dict[str, t.Any]:
    """A plan of two changes, through JSON as a file has it."""
    made = plan_document([change("a"), change("b")], account_id=ACCOUNT, run_id=RUN, created=NOW)
    return t.cast(dict[str, t.Any], json.loads(json.dumps({**made, **fields})))


def test_a_plan_document_names_what_it_is_of() -> None:
    assert {key: value for key, value in document().items() if key != "changes"} == {
        "schema": "hardening.iam/plan/1",
        "account_id": ACCOUNT,
        "run_id": RUN,
        "created": "2026-11-25T02:00:00Z",
        "author": None,
        "plan_sha256": plan_sha256([change("b"), change("a")]),
        "no_hash_reason": None,
        "incomplete": [],
    }
    assert [recorded["applied"] for recorded in document()["changes"]] == [False, False]


@pytest.mark.parametrize("undo", [None, Undo("Replace", {"State": "old"})])
def test_an_entry_is_the_change_that_was_planned(undo: t.Optional[Undo]) -> None:
    done = change(undo=undo, remedies=("f1", "f2"), before={"a": [1, 2]}, after=None, affects=("x", "y"), undoes="r/1")
    read = parse_planned_change(json.loads(json.dumps(done.as_entry())))
    assert change_hash(read) == change_hash(done)
    assert (read.undo, read.remedies, read.affects, read.undoes) == (undo, ("f1", "f2"), ("x", "y"), "r/1")
    assert read.parameters == done.parameters


def test_a_recorded_change_has_no_request_that_could_be_sent() -> None:
    assert change_of(json.loads(json.dumps(change().as_entry()))).parameters == {}


@pytest.mark.parametrize("request_", [None, "Name", ["Name"]])
def test_an_entry_without_a_request_is_none(request_: t.Any) -> None:
    with pytest.raises(InputError, match="request is missing or malformed"):
        parse_planned_change({**change().as_dict(), "request": request_})


def test_a_recorded_change_that_lacks_a_field() -> None:
    broken = {key: value for key, value in change().as_dict().items() if key != "before"}
    with pytest.raises(InputError, match="before"):
        change_of(broken)


@pytest.mark.parametrize(
    "broken",
    [
        {"target": 7},
        {"undo": "Replace"},
        {"undo": {"operation": "x", "parameters": 1}},
        {"undo": {"operation": 1, "parameters": {}}},
        {"affects": "alice"},
        {"affects": [7]},
        {"affects": None},
        {"remedies": "f1"},
        {"remedies": {"f1": True}},
    ],
)
def test_a_recorded_change_with_a_malformed_field(broken: dict[str, t.Any]) -> None:
    with pytest.raises(InputError, match="not a recorded change"):
        change_of({**change().as_dict(), **broken})


def approve_at(given: t.Any, age: timedelta) -> ApprovedPlan:
    return approve(given, account_id=ACCOUNT, now=NOW + age)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=24), timedelta(minutes=-5)])
def test_approval_of_a_fresh_plan(age: timedelta) -> None:
    approved = approve_at(document(), age)
    assert approved.hashes == {change_hash(change("a")), change_hash(change("b"))}
    assert approved.objection(change("a")) is None


@pytest.mark.parametrize(
    ("differing", "said"),
    [
        ({"affects": ("111122223333", "444455556666")}, "it would now also affect everybody in 444455556666"),
        ({"affects": ()}, "its state before or after differs now"),
        ({"before": "older"}, "its state before or after differs now"),
        ({"operation": "Remove"}, "does not have this change"),
    ],
)
def test_what_differs_from_the_approved_plan_is_named_with_the_next_step(
    differing: dict[str, t.Any], said: str
) -> None:
    planned = change("a", affects=("111122223333", "999988887777"))
    made = plan_document([planned], account_id=ACCOUNT, run_id=RUN, created=NOW)
    approved = approve_at(made, timedelta(0))
    assert approved.objection(planned) is None
    reason = str(approved.objection(dataclasses.replace(planned, **differing)))
    assert said in reason
    assert reason.endswith("run the check again and approve its plan (hardening_approved_plan)")


def entries(**fields: t.Any) -> list[dict[str, t.Any]]:
    """The entries of the plan, the first one edited."""
    first, *others = document()["changes"]
    return [{**first, **fields}, *others]


@pytest.mark.parametrize(
    ("given", "age", "message"),
    [
        (document(), timedelta(hours=24, seconds=1), "at most 24 hours"),
        (document(), timedelta(minutes=-6), "at most 24 hours"),
        (document(created="yesterday"), timedelta(0), "created at an unknown time"),
        (document(created=None), timedelta(0), "created at an unknown time"),
        (document(account_id="999988887777"), timedelta(0), "of the account 999988887777"),
        (document(plan_sha256="0" * 64), timedelta(0), "was edited"),
        (document(changes=document()["changes"][:1]), timedelta(0), "was edited"),
        (document(changes=entries(request={"Name": "a", "State": "worse"})), timedelta(0), "was edited"),
        (document(changes=entries(affects=["x"])), timedelta(0), "was edited"),
        (document(changes=entries(service="sts")), timedelta(0), "was edited"),
        (document(changes=entries(before="older")), timedelta(0), "was edited"),
        (document(changes=[{}]), timedelta(0), "not a recorded change"),
        (document(changes=[3]), timedelta(0), "not a recorded change"),
        (document(changes=None), timedelta(0), "not a plan"),
        (document(schema="hardening.iam/plan/0"), timedelta(0), "not a plan"),
    ],
)
def test_what_is_no_approval(given: t.Any, age: timedelta, message: str) -> None:
    with pytest.raises(InputError, match=message):
        approve_at(given, age)


def test_a_plan_is_as_old_as_the_newest_run_that_made_it() -> None:
    times = [NOW - timedelta(days=5), None, NOW]
    assert approve(document(), account_id=ACCOUNT, times=times, now=NOW).hashes
    with pytest.raises(InputError, match="at most 24 hours"):
        approve(document(), account_id=ACCOUNT, times=times[:2], now=NOW)


def test_a_plan_of_several_modules_is_as_old_as_the_oldest_part() -> None:
    first = document()
    second = plan_document([change("c")], account_id=ACCOUNT, run_id=RUN, created=NOW - timedelta(hours=1))
    joined = combine_plans([first, second], account_id=ACCOUNT, run_id=RUN)
    assert joined is not None
    assert joined["created"] == "2026-11-25T01:00:00Z"
    assert joined["plan_sha256"] == plan_sha256([change("a"), change("b"), change("c")])
    assert approve_at(joined, timedelta(0)).objection(change("c")) is None
    assert combine_plans([], account_id=ACCOUNT, run_id=RUN) is None


@pytest.mark.parametrize("fields", [{"held_by": "cap"}, {"deadline": 7}, {"unverified": "x"}, {"cost": 1}])
def test_an_entry_with_malformed_facts(fields: dict[str, t.Any]) -> None:
    with pytest.raises(InputError, match="not an entry of a plan"):
        parse_entry({**document()["changes"][0], **fields})


def test_a_plan_that_is_empty_or_incomplete_has_no_hash_and_says_why() -> None:
    given: dict[str, t.Any] = {"account_id": ACCOUNT, "run_id": RUN, "created": NOW}
    empty = plan_document([], **given)
    assert (empty["plan_sha256"], "nothing would be changed" in empty["no_hash_reason"]) == (None, True)
    incomplete = plan_document([change("a")], incomplete=["security_hub: denied"], **given)
    assert incomplete["plan_sha256"] is None
    for made in (empty, incomplete):
        with pytest.raises(InputError, match="it has no hash"):
            approve_at(made, timedelta(0))
    # Somebody who removes the reason has to make up a hash that nobody approved.
    with pytest.raises(InputError, match="was edited"):
        approve_at({**incomplete, "incomplete": []}, timedelta(0))
    joined = combine_plans([document(), incomplete], account_id=ACCOUNT, run_id=RUN)
    assert joined is not None and "security_hub: denied" in joined["no_hash_reason"]


def test_no_hash_covers_what_is_for_people_and_no_approval_reads_it() -> None:
    held = Entry(
        change("a"),
        {"rule": "cap", "reason": "many"},
        is_waiting=True,
        facts={**ChangeFacts().as_dict(), "deadline": "x"},
    )
    made = plan_document([held], account_id=ACCOUNT, run_id=RUN, created=NOW)
    plain = plan_document([change("a")], account_id=ACCOUNT, run_id=RUN, created=NOW)
    assert made["plan_sha256"] == plain["plan_sha256"]
    assert approve_at(made, timedelta(0)) == approve_at(plain, timedelta(0))
    # Whether a change narrows access decides what people look at, so the hash covers it.
    entry = {**plain["changes"][0], "narrows": False}
    with pytest.raises(InputError, match="was edited"):
        approve_at({**plain, "changes": [entry]}, timedelta(0))
