# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role may do that right-sizes other roles: it has a stack, policies and a boundary of its own.

The role makes roles and changes who may assume them. Each step that can make somebody an administrator is a policy of
its own, off until its parameter is set.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from scripts.bootstrap_roles import (
    ALL,
    ANYWHERE,
    MANAGED_POLICY_SIZE,
    READS_OF_IAM,
    SETTINGS,
    Grant,
    Json,
    WritingRole,
    actions_of,
    assemble_role,
    check_size,
    keep_containment,
    list_guarded,
    make_statement,
    operations_of,
    policy,
)

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_grants import IAM
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import PATH, Writer

CAPABILITY, MIGRATION = (capability for capability in ALL if capability.writer is Writer.ROLES)

BOUNDARY: t.Final = "automation-roles-boundary"
ASSESSOR_READS: t.Final = "assessor-right-sizing-reads"
#: The policies of the assessor with settings that may hold secrets, by the parameter that makes each.
ASSESSOR_SETTINGS: t.Final[Mapping[str, str]] = {
    "RightSizingSettings": "assessor-right-sizing-settings",
    "KeyMigrationSettings": "assessor-key-migration-settings",
}
# Parameters.
TARGETS: t.Final = "RightSizingTargets"
NEW_ROLES: t.Final = "RightSizingBoundaryArn"
UNBOUNDED: t.Final = "RightSizingUnbounded"
IN_PLACE: t.Final = "RightSizingInPlace"
RETIREMENT: t.Final = "RightSizingRetirement"
RETURN: t.Final = "RightSizingReturn"
MOVES: t.Final = "KeyMigration"
MOVES_BOUNDARY: t.Final = "KeyMigrationBoundaryArn"
MOVES_UNBOUNDED: t.Final = "KeyMigrationUnbounded"
TRIALS: t.Final = "RightSizingTrialPolicies"
READS: t.Final = "RightSizingSettings"
MOVES_READS: t.Final = "KeyMigrationSettings"
ASSESSOR: t.Final = "RightSizingAssessor"
#: What is chosen by a name or an ARN.
GIVEN: t.Final = (TARGETS, NEW_ROLES, MOVES_BOUNDARY)

#: What is chosen by true or false, and what it means. Each is off by default.
SWITCHES: t.Final[Mapping[str, str]] = {
    UNBOUNDED: "Whether new roles may be made without a permissions boundary. It can then make anybody administrator.",
    IN_PLACE: "Whether the targets themselves may get generated policies and a trial boundary (way in_place).",
    RETIREMENT: "Whether it may change who may assume the targets, and take their policies (stage retire).",
    RETURN: "Whether the targets may get any policy, AdministratorAccess too (stage revert). Set it for that run only.",
    MOVES: "Whether it may deactivate and delete access keys whose workloads moved to roles (key_migration).",
    MOVES_UNBOUNDED: "Whether new roles of workloads may lack a permissions boundary. They may then get any policy.",
    TRIALS: "Whether policies below /iam-hardening/lp/ may get new versions. Who has one may then get any right.",
    READS: "Whether settings of workloads are read, which may hold secrets, to find who runs with a target.",
    MOVES_READS: "Whether settings of workloads are read, which may hold secrets, to find who names an access key.",
}
# Two characters that are no wildcard: "*" would be every role of the account.
TARGETS_PATTERN: t.Final = r"[\w+=,.@-][\w+=,.@/-]+[\w+=,.@/*?-]*"
POLICY_ARN: t.Final = r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+"

