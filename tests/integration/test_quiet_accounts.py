# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts without organization, trail, analyzer, recorder or hub, and in GovCloud: complete reports, little noise."""

from __future__ import annotations

import re

import pytest

from .conftest import MakeAnsible, Outcome, role_arn, write_inventory

BARE, GOV = "555566667777", "666677778888"
# The findings by which the report says that something is not there.
ABSENCES = (
    "external_access_analyzer",
    "trail_multi_region",
    "account_in_organization",
    "config_recorder",
    "security_hub",
)


@pytest.fixture(scope="module")
def bare(make_ansible: MakeAnsible) -> Outcome:
    """An account with nothing in it, in two regions."""
    ansible = make_ansible("bare")
    inventory = write_inventory(
        ansible.directory, {"bare": {"aws_account_id": BARE}}, aws_regions=["us-east-1", "eu-west-1"]
    )
    return ansible.playbook("harden", "--check", inventory=inventory).succeeded()


@pytest.fixture(scope="module")
def gov(make_ansible: MakeAnsible) -> Outcome:
    """An account in GovCloud, from its first look to the second enforcing run."""
    ansible = make_ansible("gov").with_environment(AWS_DEFAULT_REGION="us-gov-west-1")
    roles = {
        "aws_assessor_role_arn": role_arn(GOV, partition="aws-us-gov"),
        "aws_assume_role_arn": role_arn(GOV, "automation", partition="aws-us-gov"),
        # A stricter policy than the one there is, so that there is something to do.
        "password_policy_minimum_password_length": 20,
    }
    inventory = write_inventory(
        ansible.directory, {"gov": {"aws_account_id": GOV}}, aws_regions=["us-gov-west-1"], **roles
    )
    return ansible.playbook("harden", "--diff", inventory=inventory).succeeded()


def text_of(outcome: Outcome, account: str) -> str:
    """The report as text, without its line breaks."""
    return " ".join((outcome.reports / account / "report.txt").read_text(encoding="utf-8").split())


def test_nothing_could_not_be_read(bare: Outcome, gov: Outcome) -> None:
    assert bare.report(BARE)["errors"] == []
    assert gov.report(GOV)["errors"] == []


@pytest.mark.parametrize("control", ABSENCES)
def test_each_absence_is_one_entry_of_the_report(bare: Outcome, control: str) -> None:
    report = bare.report(BARE)
    findings = [finding for finding in report["findings"] if finding["control"] == control]
    assert {finding["status"] for finding in findings} == {"FAIL"}
    (detail,) = {finding["detail"] for finding in findings}
    assert text_of(bare, BARE).count(f"Detail: {detail}") == 1


def test_what_follows_from_an_absence_is_not_applicable(bare: Outcome) -> None:
    findings = bare.report(BARE)["findings"]
    verdicts = {finding["control"]: finding["status"] for finding in findings}
    for control in ("config_records_iam", "central_root_access"):
        assert verdicts[control] == "NOT_APPLICABLE", control
    # There may be a trail in one of the regions that were not read.
    for control in ("trail_encrypted", "trail_log_validation"):
        assert verdicts[control] == "NOT_ASSESSED", control
    alarms = {finding["status"] for finding in findings if finding["control"].startswith("alarm_")}
    assert alarms <= {"FAIL", "NOT_APPLICABLE"}


def test_no_soup_of_errors_and_no_warning(bare: Outcome, gov: Outcome) -> None:
    for outcome in (bare, gov):
        assert "WARNING" not in outcome.output
        assert "Denied" not in outcome.output
        assert "Exception" not in outcome.output


# Both accounts have enabled regions that aws_regions does not name, so nobody can assess these either.
ABOUT_EVERY_REGION = {"region_assessed", "config_iam_recorded_once", "trail_encrypted", "trail_log_validation"}


def test_only_what_nobody_can_assess_is_not_assessed(bare: Outcome, gov: Outcome) -> None:
    unassessed = [
        {finding["control"] for finding in outcome.report(account)["findings"] if finding["status"] == "NOT_ASSESSED"}
        for outcome, account in ((bare, BARE), (gov, GOV))
    ]
    assert all("region_assessed" in controls for controls in unassessed)
    whole = [controls - ABOUT_EVERY_REGION for controls in unassessed]
    assert whole[0] == whole[1]
    assert len(whole[0]) <= 2


def test_preflight_says_each_absence_once(bare: Outcome) -> None:
    capabilities = bare.report(BARE)["preflight"]
    reasons = [row["reason"] for row in capabilities if row["state"] == "NOT_APPLICABLE"]
    assert len(reasons) == len(set(reasons))
    assert not [row for row in capabilities if row["state"] == "MISSING"]


def test_no_arn_of_another_partition(gov: Outcome) -> None:
    files = [path for path in gov.directory.rglob("*") if path.is_file() and path.parts[-2] != "tmp"]
    written = {path.name: path.read_text(encoding="utf-8", errors="replace") for path in files}
    assert "report.json" in written
    assert any("journal" in str(path) for path in files)
    for name, text in {**written, "output": gov.output}.items():
        assert not re.search(r"\barn:aws:", text), name
    assert gov.report(GOV)["partition"] == "aws-us-gov"


def test_gov_account_converges(gov: Outcome) -> None:
    assert gov.writes == ["iam:UpdateAccountPasswordPolicy", "accessanalyzer:CreateAnalyzer"]
    analyzer, policy = sorted(change["target"] for change in gov.report(GOV)["changes"] if change["applied"])
    assert analyzer.startswith(f"arn:aws-us-gov:access-analyzer:us-gov-west-1:{GOV}:")
    assert policy.startswith(f"arn:aws-us-gov:iam::{GOV}:")


def test_requests_stay_in_the_partition(gov: Outcome) -> None:
    assert {record["region"] for record in gov.requests} == {"us-gov-west-1"}
