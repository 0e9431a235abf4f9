# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Live reads of roles, and of what changes of identities leave."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

from .._account import fields
from .._account.documents import policy_document
from .._account.policy_versions import describe_policy
from .._aws.access import Access
from .._aws.errors import NotFound
from .._aws.operations import Operations
from .._converge.arn import resource_of
from .._converge.change import Change
from .._converge.identity_changes import describe_role
from .managed_policies import POLICY_READS, is_attached, read_default_document, read_inline_document, reread_version

#: The reads of :func:`read_target` for roles.
TARGET_READS: t.Final = Operations(
    reads=POLICY_READS | {"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"}
)


@dataclasses.dataclass(frozen=True)
class LiveRole:
    """A role as GetRole has it. ``unique_id`` is another one where a role of the same name is made again.

    ``duration`` is the longest session in seconds, which authorization details do not have.
    ``last_used`` is None for a role that was not used within the 400 days that AWS tracks.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
    """

    arn: str
    unique_id: str
    trust: t.Any
    boundary: t.Optional[str]
    tags: Mapping[str, str]
    last_used: t.Optional[datetime]
    duration: t.Optional[int] = None


def read_role(access: Access, arn: str) -> t.Optional[LiveRole]:
    """A role; None where there is none of this name at this path."""
    try:
        answer = access.call("iam", "GetRole", {"RoleName": resource_of(arn).rpartition("/")[2]})
    except NotFound:
        return None
    record = fields.structure(answer, "Role")
    if fields.text(record, "Arn") != arn:
        return None
    boundary = fields.optional_structure(record, "PermissionsBoundary") or {}
    used = fields.optional_structure(record, "RoleLastUsed") or {}
    return LiveRole(
        arn=arn,
        unique_id=fields.text(record, "RoleId"),
        trust=policy_document("AssumeRolePolicyDocument", record.get("AssumeRolePolicyDocument")).document,
        boundary=fields.optional_text(boundary, "PermissionsBoundaryArn"),
        tags=fields.tags(record),
        last_used=fields.moment(used, "LastUsedDate"),
        duration=fields.number(record, "MaxSessionDuration") if "MaxSessionDuration" in record else None,
    )


def read_target(access: Access, change: Change) -> t.Any:
    """Read the target of a change that :mod:`.identity_changes` made, or of the content of a managed policy."""
    shape = change.after if change.after is not None else change.before or {}
    if "policy" in shape:
        return {"policy": shape["policy"], "attached": is_attached(access, change.target, shape["policy"])}
    if "inline_policy" in shape:
        name = shape["inline_policy"]
        return {"inline_policy": name, "document": read_inline_document(access, change.target, name)}
    if "role" in shape or "trust" in shape or "boundary" in shape:
        return _describe_live(read_role(access, change.target), shape)
    if "version" in shape:
        return reread_version(access, change.target, shape["version"])
    return describe_policy(read_default_document(access, change.target))


def _describe_live(role: t.Optional[LiveRole], shape: Mapping[str, t.Any]) -> t.Optional[dict[str, t.Any]]:
    if role is None:
        return None
    if "role" in shape:
        return describe_role(role.arn.rpartition("/")[2], role.trust, role.boundary)
    return {"trust": role.trust} if "trust" in shape else {"boundary": role.boundary}
