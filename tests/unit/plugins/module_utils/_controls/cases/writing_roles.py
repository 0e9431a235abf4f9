# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of this collection, by what they can make of themselves and of others."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Snapshot

from ..case_tables import cases
from ..samples import (
    ADMIN,
    MEMBER,
    allow,
    arn,
    document,
    group,
    make_broken_document,
    of_management,
    role,
    snapshot,
    trust,
    user,
)
from .case import Case

_ESCALATION: t.Final = "https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/"
_OWN: t.Final = "/iam-hardening/"
_BOOTSTRAP: t.Final = "examples/bootstrap"


def _inline(*statements: t.Any) -> tuple[PolicyDocument, ...]:
    return (document(*statements, name="own"),)


def _writing(*statements: t.Any, **fields: t.Any) -> Callable[[], Snapshot]:
    """An account with a role of this collection, whose policy says so."""
    values = {"path": _OWN, "arn": arn("role", "iam-hardening/writer"), "inline_policies": _inline(*statements)}
    return lambda: snapshot(
        users=(user("alice"),),
        groups=(group("readers"), group("admins", attached_policies=(ADMIN,))),
        roles=(role("app"), role("writer", **{**values, **fields})),
    )


CASES: t.Final[tuple[Case, ...]] = (
    *cases(
        "writing_role_power",
        _ESCALATION,
        FAIL={
            "may write policies of users": _writing(allow("iam:PutUserPolicy")),
            "may put anybody into the group of administrators": _writing(allow("iam:AddUserToGroup")),
            "may write its own policy": _writing(allow("iam:PutRolePolicy")),
            "may attach policies to groups": _writing(allow("iam:AttachGroupPolicy")),
            "may do all that is called Put": _writing(allow("iam:Put*")),
        },
        PASS={
            "may put people into the group of readers": _writing(
                allow("iam:AddUserToGroup", resource=arn("group", "readers"))
            ),
            "may write policies, and IAM is denied": _writing(allow("iam:*"), {**allow("iam:*"), "Effect": "Deny"}),
        },
        NOT_APPLICABLE={
            "no such role": lambda: snapshot(roles=(role("iam-hardening-writer", attached_policies=(ADMIN,)),))
        },
        NOT_ASSESSED={"a policy that can't be parsed": _writing(inline_policies=(make_broken_document("own"),))},
    ),
    *cases(
        "writing_role_power",
        _BOOTSTRAP,
        FAIL={
            "is an administrator": _writing(attached_policies=(ADMIN,)),
            "is an administrator at a deeper path": _writing(
                attached_policies=(ADMIN,),
                path="/iam-hardening/tools/",
                arn=arn("role", "iam-hardening/tools/writer"),
            ),
            "is called like the role for emergencies, and trusts a user": lambda: snapshot(
                users=(user("mallory"),),
                roles=(
                    role(
                        "break-glass",
                        path=_OWN,
                        arn=arn("role", "iam-hardening/break-glass"),
                        attached_policies=(ADMIN,),
                        trust=trust({"AWS": arn("user", "mallory")}),
                    ),
                ),
            ),
        },
        PASS={
            "may deactivate keys and remove passwords": _writing(
                allow("iam:UpdateAccessKey", "iam:DeleteLoginProfile", "iam:TagUser")
            ),
            "may take permissions from users and groups": _writing(
                allow("iam:DetachUserPolicy", "iam:DeleteUserPolicy", "iam:RemoveUserFromGroup")
            ),
            "the role for emergencies beside one that only reads": lambda: snapshot(
                organization=MEMBER,
                roles=(
                    of_management(
                        "break-glass",
                        path=_OWN,
                        arn=arn("role", "iam-hardening/break-glass"),
                        attached_policies=(ADMIN,),
                    ),
                    role(
                        "audit",
                        path=_OWN,
                        arn=arn("role", "iam-hardening/audit"),
                        inline_policies=_inline(allow("iam:Get*")),
                    ),
                ),
            ),
        },
    ),
)
