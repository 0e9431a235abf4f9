# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The losses by the policies of an organization: a cast of principals, their requests, and the answers.

The principals' own policies are taken to allow everything, so that only the organization decides.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..documents.policy import Policy, Statement
from ..evaluation.compiled import compile_policy
from ..evaluation.context import Context
from ..evaluation.evaluate import Evaluator, Layers, Outcome, Request
from ..evaluation.narrowing import ANYTHING
from .principal_matrix_cast import CRITICAL, Actor, Kind, Place, cast
from .principal_matrix_requests import Ask

__all__ = [
    "CONTROL_LAYERS",
    "CRITICAL",
    "Actor",
    "Ask",
    "Controls",
    "DeniedPair",
    "Kind",
    "Loss",
    "Place",
    "cast",
    "denials",
    "losses",
    "request_of",
]

Levels = tuple[tuple[Policy, ...], ...]
ControlLayer = t.Literal["scp", "rcp"]
CONTROL_LAYERS: t.Final[tuple[ControlLayer, ...]] = ("scp", "rcp")

# AWS's own FullAWSAccess, so that nothing but the policy in question takes away.
_FULL: t.Final = ANYTHING
# Roles and keys also need the consent of their own policy, besides identity policies.
_CONSENT: t.Final = Policy(
    (Statement(0, allow=True, principals=(("*", "*"),), actions=("*",), resources=("*",)),),
    version="2012-10-17",
    name="consent",
)
_NEED_CONSENT: t.Final = ("kms:", "sts:")
_DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})


@dataclasses.dataclass(frozen=True)
class DeniedPair:
    """That a principal is denied an action in an account."""

    account_id: str
    principal: str
    action: str


@dataclasses.dataclass(frozen=True)
class Controls:
    """The control policies of an account: a tuple of policies a level, the root first; None for no such type."""

    scps: t.Optional[Levels] = None
    rcps: t.Optional[Levels] = None

    def of(self, layer: ControlLayer) -> t.Optional[Levels]:
        """The levels of one type."""
        return self.scps if layer == "scp" else self.rcps

    def policies(self, layer: ControlLayer) -> dict[str, Policy]:
        """The policies of one type by their names, whatever their levels."""
        return {policy.name: policy for level in self.of(layer) or () for policy in level}


@dataclasses.dataclass(frozen=True)
class Loss:
    """A request of one of the cast that is lost. ``certain``: not only if a key has a certain value.

    ``policies`` are the names of those that take it away; ``statement`` is that of a deny, None where no policy allows
    it any longer. ``missing`` are the condition keys that it depends on.
    """

    actor: Actor
    ask: Ask
    layer: ControlLayer
    policies: tuple[str, ...]
    statement: t.Optional[str] = None
    certain: bool = True
    missing: tuple[str, ...] = ()

    @property
    def is_lock_out(self) -> bool:
        """Whether it takes from somebody without whom the account can't be run or repaired."""
        return self.actor.is_critical


def denials(policy: Policy, actors: Iterable[Actor], *, layer: ControlLayer = "scp") -> tuple[Loss, ...]:
    """Find the losses of the cast by one policy where everything else allows, whatever other policies say."""
    asked = _ControlPolicies((policy,), layer)
    return tuple(loss for actor in actors for ask in actor.asks if (loss := asked.loss(actor, ask, (policy.name,))))


def losses(actors: Sequence[Actor], before: Controls, after: Controls) -> tuple[Loss, ...]:
    """Find the losses of the cast by a change, by each policy that is added or changed, and by each that is removed.

    A policy that denies what another one denies already counts all the same: it would go on when that one goes.
    """
    found: dict[tuple[Actor, Ask, str], Loss] = {}
    for layer in CONTROL_LAYERS:
        for loss in (
            *_find_new_denials(actors, before, after, layer),
            *_find_lost_allows(actors, before, after, layer),
        ):
            found.setdefault((loss.actor, loss.ask, loss.policies[0]), loss)
    return tuple(found.values())


def _find_new_denials(
    actors: Sequence[Actor], before: Controls, after: Controls, layer: ControlLayer
) -> Iterator[Loss]:
    old, new = before.policies(layer), after.policies(layer)
    for name, policy in new.items():
        if old.get(name) == policy or all(statement.allow for statement in policy.statements):
            continue
        known = denials(old[name], actors, layer=layer) if name in old else ()
        lost = {(loss.actor, loss.ask): loss.certain for loss in known}
        for loss in denials(policy, actors, layer=layer):
            # A loss that was doubtful before and is certain now counts as new.
            if not lost.get((loss.actor, loss.ask), (loss.actor, loss.ask) in lost and not loss.certain):
                yield loss


