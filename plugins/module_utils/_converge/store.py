# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Where reports, plans and journals are kept: a directory here, an S3 prefix through the same protocol in ``_aws``."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

# Ends the name of the file that is locked while a key is swapped. It stays: to remove it would let two lock at once.
_LOCK: t.Final = ".lock"
# A swap takes milliseconds. Of a hundred workers that swap the same key, the last one waits for seconds.
_LOCK_SECONDS = 60.0
_LOCK_PAUSE: t.Final = 0.01
# A file may appear or vanish while it is looked for.
_LOOKS: t.Final = 3
# No file of CloudTrail or of this collection has as much. Of a larger one the start is read, which is no valid file.
_MOST_BYTES: t.Final = 512 * 1024 * 1024
_NOT_ALLOWED: t.Final = (errno.EACCES, errno.EPERM, errno.EROFS)
# The folder of the state that lets runs begin, stops them, or keeps them apart: switch, leases, counters, incidents.
CONTROL: t.Final = "control/"
# The file that shows the clock of a file server.
_CLOCK: t.Final = f"{CONTROL}leases/clock"
_PROBE: t.Final = b"Tests whether this place keeps to the conditions of writes.\n"
# The counters of thousands of accounts and the longest record of an incident have less.
_MOST_CONTROL_BYTES: t.Final = 16 * 1024 * 1024
_KINDS: t.Final[tuple[tuple[t.Callable[[int], bool], str], ...]] = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class StoreError(Exception):
    """A place for reports or journals can't be read or written; the message names the place."""


class ConflictError(StoreError):
    """Somebody else wrote a key since it was read, or in the same moment. Nothing was written."""


class Versioned(t.NamedTuple):
    """A content, the version that :meth:`Store.swap` compares, and when the store says that it was written."""

    content: bytes
    version: str
    written: datetime


class Store(t.Protocol):
    """A flat namespace of small objects, named by ``/``-separated keys.

    That a key does not exist, and a list without it, are proven: whatever keeps a place from being read completely is a
    :class:`StoreError`.
    """

    location: str

    def put(self, key: str, content: bytes) -> str:
        """Write ``content`` whole and durably; returns the full location. Raises :class:`StoreError`."""

    def put_new(self, key: str, content: bytes) -> str:
        """Like :meth:`put`, but refuses with :class:`StoreError` where the key exists already."""

    def get(self, key: str) -> t.Optional[bytes]:
        """The content, or None where the key does not exist. Raises :class:`StoreError`."""

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        """Like :meth:`get`, with the time at which the store says that the key was last written."""

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        """Like :meth:`get`, with the version that :meth:`swap` compares."""

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        """Write ``content`` only if the key still has this version, or does not exist where ``version`` is None.

        Returns the new version. ``content`` must differ from all that was there before: two writers with the same would
        both take it for theirs.

        :raises ConflictError: somebody else was quicker.
        :raises StoreError: it can't be written.
        """

    def list(self, prefix: str = "") -> list[str]:
        """Keys below ``prefix`` in ascending order, also of what can't be read. Raises :class:`StoreError`."""

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        """The same keys with their versions, as :meth:`get_versioned` has them; empty for a file that can't be read.

        Raises :class:`StoreError`.
        """

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        """The folders below ``prefix``, which ends with a slash or is empty: names up to the next slash, in order.

        Raises :class:`StoreError`.
        """

    def identify(self) -> str:
        """What tells this place from all others, for this run. Raises :class:`StoreError`."""

    def read_clock(self) -> datetime:
        """The time by the clock that dates what is written here. It may write a file. Raises :class:`StoreError`."""

    def find_ignored_condition(self, key: str) -> str:
        """Find a write that must be refused and is not, as a clause; empty if the place keeps to all conditions.

        It is tried on ``key``, which is written for that alone.

        :raises StoreError: that can't be found out.
        """


def expand_path(path: str, option: str = "") -> Path:
    """The path with the home directory in place of ``~``.

    :raises StoreError: it can be no path, or begins with the home of a user that does not exist.
    """
    named = f"{option}: " if option else ""
    if "\0" in path:
        raise StoreError(f"{named}{path!r} has a null character, so it is not the path of a file")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise StoreError(
            f"{named}{path!r} begins with the home directory of a user that does not exist.\n"
            "For your own home directory, write ~/ with a slash."
        ) from error


def make_absolute(path: str) -> str:
    """The absolute path. What can be no path stays as it is: an error names it where it is opened."""
    try:
        return str(expand_path(path).absolute())
    except StoreError:
        return path


