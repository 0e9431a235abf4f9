# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the contained principals of an account may do besides assuming roles: make keys of others, and go on by them.

A source is denied everything by now, and what it did before lives on. So the denials of a containment are left out.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterator, Sequence

from ...._account.permissions import Permissions
from ...._converge.arn import principals_of
from ...._policy.escalation.landscape import Landscape, Subject, SubjectKind
from ...._policy.escalation.search import Escalation
from ...._policy.evaluation.evaluate import Layers
from ..edges import drop_denials
from ..reach import Unfollowed

CREATE_KEY: t.Final = "iam:CreateAccessKey"
_QUARANTINE_TAG: t.Final = "iam-hardening:quarantine"
# Of more principals nobody asks: those with the leaked credentials come first, then the shortest chains.
_MOST_MAKERS: t.Final = 25
_EXAMPLES: t.Final = 3


class Makers:
    """The sources and the reached roles of one account, as they were before anybody contained them."""

    def __init__(self, permissions: Permissions, arns: Sequence[str]) -> None:
        landscape = permissions.landscape
        wanted = principals_of(arns[:_MOST_MAKERS])
        self.left_out: t.Final = len(arns[_MOST_MAKERS:])
        order = {principal: number for number, principal in enumerate(dict.fromkeys(map(_identify, arns)))}
        found = [subject for subject in landscape.subjects if subject.is_principal and _identify(subject.arn) in wanted]
        found.sort(key=lambda subject: order[_identify(subject.arn)])
        freed = {subject.arn: _free(permissions, subject) for subject in found}
        self._arns: t.Final = tuple(freed)
        self._landscape: t.Final[Landscape] = dataclasses.replace(
            landscape, subjects=tuple(freed.get(subject.arn, subject) for subject in landscape.subjects)
        )
        self._search: t.Final = Escalation(self._landscape)

    def list_users(self, besides: Collection[str]) -> tuple[str, ...]:
        """List the users of whom one of them may make an access key, without some, by their ARNs."""
        kept = principals_of(besides)
        users = frozenset(
            subject.arn
            for subject in self._landscape.subjects
            if subject.kind is SubjectKind.USER and _identify(subject.arn) not in kept
        )
        found: set[str] = set()
        for arn in self._arns:
            found |= self._search.find_targets(self._search.actors[arn], CREATE_KEY, users - found)
        return tuple(sorted(found))

    def find_targets(self, action: str, arns: Collection[str], besides: Collection[str] = ()) -> tuple[str, ...]:
        """Find the users or roles on which one of them may do an action, without some, by their ARNs."""
        left = frozenset(arn for arn in arns if _identify(arn) not in principals_of(besides))
        found: set[str] = set()
        for arn in self._arns if left else ():
            found |= self._search.find_targets(self._search.actors[arn], action, left - found)
        return tuple(sorted(found))

    def list_ways(self) -> Iterator[Unfollowed]:
        """List how each of them may come to other principals of the account by what nobody follows, one row each."""
        for arn in self._arns:
            found = self._search.find_ways(self._search.actors[arn])
            ways = [way for way in found if way.method.actions != (CREATE_KEY,)]
            if ways:
                names = tuple(dict.fromkeys(" with ".join(way.method.actions[:2]) for way in ways))
                what = f"{len(ways)} {'way' if len(ways) == 1 else 'ways'}, such as {', '.join(names[:_EXAMPLES])}"
                most = max(way.targets for way in ways)
                reason = f"without AssumeRole it may come to others ({most} at least) by {what}: hunt for its calls"
                yield Unfollowed(arn, self._landscape.account_id, reason)


def _identify(arn: str) -> t.Any:
    return next(iter(principals_of([arn])), arn)


def _free(permissions: Permissions, subject: Subject) -> Subject:
    """A principal without what a containment put there: its policies, a boundary, and the tag."""
    identity, boundary = drop_denials(permissions, subject.arn)
    layers: Layers = dataclasses.replace(subject.layers, identity=identity, boundary=boundary)
    tags = {name: value for name, value in subject.tags.items() if name != _QUARANTINE_TAG}
    return dataclasses.replace(
        subject, layers=layers, tags=tags, boundary_arn=subject.boundary_arn if boundary is not None else None
    )
