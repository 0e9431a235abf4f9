# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The permissions that access_analyzer needs beyond the list of its operations."""

from __future__ import annotations

import typing as t

from ..._policy.analysis.own_grants import IAM, Grants

GRANTS: t.Final = Grants(
    resources={
        "iam:": (f"{IAM}role/aws-service-role/access-analyzer.amazonaws.com/*",),
        # The bucket policies that AWS suggests admit only roles with this name to the logs of an organization.
        "iam:PassRole": (f"{IAM}role/service-role/AccessAnalyzerMonitorServiceRole*",),
    },
    conditions={
        "iam:PassRole": {"StringEquals": {"iam:PassedToService": ["access-analyzer.amazonaws.com"]}},
        "iam:CreateServiceLinkedRole": {"StringEquals": {"iam:AWSServiceName": ["access-analyzer.amazonaws.com"]}},
    },
    jobs=frozenset({"accessanalyzer:GenerateFindingRecommendation", "accessanalyzer:StartPolicyGeneration"}),
    purposes={
        "accessanalyzer:GetArchiveRule": "access_analyzer: an archive rule, before and after it is changed",
    },
)
