# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that containment_drill needs beyond the list of its operations."""

from __future__ import annotations

import types
import typing as t
from collections.abc import Mapping

from ..._converge.incident.drills import DRILL_PATH
from ..._policy.analysis.own_grants import IAM, Condition, Grants
from .making.names import BOUNDARY

_USERS: t.Final = f"{IAM}user{DRILL_PATH}*"
_ROLES: t.Final = f"{IAM}role{DRILL_PATH}*"
#: The actions on users and roles that only a drill needs. All others have users and roles of any path.
OF_USERS: t.Final = ("iam:CreateAccessKey", "iam:CreateUser", "iam:DeleteAccessKey", "iam:DeleteUser")
OF_ROLES: t.Final = ("iam:CreateRole", "iam:DeleteRole", "iam:TagRole")
#: Whatever policies they get, users and roles of a drill can do no more than this.
WITH_BOUNDARY: t.Final[Condition] = {
    "StringEquals": {"iam:PermissionsBoundary": f"{IAM}policy/iam-hardening/{BOUNDARY}"}
}
GRANTS: t.Final = Grants(
    resources={**dict.fromkeys(OF_USERS, (_USERS,)), **dict.fromkeys(OF_ROLES, (_ROLES,))},
    conditions=dict.fromkeys(("iam:CreateRole", "iam:CreateUser"), WITH_BOUNDARY),
    purposes={
        "iam:ListAttachedRolePolicies": "containment_drill: the policies of its own role, to delete it",
        "iam:ListRolePolicies": "containment_drill: the policies of its own role, to delete it",
    },
)
#: The switch of the role. The other writes of a drill are those of a containment.
SWITCHES: t.Final[Mapping[str, tuple[str, ...]]] = types.MappingProxyType({"ContainmentDrill": (*OF_USERS, *OF_ROLES)})
