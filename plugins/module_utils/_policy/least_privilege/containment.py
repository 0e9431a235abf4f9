# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether policies allow nothing, or deny nothing, that other policies do not: by patterns, not by sampled requests.

Each action of a statement on each of its resources must be within the statements of the other policies, and their
conditions must follow from its own. Several statements may cover the resources of one action together, or the actions
on one resource. An action with a wildcard must be covered for actions that do not exist yet too.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.policy import Condition, Policy, Statement
from ..evaluation.compiled import CompiledStatement, compile_policy
from ..evaluation.implication import Block, find_unimplied
from ..evaluation.inclusion import (
    Part,
    Reach,
    action_parts,
    find_outside,
    is_within,
    list_actions,
    list_actions_of,
    meanings_of,
    name_action,
    reach_of,
    resource_parts,
)
from ..evaluation.tokens import Patterns

# So many actions of a wildcard are looked at one by one.
_MOST_ACTIONS: t.Final = 25


class Why(t.NamedTuple):
    """The reason why an action on a resource is not covered.

    ``near`` are the statements that cover it but for ``conditions``, or but for some resources. With ``is_undecided``
    the search was given up.
    """

    near: tuple[Covering, ...] = ()
    conditions: tuple[Condition, ...] = ()
    is_undecided: bool = False


@dataclasses.dataclass(frozen=True)
class Covering:
    """One statement of the policies that are to cover others, with its policy's name."""

    policy: str
    label: str
    reach: Reach

    @property
    def place(self) -> str:
        """The statement in words."""
        return f"{self.label} of {self.policy}" if self.policy else self.label


@dataclasses.dataclass(frozen=True)
class Gap:
    """An action on a resource, as a statement has them, that is not covered for sure.

    ``actions`` are some of its actions that are not covered, by name, of a wildcard also actions to come.
    """

    policy: str
    statement: Statement
    version: str
    action: str
    resource: Part
    actions: tuple[str, ...]
    why: Why


class Cover:
    """The statements of policies that allow (or deny, with ``allow`` False), as what covers others."""

    def __init__(self, policies: Sequence[Policy], *, allow: bool) -> None:
        self._allow: t.Final = allow
        self._meanings: t.Final = meanings_of(policies, allow=allow)
        self._policies: t.Final = tuple(compile_policy(policy) for policy in policies)
        self._coverings: t.Final[dict[CompiledStatement, Covering]] = {
            compiled: Covering(policy.name, compiled.label, reach_of(compiled.statement, policy.version))
            for policy, ready in zip(policies, self._policies, strict=True)
            for compiled in ready.statements
            if compiled.allow is allow
        }
        self._of_actions: t.Final[dict[str, tuple[Covering, ...]]] = {}

    def find_gaps(self, policies: Iterable[Policy]) -> Iterator[Gap]:
        """Find what the statements of the same effect in other policies are about beyond these."""
        for policy in policies:
            for statement in policy.statements:
                if statement.allow is self._allow and not self._has_same(policy, statement):
                    yield from self._find_gaps_of(policy, statement)

    def _has_same(self, policy: Policy, statement: Statement) -> bool:
        alone = dataclasses.replace(policy, statements=(statement,))
        return meanings_of((alone,), allow=self._allow) <= self._meanings

    def _find_gaps_of(self, policy: Policy, statement: Statement) -> Iterator[Gap]:
        block: Block = (policy.version, statement.conditions)
        resources = resource_parts(statement, policy.version)
        for action in action_parts(statement):
            for resource in resources:
                why = self.explain(action, resource, block)
                if why is not None:
                    actions = tuple(
                        itertools.islice(self._name_actions(statement, action, resource, block), _MOST_ACTIONS)
                    )
                    yield Gap(policy.name, statement, policy.version, action.text, resource, actions, why)

    def explain(self, action: Part, resource: Part, block: Block) -> t.Optional[Why]:
        """The reason why an action on a resource is not covered under these conditions; None if it is."""
        about = self._of_action(action)
        usable = [each for each in about if not find_unimplied(block, each.reach.block)]
        outside = find_outside(resource, [each.reach.resources for each in usable])
        if outside is None:
            return None
        if self._covers_by_actions(action, resource, block):
            return None
        near = tuple(about)
        conditions = tuple(
            condition
            for each in about
            if not _is_apart(resource, each.reach.resources)
            for condition in find_unimplied(block, each.reach.block)
        )
        is_whole = is_within(resource, [each.reach.resources for each in about])
        return Why(near, conditions if is_whole else (), outside.text is None)

    def _covers_by_actions(self, action: Part, resource: Part, block: Block) -> bool:
        """Whether the actions of a wildcard are covered by several statements, each of which is about the resource."""
        if not _is_wild(action):
            return False
        usable = (
            each.reach.actions
            for each in self._coverings.values()
            if is_within(resource, (each.reach.resources,)) and not find_unimplied(block, each.reach.block)
        )
        return is_within(action, usable)

    def _of_action(self, action: Part) -> tuple[Covering, ...]:
        """The statements that are about every action of a part."""
        found = self._of_actions.get(action.text)
        if found is None:
            found = self._of_actions[action.text] = tuple(self._find_of_action(action))
        return found

    def _find_of_action(self, action: Part) -> Iterator[Covering]:
        if _is_wild(action):
            yield from (each for each in self._coverings.values() if is_within(action, (each.reach.actions,)))
            return
        for policy in self._policies:
            for compiled in policy.statements_for(action.text.lower()):
                if compiled in self._coverings:
                    yield self._coverings[compiled]

    def _name_actions(self, statement: Statement, action: Part, resource: Part, block: Block) -> Iterator[str]:
        if not _is_wild(action):
            yield action.text
            return
        names = list_actions(statement) if action.besides else list_actions_of(action.text)
        for name in names:
            if self.explain(name_action(name), resource, block) is not None:
                yield name


def _is_apart(part: Part, patterns: Patterns) -> bool:
    """Whether no text of a part is in a set, as far as that can be seen."""
    others = Patterns(patterns.outside) if patterns.inside is None else Patterns(None, patterns.inside)
    return not part.besides and is_within(part, (others,))


def _is_wild(action: Part) -> bool:
    return bool(action.besides) or "*" in action.text or "?" in action.text
