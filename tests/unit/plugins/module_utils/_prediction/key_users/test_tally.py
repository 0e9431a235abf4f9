# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

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
    found = tally(event(), event(eventTime="2026-02-26T00:00:00Z"), event(userAgent="cli")).conclude("")
    assert [(one.name, one.calls) for one in found.of(KEY)] == [(("10.1.2.3", "boto3"), 2), (("10.1.2.3", "cli"), 1)]
    assert found.last_use(KEY) == datetime(2026, 2, 26, tzinfo=UTC)


def test_an_event_that_two_sources_have_counts_once() -> None:
    (one,) = tally(event(eventID="1"), event(eventID="1"), event(eventID="2")).conclude("").found
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
    assert tally(record).conclude("").found == ()


def test_hostile_names_stay_in_one_line_and_callers_in_bounds() -> None:
    found = tally(*(event(userAgent=f"agent {number}\n\x1b[2J" + "x" * 9999) for number in range(500))).conclude("")
    assert len(found.found) == MOST_CONSUMERS + 1 and sum(one.calls for one in found.found) == 500
    assert all(one.agent.isprintable() and len(one.agent) <= 128 for one in found.found)


def test_the_maker_of_a_key_is_known_by_the_answer() -> None:
    made = {"responseElements": {"accessKey": {"accessKeyId": KEY}}, "userIdentity": {"arn": "arn:aws:iam::1:user/a"}}
    assert find_maker(made, KEY) == "arn:aws:iam::1:user/a"
    assert find_maker({**made, "userIdentity": None}, KEY) == "somebody whom CloudTrail does not name"
    assert [find_maker(one, KEY) for one in (None, {}, {"responseElements": {"accessKey": "x"}})] == [""] * 3
    assert find_maker(made, "AKIAANOTHER") == ""
