# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Attaching policies that make no administrator by themselves, but lead on: to IAM, to roles, to what runs as them."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..documents.policy import Condition, Policy, Statement
from ..evaluation.evaluate import Layers
from .attempts import ATTACH, MAKE_POLICY, Attempt, Attempts, Edge, best
from .landscape import Landscape, Subject, SubjectKind
from .layers import mask_of
from .methods import METHODS
from .methods_schema import Gain, Method, On, Whom
from .powers import Powers
from .questions import Actor, Questions, unknown_boundary

# Policies that every account has, with those of their statements that matter here:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
_AWS: t.Final[Mapping[str, tuple[Statement, ...]]] = {
    "IAMFullAccess": (Statement(0, True, actions=("iam:*",), resources=("*",)),),
    "PowerUserAccess": (Statement(0, True, not_actions=("iam:*", "organizations:*", "account:*"), resources=("*",)),),
    "AWSLambda_FullAccess": (
        Statement(0, True, actions=("lambda:*",), resources=("*",)),
        Statement(
            1,
            True,
            actions=("iam:PassRole",),
            resources=("*",),
            conditions=(Condition("StringEquals", "iam:PassedToService", ("lambda.amazonaws.com",)),),
        ),
    ),
    "AmazonECS_FullAccess": (
        Statement(0, True, actions=("ecs:*",), resources=("*",)),
        Statement(
            1,
            True,
            actions=("iam:PassRole",),
            resources=("*",),
            conditions=(Condition("StringLike", "iam:PassedToService", ("ecs-tasks.amazonaws.com",)),),
        ),
    ),
    "AmazonEC2FullAccess": (Statement(0, True, actions=("ec2:*", "autoscaling:*"), resources=("*",)),),
    "AmazonSSMFullAccess": (Statement(0, True, actions=("ssm:*",), resources=("*",)),),
    "AWSCloudFormationFullAccess": (Statement(0, True, actions=("cloudformation:*",), resources=("*",)),),
    "AWSCodeBuildAdminAccess": (Statement(0, True, actions=("codebuild:*",), resources=("*",)),),
    "AWSStepFunctionsFullAccess": (Statement(0, True, actions=("states:*",), resources=("*",)),),
}
# So many policies are tried for one principal at least and at most, those first that allow the most of what a step
# takes; in between the more, the fewer principals there are, since each has to be searched on with each.
FEWEST_POLICIES: t.Final = 12
_MOST_POLICIES: t.Final = 200
_MOST_TRIALS: t.Final = 20_000
_NEEDED: t.Final = tuple(dict.fromkeys(mask_of(method.actions) for method in METHODS))
_KINDS: t.Final[Mapping[Whom, SubjectKind]] = {
    Whom.OWN_USER: SubjectKind.USER,
    Whom.OWN_ROLE: SubjectKind.ROLE,
    Whom.NEW_USER: SubjectKind.USER,
    Whom.NEW_ROLE: SubjectKind.ROLE,
}

Edges = tuple[Edge, Edge]
# By which step of its own somebody becomes an administrator; None for none.
SelfRaise = Callable[[Actor], t.Optional[Edge]]


def attaches(method: Method) -> bool:
    """Whether a method attaches a policy that is there."""
    return method.gain is Gain.RAISED and not ATTACH.isdisjoint(method.actions) and MAKE_POLICY not in method.actions


