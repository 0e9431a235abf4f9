# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Permissions boundaries: those of users, which moto lacks, and how often a policy serves as one."""

from __future__ import annotations

import typing as t

from moto.core.responses import ActionResult, EmptyResult
from moto.core.serialize import never_return, return_if_not_empty
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import IAMBackend, ManagedPolicy, Role, User
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations
from emulator.extensions.state import account_states, state_of

Principal = t.Union[User, Role]


class _BoundaryArn:
    """The attribute ``permissions_boundary_arn``, which keeps count of how many principals a policy bounds."""

    def __get__(self, owner: t.Optional[Principal], kind: t.Optional[type] = None) -> t.Optional[str]:
        return None if owner is None else owner.__dict__.get("permissions_boundary_arn")

    def __set__(self, owner: Principal, arn: t.Optional[str]) -> None:
        usage = state_of(owner).boundary_usage
        before = owner.__dict__.get("permissions_boundary_arn")
        if before:
            usage[before] -= 1
        if arn:
            usage[arn] += 1
        owner.__dict__["permissions_boundary_arn"] = arn


def boundary_of(principal: Principal) -> t.Optional[dict[str, str]]:
    """The boundary as IAM answers it. AWS says ``Policy`` on the wire, whatever the enumeration of the API model."""
    arn = principal.permissions_boundary_arn
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


def usage_count(policy: ManagedPolicy) -> int:
    """How many users and roles of the account have the policy as their boundary."""
    return int(account_states[policy.account_id][policy.partition].boundary_usage[policy.arn])


def check_exists(backend: IAMBackend, arn: str) -> None:
    """A boundary must be a policy that exists in the account, or AWS's.

    :raises NoSuchEntity: otherwise.
    """
    if arn not in backend.managed_policies:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")


def put_user_permissions_boundary(response: IamResponse) -> ActionResult:
    """PutUserPermissionsBoundary."""
    user = response.backend.get_user(response._get_param("UserName"))
    arn = response._get_param("PermissionsBoundary")
    check_exists(response.backend, arn)
    user.permissions_boundary_arn = arn
    return EmptyResult()


def delete_user_permissions_boundary(response: IamResponse) -> ActionResult:
    """DeleteUserPermissionsBoundary."""
    _delete(response.backend.get_user(response._get_param("UserName")))
    return EmptyResult()


def put_role_permissions_boundary(response: IamResponse) -> ActionResult:
    """PutRolePermissionsBoundary."""
    role = response.backend.get_role(response._get_param("RoleName"))
    arn = response._get_param("PermissionsBoundary")
    check_exists(response.backend, arn)
    role.permissions_boundary_arn = arn
    return EmptyResult()


def delete_role_permissions_boundary(response: IamResponse) -> ActionResult:
    """DeleteRolePermissionsBoundary."""
    _delete(response.backend.get_role(response._get_param("RoleName")))
    return EmptyResult()


def _delete(principal: Principal) -> None:
    if principal.permissions_boundary_arn is None:
        raise NoSuchEntity(f"{principal.name} has no permissions boundary.")
    principal.permissions_boundary_arn = None


def install() -> None:
    """Give users boundaries, and policies their count."""
    for kind in (User, Role):
        kind.permissions_boundary_arn = _BoundaryArn()
        kind.permissions_boundary = property(boundary_of)
    ManagedPolicy.permissions_boundary_usage_count = property(usage_count)
    # A list of users or roles does not say their boundary; a single user or role says it where there is one.
    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.update(
        {
            "ListUsersResponse.Users.User.PermissionsBoundary": never_return,
            "GetGroupResponse.Users.User.PermissionsBoundary": never_return,
            "GetUserResponse.User.PermissionsBoundary": return_if_not_empty,
            "CreateUserResponse.User.PermissionsBoundary": return_if_not_empty,
        }
    )
    iam_operations(
        put_user_permissions_boundary,
        delete_user_permissions_boundary,
        put_role_permissions_boundary,
        delete_role_permissions_boundary,
    )
