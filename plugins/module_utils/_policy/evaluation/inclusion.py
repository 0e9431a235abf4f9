# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that a statement is about, as sets of actions and resources, and whether it includes another statement.

Principals are not looked at: identity-based policies have none.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.canonical import canonical
from ..documents.policy import Policy, Statement
from . import catalogue
from .implication import Block, find_unimplied
from .matching import action_matcher
from .tokens import (
    MANY,
    MANY_INSIDE,
    Patterns,
    Style,
    Tokens,
    Uncovered,
    find_uncovered,
    has_variable,
    open_variables,
    tokenize,
)
from .variables import Text, template

#: Actions that no service has yet: what wildcards allow of the future is looked at too.
TO_COME: t.Final = ("AnyActionThatEverWillBe", "QuiteAnotherAction")
UNLISTED: t.Final = ("unlisted", "zz-unlisted")

#: A statement by what it means, with the version that says how its variables are read.
Meaning = tuple[str, Statement]

_Texts = t.Optional[Sequence[str]]


class Part(t.NamedTuple):
    """One pattern of a statement's element, or all but the patterns ``besides`` of a NotAction or NotResource."""

    text: str
    tokens: Tokens
    besides: tuple[Tokens, ...] = ()


@dataclasses.dataclass(frozen=True)
class Reach:
    """The actions, resources and conditions of one statement."""

    actions: Patterns
    resources: Patterns
    block: Block

    def includes(self, action: Part, resource: Part) -> bool:
        """Whether the statement is about an action on a resource, whatever its conditions."""
        return is_within(action, (self.actions,)) and is_within(resource, (self.resources,))


def meanings_of(policies: Iterable[Policy], *, allow: bool) -> frozenset[Meaning]:
    """The statements that allow, or those that deny, without what says nothing about their effect."""
    return frozenset(item for policy in policies for item in _meanings_of(policy) if item[1].allow is allow)


@functools.lru_cache(maxsize=4096)
def _meanings_of(policy: Policy) -> tuple[Meaning, ...]:
    statements = canonical(policy).statements
    return tuple((policy.version, dataclasses.replace(item, index=0, sid=None)) for item in statements)


@functools.lru_cache(maxsize=16384)
def reach_of(statement: Statement, version: str) -> Reach:
    """The reach of a statement of a document of ``version``."""
    return Reach(
        _patterns(statement.actions, statement.not_actions, _tokens_of_action),
        _patterns(statement.resources, statement.not_resources, lambda text: _tokens_of_resource(text, version)),
        (version, statement.conditions),
    )


def action_parts(statement: Statement) -> tuple[Part, ...]:
    """The parts of a statement's Action or NotAction."""
    if statement.actions is not None:
        return tuple(map(name_action, dict.fromkeys(statement.actions)))
    return (_all_but(statement.not_actions, name_action("*"), _tokens_of_action),)


def resource_parts(statement: Statement, version: str) -> tuple[Part, ...]:
    """The parts of a statement's Resource or NotResource."""

    def tokens_of(text: str) -> Tokens:
        return _tokens_of_resource(text, version)

    if statement.resources is not None:
        return tuple(Part(text, tokens_of(text)) for text in dict.fromkeys(statement.resources))
    return (_all_but(statement.not_resources, Part("*", (MANY,)), tokens_of),)


def name_action(action: str) -> Part:
    """An action, or a pattern of actions, as a part: of all names with one colon, since an action has no other."""
    tokens = _tokens_of_action("*:*" if action == "*" else action)
    return Part(action, tuple(MANY_INSIDE if token == MANY else token for token in tokens))


def name_resource(pattern: str) -> Part:
    """A pattern of resources without variables as a part."""
    return Part(pattern, tokenize((Text(pattern),), Style.RESOURCE))


def find_outside(part: Part, wide: Iterable[Patterns]) -> t.Optional[Uncovered]:
    """Find a text of a part that is in none of the sets; None if there is none."""
    sets = tuple(wide)
    if part.besides and any(_excludes_no_more(each, part.besides) for each in sets):
        return None
    # Of a variable is not known what it excludes: most where it is anything, least where the request has no value.
    known = tuple(tokens for tokens in part.besides if not has_variable(tokens))
    opened = tuple(Patterns(each.inside, tuple(map(open_variables, each.outside))) for each in sets)
    return find_uncovered(part.tokens, (*opened, Patterns(known)) if known else opened)


def is_within(part: Part, wide: Iterable[Patterns]) -> bool:
    """Whether every text of a part is in one of the sets, whatever the values of variables."""
    return find_outside(part, wide) is None


def includes(wide: Meaning, narrow: Meaning) -> bool:
    """Whether a statement applies to every request that another one applies to."""
    outer, inner = reach_of(wide[1], wide[0]), reach_of(narrow[1], narrow[0])
    return (
        not find_unimplied(inner.block, outer.block)
        and all(is_within(part, (outer.actions,)) for part in action_parts(narrow[1]))
        and all(is_within(part, (outer.resources,)) for part in resource_parts(narrow[1], narrow[0]))
    )


def list_actions(statement: Statement) -> Iterator[str]:
    """Every action that a statement is about, and for its wildcards one that does not exist yet."""
    if statement.actions is not None:
        for pattern in statement.actions:
            yield from list_actions_of(pattern)
        return
    excepted = action_matcher(statement.not_actions or ())
    names = (item.full_name for item in catalogue.expand("*"))
    prefixes = (*UNLISTED, *sorted(catalogue.services()))
    invented = (f"{prefix}:{name}" for prefix in prefixes for name in TO_COME)
    for name in (*names, *invented):
        if not excepted(name.lower()):
            yield name


def list_actions_of(pattern: str) -> Iterator[str]:
    """Every action of a pattern, and for its wildcards one that does not exist yet."""
    yield from (item.full_name for item in catalogue.expand(pattern))
    service, colon, name = pattern.partition(":")
    if not colon:
        service = name = pattern
    services = UNLISTED if service == "*" else (service.replace("*", "unlisted").replace("?", "x"),)
    for prefix in services:
        yield from (f"{prefix}:{name.replace('*', filling).replace('?', 'x')}" for filling in TO_COME)


def _excludes_no_more(wide: Patterns, besides: tuple[Tokens, ...]) -> bool:
    """Whether a set is all but texts that ``besides`` leaves out as well, with the same values of variables."""
    return wide.inside is None and all(find_uncovered(each, (Patterns(besides),)) is None for each in wide.outside)


def _patterns(texts: _Texts, excluded: _Texts, tokens_of: t.Callable[[str], Tokens]) -> Patterns:
    return Patterns(None if texts is None else tuple(map(tokens_of, texts)), tuple(map(tokens_of, excluded or ())))


def _all_but(excluded: _Texts, everything: Part, tokens_of: t.Callable[[str], Tokens]) -> Part:
    if not excluded:
        return everything
    return Part(f"all but {', '.join(excluded)}", everything.tokens, tuple(map(tokens_of, excluded)))


@functools.lru_cache(maxsize=65536)
def _tokens_of_action(text: str) -> Tokens:
    return tokenize((Text(text.lower()),), Style.TEXT)


@functools.lru_cache(maxsize=65536)
def _tokens_of_resource(text: str, version: str) -> Tokens:
    return tokenize(template(text, version=version, resource=True), Style.RESOURCE)
