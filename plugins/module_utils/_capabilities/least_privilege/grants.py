# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that least_privilege needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, Grants

# All that a campaign makes has such a name or path.
_NEW_ROLES: t.Final = (f"{IAM}role/*-lp",)
_POLICIES: t.Final = (f"{IAM}policy/iam-hardening/lp/*",)
GRANTS: t.Final = Grants(
    resources={
        "iam:CreateRole": _NEW_ROLES,
        "iam:DeleteRole": _NEW_ROLES,
        "iam:TagRole": _NEW_ROLES,
        **{
            f"iam:{name}": _POLICIES
            for name in (
                "CreatePolicy",
                "CreatePolicyVersion",
                "DeletePolicy",
                "DeletePolicyVersion",
                "SetDefaultPolicyVersion",
                "TagPolicy",
            )
        },
    },
    # A boundary is only set for a trial. It narrows the role, whatever else somebody calls with this permission.
    conditions={"iam:PutRolePermissionsBoundary": {"ArnLike": {"iam:PermissionsBoundary": list(_POLICIES)}}},
    purposes={
        "iam:GetPolicy": "least_privilege: a policy of a campaign, before and after it is changed",
        "iam:GetPolicyVersion": "least_privilege: the content of the policies of a campaign",
        "iam:GetRole": "least_privilege: a role, before and after it is changed",
        "iam:GetRolePolicy": "least_privilege: an inline policy of a role, before and after it is changed",
        "iam:ListAttachedRolePolicies": "least_privilege: the policies of a role, before and after they are changed",
        "iam:ListPolicyVersions": "least_privilege: the versions of a policy, of which AWS keeps five",
    },
)
