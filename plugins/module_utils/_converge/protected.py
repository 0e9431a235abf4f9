# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Objects that are never touched: AWS or an organization's landing zone owns them. No option lifts this list.

A name protects only what its owner makes under it: a role named ``cdk-…`` belongs to the CDK, a user of such a
name does not. Nobody but AWS makes anything below the paths, so that there the path alone decides, and a name that AWS
uses below such a path means nothing elsewhere. The other names anybody may give to a role of their own. It is then
left alone all the same, as its trust is not looked at here: not to write is the safe side. Whether such a role is
*excused* in an assessment is another question, which its name alone must not answer.
"""

from __future__ import annotations

import fnmatch
import typing as t
from collections.abc import Mapping

# Paths below which IAM lets nobody create anything.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
# https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
_PATHS: t.Final[Mapping[str, str]] = {
    "/aws-service-role/": "a service-linked role belongs to its AWS service",
    "/aws-reserved/": "IAM Identity Center manages it",
}
# The ARN of a role session has no path: the names that AWS uses below the paths stand for these.
_SESSIONS: t.Final[Mapping[str, str]] = {
    "AWSServiceRoleFor*": _PATHS["/aws-service-role/"],
    "AWSReservedSSO_*": _PATHS["/aws-reserved/"],
}

_TOWER: t.Final = "AWS Control Tower manages it"
_ACCELERATOR: t.Final = "Landing Zone Accelerator manages it"
_FACTORY: t.Final = "Account Factory for Terraform manages it"
_STACK_SETS: t.Final = "CloudFormation StackSets deploy with it"
_CDK: t.Final = "the AWS CDK deploys with it"
_SERVICE: t.Final = "an AWS service manages it"
_FULL_ACCESS: t.Final = "without it an organization denies everything"

# Names by kind of IAM object, without regard to case and path. Changing any of these breaks what made it, or locks its
# owner out. Roles: https://docs.aws.amazon.com/controltower/latest/userguide/roles-how.html,
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access-cross-account-role.html,
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html,
# https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html (names of the bootstrap template),
# https://docs.aws.amazon.com/controltower/latest/userguide/aft-required-roles.html,
# https://docs.aws.amazon.com/systems-manager/latest/userguide/quick-setup-getting-started.html
_IAM_NAMES: t.Final[Mapping[str, Mapping[str, str]]] = {
    "role": {
        "OrganizationAccountAccessRole": "the management account reaches this account through it",
        "AWSControlTower*": _TOWER,
        "aws-controltower-*": _TOWER,
        "AWSCloudFormationStackSet*": _STACK_SETS,
        "stacksets-exec-*": _STACK_SETS,
        "AWSAFT*": _FACTORY,
        "AWSAccelerator*": _ACCELERATOR,
        "cdk-*": _CDK,
        "AWS-QuickSetup-*": "Systems Manager Quick Setup manages it",
        "AWSConfigurationRecorderFor*": _SERVICE,
    },
    "policy": {
        "AWSControlTower*": _TOWER,
        "aws-controltower-*": _TOWER,
        "AWSAFT*": _FACTORY,
        "AWSAccelerator*": _ACCELERATOR,
        "cdk-*-permissions-boundary-*": _CDK,
    },
    # The provider of IAM Identity Center.
    "saml-provider": {"AWSSSO_*_DO_NOT_DELETE": _PATHS["/aws-reserved/"]},
}
# Names of what is no IAM object: rules, recorders, topics, organization policies (by name or by id).
_OTHER_NAMES: t.Final[Mapping[str, str]] = {
    "AWSControlTower*": _TOWER,
    "aws-controltower-*": _TOWER,
    "aws-guardrails-*": _TOWER,
    "AWSAccelerator*": _ACCELERATOR,
    "AWSConfigurationRecorderFor*": _SERVICE,
    "p-FullAWSAccess": _FULL_ACCESS,
    "p-RCPFullAWSAccess": _FULL_ACCESS,
    "RCPFullAWSAccess": _FULL_ACCESS,
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/security-iam-awsmanpol.html (AWSCompromisedKeyQuarantine…)
_QUARANTINE: t.Final = "*:iam::aws:policy/AWSCompromisedKeyQuarantine*"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
_REVOCATION: t.Final = "AWSRevokeOlderSessions"


def protection_of(target: str) -> t.Optional[str]:
    """Why ``target`` (an ARN, which may be followed by a part of it, or a bare name) is never touched; None if it may.

    A bare name is that of no IAM object.
    """
    parts = target.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        return _first(_OTHER_NAMES, target.rpartition("/")[2])
    _arn, _partition, service, _region, account, resource = parts
    if service not in ("iam", "sts"):
        return _first(_OTHER_NAMES, resource.rpartition("/")[2])
    kind, _slash, rest = resource.partition(" ")[0].partition("/")
    if kind == "policy" and account == "aws":
        return "AWS manages this policy"
    if kind == "assumed-role":
        return _first({**_IAM_NAMES["role"], **_SESSIONS}, rest.partition("/")[0])
    below = next((reason for path, reason in _PATHS.items() if f"/{rest}".startswith(path)), None)
    return below or _first(_IAM_NAMES.get(kind, {}), rest.rpartition("/")[2])


def protection_of_holding(name: str, arn: t.Optional[str], *, only_denies: bool) -> t.Optional[str]:
    """Why a policy stays where it is attached, or inline where it has no ARN; None if it may go.

    Anybody may name an inline policy: the one that keeps revoked sessions out can only deny.
    """
    if arn is not None and fnmatch.fnmatchcase(arn, _QUARANTINE):
        return "AWS quarantines leaked keys with it"
    if arn is not None and ":iam::aws:policy/" not in arn:
        return _first(_IAM_NAMES["policy"], name)
    if arn is None and name == _REVOCATION and only_denies:
        return "it keeps revoked sessions out"
    return None


def _first(names: Mapping[str, str], name: str) -> t.Optional[str]:
    """The reason of the first pattern that fits a name."""
    folded = name.lower()
    return next((reason for pattern, reason in names.items() if fnmatch.fnmatchcase(folded, pattern.lower())), None)
