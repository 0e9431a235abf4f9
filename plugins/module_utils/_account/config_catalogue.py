# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The managed rules of AWS Config that judge IAM: their parameters, what they look at, and where they work.

https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing as t
from collections.abc import Mapping

BOOLEAN: t.Final = "boolean"
INTEGER: t.Final = "int"
LIST: t.Final = "CSV"
TEXT: t.Final = "String"
DAILY: t.Final = "TwentyFour_Hours"
IAM_TYPES: t.Final = ("AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User")

# AWS Config records IAM only in regions that it was in before February 2022.
WITHOUT_IAM: t.Final = frozenset(
    {
        "ap-east-2",
        "ap-south-2",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-west-1",
        "eu-central-2",
        "eu-south-2",
        "il-central-1",
        "me-central-1",
        "mx-central-1",
    }
)
_GOV: t.Final = frozenset({"us-gov-east-1", "us-gov-west-1"})
_CHINA: t.Final = frozenset({"cn-north-1", "cn-northwest-1"})
_WITHOUT_ROOT_KEYS: t.Final = WITHOUT_IAM - {"ap-south-2", "ap-southeast-4"}
_WITHOUT_ROOT_MFA: t.Final = (_WITHOUT_ROOT_KEYS - {"eu-central-2", "eu-south-2"}) | _GOV | _CHINA


class Placement(enum.StrEnum):
    """In how many regions a rule has to be.

    A periodic rule on IAM judges the whole account wherever it is, and is billed wherever it is. A rule that is
    triggered by changes sees them where IAM is recorded. Analyzers are there for their own region alone.
    """

    ONCE = "once"
    RECORDED = "recorded"
    EVERYWHERE = "everywhere"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a managed rule. ``default`` is what this collection declares, not what AWS takes by itself.

    A ``{partition}`` in it stands for that of the account. Without a default it is left out.
    """

    kind: str
    default: t.Optional[str] = None
    required: bool = False
    low: int = 1
    high: int = 36500


@dataclasses.dataclass(frozen=True)
class ManagedRule:
    """A managed rule. ``name`` is ours, ``identifier`` AWS's; ``resource_types`` are those whose changes trigger it."""

    name: str
    identifier: str
    description: str
    placement: Placement
    parameters: Mapping[str, Parameter] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))
    resource_types: tuple[str, ...] = ()
    by_default: bool = True
    lacking: frozenset[str] = WITHOUT_IAM
    only: frozenset[str] = frozenset()

    @property
    def is_periodic(self) -> bool:
        return self.placement is not Placement.RECORDED

    def is_offered(self, region: str) -> bool:
        """Whether AWS has the rule in a region, so far as is known."""
        return region in self.only if self.only else region not in self.lacking


def _flag(default: t.Optional[str] = "true") -> Parameter:
    return Parameter(BOOLEAN, default)


