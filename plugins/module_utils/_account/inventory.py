# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The inventory of an account: who and what there is, with ages and last use, as plain JSON data.

What was not read is None, and said in ``unread``; an empty list is a fact. The credential report has no key ids,
so that access keys go by the user and the slot, 1 or 2.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from .model import (
    AccessKey,
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    PolicyDocument,
    Role,
    ServiceSpecificCredential,
    Snapshot,
    Unread,
    User,
)
from .moments import format_moment, whole_days

#: The datasets of an inventory.
DATASETS: t.Final = frozenset(
    {
        Dataset.ACCOUNT_ALIASES,
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.CREDENTIAL_REPORT,
        Dataset.OIDC_PROVIDERS,
        Dataset.SAML_PROVIDERS,
        Dataset.SERVICE_SPECIFIC_CREDENTIALS,
        Dataset.VIRTUAL_MFA_DEVICES,
    }
)

Entry = dict[str, t.Any]


def inventory(snapshot: Snapshot, *, now: datetime) -> Entry:
    """The account's users, groups, roles, policies and access keys; ages are full days at ``now``."""
    view = _View(snapshot, now)
    report = snapshot.credential_report
    entities = _entities(view)
    return {
        "account_id": snapshot.account_id,
        "account_alias": snapshot.account_alias,
        "partition": snapshot.partition,
        "observed_at": view.when(snapshot.observed_at),
        "credential_report_generated_at": view.when(report.generated) if report else None,
        "root": _credentials(view, report.root) if report and report.root else None,
        **entities,
        "summary": _summary(entities),
        "unread": [_describe_unread(unread) for unread in snapshot.unread if unread.dataset in DATASETS],
    }


class _View:
    """A snapshot at a moment, by what is looked up for each user."""

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        self.snapshot = snapshot
        self.now = now
        report = snapshot.credential_report
        self.root = report.root if report else None
        self.rows = {row.arn: row for row in report.users} if report else {}
        self.devices: dict[str, list[str]] = {}
        for device in snapshot.virtual_mfa_devices:
            if device.user_arn:
                self.devices.setdefault(device.user_arn, []).append(device.serial_number)
        self.credentials: dict[str, list[ServiceSpecificCredential]] = {}
        for credential in snapshot.service_specific_credentials:
            self.credentials.setdefault(credential.user, []).append(credential)

    def has(self, dataset: Dataset) -> bool:
        return self.snapshot.missing(dataset) is None

    def when(self, moment: t.Optional[datetime]) -> t.Optional[str]:
        return format_moment(moment) if moment else None

    def days(self, moment: t.Optional[datetime]) -> t.Optional[int]:
        return whole_days(moment, self.now) if moment else None


def _entities(view: _View) -> Entry:
    snapshot = view.snapshot
    detailed = view.has(Dataset.AUTHORIZATION_DETAILS)
    reported = view.has(Dataset.CREDENTIAL_REPORT)
    return {
        "users": _users(view) if detailed or reported else None,
        "groups": [_group(view, group) for group in snapshot.groups] if detailed else None,
        "roles": [_role(view, role) for role in snapshot.roles] if detailed else None,
        "policies": [_policy(view, policy) for policy in snapshot.policies] if detailed else None,
        "access_keys": _access_keys(view) if reported else None,
        "saml_providers": list(snapshot.saml_provider_arns) if view.has(Dataset.SAML_PROVIDERS) else None,
        "oidc_providers": list(snapshot.oidc_provider_arns) if view.has(Dataset.OIDC_PROVIDERS) else None,
    }


def _users(view: _View) -> list[Entry]:
    """Users by ARN. The credential report may be hours older than the rest: it can lack one, or still have one."""
    details = {user.arn: user for user in view.snapshot.users}
    return [_user(view, arn, details.get(arn), view.rows.get(arn)) for arn in sorted({*details, *view.rows})]


def _user(view: _View, arn: str, user: t.Optional[User], row: t.Optional[CredentialRow]) -> Entry:
    name = user.name if user else arn.rpartition("/")[2]
    created = user.created if user else row.created if row else None
    return {
        "name": name,
        "arn": arn,
        "path": user.path if user else None,
        "created": view.when(created),
        "age_days": view.days(created),
        "groups": list(user.groups) if user else None,
        "attached_policies": list(user.attached_policies) if user else None,
        "inline_policies": _names(user.inline_policies) if user else None,
        "permissions_boundary": user.boundary if user else None,
        "tags": dict(user.tags) if user else None,
        "virtual_mfa_devices": view.devices.get(arn, []) if view.has(Dataset.VIRTUAL_MFA_DEVICES) else None,
        "service_specific_credentials": _service_specific(view, name),
        "credentials": _credentials(view, row) if row else None,
    }


