# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whether somebody is an administrator, and what becomes of somebody's rights when policies are added or taken away."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..analysis.power import Administrators, Place
from ..documents.policy import Policy, Statement
from ..evaluation.evaluate import Layers
from .landscape import Landscape, Subject
from .methods_schema import Gain
from .questions import Actor, Doubts

_MFA: t.Final = "aws:MultiFactorAuthPresent"

#: The policy that an attacker adds.
EVERYTHING: t.Final = Policy(
    (Statement(index=0, allow=True, actions=("*",), resources=("*",)),), version="2012-10-17", name="everything"
)


class Powers:
    """The administrators of an account, and who would be one."""

    def __init__(self, landscape: Landscape) -> None:
        self._landscape = landscape
        place = Place(landscape.partition, landscape.account_id, landscape.organization_id)
        self._administrators = Administrators(place)
        self._layers: dict[t.Hashable, Layers] = {}

    def administrator(self, actor: Actor) -> t.Optional[Doubts]:
        """Return the doubts whether somebody is an administrator; None if it is none."""
        found = self.of(actor.layers, actor.arn)
        if found is None:
            return None
        return frozenset(key for key in found if key.lower() not in actor.free_tags) | actor.unknown

    def of(self, layers: Layers, arn: str) -> t.Optional[Doubts]:
        """As ``administrator``, for the principal ``arn`` with ``layers``; an empty ``arn`` is nobody in particular."""
        power = self._administrators.of(layers, arn or None)
        if power is None:
            return None
        return frozenset((*power.keys, _MFA)) if power.needs_mfa else frozenset(power.keys)

    @functools.cached_property
    def policies(self) -> tuple[str, ...]:
        """The ARNs of managed policies that make an administrator of whom they are attached to, AWS's own first."""
        own = f"arn:{self._landscape.partition}:iam::aws:policy/AdministratorAccess"
        others = sorted(
            arn
            for arn, policy in self._landscape.policies.items()
            if arn != own and (power := self._administrators.alone(policy)) is not None and power.certain
        )
        return (own, *others)

    # Changes of rights

    def _cache(self, key: t.Hashable, make: Callable[[], Layers]) -> Layers:
        if key not in self._layers:
            self._layers[key] = make()
        return self._layers[key]

    def raise_rights(self, layers: Layers) -> Layers:
        """Add an administrator's policy to the layers. Of their own policies, only denials still matter."""
        denying = tuple(policy for policy in layers.identity if _denies(policy))
        key = ("raised", tuple(map(id, denying)), id(layers.boundary), id(layers.scps), id(layers.rcps))
        return self._cache(key, lambda: dataclasses.replace(layers, identity=(EVERYTHING, *denying)))

    def make_administrator(self, creator: Layers, boundary: t.Optional[Policy]) -> Layers:
        """Make the layers of a new administrator that ``creator`` creates, under a boundary if it has to."""
        key = ("raised", (), id(boundary), id(creator.scps), id(creator.rcps))
        made = dataclasses.replace(creator, identity=(EVERYTHING,), boundary=boundary)
        return self._cache(key, lambda: made)

    def make_bare(self, creator: Layers) -> Layers:
        """Make the layers of a principal that ``creator`` creates, before it has a policy."""
        key = ("bare", id(creator.scps), id(creator.rcps))
        return self._cache(key, lambda: Layers(scps=creator.scps, rcps=creator.rcps))

    def attach(self, layers: Layers, arn: str, policy: Policy) -> Layers:
        """Attach a policy to the layers; return the same layers if it is attached already."""
        if any(policy is present for present in layers.identity):
            return layers
        key = ("attached", id(layers), arn)
        return self._cache(key, lambda: dataclasses.replace(layers, identity=(*layers.identity, policy)))

    def join_group(self, layers: Layers, group: Subject) -> Layers:
        """Add the policies of a group to the layers of a user."""
        present = set(map(id, layers.identity))
        added = tuple(policy for policy in group.layers.identity if id(policy) not in present)
        if not added:
            return layers
        key = ("joined", id(layers), group.arn)
        return self._cache(key, lambda: dataclasses.replace(layers, identity=(*layers.identity, *added)))

    def leave_groups(self, actor: Actor, groups: Sequence[str], gain: Gain) -> Layers:
        """Remove the policies of groups from a user's layers, all or only those that deny; the same if none denied.

        Policies that the user also has from another of its groups stay.
        """
        staying = {id(policy) for policy in self._of_groups(set(actor.subject.groups).difference(groups))}
        gone = {id(policy) for policy in self._of_groups(groups)} - staying
        if gain is not Gain.LEFT:
            names = {name for arn in groups for name in self._landscape.by_arn[arn].managed}
            attached = {id(policy) for name in names if (policy := self._landscape.policies.get(name)) is not None}
            gone = gone & attached if gain is Gain.WITHOUT_ATTACHED_GROUP_DENY else gone - attached
        kept = tuple(
            policy
            for policy in actor.layers.identity
            if id(policy) not in gone or (gain is not Gain.LEFT and not _denies(policy))
        )
        denials = sum(map(_denies, actor.layers.identity))
        if sum(map(_denies, kept)) == denials:
            return actor.layers
        key = ("allowing", id(actor.layers), tuple(map(id, kept)))
        return self._cache(key, lambda: dataclasses.replace(actor.layers, identity=kept))

    def _of_groups(self, arns: Iterable[str]) -> Iterator[Policy]:
        for arn in arns:
            group = self._landscape.by_arn.get(arn)
            yield from group.layers.identity if group is not None else ()

    def change(self, actor: Actor, gain: Gain) -> Layers:
        """Return an actor's layers after a change to itself; the same layers if it changes nothing."""
        if gain is Gain.RAISED:
            return self.raise_rights(actor.layers)
        if gain is Gain.UNBOUND:
            return self.remove_boundary(actor.layers)
        if gain in (Gain.WITHOUT_INLINE_DENY, Gain.WITHOUT_ATTACHED_DENY):
            return self._remove_denials(actor, inline=gain is Gain.WITHOUT_INLINE_DENY)
        return actor.layers

    def remove_boundary(self, layers: Layers) -> Layers:
        """Remove the boundary from the layers."""
        if layers.boundary is None:
            return layers
        return self._cache(("unbound", id(layers)), lambda: dataclasses.replace(layers, boundary=None))

    def _remove_denials(self, actor: Actor, *, inline: bool) -> Layers:
        """Remove one's own policies that deny: those written into the user or role, or those attached."""
        subject, policies = actor.subject, self._landscape.policies
        of_groups = {id(policy) for policy in self._of_groups(subject.groups)}
        attached = {id(policies[arn]) for arn in subject.managed if arn in policies}
        kept = tuple(
            policy
            for policy in actor.layers.identity
            if not _denies(policy) or id(policy) in of_groups or (id(policy) in attached) is inline
        )
        if len(kept) == len(actor.layers.identity):
            return actor.layers
        key = ("allowing", id(actor.layers), tuple(map(id, kept)))
        return self._cache(key, lambda: dataclasses.replace(actor.layers, identity=kept))


def _denies(policy: Policy) -> bool:
    return not all(statement.allow for statement in policy.statements)
