# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.sarif``: findings in SARIF 2.1.0 (OASIS), for code scanning and security dashboards."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ...module_utils._converge.finding import Severity, Status
from ...module_utils._report.delta import first_reported
from ...module_utils._report.grouping import resource_name
from ...module_utils._report.plain import visible

SCHEMA: t.Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# GitHub ranks by this number: critical above 9, high from 7, medium from 4, low below.
_SECURITY_SEVERITY = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.5"}
# SARIF 2.1.0, 3.27.9: "open" is a result whose rule could not be evaluated fully.
_KINDS = {
    Status.FAIL: "fail",
    Status.WAIVED: "fail",
    Status.NOT_ASSESSED: "open",
    Status.PASS: "pass",
    Status.NOT_APPLICABLE: "notApplicable",
}

Item = dict[str, t.Any]


def build(report: Mapping[str, t.Any]) -> Item:
    """The SARIF log of ``report``: a rule a control, a result a finding."""
    rules = [_rule(control, text) for control, text in report["controls"].items()]
    positions = {rule["id"]: position for position, rule in enumerate(rules)}
    new = first_reported(report)
    is_compared = report["delta"]["basis"] is not None
    driver = {
        "name": "hardening.iam",
        "version": report["run"]["collection_version"],
        "semanticVersion": report["run"]["collection_version"],
        "informationUri": "https://github.com/hardening-iam/hardening.iam",
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"hardening.iam/{report['account_id']}/{report['run']['id']}"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, positions, new if is_compared else None) for finding in report["findings"]],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [_legible(run)]}


def _legible(value: t.Any) -> t.Any:
    """``value`` without characters by which a name in an account could look like something else on a dashboard."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {name: _legible(member) for name, member in value.items()}
    return [_legible(member) for member in value] if isinstance(value, list) else value


def _rule(control: str, text: Mapping[str, t.Any]) -> Item:
    severity = Severity(text["severity"])
    tags = [f"{framework}/{name}" for framework, names in text["compliance"].items() for name in names]
    return {
        "id": control,
        "name": "".join(word.capitalize() for word in control.split("_")),
        "shortDescription": {"text": text["title"]},
        "fullDescription": {"text": text["rationale"]},
        "help": {"text": text["remediation"]},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"security-severity": _SECURITY_SEVERITY[severity], "tags": ["security", "iam", *tags]},
    }


def _invocation(report: Mapping[str, t.Any]) -> Item:
    notes = [
        {"level": "warning", "message": {"text": f"{error.get('operation') or 'read'}: {error['reason']}"}}
        for error in report["errors"]
    ]
    return {
        "executionSuccessful": True,
        "startTimeUtc": report["run"]["started"],
        "endTimeUtc": report["run"]["finished"],
        "toolExecutionNotifications": notes,
    }


def _result(finding: Mapping[str, t.Any], positions: Mapping[str, int], new: t.Optional[frozenset[str]]) -> Item:
    status = Status(finding["status"])
    kind = _KINDS[status]
    result: Item = {
        "ruleId": finding["control"],
        "kind": kind,
        "level": _LEVELS[Severity(finding["severity"])] if kind == "fail" else "none",
        "message": {"text": f"{resource_name(finding)}: {finding['detail'] or finding['title']}"},
        "locations": [_location(finding)],
        "partialFingerprints": {"hardeningIam/v1": finding["fingerprint"]},
        "properties": {
            "severity": finding["severity"],
            "region": finding["region"],
            "accountId": finding["account_id"],
        },
    }
    if finding["control"] in positions:
        result["ruleIndex"] = positions[finding["control"]]
    if status is Status.WAIVED:
        result["suppressions"] = [_suppression(finding["waiver"] or {})]
    if new is not None and kind == "fail":
        result["baselineState"] = "new" if finding["fingerprint"] in new else "unchanged"
    return result


def _location(finding: Mapping[str, t.Any]) -> Item:
    """An account has no files: the resource is a logical location. Many ask for a file, and get the report."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"{finding['account_id']}/report.json"},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"fullyQualifiedName": finding["resource"], "name": resource_name(finding), "kind": "resource"}
        ],
    }


def _suppression(waiver: Mapping[str, t.Any]) -> Item:
    names = ("owner", "ticket", "expires")
    terms = ", ".join(f"{name} {waiver.get(name)}" for name in names)
    return {"kind": "external", "status": "accepted", "justification": f"{waiver.get('reason')} ({terms})"}
