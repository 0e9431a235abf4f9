# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals that a principal can make administrators, without becoming one itself.

A path to more rights ends with the attacker in command of an administrator. Here the second half is left out: who may
write the policies of others needs only to command one of them by other means.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterator

from .attempts import BOUNDARY_KEY
from .landscape import Landscape, Subject, SubjectKind
from .powers import Powers
from .questions import Actor, Keys, Questions

_POLICY_KEY: t.Final = "iam:policyarn"
_CREATE_ROLE: t.Final = "iam:CreateRole"
# So many of the possible targets are asked about in full: it hardly differs by target.
_MOST_ASKED: t.Final = 8


@dataclasses.dataclass(frozen=True)
class Reach:
    """By ``action`` somebody makes administrators of ``targets``: ARNs of users, roles or groups, or of policies."""

    action: str
    does: str
    targets: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Way:
    action: str
    does: str
    kind: SubjectKind


_RAISING: t.Final = (
    _Way("iam:AttachUserPolicy", "attach any policy to", SubjectKind.USER),
    _Way("iam:AttachRolePolicy", "attach any policy to", SubjectKind.ROLE),
    _Way("iam:AttachGroupPolicy", "attach any policy to", SubjectKind.GROUP),
    _Way("iam:PutUserPolicy", "write policies of", SubjectKind.USER),
    _Way("iam:PutRolePolicy", "write policies of", SubjectKind.ROLE),
    _Way("iam:PutGroupPolicy", "write policies of", SubjectKind.GROUP),
)
_UNBINDING: t.Final = (
    _Way("iam:DeleteUserPermissionsBoundary", "take the boundary from", SubjectKind.USER),
    _Way("iam:DeleteRolePermissionsBoundary", "take the boundary from", SubjectKind.ROLE),
)
# The condition key is the new boundary, and not the one that is there.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
_REBINDING: t.Final = (
    _Way("iam:PutUserPermissionsBoundary", "replace the boundary of", SubjectKind.USER),
    _Way("iam:PutRolePermissionsBoundary", "replace the boundary of", SubjectKind.ROLE),
)
_ADDING: t.Final = _Way("iam:AddUserToGroup", "put anybody into", SubjectKind.GROUP)
_HANDING_OVER: t.Final = _Way("iam:UpdateAssumeRolePolicy", "decide who may assume", SubjectKind.ROLE)
_REWRITING: t.Final = "iam:CreatePolicyVersion"
_MAKING: t.Final = ("iam:PutRolePolicy", "iam:AttachRolePolicy")


class _Search:
    def __init__(self, landscape: Landscape, arn: str) -> None:
        subject = landscape.by_arn[arn]
        self._landscape = landscape
        self._actor = Actor(subject, subject.layers, subject.boundary_arn)
        self._questions = Questions(landscape)
        self._powers = Powers(landscape)
        # With all of IAM somebody makes itself an administrator.
        iam = f"arn:{landscape.partition}:iam::aws:policy/IAMFullAccess"
        self._attachable: t.Final = (*self._powers.policies, iam)

    def run(self) -> Iterator[Reach]:
        for way in _RAISING:
            yield from self._on(way, self._can_be_raised)
        for way in (*_UNBINDING, *_REBINDING):
            yield from self._on(way, self._can_be_unbound)
        yield from self._on(_ADDING, self._is_powerful_group)
        yield from self._on(_HANDING_OVER, self._is_administrator)
        yield from self._find_rewrites()
        yield from self._find_new_roles()

    def _on(self, way: _Way, makes: t.Callable[[Subject], bool]) -> Iterator[Reach]:
        others = (item for item in self._landscape.subjects if item.kind is way.kind and item.arn != self._actor.arn)
        among = frozenset(item.arn for item in others if not item.is_aws_owned)
        named = sorted(self._questions.find_allowed(self._actor, way.action, among))
        targets = tuple(arn for arn in named if makes(self._landscape.by_arn[arn]))
        if any(self._may(way.action, self._landscape.by_arn[arn]) for arn in targets[:_MOST_ASKED]):
            yield Reach(way.action, way.does, targets)

    def _may(self, action: str, target: Subject) -> bool:
        is_new = any(way.action == action for way in _REBINDING)
        return any(
            self._questions.may(
                self._actor, action, target.arn, self._keys(policy if is_new else target.boundary_arn, policy)
            )
            is not None
            for policy in self._attachable
        )

    @staticmethod
    def _keys(boundary: t.Optional[str], policy: str) -> Keys:
        return (BOUNDARY_KEY, boundary), (_POLICY_KEY, policy)

    # Ways to make an administrator

    def _can_be_raised(self, target: Subject) -> bool:
        return self._powers.of(self._powers.raise_rights(target.layers), target.arn) is not None

    def _can_be_unbound(self, target: Subject) -> bool:
        free = self._powers.remove_boundary(target.layers)
        return free is not target.layers and self._powers.of(free, target.arn) is not None

    def _is_powerful_group(self, target: Subject) -> bool:
        return self._powers.of(target.layers, "") is not None

    def _is_administrator(self, target: Subject) -> bool:
        return self._powers.of(target.layers, target.arn) is not None

    # Policies, and roles that are made

    def _find_rewrites(self) -> Iterator[Reach]:
        account = f"::{self._landscape.account_id}:"
        held = frozenset(arn for arn in self._landscape.holders if account in arn)
        named = sorted(self._questions.find_allowed(self._actor, _REWRITING, held))
        targets = tuple(
            arn
            for arn in named
            if any(self._can_be_raised_by_policy(holder) for holder in self._landscape.holders[arn])
        )
        if any(self._questions.may(self._actor, _REWRITING, arn) is not None for arn in targets[:_MOST_ASKED]):
            yield Reach(_REWRITING, "rewrite", targets)

    def _can_be_raised_by_policy(self, holder: Subject) -> bool:
        return holder.kind is SubjectKind.GROUP or self._can_be_raised(holder)

    def _find_new_roles(self) -> Iterator[Reach]:
        place = self._landscape
        usual = f"arn:{place.partition}:iam::{place.account_id}:role/made"
        makeable = tuple(self._questions.make_arns(self._actor, _CREATE_ROLE, usual))
        for arn, action, policy in itertools.product(makeable, _MAKING, self._attachable):
            keys = self._keys(None, policy)
            if all(self._questions.may(self._actor, step, arn, keys) is not None for step in (_CREATE_ROLE, action)):
                yield Reach(_CREATE_ROLE, "make, with any policy and trust,", (arn,))
                return


def reach_of(landscape: Landscape, arn: str) -> tuple[Reach, ...]:
    """The ways in which the principal with this ARN makes administrators of others, the widest kinds first."""
    return tuple(_Search(landscape, arn).run())
