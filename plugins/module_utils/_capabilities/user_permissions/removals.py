# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies that are taken away, where the prediction allows it.

What a group loses, its members lose. So a removal is judged by all whom it touches, each with everything that is to be
taken from it at once.
"""

from __future__ import annotations

import datetime as dt
import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.model import Group
from ..._account.permissions import Permissions
from ..._controls.facts import Facts
from ..._converge.change import Change, Refusal
from ..._policy.evaluation.evaluate import Layers
from ..._policy.impact.difference import find_lost_actions
from ..._policy.impact.judge import Impact
from ..._prediction.acceptance import Acceptance, acceptance_of
from .changes import ADD_MEMBER, Holding, PermissionsWriter, apply_changes, find_policy, list_holdings
from .declared import Declared
from .untouchable import Untouchable, refuse_protected_policy


class Removals:
    """The declared removals that can be made in one account.

    ``moves`` are the changes that come before: a new member of a group loses a policy with the group.
    """

    def __init__(
        self, facts: Facts, declared: Declared, untouchable: Untouchable, moves: Sequence[Change] = ()
    ) -> None:
        self._facts = facts
        self._moves = moves
        self._permissions: t.Final[Permissions] = facts.permissions
        self._declared = declared
        self._untouchable = untouchable
        self._writer = PermissionsWriter(facts.snapshot.account_id, facts.snapshot.partition)

    @functools.cached_property
    def _selected(self) -> tuple[tuple[Holding, t.Optional[Refusal]], ...]:
        """The declared removals, each with the refusal if it is not made."""
        return tuple(
            (holding, self._find_objection(holding))
            for owner in self._permissions.entities.values()
            if any(rule.concerns(owner) for rule in self._declared.removals)
            for holding in list_holdings(self._permissions, owner)
            if self._declared.removes(owner, holding.name, holding.arn)
        )

    def _find_objection(self, holding: Holding) -> t.Optional[Refusal]:
        refusal = self._untouchable.principal(holding.owner) or refuse_protected_policy(holding)
        if refusal is None and holding.policy is None:
            reason = f"the content of {holding.label} is not known, so the effect of its removal is not known"
            refusal = Refusal("unknown", reason, holding.owner.arn)
        return refusal

    @property
    def _candidates(self) -> tuple[Holding, ...]:
        return tuple(holding for holding, refusal in self._selected if refusal is None)

    def _list_affected(self, holding: Holding) -> tuple[str, ...]:
        """List users and roles (ARNs) that would lose a policy, among them those that are to join its group."""
        owner = holding.owner
        if not isinstance(owner, Group):
            return (owner.arn,)
        members = (user.arn for user in self._untouchable.members(owner))
        joining = (move.target for move in self._moves if _joins(move, owner))
        return tuple(dict.fromkeys((*members, *joining)))

    def make_proposals(self) -> dict[str, tuple[Layers, Layers]]:
        """The layers, before and after, of every user and role that would lose something: what is to be predicted."""
        return self._make_proposals(self._candidates)

    def _make_proposals(self, holdings: Iterable[Holding]) -> dict[str, tuple[Layers, Layers]]:
        chosen = tuple(holdings)
        taken = [self._writer.remove(holding, is_admin=False, population=0) for holding in chosen]
        after = Permissions(apply_changes(self._facts.snapshot, (*self._moves, *taken)))
        touched = dict.fromkeys(arn for holding in chosen for arn in self._list_affected(holding))
        return {arn: (self._permissions.layers(arn), after.layers(arn)) for arn in touched}

    def plan(
        self, impacts: Mapping[str, Impact], acceptances: Sequence[Acceptance], today: dt.date
    ) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
        """The changes that may be made, and what is refused. ``impacts`` are those of :meth:`proposals`, by ARN."""
        refused = [refusal for _holding, refusal in self._selected if refusal is not None]
        unsafe = {
            arn: impact
            for arn, impact in impacts.items()
            if not impact.is_safe and acceptance_of(arn, acceptances, today) is None
        }
        kept: list[Holding] = []
        for holding in self._candidates:
            objections = [
                _describe_prediction(arn, unsafe[arn]) for arn in self._list_affected(holding) if arn in unsafe
            ]
            if objections:
                refused.append(self._make_refusal("prediction", holding, objections))
            else:
                kept.append(holding)
        kept = self._refuse_widening(kept, refused)
        return tuple(self._make_change(holding) for holding in kept), tuple(refused)

    def _refuse_widening(self, holdings: list[Holding], refused: list[Refusal]) -> list[Holding]:
        """Refuse removals that give somebody more: a policy that denies something limits. Returns the others.

        A refused removal stays and may deny, too, so the rest is looked at anew.
        """
        while True:
            widened = {
                arn: gained
                for arn, (before, after) in self._make_proposals(holdings).items()
                if (gained := find_lost_actions(after, before, arn))
            }
            kept = []
            for holding in holdings:
                texts = [
                    f"without it {_find_name(arn)} could do {', '.join(widened[arn])}, which a policy denies today"
                    for arn in self._list_affected(holding)
                    if arn in widened
                ]
                if texts:
                    refused.append(self._make_refusal("widening", holding, texts))
                else:
                    kept.append(holding)
            if len(kept) == len(holdings):
                return kept
            holdings = kept

    def _make_refusal(self, rule: str, holding: Holding, objections: Sequence[str]) -> Refusal:
        more = f" (and {len(objections) - 1} more)" if len(objections) > 1 else ""
        reason = f"{holding.label} stays with {holding.owner.name}: {objections[0]}{more}"
        return Refusal(rule, reason, holding.owner.arn, self._make_change(holding).operation)

    def _make_change(self, holding: Holding) -> Change:
        population = len(self._permissions.entities)
        return self._writer.remove(holding, is_admin=self._makes_administrator(holding), population=population)

    def _makes_administrator(self, holding: Holding) -> bool:
        """Whether somebody is an administrator by this policy, alone or together with what else it has."""
        if holding.policy is None or self._facts.administrators.alone(holding.policy) is not None:
            return True
        if not self._facts.administrators.contributes(holding.policy):
            return False
        arns = self._list_affected(holding)
        return any(self._facts.administrators.of(self._permissions.layers(arn), arn) is not None for arn in arns)


def _describe_prediction(arn: str, impact: Impact) -> str:
    name = _find_name(arn)
    return f"for {name} it is not safe: {impact.summary}; to remove it anyway, list {name} in accept_breakage"


def _joins(change: Change, group: Group) -> bool:
    return bool(change.operation == ADD_MEMBER and change.after["group"] == group.name)


def _find_name(arn: str) -> str:
    return arn.rpartition("/")[2]


def is_about(change: Change, resource: str) -> bool:
    """Whether a change may resolve a finding on ``resource``: it takes a policy from it, or is about that policy."""
    return resource in (change.target, find_policy(change))
