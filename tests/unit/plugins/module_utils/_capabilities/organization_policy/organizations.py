# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organization made by hand, with policies as it keeps them, for the plans of organization policies."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._account.documents import policy_document
from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import (
    ENABLED,
    SCP,
    MemberAccount,
    OrganizationPolicy,
    OrganizationTree,
    Unit,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.plan import (
    DesiredPolicy,
    Planner,
    StageTargets,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

MANAGEMENT, DEV, PROD, SANDBOX = "111122223333", "222233334444", "333344445555", "444455556666"
ROOT, WORK, WORK_DEV, BOX = "r-acme", "ou-acme-11111111", "ou-acme-22222222", "ou-acme-33333333"
OURS = {"iam-hardening:managed": "true"}
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "A", "Effect": "Deny", "Action": ["cloudtrail:StopLogging"], "Resource": "*"},
        {"Sid": "B", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": ["*"]},
    ],
}

Record = dict[str, t.Any]


def policy(
    name: str = "protect",
    *targets: str,
    content: t.Any = None,
    kind: str = SCP,
    tags: t.Optional[dict[str, str]] = None,
    managed: bool = False,
    description: str = "",
) -> OrganizationPolicy:
    text = json.dumps(DENY if content is None else content)
    return OrganizationPolicy(
        id=f"p-{name}",
        arn=f"arn:aws:organizations::{MANAGEMENT}:policy/o-acme/scp/p-{name}",
        name=name,
        type=kind,
        description=description,
        is_aws_managed=managed,
        content=text,
        document=policy_document(name, text),
        targets=targets,
        tags=OURS if tags is None else tags,
    )


def full_access(*targets: str) -> OrganizationPolicy:
    return policy("FullAWSAccess", *targets, content=FULL, tags={}, managed=True)


def tree(*policies: OrganizationPolicy, status: t.Optional[str] = ENABLED) -> OrganizationTree:
    """Root, /Work with /Work/Dev below it, and /Box; an account in each but /Work."""
    everywhere = (ROOT, WORK, WORK_DEV, BOX, MANAGEMENT, DEV, PROD, SANDBOX)
    has_full = any(item.name == "FullAWSAccess" for item in policies)
    return OrganizationTree(
        id="o-acme",
        management_account_id=MANAGEMENT,
        feature_set="ALL",
        root_id=ROOT,
        units=(
            Unit(ROOT, "Root", "/"),
            Unit(BOX, "Box", "/Box", ROOT),
            Unit(WORK, "Work", "/Work", ROOT),
            Unit(WORK_DEV, "Dev", "/Work/Dev", WORK),
        ),
        accounts=(
            MemberAccount(MANAGEMENT, "management", "", "ACTIVE", ROOT, tags={"env": "prod"}),
            MemberAccount(DEV, "dev", "", "ACTIVE", WORK_DEV, tags={"env": "dev"}),
            MemberAccount(PROD, "twin", "", "ACTIVE", BOX, tags={"env": "prod"}),
            MemberAccount(SANDBOX, "twin", "", "SUSPENDED", BOX, tags={"env": "prod"}),
        ),
        policy_types={SCP: status} if status else {},
        policies=policies if has_full else (*policies, full_access(*everywhere)),
    )


def declaring(*policies: Record, **options: t.Any) -> Declared:
    """A declaration; each policy says DENY and is attached to /Work unless told otherwise."""
    given = [{"name": "protect", "content": DENY, "targets": [{"ou": "/Work"}], **item} for item in policies or ({},)]
    made = {"type": SCP, "state": "present", **options, "policies": given}
    return Declared.from_options(made, [item["content"] for item in given], own_tags={"version": "1"})


def make_plan(
    organization: OrganizationTree, declared: Declared, **staged: StageTargets
) -> tuple[tuple[DesiredPolicy, ...], Plan]:
    planner = Planner(declared, MANAGEMENT)
    desired = planner.resolve_policies(organization, staged)
    return desired, planner.plan(organization, desired)


def list_changes(plan: Plan) -> list[tuple[str, str]]:
    """Each change by its operation, and what is attached or else what is changed."""
    return [(change.operation, str((change.after or {}).get("attached_to", ""))) for change in plan.changes]


def rules(plan: Plan) -> list[tuple[str, str]]:
    return [(refusal.rule, refusal.operation) for refusal in plan.refused]
