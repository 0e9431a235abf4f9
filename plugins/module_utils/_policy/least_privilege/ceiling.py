# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The old policies as the upper limit of the new ones: nothing is granted that no old Allow statement granted."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.arn import arn_account
from ..documents.policy import Condition, Policy, Statement
from ..evaluation import catalogue
from ..evaluation.caller import caller_of
from ..evaluation.compiled import CompiledStatement, Facts, compile_policy
from ..evaluation.context import Context
from ..evaluation.matching import action_matcher, overlaps
from ..evaluation.truth import NO, UNKNOWN, YES, Truth
from ..evaluation.variables import VERSION, generalize
from .grants import (
    ANYTHING,
    Grant,
    Origin,
    Scope,
    add_conditions,
    covers_pattern,
    escape_arn,
    intersect,
    write_allowed,
    write_old,
)


@dataclasses.dataclass(frozen=True, eq=False)
class OldStatement:
    """An Allow statement of an old policy, with the version of its document."""

    compiled: CompiledStatement
    version: str

    @property
    def statement(self) -> Statement:
        """The statement as parsed."""
        return self.compiled.statement

    @functools.cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Its conditions, for a document of 2012-10-17."""
        return tuple(
            dataclasses.replace(item, values=tuple(write_old(value, self.version) for value in item.values))
            for item in self.statement.conditions
        )

    def judge(self, action: str, resource: str, context: Context) -> Truth:
        """Whether it granted a call on an ARN."""
        facts = Facts(action, resource, lambda: context)
        return self.compiled.applies(facts, set())

    def judge_pattern(self, action: str, pattern: str, context: Context) -> Truth:
        """Whether it granted a call on some resource that a pattern covers."""
        held = self.compiled.holds(Facts(action, "*", lambda: context), set())
        if held is NO or not self.narrow(Scope(pattern), ()):
            return NO
        wide = self.statement.resources is not None and "*" in self.statement.resources
        return YES if held is YES and wide else UNKNOWN

    def narrow(self, scope: Scope, existing: Sequence[str]) -> tuple[str, ...]:
        """The resources of the scope that the statement is about, as patterns.

        ``existing`` are ARNs of the account: they take the place of a pattern that only NotResource could limit.
        """
        if self.statement.not_resources is not None:
            return self._narrow_to_others(scope, existing)
        found: dict[str, None] = {}
        for pattern in self.statement.resources or ("*",):
            found.update(dict.fromkeys(intersect(scope, pattern, self.version)))
        return tuple(found)

    def _narrow_to_others(self, scope: Scope, existing: Sequence[str]) -> tuple[str, ...]:
        excluded = [generalize(item, version=self.version) for item in self.statement.not_resources or ()]
        if scope == ANYTHING:
            return () if any(covers_pattern(item, "*") for item in excluded) else (scope.pattern,)
        own = generalize(scope.pattern, version=VERSION)
        if not any(overlaps(item, own) for item in excluded):
            return (scope.pattern,)
        arns = scope.seen or tuple(arn for arn in existing if covers_pattern(own, arn))
        return tuple(escape_arn(arn) for arn in arns if not any(overlaps(item, arn) for item in excluded))


def takes_resource(action: str) -> bool:
    """Whether an action can be limited to resources, as far as the catalogue knows it."""
    service, _colon, name = action.partition(":")
    known = catalogue.action(service, name)
    return known is None or bool(known.resources)


class Ceiling:
    """The Allow statements of a principal's old policies. ``existing`` are the ARNs that the account has."""

    def __init__(self, policies: Sequence[Policy], principal_arn: str, existing: Sequence[str] = ()) -> None:
        self.policies: t.Final = tuple(policies)
        self._arn: t.Final = principal_arn
        self._existing: t.Final = tuple(existing)
        self._memory: t.Final[dict[str, tuple[OldStatement, ...]]] = {}

    def find_statements(self, action: str) -> tuple[OldStatement, ...]:
        """Find the Allow statements that speak of an action."""
        lower = action.lower()
        if lower not in self._memory:
            self._memory[lower] = tuple(
                OldStatement(compiled, policy.version)
                for policy in self.policies
                for compiled in compile_policy(policy).statements_for(lower)
                if compiled.allow
            )
        return self._memory[lower]

    def find_granting(
        self, action: str, targets: Sequence[str], contexts: Iterable[Context], *, is_known: bool
    ) -> tuple[OldStatement, ...]:
        """Find the statements that granted calls: those that surely did, or else those that may have.

        ``targets`` are ARNs, or patterns where the resource ``is_known`` not to be.
        """
        found: dict[OldStatement, None] = {}
        for context in contexts:
            for target in targets:
                whole = self._complete(context, target if is_known else "*")
                answers = {
                    old: old.judge(action.lower(), target, whole)
                    if is_known
                    else old.judge_pattern(action.lower(), target, whole)
                    for old in self.find_statements(action)
                }
                certain = [old for old, answer in answers.items() if answer is YES]
                possible = [old for old, answer in answers.items() if answer is UNKNOWN]
                found.update(dict.fromkeys(certain or possible))
        return tuple(found)

    def _complete(self, context: Context, resource: str) -> Context:
        """Add the condition keys that follow from the caller and the resource, as the evaluation does."""
        caller = caller_of(self._arn)
        owner = arn_account(resource) or caller.account
        keys: dict[str, str] = {**caller.keys(complete=False), **({"aws:ResourceAccount": owner} if owner else {})}
        return context.under(keys, absent=caller.absent_keys())

    def narrow(
        self,
        action: str,
        scope: Scope,
        statements: t.Optional[Sequence[OldStatement]] = None,
        *,
        more: Sequence[Condition] = (),
        origin: Origin = Origin.USED,
    ) -> Iterator[Grant]:
        """Yield the permissions for an action on a scope, as far as old statements granted it.

        Each has the conditions of its old statement and ``more``. Without ``statements`` all of the action count.
        """
        if scope.pattern == "*" and not takes_resource(action):
            scope = ANYTHING
        for old in self.find_statements(action) if statements is None else statements:
            conditions = add_conditions(old.conditions, more)
            if conditions is None:
                continue
            for pattern in old.narrow(scope, self._existing):
                yield Grant(action, write_allowed(pattern), conditions, origin)

    @functools.cached_property
    def denials(self) -> tuple[tuple[str, Statement], ...]:
        """All Deny statements, each once, with the version of their document, in a stable order."""
        found: dict[tuple[str, Statement], None] = {}
        for policy in self.policies:
            for statement in policy.statements:
                if not statement.allow:
                    found[(policy.version, dataclasses.replace(statement, index=0))] = None
        return tuple(sorted(found, key=repr))

    @functools.cached_property
    def granted(self) -> tuple[str, ...]:
        """Every action that is granted on some resource, by the catalogue, in documented case; sorted.

        Actions that a Deny without conditions takes away everywhere are left out.
        """
        found: dict[str, str] = {}
        for policy in self.policies:
            for statement in policy.statements:
                if statement.allow:
                    for name in _list_actions(statement):
                        found.setdefault(name.lower(), name)
        names = [name for lower, name in found.items() if not self._is_denied(lower)]
        return tuple(sorted(names))

    def _is_denied(self, action: str) -> bool:
        return any(_denies_everywhere(statement) and _speaks_of(statement, action) for _v, statement in self.denials)


def _list_actions(statement: Statement) -> Iterator[str]:
    if statement.actions is None:
        excepted = action_matcher(statement.not_actions or ())
        yield from (item.full_name for item in catalogue.expand("*") if not excepted(item.full_name.lower()))
        return
    for pattern in statement.actions:
        known = catalogue.expand(pattern)
        yield from (item.full_name for item in known)
        if not known and "*" not in pattern and "?" not in pattern:
            # AWS adds actions before the reference lists them.
            yield pattern


def _denies_everywhere(statement: Statement) -> bool:
    return not statement.conditions and statement.resources is not None and "*" in statement.resources


def _speaks_of(statement: Statement, action: str) -> bool:
    if statement.actions is None:
        return not action_matcher(statement.not_actions or ())(action)
    return action_matcher(statement.actions)(action)
