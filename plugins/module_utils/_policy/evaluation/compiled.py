# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies made ready for many questions: which statements speak of an action, and does one apply to a request.

A policy such as ReadOnlyAccess has thousands of action patterns, of which a service has a dozen. They are divided by
service once; what a service's patterns say is worked out when the first action of it is asked for.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

from ..documents.policy import Policy, Statement
from .conditions import ConditionMatcher, condition_matcher
from .context import Context
from .matching import ResourceMatcher, action_matcher, resource_matcher
from .truth import NO, UNKNOWN, YES, Truth

ActionMatcher = Callable[[str], bool]

# Actions whose statements are remembered for each policy.
_REMEMBERED: t.Final = 512


class Facts:
    """The facts that a statement is compared with: action in lower case, resource, and a context made when needed."""

    __slots__ = ("_context", "_make", "action", "resource")

    def __init__(self, action: str, resource: str, make_context: Callable[[], Context]) -> None:
        self.action: t.Final = action
        self.resource: t.Final = resource
        self._make: t.Final = make_context
        self._context: t.Optional[Context] = None

    @property
    def context(self) -> Context:
        """The condition keys."""
        if self._context is None:
            self._context = self._make()
        return self._context


class CompiledStatement:
    """A statement of a named policy. ``always``: nothing but its action limits it (nor its principals, if any)."""

    __slots__ = ("_conditions", "_not_resources", "_resources", "allow", "always", "policy", "statement", "version")

    def __init__(self, statement: Statement, policy: Policy) -> None:
        self.statement: t.Final = statement
        self.policy: t.Final = policy.name
        self.version: t.Final = policy.version
        self.allow: t.Final = statement.allow
        resources = statement.resources
        self._resources: t.Final[t.Optional[ResourceMatcher]] = (
            None if resources is None or "*" in resources else resource_matcher(resources, version=policy.version)
        )
        excluded = statement.not_resources
        self._not_resources: t.Final[t.Optional[ResourceMatcher]] = (
            None if excluded is None else resource_matcher(excluded, version=policy.version)
        )
        self._conditions: t.Final[t.Optional[ConditionMatcher]] = (
            condition_matcher(statement.conditions, version=policy.version) if statement.conditions else None
        )
        self.always: t.Final = self._resources is None and self._not_resources is None and self._conditions is None

    @property
    def label(self) -> str:
        """The statement's id, or its place in the document."""
        return self.statement.label

    def covers(self, facts: Facts, missing: set[str]) -> Truth:
        """Whether the statement speaks of the resource, whatever its conditions."""
        if self._resources is not None:
            return _match(self._resources, facts, missing)
        if self._not_resources is not None:
            return _match(self._not_resources, facts, missing).negated
        return YES

    def holds(self, facts: Facts, missing: set[str]) -> Truth:
        """Whether its conditions are met."""
        return YES if self._conditions is None else self._conditions.evaluate(facts.context, missing)

    def applies(self, facts: Facts, missing: set[str]) -> Truth:
        """Whether the statement, known to speak of the action, applies to a request.

        ``missing`` receives the context keys that an UNKNOWN is due to. Principals are not looked at.
        """
        doubts: set[str] = set()
        covered = self.covers(facts, doubts)
        if covered is NO:
            return NO
        held = self.holds(facts, doubts)
        if held is NO:
            return NO
        if covered is YES and held is YES:
            return YES
        missing |= doubts
        return UNKNOWN


def _match(matcher: ResourceMatcher, facts: Facts, missing: set[str]) -> Truth:
    if matcher.fixed is not None:
        return YES if matcher.fixed(facts.resource) else NO
    return matcher.match(facts.resource, facts.context, missing)


# A statement, the matcher of its actions (None: all of the service), and whether a match or a miss is meant.
_Entry = tuple[CompiledStatement, t.Optional[ActionMatcher], bool]


