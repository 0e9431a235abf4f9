# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._report.plain import WIDTH
from ansible_collections.hardening.iam.plugins.plugin_utils._render import account_html
from ansible_collections.hardening.iam.plugins.plugin_utils._render.text import (
    describe_difference,
    join_cis_ids,
    render,
    render_brief,
)

from ...module_utils._report import samples
from ...module_utils._report.impacts import make_prediction_report


@pytest.fixture(scope="module")
def text() -> str:
    return render(samples.compare_report())


def test_the_header_says_what_was_assessed_when_and_by_whom(text: str) -> None:
    assert text.startswith(
        "IAM Security Assessment Report\n"
        "==============================\n"
        "Account ID: 222233334444 (acme-prod)\n"
        "Assessment Date: 2026-11-25\n"
        "Analyzer: hardening.iam 1.0.0 (control catalog 2026.11)\n"
    )
    assert "check mode: nothing was changed" in text
    assert "Region not assessed: ap-east-1: the region is not enabled" in text


def test_the_header_names_an_organization_that_was_assessed() -> None:
    report = samples.complete_report()
    report = {**report, "scope": {**report["scope"], "organization_id": "o-acme123456"}}
    assert "Organization ID: o-acme123456, assessed from 222233334444\n" in render(report)


def test_a_single_finding_tells_all_about_its_resource(text: str) -> None:
    assert (
        "[C-002] IAM user is an administrator without MFA\n"
        "  - Resource: arn:aws:iam::222233334444:user/deploy-bot\n"
        "  - Detail: AdministratorAccess is attached, no MFA device is assigned\n"
        "  - Last Activity: 2026-11-20\n"
        "  - Remediation: Replace the user by a role, or require MFA for it.\n"
    ) in text


def test_what_repeats_is_grouped_with_its_names(text: str) -> None:
    assert (
        "[H-001] 7 access keys older than 90 days\n"
        "  - Resources: ci-runner, data-export, dev-alice, dev-bob, legacy-erp, svc-backup, svc-monitoring\n"
    ) in text
    assert "  - CIS Benchmark: 2.12 (v7.0), 1.13 (v5.0), 1.14 (v3.0)\n" in text


def test_paths_of_escalation_are_told_step_by_step() -> None:
    text = render(samples.assessment(samples.escalations()))
    assert (
        "  - Path: 15 roles (ci-team-01, ci-team-02, ci-team-03, …) can become cloudformation-deploy:\n"
        "    iam:PassRole + cloudformation:CreateStack for cloudformation-deploy\n"
        "  - Path: key-rotation and release-manager can become prod-admin: iam:CreateAccessKey on\n"
        "    ci-deployer, then sts:AssumeRole on prod-admin\n"
    ) in text
    assert (
        "  - Resource: arn:aws:iam::222233334444:user/ops-frank\n"
        "  - Path: ops-frank can become oncall: sts:AssumeRole on oncall, provided:\n"
        "    aws:MultiFactorAuthPresent\n"
        "  - Remediation: Take away one step of the path.\n"
    ) in text
    assert "- Detail: can become" not in text


def test_policies_that_were_not_read_may_close_paths() -> None:
    error = {"dataset": "organization_policies", "region": None, "operation": "x", "reason": "AccessDenied"}
    text = render(samples.assessment(samples.escalations(), errors=[error]))
    said = "  - Detail: Policies of the organization could not be read. They may block some of these paths.\n"
    assert text.count(said) == 2


def test_of_many_paths_each_end_has_its_say() -> None:
    findings = [samples.path(f"user/u{n} assume role/r{n} assume role/admin") for n in range(9)]
    findings += [samples.path(f"role/r{n} stack role/deploy-{n}") for n in range(20)]
    text = render(samples.assessment(findings))
    assert text.count("- Path: u") == 4
    assert text.count("- Path: r") == 8
    assert "  - Path: … and 17 more principals\n" in text


def test_severities_stand_in_their_order(text: str) -> None:
    places = [text.index(f"{name} FINDINGS:") for name in ("CRITICAL", "HIGH", "MEDIUM", "LOW")]
    assert places == sorted(places)


def test_what_is_new_says_so(text: str) -> None:
    assert "[C-003] Root user has an access key [NEW]\n" in text
    assert "[C-002] IAM user is an administrator without MFA\n" in text
    assert "Since run 20261118T020000Z: New: 1 | Resolved: 1 | Changed: 0 | Unknown: 0" in text


