# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Permissions boundaries in use: what is wrong with them whatever the play declares."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ..._account.model import Dataset, Role, User
from ..._converge.finding import Remediation, Severity
from ..._policy.analysis.boundary_flaws import LOCKS_OUT, REMOVABLE, Flaw, Weakness, flaws
from ..control import Check, Control, Failure, Scope, Verdict, listing, maps, plural
from ..problem import Problem
from ..requirements import ADMIN_NIST, LEAST_PRIVILEGE_PCI

THEME: t.Final = "boundaries"
MODULE: t.Final = "hardening.iam.permissions_boundary"


def _in_use(scope: Scope) -> dict[str, tuple[str, ...]]:
    """The boundaries of the account by ARN, each with the ARNs of those it binds."""
    bound: dict[str, list[str]] = {}
    principals: tuple[t.Union[User, Role], ...] = (*scope.snapshot.users, *scope.snapshot.roles)
    for principal in principals:
        if principal.boundary is not None:
            bound.setdefault(principal.boundary, []).append(principal.arn)
    return {arn: tuple(bound[arn]) for arn in sorted(bound)}


def _make_weakness_check(weaknesses: frozenset[Weakness]) -> Check:
    """Make a check that no boundary in use has one of these weaknesses."""

    def check(scope: Scope) -> Verdict:
        bound = _in_use(scope)
        if not bound:
            return Verdict(0, "boundaries", not_applicable="no user or role has a permissions boundary")
        unknown = [arn for arn in bound if scope.facts.permissions.policy(arn) is None]
        return Verdict(
            len(bound),
            "boundaries",
            tuple(_failures(scope, bound, weaknesses)),
            unjudged=tuple(Failure(arn, f"the boundary {arn} could not be read") for arn in unknown),
        )

    return check


def _failures(scope: Scope, bound: dict[str, tuple[str, ...]], weaknesses: frozenset[Weakness]) -> Iterator[Failure]:
    for arn, principals in bound.items():
        policy = scope.facts.permissions.policy(arn)
        if policy is None:
            continue
        found = [
            flaw
            for flaw in flaws(policy, arn=arn, place=scope.facts.place, bound=principals)
            if flaw.weakness in weaknesses
        ]
        if found:
            yield Failure(arn, _detail(found, principals), {"flaws": [flaw.as_dict() for flaw in found]})


def _detail(found: list[Flaw], principals: tuple[str, ...]) -> str:
    flaws = "; ".join(flaw.detail for flaw in found)
    names = listing(arn.rpartition("/")[2] for arn in principals)
    return f"{flaws}. It binds {plural(len(principals), 'principals')}: {names}"


CONTROLS: t.Final = (
    Control(
        id="boundary_opens_iam",
        title="No permissions boundary leaves all of IAM open",
        problem=Problem("Permissions boundary leaves all of IAM open", "permissions boundaries leave all of IAM open"),
        severity=Severity.CRITICAL,
        theme=THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_make_weakness_check(frozenset({Weakness.OPENS_IAM})),
        expected="no boundary allows every action of IAM on everything without a condition",
        rationale="A principal that may do everything in IAM can create a principal without a boundary.",
        remediation=Remediation(
            "Allow the actions of IAM by name, only on roles below the path of applications that have the boundary "
            "(iam:PermissionsBoundary).",
            MODULE,
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3",)),
    ),
    Control(
        id="boundary_removable",
        title="No principal can remove its own permissions boundary",
        problem=Problem(
            "Permissions boundary can be removed by its own principals",
            "permissions boundaries can be removed by their own principals",
        ),
        severity=Severity.CRITICAL,
        theme=THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_make_weakness_check(REMOVABLE),
        expected="no boundary lets its principals remove, replace or change it, or create principals without it",
        rationale="A boundary has no effect on a principal that can remove it.",
        blind="ways around the boundary through a role without one, by a service that acts with that role.",
        remediation=Remediation(
            "Deny removing and replacing the boundary, new versions of its policy, and new users and roles without "
            "it. The developer boundary of this collection does this.",
            MODULE,
        ),
        compliance=maps(nist=ADMIN_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3",)),
    ),
    Control(
        id="boundary_grants_nothing",
        title="Every permissions boundary allows something",
        problem=Problem(
            "Permissions boundary allows nothing, so it locks out its principals",
            "permissions boundaries allow nothing, so they lock out their principals",
        ),
        severity=Severity.HIGH,
        theme=THEME,
        needs=(Dataset.AUTHORIZATION_DETAILS,),
        check=_make_weakness_check(LOCKS_OUT),
        expected="every boundary allows at least one action",
        rationale=(
            "A principal keeps only permissions that its boundary allows. A boundary that only denies locks out all "
            "its principals."
        ),
        remediation=Remediation(
            "Allow in the boundary the largest set of permissions, and deny the exceptions.", MODULE
        ),
        compliance=maps(soc2=("A1.2",)),
    ),
)
