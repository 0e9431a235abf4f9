# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Administrators and their policies; how users get their permissions; roles that should exist."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.model import Dataset, ManagedPolicy, Role
from ..._account.permissions import Principal
from ..._converge.finding import Remediation, Severity
from ..._policy.analysis.power import Power
from ..control import Control, Failure, Scope, Verdict, listing, maps, unknown_policies
from ..excuses import list_unjudged, of_aws, sort_out
from ..facts import Grant
from ..problem import Problem
from ..requirements import ADMIN_NIST, GROUPS_NIST, LEAST_PRIVILEGE_PCI

_THEME = "privileges"
_PERMISSIONS = "hardening.iam.user_permissions"


def _by_attachment(principals: Iterable[Principal]) -> Mapping[str, list[Principal]]:
    """The principals that each managed policy is attached to, by its ARN."""
    found: dict[str, list[Principal]] = {}
    for principal in principals:
        for arn in principal.attached_policies:
            found.setdefault(arn, []).append(principal)
    return found


def _kind(principal: Principal) -> str:
    return type(principal).__name__.lower()


def _describe_grants(grants: tuple[Grant, ...]) -> str:
    together = "" if all(grant.alone for grant in grants) else " taken together"
    return listing({f"{grant.policy} ({grant.way})" for grant in grants}) + together + _condition(grants)


def _condition(grants: Sequence[t.Union[Grant, Power]]) -> str:
    """Under which conditions alone there is an administrator; empty where one of the policies has none."""
    if any(not grant.needs_mfa and not grant.keys for grant in grants):
        return ""
    keys = min((grant.keys for grant in grants), key=len)
    parts = [
        *(["with MFA"] if all(grant.needs_mfa for grant in grants) else []),
        *([f"under conditions on {listing(keys)}"] if keys else []),
    ]
    return f"; only {' and '.join(parts)}" if parts else ""


def _record_grants(grants: tuple[Grant, ...]) -> dict[str, t.Any]:
    found = []
    for grant in grants:
        conditions = {"conditions": list(grant.keys)} if grant.keys else {}
        found.append({"policy": grant.policy, "way": grant.way, "needs_mfa": grant.needs_mfa, **conditions})
    return {"policies": found}


def _explain_unreadable(scope: Scope) -> t.Optional[str]:
    """Explain why an absence of findings proves nothing if documents did not parse."""
    names = scope.facts.unreadable
    return f"policy documents that could not be parsed: {listing(names)}" if names else None


def _explain_unread(scope: Scope) -> t.Optional[str]:
    names = scope.facts.permissions.unread
    return f"attached policies that were not read: {listing(names)}" if names else None


def _in_doubt(scope: Scope, principal: Principal) -> str:
    boundary = scope.facts.permissions.unknown_boundary(principal.arn)
    return f"; what its boundary {boundary.rpartition('/')[2]} leaves of that is not known" if boundary else ""


def _check_attached_admin_policies(scope: Scope) -> Verdict:
    texts = [text for text in scope.facts.texts if text.is_inline]
    holders = {text.resource for text in texts if text.makes_administrator}
    roles = [role for role in scope.snapshot.roles if role.arn in holders or _has_admin_policy(scope, role)]
    judged, doubtful, excused = sort_out(scope, roles)
    aside = {role.arn for role in roles} - {role.arn for role in judged}
    attached = _by_attachment(item for item in scope.facts.principals if item.arn not in aside)
    inline = [text for text in texts if text.resource not in aside]
    failures = []
    for arn, power in scope.facts.admin_policies.items():
        if arn in attached:
            names = [f"{_kind(item)} {item.name}" for item in attached[arn]]
            limited = [f"{_kind(item)} {item.name}" for item in attached[arn] if not scope.facts.grants_of(item)]
            detail = f"allows everything on everything{_only(power)}; attached to {listing(names)}"
            detail += f"; {listing(limited)} can't use all of it" if limited else ""
            observed = {"attached_to": sorted(names), **({"limited": sorted(limited)} if limited else {})}
            failures.append(Failure(arn, detail, observed))
    for text in inline:
        if text.makes_administrator:
            detail = f"{text.resource_detail} allows everything on everything"
            failures.append(Failure(text.resource, detail, {"inline": True}, resource_detail=text.resource_detail))
    return Verdict(
        len(attached) + len(inline),
        "policies",
        tuple(failures),
        not_assessed=_explain_unreadable(scope) or _explain_unread(scope),
        unjudged=list_unjudged(doubtful, "has a policy that allows everything on everything"),
        extra=excused.evidence,
    )


