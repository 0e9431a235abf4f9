# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an account of which not all could be read.

Apart from the other faults, since it begins with a new emulated organization, which theirs would be compared with.
"""

from __future__ import annotations

import pytest

from .conftest import DEV, PROD, Ansible, MakeAnsible
from .test_faults import fault


@pytest.fixture
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def test_report_says_what_could_not_be_read(ansible: Ansible) -> None:
    ansible.control.faults(
        [
            fault("iam:GetCredentialReport", kind="error", code="AccessDenied", status=403, account_id=PROD),
            fault("iam:GetAccountSummary", kind="error", code="InternalFailure", status=500, account_id=PROD),
            fault("securityhub:DescribeHub", kind="garbage", account_id=PROD),
            fault("iam:GetAccountAuthorizationDetails", kind="error", code="Throttling", status=400, times=2),
            fault("accessanalyzer:ListAnalyzers", kind="drop", times=1),
        ]
    )
    try:
        outcome = ansible.playbook("assess", "--check").succeeded()
    finally:
        ansible.control.clear_faults()
    errors = {error["operation"]: error["reason"] for error in outcome.report(PROD)["errors"]}
    assert {"iam:GetCredentialReport", "iam:GetAccountSummary", "securityhub:DescribeHub"} <= set(errors)
    assert not outcome.report(DEV)["errors"] or "iam:GetCredentialReport" not in str(outcome.report(DEV)["errors"])
    text = (outcome.reports / PROD / "report.txt").read_text(encoding="utf-8")
    for operation in ("iam:GetCredentialReport", "iam:GetAccountSummary"):
        assert operation in text
    assert outcome.report(PROD)["scores"][0]["coverage_percent"] < outcome.report(DEV)["scores"][0]["coverage_percent"]