class _Patterns:
    """The action patterns of one statement by service; in lower case, as actions are compared."""

    __slots__ = ("_any", "_by_service", "inverted")

    def __init__(self, statement: Statement) -> None:
        self.inverted: t.Final = statement.actions is None
        patterns = (statement.not_actions if self.inverted else statement.actions) or ()
        self._by_service: dict[str, list[str]] = {}
        anywhere = []
        for pattern in patterns:
            lower = pattern.lower()
            service, colon, name = lower.partition(":")
            if not colon or "*" in service or "?" in service:
                anywhere.append(lower)
            else:
                self._by_service.setdefault(service, []).append(lower)
        self._any: t.Final = tuple(anywhere)

    def matcher(self, service: str) -> t.Union[bool, ActionMatcher]:
        """Which actions of the service the patterns cover: all, none, or those that a function says."""
        patterns = (*self._any, *self._by_service.get(service, ()))
        if not patterns:
            return False
        if "*" in patterns or "*:*" in patterns or f"{service}:*" in patterns:
            return True
        return action_matcher(patterns)


class CompiledPolicy:
    """One policy, ready for questions."""

    def __init__(self, policy: Policy) -> None:
        self.name: t.Final = policy.name
        self.statements: t.Final = tuple(CompiledStatement(statement, policy) for statement in policy.statements)
        self._patterns: t.Final = tuple(_Patterns(statement) for statement in policy.statements)
        self._services: t.Final[dict[str, tuple[_Entry, ...]]] = {}
        self._memory: t.Final[dict[str, tuple[CompiledStatement, ...]]] = {}

    def statements_for(self, action: str) -> tuple[CompiledStatement, ...]:
        """The statements that speak of an action, given in lower case."""
        found = self._memory.get(action)
        if found is None:
            found = self._find(action)
            if len(self._memory) < _REMEMBERED:
                self._memory[action] = found
        return found

    def speaks_of_service(self, service: str) -> bool:
        """Whether a statement may speak of an action of the service, given in lower case."""
        return bool(self._list_entries(service))

    def _find(self, action: str) -> tuple[CompiledStatement, ...]:
        entries = self._list_entries(action.partition(":")[0])
        return tuple(
            [statement for statement, matches, wanted in entries if matches is None or matches(action) is wanted]
        )

    def _list_entries(self, service: str) -> tuple[_Entry, ...]:
        entries = self._services.get(service)
        if entries is None:
            entries = self._services[service] = tuple(self._of_service(service))
        return entries

    def _of_service(self, service: str) -> t.Iterator[_Entry]:
        for statement, patterns in zip(self.statements, self._patterns, strict=True):
            matcher = patterns.matcher(service)
            if not isinstance(matcher, bool):
                yield statement, matcher, not patterns.inverted
            elif matcher is not patterns.inverted:
                yield statement, None, True


class CompiledPolicies:
    """Several policies that count together, as those of a user and its groups."""

    __slots__ = ("policies",)

    def __init__(self, policies: tuple[CompiledPolicy, ...]) -> None:
        self.policies: t.Final = policies

    def statements_for(self, action: str) -> tuple[CompiledStatement, ...]:
        """The statements that speak of an action, given in lower case."""
        if len(self.policies) == 1:
            return self.policies[0].statements_for(action)
        return tuple([statement for policy in self.policies for statement in policy.statements_for(action)])

    def speaks_of_service(self, service: str) -> bool:
        """Whether a statement may speak of an action of the service, given in lower case."""
        return any(policy.speaks_of_service(service) for policy in self.policies)


@functools.lru_cache(maxsize=8192)
def compile_policy(policy: Policy) -> CompiledPolicy:
    """A policy, ready for questions. The same for equal policies."""
    return CompiledPolicy(policy)


def compile_policies(policies: tuple[Policy, ...]) -> CompiledPolicies:
    """Policies, ready for questions; what is made of each is kept and shared."""
    return CompiledPolicies(tuple([compile_policy(policy) for policy in policies]))
