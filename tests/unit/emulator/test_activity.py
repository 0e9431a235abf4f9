# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import gzip
import json
import typing as t
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import developer_events
from developer_events import APPS, DATA, LABS, NOW
from emulator import seed
from emulator.activity import generate
from emulator.activity.records import Record
from emulator.activity.selectors import is_selected
from emulator.activity.uses import last_uses
from emulator.seed.identifiers import unique_id


def calls(found: t.Iterable[Record]) -> set[tuple[str, str]]:
    return {(event["eventSource"].partition(".")[0], event["eventName"]) for event in found}


def administrators() -> list[str]:
    roles = developer_events.account().roles.values()
    return [
        role.name for role in roles if "aws:AdministratorAccess" in role.policies and role.path != "/iam-hardening/"
    ]


def test_fifteen_roles_are_administrators_and_each_of_them_works() -> None:
    assert len(administrators()) == 15
    for name in administrators():
        made = developer_events.of_principal(developer_events.events(), name)
        assert made
        assert {event["recipientAccountId"] for event in made} == {APPS}


def test_the_same_moment_gives_the_same_events() -> None:
    first, second = (generate.events(developer_events.account(), now=NOW) for _turn in range(2))
    assert first == second
    assert len({event["eventID"] for event in first}) == len(first)


def test_all_events_lie_in_the_ninety_days_before_now() -> None:
    times = [datetime.fromisoformat(event["eventTime"]) for event in developer_events.events()]
    assert times == sorted(times)
    assert NOW - timedelta(days=90) <= times[0] < NOW - timedelta(days=85)
    assert NOW - timedelta(days=3) < times[-1] <= NOW


def test_another_moment_moves_the_events() -> None:
    later = NOW + timedelta(days=7)
    moved = developer_events.events(now=later)
    assert datetime.fromisoformat(moved[-1]["eventTime"]) > datetime.fromisoformat(
        developer_events.events()[-1]["eventTime"]
    )
    assert calls(moved) == calls(developer_events.events())


def test_days_are_counted_from_the_oldest() -> None:
    earlier, recent = developer_events.events(last=60), developer_events.events(first=61)
    assert [*earlier, *recent] == developer_events.events()
    assert datetime.fromisoformat(recent[0]["eventTime"]) >= NOW - timedelta(days=30)
    assert datetime.fromisoformat(earlier[-1]["eventTime"]) < NOW - timedelta(days=30)


def test_few_calls_of_the_last_month_are_new() -> None:
    """So that policies made of the first two months can fit the last one."""
    known = {
        (event["userIdentity"].get("principalId"), *call)
        for event in developer_events.events(last=60)
        for call in calls([event])
    }
    recent = developer_events.events(first=61)
    new = [
        event
        for event in recent
        if (event["userIdentity"].get("principalId"), *next(iter(calls([event])))) not in known
    ]
    assert len(new) <= len(recent) / 100


def test_a_function_is_invoked_by_a_qualifier() -> None:
    made = developer_events.of_principal(developer_events.events(), "dev-shop-orders")
    invoked = {event["resources"][0]["ARN"] for event in made if event["eventName"] == "Invoke"}
    assert invoked == {f"arn:aws:lambda:eu-west-1:{APPS}:function:shop-orders:PROD"}


def test_the_events_of_the_former_role_have_its_unique_id() -> None:
    made = developer_events.of_principal(developer_events.events(), "dev-platform-rebuilt")
    arn = f"arn:aws:iam::{APPS}:role/dev-platform-rebuilt"
    by_id = collections.defaultdict(list)
    for event in made:
        by_id[event["userIdentity"]["sessionContext"]["sessionIssuer"]["principalId"]].append(event)
    own = by_id.pop(unique_id("AROA", arn))
    ((_former, former),) = by_id.items()
    assert ("dynamodb", "DeleteTable") in calls(former) - calls(own)
    created = NOW - timedelta(days=developer_events.account().roles["dev-platform-rebuilt"].created_days)
    assert (
        max(event["eventTime"] for event in former)
        < f"{created:%Y-%m-%dT%H}"
        < min(event["eventTime"] for event in own)
    )
    uses = last_uses(developer_events.events())[arn]
    assert "DeleteTable" not in uses.get("dynamodb", {})


