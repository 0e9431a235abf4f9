# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The facts about an account or an organization that decide which principals a change affects."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping

from ..._account.model import Dataset, Group, Role, Snapshot, User
from ..._account.organization_tree import OrganizationTree

#: How an entry of ``Change.affects`` begins that stands for principals which could not be read.
UNKNOWN: t.Final = "unknown: "
#: Anybody: other accounts, AWS services and callers without credentials.
ANYBODY: t.Final = "*"
# The operations that give a managed policy to a user or a role.
_GIVING: t.Final = frozenset(
    f"{verb}{kind}{what}"
    for kind in ("User", "Role")
    for verb, what in (("Attach", "Policy"), ("Put", "PermissionsBoundary"))
)


class NotKnown(Exception):
    """The affected principals could not be read. The text names what is missing."""


class Reach(t.Protocol):
    """Answers whom a policy, a group or a node of an organization reaches. Each method may raise NotKnown."""

    def arn_of(self, kind: str, name: str) -> t.Optional[str]:
        """The ARN of a user or a role; None where there is none of this name, or nobody looked."""

    def owners(self, policy_arn: str) -> frozenset[str]:
        """The users and roles that have a managed policy themselves: attached, or as boundary."""

    def groups_with(self, policy_arn: str) -> frozenset[str]:
        """The names of the groups that a managed policy is attached to."""

    def members(self, group: str) -> frozenset[str]:
        """The users in a group."""

    def below(self, node_id: str) -> frozenset[str]:
        """The ids of the accounts that are ``node_id`` or lie below it."""

    def nodes_of(self, policy: Mapping[str, str]) -> frozenset[str]:
        """The nodes that a policy of the organization is attached to; by ``PolicyId``, or by name and type."""

    def management_account(self) -> str:
        """The id of the management account."""

    def administrators(self, service: str) -> frozenset[str]:
        """The ids of the accounts that are delegated administrators for a service."""


class KnownReach:
    """The answers from a snapshot and the picture of an organization."""

    def __init__(
        self, snapshot: t.Optional[Snapshot] = None, organization: t.Optional[OrganizationTree] = None
    ) -> None:
        unread = snapshot is None or snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is not None
        self._is_read = not unread
        self._arns: dict[tuple[str, str], str] = {}
        self._members: dict[str, set[str]] = {}
        self._owners: dict[str, set[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._tree = organization or (snapshot.organization_tree if snapshot else None)
        if snapshot is not None and not unread:
            self._take(snapshot)

    def _take(self, snapshot: Snapshot) -> None:
        principals: tuple[t.Union[User, Role], ...] = (*snapshot.users, *snapshot.roles)
        for principal in principals:
            kind = "user" if isinstance(principal, User) else "role"
            self._arns[kind, principal.name.lower()] = principal.arn
            self._hold(principal)
            if principal.boundary:
                self._owners.setdefault(principal.boundary, set()).add(principal.arn)
            for name in principal.groups if isinstance(principal, User) else ():
                self._members.setdefault(name.lower(), set()).add(principal.arn)
        for group in snapshot.groups:
            self._hold(group)

    def _hold(self, owner: t.Union[User, Role, Group]) -> None:
        for arn in owner.attached_policies:
            if isinstance(owner, Group):
                self._groups.setdefault(arn, set()).add(owner.name.lower())
            else:
                self._owners.setdefault(arn, set()).add(owner.arn)

    # Reach

    def arn_of(self, kind: str, name: str) -> t.Optional[str]:
        return self._arns.get((kind, name.lower()))

    def owners(self, policy_arn: str) -> frozenset[str]:
        if not self._is_read:
            raise NotKnown(f"who has {policy_arn}")
        return frozenset(self._owners.get(policy_arn, ()))

    def groups_with(self, policy_arn: str) -> frozenset[str]:
        if not self._is_read:
            raise NotKnown(f"the groups that have {policy_arn}")
        return frozenset(self._groups.get(policy_arn, ()))

    def members(self, group: str) -> frozenset[str]:
        if not self._is_read:
            raise NotKnown(f"the members of the group {group}")
        return frozenset(self._members.get(group.lower(), ()))

    def below(self, node_id: str) -> frozenset[str]:
        tree = self._tree
        if tree is None or (node_id not in tree.unit and node_id not in tree.account):
            raise NotKnown(f"the accounts below {node_id}")
        return frozenset(account.id for account in tree.accounts_under((node_id,)))

    def nodes_of(self, policy: Mapping[str, str]) -> frozenset[str]:
        key = _policy_key(policy)
        if self._tree is None:
            raise NotKnown(f"the targets of the organization policy {key}")
        names = ({item.id: item.targets, f"{item.type} {item.name}": item.targets} for item in self._tree.policies)
        found = {name: targets for pair in names for name, targets in pair.items()}
        return frozenset(found.get(key, ()))

    def management_account(self) -> str:
        if self._tree is None:
            raise NotKnown("the management account")
        return self._tree.management_account_id

    def administrators(self, service: str) -> frozenset[str]:
        if self._tree is None:
            raise NotKnown(f"the delegated administrators for {service}")
        delegated = self._tree.delegated_administrators
        return frozenset(account for account, services in delegated.items() if service in services)


class PlannedReach:
    """A reach with the additions of a plan's changes.

    A plan is a sequence: a user who joins a group by an early change is affected by a later change of this group.
    A removal by a plan is ignored, since the change may still be refused.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._members: dict[str, set[str]] = {}
        self._owners: dict[str, set[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._attached: dict[str, set[str]] = {}

    def note(self, operation: str, parameters: Mapping[str, t.Any], affected: Collection[str]) -> None:
        """Take a change into account that comes before others. ``affected`` are those whom it affects."""
        arn = str(parameters.get("PolicyArn") or parameters.get("PermissionsBoundary") or "")
        if operation == "AddUserToGroup":
            self._members.setdefault(str(parameters["GroupName"]).lower(), set()).update(affected)
        elif operation == "AttachGroupPolicy":
            self._groups.setdefault(arn, set()).add(str(parameters["GroupName"]).lower())
        elif operation in _GIVING:
            self._owners.setdefault(arn, set()).update(affected)
        elif operation == "AttachPolicy":
            self._attached.setdefault(_policy_key(parameters), set()).add(str(parameters["TargetId"]))

    def arn_of(self, kind: str, name: str) -> t.Optional[str]:
        return self._reach.arn_of(kind, name)

    def owners(self, policy_arn: str) -> frozenset[str]:
        return self._reach.owners(policy_arn) | frozenset(self._owners.get(policy_arn, ()))

    def groups_with(self, policy_arn: str) -> frozenset[str]:
        return self._reach.groups_with(policy_arn) | frozenset(self._groups.get(policy_arn, ()))

    def members(self, group: str) -> frozenset[str]:
        return self._reach.members(group) | frozenset(self._members.get(group.lower(), ()))

    def below(self, node_id: str) -> frozenset[str]:
        return self._reach.below(node_id)

    def nodes_of(self, policy: Mapping[str, str]) -> frozenset[str]:
        return self._reach.nodes_of(policy) | frozenset(self._attached.get(_policy_key(policy), ()))

    def management_account(self) -> str:
        return self._reach.management_account()

    def administrators(self, service: str) -> frozenset[str]:
        return self._reach.administrators(service)


def _policy_key(parameters: Mapping[str, t.Any]) -> str:
    """One text for a policy of the organization: its id, or its type and name."""
    identifier = parameters.get("PolicyId")
    return str(identifier) if identifier else f"{parameters.get('PolicyType')} {parameters.get('PolicyName')}"
