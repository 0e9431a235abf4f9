# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import types
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, Throttled
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.evidence import ConsumerReader
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumers, Maker

from ..._capabilities.access_key_rotation.recorded import ACCOUNT, HOME, REGION, RecordedAws, connect
from ..._converge.fakes import FakeStore

NOW: t.Final = datetime(2026, 3, 10, 12, tzinfo=UTC)
SINCE: t.Final = NOW - timedelta(days=5)
OLD: t.Final = "AKIAOLDOLDOLDOLDOLD1"
NEW: t.Final = "AKIANEWNEWNEWNEWNEW2"
KEYS: t.Final = {OLD: SINCE, NEW: SINCE + timedelta(days=1)}
DENIED: t.Final = AccessDenied("no", code="AccessDenied")
BY_SCP: t.Final = AccessDenied("with an explicit deny in a service control policy", code="AccessDenied")
BUSY: t.Final = Throttled("busy", code="ThrottlingException")
Record = dict[str, t.Any]


def call(key: str = OLD, hours: float = 1, **fields: t.Any) -> Record:
    return {
        "eventTime": f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}",
        "eventID": f"{key}-{hours}",
        "userIdentity": {"type": "IAMUser", "accessKeyId": key},
        "sourceIPAddress": "10.1.2.3",
        "userAgent": "boto3",
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        **fields,
    }


def made(**fields: t.Any) -> Record:
    given = {
        "eventName": "CreateAccessKey",
        "eventSource": "iam.amazonaws.com",
        "responseElements": {"accessKey": {"accessKeyId": NEW}},
        "userIdentity": {"arn": "arn:aws:iam::1:user/a"},
        **fields,
    }
    return call(**given)


def page(*records: t.Any, token: str = "") -> Record:
    events = [{"CloudTrailEvent": one if isinstance(one, str) else json.dumps(one)} for one in records]
    return {"Events": events, **({"NextToken": token} if token else {})}


def reader(
    answer: t.Any, store: t.Any = None, *, regions: tuple[str, ...] = (HOME, REGION), **options: t.Any
) -> tuple[ConsumerReader, RecordedAws, list[float]]:
    places = (types.SimpleNamespace(location="logs"),) if store is not None else ()
    given = {"event_history": True, "event_history_max_pages": 2, "regions": (), "trail_logs": places, **options}
    aws, waits = RecordedAws({"LookupEvents": answer}, regions), list[float]()
    options_ = t.cast(t.Any, types.SimpleNamespace(**given))
    return ConsumerReader(connect(aws, NOW, store), options_, sleep=waits.append), aws, waits


def read(answer: t.Any, store: t.Any = None, **options: t.Any) -> Consumers:
    return reader(answer, store, **options)[0].read(KEYS)


def by_region(**answers: t.Any) -> Callable[..., t.Any]:
    return lambda _asked, region: answers["home" if region == HOME else "other"]


def test_each_key_is_asked_for_in_each_region_since_its_moment() -> None:
    asking, aws, waits = reader([page(call())])
    found = asking.read(KEYS)
    assert [(one.key_id, one.calls) for one in found.found] == [(OLD, 1)] and found.gap == ""
    asked = [
        (one["LookupAttributes"], one["StartTime"], one["EndTime"], one["MaxResults"], where)
        for _, one, where in aws.asked
    ]
    assert asked == [
        ([{"AttributeKey": "AccessKeyId", "AttributeValue": key}], KEYS[key], NOW, 50, region)
        for region in (HOME, REGION)
        for key in sorted(KEYS)
    ]
    assert waits == [0.5, 0.5]


def test_nobody_is_asked_without_keys_and_no_source_is_said_to_be_none() -> None:
    asking, aws, _waits = reader([page()])
    assert asking.read({}) == Consumers() and aws.asked == []
    found = read([page()], event_history=False)
    assert found == Consumers(unasked="there is no source of events: set trail_logs, or event_history to true")


def test_all_pages_are_read_also_empty_ones() -> None:
    pages = [page(token="more"), page(call(), call(NEW))]
    found = read(pages)
    assert len(found.found) == 2 and found.failure == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([DENIED], "the event history of us-east-1 can't be read"),
        ([BUSY], "the event history of us-gov-west-1 can't be read"),
        ([page(call(), token="more"), BUSY], "can't be read"),
        ([page(token="1"), page(token="2"), page(call())], "has more events than event_history_max_pages allows"),
        ([page("{broken")], "4 events are malformed"),
        ([page("{}")], "4 events are malformed"),
        (by_region(home=[page(call())], other=[DENIED]), "the event history of us-east-1 can't be read"),
        # Global calls are in the home region.
        (by_region(home=[BY_SCP], other=[page(call())]), "the event history of us-gov-west-1 can't be read"),
        ([BY_SCP], "the event history of no region can be read"),
    ],
)
def test_events_that_may_be_missing_are_a_failure(answer: t.Any, words: str) -> None:
    assert words in read(answer).failure


def test_a_region_that_the_organization_closes_has_no_calls() -> None:
    found = read(by_region(home=[page(call())], other=[BY_SCP]))
    assert found.failure == "" and len(found.found) == 1


def test_closed_regions_alone_are_no_answer() -> None:
    """Somebody may have denied LookupEvents where the key is used, and only these regions are declared."""
    assert "no region" in read([BY_SCP], regions=(REGION,)).failure


