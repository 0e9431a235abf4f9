# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""EventBridge's event patterns: what one may hold, and which events it matches.

Syntax: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
Operators: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import functools
import ipaddress
import itertools
import json
import math
import operator
import re
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..._converge.errors import InputError

Pattern = Mapping[str, t.Any]
Event = Mapping[str, t.Any]
Test = Callable[[t.Any], bool]

# The most that PutRule takes: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
LONGEST: t.Final = 4096

_OR: t.Final = "$or"
# Numbers as EventBridge compares them, and the operators in the words of a pattern.
_COMPARISONS: t.Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
}
_LARGEST: t.Final = 5e9
# In place of a field that the event does not have.
_ABSENT: t.Final = object()


class EventPattern:
    """A pattern that EventBridge would take.

    :arg where: what a message calls it, such as the name of its rule.
    :raises InputError: it is none; the message says where in it.
    """

    def __init__(self, pattern: Pattern, *, where: str = "pattern") -> None:
        if not isinstance(pattern, Mapping) or not pattern:
            raise InputError(f"{where}: an event pattern is an object with at least one field")
        self.document: t.Final = pattern
        self.text: t.Final = json.dumps(pattern, sort_keys=True, separators=(",", ":"))
        if len(self.text) > LONGEST:
            raise InputError(f"{where}: {len(self.text)} characters; EventBridge takes {LONGEST}")
        self._matches = _object(pattern, where)
        self._fields = _fields(pattern)

    def matches(self, event: Event) -> bool:
        """Whether a rule with this pattern is triggered by ``event``."""
        return any(self._matches(flat) for flat in _flat(event, self._fields))


def _fields(pattern: Pattern) -> dict[str, t.Any]:
    """The fields that a pattern looks at, with those below each."""
    found: dict[str, t.Any] = {}
    for key, member in pattern.items():
        if key == _OR and isinstance(member, list):
            for alternative in member:
                _merge(found, _fields(alternative))
        else:
            _merge(found, {key: _fields(member) if isinstance(member, Mapping) else {}})
    return found


def _merge(into: dict[str, t.Any], more: Mapping[str, t.Any]) -> None:
    for key, below in more.items():
        _merge(into.setdefault(key, {}), below)


def _flat(value: t.Any, fields: Mapping[str, t.Any]) -> Iterator[t.Any]:
    """``fields`` of an event with one element in place of each list of objects: all that is asked of what such a list
    holds must be true of one and the same element.
    """
    if isinstance(value, list) and any(isinstance(member, Mapping) for member in value):
        for member in value:
            yield from _flat(member, fields)
    elif isinstance(value, Mapping) and fields:
        present = [key for key in fields if key in value]
        for choice in itertools.product(*(list(_flat(value[key], fields[key])) for key in present)):
            yield dict(zip(present, choice, strict=True))
    else:
        yield value


def _object(pattern: t.Any, where: str) -> Test:
    """All fields match, and one of the alternatives under ``$or``."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise InputError(f"{where}: neither an object with fields nor a list of values, but {_format_value(pattern)}")
    tests = [_field(key, member, f"{where}.{key}") for key, member in pattern.items()]
    return lambda value: all(test(value) for test in tests)


def _field(key: str, member: t.Any, where: str) -> Test:
    if key == _OR and isinstance(member, list):
        if len(member) < 2:
            raise InputError(f"{where}: $or is a list of at least two patterns")
        alternatives = [_object(alternative, f"{where}[{index}]") for index, alternative in enumerate(member)]
        return lambda value: any(alternative(value) for alternative in alternatives)
    test = _leaf(member, where) if isinstance(member, list) else _object(member, where)
    return lambda value: test(value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT)


def _leaf(values: Sequence[t.Any], where: str) -> Test:
    """One of the values matches one of the field's."""
    if not values:
        raise InputError(f"{where}: a list without values matches nothing")
    tests = [_value(value, f"{where}[{index}]") for index, value in enumerate(values)]
    return lambda found: any(test(found) for test in tests)


def _value(value: t.Any, where: str) -> Test:
    if not isinstance(value, Mapping):
        if isinstance(value, list):
            raise InputError(f"{where}: a list inside a list")
        return lambda found: any(_is_same(item, value) for item in _items(found))
    if len(value) != 1:
        raise InputError(f"{where}: a filter has one operator, not {_format_value(value)}")
    ((name, operand),) = value.items()
    if name not in _FILTERS:
        raise InputError(f"{where}: there is no filter {name!r}; there are {', '.join(sorted(_FILTERS))}")
    return _FILTERS[name](operand, f"{where}.{name}")


def _items(found: t.Any) -> Sequence[t.Any]:
    """The values of a field: filters look at leaves alone, so that an object has none."""
    if found is _ABSENT or isinstance(found, Mapping):
        return ()
    return found if isinstance(found, list) else (found,)


def _is_same(found: t.Any, value: t.Any) -> bool:
    # In Python True equals 1, in JSON it does not.
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


def _exists(operand: t.Any, where: str) -> Test:
    if not isinstance(operand, bool):
        raise InputError(f"{where}: true or false, not {_format_value(operand)}")
    # "Exists matching only works on leaf nodes. It does not work on intermediate nodes."
    return lambda found: (found is not _ABSENT and not isinstance(found, Mapping)) == operand


