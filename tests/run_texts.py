# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the files of a run hold, for tests that look for what must not be in them."""

from __future__ import annotations

import re
import typing as t
import zlib
from pathlib import Path

# With this each compressed content begins, whatever stands before it (RFC 1950, at the fastest level).
_BEGIN: t.Final = re.compile(b"\x78\x01")


def read_texts(directory: Path) -> str:
    """All contents of all files below a directory, decompressed. The bytes as they are come first."""
    files = [path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()]
    found = [content.decode(errors="replace") for content in files]
    for content in files:
        for begin in _BEGIN.finditer(content):
            try:
                found.append(zlib.decompressobj().decompress(content[begin.start() :]).decode())
            except (zlib.error, UnicodeDecodeError):
                # The two bytes may also stand within a content.
                continue
    return "\n".join(found)
