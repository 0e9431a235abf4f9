# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that config_rules needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, ROLE_ARN, Grants, OwnResource

_RULES: t.Final = ("arn:${Partition}:config:*:${Account}:config-rule/*",)
GRANTS: t.Final = Grants(
    resources={
        "iam:": (f"{IAM}role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",),
        "config:TagResource": _RULES,
        "config:UntagResource": _RULES,
    },
    conditions={"iam:PassRole": {"StringEquals": {"iam:PassedToService": ["config.amazonaws.com"]}}},
    own_resources=(
        OwnResource(
            "ConfigRecorderRoleArn",
            "iam:PassRole",
            "The role of the AWS Config recorder, where it is not the service-linked role.",
            ROLE_ARN,
        ),
    ),
    purposes={
        "config:DescribeOrganizationConfigRuleStatuses": "config_rules with `scope: organization`: who lacks a rule",
        "config:DescribeOrganizationConfigRules": "config_rules with `scope: organization`: the rules that are there",
        "config:ListConfigurationRecorders": "config_rules with `recorder`: whether a service of AWS records by itself",
    },
)
