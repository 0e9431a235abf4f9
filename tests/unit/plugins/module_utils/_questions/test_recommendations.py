# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader of AWS's recommendations: against the emulated AWS, and against answers that it never gives."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import boto3
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS as OF_DATASETS
from ansible_collections.hardening.iam.plugins.module_utils._account.collect import collect
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._account.permissions import Permissions
from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AwsError, InvalidRequest, Unsupported
from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations, iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.second_opinion import (
    Advice,
    Adviser,
    Existing,
    Outcome,
    Verdict,
    compare,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.next_steps import explain
from ansible_collections.hardening.iam.plugins.module_utils._questions.recommendations import (
    OPERATIONS,
    Advisers,
    Asking,
    list_existing,
)
from developer_events import APPS, DATA
from emulator.client import Emulator, EmulatorProcess

BOTH: t.Final = (Adviser.ACCESS_ANALYZER, Adviser.SECURITY_HUB)
REGIONS: t.Final = ("us-east-1", "eu-west-1")
API: t.Final = f"arn:aws:iam::{APPS}:role/dev-shop-api"
ETL: t.Final = f"arn:aws:iam::{APPS}:role/dev-data-etl"
REBUILT: t.Final = f"arn:aws:iam::{APPS}:role/dev-platform-rebuilt"
NOT_ASKED: t.Final = "nobody asked for it"
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(scope="module")
def process() -> Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="bare") as running:
        yield running


@pytest.fixture
def emulator(process: EmulatorProcess) -> Emulator:
    process.control.reset("developers")
    return process.control


def access_to(emulator: Emulator, account_id: str = APPS, *, check_mode: bool = False) -> Access:
    options = AccessOptions.from_options(
        {
            "endpoint_url": emulator.url,
            "access_key": "administrator",
            "secret_key": "emulated",
            "region": "us-east-1",
            "assume_role_arn": f"arn:aws:iam::{account_id}:role/iam-hardening/assessor",
            "assume_role_external_id": "acme-hardening",
        }
    )
    operations = Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(
        *OPERATIONS.values(), *(OF_DATASETS[name] for name in (Dataset.AUTHORIZATION_DETAILS,))
    )
    return Access(options, operations=operations, check_mode=check_mode)


@dataclasses.dataclass
class Clock:
    """Counts the seconds that were waited."""

    waited: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.waited += seconds

    def seconds(self) -> float:
        return self.waited


def existing_of(access: Access, *arns: str) -> dict[str, tuple[Existing, ...]]:
    snapshot = collect(access, datasets=[Dataset.AUTHORIZATION_DETAILS], regions=(), now=datetime.now(UTC))
    permissions = Permissions(snapshot)
    return {arn: list_existing(snapshot, permissions, arn) for arn in arns}


def ask(
    access: Access, *arns: str, advisers: Sequence[Adviser] = BOTH, may_generate: bool = True
) -> dict[str, tuple[Advice, ...]]:
    asking, clock = Asking(access if may_generate else None, NOT_ASKED), Clock()
    asked = Advisers(access, advisers, REGIONS, asking, sleep=clock.sleep, seconds=clock.seconds)
    return asked.ask(existing_of(access, *arns))


def sent(emulator: Emulator) -> list[str]:
    return [record["operation"] for record in emulator.log() if record["operation"].startswith("Generate")]


def test_both_advisers_recommend_on_each_principal(emulator: Emulator) -> None:
    access = access_to(emulator)
    found = ask(access, API, ETL)
    assert [(item.adviser, item.outcome) for item in found[API]] == [(name, Outcome.COMPARED) for name in BOTH]
    assert [(item.adviser, item.outcome) for item in found[ETL]] == [(name, Outcome.FAILED) for name in BOTH]
    failure = "INTERNAL_ERROR: The recommendation could not be generated. The next run asks for another one"
    assert {item.reason for item in found[ETL]} == {failure}
    for advice in found[API]:
        opinion = compare(
            advice,
            existing_of(access, API)[API],
            kept=["lambda:UpdateFunctionCode", "dynamodb:GetItem"],
            removed=["iam:CreateUser", "logs:DeleteLogGroup"],
            unknown=[],
        )
        assert opinion.outcome is Outcome.COMPARED, opinion.reason
        assert [item.verdict for item in opinion.opinions] == [
            Verdict.WOULD_REMOVE,
            Verdict.AGREE,
            Verdict.AGREE,
            Verdict.WOULD_KEEP,
        ]


