# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan of what one dormant policy denies from above: the named, and with a lock the writes to identities.

Only the content of the policy is changed. Who made and attached it does not need to be there in an incident.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ..._account.answer import NO, Answer, No, Unknown, Yes
from ..._account.organization_tree import ACTIVE, ENABLED, SCP, OrganizationPolicy, OrganizationTree
from ..._converge.change import Change, content_hash
from ..._converge.incident.identity_lock import LockSeed
from ..._converge.organization_changes import PolicyWriter
from ..._incident.control_policy import Content
from ..._incident.from_above import (
    DORMANT,
    NAME,
    TAG,
    Lock,
    Named,
    Orders,
    describe_owner,
    find_owner,
    read_orders,
    write_orders,
)
from .declared import ACCOUNT, Declared
from .members import Member


@dataclasses.dataclass(frozen=True)
class Sources:
    """The proven sources of one account: users, and roles with the last moment at which their sessions were cut."""

    users: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    cut_at: t.Optional[datetime] = None


@dataclasses.dataclass(frozen=True)
class LockPlan:
    """What the dormant policy is to say. ``unlocked`` says of each account of the lock why it is not locked.

    Without ``content`` the incident has nothing to say there. ``left_out`` are the named that do not fit into it.
    """

    orders: Orders = Orders()
    content: t.Optional[Content] = None
    changes: tuple[Change, ...] = ()
    unlocked: Mapping[str, str] = dataclasses.field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class LockPlanner:
    """Plans the content of the dormant policy. ``sources`` are those of each account, if its host has found any."""

    declared: Declared
    now: datetime
    management_id: str
    tree: OrganizationTree
    members: Mapping[str, Member]
    sources: Mapping[str, Answer[Sources]]

    def plan(self) -> LockPlan:
        """Plan the content. An incident without a lock lifts its lock, and leaves the named denied."""
        seed, policy = self.declared.incident.identity_lock, find_dormant(self.tree)
        orders = read_own_orders(policy, self.declared.incident.id)
        if isinstance(orders, Unknown) or policy is None:
            reason = orders.reason if isinstance(orders, Unknown) else _NO_POLICY
            return LockPlan(unlocked=dict.fromkeys(seed.accounts, reason))
        present = orders.value if isinstance(orders, Yes) else Orders()
        unlocked = {account_id: why for account_id in seed.accounts if (why := self._find_reason(account_id, present))}
        locked = frozenset(seed.accounts) - unlocked.keys()
        wanted = Orders(self._name(locked, present), self._lock(seed, locked, present))
        if isinstance(orders, No) and wanted == Orders():
            return LockPlan(unlocked=unlocked)
        try:
            content, left_out = write_orders(wanted)
        except ValueError as error:
            return LockPlan(unlocked={**unlocked, **dict.fromkeys(locked, str(error))})
        return LockPlan(wanted, content, self._write(policy, content), unlocked, left_out)

    def _find_reason(self, account_id: str, present: Orders) -> str:
        """Find out why an account is not locked; empty if it is."""
        account, is_locked = (
            self.tree.account.get(account_id),
            bool(present.lock and account_id in present.lock.accounts),
        )
        if account_id == self.tree.management_account_id:
            return "no control policy binds the management account"
        if account is None or account.state != ACTIVE:
            return "the organization has no such account that is active"
        if self.tree.policy_types.get(SCP) != ENABLED:
            return "control policies are not enabled in the organization"
        policy = find_dormant(self.tree)
        if policy and not {account_id, *self.tree.lineage(account_id)} & set(policy.targets):
            return (
                f"{NAME} is attached to nothing above it: add it to ContainmentDormantTargets of the containment stack"
            )
        return "" if is_locked else self._find_lack(account_id)

    def _find_lack(self, account_id: str) -> str:
        """Find out what is not proven of an account: a credential of the incident, or a way in for the run."""
        found = self.sources.get(account_id, _NOT_ASKED)
        if isinstance(found, Unknown):
            return f"it is not known whether a credential of the incident is of it: {found.reason}"
        if isinstance(found, No):
            return "no credential of the incident is proven to be of it"
        if not self._list_exempt(account_id):
            member = self.members.get(account_id, Member(account_id, problem="it was not read"))
            lacks = [f"{one.arn}: {one.problem}" for one in member.keepers if one.problem]
            return f"the run could not go on there: {member.problem or '; '.join(lacks) or 'exempt_roles is empty'}"
        return ""

    def _list_exempt(self, account_id: str) -> frozenset[str]:
        """List the roles that are not bound; none if the roles by which the run writes are not among them."""
        member = self.members.get(account_id, Member(account_id))
        reader = self.declared.member_role_arn.replace(ACCOUNT, account_id)
        writers = {one.arn for one in member.keepers if not one.is_break_glass} - {reader}
        return frozenset(member.exempt) if writers & set(member.exempt) else frozenset()

    def _name(self, locked: frozenset[str], present: Orders) -> Named:
        """Name who is denied: nobody is released because a later pass does not find him."""
        known = present.named
        found = [one.value for account_id in locked if isinstance(one := self.sources.get(account_id, NO), Yes)]
        users = frozenset[str]().union(known.arns, *(one.users for one in found))
        ids = {one for account_id in locked for arn, one in self._list_ids(account_id) if arn in users}
        roles = frozenset[str]().union(known.shared_roles, *(one.roles for one in found))
        moment = known.begun_before
        if roles != known.shared_roles:
            moment = max((one.cut_at for one in found if one.cut_at), default=self.now)
        return Named(users, known.user_ids | ids, roles, moment.replace(microsecond=0) if moment else None)

    def _list_ids(self, account_id: str) -> Iterator[tuple[str, str]]:
        member = self.members.get(account_id)
        yield from member.user_ids.items() if member else ()

    def _lock(self, seed: LockSeed, locked: frozenset[str], present: Orders) -> t.Optional[Lock]:
        """Lock the accounts. A lock that is there is prolonged once less than half of it is left."""
        if not locked:
            return None
        until, known = (self.now + timedelta(minutes=seed.minutes)).replace(microsecond=0), present.lock
        if known and locked <= known.accounts and known.until >= self.now + timedelta(minutes=seed.minutes / 2):
            return dataclasses.replace(known, accounts=locked)
        exempt = frozenset[str]().union(known.exempt if known else (), *map(self._list_exempt, locked))
        return Lock(locked, until, exempt)

    def _write(self, policy: OrganizationPolicy, content: Content) -> tuple[Change, ...]:
        if content_hash(policy.document.document) == content_hash(content.document):
            return ()
        writer = PolicyWriter(self.management_id, NAME, SCP, policy)
        return (writer.update(policy, content, describe_owner(self.declared.incident.id)),)


