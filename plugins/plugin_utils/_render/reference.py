# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the HTML report has besides findings: changes, frameworks, the texts of the controls, the run."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Iterable, Mapping

from ...module_utils._converge.affects.affected import described
from ...module_utils._converge.finding import Severity
from ...module_utils._report.frameworks import Requirement, control_statuses, views
from ...module_utils._report.grouping import Refusals, failing_groups, problem_of, refusal_groups, resource_name
from ...module_utils._report.states import REFUSED, count_changes, state_of
from .findings import anchor, compliance_badges, control_link
from .markup import Content, Markup, element, join
from .page import STATE_TONES, as_json, badge, benchmark_name, empty, facts, state_badges, status_badge, table
from .text import analyzer, cost_of, mode, regions_by_reason

_STATES: t.Final = (
    "Planned is what a real run with the same variables would apply. Reported is what roles in the mode report would"
    " change: no run applies it. Refused is what a guard holds back."
)
_SEVERITIES = [severity.value for severity in Severity]


def changes(report: Mapping[str, t.Any]) -> Content:
    """What the run did or would do, and what its guards did not let through."""
    findings = {
        item["fingerprint"]: f"{problem_of(item, report)}: {resource_name(item)}" for item in report["findings"]
    }
    entries = [_change(change, findings) for change in report["changes"]]
    # What a guard holds back can be approved, so people have to see what it would do.
    held_back = (refusal["change"] for refusal in report["refused"] if refusal.get("change"))
    entries += [_change(change, findings, is_refused=True) for change in held_back]
    refusals = [_refusal(refusal) for refusal in refusal_groups(report["refused"])]
    if not entries and not refusals and not report["costs"]:
        return empty("Nothing was declared that this account does not have already.")
    refused = element("h3", "Refused", class_="severity high") if refusals else None
    return [
        element("p", state_badges(count_changes(report)), class_="tags"),
        element("p", _STATES),
        entries,
        refused,
        refusals,
        _costs(report["costs"]),
    ]


def _costs(costs: Iterable[Mapping[str, t.Any]]) -> Content:
    """What AWS charges for: nobody should learn that from a bill."""
    rows = [
        (
            element("code", cost["module"]),
            element("code", cost["option"]),
            badge(state_of(cost), STATE_TONES[state_of(cost)]),
            cost_of(cost),
            cost["note"],
        )
        for cost in costs
    ]
    if not rows:
        return None
    return [
        element("h3", "What it costs", class_="severity medium"),
        table("What it costs", ("Module", "Option", "State", "Units", "What AWS charges for"), rows),
    ]


def _change(change: Mapping[str, t.Any], findings: Mapping[str, str], *, is_refused: bool = False) -> Markup:
    name = REFUSED if is_refused else state_of(change)
    state = badge(name, STATE_TONES[name])
    undo = None if change["reversible"] else badge("can't be undone", "high")
    summary = element(
        "summary",
        element("code", f"{change['service']}:{change['operation']}", class_="heading"),
        element("span", change["target"]),
        element("span", undo, state, class_="push"),
    )
    remedied = [
        element("li", element("a", findings[key], href=f"#{anchor(key)}"))
        for key in change["remedies"]
        if key in findings
    ]
    affects = change.get("affects")
    body = element(
        "div",
        element("pre", list(_diff(change["before"], change["after"]))),
        element("p", element("strong", "Affects: "), described(affects, most=10)) if affects else None,
        [element("h4", "Remedies"), element("ul", remedied)] if remedied else None,
        [element("h4", "Undo"), element("pre", as_json(change["undo"]))] if change["undo"] else None,
        class_="body",
    )
    return element("details", summary, body, class_="entry", open=True)


def _diff(before: t.Any, after: t.Any) -> t.Iterator[Markup]:
    old = [] if before is None else as_json(before).splitlines()
    new = [] if after is None else as_json(after).splitlines()
    kinds = {"+": "add", "-": "del"}
    for line in difflib.ndiff(old, new):
        if not line.startswith("?"):
            yield element("span", line, class_=kinds.get(line[0]))


def _refusal(refusal: Refusals) -> Markup:
    marks = [
        badge(refusal.rule, "high"),
        badge(refusal.module) if refusal.module else None,
        element("code", refusal.operation) if refusal.operation else None,
    ]
    targets = [element("li", element("code", target)) for target in refusal.targets] if refusal.names else None
    return element(
        "div",
        element("p", element("strong", refusal.title), f": {refusal.said}"),
        element("pre", "\n".join(refusal.to_copy)) if refusal.to_copy else None,
        element("p", marks, class_="tags"),
        element("ul", targets, class_="arns") if targets else None,
        class_="card refusal",
    )


def settled(report: Mapping[str, t.Any]) -> Content:
    """Findings of the assessment before that are not there any more, or of which nothing is known any more."""
    delta = report["delta"]
    states = (("resolved", badge("resolved", "good")), ("not_assessed", badge("not assessed again", "medium")))
    rows = [
        (resource_name(item), mark, control_link(report, item["control"]), item["first_seen"])
        for name, mark in states
        for item in delta[name]
    ]
    return table("Resolved findings", ("Resource", "State", "Control", "First seen"), rows)


