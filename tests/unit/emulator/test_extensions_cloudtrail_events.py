# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.names import prefix_of
from emulator.extensions import cloudtrail_events
from unit.emulator.seeded import Seeded, serving

ACCOUNT = "111122223333"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
}
CALLS: t.Final = [
    {"principal": "role/app-{1..2}", "call": "monitoring:PutMetricData", "days": 3, "via": "events.amazonaws.com"},
    {"principal": "user/alice", "call": "s3:PutBucketAcl", "days": 1, "count": 60, "parameters": {"bucketName": "b"}},
    {"principal": "user/alice", "call": "ec2:RunInstances", "days": 2, "error": "Client.UnauthorizedOperation"},
    {"principal": "user/alice", "call": "s3:ListBuckets", "days": 91},
]


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Seeded]:
    account = {
        "name": "one",
        "users": {"alice": {"access_keys": [{}]}},
        "roles": {"app-{1..2}": {"trust": TRUST, "path": "/apps/"}},
        "regions": {"us-east-1": {"calls": CALLS}},
    }
    with serving({"organization": {"id": "o-events"}, "accounts": {ACCOUNT: account}}) as running:
        yield running


def look_up(aws: Seeded, region: str = "us-east-1", **parameters: t.Any) -> list[dict[str, t.Any]]:
    pages = aws.client("cloudtrail", ACCOUNT, region=region).get_paginator("lookup_events").paginate(**parameters)
    return [event for page in pages for event in page["Events"]]


def by(key: str, value: str) -> dict[str, t.Any]:
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def test_events_come_page_by_page_the_newest_first_of_ninety_days(aws: Seeded) -> None:
    client = aws.client("cloudtrail", ACCOUNT)
    first = client.lookup_events()
    assert (len(first["Events"]), "NextToken" in first) == (50, True)
    events = look_up(aws)
    assert len(events) == 63
    assert [event["EventTime"] for event in events] == sorted((event["EventTime"] for event in events), reverse=True)
    assert look_up(aws, "eu-west-1") == []


@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("Username", "alice", 61),
        ("Username", "session", 2),
        ("EventName", "RunInstances", 1),
        ("EventSource", "s3.amazonaws.com", 60),
    ],
)
def test_events_by_attribute(aws: Seeded, key: str, value: str, count: int) -> None:
    assert len(look_up(aws, **by(key, value))) == count


def test_events_by_time(aws: Seeded) -> None:
    now = datetime.now(UTC)
    window = {"StartTime": now - timedelta(days=2, hours=12), "EndTime": now - timedelta(days=1, hours=12)}
    assert [event["EventName"] for event in look_up(aws, **window)] == ["RunInstances"]


def test_an_event_has_the_shape_that_aws_documents(aws: Seeded) -> None:
    """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    (event, _other) = look_up(aws, **by("EventName", "PutMetricData"))
    record = json.loads(event["CloudTrailEvent"])
    identity = record["userIdentity"]
    assert (identity["type"], identity["invokedBy"]) == ("AssumedRole", "events.amazonaws.com")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{ACCOUNT}:role/apps/app-1"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/app-1/session"
    assert (record["eventSource"], record["sourceIPAddress"]) == ("monitoring.amazonaws.com", "events.amazonaws.com")
    (event,) = look_up(aws, **by("EventName", "RunInstances"))
    record = json.loads(event["CloudTrailEvent"])
    assert record["userIdentity"]["type"] == "IAMUser"
    assert record["userIdentity"]["accessKeyId"].startswith("AKIA")
    assert record["errorCode"] == "Client.UnauthorizedOperation"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (
            {"LookupAttributes": [*by("Username", "a")["LookupAttributes"], *by("EventName", "b")["LookupAttributes"]]},
            "InvalidLookupAttributesException",
        ),
        ({"NextToken": "%"}, "InvalidNextTokenException"),
    ],
)
def test_bad_questions_are_refused(aws: Seeded, parameters: dict[str, t.Any], code: str) -> None:
    client = aws.client("cloudtrail", ACCOUNT)
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.lookup_events(**parameters)
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("client", "source"),
    [
        ("accessanalyzer", "access-analyzer"),
        ("cloudwatch", "monitoring"),
        ("elbv2", "elasticloadbalancing"),
        ("iam", "iam"),
        ("lambda", "lambda"),
        ("resourcegroupstaggingapi", "tagging"),
        ("s3control", "s3"),
        ("sso-admin", "sso"),
        ("stepfunctions", "states"),
    ],
)
def test_a_source_is_called_as_requests_are_signed(client: str, source: str) -> None:
    assert cloudtrail_events.find_source(client) == source
    assert prefix_of(f"{source}.amazonaws.com") in catalogue.services()
