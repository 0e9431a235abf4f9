# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn plain YAML data into the dataclasses of a seed, and say precisely what is wrong where it does not fit.

A seed is written by hand, and a misspelt key would otherwise silently give an account without the fault that a test
looks for. So unknown keys, missing keys and wrong types are errors that name the place and what is allowed.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import types
import typing as t

T = t.TypeVar("T")

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


class SeedError(ValueError):
    """A seed that cannot be used; the message names the place in it and what is allowed there."""


def build(kind: type[T], data: object, *, where: str, given: t.Optional[t.Mapping[str, object]] = None) -> T:
    """Make a dataclass of ``kind`` from a mapping; ``given`` are fields that the place itself decides (a name).

    :raises SeedError: on an unknown or missing key and on a value of the wrong type.
    """
    if data is None:
        data = {}
    if not isinstance(data, t.Mapping):
        raise SeedError(f"{where}: expected a mapping, got {_describe(data)}")
    fixed = dict(given or {})
    hints = _hints(t.cast(t.Hashable, kind))
    allowed = [name for name in hints if name not in fixed]
    for key in data:
        if key not in allowed:
            raise SeedError(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}")
    values = {key: convert(hints[key], value, where=f"{where}.{key}") for key, value in data.items()}
    missing = [name for name in _list_required(t.cast(t.Hashable, kind)) if name not in values and name not in fixed]
    if missing:
        raise SeedError(f"{where}: missing key {missing[0]!r}")
    return kind(**fixed, **values)


def convert(hint: t.Any, value: object, *, where: str) -> t.Any:
    """Check ``value`` against a type hint and turn mappings into the dataclasses the hint names."""
    origin, arguments = t.get_origin(hint), t.get_args(hint)
    if origin in (t.Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        return convert(next(item for item in arguments if item is not types.NoneType), value, where=where)
    if origin is t.Literal:
        return _choice(arguments, value, where=where)
    if origin is tuple:
        return _sequence(arguments[0], value, where=where)
    if origin is dict:
        return _mapping(arguments[1], value, where=where)
    if dataclasses.is_dataclass(hint):
        return build(t.cast("type[t.Any]", hint), value, where=where)
    return _plain(hint, value, where=where)


def expand(name: str) -> list[str]:
    """``dev-{01..15}`` as fifteen names, as a shell does it; any other name as itself."""
    parts: list[list[str]] = []
    position = 0
    for match in _RANGE.finditer(name):
        first, last = match.groups()
        parts += [[name[position : match.start()]], [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)]]
        position = match.end()
    parts.append([name[position:]])
    return ["".join(pieces) for pieces in itertools.product(*parts)]


def substitute(value: object, tokens: t.Mapping[str, str]) -> t.Any:
    """Replace ``<token>`` in every string of a nested structure, keys included."""
    if isinstance(value, str):
        for token, replacement in tokens.items():
            value = value.replace(f"<{token}>", replacement)
        return value
    if isinstance(value, t.Mapping):
        return {substitute(key, tokens): substitute(item, tokens) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, tokens) for item in value]
    return value


@functools.cache
def _hints(kind: t.Any) -> dict[str, t.Any]:
    return t.get_type_hints(kind)


@functools.cache
def _list_required(kind: t.Any) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )


def _choice(allowed: tuple[object, ...], value: object, *, where: str) -> object:
    if value not in allowed:
        raise SeedError(f"{where}: {_describe(value)} is not allowed; allowed: {', '.join(map(str, allowed))}")
    return value


def _sequence(item: t.Any, value: object, *, where: str) -> tuple[t.Any, ...]:
    if not isinstance(value, list):
        raise SeedError(f"{where}: expected a list, got {_describe(value)}")
    return tuple(convert(item, entry, where=f"{where}[{index}]") for index, entry in enumerate(value))


def _mapping(item: t.Any, value: object, *, where: str) -> dict[str, t.Any]:
    """Mappings from names: the dataclasses in them learn their own name, and a name may stand for many."""
    if value is None:
        return {}
    if not isinstance(value, t.Mapping):
        raise SeedError(f"{where}: expected a mapping, got {_describe(value)}")
    result: dict[str, t.Any] = {}
    for pattern, entry in value.items():
        if not isinstance(pattern, str):
            raise SeedError(f"{where}: the key {_describe(pattern)} must be quoted")
        for name in expand(pattern):
            if name in result:
                raise SeedError(f"{where}: {name!r} is defined twice")
            place = f"{where}.{name}"
            if dataclasses.is_dataclass(item) and "name" in _hints(t.cast(type, item)):
                result[name] = build(t.cast("type[t.Any]", item), entry, where=place, given={"name": name})
            else:
                result[name] = convert(item, entry, where=place)
    return result


def _plain(hint: t.Any, value: object, *, where: str) -> object:
    if hint in (t.Any, object):
        return value
    # bool is an int to Python, but "age_days: true" is a slip
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, hint) and (hint is bool or not isinstance(value, bool)):
        return value
    raise SeedError(f"{where}: expected {hint.__name__}, got {_describe(value)}")


def _describe(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"
