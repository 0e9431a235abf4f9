# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The findings in the HTML report: what fails, what is waived, and why controls have no verdict."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence

from ...module_utils._converge.finding import Severity, Status
from ...module_utils._report.grouping import (
    Group,
    account_name,
    aliases_of,
    failing_groups,
    gaps,
    is_of_account,
    problem_of,
    resource_name,
)
from ...module_utils._report.paths import Step, name_of, path_of
from .remedies import Remedies, Remedy

# A group of more findings is folded at first, so that the page can be skimmed.
_UNFOLDED: t.Final = 8

Finding = Mapping[str, t.Any]
View = dict[str, t.Any]


def view_findings(report: Mapping[str, t.Any], remedies: Remedies) -> View:
    """Everything that fails, by severity, each with what the run makes of it."""
    delta = report["delta"]
    new = {**dict.fromkeys(delta["new"], "new"), **dict.fromkeys(delta.get("newly_assessed", ()), "newly assessed")}
    summary = report["summary"]
    return {
        "groups": [_view_group(group, new, remedies, report["controls"]) for group in failing_groups(report)],
        "summary": summary,
        "present": [severity.value for severity in Severity if summary[severity.value]],
        "has_new": bool(delta["new"]),
    }


def _view_group(group: Group, new: Mapping[str, str], remedies: Remedies, controls: Container[str]) -> View:
    marks = [new[finding["fingerprint"]] for finding in group.findings if finding["fingerprint"] in new]
    is_severe = group.severity in (Severity.CRITICAL.value, Severity.HIGH.value)
    return {
        "group": group,
        "marks": [f"{marks.count(word)} {word}" for word in dict.fromkeys(marks)],
        "is_open": is_severe and len(group.findings) <= _UNFOLDED,
        # Modules also find what the assessment left out. The page has no text of such a control.
        "about": group.controls[0] if len(group.controls) == 1 and group.controls[0] in controls else "",
        "findings": [
            _view_finding(
                finding,
                group.name(finding),
                group.aliases,
                mark=new.get(finding["fingerprint"]),
                remedy=remedies.find(finding),
                controls=controls,
            )
            for finding in group.findings
        ],
    }


def _view_finding(
    finding: Finding,
    name: str,
    aliases: Mapping[str, str],
    *,
    controls: Container[str],
    mark: t.Optional[str] = None,
    remedy: t.Optional[Remedy] = None,
) -> View:
    evidence = finding["evidence"]
    path = path_of(finding)
    return {
        "finding": finding,
        "name": name,
        # The account shares its ARN with its root user.
        "account": account_name(finding["account_id"], aliases) if is_of_account(finding) else "",
        "is_control_known": finding["control"] in controls,
        "mark": mark,
        "remedy": remedy,
        "source": " at ".join(filter(None, (evidence["source"], evidence["observed_at"]))),
        "steps": None if path is None else view_steps(path.steps, [step.policies for step in path.steps]),
        "is_drawn": finding["status"] == Status.FAIL.value,
    }


def view_steps(found: Sequence[Step], allowing: Sequence[Sequence[str]]) -> list[View]:
    """The steps of a path in order, each with the policies of ``allowing`` that allow it."""
    return [
        {"step": step, "notes": _describe_step(step, policies)} for step, policies in zip(found, allowing, strict=True)
    ]


def _describe_step(step: Step, policies: Sequence[str]) -> str:
    notes = [
        step.name,
        f"through {name_of(step.via)}" if step.via else None,
        f"allowed by {', '.join(policies)}" if policies else None,
        f"provided: {'; '.join(step.conditions)}" if step.conditions else None,
    ]
    return ", ".join(filter(None, notes))


def view_not_assessed(report: Mapping[str, t.Any]) -> View:
    """Why controls have no verdict."""
    return {"gaps": gaps(report), "titles": map_titles(report)}


def map_titles(report: Mapping[str, t.Any]) -> Mapping[str, str]:
    """The titles of controls by id, empty for a control whose text the page does not have."""
    return defaultdict(str, {name: text["title"] for name, text in report["controls"].items()})


def view_waived(report: Mapping[str, t.Any]) -> View:
    """Accepted findings, each with the terms on which it was accepted."""
    aliases = aliases_of(report)
    return {
        "entries": [
            {
                "problem": f"{problem_of(finding, report)}: {resource_name(finding, aliases)}",
                "terms": finding["waiver"] or {},
                "shown": _view_finding(finding, resource_name(finding, aliases), aliases, controls=report["controls"]),
            }
            for finding in report["findings"]
            if finding["status"] == Status.WAIVED.value
        ]
    }
