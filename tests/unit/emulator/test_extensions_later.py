# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that a test adds after the seed: in the event history and in the files of trails."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from after_cut_over import list_calls, list_sessions

from developer_events import APPS, LABS
from emulator.client import EmulatorError, EmulatorProcess

Record = dict[str, t.Any]
EXTERNAL_ID: t.Final = "acme-hardening"


@pytest.fixture(scope="module")
def process() -> t.Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="developers") as running:
        yield running


def client(process: EmulatorProcess, service: str) -> t.Any:
    given: Record = {"endpoint_url": process.url, "region_name": "eu-west-1"}
    make: t.Callable[..., t.Any] = boto3.client
    sts = make("sts", aws_access_key_id="administrator", aws_secret_access_key="emulated", **given)
    role = f"arn:aws:iam::{APPS}:role/iam-hardening/automation"
    found = sts.assume_role(RoleArn=role, RoleSessionName="test", ExternalId=EXTERNAL_ID)["Credentials"]
    return make(
        service,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
        **given,
    )


def read_files(process: EmulatorProcess) -> list[Record]:
    """The events of the newest log files."""
    s3 = client(process, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="acme-apps-logs", Prefix=f"AWSLogs/{APPS}/CloudTrail/")
    names = sorted(
        (item["Key"] for page in pages for item in page["Contents"]), key=lambda name: name.rsplit("_", 2)[1]
    )
    bodies = [s3.get_object(Bucket="acme-apps-logs", Key=name)["Body"].read() for name in names[-40:]]
    return [record for body in bodies for record in json.loads(gzip.decompress(body))["Records"]]


def test_calls_are_in_the_history_and_in_the_files_of_the_trail(process: EmulatorProcess) -> None:
    calls = list_calls("dev-data-etl", "dev-shop-web", APPS)
    # Each session is opened by an event of its own.
    assert process.control.add_calls(APPS, calls) == 7 + 2 + 3 + 1 + 5
    question = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "GetSecretValue"}]}
    found = client(process, "cloudtrail").lookup_events(**question)["Events"]
    event = next(record for item in found if "errorCode" in (record := json.loads(item["CloudTrailEvent"])))
    assert event["errorMessage"].endswith(
        "because no identity-based policy allows the secretsmanager:GetSecretValue action"
    )
    assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{APPS}:role/dev-shop-web"
    denied = [record["eventName"] for record in read_files(process) if "deny in" in record.get("errorMessage", "")]
    assert denied.count("GetCostAndUsage") >= 2
    names = [record["eventName"] for record in read_files(process) if "kms:" in record.get("errorMessage", "")]
    # The use of the key is denied to a put of an object, which is a call on data.
    assert names == ["PutObject"] * 3


def test_a_role_was_last_used_when_its_last_call_was_made(process: EmulatorProcess) -> None:
    iam = client(process, "iam")
    before = iam.get_role(RoleName="dev-data-etl")["Role"]["RoleLastUsed"].get("LastUsedDate")
    call = {"principal": "role/dev-data-etl", "call": "sqs:ListQueues", "region": "us-east-1", "days_ago": 0.001}
    process.control.add_calls(APPS, [call, {**call, "days_ago": 5, "region": "eu-west-1"}])
    used = iam.get_role(RoleName="dev-data-etl")["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1"
    assert datetime.now(UTC) - used["LastUsedDate"] < timedelta(minutes=10)
    assert before is None or before < used["LastUsedDate"]


def test_a_call_with_the_key_of_a_user_is_a_use_of_the_key(process: EmulatorProcess) -> None:
    (key,) = client(process, "iam").list_access_keys(UserName="report-reader")["AccessKeyMetadata"]
    session = {"name": "key", "agent": "Boto3/1.40 exec-env/AWS_ECS_FARGATE", "address": "198.51.100.7"}
    call = {"principal": "user/report-reader", "call": "sqs:ListQueues", "days_ago": 0.001, "session": session}
    assert process.control.add_calls(APPS, [call]) == 1
    used = client(process, "iam").get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert used["ServiceName"] == "sqs" and datetime.now(UTC) - used["LastUsedDate"] < timedelta(minutes=10)
    question = {"LookupAttributes": [{"AttributeKey": "AccessKeyId", "AttributeValue": key["AccessKeyId"]}]}
    found = client(process, "cloudtrail").lookup_events(**question)["Events"]
    (event,) = [
        record for item in found if (record := json.loads(item["CloudTrailEvent"]))["eventName"] == "ListQueues"
    ]
    assert (event["userAgent"], event["sourceIPAddress"]) == (session["agent"], session["address"])


def test_a_session_that_is_only_opened_is_one_event(process: EmulatorProcess) -> None:
    assert process.control.add_calls(APPS, list_sessions("dev-shop-web")) == 1


@pytest.mark.parametrize(
    ("account_id", "call", "words"),
    [
        (APPS, {"principal": "role/no-such-role"}, "there is no such role"),
        (APPS, {"principal": "user/no-such-user"}, "there is no such role or user"),
        ("111122223333", {"principal": "role/x"}, "has no past"),
        ("999900009999", {"principal": "role/x"}, "has no past"),
        (LABS, {"principal": "role/dev-labs", "colour": "red"}, "colour"),
    ],
)
def test_what_makes_no_sense_is_refused(process: EmulatorProcess, account_id: str, call: Record, words: str) -> None:
    with pytest.raises(EmulatorError, match=words):
        process.control.add_calls(account_id, [call])


def test_the_work_of_the_seed_goes_on_by_another_role(process: EmulatorProcess) -> None:
    before = process.control.snapshot()
    process.control.clock(offset_days=4)
    # A worker asks three times in four days, whatever the hour.
    assert process.control.add_calls(APPS, [], days=4, moved={"role/dev-data-worker": "role/dev-shop-web"}) > 40
    issuers = [
        record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"]
        for record in read_files(process)
        if record["eventName"] == "DescribeTags" and record["eventTime"] > f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    ]
    process.control.restore(before)
    process.control.forget(before)
    assert len(issuers) >= 3
    assert set(issuers) == {"dev-shop-web"}


def test_calls_that_are_added_at_once_are_all_confirmed_by_digests(process: EmulatorProcess) -> None:
    """A digest is believed if a further one follows it."""
    before = process.control.snapshot()
    call = {"principal": "role/dev-data-etl", "call": "sqs:ListQueues"}
    for _turn in range(3):
        process.control.add_calls(APPS, [call])
    s3 = client(process, "s3")
    prefix = f"AWSLogs/{APPS}/CloudTrail-Digest/eu-west-1/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="acme-apps-logs", Prefix=prefix)
    last = max((item["Key"] for page in pages for item in page["Contents"]), key=lambda name: name.rsplit("_", 1)[1])
    body = s3.get_object(Bucket="acme-apps-logs", Key=last)["Body"].read()
    process.control.restore(before)
    process.control.forget(before)
    assert json.loads(gzip.decompress(body))["logFiles"] == []
