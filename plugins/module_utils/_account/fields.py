# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Typed access to the members of AWS's answers: what is missing or of another type makes a dataset unparsable.

An answer that lacks a required member is never taken for an empty one: that would be a fact that nobody observed.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from .model import UnreadKind
from .source import Record, Unreadable

V = t.TypeVar("V")


def _make_unparsable(key: str, expected: str, value: object) -> Unreadable:
    found = "is missing" if value is None else f"is a {type(value).__name__}"
    return Unreadable(UnreadKind.UNPARSABLE, f"AWS's answer does not parse: {key} {found}, not a {expected}")


def _of(kind: type[V], record: Record, key: str, expected: str) -> t.Optional[V]:
    value = record.get(key)
    if value is None or isinstance(value, kind):
        return value
    raise _make_unparsable(key, expected, value)


def _require(value: t.Optional[V], key: str, expected: str) -> V:
    if value is None:
        raise _make_unparsable(key, expected, None)
    return value


def text(record: Record, key: str) -> str:
    """The string at ``key``. Raises Unreadable where there is none."""
    return _require(optional_text(record, key), key, "string")


def optional_text(record: Record, key: str) -> t.Optional[str]:
    """The string at ``key``, or None."""
    return _of(str, record, key, "string")


def flag(record: Record, key: str) -> bool:
    """The boolean at ``key``; AWS leaves out many that are false."""
    return bool(optional_flag(record, key))


def optional_flag(record: Record, key: str) -> t.Optional[bool]:
    """The boolean at ``key``, or None."""
    return _of(bool, record, key, "boolean")


def number(record: Record, key: str) -> int:
    """The integer at ``key``; one that is left out is 0, as AWS counts what is not there."""
    return _of(int, record, key, "integer") or 0


def moment(record: Record, key: str) -> t.Optional[datetime]:
    """The time at ``key`` in UTC, or None."""
    value = _of(datetime, record, key, "time")
    return value.astimezone(UTC) if value is not None else None


def require_moment(record: Record, key: str) -> datetime:
    """Return the time at ``key`` in UTC. Raise Unreadable if there is none."""
    return _require(moment(record, key), key, "time")


def structure(record: Record, key: str) -> Record:
    """The structure at ``key``. Raises Unreadable where there is none."""
    return _require(optional_structure(record, key), key, "structure")


def optional_structure(record: Record, key: str) -> t.Optional[Record]:
    """The structure at ``key``, or None."""
    return t.cast(t.Optional[Record], _of(Mapping, record, key, "structure"))


def records(record: Record, key: str) -> Sequence[Record]:
    """The list of structures at ``key``. Raises Unreadable where there is none."""
    return _require(_list(record, key, Mapping, "structures"), key, "list")


def optional_records(record: Record, key: str) -> Sequence[Record]:
    """The list of structures at ``key``; one that is left out is empty."""
    return _list(record, key, Mapping, "structures") or []


def texts(record: Record, key: str) -> tuple[str, ...]:
    """The list of strings at ``key``; one that is left out is empty."""
    return tuple(_list(record, key, str, "strings") or ())


def tags(record: Record) -> dict[str, str]:
    """The tags of a resource, by key."""
    return {text(tag, "Key"): text(tag, "Value") for tag in optional_records(record, "Tags")}


def _list(record: Record, key: str, kind: type[t.Any], members: str) -> t.Optional[Sequence[t.Any]]:
    value = _of(list, record, key, "list")
    if value is not None and not all(isinstance(member, kind) for member in value):
        raise _make_unparsable(key, f"list of {members}", value)
    return value
