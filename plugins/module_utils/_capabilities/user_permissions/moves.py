# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies that move from users into groups, such that nobody has more or less than before.

A policy stays what it is on its way: what is attached to users is attached to the group, what is inline becomes an
inline policy of the group. So a user's own set of statements stays the same, and what has to be found out is what the
others in the group, and those who join it, would get besides.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.model import Group, Snapshot, User
from ..._account.permissions import Permissions
from ..._converge.change import Change, Refusal
from ..._converge.protected import protection_of
from ..._policy.documents.limits import LIMITS, size
from ..._policy.documents.policy import Kind
from ..._policy.impact.difference import find_lost_actions
from .changes import Holding, PermissionsWriter, apply_changes, list_holdings
from .declared import Declared, GroupRule
from .untouchable import Untouchable, refuse_protected_policy

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; an account's own are in its summary.
_QUOTAS: t.Final[Mapping[str, int]] = {
    "AttachedPoliciesPerGroupQuota": 10,
    "GroupPolicySizeQuota": LIMITS[Kind.INLINE_GROUP],
    "GroupsPerUserQuota": 10,
    "GroupsQuota": 300,
}
_LONGEST_NAME: t.Final = 128
# Of the meaning of an inline policy, so many digits tell two of the same name apart.
_DIGITS: t.Final = 8


@dataclasses.dataclass(frozen=True)
class Moves:
    """The outcome of moving: changes that add something, those that take away after them, and the refused moves."""

    adding: tuple[Change, ...] = ()
    taking: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Item:
    """One policy, and the users from whom it moves into one group."""

    holding: Holding
    movers: tuple[Holding, ...]


class _Target:
    """One declared group as it fills: its members and its policies, and the writes that this takes."""

    def __init__(self, rule: GroupRule, present: t.Optional[Group], mover: _Mover) -> None:
        self.rule = rule
        self.is_there = present is not None
        self.name = present.name if present else rule.name
        self.arn = present.arn if present else mover.writer.group_arn(rule.name, rule.path)
        self.held: dict[tuple[str, str], Holding] = {}
        self.inline_names: dict[tuple[str, str], str] = {}
        self.members: dict[str, User] = {}
        self.unknown: tuple[str, ...] = ()
        if present:
            held = list_holdings(mover.permissions, present)
            self.held = {item.key: item for item in held}
            self.inline_names = {item.key: item.name for item in held if item.arn is None}
            self.members = {user.arn: user for user in mover.snapshot.users if self.name in user.groups}
            self.unknown = tuple(item.label for item in held if item.policy is None)

    def through(self, holding: Holding) -> dict[str, str]:
        """Where a user's policy is found in the group."""
        if holding.arn is not None:
            return {"group": self.name, "policy": holding.arn}
        return {"group": self.name, "inline_policy": self.inline_names[holding.key]}

    def inline_name(self, holding: Holding) -> str:
        """A name for an inline policy that no other of the group's has, the same in every run."""
        if holding.name not in self.inline_names.values():
            return holding.name
        return f"{holding.name[: _LONGEST_NAME - _DIGITS - 1]}-{holding.key[1][:_DIGITS]}"