def test_what_was_made_before_is_not_asked_for_again(emulator: Emulator) -> None:
    access = access_to(emulator)
    first = ask(access, API)
    assert sorted(sent(emulator)) == ["GenerateFindingRecommendation", "GenerateRecommendedPolicyV2"]
    emulator.clear_log()
    # In check mode too: it is a read.
    assert ask(access_to(emulator, check_mode=True), API, may_generate=False) == first
    assert sent(emulator) == []


def test_in_check_mode_nothing_is_generated(emulator: Emulator) -> None:
    found = ask(access_to(emulator, check_mode=True), API, may_generate=False)
    assert {(item.outcome, item.reason) for item in found[API]} == {(Outcome.NOT_ASKED, NOT_ASKED)}
    assert emulator.writes() == []


def test_a_failure_that_aws_had_already_says_how_to_ask_again(emulator: Emulator) -> None:
    ask(access_to(emulator), ETL)
    emulator.clear_log()
    found = ask(access_to(emulator, check_mode=True), ETL, may_generate=False)
    assert {item.outcome for item in found[ETL]} == {Outcome.FAILED}
    assert all(
        item.reason.endswith("Set second_opinion_request, and run without check mode, to ask for another one")
        for item in found[ETL]
    )
    assert sent(emulator) == []
    ask(access_to(emulator), ETL)
    assert len(sent(emulator)) == 2


def test_a_stale_recommendation_is_made_anew(emulator: Emulator) -> None:
    iam = _client(emulator, "iam", **_credentials(emulator))
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    policy = iam.create_policy(PolicyName="shop", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="dev-shop-api", PolicyArn=policy)
    access = access_to(emulator)
    ask(access, API)
    emulator.clock(offset_days=0.02)
    wider = json.dumps({**document, "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]})
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=wider, SetAsDefault=True)
    current = existing_of(access, API)[API]
    unchanged = ask(access_to(emulator, check_mode=True), API, may_generate=False)
    stale = [compare(item, current, kept=[], removed=[], unknown=[]) for item in unchanged[API]]
    assert [item.outcome for item in stale] == [Outcome.STALE, Outcome.STALE]
    emulator.clear_log()
    found = ask(access, API)
    assert len(sent(emulator)) == 2
    renewed = [compare(item, current, kept=["sqs:SendMessage"], removed=[], unknown=[]) for item in found[API]]
    assert [item.outcome for item in renewed] == [Outcome.COMPARED, Outcome.COMPARED]


def _client(emulator: Emulator, service: str, **credentials: str) -> t.Any:
    # boto3's stubs know each service by its literal name.
    make: t.Callable[..., t.Any] = boto3.client
    return make(service, endpoint_url=emulator.url, region_name="us-east-1", **credentials)


def _credentials(emulator: Emulator) -> dict[str, str]:
    administrator = {"aws_access_key_id": "administrator", "aws_secret_access_key": "emulated"}
    answer = _client(emulator, "sts", **administrator).assume_role(
        RoleArn=f"arn:aws:iam::{APPS}:role/iam-hardening/automation",
        RoleSessionName="unit-test",
        ExternalId="acme-hardening",
    )["Credentials"]
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def test_a_principal_without_a_finding_and_an_account_without_advisers(emulator: Emulator) -> None:
    found = ask(access_to(emulator), REBUILT)
    assert {item.outcome for item in found[REBUILT]} == {Outcome.ABSENT}
    role = f"arn:aws:iam::{DATA}:role/dev-vault"
    (analyzer,) = ask(access_to(emulator, DATA), role, advisers=[Adviser.ACCESS_ANALYZER])[role]
    assert (analyzer.outcome, analyzer.reason) == (
        Outcome.ABSENT,
        "there is no active analyzer of unused access in us-east-1, eu-west-1",
    )
    labs = "arn:aws:iam::444455556666:role/dev-labs"
    (hub,) = ask(access_to(emulator, "444455556666"), labs, advisers=[Adviser.SECURITY_HUB])[labs]
    assert (hub.outcome, hub.reason) == (Outcome.ABSENT, "Security Hub V2 is not enabled in us-east-1, eu-west-1")


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("accessanalyzer", "ListAnalyzers"),
        ("accessanalyzer", "ListFindingsV2"),
        ("accessanalyzer", "GetFindingRecommendation"),
        ("accessanalyzer", "GenerateFindingRecommendation"),
        ("securityhub", "DescribeSecurityHubV2"),
        ("securityhub", "GetFindingsV2"),
        ("securityhub", "GetRecommendedPolicyV2"),
        ("securityhub", "GenerateRecommendedPolicyV2"),
    ],
)
def test_a_denied_call_loses_one_adviser_and_is_named(emulator: Emulator, service: str, operation: str) -> None:
    fault = {"service": service, "operation": operation, "kind": "error", "code": "AccessDeniedException"}
    emulator.faults([{**fault, "status": 403}])
    found = ask(access_to(emulator), API)[API]
    denied = [item for item in found if item.outcome is Outcome.NOT_ASSESSED]
    assert [item.adviser for item in denied] == [BOTH[service == "securityhub"]]
    assert operation in denied[0].reason
    assert [item.outcome for item in found if item not in denied] == [Outcome.COMPARED]


