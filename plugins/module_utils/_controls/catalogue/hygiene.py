# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Leftovers and gaps around identities: certificates, instance roles, unused roles, tags, devices."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._account.model import Dataset
from ..._account.moments import format_utc
from ..._converge.finding import Remediation, Severity
from ..control import Control, Failure, Scope, Verdict, listing, maps
from ..excuses import list_unjudged, of_aws, standing
from ..problem import Problem
from ..requirements import UNUSED_NIST

_THEME = "hygiene"
_ANALYZERS = "analyzers"


def _check_expired_certificates(scope: Scope) -> Verdict:
    certificates = scope.snapshot.server_certificates
    if not certificates:
        return Verdict(0, "server certificates", not_applicable="no server certificate is kept in IAM")
    failures = tuple(
        Failure(item.arn, f"expired on {item.expires:%Y-%m-%d}", {"expires": format_utc(item.expires)})
        for item in certificates
        if item.expires < scope.now
    )
    return Verdict(len(certificates), "server certificates", failures)


def _check_instance_roles(scope: Scope) -> Verdict:
    instances = [item for item in scope.snapshot.instances if item.region == scope.region]
    if not instances:
        return Verdict(0, "instances", not_applicable="no instance in this region")
    failures = tuple(
        Failure(item.arn, f"{item.state} instance {item.id} has no instance profile", {"instance_profile": None})
        for item in instances
        if item.instance_profile_arn is None
    )
    return Verdict(len(instances), "instances", failures)


def _check_unused_roles(scope: Scope) -> Verdict:
    roles, limit = [role for role in scope.snapshot.roles if not role.is_aws_reserved], scope.settings.role_unused_days
    if not roles:
        return Verdict(0, "roles", not_applicable="the account has no role of its own")
    failures, undated, doubtful, excused = [], [], [], of_aws(scope.snapshot.roles)
    for role in roles:
        moment = role.last_used or role.created
        if moment is not None and scope.days_since(moment) < limit:
            continue
        # The ways in for an emergency are there not to be used; an approved administrator is there to be used.
        found = standing(scope, role)
        if found.reason is not None and not found.approved:
            excused.add(role, found.reason)
            continue
        if moment is None:
            undated.append(
                Failure(role.arn, "AWS gives neither a last use nor a date of creation", {"last_used": None})
            )
            continue
        if found.doubt is not None:
            doubtful.append((role, found.doubt))
            continue
        days = scope.days_since(moment)
        used = (
            f"last used {moment:%Y-%m-%d} ({days} days)"
            if role.last_used
            else f"no use recorded; created {days} days ago"
        )
        admin = role.arn in scope.facts.admin_roles
        failures.append(
            Failure(
                role.arn,
                f"{used}{'; an administrator' if admin else ''}; limit {limit}",
                {"last_used": format_utc(role.last_used) if role.last_used else None},
                severity=Severity.MEDIUM if admin else Severity.LOW,
            )
        )
    return Verdict(
        len(roles),
        "roles",
        tuple(failures),
        unjudged=(*undated, *list_unjudged(doubtful, f"not used for {limit} days")),
        extra=excused.evidence,
    )


def _missing_tags(scope: Scope, tags: Mapping[str, str]) -> list[str]:
    return [key for key in scope.settings.required_tags if key not in tags]


def _judge_tags(scope: Scope, unit: str, items: list[tuple[str, Mapping[str, str]]]) -> Verdict:
    if not scope.settings.required_tags:
        return Verdict(0, unit, not_applicable="no tag is required (thresholds.required_tags)")
    if not items:
        return Verdict(0, unit, not_applicable=f"the account has no {unit}")
    failures = tuple(
        Failure(arn, f"lacks the tags {listing(missing)}", {"missing": missing})
        for arn, tags in items
        if (missing := _missing_tags(scope, tags))
    )
    return Verdict(len(items), unit, failures)


def _check_user_tags(scope: Scope) -> Verdict:
    return _judge_tags(scope, "users", [(user.arn, user.tags) for user in scope.snapshot.users])


def _check_role_tags(scope: Scope) -> Verdict:
    roles = [(role.arn, role.tags) for role in scope.snapshot.roles if not role.is_aws_reserved]
    return dataclasses.replace(_judge_tags(scope, "roles", roles), extra=of_aws(scope.snapshot.roles).evidence)


def _check_analyzer_tags(scope: Scope) -> Verdict:
    if not scope.settings.required_tags:
        return Verdict(0, _ANALYZERS, not_applicable="no tag is required (thresholds.required_tags)")
    unread = scope.missing(Dataset.ANALYZER_DETAILS)
    if unread is not None:
        return Verdict(0, _ANALYZERS, not_assessed=f"the tags of analyzers were not read: {unread} (option detective)")
    # Nobody but AWS can tag what one of its services made for itself.
    own = {item.arn: item for item in scope.snapshot.analyzer_details if not item.managed_by}
    verdict = _judge_tags(scope, _ANALYZERS, [(item.arn, item.tags) for item in own.values()])
    failures = tuple(dataclasses.replace(item, region=own[item.resource].region) for item in verdict.failures)
    regions = scope.unread_regions(Dataset.ANALYZER_DETAILS)
    gap = f"the tags of analyzers could not be read in {listing(regions)}" if regions else None
    return dataclasses.replace(verdict, failures=failures, not_assessed=gap)


def _check_idle_devices(scope: Scope) -> Verdict:
    devices = scope.snapshot.virtual_mfa_devices
    if not devices:
        return Verdict(0, "virtual MFA devices", not_applicable="the account has no virtual MFA device")
    failures = tuple(
        Failure(item.serial_number, "assigned to nobody", {"user": None}) for item in devices if item.user_arn is None
    )
    return Verdict(len(devices), "virtual MFA devices", failures)


