# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.changes import (
    CREATE_KEY,
    RotationWriter,
    describe_creation,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    ACTIVE,
    INACTIVE,
    Key,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.undo import DERIVATIONS
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.affected import mismatch_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo_requests import derive, find_mismatch

from .rotations import ACCOUNT, NEW, OLD, PREVIOUS, SECRET, TARGET, USER, VERSION, key, secret, user

WRITER: t.Final = RotationWriter(ACCOUNT, "aws", "us-east-1", {"iam-hardening:managed": "true"})
SVC: t.Final = user(key())
CHANGES: t.Final = (
    WRITER.create_secret(SVC, TARGET),
    WRITER.create_key(SVC, key(), TARGET, secret()),
    WRITER.move_label(SVC, secret(), TARGET, version=VERSION),
    WRITER.deactivate(SVC, key(used=1)),
    WRITER.delete(SVC, key(status=INACTIVE)),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.operation)
def test_a_request_does_what_the_change_shows_and_its_undo_follows_from_it(change: Change) -> None:
    assert mismatch_of(change) is None and find_mismatch(change, DERIVATIONS) == ""
    assert (change.undo is None) == (change.operation == "DeleteAccessKey")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.operation)
def test_no_change_has_room_for_a_secret(change: Change) -> None:
    assert "SecretString" not in str(change.as_entry()) and "SecretAccessKey" not in str(change.as_entry())


def test_the_undo_of_a_move_names_the_version_that_it_takes_the_label_from() -> None:
    undo = derive(CHANGES[2], DERIVATIONS)
    assert undo is not None and undo.parameters == {
        "SecretId": SECRET,
        "VersionStage": "AWSCURRENT",
        "MoveToVersionId": PREVIOUS,
        "RemoveFromVersionId": VERSION,
    }


OTHER_SECRET: t.Final = "its target is another secret"
NO_SECRET: t.Final = "its target is no secret"


@pytest.mark.parametrize(
    ("number", "fields", "reason"),
    [
        (0, {"target": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:prod/database"}, OTHER_SECRET),
        (
            0,
            {"target": "arn:aws:secretsmanager:us-east-1:999988887777:secret:iam-hardening/access-keys/svc"},
            OTHER_SECRET,
        ),
        (0, {"target": f"x:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{TARGET.secret}"}, OTHER_SECRET),
        (0, {"before": {"secret": TARGET.secret}}, "there was a secret before"),
        (1, {"target": "arn:aws:iam::999988887777:user/svc"}, "is no user of the account"),
        (1, {"before": {**CHANGES[1].before, "new_key": {"status": ACTIVE}}}, "there was another key before"),
        (2, {"target": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:x"}, NO_SECRET),
        (2, {"target": SECRET.removeprefix("arn:")}, NO_SECRET),
        (2, {"target": f"aws:{SECRET}"}, NO_SECRET),
        (2, {"before": {**CHANGES[2].before, "label": "AWSPENDING"}}, "it is about another label"),
        (2, {"after": {"user": USER, "label": "AWSPENDING", "version": VERSION}}, "it is about another label"),
        (3, {"before": {"kind": "access_key", "id": OLD, "status": INACTIVE}}, ""),
    ],
)
def test_a_forged_record_has_no_undo(number: int, fields: dict[str, t.Any], reason: str) -> None:
    found = find_mismatch(dataclasses.replace(CHANGES[number], **fields), DERIVATIONS)
    assert found and reason in found


# The state that a new key is looked up by

BEFORE: t.Final = CHANGES[1].before


def describe(*keys: Key, **labels: str) -> t.Any:
    return describe_creation(BEFORE, user(*keys), secret(labels=labels), ACCOUNT)


def test_the_state_before_and_after_a_new_key() -> None:
    assert describe(key(), AWSCURRENT=PREVIOUS) == BEFORE
    both = key(), key(NEW)
    assert describe(*both, AWSCURRENT=PREVIOUS, AWSPENDING=VERSION) == CHANGES[1].after


@pytest.mark.parametrize(
    "found",
    [
        # The secret does not hold it, it is inactive, consumers read it already, or the old one is gone.
        describe(key(), key(NEW), AWSCURRENT=PREVIOUS),
        describe(key(), key(NEW, status=INACTIVE), AWSCURRENT=PREVIOUS, AWSPENDING=VERSION),
        describe(key(), key(NEW), AWSCURRENT=VERSION),
        describe(key(NEW), AWSCURRENT=PREVIOUS, AWSPENDING=VERSION),
        describe(key(status=INACTIVE), key(NEW), AWSCURRENT=PREVIOUS, AWSPENDING=VERSION),
        describe(key(), key(NEW), key("AKIATHIRDTHIRDTHIRD3"), AWSCURRENT=PREVIOUS, AWSPENDING=VERSION),
    ],
)
def test_any_other_state_is_neither(found: t.Any) -> None:
    assert found not in (BEFORE, CHANGES[1].after)


def test_consumers_read_the_first_version_of_a_secret_and_the_key_for_an_inactive_one_at_once() -> None:
    for change in (
        WRITER.create_key(SVC, key(), TARGET, None),
        WRITER.create_key(SVC, key(), TARGET, secret(labels={})),
        WRITER.create_key(SVC, key(status=INACTIVE), TARGET, secret()),
    ):
        assert (change.operation, change.after["new_key"]["current"]) == (CREATE_KEY, True)
    assert CHANGES[1].after["new_key"] == {"status": ACTIVE, "stored": True, "current": False}
