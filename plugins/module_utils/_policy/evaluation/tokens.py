# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Patterns with wildcards as sequences of tokens, and how the sets of texts that they match relate.

A policy variable is one token. Two patterns with the same variable are compared for every value that it may have: a
``*`` takes any value, a ``?`` does not, and neither does a ``*`` that must not reach beyond a colon.
"""

from __future__ import annotations

import enum
import functools
import typing as t
from collections.abc import Iterator, Sequence

from .variables import Template, Variable


class Style(enum.Enum):
    """How far wildcards reach.

    TEXT: anywhere. RESOURCE: within a segment of an ARN, save a ``*`` that ends one. ARN: each of the six components
    by itself, which the ARN operators want (reference_policies_elements_condition_operators.html, Conditions_ARN).
    """

    TEXT = "text"
    RESOURCE = "resource"
    ARN = "arn"


# A token is a literal character, or one of these, which are two characters long, or a variable, which is longer.
ONE: t.Final = "?."
ONE_INSIDE: t.Final = "?:"
MANY: t.Final = "*."
MANY_INSIDE: t.Final = "*:"
MANIES: t.Final = frozenset({MANY, MANY_INSIDE})
_WILD: t.Final = frozenset({ONE, ONE_INSIDE, *MANIES})

Tokens = tuple[str, ...]

# The parts of an ARN before the resource: partition, service, region and account, after "arn".
COLONS: t.Final = 5

# As which the ARN operators take a lone "*".
ANY_ARN: t.Final[Tokens] = (*(MANY_INSIDE, ":") * COLONS, MANY)

# Stands for every character that is in none of the patterns.
_OTHER: t.Final = ""

_OTHERS: t.Final = "x0qz7jkvwyQZXJ"

# Above so many states the question is hostile: no pattern in use comes near.
_MOST_STATES: t.Final = 20_000


def tokenize(pieces: Template, style: Style) -> Tokens:
    """The tokens of a pattern; a run of ``*`` is one."""
    characters = list(_characters(pieces))
    begins = "".join(char for char, _literal in characters[:4])
    colons = 0 if style is Style.ARN or (style is Style.RESOURCE and begins == "arn:") else COLONS
    tokens: list[str] = []
    for index, (char, literal) in enumerate(characters):
        if literal or char not in "*?":
            tokens.append(char)
            colons += char == ":"
            continue
        inside = colons < COLONS
        if char == "?":
            tokens.append(ONE_INSIDE if inside else ONE)
            continue
        following = characters[index + 1 : index + 2]
        if inside and style is Style.RESOURCE and (not following or following[0][0] == ":"):
            inside = False
        token = MANY_INSIDE if inside else MANY
        if tokens and tokens[-1] in MANIES:
            token = MANY if MANY in (token, tokens[-1]) else token
            tokens.pop()
        tokens.append(token)
    if style is Style.RESOURCE and colons < COLONS and MANY not in tokens:
        # "AWS automatically completes the ARN by adding wildcard characters (*) to all missing fields":
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
        tokens += (":", MANY)
    return tuple(tokens)


def _characters(pieces: Template) -> Iterator[tuple[str, bool]]:
    for piece in pieces:
        if isinstance(piece, Variable):
            yield f"${{{piece.key},{piece.default!r}}}", True
        else:
            yield from ((char, piece.literal) for char in piece.text)


def is_variable(token: str) -> bool:
    """Whether a token is a policy variable."""
    return len(token) > 2


def name_variable(token: str) -> str:
    """The name of the condition key of a variable, in lower case."""
    return token[2:].partition(",")[0]


def has_variable(tokens: Tokens) -> bool:
    """Whether a policy variable is among the tokens."""
    return max(map(len, tokens), default=0) > 2


def open_variables(tokens: Tokens) -> Tokens:
    """The pattern of every text that the variables may make of the tokens."""
    return tuple(MANY if is_variable(token) else token for token in tokens) if has_variable(tokens) else tokens


def takes(token: str, char: str) -> bool:
    """Whether a token can be a character, or a variable's value whatever it is."""
    if token not in _WILD:
        return token == char
    if is_variable(char):
        return token == MANY
    return char != ":" or token in (ONE, MANY)


