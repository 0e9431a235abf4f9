# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.plugin_utils._render.junit import render

from ...module_utils._report import samples


def test_failures_and_skips_are_counted_and_told() -> None:
    root = ElementTree.fromstring(render(samples.complete_report()))
    assert (root.tag, root.attrib["tests"], root.attrib["failures"], root.attrib["skipped"]) == (
        "testsuites",
        "20",
        "16",
        "3",
    )
    suite = next(item for item in root if item.attrib["name"] == "access_key_age")
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("7", "7")
    case = suite[0]
    assert case.attrib["name"] == "Access keys are replaced in time: ci-runner (AKIA…MPL6)"
    assert case[0].attrib == {"type": "high", "message": "created 2025-05-01 (495 days); limit 90"}
    assert "remediation: Rotate the key" in (case[0].text or "")


def test_waived_and_unassessed_findings_are_skipped_with_the_reason() -> None:
    root = ElementTree.fromstring(render(samples.complete_report()))
    messages = [item.attrib["message"] for item in root.iter("skipped")]
    assert sorted(message.partition(":")[0] for message in messages) == ["NOT_APPLICABLE", "NOT_ASSESSED", "WAIVED"]
    assert any(message.startswith("WAIVED: waived until 2027-03-31: Replaced in spring") for message in messages)


def test_a_passing_control_is_a_passing_case() -> None:
    root = ElementTree.fromstring(render(samples.complete_report()))
    suite = next(item for item in root if item.attrib["name"] == "root_mfa_enabled")
    assert list(suite[0]) == []


@given(st.text())
def test_whatever_stands_in_an_account_makes_well_formed_xml(text: str) -> None:
    finding = samples.finding("access_key_age", f"arn:aws:iam::{samples.ACCOUNT}:user/{text}", detail=text)
    content = render(samples.assessment([finding]))
    assert len(ElementTree.fromstring(content.encode("utf-8", "surrogatepass"))) == 1
