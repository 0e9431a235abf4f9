# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether the values that pass one comparison are among those that pass another one, or are none of those.

In doubt the answer is no: for operators of two types, for a value that its operator cannot read, for an ARN that lacks
components, and for a variable that only one side has.
"""

from __future__ import annotations

import decimal
import functools
import ipaddress
import typing as t
from collections.abc import Callable, Sequence

from .comparisons import address_range, binary, boolean, comparison, moment, number
from .tokens import ANY_ARN, COLONS, MANY, ONE, Patterns, Style, Tokens, find_uncovered, has_variable, overlap, tokenize
from .variables import Text, template

# An operator that is not negated, the values of the policy, and the version of the document that has them.
Comparison = tuple[str, tuple[str, ...], str]

_Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

_STYLES: t.Final = {"StringLike": Style.TEXT, "ArnEquals": Style.ARN, "ArnLike": Style.ARN}
_IGNORING_CASE: t.Final = "StringEqualsIgnoreCase"
_EXACT: t.Final = frozenset({"StringEquals", _IGNORING_CASE})
_POINTS: t.Final[t.Mapping[str, Callable[[str], t.Optional[t.Hashable]]]] = {
    "Bool": boolean,
    "BinaryEquals": binary,
    "NumericEquals": number,
    "DateEquals": moment,
}
_READS: t.Final[t.Mapping[str, Callable[[str], t.Optional[decimal.Decimal]]]] = {"Numeric": number, "Date": moment}


def includes(wide: Comparison, narrow: Comparison) -> bool:
    """Whether every value that passes ``narrow`` passes ``wide``."""
    if not narrow[1]:
        # A comparison with nothing passes no value.
        return True
    if _is_text(narrow[0]) and _is_text(wide[0]):
        return _includes_text(wide, narrow)
    if _has_unreadable(wide) or _has_unreadable(narrow):
        return False
    if narrow[0] == wide[0] == "IpAddress":
        return _includes_networks(_networks(wide[1]), _networks(narrow[1]))
    if narrow[0] in _POINTS and _type_of(narrow[0]) == _type_of(wide[0]):
        return all(map(comparison(wide[0], _fill(wide[1])), narrow[1]))
    return _includes_span(wide, narrow)


def are_disjoint(one: Comparison, other: Comparison) -> bool:
    """Whether no value passes both."""
    if not one[1] or not other[1]:
        return True
    if _is_text(one[0]) and _is_text(other[0]):
        return _are_texts_disjoint(one, other)
    if _has_unreadable(one) or _has_unreadable(other):
        return False
    if one[0] == other[0] == "IpAddress":
        pairs = ((first, second) for first in _networks(one[1]) for second in _networks(other[1]))
        return not any(first.version == second.version and first.overlaps(second) for first, second in pairs)
    if _type_of(one[0]) != _type_of(other[0]):
        return False
    for points, test in ((one, other), (other, one)):
        if points[0] in _POINTS:
            return not any(map(comparison(test[0], _fill(test[1])), points[1]))
    return False


def _fill(values: Sequence[str]) -> tuple[tuple[Text, ...], ...]:
    return tuple((Text(value),) for value in values)


# Texts


def _is_text(operator: str) -> bool:
    return operator in _EXACT or operator in _STYLES


def _includes_text(wide: Comparison, narrow: Comparison) -> bool:
    outer, inner = _tokens_of(wide), _tokens_of(narrow)
    if outer is None or inner is None:
        return _has_same_values(wide, narrow)
    if wide[0] == _IGNORING_CASE:
        outer, inner = _lower(outer), _lower(inner)
    elif narrow[0] == _IGNORING_CASE:
        inner = tuple(map(_open_case, inner))
    return all(find_uncovered(tokens, (Patterns(outer),)) is None for tokens in inner)


def _are_texts_disjoint(one: Comparison, other: Comparison) -> bool:
    first, second = _tokens_of(one), _tokens_of(other)
    if first is None or second is None:
        return False
    if _IGNORING_CASE in (one[0], other[0]):
        first, second = _lower(first), _lower(second)
    return not any(overlap(a, b) for a in first for b in second)


def _has_same_values(wide: Comparison, narrow: Comparison) -> bool:
    """Whether an ARN pattern that says little by itself is compared with the same ARN pattern."""
    arns = {"ArnEquals", "ArnLike"}
    is_alike = wide[0] == narrow[0] or {wide[0], narrow[0]} <= arns
    return is_alike and wide[2] == narrow[2] and set(narrow[1]) <= set(wide[1])


@functools.lru_cache(maxsize=16384)
def _tokens_of(comparing: Comparison) -> t.Optional[tuple[Tokens, ...]]:
    """The patterns that a comparison of texts passes; None where they do not say for sure what AWS passes."""
    operator, values, version = comparing
    found = []
    for value in values:
        pieces = template(value, version=version)
        if operator in _EXACT:
            pieces = tuple(Text(piece.text, literal=True) if isinstance(piece, Text) else piece for piece in pieces)
        tokens = tokenize(pieces, _STYLES.get(operator, Style.TEXT))
        if _STYLES.get(operator) is Style.ARN:
            if value == "*":
                tokens = ANY_ARN
            elif has_variable(tokens) or tokens.count(":") < COLONS:
                return None
        found.append(tokens)
    return tuple(found)


def _lower(patterns: tuple[Tokens, ...]) -> tuple[Tokens, ...]:
    return tuple(tuple(token.lower() if len(token) == 1 else token for token in tokens) for tokens in patterns)


def _open_case(tokens: Tokens) -> Tokens:
    """A pattern of at least all texts that differ from this one in case."""
    return tuple(
        (MANY if len(token) > 2 else ONE if token.lower() != token.upper() else token) if len(token) != 2 else token
        for token in tokens
    )


# Values of other types


def _type_of(operator: str) -> str:
    return next((kind for kind in ("Numeric", "Date", "Bool", "Binary") if operator.startswith(kind)), operator)


def _has_unreadable(comparing: Comparison) -> bool:
    operator, values, _version = comparing
    if operator == "IpAddress":
        return any(address_range(value) is None for value in values)
    read = _READS.get(_type_of(operator)) or _POINTS.get(operator)
    return read is None or any(read(value) is None for value in values)


def _includes_span(wide: Comparison, narrow: Comparison) -> bool:
    """Whether a span of numbers or dates that is open at one end is within another one."""
    kind = _type_of(narrow[0])
    if kind not in _READS or kind != _type_of(wide[0]):
        return False
    for side, most in (("LessThan", max), ("GreaterThan", min)):
        if side in narrow[0] and side in wide[0]:
            inner, outer = (most(_read_all(kind, comparing[1])) for comparing in (narrow, wide))
            reaches_end = "Equals" in narrow[0] and "Equals" not in wide[0]
            return most(inner, outer) == outer and not (inner == outer and reaches_end)
    return False


def _read_all(kind: str, values: Sequence[str]) -> list[decimal.Decimal]:
    return [found for found in map(_READS[kind], values) if found is not None]


def _networks(values: Sequence[str]) -> list[_Network]:
    return [ipaddress.ip_network(value, strict=False) for value in values]


def _includes_networks(wide: Sequence[_Network], narrow: Sequence[_Network]) -> bool:
    merged: list[_Network] = [
        *ipaddress.collapse_addresses(item for item in wide if isinstance(item, ipaddress.IPv4Network)),
        *ipaddress.collapse_addresses(item for item in wide if isinstance(item, ipaddress.IPv6Network)),
    ]
    return all(any(_is_within(inner, outer) for outer in merged) for inner in narrow)


def _is_within(inner: _Network, outer: _Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False
