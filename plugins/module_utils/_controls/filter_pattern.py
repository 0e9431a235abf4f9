# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""CloudWatch Logs filter patterns for JSON events: whether a pattern catches an event.

Two patterns that look different may catch the same events, so a metric filter is judged by what it catches. Covers the
syntax of https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html for JSON: comparisons
with wildcards and regular expressions, EXISTS, IS, ``&&`` and ``||`` with parentheses. Patterns for other formats catch
no JSON event here.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t
from collections.abc import Callable, Mapping

Event = Mapping[str, t.Any]
Predicate = Callable[[Event], bool]

_TOKEN: t.Final = re.compile(
    r"""\s*(?:
        (?P<symbol>&&|\|\||\(|\)|!=|>=|<=|=|>|<)
      | (?P<path>\$(?:\.[\w*-]+|\[[^\]]*\])+)
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | %(?P<regex>[^%]*)%
      | (?P<word>[^\s()=!<>&|"%]+)
    )""",
    re.VERBOSE,
)


class PatternError(ValueError):
    """The text is no filter pattern for JSON events."""


def catches(pattern: str, event: Event) -> bool:
    """Whether the pattern catches the event; a pattern that can't be understood catches none."""
    try:
        return parse(pattern)(event)
    except PatternError:
        return False


def parse(pattern: str) -> Predicate:
    """The pattern as a predicate over events.

    :raises PatternError: not a JSON pattern.
    """
    text = pattern.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise PatternError("a JSON pattern stands in braces")
    parser = _Parser(_tokens(text[1:-1]))
    predicate = parser.alternatives()
    parser.end()
    return predicate


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise PatternError(f"unexpected text at {text[place:]!r}")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        place = match.end()
    return found


class _Parser:
    """Recursive descent; ``&&`` binds closer than ``||``."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0

    def alternatives(self) -> Predicate:
        parts = [self._conjunction()]
        while self._take_symbol("||"):
            parts.append(self._conjunction())
        return lambda event: any(part(event) for part in parts)

    def end(self) -> None:
        if self._place < len(self._tokens):
            raise PatternError(f"unexpected {self._tokens[self._place][1]!r}")

    def _conjunction(self) -> Predicate:
        parts = [self._term()]
        while self._take_symbol("&&"):
            parts.append(self._term())
        return lambda event: all(part(event) for part in parts)

    def _term(self) -> Predicate:
        if self._take_symbol("("):
            inner = self.alternatives()
            if not self._take_symbol(")"):
                raise PatternError("a parenthesis is not closed")
            return inner
        kind, path = self._next()
        if kind != "path":
            raise PatternError(f"a selector such as $.eventName is expected, not {path!r}")
        return self._comparison(path)

    def _comparison(self, path: str) -> Predicate:
        kind, operator = self._next()
        if kind == "word" and operator.upper() == "EXISTS":
            return lambda event: _value(event, path) is not None
        if kind == "word" and operator.upper() == "NOT" and self._next()[1].upper() == "EXISTS":
            return lambda event: _value(event, path) is None
        if kind == "word" and operator.upper() == "IS":
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}.get(self._next()[1].upper())
            return lambda event: _value(event, path) is wanted
        value_kind, value = self._next()
        if kind != "symbol" or operator not in ("=", "!=") or value_kind in ("symbol", "path"):
            raise PatternError(f"{path} {operator} {value!r} is not understood")
        return _equality(path, value_kind, value, negated=operator == "!=")

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise PatternError("the pattern ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take_symbol(self, symbol: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == ("symbol", symbol):
            self._place += 1
            return True
        return False


def _equality(path: str, kind: str, wanted: str, *, negated: bool) -> Predicate:
    if kind == "regex":
        try:
            expression = re.compile(wanted)
        except re.error as error:
            raise PatternError(f"{wanted!r} is not a regular expression") from error
        return lambda event: _holds(_value(event, path), lambda text: expression.search(text) is not None, negated)
    # Only * is a wildcard: fnmatch's other signs are taken literally.
    literal = re.sub(r"[\[?]", lambda match: f"[{match.group()}]", wanted.replace('\\"', '"'))
    return lambda event: _holds(_value(event, path), lambda text: fnmatch.fnmatchcase(text, literal), negated)


def _holds(value: t.Any, test: Callable[[str], bool], negated: bool) -> bool:
    """A comparison with an absent field fails, and so does its negation: CloudWatch Logs compares what is there."""
    if value is None:
        return False
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return test(text) is not negated


def _value(event: Event, path: str) -> t.Any:
    current: t.Any = event
    for name in re.findall(r"\.([\w*-]+)", path):
        if not isinstance(current, Mapping) or name not in current:
            return None
        current = current[name]
    return current
