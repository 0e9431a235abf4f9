# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Logs of events that last across runs: one object an event, numbered, and never written over. Pure.

Anybody who can write to the store can forge a record. The readers of a log decide which records they believe.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse
from collections.abc import Callable
from datetime import datetime

from .store import Store, StoreError

_KEY: t.Final = re.compile(r"(\d{6})-[a-z_]+\.json\Z", re.ASCII)
MOST_NUMBER: t.Final = 999_999
# File systems take names of 255 bytes.
_LONGEST_NAME: t.Final = 200


@dataclasses.dataclass(frozen=True)
class Stored:
    """A record as it was read. ``at`` is when the store says that it was written, ``key`` where it is."""

    number: int
    content: bytes
    key: str
    at: datetime


def quote_name(name: str, what: str) -> str:
    """Quote a name as one part of a key. It may have any character: slashes and leading dots would lead elsewhere.

    ``what`` is the kind of the name, for the error.

    :raises ValueError: it is too long.
    """
    quoted = urllib.parse.quote(name, safe=" ()+,=@")
    if quoted.startswith("."):
        quoted = f"%2E{quoted[1:]}"
    if len(quoted) > _LONGEST_NAME:
        raise ValueError(f"the name of the {what} {name!r} is too long to name a place for its records")
    return quoted


def parse_number(key: str) -> t.Optional[int]:
    """Parse the number that a key begins with; None for a foreign file."""
    match = _KEY.fullmatch(key.rpartition("/")[2])
    return int(match[1]) if match else None


def make_key(number: int, kind: str) -> str:
    """Make the key of a record. It has no time in it, so that of two runs at once only one can write it."""
    return f"{number:06d}-{kind}.json"


def read_log(store: Store, prefix: str) -> tuple[Stored, ...]:
    """Read the records right below a prefix, which ends with a slash, in the order of their numbers.

    Foreign files and folders are left out.

    :raises StoreError: the store can't be read.
    """
    found: list[Stored] = []
    for key in store.list(prefix):
        number = parse_number(key)
        if number is None or "/" in key.removeprefix(prefix):
            continue
        dated = store.get_dated(key)
        if dated is not None:
            found.append(Stored(number, dated[0], key, dated[1]))
    return tuple(sorted(found, key=lambda item: (item.number, item.key)))


def write_new(store: Store, key: str, content: bytes, *, is_same: Callable[[bytes], bool]) -> t.Optional[bytes]:
    """Write a record that nobody has written yet.

    Of two runs at once, the second one gets the record of the first, if ``is_same`` says that it means the same. None
    if this run wrote.

    :raises StoreError: it can't be written, or another run has written something else.
    """
    try:
        store.put_new(key, content)
        return None
    except StoreError:
        other = store.get(key)
        if other is None or not is_same(other):
            raise
        return other


def write_next(
    store: Store, prefix: str, last: int, kind: str, content: bytes, *, is_same: Callable[[bytes], bool]
) -> None:
    """Write the record after the one with the number ``last``. Of two runs that did the same at once, one writes.

    :raises StoreError: it can't be written, or another run has recorded something else meanwhile.
    """
    number, place = last + 1, store.location.rstrip("/")
    if number > MOST_NUMBER:
        raise StoreError(f"{place}/{prefix} has a record with number {last}; move it away")
    key = prefix + make_key(number, kind)
    # Keys of other kinds with this number do not exist for put_new.
    taken = [
        other for other in store.list(f"{prefix}{number:06d}-") if other != key and parse_number(other) is not None
    ]
    if taken:
        raise StoreError(f"{place}/{taken[0]} was written by another run; run again")
    write_new(store, key, content, is_same=is_same)
