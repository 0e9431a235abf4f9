# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import fcntl
import os
import socket
import tempfile
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge import store as store_module
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import (
    ConflictError,
    DirectoryStore,
    StoreError,
    make_absolute,
)

from .fakes import NOW, set_dates


def test_content_comes_back_and_is_private(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "reports"))
    assert store.put("1/report.json", b"one") == str(tmp_path / "reports" / "1" / "report.json")
    store.put("1/report.json", b"two")
    assert store.get("1/report.json") == b"two"
    assert (tmp_path / "reports" / "1" / "report.json").stat().st_mode & 0o777 == 0o600
    assert store.list("1/") == ["1/report.json"]


def test_every_directory_on_the_way_is_private(tmp_path: Path) -> None:
    DirectoryStore(str(tmp_path / "reports" / "team")).put("1/parts/report.json", b"one")
    ways = ("reports", "reports/team", "reports/team/1", "reports/team/1/parts")
    assert {way: (tmp_path / way).stat().st_mode & 0o777 for way in ways} == dict.fromkeys(ways, 0o700)


def test_a_folder_that_can_not_be_listed_is_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user may have made it. Root can read all, so the system answers here as it does to others."""
    store = DirectoryStore(str(tmp_path), "journal")
    store.put("1/run/a", b"one")
    store.put("2/run/a", b"two")
    scan = os.scandir

    def refuse(path: t.Any = ".") -> t.Any:
        if str(path).endswith("/1/run"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StoreError, match="journal: can't read .*/1/run: Permission denied"):
        store.list("1/")
    assert store.list("2/") == ["2/run/a"]
    assert store.list("3/") == store.list("2/run/a/") == []


def test_put_new_refuses_what_exists_and_leaves_it(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    store.put_new("a", b"one")
    with pytest.raises(StoreError, match="can't write"):
        store.put_new("a", b"two")
    assert store.get("a") == b"one"
    assert store.list() == ["a"]


def test_of_two_that_swap_the_same_version_one_is_refused(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    store.swap("control/a", b"one", None)
    found = store.get_versioned("control/a")
    assert found is not None and found[0] == b"one"
    with pytest.raises(ConflictError):
        store.swap("control/a", b"two", None)
    store.swap("control/a", b"two", found[1])
    with pytest.raises(ConflictError):
        store.swap("control/a", b"three", found[1])
    assert store.get("control/a") == b"two"
    # The file that is locked is no key.
    assert store.list() == ["control/a"]


def test_what_is_gone_is_not_swapped(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    assert store.get_versioned("a") is None
    with pytest.raises(ConflictError):
        store.swap("a", b"one", "0" * 64)
    assert store.get("a") is None


def test_no_swap_is_lost_where_several_write_at_once(tmp_path: Path) -> None:
    def count(times: int) -> None:
        # A file that is opened once more is locked against the first, in one process as between two.
        store = DirectoryStore(str(tmp_path))
        for _time in range(times):
            while not _add_one(store):
                pass

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert list(pool.map(count, [25] * 4)) == [None] * 4
    assert DirectoryStore(str(tmp_path)).get("count") == b"100"


def _add_one(store: DirectoryStore) -> bool:
    found = store.get_versioned("count")
    number = int(found[0]) + 1 if found else 1
    try:
        store.swap("count", str(number).encode(), found[1] if found else None)
    except ConflictError:
        return False
    return True


def test_a_process_that_is_suspended_in_a_swap_does_not_block_others_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_LOCK_SECONDS", 0.05)
    (tmp_path / "a.lock").touch()
    descriptor = os.open(tmp_path / "a.lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(StoreError, match=r"a\.lock has been locked by another process"):
        DirectoryStore(str(tmp_path)).swap("a", b"one", None)
    os.close(descriptor)
    DirectoryStore(str(tmp_path)).swap("a", b"one", None)


def test_a_lock_is_not_followed_out_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="can't write"):
        DirectoryStore(str(tmp_path / "journal")).swap("a", b"one", None)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.EACCES, "Let the user that runs Ansible write there, or set journal to another directory."),
        (errno.EROFS, "Let the user that runs Ansible write there, or set journal to another directory."),
        (errno.ENOSPC, "Free some space, or set journal to another directory."),
    ],
)
def test_an_error_names_the_option_and_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    def fail(*_arguments: object, **_keywords: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "mkstemp", fail)
    with pytest.raises(StoreError) as caught:
        DirectoryStore(str(tmp_path), "journal").put("a", b"one")
    assert str(caught.value) == f"journal: can't write {tmp_path}/a: {os.strerror(number)}.\n{step}"
    with pytest.raises(StoreError, match=f"^can't write {tmp_path}/a: {os.strerror(number)}$"):
        DirectoryStore(str(tmp_path)).put("a", b"one")


def test_the_time_of_a_file_comes_with_its_content(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    store.put("a", b"one")
    set_dates(tmp_path, NOW)
    assert store.get_dated("a") == (b"one", NOW)
    assert store.get_dated("b") is None
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="can't read"):
        store.get_dated("folder")


def test_what_is_not_there(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "nowhere"))
    assert store.get("a") is None
    assert store.list() == []


def test_keys_in_order_and_below_their_prefix(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    for key in ("b/2", "b/1", "bb/1", "a"):
        store.put(key, b"")
    (tmp_path / "b" / ".tmp-half").write_bytes(b"")
    assert store.list() == ["a", "b/1", "b/2", "bb/1"]
    assert store.list("b/") == ["b/1", "b/2"]
    versions = {key: found[1] for key in ("b/1", "b/2") if (found := store.get_versioned(key))}
    assert len(versions) == 2 and store.list_versioned("b/") == versions


def test_keys_below_a_prefix_are_found_without_looking_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(str(tmp_path))
    for key in ("1/report.json", "1/parts/a.json", "1/parts/b.json", "2/report.json"):
        store.put(key, b"")
    looked_at: list[str] = []
    scan = os.scandir

    def look(path: t.Any) -> t.Any:
        looked_at.append(str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", look)
    assert store.list("1/parts/") == ["1/parts/a.json", "1/parts/b.json"]
    assert looked_at == [str(tmp_path / "1" / "parts")]
    assert store.list("1/rep") == ["1/report.json"]


def test_what_goes_on_below_a_prefix(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    for key in ("a/2/x", "a/1/y", "a/file", "b/1/z"):
        store.put(key, b"")
    assert store.folders() == ("a", "b")
    assert store.folders("a/") == ("1", "2")
    assert store.folders("c/") == store.folders("a/file/") == ()


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = DirectoryStore(str(tmp_path / "file"))
    with pytest.raises(StoreError, match=f"can't write {tmp_path}/file/a"):
        store.put("a", b"")
    with pytest.raises(StoreError, match="can't read"):
        store.get("a")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("~no-such-user/reports", "begins with the home directory of a user that does not exist"),
        ("a\0b", "has a null character"),
    ],
)
def test_what_can_be_no_path_is_an_error_with_the_option(path: str, message: str) -> None:
    with pytest.raises(StoreError, match=f"^journal: .*{message}"):
        DirectoryStore(path, "journal")
    assert make_absolute(path) == path


def test_a_name_that_is_too_long_is_an_error_with_the_option(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="^journal: can't write .*File name too long"):
        DirectoryStore(str(tmp_path / ("x" * 300)), "journal").put("a", b"")


def test_of_a_file_that_is_too_large_only_the_start_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_MOST_BYTES", 3)
    (tmp_path / "log.json").write_bytes(b"abcdef")
    assert DirectoryStore(str(tmp_path)).get("log.json") == b"abc"


# Nothing but a regular file is read, and nothing is absent without proof


def make_kind(path: Path, kind: str) -> None:
    """Put something that is no regular file at a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "broken link":
        path.symlink_to(path.parent / "nowhere")
    elif kind == "link":
        (path.parent / "target").write_bytes(b"")
        path.symlink_to(path.parent / "target")
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "named pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(os.path.relpath(path))
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/null")


