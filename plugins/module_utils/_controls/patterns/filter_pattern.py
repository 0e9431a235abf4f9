# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""CloudWatch Logs filter patterns: whether a pattern catches an event of CloudTrail.

Two patterns that look different may catch the same events, so a metric filter is judged by what it catches. Covers the
syntax of https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html for JSON (comparisons
with wildcards and regular expressions, EXISTS, IS, ``&&`` and ``||`` with parentheses), terms of text, and the empty
pattern, which catches every event. Patterns with brackets, for text with columns, are not understood.
"""

from __future__ import annotations

import fnmatch
import json
import operator
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
# A term of text: optional (?), excluded (-) or required, in quotes unless it is of letters, digits and underscores.
_TERM: t.Final = re.compile(r"""\s*(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>\w+))(?=\s|$)""")
_STEP: t.Final = re.compile(r"""\.([\w*-]+)|\[(?:(\d+)|['"]([^'"]+)['"])\]""")
# In place of a field that the event does not have; one that is null is there.
_ABSENT: t.Final = object()
_ORDER: t.Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
Step = t.Union[str, int]


class PatternError(ValueError):
    """The text is no filter pattern that is understood here."""


def parse(pattern: str) -> Predicate:
    """The pattern as a predicate over events.

    :raises PatternError: it is not understood.
    """
    text = pattern.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return _terms(text)
    parser = _Parser(_tokens(text[1:-1]))
    predicate = parser.alternatives()
    parser.end()
    return predicate


def _terms(text: str) -> Predicate:
    """Terms that are looked for in the text of an event, of which an empty pattern has none: it catches everything.

    A term counts as found where it stands as a word, and as excluded where its letters are part of one as well.
    """
    found: dict[str, list[str]] = {"": [], "?": [], "-": []}
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None:
            raise PatternError(f"unexpected text at {text[place:]!r}")
        found[match["sign"]].append(match["word"] or (match["quoted"] or "").replace('\\"', '"'))
        place = match.end()
    words = {term: re.compile(rf"(?<!\w){re.escape(term)}(?!\w)") for term in (*found[""], *found["?"])}

    def matches(event: Event) -> bool:
        line = json.dumps(event, separators=(",", ":"))
        if any(term in line for term in found["-"]) or not all(words[term].search(line) for term in found[""]):
            return False
        return bool(found[""]) or not found["?"] or any(words[term].search(line) for term in found["?"])

    return matches


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

    def _comparison(self, text: str) -> Predicate:
        path = _steps(text)
        kind, operator_ = self._next()
        word = operator_.upper() if kind == "word" else ""
        if word == "EXISTS":
            return lambda event: _value(event, path) is not _ABSENT
        if word == "NOT" and self._next()[1].upper() == "EXISTS":
            return lambda event: _value(event, path) is _ABSENT
        if word == "IS":
            name = self._next()[1].upper()
            if name not in _CONSTANTS:
                raise PatternError(f"{text} IS {name} is not understood")
            wanted = _CONSTANTS[name]
            return lambda event: _value(event, path) is wanted
        value_kind, value = self._next()
        if kind != "symbol" or value_kind in ("symbol", "path"):
            raise PatternError(f"{text} {operator_} {value!r} is not understood")
        if operator_ in _ORDER:
            return _compare_numbers(path, operator_, value)
        if operator_ not in ("=", "!="):
            raise PatternError(f"{text} {operator_} {value!r} is not understood")
        return _equality(path, value_kind, value, negated=operator_ == "!=")

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


_CONSTANTS: t.Final[Mapping[str, t.Optional[bool]]] = {"NULL": None, "TRUE": True, "FALSE": False}


def _compare_numbers(path: tuple[Step, ...], sign: str, text: str) -> Predicate:
    """Make a predicate that compares numbers."""
    try:
        limit = float(text)
    except ValueError as error:
        raise PatternError(f"{text!r} is not a number") from error
    compare = _ORDER[sign]

    def matches(event: Event) -> bool:
        value = _value(event, path)
        return isinstance(value, (int, float)) and not isinstance(value, bool) and compare(value, limit)

    return matches


def _equality(path: tuple[Step, ...], kind: str, wanted: str, *, negated: bool) -> Predicate:
    if kind == "regex":
        try:
            test = re.compile(wanted).search
        except re.error as error:
            raise PatternError(f"{wanted!r} is not a regular expression") from error
        return lambda event: _holds(_value(event, path), lambda text: test(text) is not None, negated)
    wanted = wanted.replace('\\"', '"')
    # Only * is a wildcard: fnmatch's other signs are taken literally.
    literal = re.compile(fnmatch.translate(re.sub(r"[\[?]", lambda match: f"[{match.group()}]", wanted)))
    return lambda event: _holds(_value(event, path), lambda text: literal.match(text) is not None, negated)


def _holds(value: t.Any, test: Callable[[str], bool], negated: bool) -> bool:
    """A comparison with an absent field fails, and so does its negation: CloudWatch Logs compares what is there."""
    if value is None or value is _ABSENT or isinstance(value, (Mapping, list)):
        return False
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return test(text) is not negated


def _steps(path: str) -> tuple[Step, ...]:
    return tuple(int(index) if index else name or quoted for name, index, quoted in _STEP.findall(path))


def _value(event: Event, path: tuple[Step, ...]) -> t.Any:
    current: t.Any = event
    for step in path:
        if isinstance(step, int):
            if not isinstance(current, list) or step >= len(current):
                return _ABSENT
        elif not isinstance(current, Mapping) or step not in current:
            return _ABSENT
        current = current[step]
    return current
