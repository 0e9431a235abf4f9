# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small accounts to judge: everything is in order unless a test says otherwise."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    Caller,
    Certificate,
    CredentialReport,
    CredentialRow,
    Dataset,
    Group,
    ManagedPolicy,
    Organization,
    PolicyDocument,
    Role,
    Snapshot,
    Unread,
    UnreadKind,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.assess import assess
from ansible_collections.hardening.iam.plugins.module_utils._controls.registry import all_controls
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Status

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
# The organization of an account that is a member of it.
MANAGEMENT = "999900001111"
MEMBER = Organization("o-own", MANAGEMENT, "ALL")
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def snapshot(**fields: t.Any) -> Snapshot:
    """An account with nothing in it, of which everything was read, in one region."""
    values: dict[str, t.Any] = {
        "caller": Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/assessor/s", "AROAEXAMPLE:s"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": NOW,
        "regions": ("us-east-1",),
        "credential_report": CredentialReport(days_ago(0.1), None, ()),
        "summary": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1},
    }
    return Snapshot(**{**values, **fields})


def unread(dataset: Dataset, kind: UnreadKind = UnreadKind.DENIED, region: t.Optional[str] = None) -> Unread:
    return Unread(dataset, kind, "not authorized", "iam:SomeOperation", region)


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def key(
    slot: int = 1, age: float = 10, used: t.Optional[float] = 1, active: bool = True, service: str = "s3"
) -> AccessKey:
    last_used = None if used is None else days_ago(used)
    return AccessKey(slot, active, days_ago(age), last_used, service if last_used else None, None)


def row(name: str = "alice", **fields: t.Any) -> CredentialRow:
    """A user of the credential report, a year old, without password, keys or MFA."""
    values: dict[str, t.Any] = {
        "user": name,
        "arn": ROOT if name == "<root_account>" else arn("user", name),
        "created": days_ago(365),
        "password_enabled": False,
        "password_last_used": None,
        "password_last_changed": None,
        "password_next_rotation": None,
        "mfa_active": False,
        "access_keys": (),
        "certificates": (),
    }
    return CredentialRow(**{**values, **fields})


def root(**fields: t.Any) -> CredentialRow:
    return row("<root_account>", **fields)


def certificate(age: float, active: bool = True) -> Certificate:
    return Certificate(1, active, days_ago(age))


def report(*rows: CredentialRow, of_root: t.Optional[CredentialRow] = None) -> CredentialReport:
    return CredentialReport(days_ago(0.1), of_root, rows)


def people(*rows: CredentialRow, **fields: t.Any) -> Snapshot:
    """An account whose users are those of the report."""
    return snapshot(users=tuple(user(item.user) for item in rows), credential_report=report(*rows), **fields)


def document(*statements: t.Any, name: str = "p") -> PolicyDocument:
    """A policy document; without statements one that allows nothing of interest, since IAM stores none without."""
    return PolicyDocument(
        name, {"Version": "2012-10-17", "Statement": list(statements) or [allow("sts:GetCallerIdentity")]}
    )


def make_broken_document(name: str = "p") -> PolicyDocument:
    return PolicyDocument(name, None, "not a JSON document")


def allow(*actions: str, resource: t.Any = "*", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def user(name: str = "alice", **fields: t.Any) -> User:
    values: dict[str, t.Any] = {
        "name": name,
        "arn": arn("user", name),
        "path": "/",
        "created": days_ago(365),
        "groups": (),
        "attached_policies": (),
        "inline_policies": (),
        "boundary": None,
    }
    return User(**{**values, **fields})


def group(name: str = "admins", **fields: t.Any) -> Group:
    values: dict[str, t.Any] = {
        "name": name,
        "arn": arn("group", name),
        "path": "/",
        "created": days_ago(365),
        "attached_policies": (),
        "inline_policies": (),
    }
    return Group(**{**values, **fields})


def trust(principal: t.Any, condition: t.Optional[t.Any] = None) -> PolicyDocument:
    web = isinstance(principal, dict) and "Federated" in principal
    action = "sts:AssumeRoleWithWebIdentity" if web else "sts:AssumeRole"
    statement = {"Effect": "Allow", "Action": action, "Principal": principal}
    return document({**statement, "Condition": condition} if condition else statement, name="trust")


def of_management(name: str, **fields: t.Any) -> Role:
    """A role that only the management account can assume, as AWS Organizations makes it."""
    return role(name, **{"trust": trust({"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}), **fields})


def role(name: str = "app", **fields: t.Any) -> Role:
    """A role that EC2 assumes, used yesterday."""
    values: dict[str, t.Any] = {
        "name": name,
        "arn": arn("role", name),
        "path": "/",
        "created": days_ago(365),
        "trust": trust({"Service": "ec2.amazonaws.com"}),
        "attached_policies": (),
        "inline_policies": (),
        "boundary": None,
        "last_used": days_ago(1),
        "last_used_region": None,
    }
    return Role(**{**values, **fields})


def policy(name: str = "P", *statements: t.Any, **fields: t.Any) -> ManagedPolicy:
    """A customer managed policy, attached once."""
    values: dict[str, t.Any] = {
        "arn": arn("policy", name),
        "name": name,
        "path": "/",
        "default_version": document(*statements, name=name),
        "attachment_count": 1,
        "boundary_usage_count": 0,
        "created": days_ago(365),
        "updated": None,
        "is_aws_managed": False,
    }
    return ManagedPolicy(**{**values, **fields})


def large() -> Snapshot:
    """An account of 2,000 users, 1,000 roles and 1,000 policies."""
    rows = tuple(row(f"u{n}", password_enabled=n % 2 == 0, access_keys=(key(1, age=n % 200),)) for n in range(2000))
    policies = tuple(
        policy(f"p{n}", allow("s3:Get*", "ec2:*"), allow("kms:Decrypt", resource="x")) for n in range(1000)
    )
    roles = tuple(role(f"r{n}", attached_policies=(arn("policy", f"p{n}"),)) for n in range(1000))
    users = tuple(user(item.user, groups=("admins",)) for item in rows)
    return snapshot(
        users=users,
        roles=roles,
        policies=policies,
        groups=(group(attached_policies=(ADMIN,)),),
        credential_report=CredentialReport(NOW, None, rows),
    )


def judge(
    control: str, account: Snapshot, *, now: datetime = NOW, break_glass: tuple[str, ...] = (), **thresholds: t.Any
) -> tuple[Finding, ...]:
    """The findings of one control."""
    chosen = [item for item in all_controls() if item.id == control]
    assert chosen, f"there is no control {control}"
    return assess(
        account,
        settings=dataclasses.replace(Settings(), **thresholds),
        controls=chosen,
        now=now,
        of_organization=chosen[0].of_organization,
        break_glass=break_glass,
    )


def failing(control: str, account: Snapshot, **thresholds: t.Any) -> list[str]:
    """The resources that a control fails, each with its detail below the ARN, where it has one."""
    found = [item for item in judge(control, account, **thresholds) if item.status is Status.FAIL]
    return [f"{item.resource} {item.resource_detail}" if item.resource_detail else item.resource for item in found]


def status(control: str, account: Snapshot, **thresholds: t.Any) -> str:
    """The one status that all findings of a control have."""
    found = {item.status.value for item in judge(control, account, **thresholds)}
    assert len(found) == 1, found
    return found.pop()
