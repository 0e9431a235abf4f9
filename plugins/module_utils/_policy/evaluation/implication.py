# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether a condition block holds for every request for which another one holds.

Each condition of the weaker block must follow from one of the stronger block, for keys with one value and with several.
AWS does not document how operators without a quantifier treat several values. So a conclusion is only drawn if it holds
both where one matching value is enough and where all must match.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from ..documents.global_keys import global_type
from ..documents.operators import NEGATED, WITH_VARIABLES
from ..documents.policy import Condition
from .comparison_sets import are_disjoint, includes
from .comparisons import boolean

# A condition block with the version of its document, which says how its variables are read.
Block = tuple[str, tuple[Condition, ...]]


@functools.lru_cache(maxsize=65536)
def find_unimplied(strong: Block, weak: Block) -> tuple[Condition, ...]:
    """Find the conditions of ``weak`` of which it is not proved that they hold wherever ``strong`` holds."""
    strong_version, given = strong
    weak_version, wanted = weak
    same_version = strong_version == weak_version
    return tuple(
        condition
        for condition in wanted
        if not _always_holds(condition)
        and not any(_is_same(one, condition, same_version=same_version) for one in given)
        and not _follows(given, condition, strong_version, weak_version)
    )


def _is_same(one: Condition, other: Condition, *, same_version: bool) -> bool:
    return (
        one.operator == other.operator
        and one.quantifier == other.quantifier
        and one.if_exists == other.if_exists
        and one.key.lower() == other.key.lower()
        and frozenset(one.values) == frozenset(other.values)
        and (same_version or not any("${" in value for value in one.values))
    )


def _always_holds(condition: Condition) -> bool:
    if condition.operator == "Null":
        return {boolean(value) for value in condition.values} >= {True, False}
    return _holds_when_absent(condition) and condition.operator == "StringLike" and "*" in condition.values


def _follows(given: Sequence[Condition], wanted: Condition, given_version: str, wanted_version: str) -> bool:
    about = [one for one in given if one.key.lower() == wanted.key.lower()]
    is_present = any(map(_requires_presence, about))
    if wanted.operator == "Null":
        return _follows_null(about, wanted, is_present=is_present)
    if any(_requires_absence(one) for one in about):
        return _holds_when_absent(wanted)
    return any(
        (is_present or not _holds_when_absent(one) or _holds_when_absent(wanted))
        and _fits_quantifier(one, wanted)
        and _compares_within(one, wanted, given_version, wanted_version)
        for one in about
        if one.operator != "Null"
    )


def _follows_null(about: Iterable[Condition], wanted: Condition, *, is_present: bool) -> bool:
    values = {boolean(value) for value in wanted.values}
    if True in values:
        return any(map(_requires_absence, about))
    return False in values and is_present


def _requires_presence(condition: Condition) -> bool:
    """Whether a condition can only hold if its key is there with a value."""
    if condition.operator == "Null":
        return not _accepts(condition, absent=True)
    return not _holds_when_absent(condition)


def _requires_absence(condition: Condition) -> bool:
    return condition.operator == "Null" and not _accepts(condition, absent=False)


def _accepts(condition: Condition, *, absent: bool) -> bool:
    return absent in {boolean(value) for value in condition.values}


def _holds_when_absent(condition: Condition) -> bool:
    """Whether a condition holds if its key is not there: see ``conditions``."""
    if condition.if_exists:
        return True
    if condition.quantifier is not None:
        return condition.quantifier == "ForAllValues"
    return condition.operator in NEGATED


def _fits_quantifier(given: Condition, wanted: Condition) -> bool:
    """Whether a comparison that holds for the values of one condition holds for those of the other.

    ForAllValues also holds for a key whose values are all empty, so no other quantifier follows from it.
    """
    if given.quantifier == wanted.quantifier:
        return True
    if given.quantifier is not None:
        return False
    return wanted.quantifier == "ForAnyValue" or _has_one_value(wanted.key)


def _has_one_value(key: str) -> bool:
    kind = global_type(key)
    return kind is not None and not kind.startswith("ArrayOf")


def _compares_within(given: Condition, wanted: Condition, given_version: str, wanted_version: str) -> bool:
    """Whether every value that passes the comparison of one condition passes that of the other."""
    inner = (NEGATED.get(given.operator, given.operator), given.values, _version_of(given, given_version))
    outer = (NEGATED.get(wanted.operator, wanted.operator), wanted.values, _version_of(wanted, wanted_version))
    if (given.operator in NEGATED) != (wanted.operator in NEGATED):
        # A key with several values may have one that matches and one that does not.
        is_safe = given.quantifier is not None or _has_one_value(given.key)
        return is_safe and wanted.operator in NEGATED and are_disjoint(inner, outer)
    return includes(inner, outer) if given.operator in NEGATED else includes(outer, inner)


def _version_of(condition: Condition, version: str) -> str:
    return version if condition.operator in WITH_VARIABLES else ""
