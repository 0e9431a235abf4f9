# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.event_log import (
    make_key,
    parse_number,
    quote_name,
    read_log,
    write_new,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError


def test_keys() -> None:
    assert make_key(7, "cut_over") == "000007-cut_over.json"
    assert parse_number("rollouts/o/x/y/000007-passed.json") == 7
    assert parse_number(make_key(7, "cut_over")) == 7
    foreign = ["x/README.md", "x/7-passed.json", "x/000007-passed.json.bak", "x/٠٠٠٠٠٧-passed.json"]
    assert [parse_number(key) for key in foreign] == [None] * 4


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b", "..\\x"])
def test_no_name_leads_elsewhere(name: str) -> None:
    quoted = quote_name(name, "role")
    assert "/" not in quoted
    assert not quoted.startswith(".")


def test_a_name_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="the name of the role .* is too long"):
        quote_name("ü" * 128, "role")


def test_a_log_is_read_in_the_order_of_its_numbers_without_foreign_files_and_folders(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    for key in ("a/000002-b.json", "a/000001-z.json", "a/README.md", "a/documents/000009-z.json", "ab/000003-z.json"):
        store.put(key, key.encode())
    found = read_log(store, "a/")
    assert [(item.number, item.content, item.key) for item in found] == [
        (1, b"a/000001-z.json", "a/000001-z.json"),
        (2, b"a/000002-b.json", "a/000002-b.json"),
    ]
    assert all(datetime.now(UTC) - item.at < timedelta(hours=1) for item in found)


def test_the_second_of_two_runs_gets_the_record_of_the_first(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    assert write_new(store, "a", b"one", is_same=lambda _content: False) is None
    assert write_new(store, "a", b"two", is_same=lambda content: content == b"one") == b"one"
    with pytest.raises(StoreError):
        write_new(store, "a", b"two", is_same=lambda content: content == b"two")
    assert store.get("a") == b"one"


def test_a_store_that_can_not_be_written_is_no_race(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        write_new(DirectoryStore(str(tmp_path / "file")), "a", b"one", is_same=lambda _content: True)
