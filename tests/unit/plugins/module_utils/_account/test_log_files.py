# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files: which are read, which events are believed, and what digests confirm."""

from __future__ import annotations

import gzip
import json
import typing as t
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import log_files as trail_files
from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import (
    LogActivity,
    LogFiles,
    LogPlaces,
    log_files,
    read_log_files,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import SkipReason
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WHEN = datetime(2026, 11, 20, tzinfo=UTC)

Record = dict[str, t.Any]


def event(name: str, when: datetime = WHEN, arn: str = ROLE, **fields: t.Any) -> Record:
    return {
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn}}},
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        **fields,
    }


# Log files: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html


class Files:
    """A directory in memory, which notes what is opened."""

    location = "logs"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.opened: list[str] = []

    def get(self, key: str) -> t.Optional[bytes]:
        self.opened.append(key)
        return self.files[key]

    def list(self, prefix: str = "") -> list[str]:
        return sorted(self.files)


def pack(*records: Record) -> bytes:
    return gzip.compress(json.dumps({"Records": records}).encode())


def path(day: str = "2026/11/20", account: str = ACCOUNT, name: str = "a.json.gz", kind: str = "CloudTrail") -> str:
    return f"AWSLogs/o-acme/{account}/{kind}/us-east-1/{day}/{account}_{kind}_us-east-1_{name}"


def read(files: Files, days: int = 90) -> LogActivity:
    return log_files(files, EventReader(keys=frozenset()), account_id=ACCOUNT, now=NOW, days=days)


def test_packed_and_plain_files_are_read() -> None:
    plain = json.dumps({"Records": [event("PutBucketAcl", datetime(2026, 11, 1, tzinfo=UTC))]}).encode()
    found = read(Files({path(): pack(event("ListBuckets")), "copied.json": plain}))
    assert {use.action for use in found.of(ROLE)} == {"s3:ListAllMyBuckets", "s3:PutBucketAcl"}
    assert (found.source.source, found.source.window_days, found.source.records) == (Source.TRAIL, 24, 2)


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        (path(), True),
        (path(day="2026/08/27"), True),
        (path(day="2026/08/26"), False),
        (path(account="999988887777"), False),
        (path(kind="CloudTrail-Digest"), False),
        (path(kind="CloudTrail-Insight"), False),
        (path(name="a.json"), True),
        (path(name="a.txt"), False),
        ("logs.json.gz", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/20/a.json.gz", True),
        ("AWSLogs/999988887777/CloudTrail/us-east-1/2026/11/20/a.json.gz", False),
    ],
)
def test_only_files_that_may_count_are_opened(name: str, opened: bool) -> None:
    files = Files({name: pack(event("ListBuckets"))})
    read(files)
    assert files.opened == ([name] if opened else [])


@pytest.mark.parametrize(
    ("days", "more", "whole"),
    [(85, {}, True), (30, {}, False), (85, {"b.json": b"{"}, False)],
    ids=["a quarter", "a month", "a broken file"],
)
def test_a_trail_is_whole_with_a_quarter_of_files(days: int, more: dict[str, bytes], whole: bool) -> None:
    found = read(Files({"a.json.gz": pack(event("ListBuckets", NOW - timedelta(days=days))), **more}))
    assert found.source.is_whole is whole


def test_events_before_the_window_are_left_out() -> None:
    found = read(
        Files({"a.json": pack(event("ListBuckets", NOW - timedelta(days=40)), event("PutBucketAcl"))}), days=30
    )
    assert [use.action for use in found.uses] == ["s3:PutBucketAcl"]


BROKEN: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no JSON": lambda: b"no",
    "cut off": lambda: pack(event("ListBuckets"))[:40],
    "spoilt": lambda: pack(event("ListBuckets"))[:-9] + b"012345678",
    "no log": lambda: b"[]",
    "no records": lambda: b'{"Records": {}}',
    "nested": lambda: b"[" * 200_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_told_of_and_costs_the_others_nothing(content: Callable[[], bytes]) -> None:
    found = read(Files({"a.json.gz": content(), "b.json.gz": pack(event("ListBuckets"))}))
    assert len(found.uses) == 1
    assert "1 log files could not be read, such as a.json.gz" in found.source.blind_spots


def test_what_unpacks_to_too_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_files, "_MOST_BYTES", 1000)
    found = read(Files({"a.json.gz": pack(*[event("ListBuckets")] * 100), "b.json.gz": pack(event("ListBuckets"))}))
    assert found.source.records == 1