def _has_admin_policy(scope: Scope, role: Role) -> bool:
    return any(arn in scope.facts.admin_policies for arn in role.attached_policies)


def _only(power: Power) -> str:
    return _condition((power,)).replace(";", ",")


def _check_unattached_admin_policies(scope: Scope) -> Verdict:
    policies = [policy for policy in scope.snapshot.policies if _is_unattached(policy)]
    failures = tuple(
        Failure(policy.arn, "allows everything on everything; not attached", {"attached_to": []})
        for policy in policies
        if policy.arn in scope.facts.admin_policies
    )
    return Verdict(len(policies), "policies", failures, not_assessed=_explain_unreadable(scope))


def _is_unattached(policy: ManagedPolicy) -> bool:
    return not policy.is_aws_managed and not policy.attachment_count and not policy.boundary_usage_count


def _check_user_admins(scope: Scope) -> Verdict:
    users = scope.snapshot.users
    if not users:
        return Verdict(0, "users", not_applicable="the account has no IAM user")
    failures = []
    for user in users:
        # The control of the groups reports the groups' policies, but not what two groups only grant together.
        grants = scope.facts.admin_users.get(user.arn, ())
        own = tuple(grant for grant in grants if not grant.alone or not grant.way.startswith("group "))
        if own:
            detail = f"administrator by {_describe_grants(own)}{_in_doubt(scope, user)}"
            failures.append(Failure(user.arn, detail, _record_grants(own)))
    return Verdict(len(users), "users", tuple(failures), not_assessed=unknown_policies(scope, users))


def _check_group_admins(scope: Scope) -> Verdict:
    groups = scope.snapshot.groups
    if not groups:
        return Verdict(0, "groups", not_applicable="the account has no IAM group")
    failures = []
    for group in groups:
        grants = scope.facts.grants_of(group)
        if grants:
            members = sorted(user.name for user in scope.snapshot.users if group.name in user.groups)
            detail = (
                f"makes its members administrators by {_describe_grants(grants)}; members: {listing(members) or 'none'}"
            )
            failures.append(Failure(group.arn, detail, {**_record_grants(grants), "members": members}))
    return Verdict(len(groups), "groups", tuple(failures), not_assessed=unknown_policies(scope, groups))


def _check_role_admins(scope: Scope) -> Verdict:
    roles = [role for role in scope.snapshot.roles if not role.is_aws_reserved]
    judged, doubtful, excused = sort_out(scope, [role for role in roles if role.arn in scope.facts.admin_roles])
    excused |= of_aws(role for role in scope.snapshot.roles if role.is_aws_reserved and scope.facts.grants_of(role))
    failures = []
    for role in judged:
        grants = scope.facts.admin_roles[role.arn]
        last = (
            f"; last used {role.last_used:%Y-%m-%d}" if role.last_used else "; no use in the 400 days that AWS tracks"
        )
        detail = f"administrator by {_describe_grants(grants)}{_in_doubt(scope, role)}{last}"
        failures.append(Failure(role.arn, detail, _record_grants(grants)))
    return Verdict(
        len(roles),
        "roles",
        tuple(failures),
        extra=excused.evidence,
        not_assessed=unknown_policies(scope, roles),
        unjudged=list_unjudged(doubtful, "an administrator"),
    )


