# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The answer of GetAccountAuthorizationDetails, parsed.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from . import fields
from .documents import policy_document
from .model import Group, ManagedPolicy, PolicyDocument, Role, UnreadKind, User
from .source import Fields, Record, Unreadable

# AWS managed policies come only where they are in use in the account.
FILTER: t.Final = ("User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy")
_LISTS: t.Final = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def parse(pages: Iterable[Record]) -> Fields:
    """The snapshot's users, groups, roles and policies, each sorted by ARN.

    :raises Unreadable: an entry lacks what AWS always gives, or is there twice and differs.
    """
    found: dict[str, list[Record]] = {name: [] for name in _LISTS}
    for page in pages:
        for name, members in found.items():
            members.extend(fields.optional_records(page, name))
    each = {name: _list_once(records) for name, records in found.items()}
    return {
        "users": tuple(sorted(map(_user, each["UserDetailList"]), key=_arn)),
        "groups": tuple(sorted(map(_group, each["GroupDetailList"]), key=_arn)),
        "roles": tuple(sorted(map(_role, each["RoleDetailList"]), key=_arn)),
        "policies": tuple(sorted(map(_policy, each["Policies"]), key=_arn)),
    }


def _list_once(records: Iterable[Record]) -> Iterable[Record]:
    """Each entry once: with one that counts twice, limits and proposals would be others.

    :raises Unreadable: two entries differ, so that nobody knows which one is true.
    """
    found: dict[str, Record] = {}
    for record in records:
        arn = fields.text(record, "Arn")
        if found.setdefault(arn, record) != record:
            raise Unreadable(UnreadKind.UNPARSABLE, f"AWS lists {arn} twice, and differently")
    return found.values()


def _arn(entity: t.Union[User, Group, Role, ManagedPolicy]) -> str:
    return entity.arn


def _name(record: Record, key: str) -> str:
    """The name of an entry, which its ARN ends with too: one entry without it does not make all unreadable.

    :raises Unreadable: neither is there.
    """
    name = fields.optional_text(record, key)
    return name if name is not None else fields.text(record, "Arn").rpartition("/")[2] or fields.text(record, key)


def _path(record: Record) -> str:
    """The path of an entry, which is in its ARN between kind and name."""
    path = fields.optional_text(record, "Path")
    if path is not None:
        return path
    return f"/{'/'.join((*fields.text(record, 'Arn').split('/')[1:-1], ''))}"


def _user(record: Record) -> User:
    return User(
        name=_name(record, "UserName"),
        arn=fields.text(record, "Arn"),
        path=_path(record),
        created=fields.moment(record, "CreateDate"),
        groups=tuple(sorted(fields.texts(record, "GroupList"))),
        attached_policies=_list_attached_policies(record),
        inline_policies=_inline(record, "UserPolicyList"),
        boundary=_boundary(record),
        tags=fields.tags(record),
        unique_id=fields.optional_text(record, "UserId") or "",
    )


def _group(record: Record) -> Group:
    return Group(
        name=_name(record, "GroupName"),
        arn=fields.text(record, "Arn"),
        path=_path(record),
        created=fields.moment(record, "CreateDate"),
        attached_policies=_list_attached_policies(record),
        inline_policies=_inline(record, "GroupPolicyList"),
    )


def _role(record: Record) -> Role:
    last_used = fields.optional_structure(record, "RoleLastUsed") or {}
    profiles = fields.optional_records(record, "InstanceProfileList")
    return Role(
        name=_name(record, "RoleName"),
        arn=fields.text(record, "Arn"),
        path=_path(record),
        created=fields.moment(record, "CreateDate"),
        trust=policy_document("AssumeRolePolicyDocument", record.get("AssumeRolePolicyDocument")),
        attached_policies=_list_attached_policies(record),
        inline_policies=_inline(record, "RolePolicyList"),
        boundary=_boundary(record),
        last_used=fields.moment(last_used, "LastUsedDate"),
        last_used_region=fields.optional_text(last_used, "Region"),
        instance_profiles=tuple(sorted(fields.text(profile, "Arn") for profile in profiles)),
        tags=fields.tags(record),
        unique_id=fields.optional_text(record, "RoleId") or "",
    )


def _policy(record: Record) -> ManagedPolicy:
    arn = fields.text(record, "Arn")
    return ManagedPolicy(
        arn=arn,
        name=_name(record, "PolicyName"),
        path=_path(record),
        default_version=_default_version(record),
        attachment_count=fields.number(record, "AttachmentCount"),
        boundary_usage_count=fields.number(record, "PermissionsBoundaryUsageCount"),
        created=fields.moment(record, "CreateDate"),
        updated=fields.moment(record, "UpdateDate"),
        # The account of an AWS managed policy's ARN is the word "aws", in every partition.
        is_aws_managed=arn.split(":")[4:5] == ["aws"],
        tags=fields.tags(record),
    )


def _default_version(record: Record) -> PolicyDocument:
    for version in fields.optional_records(record, "PolicyVersionList"):
        if fields.flag(version, "IsDefaultVersion"):
            return policy_document(fields.text(version, "VersionId"), version.get("Document"))
    identifier = fields.optional_text(record, "DefaultVersionId") or ""
    return PolicyDocument(name=identifier, document=None, error="AWS lists no default version")


def _list_attached_policies(record: Record) -> tuple[str, ...]:
    attached = fields.optional_records(record, "AttachedManagedPolicies")
    return tuple(sorted(fields.text(policy, "PolicyArn") for policy in attached))


def _inline(record: Record, key: str) -> tuple[PolicyDocument, ...]:
    policies = [
        policy_document(fields.text(policy, "PolicyName"), policy.get("PolicyDocument"))
        for policy in fields.optional_records(record, key)
    ]
    return tuple(sorted(policies, key=lambda policy: policy.name))


def _boundary(record: Record) -> t.Optional[str]:
    boundary = fields.optional_structure(record, "PermissionsBoundary")
    return fields.optional_text(boundary, "PermissionsBoundaryArn") if boundary else None
