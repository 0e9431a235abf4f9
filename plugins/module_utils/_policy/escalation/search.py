# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Single steps to more rights: which known ways are open to a principal, and where each leads.

Every step is judged with all that decides on a request: resources, conditions, boundaries, denials, control policies
and the trust policies of roles. What depends on something that is not known is kept apart from what is certain.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..evaluation.matching import resource_matcher
from .attached import AttachSteps, Edges, attaches
from .attempts import ASSUME, BOUNDARY_KEY, JOIN, PASS, REWRITE_TRUST, Attempt, Attempts, Edge, best
from .landscape import Landscape, Subject, SubjectKind
from .layers import mask_of
from .methods import METHODS
from .methods_schema import Gain, Method, On, Whom
from .powers import Powers
from .questions import CERTAIN, Actor, Doubts, Questions, unknown_boundary
from .tags import TagSteps
from .trusts import RoleTrusts

_LESS_OF_GROUPS: t.Final = (Gain.LEFT, Gain.WITHOUT_INLINE_GROUP_DENY, Gain.WITHOUT_ATTACHED_GROUP_DENY)
# If no step is certain, so many doubtful ones are compared: their doubts hardly differ by target.
_MOST_DOUBTFUL: t.Final = 8
_KINDS: t.Final[Mapping[Whom, SubjectKind]] = {
    Whom.OWN_USER: SubjectKind.USER,
    Whom.OWN_ROLE: SubjectKind.ROLE,
    Whom.USER: SubjectKind.USER,
    Whom.ROLE: SubjectKind.ROLE,
}
_MASKS: t.Final[Mapping[str, int]] = {
    # A trust policy may let somebody in whose own policies don't speak of it.
    method.id: mask_of(action for action in method.actions if action != ASSUME)
    for method in METHODS
}


@dataclasses.dataclass(frozen=True)
class Way:
    """A method that is open to an actor, and the number of principals that it may lead to."""

    method: Method
    targets: int


