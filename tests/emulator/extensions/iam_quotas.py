# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inline policies within the size that all those of a principal may have together; white space is not counted.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
"""

from __future__ import annotations

import re
import typing as t

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import LimitExceededException
from moto.iam.models import Group, Role, User
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.iam.responses import IamResponse

from emulator.extensions.registration import iam_operations

_SIZES: t.Final = {"user": 2_048, "group": 5_120, "role": 10_240}


def put_user_policy(response: IamResponse) -> ActionResult:
    """PutUserPolicy."""
    return _put(response, response.backend.get_user(response._get_param("UserName")), "user")


def put_group_policy(response: IamResponse) -> ActionResult:
    """PutGroupPolicy."""
    return _put(response, response.backend.get_group(response._get_param("GroupName")), "group")


def put_role_policy(response: IamResponse) -> ActionResult:
    """PutRolePolicy."""
    return _put(response, response.backend.get_role(response._get_param("RoleName")), "role")


def _put(response: IamResponse, holder: t.Union[User, Group, Role], kind: str) -> ActionResult:
    name, document = response._get_param("PolicyName"), response._get_param("PolicyDocument")
    IAMPolicyDocumentValidator(document).validate()
    others = (text for known, text in holder.policies.items() if known != name)
    if sum(len(re.sub(r"\s", "", text)) for text in (document, *others)) > _SIZES[kind]:
        raise LimitExceededException(f"Maximum policy size of {_SIZES[kind]} bytes exceeded for {kind} {holder.name}")
    holder.put_policy(name, document)
    return EmptyResult()


def install() -> None:
    """Replace the operations."""
    iam_operations(put_user_policy, put_group_policy, put_role_policy)
