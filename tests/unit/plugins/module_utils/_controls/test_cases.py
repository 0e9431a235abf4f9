# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every account of the case tables gets the verdict that its source asks for."""

from __future__ import annotations

import re

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Status

from .case_tables import all_cases
from .cases.case import Case
from .samples import judge

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.control}-{case.expected}-{case.name}")
def test_verdict(case: Case) -> None:
    findings = judge(case.control, case.build(), **case.thresholds)
    found = {finding.status.value for finding in findings}
    # A control fails if anything fails, else it is not assessed if anything is not.
    assert next(status for status in ("FAIL", "NOT_ASSESSED", "PASS", "NOT_APPLICABLE") if status in found) == (
        case.expected
    ), case.source
    # A check that raises is NOT_ASSESSED as well, which would look like a verdict.
    assert not [finding.detail for finding in findings if "could not judge what AWS answered" in finding.detail]
    for finding in findings:
        check_count(finding)


def check_count(finding: Finding) -> None:
    """Check what the evidence of a finding on all resources says it looked at: words, and nothing without any."""
    observed = finding.evidence.observed
    if finding.status is Status.PASS:
        assert observed["population"] >= 0
    if finding.status is Status.NOT_APPLICABLE and observed:
        assert observed["population"] == 0
    if finding.status is not Status.FAIL and observed and "unit" in observed:
        assert re.fullmatch(r"[A-Za-z, -]+", observed["unit"])


def test_cases_differ_and_have_a_source() -> None:
    names = [(case.control, case.name) for case in CASES]
    assert len(names) == len(set(names)) > 0
    assert all(case.source.strip() for case in CASES)
