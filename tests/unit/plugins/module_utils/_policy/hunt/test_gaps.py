# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import (
    Coverage,
    RegionRead,
    TrailChange,
    doubt_regions,
    read_trail_change,
)

HOME, OTHER = "111122223333", "222233334444"
NOW: t.Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
STOPPED: t.Final = Event("e1", NOW, HOME, "us-east-1", "cloudtrail.amazonaws.com", "StopLogging")
CALLS: t.Final = (
    "DeleteEventDataStore",
    "DeleteTrail",
    "PutEventSelectors",
    "StopEventDataStoreIngestion",
    "StopLogging",
    "UpdateTrail",
)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_after_which_a_trail_may_record_less_is_a_change(name: str) -> None:
    found = read_trail_change(dataclasses.replace(STOPPED, name=name))
    assert found == TrailChange(NOW, HOME, "us-east-1", name, "e1")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "StartLogging"},
        {"name": "LookupEvents"},
        {"error_code": "AccessDenied"},
        {"source": "s3.amazonaws.com"},
    ],
)
def test_other_calls_and_those_that_failed_are_none(fields: dict[str, t.Any]) -> None:
    assert read_trail_change(dataclasses.replace(STOPPED, **fields)) is None


def read(coverage: Coverage, *reasons: str) -> RegionRead:
    return RegionRead(coverage, reasons)


def change(name: str = "StopLogging", account: str = HOME, hours: int = 0) -> TrailChange:
    return TrailChange(NOW + timedelta(hours=hours), account, "us-east-1", name, name)


def test_each_region_of_the_account_is_doubted() -> None:
    """Of log files nobody knows which trail wrote them, and one trail may be of all regions."""
    reads = {
        (HOME, "us-east-1"): read(Coverage.COMPLETE),
        (HOME, "eu-west-1"): read(Coverage.PARTIAL, "a file is cut off"),
        (HOME, "sa-east-1"): read(Coverage.DENIED, "not allowed"),
        (OTHER, "us-east-1"): read(Coverage.COMPLETE),
    }
    said = "StopLogging on 2026-03-01T12:00:00Z: events after it may be missing"
    assert doubt_regions(reads, [change()]) == {
        (HOME, "us-east-1"): read(Coverage.PARTIAL, said),
        (HOME, "eu-west-1"): read(Coverage.PARTIAL, "a file is cut off", said),
        (HOME, "sa-east-1"): read(Coverage.DENIED, "not allowed"),
        (OTHER, "us-east-1"): read(Coverage.COMPLETE),
    }
    assert doubt_regions(reads, []) == reads and reads[HOME, "us-east-1"] == read(Coverage.COMPLETE)


def test_several_changes_are_named_in_the_order_of_their_times() -> None:
    reads = {(HOME, "us-east-1"): read(Coverage.COMPLETE)}
    found = doubt_regions(reads, [change("UpdateTrail", hours=2), change("DeleteTrail"), change(account=OTHER)])
    names = [reason.partition(" ")[0] for reason in found[HOME, "us-east-1"].reasons]
    assert names == ["DeleteTrail", "UpdateTrail"]


def test_a_complete_read_is_better_than_a_part_and_a_part_than_none() -> None:
    assert sorted(Coverage, key=lambda one: one.rank) == [Coverage.DENIED, Coverage.PARTIAL, Coverage.COMPLETE]
