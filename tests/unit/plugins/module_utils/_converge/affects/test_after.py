# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each request of IAM makes of an account: the one whom it names as it asks, everybody else as before."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    Group,
    ManagedPolicy,
    PolicyDocument,
    Role,
    Snapshot,
    User,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.affects.after import (
    can_deny,
    can_take,
    snapshot_after,
)

from .test_affected import OTHER, POLICY, SNAPSHOT, Record, arn, make_change, role, user

Owner = t.Union[User, Role, Group]

KINDS: t.Final = ("User", "Role", "Group")
DENY: t.Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
KEPT: t.Final = PolicyDocument("kept", {})
GIVEN: t.Final[Record] = {"attached_policies": (OTHER,), "inline_policies": (KEPT,)}
MANAGED: t.Final = ManagedPolicy(POLICY, "shared", "/", PolicyDocument("v1", {}), 0, 0, None, None, False)
ACCOUNT: t.Final = dataclasses.replace(
    SNAPSHOT,
    users=(user("Ann", boundary=POLICY, groups=("Team", "Kept"), **GIVEN), user("bob", boundary=POLICY, **GIVEN)),
    roles=(role("Ann", boundary=POLICY, **GIVEN), role("bob", boundary=POLICY, **GIVEN)),
    groups=tuple(Group(name, arn("group", name), "/", None, (OTHER,), (KEPT,)) for name in ("Ann", "bob")),
    policies=(MANAGED, dataclasses.replace(MANAGED, arn=OTHER)),
)


def after(operation: str, parameters: Record, **fields: t.Any) -> Snapshot:
    return snapshot_after(ACCOUNT, make_change(operation, parameters=parameters, **fields))


def fields_of(kind: str) -> str:
    return f"{kind.lower()}s"


