# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event history, asked within a budget and in parts."""

from __future__ import annotations

import json
import threading
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.progress import silent
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, Throttled
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage
from ansible_collections.hardening.iam.plugins.module_utils._prediction.hunting.kept import HuntState, Lookup
from ansible_collections.hardening.iam.plugins.module_utils._questions.credential_hunt.history import (
    BUDGET,
    Budget,
    History,
)

ACCOUNT: t.Final = "222233334444"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
START: t.Final = NOW - timedelta(days=30)
KEY: t.Final = Lookup("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")
_PAGE: t.Final = 3


class FakeAccess:
    """The event history of an account, in pages of three events, newest first."""

    def __init__(self, moments: list[datetime], errors: t.Optional[dict[str, AwsError]] = None) -> None:
        self.moments = moments
        self.errors = errors or {}
        self.asked: list[dict[str, t.Any]] = []
        self._lock = threading.Lock()

    def pages(
        self, service: str, operation: str, key: str, parameters: Mapping[str, t.Any], *, region: str, page_size: int
    ) -> Iterator[dict[str, t.Any]]:
        assert (service, operation, key, page_size) == ("cloudtrail", "LookupEvents", "Events", 50)
        found = [one for one in self.moments if parameters["StartTime"] <= one <= parameters["EndTime"]]
        found.sort(reverse=True)
        for start in range(0, max(1, len(found)), _PAGE):
            if region in self.errors:
                raise self.errors[region]
            with self._lock:
                self.asked.append({**parameters, "region": region})
            answer: dict[str, t.Any] = {
                "Events": [{"CloudTrailEvent": _text(one)} for one in found[start : start + _PAGE]]
            }
            yield {**answer, "NextToken": "x"} if start + _PAGE < len(found) else answer

    def gather(self, calls: Mapping[t.Any, Callable[[], t.Any]], *, workers: int) -> dict[t.Any, t.Any]:
        return {name: call() for name, call in calls.items()}


