# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What takes back recorded changes of IAM: users, groups, roles, policies, boundaries, credentials, password policy."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping

from .._account.model import PasswordPolicy
from .._capabilities.access_keys.changes import stage_shown
from .._capabilities.access_keys.history import TAG, UNTAG
from .._capabilities.access_keys.kinds import ACTIVE, OPERATIONS_OF, Kind
from .._capabilities.event_alerts.changes import (
    CREATE_ROLE,
    DELETE_ROLE,
    DELETE_ROLE_POLICY,
    PUT_ROLE_POLICY,
    ROLE_DESCRIPTION,
    ROLE_POLICY,
    SET_TRUST,
)
from .._capabilities.organization_root_access.changes import SWITCHES
from .._capabilities.password_policy.declared import FIELDS, payload
from .._capabilities.password_policy.plan import DELETE as DELETE_PASSWORD_POLICY
from .._capabilities.password_policy.plan import UPDATE as UPDATE_PASSWORD_POLICY
from .._capabilities.permissions_boundary import changes as boundaries
from .._converge.change import Undo
from .._converge.undo_records import Record

_TRUST: t.Final = " trust"
_PLACE_OF_POLICY: t.Final = f" policy {ROLE_POLICY}"


# The password policy


def _password_policy(record: Record) -> Undo:
    suffix = f":iam::{record.change.account_id}:account-password-policy"
    record.check(record.target.endswith(suffix), f"{record.target} is not the password policy of the account")
    if record.is_new:
        return Undo(DELETE_PASSWORD_POLICY, {})
    before = record.before
    record.check(set(before) == set(FIELDS), "its before is no password policy")
    return Undo(UPDATE_PASSWORD_POLICY, payload(PasswordPolicy(**{FIELDS[name]: before[name] for name in FIELDS})))


# Credentials


def _tag_of(record: Record) -> str:
    """The tag that keeps the stage of the credential which the record is about."""
    shown = record.before
    kind = Kind(shown["kind"])
    prefix = OPERATIONS_OF[kind].tag
    return prefix if kind is Kind.PASSWORD else prefix + str(shown["id"])[-4:]


def _stage(record: Record) -> Undo:
    """The tag of a stage as it was. Its value has a moment that the record's before does not show."""
    user, tag = record.name("user"), _tag_of(record)
    stage = record.before["stage"]
    if stage is None:
        return Undo(UNTAG, {"UserName": user, "TagKeys": [tag]})
    (spelt,) = record.tags()
    record.check(stage_shown(spelt["Value"]) == stage, "its undo has another stage than its before")
    return Undo(TAG, {"UserName": user, "Tags": [{"Key": tag, "Value": spelt["Value"]}]})


def _reactivation(record: Record) -> Undo:
    operations = OPERATIONS_OF[Kind(record.before["kind"])]
    record.check(operations.update == record.change.operation, "its operation is of another kind of credential")
    record.check(record.before["status"] == ACTIVE, "the credential was not active before")
    named = {"UserName": record.name("user"), operations.identifier: str(record.before["id"])}
    return Undo(record.change.operation, {**named, "Status": ACTIVE})


# Managed policies and boundaries


def _policy_made(record: Record) -> Undo:
    record.name("policy")
    return Undo(boundaries.DELETE, {"PolicyArn": record.target})


def _policy_updated(record: Record) -> Undo:
    """The version before. Which one that is only the record tells; that it says what before says is read live."""
    record.name("policy")
    return Undo(boundaries.SET_DEFAULT, {"PolicyArn": record.target, **record.optional("VersionId")})


def _policy_deleted(record: Record) -> Undo:
    path, name = record.path_and_name("policy")
    request = {
        "PolicyName": name,
        "Path": path,
        "PolicyDocument": record.text(record.before["document"], "PolicyDocument"),
        "Tags": record.tags(),
    }
    return Undo(boundaries.CREATE, {**request, **record.optional("Description")})


def _boundary(record: Record, kind: str) -> Undo:
    named = {"user": "UserName", "role": "RoleName"}[kind]
    parameters = {named: record.name(kind)}
    before = record.before["boundary"]
    if before is None:
        return Undo(boundaries.REMOVE[kind], parameters)
    return Undo(boundaries.PUT[kind], {**parameters, "PermissionsBoundary": str(before)})


# Groups and the policies of users, groups and roles


def _group_made(record: Record) -> Undo:
    return Undo("DeleteGroup", {"GroupName": record.name("group")})


def _member_added(record: Record) -> Undo:
    parameters = {"GroupName": str(record.after["group"]), "UserName": record.name("user")}
    return Undo("RemoveUserFromGroup", parameters)


def _managed(record: Record, owner: str, *, attached: bool) -> Undo:
    """A managed policy attached to an owner, or detached from it, in the opposite way."""
    record.check(record.before["attached"] is not attached, "its before does not fit its operation")
    verb = "Detach" if attached else "Attach"
    named = {f"{owner}Name": record.name(owner.lower()), "PolicyArn": str(record.before["policy"])}
    return Undo(f"{verb}{owner}Policy", named)