#: The managed rules that can be declared. MaxPasswordAge has no default: forced changes make for weaker passwords.
CATALOGUE: t.Final[tuple[ManagedRule, ...]] = (
    ManagedRule(
        "password-policy",
        "IAM_PASSWORD_POLICY",
        "The account has a strong password policy.",
        Placement.ONCE,
        {
            "RequireUppercaseCharacters": _flag(),
            "RequireLowercaseCharacters": _flag(),
            "RequireSymbols": _flag(),
            "RequireNumbers": _flag(),
            "MinimumPasswordLength": Parameter(INTEGER, "14", low=6, high=128),
            "PasswordReusePrevention": Parameter(INTEGER, "24", high=24),
            "MaxPasswordAge": Parameter(INTEGER, high=1095),
        },
        lacking=frozenset(),
    ),
    ManagedRule(
        "access-keys-rotated",
        "ACCESS_KEYS_ROTATED",
        "Active access keys are not older than the limit.",
        Placement.ONCE,
        {"maxAccessKeyAge": Parameter(INTEGER, "90", required=True)},
    ),
    ManagedRule(
        "unused-credentials",
        "IAM_USER_UNUSED_CREDENTIALS_CHECK",
        "Passwords and access keys of users are in use.",
        Placement.ONCE,
        {"maxCredentialUsageAge": Parameter(INTEGER, "45", required=True)},
    ),
    ManagedRule(
        "root-access-key",
        "IAM_ROOT_ACCESS_KEY_CHECK",
        "The root user has no access key.",
        Placement.ONCE,
        lacking=_WITHOUT_ROOT_KEYS,
    ),
    ManagedRule(
        "root-mfa",
        "ROOT_ACCOUNT_MFA_ENABLED",
        "The root user has MFA.",
        Placement.ONCE,
        lacking=_WITHOUT_ROOT_MFA,
    ),
    ManagedRule(
        "root-hardware-mfa",
        "ROOT_ACCOUNT_HARDWARE_MFA_ENABLED",
        "The root user has a hardware MFA device.",
        Placement.ONCE,
        lacking=_WITHOUT_ROOT_MFA,
    ),
    ManagedRule(
        "console-mfa",
        "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
        "Users with a console password have MFA.",
        Placement.ONCE,
    ),
    ManagedRule(
        "user-no-policies",
        "IAM_USER_NO_POLICIES_CHECK",
        "Users have permissions through groups only.",
        Placement.RECORDED,
        resource_types=("AWS::IAM::User",),
    ),
    ManagedRule(
        "admin-policies",
        "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS",
        "No customer managed policy allows everything.",
        Placement.RECORDED,
        {"excludePermissionBoundaryPolicy": _flag()},
        resource_types=("AWS::IAM::Policy",),
    ),
    ManagedRule(
        "server-certificates",
        "IAM_SERVER_CERTIFICATE_EXPIRATION_CHECK",
        "No server certificate in IAM has expired.",
        Placement.ONCE,
        only=frozenset({"us-east-1", "cn-north-1"}),
    ),
    ManagedRule(
        "external-analyzer",
        "IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED",
        "The region has an external access analyzer of the account.",
        Placement.EVERYWHERE,
        lacking=_GOV | _CHINA | {"ap-east-2", "ca-west-1"},
    ),
    ManagedRule(
        "user-mfa",
        "IAM_USER_MFA_ENABLED",
        "Every user has MFA.",
        Placement.ONCE,
        by_default=False,
    ),
    ManagedRule(
        "support-role",
        "IAM_POLICY_IN_USE",
        "Somebody may manage incidents with AWS Support.",
        Placement.ONCE,
        {
            "policyARN": Parameter(TEXT, "arn:{partition}:iam::aws:policy/AWSSupportAccess", required=True),
            "policyUsageType": Parameter(TEXT, "ANY"),
        },
        by_default=False,
    ),
    ManagedRule(
        "security-contact",
        "SECURITY_ACCOUNT_INFORMATION_PROVIDED",
        "The account has a security contact.",
        Placement.ONCE,
        by_default=False,
        lacking=_GOV | {"ap-southeast-6", "mx-central-1", "ap-east-2", "ca-west-1"},
    ),
    ManagedRule(
        "full-service-access",
        "IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
        "No customer managed policy allows all actions of a service.",
        Placement.RECORDED,
        {"excludePermissionBoundaryPolicy": _flag()},
        resource_types=("AWS::IAM::Policy",),
        by_default=False,
    ),
    ManagedRule(
        "blocked-policies",
        "IAM_POLICY_BLACKLISTED_CHECK",
        "Nobody has a policy that must not be attached.",
        Placement.RECORDED,
        {
            "policyArns": Parameter(LIST, "arn:{partition}:iam::aws:policy/AWSCloudShellFullAccess", required=True),
            "exceptionList": Parameter(LIST),
        },
        resource_types=("AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User"),
        by_default=False,
    ),
    ManagedRule(
        "no-inline-policies",
        "IAM_NO_INLINE_POLICY_CHECK",
        "Users, groups and roles have no inline policies.",
        Placement.RECORDED,
        resource_types=("AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::User"),
        by_default=False,
    ),
)

BY_NAME: t.Final[Mapping[str, ManagedRule]] = types.MappingProxyType({rule.name: rule for rule in CATALOGUE})
BY_IDENTIFIER: t.Final[Mapping[str, ManagedRule]] = types.MappingProxyType(
    {rule.identifier: rule for rule in CATALOGUE}
)
