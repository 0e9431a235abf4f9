# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The tokens of identity providers that a trust policy lets in: of strangers, of guests, of anything of an owner.

Conditions are put to the evaluator with tokens that somebody else can get: with the names that patterns leave open
filled in, with names of their own, and without the claim.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import re
import typing as t
from collections.abc import Iterator, Mapping

from ..evaluation.caller import caller_of
from ..evaluation.compiled import CompiledStatement
from ..evaluation.context import Context, Values
from .identity_providers import Claim, Grammar, Issues, Provider, provider_of
from .trust_statements import WITH_WEB_IDENTITY, TrustStatements, find_wanted_values, principals_of_type

ANY_OWNER: t.Final = "any owner"

# How many values are tried for one pattern, and of each claim beside the one whose patterns are reported.
_TRIED: t.Final = 6
_TRIED_BESIDE: t.Final = 8
_UNKNOWN_NAME: t.Final = "0"
_WILD: t.Final = frozenset("*?")
_GUEST: t.Final[Mapping[str, Values]] = {"amr": ["unauthenticated"]}


class Opening(enum.Enum):
    """A kind of token that gets in."""

    STRANGERS = "strangers"
    GUESTS = "guests"
    WITHIN = "anything of the owner"


@dataclasses.dataclass(frozen=True)
class OpenSubject:
    """An opening of a trust at an identity provider; ``pattern`` is the condition's, None where there is none."""

    issuer: str
    left: str
    pattern: t.Optional[str] = None
    opening: Opening = Opening.STRANGERS
    #: Whether everybody can get a token of the issuer.
    is_shared: bool = False


class _Option(t.NamedTuple):
    """A value of a claim that somebody can have, None for a token without it; ``pattern`` is what it was made from."""

    value: t.Optional[str]
    pattern: t.Optional[str] = None


_WITHOUT: t.Final = _Option(None)


def open_subjects(statements: TrustStatements, resource: Mapping[str, Values]) -> tuple[OpenSubject, ...]:
    """Find the tokens of identity providers that may come in beyond subjects that somebody chose.

    ``resource``: the condition keys that follow from the role.
    """
    found: dict[OpenSubject, None] = {}
    for item in statements.find_allows(WITH_WEB_IDENTITY):
        for principal in principals_of_type(item.statement, "Federated"):
            issuer = _issuer(principal)
            if issuer is not None:
                asked = _Question(statements, item, principal, issuer, resource)
                found |= dict.fromkeys(asked.answers())
    return tuple(found)


def _issuer(principal: str) -> t.Optional[str]:
    """The issuer of an OIDC provider, also of one that IAM knows by name; None for a SAML provider."""
    if ":oidc-provider/" in principal:
        return principal.partition(":oidc-provider/")[2]
    return None if principal.startswith("arn:") else principal


class _Question:
    """The openings of one statement at one issuer."""

    def __init__(
        self,
        statements: TrustStatements,
        item: CompiledStatement,
        principal: str,
        issuer: str,
        resource: Mapping[str, Values],
    ) -> None:
        self._statements = statements
        self._item = item
        self._issuer = issuer
        self._provider = provider_of(issuer)
        self._caller = caller_of(principal)
        self._prefix = f"{issuer}:".lower()
        known: dict[str, Values] = {**resource, "aws:FederatedProvider": principal, "aws:SecureTransport": True}
        # The keys of principals of AWS: tokens have none of them.
        self._base = Context(known, complete=False, absent=self._caller.absent_keys())

    def answers(self) -> Iterator[OpenSubject]:
        """Strangers first; what is open to them is not reported for others again."""
        provider = self._provider
        strangers: tuple[t.Optional[str], ...] = ()
        if provider.issues is not Issues.TO_ONE_OWNER:
            strangers = self._find_admitted_patterns(Opening.STRANGERS)
            yield from self._open(ANY_OWNER, strangers, Opening.STRANGERS)
        if None in strangers:
            return
        if provider.has_guests and self._find_admitted_patterns(Opening.GUESTS):
            yield from self._open(f"guests of the {provider.owner}", (None,), Opening.GUESTS)
        if provider.project or provider.issues is Issues.TO_ONE_OWNER:
            within = [item for item in self._find_admitted_patterns(Opening.WITHIN) if item not in strangers]
            yield from self._open(_within(provider), tuple(within), Opening.WITHIN)

    def _open(self, left: str, patterns: tuple[t.Optional[str], ...], opening: Opening) -> Iterator[OpenSubject]:
        shared = self._provider.issues is Issues.TO_ANYBODY
        for pattern in patterns:
            yield OpenSubject(self._issuer, left, pattern, opening, shared)

    def _find_admitted_patterns(self, opening: Opening) -> tuple[t.Optional[str], ...]:
        """Find the patterns that let such tokens in; None alone if that is due to none of them."""
        keys = self._find_named_keys()
        options = [[each for each in self._options(key, opening) if self._may_be(key, each)] for key in keys]
        # The claim whose patterns are reported: the first that has a grammar.
        main = next((index for index, key in enumerate(keys) if self._grammar(key)), None)
        tried = [found if index == main else found[:_TRIED_BESIDE] for index, found in enumerate(options)]
        wanted = set(find_wanted_values(self._item.statement, keys[main])) if main is not None else set()
        patterns: dict[t.Optional[str], None] = {}
        for chosen in itertools.product(*tried):
            pattern = chosen[main].pattern if main is not None and chosen[main].pattern in wanted else None
            if pattern not in patterns and self._admits(dict(zip(keys, chosen, strict=True)), opening):
                patterns[pattern] = None
        named = tuple(pattern for pattern in patterns if pattern is not None)
        return named or tuple(patterns)

    def _find_named_keys(self) -> list[str]:
        """Find the keys, in lower case, by which statements ask for claims that identify a token's owner."""
        claims = {**dict.fromkeys(self._provider.composed), **dict.fromkeys(self._provider.claims)}
        keys = [f"{self._prefix}{claim}" for claim in claims] + list(self._provider.keys)
        return [key for key in keys if any(self._statements.conditions(key, actions=(WITH_WEB_IDENTITY,)))]

    def _grammar(self, key: str) -> t.Optional[Grammar]:
        return self._provider.composed.get(key.removeprefix(self._prefix))

    def _options(self, key: str, opening: Opening) -> list[_Option]:
        """The values of a claim in tokens of that kind; an empty one for a claim that can be anything."""
        patterns = self._statements.values(key)
        grammar = self._grammar(key)
        if grammar is not None:
            if opening is Opening.WITHIN and self._provider.issues is not Issues.TO_ONE_OWNER and not grammar.narrow:
                return [_Option("")]
            usual = [_Option(grammar.stranger + "x")]
            if opening is Opening.WITHIN and "owner" in grammar.pattern.groupindex:
                usual = []
            made = [
                _Option(value, pattern) for pattern in patterns for value in _make_values(pattern, grammar, opening)
            ]
            return [*made, *usual, _WITHOUT]
        kind = self._provider.claims.get(key.removeprefix(self._prefix)) or self._provider.keys[key]
        if kind is Claim.OWNER and opening is not Opening.STRANGERS:
            return [_Option("")]
        # A pattern matches itself as well.
        open_ones = [_Option(value, value) for value in patterns if _WILD & set(value)]
        return [*open_ones, _Option(_UNKNOWN_NAME), _WITHOUT]

    def _may_be(self, key: str, option: _Option) -> bool:
        """Whether the statement's conditions on one claim may hold for a value of it."""
        context = self._context({key: option}, {})
        return self._statements.may_allow(self._item, context, WITH_WEB_IDENTITY)

    def _admits(self, chosen: Mapping[str, _Option], opening: Opening) -> bool:
        more = {f"{self._prefix}{claim}": value for claim, value in _GUEST.items()}
        context = self._context(chosen, more if opening is Opening.GUESTS else {})
        return self._statements.admits(self._item, self._caller, context, WITH_WEB_IDENTITY)

    def _context(self, chosen: Mapping[str, _Option], more: Mapping[str, Values]) -> Context:
        values: dict[str, Values] = {key: each.value for key, each in chosen.items() if each.value}
        absent = [key for key, each in chosen.items() if each.value is None]
        return self._base.with_({**values, **more}, absent=absent)


