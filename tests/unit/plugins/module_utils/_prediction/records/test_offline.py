# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records from log files alone."""

from __future__ import annotations

import json
import typing as t
from datetime import timedelta
from pathlib import Path

import pytest
import trail_files

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import UNKNOWN, YES
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import KnownPrincipal
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import LogClass, Record, Status
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.exclusions import Exclusion
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.offline import (
    FileSource,
    IdScan,
    read_file_records,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.selectors import Selector, TrailFacts

ROLE, OTHER = trail_files.ROLES[:2]


def read(directory: Path, *exclusions: Exclusion, unique_id: str = "", trail: TrailFacts | None = None) -> Record:
    source = FileSource(
        (DirectoryStore(str(directory)),),
        trail_files.ACCOUNT,
        60,
        trail_files.NOW,
        exclusions,
        trails=(trail,) if trail else None,
    )
    principals = {ROLE: KnownPrincipal(unique_id), OTHER: KnownPrincipal()}
    return read_file_records(source, principals, keys=frozenset())[ROLE]


def test_the_files_alone_give_uses_and_no_service_with_data_events_is_complete(tmp_path: Path) -> None:
    trail_files.write_log_files(tmp_path, 4000)
    found = read(tmp_path)
    assert {"s3:GetObject", "kms:Decrypt", "ec2:DescribeInstances"} <= {use.action for use in found.uses}
    assert {use.principal_arn for use in (*found.uses, *found.denied)} == {ROLE}
    assert found.denied
    assert not found.is_last_accessed_read
    assert {found.coverage.of(name).status for name in ("s3", "ec2", "kms")} == {Status.PARTIAL}
    assert found.coverage.files_read == 10


def test_a_trail_of_the_same_name_in_another_place_proves_nothing(tmp_path: Path) -> None:
    trail_files.write_log_files(tmp_path, 400)
    wide = TrailFacts("acme", "arn", "us-east-1", "bucket", selectors=(Selector(frozenset({"read", "write"})),))
    assert read(tmp_path, trail=wide).coverage.of("ec2").status is Status.PARTIAL


def test_excluded_calls_and_those_of_an_earlier_role_are_no_uses(tmp_path: Path) -> None:
    trail_files.write_log_files(tmp_path, 400)
    assert read(tmp_path).uses
    assert not read(tmp_path, Exclusion(sessions=("build-*",), reason="incident")).uses
    assert not read(tmp_path, unique_id="AROAANOTHERONE").uses
    assert read(tmp_path, unique_id=f"AROA{0:017}").uses


def test_no_files_are_no_record(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.uses, found.coverage.since) == ((), None)
    assert found.coverage.of("ec2").status is Status.BLIND


EVENT: t.Final = {
    "eventName": "ListRoles",
    "eventSource": "iam.amazonaws.com",
    "recipientAccountId": trail_files.ACCOUNT,
    "awsRegion": "us-east-1",
    "readOnly": True,
    "managementEvent": True,
    "eventType": "AwsApiCall",
    "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{trail_files.ACCOUNT}:user/somebody"},
}


def read_days(
    directory: Path, *events: dict[str, t.Any], but: range = range(0), region: str = "us-east-1", late: t.Any = ()
) -> Record:
    """Read a folder with these events on each day of the window, and those that came ``late`` on the last one."""
    for day in set(range(60)) - set(but):
        moment = trail_files.NOW - timedelta(days=day, hours=1)
        more = {"eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "awsRegion": region}
        records = [{**EVENT, **event, **more} for event in (*events, *(late if day == 0 else ()))]
        name = f"{trail_files.ACCOUNT}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{day:016}.json"
        path = directory / "AWSLogs" / trail_files.ACCOUNT / "CloudTrail" / region / f"{moment:%Y/%m/%d}" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"Records": records}), encoding="utf-8")
    return read(directory)


WRITE: t.Final = {"readOnly": False, "eventName": "CreateUser"}


