# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that session_revocation needs beyond the list of its operations."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Mapping

from ..._policy.analysis.own_grants import IAM, Condition, Grants
from .cut import MANAGED_PATH, MANAGED_PREFIX

_POLICIES: t.Final = f"{IAM}policy{MANAGED_PATH}{MANAGED_PREFIX}*"
_ONLY_OURS: t.Final[Condition] = {"ArnLike": {"iam:PolicyARN": [_POLICIES]}}
_OF_POLICIES: t.Final = (*("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:TagPolicy"),)
GRANTS: t.Final = Grants(
    resources=dict.fromkeys(_OF_POLICIES, (_POLICIES,)),
    conditions=dict.fromkeys(("iam:AttachRolePolicy", "iam:DetachRolePolicy"), _ONLY_OURS),
    purposes={
        "iam:GetAccessKeyLastUsed": "session_revocation: the user of a leaked key",
        "iam:GetRole": "session_revocation: the unique id of a role, once more before each write",
        "sts:GetAccessKeyInfo": "session_revocation: the account of a leaked key",
    },
)
#: Actions that AWS's list of actions does not have yet. IAM may refuse a policy that names them.
UNPROVEN: t.Final = frozenset({"signin:BatchRevokeSessions", "signin:GetSession", "signin:ListSessions"})
#: The switches of the role, and the writes that they allow. The content of an inline policy can't be limited, so the
#: first one is as strong as an administrator.
SWITCHES: t.Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        "ContainmentRoles": (
            *("iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            *_OF_POLICIES,
        ),
        # A key that the incident made for somebody else.
        "ContainmentUsers": ("iam:UpdateAccessKey",),
    }
)
