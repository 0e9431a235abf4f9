# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The permissions that policy_scope needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import Grants

GRANTS: t.Final = Grants(
    purposes={
        "iam:GetGroupPolicy": "policy_scope: an inline policy of a group, before and after it is narrowed",
        "iam:GetPolicy": "policy_scope: a managed policy, before and after it is narrowed",
        "iam:GetPolicyVersion": "policy_scope: the content of the versions of a policy",
        "iam:GetRolePolicy": "policy_scope: an inline policy of a role, before and after it is narrowed",
        "iam:GetUserPolicy": "policy_scope: an inline policy of a user, before and after it is narrowed",
        "iam:ListAttachedGroupPolicies": "policy_scope: the policies of a group, before and after one is exchanged",
        "iam:ListAttachedRolePolicies": "policy_scope: the policies of a role, before and after one is exchanged",
        "iam:ListAttachedUserPolicies": "policy_scope: the policies of a user, before and after one is exchanged",
        "iam:ListPolicyVersions": "policy_scope: the versions of a policy, of which AWS keeps five",
    }
)
