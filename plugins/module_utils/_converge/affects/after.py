# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An account as a request of IAM would leave it.

Service-specific credentials, SSH keys and certificates are left out: nobody assumes a role or signs in with them.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Callable, Mapping

from ..._account.model import CredentialRow, Group, ManagedPolicy, PolicyDocument, Role, Snapshot, User
from ..change import Change

Owner = t.Union[User, Role, Group]

_CREDENTIALS: t.Final = frozenset({"UpdateAccessKey", "DeleteAccessKey", "DeleteLoginProfile"})
_TAKING: t.Final = _CREDENTIALS.union(
    {"CreatePolicyVersion", "SetDefaultPolicyVersion", "RemoveUserFromGroup"},
    (f"{verb}{kind}Policy" for verb in ("Detach", "Delete") for kind in ("User", "Role", "Group")),
    (f"Put{kind}PermissionsBoundary" for kind in ("User", "Role")),
)

# An attached policy, a written one and those of a group may hold a Deny.
_DENYING: t.Final = frozenset(
    {"AddUserToGroup", *(f"{verb}{kind}Policy" for verb in ("Attach", "Put") for kind in ("User", "Role", "Group"))}
)


def can_take(change: Change) -> bool:
    """Whether a request may take permissions or credentials from a user or a role."""
    gives = change.operation == "UpdateAccessKey" and change.parameters.get("Status") == "Active"
    return change.service == "iam" and change.operation in _TAKING and not gives


def can_deny(change: Change) -> bool:
    """Whether a request that gives policies to a user or a role may bring a Deny among them."""
    return change.service == "iam" and change.operation in _DENYING


def is_of_credential(change: Change) -> bool:
    """Whether a request is about a password or an access key."""
    return change.service == "iam" and change.operation in _CREDENTIALS


def snapshot_after(snapshot: Snapshot, change: Change) -> Snapshot:
    """The snapshot with users, groups, roles, policies and credentials as the request leaves them.

    The same for other requests.
    """
    if change.service != "iam":
        return snapshot
    if is_of_credential(change):
        return _credentials(snapshot, change)
    parameters = change.parameters
    for kind in ("User", "Role", "Group"):
        edit = _edit(change.operation, kind, parameters)
        if edit is not None:
            return _edit_owners(snapshot, kind, str(parameters.get(f"{kind}Name", "")), edit)
    if change.operation in ("AddUserToGroup", "RemoveUserFromGroup"):
        return _membership(snapshot, change.operation == "AddUserToGroup", parameters)
    if change.operation in ("CreatePolicyVersion", "SetDefaultPolicyVersion"):
        return _content(snapshot, change)
    if change.operation == "CreatePolicy":
        return _add_policy(snapshot, change)
    if change.operation in _OF_ROLES:
        return _OF_ROLES[change.operation](snapshot, parameters)
    return _with_group(snapshot, parameters) if change.operation == "CreateGroup" else snapshot


Edit = Callable[[t.Any], t.Any]


def _add_role(snapshot: Snapshot, parameters: Mapping[str, t.Any]) -> Snapshot:
    """Add a new role: later changes of a plan give it policies."""
    name, path = str(parameters["RoleName"]), str(parameters.get("Path") or "/")
    role = Role(
        name=name,
        arn=f"arn:{snapshot.partition}:iam::{snapshot.account_id}:role{path}{name}",
        path=path,
        created=None,
        trust=_document("AssumeRolePolicyDocument", parameters.get("AssumeRolePolicyDocument")),
        attached_policies=(),
        inline_policies=(),
        boundary=parameters.get("PermissionsBoundary"),
        last_used=None,
        last_used_region=None,
        tags={item["Key"]: item["Value"] for item in parameters.get("Tags") or ()},
    )
    return dataclasses.replace(snapshot, roles=(*snapshot.roles, role))


def _set_trust(snapshot: Snapshot, parameters: Mapping[str, t.Any]) -> Snapshot:
    trust = _document("AssumeRolePolicyDocument", parameters.get("PolicyDocument"))
    return _edit_owners(
        snapshot, "Role", str(parameters["RoleName"]), lambda role: dataclasses.replace(role, trust=trust)
    )


def _remove_role(snapshot: Snapshot, parameters: Mapping[str, t.Any]) -> Snapshot:
    name = str(parameters["RoleName"]).lower()
    return dataclasses.replace(snapshot, roles=tuple(role for role in snapshot.roles if role.name.lower() != name))


_OF_ROLES: t.Final[Mapping[str, Callable[[Snapshot, Mapping[str, t.Any]], Snapshot]]] = {
    "CreateRole": _add_role,
    "UpdateAssumeRolePolicy": _set_trust,
    "DeleteRole": _remove_role,
}


