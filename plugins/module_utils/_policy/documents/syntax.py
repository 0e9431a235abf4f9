# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The JSON of a policy document: from text to values, and the place of every value in the text.

Decoding is left to ``json``. What it does not refuse but IAM does is refused here: characters outside of the policy
character set, an element that is given twice, ``NaN``. Positions are worked out only for documents with a problem.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from .policy import PolicyError, Position, Problem

# The way from the document to a value: names of elements and indexes of lists.
Path = tuple[t.Union[str, int], ...]

# A policy nests seven deep at most. What nests far deeper is none, and would run json into the interpreter's recursion
# limit.
_DEPTH = 64

# The characters that IAM takes in a policy document, as its API states for every PolicyDocument parameter:
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
_FOREIGN = re.compile(r"[^\t\n\r\x20-\xff]")

_NESTING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[\]{}]', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:/_-]*")


@dataclasses.dataclass(frozen=True)
class Number:
    """A number as the text spells it, so that ``1.0`` and ``1`` stay what they are."""

    text: str


@dataclasses.dataclass(frozen=True)
class Locations:
    """The positions of the values of a text, and the elements that are given a second time."""

    positions: t.Mapping[Path, Position]
    repeated: tuple[tuple[Path, Position], ...]


def decode(source: t.Union[str, bytes], *, name: str = "") -> tuple[t.Any, str]:
    """The value of a JSON text, with numbers as ``Number``, and the text itself.

    Raises PolicyError with the place of what is wrong with the text; never anything else.
    """
    text = source if isinstance(source, str) else _text(source, name)
    foreign = _FOREIGN.search(text)
    if foreign:
        raise _build_error(text, foreign.start(), f"a policy must not contain the character {ascii(foreign[0])}", name)
    too_deep = _find_excess_depth(text)
    if too_deep is not None:
        raise _build_error(text, too_deep, f"nested more than {_DEPTH} deep", name)
    # Noted, and not raised from the hook: to say where, the rest of the text has to be JSON as well.
    repeating: list[dict[str, t.Any]] = []
    try:
        value = json.loads(
            text,
            object_pairs_hook=lambda pairs: _object(pairs, repeating),
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise _build_error(text, error.pos, f"not JSON: {error.msg}", name) from error
    except _Constant as error:
        offset = next((token.start() for token in _TOKEN.finditer(text) if token[0].startswith(str(error))), 0)
        raise _build_error(text, offset, f"not JSON: {error} is no JSON value", name) from error
    if repeating:
        raise PolicyError(_repetitions(text), name)
    return value, text


def locate(text: str) -> Locations:
    """The position of every value in a text that ``json`` has decoded; an element's position is that of its name."""
    positions: dict[Path, Position] = {}
    repeated: list[tuple[Path, Position]] = []
    place = _Places(text)
    # One entry for every open object and list: the path to it, and the name or index that comes next.
    open_values: list[tuple[Path, t.Union[str, int, None]]] = []
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "]}":
            open_values.pop()
            continue
        path, key = open_values[-1] if open_values else ((), None)
        if first == ",":
            open_values[-1] = (path, key + 1 if isinstance(key, int) else None)
            continue
        if first == ":":
            continue
        if open_values and key is None:
            element = (*path, str(json.loads(token[0])))
            if element in positions:
                repeated.append((element, place.of(token.start())))
            positions.setdefault(element, place.of(token.start()))
            open_values[-1] = (path, element[-1])
            continue
        here = path if not open_values else (*path, t.cast("t.Union[str, int]", key))
        positions.setdefault(here, place.of(token.start()))
        if first in "[{":
            open_values.append((here, 0 if first == "[" else None))
    return Locations(positions, tuple(repeated))


def compact(value: t.Mapping[str, t.Any]) -> str:
    """A document as JSON text without whitespace and in IAM's character set: what lies outside of it is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return _FOREIGN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def path_text(path: Path) -> str:
    """A path as people write it: ``Statement[2].Action[0]``."""
    parts = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _PLAIN_NAME.fullmatch(part):
            parts.append(f".{part}")
        else:
            parts.append(f"[{json.dumps(part)}]")
    return "".join(parts).removeprefix(".")


class _Constant(Exception):
    """json met NaN or Infinity, which it takes and JSON does not know."""


class _Places:
    """Positions of ascending offsets, so that a text is read through once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._counted = 0

    def of(self, offset: int) -> Position:
        self._line += self._text.count("\n", self._counted, offset)
        self._counted = offset
        return Position(self._line, offset - self._text.rfind("\n", 0, offset))


def _text(source: bytes, name: str) -> str:
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        readable = source[: error.start].decode()
        raise _build_error(readable, len(readable), "not UTF-8", name) from error


def _build_error(text: str, offset: int, message: str, name: str) -> PolicyError:
    return PolicyError((Problem(message, position=_Places(text).of(offset)),), name)


def _find_excess_depth(text: str) -> t.Optional[int]:
    if text.count("[") + text.count("{") <= _DEPTH:
        return None
    depth = 0
    for token in _NESTING.finditer(text):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        if depth > _DEPTH:
            return token.start()
    return None


def _object(pairs: list[tuple[str, t.Any]], repeating: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        repeating.append(value)
    return value


def _refuse_constant(constant: str) -> t.NoReturn:
    raise _Constant(constant)


def _repetitions(text: str) -> tuple[Problem, ...]:
    return tuple(Problem("given a second time", path_text(path), position) for path, position in locate(text).repeated)
