# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of the fifteen developer roles, read from the emulator and from log files."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS, collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Role
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import Record, Status
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source
from ansible_collections.hardening.iam.plugins.module_utils._prediction.evidence import RECORDS_OPERATIONS, read_records
from ansible_collections.hardening.iam.plugins.module_utils._prediction.records.evidence_options import (
    EVIDENCE_ARGUMENTS,
    EXCLUDE_EVIDENCE_ARGUMENTS,
    EvidenceOptions,
)
from ansible_collections.hardening.iam.plugins.modules.policy_impact_info import ENTRY as IMPACT
from unit.emulator.seeded import Seeded, serving

DEV: t.Final = "333344445555"
ROLE: t.Final = f"arn:aws:iam::{DEV}:role/dev-team-07-role"
DATASETS: t.Final = frozenset({Dataset.AUTHORIZATION_DETAILS})
READS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(
    RECORDS_OPERATIONS, *(OPERATIONS[dataset] for dataset in DATASETS)
)
Json = dict[str, t.Any]


@pytest.fixture(scope="module")
def acme() -> t.Iterator[Seeded]:
    with serving("acme") as seeded:
        yield seeded


class Reading(t.NamedTuple):
    record: Record
    role: Role
    now: datetime


class Scan:
    """Keeps the names of all events that it is given."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, record: t.Any) -> None:
        self.names.append(record["eventName"])


def read(acme: Seeded, *, keys: t.Collection[str] = (), scans: t.Sequence[Scan] = (), **options: t.Any) -> Reading:
    """The record of one role, read in a task as a module would."""
    found: list[Reading] = []

    def run(task: Task) -> Json:
        connection = task.connection
        snapshot = collect(connection.access, datasets=DATASETS, regions=(), now=connection.now)
        permissions, evidence = Permissions(snapshot), EvidenceOptions.of(task)
        records = read_records(
            connection,
            evidence,
            snapshot,
            permissions,
            [ROLE],
            keys=frozenset(keys),
            scans=scans,
            sleep=lambda _seconds: None,
        )
        (role,) = (role for role in snapshot.roles if role.arn == ROLE)
        found.append(Reading(records[ROLE], role, connection.now))
        return {}

    spec = {**IMPACT.argument_spec(), **EVIDENCE_ARGUMENTS, **EXCLUDE_EVIDENCE_ARGUMENTS}
    given = {
        "endpoint_url": acme.endpoint,
        "access_key": "administrator",
        "secret_key": "emulated",
        "region": "us-east-1",
        "assessor_role_arn": f"arn:aws:iam::{DEV}:role/iam-hardening/assessor",
        "assume_role_external_id": "acme-hardening",
        "principals": [ROLE],
        "event_history": False,
        **options,
    }
    validation = ArgumentSpecValidator({**aws_argument_spec(), **spec}).validate(given)
    assert not validation.error_messages
    entry = Entry(argument_spec=lambda: spec, operations=READS, run=run)
    result = execute(entry, options=validation.validated_parameters, check_mode=True)
    assert not result.get("failed"), result
    return found[0]


def make_event(role: Role, moment: datetime, call: str = "s3:CreateBucket", **fields: t.Any) -> Json:
    source, _colon, name = call.partition(":")
    issuer = {"type": "Role", "principalId": role.unique_id, "arn": ROLE, "accountId": DEV}
    session = fields.pop("session", "build-1")
    identity = {
        "type": "AssumedRole",
        "principalId": f"{role.unique_id}:{session}",
        "arn": f"arn:aws:sts::{DEV}:assumed-role/dev-team-07-role/{session}",
        "accountId": DEV,
        "accessKeyId": fields.pop("key", "ASIAEXAMPLEEXAMPLE01"),
        "sessionContext": {"sessionIssuer": {**issuer, **fields.pop("issuer", {})}, "attributes": {}},
        **fields.pop("identity", {}),
    }
    return {
        "userIdentity": identity,
        "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.9",
        "requestParameters": {"bucketName": "acme-new"},
        "eventType": "AwsApiCall",
        "recipientAccountId": DEV,
        **fields,
    }


def write(directory: Path, *records: Json, name: str = "a") -> str:
    for record in records:
        moment = datetime.fromisoformat(record["eventTime"])
        folder = directory / "AWSLogs" / DEV / "CloudTrail" / record["awsRegion"] / f"{moment:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        file = f"{moment:%Y%m%dT%H%MZ}_{name}{len(list(folder.iterdir()))}.json.gz"
        path = folder / f"{DEV}_CloudTrail_{record['awsRegion']}_{file}"
        path.write_bytes(gzip.compress(json.dumps({"Records": [record]}).encode()))
    return str(directory)


@pytest.fixture(scope="module")
def known(acme: Seeded) -> Reading:
    return read(acme)


def actions(record: Record, source: Source = Source.TRAIL) -> set[str]:
    return {use.action for use in record.uses if use.source is source}


def test_the_event_history_and_last_accessed_are_in_the_record(acme: Seeded) -> None:
    scan = Scan()
    options = {"event_history": True, "event_history_max_pages": 1000, "regions": ["us-east-1"]}
    found = read(acme, scans=[scan], **options).record
    assert len(scan.names) == found.coverage.events and "UpdateFunctionCode20150331v2" in scan.names
    assert found.principal_arn == ROLE
    assert found.principal_id.startswith("AROA")
    assert "lambda:UpdateFunctionCode" in actions(found, Source.EVENT_HISTORY)
    assert found.is_last_accessed_read
    assert found.coverage.asked_days == 90
    assert found.coverage.of("ec2").status is not Status.BLIND
    assert len(found.digest) == 64


def test_each_class_of_event_comes_apart(acme: Seeded, known: Reading, tmp_path: Path) -> None:
    role, now = known.role, known.now - timedelta(hours=1)
    place = write(
        tmp_path,
        make_event(role, now),
        make_event(role, now, "s3:PutBucketPolicy", errorCode="AccessDenied"),
        make_event(role, now, "s3:DeleteBucket", issuer={"principalId": "AROAEARLIER"}),
        make_event(role, now, "s3:PutBucketAcl", recipientAccountId="999988887777"),
        make_event(role, now, "ec2:StartInstances", errorCode="Client.DryRunOperation"),
        make_event(role, now, "glue:GetDatabases", identity={"invokedBy": "athena.amazonaws.com"}),
    )
    found = read(acme, trail_logs=place).record
    assert actions(found) == {"s3:CreateBucket", "ec2:StartInstances", "glue:GetDatabases"}
    assert {use.action for use in found.denied} == {"s3:PutBucketPolicy"}
    assert {use.action for use in found.uses if use.is_dry_run} == {"ec2:StartInstances"}
    assert {use.action for use in found.uses if use.invoked_by} == {"glue:GetDatabases"}
    assert found.coverage.files_read == 6
    # Nobody knows which trail wrote the files of a directory.
    assert found.coverage.of("s3").status is Status.PARTIAL


def test_a_scan_looks_at_the_events_of_all_callers_once(acme: Seeded, known: Reading, tmp_path: Path) -> None:
    now, scan = known.now - timedelta(hours=1), Scan()
    stranger = {"type": "IAMUser", "arn": f"arn:aws:iam::{DEV}:user/stranger", "accountId": DEV}
    place = write(
        tmp_path,
        make_event(known.role, now),
        make_event(known.role, now, "sts:AssumeRole", identity=stranger),
        make_event(known.role, now, "s3:PutBucketAcl", recipientAccountId="999988887777"),
    )
    read(acme, trail_logs=place, scans=[scan], keys=["aws:principaltag/team"])
    assert sorted(scan.names) == ["AssumeRole", "CreateBucket"], "an event of another account is not believed"


def test_the_order_of_files_decides_nothing(acme: Seeded, known: Reading, tmp_path: Path) -> None:
    calls = ("s3:CreateBucket", "s3:ListBuckets", "sqs:CreateQueue")
    moments = (known.now - timedelta(hours=2 + number) for number in range(3))
    events = [make_event(known.role, moment, call) for moment, call in zip(moments, calls, strict=True)]
    one = read(acme, trail_logs=write(tmp_path / "one", *events)).record
    other = read(acme, trail_logs=write(tmp_path / "other", *reversed(events), name="z")).record
    assert one.digest == other.digest
    assert one.uses == other.uses


def write_quarter(directory: Path, role: Role, now: datetime, last: Json) -> str:
    """Files of more than a quarter, so that the place counts as whole."""
    return write(directory, make_event(role, now - timedelta(days=85)), last)


def test_a_call_explains_no_date_where_not_all_calls_were_recorded(
    acme: Seeded, known: Reading, tmp_path: Path
) -> None:
    """Nobody knows which trail wrote the files. A call in another region may have been before the recorded one."""
    dates = {use.action for use in known.record.uses if use.source is Source.LAST_ACCESSED}
    call = "lambda:UpdateFunctionCode"
    assert call in dates
    moment = known.now - timedelta(hours=2)
    last = make_event(known.role, moment, call, eventName="UpdateFunctionCode20150331v2")
    place = write_quarter(tmp_path, known.role, known.now, last)
    found = read(acme, trail_logs=place).record
    assert call in actions(found)
    assert found.coverage.of("lambda").status is Status.PARTIAL
    assert call in actions(found, Source.LAST_ACCESSED)
    # Calls that are left out still explain their date: an intruder keeps nothing.
    entry = {"sessions": ["build-1"], "reason": "stolen session"}
    left_out = read(acme, trail_logs=place, exclude_evidence=[entry]).record
    assert call not in actions(left_out) | actions(left_out, Source.LAST_ACCESSED)


def test_calls_of_an_incident_are_no_needs(acme: Seeded, known: Reading, tmp_path: Path) -> None:
    """Neither those from the address, nor those that a service made for the same session."""
    role, when = known.role, known.now - timedelta(hours=3)
    called = "cloudformation.amazonaws.com"
    service = {"sourceIPAddress": called, "identity": {"invokedBy": called}}
    place = write(
        tmp_path,
        make_event(role, when, "iam:CreateUser", key="ASIAINTRUDERINTRUDER", **service),
        make_event(role, when, "s3:DeleteBucket", key="ASIAINTRUDERINTRUDER", sourceIPAddress="198.51.100.7"),
        make_event(role, when),
    )
    entry = {"source_ips": ["198.51.100.0/24"], "incident": "INC-42", "reason": "stolen session"}
    assert actions(read(acme, trail_logs=place).record) == {"iam:CreateUser", "s3:DeleteBucket", "s3:CreateBucket"}
    found = read(acme, trail_logs=place, exclude_evidence=[entry]).record
    assert actions(found) == {"s3:CreateBucket"}
    assert "2 events were left out: INC-42 (stolen session)" in found.coverage.notes


def test_tags_of_a_session_are_condition_keys(acme: Seeded, known: Reading, tmp_path: Path) -> None:
    """The event with the tags is in a later file than the call, and in another region."""
    role, when = known.role, known.now - timedelta(hours=3)
    assume = make_event(
        role,
        when,
        "sts:AssumeRole",
        awsRegion="us-west-2",
        identity={"type": "AWSAccount", "accountId": "999988887777", "sessionContext": None},
        requestParameters={"roleArn": ROLE, "tags": [{"key": "team", "value": "red"}], "policy": "{}"},
        responseElements={"credentials": {"accessKeyId": "ASIATAGGEDTAGGED0001"}},
    )
    place = write(tmp_path, make_event(role, when, key="ASIATAGGEDTAGGED0001"), assume)
    found = read(acme, trail_logs=place, keys=["aws:principaltag/team"]).record
    (use,) = (use for use in found.uses if use.action == "s3:CreateBucket" and use.source is Source.TRAIL)
    assert use.context.get("aws:PrincipalTag/team") == ("red",)
    assert any("1 sessions had session policies" in note for note in found.coverage.notes)


def test_sources_that_can_not_be_read_are_no_evidence(
    acme: Seeded, known: Reading, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = Access.call

    def call(self: Access, service: str, operation: str, *args: t.Any, **more: t.Any) -> Json:
        if service == "cloudtrail":
            raise AwsError("denied by a test", service=service, operation=operation)
        return plain(self, service, operation, *args, **more)

    monkeypatch.setattr(Access, "call", call)
    found = read(acme, event_history=True, regions=["us-east-1"], trail_logs=str(tmp_path / "nothing")).record
    assert found.coverage.of("ec2").status is Status.BLIND
    assert found.coverage.since is None
    assert not actions(found)
    assert any("denied by a test" in reason for reason in found.coverage.of("ec2").reasons)