def _of_texts(test: Callable[[str, str], bool]) -> Callable[[t.Any, str], Test]:
    def make_test(operand: t.Any, where: str) -> Test:
        if not isinstance(operand, str):
            raise InputError(f"{where}: a text, not {_format_value(operand)}")
        return lambda found: any(isinstance(item, str) and test(item, operand) for item in _items(found))

    return make_test


def _either_case(exact: Callable[[str, str], bool]) -> Callable[[t.Any, str], Test]:
    """For ``prefix`` and ``suffix``, which also take ``{"equals-ignore-case": …}``."""

    def make_test(operand: t.Any, where: str) -> Test:
        if isinstance(operand, Mapping) and set(operand) == {"equals-ignore-case"}:
            folded = _of_texts(lambda item, text: exact(item.casefold(), text.casefold()))
            return folded(operand["equals-ignore-case"], where)
        return _of_texts(exact)(operand, where)

    return make_test


def _wildcard(operand: t.Any, where: str) -> Test:
    if not isinstance(operand, str):
        raise InputError(f"{where}: a text, not {_format_value(operand)}")
    # "Consecutive wildcard characters are not supported."
    if re.search(r"(?<!\\)\*\*", operand):
        raise InputError(f"{where}: two asterisks side by side")
    tokens = re.findall(r"\\.|[^\\]|\\$", operand, re.DOTALL)
    regex = re.compile("".join(".*" if token == "*" else re.escape(token[-1]) for token in tokens), re.DOTALL)
    return lambda found: any(isinstance(item, str) and regex.fullmatch(item) is not None for item in _items(found))


def _anything_but(operand: t.Any, where: str) -> Test:
    """There is a value, and it is none of these. A field that is not there has nothing but these either."""
    if isinstance(operand, Mapping):
        if len(operand) != 1 or next(iter(operand)) not in _BUT:
            raise InputError(f"{where}: one of {', '.join(sorted(_BUT))}, not {_format_value(operand)}")
        ((name, inner),) = operand.items()
        excluded = [_FILTERS[name](text, f"{where}.{name}") for text in (inner if isinstance(inner, list) else [inner])]
    else:
        listed = operand if isinstance(operand, list) else [operand]
        if not listed or not all(isinstance(item, (str, int, float)) for item in listed):
            raise InputError(f"{where}: texts or numbers, not {_format_value(operand)}")
        excluded = [_value(item, where) for item in listed]
    return lambda found: any(not any(test(item) for test in excluded) for item in _items(found))


def _numeric(operand: t.Any, where: str) -> Test:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise InputError(f'{where}: one or two comparisons, such as [">", 0, "<=", 5], not {_format_value(operand)}')
    comparisons = []
    for sign, number in zip(operand[::2], operand[1::2], strict=True):
        if sign not in _COMPARISONS or isinstance(number, bool) or not isinstance(number, (int, float)):
            raise InputError(f"{where}: {_format_value(sign)} {_format_value(number)} is no comparison with a number")
        if not math.fabs(number) <= _LARGEST:
            raise InputError(f"{where}: {number} is beyond plus or minus five billion")
        comparisons.append(functools.partial(_compare, _COMPARISONS[sign], number))
    return lambda found: any(_is_number(item) and all(test(item) for test in comparisons) for item in _items(found))


def _compare(comparison: Callable[[float, float], bool], number: float, item: float) -> bool:
    return comparison(item, number)


def _is_number(item: t.Any) -> bool:
    return isinstance(item, (int, float)) and not isinstance(item, bool)


def _cidr(operand: t.Any, where: str) -> Test:
    try:
        network = ipaddress.ip_network(operand, strict=False)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error

    def is_within(item: t.Any) -> bool:
        try:
            return isinstance(item, str) and ipaddress.ip_address(item) in network
        except ValueError:
            return False

    return lambda found: any(is_within(item) for item in _items(found))


_FILTERS: t.Final[Mapping[str, Callable[[t.Any, str], Test]]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _of_texts(lambda item, text: item.casefold() == text.casefold()),
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _either_case(str.startswith),
    "suffix": _either_case(str.endswith),
    "wildcard": _wildcard,
}
_BUT: t.Final = frozenset({"equals-ignore-case", "prefix", "suffix", "wildcard"})


def _format_value(value: t.Any) -> str:
    return json.dumps(value, default=str)


def example(pattern: Pattern) -> dict[str, t.Any]:
    """The least event that a pattern of this collection's matches: the first value of every field that must be there.

    What a value must not be is taken to be the only thing that is asked of a field, and ``$or`` not to be used.
    """
    event: dict[str, t.Any] = {}
    for key, member in pattern.items():
        value = example(member) if isinstance(member, Mapping) else _first(member[0])
        if value is not _ABSENT and value != {}:
            event[key] = value
    return event


def _first(value: t.Any) -> t.Any:
    if not isinstance(value, Mapping):
        return value
    ((name, operand),) = value.items()
    if name == "exists":
        return "there" if operand else _ABSENT
    if name == "anything-but":
        return "something else"
    return operand.replace("*", "") if name == "wildcard" else operand