def _text(moment: datetime) -> str:
    return json.dumps({"eventID": moment.isoformat(), "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "eventName": "x"})


def hours(*numbers: float) -> list[datetime]:
    return [NOW - timedelta(hours=number) for number in numbers]


def open_history(
    access: FakeAccess,
    state: HuntState,
    *,
    calls: int = 100,
    now: datetime = NOW,
    regions: tuple[str, ...] = ("us-east-1",),
) -> tuple[History, list[float]]:
    waits: list[float] = []
    history = History(
        t.cast(t.Any, access), state, regions, now=now, budget=Budget(calls), wait=waits.append, progress=silent
    )
    return history, waits


def ids(records: t.Iterable[t.Any]) -> set[str]:
    return {one.record["eventID"] for one in records}


def test_all_pages_are_read_and_paced() -> None:
    access, state = FakeAccess(hours(1, 2, 3, 4, 5, 6, 7)), HuntState(ACCOUNT)
    history, waits = open_history(access, state)
    records = history.ask({KEY: START})
    assert ids(records) == {one.isoformat() for one in access.moments}
    assert len(access.asked) == 3 and waits == [0.5, 0.5]
    assert state.regions["us-east-1"].coverage is Coverage.COMPLETE
    assert not history.needs(KEY)
    assert [(query["pages"], query["events"], query["is_whole"]) for query in state.queries] == [(3, 7, True)]
    assert access.asked[0]["LookupAttributes"] == [{"AttributeKey": "AccessKeyId", "AttributeValue": KEY.value}]


def test_all_questions_of_a_region_share_its_pace() -> None:
    access = FakeAccess(hours(1))
    history, waits = open_history(access, HuntState(ACCOUNT))
    history.ask({KEY: START, Lookup("Username", "x"): START, Lookup("", ""): START})
    assert waits == [0.5, 0.5]
    assert "LookupAttributes" not in access.asked[-1]


def test_a_question_is_asked_once_in_a_run() -> None:
    access, state = FakeAccess(hours(1)), HuntState(ACCOUNT)
    open_history(access, state)[0].ask({KEY: START})
    later, _waits = open_history(access, state, now=NOW + timedelta(minutes=2))
    assert not later.needs(KEY)
    assert later.ask({KEY: START}) == [] and len(access.asked) == 1


def test_a_later_run_asks_for_what_is_new() -> None:
    access, state = FakeAccess(hours(1, 20)), HuntState(ACCOUNT)
    open_history(access, state)[0].ask({KEY: START})
    access.moments.append(NOW + timedelta(minutes=30))
    # It came late.
    access.moments.append(NOW - timedelta(minutes=10))
    history, _waits = open_history(access, state, now=NOW + timedelta(hours=1))
    assert ids(history.ask({KEY: START})) == {one.isoformat() for one in access.moments[2:]}
    assert [one["StartTime"] for one in access.asked[1:]] == [NOW - timedelta(minutes=30)]
    assert state.asked[KEY, "us-east-1"].is_done


def test_a_budget_ends_in_the_middle_and_the_next_run_goes_on() -> None:
    access, state = FakeAccess(hours(1, 2, 3, 4, 5, 6, 7, 8)), HuntState(ACCOUNT)
    history, _waits = open_history(access, state, calls=1)
    first = history.ask({KEY: START})
    assert len(first) == 3 and history.needs(KEY)
    assert state.regions["us-east-1"].coverage is Coverage.PARTIAL
    assert state.regions["us-east-1"].reasons == (BUDGET,)
    again, _waits = open_history(access, HuntState.of_bytes(state.as_bytes(), ACCOUNT))
    rest = again.ask({KEY: START})
    assert ids([*first, *rest]) == {one.isoformat() for one in access.moments}
    assert not again.needs(KEY)


def test_without_any_call_left_the_question_is_open() -> None:
    access, state = FakeAccess(hours(1)), HuntState(ACCOUNT)
    history, _waits = open_history(access, state, calls=1)
    other = Lookup("Username", "x")
    history.ask({KEY: START, other: START})
    assert history.needs(other)
    assert state.regions["us-east-1"].reasons == (BUDGET,)
    again, _waits = open_history(access, state)
    assert len(again.ask({other: START})) == 1


def test_a_new_part_that_is_not_finished_asks_for_the_gap_again() -> None:
    access, state = FakeAccess(hours(30, 31)), HuntState(ACCOUNT)
    open_history(access, state)[0].ask({KEY: START})
    access.moments += [NOW + timedelta(minutes=number) for number in range(1, 9)]
    later = NOW + timedelta(hours=1)
    open_history(access, state, calls=1, now=later)[0].ask({KEY: START})
    assert not state.asked[KEY, "us-east-1"].is_done
    rest = open_history(access, state, now=later)[0].ask({KEY: START})
    assert {one.isoformat() for one in access.moments[2:7]} <= ids(rest)
    assert state.asked[KEY, "us-east-1"].is_done


def test_a_denied_region_is_denied_and_the_others_are_read() -> None:
    access = FakeAccess(hours(1), {"eu-west-1": AccessDenied("no", code="AccessDeniedException")})
    state = HuntState(ACCOUNT)
    history, _waits = open_history(access, state, regions=("us-east-1", "eu-west-1"))
    assert len(history.ask({KEY: START, Lookup("Username", "x"): START})) == 2
    assert {region: read.coverage for region, read in state.regions.items()} == {
        "us-east-1": Coverage.COMPLETE,
        "eu-west-1": Coverage.DENIED,
    }
    assert "no" in state.regions["eu-west-1"].reasons[0]


def test_a_region_that_fails_otherwise_is_partial() -> None:
    access, state = FakeAccess(hours(1), {"us-east-1": Throttled("slow")}), HuntState(ACCOUNT)
    open_history(access, state)[0].ask({KEY: START})
    assert state.regions["us-east-1"].coverage is Coverage.PARTIAL
    access.errors = {}
    later, _waits = open_history(access, state, now=NOW + timedelta(hours=1))
    assert len(later.ask({KEY: START})) == 1
    assert state.regions["us-east-1"].coverage is Coverage.COMPLETE


@pytest.mark.parametrize("calls", [0, 1, 5])
def test_a_budget_is_never_exceeded(calls: int) -> None:
    access = FakeAccess(hours(*range(1, 40)))
    history, _waits = open_history(access, HuntState(ACCOUNT), calls=calls, regions=("us-east-1", "eu-west-1"))
    history.ask({KEY: START, Lookup("Username", "x"): START})
    assert len(access.asked) <= calls


def test_a_question_that_nobody_asks_any_more_leaves_no_gap() -> None:
    access, state = FakeAccess(hours(*range(1, 9))), HuntState(ACCOUNT)
    first, _waits = open_history(access, state, calls=1)
    first.ask({Lookup("Username", "x"): START})
    first.finish()
    assert state.regions["us-east-1"].coverage is Coverage.PARTIAL
    again, _waits = open_history(access, state)
    again.ask({KEY: START})
    again.finish()
    assert state.regions["us-east-1"].coverage is Coverage.COMPLETE


def test_a_question_that_was_never_begun_leaves_a_gap() -> None:
    access, state = FakeAccess(hours(1)), HuntState(ACCOUNT)
    history, _waits = open_history(access, state, calls=1)
    history.ask({KEY: START})
    assert history.needs(Lookup("Username", "x"))
    history.finish()
    assert state.regions["us-east-1"].reasons == (BUDGET,)
