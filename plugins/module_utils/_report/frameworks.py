# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The status of requirements by the findings: a requirement is as good as the worst control beneath it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping

from .._controls.benchmarks import BENCHMARKS
from .._controls.registry import all_controls
from .._controls.score import PRECEDENCE, natural
from .._converge.finding import Severity
from .grouping import FRAMEWORKS

# The status of a requirement without a verdict: no control speaks of it, or the one that does was left out.
NO_CONTROL: t.Final = "NO_CONTROL"
LEFT_OUT: t.Final = "LEFT_OUT"

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
    """Framework → its requirements in their natural order: those of ``report``, and those that no finding speaks of."""
    statuses = control_statuses(report)
    beneath: dict[str, dict[str, set[str]]] = {framework: {} for framework in FRAMEWORKS}
    for finding in report["findings"]:
        for framework, ids in finding["compliance"].items():
            for requirement in ids:
                beneath.setdefault(framework, {}).setdefault(requirement, set()).add(finding["control"])
    return {
        framework: tuple(
            sorted(
                (
                    *_list_judged(framework, requirements, statuses),
                    *(() if is_of_organization(report) else _list_unjudged(framework, requirements)),
                ),
                key=lambda requirement: natural(requirement.id),
            )
        )
        for framework, requirements in beneath.items()
        if requirements
    }


def _list_judged(
    framework: str, requirements: Mapping[str, Iterable[str]], statuses: Mapping[str, str]
) -> Iterator[Requirement]:
    for name, controls in requirements.items():
        status = worst(map(statuses.__getitem__, controls))
        yield Requirement(name, titles(framework).get(name, ""), status, tuple(sorted(controls)))


def _list_unjudged(framework: str, judged: Collection[str]) -> Iterator[Requirement]:
    """The requirements of a benchmark that this project knows, and on which there is no finding."""
    for name, title in titles(framework).items():
        if name not in judged:
            names = _list_controls(framework).get(name, ())
            yield Requirement(name, title, LEFT_OUT if names else NO_CONTROL, names)


@functools.cache
def _list_controls(framework: str) -> Mapping[str, tuple[str, ...]]:
    """Requirement → the ids of all controls that are about it."""
    found: dict[str, set[str]] = {}
    for control in all_controls():
        for name in control.compliance.get(framework, ()):
            found.setdefault(name, set()).add(control.id)
    return {name: tuple(sorted(ids)) for name, ids in found.items()}


def is_of_organization(report: Mapping[str, t.Any]) -> bool:
    """Whether an organization was assessed: it is judged only by the requirements that its findings speak of."""
    return bool(report["scope"].get("organization_id"))


def is_complete(framework: str, report: Mapping[str, t.Any]) -> bool:
    """Whether all requirements of a framework are listed, not only those that a control of the report speaks of."""
    return framework in BENCHMARKS and not is_of_organization(report)


def titles(framework: str) -> Mapping[str, str]:
    """Requirement → title, of a CIS benchmark."""
    benchmark = BENCHMARKS.get(framework)
    return {**benchmark.titles, **benchmark.others} if benchmark else {}
