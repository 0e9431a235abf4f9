# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of an emulator: everything is as it was, however often it is restored."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from werkzeug.test import EnvironBuilder

from emulator.client import Emulator, EmulatorError
from emulator.control import Control
from emulator.server import Emulator as Server
from emulator.server import Snapshot

from .small import ALICE, MANAGEMENT, MEMBER, Aws

AUDITOR: t.Final = f"arn:aws:iam::{MEMBER}:role/auditor"


def users(aws: Aws) -> list[str]:
    return [user["UserName"] for user in aws.client("iam").list_users()["Users"]]


def test_restored_state_is_the_kept_one_each_time(emulator: Emulator, aws: Aws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="bob")
    kept = emulator.snapshot()
    for _time in range(2):
        iam.create_user(UserName="carol")
        iam.detach_user_policy(UserName="alice", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        iam.delete_user(UserName="bob")
        emulator.restore(kept)
        assert users(aws) == ["alice", "bob"]
        (policy,) = iam.list_attached_user_policies(UserName="alice")["AttachedPolicies"]
        assert policy["PolicyName"] == "ReadOnlyAccess"
        assert iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["AttachmentCount"] == 1


def test_other_seed_in_between_leaves_nothing(emulator: Emulator, aws: Aws) -> None:
    organizations = aws.client("organizations")
    before = (emulator.health()["accounts"], organizations.list_accounts()["Accounts"])
    kept = emulator.snapshot()
    emulator.reset("bare")
    assert MANAGEMENT not in emulator.health()["accounts"]
    emulator.restore(kept)
    assert (emulator.health()["accounts"], organizations.list_accounts()["Accounts"]) == before
    assert aws.client("iam", key=ALICE).get_user()["User"]["UserName"] == "alice"
    with pytest.raises(ClientError, match="service control policy"):
        member = aws.assume(AUDITOR, ExternalId="small")
        aws.client("ec2", key=member, region="eu-west-1").describe_instances()


def test_buckets_and_their_objects_come_back(emulator: Emulator, aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="reports")
    s3.put_object(Bucket="reports", Key="one", Body=b"first")
    kept = emulator.snapshot()
    s3.put_object(Bucket="reports", Key="one", Body=b"second")
    s3.create_bucket(Bucket="later")
    emulator.restore(kept)
    assert s3.get_object(Bucket="reports", Key="one")["Body"].read() == b"first"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["reports"]
    # The name is free again, for another account too: moto keeps the owners of names apart from the buckets.
    aws.client("s3", key=aws.assume(AUDITOR, ExternalId="small")).create_bucket(Bucket="later")


def test_versions_of_objects_come_back(emulator: Emulator, aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    for content in (b"one", b"two"):
        s3.put_object(Bucket="versioned", Key="a", Body=content)
    before = s3.list_object_versions(Bucket="versioned")["Versions"]
    kept = emulator.snapshot()
    s3.put_object(Bucket="versioned", Key="a", Body=b"three")
    emulator.restore(kept)
    after = s3.list_object_versions(Bucket="versioned")["Versions"]
    assert [(entry["VersionId"], entry["IsLatest"]) for entry in after] == [
        (entry["VersionId"], entry["IsLatest"]) for entry in before
    ]
    assert len(after) == 2
    assert s3.get_object(Bucket="versioned", Key="a")["Body"].read() == b"two"


def test_messages_of_queues_come_back(emulator: Emulator, aws: Aws) -> None:
    """Queues have locks and conditions, which have no state to keep."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="first")
    kept = emulator.snapshot()
    (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
    sqs.send_message(QueueUrl=url, MessageBody="second")
    emulator.restore(kept)
    (again,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert again["Body"] == "first"


def test_account_whose_functions_were_listed_can_be_kept(emulator: Emulator, aws: Aws) -> None:
    """moto then makes a dictionary with a function of its own, which no copy can find by name."""
    functions = aws.client("lambda", region="eu-west-1")
    assert functions.list_functions()["Functions"] == []
    emulator.restore(emulator.snapshot())
    assert functions.list_functions()["Functions"] == []
    emulator.restore(emulator.snapshot())


def test_sessions_are_those_that_were_open_then(emulator: Emulator, aws: Aws) -> None:
    device = {"SerialNumber": f"arn:aws:iam::{MANAGEMENT}:mfa/alice", "TokenCode": "123456"}
    with_code = aws.assume(AUDITOR, ExternalId="small", **device)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam", key=with_code).create_role(RoleName="strict", AssumeRolePolicyDocument=trust)
    kept = emulator.snapshot()
    later = aws.assume(AUDITOR, ExternalId="small")
    request = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/strict", "RoleSessionName": "test"}
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("sts", key=later).assume_role(**request)
    emulator.reset()
    emulator.restore(kept)
    # A key that was made since is one that nobody made.
    assert aws.client("sts", key=later).get_caller_identity()["Arn"].endswith(":user/emulator-administrator")
    assert aws.client("sts", key=with_code).assume_role(**request)["Credentials"]


def test_identifiers_go_on_as_they_did(emulator: Emulator, aws: Aws) -> None:
    kept = emulator.snapshot()
    made = []
    for _time in range(2):
        made.append(aws.client("iam").create_user(UserName="bob")["User"]["UserId"])
        emulator.restore(kept)
    assert made[0] == made[1]


def test_clock_faults_and_log_are_those_of_then(emulator: Emulator, aws: Aws) -> None:
    emulator.clock(offset_days=90)
    emulator.faults([{"kind": "error", "service": "sts", "code": "Throttling"}])
    assert users(aws)
    kept = emulator.snapshot()
    emulator.clock()
    emulator.clear_faults()
    emulator.clear_log()
    aws.client("iam").create_user(UserName="bob")
    emulator.restore(kept)
    assert [record["operation"] for record in emulator.log()] == ["ListUsers"]
    assert offset(emulator) > timedelta(days=89)
    with pytest.raises(ClientError, match="Throttling"):
        aws.client("sts").get_caller_identity()


def offset(emulator: Emulator) -> timedelta:
    return datetime.fromisoformat(emulator.health()["now"]) - datetime.now(UTC)


CHANGES: t.Final[t.Mapping[str, t.Callable[[Emulator], object]]] = {
    "clock": lambda emulator: emulator.clock(offset_days=90),
    "faults": lambda emulator: emulator.faults([{"kind": "error", "code": "Throttling"}]),
    "log": lambda emulator: emulator.clear_log(),
    "seed": lambda emulator: emulator.reset("bare"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_change_by_the_controls_alone_is_undone(
    emulator: Emulator, aws: Aws, change: t.Callable[[Emulator], object]
) -> None:
    assert users(aws)
    kept = emulator.snapshot()
    for _time in range(2):
        change(emulator)
        emulator.restore(kept)
        assert [record["operation"] for record in emulator.log()] == ["ListUsers"]
        assert offset(emulator) < timedelta(days=1)
    assert users(aws) == ["alice"]


def test_only_what_changed_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    restored: list[Snapshot] = []
    server = Server()
    monkeypatch.setattr(server, "restore", restored.append)
    control = Control(server)
    control.seed("bare")

    def ask(method: str, path: str, data: t.Any = None) -> None:
        body = json.dumps(data or {}).encode()
        environ = EnvironBuilder(path, method=method, data=body, headers={"Host": "iam.amazonaws.com"}).get_environ()
        assert control.handle(environ, body).status < 500

    ask("PUT", "/_emulator/snapshot")
    ask("GET", "/_emulator/log")
    ask("PUT", "/_emulator/restore", {"snapshot": 1})
    assert len(restored) == 0
    ask("POST", "/")
    for _time in range(2):
        ask("PUT", "/_emulator/restore", {"snapshot": 1})
    assert len(restored) == 1
    control.seed(None)


def test_forgotten_snapshot_cannot_be_restored(emulator: Emulator) -> None:
    kept, forgotten = emulator.snapshot(), emulator.snapshot()
    emulator.forget(forgotten)
    with pytest.raises(EmulatorError, match=f"there is no snapshot {forgotten}; there are: .*{kept}"):
        emulator.restore(forgotten)
    emulator.forget(kept)