def _check_empty_groups(scope: Scope) -> Verdict:
    groups = scope.snapshot.groups
    if not groups:
        return Verdict(0, "groups", not_applicable="the account has no group")
    filled = {name for user in scope.snapshot.users for name in user.groups}
    failures = tuple(
        Failure(group.arn, "no user is a member", {"members": 0}) for group in groups if group.name not in filled
    )
    return Verdict(len(groups), "groups", failures)


_DETAILS: t.Final = (Dataset.AUTHORIZATION_DETAILS,)

CONTROLS: t.Final = (
    Control(
        id="server_certificate_expired",
        title="Expired server certificates are removed",
        problem=Problem("Server certificate has expired", "server certificates have expired"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SERVER_CERTIFICATES,),
        check=_check_expired_certificates,
        expected="no server certificate in IAM past its expiry",
        rationale=(
            "An expired certificate can be deployed by mistake. ACM is the place for current ones, because it renews "
            "them."
        ),
        blind="certificates outside IAM, such as those of AWS Certificate Manager.",
        remediation=Remediation("Check that no load balancer uses it, then delete it.", reversible=False),
        compliance=maps(cis7="2.17", cis5="1.18", cis3="1.19", hub="IAM.26", soc2="CC6.1"),
    ),
    Control(
        id="instance_role",
        title="Instances act through an instance role",
        problem=Problem("Instance has no instance role", "instances have no instance role"),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.INSTANCES,),
        check=_check_instance_roles,
        regional=True,
        expected="an instance profile on every instance",
        rationale="If an instance without a role needs AWS, it usually gets an access key in a file.",
        blind="access keys that are kept on an instance, nor containers and other computing services.",
        remediation=Remediation("Attach an instance profile with the permissions that its software needs, if any."),
        compliance=maps(
            cis7="2.16",
            cis5="1.17",
            cis3="1.18",
            nist=("AC-3",),
            pci=("7.2.1", "7.2.2", "7.2.5"),
            soc2="CC6.1",
        ),
    ),
    Control(
        id="role_unused",
        title="Unused roles are removed",
        problem=Problem("Role unused for {role_unused_days} days", "roles unused for {role_unused_days} days"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_check_unused_roles,
        expected="used, or created, within thresholds.role_unused_days",
        rationale="Nobody notices the misuse of an unused role. Use a waiver for emergency roles.",
        blind="use before the 400 days that AWS tracks.",
        remediation=Remediation("Ask the owner, deny all with an inline policy for a while, then delete the role."),
        compliance=maps(nist=UNUSED_NIST, soc2=("CC6.2", "CC6.3")),
    ),
    Control(
        id="group_has_members",
        title="Every group has a member",
        problem=Problem("IAM group has no member", "IAM groups have no member"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_empty_groups,
        # AWS Config's managed rule iam-group-has-users-check:
        # https://docs.aws.amazon.com/config/latest/developerguide/iam-group-has-users-check.html
        expected="at least one user in every group",
        rationale="An empty group is easily overlooked. A user who is added to it has its permissions at once.",
        blind="whether a group is kept empty for an emergency.",
        remediation=Remediation("Delete the group once its owner agrees, or waive the finding with the reason."),
        compliance=maps(nist="AC-6", soc2="CC6.3"),
    ),
    Control(
        id="user_tagged",
        title="IAM users carry the required tags",
        problem=Problem("IAM user lacks required tags", "IAM users lack required tags"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_user_tags,
        expected="every tag of thresholds.required_tags",
        rationale="Decisions about a user need a known owner.",
        blind="whether the values are true.",
        remediation=Remediation("Tag the user with its owner."),
        compliance=maps(hub="IAM.25"),
    ),
    Control(
        id="role_tagged",
        title="Roles carry the required tags",
        problem=Problem("Role lacks required tags", "roles lack required tags"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=_DETAILS,
        check=_check_role_tags,
        expected="every tag of thresholds.required_tags",
        rationale="Decisions about a role need a known owner.",
        blind="whether the values are true.",
        remediation=Remediation("Tag the role with its owner."),
        compliance=maps(hub="IAM.24"),
    ),
    Control(
        id="analyzer_tagged",
        title="Access analyzers carry the required tags",
        problem=Problem("Access analyzer lacks required tags", "access analyzers lack required tags"),
        severity=Severity.LOW,
        theme=_THEME,
        # Not a need: without the option detective, the control says that it was not assessed.
        needs=(),
        uses=(Dataset.ANALYZER_DETAILS,),
        check=_check_analyzer_tags,
        expected="every tag of thresholds.required_tags",
        rationale="Findings of an analyzer need a known owner.",
        blind="the tags of analyzers without the option `detective`, nor whether the values are true.",
        remediation=Remediation("Tag the analyzer with its owner."),
        compliance=maps(hub="IAM.23"),
    ),
    Control(
        id="mfa_device_unassigned",
        title="Virtual MFA devices belong to somebody",
        problem=Problem("Virtual MFA device belongs to nobody", "virtual MFA devices belong to nobody"),
        severity=Severity.LOW,
        theme=_THEME,
        needs=(Dataset.VIRTUAL_MFA_DEVICES,),
        check=_check_idle_devices,
        expected="no virtual MFA device without a user",
        rationale="Somebody may have kept the seed of a device that was created but never enabled.",
        blind="hardware tokens, because AWS lists only virtual devices.",
        remediation=Remediation("Delete the device.", reversible=False),
        compliance=maps(soc2="CC6.1"),
    ),
)
