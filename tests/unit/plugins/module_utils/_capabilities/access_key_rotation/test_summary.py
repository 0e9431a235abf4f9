# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.step import Action, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.steps import (
    find_next_step,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.summary import (
    build_summary,
    count_moved,
    render_summary,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer, Consumers

from .rotations import ACCOUNT, DECLARED, NEW, OLD, SECRET, TARGET, VERSION, at, key, record, secret, situation

STAGES: t.Final = (("created", 0), ("distributed", 1), ("verified", 9), ("old_inactive", 10))


def under_way(stages: int, **fields: t.Any) -> Situation:
    events = [record(stage, days) for stage, days in STAGES[:stages]]
    old = key(used=0.5, status="Inactive" if stages == 4 else "Active")
    given = {"secret": secret() if stages == 1 else secret(VERSION), **fields}
    return situation(*events, keys=(old, key(NEW, age=0, used=2)), **given)


def entry(found: Situation, days: float = 50, held: str = "", *, reveal: bool = True) -> dict[str, t.Any]:
    step = find_next_step(found, DECLARED, at(days))
    (built,) = build_summary([found], [step], [held], reveal_key_ids=reveal)
    return built


def call(key_id: str, address: str, agent: str, days: float, calls: int = 3) -> Consumer:
    return Consumer(key_id, address, agent, calls, at(days - 0.5), at(days))


def lines(found: Situation, days: float = 50, held: str = "", *, written: bool = True) -> list[str]:
    return render_summary(ACCOUNT, [entry(found, days, held)], written=written).splitlines()


def test_a_rotation_that_is_under_way_is_shown_as_it_is() -> None:
    found = entry(under_way(2))
    assert found == {
        "user": "svc",
        "stage": "distributed",
        "since": "2026-03-02T00:00:00Z",
        "old_key": OLD,
        "old_key_last_used": "2026-03-01T12:00:00Z",
        "new_key": NEW,
        "new_key_last_used": "2026-03-03T00:00:00Z",
        "secret": TARGET.secret,
        "secret_arn": SECRET,
        "next": "record",
        "next_stage": "verified",
        "due": None,
        "rule": "",
        "reason": "",
        "held": "",
        "old_key_users": [],
        "new_key_users": [],
        "users_moved": None,
        "users_unknown": "",
    }
    hidden = entry(under_way(2), reveal=False)
    assert OLD not in str(hidden) and NEW not in str(hidden) and hidden["old_key"].endswith(OLD[-4:])


def test_a_user_without_a_rotation_has_no_new_key() -> None:
    found = entry(situation(keys=(key(),)))
    names = ("stage", "since", "old_key", "new_key", "old_key_last_used", "next", "next_stage")
    assert [found[name] for name in names] == [None, None, OLD, None, None, "create", "created"]
    waiting = entry(situation(keys=(key(age=80),)), 9)
    assert (waiting["next"], waiting["due"], waiting["next_stage"]) == ("wait", "2026-03-11T00:00:00Z", None)
    gone = entry(Situation(TARGET))
    assert (gone["user"], gone["old_key"], gone["secret_arn"], gone["rule"]) == ("svc", None, None, "no_user")


def test_the_two_keys_of_a_step_that_no_record_names_are_shown() -> None:
    step = Step(Action.DISCARD, old=key(), key=key(NEW))
    (found,) = build_summary([situation(keys=(key(), key(NEW)))], [step], [""], reveal_key_ids=True)
    assert (found["old_key"], found["new_key"]) == (OLD, NEW)


CALLS: t.Final = (
    call(OLD, "10.0.0.1", "boto3", 0.5),
    call(OLD, "10.0.0.2", "cli", 1),
    call(OLD, "10.0.0.3", "", 5, calls=1),
    call(NEW, "10.0.0.1", "boto3", 6),
    call(NEW, "10.0.0.9", "boto3", 6),
)


def test_callers_of_both_keys_are_told_apart() -> None:
    found = under_way(2, consumers=Consumers(CALLS, older="only ninety days"))
    built = entry(found)
    assert [(one["address"], one["since_new_key"]) for one in built["old_key_users"]] == [
        ("10.0.0.3", True),
        # The moment of the move counts as after it.
        ("10.0.0.2", True),
        ("10.0.0.1", False),
    ]
    assert {one["address"] for one in built["new_key_users"]} == {"10.0.0.1", "10.0.0.9"}
    assert built["old_key_users"][0] == {
        "address": "10.0.0.3",
        "agent": "",
        "calls": 1,
        "first": "2026-03-05T12:00:00Z",
        "last": "2026-03-06T00:00:00Z",
        "since_new_key": True,
    }
    assert (built["users_moved"], built["users_unknown"]) == ("1 of 3", "only ninety days")


def test_before_consumers_can_read_the_new_key_nobody_is_late() -> None:
    built = entry(under_way(1, consumers=Consumers(CALLS)), 6)
    assert {one["since_new_key"] for one in built["old_key_users"]} == {False}


def test_callers_that_moved_are_counted_where_there_are_any() -> None:
    assert count_moved(under_way(2, consumers=Consumers(CALLS[3:]))) is None
    assert count_moved(situation(keys=(key(),), consumers=Consumers(CALLS))) is None
    assert count_moved(under_way(2, consumers=Consumers(CALLS[:3]))) == "0 of 3"


@pytest.mark.parametrize(
    ("found", "days", "words"),
    [
        (situation(keys=(key(),)), 50, "make the new key, and store it in the secret"),
        (under_way(1), 1, "let consumers of the secret read the new key"),
        (under_way(1, secret=secret(VERSION)), 1, "record that consumers read the new key"),
        (under_way(2), 50, "record that the new key is used, and the old one is not"),
        (under_way(3), 50, "deactivate the old key"),
        (under_way(4), 50, "delete the old key"),
        (situation(record("created"), keys=(key(),)), 50, "record that the new key was taken back"),
    ],
)
def test_the_next_step_is_named(found: Situation, days: float, words: str) -> None:
    assert lines(found, days)[2] == f"    step of this run: {words}"
    assert lines(found, days, written=False)[2] == f"    next step: {words}"
    assert lines(found, days, "too many")[2] == "    not made: too many"


def test_a_step_that_waits_or_is_refused_is_no_step_of_this_run() -> None:
    assert lines(under_way(2), 7)[2].startswith("    waits until 2026-03-09T01:00:00Z: the old key is only known")
    refused = lines(situation(keys=()), held="too many")
    assert refused[1:] == ["  svc: no rotation is under way", "    refused: svc has no access key to rotate"]


def test_those_who_still_use_the_old_key_are_named() -> None:
    late = tuple(call(OLD, f"10.0.1.{number}", "boto3", 5 + number / 10) for number in range(7))
    found = under_way(2, consumers=Consumers((*late, *CALLS), failure="denied"))
    text = lines(found)
    assert text[0] == f"Rotation of access keys in account {ACCOUNT}:"
    assert text[1] == "  svc: distributed since 2026-03-02T00:00:00Z"
    assert text[3] == f"    1 of 10 callers of the old key {OLD} have moved to the new one"
    assert text[4] == "    the old key is still used from 10.0.1.6, boto3: 3 calls, the last 2026-03-06T14:24:00Z"
    assert len([line for line in text if "still used from" in line]) == 5
    assert text[-2:] == ["    and from 4 more places", "    it is not known who uses the keys: denied"]
    few = lines(under_way(2, consumers=Consumers(CALLS)))
    assert few[4] == "    the old key is still used from 10.0.0.3: 1 call, the last 2026-03-06T00:00:00Z"
    assert "10.0.0.2, cli" in few[5] and len(few) == 6


def test_users_stay_in_their_order_and_none_is_said() -> None:
    two = [situation(keys=(key(),)), dataclasses.replace(situation(), user=None)]
    steps = [find_next_step(one, DECLARED, at(50)) for one in two]
    built = build_summary(two, steps, ["", "held"], reveal_key_ids=True)
    assert [(one["rule"], one["held"]) for one in built] == [("", ""), ("no_user", "held")]
    with pytest.raises(ValueError, match="zip"):
        build_summary(two, steps, [""], reveal_key_ids=True)
    assert render_summary(ACCOUNT, [], written=True).endswith(f"in account {ACCOUNT}: no user is declared.")


def test_names_that_others_chose_cannot_write_into_the_terminal() -> None:
    odd = Consumers((call(OLD, "10.0.0.1", "\x1b[31mred\n", 5),))
    text = lines(under_way(2, consumers=odd))
    assert "\x1b" not in "".join(text) and len(text) == 5
