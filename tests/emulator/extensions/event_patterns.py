# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""EventBridge's event patterns, as far as moto does not follow them. Written apart from the collection's own matcher.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import fnmatch
import ipaddress
import operator
import re
import typing as t

from moto.events.exceptions import InvalidEventPatternException

Pattern: t.TypeAlias = t.Mapping[str, t.Any]

_COMPARE: t.Final = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">": operator.gt, ">=": operator.ge}


def matches(pattern: Pattern, value: t.Any) -> bool:
    """Whether an object fits all fields of a pattern; of a list of objects, whether one of them does."""
    if isinstance(value, list):
        return any(matches(pattern, element) for element in value if isinstance(element, dict))
    return all(_field(key, wanted, value) for key, wanted in pattern.items())


def _field(key: str, wanted: t.Any, value: t.Any) -> bool:
    if key == "$or":
        return any(matches(alternative, value) for alternative in wanted)
    there = isinstance(value, dict) and key in value
    if isinstance(wanted, dict):
        return matches(wanted, value[key] if there else {})
    found = value[key] if there else None
    leaf = there and not isinstance(found, dict)
    return any(_filter(one, found if isinstance(found, list) else [found], leaf) for one in wanted)


def _filter(wanted: t.Any, found: list[t.Any], leaf: bool) -> bool:
    if isinstance(wanted, dict) and "exists" in wanted:
        return leaf is bool(wanted["exists"])
    return leaf and any(_one(wanted, item) for item in found)


def _one(wanted: t.Any, item: t.Any) -> bool:
    if not isinstance(wanted, dict):
        return type(wanted) is type(item) and wanted == item
    ((name, operand),) = wanted.items()
    return _FILTERS[name](operand, item)


def _anything_but(operand: t.Any, item: t.Any) -> bool:
    if isinstance(operand, dict):
        ((name, inner),) = operand.items()
        return not any(_FILTERS[name](one, item) for one in (inner if isinstance(inner, list) else [inner]))
    return item not in (operand if isinstance(operand, list) else [operand])


def _affix(method: str) -> t.Callable[[t.Any, t.Any], bool]:
    def test(operand: t.Any, item: t.Any) -> bool:
        if not isinstance(item, str):
            return False
        if isinstance(operand, dict):
            return bool(getattr(item.lower(), method)(operand["equals-ignore-case"].lower()))
        return bool(getattr(item, method)(operand))

    return test


def _wildcard(operand: str, item: t.Any) -> bool:
    # fnmatch's brackets and question marks mean nothing here.
    escaped = re.sub(r"[\[\]?]", lambda found: f"[{found[0]}]", operand)
    return isinstance(item, str) and fnmatch.fnmatchcase(item, escaped)


def _numeric(operand: list[t.Any], item: t.Any) -> bool:
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        return False
    return all(_COMPARE[sign](item, number) for sign, number in zip(operand[::2], operand[1::2], strict=True))


def _cidr(operand: str, item: t.Any) -> bool:
    try:
        return ipaddress.ip_address(item) in ipaddress.ip_network(operand)
    except ValueError:
        return False


_FILTERS: t.Final[dict[str, t.Callable[[t.Any, t.Any], bool]]] = {
    "prefix": _affix("startswith"),
    "suffix": _affix("endswith"),
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "equals-ignore-case": lambda operand, item: isinstance(item, str) and item.lower() == operand.lower(),
    "numeric": _numeric,
    "cidr": _cidr,
}


def check(pattern: t.Any) -> None:
    """Refuse what is no pattern. Raises InvalidEventPatternException."""
    if not isinstance(pattern, dict) or not pattern:
        raise InvalidEventPatternException(reason="Filter is not an object")
    for key, wanted in pattern.items():
        if key == "$or" and isinstance(wanted, list) and all(isinstance(one, dict) for one in wanted):
            for alternative in wanted:
                check(alternative)
        elif isinstance(wanted, list):
            _check_leaf(key, wanted)
        elif isinstance(wanted, dict):
            check(wanted)
        else:
            raise InvalidEventPatternException(reason=f'"{key}" must be an object or an array')


def _check_leaf(key: str, wanted: list[t.Any]) -> None:
    if not wanted:
        raise InvalidEventPatternException(reason="Empty arrays are not allowed")
    for one in wanted:
        if isinstance(one, list) or (
            isinstance(one, dict) and not (set(one) <= {*_FILTERS, "exists"} and len(one) == 1)
        ):
            raise InvalidEventPatternException(reason=f"Unrecognized match type in {key}")
