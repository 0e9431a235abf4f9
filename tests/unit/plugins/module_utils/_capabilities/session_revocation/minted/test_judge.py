# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys of others are named, and how."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation.minted.judge import (
    Making,
    Makings,
    MintedKey,
    describe_key,
    find_key_id,
    judge_keys,
    make_changes,
    parse_making,
    prove,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import Incident, KeySeed
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import parse_event

from ..accounts import HOME, NOW, PIPELINE, USER, WORKER, arn

OTHER: t.Final = arn(HOME, "report-export", "user")
KEY: t.Final = MintedKey(OTHER, "AKIAEXAMPLEEXAMPLE99", NOW)


def make_event(caller: str, **members: t.Any) -> dict[str, t.Any]:
    return {
        "eventTime": "2026-11-27T10:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "userIdentity": {"type": "IAMUser", "arn": caller, "principalId": "AIDA", "accessKeyId": "AKIA"},
        "responseElements": {"accessKey": {"accessKeyId": KEY.id, "userName": "report-export", "status": "Active"}},
        **members,
    }


def make_making(caller: str) -> Making:
    making = parse_making(parse_event(make_event(caller)))
    assert making is not None
    return making


def judge(*makings: Making, **fields: t.Any) -> tuple[MintedKey, ...]:
    incident = Incident("INC-7", "Ana", "key found in a public repository", users=(USER,), **fields)
    reached, contained = principals_of([USER, PIPELINE, WORKER]), principals_of([USER, PIPELINE])
    return prove(judge_keys([KEY], Makings(makings), incident=incident, makers=reached), contained)


def test_a_key_that_no_event_tells_of_is_named_and_not_proven() -> None:
    (found,) = judge()
    assert (found.maker, found.is_proven) == ("", False)


@pytest.mark.parametrize(("maker", "is_proven"), [(USER, True), (PIPELINE, True), (WORKER, False)])
def test_a_key_is_proven_if_its_maker_is_contained(maker: str, is_proven: bool) -> None:
    (found,) = judge(make_making(maker))
    assert (found.maker, found.is_proven) == (maker, is_proven)


def test_keys_of_colleagues_and_known_ones_are_not_named() -> None:
    assert judge(make_making(arn(HOME, "colleague", "user"))) == ()
    assert judge(make_making(USER), known_keys=(KEY.id,)) == ()


INCIDENT: t.Final = Incident("INC-7", "Ana", "key found in a public repository", users=(USER,))


@pytest.mark.parametrize(
    ("reaches", "is_unjudged"),
    [
        (None, False),
        (NOW - timedelta(hours=1), False),
        # The event of a key has the time of the request, which is a little earlier than the key.
        (NOW - timedelta(seconds=6), False),
        (NOW - timedelta(seconds=5), True),
        (NOW, True),
        (NOW + timedelta(hours=1), True),
    ],
)
def test_a_key_from_before_the_events_that_were_read_is_not_judged(
    reaches: t.Optional[datetime], is_unjudged: bool
) -> None:
    makers = principals_of([USER])
    (found,) = judge_keys([KEY], Makings(reaches=reaches), incident=INCIDENT, makers=makers)
    assert (found.is_unjudged, found.is_proven) == (is_unjudged, False)
    assert ("the events of that time were not read" in describe_key(found, NOW)["reason"]) is is_unjudged
    # An event that was read all the same says who made it.
    known = Makings((make_making(USER),), reaches)
    (found,) = judge_keys([KEY], known, incident=INCIDENT, makers=makers)
    assert (found.maker, found.is_unjudged) == (USER, False)


def test_a_leaked_key_is_no_other_key_and_keys_have_an_order() -> None:
    makers = principals_of([USER])
    leaked = dataclasses.replace(INCIDENT, keys=(KeySeed(KEY.id),))
    assert judge_keys([KEY], Makings(), incident=leaked, makers=makers) == ()
    second = dataclasses.replace(KEY, id="AKIAEXAMPLEEXAMPLE01")
    found = judge_keys([KEY, second], Makings((make_making(USER),)), incident=INCIDENT, makers=makers)
    assert [(key.id, key.maker) for key in found] == [(second.id, ""), (KEY.id, USER)]


@pytest.mark.parametrize(
    "members",
    [
        {"errorCode": "AccessDenied", "responseElements": None},
        {"responseElements": {"accessKey": "x"}},
        {"responseElements": {"accessKey": {"accessKeyId": 7}}},
        {"responseElements": {"accessKey": {"accessKeyId": 7, "userName": "report-export"}}},
        {"responseElements": {"accessKey": {"accessKeyId": KEY.id}}},
        {"eventName": "CreateUser"},
    ],
)
def test_an_event_that_made_no_key(members: dict[str, t.Any]) -> None:
    assert parse_making(parse_event(make_event(USER, **members))) is None
    assert parse_making(None) is None


def test_the_row_has_an_entry_that_can_be_copied() -> None:
    row = describe_key(KEY, NOW)
    assert row["principal"] == OTHER
    assert row["reason"] == (
        f"its access key {KEY.id} was made at 2026-11-27T10:05:00Z, after 2026-11-27T10:05:00Z, and it works; no event "
        "says yet who made it"
    )
    text = row["next_step"]
    entry = yaml.safe_load(text[text.index("{") : text.index("}") + 1])
    assert entry == {"id": KEY.id, "user": "report-export", "account_id": HOME}
    assert f"list {KEY.id} in known_keys" in text
    (proven,) = judge(make_making(USER))
    assert f"by {USER}, which the incident reaches" in describe_key(proven, NOW)["reason"]


def test_a_key_is_deactivated_and_can_be_activated_again() -> None:
    (change,) = make_changes([KEY], HOME)
    assert change.parameters == {"UserName": "report-export", "AccessKeyId": KEY.id, "Status": "Inactive"}
    assert change.undo is not None and change.undo.parameters["Status"] == "Active"
    assert find_key_id(change) == KEY.id and change.target == OTHER
    # A request has the name of the user alone, without its path.
    (in_path,) = make_changes([dataclasses.replace(KEY, user=arn(HOME, "ci/report-export", "user"))], HOME)
    assert in_path.parameters["UserName"] == "report-export"
    other = dataclasses.replace(change, operation="PutRolePolicy", before={"inline_policy": "x", "document": None})
    assert find_key_id(other) == ""
