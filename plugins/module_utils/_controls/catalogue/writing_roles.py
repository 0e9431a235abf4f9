# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The rights that an attacker could gain, or give to others, with the roles of this collection."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ..._account.model import Dataset, Role
from ..._converge.arn import is_break_glass
from ..._converge.finding import Remediation, Severity
from ..._policy.escalation.reach import Reach, reach_of
from ..control import Control, Failure, Scope, Verdict, listing, maps, plural, unknown_policies
from ..excuses import Excuses, standing
from ..facts import OWN_PATH
from ..problem import Problem
from ..requirements import ADMIN_NIST, LEAST_PRIVILEGE_PCI


def _own_roles(scope: Scope) -> tuple[tuple[Role, ...], Excuses]:
    """The roles that are judged, and those for emergencies: no role is one for its path alone, which others can use."""
    judged, excused = [], Excuses()
    for role in scope.snapshot.roles:
        reason = standing(scope, role).reason if is_break_glass(role.arn, scope.break_glass) else None
        if reason is not None:
            excused.add(role, reason)
        elif role.path.startswith(OWN_PATH):
            judged.append(role)
    return tuple(judged), excused


def _check_writing_roles(scope: Scope) -> Verdict:
    roles, excused = _own_roles(scope)
    if not roles:
        return Verdict(0, "roles", not_applicable=f"there is no role below {OWN_PATH}", extra=excused.evidence)
    failures = tuple(failure for role in roles if (failure := _failure(scope, role)))
    return Verdict(
        len(roles),
        "roles",
        failures,
        detail="none is an administrator, can become one, or can make one",
        not_assessed=unknown_policies(scope, roles),
        extra=excused.evidence,
    )


def _failure(scope: Scope, role: Role) -> t.Optional[Failure]:
    if scope.facts.admin_roles.get(role.arn):
        detail = f"{role.name} is an administrator; anybody who can assume it has all rights in this account"
        return Failure(role.arn, detail, {"is": "administrator"})
    path = scope.facts.escalations.get(role.arn)
    if path is not None:
        steps = [step.record() for step in path.steps]
        return Failure(role.arn, path.explanation, {"can_become": "administrator", "path": steps})
    reaches = reach_of(scope.facts.permissions.landscape, role.arn)
    if not reaches:
        return None
    detail = (
        f"{role.name} can make others administrators: it may {_describe_reaches(reaches)}. Anybody who can assume it "
        "and controls one of them can become an administrator"
    )
    observed = {"can_make": "administrators", "by": [_record(reach) for reach in reaches]}
    return Failure(role.arn, detail, observed, severity=Severity.MEDIUM)


def _describe_reaches(reaches: Iterable[Reach]) -> str:
    """Describe reaches in a sentence: each verb once, with all its targets."""
    by_verb: dict[str, list[str]] = {}
    for reach in reaches:
        by_verb.setdefault(reach.does, []).append(_count_targets(reach))
    return "; ".join(f"{verb} {_and(things)}" for verb, things in by_verb.items())


def _count_targets(reach: Reach) -> str:
    kind = reach.targets[0].split(":")[5].partition("/")[0]
    plurals = {"policy": "policies"}
    return plural(len(reach.targets), plurals.get(kind, f"{kind}s"))


def _and(things: list[str]) -> str:
    *others, last = things
    return f"{', '.join(others)} and {last}" if others else last


def _record(reach: Reach) -> dict[str, t.Any]:
    names = (arn.split(":", 5)[5] for arn in reach.targets)
    return {"action": reach.action, "targets": len(reach.targets), "such_as": listing(names, limit=5)}


CONTROLS: t.Final = (
    Control(
        id="writing_role_power",
        title="The roles of this collection can't make administrators",
        problem=Problem(
            "Role of this collection can make administrators", ("roles of this collection can make administrators")
        ),
        severity=Severity.HIGH,
        theme="privileges",
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        uses=(Dataset.CREDENTIAL_REPORT, Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES),
        check=_check_writing_roles,
        expected=(
            "no role below /iam-hardening/, except break-glass, that is an administrator, can become one, or can make "
            "others administrators"
        ),
        rationale=(
            "A role that moves policies between users and groups can give them any policy. Other controls exempt the "
            "roles of this collection. This one shows the damage that a stolen role could do."
        ),
        remediation=Remediation(
            "Use the roles of examples/bootstrap, one for each class of changes, with only the needed capabilities. "
            "For user_permissions, permissions_boundary and policy_scope the finding remains, and for right-sizing and "
            "containment while one of their dangerous parameters is set. Let only an approved job assume that role, "
            "and alert on its use. Then accept the finding in hardening_waivers, with an owner and an expiry date."
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2="CC6.3"),
    ),
)
