# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files of CloudTrail as a busy account has them, of any number of events, to measure with.

Sizes and shares are those of public data sets: about 1.3 KB an event; a third are calls of services, a third read
objects, keys and queues, each of another resource; the rest repeats what monitoring and pipelines do.
"""

from __future__ import annotations

import datetime
import gzip
import json
import random
import typing as t
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import LogActivity, log_files
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import KnownPrincipal

ACCOUNT: t.Final = "111122223333"
REGION: t.Final = "eu-central-1"
ROLES: t.Final = tuple(f"arn:aws:iam::{ACCOUNT}:role/team/developer-{number:02}" for number in range(15))
#: The start of the days with events.
SINCE: t.Final = datetime.datetime(2026, 9, 1, tzinfo=datetime.UTC)
DAYS: t.Final = 60
#: The moment to read them at.
NOW: t.Final = SINCE + datetime.timedelta(days=DAYS)
EVENTS_A_FILE: t.Final = 400

Record = dict[str, t.Any]


def write_log_files(directory: Path, events: int, *, seed: int = 16) -> list[Path]:
    """Write log files in CloudTrail's layout. The same numbers give the same files."""
    chance = random.Random(seed)
    files: list[Path] = []
    for number in range(0, events, EVENTS_A_FILE):
        day = SINCE + datetime.timedelta(days=DAYS * number / events)
        records = [make_event(chance, day) for _ in range(min(EVENTS_A_FILE, events - number))]
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{day:%Y%m%dT%H%MZ}_{number:016}.json.gz"
        path = directory / "AWSLogs" / ACCOUNT / "CloudTrail" / REGION / f"{day:%Y/%m/%d}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps({"Records": records}, separators=(",", ":")).encode()
        path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0))
        files.append(path)
    return files


def make_event(chance: random.Random, day: datetime.datetime) -> Record:
    """An event of the day, of one of the roles or of a service."""
    source, name, request, resources = chance.choices(*_CALLS)[0](chance)
    role = chance.choice(ROLES)
    moment = day - datetime.timedelta(seconds=chance.randrange(600))
    record: Record = {
        "eventVersion": "1.11",
        "userIdentity": _make_identity(chance, role),
        "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": f"203.0.113.{chance.randrange(256)}",
        "userAgent": "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.1 cfg",
        "requestParameters": request,
        "responseElements": None,
        "requestID": f"{chance.getrandbits(128):032x}",
        "eventID": f"{chance.getrandbits(128):032x}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{source}.{REGION}.amazonaws.com",
        },
    }
    if resources:
        record["resources"] = resources
    if chance.random() < 0.02:
        record["errorCode"] = "AccessDenied"
    if chance.random() < 0.33:
        record["userIdentity"] = {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}
    return record


def _make_identity(chance: random.Random, role: str) -> Record:
    name = role.rpartition("/")[2]
    role_id = f"AROA{ROLES.index(role):017}"
    session = f"build-{chance.randrange(500)}"
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": f"ASIA{chance.getrandbits(64):016X}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": role,
                "accountId": ACCOUNT,
                "userName": name,
            },
            "attributes": {"creationDate": "2026-09-01T08:00:00Z", "mfaAuthenticated": "false"},
        },
    }


_Call = tuple[str, str, t.Optional[Record], list[Record]]


def _get_object(chance: random.Random) -> _Call:
    bucket = f"acme-data-{chance.randrange(20)}"
    key = f"year=2026/part-{chance.randrange(10**6):06}.parquet"
    request = {"bucketName": bucket, "Host": f"{bucket}.s3.{REGION}.amazonaws.com", "key": key}
    arns = [{"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}]
    return "s3", "GetObject", request, [*arns, {"type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]


def _decrypt(chance: random.Random) -> _Call:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{chance.randrange(30):08}-1111-2222-3333-444455556666"
    request = {"encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::acme-data/{chance.randrange(10**6)}"}}
    return "kms", "Decrypt", request, [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn}]


def _describe_instances(chance: random.Random) -> _Call:
    return "ec2", "DescribeInstances", {"instancesSet": {}, "filterSet": {}, "maxResults": 1000}, []


def _describe_one(chance: random.Random) -> _Call:
    identifier = f"i-{chance.randrange(10**5):017x}"
    return "ec2", "DescribeInstanceStatus", {"instancesSet": {"items": [{"instanceId": identifier}]}}, []


def _start_instances(chance: random.Random) -> _Call:
    identifier = f"i-{chance.randrange(200):017x}"
    return "ec2", "StartInstances", {"instancesSet": {"items": [{"instanceId": identifier}]}}, []


def _describe_alarms(chance: random.Random) -> _Call:
    return "monitoring", "DescribeAlarms", {"alarmNames": [f"app-{chance.randrange(100)}"]}, []


def _get_parameter(chance: random.Random) -> _Call:
    return "ssm", "GetParameter", {"name": f"/app/{chance.randrange(60)}/url", "withDecryption": True}, []


def _describe_log_streams(chance: random.Random) -> _Call:
    return "logs", "DescribeLogStreams", {"logGroupName": f"/aws/lambda/app-{chance.randrange(50)}"}, []


def _query(chance: random.Random) -> _Call:
    table = f"orders-{chance.randrange(10)}"
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"
    return "dynamodb", "Query", {"tableName": table}, [{"type": "AWS::DynamoDB::Table", "ARN": arn}]


def _assume_role(chance: random.Random) -> _Call:
    role = chance.choice(ROLES)
    request = {"roleArn": role, "roleSessionName": f"build-{chance.randrange(10**6)}", "durationSeconds": 3600}
    return "sts", "AssumeRole", request, [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}]


def _get_function(chance: random.Random) -> _Call:
    return "lambda", "GetFunction20150331v2", {"functionName": f"app-{chance.randrange(80)}"}, []


# Each kind of call, and how often it is made.
_CALLS: t.Final[tuple[list[t.Any], list[int]]] = (
    [
        _get_object,
        _decrypt,
        _describe_instances,
        _describe_one,
        _start_instances,
        _describe_alarms,
        _get_parameter,
        _describe_log_streams,
        _query,
        _assume_role,
        _get_function,
    ],
    [20, 14, 12, 6, 2, 8, 8, 6, 8, 12, 4],
)


def list_records(files: list[Path]) -> Iterator[Record]:
    """The events of log files."""
    for path in files:
        yield from json.loads(gzip.decompress(path.read_bytes()))["Records"]


# Two ways to read the files, to compare what they cost


def parse(files: list[Path]) -> int:
    """Only unpack and parse all files; the number of their events."""
    return sum(len(json.loads(gzip.decompress(path.read_bytes()))["Records"]) for path in files)


def read(directory: Path, kind: type[EventReader] = EventReader) -> tuple[LogActivity, EventReader]:
    """Read all events below a directory as a record of the fifteen roles does; what was found, and the reader."""
    reader = kind(
        principals=ROLES,
        names={f"role/{role.rpartition('/')[2]}": role for role in ROLES},
        keys=frozenset({"aws:requestedregion", "aws:multifactorauthpresent"}),
        account_id=ACCOUNT,
        known={role: KnownPrincipal(f"AROA{number:017}") for number, role in enumerate(ROLES)},
        is_detailed=True,
    )
    return log_files(DirectoryStore(str(directory)), reader, account_id=ACCOUNT, now=NOW, days=90), reader
