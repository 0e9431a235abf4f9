# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Small files that the workers of one Ansible process share, and that nobody else can read or forge."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import tempfile
import typing as t
import zlib
from pathlib import Path

_MARK_SIZE: t.Final = 32


@dataclasses.dataclass(frozen=True)
class RunFiles:
    """JSON by name, in a private directory. ``secret`` is known to one process and its forks.

    Each file begins with a mark, which the secret makes of its name and content. A file that another process left, one
    that is cut off, and one that somebody else put there are therefore never read. Several workers may write at once:
    a file appears whole.
    """

    directory: Path
    secret: bytes = dataclasses.field(repr=False)

    def read(self, name: str) -> t.Any:
        """The content of a file; None if there is none that this process wrote."""
        try:
            found = self._path(name).read_bytes()
        except OSError:
            return None
        mark, content = found[:_MARK_SIZE], found[_MARK_SIZE:]
        if not hmac.compare_digest(mark, self._mark(name, content)):
            return None
        return json.loads(zlib.decompress(content))

    def write(self, name: str, value: t.Any) -> bool:
        """Write a file; returns whether the directory could be written. Where it can't, nothing is shared."""
        # The fastest level: IAM's text shrinks to a tenth by it.
        content = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)
        with contextlib.suppress(OSError):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.directory)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(self._mark(name, content) + content)
                os.replace(temporary, self._path(name))
                return True
            except OSError:
                os.unlink(temporary)
        return False

    def clear(self) -> None:
        """Remove all files. That works on a full disk too."""
        with contextlib.suppress(OSError):
            for path in self.directory.iterdir():
                path.unlink(missing_ok=True)

    def seal(self, text: str) -> str:
        """A digest of ``text`` that only this process and its forks can make."""
        return self._mark("", text.encode()).hex()

    def _path(self, name: str) -> Path:
        return self.directory / self.seal(name)

    def _mark(self, name: str, content: bytes) -> bytes:
        # A zero byte is in no name, so that name and content can't be exchanged.
        return hashlib.blake2b(name.encode() + b"\0" + content, key=self.secret, digest_size=_MARK_SIZE).digest()