def _service_specific(view: _View, user: str) -> t.Optional[list[Entry]]:
    if not view.has(Dataset.SERVICE_SPECIFIC_CREDENTIALS):
        return None
    return [
        {
            "id": credential.credential_id,
            "service": credential.service,
            "status": credential.status,
            "created": view.when(credential.created),
            "age_days": view.days(credential.created),
            "expires": view.when(credential.expires),
        }
        for credential in view.credentials.get(user, [])
    ]


def _credentials(view: _View, row: CredentialRow) -> Entry:
    """Return the data of the credential report on root or a user."""
    used = [row.password_last_used, *(key.last_used for key in row.access_keys)]
    last_activity = max(filter(None, used), default=None)
    return {
        "password": {
            "enabled": row.password_enabled,
            "last_used": view.when(row.password_last_used),
            "idle_days": view.days(row.password_last_used),
            "last_changed": view.when(row.password_last_changed),
            "age_days": view.days(row.password_last_changed),
            "next_rotation": view.when(row.password_next_rotation),
        },
        "mfa_active": row.mfa_active,
        "access_keys": [_access_key(view, key) for key in row.access_keys],
        "signing_certificates": [
            {"slot": certificate.slot, "active": certificate.active, "age_days": view.days(certificate.last_rotated)}
            for certificate in row.certificates
        ],
        "last_activity": view.when(last_activity),
        "idle_days": view.days(last_activity),
    }


def _access_key(view: _View, key: AccessKey) -> Entry:
    return {
        "slot": key.slot,
        "active": key.active,
        "last_rotated": view.when(key.last_rotated),
        "age_days": view.days(key.last_rotated),
        "last_used": view.when(key.last_used),
        "idle_days": view.days(key.last_used),
        "last_used_service": key.last_used_service,
        "last_used_region": key.last_used_region,
    }


def _access_keys(view: _View) -> list[Entry]:
    """All keys in one list, root's first."""
    rows = [*([view.root] if view.root else []), *view.rows.values()]
    return [{"user": row.user, "arn": row.arn, **_access_key(view, key)} for row in rows for key in row.access_keys]


def _group(view: _View, group: Group) -> Entry:
    return {
        "name": group.name,
        "arn": group.arn,
        "path": group.path,
        "created": view.when(group.created),
        "members": [user.name for user in view.snapshot.users if group.name in user.groups],
        "attached_policies": list(group.attached_policies),
        "inline_policies": _names(group.inline_policies),
    }


def _role(view: _View, role: Role) -> Entry:
    return {
        "name": role.name,
        "arn": role.arn,
        "path": role.path,
        "created": view.when(role.created),
        "age_days": view.days(role.created),
        "last_used": view.when(role.last_used),
        "idle_days": view.days(role.last_used),
        "last_used_region": role.last_used_region,
        "owned_by_aws": role.is_aws_reserved,
        "attached_policies": list(role.attached_policies),
        "inline_policies": _names(role.inline_policies),
        "permissions_boundary": role.boundary,
        "trust_policy": role.trust.document,
        "instance_profiles": list(role.instance_profiles),
        "tags": dict(role.tags),
    }


def _policy(view: _View, policy: ManagedPolicy) -> Entry:
    return {
        "name": policy.name,
        "arn": policy.arn,
        "path": policy.path,
        "aws_managed": policy.is_aws_managed,
        "default_version": policy.default_version.name,
        "attachment_count": policy.attachment_count,
        "boundary_usage_count": policy.boundary_usage_count,
        "created": view.when(policy.created),
        "updated": view.when(policy.updated),
        "tags": dict(policy.tags),
    }


def _names(policies: Iterable[PolicyDocument]) -> list[str]:
    return [policy.name for policy in policies]


def _summary(entities: Mapping[str, t.Optional[list[Entry]]]) -> dict[str, t.Optional[int]]:
    """Counts of entities, and of those that an owner asks for first; None where they were not read."""
    counts = {name: None if entries is None else len(entries) for name, entries in entities.items()}
    policies = entities["policies"]
    own = [policy for policy in policies or [] if not policy["aws_managed"]]
    return {
        **counts,
        "customer_managed_policies": None if policies is None else len(own),
        **_credential_counts(entities["users"] or [], entities["access_keys"]),
    }


def _credential_counts(users: Iterable[Entry], keys: t.Optional[list[Entry]]) -> dict[str, t.Optional[int]]:
    if keys is None:
        return dict.fromkeys(("users_with_password", "users_with_password_without_mfa", "active_access_keys"))
    known = (user["credentials"] for user in users if user["credentials"])
    with_password = [credentials for credentials in known if credentials["password"]["enabled"]]
    return {
        "users_with_password": len(with_password),
        "users_with_password_without_mfa": sum(not credentials["mfa_active"] for credentials in with_password),
        "active_access_keys": sum(key["active"] for key in keys),
    }


def _describe_unread(unread: Unread) -> Entry:
    return {
        "dataset": unread.dataset.value,
        "kind": unread.kind.value,
        "reason": unread.reason,
        "operation": unread.operation,
    }
