# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials, rules and accounts, for the tests of the stages."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    AccessKey,
    Caller,
    CredentialReport,
    CredentialRow,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.history import RecordedChange
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Credential, Kind
from ansible_collections.hardening.iam.plugins.modules.access_key_lifecycle import argument_spec

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
RUN = "run-1"


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def user_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def credential(user: str = "svc", age: float = 400, used: t.Optional[float] = 60, **fields: t.Any) -> Credential:
    """An active access key, ``age`` days old and last used so many days ago; None for never."""
    values: dict[str, t.Any] = {
        "kind": Kind.ACCESS_KEY,
        "id": KEY_ID,
        "user": user,
        "user_arn": user_arn(user),
        "status": "Active",
        "created": days_ago(age),
        "last_used": None if used is None else days_ago(used),
        "last_used_service": None if used is None else "s3",
        "slots": (1,),
    }
    return Credential(**{**values, **fields})


def declare(**options: t.Any) -> Declared:
    """The declaration from the options of the module, those that are not given having their defaults."""
    defaults = {name: spec.get("default") for name, spec in argument_spec().items()}
    return Declared.from_options({**defaults, "notify": "none", **options}, key_age_days=90)


def make_recorded(operation: str, days: float, **fields: t.Any) -> RecordedChange:
    """A change to :func:`credential` in the journal of ``RUN``, so many days ago."""
    values: dict[str, t.Any] = {
        "run": RUN,
        "at": days_ago(days),
        "operation": operation,
        "user_arn": user_arn("svc"),
        "credential": KEY_ID,
        "after": {},
        "answer": {},
    }
    return RecordedChange(**{**values, **fields})


def user(name: str = "svc", **tags: str) -> User:
    return User(
        name=name,
        arn=user_arn(name),
        path="/",
        created=days_ago(900),
        groups=(),
        attached_policies=(),
        inline_policies=(),
        boundary=None,
        tags=tags,
    )


def slot(
    number: int = 1, age: float = 400, used: t.Optional[float] = 60, *, active: bool = True, service: str = "s3"
) -> AccessKey:
    last_used = None if used is None else days_ago(used)
    return AccessKey(number, active, days_ago(age), last_used, service if last_used else None, None)


def row(name: str, *keys: AccessKey, **fields: t.Any) -> CredentialRow:
    values: dict[str, t.Any] = {
        "user": name,
        "arn": user_arn(name),
        "created": days_ago(900),
        "password_enabled": False,
        "password_last_used": None,
        "password_last_changed": None,
        "password_next_rotation": None,
        "mfa_active": False,
        "access_keys": keys,
        "certificates": (),
    }
    return CredentialRow(**{**values, **fields})


def account(*rows: CredentialRow, **fields: t.Any) -> Snapshot:
    """An account whose users are those of the report."""
    values: dict[str, t.Any] = {
        "caller": Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/automation/s", "AROAEXAMPLE:s"),
        "partition": "aws",
        "home_region": "us-east-1",
        "observed_at": NOW,
        "regions": (),
        "users": tuple(dataclasses.replace(user(item.user), created=item.created) for item in rows),
        "credential_report": CredentialReport(days_ago(0.1), None, rows),
    }
    return Snapshot(**{**values, **fields})
