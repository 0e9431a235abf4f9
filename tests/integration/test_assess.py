# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assessment of "acme" by playbooks/assess.yml, and what an assessment costs in calls."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import stat
import typing as t
from collections import Counter
from xml.etree import ElementTree

import jsonschema
import pytest

from .conftest import CHECKOUT, DEV, EXTERNAL_ID, MANAGEMENT, PROD, SANDBOX, MakeAnsible, Outcome, Record, role_arn

ACCOUNTS = (MANAGEMENT, PROD, DEV, SANDBOX)
FORMATS = ["txt", "html", "csv", "junit", "sarif"]
# What an assessment may send for each account, besides what its regions cost.
IAM_CALLS = 25
PER_PRINCIPAL = {"UserName", "RoleName", "GroupName", "PolicyArn", "Arn", "EntityArn"}


@pytest.fixture(scope="module")
def assessed(make_ansible: MakeAnsible) -> Outcome:
    """The four accounts assessed in check mode, with every format of the report."""
    variables = {"hardening_report_formats": FORMATS, "hardening_terminal": "full"}
    return make_ansible().playbook("assess", "--check", **variables).succeeded()


@pytest.fixture(scope="module")
def large(make_ansible: MakeAnsible) -> Outcome:
    """An account of 2,000 users, 1,000 roles and 1,000 policies assessed."""
    ansible = make_ansible("scale:users=2000,roles=1000,policies=1000")
    account = "900000000000"
    return ansible.module(
        "assessment_info",
        assessor_role_arn=role_arn(account),
        assume_role_external_id=EXTERNAL_ID,
        account_id=account,
        report_dir=str(ansible.directory / "reports"),
        return_findings="none",
    ).succeeded()


def failures(report: Record, control: str) -> dict[str, Record]:
    """The failed findings of a control by the last part of their resource and the detail below it."""
    return {
        " ".join(filter(None, (finding["resource"].rpartition("/")[2], finding["resource_detail"]))): finding
        for finding in report["findings"]
        if finding["control"] == control and finding["status"] == "FAIL"
    }


def test_root_access_key_of_the_reference_document(assessed: Outcome) -> None:
    (finding,) = failures(assessed.report(MANAGEMENT), "root_no_access_key").values()
    assert finding["severity"] == "critical"
    assert finding["resource"] == f"arn:aws:iam::{MANAGEMENT}:root"
    assert "2.4" in finding["compliance"]["cis_7.0"]
    for account in (PROD, DEV, SANDBOX):
        assert not failures(assessed.report(account), "root_no_access_key")


def test_deploy_bot_is_an_administrator_without_mfa(assessed: Outcome) -> None:
    found = failures(assessed.report(PROD), "user_admin_without_mfa")
    assert set(found) == {"deploy-bot"}
    assert found["deploy-bot"]["severity"] == "critical"


def test_three_policies_are_sensitive_on_every_resource(assessed: Outcome) -> None:
    found = failures(assessed.report(PROD), "policy_sensitive_wildcard")
    assert set(found) == {"DevPolicy", "CIPolicy", "LegacyAdminPolicy"}
    assert {finding["severity"] for finding in found.values()} == {"high"}


def test_seven_keys_are_older_than_ninety_days(assessed: Outcome) -> None:
    found = failures(assessed.report(PROD), "access_key_age")
    owners = {"svc-backup", "svc-monitoring", "svc-reports", "svc-legacy", "dev-alice", "dev-bob", "dev-erin"}
    assert {name.partition(" ")[0] for name in found} == owners
    assert len(found) == 7


def test_fifteen_developer_roles_are_administrators(assessed: Outcome) -> None:
    found = set(failures(assessed.report(DEV), "role_admin"))
    assert {f"dev-team-{number:02d}-role" for number in range(1, 16)} <= found


