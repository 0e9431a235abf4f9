# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One permission of the new policies, and how resources and conditions are written and narrowed."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from collections.abc import Iterable, Sequence

from ..documents.policy import Condition
from ..evaluation.context import Context
from ..evaluation.matching import covers, overlaps, resource_matcher
from ..evaluation.truth import YES
from ..evaluation.variables import VERSION, generalize, has_variables

# A document of 2008 has no variables, so what looks like one is text.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
_ESCAPES: t.Final = {"*": "${*}", "?": "${?}"}
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
_NOT_ALLOWED: t.Final = re.compile(r"[^\t\n\r\x20-\xff]")
_FIELDS: t.Final = 6
_WITHOUT_VARIABLES: t.Final = "2008-10-17"
_NO_CONTEXT: t.Final = Context({})


class Origin(enum.IntEnum):
    """The reason for a permission, the strongest first."""

    USED = 0
    COMPANION = 1
    UNKNOWN = 2
    DECLARED = 3


@dataclasses.dataclass(frozen=True)
class Grant:
    """One action on one resource, as a document of 2012-10-17 has them, under conditions."""

    action: str
    resource: str
    conditions: tuple[Condition, ...] = ()
    origin: Origin = Origin.USED


@dataclasses.dataclass(frozen=True)
class Scope:
    """The resources that a permission should have. ``seen`` are the ARNs of calls that ``pattern`` was made from.

    ``pattern`` is written for a document of 2012-10-17. Without ``seen`` the resource of the calls is not known.
    """

    pattern: str
    seen: tuple[str, ...] = ()


# The one resource of an action that has no resource types. Only a statement on "*" grants it.
ANYTHING: t.Final = Scope("*", ("*",))


def escape_arn(arn: str) -> str:
    """Write an ARN so that a document of 2012-10-17 means just this one. Keys of objects may hold ``*`` and ``${``."""
    if arn == "*":
        return arn
    pieces = arn.split("${")
    return "${$}{".join("".join(_ESCAPES.get(char, char) for char in piece) for piece in pieces)


def write_allowed(pattern: str) -> str:
    """Write wildcards for characters that no policy may hold, such as those of a key of an object in Japanese.

    An old pattern that covers such a character has a wildcard in its place, so that no more is granted.
    """
    return _NOT_ALLOWED.sub(lambda found: "?" if found[0] <= "\uffff" else "*", pattern)


def covers_pattern(wide: str, narrow: str) -> bool:
    """As ``covers``, but quick for what policies mostly have: ARNs, and ARNs with one ``*`` at the end."""
    if wide in ("*", narrow):
        return True
    stem = wide.removesuffix("*")
    if not _has_wildcard(stem) and stem.count(":") >= _FIELDS - 1:
        return stem != wide and narrow.startswith(stem)
    if narrow.count(":") >= _FIELDS - 1:
        # One of the resources that the narrow pattern matches, and the only one if it has no wildcards.
        one = narrow.replace("*", "").replace("?", "x")
        is_matched = resource_matcher((wide,), version=_WITHOUT_VARIABLES).match(one, _NO_CONTEXT, set()) is YES
        if not is_matched or one == narrow:
            return is_matched
    return covers(wide, narrow)


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def write_old(text: str, version: str) -> str:
    """Write a text of an old document so that it means the same in one of 2012-10-17."""
    return text if version == VERSION else text.replace("${", "${$}{")


def intersect(scope: Scope, pattern: str, version: str) -> tuple[str, ...]:
    """Narrow a scope to the resources that a pattern of an old document covers; empty if there are none.

    The result covers every seen resource that the old pattern covers, and nothing that it does not cover.
    """
    old, own = generalize(pattern, version=version), generalize(scope.pattern, version=VERSION)
    is_variable = has_variables(pattern, version=version)
    if scope == ANYTHING:
        return (scope.pattern,) if covers_pattern(old, "*") else ()
    if not is_variable and covers_pattern(old, own):
        return (scope.pattern,)
    if covers_pattern(own, old):
        return (write_old(pattern, version),)
    if is_variable:
        meant = scope.seen or (own,)
        return (write_old(pattern, version),) if any(overlaps(old, item) for item in meant) else ()
    seen = tuple(arn for arn in scope.seen if covers_pattern(old, arn))
    joined = _intersect_fields(own, old) if "${" not in scope.pattern else None
    if joined and all(covers_pattern(joined, arn) for arn in seen):
        return (joined,)
    if scope.seen:
        return tuple(escape_arn(arn) for arn in seen)
    return (write_old(pattern, version),) if overlaps(old, own) else ()


