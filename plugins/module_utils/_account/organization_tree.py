# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An organization as one picture: its units, accounts and policies, and what is attached where. Pure, frozen data."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from .control_policies import ControlPolicy, PolicyDocument, PolicyLevel

SCP: t.Final = "SERVICE_CONTROL_POLICY"
RCP: t.Final = "RESOURCE_CONTROL_POLICY"
# AWS gives this status to a policy type on the root once EnablePolicyType is done.
ENABLED: t.Final = "ENABLED"
ACTIVE: t.Final = "ACTIVE"


@dataclasses.dataclass(frozen=True)
class Unit:
    """A root or an organizational unit. ``path`` is ``/`` for the root, ``/Workloads/Production`` for a unit."""

    id: str
    name: str
    path: str
    parent_id: t.Optional[str] = None


@dataclasses.dataclass(frozen=True)
class MemberAccount:
    """An account of the organization, the management account too. ``tags`` is None where they were not read.

    ``state`` is AWS's: PENDING_ACTIVATION, ACTIVE, SUSPENDED, PENDING_CLOSURE or CLOSED.
    """

    id: str
    name: str
    email: str
    state: str
    parent_id: str
    joined: t.Optional[datetime] = None
    tags: t.Optional[Mapping[str, str]] = None


@dataclasses.dataclass(frozen=True)
class OrganizationPolicy:
    """A policy with what it is attached to: ``targets`` are ids of the root, of units and of accounts.

    ``content`` is the text as AWS keeps it, byte for byte. ``tags`` is None where they were not read.
    """

    id: str
    arn: str
    name: str
    type: str
    description: str
    is_aws_managed: bool
    content: str
    document: PolicyDocument
    targets: tuple[str, ...] = ()
    tags: t.Optional[Mapping[str, str]] = None

    @functools.cached_property
    def as_control_policy(self) -> ControlPolicy:
        """As the layers of a principal know it."""
        return ControlPolicy(id=self.id, name=self.name, type=self.type, document=self.document)


@dataclasses.dataclass(frozen=True)
class OrganizationTree:
    """The organization as read in one pass.

    ``policy_types`` are those that the root knows, with AWS's status of each. ``delegated_administrators`` are account
    ids with the service principals delegated to them. Policies, delegations and trusted services are empty where they
    were not asked for.
    """

    id: str
    management_account_id: str
    feature_set: str
    root_id: str
    units: tuple[Unit, ...]
    accounts: tuple[MemberAccount, ...]
    policy_types: Mapping[str, str] = dataclasses.field(default_factory=dict)
    policies: tuple[OrganizationPolicy, ...] = ()
    delegated_administrators: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    trusted_services: tuple[str, ...] = ()

    @functools.cached_property
    def unit(self) -> Mapping[str, Unit]:
        """Root and units by their ids."""
        return {unit.id: unit for unit in self.units}

    @functools.cached_property
    def account(self) -> Mapping[str, MemberAccount]:
        """Accounts by their ids."""
        return {account.id: account for account in self.accounts}

    def path_of(self, target_id: str) -> str:
        """The path of a root or unit, or of the unit that an account is in. Raises KeyError: there is no such thing."""
        account = self.account.get(target_id)
        return self.unit[account.parent_id if account else target_id].path

    def name_of(self, target_id: str) -> str:
        """Return the common name of a target: the path of a unit, the name and id of an account."""
        account = self.account.get(target_id)
        return f"{account.name} ({account.id})" if account else self.unit[target_id].path

    def lineage(self, target_id: str) -> tuple[str, ...]:
        """The ids from the root down to ``target_id``, which is the last of them."""
        found = [target_id]
        account = self.account.get(target_id)
        parent = account.parent_id if account else self.unit[target_id].parent_id
        while parent is not None:
            found.append(parent)
            parent = self.unit[parent].parent_id
        return tuple(reversed(found))

    def accounts_under(self, target_ids: Iterable[str]) -> tuple[MemberAccount, ...]:
        """The accounts that are one of the targets, or below one, in the order of the tree."""
        wanted = set(target_ids)
        return tuple(account for account in self.accounts if not wanted.isdisjoint(self.lineage(account.id)))

    def levels(self, account_id: str) -> tuple[PolicyLevel, ...]:
        """Return the policies on each level from the root to the account, as the layers of its principals take them."""
        return tuple(self._level(target_id) for target_id in self.lineage(account_id))

    def _level(self, target_id: str) -> PolicyLevel:
        attached = [policy.as_control_policy for policy in self.policies if target_id in policy.targets]
        unit = self.unit.get(target_id)
        return PolicyLevel(
            target_id=target_id,
            target_name=unit.name if unit and unit.parent_id else target_id,
            scps=tuple(policy for policy in attached if policy.type == SCP),
            rcps=tuple(policy for policy in attached if policy.type == RCP),
        )

    def with_policies(self, policies: Iterable[OrganizationPolicy]) -> OrganizationTree:
        """The same organization with these policies in place of its own: what it would be after a change."""
        return dataclasses.replace(self, policies=tuple(policies))
