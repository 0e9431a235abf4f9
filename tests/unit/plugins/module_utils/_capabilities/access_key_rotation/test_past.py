# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.archive import Broken, Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    Stage,
    make_version_id,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.past import (
    Identity,
    replay,
)

from .rotations import ACCOUNT, USER, USER_ID, at, past, record

ALL: t.Final = ("created", "distributed", "verified", "old_inactive", "old_deleted")


def test_a_rotation_goes_from_its_first_stage_to_its_last() -> None:
    for number in range(1, len(ALL)):
        found = past(*(record(stage, days) for days, stage in enumerate(ALL[:number])))
        assert (found.reached, found.doubts) == (Stage(ALL[number - 1]), ())
        assert found.since[Stage(ALL[number - 1])] == at(number - 1)
    found = past(*(record(stage, days) for days, stage in enumerate(ALL)))
    assert (found.reached, found.last, found.number, found.doubts) == (None, None, 5, ())


def test_the_next_rotation_begins_anew() -> None:
    ended = [record(stage, days) for days, stage in enumerate(ALL)]
    other = "AKIATHIRDTHIRDTHIRD3"
    new = record(
        "created", 50, old_key=ended[0].new_key, new_key=other, version_id=make_version_id(ACCOUNT, USER_ID, other)
    )
    found = past(*ended, new)
    assert (found.reached, found.doubts, found.since) == (Stage.CREATED, (), {Stage.CREATED: at(50)})


FOLLOWS: t.Final = {
    "created": {None},
    "distributed": {"created"},
    "verified": {"distributed", "old_inactive"},
    # Somebody else may have deactivated or deleted the old key.
    "old_inactive": {"created", "distributed", "verified", "old_inactive"},
    "old_deleted": {"created", "distributed", "verified", "old_inactive"},
    "rolled_back": {"created", "distributed", "verified", "old_inactive"},
}


@pytest.mark.parametrize("stage", FOLLOWS)
@pytest.mark.parametrize("before", [None, *ALL[:-1]])
def test_a_stage_follows_some_others_alone(before: t.Optional[str], stage: str) -> None:
    earlier = ALL[: ALL.index(before) + 1] if before else ()
    found = past(*(record(one, days) for days, one in enumerate(earlier)), record(stage, 9))
    assert bool(found.doubts) is (before not in FOLLOWS[stage])
    if found.doubts:
        assert found.reached == (Stage(before) if before else None)


@pytest.mark.parametrize("stages", [1, 2, 3, 4])
def test_a_rotation_that_was_taken_back_lets_another_begin(stages: int) -> None:
    begun = [record(stage, days) for days, stage in enumerate(ALL[:stages])]
    ended = past(*begun, record("rolled_back", 9))
    assert (ended.reached, ended.last, ended.since, ended.doubts) == (None, None, {}, ())
    other = record("created", 10, secret_arn="arn:aws:secretsmanager:us-east-1:111122223333:secret:x")
    assert past(*begun, record("rolled_back", 9), other).doubts == ()


def test_a_stage_is_no_older_than_its_record_in_the_store() -> None:
    found = past(record("created"), record("distributed", 1, stored_at=at(30)))
    assert found.since[Stage.DISTRIBUTED] == at(30)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account_id": "999988887777"}, "account 999988887777"),
        ({"user_arn": f"{USER}2"}, "user/svc2"),
        ({"user_id": "AIDAANOTHERANOTHER00"}, "AIDAANOTHER"),
        ({"at": at(101)}, "in the future"),
        ({"at": at(-1)}, "before the record before it"),
        ({"old_key": "AKIATHIRDTHIRDTHIRD3"}, "old_key"),
        ({"secret_arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x"}, "secret_arn"),
        ({"previous": "another"}, "previous"),
        ({"new_key": "AKIATHIRDTHIRDTHIRD3"}, "version_id"),
        ({"version_id": "0" * 64}, "version_id"),
        ({"stage": Stage.CREATED}, "it says 'created'"),
        ({"stage": Stage.VERIFIED}, "it says 'verified'"),
        ({"number": 3}, "record 2 is missing"),
    ],
)
def test_a_record_that_contradicts_is_not_believed(fields: dict[str, t.Any], reason: str) -> None:
    forged = dataclasses.replace(record("distributed", 1), **fields)
    found = past(record("created"), forged)
    assert found.reached is Stage.CREATED
    ((_key, said),) = found.doubts
    assert reason in said


def test_a_file_that_is_no_record_is_a_doubt() -> None:
    broken = Log((), (Broken(1, "000001-created.json", "it is cut off"),), 1)
    found = replay(broken, Identity(ACCOUNT, USER, USER_ID, at(1)))
    assert found.doubts == (("000001-created.json", "it is cut off"),)


def test_names_of_users_have_no_case() -> None:
    assert past(record("created", user_arn=USER.upper().replace("ARN:AWS:IAM", "arn:aws:iam"))).doubts == ()
