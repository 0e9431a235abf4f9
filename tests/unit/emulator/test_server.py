# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator over HTTP: protocols, what it lacks, closed regions, keep-alive and concurrency."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import typing as t
import urllib.parse

import pytest
from botocore.exceptions import ClientError
from moto.sns.models import SNSBackend

from emulator.client import Emulator

from .seeded import account, serving
from .small import MANAGEMENT, MEMBER, Aws


def test_operations_that_are_missing_are_errors_without_retries(emulator: Emulator, aws: Aws) -> None:
    calls: list[tuple[str, str, dict[str, t.Any]]] = [
        ("iam", "get_context_keys_for_custom_policy", {"PolicyInputList": ["{}"]}),
        ("organizations", "describe_effective_policy", {"PolicyType": "TAG_POLICY"}),
        ("securityhub", "get_resources_v2", {}),
        ("mgn", "list_applications", {}),
    ]
    for service, method, parameters in calls:
        emulator.clear_log()
        with pytest.raises(ClientError) as raised:
            getattr(aws.client(service, attempts=5), method)(**parameters)
        assert raised.value.response["Error"]["Code"] == "NotImplemented"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
        assert [record["error_code"] for record in emulator.log()] == ["NotImplemented"]


def test_crash_of_moto_is_an_internal_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_backend: SNSBackend, *_arguments: t.Any, **_options: t.Any) -> t.NoReturn:
        raise KeyError("no such attribute")

    monkeypatch.setattr(SNSBackend, "list_topics", crash)
    with serving(account()) as running, pytest.raises(ClientError, match="KeyError: 'no such attribute'") as raised:
        running.client("sns").list_topics()
    assert raised.value.response["Error"]["Code"] == "InternalFailure"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("accessanalyzer", "list_analyzers", "AccessDeniedException"),
        ("config", "describe_configuration_recorders", "AccessDeniedException"),
        ("cloudwatch", "describe_alarms", "AccessDeniedException"),
        ("sns", "list_topics", "AuthorizationError"),
        ("ec2", "describe_instances", "UnauthorizedOperation"),
    ],
)
def test_closed_region_is_refused_by_a_control_policy(aws: Aws, service: str, method: str, code: str) -> None:
    key = aws.assume(f"arn:aws:iam::{MEMBER}:role/auditor", ExternalId="small")
    with pytest.raises(ClientError, match="with an explicit deny in a service control policy") as raised:
        getattr(aws.client(service, key=key, region="eu-west-1"), method)()
    assert raised.value.response["Error"]["Code"] == code
    assert getattr(aws.client(service, key=key, region="us-east-1"), method)()
    assert getattr(aws.client(service, region="eu-west-1"), method)()


def test_closed_region_leaves_global_services_open(aws: Aws) -> None:
    key = aws.assume(f"arn:aws:iam::{MEMBER}:role/auditor", ExternalId="small")
    assert aws.client("iam", key=key, region="eu-west-1").list_roles()["Roles"]
    assert aws.client("sts", key=key, region="eu-west-1").get_caller_identity()["Account"] == MEMBER


def test_objects_survive_the_way_in_and_out(aws: Aws) -> None:
    s3 = aws.client("s3")
    body = bytes(range(256)) * 40
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="a/b c.bin", Body=body, Metadata={"run_id": "7"})
    answer = s3.get_object(Bucket="reports", Key="a/b c.bin")
    assert (answer["Body"].read(), answer["Metadata"]) == (body, {"run_id": "7"})
    assert s3.head_object(Bucket="reports", Key="a/b c.bin")["ContentLength"] == len(body)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="reports", Key="a/b c.bin", Body=b"again", IfNoneMatch="*")
    s3.delete_object(Bucket="reports", Key="a/b c.bin")
    assert "Contents" not in s3.list_objects_v2(Bucket="reports")


def test_connection_is_kept_alive(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(emulator.url).netloc, timeout=5)
    connection.connect()
    own_end = connection.sock.getsockname()
    for path, status in (("/_emulator/health", 200), ("/_emulator/nothing", 404), ("/_emulator/health", 200)):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (status, True)
        assert connection.sock.getsockname() == own_end
    connection.close()


def test_sixteen_threads_at_once(emulator: Emulator, aws: Aws) -> None:
    client = aws.client("iam", max_pool_connections=16)

    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})

    def live(number: int) -> str:
        name = f"user-{number:03}"
        client.create_user(UserName=name)
        client.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        client.get_account_authorization_details(MaxItems=1000)
        client.delete_user_policy(UserName=name, PolicyName="p")
        client.delete_user(UserName=name)
        return name

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(live, range(48)))) == 48
    assert [user["UserName"] for user in client.list_users()["Users"]] == ["alice"]
    assert {record["status"] for record in emulator.log()} == {200}


def test_requests_that_are_no_calls_are_refused_politely(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(emulator.url).netloc, timeout=5)
    connection.request("PUT", "/_emulator/faults", body="{not json")
    answer = connection.getresponse()
    assert (answer.status, list(json.load(answer))) == (400, ["error"])
    connection.close()


def test_cloud_with_two_accounts(emulator: Emulator, aws: Aws) -> None:
    assert emulator.health()["accounts"] == {MANAGEMENT: "management", MEMBER: "member"}
    assert {account["Id"] for account in aws.client("organizations").list_accounts()["Accounts"]} == {
        MANAGEMENT,
        MEMBER,
    }


def test_calls_are_recorded_where_a_test_asks_for_it(emulator: Emulator, aws: Aws) -> None:
    iam, trail = aws.client("iam"), aws.client("cloudtrail")
    iam.create_group(GroupName="before")
    assert trail.lookup_events()["Events"] == []
    emulator.record_events()
    iam.create_user(UserName="bob")
    with pytest.raises(ClientError):
        iam.create_user(UserName="bob")
    aws.client("s3").create_bucket(Bucket="not-in-the-history")
    failed, made = sorted(
        (json.loads(event["CloudTrailEvent"]) for event in trail.lookup_events()["Events"]),
        key=lambda event: "errorCode" not in event,
    )
    assert (made["eventSource"], made["eventName"]) == ("iam.amazonaws.com", "CreateUser")
    assert made["requestParameters"] == {"userName": "bob"}
    assert made["readOnly"] is False
    assert "Boto3" in made["userAgent"]
    assert failed["errorCode"] == "EntityAlreadyExists"
    emulator.reset(None)
    aws.client("iam").create_user(UserName="bob")
    assert aws.client("cloudtrail").lookup_events()["Events"] == []