def _check_direct_policies(scope: Scope) -> Verdict:
    users = scope.snapshot.users
    if not users:
        return Verdict(0, "users", not_applicable="the account has no IAM user")
    failures = []
    for user in users:
        attached = sorted(arn.rpartition("/")[2] for arn in user.attached_policies)
        inline = sorted(policy.name for policy in user.inline_policies)
        if attached or inline:
            parts = [
                *([f"attached: {listing(attached)}"] if attached else []),
                *([f"inline: {listing(inline)}"] if inline else []),
            ]
            failures.append(Failure(user.arn, "; ".join(parts), {"attached": attached, "inline": inline}))
    return Verdict(len(users), "users", tuple(failures))


def _with_policy(scope: Scope, name: str) -> list[Principal]:
    arn = scope.facts.aws_policy(name)
    return [principal for principal in scope.facts.principals if arn in principal.attached_policies]


def _check_support_role(scope: Scope) -> Verdict:
    roles = [item.name for item in _with_policy(scope, "AWSSupportAccess") if isinstance(item, Role)]
    if roles:
        return Verdict(len(roles), "roles", detail=f"AWSSupportAccess is attached to {listing(roles)}")
    detail = "no role has the policy AWSSupportAccess, so nobody may open a case in an incident"
    return Verdict(len(scope.snapshot.roles), "roles", (Failure(scope.facts.account_arn, detail, {"roles": []}),))


def _check_audit_role(scope: Scope) -> Verdict:
    roles = [item.name for item in _with_policy(scope, "SecurityAudit") if isinstance(item, Role)]
    if roles:
        return Verdict(len(roles), "roles", detail=f"SecurityAudit is attached to {listing(roles)}")
    detail = "no role has the policy SecurityAudit"
    return Verdict(len(scope.snapshot.roles), "roles", (Failure(scope.facts.account_arn, detail, {"roles": []}),))


def _check_cloudshell(scope: Scope) -> Verdict:
    failures = tuple(
        Failure(item.arn, "the policy AWSCloudShellFullAccess is attached", {"policy": "AWSCloudShellFullAccess"})
        for item in _with_policy(scope, "AWSCloudShellFullAccess")
    )
    return Verdict(len(scope.facts.principals), "principals", failures)


_DETAILS: t.Final = (Dataset.AUTHORIZATION_DETAILS,)
_ORGANIZATION: t.Final = (Dataset.ORGANIZATION_POLICIES,)