class DirectoryStore:
    """A :class:`Store` in a local directory: files are 0600, written aside and renamed, so never seen half-written.

    ``option`` is the option that names the directory, for messages.
    """

    def __init__(self, directory: str, option: str = "") -> None:
        self._root = expand_path(directory, option)
        self._option = option
        self.location = str(self._root)

    def put(self, key: str, content: bytes) -> str:
        return self._write(key, content, replace=True)

    def put_new(self, key: str, content: bytes) -> str:
        return self._write(key, content, replace=False)

    def get(self, key: str) -> t.Optional[bytes]:
        found = self.get_dated(key)
        return None if found is None else found[0]

    def get_dated(self, key: str) -> t.Optional[tuple[bytes, datetime]]:
        path = self._root / key
        for _attempt in range(_LOOKS):
            try:
                return self._read(key, path)
            except FileNotFoundError:
                if not self._exists(path):
                    return None
            except OSError as error:
                raise self._explain_unread(path, error) from error
        raise self._refuse(path, "it appears and vanishes again and again")

    def _read(self, key: str, path: Path) -> tuple[bytes, datetime]:
        is_control = key.startswith(CONTROL)
        descriptor = _open_file(path, follows=not is_control)
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise self._refuse(path, _describe_kind(state.st_mode))
            if is_control and state.st_size > _MOST_CONTROL_BYTES:
                raise self._refuse(path, f"it has {state.st_size} bytes, more than any file of control")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(_MOST_BYTES), datetime.fromtimestamp(state.st_mtime, UTC)
        finally:
            os.close(descriptor)

    def _exists(self, path: Path) -> bool:
        """Whether anything is at a path that could not be opened: "no such file" is also said of a broken link.

        :raises StoreError: a broken link is there or on the way, or that can't be found out.
        """
        for place in (path, *path.parents):
            is_link = False
            try:
                is_link = stat.S_ISLNK(place.lstat().st_mode)
                if is_link:
                    place.stat()
                return place == path
            except (FileNotFoundError, NotADirectoryError) as error:
                if is_link:
                    raise self._refuse(
                        place, f"it is a symbolic link to {os.readlink(place)}, which is missing"
                    ) from error
            except OSError as error:
                raise self._explain("read", place, error) from error
        return False

    def _explain_unread(self, path: Path, error: OSError) -> StoreError:
        """The error of a file that could not be opened, with the kind of what is there in place of a file."""
        # O_NOFOLLOW says ELOOP of a link; a socket can't be opened at all.
        if error.errno in (errno.ELOOP, errno.ENXIO):
            with contextlib.suppress(OSError):
                return self._refuse(path, _describe_kind(path.lstat().st_mode))
        return self._explain("read", path, error)

    def _refuse(self, path: Path, reason: str) -> StoreError:
        place = f"{self._option}: " if self._option else ""
        return StoreError(f"{place}can't read {path}: {reason}")

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        found = self.get_dated(key)
        return None if found is None else Versioned(found[0], _make_version(found[0]), found[1])

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        with self._lock(key):
            present = self.get(key)
            if version != (None if present is None else _make_version(present)):
                raise ConflictError(f"{self._root / key} was written by somebody else")
            self.put(key, content)
        return _make_version(content)

    def identify(self) -> str:
        try:
            _make_private(self._root)
            state = self._root.stat()
        except OSError as error:
            raise self._explain("write", self._root, error) from error
        return f"directory {state.st_dev}:{state.st_ino}"

    def read_clock(self) -> datetime:
        # A file server dates a file by its own clock if it is asked for the time of now, as here.
        path = self._root / _CLOCK
        descriptor = self._open_lock(path)
        try:
            os.utime(descriptor)
            return datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
        except OSError as error:
            raise self._explain("write", path, error) from error
        finally:
            os.close(descriptor)

    def find_ignored_condition(self, key: str) -> str:
        self.put(key, _PROBE)
        try:
            self.put_new(key, _PROBE)
            return "it lets a file be made that exists"
        except StoreError as error:
            if not isinstance(error.__cause__, FileExistsError):
                raise
        with self._lock(key):
            descriptor = self._open_lock(self._root / f"{key}{_LOCK}")
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return "it lets two lock a file (flock)"
            except BlockingIOError:
                return ""
            finally:
                os.close(descriptor)

    def _open_lock(self, path: Path) -> int:
        try:
            _make_private(path.parent)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        except OSError as error:
            raise self._explain("write", path, error) from error

    @contextlib.contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        """Keep other processes of this machine from swapping the same key. The kernel unlocks after a killed one."""
        path = self._root / f"{key}{_LOCK}"
        descriptor = self._open_lock(path)
        try:
            self._wait_for_lock(descriptor, path)
            yield
        except OSError as error:
            raise self._explain("lock", path, error) from error
        finally:
            os.close(descriptor)

    def _wait_for_lock(self, descriptor: int, path: Path) -> None:
        """Lock a file. A process that was suspended while it swaps a key does not keep others waiting for ever."""
        end = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise StoreError(
                        f"{path} has been locked by another process for {_LOCK_SECONDS:.0f} seconds.\n"
                        "Find the process that was suspended while it wrote there, and end it."
                    ) from None
                time.sleep(_LOCK_PAUSE)

    def list(self, prefix: str = "") -> list[str]:
        # Only where the prefix leads: a fleet's place holds the files of all accounts, and is listed for each of them.
        below = self._root / prefix.rpartition("/")[0]
        keys = (path.relative_to(self._root).as_posix() for path in self._walk(below))
        return sorted(key for key in keys if key.startswith(prefix) and not _is_own(key.rpartition("/")[2]))

    def list_versioned(self, prefix: str = "") -> dict[str, str]:
        return {key: self._find_version(key) for key in self.list(prefix)}

    def _find_version(self, key: str) -> str:
        try:
            found = self.get_versioned(key)
        except StoreError:
            return ""
        return found[1] if found else ""

    def _walk(self, below: Path, ways: tuple[Path, ...] = ()) -> Iterator[Path]:
        """All files below a directory. A folder that can't be listed is an error: it may hold what matters.

        Links to folders are followed, but for those that lead back to one of the ``ways`` to them.
        """

        def refuse(error: OSError) -> None:
            path = Path(str(error.filename))
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                raise self._explain("read", path, error) from error
            self._exists(path)

        for directory, folders, names in os.walk(below, onerror=refuse):
            yield from (Path(directory, name) for name in names)
            for folder in (Path(directory, name) for name in folders if os.path.islink(os.path.join(directory, name))):
                own = (Path(directory).resolve(), *ways)
                if not any(way.is_relative_to(folder.resolve()) for way in own):
                    yield from self._walk(folder, own)

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        try:
            return tuple(sorted(path.name for path in (self._root / prefix).iterdir() if path.is_dir()))
        except (FileNotFoundError, NotADirectoryError):
            self._exists(self._root / prefix)
            return ()
        except OSError as error:
            raise self._explain("read", self._root / prefix, error) from error

    def _write(self, key: str, content: bytes, *, replace: bool) -> str:
        target = self._root / key
        try:
            _make_private(target.parent)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".tmp-")
            try:
                with os.fdopen(descriptor, "wb") as handle:
                    handle.write(content)
                    handle.flush()
                    os.fsync(handle.fileno())
                if replace:
                    os.replace(temporary, target)
                else:
                    os.link(temporary, target)
            finally:
                if os.path.exists(temporary):
                    os.unlink(temporary)
        except OSError as error:
            raise self._explain("write", target, error) from error
        return str(target)

    def _explain(self, verb: str, path: Path, error: OSError) -> StoreError:
        """The error with the option that names the directory, and the next step where there is one to name."""
        place = f"{self._option}: " if self._option else ""
        message = f"{place}can't {verb} {path}: {error.strerror}"
        if not self._option:
            return StoreError(message)
        # Not Path.is_file, which raises the very same error where a name is too long.
        blocked = next((parent for parent in path.parents if os.path.isfile(parent)), None)
        if blocked is not None:
            return StoreError(f"{message}.\n{blocked} is a file. Set {self._option} to a directory.")
        if error.errno in _NOT_ALLOWED:
            step = f"Let the user that runs Ansible {verb} there, or set {self._option} to another directory."
            return StoreError(f"{message}.\n{step}")
        if error.errno == errno.ENOSPC:
            return StoreError(f"{message}.\nFree some space, or set {self._option} to another directory.")
        return StoreError(message)


def _open_file(path: Path, *, follows: bool) -> int:
    """Open a file to read it. To open a named pipe does not wait for a writer."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    return os.open(path, flags if follows else flags | os.O_NOFOLLOW)


def _describe_kind(mode: int) -> str:
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")
    return f"it is {kind}, and only a regular file is read"


def _is_own(name: str) -> bool:
    """Whether a file is none of the user's, but one that a write or a lock needs."""
    return name.startswith(".tmp-") or name.endswith(_LOCK)


def _make_version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _make_private(directory: Path) -> None:
    """Make the directories that are missing, for their owner alone: mkdir gives its mode only to the last one."""
    for path in (*reversed(directory.parents), directory):
        if not path.exists():
            path.mkdir(mode=0o700, exist_ok=True)
