# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules read the ninety days of the fifteen developer roles from a trail's bucket, and AWS's recommendations."""

from __future__ import annotations

import json
import typing as t

import pytest

from developer_events import APPS

from .conftest import EXTERNAL_ID, Ansible, MakeAnsible, Outcome, role_arn

Record = dict[str, t.Any]


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible("developers")


def run(ansible: Ansible, module: str, *arguments: str, **options: t.Any) -> Record:
    return run_noted(ansible, module, *arguments, **options)[0]


def run_noted(ansible: Ansible, module: str, *arguments: str, **options: t.Any) -> tuple[Record, Outcome]:
    outcome = ansible.module(
        module,
        *arguments,
        account_id=APPS,
        assessor_role_arn=role_arn(APPS),
        assume_role_arn=role_arn(APPS),
        assume_role_external_id=EXTERNAL_ID,
        **options,
    )
    assert outcome.status == 0, outcome.output
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    return result, outcome


def predict(ansible: Ansible, role: str, **options: t.Any) -> Record:
    """Predict a boundary without Lambda by the files of the account's trail."""
    boundary = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "lambda:*", "Resource": "*"}]}
    logs = {"trail_logs": "s3://acme-apps-logs", "event_history": False, **options}
    return run(ansible, "policy_impact_info", "--check", principals=[role], boundary=boundary, **logs)


def test_calls_of_three_months_are_read_from_the_bucket_of_the_trail(ansible: Ansible) -> None:
    result = predict(ansible, "dev-shop-orders")
    assert result["outcome"] == "will_break"
    (principal,) = result["principals"]
    lost = {(use["action"], use["resource"]): use["count"] for use in principal["uses"] if use["source"] == "trail"}
    function = f"arn:aws:lambda:eu-west-1:{APPS}:function:shop-orders:PROD"
    # Three calls on each working day.
    assert lost[("lambda:InvokeFunction", function)] > 150


def test_files_in_two_places_count_once_and_a_place_that_is_missing_is_named(ansible: Ansible) -> None:
    """As a survey of AWX sends a list. The second place has the same files as the first."""
    places = ["s3://acme-apps-logs", "s3://acme-apps-logs/AWSLogs", "s3://acme-no-such-logs"]
    result = predict(ansible, "dev-shop-orders", trail_logs=json.dumps(places), trail_days=20)
    (principal,) = result["principals"]
    lost = {(use["action"], use["resource"]): use["count"] for use in principal["uses"] if use["source"] == "trail"}
    function = f"arn:aws:lambda:eu-west-1:{APPS}:function:shop-orders:PROD"
    assert 20 < lost[("lambda:InvokeFunction", function)] <= 3 * 20
    assert any("acme-no-such-logs" in spot for spot in principal["evidence"]["blind_spots"])


def test_the_recommendations_of_access_analyzer_are_about_real_policies(ansible: Ansible) -> None:
    result = run(ansible, "access_analyzer_findings_info", regions=["eu-west-1"], recommendations=True)
    found = {item["id"]: item["recommendation"] for item in result["findings"] if "recommendation" in item}
    assert len(found) == 10
    create, detach = found["unused-shop-api"]["steps"]
    assert "lambda:UpdateFunctionCode" in create["policy"]
    assert detach["existing_policy_id"] == "arn:aws:iam::aws:policy/AdministratorAccess"
    assert "INTERNAL_ERROR" in found["unused-data-etl"]["error"]


