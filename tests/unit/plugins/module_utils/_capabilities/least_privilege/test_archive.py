# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records and documents of a campaign in a directory."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import (
    Archive,
    DocumentError,
    Log,
    list_campaigns,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .campaigns import ACCOUNT, record, records_up_to

CONTENT = b'{"Version": "2012-10-17"}'
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(DirectoryStore(str(tmp_path)), ACCOUNT, "developers")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "campaigns" / ACCOUNT / "developers" / "dev-a"


def test_records_come_back_in_their_order(archive: Archive, place: Path, tmp_path: Path) -> None:
    events = records_up_to(Kind.OPENED)
    for event in events:
        assert archive.write(event, archive.read("dev-a")) is None
    log = archive.read("dev-a")
    assert list(log.events) == events
    assert [event.number for event in log.events] == [1, 2, 3, 4]
    assert all(event.stored_at is not None for event in log.events)
    assert (place / "000004-opened.json").is_file()
    assert archive.list_roles() == ("dev-a",)
    assert list_campaigns(DirectoryStore(str(tmp_path)), ACCOUNT) == ("developers",)


def test_nothing_is_there_yet(archive: Archive, tmp_path: Path) -> None:
    assert archive.read("dev-a") == Log()
    assert archive.list_roles() == ()
    assert list_campaigns(DirectoryStore(str(tmp_path)), ACCOUNT) == ()


def test_records_of_another_role_whose_name_begins_alike_are_not_read(archive: Archive) -> None:
    arn = record(Kind.ASSESSED).role_arn
    archive.write(dataclasses.replace(record(Kind.ASSESSED), role_arn=f"{arn}b"), Log())
    assert archive.read("dev-a") == Log()


def test_foreign_and_broken_files_are_named(archive: Archive, place: Path) -> None:
    archive.write(record(Kind.ASSESSED), Log())
    archive.keep_document("dev-a", CONTENT)
    (place / "000002-generated.json").write_bytes(b"{}")
    (place / "README.md").write_bytes(b"")
    (place / "old").mkdir()
    (place / "old" / "000009-opened.json").write_bytes(record(Kind.OPENED).as_bytes())
    (place / "documents" / "000009-opened.json").write_bytes(record(Kind.OPENED).as_bytes())
    log = archive.read("dev-a")
    assert [event.kind for event in log.events] == [Kind.ASSESSED]
    assert [(item.number, item.key.rpartition("/")[2]) for item in log.broken] == [(2, "000002-generated.json")]
    assert [key.rpartition("dev-a/")[2] for key in log.foreign] == ["README.md", "old/000009-opened.json"]
    assert log.number == 2


def test_two_runs_at_once_record_the_same_once(archive: Archive) -> None:
    first = dataclasses.replace(record(Kind.ASSESSED), run_id="one")
    log = archive.read("dev-a")
    assert archive.write(first, log) is None
    assert archive.write(dataclasses.replace(first, run_id="other"), log) == first
    assert archive.read("dev-a").events == (first,)


def test_two_runs_at_once_that_record_something_else(archive: Archive) -> None:
    log = archive.read("dev-a")
    archive.write(record(Kind.ASSESSED), log)
    with pytest.raises(StoreError, match="000001-assessed.json was written by another run"):
        archive.write(record(Kind.REVERTED), log)
    with pytest.raises(StoreError, match="000001-assessed.json"):
        archive.write(record(Kind.ASSESSED, role_id="AROAOTHER"), log)


def test_numbers_never_leave_their_six_digits(archive: Archive, place: Path) -> None:
    archive.write(record(Kind.ASSESSED), Log())
    (place / "999999-reverted.json").write_bytes(record(Kind.REVERTED).as_bytes())
    with pytest.raises(StoreError, match="has a record with number 999999, which no run writes"):
        archive.write(record(Kind.REVERTED), archive.read("dev-a"))


def test_a_document_is_kept_once_under_its_hash(archive: Archive, place: Path) -> None:
    assert archive.keep_document("dev-a", CONTENT) == SHA256
    assert archive.keep_document("dev-a", CONTENT) == SHA256
    assert archive.read_document("dev-a", SHA256) == CONTENT
    assert [path.name for path in (place / "documents").iterdir()] == [f"{SHA256}.json"]


def test_a_document_that_somebody_changed_is_refused(archive: Archive, place: Path) -> None:
    archive.keep_document("dev-a", CONTENT)
    (place / "documents" / f"{SHA256}.json").write_bytes(CONTENT.replace(b"2012-10-17", b"2008-10-17"))
    with pytest.raises(DocumentError, match="somebody changed the document"):
        archive.read_document("dev-a", SHA256)
    with pytest.raises(StoreError):
        archive.keep_document("dev-a", CONTENT)


def test_a_document_that_is_missing_is_refused(archive: Archive) -> None:
    with pytest.raises(DocumentError, match="is missing; run stage generate again"):
        archive.read_document("dev-a", SHA256)