class Stubborn:
    """AWS where every recommendation stays under way, or where a call is answered with an error."""

    home_region = "us-east-1"

    def __init__(self, **errors: AwsError) -> None:
        self.errors = errors
        self.calls: list[str] = []

    def regions(self, requested: Sequence[str]) -> tuple[str, ...]:
        return tuple(requested)

    def call(self, service: str, operation: str, *_parameters: object, **_region: object) -> dict[str, t.Any]:
        self.calls.append(operation)
        if operation in self.errors:
            raise self.errors[operation]
        return {}

    def pages(self, service: str, operation: str, key: str, *_parameters: object, **_region: object) -> Iterator[t.Any]:
        yield {**self.call(service, operation), "Status": "IN_PROGRESS", "status": "IN_PROGRESS", key: []}

    def items(self, service: str, operation: str, key: str, *_parameters: object, **_region: object) -> Iterator[t.Any]:
        self.call(service, operation)
        answers: dict[str, list[t.Any]] = {
            "ListAnalyzers": [{"arn": "arn:x", "type": "ACCOUNT_UNUSED_ACCESS", "status": "ACTIVE"}],
            "ListFindingsV2": [{"id": "one", "resource": API}],
            "GetFindingsV2": [*NO_FINDINGS, FINDING],
        }
        yield from answers[operation]

    def gather(self, calls: t.Mapping[t.Any, t.Callable[[], t.Any]]) -> dict[t.Any, t.Any]:
        found: dict[t.Any, t.Any] = {}
        for key, call in calls.items():
            try:
                found[key] = call()
            except AwsError as error:
                found[key] = error
        return found


FINDING: t.Final = {
    "activity_name": "Create",
    "finding_info": {"types": ["Software and Configuration Checks/AWS Security Best Practices/Unused Permission"]},
    "metadata": {"uid": "one"},
    "resources": [{"uid": API}, "odd"],
}
NO_FINDINGS: t.Final[tuple[t.Any, ...]] = (
    None,
    [],
    {},
    {**FINDING, "activity_name": "Close"},
    {**FINDING, "finding_info": None},
    {**FINDING, "finding_info": {"types": ["Unused IAM Role"]}},
    {**FINDING, "metadata": {}},
    {**FINDING, "resources": None},
)


