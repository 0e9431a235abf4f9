# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module on an emulated account: jobs run after run, of others too, with each error."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from botocore.exceptions import ClientError
from service_models import service_model

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import translate
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.modules.policy_generation_info import ENTRY, RETURN, argument_spec
from developer_events import APPS, DATA
from emulator.extensions.accessanalyzer import accessanalyzer_backends
from unit.emulator.seeded import Seeded, later, serving

Record = dict[str, t.Any]

REGION: t.Final = "eu-west-1"
TRAIL: t.Final = f"arn:aws:cloudtrail:{REGION}:{APPS}:trail/apps"
ACCESS: t.Final = f"arn:aws:iam::{APPS}:role/service-role/AccessAnalyzerMonitorServiceRole"
ROLES: t.Final = f"arn:aws:iam::{APPS}:role/"
API, WEB, ETL, WORKER = (f"dev-{name}" for name in ("shop-api", "shop-web", "data-etl", "data-worker"))
REBUILT: t.Final = "dev-platform-rebuilt"
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "access-analyzer.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
START: t.Final = "StartPolicyGeneration"


@pytest.fixture(scope="module")
def served() -> t.Iterator[Seeded]:
    with serving("developers") as running:
        iam = running.client("iam", APPS)
        trust = json.dumps(TRUST)
        iam.create_role(
            RoleName="AccessAnalyzerMonitorServiceRole", Path="/service-role/", AssumeRolePolicyDocument=trust
        )
        iam.create_group(GroupName="people")
        yield running


@pytest.fixture
def aws(served: Seeded) -> Seeded:
    accessanalyzer_backends[APPS][REGION].generations.jobs.clear()
    return served


def run(aws: Seeded, *names: str, check_mode: bool = False, **options: t.Any) -> Record:
    place = {"account_id": APPS, "endpoint_url": aws.endpoint, "region": REGION, "regions": ["us-east-1", REGION]}
    role = {
        "assume_role_arn": f"arn:aws:iam::{APPS}:role/iam-hardening/assessor",
        "assume_role_external_id": "acme-hardening",
    }
    access = {"access_key": "administrator", "secret_key": "emulated"}
    given = {**place, **role, **access, "principals": [f"role/{name}" for name in names], **options}
    validation = ArgumentSpecValidator({**aws_argument_spec(), **argument_spec()}).validate(given)
    assert not validation.error_messages
    result = execute(ENTRY, options=validation.validated_parameters, check_mode=check_mode)
    if not result.get("failed"):
        assert result["changed"] is False
    return result


def request(aws: Seeded, *names: str, **options: t.Any) -> Record:
    return run(aws, *names, request=True, **{"access_role_arn": ACCESS, **options})


def outcomes(result: Record) -> dict[str, str]:
    assert not result.get("failed"), result.get("msg")
    return {item["principal"].rpartition("/")[2]: item["outcome"] for item in result["principals"]}


def reason_of(result: Record, name: str) -> str:
    (reason,) = (item["reason"] for item in result["principals"] if item["principal"].endswith(f"/{name}"))
    return str(reason)


def start(aws: Seeded, name: str, **changes: t.Any) -> str:
    """Start a job as somebody else would."""
    details = {
        "trails": [{"cloudTrailArn": TRAIL, "allRegions": True}],
        "accessRole": ACCESS,
        "startTime": datetime.now(UTC) - timedelta(days=90),
        **changes,
    }
    client = aws.client("accessanalyzer", APPS, region=REGION)
    answer = client.start_policy_generation(
        policyGenerationDetails={"principalArn": f"{ROLES}{name}"}, cloudTrailDetails=details
    )
    return str(answer["jobId"])


def jobs(aws: Seeded) -> list[t.Any]:
    return list(accessanalyzer_backends[APPS][REGION].generations.jobs.values())