def _share(first: str, second: str) -> bool:
    """Whether a character can be taken by both tokens."""
    if first not in _WILD:
        return takes(second, first)
    return second in _WILD or takes(first, second)


def fill_wildcards(tokens: Tokens, filling: str) -> Tokens:
    """One text of those that a pattern matches: with ``filling`` for each ``*``, and ``x`` for each ``?``."""
    filled: list[str] = []
    for token in tokens:
        if token in MANIES:
            filled += filling
        else:
            filled.append("x" if token in _WILD else token)
    return tuple(filled)


def overlap(first: Tokens, second: Tokens) -> bool:
    """Whether some text matches both patterns, whatever values variables have."""
    a, b = open_variables(first), open_variables(second)
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
        if i < len(a) and a[i] in MANIES:
            waiting.append((i + 1, j))
        if j < len(b) and b[j] in MANIES:
            waiting.append((i, j + 1))
        if i < len(a) and j < len(b) and _share(a[i], b[j]):
            waiting.append((i + (a[i] not in MANIES), j + (b[j] not in MANIES)))
    return False


class Patterns(t.NamedTuple):
    """A set of texts: those that match one of ``inside`` (None: all texts) and none of ``outside``."""

    inside: t.Optional[tuple[Tokens, ...]]
    outside: tuple[Tokens, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether it is every text, as can be seen without a search."""
        return not self.outside and (self.inside is None or (MANY,) in self.inside)

    def names(self, tokens: Tokens) -> bool:
        """Whether a pattern is one of those that the set is made of."""
        return not self.outside and self.inside is not None and tokens in self.inside


class Uncovered(t.NamedTuple):
    """The tokens of a text that a pattern matches and no set has; None where the search was given up."""

    text: t.Optional[Tokens]


# For each set how far its patterns inside and outside are matched.
_Reached = tuple[tuple[tuple[frozenset[int], ...], tuple[frozenset[int], ...]], ...]
_State = tuple[int, _Reached]


def find_uncovered(narrow: Tokens, wide: tuple[Patterns, ...]) -> t.Optional[Uncovered]:
    """Find a text that ``narrow`` matches and that is in none of the sets; None if there is none.

    A search of more than 20,000 steps is given up: then nothing may be concluded.
    """
    if any(patterns.is_everything or patterns.names(narrow) for patterns in wide):
        return None
    if not wide:
        return Uncovered(fill_wildcards(narrow, ""))
    return _search(narrow, wide)


@functools.lru_cache(maxsize=16384)
def _search(narrow: Tokens, wide: tuple[Patterns, ...]) -> t.Optional[Uncovered]:
    return _Search(narrow, wide).run()


class _Search:
    """The search through all texts that a pattern matches, as far as the sets distinguish them."""

    def __init__(self, narrow: Tokens, wide: Sequence[Patterns]) -> None:
        self._narrow = narrow
        self._wide = [
            Patterns(
                None if each.inside is None else tuple(item for item in each.inside if _begin_alike(item, narrow)),
                tuple(item for item in each.outside if _begin_alike(item, narrow)),
            )
            for each in wide
        ]
        self._origins: dict[_State, tuple[t.Optional[_State], str]] = {}

    def run(self) -> t.Optional[Uncovered]:
        """Search depth first, so that the first text found is not always the shortest."""
        start: _State = (0, tuple((_start(each.inside or ()), _start(each.outside)) for each in self._wide))
        waiting: list[tuple[_State, t.Optional[_State], str]] = [(start, None, "")]
        while waiting:
            state, origin, char = waiting.pop()
            if state in self._origins or self._covers_all_further(state[1]):
                continue
            if len(self._origins) >= _MOST_STATES:
                return Uncovered(None)
            self._origins[state] = (origin, char)
            place, reached = state
            if place == len(self._narrow):
                if not self._covers_here(reached):
                    return Uncovered(self._spell(state))
                continue
            waiting.extend(self._follow(state))
        return None

    def _follow(self, state: _State) -> Iterator[tuple[_State, _State, str]]:
        place, reached = state
        token = self._narrow[place]
        wild = token in _WILD
        after = place + (token not in MANIES)
        for char in sorted(self._distinguish(reached)) if wild else (token,):
            if takes(token, char):
                yield (after, self._step(reached, char)), state, char or _OTHER
        if token in MANIES:
            yield (place + 1, reached), state, ""

    def _distinguish(self, reached: _Reached) -> set[str]:
        """The characters that matter next: all others are alike."""
        chars = {":", _OTHER}
        for patterns, (inside, outside) in zip(self._wide, reached, strict=True):
            for items, places in ((patterns.inside or (), inside), (patterns.outside, outside)):
                for tokens, at in zip(items, places, strict=True):
                    chars.update(tokens[place] for place in at if place < len(tokens) and len(tokens[place]) == 1)
        return chars

    def _step(self, reached: _Reached, char: str) -> _Reached:
        return tuple(
            (_step_all(patterns.inside or (), inside, char), _step_all(patterns.outside, outside, char))
            for patterns, (inside, outside) in zip(self._wide, reached, strict=True)
        )

    def _covers_here(self, reached: _Reached) -> bool:
        for patterns, (inside, outside) in zip(self._wide, reached, strict=True):
            is_inside = patterns.inside is None or _is_any_at_end(patterns.inside, inside)
            if is_inside and not _is_any_at_end(patterns.outside, outside):
                return True
        return False

    def _covers_all_further(self, reached: _Reached) -> bool:
        """Whether a set has every text that goes on from here."""
        for patterns, (inside, outside) in zip(self._wide, reached, strict=True):
            is_inside = patterns.inside is None or any(
                tokens and tokens[-1] == MANY and len(tokens) - 1 in places
                for tokens, places in zip(patterns.inside, inside, strict=True)
            )
            if is_inside and not any(outside):
                return True
        return False

    def _spell(self, state: _State) -> Tokens:
        known = {
            token
            for each in self._wide
            for items in (each.inside or (), each.outside)
            for tokens in items
            for token in tokens
        }
        other = next((char for char in _OTHERS if char not in known), "\u00ff")
        chars: list[str] = []
        at: t.Optional[_State] = state
        while at is not None:
            origin, char = self._origins[at]
            if origin is not None and (origin[0] == at[0] or self._narrow[origin[0]] not in MANIES):
                chars.append(char or other)
            at = origin
        return tuple(reversed(chars))


def _begin_alike(first: Tokens, second: Tokens) -> bool:
    """Whether two patterns can match the same text, as far as their literal beginnings say."""
    for one, other in zip(first, second, strict=False):
        if len(one) != 1 or len(other) != 1:
            return True
        if one != other:
            return False
    return True


def _start(patterns: Sequence[Tokens]) -> tuple[frozenset[int], ...]:
    return tuple(_close(tokens, {0}) for tokens in patterns)


def _step_all(patterns: Sequence[Tokens], reached: tuple[frozenset[int], ...], char: str) -> tuple[frozenset[int], ...]:
    return tuple(
        _step(tokens, places, char) if places else places for tokens, places in zip(patterns, reached, strict=True)
    )


def _is_any_at_end(patterns: Sequence[Tokens], reached: Sequence[frozenset[int]]) -> bool:
    return any(len(tokens) in places for tokens, places in zip(patterns, reached, strict=True))


def _close(tokens: Tokens, places: set[int]) -> frozenset[int]:
    """The places and those that are reached from them by letting a ``*`` match nothing."""
    for place in sorted(places):
        while place < len(tokens) and tokens[place] in MANIES:
            place += 1
            places.add(place)
    return frozenset(places)


def _step(tokens: Tokens, places: frozenset[int], char: str) -> frozenset[int]:
    taking = {place for place in places if place < len(tokens) and takes(tokens[place], char)}
    return _close(tokens, {place + (tokens[place] not in MANIES) for place in taking})
