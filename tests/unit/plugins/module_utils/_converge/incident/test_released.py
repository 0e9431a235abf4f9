# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Released records are read once: a plan reads as many objects after a hundred incidents as after none."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.freeze import read_freeze
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.names import index_key, record_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import Record, State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.released import (
    index_released,
    read_released,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import ConflictError, StoreError

from ..fakes import ACCOUNT, FakeStore, change
from .recorded import record, write

INDEX: t.Final = index_key(ACCOUNT)


class CountingStore(FakeStore):
    """A store that notes which objects are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get(self, key: str) -> t.Optional[bytes]:
        self.read.append(key)
        return super().get(key)


def named(name: str, state: State = State.RELEASED) -> Record:
    return dataclasses.replace(record("a", state=state), incident_id=name)


def make_store(count: int) -> CountingStore:
    store = CountingStore()
    write(store, named("INC-1", State.CONTAINED))
    for number in range(count):
        write(store, named(f"OLD-{number}"))
    index_released(store, ACCOUNT)
    store.read.clear()
    return store


def test_a_plan_reads_no_released_record_that_the_index_has() -> None:
    few, many = make_store(1), make_store(100)
    for store in (few, many):
        found = read_freeze(store, ACCOUNT)
        assert [held.incident_id for held in found.held] == ["INC-1"] and not found.lacks_index
        # The look before each write reads nothing again.
        assert read_freeze(store, ACCOUNT, found) == found
    assert few.read == many.read == [INDEX, record_key(ACCOUNT, "INC-1")]


def test_only_a_release_that_is_recorded_is_in_the_index() -> None:
    store = FakeStore()
    for state in State:
        write(store, named(f"INC-{state.rank}", state))
    write(store, dataclasses.replace(named("FORGED"), events=frozenset()))
    store.put(record_key(ACCOUNT, "BROKEN"), b"{")
    index_released(store, ACCOUNT)
    assert set(read_released(store, ACCOUNT)) == {f"INC-{State.RELEASED.rank}"}
    before = store.objects[INDEX]
    index_released(store, ACCOUNT)
    assert store.objects[INDEX] == before


def test_a_record_that_was_written_after_its_release_freezes_again() -> None:
    store = make_store(2)
    write(store, dataclasses.replace(named("OLD-1", State.CONTAINED), round=2))
    refusal = read_freeze(store, ACCOUNT).find_refusal(change("a"), except_for="INC-1")
    assert refusal is not None and "OLD-1" in refusal.reason
    index_released(store, ACCOUNT)
    assert set(read_released(store, ACCOUNT)) == {"OLD-0"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema": "hardening.iam/released-incidents/1", "account_id": "111122223333", "released": []}',
        b'{"schema": "hardening.iam/released-incidents/1", "account_id": "999988887777", "released": {"INC-1": "*"}}',
        b'{"schema": "hardening.iam/released-incidents/1", "account_id": "111122223333", "released": {"INC-1": ""}}',
    ],
)
def test_an_index_that_is_malformed_or_of_another_version_opens_nothing(content: bytes) -> None:
    store = make_store(1)
    store.put(INDEX, content)
    found = read_freeze(store, ACCOUNT)
    assert {held.incident_id for held in found.held} == {"INC-1", "OLD-0"}
    assert found.find_refusal(change("a")) is not None
    index_released(store, ACCOUNT)
    assert set(json.loads(store.objects[INDEX])["released"]) == {"OLD-0"}


def test_two_releases_at_once_are_both_in_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(1)
    swap, losing = store.swap, [True]

    def lose(key: str, content: bytes, version: t.Optional[str]) -> str:
        if losing and key == INDEX:
            losing.clear()
            write(store, named("OTHER"))
            raise ConflictError("somebody else was quicker")
        return swap(key, content, version)

    write(store, named("OLD-1"))
    monkeypatch.setattr(store, "swap", lose)
    index_released(store, ACCOUNT)
    assert set(read_released(store, ACCOUNT)) == {"OLD-0", "OLD-1", "OTHER"}


def test_an_index_that_others_write_again_and_again_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(1)

    def lose(*_arguments: t.Any) -> str:
        raise ConflictError("somebody else was quicker")

    write(store, named("OLD-1"))
    monkeypatch.setattr(store, "swap", lose)
    with pytest.raises(StoreError, match="again and again"):
        index_released(store, ACCOUNT)