class Failing:
    """AWS, where calls of one operation fail with a code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, operation: str, code: str, status: int = 400) -> None:
        self.calls: list[str] = []
        original = Access.call

        def call(access: Access, service: str, name: str, *given: t.Any, region: t.Any = None) -> Record:
            self.calls.append(name)
            if name == operation:
                answer: t.Any = {
                    "Error": {"Code": code, "Message": "AWS's words."},
                    "ResponseMetadata": {"HTTPStatusCode": status},
                }
                raise translate(ClientError(answer, name), service, name, region or access.region)
            return original(access, service, name, *given, region=region)

        monkeypatch.setattr(Access, "call", call)


def test_one_run_after_the_other_brings_one_job_after_the_other(aws: Seeded) -> None:
    first = request(aws, API, WEB)
    assert outcomes(first) == {API: "running", WEB: "waiting"}
    assert first["requested"]["principal"] == f"{ROLES}{API}"
    assert f"the job of {ROLES}{API} runs" in reason_of(first, WEB)
    second = request(aws, API, WEB)
    assert (outcomes(second), second["requested"]) == ({API: "running", WEB: "waiting"}, None)
    assert len(jobs(aws)) == 1
    third = request(aws, API, WEB)
    assert outcomes(third) == {API: "compared", WEB: "running"}
    assert third["requested"]["principal"] == f"{ROLES}{WEB}"
    request(aws, API, WEB)
    last = request(aws, API, WEB)
    assert (outcomes(last), last["requested"]) == ({API: "compared", WEB: "compared"}, None)
    assert [job.principal.rpartition("/")[2] for job in jobs(aws)] == [API, WEB]


def test_a_job_reads_the_trail_of_the_account_over_the_days(aws: Seeded) -> None:
    request(aws, API, days=30)
    (job,) = jobs(aws)
    assert job.trails == [{"cloudTrailArn": TRAIL, "regions": ["us-east-1", REGION]}]
    assert (job.end - job.start).days == 30
    jobs(aws).clear()
    accessanalyzer_backends[APPS][REGION].generations.jobs.clear()
    request(aws, API, regions=["enabled"], trails=[TRAIL])
    (job,) = jobs(aws)
    assert job.trails == [{"cloudTrailArn": TRAIL, "allRegions": True}]


def test_the_policy_of_aws_is_compared_with_those_of_today(aws: Seeded) -> None:
    start(aws, API)
    run(aws, API)
    (found,) = run(aws, API, return_lists="all")["principals"]
    totals = found["totals"]
    assert totals["granted"] == totals["aws_would_keep"] + totals["aws_would_remove"] > 20_000
    assert "lambda:UpdateFunctionCode" in found["aws_would_keep"] and totals["beyond"] == 0
    assert sum(entry["count"] for entry in found["aws_would_remove"]) == totals["aws_would_remove"]
    assert (found["is_complete"], found["trails"], found["job"]["status"]) == (False, [TRAIL], "SUCCEEDED")
    texts = "\n".join(found["left_out"])
    for part in ("iam:PassRole is not included", "calls on data", "isComplete is false", "names no resource"):
        assert part in texts
    (short,) = run(aws, API, return_lists="none")["principals"]
    assert (short["aws_would_keep"], short["aws_would_remove"], short["totals"]) == ([], [], totals)
    (filled,) = run(aws, API, resource_placeholders=True)["principals"]
    assert "arn:aws:lambda:${Region}:${Account}:function:${FunctionName}" in filled["placeholders"]
    assert filled["totals"] == totals


def test_a_job_of_somebody_else_is_waited_for_and_never_cancelled(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    start(aws, "dev-shop-orders")
    calls = Failing(monkeypatch, "None", "").calls
    result = request(aws, API)
    assert outcomes(result) == {API: "waiting"}
    assert f"a job of {ROLES}dev-shop-orders runs since" in reason_of(result, API)
    assert not {START, "CancelPolicyGeneration"} & set(calls)


def test_a_job_that_somebody_starts_meanwhile_is_waited_for(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, status in (("ConflictException", 409), ("ServiceQuotaExceededException", 402)):
        with monkeypatch.context() as patch:
            Failing(patch, START, code, status)
            result = request(aws, API, WEB)
        assert outcomes(result) == {API: "waiting", WEB: "waiting"}
        assert reason_of(result, API) == reason_of(result, WEB)
        assert reason_of(result, API).startswith(code) and "never cancelled: run again later" in reason_of(result, API)


def test_a_principal_whose_jobs_fail_keeps_nobody_waiting(aws: Seeded) -> None:
    started = []
    for _run in range(6):
        result = request(aws, API, ETL)
        started += [result["requested"]["principal"].rpartition("/")[2]] if result["requested"] else []
    assert started == [ETL, API, ETL]


def test_each_error_of_a_job_says_what_to_do(aws: Seeded) -> None:
    steps = {
        ETL: ({}, "SERVICE_ERROR", "Run again with request"),
        WORKER: ({}, "SERVICE_QUOTA_EXCEEDED_ERROR", "lower days, or name fewer regions"),
        API: ({"accessRole": f"{ROLES}{WEB}"}, "AUTHORIZATION_ERROR", "Look at three places"),
        WEB: ({"trails": [{"cloudTrailArn": f"{TRAIL}-not"}]}, "RESOURCE_NOT_FOUND_ERROR", "correct trails"),
    }
    for name, (changes, _code, _step) in steps.items():
        start(aws, name, **changes)
        run(aws, name)
        run(aws, name)
    result = run(aws, *steps)
    assert set(outcomes(result).values()) == {"failed"}
    for name, (_changes, code, step) in steps.items():
        assert reason_of(result, name).startswith(code) and step in reason_of(result, name)
    model = service_model("accessanalyzer").shape_for("JobErrorCode")
    assert {code for _changes, code, _step in steps.values()} == set(t.cast(t.Any, model).enum)


def test_a_cancelled_job_is_started_again_on_request(aws: Seeded) -> None:
    aws.client("accessanalyzer", APPS, region=REGION).cancel_policy_generation(jobId=start(aws, API))
    result = run(aws, API)
    assert (outcomes(result), reason_of(result, API)) == (
        {API: "failed"},
        "the job was cancelled. Run again with request",
    )
    assert outcomes(request(aws, API)) == {API: "running"}


def test_check_mode_starts_no_job(aws: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Failing(monkeypatch, "None", "").calls
    result = request(aws, API, check_mode=True)
    assert (outcomes(result), result["requested"], jobs(aws)) == ({API: "waiting"}, None, [])
    assert "check mode starts no job" in reason_of(result, API)
    assert result["warnings"] == ["request: check mode starts no job"]
    assert START not in calls


def test_without_request_nothing_is_started(aws: Seeded) -> None:
    result = run(aws, API)
    assert (outcomes(result), jobs(aws)) == ({API: "absent"}, [])
    assert reason_of(result, API).endswith("Set request to start one")


def test_a_job_of_an_earlier_principal_with_the_same_name_is_outdated(aws: Seeded) -> None:
    start(aws, REBUILT)
    run(aws, REBUILT)
    (job,) = jobs(aws)
    (found,) = run(aws, REBUILT)["principals"]
    # It was made 45 days ago, and the job looks at 90.
    assert found["outcome"] == "compared" and any("are of an earlier one" in text for text in found["left_out"])
    job.started -= timedelta(days=6)
    iam = aws.client("iam", APPS)
    iam.create_role(RoleName="young", AssumeRolePolicyDocument=json.dumps(TRUST))
    job.principal = f"{ROLES}young"
    result = run(aws, "young")
    assert outcomes(result) == {"young": "outdated"}
    assert outcomes(request(aws, "young")) == {"young": "running"}


def test_a_job_by_a_forged_trail_is_named(aws: Seeded) -> None:
    start(aws, API)
    (job,) = jobs(aws)
    job.trails[0]["cloudTrailArn"] = forged = f"arn:aws:cloudtrail:{REGION}:999988887777:trail/mine"
    run(aws, API)
    (found,) = run(aws, API)["principals"]
    assert any(forged in text and "ask who started the job" in text for text in found["left_out"])


def test_jobs_are_forgotten_after_seven_days(aws: Seeded) -> None:
    start(aws, API)
    run(aws, API)
    assert outcomes(run(aws, API)) == {API: "compared"}
    with later(days=8):
        assert outcomes(run(aws, API)) == {API: "absent"}


@pytest.mark.parametrize(
    ("operation", "code", "status", "step"),
    [
        ("ListPolicyGenerations", "AccessDeniedException", 403, "Allow access-analyzer:ListPolicyGenerations"),
        ("ListPolicyGenerations", "ThrottlingException", 429, "run again in some minutes"),
        ("ListPolicyGenerations", "InternalServerException", 500, "run again in some minutes"),
        ("ListPolicyGenerations", "ValidationException", 400, "run again"),
        ("GetGeneratedPolicy", "AccessDeniedException", 403, "Allow access-analyzer:GetGeneratedPolicy"),
        ("GetGeneratedPolicy", "ThrottlingException", 429, "run again in some minutes"),
        ("GetGeneratedPolicy", "InternalServerException", 500, "run again in some minutes"),
        ("GetGeneratedPolicy", "ValidationException", 400, "set request to start another one"),
        (START, "AccessDeniedException", 403, "Allow access-analyzer:StartPolicyGeneration and iam:PassRole"),
        (START, "ThrottlingException", 429, "run again in some minutes"),
        (START, "InternalServerException", 500, "run again in some minutes"),
        (START, "ValidationException", 400, "Check access_role_arn, trails, days and regions"),
    ],
)
def test_each_error_of_a_call_says_what_to_do(
    aws: Seeded, monkeypatch: pytest.MonkeyPatch, operation: str, code: str, status: int, step: str
) -> None:
    if operation == "GetGeneratedPolicy":
        start(aws, API)
        run(aws, API)
    shapes = service_model("accessanalyzer").operation_model(operation).error_shapes
    assert code in {shape.name for shape in shapes}
    Failing(monkeypatch, operation, code, status)
    result = request(aws, API) if operation == START else run(aws, API)
    assert outcomes(result) == {API: "not_assessed"}
    assert code in reason_of(result, API) and step in reason_of(result, API)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"days": 91}, "days: 91"),
        ({"days": 0}, "days: 0"),
        ({"request": True}, "access_role_arn: it is missing"),
        (
            {"access_role_arn": "AccessAnalyzerMonitorServiceRole"},
            "access_role_arn: 'AccessAnalyzerMonitorServiceRole'",
        ),
        ({"access_role_arn": ACCESS.replace(APPS, DATA)}, f"is not a role of account {APPS}"),
        ({"trails": ["apps"]}, "trails: 'apps'"),
        ({"principals": ["role/nobody"]}, "principals: 'role/nobody'"),
    ],
)
def test_bad_options_are_refused(aws: Seeded, options: Record, text: str) -> None:
    result = run(aws, API, **options)
    assert result["failed"] and text in result["msg"]
    assert jobs(aws) == []


ASSESSOR, WRITER = (f"arn:aws:iam::{APPS}:role/iam-hardening/{name}" for name in ("assessor", "automation"))


@pytest.mark.parametrize(
    ("roles", "starter"),
    [
        ({"assessor_role_arn": ASSESSOR, "assume_role_arns": {"detective": WRITER}, "assume_role_arn": None}, WRITER),
        ({"assessor_role_arn": ASSESSOR, "assume_role_arn": WRITER}, WRITER),
        ({"assessor_role_arn": ASSESSOR, "assume_role_arn": None}, ASSESSOR),
    ],
)
def test_a_job_is_started_in_the_role_that_may_and_all_else_is_read_by_the_assessor(
    aws: Seeded, monkeypatch: pytest.MonkeyPatch, roles: Record, starter: str
) -> None:
    used: dict[str, set[t.Optional[str]]] = {}
    original = Access.call

    def call(access: Access, service: str, name: str, *given: t.Any, region: t.Any = None) -> Record:
        used.setdefault(name, set()).add(access.role_arn)
        return original(access, service, name, *given, region=region)

    monkeypatch.setattr(Access, "call", call)
    assert outcomes(request(aws, API, **roles)) == {API: "running"}
    assert used.pop(START) == {starter}
    assert set().union(*used.values()) == {ASSESSOR}


@pytest.mark.parametrize("account_id", [APPS, None])
def test_no_job_is_started_in_another_account(aws: Seeded, account_id: t.Optional[str]) -> None:
    other = {"assessor_role_arn": ASSESSOR, "assume_role_arns": {"detective": WRITER.replace(APPS, DATA)}}
    result = request(aws, API, account_id=account_id, **other)
    assert result["failed"] and DATA in result["msg"] and APPS in result["msg"]
    assert jobs(aws) == [] and not accessanalyzer_backends[DATA][REGION].generations.jobs


def test_a_role_that_can_not_be_assumed_starts_no_job_and_loses_nothing_else(aws: Seeded) -> None:
    start(aws, WEB)
    run(aws, WEB)
    lost = {"assessor_role_arn": ASSESSOR, "assume_role_arns": {"detective": f"{WRITER}-gone"}}
    result = request(aws, API, WEB, **lost)
    assert outcomes(result) == {API: "waiting", WEB: "compared"}
    assert reason_of(result, API).startswith("no job can be started: ") and "AssumeRole" in reason_of(result, API)


def test_groups_have_no_job(aws: Seeded) -> None:
    result = run(aws, API, principals=["group/people", f"role/{API}"])
    assert outcomes(result) == {API: "absent"}
    assert result["skipped"] == [
        {"principal": f"arn:aws:iam::{APPS}:group/people", "reason": "AWS generates policies of users and roles only"}
    ]


def test_what_is_documented_is_returned_and_nothing_else(aws: Seeded) -> None:
    request(aws, API)
    run(aws, API)
    result = run(aws, API)
    documented = yaml.safe_load(RETURN)
    assert set(result) - {"changed"} == set(documented)
    fields = documented["principals"]["contains"]
    (item,) = result["principals"]
    assert set(item) == set(fields)
    assert set(item["totals"]) == set(fields["totals"]["contains"])
    assert set().union(*item["aws_would_remove"]) == set(fields["aws_would_remove"]["contains"])
