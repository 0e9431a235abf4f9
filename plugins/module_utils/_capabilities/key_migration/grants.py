# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that key_migration needs beyond the list of its operations.

They are in the stack of the role that right-sizes (tests/scripts/bootstrap_right_sizing.py): no other role of this
collection makes roles.
"""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, Grants

# The names of the preflight, which nobody has.
_ROLE: t.Final = f"{IAM}role/workload/iam-hardening-preflight"
_BOUNDARY: t.Final = ("iam:PermissionsBoundary", f"{IAM}policy/iam-hardening/automation-preflight")
#: What the preflight asks about: the new roles. Keys are their user's.
SAMPLES: t.Final = {"iam:*Role*": _ROLE, "iam:*AccessKey*": f"{IAM}user/iam-hardening-preflight"}
CONTEXT: t.Final = {"iam:*Role*": (_BOUNDARY,)}
# Reads of settings that may name a key: _module/key_mentions.py.
_SEARCHED: t.Final = (
    "cloudformation:DescribeStacks",
    "codebuild:BatchGetProjects",
    "codebuild:ListProjects",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeLaunchTemplateVersions",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTaskDefinitionFamilies",
    "lambda:ListFunctions",
    "lambda:ListTags",
)

GRANTS: t.Final = Grants(
    purposes={
        **dict.fromkeys(_SEARCHED, "credential_hunt_info, key_migration: which workloads name a key"),
        "ec2:DescribeInstances": "key_migration: the instance that has the address of a caller",
        "eks:DescribeAddon": "key_migration: whether the agent of Pod Identity is in a cluster",
        "eks:DescribeCluster": "key_migration: whether a cluster is there, and its issuer of tokens",
        "iam:GetAccessKeyLastUsed": "key_migration: the last use of a key, once more before each write",
        "iam:GetRole": "key_migration: the last use of a role",
        "iam:GetUser": "key_migration: the unique id of a user",
        "iam:ListAccessKeys": "key_migration: the keys of a user",
        "iam:ListOpenIDConnectProviders": "key_migration: the identity providers that a role can trust",
    },
)
