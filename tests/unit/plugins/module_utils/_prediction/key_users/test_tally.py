# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Yes
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Maker
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.tally import (
    MOST_CONSUMERS,
    ConsumerTally,
    find_maker,
)

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
NOW: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
SINCE: t.Final = NOW - timedelta(days=10)
Record = dict[str, t.Any]


def event(**fields: t.Any) -> Record:
    return {
        "eventTime": "2026-02-25T00:00:00Z",
        "userIdentity": {"type": "IAMUser", "accessKeyId": KEY},
        "sourceIPAddress": "10.1.2.3",
        "userAgent": "boto3",
        "recipientAccountId": "111122223333",
        **fields,
    }


def tally(*records: t.Any) -> ConsumerTally:
    found = ConsumerTally({KEY: SINCE}, account_id="111122223333", now=NOW)
    found.add_all(records)
    return found


def test_callers_are_counted_by_address_and_program() -> None:
    found = tally(event(), event(eventTime="2026-02-26T00:00:00Z"), event(userAgent="cli")).conclude()
    assert [(one.name, one.calls) for one in found.of(KEY)] == [(("10.1.2.3", "boto3"), 2), (("10.1.2.3", "cli"), 1)]
    assert found.find_last_use(KEY) == Yes(datetime(2026, 2, 26, tzinfo=UTC))


def test_an_event_that_two_sources_have_counts_once() -> None:
    (one,) = tally(event(eventID="1"), event(eventID="1"), event(eventID="2")).conclude().found
    assert one.calls == 2


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        event(eventTime="2026-02-01T00:00:00Z"),
        event(eventTime="2026-03-02T00:00:00Z"),
        event(eventTime="soon"),
        event(userIdentity={"accessKeyId": "AKIAANOTHER"}),
        event(userIdentity="IAMUser"),
        event(recipientAccountId="999988887777"),
    ],
)
def test_other_events_and_malformed_ones_do_not_count(record: t.Any) -> None:
    assert tally(record).conclude().found == ()


def test_hostile_names_stay_in_one_line_and_callers_in_bounds() -> None:
    found = tally(*(event(userAgent=f"agent {number}\n\x1b[2J" + "x" * 9999) for number in range(500))).conclude()
    assert len(found.found) == MOST_CONSUMERS + 1 and sum(one.calls for one in found.found) == 500
    assert all(one.agent.isprintable() and len(one.agent) <= 128 for one in found.found)


@pytest.mark.parametrize(
    ("record", "failure"),
    [
        (None, "1 events are malformed"),
        ([], "1 events are malformed"),
        (event(eventTime="soon"), "1 events are malformed"),
        (event(eventTime="2026-02-25T00:00:00"), "1 events are malformed"),
        (event(userIdentity="IAMUser"), "1 events are malformed"),
        (event(userIdentity=None), ""),
        (event(), ""),
        (event(recipientAccountId="999988887777"), ""),
    ],
)
def test_an_event_that_cannot_be_read_is_no_absent_one(record: t.Any, failure: str) -> None:
    """Nobody knows whether it was about one of the keys."""
    assert tally(record).conclude().failure == failure


def test_failures_are_joined_and_no_source_is_none() -> None:
    found = tally(None).conclude(["denied", "denied", "cut off"])
    assert (found.failure, found.unasked) == ("denied; cut off; 1 events are malformed", "")
    assert tally().conclude(unasked="no source").unasked == "no source"


MADE: t.Final = event(
    eventSource="iam.amazonaws.com",
    eventName="CreateAccessKey",
    responseElements={"accessKey": {"accessKeyId": KEY}},
    userIdentity={"arn": "arn:aws:iam::1:user/a"},
)


def find(**fields: t.Any) -> t.Optional[Maker]:
    return find_maker({**MADE, **fields}, KEY, "111122223333")


def test_the_maker_of_a_key_is_known_by_the_answer() -> None:
    assert find() == Maker("arn:aws:iam::1:user/a", "boto3", datetime(2026, 2, 25, tzinfo=UTC))
    assert find(recipientAccountId=None) == find()
    unnamed = find(userIdentity=None)
    assert unnamed is not None and unnamed.arn == "somebody whom CloudTrail does not name"
    hostile = find(userAgent="x\n\x1b" * 2000, userIdentity={"arn": "y\n" * 2000})
    assert hostile is not None and (len(hostile.agent), len(hostile.arn)) == (1024, 2048)
    assert (hostile.agent + hostile.arn).isprintable()


@pytest.mark.parametrize(
    "fields",
    [
        {"responseElements": None},
        {"responseElements": {"accessKey": "x"}},
        {"responseElements": {"accessKey": {"accessKeyId": "AKIAANOTHER"}}},
        {"eventTime": "soon"},
        {"eventName": "DeleteAccessKey"},
        {"eventSource": "sts.amazonaws.com"},
        {"errorCode": "AccessDenied"},
        {"recipientAccountId": "999988887777"},
    ],
)
def test_another_event_names_no_maker(fields: Record) -> None:
    assert find(**fields) is None


@pytest.mark.parametrize("record", [None, [], {}, "x"])
def test_what_is_no_event_names_no_maker(record: t.Any) -> None:
    assert find_maker(record, KEY, "111122223333") is None
