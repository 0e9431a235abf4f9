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
    (left,) = {path.name for path in written(files)} - {files.path(NAME).name}
    os.replace(files.directory / left, files.path(NAME))
    assert files.read(NAME) is None


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, -1])
def test_a_file_that_is_cut_off_is_not_read(files: RunFiles, size: int) -> None:
    files.write(NAME, {"a": list(range(1000))})
    path = files.path(NAME)
    path.write_bytes(path.read_bytes()[:size])
    assert files.read(NAME) is None


def test_a_byte_that_differs_is_found(files: RunFiles) -> None:
    files.write(NAME, {"a": list(range(1000))})
    path = files.path(NAME)
    content = path.read_bytes()
    for place in (0, 31, 32, len(content) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert files.read(NAME) is None
    path.write_bytes(content)
    assert files.read(NAME) is not None


def test_a_file_under_another_name_is_not_read(files: RunFiles) -> None:
    files.write(NAME, "x")
    os.replace(files.path(NAME), files.path("other"))
    assert files.read("other") is None


def test_a_directory_in_the_place_of_a_file_is_not_read(files: RunFiles) -> None:
    files.path(NAME).mkdir(parents=True)
    assert files.read(NAME) is None
    files.write(NAME, "x")
    assert files.read(NAME) is None
    assert written(files) == [files.path(NAME)]


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


def test_a_record_is_read_by_its_name_and_replaced(files: RunFiles) -> None:
    log, reader = files.log(NAME), files.log(NAME)
    assert reader.read("users") is None
    for value in ({"users": ["ann", "böb"]}, [], 0, None, {"users": []}):
        assert log.write("users", value)
        assert log.write("roles", [value])
        assert (reader.read("users"), reader.read("roles")) == (value, [value])
        assert (log.read("users"), files.log(NAME).read("roles")) == (value, [value])
    assert reader.read("groups") is None
    assert files.log("account 999988887777").read("users") is None
    assert len(written(files)) == 1


def test_a_log_is_private_and_names_nobody(files: RunFiles) -> None:
    files.log(NAME).write("users of böb", "x")
    (path,) = written(files)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, files.directory)] == [0o600, 0o700]
    assert "111122223333" not in path.name
    assert b"users" not in path.read_bytes()


def test_records_of_another_process_are_not_read(files: RunFiles) -> None:
    files.log(NAME).write("users", "mine")
    other = RunFiles(files.directory, b"t" * 32)
    assert other.log(NAME).read("users") is None
    other.log(NAME).write("users", "theirs")
    os.replace(other.path(NAME), files.path(NAME))
    assert files.log(NAME).read("users") is None


def test_a_record_of_another_log_is_not_read(files: RunFiles) -> None:
    files.log("other").write("users", "x")
    os.replace(files.path("other"), files.path(NAME))
    assert files.log(NAME).read("users") is None


def write_two(files: RunFiles) -> tuple[int, bytes]:
    """Write two records; returns where the second begins, and the content of the file."""
    log = files.log(NAME)
    log.write("first", 1)
    begin = files.path(NAME).stat().st_size
    log.write("second", list(range(1000)))
    return begin, files.path(NAME).read_bytes()


def test_a_record_that_is_cut_off_ends_a_log(files: RunFiles) -> None:
    """What another worker adds behind it is not read either: where it begins is not known any more."""
    whole, content = write_two(files)
    for size in (whole + 1, whole + 4, whole + 40, whole + 68, len(content) - 1):
        files.path(NAME).write_bytes(content[:size])
        assert [files.log(NAME).read(name) for name in ("first", "second")] == [1, None]
        files.log(NAME).write("third", 3)
        assert [files.log(NAME).read(name) for name in ("first", "second", "third")] == [1, None, None]


def test_a_byte_that_differs_ends_a_log(files: RunFiles) -> None:
    whole, content = write_two(files)
    for place in (whole, whole + 3, whole + 4, whole + 36, whole + 68, len(content) - 1):
        files.path(NAME).write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert [files.log(NAME).read(name) for name in ("first", "second")] == [1, None]


def test_a_record_under_another_name_is_not_read(files: RunFiles) -> None:
    files.log(NAME).write("users", "x")
    files.log("other").write("roles", "y")
    users, roles = (files.path(name).read_bytes() for name in (NAME, "other"))
    # The name of one record before the mark and the content of another.
    files.path(NAME).write_bytes(users[:4] + roles[4:36] + users[36:])
    assert [files.log(NAME).read(name) for name in ("users", "roles")] == [None, None]


def test_what_was_removed_is_forgotten(files: RunFiles) -> None:
    log, reader = files.log(NAME), files.log(NAME)
    log.write("users", "x")
    assert reader.read("users") == "x"
    files.clear()
    assert reader.read("users") is None
    log.write("roles", "y")
    assert [reader.read(name) for name in ("users", "roles")] == [None, "y"]
    # The next file may have the number of this one, and be larger, before anybody looks.
    for number in range(20):
        files.clear()
        log.write(f"groups {number}", "z" * 1000)
        assert [reader.read(name) for name in ("roles", f"groups {number}", f"groups {number - 1}")] == [
            None,
            "z" * 1000,
            None,
        ]
    os.truncate(files.path(NAME), 0)
    assert reader.read("groups 19") is None


def test_where_no_record_can_be_written_nothing_is_shared(tmp_path: Path, files: RunFiles) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    nowhere = RunFiles(tmp_path / "file", SECRET).log(NAME)
    files.path(NAME).mkdir(parents=True)
    for log in (nowhere, files.log(NAME)):
        assert not log.write("users", "x")
        assert log.read("users") is None


def test_a_log_begins_anew_after_a_write_for_which_there_was_no_room(
    files: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, reader = files.log(NAME), files.log(NAME)
    log.write("first", 1)
    assert reader.read("first") == 1
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:50]))
        assert not log.write("second", 2)
    assert [reader.read(name) for name in ("first", "second")] == [None, None]
    assert log.write("third", 3)
    assert reader.read("third") == 3


def test_several_workers_add_records_at_once(files: RunFiles) -> None:
    """Each in a process of its own, as Ansible's workers are."""
    workers = []
    for number in range(4):
        worker = os.fork()
        if not worker:
            try:
                log = files.log(NAME)
                for step in range(50):
                    log.write(f"{number} {step}", [number, step] * 500)
            finally:
                os._exit(0)
        workers.append(worker)
    assert [os.waitpid(worker, 0)[1] for worker in workers] == [0] * 4
    log = files.log(NAME)
    assert all(log.read(f"{number} {step}") == [number, step] * 500 for number in range(4) for step in range(50))