# The preflight asks about roles and a boundary of these names, which nobody has. No role of this collection can make
# that boundary: list_guarded.
_TARGETS: t.Final = (f"{IAM}role/${{{TARGETS}}}", f"{IAM}role/iam-hardening-preflight")
_NEW: t.Final = (f"{IAM}role/${{{TARGETS}}}-lp", f"{IAM}role/iam-hardening-preflight-lp")
_PREFLIGHT_BOUNDARY: t.Final = f"{IAM}policy{PATH}automation-preflight"
_POLICIES: t.Final = (f"{IAM}policy{PATH}lp/*",)
_ANY_NEW: t.Final = (f"{IAM}role/*-lp",)
# The roles of workloads that leave their access keys.
_WORKLOADS: t.Final = (f"{IAM}role/workload/*",)
_KEYS: t.Final = ("iam:DeleteAccessKey", "iam:UpdateAccessKey")
# A run never touches them either: _converge/protected.py.
OF_OTHERS: t.Final = tuple(
    f"{IAM}role/{name}"
    for name in (
        "AWS-QuickSetup-*",
        "AWSAFT*",
        "AWSAccelerator*",
        "AWSCloudFormationStackSet*",
        "AWSConfigurationRecorderFor*",
        "AWSControlTower*",
        "OrganizationAccountAccessRole",
        "aws-controltower-*",
        "aws-reserved/*",
        "aws-service-role/*",
        "cdk-*",
        "stacksets-exec-*",
    )
)

_ON_POLICIES: t.Final = (
    "iam:CreatePolicy",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:TagPolicy",
)
# They change what somebody who has the policy may do. IAM deletes no policy that somebody has.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
_REWRITES: t.Final = ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion")
_MAKES: t.Final = ("iam:CreateRole", "iam:DeleteRole", "iam:TagRole")
_ATTACH: t.Final = "iam:AttachRolePolicy"
_TRUST: t.Final = "iam:UpdateAssumeRolePolicy"
_TAKES: t.Final = ("iam:DeleteRolePolicy", "iam:DetachRolePolicy")
_INLINE: t.Final = "iam:PutRolePolicy"
_BOUNDARIES: t.Final = ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary")
_OURS: t.Final = {"ArnLike": {"iam:PolicyARN": list(_POLICIES)}}
_TRIALS: t.Final = {"ArnLike": {"iam:PermissionsBoundary": list(_POLICIES)}}


def _bound(parameter: str) -> Json:
    """A condition on the boundary of new roles. One that this role could rewrite would be none."""
    return {
        "StringEquals": {"iam:PermissionsBoundary": [f"${{{parameter}}}", _PREFLIGHT_BOUNDARY]},
        "StringNotLike": {"iam:PermissionsBoundary": list(_POLICIES)},
    }


def make_role(modules: Mapping[str, Operations]) -> WritingRole:
    """The role, and its inline policies. Raises ValueError: a policy would be larger than IAM allows."""
    reads = (_operations(modules).reads - SETTINGS.keys()) | {"sts:GetCallerIdentity"}
    grants = (*_list_grants(), *_list_settings(modules))
    return assemble_role(Writer.ROLES, (CAPABILITY, MIGRATION), actions_of(reads), grants)


def _operations(modules: Mapping[str, Operations]) -> Operations:
    return operations_of(CAPABILITY, modules).union(operations_of(MIGRATION, modules))


def settings_of(parameter: str, modules: Mapping[str, Operations]) -> list[str]:
    """The actions that return settings, which a parameter of this stack allows."""
    capability = {READS: CAPABILITY, MOVES_READS: MIGRATION}[parameter]
    return actions_of(operations_of(capability, modules).reads & SETTINGS.keys())


def _list_settings(modules: Mapping[str, Operations]) -> t.Iterator[Grant]:
    for name, parameter in (("settings", READS), ("settings-of-keys", MOVES_READS)):
        yield _grant(name, parameter, _allow(settings_of(parameter, modules), ("*",)))