def paths(report: Record) -> dict[str, list[tuple[str, str]]]:
    """By principal, each step of its path to an administrator: how, and as whom it goes on."""
    return {
        name: [(step["method"], step["to"].rpartition("/")[2]) for step in finding["evidence"]["observed"]["path"]]
        for name, finding in failures(report, "privilege_escalation_path").items()
    }


def test_paths_to_the_administrator_of_production(assessed: Outcome) -> None:
    found = paths(assessed.report(PROD))
    onwards = [("create_access_key", "ci-deployer"), ("assume_role", "prod-admin")]
    assert found["dev-alice"] == [("assume_role", "release-manager"), *onwards]
    assert found["dev-bob"] == found["dev-erin"] == [("lambda_create_and_invoke", "key-rotation"), *onwards]
    # Its boundary leaves nothing of IAMFullAccess.
    assert "onboarding" not in found
    text = (assessed.reports / PROD / "report.txt").read_text(encoding="utf-8")
    told = (
        "dev-alice can become prod-admin: sts:AssumeRole on release-manager, then iam:CreateAccessKey on ci-deployer, "
        "then sts:AssumeRole on prod-admin"
    )
    assert told in " ".join(text.split())
    assert '<section id="paths">' in (assessed.reports / PROD / "report.html").read_text(encoding="utf-8")


def test_a_path_that_hangs_on_mfa_says_so(assessed: Outcome) -> None:
    found = failures(assessed.report(PROD), "privilege_escalation_path")
    conditions = {
        name: [step["conditions"] for step in finding["evidence"]["observed"]["path"]]
        for name, finding in found.items()
    }
    assert conditions["ops-frank"] == [["aws:MultiFactorAuthPresent"]]
    assert conditions["dev-alice"] == [[], [], []]


def test_teams_share_a_path(assessed: Outcome) -> None:
    found = paths(assessed.report(DEV))
    teams = {f"ci-team-{number:02d}" for number in range(1, 16)}
    assert teams <= set(found)
    assert {tuple(found[team]) for team in teams} == {(("cloudformation_create_stack", "cloudformation-deploy"),)}
    text = (assessed.reports / DEV / "report.txt").read_text(encoding="utf-8")
    assert "15 roles (ci-team-01, ci-team-02, ci-team-03, …) can become cloudformation-deploy" in " ".join(text.split())


def test_policies_of_the_organization_close_a_path(assessed: Outcome) -> None:
    # Its own policies would let helpdesk set a password for the administrator deploy-bot.
    assert "helpdesk" not in paths(assessed.report(PROD))
    said = "Policies of the organization could not be read"
    assert said not in (assessed.reports / PROD / "report.txt").read_text(encoding="utf-8")


def test_scores_stand_beside_their_denominator_and_coverage(assessed: Outcome) -> None:
    for account in ACCOUNTS:
        scores = assessed.report(account)["scores"]
        assert [score["benchmark"] for score in scores][:2] == ["cis_7.0", "cis_5.0"]
        for score in scores:
            judged = score["passed"] + score["failed"]
            assert score["percent"] == round(100 * score["passed"] / judged, 1)
            others = score["not_assessed"] + score["not_applicable"] + score["waived"]
            # What no control is about is neither judged nor told apart.
            assert judged + others <= score["recommendations"]
            assert score["coverage_percent"] == round(100 * judged / score["recommendations"], 1) or others


def test_summary_counts_the_failed_findings(assessed: Outcome) -> None:
    for account in ACCOUNTS:
        report = assessed.report(account)
        counted = Counter(item["severity"] for item in report["findings"] if item["status"] == "FAIL")
        assert report["summary"] == {
            **{severity: counted[severity] for severity in ("critical", "high", "medium", "low")},
            "total": counted.total(),
        }


