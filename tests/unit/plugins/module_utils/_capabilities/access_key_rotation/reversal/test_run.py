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
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.reversal.run import (
    find_new_key,
    find_undo_access,
    refuse_undos,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal

from ..recorded import REGION, RecordedAws, answer_secret, answer_user
from ..rotations import ACCOUNT, NEW, OLD, PREVIOUS, TARGET, USER, VERSION, Key, at, key, secret, user

WRITER: t.Final = RotationWriter(ACCOUNT, "aws", REGION)
DENIED: t.Final = AccessDenied("not allowed", code="AccessDenied")
HELD: t.Final = {PREVIOUS: ["AWSPREVIOUS"], VERSION: ["AWSCURRENT"]}


def take_back(change: Change, intent: str) -> Change:
    """The undo of a change, as a rollback makes it of the record with this key."""
    assert change.undo is not None
    return dataclasses.replace(
        change,
        operation=change.undo.operation,
        parameters=change.undo.parameters,
        before=change.after,
        after=change.before,
        undo=None,
        undoes=intent,
    )


KEY: t.Final = take_back(WRITER.create_key(user(), key(), TARGET, None), "key")
MADE: t.Final = take_back(WRITER.create_secret(user(), TARGET), "secret")
OTHERS: t.Final = (
    take_back(WRITER.move_label(user(), secret(), TARGET, version=VERSION), "move"),
    take_back(WRITER.deactivate(user(), key()), "status"),
    # A deletion that is not about a new key.
    dataclasses.replace(WRITER.delete(user(), key()), undoes="old"),
    dataclasses.replace(WRITER.delete(user(), key()), undoes="none", before=None),
)


def connect(*keys: Key, versions: t.Any = None, **answers: t.Any) -> RecordedAws:
    given = {**answer_user(*keys), **answer_secret(HELD if versions is None else versions), "DeleteAccessKey": {}}
    return RecordedAws({**given, **answers})


def refuse(aws: RecordedAws, *undos: Change) -> t.Mapping[str, Refusal]:
    return refuse_undos(t.cast(t.Any, aws), undos, at(0))


BOTH: t.Final = (key(used=5), key(NEW, age=0))


# A new key


def test_a_new_key_that_nobody_used_may_go() -> None:
    aws = connect(*BOTH)
    assert refuse(aws, KEY) == {}
    found = find_undo_access(t.cast(t.Any, aws))(KEY)
    assert found is not None and (found.caller, found.chain) == (aws.caller, aws.chain)
    assert found.call("iam", "DeleteAccessKey", {"UserName": "svc"}, region="eu-west-1") == {}
    assert aws.asked[-1] == ("DeleteAccessKey", {"UserName": "svc", "AccessKeyId": NEW}, "eu-west-1")


def test_a_new_key_in_use_stays() -> None:
    aws = connect(key(), key(NEW, age=0, used=1))
    (refusal,) = refuse(aws, KEY).values()
    assert (refusal.rule, refusal.target, refusal.operation) == ("in_use", USER, "DeleteAccessKey")
    assert NEW in refusal.reason and list(refuse(aws, KEY)) == ["key"]


def test_a_new_key_that_is_used_after_the_check_stays() -> None:
    aws = connect(*BOTH)
    assert refuse(aws, KEY) == {}
    aws.answers.update(answer_user(key(), key(NEW, age=0, used=1)))
    found = find_undo_access(t.cast(t.Any, aws))(KEY)
    assert found is not None
    with pytest.raises(AwsError, match="in use, so it is not deleted"):
        found.call("iam", "DeleteAccessKey", {"UserName": "svc"})
    assert "DeleteAccessKey" not in {operation for operation, *_rest in aws.asked}


@pytest.mark.parametrize(
    "keys",
    [(), (key(),), (key(), key(NEW), key("AKIATHIRDTHIRDTHIRD3")), (key(NEW), key("AKIATHIRDTHIRDTHIRD3"))],
)
def test_a_new_key_that_is_not_the_only_one_beside_the_old_one_is_not_known(keys: tuple[Key, ...]) -> None:
    aws = connect(*keys)
    with pytest.raises(AwsError, match="so the new one is not known"):
        find_new_key(t.cast(t.Any, aws), KEY)
    assert "so the new one is not known" in refuse(aws, KEY)["key"].reason
    found = find_undo_access(t.cast(t.Any, aws))(KEY)
    assert found is not None
    with pytest.raises(AwsError):
        found.call("iam", "DeleteAccessKey", {"UserName": "svc"})
    assert "DeleteAccessKey" not in {operation for operation, *_rest in aws.asked}


def test_the_new_key_is_known_where_the_old_one_is_gone_and_in_any_path() -> None:
    aws = connect(key(NEW, age=0))
    assert find_new_key(t.cast(t.Any, aws), KEY).id == NEW
    moved = dataclasses.replace(KEY, target=f"arn:aws:iam::{ACCOUNT}:user/team/data/svc")
    find_new_key(t.cast(t.Any, aws), moved)
    assert {asked["UserName"] for operation, asked, _region in aws.asked if operation == "ListAccessKeys"} == {"svc"}


@pytest.mark.parametrize("operation", ["ListAccessKeys", "GetAccessKeyLastUsed"])
def test_a_key_whose_use_is_not_known_stays(operation: str) -> None:
    assert "not allowed" in refuse(connect(*BOTH, **{operation: DENIED}), KEY)["key"].reason


# A new secret


def test_a_secret_that_holds_a_key_that_stays_is_kept() -> None:
    (refusal,) = refuse(connect(*BOTH), MADE).values()
    assert (refusal.rule, refusal.target, refusal.operation) == ("in_use", MADE.target, "DeleteSecret")
    assert f"holds the access key {NEW}, which stays" in refusal.reason


def test_a_secret_whose_key_goes_in_the_same_run_goes_too() -> None:
    assert refuse(connect(*BOTH), MADE, KEY) == refuse(connect(*BOTH), KEY, MADE) == {}
    # The key of somebody else does not count.
    other = dataclasses.replace(KEY, target=USER.replace("svc", "other"))
    assert list(refuse(connect(*BOTH), other, MADE)) == ["secret"]


@pytest.mark.parametrize(
    "answers",
    [
        {"versions": {}},
        {"versions": {PREVIOUS: ["AWSCURRENT"]}},
        {"DescribeSecret": NotFound("none", code="ResourceNotFoundException")},
        {"GetUser": NotFound("none", code="NoSuchEntity")},
    ],
)
def test_a_secret_that_holds_no_key_of_the_user_may_go(answers: dict[str, t.Any]) -> None:
    assert refuse(connect(*BOTH, **answers), MADE) == {}


@pytest.mark.parametrize("operation", ["DescribeSecret", "GetUser", "ListAccessKeys", "GetAccessKeyLastUsed"])
def test_a_secret_is_kept_where_it_is_not_known_what_it_holds(operation: str) -> None:
    refused = refuse(connect(*BOTH, **{operation: DENIED}), MADE)
    assert refused["secret"].rule == "in_use" and "not allowed" in refused["secret"].reason


def test_a_secret_is_read_in_the_region_of_its_change() -> None:
    aws = connect(*BOTH)
    refuse(aws, MADE)
    assert ("DescribeSecret", {"SecretId": TARGET.secret}, REGION) in aws.asked
    assert ("GetUser", {"UserName": "svc"}, None) in aws.asked


@pytest.mark.parametrize("undo", OTHERS, ids=lambda undo: undo.undoes)
def test_other_undos_are_looked_at_by_the_common_guards_alone(undo: Change) -> None:
    aws = connect(key(used=1), key(NEW, used=1))
    assert refuse(aws, undo) == {} and aws.asked == []
    assert find_undo_access(t.cast(t.Any, aws))(undo) is None


def test_each_undo_is_judged_by_itself() -> None:
    refused = refuse(connect(key(), key(NEW, age=0, used=1)), *OTHERS, KEY)
    assert list(refused) == ["key"]
    assert OLD not in refused["key"].reason
