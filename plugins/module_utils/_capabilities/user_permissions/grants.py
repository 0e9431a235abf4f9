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
        "iam:GetGroup": "user_permissions: a group that is to be made or taken back",
        "iam:GetGroupPolicy": "user_permissions: an inline policy, before and after it moves",
        "iam:GetRolePolicy": "user_permissions: an inline policy that is to be removed",
        "iam:GetUserPolicy": "user_permissions: an inline policy, before and after it moves",
        "iam:ListAttachedGroupPolicies": "user_permissions: that a group has a policy, before it is taken from its "
        "members",
        "iam:ListAttachedRolePolicies": "user_permissions: that a role has a policy that is to be removed",
        "iam:ListAttachedUserPolicies": "user_permissions: that a user has a policy that is to move or to be removed",
        "iam:ListGroupsForUser": "user_permissions: that a user is in a group, before a policy is taken from the user",
    }
)
