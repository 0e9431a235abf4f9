# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An organization, its options and root users, for the tests of central root access."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    MemberAccount,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.root_credentials import (
    RootCertificate,
    RootCredentials,
    RootKey,
    RootPassword,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_root_access.plan import Observed

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MANAGEMENT, PROD, TEST, TWIN = "111122223333", "222233334444", "333344445555", "444455556666"
CREDENTIALS, SESSIONS = "RootCredentialsManagement", "RootSessions"
SERVICE = "iam.amazonaws.com"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def arn(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def idle(account: str) -> RootCredentials:
    """A root user with everything, of which nothing was used for long."""
    return RootCredentials(
        account,
        password=RootPassword(ago(1000), ago(400)),
        keys=(RootKey("AKIAIOSFODNN7EXAMPLE", "Active", ago(900), ago(300)),),
        certificates=(RootCertificate("CERT", "Inactive", ago(900)),),
        mfa_devices=("serial",),
    )


def tree(**fields: t.Any) -> OrganizationTree:
    def account(account_id: str, name: str, parent: str) -> MemberAccount:
        return MemberAccount(id=account_id, name=name, email="", state="ACTIVE", parent_id=parent)

    whole: dict[str, t.Any] = {
        "id": "o-1",
        "management_account_id": MANAGEMENT,
        "feature_set": "ALL",
        "root_id": "r-1",
        "units": (
            Unit(id="r-1", name="Root", path="/"),
            Unit(id="ou-1-work", name="Workloads", path="/Workloads", parent_id="r-1"),
            Unit(id="ou-1-prod", name="Production", path="/Workloads/Production", parent_id="ou-1-work"),
        ),
        "accounts": (
            account(MANAGEMENT, "management", "r-1"),
            account(PROD, "prod", "ou-1-prod"),
            account(TEST, "twin", "ou-1-work"),
            account(TWIN, "twin", "r-1"),
        ),
        "trusted_services": (SERVICE,),
    }
    return OrganizationTree(**{**whole, **fields})


def declare(**options: t.Any) -> Declared:
    given = {
        "trusted_access": None,
        "root_credentials_management": None,
        "root_sessions": None,
        "delegated_administrator": None,
        "purge_delegated_administrators": False,
        "targets": [],
        "exclude": [],
        "remove_root_credentials": False,
        "min_idle_days": 45,
        "accept_use": [],
    }
    return Declared.from_options({**given, **options}, now=NOW)


def make_observed(**fields: t.Any) -> Observed:
    whole: dict[str, t.Any] = {"tree": tree(), "features": frozenset({CREDENTIALS})}
    return Observed(**{"account_id": MANAGEMENT, "partition": "aws", **whole, **fields})