def test_a_place_without_events_is_no_evidence() -> None:
    assert read(Files({})).source.failure == "no events in logs"
    assert read(Files({"a.json": b'{"Records": []}'})).source.failure == "no events in logs"


# Events that can't be in their file


@pytest.mark.parametrize(
    ("name", "fields", "fits"),
    [
        (path(), {}, True),
        (path(), {"awsRegion": "us-east-1"}, True),
        (path(), {"awsRegion": "eu-west-1"}, False),
        (path().replace("us-east-1", "eu-west-1"), {"awsRegion": "us-east-1"}, True),
        (path("2026/11/18"), {}, False),
        (path("2026/11/21"), {}, True),
        ("copied.json", {"awsRegion": "eu-west-1"}, True),
        (f"flat/{ACCOUNT}_CloudTrail_us-east-1_20261120T0005Z_x.json.gz", {"awsRegion": "eu-west-1"}, False),
        (f"flat/{ACCOUNT}_CloudTrail_us-east-1_20261120T0005Z_x.json.gz", {}, True),
        ("flat/999988887777_CloudTrail_us-east-1_20261120T0005Z_x.json.gz", {}, False),
        (path(name="20261120T0005Z_x.json.gz").replace("/2026/11/20/", "/2026/11/21/"), {}, False),
        (path(), {"recipientAccountId": ACCOUNT}, True),
        (path(), {"recipientAccountId": "999988887777"}, False),
        (path(), {"eventTime": "2027-01-01T00:00:00Z"}, False),
        (path(), {"eventTime": None}, False),
        (path(), {"awsRegion": 7}, True),
    ],
)
def test_events_that_do_not_fit_their_file_are_refused(name: str, fields: Record, fits: bool) -> None:
    found = read(Files({name: pack({**event("PutBucketAcl"), **fields}), "other.json": pack(event("ListBuckets"))}))
    assert ("s3:PutBucketAcl" in {use.action for use in found.uses}) is fits
    assert found.source.is_whole is False


def test_refused_events_are_counted_and_told_of() -> None:
    found = read(Files({path(): pack(event("ListBuckets"), event("ListBuckets", awsRegion="eu-west-1"))}))
    assert found.skipped == {SkipReason.MISPLACED: 1}
    assert "1 events do not fit the path of their log file, and were ignored" in found.source.blind_spots


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b'{"Records": [' + b"[]," * 40_000_000 + b"[]]}")
    assert len(bomb) < 200_000
    found = read(Files({"a.json.gz": bomb, "b.json.gz": pack(event("ListBuckets"))}))
    assert found.facts.broken == ("a.json.gz",)


def test_calls_that_change_a_trail_are_facts() -> None:
    stop = event("StopLogging", eventSource="cloudtrail.amazonaws.com")
    failed = event("PutEventSelectors", eventSource="cloudtrail.amazonaws.com", errorCode="AccessDenied")
    found = read(Files({path(): pack(stop, failed)}))
    assert found.facts.changes == ((WHEN, "StopLogging"),)


def test_days_with_files_are_facts() -> None:
    found = read(Files({path(): pack(event("ListBuckets")), path("2026/11/21"): pack()}))
    assert {region: sorted(map(str, days)) for region, days in found.facts.days.items()} == {
        "us-east-1": ["2026-11-20", "2026-11-21"]
    }
    assert found.facts.files == 2


def test_half_characters_that_no_file_can_hold_are_replaced() -> None:
    content = json.dumps(
        {"Records": [event("PutObject", requestParameters={"bucketName": "b", "key": "\ud800 \U0001f600"})]}
    )
    (record,) = t.cast("list[Record]", trail_files.parse_records(content.encode()))
    assert record["requestParameters"]["key"] == "\ufffd \U0001f600"
    assert trail_files.parse_records(b'{"Records": [{"x": "\xed\xa0\x80"}]}') is None


# Several places


def read_both(one: Files, other: Files, **options: t.Any) -> tuple[LogActivity, ...]:
    since = NOW - timedelta(days=90)
    places = [LogFiles(logs, ACCOUNT, since, NOW) for logs in (one, other)]
    return read_log_files(places, EventReader(keys=frozenset()), days=90, **options)


def count(found: t.Iterable[LogActivity]) -> dict[str, int]:
    return {use.action: use.count for one in found for use in one.uses}


