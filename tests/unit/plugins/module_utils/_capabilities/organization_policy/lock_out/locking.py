# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small organization, and policies to attach in it, for the tests of the guard against locking out."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Sequence

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    ENABLED,
    SCP,
    MemberAccount,
    OrganizationPolicy,
    OrganizationTree,
    Unit,
)

MANAGEMENT_ID: t.Final = "999988887777"
MEMBERS: t.Final = ("111122223333", "222233334444")
ROOT, DEV, PROD = "r-root", "ou-root-dev", "ou-root-prod"
BREAK_GLASS_ARN: t.Final = f"arn:aws:iam::{MANAGEMENT_ID}:role/iam-hardening/break-glass"

Statement = dict[str, t.Any]

ANYTHING: t.Final[Statement] = {"Sid": "Nothing", "Effect": "Deny", "Action": "*", "Resource": "*"}
_BOUNDARIES: t.Final = ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"]
_AUTOMATION: t.Final = "arn:*:iam::*:role/iam-hardening/automation"
_BREAK_GLASS: t.Final = "arn:*:iam::*:role/iam-hardening/break-glass"
AUTOMATION_ONLY: t.Final[Statement] = {
    "Sid": "KeepBoundaries",
    "Effect": "Deny",
    "Action": _BOUNDARIES,
    "Resource": "*",
    "Condition": {"ArnNotLike": {"aws:PrincipalArn": [_AUTOMATION]}},
}
ALL_BUT_OURS: t.Final[Statement] = {
    **AUTOMATION_ONLY,
    "Condition": {"ArnNotLike": {"aws:PrincipalArn": [_AUTOMATION, _BREAK_GLASS]}},
}


def policy(name: str, statement: Statement, targets: Sequence[str], *, aws: bool = False) -> OrganizationPolicy:
    """An SCP of one statement."""
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return OrganizationPolicy(
        id=f"p-{name}",
        arn=f"arn:aws:organizations::{MANAGEMENT_ID}:policy/o-example/service_control_policy/p-{name}",
        name=name,
        type=SCP,
        description="",
        is_aws_managed=aws,
        content=json.dumps(document),
        document=PolicyDocument(name, document),
        targets=tuple(targets),
    )


FULL: t.Final = policy(
    "FullAWSAccess",
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    [ROOT, DEV, PROD, MANAGEMENT_ID, *MEMBERS],
    aws=True,
)
ORGANIZATION: t.Final = OrganizationTree(
    id="o-example",
    management_account_id=MANAGEMENT_ID,
    feature_set="ALL",
    root_id=ROOT,
    units=(Unit(ROOT, "Root", "/"), Unit(DEV, "dev", "/dev", ROOT), Unit(PROD, "prod", "/prod", ROOT)),
    accounts=(
        MemberAccount(MANAGEMENT_ID, "management", "", "ACTIVE", ROOT),
        MemberAccount(MEMBERS[0], "dev", "", "ACTIVE", DEV),
        MemberAccount(MEMBERS[1], "prod", "", "ACTIVE", PROD),
    ),
    policy_types={SCP: ENABLED},
    policies=(FULL,),
)


def with_policy(name: str, statement: Statement, targets: Sequence[str]) -> OrganizationTree:
    """The organization with one policy more."""
    return ORGANIZATION.with_policies([*ORGANIZATION.policies, policy(name, statement, targets)])