def test_a_deep_assessment_finds_what_policies_could_lose(ansible: Ansible) -> None:
    """Of the fifteen roles, one was made 45 days ago, and so AWS has not tracked it for long enough."""
    options: Record = {"deep": True, "regions": ["eu-west-1"], "return_findings": "all"}
    include = ["admin_mostly_unused", "privileged_access_unused"]
    findings = run(ansible, "assessment_info", "--check", include=include, **options)["findings"]
    failed = {(item["control"], item["resource"].rpartition("/")[2]): item for item in findings}
    assert {item["status"] for item in findings} == {"FAIL"}
    for control in include:
        names = {name for found, name in failed if found == control}
        assert len(names) == 15 and "report-bot" in names
        assert len([name for name in names if name.startswith("dev-")]) == 14 and "dev-platform-rebuilt" not in names

    share = failed["admin_mostly_unused", "dev-shop-payments"]["evidence"]["observed"]
    assert share["services"]["used"] == 5 and share["services"]["allowed"] > 400
    assert 0 < share["tracked_actions"]["used"] < 20 and share["tracked_actions"]["allowed"] > 1000
    lost = failed["privileged_access_unused", "dev-shop-payments"]["evidence"]["observed"]
    assert lost["worst"][0]["service"] == "iam" and lost["privileged_actions"] > 10_000
    # The job of the quarter's end used RDS 112 days ago.
    assert lost["privileged_services"]["allowed"] - lost["privileged_services"]["unused"] == share["services"]["used"]


def test_recommendations_are_made_on_request_and_not_in_check_mode(ansible: Ansible) -> None:
    options: Record = {
        "principals": ["role/dev-shop-api"],
        "trail_logs": "s3://acme-apps-logs",
        "trail_days": 20,
        "event_history": False,
        "regions": ["us-east-1", "eu-west-1"],
        "second_opinion": ["access_analyzer", "security_hub"],
        "second_opinion_request": True,
    }
    generators = ["GenerateFindingRecommendation", "GenerateRecommendedPolicyV2"]

    def ask(*arguments: str) -> tuple[Record, list[Record], list[str]]:
        result, outcome = run_noted(ansible, "least_privilege_info", *arguments, **options)
        sent = sorted({record["operation"] for record in outcome.requests} & set(generators))
        (principal,) = result["principals"]
        return result, principal["second_opinion"], sent

    result, opinions, sent = ask("--check")
    assert ([opinion["status"] for opinion in opinions], sent) == (["not_asked"] * 2, [])
    assert all("Run without check mode" in opinion["reason"] for opinion in opinions)
    result, opinions, sent = ask()
    assert ([opinion["status"] for opinion in opinions], sent) == (["compared"] * 2, generators)
    assert result["changed"] is False
    # AWS looks at no single action of EventBridge, and at no call on data.
    assert all(opinion["agree"] > 10_000 and opinion["aws_would_keep"] for opinion in opinions)
    assert ask("--check")[1:] == (opinions, [])
    refused = ansible.module(
        "least_privilege_info", account_id=APPS, assessor_role_arn=role_arn(APPS), **{**options, "second_opinion": []}
    )
    assert "second_opinion_request" in refused.output and refused.status != 0


def test_a_policy_is_generated_by_running_again(ansible: Ansible) -> None:
    """The access role does not exist, so the first job fails; the second one is of the next role."""
    options: Record = {
        "principals": ["role/dev-shop-api", "role/dev-shop-web"],
        "region": "eu-west-1",
        "regions": ["eu-west-1"],
        "request": True,
        "access_role_arn": f"arn:aws:iam::{APPS}:role/service-role/AccessAnalyzerMonitorServiceRole",
    }

    def ask(*arguments: str) -> tuple[dict[str, str], int]:
        result, outcome = run_noted(ansible, "policy_generation_info", *arguments, **options)
        found = {item["principal"].rpartition("/")[2]: item["outcome"] for item in result["principals"]}
        assert result["changed"] is False
        return found, sum(record["operation"] == "StartPolicyGeneration" for record in outcome.requests)

    assert ask("--check") == ({"dev-shop-api": "waiting", "dev-shop-web": "waiting"}, 0)
    assert ask() == ({"dev-shop-api": "running", "dev-shop-web": "waiting"}, 1)
    assert ask() == ({"dev-shop-api": "running", "dev-shop-web": "waiting"}, 0)
    assert ask() == ({"dev-shop-api": "waiting", "dev-shop-web": "running"}, 1)
    (first, _second) = run(ansible, "policy_generation_info", **{**options, "request": False})["principals"]
    assert (first["outcome"], "Look at three places" in first["reason"]) == ("failed", True)