def test_events_of_one_service_show_which_management_events_the_trail_records(tmp_path: Path) -> None:
    """No selector can leave out the management events of a single service, but those of KMS and the RDS Data API."""
    found = read_days(tmp_path, {}, WRITE)
    assert found.coverage.of("cloudformation").status is Status.COMPLETE
    assert found.coverage.of("s3").logged == {LogClass.READ: YES, LogClass.WRITE: YES, LogClass.DATA: UNKNOWN}
    assert YES not in found.coverage.of("kms").logged.values()
    assert "management reads and writes all the time, so it records all of these" in found.coverage.inferred
    assert found.coverage.inferred in found.coverage.notes


def test_reads_do_not_show_that_writes_are_recorded(tmp_path: Path) -> None:
    keys = {"eventSource": "kms.amazonaws.com", "eventName": "ListKeys"}
    found = read_days(tmp_path, {}, keys)
    assert found.coverage.of("sns").logged[LogClass.READ] is YES
    assert found.coverage.of("sns").logged[LogClass.WRITE] is UNKNOWN
    assert found.coverage.of("kms").logged[LogClass.READ] is YES


@pytest.mark.parametrize(
    "event",
    [
        {"managementEvent": False, "eventCategory": "Data"},
        {"managementEvent": "true"},
        {"readOnly": "true"},
        {"eventType": "AwsConsoleSignIn"},
        WRITE,
    ],
    ids=["data", "malformed", "malformed kind", "sign-in", "another kind"],
)
def test_other_events_show_nothing_of_management_reads(tmp_path: Path, event: dict[str, t.Any]) -> None:
    assert read_days(tmp_path, event).coverage.of("sns").logged[LogClass.READ] is UNKNOWN


def test_reads_that_began_late_show_nothing(tmp_path: Path) -> None:
    """The selectors of the trail were changed on the last day."""
    found = read_days(tmp_path, WRITE, late=[EVENT])
    logged = found.coverage.of("sns").logged
    assert (logged[LogClass.READ], logged[LogClass.WRITE]) == (UNKNOWN, YES)


def test_each_region_shows_the_kind_for_itself(tmp_path: Path) -> None:
    """Two trails may share a folder: one of all events, and one of writes in another region."""
    read_days(tmp_path, {}, WRITE)
    assert read_days(tmp_path, WRITE, region="eu-west-1").coverage.of("sns").logged[LogClass.READ] is UNKNOWN


def test_without_the_region_of_global_services_nothing_is_known_of_them(tmp_path: Path) -> None:
    found = read_days(tmp_path, {}, WRITE, region="eu-west-1")
    assert found.coverage.of("cloudformation").status is Status.COMPLETE
    assert all(YES not in found.coverage.of(name).logged.values() for name in ("iam", "sts", "organizations"))


def test_files_that_are_missing_show_nothing(tmp_path: Path) -> None:
    found = read_days(tmp_path, {}, WRITE, but=range(20, 24))
    assert set(found.coverage.of("sns").logged.values()) == {UNKNOWN}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_events_does_not_decide_which_role_is_the_present_one(order: tuple[int, ...]) -> None:
    """The role was made again, and its earlier session called in the same second."""
    arn = "arn:aws:iam::111122223333:role/app"
    events = [
        {
            "eventTime": when,
            "userIdentity": {
                "type": "AssumedRole",
                "sessionContext": {"sessionIssuer": {"arn": arn, "principalId": unique_id}},
            },
        }
        for unique_id, when in (
            ("AROAZEARLIER", "2026-11-01T00:00:00Z"),
            ("AROAPRESENT", "2026-11-20T00:00:00Z"),
            ("AROAZEARLIER", "2026-11-20T00:00:00Z"),
        )
    ]
    scan = IdScan(frozenset({arn}))
    for number in order:
        scan.add(events[number])
    assert scan.find(arn).unique_id == "AROAPRESENT"
