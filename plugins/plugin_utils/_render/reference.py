# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The reference parts of the HTML report: frameworks, controls, resolved findings and the run."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Mapping

from ...module_utils._converge.finding import Status
from ...module_utils._report.frameworks import NO_CONTROL, control_statuses, is_complete, views
from ...module_utils._report.grouping import Group, aliases_of, failing_groups, resource_name
from .findings import View, map_titles
from .text import describe_analyzer, group_regions_by_reason

# What passes, and what does not apply, is said once a control and region, with the evidence.
_SETTLED: t.Final = (Status.PASS.value, Status.NOT_APPLICABLE.value)


def view_resolved(report: Mapping[str, t.Any]) -> View:
    """Findings of the assessment before that are resolved, or that could not be assessed again."""
    delta, aliases = report["delta"], aliases_of(report)
    return {
        "settled": [
            {"finding": item, "name": resource_name(item, aliases), "is_resolved": name == "resolved"}
            for name in ("resolved", "not_assessed")
            for item in delta[name]
        ],
        "titles": map_titles(report),
    }


def list_frameworks(report: Mapping[str, t.Any]) -> list[View]:
    """List the frameworks, each with its requirements and how complete their list is."""
    return [
        {
            "id": framework,
            "requirements": requirements,
            "counts": sorted(Counter(requirement.status for requirement in requirements).items()),
            "without": sum(requirement.status == NO_CONTROL for requirement in requirements),
            "is_complete": is_complete(framework, report),
        }
        for framework, requirements in views(report).items()
    ]


def view_controls(report: Mapping[str, t.Any]) -> View:
    """Every control that was assessed, the failing ones first, each with the evidence that it passes."""
    statuses = control_statuses(report)
    groups: dict[str, list[Group]] = {}
    for group in failing_groups(report):
        for control in group.controls:
            groups.setdefault(control, []).append(group)
    order = {name: place for place, name in enumerate(statuses)}
    verdicts: dict[str, list[Mapping[str, t.Any]]] = {}
    for item in report["findings"]:
        if item["status"] in _SETTLED:
            verdicts.setdefault(item["control"], []).append(item)
    return {
        "controls": [
            {
                "name": name,
                "text": report["controls"][name],
                "status": statuses.get(name),
                "groups": groups.get(name, ()),
                "verdicts": verdicts.get(name, ()),
            }
            for name in sorted(report["controls"], key=lambda name: (order.get(name, len(order)), name))
        ]
    }


def view_run(report: Mapping[str, t.Any]) -> View:
    """The run, what was seen of the account, and what could not be."""
    job, scope = report["run"]["job_url"], report["scope"]
    return {
        "analyzer": describe_analyzer(report),
        "is_link": bool(job) and job.startswith(("https://", "http://")),
        "population": ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in scope["populations"].items()),
        "regions_not": group_regions_by_reason(scope),
    }
