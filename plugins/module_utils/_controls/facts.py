# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Facts that several controls derive from a snapshot, derived once: lookups, and administrators by policy."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping

from .._account.model import (
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    Organization,
    Role,
    Snapshot,
    User,
)
from .._account.permissions import HeldPolicy, Permissions, Principal
from .._converge.arn import is_break_glass
from .._policy.analysis.power import Administrators, Analysis, Place, Power
from .._policy.analysis.trusts import Trust
from .._policy.documents.policy import Policy
from .._policy.escalation.paths import Path, Search, search
from .._policy.evaluation.patterns import is_open_somewhere

# The path of the roles of this collection.
OWN_PATH: t.Final = "/iam-hardening/"


@dataclasses.dataclass(frozen=True)
class Grant:
    """A policy that makes its principal an administrator: its name, how it comes there, and under which conditions.

    ``keys`` are the condition keys, MFA aside, that have to have certain values. Not ``alone``: it takes others of the
    principal's policies as well.
    """

    policy: str
    way: str
    needs_mfa: bool
    keys: tuple[str, ...] = ()
    alone: bool = True


@dataclasses.dataclass(frozen=True)
class Text:
    """A policy document of the account's own making, wherever it is kept.

    ``resource`` and ``resource_detail`` identify it in findings: the ARN of a managed policy, or the ARN of the
    principal with the name of the inline policy. ``policy`` is None where it does not parse. ``analyses`` answer what
    it allows by itself under what the organization and the boundaries of its principals leave of it, one for each
    boundary; there are none where it names all its resources, and so allows nothing on others.
    """

    resource: str
    resource_detail: t.Optional[str]
    label: str
    policy: t.Optional[Policy]
    attached: bool
    makes_administrator: bool
    analyses: tuple[Analysis, ...] = ()

    @property
    def is_inline(self) -> bool:
        return self.resource_detail is not None