def ask_stubborn(access: Stubborn, clock: Clock, *, wait: float = 30) -> tuple[Advice, ...]:
    existing = {API: [Existing(ADMINISTRATOR, None)]}
    whole = t.cast(t.Any, access)
    asked = Advisers(whole, BOTH, REGIONS, Asking(whole, wait=wait), sleep=clock.sleep, seconds=clock.seconds)
    return asked.ask(existing)[API]


@pytest.mark.parametrize("wait", [0, 1, 30, 200])
def test_the_wait_has_an_end(wait: int) -> None:
    access, clock = Stubborn(), Clock()
    found = ask_stubborn(access, clock, wait=wait)
    assert {(item.outcome, item.reason) for item in found} == {
        (Outcome.NOT_READY, f"AWS has not made it after {wait} seconds: run again")
    }
    # Both are waited for at once.
    assert clock.waited == wait
    # It was under way already, so that nothing was to be begun.
    assert not any(name.startswith("Generate") for name in access.calls)


@pytest.mark.parametrize(
    ("operation", "error", "outcome"),
    [
        ("ListAnalyzers", Unsupported("no such operation"), Outcome.NOT_ASSESSED),
        ("GetFindingRecommendation", InvalidRequest("the finding is closed"), Outcome.FAILED),
    ],
)
def test_an_error_is_the_outcome_of_one_adviser(operation: str, error: AwsError, outcome: Outcome) -> None:
    first, second = ask_stubborn(Stubborn(**{operation: error}), Clock())
    assert (first.adviser, first.outcome, first.reason) == (Adviser.ACCESS_ANALYZER, outcome, explain(error))
    assert second.outcome is Outcome.NOT_READY


def test_a_service_that_a_region_does_not_offer_is_not_there() -> None:
    class Partly(Stubborn):
        def call(self, service: str, operation: str, *parameters: object, **region: object) -> dict[str, t.Any]:
            if operation == "DescribeSecurityHubV2" and region["region"] == "us-east-1":
                raise Unsupported("no endpoint")
            return super().call(service, operation, *parameters, **region)

    found = ask_stubborn(Partly(), Clock())
    assert {item.outcome for item in found} == {Outcome.NOT_READY}


def test_an_outdated_answer_is_none_after_aws_was_asked_anew() -> None:
    class Slow(Stubborn):
        """AWS gives the old recommendation for as long as it makes the new one, which it never ends."""

        def pages(self, service: str, operation: str, key: str, *_more: object, **_region: object) -> Iterator[t.Any]:
            self.calls.append(operation)
            old = {"existingPolicyId": "gone", "ExistingPolicyId": "gone"}
            steps = [{"unusedPermissionsRecommendedStep": old, "UnusedPermissions": old}]
            yield {"Status": "SUCCEEDED", "status": "SUCCEEDED", key: steps}

    access = Slow()
    found = ask_stubborn(access, Clock())
    assert {item.outcome for item in found} == {Outcome.NOT_READY}
    assert sorted(name for name in access.calls if name.startswith("Generate")) == [
        "GenerateFindingRecommendation",
        "GenerateRecommendedPolicyV2",
    ]


def test_a_user_has_the_policies_of_its_groups_and_each_of_one_name(emulator: Emulator) -> None:
    iam = _client(emulator, "iam", **_credentials(emulator))
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="report-reader", PolicyName="own", PolicyDocument=json.dumps(document))
    iam.put_group_policy(GroupName="reporters", PolicyName="own", PolicyDocument=json.dumps(document))
    user = f"arn:aws:iam::{APPS}:user/report-reader"
    found = existing_of(access_to(emulator), user)[user]
    assert [item.policy_id for item in found] == ["arn:aws:iam::aws:policy/ReadOnlyAccess", "own", "own"]
    assert found[0].updated is not None


def test_the_permission_of_the_newer_operation_has_the_older_name() -> None:
    assert iam_actions("securityhub:GetFindingsV2") == ("securityhub:GetFindings",)
