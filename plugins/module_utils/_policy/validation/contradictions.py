# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Conditions on one key that can't all hold, for all of a statement's conditions must.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
Only certain contradictions are reported: of keys with one value, and without set operators.
"""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Iterator, Sequence

from ..documents.operators import NEGATED
from ..documents.policy import Condition
from ..documents.syntax import Path
from ..evaluation.catalogue import ARRAY
from ..evaluation.matching import covers, overlaps
from .conditions import key_type
from .draft import Draft, DraftIssue, is_wild
from .windows import read_moment

_TEXT: t.Final = ("String", "Arn")
_BELOW: t.Final = ("LessThan", "LessThanEquals")
_ABOVE: t.Final = ("GreaterThan", "GreaterThanEquals")

Placed = tuple[Condition, Path]


def find_contradictions(draft: Draft) -> Iterator[DraftIssue]:
    """Find statements whose conditions can never hold."""
    for statement in draft.policy.statements:
        by_key: dict[str, list[Placed]] = {}
        for condition, path in draft.conditions(statement):
            single = condition.quantifier is None and not (key_type(condition.key) or "").startswith(ARRAY)
            if single:
                by_key.setdefault(condition.key.lower(), []).append((condition, path))
        for placed in by_key.values():
            found = next(_find_pairs(draft, placed), None)
            if found:
                yield found


def _find_pairs(draft: Draft, placed: Sequence[Placed]) -> Iterator[DraftIssue]:
    """Find pairs of conditions on one key that exclude each other, each as an issue of the later one."""
    present = any(_needs_key(condition) for condition, _path in placed)
    for (first, _first_path), (second, path) in itertools.combinations(placed, 2):
        both_if_exists = first.if_exists and second.if_exists and not present
        if not both_if_exists and _exclude(draft, first, second):
            message = f"{first.operator} and {second.operator} can't both hold for {second.key}"
            yield DraftIssue("condition_never_holds", path, message)


def _needs_key(condition: Condition) -> bool:
    """Whether a condition holds only for requests that have the key."""
    if condition.operator == "Null":
        return _wants_absence(condition) is False
    return condition.operator not in NEGATED and not condition.if_exists


def _wants_absence(condition: Condition) -> t.Optional[bool]:
    """Return whether Null asks for an absent key; None if it takes both, or its value is neither true nor false."""
    values = {value.lower() for value in condition.values}
    return values == {"true"} if values in ({"true"}, {"false"}) else None


def _exclude(draft: Draft, first: Condition, second: Condition) -> bool:
    nulls = [condition for condition in (first, second) if condition.operator == "Null"]
    if nulls:
        return _null_excludes(nulls, first, second)
    if first.operator == second.operator == "Bool":
        return not {value.lower() for value in first.values} & {value.lower() for value in second.values}
    if first.operator.startswith(_TEXT) and second.operator.startswith(_TEXT):
        return _texts_exclude(draft, first, second)
    return _ranges_exclude(first, second)


def _null_excludes(nulls: Sequence[Condition], first: Condition, second: Condition) -> bool:
    wanted = [_wants_absence(condition) for condition in nulls]
    if len(nulls) == 2:
        return None not in wanted and wanted[0] is not wanted[1]
    other = second if nulls[0] is first else first
    return wanted[0] is True and _needs_key(other)


def _texts_exclude(draft: Draft, first: Condition, second: Condition) -> bool:
    negated = [condition.operator in NEGATED for condition in (first, second)]
    if all(negated):
        return False
    mine, theirs = _patterns(draft, first), _patterns(draft, second)
    if mine is None or theirs is None:
        return False
    if any("IgnoreCase" in condition.operator for condition in (first, second)):
        mine, theirs = [text.lower() for text in mine], [text.lower() for text in theirs]
    if not any(negated):
        return not any(overlaps(one, other) for one in mine for other in theirs)
    wanted, refused = (theirs, mine) if negated[0] else (mine, theirs)
    return all(any(covers(wide, narrow) for wide in refused) for narrow in wanted)


def _patterns(draft: Draft, condition: Condition) -> t.Optional[list[str]]:
    """The values as patterns; None where an operator takes a wildcard literally, or a negated one a variable."""
    literal = "Like" not in condition.operator and not condition.operator.startswith("Arn")
    if literal and any(map(is_wild, condition.values)):
        return None
    if condition.operator in NEGATED and any("${" in value for value in condition.values):
        return None
    return [draft.pattern(value) for value in condition.values]


def _ranges_exclude(first: Condition, second: Condition) -> bool:
    """Whether two comparisons of numbers or of dates leave nothing between them."""
    family = "Numeric" if first.operator.startswith("Numeric") else "Date"
    if not (first.operator.startswith(family) and second.operator.startswith(family)):
        return False
    for low, high in ((first, second), (second, first)):
        if low.operator.removeprefix(family) in _ABOVE and high.operator.removeprefix(family) in _BELOW:
            floors, ceilings = _read_numbers(family, low), _read_numbers(family, high)
            if floors is None or ceilings is None:
                return False
            inclusive = low.operator.endswith("Equals") and high.operator.endswith("Equals")
            return min(floors) > max(ceilings) or (not inclusive and min(floors) == max(ceilings))
    return False


def _read_numbers(family: str, condition: Condition) -> t.Optional[list[float]]:
    """Read the values as numbers, dates as seconds; None if there is none or one can't be read."""
    read = float if family == "Numeric" else _read_seconds
    try:
        return [read(value) for value in condition.values] or None
    except ValueError:
        return None


def _read_seconds(text: str) -> float:
    moment = read_moment(text)
    if moment is None:
        raise ValueError(text)
    return moment.timestamp()