class Facts:
    """A snapshot with the lookups that controls share. Derived on first use and kept; the snapshot never changes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        # By identity: ``permissions`` keeps the policies, and hands out the same one for the same documents.
        self._analysed: dict[tuple[int, int], Analysis] = {}
        self._trusts: dict[str, t.Optional[Trust]] = {}
        self._shared_trusts: dict[tuple[int, str], Trust] = {}
        self._break_glass: dict[tuple[str, ...], tuple[t.Union[User, Role], ...]] = {}

    @property
    def account_arn(self) -> str:
        """The ARN that stands for the account as a whole, which is that of its root user."""
        return f"arn:{self.snapshot.partition}:iam::{self.snapshot.account_id}:root"

    def aws_policy(self, name: str) -> str:
        """The ARN of an AWS managed policy in this partition."""
        return f"arn:{self.snapshot.partition}:iam::aws:policy/{name}"

    @functools.cached_property
    def policies(self) -> Mapping[str, ManagedPolicy]:
        return {policy.arn: policy for policy in self.snapshot.policies}

    @functools.cached_property
    def users(self) -> Mapping[str, User]:
        """Users by ARN."""
        return {user.arn: user for user in self.snapshot.users}

    @functools.cached_property
    def groups(self) -> Mapping[str, Group]:
        """Groups by name."""
        return {group.name: group for group in self.snapshot.groups}

    @functools.cached_property
    def principals(self) -> tuple[Principal, ...]:
        return (*self.snapshot.users, *self.snapshot.groups, *self.snapshot.roles)

    @functools.cached_property
    def credential_rows(self) -> tuple[CredentialRow, ...]:
        """The rows of the credential report that are about users of today.

        AWS hands out a report up to four hours old, while the list of users is live: a user that was deleted since
        is no finding, and a row says nothing of a new user of the same name. Where the list could not be read, all
        rows count.
        """
        report = self.snapshot.credential_report
        rows = report.users if report else ()
        if self.snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
            return rows
        return tuple(row for row in rows if row.arn in self.users and row.is_about(self.users[row.arn]))

    @functools.cached_property
    def unreported_users(self) -> tuple[User, ...]:
        """The users of whom the credential report says nothing, since they are newer than it."""
        known = {row.arn for row in self.credential_rows}
        return tuple(user for arn, user in self.users.items() if arn not in known)

    @functools.cached_property
    def organization(self) -> t.Optional[Organization]:
        return self.snapshot.organization

    @property
    def is_management_account(self) -> bool:
        return self.organization is not None and self.organization.management_account_id == self.snapshot.account_id

    @functools.cached_property
    def permissions(self) -> Permissions:
        """The policies of every principal, parsed."""
        return Permissions(self.snapshot)

    @functools.cached_property
    def place(self) -> Place:
        """The account, as the analysis of policies gets it."""
        organization = self.organization.id if self.organization else None
        return Place(self.snapshot.partition, self.snapshot.account_id, organization, self.snapshot.observed_at)

    @functools.cached_property
    def administrators(self) -> Administrators:
        """The principals that policies make administrators."""
        return Administrators(self.place)

    @functools.cached_property
    def texts(self) -> tuple[Text, ...]:
        """The customer managed policies, except those that only serve as boundaries, and all inline policies."""
        managed = (
            self._text(policy.arn, None, policy.name, self.permissions.policy(policy.arn), policy.attachment_count > 0)
            for policy in self.snapshot.policies
            if not policy.is_aws_managed and not (policy.boundary_usage_count and not policy.attachment_count)
        )
        inline = (
            self._text(
                principal.arn, f"inline policy {held.label}", f"{principal.name}/{held.label}", held.policy, True
            )
            for principal in self.principals
            for held in self.permissions.list_policies(principal.arn)
            if held.way == "inline"
        )
        return (*managed, *inline)

    def _text(
        self, resource: str, detail: t.Optional[str], label: str, policy: t.Optional[Policy], attached: bool
    ) -> Text:
        if policy is None:
            return Text(resource, detail, label, None, attached, makes_administrator=False)
        makes_administrator = self.administrators.alone(policy) is not None
        analyses = self._analyses(resource, policy) if is_open_somewhere(policy) else ()
        return Text(resource, detail, label, policy, attached, makes_administrator, analyses)

    def _analyses(self, resource: str, policy: Policy) -> tuple[Analysis, ...]:
        boundaries = [self.permissions.policy(arn) if arn else None for arn in self._boundaries.get(resource, {None})]
        # A principal without a boundary, or with an unknown one, is not limited by the boundaries of others.
        chosen = [None] if None in boundaries else boundaries
        return tuple(self._analysis(policy, item) for item in chosen)

    def _analysis(self, policy: Policy, boundary: t.Optional[Policy]) -> Analysis:
        # The same inline policy is often written into hundreds of users.
        key = (id(policy), id(boundary))
        if key not in self._analysed:
            self._analysed[key] = Analysis(self.permissions.limit((policy,), boundary), self.place)
        return self._analysed[key]

    @functools.cached_property
    def _boundaries(self) -> Mapping[str, set[t.Optional[str]]]:
        """The boundaries that users and roles have, by the ARNs of themselves, their groups and their policies."""
        found: dict[str, set[t.Optional[str]]] = {}
        for principal in self.principals:
            if isinstance(principal, Group):
                continue
            names = principal.groups if isinstance(principal, User) else ()
            items: tuple[Principal, ...] = (principal, *(self.groups[name] for name in names if name in self.groups))
            for item in items:
                for arn in (item.arn, *item.attached_policies):
                    found.setdefault(arn, set()).add(principal.boundary)
        return found

    @functools.cached_property
    def admin_policies(self) -> Mapping[str, Power]:
        """The ARNs of managed policies that make an administrator, with the conditions under which they do."""
        # Where the account may not read AWS's own (or a snapshot left it out), the name alone shows what it does.
        arns = (self.permissions.administrator_access, *self.policies)
        parsed = ((arn, self.permissions.policy(arn)) for arn in dict.fromkeys(arns))
        powers = ((arn, self.administrators.alone(policy)) for arn, policy in parsed if policy is not None)
        return {arn: power for arn, power in powers if power is not None}

    def grants_of(self, principal: Principal) -> tuple[Grant, ...]:
        """The grants that make a principal an administrator, all its policies taken together; empty if none do.

        Counted is what boundary and organization leave of them; a user's include those of its groups.
        """
        power = self.administrators.of(self.permissions.layers(principal.arn), principal.arn)
        if power is None:
            return ()
        held = [
            (item, item.policy) for item in self.permissions.list_policies(principal.arn) if item.policy is not None
        ]
        found = ((item, self.administrators.alone(policy, principal.arn)) for item, policy in held)
        alone = [(item, own) for item, own in found if own is not None]
        if alone and (not power.certain or any(own.certain for _item, own in alone)):
            return tuple(_grant(item, power, own) for item, own in alone)
        return tuple(
            dataclasses.replace(_grant(item, power, power), alone=False)
            for item, policy in held
            if self.administrators.contributes(policy)
        )

    @functools.cached_property
    def admin_users(self) -> Mapping[str, tuple[Grant, ...]]:
        """Users (by ARN) who are administrators, directly or through a group, with the reasons."""
        found = ((user.arn, self.grants_of(user)) for user in self.snapshot.users)
        return {arn: grants for arn, grants in found if grants}

    @functools.cached_property
    def admin_roles(self) -> Mapping[str, tuple[Grant, ...]]:
        """Roles (by ARN) that are administrators and that AWS does not own, with the reasons."""
        found = ((role.arn, self.grants_of(role)) for role in self.snapshot.roles if not role.is_aws_reserved)
        return {arn: grants for arn, grants in found if grants}

    @functools.cached_property
    def escalation(self) -> Search:
        """The administrators, and the paths by which others become one."""
        return search(self.permissions.landscape)

    @functools.cached_property
    def escalations(self) -> Mapping[str, Path]:
        """The path of each principal that can become an administrator, by its ARN."""
        return {path.source: path for path in self.escalation.paths}

    def break_glass(self, patterns: tuple[str, ...]) -> tuple[t.Union[User, Role], ...]:
        """The users and roles that are for emergencies: by their path, or since one of the ARN globs matches."""
        if patterns not in self._break_glass:
            found: tuple[t.Union[User, Role], ...] = (*self.snapshot.users, *self.snapshot.roles)
            self._break_glass[patterns] = tuple(item for item in found if is_break_glass(item.arn, patterns))
        return self._break_glass[patterns]

    def reads_everything(self, role: Role) -> bool:
        """Whether a role may read the data of services throughout, as with AWS's policy ReadOnlyAccess."""
        return Analysis(self.permissions.layers(role.arn), self.place).reads_everything()

    @property
    def knows_organization(self) -> bool:
        """Whether it was read which organization the account is in, if any."""
        return self.organization is not None or self.snapshot.missing(Dataset.ORGANIZATION) is None

    def trust(self, role: Role) -> t.Optional[Trust]:
        """The trust policy of a role, ready for questions; None where it does not parse.

        Roles with the same policy share one, unless a policy of the organization tells them apart.
        """
        if role.arn not in self._trusts:
            policy = self.permissions.trust(role.arn)
            self._trusts[role.arn] = None if policy is None else self._share_trust(policy, role)
        return self._trusts[role.arn]

    def _share_trust(self, policy: Policy, role: Role) -> Trust:
        key = (id(policy), role.arn if self._rcps_name_roles else "")
        if key not in self._shared_trusts:
            self._shared_trusts[key] = Trust(
                policy,
                role.arn,
                rcps=self.permissions.rcps,
                organization=self.place.organization,
                organization_known=self.knows_organization,
            )
        return self._shared_trusts[key]

    @functools.cached_property
    def _rcps_name_roles(self) -> bool:
        statements = (statement for policy in self.permissions.rcps for statement in policy.statements)
        return any(not statement.allow and statement.resources != ("*",) for statement in statements)

    @functools.cached_property
    def unreadable(self) -> tuple[str, ...]:
        """Labels of the account's own policies whose documents did not parse."""
        return tuple(text.label for text in self.texts if text.policy is None)


def _grant(item: HeldPolicy, power: Power, own: Power) -> Grant:
    keys = tuple(sorted({*power.keys, *own.keys}))
    return Grant(item.label, item.way, power.needs_mfa or own.needs_mfa, keys)
