# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What several controls derive from a snapshot, derived once: lookups, and who is an administrator by which policy."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterator, Mapping

from .._account.model import (
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    Organization,
    PolicyDocument,
    Role,
    Snapshot,
    User,
)
from .._policy import documents

Principal = t.Union[User, Group, Role]

# Administrators on purpose: the ways in that AWS Organizations, Control Tower and this collection set up.
APPROVED_ADMINISTRATORS: t.Final = re.compile(
    r"OrganizationAccountAccessRole|AWSControlTower.*|AWSAccelerator.*|AWSAFT.*|cdk-.*"
)
OWN_PATH: t.Final = "/iam-hardening/"


@dataclasses.dataclass(frozen=True)
class Grant:
    """A policy that makes its principal an administrator: its name, how it comes there, whether it requires MFA."""

    policy: str
    way: str
    needs_mfa: bool


@dataclasses.dataclass(frozen=True)
class Text:
    """A policy document of the account's own making, wherever it is kept.

    ``resource`` and ``resource_detail`` identify it in findings: the ARN of a managed policy, or the ARN of the
    principal with the name of the inline policy.
    """

    resource: str
    resource_detail: t.Optional[str]
    label: str
    document: PolicyDocument
    attached: bool
    makes_administrator: bool

    @property
    def is_inline(self) -> bool:
        return self.resource_detail is not None


class Facts:
    """A snapshot with the lookups that controls share. Derived on first use and kept; the snapshot never changes."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

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
        """The users of the credential report that still exist.

        AWS hands out a report up to four hours old, while the list of users is live: a user that was deleted since
        is no finding. Where the list could not be read, all rows count.
        """
        report = self.snapshot.credential_report
        rows = report.users if report else ()
        if self.snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
            return rows
        return tuple(row for row in rows if row.arn in self.users)

    @functools.cached_property
    def users_newer_than_report(self) -> int:
        """How many users the credential report does not know yet."""
        report = self.snapshot.credential_report
        known = {row.arn for row in report.users} if report else set()
        return sum(arn not in known for arn in self.users)

    @functools.cached_property
    def organization(self) -> t.Optional[Organization]:
        return self.snapshot.organization

    @property
    def is_management_account(self) -> bool:
        return self.organization is not None and self.organization.management_account_id == self.snapshot.account_id

    @functools.cached_property
    def texts(self) -> tuple[Text, ...]:
        """The customer managed policies, except those that only serve as boundaries, and all inline policies."""
        managed = (
            _text(policy.arn, None, policy.name, policy.default_version, policy.attachment_count > 0)
            for policy in self.snapshot.policies
            if not policy.is_aws_managed and not (policy.boundary_usage_count and not policy.attachment_count)
        )
        inline = (
            _text(principal.arn, f"inline policy {policy.name}", f"{principal.name}/{policy.name}", policy, True)
            for principal in self.principals
            for policy in principal.inline_policies
        )
        return (*managed, *inline)

    @functools.cached_property
    def admin_policies(self) -> Mapping[str, bool]:
        """The ARNs of managed policies that make an administrator, with whether they require MFA to do so."""
        found = {}
        for policy in self.snapshot.policies:
            needs_mfa = admin_by(policy.default_version)
            if needs_mfa is not None:
                found[policy.arn] = needs_mfa
        # Where the account may not read it (or a snapshot left it out), the name alone tells what it does.
        return {self.aws_policy("AdministratorAccess"): False, **found}

    def grants_of(self, principal: Principal) -> tuple[Grant, ...]:
        """What makes a principal an administrator by itself, groups aside."""
        attached = (
            Grant(arn.rpartition("/")[2], "attached", self.admin_policies[arn])
            for arn in principal.attached_policies
            if arn in self.admin_policies
        )
        inline = (
            Grant(policy.name, "inline", needs_mfa)
            for policy in principal.inline_policies
            if (needs_mfa := admin_by(policy)) is not None
        )
        return (*attached, *inline)

    def is_bounded(self, principal: t.Union[User, Role]) -> bool:
        """Whether a permissions boundary that is known to allow less keeps a principal from being an administrator."""
        if principal.boundary is None or principal.boundary in self.admin_policies:
            return False
        boundary = self.policies.get(principal.boundary)
        return boundary is not None and boundary.default_version.document is not None

    @functools.cached_property
    def admin_users(self) -> Mapping[str, tuple[Grant, ...]]:
        """Users (by ARN) who are administrators, directly or through a group, with the reasons."""
        return dict(self._admin_users())

    def _admin_users(self) -> Iterator[tuple[str, tuple[Grant, ...]]]:
        by_group = {name: self.grants_of(group) for name, group in self.groups.items()}
        for user in self.snapshot.users:
            through = (
                dataclasses.replace(grant, way=f"group {name}")
                for name in user.groups
                for grant in by_group.get(name, ())
            )
            grants = (*self.grants_of(user), *through)
            if grants and not self.is_bounded(user):
                yield user.arn, grants

    @functools.cached_property
    def admin_roles(self) -> Mapping[str, tuple[Grant, ...]]:
        """Roles (by ARN) that are administrators and that AWS does not own, with the reasons."""
        found = {}
        for role in self.snapshot.roles:
            grants = () if role.is_aws_reserved else self.grants_of(role)
            if grants and not self.is_bounded(role):
                found[role.arn] = grants
        return found

    @functools.cached_property
    def unreadable(self) -> tuple[str, ...]:
        """Labels of the account's own policies whose documents did not parse."""
        return tuple(text.label for text in self.texts if text.document.document is None)


def _text(resource: str, detail: t.Optional[str], label: str, document: PolicyDocument, attached: bool) -> Text:
    return Text(resource, detail, label, document, attached, makes_administrator=admin_by(document) is not None)


def admin_by(policy: PolicyDocument) -> t.Optional[bool]:
    """None where a document makes no administrator; else whether every statement that does requires MFA."""
    granting = [item for item in documents.statements(policy.document) if documents.grants_everything(item)]
    return all(documents.requires_mfa(item) for item in granting) if granting else None


def is_approved_administrator(role: Role) -> bool:
    """Whether a role is an administrator by design of AWS Organizations, Control Tower or this collection."""
    return role.path.startswith(OWN_PATH) or APPROVED_ADMINISTRATORS.fullmatch(role.name) is not None
