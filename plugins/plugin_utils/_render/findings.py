# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The findings of the HTML report: by severity and control, each with its evidence."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ...module_utils._converge.finding import Severity, Status
from ...module_utils._report.grouping import FRAMEWORKS, Group, failing_groups, gaps, problem_of, resource_name
from ...module_utils._report.paths import Step, name_of, path_of
from .markup import Content, Markup, element, join
from .page import as_json, badge, empty, toolbar

# A group of more findings is folded at first, so that the page can be skimmed.
_UNFOLDED = 8

Finding = Mapping[str, t.Any]


def anchor(fingerprint: str) -> str:
    """The id of a finding in the page."""
    return f"finding-{fingerprint[:16]}"


def findings(report: Mapping[str, t.Any]) -> Content:
    """Everything that fails, with the tools to search it."""
    groups = failing_groups(report)
    if not groups:
        return empty("Nothing that was assessed fails.")
    delta = report["delta"]
    new = {**dict.fromkeys(delta["new"], "new"), **dict.fromkeys(delta.get("newly_assessed", ()), "newly assessed")}
    present = [severity.value for severity in Severity if report["summary"][severity.value]]
    parts: list[Content] = [
        toolbar(
            unit="findings", search="Search findings", severities=present, only_new=bool(delta["new"]), expandable=True
        )
    ]
    for severity in present:
        heading = element(
            "h3",
            severity,
            badge(report["summary"][severity], severity),
            class_=f"severity {severity}",
            id=f"severity-{severity}",
            data_heading=severity,
        )
        parts += [heading, [_group(group, new) for group in groups if group.severity == severity]]
    return parts


def _group(group: Group, new: Mapping[str, str]) -> Markup:
    marks = [new[finding["fingerprint"]] for finding in group.findings if finding["fingerprint"] in new]
    fresh = [badge(f"{marks.count(word)} {word}", "accent") for word in dict.fromkeys(marks)]
    summary = element(
        "summary",
        badge(group.id, f"id {group.severity}"),
        element("span", group.heading, class_="heading"),
        element("span", fresh, class_="push") if fresh else None,
        element("span", ", ".join(group.names[:20]), class_="preview"),
    )
    body = element(
        "div",
        _remediation(group),
        element("p", compliance_badges(group.compliance), class_="tags"),
        [_finding(finding, group.name(finding), new) for finding in group.findings],
        class_="body",
    )
    unfolded = len(group.findings) <= _UNFOLDED and group.severity in (Severity.CRITICAL.value, Severity.HIGH.value)
    return element(
        "details",
        summary,
        body,
        class_=f"group {group.severity}",
        id=group.id,
        open=unfolded,
        data_rows=True,
        data_severity=group.severity,
        data_control=" ".join(group.controls),
    )


def _remediation(group: Group) -> Markup:
    remediation = group.remediation
    notes: list[Content] = []
    if len(group.controls) == 1:
        notes.append(element("a", "About this control", href=f"#control-{group.controls[0]}"))
    if remediation["module"]:
        undo = "can be undone" if remediation["reversible"] else "can't be undone"
        notes.insert(0, join("done by ", element("code", remediation["module"]), f", {undo} · "))
    return element("p", remediation["text"], " ", element("span", notes), class_="fix")


def compliance_badges(compliance: Mapping[str, Iterable[str]]) -> list[Markup]:
    """What a finding counts for, in every framework."""
    short = {"cis_7.0": "CIS 7.0", "cis_5.0": "CIS 5.0", "cis_3.0": "CIS 3.0", "security_hub": "Security Hub"}
    names = {**FRAMEWORKS, **short}
    return [badge(f"{names[name]}: {', '.join(compliance[name])}") for name in FRAMEWORKS if compliance.get(name)]


def _finding(finding: Finding, name: str, new: t.Optional[Mapping[str, str]] = None) -> Markup:
    mark = (new or {}).get(finding["fingerprint"])
    region = None if finding["region"] in ("global", name) else badge(finding["region"])
    marks = [region, badge(mark, "accent") if mark else None]
    summary = element(
        "summary",
        element("span", name, class_="name"),
        element("span", finding["detail"], class_="detail"),
        element("span", marks),
    )
    return element(
        "details",
        summary,
        _evidence(finding),
        class_="finding row",
        id=anchor(finding["fingerprint"]),
        data_new=mark == "new",
    )


