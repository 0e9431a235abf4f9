# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Small files that the workers of one Ansible process share, and that nobody else can read or forge."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import hmac
import json
import os
import struct
import tempfile
import typing as t
import zlib
from collections.abc import Iterator
from pathlib import Path

_MARK_SIZE: t.Final = 32
# Of a record: the length of its content.
_LENGTH: t.Final = struct.Struct(">I")
_HEAD_SIZE: t.Final = _LENGTH.size + 2 * _MARK_SIZE


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """JSON by name, in a private directory. ``secret`` is known to one process and its forks.

    With ``for_facts_only`` no reads of accounts are kept: nobody follows who would plan on them.

    Each file begins with a mark, which the secret makes of its name and content. A file that another process left, one
    that is cut off, and one that somebody else put there are therefore never read. Several workers may write at once:
    a file appears whole.
    """

    directory: Path
    secret: bytes = dataclasses.field(repr=False)
    for_facts_only: bool = False

    def read(self, name: str) -> t.Any:
        """The content of a file; None if there is none that this process wrote."""
        try:
            found = self.path(name).read_bytes()
        except OSError:
            return None
        mark, content = found[:_MARK_SIZE], found[_MARK_SIZE:]
        return _unpack(content) if hmac.compare_digest(mark, self.mark(name, content)) else None

    def write(self, name: str, value: t.Any) -> bool:
        """Write a file; returns whether the directory could be written. Where it can't, nothing is shared."""
        content = _pack(value)
        with contextlib.suppress(OSError):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.directory)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(self.mark(name, content) + content)
                os.replace(temporary, self.path(name))
                return True
            except OSError:
                os.unlink(temporary)
        return False

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Let one worker at a time do what ``name`` stands for. Where the directory can't be written, all do it."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                place = self.path(f"{name} lock")
                descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    def clear(self) -> None:
        """Remove all files. That works on a full disk too."""
        with contextlib.suppress(OSError):
            for path in self.directory.iterdir():
                path.unlink(missing_ok=True)

    def seal(self, text: str) -> str:
        """A digest of ``text`` that only this process and its forks can make."""
        return self.mark("", text.encode()).hex()

    def log(self, name: str) -> RunLog:
        """A file of many records."""
        return RunLog(self, name)

    def path(self, name: str) -> Path:
        """The place of a file."""
        return self.directory / self.seal(name)

    def mark(self, name: str, content: bytes) -> bytes:
        """The mark of a content. Only this process and its forks can make it."""
        # A zero byte is in no name, so that name and content can't be exchanged.
        return hashlib.blake2b(name.encode() + b"\0" + content, key=self.secret, digest_size=_MARK_SIZE).digest()


class RunLog:
    """JSON by name, in one file that only grows. To make a file for each name costs more than to write it.

    A later record of a name takes the place of the one before. What is no record that this process wrote, or was cut
    off, is not read, nor is what comes after it.
    """

    def __init__(self, files: RunFiles, name: str) -> None:
        self._files = files
        self._name = name
        self._path = files.path(name)
        self._descriptor: t.Optional[int] = None
        self._size = 0
        self._records: dict[bytes, bytes] = {}

    def __del__(self) -> None:
        self._forget()

    def read(self, name: str) -> t.Any:
        """The last record of a name; None if there is none that this process wrote."""
        self._catch_up()
        content = self._records.get(self._files.mark(self._name, name.encode()))
        return None if content is None else _unpack(content)

    def write(self, name: str, value: t.Any) -> bool:
        """Add a record; returns whether it is there as a whole. Several workers may write at once."""
        content = _pack(value)
        label = self._files.mark(self._name, name.encode())
        record = _LENGTH.pack(len(content)) + label + self._files.mark(self._name, label + content) + content
        with contextlib.suppress(OSError):
            descriptor = self._open()
            try:
                if os.write(descriptor, record) == len(record):
                    return True
                # The disk is full. Behind the part of a record nothing would be read any more: the file begins anew.
                self._path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)
        return False

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            self._files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._path, flags, 0o600)

    def _catch_up(self) -> None:
        """Read what was added since the last time. If the file is another one, read all of it."""
        try:
            # The number of a file that was removed may be that of the next one, but not while it is held open.
            if self._descriptor is None or not os.path.samestat(os.fstat(self._descriptor), os.stat(self._path)):
                self._forget()
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            size = os.fstat(self._descriptor).st_size
            if size < self._size:
                self._size, self._records = 0, {}
            if size > self._size:
                self._add(os.pread(self._descriptor, size - self._size, self._size))
        except OSError:
            self._forget()

    def _forget(self) -> None:
        descriptor, self._descriptor, self._size, self._records = self._descriptor, None, 0, {}
        if descriptor is not None:
            os.close(descriptor)

    def _add(self, added: bytes) -> None:
        at = 0
        while at + _HEAD_SIZE <= len(added):
            begin = at + _HEAD_SIZE
            end = begin + _LENGTH.unpack_from(added, at)[0]
            label, mark = added[at + _LENGTH.size : begin - _MARK_SIZE], added[begin - _MARK_SIZE : begin]
            content = added[begin:end]
            if end > len(added) or not hmac.compare_digest(mark, self._files.mark(self._name, label + content)):
                break
            self._records[label] = content
            at = end
        self._size += at


def _pack(value: t.Any) -> bytes:
    # The fastest level: IAM's text shrinks to a tenth by it.
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)


def _unpack(content: bytes) -> t.Any:
    return json.loads(zlib.decompress(content))
