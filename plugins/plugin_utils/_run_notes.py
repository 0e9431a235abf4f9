# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Small facts that the workers of one Ansible process share.

A worker is a fork that ends with its task, so nothing that it works out in memory is there for the next one. Ansible
has a private temporary directory for each process, which all its workers see and which it removes at its end.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import typing as t
from collections.abc import Callable
from pathlib import Path

from ansible import constants

_COLLECTION: t.Final = "hardening.iam"


def private_directory() -> Path:
    """The directory of this collection in that of the Ansible process, which removes it at its end."""
    return Path(constants.DEFAULT_LOCAL_TMP) / _COLLECTION  # type: ignore[attr-defined]


class RunNotes:
    """Facts by name, in a directory. Several workers may write at once; each file appears whole or not at all."""

    def __init__(self, directory: t.Union[str, Path]) -> None:
        self._directory = Path(directory)

    def recall(self, name: str, work_out: Callable[[], str]) -> str:
        """The fact ``name``, worked out by the first that asks."""
        found = self.find(name)
        return self._keep_first(self._path(name), work_out()) if found is None else found

    def find(self, name: str) -> t.Optional[str]:
        """The fact ``name``, or None if no worker has kept it."""
        try:
            return self._path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def keep(self, name: str, text: str) -> None:
        """Keep the fact ``name`` in place of what it was before."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.replace(self._write_aside(text), self._path(name))

    def claim(self, name: str, owner: str) -> str:
        """Claim ``name`` and return its owner: the first that claimed it."""
        return self.recall(name, lambda: owner)

    def _path(self, name: str) -> Path:
        return self._directory / hashlib.sha256(name.encode()).hexdigest()

    def _keep_first(self, path: Path, text: str) -> str:
        """Write ``text`` unless another worker was first, and return the text that is kept."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._write_aside(text)
        try:
            # A link is made only if there is no such file, unlike a rename, which would replace the first answer.
            os.link(temporary, path)
        except FileExistsError:
            return path.read_text(encoding="utf-8")
        finally:
            os.unlink(temporary)
        return text

    def _write_aside(self, text: str) -> str:
        descriptor, temporary = tempfile.mkstemp(dir=self._directory)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return temporary
