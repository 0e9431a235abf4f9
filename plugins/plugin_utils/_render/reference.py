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

from ...module_utils._report.frameworks import control_statuses, views
from ...module_utils._report.grouping import Group, failing_groups, resource_name
from .findings import View
from .text import describe_analyzer, group_regions_by_reason


def view_resolved(report: Mapping[str, t.Any]) -> View:
    """Findings of the assessment before that are resolved, or that could not be assessed again."""
    delta = report["delta"]
    return {
        "settled": [
            {"finding": item, "name": resource_name(item), "is_resolved": name == "resolved"}
            for name in ("resolved", "not_assessed")
            for item in delta[name]
        ],
        "controls": report["controls"],
    }


def view_frameworks(report: Mapping[str, t.Any]) -> View:
    """The requirements of each framework, and how many have which status."""
    return {
        "frameworks": [
            {
                "id": framework,
                "requirements": requirements,
                "counts": sorted(Counter(requirement.status for requirement in requirements).items()),
            }
            for framework, requirements in views(report).items()
        ],
        "controls": report["controls"],
    }


def view_controls(report: Mapping[str, t.Any]) -> View:
    """Every control that was assessed, the failing ones first."""
    statuses = control_statuses(report)
    groups: dict[str, list[Group]] = {}
    for group in failing_groups(report):
        for control in group.controls:
            groups.setdefault(control, []).append(group)
    order = {name: place for place, name in enumerate(statuses)}
    verdicts = {item["control"]: item for item in report["findings"] if item["status"] in ("PASS", "NOT_APPLICABLE")}
    return {
        "controls": [
            {
                "name": name,
                "text": report["controls"][name],
                "status": statuses.get(name),
                "groups": groups.get(name, ()),
                "verdict": verdicts.get(name),
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
