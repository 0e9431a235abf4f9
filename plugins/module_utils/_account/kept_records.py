# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Events that are read more than once, without all of them in memory.

The event history gives two pages of 50 events a second, so it is asked once. Its events are packed, and from some MB up
they are in a file that has no name: nobody else can open it, and it is gone with the process.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import typing as t
import zlib
from collections.abc import Iterable, Iterator, Sequence

_MOST_IN_MEMORY: t.Final = 8 * 1024 * 1024
_SOME: t.Final = 50


class Records(t.Protocol):
    """Events that can be counted, and read as often as wanted."""

    def __iter__(self) -> Iterator[t.Any]: ...
    def __len__(self) -> int: ...


class KeptRecords:
    """A growing collection of events, which are handed out in the order in which they came."""

    def __init__(self, *, most_in_memory: int = _MOST_IN_MEMORY) -> None:
        self._file: t.Final = tempfile.SpooledTemporaryFile(max_size=most_in_memory)  # noqa: SIM115  # kept open
        self._sizes: t.Final[list[int]] = []
        self._end = 0
        self._count = 0

    def add(self, records: Sequence[t.Any]) -> None:
        """Add events, as they are in JSON. Raises OSError: there is no room for them."""
        packed = zlib.compress(json.dumps(list(records)).encode(), 1)
        self._file.seek(self._end)
        self._file.write(packed)
        self._end += len(packed)
        self._sizes.append(len(packed))
        self._count += len(records)

    def extend(self, records: Iterable[t.Any]) -> None:
        """Add many events, some at a time."""
        given = iter(records)
        while some := list(itertools.islice(given, _SOME)):
            self.add(some)

    def _list_pages(self) -> Iterator[list[t.Any]]:
        place = 0
        for size in tuple(self._sizes):
            # Somebody else may have read meanwhile.
            self._file.seek(place)
            place += size
            yield json.loads(zlib.decompress(self._file.read(size)))

    def __iter__(self) -> Iterator[t.Any]:
        for records in self._list_pages():
            yield from records

    def __len__(self) -> int:
        return self._count
