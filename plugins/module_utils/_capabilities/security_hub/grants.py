# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that security_hub needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, Grants

GRANTS: t.Final = Grants(
    resources={
        "iam:": (f"{IAM}role/aws-service-role/securityhub.amazonaws.com/*",),
        "securityhub:TagResource": ("arn:${Partition}:securityhub:*:${Account}:hub/default",),
    },
    conditions={"iam:CreateServiceLinkedRole": {"StringEquals": {"iam:AWSServiceName": ["securityhub.amazonaws.com"]}}},
    jobs=frozenset({"securityhub:GenerateRecommendedPolicyV2"}),
    purposes={
        "securityhub:BatchGetSecurityControls": "security_hub with `controls`: their parameters",
        "securityhub:BatchGetStandardsControlAssociations": "security_hub with `controls`: their standards",
    },
)
