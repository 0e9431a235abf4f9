# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.findings_export.undo import DERIVATIONS

from ..records import ACCOUNT, State, problem_of, regional

PRODUCT: t.Final = regional("securityhub", f"product/{ACCOUNT}/default")
FINDING: t.Final = {"Id": "one", "ProductArn": PRODUCT, "AwsAccountId": ACCOUNT, "RecordState": "ARCHIVED"}
NEW: t.Final = ({"one": None}, {"one": {}})
NOTE: t.Final = {"Text": "back", "UpdatedBy": "hardening.iam"}


@pytest.mark.parametrize(
    ("finding", "states", "problem"),
    [
        pytest.param(FINDING, NEW, "", id="archived again"),
        pytest.param({**FINDING, "Id": "two"}, NEW, "of other findings", id="another finding"),
        pytest.param({**FINDING, "AwsAccountId": "999988887777"}, NEW, "another product or account", id="account"),
        pytest.param({**FINDING, "RecordState": "ACTIVE"}, NEW, "would not be ARCHIVED", id="active"),
        pytest.param(FINDING, ({"one": {}}, {"one": {}}), "would not be ACTIVE", id="was there"),
    ],
)
def test_only_the_findings_of_the_record_come_back(
    finding: dict[str, str], states: tuple[State, State], problem: str
) -> None:
    undo = ("BatchImportFindings", {"Findings": [finding]})
    found = problem_of(DERIVATIONS, ("securityhub", "BatchImportFindings"), f"{PRODUCT}/import/1", states, undo)
    assert problem in found if problem else not found, found


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"Workflow": {"Status": "NEW"}}, ""),
        ({"Workflow": {"Status": "SUPPRESSED"}}, "another Workflow"),
        ({"Note": {"Text": ["x"], "UpdatedBy": "y"}}, "no note"),
        ({"Severity": {"Label": "LOW"}}, "another Severity"),
    ],
)
def test_the_workflow_comes_back_as_it_was(given: dict[str, t.Any], problem: str) -> None:
    request = {
        "FindingIdentifiers": [{"Id": "one", "ProductArn": PRODUCT}],
        "Workflow": {"Status": "NEW"},
        "Note": NOTE,
        **given,
    }
    undo = ("BatchUpdateFindings", request)
    states = ({"one": "NEW"}, {"one": "RESOLVED"})
    found = problem_of(DERIVATIONS, ("securityhub", "BatchUpdateFindings"), f"{PRODUCT}/update/1", states, undo)
    assert problem in found if problem else not found, found