def _evidence(finding: Finding) -> Markup:
    evidence = finding["evidence"]
    source = " at ".join(filter(None, (evidence["source"], evidence["observed_at"])))
    pairs: list[tuple[str, Content]] = [
        ("Control", element("a", finding["control"], href=f"#control-{finding['control']}")),
        ("Resource", element("code", finding["resource"])),
        ("Detail", element("code", finding["resource_detail"]) if finding["resource_detail"] else None),
        ("Region", finding["region"]),
        *_observed(finding),
        ("Expected", _value(evidence["expected"])),
        ("Source", source),
        ("First seen", finding["first_seen"]),
        ("To waive", element("pre", finding["to_waive"], class_="waive") if finding.get("to_waive") else None),
    ]
    return element(
        "dl", [(element("dt", name), element("dd", value)) for name, value in pairs if value], class_="evidence"
    )


def _observed(finding: Finding) -> list[tuple[str, Content]]:
    path = path_of(finding)
    if path is None:
        return [("Observed", _value(finding["evidence"]["observed"]))]
    is_drawn = finding["status"] == Status.FAIL.value
    drawing = element("a", "All paths, drawn", href="#paths") if is_drawn else None
    allowing = [step.policies for step in path.steps]
    return [("Path", join(steps_in_order(path.steps, allowing), drawing))]


def steps_in_order(steps: Sequence[Step], allowing: Sequence[Sequence[str]]) -> Markup:
    """The steps of a path as an ordered list, each with the policies of ``allowing`` that allow it."""
    items = []
    for step, policies in zip(steps, allowing, strict=True):
        notes = [
            step.name,
            f"through {name_of(step.via)}" if step.via else None,
            f"allowed by {', '.join(policies)}" if policies else None,
            f"provided: {'; '.join(step.conditions)}" if step.conditions else None,
        ]
        items.append(
            element(
                "li",
                element("code", " + ".join(step.actions)),
                f" {step.preposition} ",
                element("strong", name_of(step.place) or "itself", title=step.target),
                [" ", badge("conditional", "medium")] if step.conditions else None,
                element("div", ", ".join(filter(None, notes)), class_="about"),
            )
        )
    return element("ol", items, class_="steps")


def _value(value: t.Any) -> t.Optional[Markup]:
    return None if value is None else element("pre", as_json(value))


def not_assessed(report: Mapping[str, t.Any]) -> Content:
    """Why controls have no verdict, each reason once."""
    entries = []
    for gap in gaps(report):
        regions = [badge(region) for region in gap.regions if region != "global"]
        links = [element("li", control_link(report, control)) for control in gap.controls]
        summary = element(
            "summary",
            element("span", gap.reason, class_="heading"),
            element("span", regions, badge(_controls(len(gap.controls)), "medium"), class_="push"),
        )
        entries.append(element("details", summary, element("div", element("ul", links), class_="body"), class_="entry"))
    note = element(
        "p", "A control that could not be assessed never counts as passed. It lowers the coverage of the score."
    )
    return [note, entries] if entries else empty("Every control was assessed.")


def _controls(count: int) -> str:
    return "1 control" if count == 1 else f"{count} controls"


def waived(report: Mapping[str, t.Any]) -> Content:
    """Accepted findings, each under the terms on which it was accepted."""
    entries = []
    for finding in report["findings"]:
        if finding["status"] == Status.WAIVED.value:
            terms = finding["waiver"] or {}
            summary = element(
                "summary",
                element("span", f"{problem_of(finding, report)}: {resource_name(finding)}", class_="heading"),
                element("span", badge(f"until {terms.get('expires')}", "accent"), class_="push"),
            )
            names = ("reason", "owner", "ticket", "approved_by", "expires")
            pairs = [
                (element("dt", name.replace("_", " ").capitalize()), element("dd", terms[name]))
                for name in names
                if terms.get(name)
            ]
            body = element(
                "div", element("dl", pairs, class_="evidence"), _finding(finding, resource_name(finding)), class_="body"
            )
            entries.append(element("details", summary, body, class_="entry"))
    return entries if entries else empty("No finding is waived.")


def control_link(report: Mapping[str, t.Any], control: str) -> Content:
    """The title of a control, leading to its text where the report has it."""
    text = report["controls"].get(control)
    return element("a", text["title"], href=f"#control-{control}") if text else control
