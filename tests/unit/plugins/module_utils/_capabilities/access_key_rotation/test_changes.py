# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.changes import (
    RotationWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import INACTIVE
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact, Undo

from .rotations import ACCOUNT, OLD, PREVIOUS, SECRET, TARGET, USER, VERSION, key, secret, user

WRITER: t.Final = RotationWriter(ACCOUNT, "aws-cn", "cn-north-1", {"z-team": "data", "a-team": "ops"})
VIRGINIA: t.Final = dataclasses.replace(WRITER, partition="aws", region="us-east-1")
NAME: t.Final = TARGET.secret
ELSEWHERE: t.Final = dataclasses.replace(TARGET, region="cn-northwest-1", kms_key_id="alias/keys")


def place(change: Change) -> tuple[str, ...]:
    return change.account_id, change.region, change.service, change.operation, change.target, change.kind


def test_a_new_secret_is_named_for_its_user_and_is_taken_back_for_a_month() -> None:
    change = WRITER.create_secret(user(), TARGET)
    arn = f"arn:aws-cn:secretsmanager:cn-north-1:{ACCOUNT}:secret:{NAME}"
    kind = "access_key_secret_create"
    assert place(change) == (ACCOUNT, "cn-north-1", "secretsmanager", "CreateSecret", arn, kind)
    tags = [("a-team", "ops"), ("iam-hardening:access-key-of", "svc"), ("z-team", "data")]
    assert change.parameters == {
        "Name": NAME,
        "Description": "Access key of the IAM user svc, rotated by hardening.iam",
        "Tags": [{"Key": key, "Value": value} for key, value in tags],
    }
    assert (change.before, change.after) == (None, {"user": USER, "secret": NAME})
    assert change.undo == Undo("DeleteSecret", {"SecretId": NAME, "RecoveryWindowInDays": 30})
    assert change.impact is Impact.ADDITIVE


def test_no_tag_takes_the_place_of_the_one_that_names_the_user() -> None:
    writer = dataclasses.replace(WRITER, tags={"iam-hardening:access-key-of": "other"})
    tags = writer.create_secret(user(), TARGET).parameters["Tags"]
    assert tags == [{"Key": "iam-hardening:access-key-of", "Value": "svc"}]


def test_the_region_and_the_key_of_a_secret_are_the_ones_of_its_target() -> None:
    made = WRITER.create_secret(user(), ELSEWHERE)
    assert (made.region, made.parameters["KmsKeyId"]) == ("cn-northwest-1", "alias/keys")
    assert made.target == f"arn:aws-cn:secretsmanager:cn-northwest-1:{ACCOUNT}:secret:{NAME}"
    assert WRITER.create_key(user(), key(), ELSEWHERE, secret()).after["secret_region"] == "cn-northwest-1"
    there = secret(arn=SECRET.replace("us-east-1", "cn-northwest-1"))
    assert WRITER.move_label(user(), there, ELSEWHERE, version=VERSION).region == "cn-northwest-1"


def test_a_new_key_is_shown_beside_the_old_one() -> None:
    change = WRITER.create_key(user(), key(status=INACTIVE), TARGET, secret())
    assert place(change) == (ACCOUNT, "global", "iam", "CreateAccessKey", USER, "access_key_create")
    shown = {"key": OLD, "status": INACTIVE, "secret": NAME, "secret_region": "cn-north-1"}
    assert change.before == {**shown, "new_key": None}
    assert change.after == {**shown, "new_key": {"status": "Active", "stored": True, "current": True}}
    assert change.parameters == {"UserName": "svc"}
    assert (change.undo, change.impact) == (Undo("DeleteAccessKey", {"UserName": "svc"}), Impact.ADDITIVE)


def test_a_label_is_moved_from_the_version_that_has_it() -> None:
    change = VIRGINIA.move_label(user(), secret(), TARGET, version=VERSION)
    kind = "access_key_distribute"
    assert place(change) == (ACCOUNT, "us-east-1", "secretsmanager", "UpdateSecretVersionStage", SECRET, kind)
    asked = {"SecretId": SECRET, "VersionStage": "AWSCURRENT"}
    assert change.parameters == {**asked, "MoveToVersionId": VERSION, "RemoveFromVersionId": PREVIOUS}
    assert change.undo == Undo(
        "UpdateSecretVersionStage", {**asked, "MoveToVersionId": PREVIOUS, "RemoveFromVersionId": VERSION}
    )
    shown = {"user": USER, "label": "AWSCURRENT"}
    assert (change.before, change.after) == ({**shown, "version": PREVIOUS}, {**shown, "version": VERSION})
    assert change.impact is Impact.ADDITIVE


def test_a_label_that_no_version_has_is_taken_from_none() -> None:
    change = VIRGINIA.move_label(user(), secret(labels={}), TARGET, version=VERSION)
    assert change.parameters == {"SecretId": SECRET, "VersionStage": "AWSCURRENT", "MoveToVersionId": VERSION}
    assert change.undo is None


@pytest.mark.parametrize(
    ("change", "operation", "kind"),
    [
        (WRITER.deactivate(user(), key()), "UpdateAccessKey", "access_key_deactivate"),
        (WRITER.delete(user(), key()), "DeleteAccessKey", "access_key_delete"),
        (WRITER.delete(user(), key(), is_discarded=True), "DeleteAccessKey", "access_key_discard"),
    ],
)
def test_an_old_key_and_a_lost_one_are_retired(change: Change, operation: str, kind: str) -> None:
    """The cap of the guard counts them by their kinds."""
    assert place(change) == (ACCOUNT, "global", "iam", operation, USER, kind)
    assert (change.parameters["UserName"], change.parameters["AccessKeyId"]) == ("svc", OLD)
    assert change.narrows
