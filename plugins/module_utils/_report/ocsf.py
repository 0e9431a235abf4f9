# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Findings in the Open Cybersecurity Schema Framework: one event of the class Compliance Finding a line.

https://schema.ocsf.io/1.5.0/classes/compliance_finding
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator, Mapping

from .._account.moments import parse_moment
from .._converge.finding import Severity, Status
from .delta import first_reported
from .grouping import FRAMEWORKS, problem_of, resource_name

SCHEMA_VERSION: t.Final = "1.5.0"
_CLASS: t.Final = 2003
_CATEGORY: t.Final = 2
_PRODUCT: t.Final = "hardening.iam"
_SEVERITIES: t.Final = {Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 4, Severity.CRITICAL: 5}
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_NEW, _SUPPRESSED, _RESOLVED = (1, "New"), (3, "Suppressed"), (4, "Resolved")
_PASS, _FAIL = (1, "Pass"), (3, "Fail")

Item = Mapping[str, t.Any]
Event = dict[str, t.Any]


def render(report: Item) -> str:
    """The failing, waived and resolved findings of ``report``, as JSON lines.

    In ASCII: readers of lines take more characters for the end of one than a newline.
    """
    return "".join(json.dumps(event, sort_keys=True) + "\n" for event in events(report))


def events(report: Item) -> Iterator[Event]:
    """An event for each finding that is open, and for each that was before and is no longer."""
    new = first_reported(report)
    is_compared = report["delta"]["basis"] is not None
    for finding in report["findings"]:
        if finding["status"] in (Status.FAIL.value, Status.WAIVED.value):
            is_new = finding["fingerprint"] in new or not is_compared
            state = _SUPPRESSED if finding["status"] == Status.WAIVED.value else _NEW
            yield _event(report, finding, _CREATE if is_new else _UPDATE, state, _FAIL)
    for finding in report["delta"]["resolved"]:
        resolved = {"account_id": report["account_id"], "detail": "", "compliance": {}, **finding}
        yield _event(report, resolved, _CLOSE, _RESOLVED, _PASS)


def _event(
    report: Item, finding: Item, activity: tuple[int, str], state: tuple[int, str], verdict: tuple[int, str]
) -> Event:
    severity = Severity(finding["severity"])
    text = finding["detail"] or finding["title"]
    event: Event = {
        "activity_id": activity[0],
        "activity_name": activity[1],
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "type_uid": _CLASS * 100 + activity[0],
        "type_name": f"Compliance Finding: {activity[1]}",
        "time": _milliseconds(report["run"]["finished"]),
        "severity_id": _SEVERITIES[severity],
        "severity": severity.name.capitalize(),
        "status_id": state[0],
        "status": state[1],
        "message": f"{resource_name(finding)}: {text}",
        "metadata": _metadata(report),
        "cloud": _cloud(report, finding),
        "finding_info": _finding_info(report, finding),
        "compliance": _compliance(finding, verdict),
        "resources": [_resource(report, finding)],
    }
    return {**event, **_optional(finding)}


def _metadata(report: Item) -> Event:
    product = {"name": _PRODUCT, "vendor_name": _PRODUCT, "version": report["run"]["collection_version"]}
    return {
        "version": SCHEMA_VERSION,
        "profiles": ["cloud"],
        "product": product,
        "correlation_uid": report["run"]["id"],
    }


def _cloud(report: Item, finding: Item) -> Event:
    account: Event = {"uid": finding["account_id"], "type": "AWS Account", "type_id": 10}
    if report["account_alias"]:
        account["name"] = report["account_alias"]
    return {"provider": "AWS", "account": account, "region": finding["region"], "cloud_partition": report["partition"]}


def _finding_info(report: Item, finding: Item) -> Event:
    info: Event = {
        "uid": finding["fingerprint"],
        "title": problem_of(finding, report),
        "desc": finding["detail"] or finding["title"],
        "analytic": {"uid": finding["control"], "name": finding["title"], "type": "Rule", "type_id": 1},
        "last_seen_time": _milliseconds(report["run"]["started"]),
    }
    if finding["first_seen"]:
        info["created_time"] = info["first_seen_time"] = _milliseconds(finding["first_seen"])
    return info


def _compliance(finding: Item, verdict: tuple[int, str]) -> Event:
    named = [
        (FRAMEWORKS.get(framework, framework), str(name))
        for framework, names in finding["compliance"].items()
        for name in names
    ]
    compliance: Event = {"control": finding["control"], "status_id": verdict[0], "status": verdict[1]}
    if named:
        compliance["standards"] = list(dict.fromkeys(standard for standard, _name in named))
        compliance["requirements"] = [f"{standard}: {name}" for standard, name in named]
    return compliance


def _resource(report: Item, finding: Item) -> Event:
    return {
        "uid": finding["resource"],
        "name": resource_name(finding),
        "region": finding["region"],
        "cloud_partition": report["partition"],
    }


def _optional(finding: Item) -> Event:
    """The members that a finding has only while it is open; OCSF has no place for evidence and waivers."""
    optional: Event = {}
    if finding.get("remediation"):
        optional["remediation"] = {"desc": finding["remediation"]["text"]}
    unmapped = {
        "evidence": finding.get("evidence"),
        "resource_detail": finding.get("resource_detail"),
        "waiver": finding.get("waiver"),
    }
    unmapped = {name: value for name, value in unmapped.items() if value}
    return {**optional, **({"unmapped": unmapped} if unmapped else {})}


def _milliseconds(moment: str) -> int:
    return int(parse_moment(moment).timestamp() * 1000)