def _intersect_fields(one: str, other: str) -> t.Optional[str]:
    """The pattern that covers what both cover, where that is one of each pair of their parts; None otherwise."""
    ours, theirs = one.split(":", _FIELDS - 1), other.split(":", _FIELDS - 1)
    if len(ours) != _FIELDS or len(theirs) != _FIELDS:
        return None
    chosen: list[str] = []
    for mine, yours in zip(ours, theirs, strict=True):
        if covers_pattern(mine, yours):
            chosen.append(yours)
        elif covers_pattern(yours, mine):
            chosen.append(mine)
        else:
            return None
    joined = ":".join(chosen)
    return joined if covers_pattern(one, joined) and covers_pattern(other, joined) else None


def add_conditions(conditions: Sequence[Condition], more: Sequence[Condition]) -> t.Optional[tuple[Condition, ...]]:
    """Add conditions to those of an old statement; None if both together can never hold.

    A document cannot have the same key twice under one operator, so that their values are intersected.
    """
    found = {_place(condition): condition for condition in conditions}
    for extra in more:
        known = found.get(_place(extra))
        if known is not None:
            values = tuple(value for value in known.values if value in extra.values)
            if not values and not any("${" in value for value in known.values):
                return None
            extra = dataclasses.replace(known, values=values or known.values)
        found[_place(extra)] = extra
    return sort_conditions(found.values())


def sort_conditions(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Sort conditions, so that the same ones always give the same text."""
    return tuple(sorted(conditions, key=lambda item: (*_place(item), item.key, item.values)))


def _place(condition: Condition) -> tuple[str, bool, str, str]:
    return (condition.operator, condition.if_exists, condition.quantifier or "", condition.key.lower())


def drop_covered(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Drop permissions that another one includes, for the same reason or a stronger one; sorted."""
    by_action: dict[str, dict[Grant, None]] = {}
    for grant in grants:
        by_action.setdefault(grant.action, {})[grant] = None
    kept: list[Grant] = []
    for found in by_action.values():
        wide = [grant for grant in found if _is_wide(grant) or not grant.conditions]
        patterns = [grant for grant in wide if _is_wide(grant)]
        exact: dict[str, list[Grant]] = {}
        for grant in found:
            exact.setdefault(grant.resource, []).append(grant)
        for grant in found:
            others = (*patterns, *exact[grant.resource])
            if not any(_includes(other, grant) for other in others if other is not grant):
                kept.append(grant)
    return tuple(sorted(kept, key=_order))


def _is_wide(grant: Grant) -> bool:
    return _has_wildcard(grant.resource)


def _includes(wide: Grant, narrow: Grant) -> bool:
    if wide.origin > narrow.origin or not set(wide.conditions) <= set(narrow.conditions):
        return False
    if wide.resource == narrow.resource:
        same = set(wide.conditions) == set(narrow.conditions)
        return wide.origin < narrow.origin or not same
    if has_variables(wide.resource, version=VERSION):
        return False
    inner = generalize(narrow.resource, version=VERSION)
    if not covers_pattern(wide.resource, inner):
        return False
    # Of two patterns that cover each other one is kept: the first in order.
    mutual = inner == narrow.resource and covers_pattern(narrow.resource, wide.resource)
    equal = mutual and wide.origin == narrow.origin and set(wide.conditions) == set(narrow.conditions)
    return not equal or wide.resource < narrow.resource


def _order(grant: Grant) -> tuple[t.Any, ...]:
    conditions = [(*_place(item), item.values) for item in grant.conditions]
    return (grant.action.lower(), grant.origin, grant.resource, conditions)