def _within(provider: Provider) -> str:
    """The words for anything that belongs to an owner."""
    article = "the" if provider.issues is Issues.TO_ONE_OWNER else "an" if provider.owner[0] in "aeiou" else "a"
    return f"any {provider.project or 'subject'} of {article} {provider.owner}"


def _make_values(pattern: str, grammar: Grammar, opening: Opening) -> list[str]:
    """Make values that a pattern matches and that somebody of that kind can have."""
    # Another form may say whose the token is, before or instead of the usual one.
    is_owned, is_named = (bool(form and form.fullmatch(pattern)) for form in (grammar.owned, grammar.named))
    if is_named or (is_owned and opening is Opening.STRANGERS) or _is_settled(pattern, grammar):
        return []
    found, follows = [], False
    for value, literal in _fillings(pattern, grammar.stranger):
        match = grammar.pattern.fullmatch(value)
        follows = follows or match is not None
        if match is not None and _is_open(match, literal, grammar, opening):
            found.append(value)
            if len(found) == _TRIED:
                break
    if follows:
        return found
    # No value of the usual form matches the pattern. If it does not set the owner, strangers can have it too.
    return [pattern] if is_owned is (opening is Opening.WITHIN) else []


def _is_settled(pattern: str, grammar: Grammar) -> bool:
    """Whether what stands before the first wildcard says all of whose the token is, as most patterns do."""
    head = re.split(r"[*?]", pattern, maxsplit=1)[0]
    match = grammar.pattern.fullmatch(head + "x")
    return match is not None and all(0 <= end < len(head) for end in map(match.end, grammar.pattern.groupindex))


def _is_open(match: re.Match[str], literal: list[bool], grammar: Grammar, opening: Opening) -> bool:
    """Whether somebody of that kind can have a value, by which of its characters the pattern sets.

    Strangers where it does not set the owner as a whole. What belongs to the owner where it sets nothing within:
    another claim may say who the owner is.
    """
    if opening is Opening.STRANGERS:
        return not all(literal[slice(*match.span("owner"))])
    spans = [match.span(name) for name in grammar.narrow]
    return bool(spans) and all(start >= 0 and not any(literal[start:end]) for start, end in spans)


def _fillings(pattern: str, stranger: str) -> Iterator[tuple[str, list[bool]]]:
    """The pattern with its first ``*`` as the end of a stranger's value, or as one character.

    Other wildcards are left as they are, since they match themselves. With each value comes which of its characters the
    pattern sets.
    """
    head, star, rest = pattern.partition("*")
    tails = [*(stranger[start:] for start in range(len(stranger) + 1)), "x"] if star else [""]
    before, after = ([character not in _WILD for character in text] for text in (head, rest))
    for tail in tails:
        yield head + tail + rest, [*before, *[False] * len(tail), *after]