def frameworks(report: Mapping[str, t.Any]) -> Content:
    """A table a framework: its requirements, their status, and the controls that decide it."""
    entries = []
    for framework, requirements in views(report).items():
        counts: dict[str, int] = {}
        for requirement in requirements:
            counts[requirement.status] = counts.get(requirement.status, 0) + 1
        tallies = [status_badge(status, counts[status]) for status in sorted(counts)]
        summary = element(
            "summary",
            element("span", benchmark_name(framework), class_="heading"),
            element("span", tallies, class_="push"),
        )
        rows = [_requirement(requirement, report) for requirement in requirements]
        content = table(benchmark_name(framework), ("Requirement", "Status", "Controls"), rows)
        entries.append(
            element(
                "details", summary, element("div", content, class_="body"), class_="entry", id=f"framework-{framework}"
            )
        )
    note = element(
        "p",
        "Listed are the requirements that a control of this assessment speaks of. It is evidence for an audit.",
    )
    return [note, entries] if entries else empty("No framework was assessed.")


def _requirement(requirement: Requirement, report: Mapping[str, t.Any]) -> tuple[Content, ...]:
    links = [element("li", control_link(report, control)) for control in requirement.controls]
    name = (
        join(requirement.id, element("div", requirement.title, class_="about")) if requirement.title else requirement.id
    )
    return name, status_badge(requirement.status), element("ul", links)


def controls(report: Mapping[str, t.Any]) -> Content:
    """The text of every control that was assessed, the failing ones first."""
    statuses = control_statuses(report)
    groups: dict[str, list[tuple[str, str]]] = {}
    for group in failing_groups(report):
        for control in group.controls:
            groups.setdefault(control, []).append((group.id, group.heading))
    order = list(statuses)
    ranked = sorted(
        report["controls"].items(),
        key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item[0]),
    )
    populations = {item["control"]: item for item in report["findings"] if item["status"] in ("PASS", "NOT_APPLICABLE")}
    return [
        _control(name, text, statuses.get(name), groups.get(name, ()), populations.get(name)) for name, text in ranked
    ]


def _control(
    name: str,
    text: Mapping[str, t.Any],
    status: t.Optional[str],
    groups: Iterable[tuple[str, str]],
    verdict: t.Optional[Mapping[str, t.Any]],
) -> Markup:
    severity = text["severity"]
    summary = element(
        "summary",
        status_badge(status) if status else None,
        element("span", text["title"], class_="heading"),
        element("span", badge(severity, severity), class_="push"),
    )
    body = element(
        "div",
        element("p", text["rationale"]),
        element("p", element("strong", "Remediation: "), text["remediation"], class_="fix"),
        element("p", compliance_badges(text["compliance"]), class_="tags"),
        [element("p", element("a", f"{group}: {heading}", href=f"#{group}")) for group, heading in groups],
        element("p", f"{verdict['region']}: {verdict['detail']}") if verdict and verdict["detail"] else None,
        element("p", element("code", name)),
        class_="body",
        id=f"control-{name}",
    )
    return element("details", summary, body, class_="entry")


def about(report: Mapping[str, t.Any]) -> Content:
    """The run, what was seen of the account, and what could not be."""
    run, scope = report["run"], report["scope"]
    job = run["job_url"]
    is_link = bool(job) and job.startswith(("https://", "http://"))
    pairs: list[tuple[str, Content]] = [
        ("Run", run["id"]),
        ("Mode", mode(report)),
        ("Started", run["started"]),
        ("Finished", run["finished"]),
        ("Analyzer", analyzer(report)),
        ("Caller", element("code", run["caller_arn"])),
        ("Declaration", element("code", run["declaration_commit"]) if run["declaration_commit"] else None),
        ("Job", element("a", job, href=job, rel="noreferrer") if is_link else job),
        ("Regions", ", ".join(scope["regions_assessed"])),
        ("Population", ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in scope["populations"].items())),
        ("Credential report", report["credential_report_generated_at"]),
    ]
    parts: list[Content] = [element("div", facts(pairs), class_="card")]
    if scope["regions_not"]:
        rows = [(", ".join(regions), reason) for reason, regions in regions_by_reason(scope)]
        parts += [
            element("h3", "Regions not assessed", class_="severity"),
            table("Regions not assessed", ("Region", "Reason"), rows),
        ]
    if report["errors"]:
        rows = [(error.get("operation") or error.get("dataset"), error["reason"]) for error in report["errors"]]
        parts += [
            element("h3", "Reads that failed", class_="severity"),
            table("Reads that failed", ("Operation", "Reason"), rows),
        ]
    return parts


def preflight(report: Mapping[str, t.Any]) -> Content:
    """What can be done in the account, and which permissions are missing for the rest."""
    tones = {"READY": "good", "MISSING": "high"}
    rows = [
        (
            row["capability"],
            badge(row["state"].replace("_", " ").lower(), tones.get(row["state"], "none")),
            row["reason"],
            [element("li", element("code", action)) for action in row["missing_actions"]],
        )
        for row in report["preflight"]
    ]
    return table("Preflight", ("Capability", "State", "Why", "Missing actions"), rows)