class _Mover:
    """Finds out, group by group, what may move."""

    def __init__(self, permissions: Permissions, declared: Declared, untouchable: Untouchable) -> None:
        self.permissions = permissions
        self.snapshot: Snapshot = permissions.snapshot
        self.writer = PermissionsWriter(self.snapshot.account_id, self.snapshot.partition)
        self._declared = declared
        self._untouchable = untouchable
        self.adding: list[Change] = []
        self.taking: list[Change] = []
        self.refused: list[Refusal] = []
        self._groups = {group.name.lower(): group for group in self.snapshot.groups}
        self._joined: dict[str, int] = {}
        self._created = 0
        self._kept = self._drop_removals()

    def _drop_removals(self) -> Permissions:
        """Drop the removals from the account's permissions, as if they were made.

        A policy that is removed from a principal must not come back to it through a group.
        """
        taken = [
            self.writer.remove(holding, is_admin=False, population=0)
            for owner in (self.permissions.entities.values() if self._declared.removals else ())
            for holding in list_holdings(self.permissions, owner)
            if self._declared.removes(owner, holding.name, holding.arn)
        ]
        return Permissions(apply_changes(self.snapshot, taken)) if taken else self.permissions

    def quota(self, name: str) -> int:
        return self.snapshot.summary.get(name, _QUOTAS[name])

    def plan(self) -> Moves:
        wanted = self._collect_holdings()
        for rule in self._declared.groups:
            target = _Target(rule, self._groups.get(rule.name.lower()), self)
            for item in _group_holdings(wanted.get(rule.name, ())):
                self._move(target, item)
        return Moves(tuple(self.adding), tuple(self.taking), tuple(self.refused))

    def _collect_holdings(self) -> dict[str, list[Holding]]:
        """Collect the policies that are to move, by the name of the declared group."""
        wanted: dict[str, list[Holding]] = {}
        for user in sorted(self.snapshot.users, key=lambda item: item.name):
            for holding in list_holdings(self.permissions, user):
                rule = self._declared.find_rule(user, holding.name, holding.arn)
                # A policy that is to be removed is not moved into a group before.
                if rule is None or self._declared.removes(user, holding.name, holding.arn):
                    continue
                refusal = self._refuse_untouchable(user, holding)
                if refusal is None:
                    wanted.setdefault(rule.name, []).append(holding)
                elif refusal not in self.refused:
                    self.refused.append(refusal)
        return wanted

    def _refuse_untouchable(self, user: User, holding: Holding) -> t.Optional[Refusal]:
        refusal = self._untouchable.principal(user) or refuse_protected_policy(holding)
        if refusal is None and holding.policy is None:
            reason = f"the content of {holding.label} is not known, so its effect on the group can't be evaluated"
            refusal = Refusal("unknown", reason, user.arn)
        return refusal

    # One policy

    def _move(self, target: _Target, item: _Item) -> None:
        movers = [holding for holding in item.movers if not self._try_hand_over(target, holding)]
        movers = [holding for holding in movers if self._may_join(target, holding)]
        if not movers:
            return
        objection = (
            self._check_protection(target, item.holding, movers)
            or self._check_members(target, item, movers)
            or self._check_room(target, item.holding)
        )
        if objection:
            self._refuse(*objection, target, movers)
            return
        self._give(target, item.holding)
        for holding in movers:
            user = t.cast(User, holding.owner)
            if user.arn not in target.members:
                target.members[user.arn] = user
                self._joined[user.arn] = self._joined.get(user.arn, 0) + 1
                self.adding.append(self.writer.add_member(user, target.name))
            self._hand_over(holding, target.through(holding))

    def _check_protection(
        self, target: _Target, holding: Holding, movers: Iterable[Holding]
    ) -> t.Optional[tuple[str, str]]:
        """Check whether the group is protected, if the move would make, fill or join it."""
        reason = protection_of(target.arn)
        as_it_is = holding.key in target.held and all(item.owner.arn in target.members for item in movers)
        return ("protected", f"{target.name} is never changed: {reason}") if reason and not as_it_is else None

    def _try_hand_over(self, target: _Target, holding: Holding) -> bool:
        """Hand the policy over if the user has it through a group already, maybe another one than the declared one."""
        user = t.cast(User, holding.owner)
        if user.arn in target.members and holding.key in target.held:
            return False
        for name in user.groups:
            group = self._groups.get(name.lower())
            for item in list_holdings(self.permissions, group) if group else ():
                if item.key == holding.key:
                    kind, value = ("policy", item.arn) if item.arn is not None else ("inline_policy", item.name)
                    self._hand_over(holding, {"group": name, kind: str(value)})
                    return True
        return False

    def _hand_over(self, holding: Holding, through: Mapping[str, str]) -> None:
        self.taking.append(self.writer.hand_over(holding, through, population=len(self.snapshot.users)))

    def _may_join(self, target: _Target, holding: Holding) -> bool:
        """Whether a user is in the group, or may be: its policies, those accepted so far among them, change nothing."""
        user = t.cast(User, holding.owner)
        if user.arn in target.members:
            return True
        objection = self._check_joining(target, user)
        if objection:
            self._refuse(*objection, target, [holding])
        return objection is None

    def _check_joining(self, target: _Target, user: User) -> t.Optional[tuple[str, str]]:
        limit = self.quota("GroupsPerUserQuota")
        if len(user.groups) + self._joined.get(user.arn, 0) >= limit:
            return "quota", f"{user.name} is already in {limit} groups, the limit (GroupsPerUserQuota)"
        if target.unknown:
            return "unknown", f"the content of {', '.join(target.unknown)} of {target.name} is not known"
        difference = self._describe_difference(user, target.held.values())
        return ("difference", f"by joining {target.name}, {user.name} would {difference}") if difference else None

    def _check_members(self, target: _Target, item: _Item, movers: Iterable[Holding]) -> t.Optional[tuple[str, str]]:
        if item.holding.key in target.held:
            return None
        having = {holding.owner.arn for holding in item.movers}
        joining = {holding.owner.arn: t.cast(User, holding.owner) for holding in movers}
        for arn, user in {**target.members, **joining}.items():
            difference = None if arn in having else self._describe_difference(user, (item.holding,))
            if difference:
                return "difference", f"{user.name}, a member of {target.name}, would {difference}"
        return None

    def _describe_difference(self, user: User, more: Iterable[Holding]) -> str:
        """Describe the effect of more policies on a user; empty if none."""
        before = self._kept.layers(user.arn)
        added = tuple(item.policy for item in more if item.policy is not None)
        return describe_difference(user.arn, before, dataclasses.replace(before, identity=(*before.identity, *added)))

    def _check_room(self, target: _Target, holding: Holding) -> t.Optional[tuple[str, str]]:
        """Check whether the group has room for a policy; returns the objection."""
        if holding.key in target.held:
            return None
        limit = self.quota("GroupsQuota")
        if not target.is_there and len(self._groups) + self._created >= limit:
            return "quota", f"the account already has {limit} groups, the limit (GroupsQuota)"
        if holding.arn is not None:
            limit = self.quota("AttachedPoliciesPerGroupQuota")
            count = sum(item.arn is not None for item in target.held.values())
            if count < limit:
                return None
            return "quota", (
                f"{target.name} already has {limit} attached policies, the limit (AttachedPoliciesPerGroupQuota)"
            )
        limit = self.quota("GroupPolicySizeQuota")
        taken = (item for item in (*target.held.values(), holding) if item.arn is None)
        total = sum(size(item.document or {}, Kind.INLINE_GROUP) for item in taken)
        if total <= limit:
            return None
        return (
            "quota",
            f"the inline policies of {target.name} would have {total} characters of {limit} (GroupPolicySizeQuota)",
        )

    def _give(self, target: _Target, holding: Holding) -> None:
        if holding.key in target.held:
            return
        if not target.is_there:
            target.is_there = True
            self._created += 1
            self.adding.append(self.writer.create_group(target.name, target.rule.path))
        name = target.inline_name(holding)
        target.held[holding.key] = holding
        if holding.arn is None:
            target.inline_names[holding.key] = name
        self.adding.append(self.writer.give(target.name, target.arn, holding, name))

    def _refuse(self, rule: str, reason: str, target: _Target, movers: Sequence[Holding]) -> None:
        # Another group is no help to a user, or an account, that can't have one more; nor is one of a protected name.
        helps = rule != "protected" and "GroupsPerUserQuota" not in reason and "GroupsQuota" not in reason
        proposal = f"; {_describe_proposal(target, movers)}" if helps else ""
        for holding in movers:
            text = f"{holding.label} stays with {holding.owner.name}: {reason}{proposal}"
            operation = "DetachUserPolicy" if holding.arn is not None else "DeleteUserPolicy"
            self.refused.append(Refusal(rule, text, holding.owner.arn, operation))