@pytest.mark.parametrize("key", [OLD, NEW])
def test_of_a_busy_key_the_newest_calls_are_enough_for_its_last_use(key: str) -> None:
    """AWS lists the newest first, so that the older ones alone are missing."""

    def answer(asked: Record, _region: str) -> t.Any:
        is_busy = asked["LookupAttributes"][0]["AttributeValue"] == key
        return [page(call(key), token="1"), page(token="2")] if is_busy else [page()]

    found = read(answer)
    assert found.failure == "" and found.older.count("more events than event_history_max_pages allows") == 2
    assert found.gap == found.older and isinstance(found.find_last_use(key), Yes)


def test_pages_that_are_all_empty_are_no_answer() -> None:
    def answer(asked: Record, _region: str) -> t.Any:
        is_old = asked["LookupAttributes"][0]["AttributeValue"] == OLD
        return [page(token="1"), page(token="2")] if is_old else [page(call(NEW), token="1"), page(token="2")]

    found = read(answer)
    assert found.older == "" and found.failure.count("more events") == 2


# Log files


def logs(*records: t.Any, name: str = "1") -> FakeStore:
    store = FakeStore()
    place = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/03/10/{ACCOUNT}_CloudTrail_{REGION}_20260310T1200Z_{name}.json"
    store.put(place, json.dumps({"Records": records}).encode())
    return store


class Closed(FakeStore):
    def list(self, prefix: str = "") -> list[str]:
        raise StoreError("can't be listed")


def read_logs(store: FakeStore, **options: t.Any) -> Consumers:
    return read([page()], store, **{"event_history": False, **options})


def test_log_files_are_read_beside_the_event_history() -> None:
    found = read_logs(logs(call(), call(NEW, 2)))
    assert sorted(one.key_id for one in found.found) == [NEW, OLD] and found.gap == ""
    both = read([page(call(), call(hours=3))], logs(call()))
    assert [one.calls for one in both.found] == [2] and both.gap == ""


def test_log_files_that_cannot_be_read_are_a_failure() -> None:
    assert "the log files can't be read" in read_logs(Closed()).failure
    assert "has no events of the account" in read_logs(FakeStore()).failure
    assert "has no events of the account" in read_logs(logs()).failure
    broken = logs(call())
    broken.put(broken.list()[0].replace("_1.", "_2."), b"{")
    assert "1 log files could not be read" in read_logs(broken).failure
    # Of the two sources one is enough for neither.
    assert "can't be read" in read([page(call())], Closed()).failure


def test_a_trail_without_events_for_a_day_is_one_that_stopped() -> None:
    assert read_logs(logs(call(hours=23.9))).failure == ""
    assert "has no events since 2026-03-09T11:54:00Z" in read_logs(logs(call(hours=24.1))).failure


def test_events_that_do_not_fit_their_file_are_a_failure_and_those_of_other_accounts_are_none() -> None:
    assert "do not fit the path" in read_logs(logs(call(), call(awsRegion="eu-north-1"))).failure
    assert "1 events have no time" in read_logs(logs(call(), call(NEW, eventTime="soon"))).failure
    assert read_logs(logs(call(), call(NEW, recipientAccountId="999988887777"))).failure == ""


# Who made a key

MADE_AT: t.Final = NOW - timedelta(hours=1)
KEY: t.Final = Key(NEW, "Active", MADE_AT)
MAKER: t.Final = Maker("arn:aws:iam::1:user/a", "boto3", MADE_AT)


def find(answer: t.Any, **options: t.Any) -> Answer[Maker]:
    return reader(answer, **options)[0].find_maker(KEY)


def test_the_maker_of_a_key_is_looked_up_in_the_home_region_around_its_date() -> None:
    asking, aws, _waits = reader([page(call(), made())])
    assert asking.find_maker(KEY) == Yes(MAKER)
    ((_name, asked, region),) = aws.asked
    around = timedelta(minutes=15)
    assert (asked["StartTime"], asked["EndTime"], region) == (MADE_AT - around, MADE_AT + around, HOME)
    assert asked["LookupAttributes"] == [{"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}]


def test_one_event_counts_once_and_pages_are_read_to_the_end() -> None:
    assert find([page(made(), token="more"), page(made())]) == Yes(MAKER)
    assert find([page(token="more"), page(made())]) == Yes(MAKER)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([page()], "no event of it, or not yet"),
        ([page(made(errorCode="AccessDenied"))], "no event of it, or not yet"),
        ([page(made(recipientAccountId="999988887777"))], "no event of it, or not yet"),
        ([page("{broken")], "no event of it, or not yet"),
        ([DENIED], "CloudTrail can't be asked"),
        ([page(made(), token="more"), BUSY], "CloudTrail can't be asked"),
        ([page(token="1"), page(token="2"), page(made())], "more events of these minutes than event_history_max_pages"),
        ([page(made(), made(userIdentity={"arn": "arn:aws:iam::1:user/b"}))], "contradict each other"),
    ],
)
def test_without_its_event_the_maker_is_unknown_and_never_nobody(answer: t.Any, words: str) -> None:
    found = find(answer)
    assert isinstance(found, Unknown) and words in found.reason


def test_a_history_that_is_not_asked_names_no_maker() -> None:
    asking, aws, _waits = reader([page(made())], event_history=False)
    found = asking.find_maker(KEY)
    assert isinstance(found, Unknown) and "event_history is false" in found.reason and aws.asked == []


def test_errors_of_the_account_are_raised_as_such() -> None:
    """AwsError is what a source may raise; anything else is a defect."""
    with pytest.raises(ZeroDivisionError):
        find(lambda _asked, _region: 1 / 0)
    assert isinstance(find([AwsError("x")]), Unknown)
