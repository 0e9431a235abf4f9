# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Wildcards: which actions and resources a pattern is about, and how two patterns relate.

Actions and the string operators: ``*`` is any run of characters, ``?`` any one, wherever they stand
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html). Resources: the same, but
within the segments of an ARN, that is, the parts between its first five colons; only a ``*`` that ends a segment goes
on beyond the colon (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html). An
ARN that lacks segments is about whatever begins with those that it has.
"""

from __future__ import annotations

import enum
import functools
import re
import typing as t
from collections.abc import Callable, Iterable

from .context import ABSENT, Context, Missing
from .truth import NO, UNKNOWN, YES, Truth
from .variables import Filled, Template, Text, Variable, fill, possible, template, text_of

Test = Callable[[str], bool]


class Style(enum.Enum):
    """How far wildcards reach.

    TEXT: anywhere. RESOURCE: within a segment of an ARN, save a ``*`` that ends one. ARN: each of the six components
    by itself, which the ARN operators want (reference_policies_elements_condition_operators.html, Conditions_ARN).
    """

    TEXT = "text"
    RESOURCE = "resource"
    ARN = "arn"


# A pattern is compiled from tokens: a literal character, or one of these, which are two characters long.
_ONE: t.Final = "?."
_ONE_INSIDE: t.Final = "?:"
_MANY: t.Final = "*."
_MANY_INSIDE: t.Final = "*:"
_WILD: t.Final = {_ONE: ".", _ONE_INSIDE: "[^:]", _MANY: ".*?", _MANY_INSIDE: "[^:]*?"}
_MANIES: t.Final = frozenset({_MANY, _MANY_INSIDE})

Tokens = tuple[str, ...]

# The parts of an ARN before the resource: partition, service, region and account, after "arn".
_COLONS: t.Final = 5

_ANY_ARN: t.Final[Tokens] = (*(_MANY_INSIDE, ":") * _COLONS, _MANY)


def _tokens(filled: Filled, style: Style) -> Tokens:
    """The tokens of a pattern; a run of ``*`` is one."""
    characters = [(char, text.literal) for text in filled for char in text.text]
    colons = 0 if style is Style.ARN or (style is Style.RESOURCE and text_of(filled).startswith("arn:")) else _COLONS
    tokens: list[str] = []
    for index, (char, literal) in enumerate(characters):
        if literal or char not in "*?":
            tokens.append(char)
            colons += char == ":"
            continue
        inside = colons < _COLONS
        if char == "?":
            tokens.append(_ONE_INSIDE if inside else _ONE)
            continue
        following = characters[index + 1 : index + 2]
        if inside and style is Style.RESOURCE and (not following or following[0][0] == ":"):
            inside = False
        token = _MANY_INSIDE if inside else _MANY
        if tokens and tokens[-1] in _MANIES:
            token = _MANY if _MANY in (token, tokens[-1]) else token
            tokens.pop()
        tokens.append(token)
    if style is Style.RESOURCE and colons < _COLONS and _MANY not in tokens:
        # "AWS automatically completes the ARN by adding wildcard characters (*) to all missing fields":
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
        tokens += (":", _MANY)
    return tuple(tokens)


def _expression(tokens: Tokens) -> str:
    """A regular expression for the whole of a text.

    The part between two wildcards is taken where it first fits and never looked for again: what a following ``*`` can
    do from a later place, it can do from the first. Without that, a hostile pattern takes exponential time.
    """
    stars = [index for index, token in enumerate(tokens) if token in _MANIES]
    wide = [index for index in stars if tokens[index] == _MANY]
    out: list[str] = []
    for index, token in enumerate(tokens):
        if index in wide:
            # A wide star begins a part that ends at the next wide star.
            out.append(("(?>" if index != wide[-1] else "") + ".*?")
        elif token == _MANY_INSIDE:
            out.append(("(?>" if index != stars[-1] else "") + "[^:]*?")
        else:
            out.append(_WILD.get(token) or re.escape(token))
        if index + 1 in stars:
            out.append(_close_brackets(index + 1, stars, wide))
    return "".join(out) + r"\Z"


def _close_brackets(star: int, stars: list[int], wide: list[int]) -> str:
    """Close the brackets that end before a star: of a narrow star before it, and of a wide one if it is wide."""
    before = [index for index in stars if index < star]
    if not before:
        return ""
    closing = ")" if before[-1] not in wide else ""
    earlier = [index for index in wide if index < star]
    return closing + (")" if star in wide and earlier else "")


def _never(text: str) -> bool:
    return False


def _always(text: str) -> bool:
    return True


def _test_of(patterns: Iterable[Tokens]) -> Test:
    """One test for any of several patterns. Most are a name or a prefix, for which no expression is needed."""
    literals: set[str] = set()
    prefixes: list[str] = []
    expressions: list[str] = []
    for tokens in patterns:
        stem = tokens[:-1] if tokens and tokens[-1] == _MANY else tokens
        if any(len(token) > 1 for token in stem):
            expressions.append(_expression(tokens))
        elif stem is tokens:
            literals.add("".join(tokens))
        else:
            prefixes.append("".join(stem))
    if "" in prefixes:
        return _always
    tests = _tests(frozenset(literals), tuple(prefixes), expressions)
    return _match_any(tests)


def _tests(literals: frozenset[str], prefixes: tuple[str, ...], expressions: list[str]) -> list[Test]:
    tests: list[Test] = []
    if literals:
        tests.append(literals.__contains__)
    if prefixes:
        prefix = prefixes[0] if len(prefixes) == 1 else prefixes
        tests.append(lambda text: text.startswith(prefix))
    if expressions:
        match = re.compile("|".join(f"(?:{expression})" for expression in expressions), re.DOTALL).match
        tests.append(lambda text: match(text) is not None)
    return tests


def _match_any(tests: list[Test]) -> Test:
    if not tests:
        return _never
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda text: first(text) or second(text)
    return lambda text: any(test(text) for test in tests)


@functools.lru_cache(maxsize=16384)
def text_matcher(patterns: tuple[str, ...]) -> Test:
    """A test whether a text matches any of the patterns, case-sensitively, without regard to ARNs or variables."""
    return _test_of(_tokens((Text(pattern),), Style.TEXT) for pattern in patterns)


def action_matcher(patterns: tuple[str, ...]) -> Test:
    """A test whether any of the patterns is about an action, which is given in lower case.

    "The prefix and the action name are case insensitive" (reference_policies_elements_action.html).
    """
    return text_matcher(tuple(pattern.lower() for pattern in patterns))


@functools.lru_cache(maxsize=16384)
def make_filled_matcher(patterns: tuple[Filled, ...], style: Style) -> Test:
    """Make a test against any of several patterns whose variables are filled with the values of a request.

    In style ARN a pattern of fewer than six components matches nothing: there is none for each to be checked against.
    A lone ``*``, of which AWS says nothing, is taken as all six: an open condition must not pass for a closed one.
    """
    tokens = (_tokens(filled, style) for filled in patterns)
    if style is Style.ARN:
        tokens = (_ANY_ARN if each == (_MANY_INSIDE,) else each for each in tokens if _is_arn_pattern(each))
    return _test_of(tokens)


def _is_arn_pattern(tokens: Tokens) -> bool:
    return tokens.count(":") >= _COLONS or tokens == (_MANY_INSIDE,)


class ResourceMatcher:
    """The resources that one statement lists. Made by ``resource_matcher``."""

    __slots__ = ("_dynamic", "_static", "fixed")

    def __init__(self, static: Test, dynamic: tuple[Template, ...]) -> None:
        self._static = static
        self._dynamic = dynamic
        # The whole test where it does not depend on the request's context: the fast way past ``match``.
        self.fixed: t.Final[t.Optional[Test]] = None if dynamic else static

    def match(self, resource: str, context: Context, missing: set[str]) -> Truth:
        """Whether any pattern is about the resource, by its exact case.

        UNKNOWN where that depends on keys the context does not say, which are then added to ``missing``. A pattern
        with a variable that has no value "will not match any resource" (reference_policies_variables.html).
        """
        if self._static(resource):
            return YES
        if not self._dynamic:
            return NO
        unknown: set[str] = set()
        for pieces in self._dynamic:
            keys: set[str] = set()
            filled = fill(pieces, context, keys)
            if filled is ABSENT:
                continue
            if not isinstance(filled, Missing):
                if make_filled_matcher((filled,), Style.RESOURCE)(resource):
                    return YES
            elif make_filled_matcher((possible(pieces, context),), Style.RESOURCE)(resource):
                unknown |= keys
        if not unknown:
            return NO
        missing |= unknown
        return UNKNOWN


@functools.lru_cache(maxsize=16384)
def resource_matcher(patterns: tuple[str, ...], *, version: str) -> ResourceMatcher:
    """The matcher of the ``Resource`` or ``NotResource`` of a document of ``version``."""
    static: list[Tokens] = []
    dynamic: list[Template] = []
    for pattern in patterns:
        pieces = template(pattern, version=version, resource=True)
        if any(isinstance(piece, Variable) for piece in pieces):
            dynamic.append(pieces)
        else:
            static.append(_tokens(t.cast(Filled, pieces), Style.RESOURCE))
    return ResourceMatcher(_test_of(static), tuple(dynamic))


@functools.lru_cache(maxsize=65536)
def overlaps(first: str, second: str) -> bool:
    """Whether some text matches both patterns.

    Patterns that begin with ``arn:`` are compared as resources, others as plain text (actions: in lower case). Policy
    variables have no meaning here: ``variables.generalize`` first.
    """
    a, b = _tokens_of_resource(first), _tokens_of_resource(second)
    seen: set[tuple[int, int]] = set()
    waiting = [(0, 0)]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        i, j = place
        if i == len(a) and j == len(b):
            return True
        if i < len(a) and a[i] in _MANIES:
            waiting.append((i + 1, j))
        if j < len(b) and b[j] in _MANIES:
            waiting.append((i, j + 1))
        if i < len(a) and j < len(b) and _share(a[i], b[j]):
            waiting.append((i + (a[i] not in _MANIES), j + (b[j] not in _MANIES)))
    return False


def _tokens_of_resource(pattern: str) -> Tokens:
    return _tokens((Text(pattern),), Style.RESOURCE)


def _share(first: str, second: str) -> bool:
    """Whether a character can be taken by both tokens."""
    if len(first) == 1:
        return _takes(second, first)
    return len(second) > 1 or _takes(first, second)


def _takes(token: str, char: str) -> bool:
    if len(token) == 1:
        return token == char
    return char != ":" or token in (_ONE, _MANY)


# Stands for every character that is in neither pattern.
_OTHER: t.Final = ""

# Above so many states the question is hostile: no pattern in use comes near.
_MOST_STATES: t.Final = 20_000


@functools.lru_cache(maxsize=65536)
def covers(wide: str, narrow: str) -> bool:
    """Whether every text that matches ``narrow`` matches ``wide``, as which ``overlaps`` takes patterns.

    A pair of patterns so intertwined that this takes more than 20,000 steps is answered with False.
    """
    outer, inner = _tokens_of_resource(wide), _tokens_of_resource(narrow)
    alphabet = {token for token in outer if len(token) == 1} | {":", _OTHER}
    seen: set[tuple[int, frozenset[int]]] = set()
    waiting = [(0, _closure(outer, {0}))]
    while waiting:
        state = waiting.pop()
        place, reached = state
        if state in seen or (len(outer) - 1 in reached and outer[-1] == _MANY):
            continue
        if not reached or len(seen) >= _MOST_STATES or (place == len(inner) and len(outer) not in reached):
            return False
        seen.add(state)
        if place == len(inner):
            continue
        token = inner[place]
        if token in _MANIES:
            waiting.append((place + 1, reached))
        after = place + (token not in _MANIES)
        for char in (token,) if len(token) == 1 else alphabet:
            if _takes(token, char):
                waiting.append((after, _step(outer, reached, char)))
    return True


def _closure(tokens: Tokens, places: set[int]) -> frozenset[int]:
    """The places and those that are reached from them by letting a ``*`` match nothing."""
    for place in sorted(places):
        while place < len(tokens) and tokens[place] in _MANIES:
            place += 1
            places.add(place)
    return frozenset(places)


def _step(tokens: Tokens, places: frozenset[int], char: str) -> frozenset[int]:
    taking = {place for place in places if place < len(tokens) and _takes(tokens[place], char)}
    return _closure(tokens, {place + (tokens[place] not in _MANIES) for place in taking})