def test_every_file_is_the_owner_s_alone(assessed: Outcome) -> None:
    files = [path for path in assessed.reports.rglob("*") if path.is_file()]
    assert len(files) >= len(ACCOUNTS) * (len(FORMATS) + 2) + 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_every_directory_is_the_owner_s_alone(assessed: Outcome) -> None:
    directories = [path for path in (assessed.reports, *assessed.reports.rglob("*")) if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {0o700}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_report_follows_its_schema(assessed: Outcome, account: str) -> None:
    schema = json.loads((CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(assessed.report(account))]
    assert not problems


@pytest.mark.parametrize("account", ACCOUNTS)
def test_formats_hold_the_same_findings(assessed: Outcome, account: str) -> None:
    directory = assessed.reports / account
    report = assessed.report(account)
    failed = [finding for finding in report["findings"] if finding["status"] == "FAIL"]
    with (directory / "report.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(report["findings"])
    assert sum(row["status"] == "FAIL" for row in rows) == len(failed)
    suites = ElementTree.parse(directory / "report.junit.xml").getroot()
    assert len(suites.findall(".//failure")) == len(failed)
    (run,) = json.loads((directory / "report.sarif").read_text(encoding="utf-8"))["runs"]
    assert len([result for result in run["results"] if result.get("kind", "fail") == "fail"]) >= len(failed)


def test_page_asks_nobody_for_anything(assessed: Outcome) -> None:
    pages = sorted(assessed.reports.rglob("*.html"))
    assert [page.parent.name for page in pages if page.name == "report.html"] == sorted(ACCOUNTS)
    assert assessed.reports / "fleet.html" in pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//|@import|url\(\s*["']?http""", text), page


def test_manifest_names_every_file_by_its_hash(assessed: Outcome) -> None:
    manifest = assessed.document("manifest.json")
    entries = manifest["files"]
    for name, entry in entries.items():
        content = (assessed.reports / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}, name
    on_disk = {str(path.relative_to(assessed.reports)) for path in assessed.reports.rglob("*") if path.is_file()}
    assert set(entries) == on_disk - {"manifest.json", "manifests/00000001.json"}


def test_text_is_the_report_of_the_reference_document(assessed: Outcome) -> None:
    text = (assessed.reports / PROD / "report.txt").read_text(encoding="utf-8")
    assert "7 access keys older than 90 days" in text
    assert re.search(r"^\[C-001\] ", text, re.MULTILINE)
    assert "CIS Benchmark: " in text
    assert re.search(r"Compliance Score: [0-9.]+% \(CIS AWS Foundations Benchmark v7\.0\)", text)
    for line in text.splitlines():
        # What is in the file is seen in the terminal as well.
        assert line.strip() in assessed.output


def test_nothing_changed_and_nothing_was_written(assessed: Outcome) -> None:
    assert assessed.writes == []
    for host in ("acme-management", "acme-prod", "acme-dev", "acme-sandbox"):
        assert assessed.recap(host)["changed"] == 0


def test_a_role_was_assumed_in_each_account(assessed: Outcome) -> None:
    assumed = {
        record["parameters"]["RoleArn"]: record["parameters"].get("ExternalId")
        for record in assessed.requests
        if record["operation"] == "AssumeRole"
    }
    assert set(assumed) == {role_arn(account) for account in ACCOUNTS}


def iam_part(requests: t.Sequence[Record]) -> list[Record]:
    return [record for record in requests if record["service"] in ("iam", "sts")]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_reads_nothing_per_principal(assessed: Outcome, account: str) -> None:
    own = [record for record in iam_part(assessed.requests) if record["account_id"] == account]
    assert 0 < len(own) <= IAM_CALLS
    for record in own:
        assert not PER_PRINCIPAL & set(record["parameters"]), record


def test_large_account_takes_few_calls(large: Outcome) -> None:
    calls = iam_part(large.requests)
    assert len(calls) <= IAM_CALLS, Counter(record["operation"] for record in calls)
    for record in calls:
        assert not PER_PRINCIPAL & set(record["parameters"]), record


def test_large_account_is_read_whole(large: Outcome) -> None:
    populations = large.report("900000000000")["scope"]["populations"]
    assert populations["users"] == 2000
    assert populations["roles"] >= 1000
    assert populations["policies"] >= 1000
