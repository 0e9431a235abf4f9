# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The verdicts on declared boundaries: who lacks one, who has another, and whose policy says something else."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.model import Dataset, Snapshot
from ..._controls.assess import assess
from ..._controls.catalogue.boundaries import MODULE, THEME
from ..._controls.control import Control, Failure, Scope, Verdict, maps
from ..._controls.registry import all_controls
from ..._controls.requirements import LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI
from ..._controls.settings import Settings
from ..._converge.finding import Finding, Remediation, Severity
from .selection import CHANGE_IT_THERE, Coverage

MISSING: t.Final = "boundary_missing"
WRONG: t.Final = "boundary_wrong"
DRIFTED: t.Final = "boundary_drifted"
REMEDIED: t.Final = frozenset({MISSING, WRONG, DRIFTED})


def findings(
    snapshot: Snapshot,
    coverages: Sequence[Coverage],
    unknown: Mapping[str, str],
    *,
    settings: Settings,
    now: datetime,
) -> tuple[Finding, ...]:
    """The verdicts on the declared boundaries, and those of the assessment on all that are in use.

    ``unknown`` has, by the ARN of their policies, the boundaries that could not be judged, with the reason.
    """
    in_use = tuple(control for control in all_controls() if control.theme == THEME)
    return assess(snapshot, settings=settings, controls=(*_make_controls(coverages, unknown), *in_use), now=now)


def _make_controls(coverages: Sequence[Coverage], unknown: Mapping[str, str]) -> tuple[Control, ...]:
    """Make the controls that depend on what a play declares, and so are none of the catalogue."""
    return tuple(
        Control(
            id=control,
            title=title,
            severity=Severity.HIGH,
            theme=THEME,
            needs=(Dataset.AUTHORIZATION_DETAILS,),
            check=functools.partial(_judge, failures, tuple(coverages), unknown, unit),
            expected=expected,
            rationale="A boundary limits only principals that have it, and only by its present content.",
            remediation=Remediation(
                "Attach the declared boundary, once the prediction is that nothing breaks.", MODULE
            ),
            compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3",)),
        )
        for control, title, unit, expected, failures in (
            (
                MISSING,
                "Every selected principal has a permissions boundary",
                "principals",
                "the boundary",
                _report_missing,
            ),
            (WRONG, "No selected principal has another boundary", "principals", "no other boundary", _report_wrong),
            (DRIFTED, "Boundaries have their declared content", "boundaries", "the declared document", _report_drift),
        )
    )


_Failures = Callable[[Coverage], Iterator[Failure]]


def _judge(
    failures: _Failures, coverages: Sequence[Coverage], unknown: Mapping[str, str], unit: str, _scope: Scope
) -> Verdict:
    if not coverages and not unknown:
        return Verdict(0, unit, not_applicable="no boundary is declared for anybody")
    population = sum(len(item.selection.selected) for item in coverages) if unit == "principals" else len(coverages)
    found = tuple(failure for coverage in coverages for failure in failures(coverage))
    unread = "; ".join(f"{arn} could not be assessed: {reason}" for arn, reason in unknown.items())
    summaries = [_summarize(coverage) for coverage in coverages]
    return Verdict(population, unit, found, not_assessed=unread or None, extra={"coverage": summaries})


def _summarize(coverage: Coverage) -> dict[str, t.Any]:
    return {
        "boundary": coverage.arn,
        "selected": len(coverage.selection.selected),
        "covered": coverage.covered,
        "percent": coverage.percent,
    }


def _report_missing(coverage: Coverage) -> Iterator[Failure]:
    for principal in coverage.missing:
        yield Failure(
            principal.arn, f"it has no permissions boundary; {coverage.name} is declared", {"expected": coverage.arn}
        )
    for name, roles in coverage.selection.permission_sets.items():
        bare = [role.arn for role in roles if role.boundary is None]
        if bare:
            detail = f"permission set {name}: {CHANGE_IT_THERE}"
            yield Failure(bare[0], detail, {"permission_set": name, "roles": bare}, resource_detail=name)


def _report_wrong(coverage: Coverage) -> Iterator[Failure]:
    for principal in coverage.wrong:
        observed = {"boundary": principal.boundary, "expected": coverage.arn}
        yield Failure(principal.arn, f"its boundary is {principal.boundary}; {coverage.name} is declared", observed)


def _report_drift(coverage: Coverage) -> Iterator[Failure]:
    if coverage.drifted:
        count = len(coverage.carrying) + len(coverage.others)
        observed = {"carried_by": count}
        yield Failure(
            coverage.arn, f"its content differs from the declaration, or it does not exist; {count} have it", observed
        )
