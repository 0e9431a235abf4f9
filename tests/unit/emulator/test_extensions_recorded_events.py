# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of what the emulator is asked: chains of sessions, events that come late, and lookups that are throttled."""

from __future__ import annotations

import gzip
import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from emulator import delays
from emulator.delays import DELAYS
from emulator.seed import access_key_id
from emulator.server import Emulator
from unit.emulator.seeded import Seeded, later, running, serving
from unit.emulator.test_judge import CI, HOME, PROD, SEED, assume, client, error

BUCKET: t.Final = "trail"
LATE: t.Final = 900
CALL: t.Final = {"principal": "user/ci", "call": "ec2:DescribeInstances"}
WITH_TRAIL: t.Final[dict[str, t.Any]] = {
    **SEED,
    "organization": {**SEED["organization"], "trail_bucket": BUCKET, "lateness_seconds": LATE, "lag_seconds": 4},
    "accounts": {
        **SEED["accounts"],
        HOME: {
            **SEED["accounts"][HOME],
            "regions": {
                "us-east-1": {
                    "calls": [
                        {**CALL, "days": 0.5},
                        {**CALL, "days": 0, "more": {"sharedEventID": "s", "userIdentity": {"accessKeyId": "ASIAX"}}},
                        {"principal": f"account/{PROD}", "call": "sts:AssumeRole", "answer": {"x": 1}, "days": 0.4},
                        {"principal": "service/ec2.amazonaws.com", "call": "sts:AssumeRole", "days": 0.3},
                    ]
                }
            },
        },
    },
}


@pytest.fixture
def world() -> t.Iterator[Seeded]:
    with serving(SEED) as seeded:
        running()[0].records_events = True
        yield seeded


