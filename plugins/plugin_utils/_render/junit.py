# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""``report.junit.xml``: findings as test cases, for CI systems that show tests and nothing else."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from ...module_utils._converge.finding import Status
from ...module_utils._report.grouping import resource_name
from ...module_utils._report.plain import as_json, visible

# Characters that XML 1.0 can't hold, not even as a reference.
_SKIPPED = frozenset({Status.NOT_ASSESSED.value, Status.WAIVED.value, Status.NOT_APPLICABLE.value})

Finding = Mapping[str, t.Any]


def render(report: Mapping[str, t.Any]) -> str:
    """A suite a control, a case a finding: FAIL is a failure, what has no verdict of its own is skipped."""
    controls: dict[str, list[Finding]] = {}
    for finding in report["findings"]:
        controls.setdefault(finding["control"], []).append(finding)
    root = ElementTree.Element(
        "testsuites", {"name": f"hardening.iam {report['account_id']}", **_counts(report["findings"])}
    )
    for control, findings in controls.items():
        attributes = {"name": control, "timestamp": report["run"]["started"].removesuffix("Z"), **_counts(findings)}
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        for finding in findings:
            _case(suite, finding)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counts(findings: Sequence[Finding]) -> dict[str, str]:
    statuses = [finding["status"] for finding in findings]
    return {
        "tests": str(len(statuses)),
        "failures": str(statuses.count(Status.FAIL.value)),
        "errors": "0",
        "skipped": str(sum(status in _SKIPPED for status in statuses)),
        "time": "0",
    }


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    name = visible(f"{finding['title']}: {resource_name(finding)}")
    case = ElementTree.SubElement(
        suite, "testcase", name=name, classname=f"{finding['account_id']}.{finding['control']}", time="0"
    )
    if finding["status"] == Status.FAIL.value:
        failure = ElementTree.SubElement(case, "failure", type=finding["severity"], message=visible(finding["detail"]))
        failure.text = visible(
            f"{finding['resource']}\nobserved: {as_json(finding['evidence']['observed'])}\n"
            f"expected: {as_json(finding['evidence']['expected'])}\nremediation: {finding['remediation']['text']}"
        )
    elif finding["status"] in _SKIPPED:
        waiver = finding["waiver"] or {}
        reason = f"waived until {waiver['expires']}: {waiver['reason']}" if waiver else finding["detail"]
        ElementTree.SubElement(case, "skipped", message=visible(f"{finding['status']}: {reason}"))
