# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Condition operators of policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

import fnmatch
import functools
import ipaddress
import operator
import re
import typing as t
from datetime import UTC, datetime

Test: t.TypeAlias = t.Callable[[str, str], bool]


def patterns(value: t.Union[None, str, list[str]], *, lower: bool = False) -> tuple[str, ...]:
    """AWS's wildcards are ``*`` and ``?``; a bracket is an ordinary character to it."""
    values = [] if value is None else [value] if isinstance(value, str) else value
    return tuple((item.lower() if lower else item).replace("[", "[[]") for item in values)


def matches(value: str, wanted: tuple[str, ...]) -> bool:
    """Whether a value fits one of these patterns."""
    return bool(wanted) and _compile(wanted).match(value) is not None


@functools.cache
def _compile(wanted: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all of them: a simulation asks about a thousand actions."""
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in wanted))


def _like(value: str, pattern: str) -> bool:
    return matches(value, patterns(pattern))


def _date(text: str) -> datetime:
    """A moment in ISO 8601 or in seconds since 1970, as AWS takes both. Raises ValueError."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_in_network(value: str, network: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


def _compared(read: t.Callable[[str], t.Any], compare: t.Callable[[t.Any, t.Any], bool]) -> Test:
    return lambda value, wanted: compare(read(value), read(wanted))


_ORDERS: t.Final[t.Mapping[str, t.Callable[[t.Any, t.Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_TESTS: t.Final[t.Mapping[str, Test]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": _like,
    "ArnLike": _like,
    "ArnEquals": _like,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "IpAddress": _is_in_network,
    **{f"Date{name}": _compared(_date, order) for name, order in _ORDERS.items()},
    **{f"Numeric{name}": _compared(float, order) for name, order in _ORDERS.items()},
}
_ANY, _ALL = "ForAnyValue:", "ForAllValues:"


def is_known(name: str) -> bool:
    """Whether this is an operator that :func:`holds` understands."""
    return _bare(name) == "Null" or _bare(name).replace("Not", "") in _TESTS


def holds(name: str, found: t.Optional[t.Sequence[str]], values: t.Sequence[str]) -> bool:
    """Whether a condition is met by what the request has of its key; None: it lacks the key."""
    bare = _bare(name)
    if bare == "Null":
        return (found is None) == (values[0].lower() == "true")
    negated = "Not" in bare
    if found is None:
        # A request without the key meets conditions on all of its values, and none on any of them.
        return name.startswith(_ALL) or (negated and not name.startswith(_ANY)) or name.endswith("IfExists")
    test = _TESTS.get(bare.replace("Not", ""))
    if test is None:
        return False
    each = [negated != any(_passes(test, item, value) for value in values) for item in found]
    # A negated operator of a key with several values must hold for each of them.
    return all(each) if name.startswith(_ALL) or (negated and not name.startswith(_ANY)) else any(each)


def _passes(test: Test, item: str, value: str) -> bool:
    try:
        return test(item, value)
    except ValueError:
        return False


def _bare(name: str) -> str:
    return name.removeprefix(_ANY).removeprefix(_ALL).removesuffix("IfExists")
