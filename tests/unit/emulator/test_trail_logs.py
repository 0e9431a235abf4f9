# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import json
import re
import typing as t
from datetime import UTC, datetime, timedelta

from emulator import trail_logs
from unit.emulator.seeded import serving

ORGANIZATION: t.Final = "o-acme123456"
SANDBOX: t.Final = "444455556666"
ROLE: t.Final = f"arn:aws:iam::{SANDBOX}:role/labs/runner"
WHEN: t.Final = datetime(2026, 11, 20, 9, 58, 7, tzinfo=UTC)

KEY: t.Final = re.compile(
    r"AWSLogs/o-acme123456/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/"
    r"\1_CloudTrail_\2_\3\4\5T\d{4}Z_[0-9a-f]{16}\.json\.gz"
)


def records(body: bytes) -> list[dict[str, t.Any]]:
    return t.cast(list[dict[str, t.Any]], json.loads(gzip.decompress(body))["Records"])


def test_a_denied_call_says_what_denied_it() -> None:
    event = trail_logs.event(ROLE, "s3:ListAllMyBuckets", when=WHEN, denied_by="service control policy")
    session = f"arn:aws:sts::{SANDBOX}:assumed-role/runner/session"
    assert event["errorCode"] == "AccessDenied"
    assert event["errorMessage"] == (
        f"User: {session} is not authorized to perform: s3:ListAllMyBuckets on resource: * "
        "with an explicit deny in a service control policy"
    )
    assert (event["eventSource"], event["eventName"], event["eventTime"]) == (
        "s3.amazonaws.com",
        "ListAllMyBuckets",
        "2026-11-20T09:58:07Z",
    )
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == ROLE


def test_a_call_that_succeeded_has_no_error() -> None:
    event = trail_logs.event(f"arn:aws:iam::{SANDBOX}:user/ann", "iam:GetUser", when=WHEN, eventType="AwsServiceEvent")
    assert not {"errorCode", "errorMessage"} & set(event)
    assert (event["userIdentity"]["type"], event["userIdentity"]["userName"]) == ("IAMUser", "ann")
    assert event["eventType"] == "AwsServiceEvent"


def test_a_file_holds_five_minutes_of_an_account_in_a_region() -> None:
    times = (WHEN, WHEN + timedelta(seconds=30), WHEN + timedelta(minutes=2))
    events = [trail_logs.event(ROLE, "s3:ListAllMyBuckets", when=when) for when in times]
    events.append(trail_logs.event(ROLE, "ec2:RunInstances", when=WHEN, region="eu-west-1"))
    made = trail_logs.files(events, ORGANIZATION)
    assert all(KEY.fullmatch(key) for key in made)
    assert sorted(len(records(body)) for body in made.values()) == [1, 1, 2]
    assert made == trail_logs.files(reversed(events), ORGANIZATION)


def test_the_organization_has_the_calls_of_all_accounts_in_a_bucket() -> None:
    with serving("acme") as acme:
        client = acme.client("s3")
        delivered = trail_logs.deliver(
            client,
            "acme-organization-trail",
            [trail_logs.event(ROLE, "s3:ListAllMyBuckets", when=WHEN)],
            organization_id=ORGANIZATION,
        )
        keys = [item["Key"] for item in client.list_objects_v2(Bucket="acme-organization-trail")["Contents"]]
        assert set(delivered) < set(keys)
        assert all(KEY.fullmatch(key) for key in keys)
        bodies = [client.get_object(Bucket="acme-organization-trail", Key=key)["Body"].read() for key in keys]
        history = acme.client("cloudtrail", "333344445555").lookup_events()["Events"]
        assert history
        assert {event["EventId"] for event in history} <= {
            record["eventID"] for body in bodies for record in records(body)
        }


def test_accounts_are_tagged_with_what_they_are_for() -> None:
    with serving("acme") as acme:
        tags = acme.client("organizations").list_tags_for_resource(ResourceId=SANDBOX)["Tags"]
        assert tags == [{"Key": "environment", "Value": "sandbox"}]
