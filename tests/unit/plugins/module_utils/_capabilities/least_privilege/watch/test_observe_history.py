# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event history of several regions, some of which can't be read."""

from __future__ import annotations

import dataclasses
import json
import types
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, Throttled
from ansible_collections.hardening.iam.plugins.module_utils._aws.reach import Reach
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Watched
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.observe import (
    read_watched,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError

from ...._policy.trail.events import ACCOUNT
from .events import NOW, OLD, Record, at, call, deny, in_place, name_new, open_session, parallel

BY_SCP = AccessDenied("not authorized with an explicit deny in a service control policy", code="AccessDenied")
CLOSED = AccessDenied("User: x is not authorized to perform: cloudtrail:LookupEvents", code="AccessDenied")
RECENT = call(OLD, eventTime=at(NOW - timedelta(hours=2)))
Answer = t.Union[list[Record], AwsError]


class FakeAccess:
    """Event histories of regions: two events a page."""

    home_region = "us-east-1"

    def __init__(self, regions: Mapping[str, Answer]) -> None:
        self._regions = regions
        self.asked: list[Record] = []

    def reach(self, _wanted: t.Any) -> Reach:
        return Reach(tuple(self._regions), tuple(self._regions))

    def gather(self, calls: Mapping[str, Callable[[], t.Any]]) -> dict[str, t.Any]:
        return {key: self._try(function) for key, function in calls.items()}

    @staticmethod
    def _try(function: Callable[[], t.Any]) -> t.Any:
        try:
            return function()
        except AwsError as error:
            return error

    def pages(
        self, _service: str, _operation: str, key: str, asked: Record, *, region: str, page_size: int
    ) -> Iterator[Record]:
        self.asked.append(asked)
        found = self._regions[region]
        if isinstance(found, AwsError):
            raise found
        for start in range(0, len(found), 2):
            texts = [{"CloudTrailEvent": json.dumps(record)} for record in found[start : start + 2]]
            yield {key: texts, **({"NextToken": "more"} if start + 2 < len(found) else {})}


def read(
    regions: Mapping[str, Answer], role: t.Any = None, *others: t.Any, open_store: t.Any = None, **options: t.Any
) -> tuple[Watched, FakeAccess]:
    access = FakeAccess(regions)
    entities: Mapping[str, t.Any] = {}
    snapshot = types.SimpleNamespace(account_id=ACCOUNT)
    connection: t.Any = types.SimpleNamespace(access=access, now=NOW, open_store=open_store)
    permissions: t.Any = types.SimpleNamespace(entities=entities, snapshot=snapshot)
    given = {"trail_logs": (), "event_history": True, "event_history_max_pages": 100, "regions": (), "trail_days": 90}
    evidence: t.Any = types.SimpleNamespace(**{**given, **options})
    role = role or in_place()
    found = read_watched(connection, evidence, permissions, [role, *others], sleep=lambda _seconds: None)
    return found[OLD], access


def test_all_regions_are_counted_together() -> None:
    watched, access = read({"us-east-1": [deny(OLD)], "eu-west-1": [RECENT, deny(OLD, hours=2), deny(OLD, hours=3)]})
    assert [(action, count) for action, _resource, _by, count in name_new(watched)] == [("s3:GetBucketPolicy", 3)]
    assert (watched.failure, watched.calls) == ("", 4)
    # Nothing older than the baseline is asked for.
    assert {asked["StartTime"] for asked in access.asked} == {in_place().find_baseline(NOW)[0]}


def test_trail_days_limit_what_is_read_but_never_the_time_since_the_change() -> None:
    _watched, access = read({"us-east-1": [RECENT]}, trail_days=7)
    assert access.asked[0]["StartTime"] == NOW - timedelta(days=7)
    _watched, access = read({"us-east-1": [RECENT]}, trail_days=1)
    assert access.asked[0]["StartTime"] == in_place().since


def test_the_events_since_the_oldest_of_several_changes_are_read() -> None:
    young, old = in_place(), dataclasses.replace(in_place(), arn=f"{OLD}-2", since=in_place().since - timedelta(days=9))
    for roles in ((young, old), (old, young)):
        _watched, access = read({"us-east-1": [RECENT]}, *roles, trail_days=1)
        assert access.asked[0]["StartTime"] == old.since


@pytest.mark.parametrize("error", [CLOSED, StoreError("no such place")])
def test_a_place_of_log_files_that_cannot_be_opened_is_a_failure(error: Exception) -> None:
    def open_store(_place: t.Any) -> t.NoReturn:
        raise error

    watched, _access = read({"us-east-1": [RECENT]}, trail_logs=("s3://logs",), open_store=open_store)
    assert str(error) in watched.failure and not watched.new


def test_a_region_that_the_organization_closes_is_named() -> None:
    role = in_place(services=frozenset({"iam"}))
    watched, _access = read({"us-east-1": [RECENT, deny(OLD)], "eu-west-1": BY_SCP}, role)
    assert watched.failure == "" and len(watched.new) == 1
    closed, *calls = watched.not_watched
    assert closed == "the organization closes eu-west-1: their event history was not read"
    # In a region that is not read, more may have been denied.
    reason = "may leave no event: iam (no log files were read; the event history was not read whole)"
    assert calls == [f"denied reads {reason}", f"denied writes {reason}"]
    whole, _access = read({"us-east-1": [RECENT, deny(OLD)]}, role)
    assert whole.not_watched == ()


@pytest.mark.parametrize(
    "regions",
    [
        {"us-east-1": [RECENT], "eu-west-1": CLOSED},
        {"us-east-1": [RECENT], "eu-west-1": Throttled("slow down", code="ThrottlingException")},
        {"us-east-1": BY_SCP, "eu-west-1": BY_SCP},
    ],
)
def test_a_region_that_cannot_be_read_is_a_failure(regions: Mapping[str, Answer]) -> None:
    watched, _access = read(regions)
    assert "the event history can't be read: " in watched.failure and not watched.new


def test_pages_that_are_left_out_are_a_failure() -> None:
    many = [call(OLD, eventTime=at(NOW - timedelta(minutes=minutes))) for minutes in range(1, 20)]
    watched, _access = read({"us-east-1": [*many, deny(OLD)]}, event_history_max_pages=3)
    assert "raise event_history_max_pages" in watched.failure
    known, _access = read({"us-east-1": [*many, deny(OLD)]}, event_history_max_pages=10)
    assert known.failure == "" and len(known.new) == 1


def test_the_old_role_of_a_pair_is_found_in_any_region() -> None:
    watched, _access = read({"us-east-1": [open_session(OLD)], "eu-west-1": [RECENT]}, parallel())
    assert watched.old_role_users == ("user/people/anna (session anna)",)
    assert watched.old_role_last == NOW - timedelta(hours=2)
