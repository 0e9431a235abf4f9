# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Which AWS services an RCP keeps from the resources of an account, on every service that RCPs reach.

Services that call under their own name have no SCP and no identity-based policy: an RCP is the one policy of the
organization that stops them. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Iterable, Iterator, Sequence

from ..documents.policy import Policy
from ..evaluation import catalogue
from ..evaluation.compiled import compile_policy
from ..evaluation.evaluate import Decision, Evaluator, Layers, Outcome
from ..evaluation.narrowing import ANYTHING, condition_keys, open_resources, resource_types
from .principal_matrix import Controls, Loss, request_of
from .principal_matrix_callers import OTHER_SERVICES, SESSION_TAGS, callers_of, list_called_services, service_callers
from .principal_matrix_cast import Actor, Place
from .principal_matrix_requests import Ask, Keys

_DENIED: t.Final = frozenset({Outcome.EXPLICIT_DENY, Outcome.IMPLICIT_DENY})
_ENTER: t.Final = "sts"
_ANY_ACCOUNT: t.Final = "?" * 12
#: The key that a loss depends on where only calls are denied that say, or do not say, for whom the service calls.
SOURCE_KEYS: t.Final = ("aws:SourceAccount", "aws:SourceOrgID")
# Up to so many actions that the other services lose are reported one by one; more of them as ``service:*``.
_MAX_SINGLE: t.Final = 3


def service_losses(
    place: Place, before: Controls, after: Controls, *, entering: t.Optional[Collection[str]] = None
) -> tuple[Loss, ...]:
    """Find the losses of AWS services in an account by each RCP that is added or changed.

    :param entering: the services that may assume roles of the account, by its trust policies; None where these are not
        known.
    """
    old, found = before.policies("rcp"), []
    for name, policy in after.policies("rcp").items():
        if old.get(name) == policy:
            continue
        was = {_key(loss): loss.certain for loss in _losses(place, old[name], entering)} if name in old else {}
        found += [loss for loss in _losses(place, policy, entering) if not was.get(_key(loss))]
    return tuple(_merge_by_service(found))


def _key(loss: Loss) -> tuple[str, str]:
    return loss.actor.arn, loss.ask.action


def _losses(place: Place, policy: Policy, entering: t.Optional[Collection[str]]) -> Iterator[Loss]:
    denied = _find_denied_actions(policy)
    if not denied:
        return
    judge = _Judge(place, policy)
    for prefix, actions in denied.items():
        callers = callers_of(prefix)
        if prefix == _ENTER and entering is not None:
            callers = dict.fromkeys(sorted(entering), ("sts:AssumeRole",))
        else:
            # Other services may call it as well: which actions they need is not known.
            callers = {**callers, OTHER_SERVICES: actions}
        for caller, needed in callers.items():
            for action in needed:
                if action in actions and (loss := judge.loss(caller, action)) is not None:
                    yield loss


@functools.lru_cache(maxsize=256)
def _find_denied_actions(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Find the actions that a policy denies to somebody, by the prefix of each service that RCPs reach."""
    compiled = compile_policy(policy)
    found: dict[str, tuple[str, ...]] = {}
    for prefix in sorted(catalogue.rcp_services() or list_called_services()):
        known = [action.full_name for action in catalogue.actions(prefix).values()]
        needed = [name for names in callers_of(prefix).values() for name in names]
        denied = tuple(
            name
            for name in dict.fromkeys((*known, *needed))
            if any(not item.allow for item in compiled.statements_for(name.lower()))
        )
        if denied:
            found[prefix] = denied
    return found


class _Judge:
    """One RCP, asked about services in one account. Resources are not known, so that each may be meant."""

    def __init__(self, place: Place, policy: Policy) -> None:
        self._place: t.Final = place
        self._policy: t.Final = policy
        self._compiled: t.Final = compile_policy(policy)
        self._layers: t.Final = Layers(identity=(ANYTHING,), rcps=((policy, ANYTHING),))
        self._keys: t.Final = tuple(condition_keys((self._layers,)))
        self._evaluators: t.Final[dict[str, Evaluator]] = {}
        self._actors: t.Final[dict[str, tuple[Actor, ...]]] = {}
        self._decided: t.Final[dict[t.Hashable, tuple[tuple[Decision, ...], ...]]] = {}

    def loss(self, caller: str, action: str) -> t.Optional[Loss]:
        """That a service is denied an action, or may be; None where it is not."""
        by_way = self._decisions(caller, action)
        lost = [[item for item in way if item.outcome is not Outcome.ALLOWED] for way in by_way]
        worst = [item for way in lost for item in way]
        if not worst:
            return None
        certain = all(item.outcome in _DENIED for way in by_way for item in way)
        missing = {key for item in worst for key in item.missing_context}
        if not certain and not all(lost):
            missing.update(SOURCE_KEYS)
        actor = dataclasses.replace(self._callers(caller)[0], asks=())
        statement = min(worst, key=lambda item: item.outcome not in _DENIED).statement
        ask = Ask(action)
        return Loss(actor, ask, "rcp", (self._policy.name,), statement, certain, tuple(sorted(missing)))

    def _callers(self, caller: str) -> tuple[Actor, ...]:
        if caller not in self._actors:
            name = "other AWS services" if caller == OTHER_SERVICES else ""
            self._actors[caller] = service_callers(self._place, caller, (), keys_in_question=self._keys, name=name)
        return self._actors[caller]

    def _decisions(self, caller: str, action: str) -> tuple[tuple[Decision, ...], ...]:
        """For each way in which the service may call, the decision on each kind of resource."""
        statements = tuple(id(item) for item in self._compiled.statements_for(action.lower()))
        patterns = self._patterns(action)
        # Actions of which the same statements speak, on the same resources, fare alike.
        key = (caller, statements, patterns)
        if key not in self._decided:
            self._decided[key] = tuple(
                tuple(self._decide(actor, action, pattern) for pattern in patterns) for actor in self._callers(caller)
            )
        return self._decided[key]

    def _patterns(self, action: str) -> tuple[str, ...]:
        if all(item.resources == ("*",) for item in self._policy.statements if not item.allow):
            return ("*",)
        found = resource_types(action.lower(), self._place.partition) or ("*",)
        return tuple(pattern.replace(_ANY_ACCOUNT, self._place.account_id) for pattern in found)

    def _decide(self, actor: Actor, action: str, pattern: str) -> Decision:
        if pattern not in self._evaluators:
            self._evaluators[pattern] = Evaluator(open_resources(self._layers, pattern, ()))
        region: Keys = (("aws:RequestedRegion", self._place.region or self._place.home),)
        keys = (*region, *SESSION_TAGS) if action.startswith(_ENTER) else region
        return self._evaluators[pattern].decide(request_of(actor, Ask(action, "*", keys)))


def _merge_by_service(losses: Iterable[Loss]) -> Iterator[Loss]:
    """Merge the losses of one service that differ in nothing but their action, if they are many."""
    groups: dict[t.Hashable, list[Loss]] = {}
    for loss in losses:
        prefix = loss.ask.action.partition(":")[0]
        key = (loss.actor, prefix, loss.policies, loss.statement, loss.certain, loss.missing)
        groups.setdefault(key, []).append(loss)
    for group in groups.values():
        yield from _merge_alike(group)


def _merge_alike(group: Sequence[Loss]) -> Sequence[Loss]:
    if len(group) <= _MAX_SINGLE or group[0].actor.arn != OTHER_SERVICES:
        return group
    prefix = group[0].ask.action.partition(":")[0]
    return (dataclasses.replace(group[0], ask=Ask(f"{prefix}:*")),)
