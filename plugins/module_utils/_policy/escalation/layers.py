# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Layers made ready for the search: which of their statements matter to an action, and to whom they are the same.

Hundreds of principals differ in policies that have nothing to do with an action. What matters to it is found once, so
that an answer is asked for once, too.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from ..documents.policy import Condition, Policy, Statement
from ..evaluation.compiled import CompiledPolicies, CompiledStatement, compile_policies
from ..evaluation.evaluate import Evaluator, Layers
from .methods import METHODS

# Keys that distinguish principals of one account; of tags, several may have the same.
_ONE_EACH: t.Final = ("aws:principalarn", "aws:userid", "aws:username")
TAG: t.Final = "aws:principaltag/"
# Conditions on these can be certain: who calls, what the target is, what the attacker asks for or chooses.
_KNOWABLE: t.Final = (
    *("aws:principal", "aws:userid", "aws:username", "aws:resource", "iam:"),
    *("aws:securetransport", "aws:viaawsservice", "aws:calledvia", "aws:requestedregion"),
    *("aws:referer", "aws:useragent", "sts:"),
)
_VARIABLE: t.Final = re.compile(r"\$\{\s*([^},]+?)\s*[,}]")

_ACTIONS: t.Final = tuple(dict.fromkeys(action for method in METHODS for action in method.actions))
_BY_SERVICE: t.Final = {
    service: tuple(action for action in _ACTIONS if action.lower().startswith(f"{service}:"))
    for service in sorted({action.partition(":")[0].lower() for action in _ACTIONS})
}
_BITS: t.Final[Mapping[str, int]] = {action: 1 << index for index, action in enumerate(_ACTIONS)}

Statements = tuple[CompiledStatement, ...]


def mask_of(actions: Iterable[str]) -> int:
    """A set of actions of the methods as a number, for quick comparisons."""
    mask = 0
    for action in actions:
        mask |= _BITS[action]
    return mask


class Relevance(t.NamedTuple):
    """The part of some layers that matters to one action.

    ``number`` is the same for layers of which the same statements matter. ``own`` are the statements of the principal's
    side, that is, of all layers but RCPs. ``asked`` are the conditions on who calls, ``tags`` the principal's tags that
    policy variables stand for. ``unique``: the statements mean something else for each principal.
    """

    number: int
    own: Statements
    asked: tuple[Condition, ...]
    tags: tuple[str, ...]
    unique: bool