class Escalation:
    """The steps that are open in an account, by all known methods unless others are given."""

    def __init__(self, landscape: Landscape, methods: Sequence[Method] = METHODS) -> None:
        self.landscape = landscape
        self._tags = [method for method in methods if method.gain in (Gain.TAGGED, Gain.RETAGGED)]
        others = [method for method in methods if method.whom in (Whom.USER, Whom.ROLE) and method not in self._tags]
        own = [method for method in methods if method.is_own and method not in self._tags]
        self._own = [method for method in own if method.gain is not Gain.JOINED and method.gain not in _LESS_OF_GROUPS]
        self._joins = [method for method in own if method.gain is Gain.JOINED]
        self._leaves = [method for method in own if method.gain in _LESS_OF_GROUPS]
        self._new = [method for method in methods if method.whom in (Whom.NEW_USER, Whom.NEW_ROLE)]
        self._takeovers = [method for method in others if method.gain is Gain.TAKEOVER]
        self._raises = [method for method in others if method.gain is not Gain.TAKEOVER]
        self._attaches = [method for method in methods if attaches(method)]
        self._questions = Questions(landscape)
        self._powers = Powers(landscape)
        self._trusts = RoleTrusts(landscape)
        self._attempts = Attempts(landscape, self._questions, self._powers, self._trusts)
        self._attach_steps = AttachSteps(landscape, self._questions, self._powers, self._attempts)
        self._tag_steps = TagSteps(self._questions)
        self._raised_by: dict[t.Hashable, t.Optional[Edge]] = {}
        self._attached: dict[t.Hashable, t.Optional[Edges]] = {}
        self._boundaries: dict[frozenset[str], tuple[str, ...]] = {}
        self._shared: dict[t.Hashable, t.Optional[Edge]] = {}

    @functools.cached_property
    def actors(self) -> Mapping[str, Actor]:
        """The principals that can act: users, and roles except those that only AWS's services use."""
        return {
            subject.arn: Actor(subject, subject.layers, subject.boundary_arn, unknown_boundary(subject))
            for subject in self.landscape.subjects
            if subject.is_principal and ":role/aws-service-role/" not in subject.arn
        }

    @functools.cached_property
    def _arns(self) -> Mapping[SubjectKind, frozenset[str]]:
        return {
            kind: frozenset(subject.arn for subject in self.landscape.subjects if subject.kind is kind)
            for kind in SubjectKind
        }

    def administrator(self, actor: Actor) -> t.Optional[Doubts]:
        """Return the doubts whether somebody is an administrator already; None if it is none."""
        return self._powers.administrator(actor)

    def find_targets(self, actor: Actor, action: str, among: frozenset[str]) -> frozenset[str]:
        """Find those of ``among`` that an actor may do ``action`` on, for sure or if something unknown is so."""
        named = self._questions.find_allowed(actor, action, among)
        return frozenset(arn for arn in named if self._questions.may(actor, action, arn) is not None)

    def find_ways(self, actor: Actor) -> Iterator[Way]:
        """Find the methods by which an actor may come to other principals, as far as names show; the widest first.

        Ways by ``sts:AssumeRole`` alone are left out, and so are changes of itself.
        """
        found = [
            Way(method, len(self._candidates(method, actor, self._arns[_KINDS[method.whom]] - {actor.arn})))
            for method in self._open(actor, (*self._takeovers, *self._raises))
            if method.actions != (ASSUME,)
        ]
        found += [Way(method, 1) for method in self._open(actor, self._new)]
        return iter(sorted((way for way in found if way.targets), key=lambda way: (-way.targets, way.method.id)))

    # Steps that end as an administrator, or change oneself

    def find_own_changes(self, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        """Find changes of an actor to its own user or role, each with the actor after it."""
        raised: t.Optional[Edge] = None
        for edge, changed in itertools.chain.from_iterable(
            self._own_change(method, actor) for method in self._open(actor, self._own)
        ):
            yield edge, changed
            if edge.method.gain is Gain.RAISED and (raised is None or len(edge.doubts) < len(raised.doubts)):
                raised = edge
        for method in self._open(actor, self._leaves):
            yield from self._leave_groups(method, actor)
        # Several changes that give something less than everything are not searched together with a policy.
        if not actor.has_attached and (raised is None or not raised.is_certain):
            # A principal that may give itself everything has no need of less, unless that is more certain.
            limits = raised.doubts if raised else None
            for edge, changed in self._raise_partly(actor, sure=raised is not None):
                if limits is None or not limits <= edge.doubts:
                    yield edge, changed

    def _raise_partly(self, actor: Actor, *, sure: bool) -> Iterator[tuple[Edge, Actor]]:
        """Find changes that give somebody less than everything: a group's rights, a policy that leads on, tags.

        ``sure``: leave out policies and tags that can't be certain.
        """
        for method in self._open(actor, self._joins):
            if actor.subject.kind is SubjectKind.USER:
                yield from self._join_groups(method, actor)
        for method in self._open(actor, self._attaches, sure=sure):
            if method.is_own and not actor.subject.is_aws_owned:
                yield from self._attach_steps.attach_to_self(method, actor, self._find_self_raise)
        for method in self._open(actor, self._tags, sure=sure):
            if not method.is_own and self._questions.resource_tags:
                targets = self._candidates(method, actor, self._arns[_KINDS[method.whom]])
                yield from self._tag_steps.tag_others(method, actor, targets)
            elif method.is_own and _KINDS[method.whom] is actor.subject.kind and not actor.subject.is_aws_owned:
                yield from self._tag_steps.tag_self(method, actor)

    def _find_self_raise(self, actor: Actor) -> t.Optional[Edge]:
        """Find the best step by which somebody makes itself an administrator; None if there is none."""
        key = (actor.arn, actor.rights)
        if key not in self._raised_by:
            self._raised_by[key] = best(
                dataclasses.replace(edge, doubts=edge.doubts | power)
                for method in self._open(actor, self._own)
                if method.gain is Gain.RAISED
                for edge, changed in self._own_change(method, actor)
                if (power := self._powers.administrator(changed)) is not None
            )
        return self._raised_by[key]

    def _own_change(self, method: Method, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        if _KINDS[method.whom] is not actor.subject.kind or actor.subject.is_aws_owned:
            return
        changed = self._change_actor(actor, method.gain)
        edge = best(self._attempts.of(method, actor, actor.subject, actor.boundary)) if changed is not None else None
        if edge is not None and changed is not None:
            yield edge, changed

    def _change_actor(self, actor: Actor, gain: Gain) -> t.Optional[Actor]:
        """Return an actor after a change to it, by itself or by others; None if nothing is different."""
        layers = self._powers.change(actor, gain)
        if gain is Gain.UNBOUND:
            if actor.boundary is None:
                return None
            return dataclasses.replace(actor, layers=layers, boundary=None, unknown=CERTAIN)
        return None if layers is actor.layers else dataclasses.replace(actor, layers=layers)

    def _leave_groups(self, method: Method, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        among = self._attempts.groups.intersection(actor.subject.groups)
        named = tuple(sorted(self._questions.find_allowed(actor, method.actions[0], among)))
        # A denial that comes from several groups is only gone once the user leaves all of them.
        for groups in dict.fromkeys((*((arn,) for arn in named), named)):
            layers = self._powers.leave_groups(actor, groups, method.gain)
            if layers is actor.layers:
                continue
            edge = self._attempts.judge(Attempt(actor, method, actor.arn, actor.boundary, groups=groups))
            if edge is not None:
                yield edge, dataclasses.replace(actor, layers=layers)

    def _join_groups(self, method: Method, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        groups = self._attempts.groups.difference(actor.subject.groups)
        for arn in sorted(self._questions.find_allowed(actor, JOIN, groups)):
            group = self.landscape.by_arn[arn]
            layers = self._powers.join_group(actor.layers, group)
            # A group that allows nothing of any method leads nowhere.
            if not any(map(self._questions.ready.policy_mask, group.layers.identity)):
                continue
            edge = self._attempts.judge(Attempt(actor, method, actor.arn, actor.boundary, groups=(arn,)))
            if edge is not None:
                yield edge, dataclasses.replace(actor, layers=layers)

    def find_ends(self, actor: Actor, *, sure: bool = False) -> Iterator[Edge]:
        """Find steps after which the actor commands an administrator that it made or raised.

        ``sure``: leave out what can't be certain.
        """
        for method in self._open(actor, self._new, sure=sure):
            edge = self._common(method, actor, None, functools.partial(self._end_by_new, method))
            if edge is not None:
                yield edge
        for method in self._open(actor, self._raises, sure=sure):
            edge = self._common(method, actor, None, functools.partial(self._end_by_raising, method))
            if edge is not None:
                yield edge

    def _end_by_new(self, method: Method, actor: Actor) -> Iterator[Edge]:
        action = method.actions[0]
        boundaries = (None, *self._possible_boundaries(actor, method.actions))
        for arn, boundary in itertools.product(self._attempts.make_arns(actor, action), boundaries):
            layers = self._powers.make_administrator(
                actor.layers, self.landscape.policies[boundary] if boundary else None
            )
            power = self._powers.of(layers, arn)
            if power is None:
                continue
            groups: tuple[tuple[str, ...], ...] = ((),)
            if method.gain is Gain.JOINED:
                groups = tuple(
                    (group,) for group in sorted(self._questions.find_allowed(actor, JOIN, self._admin_groups))
                )
            elif method.on(On.GROUP):
                groups = tuple((group,) for group in self._attempts.new_groups(method, actor))
            for group, policy in itertools.product(groups, self._attempts.policy_choices(method, actor)):
                edge = self._attempts.judge(Attempt(actor, method, arn, boundary, policy, groups=group))
                if edge is not None:
                    yield dataclasses.replace(edge, doubts=edge.doubts | power)

    @functools.cached_property
    def _admin_groups(self) -> frozenset[str]:
        groups = (self.landscape.by_arn[arn] for arn in self._attempts.groups)
        return frozenset(group.arn for group in groups if self._powers.of(group.layers, "") == CERTAIN)

    def _possible_boundaries(self, actor: Actor, actions: Iterable[str]) -> tuple[str, ...]:
        """Find the policies that conditions want as the boundary of a new principal."""
        wanted = frozenset(
            value
            for action in actions
            for compiled in self._questions.ready.relevance(actor.layers, action).own
            for condition in compiled.statement.conditions
            if condition.key.lower() == BOUNDARY_KEY
            for value in condition.values
        )
        if wanted not in self._boundaries:
            fits = resource_matcher(tuple(sorted(wanted)), version="").fixed
            self._boundaries[wanted] = tuple(filter(fits, self.landscape.policies)) if wanted else ()
        return self._boundaries[wanted]

    def _end_by_raising(self, method: Method, actor: Actor) -> Iterator[Edge]:
        for subject in self._targets(method, actor, self._arns[_KINDS[method.whom]]):
            target = Actor(subject, subject.layers, subject.boundary_arn, unknown_boundary(subject))
            changed = self._change_actor(target, method.gain)
            power = self._powers.administrator(changed) if changed is not None else None
            if power is None:
                continue
            for edge in self._attempts.of(method, actor, subject, subject.boundary_arn):
                yield dataclasses.replace(edge, doubts=edge.doubts | power)

    def find_attached_ends(self, actor: Actor, *, sure: bool = False) -> Iterator[Edges]:
        """Find pairs of steps: attach a policy to somebody, who then makes itself an administrator."""
        for method in self._open(actor, self._attaches, sure=sure):
            if method.is_own:
                continue
            signature = None if _asks_trusts(method) else self._questions.signature(actor, method.actions)
            key = (method.id, signature or (actor.arn, actor.rights))
            if key not in self._attached:
                found = itertools.islice(self._find_attached_edges(method, actor), _MOST_DOUBTFUL)
                self._attached[key] = min(found, key=lambda edges: len(edges[0].doubts | edges[1].doubts), default=None)
            edges = self._attached[key]
            if edges is not None and edges[0].target != actor.arn:
                yield edges

    def _find_attached_edges(self, method: Method, actor: Actor) -> Iterator[Edges]:
        if method.whom in (Whom.NEW_USER, Whom.NEW_ROLE):
            return self._attach_steps.attach_to_new(method, actor, self._find_self_raise)
        among = self._arns[_KINDS[method.whom]] - {actor.arn}
        targets = self._targets(method, actor, among)[:_MOST_DOUBTFUL]
        return self._attach_steps.attach_to_others(method, actor, targets, self._find_self_raise)

    # Steps to others

    def find_takeover(self, actor: Actor, among: frozenset[str], *, sure: bool = False) -> t.Optional[Edge]:
        """Find the best step by which the actor gets the rights of one of ``among``; None if there is none.

        ``sure``: leave out what can't be certain.
        """
        return best(
            edge
            for method in self._open(actor, self._takeovers, sure=sure)
            if (edge := self._common(method, actor, among, functools.partial(self._take_over, method, among)))
        )

    def _take_over(self, method: Method, among: frozenset[str], actor: Actor) -> Iterator[Edge]:
        for subject in self._targets(method, actor, among & self._arns[_KINDS[method.whom]]):
            yield from self._attempts.of(method, actor, subject, subject.boundary_arn)

    def _common(
        self,
        method: Method,
        actor: Actor,
        among: t.Optional[frozenset[str]],
        edges: t.Callable[[Actor], Iterator[Edge]],
    ) -> t.Optional[Edge]:
        """The best of ``edges``, found once for all actors for whom the same policies decide on the method."""
        signature = None if _asks_trusts(method) else self._questions.signature(actor, method.actions)
        if signature is None:
            return self._best(actor, edges)
        key = (method.id, signature, among)
        if key not in self._shared:
            self._shared[key] = best(edges(actor), _MOST_DOUBTFUL)
        found = self._shared[key]
        # Nobody becomes somebody else by becoming itself.
        return self._best(actor, edges) if found is not None and found.target == actor.arn else found

    @staticmethod
    def _best(actor: Actor, edges: t.Callable[[Actor], Iterator[Edge]]) -> t.Optional[Edge]:
        return best((edge for edge in edges(actor) if edge.target != actor.arn), _MOST_DOUBTFUL)

    def _open(self, actor: Actor, methods: Iterable[Method], *, sure: bool = False) -> Iterator[Method]:
        """The methods whose every action is allowed on something; ``sure``: without those that can't be certain."""
        mask = self._questions.ready.mask(actor.layers, sure=sure)
        for method in methods:
            needed = _MASKS[method.id]
            if needed & mask == needed and not (sure and method.assumes):
                yield method

    def _targets(self, method: Method, actor: Actor, among: frozenset[str]) -> list[Subject]:
        """Find the targets of a method, as far as names show; the surest ones first."""
        found = sorted(self._candidates(method, actor, among))
        if len(found) > _MOST_DOUBTFUL:
            sure = self._arns[_KINDS[method.whom]]
            for action in method.on(On.TARGET):
                sure &= self._questions.find_allowed(actor, action, self._arns[_KINDS[method.whom]], sure=True)
            found.sort(key=lambda arn: arn not in sure)
        return [self.landscape.by_arn[arn] for arn in found]

    def _candidates(self, method: Method, actor: Actor, among: frozenset[str]) -> frozenset[str]:
        """Find those of ``among`` that the method may be used on, as far as names show."""
        found = among
        for action in method.on(On.TARGET):
            if action != ASSUME:
                found &= self._questions.find_allowed(actor, action, self._arns[_KINDS[method.whom]])
            elif REWRITE_TRUST not in method.actions:
                found &= self._find_assumable(actor)
        if method.services:
            found &= frozenset().union(*(self._trusts.by_service.get(name, ()) for name in method.services))
        if method.on(On.PROVIDER):
            found &= frozenset().union(*self._trusts.by_provider.values())
        for action in method.on(On.POLICY):
            named = self._questions.find_allowed(actor, action, self._attempts.own_policies)
            concerned = self.landscape.bounded if method.gain is Gain.UNBOUND else self.landscape.holders
            found &= {subject.arn for policy in named for subject in concerned.get(policy, ())}
        if any(action.startswith("iam:") and action != PASS for action in method.on(On.TARGET)):
            found = frozenset(arn for arn in found if not self.landscape.by_arn[arn].is_aws_owned)
        return found

    def _find_assumable(self, actor: Actor) -> frozenset[str]:
        naming = self._trusts.find_naming_roles(actor)
        if not self._questions.ready.mask(actor.layers) & mask_of((ASSUME,)):
            return naming
        return naming | (
            self._trusts.account_wide & self._questions.find_allowed(actor, ASSUME, self._arns[SubjectKind.ROLE])
        )


def _asks_trusts(method: Method) -> bool:
    """Whether it depends on what trust policies say of the actor, not only on the actor's policies."""
    return ASSUME in method.actions and REWRITE_TRUST not in method.actions
