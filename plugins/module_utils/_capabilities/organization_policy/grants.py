# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that organization_policy needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import Grants

_ORGANIZATIONS: t.Final = "arn:${Partition}:organizations::"
_POLICIES: t.Final = f"{_ORGANIZATIONS}${{Account}}:policy/o-*/*/p-*"
_ATTACHED: t.Final = (
    *(f"{_ORGANIZATIONS}${{Account}}:{target}" for target in ("account/o-*/*", "ou/o-*/ou-*", "root/o-*/r-*")),
    _POLICIES,
    f"{_ORGANIZATIONS}aws:policy/service_control_policy/p-FullAWSAccess",
    f"{_ORGANIZATIONS}aws:policy/resource_control_policy/p-RCPFullAWSAccess",
)
GRANTS: t.Final = Grants(
    name="organization_policies",
    resources={
        "organizations:AttachPolicy": _ATTACHED,
        "organizations:DetachPolicy": _ATTACHED,
        "organizations:TagResource": (_POLICIES,),
        "organizations:UntagResource": (_POLICIES,),
    },
    conditions={
        "organizations:": {
            "StringEquals": {"organizations:PolicyType": ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]}
        },
        # Requests about tags have no type of policy.
        "organizations:TagResource": {},
        "organizations:UntagResource": {},
    },
)