def plan_moves(permissions: Permissions, declared: Declared, untouchable: Untouchable) -> Moves:
    """Plan which of the users' own policies move into the declared groups."""
    return _Mover(permissions, declared, untouchable).plan()


def describe_difference(arn: str, before: t.Any, after: t.Any) -> str:
    """Describe the actions that a principal would gain and lose; empty if none."""
    gained, gone = find_lost_actions(after, before, arn), find_lost_actions(before, after, arn)
    texts = [f"gain {', '.join(gained)}"] if gained else []
    texts += [f"lose {', '.join(gone)}"] if gone else []
    return " and ".join(texts)


def _group_holdings(holdings: Iterable[Holding]) -> list[_Item]:
    """Group the holdings that move into one group by policy; those of most users come first: they fit everybody."""
    by_key: dict[tuple[str, str], list[Holding]] = {}
    for holding in holdings:
        by_key.setdefault(holding.key, []).append(holding)
    items = [_Item(found[0], tuple(found)) for found in by_key.values()]
    return sorted(items, key=lambda item: (-len(item.movers), item.holding.key))


def _describe_proposal(target: _Target, movers: Sequence[Holding]) -> str:
    names = [item.owner.name for item in movers]
    policy = movers[0].name
    suffix = names[0] if len(names) == 1 else policy
    own = f"{{name: {target.rule.name}-{suffix}, users: [{', '.join(names)}], policies: [{policy}]}}"
    return f"declare a separate group before {target.rule.name}, such as {own}"