CONTROLS: t.Final = (
    Control(
        id="admin_policy_attached",
        title="No policy with full administrative rights is attached",
        problem=Problem(
            "Policy with full administrative rights is attached",
            "policies with full administrative rights are attached",
        ),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=_DETAILS,
        uses=_ORGANIZATION,
        check=_check_attached_admin_policies,
        expected="no attached or inline policy that allows every action on every resource",
        rationale="Inline policies, AWS managed policies and Allow with NotAction can also make administrators.",
        remediation=Remediation(
            "Find out which permissions the principals use, and attach policies for them. Watch for denials, then "
            "detach this policy.",
            _PERMISSIONS,
        ),
        compliance=maps(
            cis7="2.14", cis5="1.15", cis3="1.16", hub="IAM.1", nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"
        ),
    ),
    Control(
        id="admin_policy_unattached",
        title="No unattached policy has full administrative rights",
        problem=Problem(
            "Unattached policy has full administrative rights", "unattached policies have full administrative rights"
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_unattached_admin_policies,
        expected="no customer managed policy that allows everything, even unattached",
        rationale="Anybody who may attach policies can use it, without the right to write one.",
        remediation=Remediation("Delete the policy after saving its document.", reversible=False),
        compliance=maps(hub="IAM.1", nist=ADMIN_NIST, soc2="CC6.3"),
    ),
    Control(
        id="user_admin",
        title="No IAM user is an administrator by a policy of its own",
        problem=Problem(
            "IAM user is an administrator by a policy of its own",
            "IAM users are administrators by policies of their own",
        ),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=_DETAILS,
        uses=_ORGANIZATION,
        check=_check_user_admins,
        expected="no user whose policies together allow everything that boundary and organization do not deny",
        rationale="Users have long-term credentials. Administrators should use roles, with sessions that expire.",
        blind="users who can become administrators. `privilege_escalation_path` judges them.",
        remediation=Remediation(
            "Move people to IAM Identity Center, and programs to roles with the permissions that they need.",
            _PERMISSIONS,
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
    Control(
        id="group_admin",
        title="No IAM group makes its members administrators",
        problem=Problem("IAM group makes its members administrators", "IAM groups make their members administrators"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=_DETAILS,
        uses=_ORGANIZATION,
        check=_check_group_admins,
        expected="no group whose policies together allow everything that the organization does not deny",
        rationale="Any user in the group is an administrator, so iam:AddUserToGroup gives control of the account.",
        blind="groups whose members can become administrators. `privilege_escalation_path` judges them.",
        remediation=Remediation(
            "Give the group policies for its work, and use roles for administration.", _PERMISSIONS
        ),
        compliance=maps(nist=ADMIN_NIST, soc2="CC6.3"),
    ),
    Control(
        id="role_admin",
        title="No role is an administrator without need",
        problem=Problem("Role is an administrator", "roles are administrators"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=_DETAILS,
        uses=_ORGANIZATION,
        check=_check_role_admins,
        expected=(
            "no role whose policies together allow everything that boundary and organization do not deny, except "
            "roles that are administrators by design"
        ),
        rationale="Every person and program that may assume the role controls the account.",
        blind="roles that can become administrators. `privilege_escalation_path` judges them.",
        remediation=Remediation(
            "Find out which services the role uses, and attach policies for them. Watch for denials, then detach the "
            "administrator's policy.",
            _PERMISSIONS,
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
    Control(
        id="user_permissions_through_groups",
        title="IAM users get their permissions through groups",
        problem=Problem(
            "IAM user has permissions of its own, not through a group",
            "IAM users have permissions of their own, not through groups",
        ),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_direct_policies,
        expected="no policy attached to or inline in a user",
        rationale="Permissions of single users often stay when people change their job.",
        remediation=Remediation(
            "Attach the policies to a group, add the user, then detach them from the user.", _PERMISSIONS
        ),
        compliance=maps(
            cis7="2.13",
            cis5="1.14",
            cis3="1.15",
            hub="IAM.2",
            nist=GROUPS_NIST,
            pci=("7.2.1", "7.2.2", "7.2.5"),
            soc2="CC6.3",
        ),
    ),
    Control(
        id="support_role",
        title="A role may handle incidents with AWS Support",
        problem=Problem("No role may handle incidents with AWS Support"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_support_role,
        expected="AWSSupportAccess attached to at least one role",
        rationale="In an incident somebody must be able to open a case without being an administrator.",
        blind="whether the people on duty can assume the role, and whether a boundary or a denial takes the"
        " permission away.",
        remediation=Remediation("Attach AWSSupportAccess to a role that the people on duty can assume."),
        compliance=maps(cis7="2.15", cis5="1.16", cis3="1.17", hub="IAM.18", pci="12.10.3", soc2="CC7.4"),
    ),
    Control(
        id="security_audit_role",
        title="A role may audit the account",
        problem=Problem("No role may audit the account"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_audit_role,
        expected="SecurityAudit attached to at least one role",
        rationale="Auditors without a role of their own often get an administrator's role.",
        blind="whether the auditors can assume the role, and whether a boundary or a denial takes the permission away.",
        remediation=Remediation("Attach SecurityAudit to a role for auditors."),
        compliance=maps(soc2="CC4.1"),
    ),
    Control(
        id="cloudshell_full_access",
        title="Nobody has full access to CloudShell",
        problem=Problem("Full access to CloudShell is given", "principals have full access to CloudShell"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_cloudshell,
        expected="AWSCloudShellFullAccess attached to no user, group or role",
        rationale="CloudShell has internet access and file transfer, so data can leave outside the company's network.",
        blind="other policies that allow CloudShell, such as a copy of this one.",
        remediation=Remediation(
            "Detach the policy. If CloudShell is needed, deny its file upload and download.", _PERMISSIONS
        ),
        compliance=maps(
            cis7="2.20", cis5="1.21", cis3="1.22", hub="IAM.27", pci=("7.2.1", "7.2.2", "7.2.5"), soc2="CC6.3"
        ),
    ),
)