def test_a_reason_for_not_assessing_and_a_waiver_are_told(text: str) -> None:
    assert (
        "NOT ASSESSED:\n  - AccessDenied on iam:ListOrganizationsFeatures\n    Controls: central_root_access\n" in text
    )
    assert "WAIVED:\n  - IAM user has permissions of its own, not through a group: appliance\n" in text
    assert "expires 2027-03-31; owner platform@example.com; ticket SEC-123" in text


def test_changes_tell_what_they_change_and_whether_they_were_made(text: str) -> None:
    assert (
        "  - iam:UpdateAccountPasswordPolicy on account 222233334444 (applied)\n"
        "      MinimumPasswordLength: 8 -> 14\n"
        "      PasswordReusePrevention: none -> 24\n"
    ) in text
    assert "CHANGES: 1 applied, 0 planned, 1 reported, 1 refused\n" in text
    assert "(reported, not reversible)" in " ".join(text.split())
    refusal = "access_key_deactivate: 6 of 31 keys exceed max_percent 5 (access_keys, UpdateAccessKey, cap)"
    assert f"REFUSED: - {refusal} " in " ".join(text.split())


def test_what_is_to_be_copied_of_a_refusal_keeps_its_lines() -> None:
    exempt = "- arn:aws:iam::333344445555:user/ci-jenkins  # last used 2026-11-25; 1 active access key, no MFA, no more"
    refusal = {**samples.REFUSAL.as_dict(), "module": "mfa", "reason": f"the policy exempts them:\n{exempt}\n- b"}
    report = {**samples.complete_report(), "refused": [refusal]}
    shown = " ".join(exempt.split())
    assert f"(mfa, UpdateAccessKey, cap)\n      {shown}\n      - b\n" in render(report)
    assert f"<pre>{exempt}\n- b</pre>" in account_html.render(report)


def test_what_is_refused_for_the_same_reason_is_told_once() -> None:
    refusal = {**samples.REFUSAL.as_dict(), "module": "access_keys"}
    several = [{**refusal, "target": samples.arn("user", f"svc-{number}")} for number in (1, 2)]
    told = render({**samples.complete_report(), "refused": several})
    assert "  - 2 targets: 6 of 31 keys exceed max_percent 5 (access_keys, UpdateAccessKey, cap)\n" in told
    assert "\n      svc-1, svc-2\n" in told


def test_what_would_break_comes_before_the_changes(text: str) -> None:
    told = render(make_prediction_report())
    assert "WHAT WOULD BREAK:\n  If the permissions boundary developer is attached: 1 will break, 1 may" in told
    assert told.index("WHAT WOULD BREAK:") < told.index("CHANGES:")
    assert max(map(len, told.splitlines())) <= WIDTH
    assert "WHAT WOULD BREAK" not in text


def test_whom_a_change_affects_stands_below_it(text: str) -> None:
    report = samples.complete_report()
    names = [samples.arn("user", f"user-{number}") for number in range(5)]
    told = render({**report, "changes": [{**report["changes"][0], "affects": names}]})
    assert "\n      affects: user user-0, user user-1, user user-2 and 2 more\n" in told
    assert "affects" not in text


def test_what_it_costs_is_told_beside_the_changes(text: str) -> None:
    told = render(samples.costing())
    assert "WHAT IT COSTS:\n  - config_rules: 1,200 × rule in a region (planned; each evaluation)\n" in told
    assert "  - config_rules: an unknown number × user, a month (planned; each evaluation)\n" in told
    assert told.index("CHANGES:") < told.index("WHAT IT COSTS:") < told.index("SUMMARY:")
    assert "WHAT IT COSTS" not in text


def test_each_change_that_was_predicted_has_its_paragraphs() -> None:
    report = make_prediction_report()
    told = render({**report, "impacts": report["impacts"] * 2})
    assert told.count("\n\n  If the permissions boundary developer is attached:") == 1
    assert told.count("  If the permissions boundary developer is attached:") == 2


def test_the_score_from_before_the_changes_stands_beside_the_one_after(text: str) -> None:
    told = render(samples.report_after_changes())
    moved = "Compliance Score: 56.5% → 62% (CIS AWS Foundations Benchmark v7.0)\n"
    assert told.index(f"\n{moved}") < told.index("\nRegions: ")
    assert f"  {moved}" in told
    assert "Compliance Score: 63% → 63% (CIS AWS Foundations Benchmark v5.0)\n" in told
    assert "56.5% → 62%" in render_brief(samples.report_after_changes())
    assert "→ 62%" not in text


