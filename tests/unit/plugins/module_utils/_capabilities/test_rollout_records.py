# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.rollout_records import (
    Due,
    Event,
    Kind,
    key_of,
    number_of,
    place,
    replay,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.principal_matrix import DeniedPair

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
PAIR = DeniedPair("111122223333", "arn:aws:iam::111122223333:role/app", "s3:GetObject")
OTHER = DeniedPair("111122223333", "arn:aws:iam::111122223333:role/app", "iam:ListUsers")


def event(kind: Kind, stage: str = "canary", **fields: t.Any) -> Event:
    return Event(kind, stage, NOW, **fields)


def test_a_record_comes_back() -> None:
    before = event(
        Kind.STARTED,
        reason="it begins",
        by="arn:aws:iam::111122223333:user/alice",
        run_id="run-1",
        content_sha256="abc",
        is_first=True,
        targets=({"ou": "/canary"},),
        attached=("ou-1",),
        expected=(PAIR,),
        losses=(OTHER,),
        names_stage=True,
    )
    assert Event.of_bytes(before.as_bytes()) == before


def test_people_can_read_a_record() -> None:
    record = json.loads(event(Kind.HELD, reason="role/app lost s3:GetObject", losses=(PAIR,)).as_bytes())
    assert (record["event"], record["stage"], record["at"]) == ("held", "canary", "2026-11-25T12:00:00Z")
    assert record["losses"] == [{"account_id": PAIR.account_id, "principal": PAIR.principal, "action": PAIR.action}]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        event(Kind.STARTED).as_bytes()[:-20],
        event(Kind.STARTED).as_bytes().replace(b"rollout/1", b"rollout/9"),
        event(Kind.STARTED).as_bytes().replace(b'"started"', b'"begun"'),
        event(Kind.STARTED).as_bytes().replace(b'"attached": []', b'"attached": 3'),
        event(Kind.STARTED).as_bytes().replace(b'"losses": []', b'"losses": [{"action": "s3:GetObject"}]'),
    ],
)
def test_what_is_no_record(content: bytes) -> None:
    with pytest.raises(ValueError):
        Event.of_bytes(content)


def test_the_place_of_a_policy() -> None:
    assert place("o-acme", "SERVICE_CONTROL_POLICY", "Deny root (all)") == (
        "rollouts/o-acme/SERVICE_CONTROL_POLICY/Deny root (all)/"
    )


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b", "..\\x"])
def test_no_name_leads_elsewhere(name: str) -> None:
    last = place("o-acme", "SERVICE_CONTROL_POLICY", name).removesuffix("/").split("/")
    assert len(last) == 4
    assert not last[3].startswith(".")


def test_names_of_policies_keep_apart() -> None:
    names = ["a/b", "a%2Fb", ".a", "%2Ea", "a b"]
    assert len({place("o-acme", "X", name) for name in names}) == len(names)


def test_a_name_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        place("o-acme", "X", "ü" * 128)


def test_keys() -> None:
    assert key_of(7, Kind.PASSED) == "000007-passed.json"
    assert number_of("rollouts/o/x/y/000007-passed.json") == 7
    assert [number_of(key) for key in ("x/README.md", "x/7-passed.json", "x/000007-passed.json.bak")] == [None] * 3


# What follows from the records


def test_nothing_on_record() -> None:
    past = replay([])
    assert (past.stage, past.since, past.failure, past.due) == ("", None, None, Due.NOTHING)


def test_a_stage_after_the_other() -> None:
    first = event(Kind.STARTED, is_first=True, targets=({"ou": "/canary"},), content_sha256="a", expected=(PAIR,))
    second = event(Kind.STARTED, "prod", content_sha256="a", attached=("ou-2",), expected=(OTHER,))
    past = replay([first, event(Kind.PASSED), second])
    assert list(past.started) == ["canary", "prod"]
    assert past.stage == "prod"
    assert past.attached == ("ou-2",)
    assert past.expected == {PAIR, OTHER}
    assert past.due is Due.NOTHING


def test_a_stage_that_passed_leaves_the_next_to_be_done() -> None:
    past = replay([event(Kind.STARTED, is_first=True), event(Kind.PASSED)])
    assert (past.stage, past.due) == ("canary", Due.NEXT_STAGE)


def test_an_approval_accepts_what_was_lost() -> None:
    held = [event(Kind.STARTED, is_first=True), event(Kind.HELD, losses=(PAIR,))]
    assert replay(held).failure == held[1]
    past = replay([*held, event(Kind.APPROVED, losses=(PAIR,))])
    assert (past.failure, past.due, past.expected) == (None, Due.NEXT_STAGE, {PAIR})


def test_what_was_withdrawn_is_to_begin_again_once_approved() -> None:
    withdrawn = [event(Kind.STARTED, is_first=True), event(Kind.WITHDRAWN, losses=(PAIR,))]
    assert replay(withdrawn).is_withdrawn
    past = replay([*withdrawn, event(Kind.APPROVED, losses=(PAIR,))])
    assert (past.is_withdrawn, past.due) == (False, Due.SAME_STAGE)
    assert replay([*withdrawn, event(Kind.APPROVED, losses=(PAIR,)), event(Kind.STARTED)]).due is Due.NOTHING


def test_an_approval_from_before_the_failure_is_stale_until_it_is_gone() -> None:
    held = [event(Kind.STARTED, is_first=True), event(Kind.HELD, names_stage=True)]
    assert replay(held).is_stale
    assert not replay([*held, event(Kind.CLEARED)]).is_stale


def test_the_rollout_begins_again_with_a_first_start() -> None:
    first = event(Kind.STARTED, is_first=True, expected=(PAIR,))
    past = replay([first, event(Kind.PASSED), event(Kind.STARTED, "prod"), event(Kind.STARTED, is_first=True)])
    assert (list(past.started), past.expected) == (["canary"], frozenset())


def test_records_of_a_stage_whose_start_was_cut_off_say_nothing() -> None:
    past = replay([event(Kind.STARTED, is_first=True), event(Kind.PASSED, "prod"), event(Kind.FINISHED, "prod")])
    assert (past.stage, past.due) == ("canary", Due.NOTHING)
