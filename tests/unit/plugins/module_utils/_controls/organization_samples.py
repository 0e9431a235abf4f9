# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small organization to judge: two units, four accounts, everything in order unless a test says otherwise."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Organization,
    PolicyDocument,
    Snapshot,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    RCP,
    SCP,
    MemberAccount,
    OrganizationPolicy,
    OrganizationTree,
    Unit,
)

from .samples import ACCOUNT, allow, document, make_broken_document, snapshot

ROOT_ID, WORKLOADS, PRODUCTION, SANDBOX = "r-acme", "ou-acme-work", "ou-acme-prod", "ou-acme-sand"
PROD, DEV, PLAY = "222233334444", "333344445555", "444455556666"
EVERYWHERE = (ROOT_ID, WORKLOADS, PRODUCTION, SANDBOX, ACCOUNT, PROD, DEV, PLAY)
ON = {SCP: "ENABLED", RCP: "ENABLED"}


def deny(*actions: str, **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}


def arn(kind: str, name: str) -> str:
    return f"arn:aws:organizations::{ACCOUNT}:{kind}/o-acme/{name}"


def account(account_id: str, name: str, parent: str, state: str = "ACTIVE") -> MemberAccount:
    return MemberAccount(account_id, name, f"{name}@example.com", state, parent, tags={"team": "platform"})


def policy(
    name: str, *statements: t.Any, on: t.Sequence[str] = (), kind: str = SCP, of: t.Optional[PolicyDocument] = None
) -> OrganizationPolicy:
    text = of or document(*statements, name=name)
    return OrganizationPolicy(
        id=f"p-{name}",
        arn=f"arn:aws:organizations::{ACCOUNT}:policy/o-acme/service_control_policy/p-{name}",
        name=name,
        type=kind,
        description="",
        is_aws_managed=name == "FullAWSAccess",
        content=json.dumps(text.document),
        document=text,
        targets=tuple(on),
    )


def full_access(on: t.Sequence[str] = EVERYWHERE) -> OrganizationPolicy:
    return policy("FullAWSAccess", allow("*"), on=on)


def unreadable(on: t.Sequence[str]) -> OrganizationPolicy:
    return policy("broken", on=on, of=make_broken_document("broken"))


def tree(*policies: OrganizationPolicy, **fields: t.Any) -> OrganizationTree:
    """The management account in /, acme-prod and acme-dev in /Workloads/Production, acme-play in /Sandbox."""
    values: dict[str, t.Any] = {
        "id": "o-acme",
        "management_account_id": ACCOUNT,
        "feature_set": "ALL",
        "root_id": ROOT_ID,
        "units": (
            Unit(ROOT_ID, "Root", "/"),
            Unit(SANDBOX, "Sandbox", "/Sandbox", ROOT_ID),
            Unit(WORKLOADS, "Workloads", "/Workloads", ROOT_ID),
            Unit(PRODUCTION, "Production", "/Workloads/Production", WORKLOADS),
        ),
        "accounts": (
            account(ACCOUNT, "acme", ROOT_ID),
            account(PROD, "acme-prod", PRODUCTION),
            account(DEV, "acme-dev", PRODUCTION),
            account(PLAY, "acme-play", SANDBOX),
        ),
        "policy_types": ON,
        "policies": policies or (full_access(),),
    }
    return OrganizationTree(**{**values, **fields})


def acme(*policies: OrganizationPolicy, read: t.Optional[dict[str, t.Any]] = None, **fields: t.Any) -> Snapshot:
    """The snapshot of an organization with these policies; ``fields`` are the tree's, ``read`` the snapshot's."""
    found = tree(*policies, **fields)
    whole = snapshot(organization=Organization("o-acme", ACCOUNT, found.feature_set), organization_tree=found)
    return dataclasses.replace(whole, **(read or {}))
