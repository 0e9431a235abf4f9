# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that organization_root_access needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import Grants

ASSUME_ROOT: t.Final = "sts:AssumeRoot"
_ROOT_TASK: t.Final = "arn:${Partition}:iam::aws:policy/root-task/"
_TASKS: t.Final = ("IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials")
_ROOT_ACCESS_ONLY: t.Final = {"StringEquals": {"organizations:ServicePrincipal": "iam.amazonaws.com"}}
GRANTS: t.Final = Grants(
    # Root is that of other accounts: AWS's list names its ARN, which elsewhere is that of the account.
    resources={ASSUME_ROOT: ("arn:${Partition}:iam::*:root",)},
    conditions={
        "organizations:DeregisterDelegatedAdministrator": _ROOT_ACCESS_ONLY,
        "organizations:DisableAWSServiceAccess": _ROOT_ACCESS_ONLY,
        "organizations:EnableAWSServiceAccess": _ROOT_ACCESS_ONLY,
        "organizations:RegisterDelegatedAdministrator": _ROOT_ACCESS_ONLY,
        ASSUME_ROOT: {"StringEquals": {"sts:TaskPolicyArn": [f"{_ROOT_TASK}{name}" for name in _TASKS]}},
    },
)