def test_the_intruder_is_seen_in_its_window_alone_with_denials_and_successes() -> None:
    made = developer_events.of_principal(developer_events.events(), "dev-platform-oncall")
    foreign = [event for event in made if event["sourceIPAddress"] == "192.0.2.66"]
    days = {(NOW.date() - datetime.fromisoformat(event["eventTime"]).date()).days for event in foreign}
    assert days == {33, 32, 31}
    assert {event.get("errorCode") for event in foreign} == {None, "AccessDenied"}
    assert {event["userIdentity"]["arn"].rpartition("/")[2] for event in foreign} == {"intruder"}


def test_a_sign_in_to_the_console_is_no_use() -> None:
    made = developer_events.of_principal(developer_events.events(), "dev-shop-console")
    assert "AwsConsoleSignIn" in {event["eventType"] for event in made}
    assert "signin" not in last_uses(made)[f"arn:aws:iam::{APPS}:role/dev-shop-console"]


@pytest.mark.parametrize("account_id", [APPS, LABS])
def test_one_permission_set_has_a_role_in_each_account(account_id: str) -> None:
    made = developer_events.of_principal(developer_events.events(account_id), "AWSReservedSSO_Reader_0123456789abcdef")
    assert ("cloudformation", "ListStacks") in calls(made)
    assert {event["recipientAccountId"] for event in made} == {account_id}


def test_the_job_of_the_quarter_is_in_no_event() -> None:
    made = developer_events.of_principal(developer_events.events(), "dev-shop-payments")
    assert "rds" not in {service for service, _name in calls(made)}
    assert developer_events.account().roles["dev-shop-payments"].last_accessed["rds"].days > generate.DAYS


@pytest.mark.parametrize(
    ("role", "name", "field", "value"),
    [
        ("dev-data-analytics", "GetPartitions", ("userIdentity", "invokedBy"), "athena.amazonaws.com"),
        ("dev-data-stream", "CreateNetworkInterface", ("userIdentity", "invokedBy"), "lambda.amazonaws.com"),
        ("dev-data-worker", "GetObject", ("userIdentity", "sessionContext", "ec2RoleDelivery"), "2.0"),
        ("dev-platform-ops", "RunInstances", ("errorCode",), "Client.DryRunOperation"),
        ("dev-shop-payments", "GetItem", ("userIdentity", "sessionContext", "sourceIdentity"), "pat"),
        ("dev-shop-console", "ListBuckets", ("sessionCredentialFromConsole",), "true"),
        ("dev-data-etl", "CreateJob", ("requestParameters", "role"), f"arn:aws:iam::{APPS}:role/service/glue-jobs"),
    ],
)
def test_each_kind_of_call_is_written_as_cloudtrail_does(
    role: str, name: str, field: tuple[str, ...], value: str
) -> None:
    made = developer_events.of_principal(developer_events.events(), role)
    found: t.Any = next(event for event in made if event["eventName"] == name)
    for key in field:
        found = found[key]
    assert found == value


