# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The names that people may have meant by one that does not exist.

IAM has no two users, and no two roles, whose names differ in the case of letters alone, so a name in another case can
only mean that one. In an ARN case and path count: a policy that names another one denies nobody.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from .._converge.arn import principal_of

#: So many characters differ at most.
_MOST_CHANGES: t.Final = 2
#: So many names are offered.
_MOST_NAMES: t.Final = 5


def find_near(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Find the candidates that differ from a name in case or path, or in two characters at most, the nearest first.

    Of ARNs of users and roles the names are compared, whatever their paths. The name itself is none of them.
    """
    found = {one: distance for one in candidates if one != name and (distance := _measure(name, one)) is not None}
    return tuple(sorted(found, key=lambda one: (found[one], one))[:_MOST_NAMES])


def _measure(name: str, other: str) -> t.Optional[int]:
    """Count the changes from one name to another; None if these are too many."""
    mine, its = principal_of(name), principal_of(other)
    if mine and its:
        if mine.kind != its.kind:
            return None
        accounts, names = _count(mine.account_id, its.account_id), _count(mine.name, its.name)
        return None if accounts is None or names is None or accounts + names > _MOST_CHANGES else accounts + names
    return _count(name.casefold(), other.casefold())


def _count(one: str, other: str) -> t.Optional[int]:
    """Count the characters to insert, to leave out and to replace; None if these are too many, or half of a name."""
    most = min(_MOST_CHANGES, max(len(one), len(other)) // 2)
    if abs(len(one) - len(other)) > most:
        return None
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row = row, [number]
        for place, its in enumerate(other, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != its)))
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None
