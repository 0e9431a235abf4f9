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

import functools
import re
import typing as t
from collections.abc import Callable, Iterable

from .context import ABSENT, Context, Missing
from .tokens import (
    ANY_ARN,
    COLONS,
    MANIES,
    MANY,
    MANY_INSIDE,
    ONE,
    ONE_INSIDE,
    Patterns,
    Style,
    Tokens,
    find_uncovered,
    overlap,
    tokenize,
)
from .truth import NO, UNKNOWN, YES, Truth
from .variables import Filled, Template, Text, Variable, fill, possible, template

Test = Callable[[str], bool]


_WILD: t.Final = {ONE: ".", ONE_INSIDE: "[^:]", MANY: ".*?", MANY_INSIDE: "[^:]*?"}


def _expression(tokens: Tokens) -> str:
    """A regular expression for the whole of a text.

    The part between two wildcards is taken where it first fits and never looked for again: what a following ``*`` can
    do from a later place, it can do from the first. Without that, a hostile pattern takes exponential time.
    """
    stars = [index for index, token in enumerate(tokens) if token in MANIES]
    wide = [index for index in stars if tokens[index] == MANY]
    out: list[str] = []
    for index, token in enumerate(tokens):
        if index in wide:
            # A wide star begins a part that ends at the next wide star.
            out.append(("(?>" if index != wide[-1] else "") + ".*?")
        elif token == MANY_INSIDE:
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
        stem = tokens[:-1] if tokens and tokens[-1] == MANY else tokens
        if any(len(token) > 1 for token in stem):
            expressions.append(_expression(tokens))
        elif stem is tokens:
            literals.add("".join(tokens))
        else:
            prefixes.append("".join(stem))
    return _test_any(literals, prefixes, expressions)


def _test_any(literals: set[str], prefixes: list[str], expressions: list[str]) -> Test:
    return _always if "" in prefixes else _match_any(_tests(literals, prefixes, expressions))


def _tests(literals: set[str], prefixes: list[str], expressions: list[str]) -> list[Test]:
    tests: list[Test] = []
    if literals:
        tests.append(literals.__contains__)
    if prefixes:
        prefix = prefixes[0] if len(prefixes) == 1 else tuple(prefixes)
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
    literals: set[str] = set()
    prefixes: list[str] = []
    expressions: list[str] = []
    # Actions make most patterns of an account, and nearly all are a name or a prefix.
    for pattern in patterns:
        stem = pattern.rstrip("*")
        if "*" in stem or "?" in stem:
            expressions.append(_expression(tokenize((Text(pattern),), Style.TEXT)))
        elif stem == pattern:
            literals.add(pattern)
        else:
            prefixes.append(stem)
    return _test_any(literals, prefixes, expressions)


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
    tokens = (tokenize(filled, style) for filled in patterns)
    if style is Style.ARN:
        tokens = (ANY_ARN if each == (MANY_INSIDE,) else each for each in tokens if _is_arn_pattern(each))
    return _test_of(tokens)


def _is_arn_pattern(tokens: Tokens) -> bool:
    return tokens.count(":") >= COLONS or tokens == (MANY_INSIDE,)


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
            static.append(tokenize(t.cast(Filled, pieces), Style.RESOURCE))
    return ResourceMatcher(_test_of(static), tuple(dynamic))


@functools.lru_cache(maxsize=65536)
def overlaps(first: str, second: str) -> bool:
    """Whether some text matches both patterns.

    Patterns that begin with ``arn:`` are compared as resources, others as plain text (actions: in lower case). Policy
    variables have no meaning here: ``variables.generalize`` first.
    """
    return overlap(_tokens_of_resource(first), _tokens_of_resource(second))


def _tokens_of_resource(pattern: str) -> Tokens:
    return tokenize((Text(pattern),), Style.RESOURCE)


@functools.lru_cache(maxsize=65536)
def covers(wide: str, narrow: str) -> bool:
    """Whether every text that matches ``narrow`` matches ``wide``, as which ``overlaps`` takes patterns.

    A pair of patterns so intertwined that this takes too many steps is answered with False.
    """
    return find_uncovered(_tokens_of_resource(narrow), (Patterns((_tokens_of_resource(wide),)),)) is None
