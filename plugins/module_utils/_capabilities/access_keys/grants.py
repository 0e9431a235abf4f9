# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that access_keys needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import TOPIC_ARN, Condition, Grants, OwnResource

_STAGE_TAGS: t.Final[Condition] = {
    "ForAllValues:StringLike": {"aws:TagKeys": ["iam-hardening:*"]},
    "Null": {"aws:TagKeys": "false"},
}
GRANTS: t.Final = Grants(
    conditions={"iam:TagUser": _STAGE_TAGS, "iam:UntagUser": _STAGE_TAGS},
    own_resources=(
        OwnResource(
            "NoticeTopicArn",
            "sns:Publish",
            "A topic of another account for notices to owners of access keys (access_keys_notify).",
            TOPIC_ARN,
        ),
    ),
    purposes={
        "iam:GetAccessKeyLastUsed": "access_key_lifecycle: the last use of a key in question, once more before each "
        "write",
        "iam:GetLoginProfile": "access_key_lifecycle with `remove_unused_passwords`: the password in question",
        "iam:GetUser": "access_key_lifecycle with `remove_unused_passwords`: the last use of a password",
        "iam:ListAccessKeys": "access_key_lifecycle: the keys of a user in question",
        "iam:ListSSHPublicKeys": "access_key_lifecycle with `stage_credentials`: the SSH keys of a user in question",
        "iam:ListSigningCertificates": "access_key_lifecycle with `stage_credentials`: certificates of a user in "
        "question",
        "iam:ListUserTags": "access_key_lifecycle: the stages of a user's credentials, before each change of one",
    },
)