class AttachSteps:
    """The steps that attach such policies in one account."""

    def __init__(self, landscape: Landscape, questions: Questions, powers: Powers, attempts: Attempts) -> None:
        self._landscape = landscape
        self._questions = questions
        self._powers = powers
        self._attempts = attempts
        self._openings: dict[int, tuple[str, ...]] = {}
        trials = _MOST_TRIALS // max(1, len(landscape.subjects))
        self._most: t.Final = min(_MOST_POLICIES, max(FEWEST_POLICIES, trials))

    @functools.cached_property
    def leading(self) -> Mapping[str, Policy]:
        """The policies that allow what a step takes, by ARN: first those that allow the most."""
        place = f"arn:{self._landscape.partition}:iam::aws:policy/"
        ours = {f"{place}{name}": Policy(statements, "2012-10-17", name=name) for name, statements in _AWS.items()}
        every = {**ours, **self._landscape.policies}
        masks = {arn: self._questions.ready.policy_mask(policy) for arn, policy in every.items()}
        arns = sorted(arn for arn, mask in masks.items() if mask and arn not in self._powers.policies)
        # IAM itself leads to everything, so that it comes before what allows more.
        arns.sort(key=lambda arn: (arn != f"{place}IAMFullAccess", -masks[arn].bit_count()))
        return {arn: every[arn] for arn in arns}

    def _find_opening(self, present: int) -> tuple[str, ...]:
        """Find the leading policies that open a step, together with the actions that are ``present``."""
        if present not in self._openings:
            masks = {arn: self._questions.ready.policy_mask(policy) for arn, policy in self.leading.items()}
            self._openings[present] = tuple(
                arn
                for arn, mask in masks.items()
                if any(mask & needed and not needed & ~(mask | present) for needed in _NEEDED)
            )
        return self._openings[present]

    def attach_to_self(self, method: Method, actor: Actor, raised: SelfRaise) -> Iterator[tuple[Edge, Actor]]:
        """Attach policies to the actor itself, one at a time; each step comes with the actor after it."""
        if _KINDS[method.whom] is not actor.subject.kind or not self._is_open(method, actor):
            return
        for edge, changed in itertools.islice(self._attach_to_self(method, actor), self._most):
            yield edge, changed
            following = raised(changed) if edge.is_certain else None
            if following is not None and following.is_certain:
                return

    def _is_open(self, method: Method, actor: Actor) -> bool:
        """Whether the actor may attach anything to itself or a group, as far as is known before a policy is chosen."""
        users_or_roles = self._principals[actor.subject.kind]
        own = (self._questions.find_allowed(actor, action, users_or_roles) for action in method.on(On.SELF))
        others = [action for action in method.on(On.GROUP) if action not in ATTACH]
        return all(actor.arn in named for named in own) and any(
            group is None or all(self._questions.may(actor, action, group) for action in others)
            for group in self._attempts.groups_for(method, actor)
        )

    @functools.cached_property
    def _principals(self) -> Mapping[SubjectKind, frozenset[str]]:
        subjects = self._landscape.subjects
        return {kind: frozenset(one.arn for one in subjects if one.kind is kind) for kind in SubjectKind}

    def _attach_to_self(self, method: Method, actor: Actor) -> Iterator[tuple[Edge, Actor]]:
        for arn in self._find_opening(self._questions.ready.mask(actor.layers)):
            layers = self._layers(actor, arn)
            if layers is actor.layers:
                continue
            edge = best(self._attempts.of(method, actor, actor.subject, actor.boundary, attached=(arn,)))
            if edge is not None:
                yield dataclasses.replace(edge, via=arn), _with(actor, layers)

    def attach_to_others(
        self, method: Method, actor: Actor, targets: Iterable[Subject], raised: SelfRaise
    ) -> Iterator[Edges]:
        """Attach a policy to an existing principal; each step comes with that principal's step to itself."""
        for subject in targets:
            target = Actor(subject, subject.layers, subject.boundary_arn, unknown_boundary(subject))
            for arn, following in self._find_raises(target, raised):
                edge = best(self._attempts.of(method, actor, subject, subject.boundary_arn, attached=(arn,)))
                if edge is not None:
                    yield dataclasses.replace(edge, via=arn), following
                    if edge.is_certain and following.is_certain:
                        break

    def attach_to_new(self, method: Method, actor: Actor, raised: SelfRaise) -> Iterator[Edges]:
        """Attach a policy to a principal that is created for it, without a boundary."""
        groups: tuple[tuple[str, ...], ...] = ((),)
        if method.on(On.GROUP):
            groups = tuple((group,) for group in self._attempts.new_groups(method, actor))
        bare = self._powers.make_bare(actor.layers)
        for name in self._attempts.make_arns(actor, method.actions[0]):
            made = Actor(Subject(name, _KINDS[method.whom], bare), bare)
            for arn, following in self._find_raises(made, raised):
                attempts = (Attempt(actor, method, name, attached=arn, groups=group) for group in groups)
                edge = best(filter(None, map(self._attempts.judge, attempts)))
                if edge is not None:
                    yield dataclasses.replace(edge, via=arn), following
                    if edge.is_certain and following.is_certain:
                        break

    def _find_raises(self, target: Actor, raised: SelfRaise) -> Iterator[tuple[str, Edge]]:
        """Find the policies with which ``target`` makes itself an administrator, each with the step."""
        present = self._questions.ready.mask(target.layers)
        for arn in itertools.islice(self._find_opening(present), self._most):
            layers = self._layers(target, arn)
            following = raised(_with(target, layers)) if layers is not target.layers else None
            if following is not None:
                yield arn, following

    def _layers(self, actor: Actor, arn: str) -> Layers:
        return self._powers.attach(actor.layers, arn, self.leading[arn])


def _with(actor: Actor, layers: Layers) -> Actor:
    return dataclasses.replace(actor, layers=layers, has_attached=True)
