# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Services that principals may use and do not: judged on service last accessed, which is read on request only.

AWS counts attempts, denied ones too, over 400 days at least, with a lag of up to four hours. No use is no proof that a
permission may go: yearly jobs and disaster recovery leave none.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..._account.model import Dataset, ServiceUse
from ..._account.moments import format_utc
from ..._converge.finding import Remediation, Severity
from ..control import Check, Control, Failure, Scope, Verdict, listing, maps
from ..excuses import sort_out
from ..problem import Problem
from ..requirements import ADMIN_NIST, LEAST_PRIVILEGE_PCI

_THEME = "last_accessed"
_PRINCIPALS = "principals"
_PERMISSIONS = "hardening.iam.user_permissions"


# The services that controls ask about by name, with the names that people know them by.
SERVICES: t.Final[Mapping[str, str]] = {"bedrock": "Amazon Bedrock", "sagemaker": "Amazon SageMaker"}


def _find_used_services(scope: Scope, uses: Sequence[ServiceUse]) -> list[str]:
    """Find the services that a principal tried to use within thresholds.service_unused_days."""
    limit = scope.settings.service_unused_days
    return sorted(use.service for use in uses if use.last_used is not None and scope.days_since(use.last_used) < limit)


def _check_over_provisioned(scope: Scope) -> Verdict:
    admins = {**scope.facts.admin_users, **scope.facts.admin_roles}
    roles = [role for role in scope.snapshot.roles if role.arn in scope.facts.admin_roles]
    judged, doubtful, excused = sort_out(scope, roles)
    # The use by a role has the same meaning whether it is excused or not known to be.
    counted = {role.arn for role in judged} | {role.arn for role, _doubt in doubtful}
    aside = set(scope.facts.admin_roles) - counted
    # AWS lists every service that an administrator may use: an empty list is no data, which never means no use.
    known = {
        arn: uses
        for arn, uses in scope.snapshot.service_last_accessed.items()
        if uses and arn in admins and arn not in aside
    }
    if not known:
        reason = "no evidence was read for any administrator that is not exempt"
        return Verdict(0, _PRINCIPALS, not_applicable=reason, extra=excused.evidence)
    failures = []
    for arn, uses in known.items():
        used = _find_used_services(scope, uses)
        if len(used) <= scope.settings.few_services:
            usage = f"used {listing(used)} only" if used else "used nothing"
            detail = f"administrator that {usage} in {scope.settings.service_unused_days} days"
            failures.append(Failure(arn, detail, {"services_used": used, "services_allowed": len(uses)}))
    return Verdict(len(known), _PRINCIPALS, tuple(failures), extra=excused.evidence)


def _make_staleness_check(service: str) -> Check:
    def check(scope: Scope) -> Verdict:
        allowed = {
            arn: use
            for arn, uses in scope.snapshot.service_last_accessed.items()
            for use in uses
            if use.service == service and arn not in scope.facts.admin_users and arn not in scope.facts.admin_roles
        }
        if not allowed:
            return Verdict(0, _PRINCIPALS, not_applicable=f"no principal with evidence may use {service}")
        limit, failures = scope.settings.service_unused_days, []
        for arn, use in allowed.items():
            if use.last_used is None:
                failures.append(Failure(arn, f"may use {service} but never did", {"last_used": None}))
            elif scope.days_since(use.last_used) >= limit:
                when = f"{use.last_used:%Y-%m-%d} ({scope.days_since(use.last_used)} days)"
                failures.append(
                    Failure(arn, f"last used {service} {when}; limit {limit}", {"last_used": format_utc(use.last_used)})
                )
        return Verdict(len(allowed), _PRINCIPALS, tuple(failures))

    return check


def _stale_control(service: str, name: str) -> Control:
    return Control(
        id=f"{service}_access_stale",
        title=f"Principals with access to {name} use it",
        problem=Problem(
            f"Access to {name} unused for {{service_unused_days}} days",
            f"principals have access to {name}, unused for {{service_unused_days}} days",
        ),
        severity=Severity.MEDIUM,
        theme=_THEME,
        needs=(Dataset.SERVICE_LAST_ACCESSED, Dataset.AUTHORIZATION_DETAILS),
        check=_make_staleness_check(service),
        expected="used within thresholds.service_unused_days",
        rationale=(
            f"Stolen credentials with access to {name} are worth money, because models run on the account's bill."
        ),
        remediation=Remediation("Remove the service from the principal's policies once its owner agrees."),
        compliance=maps(nist=("AC-2(1)", "AC-2(3)", "AC-6"), soc2="CC6.3"),
        blind="whether the service was used or only tried, because AWS counts denied attempts as use.",
    )


CONTROLS: t.Final = (
    Control(
        id="admin_over_provisioned",
        title="Administrators use their permissions",
        problem=Problem("Administrator uses few of its permissions", "administrators use few of their permissions"),
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(Dataset.SERVICE_LAST_ACCESSED, Dataset.AUTHORIZATION_DETAILS),
        uses=(Dataset.ORGANIZATION_POLICIES,),
        check=_check_over_provisioned,
        expected="more than thresholds.few_services services used within thresholds.service_unused_days",
        rationale="A principal that uses three services does not need permissions for three hundred.",
        blind=(
            "whether a service was used or only tried, because AWS counts denied attempts as use; nor jobs that run "
            "once a year."
        ),
        remediation=Remediation(
            "Attach policies for the used services. Watch for denials, then detach the administrator's policy.",
            _PERMISSIONS,
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
    *(_stale_control(service, name) for service, name in SERVICES.items()),
)
