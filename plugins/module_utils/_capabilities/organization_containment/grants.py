# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that organization_containment needs beyond the list of its operations."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Mapping

from ..._policy.analysis.own_grants import Condition, Grants

_ORGANIZATIONS: t.Final = "arn:${Partition}:organizations::${Account}:"
_POLICIES: t.Final = f"{_ORGANIZATIONS}policy/o-*/service_control_policy/p-*"
_NODES: t.Final = tuple(f"{_ORGANIZATIONS}{name}" for name in ("account/o-*/*", "root/o-*/r-*"))
SCPS: t.Final[Condition] = {"StringEquals": {"organizations:PolicyType": ["SERVICE_CONTROL_POLICY"]}}
#: Only the policies of incidents are changed and deleted. The tag is one of the request that makes a policy.
_OF_INCIDENTS: t.Final[Condition] = {"StringLike": {"aws:ResourceTag/iam-hardening:incident": "*"}}
_TAG: t.Final = "organizations:TagResource"
GRANTS: t.Final = Grants(
    resources={
        "organizations:AttachPolicy": (_POLICIES, *_NODES),
        "organizations:DetachPolicy": (_POLICIES, *_NODES),
        "organizations:UpdatePolicy": (_POLICIES,),
        "organizations:DeletePolicy": (_POLICIES,),
        "organizations:MoveAccount": tuple(
            f"{_ORGANIZATIONS}{name}" for name in ("account/o-*/*", "ou/o-*/ou-*", "root/o-*/r-*")
        ),
        _TAG: (_POLICIES,),
    },
    conditions={
        "organizations:AttachPolicy": SCPS,
        "organizations:CreatePolicy": SCPS,
        "organizations:DetachPolicy": SCPS,
        "organizations:UpdatePolicy": {**SCPS, **_OF_INCIDENTS},
        "organizations:DeletePolicy": {**SCPS, **_OF_INCIDENTS},
        _TAG: {"StringLike": {"aws:RequestTag/iam-hardening:incident": "*"}},
    },
)
#: The switch of the role, and the writes that it allows. It can deny every member account everything, and end the
#: denials of other control policies too: no condition limits which ones are detached.
SWITCHES: t.Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        "ContainmentOrganization": (
            *(f"organizations:{name}Policy" for name in ("Attach", "Create", "Delete", "Detach", "Update")),
            *("organizations:MoveAccount", _TAG),
        )
    }
)
