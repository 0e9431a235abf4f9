# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A developer role with AdministratorAccess, the role beside it, and the account as changes leave it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.policy_versions import OWNED, LivePolicy, Version
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import (
    CAMPAIGN,
    NewPolicy,
    RoleWriter,
    Subject,
    close_trust,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.dossier import make_trial
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.after import snapshot_after
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._policy.documents.parse import parse

from ..._converge.affects.test_affected import SNAPSHOT

Record = dict[str, t.Any]

ACCOUNT: t.Final = SNAPSHOT.account_id
NAME: t.Final = "developers"
ADMIN: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"
OLD: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/old"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/teams/dev-shop"
PARALLEL: t.Final = f"{ROLE}-lp"
GLASS: t.Final = f"arn:aws:iam::{ACCOUNT}:role/iam-hardening/break-glass"
CLOSED: t.Final = close_trust(SNAPSHOT, [GLASS])


def allow(*actions: str) -> Record:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


TRUST: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
ALLOW_DEAD: t.Final[Record] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "AIDAEXAMPLEOFADELETED"}, "Action": "sts:AssumeRole"}],
}
DEVELOPER: t.Final = Role(
    name="dev-shop",
    arn=ROLE,
    path="/teams/",
    created=None,
    trust=PolicyDocument("AssumeRolePolicyDocument", TRUST),
    attached_policies=(ADMIN, OLD),
    inline_policies=(PolicyDocument("extra", allow("sqs:*")),),
    boundary=None,
    last_used=None,
    last_used_region=None,
    tags={"team": "shop", "aws:cloudformation:stack-name": "x"},
    unique_id="AROAOLD",
)
BEFORE: t.Final = dataclasses.replace(SNAPSHOT, roles=(DEVELOPER,), policies=(), summary={})
POLICIES: t.Final = (
    NewPolicy("lp-dev-shop-1", allow("s3:GetObject")),
    NewPolicy("lp-dev-shop-2", allow("sqs:SendMessage")),
    NewPolicy("lp-dev-shop-3", allow("kms:Decrypt"), is_managed=False),
)
TRIAL: t.Final = t.cast(NewPolicy, make_trial("lp-dev-shop-trial", [parse(item.content) for item in POLICIES]))


def make_subject(snapshot: Snapshot, policies: tuple[NewPolicy, ...] = POLICIES, **fields: t.Any) -> Subject:
    """The developer role as an account has it."""
    roles = {role.arn: role for role in snapshot.roles}
    live = {
        policy.arn: LivePolicy(
            policy.arn,
            "",
            {OWNED[0]: OWNED[1], CAMPAIGN: NAME},
            (Version("v1", True, None, policy.default_version.document),),
            sum(policy.arn in role.attached_policies for role in snapshot.roles),
        )
        for policy in snapshot.policies
        if "/iam-hardening/lp/" in policy.arn
    }
    known: Record = {"duration": 7200, "trial": TRIAL, "last": ADMIN, "live": live, "parallel": roles.get(PARALLEL)}
    return Subject(roles[ROLE], PARALLEL, policies=policies, **{**known, **fields})


def make_writer(snapshot: Snapshot) -> RoleWriter:
    return RoleWriter(snapshot, NAME, {"team": "security"})


def apply_changes(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """The account once changes are made."""
    return functools.reduce(snapshot_after, changes, snapshot)
