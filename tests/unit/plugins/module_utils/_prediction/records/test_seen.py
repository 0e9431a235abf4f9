# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import LogClass
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.seen import SeenEvents, SeenScan

FIRST: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
READ, WRITE = LogClass.READ, LogClass.WRITE
HERE, THERE = "us-east-1", "eu-central-1"


def event(day: float = 0, *, service: str = "s3", read: t.Any = True, region: t.Any = HERE, **fields: t.Any) -> t.Any:
    return {
        "eventTime": f"{FIRST + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}",
        "awsRegion": region,
        "managementEvent": True,
        "eventType": "AwsApiCall",
        "readOnly": read,
        "eventSource": f"{service}.amazonaws.com",
        **fields,
    }


def scan(*events: t.Any) -> SeenEvents:
    found = SeenScan()
    for one in events:
        found.add(one)
    return found.find()


def daily(days: int, **fields: t.Any) -> list[t.Any]:
    return [event(day, **fields) for day in range(days)]


def test_a_kind_that_a_region_shows_all_the_time_is_recorded() -> None:
    found = scan(*daily(20), *daily(20, read=False))
    assert found == SeenEvents(frozenset({("", READ), ("", WRITE)}), has_global=True)
    assert found.show("s3", READ, is_global=False) and found.show("ec2", WRITE, is_global=True)
    assert "reads and writes" in found.note


def test_services_that_a_trail_may_leave_out_are_shown_by_themselves() -> None:
    others = scan(*daily(20))
    assert others.show("s3", READ, is_global=False)
    assert not others.show("kms", READ, is_global=False) and not others.show("rds-data", READ, is_global=False)
    apart = scan(*daily(20, service="kms"), *daily(20, service="rdsdata", read=False))
    assert apart.kinds == {("kms", READ), ("rds-data", WRITE)}
    assert apart.show("kms", READ, is_global=False) and not apart.show("kms", WRITE, is_global=False)
    assert not apart.show("s3", READ, is_global=False) and apart.note == ""


@pytest.mark.parametrize(("gap", "is_recorded"), [(7, True), (8, False), (30, False)])
def test_a_long_gap_shows_that_a_kind_may_be_left_out(gap: int, is_recorded: bool) -> None:
    writes = daily(30 + gap, read=False)
    for reads in ([event(0), event(gap)], [event(29), event(29 + gap)]):
        days = daily(gap + 1, read=False) if reads[0] == event(0) else writes
        # From the first day of the files to the last.
        found = scan(*days, *reads)
        assert found.show("s3", READ, is_global=False) is (is_recorded and len(days) == gap + 1)
        assert found.show("s3", WRITE, is_global=False)


def test_the_beginning_and_the_end_of_the_files_count() -> None:
    for shown, is_recorded in (
        (range(20), True),
        (range(8, 20), False),
        (range(7, 20), True),
        (range(12), False),
    ):
        found = scan(*daily(20, read=False), *(event(day) for day in shown))
        assert found.show("s3", READ, is_global=False) is is_recorded


def test_each_region_has_to_show_a_kind() -> None:
    both = [*daily(9), *daily(9, region=THERE, read=False)]
    assert scan(*both).kinds == frozenset()
    assert scan(*both, *daily(9, region=THERE)).kinds == {("", READ)}
    # A region whose files have no call at all shows nothing.
    assert scan(*daily(9), event(region=THERE, eventType="AwsServiceEvent")).kinds == frozenset()


def test_the_region_of_global_services_has_to_have_files() -> None:
    found = scan(*daily(9, region=THERE))
    assert not found.has_global
    assert found.show("s3", READ, is_global=False) and not found.show("iam", READ, is_global=True)
    assert scan(*daily(9, region=THERE), *daily(9)).show("iam", READ, is_global=True)


@pytest.mark.parametrize(
    "fields",
    [
        {"managementEvent": False},
        {"managementEvent": "true"},
        {"eventType": "AwsConsoleSignIn"},
        {"readOnly": "true"},
        {"readOnly": None},
        {"eventSource": None},
    ],
)
def test_what_is_no_call_shows_no_kind_and_its_day_counts(fields: dict[str, t.Any]) -> None:
    assert scan(*(event(day, **fields) for day in range(9))).kinds == frozenset()
    assert scan(event(0), event(8, **fields)).kinds == frozenset() and scan(event(0)).kinds == {("", READ)}


@pytest.mark.parametrize(
    "record", [None, [], "x", {}, event(eventTime="soon"), event(eventTime=None), event(region=3), event(region=None)]
)
def test_a_malformed_record_is_left_out(record: t.Any) -> None:
    assert scan(record) == SeenEvents() and scan(record, event()).kinds == {("", READ)}
