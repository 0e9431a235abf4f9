# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the bucket of examples/bootstrap/evidence-bucket.yml lets its four roles do, and everybody else."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from evidence_bucket import make_bucket, resolve

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.stop_switch import KEY
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.evaluate import (
    Evaluator,
    Layers,
    Outcome,
    Request,
)
from emulator.client import ADMINISTRATOR_KEY, EmulatorProcess

BUCKET: t.Final = "acme-evidence"
RECORD: t.Final = "journal/111122223333/run/job/000001-intent.json"
PLAN: t.Final = f"reports/111122223333/plans/{64 * '0'}.json"
EVIDENCE: t.Final = "journal/incident/INC-7/111122223333/run-first-credential_quarantine.json"
STOP: t.Final = f"journal/{KEY}"
INCIDENT: t.Final = f"journal/{record_key('111122223333', 'INC-7')}"
LEASE: t.Final = "journal/control/leases/111122223333.json"
# Folders of control state, by who may write there.
OF_RESPONSE: t.Final = ("control/incidents/", "control/incidents-released/", "control/drills/")
OF_WRITERS: t.Final = ("control/leases/", "control/fleet/", "control/waves/", "control/trust/")


class Roles:
    """Clients of S3 in the roles of the bucket, and in that of the account's administrator."""

    def __init__(self, url: str) -> None:
        self._url = url
        arns = make_bucket(self._client, BUCKET)
        self.admin = self._client("s3")
        self.writer, self.response, self.people, self.auditor = (
            self._client("s3", self._assume(arns[name]))
            for name in ("WriterRoleArn", "IncidentRoleArn", "StopRoleArn", "AuditorRoleArn")
        )

    def _client(self, service: str, key: str = ADMINISTRATOR_KEY) -> t.Any:
        given = {"aws_access_key_id": key, "aws_secret_access_key": "emulated"}
        return boto3.client(service, endpoint_url=self._url, region_name="us-east-1", **given)  # type: ignore[call-overload]

    def _assume(self, role_arn: str) -> str:
        answer = self._client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")
        return str(answer["Credentials"]["AccessKeyId"])


@pytest.fixture(scope="module")
def roles() -> t.Iterator[Roles]:
    with EmulatorProcess(seed="bare") as process:
        yield Roles(process.url)


def put(client: t.Any, key: str, **more: t.Any) -> str:
    """Write an object: the code of the error, or nothing."""
    return attempt(client.put_object, Key=key, Body=b"{}", **more)


def attempt(call: t.Callable[..., t.Any], **parameters: t.Any) -> str:
    try:
        call(Bucket=BUCKET, **parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_records_and_plans_are_written_once(roles: Roles) -> None:
    kept = ("reports/manifests/00000001.json", "reports/fleets/x.json", "reports/runs/x.json")
    for key in (RECORD, PLAN, EVIDENCE, *kept):
        assert put(roles.writer, key) == "AccessDenied", key
        assert put(roles.writer, key, IfNoneMatch="*") == "", key
        assert put(roles.writer, key, IfNoneMatch="*") == "PreconditionFailed", key


def test_copies_and_control_state_are_written_again(roles: Roles) -> None:
    # The other tests write the lease as well.
    lease = LEASE.replace("111122223333", "444455556666")
    for key in ("reports/111122223333/report.json", "reports/fleet.json", "reports/manifest.json", lease):
        assert [put(roles.writer, key), put(roles.writer, key)] == ["", ""], key
        assert len(roles.auditor.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]) == 2


def test_nobody_deletes(roles: Roles) -> None:
    version = roles.writer.put_object(Bucket=BUCKET, Key="reports/kept.json", Body=b"{}")["VersionId"]
    for client in (roles.writer, roles.people, roles.auditor, roles.admin):
        assert attempt(client.delete_object, Key="reports/kept.json") == "AccessDenied"
        assert attempt(client.delete_object, Key="reports/kept.json", VersionId=version) == "AccessDenied"
    objects = {"Objects": [{"Key": "reports/kept.json", "VersionId": version}]}
    assert attempt(roles.admin.delete_objects, Delete=objects) == "AccessDenied"


def test_the_lock_holds_where_the_policy_is_gone(roles: Roles) -> None:
    version = roles.writer.put_object(Bucket=BUCKET, Key=LEASE, Body=b"{}")["VersionId"]
    # The policy lets control state be deleted: the versions of it stay all the same.
    assert attempt(roles.writer.delete_object, Key=LEASE) == ""
    assert attempt(roles.writer.delete_object, Key=LEASE, VersionId=version) == "AccessDenied"


def test_only_people_stop(roles: Roles) -> None:
    assert put(roles.writer, STOP) == "AccessDenied"
    assert put(roles.admin, STOP) == "AccessDenied"
    assert put(roles.people, STOP) == ""
    assert attempt(roles.writer.delete_object, Key=STOP) == "AccessDenied"
    assert attempt(roles.writer.get_object, Key=STOP) == ""
    assert attempt(roles.people.delete_object, Key=STOP) == ""
    assert put(roles.people, f"{STOP}.json") == "AccessDenied"


