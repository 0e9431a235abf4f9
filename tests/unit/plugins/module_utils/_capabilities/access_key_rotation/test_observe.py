# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.changes import (
    RotationWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    CURRENT,
    INACTIVE,
    Secret,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.observe import (
    read_secret,
    reread,
)

from .recorded import REGION, RecordedAws, answer_secret, answer_user
from .rotations import ACCOUNT, NEW, OLD, PREVIOUS, SECRET, TARGET, USER, VERSION, at, key, secret, user

VERSIONS: t.Final = {PREVIOUS: [CURRENT], VERSION: ["AWSPENDING", "blue"]}
WRITER: t.Final = RotationWriter(ACCOUNT, "aws", REGION)
GONE: t.Final = NotFound("none", code="ResourceNotFoundException")
DENIED: t.Final = AccessDenied("no", code="AccessDeniedException")


def read(**fields: t.Any) -> t.Optional[Secret]:
    return read_secret(t.cast(t.Any, RecordedAws(answer_secret(VERSIONS, **fields))), TARGET.secret, REGION)


def state(change: t.Any, **answers: t.Any) -> t.Any:
    aws = RecordedAws({**answer_user(key(), key(NEW, age=0)), **answer_secret(VERSIONS), **answers})
    return reread(t.cast(t.Any, aws), at(0))(change)


def test_a_secret_is_read_without_its_value() -> None:
    labels = {CURRENT: PREVIOUS, "AWSPENDING": VERSION, "blue": VERSION}
    assert read() == Secret(SECRET, TARGET.secret, labels, owner="svc")
    bare = RecordedAws({"DescribeSecret": {"ARN": SECRET, "Name": TARGET.secret}})
    assert read_secret(t.cast(t.Any, bare), TARGET.secret, REGION) == Secret(SECRET, TARGET.secret)
    assert bare.asked == [("DescribeSecret", {"SecretId": TARGET.secret}, REGION)]


@pytest.mark.parametrize("asked", [TARGET.secret, SECRET, SECRET[:-7]])
@pytest.mark.parametrize(
    "arn", [SECRET.replace(ACCOUNT, "999988887777"), SECRET.replace(REGION, "us-west-2"), f"{SECRET[:-7]}er-AbCdEf"]
)
def test_an_answer_about_another_secret_is_an_error(asked: str, arn: str) -> None:
    """Else the next request puts the value of a key there."""
    aws = RecordedAws({"DescribeSecret": {"ARN": arn, "Name": TARGET.secret}})
    with pytest.raises(AwsError, match=f"AWS answered for {arn}, and not for {asked}"):
        read_secret(t.cast(t.Any, aws), asked, REGION)
    assert read_secret(t.cast(t.Any, RecordedAws({"DescribeSecret": {"ARN": SECRET, "Name": "n"}})), asked, REGION)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"DeletedDate": at(1)}, "scheduled for deletion"),
        ({"OwningService": "rds"}, "the service rds manages it"),
        ({"RotationEnabled": True}, "rotates it by a function of its own"),
        ({"PrimaryRegion": "us-west-2"}, "a replica of the secret in us-west-2"),
        ({"PrimaryRegion": REGION}, ""),
        ({"RotationEnabled": False, "OwningService": ""}, ""),
    ],
)
def test_a_secret_that_takes_no_version_says_why(fields: dict[str, t.Any], words: str) -> None:
    found = read(**fields)
    assert found is not None and words in found.problem and bool(found.problem) is bool(words)
    assert found.is_deleted is ("DeletedDate" in fields)


def test_a_secret_that_is_not_there_is_none_and_one_that_cannot_be_read_an_error() -> None:
    aws = RecordedAws({"DescribeSecret": GONE})
    assert read_secret(t.cast(t.Any, aws), "name", REGION) is None
    for error in (DENIED, AwsError("busy")):
        with pytest.raises(AwsError):
            read_secret(t.cast(t.Any, RecordedAws({"DescribeSecret": error})), "name", REGION)


def test_the_state_of_a_new_key_is_read_with_its_secret() -> None:
    change = WRITER.create_key(user(key()), key(), TARGET, secret())
    seen = {"status": "Active", "stored": True, "current": False}
    assert state(change) == {**change.before, "new_key": seen}
    assert state(change, **answer_secret({VERSION: [CURRENT]})) == {
        **change.before,
        "new_key": {**seen, "current": True},
    }
    assert state(change, DescribeSecret=GONE)["new_key"] == {**seen, "stored": False}
    assert state(change, **answer_user(key())) == change.before
    assert state(change, **answer_user(key(status=INACTIVE)))["status"] == INACTIVE
    assert state(change, GetUser=GONE) == {**change.before, "status": None}
    more = answer_user(key(), key(NEW), key("AKIATHIRDTHIRDTHIRD3"))
    assert state(change, **more)["new_key"]["status"] == "more than one"
    with pytest.raises(AccessDenied):
        state(change, DescribeSecret=DENIED)


def test_the_state_of_a_secret_is_none_where_it_is_gone_or_to_be_deleted() -> None:
    change = WRITER.create_secret(user(key()), TARGET)
    assert state(change) == {"user": USER, "secret": TARGET.secret}
    assert state(change, DescribeSecret=GONE) is None
    assert state(change, **answer_secret(VERSIONS, DeletedDate=at(0))) is None
    foreign = answer_secret(VERSIONS, Tags=[{"Key": "iam-hardening:access-key-of", "Value": "other"}])
    assert state(change, **foreign) == {"user": "other", "secret": TARGET.secret}
    named = answer_secret(VERSIONS, Tags=[{"Key": "iam-hardening:access-key-of", "Value": "SVC"}])
    assert state(change, **named) == {"user": USER, "secret": TARGET.secret}


def test_the_state_of_a_label_is_its_version_and_no_secret_is_an_error() -> None:
    change = WRITER.move_label(user(), secret(), TARGET, version=VERSION)
    assert state(change) == {"user": USER, "label": CURRENT, "version": PREVIOUS} == change.before
    assert state(change, **answer_secret({}))["version"] == ""
    with pytest.raises(AwsError, match="is gone"):
        state(change, DescribeSecret=GONE)


def test_the_state_of_an_old_key_has_its_last_use() -> None:
    change = WRITER.deactivate(user(), key(used=1))
    shown = {"kind": "access_key", "id": OLD, "status": "Active", "last_used": "2026-03-02T00:00:00Z"}
    assert state(change, **answer_user(key(used=1), key(NEW))) == shown
    assert state(change, **answer_user(key(NEW))) is None
    assert state(change, ListAccessKeys=GONE) is None
    deleted = WRITER.delete(user(), key(used=1))
    assert state(deleted, **answer_user(key(used=2)))["last_used"] == "2026-03-03T00:00:00Z"
    assert state(dataclasses.replace(deleted, target="arn:aws:iam::1:user/path/svc")) is not None


def test_a_user_is_asked_for_by_its_name_without_its_path() -> None:
    made = WRITER.create_key(user(key()), key(), TARGET, secret())
    for change in (made, WRITER.deactivate(user(), key())):
        aws = RecordedAws({**answer_user(key()), **answer_secret(VERSIONS)})
        moved = dataclasses.replace(change, target=USER.replace("svc", "team/data/svc"))
        reread(t.cast(t.Any, aws), at(0))(moved)
        assert {asked["UserName"] for _operation, asked, _region in aws.asked if "UserName" in asked} == {"svc"}
