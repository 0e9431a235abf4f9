# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that credential_quarantine needs beyond the list of its operations."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Mapping

from ..._policy.analysis.own_grants import IAM, Condition, Grants
from .changes import TAGS

_ASSUME_ROOT: t.Final = "sts:AssumeRoot"
_ROOT_TASK: t.Final = "arn:${Partition}:iam::aws:policy/root-task/"
_TASKS: t.Final = ("IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials")
_OWN_TAGS: t.Final[Condition] = {
    "ForAllValues:StringEquals": {"aws:TagKeys": list(TAGS)},
    "Null": {"aws:TagKeys": "false"},
}
_DENIALS: t.Final = [f"{IAM}policy/iam-hardening/quarantine-deny-all", "arn:${Partition}:iam::aws:policy/AWSDenyAll"]
_OF_INCIDENTS: t.Final = f"{IAM}policy/iam-hardening/incident-*"
GRANTS: t.Final = Grants(
    # Root is that of other accounts: AWS's list names its ARN, which elsewhere is that of the account.
    resources={
        _ASSUME_ROOT: ("arn:${Partition}:iam::*:root",),
        **dict.fromkeys(("iam:DeletePolicy", "iam:DeletePolicyVersion"), (_OF_INCIDENTS,)),
    },
    conditions={
        "iam:TagUser": _OWN_TAGS,
        "iam:UntagUser": _OWN_TAGS,
        # With these the role can take access, and give none.
        "iam:AttachUserPolicy": {"ArnEquals": {"iam:PolicyARN": _DENIALS}},
        "iam:DetachUserPolicy": {"ArnEquals": {"iam:PolicyARN": _DENIALS}},
        "iam:DetachRolePolicy": {"ArnLike": {"iam:PolicyARN": [_OF_INCIDENTS]}},
        _ASSUME_ROOT: {"StringEquals": {"sts:TaskPolicyArn": [f"{_ROOT_TASK}{name}" for name in _TASKS]}},
    },
)
#: The switches of the role, and the writes that each allows. Without a switch nothing of it can be done.
SWITCHES: t.Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        "ContainmentUsers": (
            *("iam:TagUser", "iam:UntagUser", "iam:AttachUserPolicy", "iam:DetachUserPolicy", "iam:UpdateAccessKey"),
            *("iam:UpdateServiceSpecificCredential", "iam:UpdateSSHPublicKey", "iam:UpdateSigningCertificate"),
            "iam:DeleteLoginProfile",
        ),
        # A denying boundary may replace one that limits a user, and be taken off: then nothing limits the user.
        "ContainmentBoundaries": ("iam:PutUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary"),
        # The content of an inline policy can't be limited: this is as strong as an administrator.
        "ContainmentInline": ("iam:PutUserPolicy", "iam:DeleteUserPolicy"),
        # A release takes back what was cut of roles.
        "ContainmentRoles": (
            *("iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:DeletePolicy", "iam:DeletePolicyVersion"),
        ),
        "ContainmentTrust": ("iam:UpdateAssumeRolePolicy",),
        "ContainmentRoot": (_ASSUME_ROOT,),
    }
)
