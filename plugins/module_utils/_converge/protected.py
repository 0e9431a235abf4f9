# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is never touched: objects that AWS or an organization's landing zone owns. No option lifts this list."""

from __future__ import annotations

import fnmatch
import typing as t

from .arn import resource_of

_PATHS: t.Final[dict[str, str]] = {
    "/aws-service-role/": "a service-linked role belongs to its AWS service",
    "/aws-reserved/": "IAM Identity Center manages it",
}

# Names, without regard to case and path. Changing any of these breaks the service that made it, or locks out its owner.
_NAMES: t.Final[dict[str, str]] = {
    "AWSReservedSSO_*": "IAM Identity Center manages it",
    "AWSSSO_*_DO_NOT_DELETE": "IAM Identity Center manages it",
    "AWSServiceRoleFor*": "a service-linked role belongs to its AWS service",
    "OrganizationAccountAccessRole": "the management account reaches this account through it",
    "AWSControlTower*": "AWS Control Tower manages it",
    "aws-controltower-*": "AWS Control Tower manages it",
    "aws-guardrails-*": "AWS Control Tower manages it",
    "AWSCloudFormationStackSet*": "CloudFormation StackSets deploy with it",
    "stacksets-exec-*": "CloudFormation StackSets deploy with it",
    "AWSAFT*": "Account Factory for Terraform manages it",
    "AWSAccelerator*": "Landing Zone Accelerator manages it",
    "cdk-*": "the AWS CDK deploys with it",
    "AWS-QuickSetup-*": "Systems Manager Quick Setup manages it",
    "AWSConfigurationRecorderFor*": "an AWS service manages it",
    "AWSCompromisedKeyQuarantine*": "AWS quarantines leaked keys with it",
    "AWSRevokeOlderSessions": "it keeps revoked sessions out",
    "p-FullAWSAccess": "without it an organization allows nothing",
    "p-RCPFullAWSAccess": "without it an organization allows nothing",
    "RCPFullAWSAccess": "without it an organization allows nothing",
}


def protection_of(target: str) -> t.Optional[str]:
    """Why ``target`` (an ARN, or a name that has none) is never touched; None where it may be."""
    resource = resource_of(target)
    if target.startswith("arn:") and ":iam::aws:policy/" in target:
        return "AWS manages this policy"
    kind, slash, rest = resource.partition("/")
    for path, reason in _PATHS.items():
        if slash and f"/{rest}".startswith(path):
            return reason
    name = resource.rpartition("/")[2].lower()
    for pattern, reason in _NAMES.items():
        if fnmatch.fnmatchcase(name, pattern.lower()):
            return reason
    return None
