# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether one set of policies allows all that another allows, whatever the request.

Statements are compared first: what stays word for word, or is included in another statement, is not lost. Of the others
every action is evaluated under all layers, on all resources and in every context. In doubt an action counts as lost.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Collection, Iterable, Iterator, Sequence

from ..documents.canonical import canonical
from ..documents.policy import Policy, Statement
from ..evaluation import catalogue
from ..evaluation.evaluate import Layers
from ..evaluation.matching import action_matcher, covers, overlaps
from ..evaluation.variables import generalize
from ..trail.usage import Source, Use
from .judge import Breakage, Judge

# So many actions are named; who has lost one has lost enough.
_NAMED: t.Final = 3
# Actions that no service has yet: what wildcards allow of the future is looked at too.
_TO_COME: t.Final = ("AnyActionThatEverWillBe", "QuiteAnotherAction")
_UNLISTED: t.Final = ("unlisted", "zz-unlisted")

# A statement by what it means, with the version that says how its variables are read.
_Meaning = tuple[str, Statement]


def find_lost_actions(before: Layers, after: Layers, principal_arn: str) -> tuple[str, ...]:
    """Find a few actions that ``before`` may allow a principal and ``after`` may not; empty if nothing is lost.

    The layers differ in identity-based policies only. To find the gain, swap ``before`` and ``after``.
    """
    suspects = (
        *_find_unmatched(_meanings(before.identity, allow=True), _meanings(after.identity, allow=True)),
        *_find_unmatched(_meanings(after.identity, allow=False), _meanings(before.identity, allow=False)),
    )
    if not suspects:
        return ()
    judge = Judge(before, after)
    named: dict[str, str] = {}
    for action in itertools.chain.from_iterable(map(_actions, suspects)):
        # The first spelling is that of the service.
        named.setdefault(action.lower(), action)
    uses = (Use(principal_arn, action, Source.TRAIL) for action in named.values())
    found = (use.action for use in uses if judge.verdict(use).outcome is not Breakage.SAFE)
    return tuple(itertools.islice(found, _NAMED))


def _meanings(policies: Iterable[Policy], *, allow: bool) -> frozenset[_Meaning]:
    return frozenset(item for policy in policies for item in _meanings_of(policy) if item[1].allow is allow)


@functools.lru_cache(maxsize=4096)
def _meanings_of(policy: Policy) -> tuple[_Meaning, ...]:
    statements = canonical(policy).statements
    return tuple((policy.version, dataclasses.replace(item, index=0, sid=None)) for item in statements)


def _find_unmatched(wanted: Collection[_Meaning], present: Collection[_Meaning]) -> Iterator[Statement]:
    """Find the statements of ``wanted`` that are neither among ``present`` nor included in one of those."""
    for meaning in wanted:
        if meaning not in present and not any(_includes(other, meaning) for other in present):
            yield meaning[1]


def _includes(wide: _Meaning, narrow: _Meaning) -> bool:
    """Whether a statement applies to every request that another one applies to."""
    (wide_version, outer), (narrow_version, inner) = wide, narrow
    if not set(outer.conditions) <= set(inner.conditions):
        return False
    if outer.conditions and wide_version != narrow_version:
        return False
    if not _spans(outer.actions, outer.not_actions, inner.actions, inner.not_actions):
        return False
    named = None if inner.resources is None else [generalize(item, version=narrow_version) for item in inner.resources]
    return not any("${" in item for item in (*(outer.resources or ()), *(outer.not_resources or ()))) and _spans(
        outer.resources, outer.not_resources, named, inner.not_resources
    )


_Patterns = t.Optional[Sequence[str]]


def _spans(wide: _Patterns, wide_not: _Patterns, narrow: _Patterns, narrow_not: _Patterns) -> bool:
    """Whether the patterns of one statement's element (or all but them) cover those of another one's."""
    if wide is not None:
        if narrow is None:
            return "*" in wide
        return all(any(covers(outer, inner) for outer in wide) for inner in narrow)
    excepted = wide_not or ()
    if narrow is not None:
        return not any(overlaps(outer, inner) for outer in excepted for inner in narrow)
    return all(any(covers(inner, outer) for inner in narrow_not or ()) for outer in excepted)


def _actions(statement: Statement) -> Iterator[str]:
    """Every action that a statement is about, and for its wildcards one that does not exist yet."""
    if statement.actions is not None:
        for pattern in statement.actions:
            yield from (item.full_name for item in catalogue.expand(pattern))
            yield from _make_unlisted(pattern)
        return
    excepted = action_matcher(statement.not_actions or ())
    names = (item.full_name for item in catalogue.expand("*"))
    prefixes = (*_UNLISTED, *sorted(catalogue.services()))
    invented = (f"{prefix}:{name}" for prefix in prefixes for name in _TO_COME)
    for name in (*names, *invented):
        if not excepted(name.lower()):
            yield name


def _make_unlisted(pattern: str) -> Iterator[str]:
    """Make actions that a pattern covers and that do not exist yet: the pattern with its wildcards filled."""
    service, colon, name = pattern.partition(":")
    if not colon:
        service = name = pattern
    services = _UNLISTED if service == "*" else (service.replace("*", "unlisted").replace("?", "x"),)
    for prefix in services:
        yield from (f"{prefix}:{name.replace('*', filling).replace('?', 'x')}" for filling in _TO_COME)