def _edit(operation: str, kind: str, parameters: Mapping[str, t.Any]) -> t.Optional[Edit]:
    """The edit that an operation makes to its user, role or group; None if it is no operation of this kind."""
    arn, name = str(parameters.get("PolicyArn", "")), str(parameters.get("PolicyName", ""))
    edits: dict[str, Edit] = {
        f"Attach{kind}Policy": lambda owner: _with_attached(owner, arn, is_attached=True),
        f"Detach{kind}Policy": lambda owner: _with_attached(owner, arn, is_attached=False),
        f"Put{kind}Policy": lambda owner: _with_inline(owner, name, parameters.get("PolicyDocument")),
        f"Delete{kind}Policy": lambda owner: _with_inline(owner, name, None),
        f"Put{kind}PermissionsBoundary": lambda owner: dataclasses.replace(
            owner, boundary=str(parameters["PermissionsBoundary"])
        ),
        f"Delete{kind}PermissionsBoundary": lambda owner: dataclasses.replace(owner, boundary=None),
    }
    return edits.get(operation)


def _edit_owners(snapshot: Snapshot, kind: str, name: str, edit: Edit) -> Snapshot:
    field = f"{kind.lower()}s"
    owners = getattr(snapshot, field)
    fields: dict[str, t.Any] = {
        field: tuple(edit(owner) if owner.name.lower() == name.lower() else owner for owner in owners)
    }
    return dataclasses.replace(snapshot, **fields)


def _with_attached(owner: Owner, arn: str, *, is_attached: bool) -> Owner:
    others = tuple(item for item in owner.attached_policies if item != arn)
    return dataclasses.replace(owner, attached_policies=(*others, arn) if is_attached else others)


def _with_inline(owner: Owner, name: str, text: t.Any) -> Owner:
    others = tuple(item for item in owner.inline_policies if item.name != name)
    added = () if text is None else (_document(name, text),)
    return dataclasses.replace(owner, inline_policies=(*others, *added))


def _document(name: str, text: t.Any) -> PolicyDocument:
    try:
        return PolicyDocument(name, json.loads(text) if isinstance(text, str) else text)
    except ValueError as error:
        return PolicyDocument(name, None, str(error))


def _membership(snapshot: Snapshot, is_member: bool, parameters: Mapping[str, t.Any]) -> Snapshot:
    given = str(parameters["GroupName"])
    group = next((known.name for known in snapshot.groups if known.name.lower() == given.lower()), given)

    def edit(user: User) -> User:
        others = tuple(name for name in user.groups if name.lower() != group.lower())
        return dataclasses.replace(user, groups=(*others, group) if is_member else others)

    return _edit_owners(snapshot, "User", str(parameters["UserName"]), edit)


def _with_group(snapshot: Snapshot, parameters: Mapping[str, t.Any]) -> Snapshot:
    """A new group: later changes of a plan give it policies and members."""
    name, path = str(parameters["GroupName"]), str(parameters.get("Path") or "/")
    arn = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:group{path}{name}"
    return dataclasses.replace(snapshot, groups=(*snapshot.groups, Group(name, arn, path, None, (), ())))


def _credentials(snapshot: Snapshot, change: Change) -> Snapshot:
    """The credential report. It has no ids of keys, so of a user's active keys any one stands for the key."""
    report = snapshot.credential_report
    if report is None:
        return snapshot
    rows = tuple(credentials_after(row, change) for row in report.users)
    if rows == report.users:
        return snapshot
    return dataclasses.replace(snapshot, credential_report=dataclasses.replace(report, users=rows))


def credentials_after(row: CredentialRow, change: Change) -> CredentialRow:
    """The credentials of a user as the request leaves them; the same if the request is about another user."""
    if row.user.lower() != str(change.parameters.get("UserName", "")).lower():
        return row
    if change.operation == "DeleteLoginProfile":
        return dataclasses.replace(row, password_enabled=False)
    found = change.before if isinstance(change.before, Mapping) else {}
    wanted = change.parameters.get("Status") if change.operation == "UpdateAccessKey" else "Inactive"
    if wanted == found.get("status", "Active"):
        return row
    is_active = wanted == "Active"
    slot = next((key.slot for key in row.access_keys if key.active is not is_active), None)
    keys = (dataclasses.replace(key, active=is_active) if key.slot == slot else key for key in row.access_keys)
    return dataclasses.replace(row, access_keys=tuple(keys))


def _add_policy(snapshot: Snapshot, change: Change) -> Snapshot:
    """Add a new managed policy: a later change of a plan may make it somebody's boundary."""
    name, path = str(change.parameters["PolicyName"]), str(change.parameters.get("Path") or "/")
    arn = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:policy{path}{name}"
    document = _document("v1", change.parameters.get("PolicyDocument"))
    made = ManagedPolicy(arn, name, path, document, 0, 0, None, None, is_aws_managed=False)
    return dataclasses.replace(snapshot, policies=(*snapshot.policies, made))


def _content(snapshot: Snapshot, change: Change) -> Snapshot:
    """The default version of a managed policy. Of a version that is made the default again the change shows it."""
    given = change.parameters.get("PolicyDocument")
    if change.operation == "CreatePolicyVersion" and not change.parameters.get("SetAsDefault"):
        return snapshot
    if given is None:
        given = change.after.get("document") if isinstance(change.after, Mapping) else None
    arn = str(change.parameters["PolicyArn"])

    def edit(policy: ManagedPolicy) -> ManagedPolicy:
        if policy.arn != arn:
            return policy
        return dataclasses.replace(policy, default_version=_document(policy.default_version.name, given))

    return dataclasses.replace(snapshot, policies=tuple(map(edit, snapshot.policies)))
