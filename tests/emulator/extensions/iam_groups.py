# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quotas of groups and inline policies, which moto reports in the account summary and does not hold.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import re
import typing as t

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import EntityAlreadyExists, LimitExceededException
from moto.iam.models import Group, Role, User
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations

_GROUPS_PER_ACCOUNT = 300
_GROUPS_PER_USER = 10
# Of all inline policies of one entity together; white space does not count.
_INLINE_SIZE: t.Mapping[str, int] = {"user": 2048, "group": 5120, "role": 10240}


def create_group(response: IamResponse) -> ActionResult:
    """CreateGroup: names have no case."""
    backend, name = response.backend, response._get_param("GroupName")
    if name.lower() in {other.lower() for other in backend.groups}:
        raise EntityAlreadyExists(f"Group with name {name} already exists.")
    if len(backend.groups) >= _GROUPS_PER_ACCOUNT:
        raise LimitExceededException(f"Cannot exceed quota for GroupsPerAccount: {_GROUPS_PER_ACCOUNT}")
    return ActionResult({"Group": backend.create_group(name, response._get_param("Path", "/"))})


def add_user_to_group(response: IamResponse) -> ActionResult:
    """AddUserToGroup."""
    backend, user = response.backend, response.backend.get_user(response._get_param("UserName"))
    group = backend.get_group(response._get_param("GroupName"))
    others = [other for other in backend.get_groups_for_user(user.name) if other is not group]
    if len(others) >= _GROUPS_PER_USER:
        raise LimitExceededException(f"Cannot exceed quota for GroupsPerUser: {_GROUPS_PER_USER}")
    backend.add_user_to_group(group.name, user.name)
    return EmptyResult()


def put_user_policy(response: IamResponse) -> ActionResult:
    """PutUserPolicy."""
    user = response.backend.get_user(response._get_param("UserName"))
    _check_size(response, user, "user")
    response.backend.put_user_policy(user.name, *_policy(response))
    return EmptyResult()


def put_group_policy(response: IamResponse) -> ActionResult:
    """PutGroupPolicy."""
    group = response.backend.get_group(response._get_param("GroupName"))
    _check_size(response, group, "group")
    response.backend.put_group_policy(group.name, *_policy(response))
    return EmptyResult()


def put_role_policy(response: IamResponse) -> ActionResult:
    """PutRolePolicy."""
    role = response.backend.get_role(response._get_param("RoleName"))
    _check_size(response, role, "role")
    response.backend.put_role_policy(role.name, *_policy(response))
    return EmptyResult()


def _policy(response: IamResponse) -> tuple[str, str]:
    return response._get_param("PolicyName"), response._get_param("PolicyDocument")


def _check_size(response: IamResponse, holder: t.Union[User, Group, Role], kind: str) -> None:
    name, document = _policy(response)
    documents = {**holder.policies, name: document}
    if sum(len(re.sub(r"\s", "", text)) for text in documents.values()) > _INLINE_SIZE[kind]:
        raise LimitExceededException(
            f"Maximum policy size of {_INLINE_SIZE[kind]} bytes exceeded for {kind} {holder.name}"
        )


def install() -> None:
    """Hold AWS's quotas for groups and inline policies."""
    iam_operations(create_group, add_user_to_group, put_user_policy, put_group_policy, put_role_policy)
