# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings counted by recommendation: the score of a benchmark, and the view of a framework."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._converge.finding import Finding, Status
from .benchmarks import BENCHMARKS, DEFAULT_BENCHMARKS

# The status of a recommendation with several findings: the first of these that occurs.
PRECEDENCE: t.Final = (Status.FAIL, Status.NOT_ASSESSED, Status.WAIVED, Status.PASS, Status.NOT_APPLICABLE)
_VIEWS: t.Final = ("soc2", "pci_4.0", "nist_800_53", "security_hub")
_COUNTS: t.Final[Mapping[Status, str]] = {
    Status.PASS: "passed",
    Status.FAIL: "failed",
    Status.NOT_ASSESSED: "not_assessed",
    Status.NOT_APPLICABLE: "not_applicable",
    Status.WAIVED: "waived",
}


def scores(
    findings: Iterable[Finding], benchmarks: Sequence[str] = DEFAULT_BENCHMARKS, *, of_account: bool = True
) -> list[dict[str, t.Any]]:
    """The score of each benchmark: counts of recommendations, and two percentages.

    An account is judged by all of a benchmark. An organization (not ``of_account``) is by the recommendations that
    its findings speak of, and has no score by a benchmark that has none.

    ``percent`` is passed / (passed + failed), None where neither occurs. ``coverage_percent`` is the part of all
    recommendations of the benchmark on which there is a judgement, ``not_applicable`` and ``waived`` included.

    :raises ValueError: an unknown benchmark; the message names the known ones.
    """
    found = tuple(findings)
    judged = [_score(found, benchmark, of_account=of_account) for benchmark in benchmarks]
    return [score for score in judged if of_account or score["recommendations"]]


def _score(findings: Sequence[Finding], name: str, *, of_account: bool) -> dict[str, t.Any]:
    if name not in BENCHMARKS:
        raise ValueError(f"there is no benchmark {name!r}; known are {', '.join(BENCHMARKS)}")
    benchmark = BENCHMARKS[name]
    statuses = {
        recommendation: status
        for recommendation, (status, _controls) in _by_requirement(findings, name).items()
        if recommendation in benchmark.titles
    }
    counts = {word: sum(status is wanted for status in statuses.values()) for wanted, word in _COUNTS.items()}
    judged = counts["passed"] + counts["failed"]
    covered = judged + counts["not_applicable"] + counts["waived"]
    recommendations = benchmark.recommendations if of_account else len(statuses)
    return {
        "benchmark": name,
        "title": benchmark.title,
        **counts,
        "recommendations": recommendations,
        "percent": round(100 * counts["passed"] / judged, 1) if judged else None,
        "coverage_percent": round(100 * covered / max(recommendations, 1), 1),
    }


def frameworks(findings: Iterable[Finding]) -> dict[str, dict[str, dict[str, t.Any]]]:
    """By framework and requirement: the status as in scores, and the controls that speak of it."""
    found = tuple(findings)
    return {
        name: {
            requirement: {"status": status.value, "controls": sorted(controls)}
            for requirement, (status, controls) in _by_requirement(found, name).items()
        }
        for name in _VIEWS
    }


def recommendations(findings: Iterable[Finding], benchmark: str) -> dict[str, dict[str, t.Any]]:
    """By recommendation of a benchmark: title, status and controls, in the benchmark's order."""
    titles = BENCHMARKS[benchmark].titles
    return {
        requirement: {"title": titles[requirement], "status": status.value, "controls": sorted(controls)}
        for requirement, (status, controls) in _by_requirement(tuple(findings), benchmark).items()
        if requirement in titles
    }


def _by_requirement(findings: Sequence[Finding], framework: str) -> dict[str, tuple[Status, set[str]]]:
    found: dict[str, tuple[Status, set[str]]] = {}
    for finding in findings:
        for requirement in finding.compliance.get(framework, ()):
            status, controls = found.get(requirement, (Status.NOT_APPLICABLE, set()))
            found[requirement] = (min(status, finding.status, key=PRECEDENCE.index), controls | {finding.control})
    return {requirement: found[requirement] for requirement in sorted(found, key=natural)}


@functools.cache
def natural(requirement: str) -> tuple[tuple[int, str], ...]:
    """A sort key in which 2.9 comes before 2.10, and IAM.9 before IAM.10."""
    parts = requirement.replace("(", ".").replace(")", "").replace("-", ".").split(".")
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
