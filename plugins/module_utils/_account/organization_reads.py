# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The policies that an organization puts on an account: level by level, from its root down.

AWS shows them to the management account and to delegated administrators only.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html
"""

from __future__ import annotations

import typing as t

from . import fields
from .documents import policy_document
from .model import ControlPolicy, Organization, PolicyLevel, UnreadKind
from .source import Fields, Record, Source, Unreadable

OPERATIONS: t.Final = (
    "organizations:ListParents",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListPoliciesForTarget",
    "organizations:DescribePolicy",
)
SCP: t.Final = "SERVICE_CONTROL_POLICY"
RCP: t.Final = "RESOURCE_CONTROL_POLICY"


def is_subject(organization: t.Optional[Organization], account_id: str) -> bool:
    """Whether policies of the organization restrict the account at all.

    They do not restrict a management account, and need an organization with all features.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    return (
        organization is not None
        and organization.management_account_id != account_id
        and organization.feature_set == "ALL"
    )


def read_organization_policies(source: Source, account_id: str) -> Fields:
    """The policies on each level from the root to the account, which AWS refuses with the first call to most members.

    Each policy is read once, however many levels it is attached to.
    """
    targets = _targets(source, account_id)
    known: dict[str, ControlPolicy] = {}
    levels = (
        PolicyLevel(
            target_id=target_id,
            target_name=name,
            scps=_read_attached_policies(source, target_id, SCP, known),
            rcps=_read_attached_policies(source, target_id, RCP, known),
        )
        for target_id, name in targets
    )
    return {"organization_policies": tuple(levels)}


def _targets(source: Source, account_id: str) -> tuple[tuple[str, str], ...]:
    """Ids and names of what policies may be attached to, the root first, the account last."""
    found = [(account_id, account_id)]
    kind = "ACCOUNT"
    while kind != "ROOT":
        parent_id, kind = _parent(source, found[-1][0])
        found.append((parent_id, _name(source, parent_id) if kind == "ORGANIZATIONAL_UNIT" else parent_id))
    return tuple(reversed(found))


def _parent(source: Source, child_id: str) -> tuple[str, str]:
    """Id and type of what holds an account or a unit: a child has a single parent."""
    for parent in source.items("organizations", "ListParents", "Parents", {"ChildId": child_id}):
        return fields.text(parent, "Id"), fields.text(parent, "Type")
    raise Unreadable(UnreadKind.UNPARSABLE, f"AWS names no parent of {child_id}")


def _name(source: Source, unit_id: str) -> str:
    answer = source.call("organizations", "DescribeOrganizationalUnit", {"OrganizationalUnitId": unit_id})
    return fields.text(fields.structure(answer, "OrganizationalUnit"), "Name")


def _read_attached_policies(
    source: Source, target_id: str, kind: str, known: dict[str, ControlPolicy]
) -> tuple[ControlPolicy, ...]:
    """The policies of one type on one target, by name; ``known`` holds those that were read already."""
    parameters = {"TargetId": target_id, "Filter": kind}
    ids = [
        fields.text(summary, "Id")
        for summary in source.items("organizations", "ListPoliciesForTarget", "Policies", parameters)
    ]
    for policy_id in ids:
        if policy_id not in known:
            known[policy_id] = _policy(source.call("organizations", "DescribePolicy", {"PolicyId": policy_id}))
    return tuple(sorted((known[policy_id] for policy_id in ids), key=lambda policy: (policy.name, policy.id)))


def _policy(answer: Record) -> ControlPolicy:
    policy = fields.structure(answer, "Policy")
    summary = fields.structure(policy, "PolicySummary")
    name = fields.text(summary, "Name")
    return ControlPolicy(
        id=fields.text(summary, "Id"),
        name=name,
        type=fields.text(summary, "Type"),
        document=policy_document(name, fields.text(policy, "Content")),
    )
