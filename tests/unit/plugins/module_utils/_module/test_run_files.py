# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that the workers of one process share: whole, private, and nobody else's."""

from __future__ import annotations

import os
import stat
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._module.run_files import RunFiles

SECRET: t.Final = b"s" * 32
NAME: t.Final = "account 111122223333"


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    return RunFiles(tmp_path / "private" / "account", SECRET)


def written(files: RunFiles) -> list[Path]:
    return sorted(files.directory.iterdir())


def test_a_value_is_read_by_its_name_and_replaced(files: RunFiles) -> None:
    assert files.read(NAME) is None
    for value in ({"users": ["ann", "böb"]}, [], 0, None, {"users": []}):
        files.write(NAME, value)
        assert files.read(NAME) == value
    assert files.read("account 999988887777") is None
    assert len(written(files)) == 1


def test_only_the_owner_may_look(files: RunFiles) -> None:
    files.write(NAME, "x")
    assert stat.S_IMODE(files.directory.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in written(files)] == [0o600]


def test_the_name_of_an_account_is_not_in_the_name_of_its_file(files: RunFiles) -> None:
    files.write(NAME, "x")
    assert "111122223333" not in written(files)[0].name
    assert "111122223333" not in repr(files) + str(written(files))
    assert "ssss" not in repr(files)


def test_files_of_another_process_are_not_read(files: RunFiles) -> None:
    """Its secret is another one, although a killed run left the directory and the name is the same."""
    files.write(NAME, "x")
    other = RunFiles(files.directory, b"t" * 32)
    assert other.read(NAME) is None
    other.write(NAME, "y")
    # Even in the place where this process looks.
    (left,) = {path.name for path in written(files)} - {files._path(NAME).name}
    os.replace(files.directory / left, files._path(NAME))
    assert files.read(NAME) is None


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, -1])
def test_a_file_that_is_cut_off_is_not_read(files: RunFiles, size: int) -> None:
    files.write(NAME, {"a": list(range(1000))})
    path = files._path(NAME)
    path.write_bytes(path.read_bytes()[:size])
    assert files.read(NAME) is None


def test_a_byte_that_differs_is_found(files: RunFiles) -> None:
    files.write(NAME, {"a": list(range(1000))})
    path = files._path(NAME)
    content = path.read_bytes()
    for place in (0, 31, 32, len(content) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert files.read(NAME) is None
    path.write_bytes(content)
    assert files.read(NAME) is not None


def test_a_file_under_another_name_is_not_read(files: RunFiles) -> None:
    files.write(NAME, "x")
    os.replace(files._path(NAME), files._path("other"))
    assert files.read("other") is None


def test_a_directory_in_the_place_of_a_file_is_not_read(files: RunFiles) -> None:
    files._path(NAME).mkdir(parents=True)
    assert files.read(NAME) is None
    files.write(NAME, "x")
    assert files.read(NAME) is None
    assert written(files) == [files._path(NAME)]


def test_where_nothing_can_be_written_nothing_is_shared(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    files = RunFiles(tmp_path / "file", SECRET)
    files.write(NAME, "x")
    assert files.read(NAME) is None


def test_several_workers_write_at_once_and_a_reader_sees_one_of_them(files: RunFiles) -> None:
    values = [[number] * 5000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda value: (files.write(NAME, value), files.read(NAME))[1], values))
    assert all(value in values for value in seen)
    assert len(written(files)) == 1