def test_a_pipeline_signs_in_by_its_provider_and_others_with_tags() -> None:
    opened = [event for event in developer_events.events() if event["eventName"].startswith("AssumeRole")]
    by_name = {(event["requestParameters"] or {}).get("roleSessionName"): event for event in opened}
    assert by_name["GitHubActions"]["userIdentity"]["type"] == "WebIdentityUser"
    assert by_name["i-0123456789abcdef0"]["userIdentity"] == {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    assert {"key": "project", "value": "red"} in by_name["red"]["requestParameters"]["tags"]
    keys = {event["userIdentity"].get("accessKeyId") for event in developer_events.events()}
    assert by_name["red"]["responseElements"]["credentials"]["accessKeyId"] in keys


@pytest.mark.parametrize("account_id", [APPS, DATA, LABS])
def test_last_uses_are_those_of_the_events(account_id: str) -> None:
    account = developer_events.account(account_id)
    assert last_uses(generate.latest_events(account, now=NOW)) == last_uses(generate.events(account, now=NOW))


def test_the_newest_uses_appear_late() -> None:
    account = developer_events.account(APPS)
    newest = max(event["eventTime"] for event in developer_events.events())
    lag = NOW - datetime.fromisoformat(newest) + timedelta(minutes=1)
    shown = [event["eventTime"] for event in generate.latest_events(account, now=NOW, lag=lag)]
    assert newest not in shown
    assert shown


def test_the_trail_of_the_account_records_data_events_of_three_services() -> None:
    logged = developer_events.events(logged_only=True)
    data = {event["eventSource"].partition(".")[0] for event in logged if not event["managementEvent"]}
    assert data == {"s3", "dynamodb", "lambda"}
    ids = {event["eventID"] for event in logged}
    left = {event["eventSource"] for event in developer_events.events() if event["eventID"] not in ids}
    assert left == {"sqs.amazonaws.com"}


def test_basic_selectors_choose_by_bucket_and_leave_a_service_out() -> None:
    logged = developer_events.events(LABS, logged_only=True)
    assert "kms.amazonaws.com" not in {event["eventSource"] for event in logged}
    data = [event for event in logged if not event["managementEvent"]]
    objects = {event["resources"][0]["ARN"] for event in data if event["eventSource"] == "s3.amazonaws.com"}
    assert objects
    assert all(arn.startswith("arn:aws:s3:::acme-labs-results/") for arn in objects)


def test_the_trail_of_the_organization_records_an_account_without_one() -> None:
    logged = developer_events.events(DATA, logged_only=True)
    assert {event["eventCategory"] for event in logged} == {"Management"}
    every = {event["eventSource"] for event in developer_events.events(DATA)}
    assert every - {event["eventSource"] for event in logged} == {"kms.amazonaws.com"}


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ([{"Field": "eventCategory", "Equals": ["Management"]}], True),
        ([{"Field": "eventCategory", "Equals": ["Data"]}], False),
        ([{"Field": "eventSource", "NotEquals": ["glue.amazonaws.com"]}], False),
        ([{"Field": "eventSource", "NotStartsWith": ["kms"]}], True),
        ([{"Field": "readOnly", "Equals": ["true"]}], False),
        ([{"Field": "eventName", "EndsWith": ["JobRun"]}], True),
        ([{"Field": "userIdentity.arn", "NotEndsWith": ["/etl"]}], False),
    ],
)
def test_advanced_selectors_hold_each_field(fields: list[dict[str, t.Any]], selected: bool) -> None:
    event = next(event for event in developer_events.events() if event["eventName"] == "StartJobRun")
    assert is_selected(event, [], [{"FieldSelectors": fields}]) is selected


def test_a_trail_records_reads_or_writes_only() -> None:
    event = next(event for event in developer_events.events() if event["eventName"] == "StartJobRun")
    assert is_selected(event, [{"ReadWriteType": "WriteOnly"}], [])
    assert not is_selected(event, [{"ReadWriteType": "ReadOnly"}], [])
    assert not is_selected(event, [{"IncludeManagementEvents": False}], [])
    assert is_selected(event, [], [])


def test_a_slip_in_an_activity_is_an_error() -> None:
    structure = {
        "accounts": {
            APPS: {
                "name": "one",
                "activity": {"role/a": {"sessions": {"a": {}}, "calls": [{"call": "s3:GetObject", "time": 3}]}},
            }
        }
    }
    with pytest.raises(seed.SeedError, match="unknown key 'time'"):
        seed.load(structure, now=NOW)


def test_so_many_events_are_written_as_are_asked_for(tmp_path: Path) -> None:
    written = developer_events.write(tmp_path, 20_000, per_file=300)
    files = sorted(tmp_path.rglob("*.json.gz"))
    ids: set[str] = set()
    plain = 0
    for file in files:
        body = gzip.decompress(file.read_bytes())
        plain += len(body)
        ids |= {event["eventID"] for event in json.loads(body)["Records"]}
    assert (written.events, written.files, written.plain_bytes) == (20_000, len(files), plain)
    assert len(ids) == 20_000
