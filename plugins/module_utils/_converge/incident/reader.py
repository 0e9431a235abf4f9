# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reads what people declare of an incident, and collects all that is wrong with it."""

from __future__ import annotations

import re
import typing as t
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from ..._account.moments import format_utc, parse_moment

#: The variable that users set, for messages.
OPTION: t.Final = "hardening_incident"
_LONGEST_AGO: t.Final = timedelta(days=90)
# A survey sends a list as one text. A name may have a comma, so only one before the next id or ARN ends an item.
_BETWEEN_ITEMS: t.Final = re.compile(r"[\s;]+|,(?=\s|$|arn:|A[KS]IA)")

_T = t.TypeVar("_T")


def split_items(value: t.Any) -> t.Any:
    """Split a list that is one text: ids or ARNs, separated by commas or white space. All else stays as it is."""
    return [part for part in _BETWEEN_ITEMS.split(value) if part] if isinstance(value, str) else value


class Reader:
    """Reads a mapping that people wrote, and collects what is wrong with it. ``place`` is the mapping, for messages."""

    def __init__(
        self, given: Mapping[t.Any, t.Any], place: str = OPTION, problems: t.Optional[list[str]] = None
    ) -> None:
        self.given = given
        self.place = place
        self.problems: list[str] = [] if problems is None else problems

    def refuse(self, name: str, value: t.Any, allowed: str) -> None:
        """Add a problem."""
        self.problems.append(f"{self._name(name)}: {value!r} is not allowed; allowed is {allowed}")

    def check_names(self, name: str, given: Mapping[t.Any, t.Any], names: tuple[str, ...]) -> None:
        """Refuse members that have no meaning."""
        unknown = sorted(str(key) for key in given if key not in names)
        if unknown:
            self.problems.append(f"{self._name(name)}: {', '.join(unknown)} is unknown; known are {', '.join(names)}")

    def read_text(
        self, name: str, is_allowed: t.Optional[Callable[[str], t.Any]] = None, allowed: str = "a text"
    ) -> str:
        """Read a text on one line, without characters that could forge what a terminal shows. Empty if it is missing.

        With ``is_allowed`` the text is required to pass.
        """
        value = self.given.get(name)
        # An account id without quotes is a number in YAML. Zeros at its beginning are gone then.
        if type(value) is int:
            value = f"{value:012d}" if name in ("account_id", "principal") else str(value)
        if value is not None and not isinstance(value, str):
            self.refuse(name, value, allowed)
            return ""
        text = _clean(value or "")
        if is_allowed is not None and not is_allowed(text):
            self.refuse(name, value, allowed)
        return text

    def read_optional(self, name: str, pattern: re.Pattern[str], allowed: str) -> str:
        """Read a text that may be missing, or must match."""
        return self.read_text(name, lambda text: not text or pattern.fullmatch(text), allowed)

    def read_list(self, name: str, read: Callable[[Reader, t.Any], _T]) -> tuple[_T, ...]:
        """Read each item of a list. An item that is no mapping is read as one of its own name and ``id`` or ``arn``.

        A text is a list too: ids or ARNs, separated by commas or white space.
        """
        value = split_items(self.given.get(name))
        if value is None:
            return ()
        if not isinstance(value, (list, tuple)):
            self.refuse(name, value, "a list")
            return ()
        found = []
        for number, item in enumerate(value):
            place = f"{self._name(name)}[{number}]"
            reader = Reader(item if isinstance(item, Mapping) else {}, place, self.problems)
            found.append(read(reader, item))
        return tuple(dict.fromkeys(found))

    def read_since(self, now: datetime, *, is_release: bool = False) -> t.Optional[datetime]:
        """Read the first suspicious moment. A release reads the declaration of its containment, however old that is."""
        value = self.given.get("since")
        if value is None or value == "":
            return None
        earliest = datetime.min.replace(tzinfo=UTC) if is_release else now - _LONGEST_AGO
        bound = "" if is_release else f", from {format_utc(earliest)} on and"
        allowed = f"a moment such as {format_utc(now)}{bound} not in the future"
        try:
            moment = parse_moment(value.isoformat() if isinstance(value, datetime) else str(value))
        except ValueError:
            self.refuse("since", value, allowed)
            return None
        if not earliest <= moment <= now:
            self.refuse("since", value, allowed)
        return moment

    def read_mapping(self, item: t.Any, names: tuple[str, ...]) -> bool:
        """Whether an item is a mapping; one with unknown members, or none, is a problem."""
        if isinstance(item, Mapping):
            self.check_names("", item, names)
            return True
        self.refuse("", item, f"a mapping with {', '.join(names)}")
        return False

    def _name(self, name: str) -> str:
        return f"{self.place}.{name}" if name else self.place


def _clean(text: str) -> str:
    flat = " ".join(text.split())
    return "".join(character for character in flat if unicodedata.category(character)[0] != "C")
