# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The status of requirements by the findings: a requirement is as good as the worst control beneath it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping

from .._controls.benchmarks import BENCHMARKS
from .._controls.score import PRECEDENCE, natural
from .._converge.finding import Severity
from .grouping import FRAMEWORKS

_RANK: t.Final = {status.value: rank for rank, status in enumerate(PRECEDENCE)}


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A requirement (a recommendation, a control of a standard), its verdict, and what decided it.

    ``title`` is empty where this project has none of its own.
    """

    id: str
    title: str
    status: str
    controls: tuple[str, ...]


def control_statuses(report: Mapping[str, t.Any]) -> dict[str, str]:
    """The verdict on each control over all its findings, the failing and most severe first."""
    statuses: dict[str, str] = {}
    severities: dict[str, int] = {}
    for finding in report["findings"]:
        control, status = finding["control"], finding["status"]
        statuses[control] = worst((statuses.get(control, status), status))
        severities[control] = Severity(finding["severity"]).rank
    order = sorted(statuses, key=lambda control: (_RANK[statuses[control]], severities[control], control))
    return {control: statuses[control] for control in order}


def worst(statuses: Iterable[str]) -> str:
    """The verdict on what has all of ``statuses`` beneath it (at least one)."""
    return min(statuses, key=_RANK.__getitem__)


def views(report: Mapping[str, t.Any]) -> dict[str, tuple[Requirement, ...]]:
    """Framework → its requirements in their natural order, from the findings of ``report``."""
    statuses = control_statuses(report)
    beneath: dict[str, dict[str, set[str]]] = {framework: {} for framework in FRAMEWORKS}
    for finding in report["findings"]:
        for framework, ids in finding["compliance"].items():
            for requirement in ids:
                beneath.setdefault(framework, {}).setdefault(requirement, set()).add(finding["control"])
    return {
        framework: tuple(
            Requirement(
                name,
                titles(framework).get(name, ""),
                worst(map(statuses.__getitem__, controls)),
                tuple(sorted(controls)),
            )
            for name, controls in sorted(requirements.items(), key=lambda item: natural(item[0]))
        )
        for framework, requirements in beneath.items()
        if requirements
    }


def titles(framework: str) -> Mapping[str, str]:
    """Requirement → title, of a CIS benchmark."""
    benchmark = BENCHMARKS.get(framework)
    return benchmark.titles if benchmark else {}
