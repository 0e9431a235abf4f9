# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The impact of the developer boundary on the fifteen developer roles, in the reports of playbooks/harden.yml."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t

import jsonschema
import pytest

from .conftest import CHECKOUT, DEV, PROD, SANDBOX, Ansible, MakeAnsible, Outcome, Record

ROLES = [f"arn:aws:iam::{DEV}:role/dev-team-{number:02d}-role" for number in range(1, 16)]


@pytest.fixture(scope="module")
def runs(make_ansible: MakeAnsible) -> t.Sequence[Outcome]:
    """The demo's developers and its sandbox in check mode, then for real; the reports are of the second."""
    ansible = make_ansible()
    return [harden(ansible, "--check"), harden(ansible)]


def harden(ansible: Ansible, *arguments: str) -> Outcome:
    """A run with a report directory of its own."""
    limited = ("--limit", "acme-dev,acme-sandbox,localhost")
    directory = "reports/check" if arguments else "reports/real"
    return ansible.playbook(
        "harden", *limited, *arguments, hardening_report_dir=directory, hardening_terminal="full"
    ).succeeded()


def document(outcome: Outcome, name: str, account: str = DEV, run: str = "real") -> str:
    return (outcome.reports / run / account / name).read_text(encoding="utf-8")


def report(outcome: Outcome, account: str = DEV, run: str = "real") -> Record:
    return t.cast(Record, json.loads(document(outcome, "report.json", account, run)))


def _in_days(days: int) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).strftime("%Y-%m-%d")


def boundary(found: Record) -> Record:
    (impact,) = [item for item in found["impacts"] if item["module"] == "permissions_boundary"]
    return t.cast(Record, impact)


def test_the_report_has_what_was_predicted_for_each_of_the_fifteen(runs: t.Sequence[Outcome]) -> None:
    for run in ("check", "real"):
        impact = boundary(report(runs[1], run=run))
        assert sum(impact["counts"].values()) == 15
        outcomes = {group["name"]: group["outcome"] for group in impact["groups"]}
        assert {outcomes[f"dev-team-{name}-role"] for name in ("07", "11")} == {"will_break"}
        assert sorted(arn for group in impact["groups"] for arn in group["principals"]) == ROLES
        assert impact["change"] == ["the permissions boundary developer is attached"]


def test_a_removal_that_was_refused_is_predicted_as_well(runs: t.Sequence[Outcome]) -> None:
    (impact,) = [item for item in report(runs[1])["impacts"] if item["module"] == "user_permissions"]
    assert impact["change"] == ["the policy AWSCloudShellFullAccess is removed from users dev-*"]
    assert impact["counts"]["no_evidence"] == 1


def test_an_account_without_targets_has_none(runs: t.Sequence[Outcome]) -> None:
    assert report(runs[1], SANDBOX)["impacts"] == []
    assert "What would break" not in document(runs[1], "report.html", SANDBOX)
    assert "WHAT WOULD BREAK" not in document(runs[1], "report.txt", SANDBOX)


def test_the_reports_are_valid_by_the_published_schema(runs: t.Sequence[Outcome]) -> None:
    schema = json.loads((CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    found = [report(runs[1], account, run) for account in (DEV, SANDBOX) for run in ("check", "real")]
    assert [error.message for item in found for error in validator.iter_errors(item)] == []


def test_the_page_shows_all_of_it(runs: t.Sequence[Outcome]) -> None:
    page = document(runs[1], "report.html")
    match = re.search('<section id="impact">.*?</section>', page, re.DOTALL)
    assert match
    assert [arn for arn in ROLES if f"<code>{arn}</code>" not in match[0]] == []
    for group in boundary(report(runs[1]))["groups"]:
        assert group["name"] in match[0]
    for text in ("function:invoices", "event history", "90 days", "service last accessed", "400 days"):
        assert text in match[0]
    assert "the event history has only management events" in match[0]


def test_the_text_and_the_terminal_have_a_line_for_each_group(runs: t.Sequence[Outcome]) -> None:
    groups = boundary(report(runs[1]))["groups"]
    assert sum(group["count"] for group in groups) == 15
    for told in (document(runs[1], "report.txt"), runs[0].output, runs[1].output):
        text = " ".join(told.split())
        assert "WHAT WOULD BREAK: If the permissions boundary developer is attached: 2 will break, " in text
        for group in groups:
            kind = "roles" if group["count"] > 1 else "role"
            outcome = group["outcome"].replace("_", " ").upper()
            assert f"- {outcome}: {group['count']} {kind}: {group['name']}: " in text
        assert f"on arn:aws:lambda:us-east-1:{DEV}:function:invoices: nothing in the permissions boundary" in text


def test_what_was_made_and_what_was_refused_stands_in_every_format(runs: t.Sequence[Outcome]) -> None:
    found = report(runs[1])
    made = {change["operation"] for change in found["changes"] if change["applied"]}
    assert {"CreatePolicy", "UpdateAccountPasswordPolicy"} <= made
    refused = {item["rule"]: item for item in found["refused"] if item["module"] == "permissions_boundary"}
    assert refused["prediction"]["variable"] == "permissions_boundary_accept_breakage"
    held = [change["held_by"] for change in found["changes"] if change["state"] == "applied if approved"]
    assert {item["variable"] for item in held} == {"hardening_max_percent"}
    assert "hardening_approved_plan" in held[0]["reason"]
    for name in ("report.txt", "report.html"):
        text = " ".join(document(runs[1], name).split())
        for operation in ("iam:CreatePolicy", "iam:UpdateAccountPasswordPolicy"):
            assert operation in text
        assert "list role/dev-team-07-role in permissions_boundary_accept_breakage" in text
        assert "an approved plan (hardening_approved_plan) lifts the cap" in text


def test_the_score_from_before_the_changes_is_kept_by_a_run_that_made_some(runs: t.Sequence[Outcome]) -> None:
    checked, real = (report(runs[1], run=run)["scores"] for run in ("check", "real"))
    assert [score["percent_before"] for score in checked] == [None, None]
    assert [score["percent_before"] for score in real] == [score["percent"] for score in checked]
    before, after = real[0]["percent_before"], real[0]["percent"]
    assert before < after
    assert f"Compliance Score: {before:g}% → {after:g}%" in runs[1].output
    assert f"{before:g}% → {after:g}%" in document(runs[1], "report.html")
    assert "→" not in next(line for line in runs[0].output.splitlines() if "Compliance Score" in line)


def test_who_is_accepted_and_who_is_never_touched_are_told_apart(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    accepted = {"principal": "dev-team-07-role", "reason": "moves to eu-west-1", "expires": _in_days(30)}
    outcome = ansible.playbook(
        "harden",
        "--check",
        "--limit",
        "acme-prod,acme-dev,localhost",
        permissions_boundary_targets=[
            {"name": name} for name in ("dev-team-0[67]-role", "helpdesk", "AWSReservedSSO_*")
        ],
        permissions_boundary_accept_breakage=[accepted],
        hardening_report_dir="reports/real",
    ).succeeded()
    impact = boundary(report(outcome))
    assert {group["name"]: group["accepted"] for group in impact["groups"]}["dev-team-07-role"] == accepted
    assert "; accepted until" in " ".join(document(outcome, "report.txt").split())
    (skipped,) = boundary(report(outcome, PROD))["skipped"]
    assert "/aws-reserved/" in skipped["principal"]
    assert "change it there" in skipped["reason"]
    assert f"{skipped['principal']}: {skipped['reason']}" in document(outcome, "report.html", PROD)