def of_ann(operation: str, kind: str, **parameters: t.Any) -> Owner:
    """Ann once the request is made. Names of IAM are the same whatever their case."""
    name = operation.format(kind)
    made = after(f"iam:{name}", {f"{kind}Name": "ANN", **parameters})
    first, second = getattr(made, fields_of(kind))
    assert second == getattr(ACCOUNT, fields_of(kind))[1]
    for other in {*KINDS} - {kind}:
        assert getattr(made, fields_of(other)) == getattr(ACCOUNT, fields_of(other))
    return t.cast(Owner, first)


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_is_attached_once_and_detached(kind: str) -> None:
    assert of_ann("Attach{}Policy", kind, PolicyArn=POLICY).attached_policies == (OTHER, POLICY)
    assert of_ann("Attach{}Policy", kind, PolicyArn=OTHER).attached_policies == (OTHER,)
    assert of_ann("Detach{}Policy", kind, PolicyArn=OTHER).attached_policies == ()
    assert of_ann("Detach{}Policy", kind, PolicyArn=POLICY).attached_policies == (OTHER,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("document", [DENY, json.dumps(DENY)])
def test_an_inline_policy_is_put_in_place_of_one_of_its_name(kind: str, document: t.Any) -> None:
    added = of_ann("Put{}Policy", kind, PolicyName="more", PolicyDocument=document)
    assert added.inline_policies == (KEPT, PolicyDocument("more", DENY))
    replaced = of_ann("Put{}Policy", kind, PolicyName="kept", PolicyDocument=document)
    assert replaced.inline_policies == (PolicyDocument("kept", DENY),)
    assert of_ann("Delete{}Policy", kind, PolicyName="kept").inline_policies == ()
    assert of_ann("Delete{}Policy", kind, PolicyName="more").inline_policies == (KEPT,)


def test_a_document_that_is_no_json_is_not_known() -> None:
    (_kept, broken) = of_ann("Put{}Policy", "Role", PolicyName="x", PolicyDocument="{").inline_policies
    assert (broken.name, broken.document) == ("x", None)
    assert broken.error


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_a_boundary_is_put_and_deleted(kind: str) -> None:
    put = of_ann("Put{}PermissionsBoundary", kind, PermissionsBoundary=OTHER)
    deleted = of_ann("Delete{}PermissionsBoundary", kind)
    assert isinstance(put, (User, Role)) and isinstance(deleted, (User, Role))
    assert (put.boundary, deleted.boundary) == (OTHER, None)


@pytest.mark.parametrize(
    ("operation", "group", "groups"),
    [
        ("AddUserToGroup", "New", ("Team", "Kept", "New")),
        ("AddUserToGroup", "team", ("Kept", "team")),
        ("RemoveUserFromGroup", "TEAM", ("Kept",)),
        ("RemoveUserFromGroup", "New", ("Team", "Kept")),
    ],
)
def test_a_user_joins_and_leaves_a_group(operation: str, group: str, groups: tuple[str, ...]) -> None:
    made = after(f"iam:{operation}", {"UserName": "ann", "GroupName": group})
    assert [item.groups for item in made.users] == [groups, ()]
    assert made.groups == ACCOUNT.groups


@pytest.mark.parametrize(
    ("operation", "parameters", "shown", "document"),
    [
        ("CreatePolicyVersion", {"PolicyDocument": json.dumps(DENY), "SetAsDefault": True}, None, DENY),
        ("CreatePolicyVersion", {"PolicyDocument": json.dumps(DENY), "SetAsDefault": False}, None, {}),
        ("CreatePolicyVersion", {"PolicyDocument": json.dumps(DENY)}, None, {}),
        # What a former version says stands in the change alone.
        ("SetDefaultPolicyVersion", {"VersionId": "v3"}, {"document": DENY}, DENY),
        ("SetDefaultPolicyVersion", {"VersionId": "v3"}, None, None),
    ],
)
def test_the_default_version_of_a_policy(operation: str, parameters: Record, shown: t.Any, document: t.Any) -> None:
    made = after(f"iam:{operation}", {"PolicyArn": POLICY, **parameters}, after=shown)
    changed, other = made.policies
    assert (changed.arn, changed.default_version.document) == (POLICY, document)
    assert other == ACCOUNT.policies[1]


@pytest.mark.parametrize("operation", ["sts:AttachUserPolicy", "sts:AddUserToGroup", "sts:CreatePolicyVersion"])
def test_another_service_changes_no_user(operation: str) -> None:
    given = {"UserName": "Ann", "GroupName": "New", "PolicyArn": POLICY, "PolicyDocument": "{}", "SetAsDefault": True}
    assert after(operation, given) is ACCOUNT


@pytest.mark.parametrize(("path", "shown"), [({}, "/"), ({"Path": "/teams/"}, "/teams/")])
def test_a_group_is_made(path: Record, shown: str) -> None:
    made = after("iam:CreateGroup", {"GroupName": "New", **path})
    *others, new = made.groups
    assert tuple(others) == ACCOUNT.groups
    assert (new.name, new.path, new.arn) == ("New", shown, arn("group", f"{shown[1:]}New"))
    assert (new.attached_policies, new.inline_policies) == ((), ())


@pytest.mark.parametrize(("path", "shown"), [({}, "/"), ({"Path": "/teams/"}, "/teams/")])
def test_a_role_is_made_with_its_trust_and_boundary(path: Record, shown: str) -> None:
    given = {"AssumeRolePolicyDocument": json.dumps(DENY), "PermissionsBoundary": POLICY}
    tags = {"Tags": [{"Key": "team", "Value": "shop"}]}
    *others, new = after("iam:CreateRole", {"RoleName": "New", **path, **given, **tags}).roles
    assert tuple(others) == ACCOUNT.roles
    assert (new.name, new.path, new.arn) == ("New", shown, arn("role", f"{shown[1:]}New"))
    assert (new.trust.document, new.boundary, new.tags) == (DENY, POLICY, {"team": "shop"})
    assert (new.attached_policies, new.inline_policies, new.last_used) == ((), (), None)


def test_a_role_gets_another_trust_and_is_deleted() -> None:
    changed, other = after("iam:UpdateAssumeRolePolicy", {"RoleName": "ANN", "PolicyDocument": json.dumps(DENY)}).roles
    assert changed.trust.document == DENY
    assert other == ACCOUNT.roles[1]
    assert after("iam:DeleteRole", {"RoleName": "ANN"}).roles == (ACCOUNT.roles[1],)


def test_what_leaves_users_and_policies_as_they_are() -> None:
    assert after("iam:TagUser", {"UserName": "Ann", "PolicyArn": POLICY}) is ACCOUNT


# Requests that may take something


@pytest.mark.parametrize(
    "operation",
    [
        *("DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy", "DeleteUserPolicy", "DeleteRolePolicy"),
        *("DeleteGroupPolicy", "PutUserPermissionsBoundary", "PutRolePermissionsBoundary", "CreatePolicyVersion"),
        *("SetDefaultPolicyVersion", "RemoveUserFromGroup", "UpdateAccessKey", "DeleteAccessKey", "DeleteLoginProfile"),
    ],
)
def test_requests_that_may_take_permissions_or_credentials(operation: str) -> None:
    assert can_take(make_change(f"iam:{operation}", parameters={"UserName": "ann", "Status": "Inactive"}))
    assert not can_take(make_change(f"organizations:{operation}", parameters={}))


@pytest.mark.parametrize("operation", ["AttachUserPolicy", "AddUserToGroup", "TagUser", "DeleteSSHPublicKey"])
def test_requests_that_take_neither(operation: str) -> None:
    assert not can_take(make_change(f"iam:{operation}", parameters={"UserName": "ann"}))
    assert not can_take(make_change("iam:UpdateAccessKey", parameters={"UserName": "ann", "Status": "Active"}))
    assert can_take(make_change("iam:DeleteAccessKey", parameters={"UserName": "ann", "Status": "Active"}))


@pytest.mark.parametrize(
    ("operation", "denies"),
    [
        *((f"{verb}{kind}Policy", True) for verb in ("Attach", "Put") for kind in ("User", "Role", "Group")),
        *(("AddUserToGroup", True), ("RemoveUserFromGroup", False), ("CreatePolicy", False), ("CreateGroup", False)),
        *(("TagUser", False), ("DeleteUserPermissionsBoundary", False)),
    ],
)
def test_requests_that_may_bring_a_deny(operation: str, denies: bool) -> None:
    assert can_deny(make_change(f"iam:{operation}", parameters={"UserName": "ann"})) is denies
    assert not can_deny(make_change(f"organizations:{operation}", parameters={}))
