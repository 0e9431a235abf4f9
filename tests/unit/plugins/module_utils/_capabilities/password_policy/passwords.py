# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts with password policies and users, for the tests of the password policy."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    CredentialReport,
    CredentialRow,
    Dataset,
    PasswordPolicy,
    PolicyDocument,
    Role,
    Snapshot,
    Unread,
    UnreadKind,
)

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 25, tzinfo=UTC)

STRONG = PasswordPolicy(
    minimum_length=14,
    require_symbols=True,
    require_numbers=True,
    require_uppercase=True,
    require_lowercase=True,
    allow_users_to_change=True,
    reuse_prevention=24,
)
WEAK = PasswordPolicy(
    minimum_length=6,
    require_symbols=False,
    require_numbers=True,
    require_uppercase=False,
    require_lowercase=False,
    allow_users_to_change=False,
)


def user(name: str, age: t.Optional[int], *, password: bool = True) -> CredentialRow:
    """A user whose password is ``age`` days old; None for an age that AWS does not tell."""
    return CredentialRow(
        user=name,
        arn=f"arn:aws:iam::{ACCOUNT}:{'root' if name == '<root_account>' else 'user/' + name}",
        created=NOW - timedelta(days=2000),
        password_enabled=password,
        password_last_used=None,
        password_last_changed=None if age is None else NOW - timedelta(days=age),
        password_next_rotation=None,
        mfa_active=False,
        access_keys=(),
        certificates=(),
    )


def role(name: str, principal: t.Any, *, policy: str = "AdministratorAccess", path: str = "/", **fields: t.Any) -> Role:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
    return Role(
        name=name,
        arn=f"arn:aws:iam::{ACCOUNT}:role{path}{name}",
        path=path,
        created=NOW,
        trust=PolicyDocument("trust", trust),
        attached_policies=(f"arn:aws:iam::aws:policy/{policy}",),
        inline_policies=(),
        **{"boundary": None, "last_used": None, "last_used_region": None, **fields},
    )


def unread(*datasets: Dataset) -> tuple[Unread, ...]:
    return tuple(Unread(dataset, UnreadKind.DENIED, "AccessDenied", "iam:Get") for dataset in datasets)


def account(
    policy: t.Optional[PasswordPolicy], *users: CredentialRow, roles: tuple[Role, ...] = (), **fields: t.Any
) -> Snapshot:
    """An account with this policy and these users; all of it read unless ``unread`` says otherwise."""
    given: dict[str, t.Any] = {
        "caller": Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/automation/x", "AROA:x"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": NOW,
        "regions": (),
        # The list of users is not read by this module, so that every row of the report counts.
        "unread": unread(Dataset.AUTHORIZATION_DETAILS),
        "password_policy": policy,
        "credential_report": CredentialReport(generated=NOW, root=user("<root_account>", 999), users=users),
        "roles": roles,
    }
    return Snapshot(**{**given, **fields})