def test_the_brief_line_names_the_guards_that_refused() -> None:
    refused = [{"rule": rule} for rule in ("max_changes", "approved_plan", "max_changes")]
    assert render_brief({**samples.report_after_changes(), "refused": refused}).endswith(
        "; refused by approved_plan (1), max_changes (2)"
    )
    assert "refused by" not in render_brief({**samples.report_after_changes(), "refused": []})


def test_the_preflight_is_a_table(text: str) -> None:
    assert "  central root access  MISSING         AccessDenied; iam:ListOrganizationsFeatures\n" in text


def test_a_score_stands_with_its_benchmark_denominator_and_coverage(text: str) -> None:
    assert "  Total Findings: 16 in 7 groups\n  Critical: 2 | High: 10 | Medium: 3 | Low: 1\n" in text
    assert "  Compliance Score: 62% (CIS AWS Foundations Benchmark v7.0)\n" in text
    assert "13 of 21 passed; coverage 91% of 63 recommendations; 1 waived; 2 not assessed; 1 not applicable" in text


def test_a_score_without_a_verdict_is_no_zero() -> None:
    score = {**samples.SCORES[0], "percent": None, "passed": 0, "failed": 0}
    assert "Compliance Score: no verdict (CIS" in render(samples.assessment([], scores=[score]))


def test_no_line_is_too_long_and_no_escape_gets_through(text: str) -> None:
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_ascii_by_option() -> None:
    text = render(samples.complete_report(), ascii_only=True, title="Überblick")
    assert text.isascii()
    assert text.startswith("?berblick\n=========\n")
    assert "AKIA...MPL2" in text


def test_a_clean_account_needs_few_words() -> None:
    passed = samples.finding("root_mfa_enabled", f"arn:aws:iam::{samples.ACCOUNT}:root", Status.PASS)
    text = render(samples.assessment([passed]))
    assert "FINDINGS:" not in text
    assert "Total Findings: 0 in 0 groups" in text


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (None, {"a": 1}, ["a: none -> 1"]),
        ({"a": {"b": 1}}, None, ['a: {"b": 1} -> none']),
        (None, "Active", ["none -> Active"]),
        (
            {"document": {"Statement": {"Effect": "Allow"}}},
            {"document": {"Version": "2012-10-17", "Statement": [{"Sid": "Use"}, {"Effect": "Deny"}]}},
            ["document: a policy with 1 statement (unnamed) -> a policy with 2 statements (Use, unnamed)"],
        ),
        ({"a": 1, "b": 2}, {"a": 1, "b": None, "c": [1]}, ["b: 2 -> none", "c: none -> [1]"]),
        ("Active", "Inactive", ["Active -> Inactive"]),
    ],
)
def test_differences_are_told_by_field(before: object, after: object, lines: list[str]) -> None:
    assert describe_difference(before, after) == lines


@pytest.mark.parametrize(
    ("compliance", "shown"),
    [
        ({"cis_3.0": ["1.4"], "cis_7.0": ["2.4", "2.5"], "soc2": ["CC6.1"]}, "2.4 2.5 (v7.0), 1.4 (v3.0)"),
        ({"cis_7.0": [f"5.{number}" for number in range(1, 15)]}, "5.1 5.2 5.3 … 5.14 (v7.0)"),
        ({"soc2": ["CC6.1"]}, ""),
    ],
)
def test_the_recommendations_of_cis(compliance: dict[str, list[str]], shown: str) -> None:
    assert join_cis_ids(compliance) == shown


def policy(*statements: tuple[str, str]) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Statement": [{"Sid": sid, "Action": action} for sid, action in statements]}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (
            policy(("A", "s3:*"), ("B", "ec2:*")),
            policy(("A", "iam:*"), ("B", "ec2:*")),
            "a policy with 2 statements (A, B) -> a policy with 2 statements (A, B), changed: A",
        ),
        (
            policy(("A", "s3:*")),
            policy(("A", "iam:*"), ("B", "ec2:*")),
            "a policy with 1 statement (A) -> a policy with 2 statements (A, B), changed: A",
        ),
        (
            policy(("A", "s3:*")),
            {**policy(("A", "s3:*")), "Version": "2008-10-17"},
            "a policy with 1 statement (A) -> a policy with 1 statement (A), changed: other members",
        ),
        (None, policy(("A", "s3:*")), "none -> a policy with 1 statement (A)"),
        ("24", 24, '"24" -> 24'),
        ("none", None, '"none" -> null'),
    ],
)
def test_no_difference_looks_like_none(before: t.Any, after: t.Any, line: str) -> None:
    assert describe_difference({"x": before}, {"x": after}) == [f"x: {line}"]
