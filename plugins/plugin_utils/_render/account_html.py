# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.html``: one file with everything in it, readable without JavaScript and without a network."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._converge.finding import Status
from ...module_utils._report.document import count_statuses, headline
from ...module_utils._report.paths import caveat, paths
from ...module_utils._report.states import count_changes
from . import page, plan_html
from .campaign import view_campaigns
from .changes import Entry, list_changes, view_changes
from .drawing import view_paths
from .findings import View, map_titles, view_findings, view_not_assessed, view_waived
from .impact import count_unsafe, view_impacts
from .least_privilege import view_least_privilege
from .page import Section
from .reference import list_frameworks, view_controls, view_resolved, view_run
from .remedies import Remedies
from .summary import view_summary
from .table import view_table
from .text import TITLE, describe_analyzer, describe_clock, describe_mode


def render(report: Mapping[str, t.Any], *, title: str = TITLE, plan: t.Optional[plan_html.PlanOfAccount] = None) -> str:
    """The report of one account as an HTML page. ``plan`` is left out of a run that can plan nothing."""
    name = report["scope"].get("organization_id") or report["account_alias"] or report["account_id"]
    score = headline(report)
    entries = list_changes(report)
    remedies = Remedies(report, entries)
    frameworks = list_frameworks(report)
    return page.render(
        "account.html.j2",
        title=f"{title}: {name}",
        subtitle=title,
        sections=_list_sections(report, entries, remedies, frameworks, plan),
        footer=f"{describe_analyzer(report)}, run {report['run']['id']}. Times are in UTC.",
        report=report,
        name=name,
        score=score,
        without_verdict=_count_without_verdict(score) if score else "",
        clock=describe_clock(report),
        mode=describe_mode(report),
        changes=count_changes(report),
        summary=view_summary(report, remedies, frameworks),
    )


def _count_without_verdict(score: Mapping[str, t.Any]) -> str:
    """How many requirements of a benchmark have no verdict, and why."""
    names = ("waived", "not_assessed", "not_applicable")
    return ", ".join(f"{score[name]} {name.replace('_', ' ')}" for name in names if score[name])


def _list_sections(
    report: Mapping[str, t.Any],
    entries: Sequence[Entry],
    remedies: Remedies,
    frameworks: Sequence[View],
    plan: t.Optional[plan_html.PlanOfAccount],
) -> list[Section]:
    counts = count_statuses(report["findings"])
    planned, ids = plan_html.make_section(report, plan, entries) if plan else (None, frozenset[str]())
    failing, gaps, accepted = report["summary"]["total"], counts[Status.NOT_ASSESSED.value], counts[Status.WAIVED.value]
    sections = [
        Section("findings", "Findings", "account/findings.html.j2", view_findings(report, remedies), failing),
        Section("results", "All results", "account/results.html.j2", view_table(report), len(report["findings"])),
        *_make_paths_section(report),
        *_make_impact_section(report),
        *_make_least_privilege_section(report),
        *_make_campaigns_section(report),
        *([planned] if planned else []),
        Section("changes", "Changes", "account/changes.html.j2", view_changes(report, entries, ids)),
        *_make_resolved_section(report),
        Section("not-assessed", "Not assessed", "account/not_assessed.html.j2", view_not_assessed(report), gaps),
        Section("waived", "Waived", "account/waived.html.j2", view_waived(report), accepted),
        Section(
            "frameworks",
            "Frameworks",
            "account/frameworks.html.j2",
            {"frameworks": frameworks, "titles": map_titles(report)},
        ),
        Section("controls", "Controls", "account/controls.html.j2", view_controls(report), len(report["controls"])),
    ]
    if report["preflight"]:
        view = {"rows": report["preflight"]}
        sections.append(Section("preflight", "Preflight", "account/preflight.html.j2", view))
    return [*sections, Section("run", "Run", "account/run.html.j2", view_run(report))]


def _make_paths_section(report: Mapping[str, t.Any]) -> list[Section]:
    found = paths(report)
    if not found:
        return []
    view = view_paths(found, caveat(report))
    return [Section("paths", "Escalation paths", "account/paths.html.j2", view, len(found))]


def _make_impact_section(report: Mapping[str, t.Any]) -> list[Section]:
    found = report["impacts"]
    if not found:
        return []
    return [Section("impact", "What would break", "account/impact.html.j2", view_impacts(found), count_unsafe(found))]


def _make_least_privilege_section(report: Mapping[str, t.Any]) -> list[Section]:
    found = report.get("least_privilege", ())
    if not found:
        return []
    view = view_least_privilege(found)
    return [Section("least-privilege", "Least privilege", "account/least_privilege.html.j2", view, len(found))]


def _make_campaigns_section(report: Mapping[str, t.Any]) -> list[Section]:
    found = report.get("campaigns", ())
    if not found:
        return []
    return [Section("campaigns", "Right-sizing", "account/campaigns.html.j2", view_campaigns(found), len(found))]


def _make_resolved_section(report: Mapping[str, t.Any]) -> list[Section]:
    count = len(report["delta"]["resolved"])
    if not count and not report["delta"]["not_assessed"]:
        return []
    return [Section("resolved", "Resolved", "account/resolved.html.j2", view_resolved(report), count)]
