# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Principals that can become administrators: paths over all policies, boundaries, trusts and control policies."""

from __future__ import annotations

import typing as t

from ..._account.model import Dataset
from ..._converge.arn import is_declared
from ..._converge.finding import Remediation, Severity
from ..._policy.escalation.landscape import Landscape
from ..._policy.escalation.paths import Path
from ..control import Control, Failure, Scope, Verdict, listing, maps, plural
from ..excuses import find_declared_users, sort_out
from ..problem import Problem
from ..requirements import ADMIN_NIST, LEAST_PRIVILEGE_PCI


def _check_paths(scope: Scope) -> Verdict:
    landscape = scope.facts.permissions.landscape
    found = scope.facts.escalation
    sources = {path.source for path in found.paths}
    judged, doubtful, excused = sort_out(scope, [role for role in scope.snapshot.roles if role.arn in sources])
    doubts = {role.arn: doubt for role, doubt in doubtful}
    users = {user.arn for user in scope.snapshot.users if not is_declared(user.arn, scope.break_glass)}
    blamed = users | {role.arn for role in judged}
    failures = tuple(_failure(path, landscape) for path in found.paths if path.source in blamed)
    unknown = tuple(
        Failure(path.source, f"{path.explanation}; {doubts[path.source]}", {"excused": None})
        for path in found.paths
        if path.source in doubts
    )
    principals = len(scope.snapshot.users) + sum(not role.is_service_linked for role in scope.snapshot.roles)
    return Verdict(
        principals,
        "principals",
        failures,
        detail=f"only {plural(len(found.administrators), 'administrators')} have administrator rights",
        not_assessed=_not_known(scope),
        unjudged=unknown,
        extra={
            "organization_policies": _organization_policies(scope),
            **(excused | find_declared_users(scope)).evidence,
        },
    )


def _not_known(scope: Scope) -> t.Optional[str]:
    """Why an absence of paths proves nothing."""
    permissions = scope.facts.permissions
    gaps = {
        "policy documents that could not be parsed": permissions.unreadable,
        "attached policies that were not read": permissions.unread,
    }
    return "; ".join(f"{what}: {listing(names)}" for what, names in gaps.items() if names) or None


def _failure(path: Path, landscape: Landscape) -> Failure:
    observed = {"path": [step.record() for step in path.steps], "ends_as": "administrator"}
    has_keys = bool(landscape.by_arn[path.source].active_keys)
    severity = Severity.CRITICAL if path.certain and has_keys else Severity.HIGH
    return Failure(path.source, path.explanation, observed, severity=severity)


def _organization_policies(scope: Scope) -> str:
    """Whether SCPs and RCPs were respected: AWS does not show them to most member accounts."""
    missing = scope.missing(Dataset.ORGANIZATION_POLICIES)
    return f"not known, so they may block paths ({missing})" if missing else "respected"


CONTROLS: t.Final = (
    Control(
        id="privilege_escalation_path",
        title="Only administrators can become administrators",
        problem=Problem("Principal can become an administrator", "principals can become administrators"),
        severity=Severity.HIGH,
        theme="privileges",
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.CREDENTIAL_REPORT, Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES),
        check=_check_paths,
        expected="no known path, over any number of principals, to administrator rights",
        rationale=(
            "A principal that may write policies, take over identities or pass roles can get all rights that these "
            "give."
        ),
        blind="the paths that docs/privilege_escalation.md lists as not searched.",
        # By hand: user_permissions moves and removes whole policies. Where that ends a path, its change says so.
        remediation=Remediation(
            "Remove one step of the path. Name the resources (the user itself, roles below a path, the team's "
            "functions), restrict iam:PassRole by iam:PassedToService, or set a permissions boundary."
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3", "CC3.3")),
    ),
)