_NO_POLICY: t.Final = (
    f"the organization has no policy {NAME}: make it with ContainmentDormantTargets of the containment stack, or name "
    "the account in accounts of the incident"
)
_NOT_ASKED: t.Final = Unknown("its host has found nothing in this run, so run contain.yml with all accounts")


def find_dormant(tree: OrganizationTree) -> t.Optional[OrganizationPolicy]:
    """Find the policy that the bootstrap made, whatever it says now."""
    return next((policy for policy in tree.policies if policy.name == NAME and policy.type == SCP), None)


def read_own_orders(policy: t.Optional[OrganizationPolicy], incident_id: str) -> Answer[Orders]:
    """Read what the dormant policy says for an incident: no if it is dormant, unknown if it is not to be changed."""
    if policy is None:
        return NO
    if (policy.tags or {}).get(TAG[0]) != TAG[1]:
        return Unknown(f"{NAME} has no tag {TAG[0]}={TAG[1]}, so it is somebody else's: rename it")
    if content_hash(policy.document.document) == content_hash(DORMANT.document):
        return NO
    owner, orders = find_owner(policy.description), read_orders(policy.document.document)
    if not owner or orders is None:
        return Unknown(f"the content of {NAME} is none that a run wrote: find out in CloudTrail who changed it")
    if owner != incident_id:
        return Unknown(f"{NAME} is in use by incident {owner}: release that one first, or contain both as one")
    return Yes(orders)
