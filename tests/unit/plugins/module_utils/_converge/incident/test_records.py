# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of incidents in a store: two jobs that write at once, and what can't be read."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record, update
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from ..fakes import ACCOUNT, FakeStore, user_arn
from .recorded import INCIDENT, record, write

KEY = record_key(ACCOUNT, INCIDENT)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    assert read_record(store, ACCOUNT, INCIDENT) is None
    assert write(store, record("a")) == record("a") == read_record(store, ACCOUNT, INCIDENT)
    assert store.list("control/incidents/") == [KEY]


def test_what_changes_nothing_is_not_written(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    write(store, record("a"))
    before = store.get(KEY)
    write(store, record("a"))
    assert store.get(KEY) == before


def test_a_principal_is_not_dropped(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    write(store, record("a"))
    write(store, record(state=State.DECLARED))
    found = read_record(store, ACCOUNT, INCIDENT)
    assert found == record("a")


def test_two_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each reads the record before the other has written its own."""
    store = DirectoryStore(str(tmp_path))
    names = ("a", "b", "c", "d")
    together = threading.Barrier(len(names), timeout=30)
    calls: list[str] = []

    def contain(name: str) -> Record:
        def change(_present: Record | None) -> Record:
            if name not in calls:
                calls.append(name)
                together.wait()
            else:
                calls.append(name)
            return record(name)

        return update(store, ACCOUNT, INCIDENT, change)

    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        list(pool.map(contain, names))
    found = read_record(store, ACCOUNT, INCIDENT)
    assert found is not None
    assert [item.arn for item in found.contained] == [*map(user_arn, names)]
    # Somebody was too late, and tried again.
    assert len(calls) > len(names)


def test_others_that_write_again_and_again_are_an_error() -> None:
    store = FakeStore()

    def change(_present: Record | None) -> Record:
        store.put(KEY, record("other").as_bytes())
        return record("a")

    with pytest.raises(StoreError, match="again and again"):
        update(store, ACCOUNT, INCIDENT, change)


@pytest.mark.parametrize("content", [b"", b"{}", b"not json"])
def test_a_malformed_record_is_not_written_over(content: bytes) -> None:
    store = FakeStore()
    store.put(KEY, content)
    with pytest.raises(StoreError, match=r"INC-7\.json is malformed"):
        read_record(store, ACCOUNT, INCIDENT)
    with pytest.raises(StoreError, match="is malformed"):
        write(store, record("a"))
    assert store.objects[KEY] == content


def test_a_place_that_can_not_be_read_is_an_error() -> None:
    store = FakeStore()
    store.lost = True
    with pytest.raises(StoreError):
        write(store, record("a"))