def test_the_roles_that_write_accounts_neither_declare_nor_release_an_incident(roles: Roles) -> None:
    """A forged release would let scheduled runs undo a containment."""
    for folder in OF_RESPONSE:
        assert put(roles.writer, f"journal/{folder}x.json") == "AccessDenied", folder
        assert put(roles.response, f"journal/{folder}x.json") == "", folder
    for folder in OF_WRITERS:
        assert put(roles.writer, f"journal/{folder}x.json") == "", folder
    assert put(roles.response, STOP) == "AccessDenied"


def test_each_folder_of_control_is_known(checkout: Path) -> None:
    """Whoever adds one decides whether the roles that write accounts may write there."""
    texts = (path.read_text(encoding="utf-8") for path in (checkout / "plugins").rglob("*.py"))
    found = {name for text in texts for name in re.findall(r'"(control/[a-z_-]+/?)', text)}
    assert found - {KEY, "control/"} == {*OF_RESPONSE, *OF_WRITERS}


HOME: t.Final = "999988887777"
ARNS: t.Final = {
    name: f"arn:aws:iam::{HOME}:role/{name.removesuffix('RoleArn').lower()}"
    for name in ("WriterRoleArn", "IncidentRoleArn", "StopRoleArn", "AuditorRoleArn")
}
OTHER: t.Final = f"arn:aws:iam::{HOME}:role/admin"
#: Below control/, the roles that write where, and those that delete.
WRITTEN_BY: t.Final = {
    **dict.fromkeys((f"{folder}x.json" for folder in OF_WRITERS), ("WriterRoleArn", "IncidentRoleArn")),
    **dict.fromkeys((f"{folder}x.json" for folder in OF_RESPONSE), ("IncidentRoleArn",)),
    KEY: ("StopRoleArn",),
    "control/elsewhere": (),
    "control/x/y.json": (),
    "control/incidents": (),
}
DELETED_BY: t.Final = {f"{OF_RESPONSE[0]}x.json": ("StopRoleArn",), KEY: ("StopRoleArn",)}


@pytest.mark.parametrize("key", WRITTEN_BY)
def test_control_state_is_written_by_named_roles_alone(key: str) -> None:
    """Whatever their own policies allow: the bucket is in another account than its writers, and decides too."""
    resources = resolve({"BucketName": BUCKET, **ARNS})
    bucket = parse(resources["Policy"]["Properties"]["PolicyDocument"])
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    evaluator = Evaluator(Layers(identity=(parse(everything),)))

    def may(action: str, principal: str) -> bool:
        request = Request(
            action,
            f"arn:aws:s3:::{BUCKET}/journal/{key}",
            principal=principal,
            context={"aws:SecureTransport": "true", "aws:PrincipalArn": principal, "s3:if-none-match": "*"},
            resource_policy=bucket,
            resource_account="111122223333",
        )
        outcome = evaluator.decide(request).outcome
        assert outcome is not Outcome.UNKNOWN
        return outcome is Outcome.ALLOWED

    for action, table in (("s3:PutObject", WRITTEN_BY), ("s3:DeleteObject", DELETED_BY)):
        found = {principal for principal in (*ARNS.values(), OTHER) if may(action, principal)}
        assert found == {ARNS[name] for name in table.get(key, ())}, action
    assert not any(may("s3:DeleteObjectVersion", principal) for principal in ARNS.values())


def test_only_people_remove_records_of_incidents(roles: Roles) -> None:
    for _time in range(2):
        assert put(roles.response, INCIDENT) == ""
    for client in (roles.writer, roles.response, roles.auditor, roles.admin):
        assert attempt(client.delete_object, Key=INCIDENT) == "AccessDenied"
    assert put(roles.people, INCIDENT) == "AccessDenied"
    assert attempt(roles.people.get_object, Key=INCIDENT) == ""
    assert attempt(roles.people.delete_object, Key=INCIDENT) == ""
    assert len(roles.auditor.list_object_versions(Bucket=BUCKET, Prefix=INCIDENT)["Versions"]) == 2


def test_nobody_else_writes(roles: Roles) -> None:
    for client in (roles.people, roles.auditor, roles.admin):
        for key in ("reports/manifest.json", LEASE, "elsewhere"):
            assert put(client, key, IfNoneMatch="*") == "AccessDenied", key
    assert put(roles.writer, "elsewhere", IfNoneMatch="*") == ""


@pytest.mark.parametrize(
    "encryption",
    [
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:999999999999:key/theirs"},
    ],
)
def test_no_other_key_encrypts(roles: Roles, encryption: dict[str, str]) -> None:
    assert put(roles.writer, "reports/sealed.json", **encryption) == "AccessDenied"


def test_the_writer_changes_no_setting(roles: Roles) -> None:
    suspended = {"Status": "Suspended"}
    assert attempt(roles.writer.put_bucket_versioning, VersioningConfiguration=suspended) == "AccessDenied"
    assert attempt(roles.writer.delete_bucket_policy) == "AccessDenied"
    lock: dict[str, t.Any] = {"ObjectLockEnabled": "Enabled"}
    assert attempt(roles.writer.put_object_lock_configuration, ObjectLockConfiguration=lock) == "AccessDenied"
    rule: dict[str, t.Any] = {"ID": "x", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    rules = {"Rules": [rule]}
    assert attempt(roles.writer.put_bucket_lifecycle_configuration, LifecycleConfiguration=rules) == "AccessDenied"
