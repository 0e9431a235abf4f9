# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from datetime import datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.archive import Archive
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.records import (
    Event,
    make_prefix,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .rotations import ACCOUNT, NEW, OLD, USER_ID, VERSION, at, record


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    archive = Archive(DirectoryStore(str(tmp_path)), ACCOUNT)
    first = record("created", by="arn:aws:sts::111122223333:assumed-role/automation/x", run_id="r1")
    archive.write(first, archive.read("svc", USER_ID))
    archive.write(record("distributed", 1), archive.read("SVC", USER_ID))
    read = archive.read("svc", USER_ID)
    assert [event.stage.value for event in read.events] == ["created", "distributed"]
    assert read.events[0] == first and isinstance(read.events[0].stored_at, datetime)
    assert archive.read("svc", "AIDAANOTHERANOTHER00").events == ()


def test_of_two_runs_at_once_one_writes(tmp_path: Path) -> None:
    archive = Archive(DirectoryStore(str(tmp_path)), ACCOUNT)
    log = archive.read("svc", USER_ID)
    archive.write(record("created"), log)
    # The same is fine, another stage or another key is not.
    archive.write(record("created", 1), log)
    for other in (record("rolled_back"), record("created", new_key="AKIAANOTHERNEWKEY003")):
        with pytest.raises(StoreError):
            archive.write(other, log)
    assert len(archive.read("svc", USER_ID).events) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "hardening.iam/campaign/1"},
        {"stage": "revoked"},
        {"at": "yesterday"},
        {"old_key": "../../x"},
        {"old_key": OLD[:15]},
        {"old_key": f"{OLD}\n"},
        {"old_key": OLD.lower()},
        {"new_key": "../../x"},
        {"new_key": NEW * 7},
        {"old_key": None},
        {"new_key": OLD},
        {"version_id": "latest"},
        {"version_id": VERSION[:-1]},
        {"version_id": f"{VERSION}0"},
        {"version_id": VERSION.upper()},
        {"previous": None},
        {"by": 7},
        {"user_id": ["AIDA"]},
    ],
)
def test_what_no_run_writes_is_no_record(fields: dict[str, t.Any]) -> None:
    content = json.loads(record("created").as_bytes()) | fields
    with pytest.raises(ValueError, match=r"."):
        Event.of_bytes(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"schema": "hardening.iam/campaign/1"}, "its schema is 'hardening.iam/campaign/1'"),
        ({"old_key": "x"}, "its old_key is not the id of a key"),
        ({"new_key": "x"}, "its new_key is not the id of a key"),
        ({"new_key": OLD}, "its two keys are the same"),
        ({"version_id": "latest"}, "its version_id is not one that a run chooses"),
        ({"by": 7}, "7 is not a text"),
    ],
)
def test_a_record_that_is_none_says_why(fields: dict[str, t.Any], reason: str) -> None:
    content = json.loads(record("created").as_bytes()) | fields
    with pytest.raises(ValueError, match=re.escape(reason)):
        Event.of_bytes(json.dumps(content).encode())


def test_a_record_is_written_under_the_schema_that_older_runs_know() -> None:
    kept = json.loads(record("created").as_bytes())
    assert (kept["schema"], kept["stage"], kept["at"]) == (
        "hardening.iam/rotation/1",
        "created",
        "2026-03-01T00:00:00Z",
    )


@pytest.mark.parametrize("name", sorted(json.loads(record("created").as_bytes())))
def test_a_record_that_lacks_something_is_none(name: str) -> None:
    content = json.loads(record("created").as_bytes())
    assert Event.of_bytes(json.dumps(content).encode()) == record("created")
    del content[name]
    with pytest.raises(ValueError, match=r"not a record of a rotation"):
        Event.of_bytes(json.dumps(content).encode())


def test_an_event_knows_where_and_when_the_store_has_it() -> None:
    read = Event.of_bytes(record("created").as_bytes(), number=3, key="000003-created.json", stored_at=at(1))
    assert (read.number, read.key, read.stored_at, read.at) == (3, "000003-created.json", at(1), at(0))
    # Where a record stands makes it no other record.
    assert read == record("created") and read != record("created", 1)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"schema": "hardening.iam/rotation/1"}'])
def test_what_is_no_json_is_no_record(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Event.of_bytes(content)


def test_a_hostile_name_stays_in_its_folder() -> None:
    assert make_prefix(ACCOUNT, "../../etc", "AIDA/..") == "rotations/111122223333/%2E.%2F..%2Fetc/AIDA%2F../"


def test_a_record_has_no_room_for_a_secret() -> None:
    names = {field.name for field in dataclasses.fields(Event)}
    assert set(json.loads(record("created").as_bytes())) == names - {"number", "key", "stored_at"} | {"schema"}
