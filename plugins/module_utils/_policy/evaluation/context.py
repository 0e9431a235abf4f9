# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The request context: the condition keys of one request, and whether they are all there are.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html says of keys that their
names are not case-sensitive; that holds for the tag key in ``aws:RequestTag/…`` too.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Iterable, Mapping, Sequence

Scalar = t.Union[str, bool, int, float]
Values = t.Union[Scalar, Sequence[Scalar]]


class Missing(enum.Enum):
    """Why a key has no values: the request does not have it, or the request is known in part only."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


ABSENT: t.Final = Missing.ABSENT
UNKNOWN_KEY: t.Final = Missing.UNKNOWN

KeyValues = t.Union[tuple[str, ...], Missing]


def _text(value: Scalar) -> str:
    # In JSON and YAML alike, true and "true" are the same to IAM.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _texts(value: Values) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (bool, int, float)):
        return (_text(value),)
    return tuple(_text(item) for item in value)


def _read_values(values: Mapping[str, Values], absent: Iterable[str]) -> dict[str, KeyValues]:
    found: dict[str, KeyValues] = {key.lower(): ABSENT for key in absent}
    for key, value in values.items():
        found[key.lower()] = _texts(value)
    return found


class Context:
    """The condition keys of a request. Never changed once made.

    ``values`` is a string or a list of strings for each key; an empty list is a key that is there without a value.
    With ``complete`` a key that is not given is absent from the request, as AWS sees it; without, it may have any
    value, save those in ``absent``, which are known not to be there.
    """

    __slots__ = ("_found", "_hash", "complete")

    def __init__(self, values: Mapping[str, Values], *, complete: bool = True, absent: Iterable[str] = ()) -> None:
        self._found = _read_values(values, absent)
        self._hash: t.Optional[int] = None
        self.complete: t.Final = complete

    def but_unknown(self, key: str) -> Context:
        """This context with a key of which nothing is known, complete or not."""
        return self._of({**self._found, key.lower(): UNKNOWN_KEY})

    def get(self, key: str) -> KeyValues:
        """The values of a key in any case, or why there are none."""
        return self.lookup(key.lower())

    def lookup(self, lower_key: str) -> KeyValues:
        """As ``get``, for a key that is in lower case already."""
        return self._found.get(lower_key, ABSENT if self.complete else UNKNOWN_KEY)

    def with_(self, values: Mapping[str, Values], *, absent: Iterable[str] = ()) -> Context:
        """This context with more keys; where both have a key, ``values`` wins."""
        return self._of({**self._found, **_read_values(values, absent)})

    def under(self, values: Mapping[str, Values], *, absent: Iterable[str] = ()) -> Context:
        """This context with more keys; where both have a key, this context wins."""
        return self._of({**_read_values(values, absent), **self._found})

    def _of(self, found: dict[str, KeyValues]) -> Context:
        context = Context({}, complete=self.complete)
        context._found = found
        return context

    @property
    def sort_key(self) -> str:
        """A text to sort by: equal contexts have the same, in whatever order their keys came."""
        return f"{self.complete} {sorted((key, repr(values)) for key, values in self._found.items())}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Context):
            return NotImplemented
        return self.complete == other.complete and self._found == other._found

    def __hash__(self) -> int:
        # Asked often: contexts tell the uses of a principal apart.
        if self._hash is None:
            self._hash = hash((self.complete, frozenset(self._found.items())))
        return self._hash

    def __repr__(self) -> str:
        return f"Context({self._found!r}, complete={self.complete})"
