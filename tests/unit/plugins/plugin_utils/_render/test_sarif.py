# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._render.sarif import build

from ...module_utils._report import samples


@pytest.fixture(scope="module")
def run() -> dict[str, t.Any]:
    log = build(samples.compare_report())
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    assert len(log["runs"]) == 1
    return dict(log["runs"][0])


def test_a_rule_a_control_and_a_result_a_finding(run: dict[str, t.Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(samples.CONTROLS)
    assert len(run["results"]) == 20
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_severities_are_levels_and_numbers(run: dict[str, t.Any]) -> None:
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    found = {
        name: (rules[name]["defaultConfiguration"]["level"], rules[name]["properties"]["security-severity"])
        for name in rules
    }
    assert found["root_no_access_key"] == ("error", "9.5")
    assert found["access_key_age"] == ("error", "8.0")
    assert found["password_min_length"] == ("warning", "5.5")
    assert found["user_permissions_through_groups"] == ("note", "2.5")


def test_only_what_fails_has_a_level(run: dict[str, t.Any]) -> None:
    """SARIF 2.1.0, 3.27.10: where kind is not fail, level shall be none."""
    kinds = {result["kind"] for result in run["results"]}
    assert kinds == {"fail", "open", "pass", "notApplicable"}
    assert all((result["kind"] == "fail") == (result["level"] != "none") for result in run["results"])


def test_waived_findings_are_suppressed_with_the_reason(run: dict[str, t.Any]) -> None:
    suppressed = [result for result in run["results"] if "suppressions" in result]
    assert len(suppressed) == 1
    assert suppressed[0]["suppressions"][0]["justification"].startswith("Replaced in spring")


def test_new_findings_are_told_from_old_ones(run: dict[str, t.Any]) -> None:
    states = [result.get("baselineState") for result in run["results"]]
    assert states.count("new") == 1
    assert states.count("unchanged") == 16
    assert all("baselineState" not in result for result in build(samples.complete_report())["runs"][0]["results"])


def test_resources_are_locations(run: dict[str, t.Any]) -> None:
    location = run["results"][0]["locations"][0]
    assert location["logicalLocations"][0]["fullyQualifiedName"] == f"arn:aws:iam::{samples.ACCOUNT}:root"
    assert location["physicalLocation"]["artifactLocation"]["uri"] == f"{samples.ACCOUNT}/report.json"


def test_reads_that_failed_are_notifications(run: dict[str, t.Any]) -> None:
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"] for note in notes] == ["iam:ListOrganizationsFeatures: AccessDenied"]


def test_a_finding_of_no_known_rule_has_no_index() -> None:
    report = samples.assessment([samples.finding("root_mfa_enabled", "x", control="region_assessed")])
    assert "ruleIndex" not in build(report)["runs"][0]["results"][0]