KINDS: t.Final = ("broken link", "link to itself", "named pipe", "socket", "directory", "device")


@pytest.mark.parametrize("key", ["control/stop", "1/run/a"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_neither_absent_nor_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, key: str
) -> None:
    monkeypatch.chdir(tmp_path)
    store = DirectoryStore(str(tmp_path), "journal")
    make_kind(tmp_path / key, kind)
    for read in (store.get, store.get_dated, store.get_versioned):
        with pytest.raises(StoreError, match=f"journal: can't read {tmp_path / key}: it is a "):
            read(key)
    with pytest.raises(StoreError, match="can't read"):
        store.swap(key, b"one", None)
    assert store.list() == ([] if kind == "directory" else [key])


def test_a_link_to_a_file_is_read_but_below_control(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    make_kind(tmp_path / "1" / "a", "link")
    make_kind(tmp_path / "control" / "stop", "link")
    assert store.get("1/a") == b""
    with pytest.raises(StoreError, match="it is a symbolic link, and only a regular file is read"):
        store.get("control/stop")


@pytest.mark.parametrize("link", ["journal", "journal/control", "journal/control/leases"])
def test_nothing_is_absent_behind_a_broken_link(tmp_path: Path, link: str) -> None:
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(tmp_path / "nowhere")
    store = DirectoryStore(str(tmp_path / "journal"))
    for ask in (store.get, store.list, store.folders):
        with pytest.raises(
            StoreError, match=f"{tmp_path / link}: it is a symbolic link to .*nowhere, which is missing"
        ):
            ask("control/leases/aws/")


def test_parents_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "control").mkdir(parents=True)
    (tmp_path / "journal").symlink_to(tmp_path / "elsewhere")
    store = DirectoryStore(str(tmp_path / "journal"))
    assert store.get("control/stop") is None
    store.put("control/stop", b"INC-7")
    assert store.get("control/stop") == b"INC-7"


def test_a_parent_that_can_not_be_searched_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may search all, so the system answers here as it does to others."""
    store = DirectoryStore(str(tmp_path), "journal")

    def refuse(path: t.Any, *_arguments: t.Any, **_keywords: t.Any) -> t.NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        with pytest.raises(StoreError, match=r"can't read .*control/stop: Permission denied"):
            store.get("control/stop")
    monkeypatch.setattr(Path, "lstat", refuse)
    with pytest.raises(StoreError, match=r"can't read .*control/stop: Permission denied"):
        store.get("control/stop")


def test_a_file_of_control_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_MOST_CONTROL_BYTES", 3)
    store = DirectoryStore(str(tmp_path))
    store.put("control/stop", b"abc")
    assert store.get("control/stop") == b"abc"
    store.put("control/stop", b"abcd")
    with pytest.raises(StoreError, match="it has 4 bytes, more than any file of control"):
        store.get("control/stop")


def test_a_file_that_appears_while_it_is_looked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DirectoryStore(str(tmp_path))
    opened = os.open

    def appear(path: t.Any, *arguments: t.Any, **keywords: t.Any) -> int:
        monkeypatch.setattr(os, "open", opened)
        store.put("a", b"one")
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))

    monkeypatch.setattr(os, "open", appear)
    assert store.get("a") == b"one"


def test_a_list_has_what_is_behind_links_once(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "journal"))
    store.put("1/run/a", b"one")
    (tmp_path / "archive" / "old").mkdir(parents=True)
    (tmp_path / "archive" / "old" / "b").write_bytes(b"two")
    (tmp_path / "journal" / "1" / "old").symlink_to(tmp_path / "archive" / "old")
    (tmp_path / "archive" / "old" / "back").symlink_to(tmp_path / "journal")
    (tmp_path / "journal" / "1" / "loop").symlink_to(tmp_path / "journal")
    assert store.list("1/") == ["1/old/b", "1/run/a"]


# What keeps two writers apart


def test_a_directory_keeps_to_the_conditions_of_writes(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "journal"), "journal")
    for _time in range(2):
        assert store.find_ignored_condition("control/leases/probe") == ""


def test_a_directory_that_lets_a_file_be_made_twice_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file server that repeats a request for itself, or a file system without links."""
    monkeypatch.setattr(os, "link", lambda source, target: os.replace(source, target))
    assert DirectoryStore(str(tmp_path)).find_ignored_condition("probe") == "it lets a file be made that exists"


def test_a_directory_without_locks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda _descriptor, _operation: None)
    assert DirectoryStore(str(tmp_path)).find_ignored_condition("probe") == "it lets two lock a file (flock)"


def test_where_the_conditions_can_not_be_tried_that_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_source: t.Any, _target: t.Any) -> t.NoReturn:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StoreError, match="Operation not permitted"):
        DirectoryStore(str(tmp_path)).find_ignored_condition("probe")


def test_a_directory_is_the_same_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "journal")
    first = DirectoryStore(str(tmp_path / "journal")).identify()
    assert first == DirectoryStore(str(tmp_path / "link")).identify()
    assert first != DirectoryStore(str(tmp_path / "other")).identify()


def test_a_directory_that_can_not_be_made_is_not_called_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, *_positional: t.Any, **_keywords: t.Any) -> t.NoReturn:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="can't write .*journal: "):
        DirectoryStore(str(tmp_path / "journal")).identify()


def test_the_clock_is_that_which_dates_files(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    store.put("a", b"one")
    before, after = store.get_versioned("a"), store.read_clock()
    assert before is not None and before.written <= after
    store.put("a", b"two")
    found = store.get_versioned("a")
    assert found is not None and found.written >= after
    assert store.folders("control/leases/") == ()
