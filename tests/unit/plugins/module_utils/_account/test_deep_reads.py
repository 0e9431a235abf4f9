# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import deepen
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, SshPublicKey
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound

from .fakes import LONG_AGO, FakeAccess, deny, read, refusal, unread_of

GENERATE = "iam:GenerateServiceLastAccessedDetails"
GET = "iam:GetServiceLastAccessedDetails"
DEVICES = "iam:ListMFADevices"
SSH_KEYS = "iam:ListSSHPublicKeys"
ROLE = "arn:aws:iam::111122223333:role/web"
USER = "arn:aws:iam::111122223333:user/team/bob"
S3 = {
    "ServiceNamespace": "s3",
    "LastAuthenticated": LONG_AGO,
    "TrackedActionsLastAccessed": [
        {"ActionName": "PutObject"},
        {"ActionName": "GetObject", "LastAccessedTime": LONG_AGO},
    ],
}
IAM = {"ServiceNamespace": "iam"}
JOB = {"JobId": "job"}
IN_PROGRESS = {"JobStatus": "IN_PROGRESS", "ServicesLastAccessed": []}
COMPLETED = {"JobStatus": "COMPLETED", "ServicesLastAccessed": [S3, IAM]}


def read_accesses(access: FakeAccess, *arns: str) -> Snapshot:
    return read(access, Dataset.SERVICE_LAST_ACCESSED, principals=arns)


def test_services_with_their_actions() -> None:
    access = FakeAccess({GENERATE: JOB, GET: [IN_PROGRESS, IN_PROGRESS, COMPLETED]})
    iam, s3 = read_accesses(access, ROLE).service_last_accessed[ROLE]
    assert (iam.service, iam.last_used, iam.actions) == ("iam", None, {})
    assert (s3.service, s3.last_used, s3.actions) == ("s3", LONG_AGO, {"GetObject": LONG_AGO, "PutObject": None})
    assert access.names == [GENERATE, GET, GET, GET]
    assert access.calls[0].parameters == {"Arn": ROLE, "Granularity": "ACTION_LEVEL"}


def test_without_actions_where_they_are_not_tracked() -> None:
    access = FakeAccess({GENERATE: [refusal("InvalidInput"), JOB], GET: COMPLETED})
    assert ROLE in read_accesses(access, ROLE).service_last_accessed
    assert [call.parameters["Granularity"] for call in access.calls[:2]] == ["ACTION_LEVEL", "SERVICE_LEVEL"]


def test_a_result_of_several_pages_is_listed() -> None:
    pages: list[t.Any] = [
        {**COMPLETED, "IsTruncated": True, "Marker": "m"},
        {"ServicesLastAccessed": [S3], "IsTruncated": True, "Marker": "m"},
        {"ServicesLastAccessed": [IAM], "IsTruncated": False},
    ]
    found = read_accesses(FakeAccess({GENERATE: JOB, GET: pages}), ROLE).service_last_accessed[ROLE]
    assert [use.service for use in found] == ["iam", "s3"]


def test_principals_that_are_gone_are_left_out() -> None:
    def generate(*, Arn: str, Granularity: str, region: t.Optional[str]) -> t.Any:
        return JOB if Arn == ROLE else refusal("NoSuchEntity", kind=NotFound)

    snapshot = read_accesses(FakeAccess({GENERATE: generate, GET: COMPLETED}), ROLE, USER)
    assert set(snapshot.service_last_accessed) == {ROLE}
    assert snapshot.missing(Dataset.SERVICE_LAST_ACCESSED) is None


def test_one_principal_that_fails_is_said_and_costs_the_others_nothing() -> None:
    def generate(*, Arn: str, Granularity: str, region: t.Optional[str]) -> t.Any:
        return JOB if Arn == ROLE else deny(GENERATE)

    snapshot = read_accesses(FakeAccess({GENERATE: generate, GET: COMPLETED}), ROLE, USER)
    assert set(snapshot.service_last_accessed) == {ROLE}
    assert unread_of(snapshot, Dataset.SERVICE_LAST_ACCESSED)[2] == GENERATE


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (IN_PROGRESS, "unreachable", f"had not returned the last accesses of {ROLE} after"),
        ({"JobStatus": "FAILED", "Error": {"Code": "Oops", "Message": "gone"}}, "unsupported", "Oops: gone"),
        ({"JobStatus": "FAILED"}, "unsupported", "no code: no message"),
        ({"JobStatus": "COMPLETED"}, "unparsable", "ServicesLastAccessed is missing"),
        ({}, "unparsable", "JobStatus is missing"),
    ],
)
def test_jobs_that_come_to_nothing(answer: dict[str, t.Any], kind: str, words: str) -> None:
    found = unread_of(read_accesses(FakeAccess({GENERATE: JOB, GET: answer}), ROLE), Dataset.SERVICE_LAST_ACCESSED)
    assert (found[0], found[2]) == (kind, GET)
    assert words in found[1]


def test_mfa_devices_of_the_users_among_the_principals() -> None:
    access = FakeAccess({DEVICES: {"MFADevices": [{"SerialNumber": "b"}, {"SerialNumber": "a"}]}})
    snapshot = read(access, Dataset.MFA_DEVICES, principals=[USER, ROLE])
    assert snapshot.mfa_serial_numbers == {USER: ("a", "b")}
    assert [call.parameters for call in access.calls] == [{"UserName": "bob"}]


def test_ssh_keys_of_the_users_among_the_principals() -> None:
    when = datetime(2026, 1, 31, tzinfo=UTC)
    keys = [
        {"SSHPublicKeyId": "APKAB", "Status": "Inactive", "UploadDate": when},
        {"SSHPublicKeyId": "APKAA", "Status": "Active", "UploadDate": when},
    ]
    access = FakeAccess({SSH_KEYS: {"SSHPublicKeys": keys}})
    snapshot = read(access, Dataset.SSH_PUBLIC_KEYS, principals=[USER, ROLE])
    found = (SshPublicKey("APKAA", True, when), SshPublicKey("APKAB", False, when))
    assert snapshot.ssh_public_keys == {USER: found}
    assert [call.parameters for call in access.calls] == [{"UserName": "bob"}]


@pytest.mark.parametrize(
    ("operation", "dataset"), [(DEVICES, Dataset.MFA_DEVICES), (SSH_KEYS, Dataset.SSH_PUBLIC_KEYS)]
)
def test_a_user_that_is_gone_is_left_out(operation: str, dataset: Dataset) -> None:
    access = FakeAccess({operation: refusal("NoSuchEntity", kind=NotFound)})
    snapshot = read(access, dataset, principals=[USER])
    assert (snapshot.mfa_serial_numbers, snapshot.ssh_public_keys) == ({}, {})
    assert snapshot.missing(dataset) is None


def test_deepen_adds_to_a_snapshot() -> None:
    access = FakeAccess({DEVICES: {"MFADevices": []}, GENERATE: JOB, GET: COMPLETED})
    first = read(access, Dataset.MFA_DEVICES, principals=[USER])
    assert unread_of(first, Dataset.SERVICE_LAST_ACCESSED)[0] == "not_requested"
    deeper = deepen(
        t.cast(t.Any, access), first, principals={ROLE}, datasets=[Dataset.SERVICE_LAST_ACCESSED], sleep=lambda _: None
    )
    assert set(deeper.service_last_accessed) == {ROLE}
    assert deeper.mfa_serial_numbers == {USER: ()}
    assert deeper.missing(Dataset.SERVICE_LAST_ACCESSED) is None
    assert first.service_last_accessed == {}
