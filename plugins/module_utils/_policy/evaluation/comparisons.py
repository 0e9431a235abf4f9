# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The comparisons of condition operators: text, numbers, dates, addresses and the rest, each as its operator reads it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

A value that is not what the operator compares (a date that is none) equals nothing, is like nothing, and is neither
less nor greater than anything; the negated operators negate that.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import decimal
import functools
import ipaddress
import operator
import re
import typing as t
from collections.abc import Callable

from ..documents.operators import NEGATED
from .matching import Test, make_filled_matcher
from .tokens import Style
from .variables import Filled, text_of

_Value = t.TypeVar("_Value")

_NUMBER: t.Final = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d{1,9})?", re.ASCII)

# The formats of https://www.w3.org/TR/NOTE-datetime, from the year alone to fractions of a second. A time without a
# zone, which that does not know, is read as UTC.
_DATE: t.Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_PREFIX: t.Final = re.compile(r"[^/%]+(?:/\d{1,3})?", re.ASCII)
_EPOCH: t.Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

# An address, as IP version and number; a range of them, as IP version, mask and number under the mask.
_Address = tuple[int, int]
_Range = tuple[int, int, int]


@functools.lru_cache(maxsize=4096)
def number(text: str) -> t.Optional[decimal.Decimal]:
    """An integer or decimal number, or None for what is none. There is no infinity, and no NaN."""
    if _NUMBER.fullmatch(text) is None:
        return None
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return None


@functools.lru_cache(maxsize=4096)
def moment(text: str) -> t.Optional[decimal.Decimal]:
    """A date and time, in ISO 8601 or as UNIX time, as seconds since 1970; None for what is neither.

    Four digits by themselves are a year.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups(default="")
    date = (int(year), int(month or 1), int(day or 1))
    try:
        at = datetime.datetime(*date, int(hour or 0), int(minute or 0), int(second or 0), tzinfo=datetime.UTC)
    except ValueError:
        return None
    away = _offset(zone)
    if away is None:
        return None
    return decimal.Decimal(int((at - _EPOCH).total_seconds()) - away) + decimal.Decimal(fraction or 0)


def _offset(zone: str) -> t.Optional[int]:
    """The seconds that a zone is ahead of UTC; None for what is no zone."""
    if zone in ("", "Z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


@functools.lru_cache(maxsize=4096)
def address(text: str) -> t.Optional[_Address]:
    """An IPv4 or IPv6 address, or None for what is none, such as the name of a service that calls for someone."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.version, int(found)


@functools.lru_cache(maxsize=4096)
def address_range(text: str) -> t.Optional[_Range]:
    """An address or a range in CIDR notation, whose host bits do not matter; None for what is neither.

    An address by itself is a range of one. (AWS documents a default prefix of /32, which can be meant for IPv4 only.)
    """
    if _PREFIX.fullmatch(text) is None:
        return None
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return found.version, int(found.netmask), int(found.network_address)


def boolean(text: str) -> t.Optional[bool]:
    """True or false, in any case, or None."""
    return {"true": True, "false": False}.get(text.lower())


def binary(text: str) -> t.Optional[bytes]:
    """The bytes that a text in base-64 stands for, or None. Requests give binary values in base-64 too."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _equal_text(wanted: tuple[Filled, ...]) -> Test:
    return frozenset(text_of(each) for each in wanted).__contains__


def _equal_text_ignoring_case(wanted: tuple[Filled, ...]) -> Test:
    lower = frozenset(text_of(each).lower() for each in wanted)
    return lambda text: text.lower() in lower


def _compare_by(
    read: Callable[[str], t.Optional[_Value]], compare: Callable[[_Value, _Value], bool]
) -> Callable[[tuple[Filled, ...]], Test]:
    """Make the test of an operator that compares values of one type."""

    def make(wanted: tuple[Filled, ...]) -> Test:
        values = [value for value in (read(text_of(each)) for each in wanted) if value is not None]

        def test(text: str) -> bool:
            given = read(text)
            return given is not None and any(compare(given, value) for value in values)

        return test

    return make


def _within(wanted: tuple[Filled, ...]) -> Test:
    ranges = [found for found in (address_range(text_of(each)) for each in wanted) if found is not None]

    def test(text: str) -> bool:
        given = address(text)
        if given is None:
            return False
        version, value = given
        return any(version == known and value & mask == network for known, mask, network in ranges)

    return test


def _like(style: Style) -> Callable[[tuple[Filled, ...]], Test]:
    return lambda wanted: make_filled_matcher(wanted, style)


_TESTS: t.Final[t.Mapping[str, Callable[[tuple[Filled, ...]], Test]]] = {
    "StringEquals": _equal_text,
    "StringEqualsIgnoreCase": _equal_text_ignoring_case,
    "StringLike": _like(Style.TEXT),
    # "The ArnEquals and ArnLike condition operators behave identically."
    "ArnEquals": _like(Style.ARN),
    "ArnLike": _like(Style.ARN),
    "NumericEquals": _compare_by(number, operator.eq),
    "NumericLessThan": _compare_by(number, operator.lt),
    "NumericLessThanEquals": _compare_by(number, operator.le),
    "NumericGreaterThan": _compare_by(number, operator.gt),
    "NumericGreaterThanEquals": _compare_by(number, operator.ge),
    "DateEquals": _compare_by(moment, operator.eq),
    "DateLessThan": _compare_by(moment, operator.lt),
    "DateLessThanEquals": _compare_by(moment, operator.le),
    "DateGreaterThan": _compare_by(moment, operator.gt),
    "DateGreaterThanEquals": _compare_by(moment, operator.ge),
    "Bool": _compare_by(boolean, operator.eq),
    "BinaryEquals": _compare_by(binary, operator.eq),
    "IpAddress": _within,
}


@functools.lru_cache(maxsize=16384)
def comparison(name: str, wanted: tuple[Filled, ...]) -> Test:
    """The test whether one value of a request compares to any of a policy's, as the operator ``name`` does it.

    For a negated operator this is the test of the operator that it negates. ``Null`` compares nothing.
    """
    return _TESTS[NEGATED.get(name, name)](wanted)
