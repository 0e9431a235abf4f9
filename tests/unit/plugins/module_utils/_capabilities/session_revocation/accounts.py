# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of an incident, as snapshots: home, production and data, as the seed ``incident`` has them."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Caller,
    PolicyDocument,
    Role,
    Snapshot,
    User,
)

HOME, PROD, DATA, FOREIGN = "222233334444", "333344445555", "444455556666", "999988887777"
NOW: t.Final = datetime(2026, 11, 27, 10, 5, tzinfo=UTC)
Document = dict[str, t.Any]


def arn(account: str, name: str, kind: str = "role") -> str:
    return f"arn:aws:iam::{account}:{kind}/{name}"


def policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*resources: str, action: str = "sts:AssumeRole", **more: t.Any) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), **more}


def deny(**more: t.Any) -> Document:
    return {"Effect": "Deny", "Action": "*", "Resource": "*", **more}


def trust(*principals: str, kind: str = "AWS", **more: t.Any) -> Document:
    return {"Effect": "Allow", "Principal": {kind: list(principals)}, "Action": "sts:AssumeRole", **more}


def make_role(
    account: str, name: str, *trusts: Document, inline: t.Optional[dict[str, Document]] = None, **fields: t.Any
) -> Role:
    documents = tuple(PolicyDocument(key, value) for key, value in (inline or {}).items())
    path = "/" + "/".join(name.split("/")[:-1])
    return Role(
        name=name.rpartition("/")[2],
        arn=arn(account, name),
        path=path if path == "/" else f"{path}/",
        created=None,
        trust=PolicyDocument("trust policy", policy(*trusts)),
        attached_policies=fields.pop("attached", ()),
        inline_policies=documents,
        boundary=fields.pop("boundary", None),
        last_used=None,
        last_used_region=None,
        unique_id=fields.pop("unique_id", f"AROA{name.upper().replace('/', '').replace('-', '')}"),
        **fields,
    )


def make_user(account: str, name: str, inline: t.Optional[dict[str, Document]] = None, **fields: t.Any) -> User:
    return User(
        name=name.rpartition("/")[2],
        arn=arn(account, name, "user"),
        path="/",
        created=None,
        groups=(),
        attached_policies=fields.pop("attached", ()),
        inline_policies=tuple(PolicyDocument(key, value) for key, value in (inline or {}).items()),
        boundary=fields.pop("boundary", None),
        unique_id=f"AIDA{name.upper()}",
        **fields,
    )


def make_snapshot(account: str, **fields: t.Any) -> Snapshot:
    caller = Caller(account, f"arn:aws:sts::{account}:assumed-role/automation-containment/run", "AROA:run")
    return Snapshot(
        caller=caller, partition="aws", home_region="us-east-1", observed_at=NOW, regions=("us-east-1",), **fields
    )


USER: t.Final = arn(HOME, "ci-deploy", "user")
PIPELINE, WORKER, NOTIFIER = (arn(HOME, name) for name in ("pipeline", "build-worker", "notifier"))
DEPLOY, VENDOR = arn(PROD, "deploy"), arn(PROD, "vendor-monitoring")
WAREHOUSE, LOADER = arn(DATA, "warehouse"), arn(DATA, "loader")
QUARANTINE: t.Final = {"IamHardeningQuarantine": policy(deny())}


def make_home(**fields: t.Any) -> Snapshot:
    """The home of the leaked key, after its user was contained."""
    root = arn(HOME, "", "root").removesuffix("/")
    return make_snapshot(
        HOME,
        users=(make_user(HOME, "ci-deploy", {"deployments": policy(allow("*")), **QUARANTINE}),),
        roles=(
            make_role(HOME, "pipeline", trust(root), inline={"release": policy(allow("arn:aws:iam::*:role/deploy"))}),
            make_role(HOME, "build-worker", trust("ec2.amazonaws.com", kind="Service"), trust(root)),
            make_role(HOME, "notifier", trust("lambda.amazonaws.com", kind="Service")),
        ),
        **fields,
    )


def make_production(**fields: t.Any) -> Snapshot:
    return make_snapshot(
        PROD,
        roles=(
            make_role(
                PROD,
                "deploy",
                trust(PIPELINE, arn(HOME, "release-manager", "user")),
                {
                    "Effect": "Allow",
                    "Principal": {
                        "Federated": f"arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com"
                    },
                    "Action": "sts:AssumeRoleWithWebIdentity",
                },
                inline={"release": policy(allow(WAREHOUSE))},
            ),
            make_role(PROD, "vendor-monitoring", trust(f"arn:aws:iam::{FOREIGN}:root")),
        ),
        **fields,
    )


def make_data(**fields: t.Any) -> Snapshot:
    return make_snapshot(
        DATA,
        roles=(
            make_role(DATA, "warehouse", trust(DEPLOY), inline={"data": policy(allow("*", action="s3:*"))}),
            make_role(DATA, "loader", trust("lambda.amazonaws.com", kind="Service"), trust(WAREHOUSE)),
        ),
        **fields,
    )
