# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdict on declared organization policies: which is not there, says something else, or is not attached."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator, Sequence
from datetime import datetime

from ..._account.model import Snapshot
from ..._account.organization_tree import OrganizationTree
from ..._controls.assess import assess
from ..._controls.catalogue.organization_guardrails import OTHER_PROBLEMS
from ..._controls.control import Control, Failure, Scope, Verdict, listing, maps
from ..._controls.requirements import LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI
from ..._controls.settings import Settings
from ..._converge.finding import Finding, Remediation, Severity
from .outcome import target_of
from .plan import DesiredPolicy

CONTROL: t.Final = "organization_policy_declared"
_MODULE: t.Final = "hardening.iam.organization_policy"
_THEME: t.Final = "organization"


def findings(
    snapshot: Snapshot, tree: OrganizationTree, desired: Sequence[DesiredPolicy], *, settings: Settings, now: datetime
) -> tuple[Finding, ...]:
    """One finding for each declared policy that is not as declared, or one that all of them are."""
    control = Control(
        id=CONTROL,
        problem=OTHER_PROBLEMS[CONTROL],
        title="Declared organization policies have their declared content and targets",
        severity=Severity.HIGH,
        theme=_THEME,
        needs=(),
        check=functools.partial(_judge, tree, tuple(desired)),
        expected="the declared content, description and tags, attached to every declared target",
        rationale="A guardrail protects only accounts below its targets, and only with its declared content.",
        remediation=Remediation("Enforce the declaration, one stage of accounts after the other.", _MODULE),
        compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3",)),
    )
    return assess(snapshot, settings=settings, controls=(control,), now=now)


def _judge(tree: OrganizationTree, desired: Sequence[DesiredPolicy], _scope: Scope) -> Verdict:
    targeted = [one for one in desired if one.live is not None or one.targets]
    if not targeted:
        return Verdict(0, "policies", not_applicable="no policy is declared for any target")
    return Verdict(
        len(targeted), "policies", tuple(failure for one in targeted for failure in _find_failures(tree, one))
    )


def _find_failures(tree: OrganizationTree, one: DesiredPolicy) -> Iterator[Failure]:
    reasons = list(_list_reasons(tree, one))
    if reasons:
        observed = {
            "policy": one.name,
            "type": one.type,
            "drifted": one.has_drifted,
            "attached_to": list(one.live.targets) if one.live else [],
            "expected": list(one.targets),
        }
        yield Failure(target_of(one), "; ".join(reasons), observed, resource_detail=one.name)


def _list_reasons(tree: OrganizationTree, one: DesiredPolicy) -> Iterator[str]:
    if one.live is None:
        yield "it is not there"
    else:
        if one.has_drifted:
            yield "its content differs from the declaration"
        if not one.is_described:
            yield "its description differs"
        if one.missing_tags:
            yield f"it lacks tags: {listing(f'{key}={value}' for key, value in one.missing_tags.items())}"
    if one.to_attach:
        yield f"it is not attached to {listing(tree.name_of(target) for target in one.to_attach)}"
    if one.withdrawn:
        yield f"it is withdrawn from {listing(tree.name_of(target) for target in one.withdrawn)}, but still attached"
