# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""One use of one known way by one principal: whether all that it takes is allowed, and what that depends on."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..documents.policy import Policy
from .landscape import Landscape, Subject, SubjectKind
from .methods import make_resource_arn
from .methods_schema import Fact, Gain, Method, On
from .powers import Powers
from .questions import CERTAIN, Actor, Doubts, Keys, Permission, Questions
from .trusts import TRUST_POLICY, RoleTrusts, make_trust_policy

ASSUME: t.Final = "sts:AssumeRole"
REWRITE_TRUST: t.Final = "iam:UpdateAssumeRolePolicy"
PASS: t.Final = "iam:PassRole"
JOIN: t.Final = "iam:AddUserToGroup"
_MAKE_GROUP: t.Final = "iam:CreateGroup"
MAKE_POLICY: t.Final = "iam:CreatePolicy"
ATTACH: t.Final = frozenset({"iam:AttachUserPolicy", "iam:AttachRolePolicy", "iam:AttachGroupPolicy"})
_SET_BOUNDARY: t.Final = frozenset({"iam:PutUserPermissionsBoundary", "iam:PutRolePermissionsBoundary"})
# Actions whose requests say which boundary the user or role has, or is given.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_PermissionsBoundary
_TELLS_BOUNDARY: t.Final = frozenset(
    {
        *("iam:CreateUser", "iam:CreateRole"),
        *("iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DeleteUserPolicy", "iam:DetachUserPolicy"),
        *("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
        *("iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
    }
)
BOUNDARY_KEY: t.Final = "iam:permissionsboundary"
_POLICY_KEY: t.Final = "iam:policyarn"


@dataclasses.dataclass(frozen=True)
class Edge:
    """A step: by ``method`` the actor gets at ``target``, an ARN, if what is in ``doubts`` is so.

    ``via`` is the group, policy or identity provider that it goes through. ``policies`` allow it.
    """

    method: Method
    target: str
    doubts: Doubts = CERTAIN
    policies: tuple[str, ...] = ()
    via: str = ""

    @property
    def is_certain(self) -> bool:
        """Whether nothing is open."""
        return not self.doubts


@dataclasses.dataclass(frozen=True)
class Attempt:
    """The choices that an attacker makes before it begins: the target, and the free parts of its requests.

    ``target`` is an ARN, ``boundary`` that of the target's permissions boundary, ``attached`` that of the policy which
    is attached or becomes the boundary, ``policies`` are those which are changed.
    """

    actor: Actor
    method: Method
    target: str
    boundary: t.Optional[str] = None
    attached: t.Optional[str] = None
    service: t.Optional[str] = None
    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    provider: t.Optional[str] = None


class Attempts:
    """Judges attempts in an account."""

    def __init__(self, landscape: Landscape, questions: Questions, powers: Powers, trusts: RoleTrusts) -> None:
        self._landscape = landscape
        self._questions = questions
        self._powers = powers
        self._trusts = trusts
        self._made: dict[t.Hashable, t.Optional[Permission]] = {}

    @functools.cached_property
    def groups(self) -> frozenset[str]:
        """The ARNs of all groups."""
        subjects = self._landscape.subjects
        return frozenset(subject.arn for subject in subjects if subject.kind is SubjectKind.GROUP)

    @functools.cached_property
    def own_policies(self) -> frozenset[str]:
        """The customer managed policies: nobody but AWS changes the others."""
        account = f"::{self._landscape.account_id}:"
        return frozenset(arn for arn in self._landscape.policies if account in arn)

    def of(
        self,
        method: Method,
        actor: Actor,
        target: Subject,
        boundary: t.Optional[str],
        *,
        attached: t.Optional[Sequence[str]] = None,
    ) -> Iterator[Edge]:
        """The ways in which the actor could use a method on ``target``: by each service, group, policy, provider.

        ``boundary`` is the ARN of the permissions boundary that the target has by then, ``attached`` those of the
        policies to attach: without it, those that make an administrator.
        """
        facts = _facts(method, target)
        if facts is None:
            return
        choices = self.policy_choices(method, actor) if attached is None else attached
        for service, group, policy, provider, choice in itertools.product(
            method.services or (None,),
            self.groups_for(method, actor),
            self._policies(method, target),
            self._providers(method, target),
            choices,
        ):
            groups, policies = ((group,) if group else ()), ((policy,) if policy else ())
            attempt = Attempt(actor, method, target.arn, boundary, choice, service, groups, policies, provider)
            edge = self.judge(attempt)
            if edge is not None:
                yield dataclasses.replace(edge, doubts=edge.doubts | facts)

    def groups_for(self, method: Method, actor: Actor) -> tuple[t.Optional[str], ...]:
        """The groups that a method may go through, one a way; None alone where it takes no group."""
        actions = method.on(On.GROUP)
        if not actions:
            return (None,)
        if _MAKE_GROUP in actions:
            return self.new_groups(method, actor)
        among = self.groups if JOIN in actions else frozenset(actor.subject.groups)
        for action in actions:
            among &= self._questions.find_allowed(actor, action, self.groups)
        return tuple(sorted(among))

    def new_groups(self, method: Method, actor: Actor) -> tuple[str, ...]:
        """The ARNs of groups that the actor may make and use as a method wants it, of which it chooses the names."""
        usual = self._usual(_MAKE_GROUP)
        names = (name for action in method.on(On.GROUP) for name in self._questions.make_arns(actor, action, usual))
        return tuple(name for name in dict.fromkeys(names) if name not in self.groups)

    def _policies(self, method: Method, target: Subject) -> tuple[t.Optional[str], ...]:
        if not method.on(On.POLICY):
            return (None,)
        if method.gain is Gain.UNBOUND:
            return tuple(sorted(self.own_policies & {target.boundary_arn}))
        return tuple(arn for arn in target.managed if arn in self.own_policies)

    def _providers(self, method: Method, target: Subject) -> tuple[t.Optional[str], ...]:
        if not method.on(On.PROVIDER):
            return (None,)
        return tuple(sorted(arn for arn, roles in self._trusts.by_provider.items() if target.arn in roles))

    def policy_choices(self, method: Method, actor: Actor) -> tuple[t.Optional[str], ...]:
        """Which policy to attach, or to bound by: one that makes an administrator, or one that is made for it."""
        if MAKE_POLICY in method.actions:
            return tuple(self.make_arns(actor, MAKE_POLICY))
        return (None,) if (ATTACH | _SET_BOUNDARY).isdisjoint(method.actions) else self._powers.policies

    def make_arns(self, actor: Actor, action: str) -> Iterator[str]:
        """Make ARNs that the actor may be allowed ``action`` on, of which it chooses the name."""
        return self._questions.make_arns(actor, action, self._usual(action))

    def _usual(self, action: str) -> str:
        place = self._landscape
        return make_resource_arn(action, partition=place.partition, region=place.iam_region, account=place.account_id)

    def judge(self, attempt: Attempt) -> t.Optional[Edge]:
        """Judge an attempt: return its step, or None if it fails."""
        method = attempt.method
        answers: list[Permission] = []
        for answer in self._answers(attempt):
            if answer is None:
                return None
            answers.append(answer)
        doubts = CERTAIN.union(*(answer.doubts for answer in answers), (method.assumes,) if method.assumes else ())
        via = next(iter((*attempt.groups, *attempt.policies)), attempt.provider or "")
        policies = dict.fromkeys(label(answer.policy, attempt.target) for answer in answers if answer.policy)
        return Edge(method, attempt.target, doubts, tuple(policies), via)

    def _answers(self, attempt: Attempt) -> Iterator[t.Optional[Permission]]:
        """The answers to all that an attempt needs."""
        if attempt.service is not None:
            doubts = self._trusts.admits(self._landscape.by_arn[attempt.target], attempt.service)
            yield None if doubts is None else Permission(doubts)
        places = {
            On.SELF: (attempt.actor.arn,),
            On.TARGET: (attempt.target,),
            On.GROUP: attempt.groups,
            On.POLICY: attempt.policies,
            On.PROVIDER: (attempt.provider,) if attempt.provider else (),
        }
        for need in attempt.method.needs:
            for resource in places.get(need.on, ()):
                yield self._answer(attempt, need.action, resource)
        yield from self._answer_for_things(attempt)

    def _answer(self, attempt: Attempt, action: str, resource: str) -> t.Optional[Permission]:
        trust = None
        if action == ASSUME:
            trust = self._trust(attempt)
            if trust is None:
                return None
        return self._questions.may(attempt.actor, action, resource, self._keys(attempt, action), trust)

    def _trust(self, attempt: Attempt) -> t.Optional[Policy]:
        """The trust policy that the target has by then."""
        target = self._landscape.by_arn.get(attempt.target)
        if target is None or REWRITE_TRUST in attempt.method.actions:
            return _make_trust_policy(attempt.actor.arn)
        return target.trust

    def _keys(self, attempt: Attempt, action: str) -> Keys:
        """Return the condition keys of the request, beside action and resource."""
        keys: list[tuple[str, t.Union[str, tuple[str, ...], None]]] = []
        if action == PASS:
            keys.append(("iam:passedtoservice", attempt.service))
        if action in _TELLS_BOUNDARY:
            keys.append((BOUNDARY_KEY, attempt.boundary))
        if action in _SET_BOUNDARY:
            keys.append((BOUNDARY_KEY, attempt.attached))
        if action in ATTACH:
            keys.append((_POLICY_KEY, attempt.attached))
        return tuple(keys)

    def _answer_for_things(self, attempt: Attempt) -> Iterator[t.Optional[Permission]]:
        """Answer whether the actor may make or use the things that the method takes, each kind under one name."""
        kinds: dict[str, list[str]] = {}
        for action in attempt.method.on(On.ANY):
            if action == MAKE_POLICY and attempt.attached:
                yield self._questions.may(attempt.actor, action, attempt.attached)
            else:
                kinds.setdefault(self._usual(action), []).append(action)
        for usual, actions in kinds.items():
            yield self._answer_for_kind(attempt.actor, usual, tuple(actions))

    def _answer_for_kind(self, actor: Actor, usual: str, actions: tuple[str, ...]) -> t.Optional[Permission]:
        signature = self._questions.signature(actor, actions)
        key = (signature or (actor.arn, actor.rights), actor.unknown, usual, actions)
        if key not in self._made:
            names = dict.fromkeys(
                name for action in actions for name in self._questions.make_arns(actor, action, usual)
            )
            every = (self._all_on(actor, actions, name) for name in names)
            self._made[key] = min(filter(None, every), key=lambda found: len(found.doubts), default=None)
        return self._made[key]

    def _all_on(self, actor: Actor, actions: tuple[str, ...], resource: str) -> t.Optional[Permission]:
        found = Permission(CERTAIN)
        for action in actions:
            answer = self._questions.may(actor, action, resource)
            if answer is None:
                return None
            found = Permission(found.doubts | answer.doubts, answer.policy)
        return found


def best(edges: Iterable[Edge], most: t.Optional[int] = None) -> t.Optional[Edge]:
    """The first certain edge; else the one with the fewest doubts, of the first ``most`` ones."""
    found: t.Optional[Edge] = None
    for edge in itertools.islice(edges, most):
        if edge.is_certain:
            return edge
        if found is None or len(edge.doubts) < len(found.doubts):
            found = edge
    return found


def label(policy: str, target: str) -> str:
    """A policy in words: a managed one goes by its ARN, a trust policy belongs to the target."""
    name = policy.rpartition("/")[2]
    return f"trust policy of {target.rpartition('/')[2]}" if name == TRUST_POLICY else name


@functools.lru_cache(maxsize=8192)
def _make_trust_policy(arn: str) -> Policy:
    return make_trust_policy(arn)


def _facts(method: Method, target: Subject) -> t.Optional[Doubts]:
    """Whether the target is as the method wants it: None for no, else what is not known."""
    known: Mapping[Fact, t.Optional[bool]] = {
        Fact.HAS_PASSWORD: target.has_password,
        Fact.NO_PASSWORD: None if target.has_password is None else not target.has_password,
        Fact.NO_MFA: None if target.has_mfa is None else not target.has_mfa,
        Fact.FREE_KEY_SLOT: None if target.active_keys is None else target.active_keys < 2,
        Fact.INSTANCE_PROFILE: bool(target.instance_profiles),
    }
    answers = {fact: known[fact] for fact in method.facts}
    if False in answers.values():
        return None
    return frozenset(fact.value for fact, answer in answers.items() if answer is None)
