# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that permissions_boundary needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, Grants

_CHANGES: t.Final = ("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion")
GRANTS: t.Final = Grants(
    resources={
        f"iam:{name}": (f"{IAM}policy${{BoundaryPolicyPath}}*",)
        for name in (*_CHANGES, "SetDefaultPolicyVersion", "TagPolicy")
    },
    purposes={
        "iam:GetPolicy": "permissions_boundary: a declared policy, also before it is attached to anybody",
        "iam:GetPolicyVersion": "permissions_boundary: the content of the versions of a declared policy",
        "iam:GetRole": "permissions_boundary: the boundary of a role, before it is changed",
        "iam:GetUser": "permissions_boundary: the boundary of a user, before it is changed",
        "iam:ListPolicyVersions": "permissions_boundary: the versions of a declared policy, of which AWS keeps five",
    },
)