def _find_lost_allows(
    actors: Sequence[Actor], before: Controls, after: Controls, layer: ControlLayer
) -> Iterator[Loss]:
    """Find the requests that no policy of a level allows any longer. An RCP only takes away by denying."""
    was, will = before.of(layer), after.of(layer)
    if layer == "rcp" or will is None or _list_allowing(was) == _list_allowing(will):
        return
    old, new = before.policies(layer), after.policies(layer)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)] or _find_moved_policies(was, will)
    then, now = (_ControlPolicies.of_levels(_keep_allows(levels), layer) for levels in (was or ((_FULL,),), will))
    for actor in actors:
        for ask in actor.asks:
            if then.outcome(actor, ask) is Outcome.ALLOWED and now.outcome(actor, ask) in _DENIED:
                yield Loss(actor, ask, layer, tuple(changed))


def _list_allowing(levels: t.Optional[Levels]) -> list[frozenset[Policy]]:
    """List the policies of each level that allow something; a type that is not enabled allows everything."""
    if levels is None:
        return []
    return [frozenset(policy for policy in level if any(one.allow for one in policy.statements)) for level in levels]


def _keep_allows(levels: Levels) -> Levels:
    return tuple(
        tuple(
            dataclasses.replace(policy, statements=tuple(one for one in policy.statements if one.allow))
            for policy in level
        )
        for level in levels
    )


def _find_moved_policies(was: t.Optional[Levels], will: Levels) -> list[str]:
    """Return the names of policies that are on other levels than before."""
    pairs = [
        {(number, policy.name) for number, level in enumerate(levels or ()) for policy in level}
        for levels in (was, will)
    ]
    return sorted({name for _number, name in pairs[0] ^ pairs[1]})


class _ControlPolicies:
    """Control policies, ready to be asked about the cast."""

    def __init__(self, policies: tuple[Policy, ...], layer: ControlLayer) -> None:
        self._layer: t.Final = layer
        self._policies: t.Final = policies
        levels = ((*policies, _FULL),)
        self._make(levels)

    def _make(self, levels: Levels) -> None:
        scps, rcps = (levels, None) if self._layer == "scp" else (None, levels)
        whole = Layers(identity=(_FULL,), session=(_FULL,), scps=scps, rcps=rcps)
        self._bound = Evaluator(whole)

    @classmethod
    def of_levels(cls, levels: Levels, layer: ControlLayer) -> _ControlPolicies:
        """All levels at once."""
        asked = cls(tuple(policy for level in levels for policy in level), layer)
        asked._make(levels)
        return asked

    def outcome(self, actor: Actor, ask: Ask) -> Outcome:
        """Return the outcome of a request."""
        if not actor.is_under(self._layer):
            return Outcome.ALLOWED
        return self._bound.decide(request_of(actor, ask)).outcome

    def loss(self, actor: Actor, ask: Ask, names: tuple[str, ...]) -> t.Optional[Loss]:
        """That the policy denies a request, or may; None where it does not."""
        action = ask.action.lower()
        if not actor.is_under(self._layer) or not any(_denies(policy, action) for policy in self._policies):
            return None
        decision = self._bound.decide(request_of(actor, ask))
        if decision.outcome is Outcome.ALLOWED:
            return None
        certain = decision.outcome in _DENIED
        return Loss(actor, ask, self._layer, names, decision.statement, certain, decision.missing_context)


@functools.lru_cache(maxsize=16384)
def _denies(policy: Policy, action: str) -> bool:
    return any(not statement.allow for statement in compile_policy(policy).statements_for(action))


def request_of(actor: Actor, ask: Ask) -> Request:
    """The request as the evaluator takes it."""
    context = Context({**dict(actor.keys), **dict(ask.keys)}, complete=actor.is_whole, absent=actor.absent)
    for key in actor.unknown:
        context = context.but_unknown(key)
    return Request(
        ask.action,
        ask.resource,
        principal=actor.arn,
        issuer=actor.issuer,
        context=context,
        # A foreign principal gets nothing in the account without the consent of the resource's policy.
        resource_policy=_CONSENT if actor.foreign or ask.action.startswith(_NEED_CONSENT) else None,
        resource_account=actor.account_id,
    )
