# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.archive import (
    Archive,
    Log,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.records import make_prefix
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .rotations import ACCOUNT, USER, USER_ID, record

PREFIX: t.Final = make_prefix(ACCOUNT, "svc", USER_ID)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(str(tmp_path))


def test_a_user_without_records_gets_the_first_one(store: DirectoryStore) -> None:
    archive = Archive(store, ACCOUNT)
    assert archive.read("svc", USER_ID) == Log()
    archive.write(record("created"), Log())
    archive.write(record("distributed"), archive.read("svc", USER_ID))
    found = archive.read("svc", USER_ID)
    assert [(event.number, event.key) for event in found.events] == [
        (1, f"{PREFIX}000001-created.json"),
        (2, f"{PREFIX}000002-distributed.json"),
    ]
    assert (found.number, found.broken) == (2, ())


def test_the_path_of_a_user_is_no_part_of_the_name(store: DirectoryStore) -> None:
    archive = Archive(store, ACCOUNT)
    archive.write(record("created", user_arn=f"arn:aws:iam::{ACCOUNT}:user/team/data/svc"), Log())
    assert [event.number for event in archive.read("svc", USER_ID).events] == [1]


def test_a_file_that_is_no_record_is_named_and_the_others_are_read(store: DirectoryStore) -> None:
    archive = Archive(store, ACCOUNT)
    archive.write(record("created"), Log())
    store.put_new(f"{PREFIX}000002-distributed.json", b"{")
    found = archive.read("svc", USER_ID)
    assert [event.number for event in found.events] == [1] and found.number == 2
    ((number, key, reason),) = [(one.number, one.key, one.reason) for one in found.broken]
    assert (number, key, bool(reason)) == (2, f"{PREFIX}000002-distributed.json", True)


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "distributed"},
        {"account_id": "999988887777"},
        {"user_arn": USER.replace("svc", "team/svc")},
        {"user_id": "AIDAANOTHERANOTHER00"},
        {"old_key": "AKIATHIRDTHIRDTHIRD3"},
        {"new_key": "AKIATHIRDTHIRDTHIRD3"},
    ],
)
def test_another_record_in_the_place_of_this_one_is_not_taken_for_it(
    store: DirectoryStore, fields: dict[str, t.Any]
) -> None:
    other = record(**{"stage": "created", **fields})
    store.put_new(f"{PREFIX}000001-created.json", other.as_bytes())
    with pytest.raises(StoreError):
        Archive(store, ACCOUNT).write(record("created"), Log())


def test_a_broken_file_in_the_place_of_this_record_is_not_taken_for_it(store: DirectoryStore) -> None:
    store.put_new(f"{PREFIX}000001-created.json", b"{")
    with pytest.raises(StoreError):
        Archive(store, ACCOUNT).write(record("created"), Log())


def test_the_same_record_of_another_run_is_enough(store: DirectoryStore) -> None:
    store.put_new(f"{PREFIX}000001-created.json", record("created", run_id="another").as_bytes())
    Archive(store, ACCOUNT).write(record("created", run_id="this"), Log())
    assert [event.run_id for event in Archive(store, ACCOUNT).read("svc", USER_ID).events] == ["another"]
