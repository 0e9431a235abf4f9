# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What was left behind, in groups: people look at families, and not at five hundred rows."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

Item = Mapping[str, t.Any]
#: The words for whether something is still there.
PRESENT: t.Final[Mapping[str, str]] = {"true": "still there", "unknown": "not known", "false": "gone"}
_NAMED: t.Final = 4


@dataclasses.dataclass(frozen=True)
class Group:
    """The rows of a family in an account, in their order."""

    family: str
    account_id: str
    rows: tuple[Item, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many are still there, not known and gone, by these words; without those of which there are none."""
        found = collections.Counter(name_presence(row) for row in self.rows)
        return {word: found[word] for word in PRESENT.values() if found[word]}

    @property
    def doubtful(self) -> int:
        """How many are of events that may be somebody else's."""
        return sum(row["suspected"] == "uncertain" for row in self.rows)

    @property
    def deadline(self) -> str:
        """The nearest deadline; empty without one."""
        return min((row["deadline"] for row in self.rows if row["deadline"]), default="")

    @property
    def events(self) -> str:
        """The most frequent events, with their numbers."""
        return count_names(row["event_name"] or row["target"] for row in self.rows)


def group_rows(rows: Iterable[Item]) -> list[Group]:
    """Group rows by family and account. The first row of each decides the order."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for row in rows:
        groups.setdefault((row["family"], row["account_id"]), []).append(row)
    return [Group(family, account_id, tuple(own)) for (family, account_id), own in groups.items()]


def name_presence(row: Item) -> str:
    """Name in words whether what a row is about is still there."""
    return PRESENT.get(str(row["present"]).lower(), PRESENT["unknown"])


def count_names(names: Iterable[str]) -> str:
    """Count names: the most frequent with their numbers, and how many more there are."""
    found = collections.Counter(names).most_common()
    texts = [f"{name} ({count})" if count > 1 else name for name, count in found[:_NAMED]]
    more = len(found) - _NAMED
    return ", ".join(texts) + (f" and {more} more" if more > 0 else "")