def _inline_put(record: Record, owner: str) -> Undo:
    named = {f"{owner}Name": record.name(owner.lower()), "PolicyName": str(record.before["inline_policy"])}
    document = record.before["document"]
    if record.change.operation.startswith("Put") and document is None:
        return Undo(f"Delete{owner}Policy", named)
    record.check(isinstance(document, Mapping), "its before holds no document")
    return Undo(f"Put{owner}Policy", {**named, "PolicyDocument": record.text(document, "PolicyDocument")})


# The role that hands on events: its target names the part that was changed


def _alert_role(record: Record, part: str) -> str:
    record.check(record.target.endswith(part), f"{record.target} is not{part} of a role")
    arn = record.target.removesuffix(part)
    is_ours = f":iam::{record.change.account_id}:role/" in arn and " " not in arn
    record.check(is_ours, f"{arn} is no role of the account")
    return arn.rpartition("/")[2]


def _role_made(record: Record) -> Undo:
    return Undo(DELETE_ROLE, {"RoleName": record.name("role")})


def _role_deleted(record: Record) -> Undo:
    path, name = record.path_and_name("role")
    request = {
        "Path": path,
        "RoleName": name,
        "Description": ROLE_DESCRIPTION,
        "AssumeRolePolicyDocument": record.text(record.before["trust"], "AssumeRolePolicyDocument"),
        "Tags": record.tags(),
    }
    boundary = record.before.get("boundary")
    return Undo(CREATE_ROLE, {**request, **({"PermissionsBoundary": boundary} if boundary else {})})


def _trust_set(record: Record) -> Undo:
    name = _alert_role(record, _TRUST)
    return Undo(SET_TRUST, {"RoleName": name, "PolicyDocument": record.text(record.before["trust"], "PolicyDocument")})


def _role_policy(record: Record) -> Undo:
    """An inline policy of a role: that of the alerts, or one that was taken from somebody's role."""
    if not record.target.endswith(_PLACE_OF_POLICY):
        return _inline_put(record, "Role")
    named = {"RoleName": _alert_role(record, _PLACE_OF_POLICY), "PolicyName": ROLE_POLICY}
    if record.is_new:
        return Undo(DELETE_ROLE_POLICY, named)
    document = record.text(record.before["policy"], "PolicyDocument")
    return Undo(PUT_ROLE_POLICY, {**named, "PolicyDocument": document})


# Root access of an organization


def _feature(record: Record, name: str, back: str) -> Undo:
    record.check(record.before["setting"] == name, f"its before is not about {name}")
    record.check(record.target.endswith(f"/{name}"), f"its target is not {name}")
    return Undo(back, {})


def _features() -> dict[tuple[str, str], Callable[[Record], t.Optional[Undo]]]:
    found: dict[tuple[str, str], Callable[[Record], t.Optional[Undo]]] = {}
    for name, (enable, disable) in SWITCHES.items():
        found["iam", enable] = functools.partial(_feature, name=name, back=disable)
        found["iam", disable] = functools.partial(_feature, name=name, back=enable)
    return found


def _of_owners() -> dict[tuple[str, str], Callable[[Record], t.Optional[Undo]]]:
    found: dict[tuple[str, str], Callable[[Record], t.Optional[Undo]]] = {}
    for owner in ("User", "Group", "Role"):
        found["iam", f"Attach{owner}Policy"] = functools.partial(_managed, owner=owner, attached=True)
        found["iam", f"Detach{owner}Policy"] = functools.partial(_managed, owner=owner, attached=False)
        found["iam", f"Put{owner}Policy"] = functools.partial(_inline_put, owner=owner)
        found["iam", f"Delete{owner}Policy"] = functools.partial(_inline_put, owner=owner)
    for kind in ("user", "role"):
        found["iam", boundaries.PUT[kind]] = functools.partial(_boundary, kind=kind)
        found["iam", boundaries.REMOVE[kind]] = functools.partial(_boundary, kind=kind)
    return found


DERIVATIONS: t.Final[Mapping[tuple[str, str], Callable[[Record], t.Optional[Undo]]]] = {
    ("iam", UPDATE_PASSWORD_POLICY): _password_policy,
    ("iam", DELETE_PASSWORD_POLICY): _password_policy,
    ("iam", TAG): _stage,
    ("iam", UNTAG): _stage,
    **{("iam", kind.update): _reactivation for kind in OPERATIONS_OF.values() if kind.update},
    ("iam", boundaries.CREATE): _policy_made,
    ("iam", boundaries.UPDATE): _policy_updated,
    ("iam", boundaries.DELETE): _policy_deleted,
    ("iam", "CreateGroup"): _group_made,
    ("iam", "AddUserToGroup"): _member_added,
    **_of_owners(),
    ("iam", CREATE_ROLE): _role_made,
    ("iam", DELETE_ROLE): _role_deleted,
    ("iam", SET_TRUST): _trust_set,
    ("iam", PUT_ROLE_POLICY): _role_policy,
    ("iam", DELETE_ROLE_POLICY): _role_policy,
    **_features(),
}
