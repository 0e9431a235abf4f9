# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access Analyzer's policy generation: jobs, one at a time."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from developer_events import APPS
from emulator.extensions.accessanalyzer import accessanalyzer_backends
from unit.emulator.seeded import Seeded, later, serving

TRAIL: t.Final = f"arn:aws:cloudtrail:eu-west-1:{APPS}:trail/apps"
ACCESS: t.Final = f"arn:aws:iam::{APPS}:role/service-role/AccessAnalyzerMonitorServiceRole"
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "access-analyzer.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": APPS}},
        }
    ],
}


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("developers") as running:
        running.client("iam", APPS).create_role(
            RoleName="AccessAnalyzerMonitorServiceRole",
            Path="/service-role/",
            AssumeRolePolicyDocument=json.dumps(TRUST),
        )
        yield running


@pytest.fixture
def client(acme: Seeded) -> t.Any:
    return acme.client("accessanalyzer", APPS, region="eu-west-1")


def start(client: t.Any, name: str = "dev-shop-api", **changes: t.Any) -> str:
    details = {
        "trails": [{"cloudTrailArn": TRAIL, "allRegions": True}],
        "accessRole": ACCESS,
        "startTime": datetime.now(UTC) - timedelta(days=90),
        **changes,
    }
    principal = {"principalArn": f"arn:aws:iam::{APPS}:role/{name}"}
    return str(client.start_policy_generation(policyGenerationDetails=principal, cloudTrailDetails=details)["jobId"])


def finish(client: t.Any, job: str, **options: bool) -> dict[str, t.Any]:
    """The answer after the last poll."""
    statuses = []
    while True:
        answer: dict[str, t.Any] = client.get_generated_policy(jobId=job, **options)
        statuses.append(answer["jobDetails"]["status"])
        if statuses[-1] != "IN_PROGRESS":
            assert statuses[:-1], "the first answer is that it is under way"
            return answer


def code_of(call: t.Callable[..., object], *arguments: object, **parameters: object) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    return str(caught.value.response["Error"]["Code"])


def test_a_policy_has_the_actions_that_aws_tracks(client: t.Any) -> None:
    answer = finish(client, start(client))
    properties = answer["generatedPolicyResult"]["properties"]
    # CloudWatch Logs was used, and AWS knows none of its single actions.
    assert properties["isComplete"] is False
    window = properties["cloudTrailProperties"]
    assert window["trailProperties"] == [{"cloudTrailArn": TRAIL, "allRegions": True}]
    assert (window["endTime"] - window["startTime"]).days == 90
    (generated,) = answer["generatedPolicyResult"]["generatedPolicies"]
    (statement,) = json.loads(generated["policy"])["Statement"]
    assert statement["Resource"] == "*" and statement["Sid"] == "SupportedServiceSid0"
    assert "lambda:UpdateFunctionCode" in statement["Action"]
    assert not {"iam:PassRole", "dynamodb:GetItem"} & set(statement["Action"])


def test_resources_are_placeholders(client: t.Any) -> None:
    answer = finish(client, start(client), includeResourcePlaceholders=True)
    policies = [json.loads(one["policy"]) for one in answer["generatedPolicyResult"]["generatedPolicies"]]
    by_action = {name: one["Resource"] for policy in policies for one in policy["Statement"] for name in one["Action"]}
    assert by_action["lambda:UpdateFunctionCode"] == "arn:aws:lambda:${Region}:${Account}:function:${FunctionName}"


def test_a_long_policy_comes_in_parts(client: t.Any) -> None:
    job = start(client)
    held = accessanalyzer_backends[APPS]["eu-west-1"].generations.jobs[job]
    held.used = tuple(f"lambda:UpdateFunctionCode{number:04}" for number in range(400))
    answer = finish(client, job)
    texts = [one["policy"] for one in answer["generatedPolicyResult"]["generatedPolicies"]]
    assert len(texts) > 1 and max(map(len, texts)) <= 6144
    named = [name for text in texts for one in json.loads(text)["Statement"] for name in one["Action"]]
    assert named == list(held.used)


def test_jobs_run_one_at_a_time(client: t.Any) -> None:
    job = start(client)
    assert code_of(start, client) == "ConflictException"
    assert code_of(start, client, "dev-shop-web") == "ServiceQuotaExceededException"
    (summary,) = client.list_policy_generations()["policyGenerations"]
    assert (summary["jobId"], summary["status"]) == (job, "IN_PROGRESS")
    (summary,) = client.list_policy_generations()["policyGenerations"]
    assert summary["status"] == "SUCCEEDED" and summary["completedOn"] >= summary["startedOn"]
    start(client, "dev-shop-web")
    assert len(client.list_policy_generations(principalArn=summary["principalArn"])["policyGenerations"]) == 1


def test_a_canceled_job_counts_against_the_quota_of_the_day(client: t.Any) -> None:
    for _number in range(50):
        job = start(client)
        client.cancel_policy_generation(jobId=job)
    assert client.get_generated_policy(jobId=job)["jobDetails"]["status"] == "CANCELED"
    assert code_of(start, client) == "ServiceQuotaExceededException"


def test_jobs_are_kept_for_seven_days(client: t.Any) -> None:
    job = start(client)
    with later(days=8):
        assert client.list_policy_generations()["policyGenerations"] == []
        assert code_of(client.get_generated_policy, jobId=job) == "ValidationException"


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("dev-data-etl", {}, "SERVICE_ERROR"),
        ("dev-data-worker", {}, "SERVICE_QUOTA_EXCEEDED_ERROR"),
        ("dev-shop-api", {"accessRole": f"arn:aws:iam::{APPS}:role/dev-shop-web"}, "AUTHORIZATION_ERROR"),
        (
            "dev-shop-api",
            {"trails": [{"cloudTrailArn": f"{TRAIL}-not"}]},
            "RESOURCE_NOT_FOUND_ERROR",
        ),
    ],
)
def test_a_job_fails_with_each_code(client: t.Any, name: str, changes: dict[str, t.Any], code: str) -> None:
    answer = finish(client, start(client, name, **changes))
    assert (answer["jobDetails"]["status"], answer["jobDetails"]["jobError"]["code"]) == ("FAILED", code)
    assert "generatedPolicies" not in answer["generatedPolicyResult"]


def test_requests_that_aws_does_not_accept(client: t.Any) -> None:
    assert code_of(start, client, "nobody") == "ValidationException"
    assert code_of(start, client, startTime=datetime.now(UTC) - timedelta(days=91)) == "ValidationException"
    assert code_of(start, client, startTime=datetime.now(UTC) + timedelta(days=1)) == "ValidationException"


def test_a_token_starts_one_job(client: t.Any) -> None:
    details = {
        "policyGenerationDetails": {"principalArn": f"arn:aws:iam::{APPS}:role/dev-shop-api"},
        "cloudTrailDetails": {
            "trails": [{"cloudTrailArn": TRAIL}],
            "accessRole": ACCESS,
            "startTime": datetime.now(UTC) - timedelta(days=1),
        },
        "clientToken": "one",
    }
    jobs = {client.start_policy_generation(**details)["jobId"] for _time in range(2)}
    assert len(jobs) == 1
