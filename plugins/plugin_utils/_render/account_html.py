# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.html``: one file with everything in it, readable without JavaScript and without a network."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._converge.finding import Status
from ...module_utils._report.document import count_statuses, headline
from ...module_utils._report.paths import caveat, paths
from ...module_utils._report.states import count_changes
from .drawing import escalation
from .findings import findings, not_assessed, waived
from .impact import impacts, unsafe
from .markup import Content, Markup, element, join
from .page import Section, badge, benchmark_name, facts, page, score_card, severity_tallies, state_badges
from .reference import about, changes, controls, frameworks, preflight, settled
from .text import TITLE, analyzer, clock, mode, moved


def render(report: Mapping[str, t.Any], *, title: str = TITLE) -> str:
    """The report of one account as an HTML page."""
    name = report["scope"].get("organization_id") or report["account_alias"] or report["account_id"]
    return page(
        title=f"{title}: {name}",
        subtitle=title,
        lead=[_masthead(report, name), _overview(report)],
        sections=_sections(report),
        footer=f"{analyzer(report)}, run {report['run']['id']}. Times are in UTC.",
    )


def _sections(report: Mapping[str, t.Any]) -> list[Section]:
    counts = count_statuses(report["findings"])
    sections = [
        Section("findings", "Findings", findings(report), report["summary"]["total"]),
        *_escalation(report),
        *_impacts(report),
        Section("changes", "Changes", changes(report)),
        *_settled(report),
        Section("not-assessed", "Not assessed", not_assessed(report), counts[Status.NOT_ASSESSED.value]),
        Section("waived", "Waived", waived(report), counts[Status.WAIVED.value]),
        Section("frameworks", "Frameworks", frameworks(report)),
        Section("controls", "Controls", controls(report), len(report["controls"])),
    ]
    if report["preflight"]:
        sections.append(Section("preflight", "Preflight", preflight(report)))
    return [*sections, Section("run", "Run", about(report))]


def _escalation(report: Mapping[str, t.Any]) -> list[Section]:
    found = paths(report)
    return [Section("paths", "Escalation paths", escalation(found, caveat(report)), len(found))] if found else []


def _impacts(report: Mapping[str, t.Any]) -> list[Section]:
    found = report["impacts"]
    return [Section("impact", "What would break", impacts(found), unsafe(found))] if found else []


def _settled(report: Mapping[str, t.Any]) -> list[Section]:
    count = len(report["delta"]["resolved"])
    is_any = count or report["delta"]["not_assessed"]
    return [Section("resolved", "Resolved", settled(report), count)] if is_any else []


def _masthead(report: Mapping[str, t.Any], name: str) -> Markup:
    run = report["run"]
    number = element("span", report["account_id"], class_="number") if name != report["account_id"] else None
    pairs: list[tuple[str, Content]] = [
        ("Assessed", run["started"].replace("T", " ").replace("Z", " UTC")),
        ("Clock", clock(report) or None),
        ("Regions", ", ".join(report["scope"]["regions_assessed"]) or None),
        ("Mode", mode(report)),
        ("Score", _moved(headline(report))),
    ]
    return element("div", element("h1", name, " ", number), facts(pairs), class_="masthead")


def _moved(score: t.Optional[Mapping[str, t.Any]]) -> Content:
    """What the run made of the headline score, where it changed something."""
    if score is None or score["percent_before"] is None:
        return None
    return element("strong", f"{benchmark_name(score['benchmark'])}: {moved(score)}")


def _overview(report: Mapping[str, t.Any]) -> Markup:
    score = headline(report)
    links = {severity: f"#severity-{severity}" for severity in report["summary"] if severity != "total"}
    column = element("div", severity_tallies(report["summary"], links), _news(report), class_="column")
    return element(
        "div", score_card(score, report["scores"][1:], _basis(score) if score else None), column, class_="overview"
    )


def _basis(score: Mapping[str, t.Any]) -> Content:
    decided = score["passed"] + score["failed"]
    rest = [
        f"{score[name]} {name.replace('_', ' ')}"
        for name in ("waived", "not_assessed", "not_applicable")
        if score[name]
    ]
    return join(
        element("strong", f"{score['passed']} of {decided}"),
        " recommendations with a verdict pass. Coverage: ",
        element("strong", f"{score['coverage_percent']:g}%"),
        f" of {score['recommendations']}",
        f" ({', '.join(rest)})." if rest else ".",
    )


def _news(report: Mapping[str, t.Any]) -> Markup:
    """What changed since the last assessment, and what the run did."""
    delta = report["delta"]
    counts = count_changes(report)
    if delta["basis"] is None:
        since: Content = "No earlier assessment to compare with."
    elif delta["basis"] == "before_changes":
        since = "Since the assessment before the changes:"
    else:
        since = f"Since run {delta['previous_run']}:"
    marks = [
        badge(f"+{len(delta['new'])} new", "critical") if delta["new"] else None,
        badge(f"{len(delta['newly_assessed'])} newly assessed", "accent") if delta.get("newly_assessed") else None,
        badge(f"−{len(delta['resolved'])} resolved", "good") if delta["resolved"] else None,
        badge(f"{len(delta['changed'])} changed", "accent") if delta["changed"] else None,
        badge(f"{len(delta['not_assessed'])} not assessed again", "medium") if delta["not_assessed"] else None,
        state_badges(counts),
    ]
    compared = delta["basis"] is not None
    nothing = "nothing new, nothing resolved." if compared and not delta["new"] and not delta["resolved"] else None
    return element("div", element("span", since), nothing, marks, class_="card news")