def lookup(world: Seeded, account: str = HOME, **attribute: str) -> list[dict[str, t.Any]]:
    keys = (access_key_id(PROD, "ci"), "s") if account == PROD else None
    asked = [{"AttributeKey": key, "AttributeValue": value} for key, value in attribute.items()]
    events = world.client("cloudtrail", keys=keys).lookup_events(LookupAttributes=asked)["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in events]


def test_a_chain_is_recorded_in_each_account(world: Seeded) -> None:
    first = assume(world, "deploy", SourceIdentity="alice")
    second = assume(world, "next", key=first, RoleSessionName="s2")
    client(world, "iam", second).create_access_key(UserName="ci")
    (home,) = lookup(world, EventName="AssumeRole")
    assert home["userIdentity"]["accessKeyId"] == CI
    assert home["responseElements"]["credentials"]["accessKeyId"] == first
    assert home["responseElements"]["sourceIdentity"] == home["requestParameters"]["sourceIdentity"] == "alice"
    assert home["resources"][0]["accountId"] == PROD
    there = {event["eventID"]: event for event in lookup(world, PROD, EventName="AssumeRole")}
    assert len(there) == 2
    crossed = next(event for event in there.values() if event.get("sharedEventID"))
    assert crossed["sharedEventID"] == home["sharedEventID"]
    assert crossed["eventID"] != home["eventID"]
    assert (home["recipientAccountId"], crossed["recipientAccountId"]) == (HOME, PROD)
    user = world.client("iam").get_user(UserName="ci")["User"]["UserId"]
    assert crossed["userIdentity"] == {"type": "AWSAccount", "principalId": user, "accountId": HOME}
    assert crossed["responseElements"] == home["responseElements"]
    chained = next(event for event in there.values() if event is not crossed)
    assert "sharedEventID" not in chained
    identity = chained["userIdentity"]
    assert (identity["type"], identity["accessKeyId"]) == ("AssumedRole", first)
    assert identity["principalId"].endswith(":s1")
    assert identity["sessionContext"]["sourceIdentity"] == "alice"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{PROD}:role/deploy"
    (made,) = lookup(world, PROD, AccessKeyId=second)
    assert made["responseElements"]["accessKey"]["accessKeyId"].startswith("AKIA")


def test_a_refused_assumption_is_recorded_at_home_alone(world: Seeded) -> None:
    nobody = client(world, "sts", access_key_id(HOME, "nobody"))
    error(nobody.assume_role, RoleArn=f"arn:aws:iam::{PROD}:role/deploy", RoleSessionName="s1")
    (home,) = lookup(world, EventName="AssumeRole")
    assert (home["errorCode"], home["responseElements"]) == ("AccessDenied", None)
    assert lookup(world, PROD, EventName="AssumeRole") == []


def test_tokens_are_recorded_without_their_secrets(world: Seeded) -> None:
    made = client(world, "sts").get_session_token()["Credentials"]
    (event,) = lookup(world, EventName="GetSessionToken")
    assert event["responseElements"]["credentials"]["accessKeyId"] == made["AccessKeyId"]
    assert made["SecretAccessKey"] not in json.dumps(event)
    assert made["SessionToken"] not in json.dumps(event)


def test_events_come_late_to_the_history(world: Seeded) -> None:
    DELAYS.set(LATE)
    assume(world, "deploy")
    assert lookup(world, EventName="AssumeRole") == []
    with later(seconds=LATE - 60):
        assert lookup(world, EventName="AssumeRole") == []
    with later(seconds=LATE + 1):
        assert len(lookup(world, EventName="AssumeRole")) == len(lookup(world, PROD, EventName="AssumeRole")) == 1


def read_trail(world: Seeded) -> list[dict[str, t.Any]]:
    s3 = world.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    bodies = [gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]
    return [record for body in bodies for record in json.loads(body)["Records"]]


def test_events_come_late_to_the_files_of_the_trail_and_once(world: Seeded) -> None:
    emulator: Emulator = running()[0]
    emulator.reset(WITH_TRAIL)
    emulator.records_events = True
    assert emulator.history.lag_seconds == 4
    old = {record["eventID"] for record in read_trail(world)}
    assert len(old) == 3
    key = client(world, "sts").get_session_token()["Credentials"]["AccessKeyId"]
    assert {record["eventID"] for record in read_trail(world)} == old
    taken = emulator.snapshot()
    for _again in range(2):
        with later(seconds=LATE + 5):
            records = read_trail(world)
        names = sorted(record["eventName"] for record in records)
        assert names.count("DescribeInstances") == 2
        made = [record["responseElements"] for record in records if record["eventName"] == "GetSessionToken"]
        assert [answer["credentials"]["accessKeyId"] for answer in made] == [key]
        assert len({record["eventID"] for record in records}) == len(records)
        emulator.restore(taken)
        assert DELAYS.get() == (LATE, 0)
    emulator.reset(SEED)
    assert DELAYS.get() == (0, 0)


def test_seeded_calls_can_say_what_an_event_has(world: Seeded) -> None:
    running()[0].reset(WITH_TRAIL)
    with later(seconds=LATE + 5):
        events = {event["eventTime"]: event for event in lookup(world)}
    newest = events[max(events)]
    assert (newest["sharedEventID"], newest["userIdentity"]["accessKeyId"]) == ("s", "ASIAX")
    assert newest["userIdentity"]["userName"] == "ci"
    identities = [event["userIdentity"] for event in events.values() if event["eventName"] == "AssumeRole"]
    assert {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"} in identities
    assert {"type": "AWSAccount", "principalId": PROD, "accountId": PROD} in identities


class Stopwatch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_lookups_are_throttled_by_account_and_region(world: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Stopwatch()
    monkeypatch.setattr(delays, "time", watch)
    home = world.client("cloudtrail").lookup_events
    for _unlimited in range(5):
        home()
    DELAYS.set(lookups_a_second=2)
    home()
    home()
    with pytest.raises(ClientError) as raised:
        home()
    assert raised.value.response["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    world.client("cloudtrail", region="eu-west-1").lookup_events()
    lookup(world, PROD)
    watch.now += 1.01
    home()