def _list_grants() -> t.Iterator[Grant]:
    yield _grant("campaign-policies", TARGETS, _allow(_ON_POLICIES, _POLICIES))
    yield _grant("trial-policies", TRIALS, _allow(_REWRITES, _POLICIES))
    yield _grant("new-roles", NEW_ROLES, *_allow_new_roles(_bound(NEW_ROLES)))
    yield _grant("new-roles-without-boundary", UNBOUNDED, *_allow_new_roles({}))
    yield _grant(
        "in-place",
        IN_PLACE,
        _allow((_ATTACH,), _TARGETS, _OURS),
        _allow((*_TAKES, _INLINE), _TARGETS),
        _allow(_BOUNDARIES, _TARGETS, _TRIALS),
    )
    yield _grant("retirement", RETIREMENT, _allow((*_TAKES, _TRUST), _TARGETS))
    yield _grant("return", RETURN, _allow((_ATTACH, _INLINE), _TARGETS))
    yield _grant("moved-keys", MOVES, _allow(_KEYS, (f"{IAM}user/*",)))
    yield _grant("workload-roles", MOVES_BOUNDARY, *_allow_workloads(_bound(MOVES_BOUNDARY)))
    yield _grant("workload-roles-without-boundary", MOVES_UNBOUNDED, *_allow_workloads({}))


def _allow_new_roles(condition: Mapping[str, t.Any]) -> t.Iterator[Json]:
    # The permissions boundary is no condition key of TagRole.
    yield _allow(("iam:TagRole",), _NEW)
    yield _allow(("iam:CreateRole", "iam:DeleteRole", *_TAKES, _INLINE, _TRUST), _NEW, condition)
    yield _allow((_ATTACH,), _NEW, {**_OURS, **condition})


def _allow_workloads(condition: Mapping[str, t.Any]) -> t.Iterator[Json]:
    yield _allow(("iam:TagRole",), _WORKLOADS)
    yield _allow(("iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", _INLINE), _WORKLOADS, condition)


def _grant(name: str, parameter: str, *statements: Json) -> Grant:
    return Grant(name, (parameter,), policy(*statements))


def _allow(actions: Sequence[str], resources: Sequence[str], condition: t.Optional[Mapping[str, t.Any]] = None) -> Json:
    return make_statement("", sorted(actions), list(resources), condition)


def boundary(modules: Mapping[str, Operations]) -> Json:
    """The boundary of the role, which holds whatever policies others attach to it.

    A trust policy that names a session of the role admits it past what a boundary only leaves out, so that AssumeRole
    is denied in words.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    calls = _operations(modules)
    reads = [name for name in actions_of({*calls.reads, "sts:GetCallerIdentity"}) if not name.startswith("iam:")]
    own = f"{ANYWHERE}role{PATH}*"
    above = [*list_guarded(), own, *OF_OTHERS, "${TrustedPrincipalArnPattern}"]
    writes = sorted({_ATTACH, _INLINE, _TRUST, *_TAKES, *_BOUNDARIES})
    return check_size(
        policy(
            make_statement("OnlyWhatItIsFor", [*READS_OF_IAM, *reads, *actions_of(calls.writes)], ["*"], None),
            {
                "Sid": "NeitherItselfNorThoseAbove",
                "Effect": "Deny",
                "NotAction": list(READS_OF_IAM),
                "Resource": [arn for arn in above if not arn.startswith(own[:-1]) or arn == own],
            },
            _deny("TargetsOnly", writes, NotResource=[*_TARGETS, *_NEW, *_WORKLOADS]),
            _deny("NewRolesOnly", _MAKES, NotResource=[*_ANY_NEW, *_WORKLOADS]),
            _deny("BoundariesOfNewRolesStay", _BOUNDARIES, Resource=[*_ANY_NEW, *_WORKLOADS]),
            _deny("PoliciesOfCampaignsOnly", sorted((*_ON_POLICIES, *_REWRITES)), NotResource=list(_POLICIES)),
            _deny("NoOtherRole", ("sts:AssumeRole*",), Resource=["*"]),
            keep_containment()[0],
        ),
        limit=MANAGED_POLICY_SIZE,
    )


def _deny(sid: str, actions: Sequence[str], **about: list[str]) -> Json:
    return {"Sid": sid, "Effect": "Deny", "Action": list(actions), **about}