def test_the_events_of_two_places_are_counted_together() -> None:
    one = Files({path(name="a.json.gz"): pack(event("ListBuckets"))})
    other = Files({path(name="b.json.gz"): pack(event("ListBuckets"), event("PutBucketAcl"))})
    first, second = read_both(one, other)
    assert count((first, second)) == {"s3:ListAllMyBuckets": 2, "s3:PutBucketAcl": 1}
    assert (first.source.records, second.source.records) == (1, 2)
    assert (first.facts.files, second.facts.files, second.facts.repeated) == (1, 1, 0)


def test_a_file_that_is_in_two_places_counts_once() -> None:
    name = f"{ACCOUNT}_CloudTrail_us-east-1_20261120T0005Z_AbCdEfGhIjKlMnOp.json.gz"
    content = pack(event("ListBuckets"), event("PutBucketAcl", WHEN - timedelta(days=20)))
    one = Files({f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/20/{name}": content})
    other = Files({f"copies/{name}": content, "b.json": pack(event("PutBucketAcl"))})
    first, second = read_both(one, other)
    assert count((first, second)) == {"s3:ListAllMyBuckets": 1, "s3:PutBucketAcl": 2}
    assert (first.facts.repeated, second.facts.repeated) == (0, 1)
    # What is found out about a place is about all of its files.
    assert second.facts.since == first.facts.since == WHEN - timedelta(days=20)
    assert second.facts.days == {"us-east-1": frozenset({WHEN.date()})}
    assert count(read_both(one, Files({f"copies/{name}": content}))) == {"s3:ListAllMyBuckets": 1, "s3:PutBucketAcl": 1}


def test_another_file_with_the_same_name_hides_nothing() -> None:
    """Whoever may write to one place can't take the events of another away."""
    forged = Files({path(): pack(event("PutBucketAcl"))})
    for places in ((forged, Files({path(): pack(event("ListBuckets"))})), (Files({path(): b"no"}), forged)):
        assert set(count(read_both(*places))) >= {"s3:PutBucketAcl"}
    both = read_both(forged, Files({path(): pack(event("ListBuckets"))}))
    assert count(both) == {"s3:ListAllMyBuckets": 1, "s3:PutBucketAcl": 1}


class Denied(Files):
    """A place that can't be listed, or whose files can't be read."""

    def __init__(self, files: dict[str, bytes], *, lists: bool = False) -> None:
        super().__init__(files)
        self.lists = lists

    def list(self, prefix: str = "") -> list[str]:
        if not self.lists:
            raise PermissionError("access denied")
        return super().list(prefix)

    def get(self, key: str) -> t.Optional[bytes]:
        raise PermissionError("access denied")


@pytest.mark.parametrize("lists", [False, True], ids=["not listed", "not read"])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_place_that_can_not_be_read_costs_the_others_nothing(lists: bool, is_first: bool) -> None:
    good, denied = Files({path(): pack(event("ListBuckets"))}), Denied({path(): b""}, lists=lists)
    places = (denied, good) if is_first else (good, denied)
    found = read_both(*places, errors=(PermissionError,))
    assert count(found) == {"s3:ListAllMyBuckets": 1}
    assert [one.source.failure for one in found] == (["access denied", None] if is_first else [None, "access denied"])
    assert [one.reading is not None for one in found] == [not is_first, is_first]


def test_without_any_place_that_can_be_read_there_is_no_reading() -> None:
    found = read_both(Denied({}), Files({}), errors=(PermissionError,))
    assert [one.source.failure for one in found] == ["access denied", "no events in logs"]
    assert not any(one.reading or one.uses for one in found)
    with pytest.raises(PermissionError):
        read_both(Denied({}), Files({}))


def test_progress_is_reported_file_by_file() -> None:
    seen: list[tuple[str, int, t.Optional[int]]] = []
    one = Files({path(name="a.json.gz"): pack(event("ListBuckets")), path(name="b.json.gz"): pack()})
    other = Files({path(name="a.json.gz"): pack(event("ListBuckets"))})
    read_both(one, other, progress=lambda *line: seen.append(line))
    assert seen == [("log files", 2, 3), ("log files", 3, 3)]


def test_files_are_listed_once_also_if_they_are_read_twice() -> None:
    files = Files({path(): pack(event("ListBuckets"))})
    first = LogFiles(files, ACCOUNT, NOW - timedelta(days=90), NOW)
    assert len(list(LogPlaces([first]).records())) == 1
    files.files = {**files.files, path(name="b.json.gz"): b""}
    again = first.restart()
    assert len(list(LogPlaces([again]).records())) == 1
    assert (first.events, again.events, again.facts().broken) == (1, 1, ())
