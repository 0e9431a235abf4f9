# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whose permissions stay as they are: the caller's, those for emergencies, and what AWS or a landing zone owns.

A glob may select such a principal together with others. It is left out then, and said so; the guards, which come after
the plan, know nothing of who is in a group.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping

from ..._account.model import Group, Snapshot, User
from ..._account.permissions import Principal as Holder
from ..._converge.arn import Principal
from ..._converge.change import Refusal
from ..._converge.protected import protection_of_holding
from ..._converge.untouchable import UntouchablePrincipals, refuse_protected
from .changes import Holding


@dataclasses.dataclass(frozen=True)
class Untouchable:
    """The rules for one account. ``callers`` are the caller and all that it came through, ``break_glass`` ARN globs."""

    snapshot: Snapshot
    callers: frozenset[Principal] = frozenset()
    break_glass: tuple[str, ...] = ()

    def principal(self, holder: Holder) -> t.Optional[Refusal]:
        """Why nothing may be taken from a user, a group or a role; of a group, because of one who is in it."""
        if isinstance(holder, Group):
            found = filter(None, (self._find_objection(user) for user in self._members.get(holder.name, ())))
            refusal = next(iter(found), None) or refuse_protected(holder.arn)
            return dataclasses.replace(refusal, target=holder.arn) if refusal else None
        return self._find_objection(holder)

    @functools.cached_property
    def _members(self) -> Mapping[str, tuple[User, ...]]:
        members: dict[str, tuple[User, ...]] = {}
        for user in self.snapshot.users:
            for name in user.groups:
                members[name] = (*members.get(name, ()), user)
        return members

    def members(self, group: Group) -> tuple[User, ...]:
        """The users in a group."""
        return self._members.get(group.name, ())

    def _find_objection(self, holder: Holder) -> t.Optional[Refusal]:
        return UntouchablePrincipals(self.callers, self.break_glass).refusal(holder.arn)


def refuse_protected_policy(holding: Holding) -> t.Optional[Refusal]:
    """Refuse to take a protected policy: some of AWS's own keep leaked keys and revoked sessions out."""
    # A document that does not parse may be one of them.
    only_denies = holding.policy is None or not any(statement.allow for statement in holding.policy.statements)
    reason = protection_of_holding(holding.name, holding.arn, only_denies=only_denies)
    return Refusal("protected", f"{holding.label} is never changed: {reason}", holding.owner.arn) if reason else None