class ReadyLayers:
    """Layers, made ready once. Everything is kept by identity, since the hash of a large policy is slow."""

    def __init__(self) -> None:
        self._kept: dict[int, object] = {}
        self._evaluators: dict[int, Evaluator] = {}
        self._policies: dict[int, CompiledPolicies] = {}
        self._masks: dict[tuple[int, bool], int] = {}
        self._layer_masks: dict[tuple[int, bool], int] = {}
        self._personal: dict[int, bool] = {}
        self._relevances: dict[tuple[int, str], Relevance] = {}
        self._numbers: dict[t.Hashable, int] = {}

    def evaluator(self, layers: Layers) -> Evaluator:
        """The evaluator of ``layers``."""
        found = self._evaluators.get(id(layers))
        if found is None:
            self._kept[id(layers)] = layers
            found = self._evaluators[id(layers)] = Evaluator(layers)
        return found

    def find_allows(self, layers: Layers, action: str) -> Iterator[CompiledStatement]:
        """Find the identity statements that allow ``action`` on something."""
        for policy in layers.identity:
            for statement in self._statements(policy, action):
                if statement.allow:
                    yield statement

    def _statements(self, policy: Policy, action: str) -> Statements:
        return self._compile(policy).statements_for(action.lower())

    def _compile(self, policy: Policy) -> CompiledPolicies:
        compiled = self._policies.get(id(policy))
        if compiled is None:
            self._kept[id(policy)] = policy
            compiled = self._policies[id(policy)] = compile_policies((policy,))
        return compiled

    def mask(self, layers: Layers, *, sure: bool = False) -> int:
        """The actions of all methods that no layer is without an Allow for, as ``mask_of`` has it.

        ``sure``: only by statements that may be certain to apply.
        """
        key = (id(layers), sure)
        found = self._layer_masks.get(key)
        if found is None:
            self._kept[id(layers)] = layers
            found = self._any(layers.identity, sure)
            if layers.boundary is not None:
                found &= self._mask(layers.boundary, sure)
            for level in layers.scps or ():
                found &= self._any(level, sure)
            self._layer_masks[key] = found
        return found

    def policy_mask(self, policy: Policy) -> int:
        """The actions of all methods that a policy allows on something."""
        return self._mask(policy, sure=False)

    def _any(self, policies: Iterable[Policy], sure: bool) -> int:
        mask = 0
        for policy in policies:
            mask |= self._mask(policy, sure)
        return mask

    def _mask(self, policy: Policy, sure: bool) -> int:
        key = (id(policy), sure)
        found = self._masks.get(key)
        if found is None:
            compiled_policy = self._compile(policy)
            allowed = (
                action
                for service, actions in _BY_SERVICE.items()
                # Most policies speak of few services.
                if compiled_policy.speaks_of_service(service)
                for action in actions
                if any(
                    compiled.allow and not (sure and _is_never_certain(compiled.statement))
                    for compiled in self._statements(policy, action)
                )
            )
            found = self._masks[key] = mask_of(allowed)
        return found

    def relevance(self, layers: Layers, action: str) -> Relevance:
        """Return the part of ``layers`` that matters to ``action``."""
        key = (id(layers), action)
        found = self._relevances.get(key)
        if found is None:
            self._kept[id(layers)] = layers
            found = self._relevances[key] = self._relevance(layers, action)
        return found

    def _relevance(self, layers: Layers, action: str) -> Relevance:
        identity = self._all(layers.identity, action)
        boundary = None if layers.boundary is None else self._statements(layers.boundary, action)
        scps = tuple(self._all(level, action) for level in layers.scps or ())
        rcps = tuple(self._all(level, action) for level in layers.rcps or ())
        # In no order: what several policies say together does not depend on it.
        sides = (frozenset(map(id, identity)), None if boundary is None else frozenset(map(id, boundary)))
        levels = tuple(tuple(map(id, level)) for level in (*scps, (), *rcps))
        number = self._numbers.setdefault((sides, levels), len(self._numbers))
        own = (*identity, *(boundary or ()), *(statement for level in scps for statement in level))
        every = (*own, *(statement for level in rcps for statement in level))
        return Relevance(number, own, *_about_caller(compiled.statement for compiled in every))

    def _all(self, policies: Iterable[Policy], action: str) -> Statements:
        return tuple(statement for policy in policies for statement in self._statements(policy, action))

    def is_personal(self, policies: t.Union[Layers, Policy]) -> bool:
        """Whether layers, or a policy, mean something else for each principal, whatever the action."""
        found = self._personal.get(id(policies))
        if found is None:
            self._kept[id(policies)] = policies
            each = all_policies(policies) if isinstance(policies, Layers) else (policies,)
            found = any(_about_caller(statement for policy in each for statement in policy.statements))
            self._personal[id(policies)] = found
        return found


def all_policies(layers: Layers) -> Iterator[Policy]:
    """The policies of every layer."""
    yield from layers.identity
    yield from layers.session
    if layers.boundary is not None:
        yield layers.boundary
    for levels in (layers.scps, layers.rcps):
        for level in levels or ():
            yield from level


def _is_never_certain(statement: Statement) -> bool:
    """Whether a condition asks for something that is not known before the request is made, such as MFA."""
    return any(not condition.key.lower().startswith(_KNOWABLE) for condition in statement.conditions)


def _about_caller(statements: Iterable[Statement]) -> tuple[tuple[Condition, ...], tuple[str, ...], bool]:
    """Return the demands of statements on the caller, as in ``Relevance``: conditions, tags, whether it is unique."""
    asked: dict[Condition, None] = {}
    keys: set[str] = set()
    unique = False
    for statement in statements:
        unique = unique or _names_principals(statement)
        keys |= variables(statement)
        for condition in statement.conditions:
            key = condition.key.lower()
            if any("${" in value for value in condition.values):
                # The value that it is compared with may be different for each target.
                keys.add(key)
            elif key.startswith((*_ONE_EACH, TAG)):
                asked[condition] = None
    tags = tuple(sorted(key for key in keys if key.startswith(TAG)))
    return tuple(asked), tags, unique or not keys.isdisjoint(_ONE_EACH)


def variables(statement: Statement) -> set[str]:
    """The keys that policy variables of a statement stand for, in lower case."""
    texts = [*(statement.resources or ()), *(statement.not_resources or ())]
    texts += (value for condition in statement.conditions for value in condition.values)
    return {match.lower() for text in texts if "${" in text for match in _VARIABLE.findall(text)}


def _names_principals(statement: Statement) -> bool:
    return statement.not_principals is not None or any(
        kind == "AWS" and value != "*" and not _is_account(value) for kind, value in statement.principals or ()
    )


def _is_account(principal: str) -> bool:
    return principal.isdigit() or principal.endswith(":root")
