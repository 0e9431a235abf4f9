# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that access_key_rotation needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import Grants
from .changes import SECRETS

# Who can make a key for a user is this user: without a condition the role could become any administrator. People set
# the tag on the users whose keys they want to have rotated. No role of this collection can: those that may tag users
# may only set tags that begin with iam-hardening:.
CONSENT: t.Final = ("iam:ResourceTag/access-key-rotation", "allowed")
# Where the secrets are whose names the play does not give.
_SECRETS: t.Final = ("arn:${Partition}:secretsmanager:*:${Account}:secret:iam-hardening/*",)
#: What the preflight asks about.
SAMPLES: t.Final = {
    f"{SECRETS}:*": "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:iam-hardening/preflight-000000"
}

CONTEXT: t.Final = {"iam:CreateAccessKey": (CONSENT,)}

GRANTS: t.Final = Grants(
    resources={f"{SECRETS}:": _SECRETS},
    conditions={"iam:CreateAccessKey": {"StringEquals": {CONSENT[0]: CONSENT[1]}}},
    purposes={
        "secretsmanager:DescribeSecret": "access_key_rotation: the versions of a secret, without their values",
        "iam:GetAccessKeyLastUsed": "access_key_rotation: the last use of both keys, once more before each write",
        "iam:GetUser": "access_key_rotation: the unique id of a user",
        "iam:ListAccessKeys": "access_key_rotation: the keys of a user",
    },
)
