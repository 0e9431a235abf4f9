# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Statements, actions and resources that make no difference: others cover them, or a deny takes them away.

An explicit deny overrides every allow, and what several statements allow adds up:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from ..documents.policy import Condition, Statement
from ..evaluation.matching import covers, overlaps, resource_matcher
from .draft import Draft, DraftIssue, PlacedText, is_everything, is_wild

_WITHOUT_VARIABLES: t.Final = "2008-10-17"
# Comparing each statement with each takes seconds from here on, and no kind of policy has room for so many.
_MOST_STATEMENTS: t.Final = 1000
_EVERYONE: t.Final = frozenset({("*", "*"), ("AWS", "*")})


def find_redundant_members(draft: Draft) -> Iterator[DraftIssue]:
    """Find actions and resources beside a wider or equal one in the same element."""
    for statement in draft.policy.statements:
        yield from _find_redundant("redundant_action", draft.actions(statement), lower=True)
        yield from _find_redundant("redundant_resource", draft.resources(statement), lower=False)


def _find_redundant(code: str, members: Sequence[PlacedText], *, lower: bool) -> Iterator[DraftIssue]:
    texts = [placed.text.lower() if lower else placed.text for placed in members]
    wides = {text: placed.text for placed, text in zip(members, texts, strict=True) if is_wild(text)}
    seen: set[str] = set()
    for placed, text in zip(members, texts, strict=True):
        wider = next((wide for wide in wides if wide != text and contains(wide, text)), None)
        if text in seen:
            yield DraftIssue(code, placed.path, f"{placed.text} is already here")
        elif wider and not contains(text, wider):
            yield DraftIssue(code, placed.path, f"{placed.text} is part of {wides[wider]}")
        seen.add(text)


def contains(wide: str, narrow: str) -> bool:
    """Whether ``wide`` covers ``narrow``: as ``covers``, but quick where the answer is plain, as it mostly is."""
    stem = wide[:-1]
    if wide.endswith("*") and not is_wild(stem):
        return narrow.startswith(stem)
    if not is_wild(wide):
        return wide == narrow
    # An example of what the narrow pattern matches, and one with something in place of its wildcards.
    examples = (narrow.replace("*", ""), narrow.replace("*", "\x00").replace("?", "\x00"))
    matches = resource_matcher((wide,), version=_WITHOUT_VARIABLES).fixed
    return matches is not None and all(map(matches, examples)) and covers(wide, narrow)


def find_redundant_statements(draft: Draft) -> Iterator[DraftIssue]:
    """Find statements that another of the same effect covers; of two that are equal, the later one."""
    statements = draft.policy.statements
    for statement in statements if len(statements) <= _MOST_STATEMENTS else ():
        for other in statements:
            if other is statement or other.allow is not statement.allow or not _covers(draft, other, statement):
                continue
            if other.index > statement.index and _covers(draft, statement, other):
                continue
            verb = "allows" if statement.allow else "denies"
            message = f"{other.label} already covers everything that {statement.label} {verb}"
            yield DraftIssue("redundant_statement", draft.path(statement), message)
            break


def find_shadowed(draft: Draft) -> Iterator[DraftIssue]:
    """Find permissions that a Deny without conditions takes away whole."""
    statements = draft.policy.statements if len(draft.policy.statements) <= _MOST_STATEMENTS else ()
    denies = [one for one in statements if not one.allow and not one.conditions]
    for statement in filter(lambda one: one.allow, statements if denies else ()):
        whole = next((deny for deny in denies if _covers(draft, deny, statement)), None)
        if whole:
            message = f"{whole.label} denies all that {statement.label} allows"
            yield DraftIssue("allow_shadowed_by_deny", draft.path(statement), message)
            continue
        elsewhere = [deny for deny in denies if _covers_place(draft, deny, statement)]
        for placed in draft.texts(statement, "Action") if elsewhere else ():
            deny = next((one for one in elsewhere if _covers_action(one, placed.text.lower())), None)
            if deny:
                message = f"{deny.label} denies {placed.text} wherever it is allowed here"
                yield DraftIssue("allow_shadowed_by_deny", placed.path, message)


def _covers(draft: Draft, wide: Statement, narrow: Statement) -> bool:
    """Whether a statement is about every request that another one is about."""
    if wide.conditions and not _conditions(wide) <= _conditions(narrow):
        return False
    if narrow.actions is not None:
        actions = bool(narrow.actions) and all(_covers_action(wide, action.lower()) for action in narrow.actions)
    else:
        actions = _covers_complement(wide.actions, wide.not_actions, narrow.not_actions, lower=True)
    return actions and _covers_place(draft, wide, narrow)


def _covers_action(wide: Statement, action: str) -> bool:
    if wide.actions is not None:
        return any(contains(pattern.lower(), action) for pattern in wide.actions)
    return not any(overlaps(pattern.lower(), action) for pattern in wide.not_actions or ())


def _covers_place(draft: Draft, wide: Statement, narrow: Statement) -> bool:
    """The same for resources and principals."""
    return _covers_principals(wide, narrow) and _covers_resources(draft, wide, narrow)


def _covers_resources(draft: Draft, wide: Statement, narrow: Statement) -> bool:
    if wide.resources is None and wide.not_resources is None:
        return narrow.resources is None and narrow.not_resources is None
    if narrow.resources is None:
        return _covers_complement(wide.resources, wide.not_resources, narrow.not_resources, lower=False)
    patterns = [draft.pattern(resource) for resource in narrow.resources]
    if wide.resources is not None:
        # A pattern with a variable covers what it becomes, which is not known: only itself.
        fixed = [resource for resource in wide.resources if draft.pattern(resource) == resource]
        return bool(patterns) and all(
            resource in wide.resources or any(contains(one, pattern) for one in fixed)
            for resource, pattern in zip(narrow.resources, patterns, strict=True)
        )
    refused = [draft.pattern(resource) for resource in wide.not_resources or ()]
    return bool(patterns) and not any(overlaps(one, pattern) for one in refused for pattern in patterns)


def _covers_complement(
    wide: t.Optional[Sequence[str]],
    wide_not: t.Optional[Sequence[str]],
    narrow_not: t.Optional[Sequence[str]],
    *,
    lower: bool,
) -> bool:
    """Tell whether ``wide``, or all but ``wide_not``, covers all but ``narrow_not``."""
    if wide is not None:
        return any(is_everything(pattern) for pattern in wide)
    if narrow_not is None:
        return False
    kept, refused = ([one.lower() if lower else one for one in names or ()] for names in (narrow_not, wide_not))
    return all(any(contains(one, pattern) for one in kept) for pattern in refused)


def _covers_principals(wide: Statement, narrow: Statement) -> bool:
    if wide.not_principals is not None or narrow.not_principals is not None:
        return wide.not_principals == narrow.not_principals and wide.principals == narrow.principals
    mine, theirs = set(wide.principals or ()), set(narrow.principals or ())
    return theirs <= mine or bool(mine & _EVERYONE)


def _conditions(statement: Statement) -> frozenset[tuple[t.Any, ...]]:
    """The conditions in a form that does not depend on order and case."""
    return frozenset(map(_form, statement.conditions))


def _form(one: Condition) -> tuple[t.Any, ...]:
    return (one.operator, one.key.lower(), frozenset(one.values), one.if_exists, one.quantifier)
