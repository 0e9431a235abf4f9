# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that user_permissions needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import Grants

GRANTS: t.Final = Grants(
    purposes={
        "iam:GetGroup": "user_permissions: a group that is created or rolled back",
        "iam:GetGroupPolicy": "user_permissions: an inline policy, before and after it moves",
        "iam:GetRolePolicy": "user_permissions: an inline policy to remove",
        "iam:GetUserPolicy": "user_permissions: an inline policy, before and after it moves",
        "iam:ListAttachedGroupPolicies": "user_permissions: the policies of a group, before a member loses one",
        "iam:ListAttachedRolePolicies": "user_permissions: the policies of a role, before one is removed",
        "iam:ListAttachedUserPolicies": "user_permissions: the policies of a user, before one is moved or removed",
        "iam:ListGroupsForUser": "user_permissions: the groups of a user, before a policy is removed",
    }
)
