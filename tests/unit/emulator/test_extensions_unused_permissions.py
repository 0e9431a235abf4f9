# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recommendations on unused permissions: of Access Analyzer, and of Security Hub V2."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from developer_events import APPS, DATA, LABS
from unit.emulator.seeded import Seeded, later, serving

ROLE: t.Final = f"arn:aws:iam::{APPS}:role/dev-shop-api"
ADMINISTRATOR: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def acme() -> t.Iterator[Seeded]:
    with serving("developers") as running:
        yield running


def analyzer_of(acme: Seeded) -> tuple[t.Any, str]:
    client = acme.client("accessanalyzer", APPS, region="eu-west-1")
    (analyzer,) = client.list_analyzers(type="ACCOUNT_UNUSED_ACCESS")["analyzers"]
    return client, analyzer["arn"]


def code_of(call: t.Callable[..., object], **parameters: object) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def uid_of(client: t.Any, resource: str) -> str:
    wanted = {"FieldName": "resources.uid", "Filter": {"Value": resource, "Comparison": "EQUALS"}}
    (finding,) = client.get_findings_v2(Filters={"CompositeFilters": [{"StringFilters": [wanted]}]})["Findings"]
    return str(finding["metadata"]["uid"])


def test_access_analyzer_keeps_the_actions_that_it_saw(acme: Seeded) -> None:
    client, arn = analyzer_of(acme)
    named = {"analyzerArn": arn, "id": "unused-shop-api"}
    client.generate_finding_recommendation(**named)
    assert client.get_finding_recommendation(**named)["status"] == "IN_PROGRESS"
    answer = client.get_finding_recommendation(**named)
    assert (answer["status"], answer["resourceArn"]) == ("SUCCEEDED", ROLE)
    steps = [step["unusedPermissionsRecommendedStep"] for step in answer["recommendedSteps"]]
    assert [step["recommendedAction"] for step in steps] == ["CREATE_POLICY", "DETACH_POLICY"]
    assert {step["existingPolicyId"] for step in steps} == {ADMINISTRATOR}
    assert all(step["policyUpdatedAt"] for step in steps)
    (statement,) = json.loads(steps[0]["recommendedPolicy"])["Statement"]
    assert statement["Resource"] == "*"
    # Neither the calls on data of DynamoDB, nor single actions of CloudWatch Logs.
    assert {action for action in statement["Action"] if not action.startswith("lambda:")} == {"logs:*"}
    assert "lambda:UpdateFunctionCode" in statement["Action"]


def test_every_deny_stays_in_what_is_recommended(acme: Seeded) -> None:
    client, arn = analyzer_of(acme)
    named = {"analyzerArn": arn, "id": "unused-shop-payments"}
    client.generate_finding_recommendation(**named)
    client.get_finding_recommendation(**named)
    steps = client.get_finding_recommendation(**named)["recommendedSteps"]
    by_policy = {step["unusedPermissionsRecommendedStep"]["existingPolicyId"] for step in steps}
    # The inline policy has nothing but a Deny, so there is nothing unused in it.
    assert by_policy == {ADMINISTRATOR}


def test_the_steps_come_by_page(acme: Seeded) -> None:
    client, arn = analyzer_of(acme)
    named = {"analyzerArn": arn, "id": "unused-shop-api"}
    client.generate_finding_recommendation(**named)
    client.get_finding_recommendation(**named)
    pages = list(client.get_paginator("get_finding_recommendation").paginate(**named, PaginationConfig={"PageSize": 1}))
    assert [len(page["recommendedSteps"]) for page in pages] == [1, 1]


def test_a_recommendation_of_access_analyzer_can_fail(acme: Seeded) -> None:
    client, arn = analyzer_of(acme)
    named = {"analyzerArn": arn, "id": "unused-data-etl"}
    client.generate_finding_recommendation(**named)
    client.get_finding_recommendation(**named)
    answer = client.get_finding_recommendation(**named)
    assert (answer["status"], answer["error"]["code"]) == ("FAILED", "INTERNAL_ERROR")
    assert "recommendedSteps" not in answer


def test_errors_of_access_analyzer(acme: Seeded) -> None:
    client, arn = analyzer_of(acme)
    generate, get = client.generate_finding_recommendation, client.get_finding_recommendation
    assert code_of(generate, analyzerArn=arn, id="nothing") == "ValidationException"
    assert code_of(generate, analyzerArn=arn, id="unused-role") == "ValidationException"
    assert code_of(get, analyzerArn=arn, id="unused-shop-api") == "ResourceNotFoundException"


def test_security_hub_has_the_findings_of_the_analyzer_that_it_manages(acme: Seeded) -> None:
    for region in ("us-east-1", "eu-west-1"):
        client = acme.client("securityhub", APPS, region=region)
        found = client.get_findings_v2()["Findings"]
        kinds = [finding["finding_info"]["types"][0].rpartition("/")[2] for finding in found]
        assert (kinds.count("Unused Permission"), kinds.count("Unused IAM Role")) == (10, 1)
    pages = client.get_paginator("get_findings_v2").paginate(PaginationConfig={"PageSize": 4})
    assert [len(page["Findings"]) for page in pages] == [4, 4, 3]


def test_security_hub_recommends_once_it_was_asked(acme: Seeded) -> None:
    client = acme.client("securityhub", APPS)
    uid = uid_of(client, ROLE)
    assert code_of(client.get_recommended_policy_v2, MetadataUid=uid) == "ResourceNotFoundException"
    client.generate_recommended_policy_v2(MetadataUid=uid)
    assert client.get_recommended_policy_v2(MetadataUid=uid)["Status"] == "IN_PROGRESS"
    answer = client.get_recommended_policy_v2(MetadataUid=uid)
    assert (answer["Status"], answer["ResourceArn"]) == ("SUCCEEDED", ROLE)
    create, detach = (step["UnusedPermissions"] for step in answer["RecommendationSteps"])
    assert (create["RecommendedAction"], detach["RecommendedAction"]) == ("CREATE_POLICY", "DETACH_POLICY")
    assert json.loads(create["ExistingPolicy"])["Statement"][0]["Action"] == "*"
    assert "lambda:UpdateFunctionCode" in create["RecommendedPolicy"]
    with later(days=91):
        assert code_of(client.get_recommended_policy_v2, MetadataUid=uid) == "ResourceNotFoundException"


def test_security_hub_can_fail_and_begins_anew_when_asked_again(acme: Seeded) -> None:
    client = acme.client("securityhub", APPS)
    uid = uid_of(client, f"arn:aws:iam::{APPS}:role/dev-data-etl")
    for _turn in range(2):
        client.generate_recommended_policy_v2(MetadataUid=uid)
        statuses = [client.get_recommended_policy_v2(MetadataUid=uid)["Status"] for _poll in range(2)]
        assert statuses == ["IN_PROGRESS", "FAILED"]
    assert client.get_recommended_policy_v2(MetadataUid=uid)["Error"]["Code"] == "INTERNAL_ERROR"


def test_the_delegated_administrator_sees_other_accounts_and_nobody_else_does(acme: Seeded) -> None:
    own = acme.client("securityhub", APPS)
    uid = uid_of(own, ROLE)
    acme.client("securityhub", DATA).generate_recommended_policy_v2(MetadataUid=uid)
    assert own.get_recommended_policy_v2(MetadataUid=uid)["Status"] == "IN_PROGRESS"
    assert code_of(acme.client("securityhub", LABS).get_findings_v2) == "AccessDeniedException"
    unknown = code_of(own.generate_recommended_policy_v2, MetadataUid="unknown")
    role = uid_of(own, f"arn:aws:iam::{APPS}:role/iam-hardening/break-glass")
    assert (unknown, code_of(own.generate_recommended_policy_v2, MetadataUid=role)) == (
        "ResourceNotFoundException",
        "ValidationException",
    )


def test_a_policy_that_changed_since_is_newer_than_the_recommendation(acme: Seeded) -> None:
    """So that a reader can tell a stale one."""
    iam = acme.client("iam", APPS)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    arn = iam.create_policy(PolicyName="shop", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="dev-shop-api", PolicyArn=arn)
    client = acme.client("securityhub", APPS)
    uid = uid_of(client, ROLE)
    client.generate_recommended_policy_v2(MetadataUid=uid)
    client.get_recommended_policy_v2(MetadataUid=uid)
    with later(hours=1):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
        steps = client.get_recommended_policy_v2(MetadataUid=uid)["RecommendationSteps"]
        (known,) = {
            step["UnusedPermissions"]["PolicyUpdatedAt"]
            for step in steps
            if step["UnusedPermissions"]["ExistingPolicyId"] == arn
        }
        newest = max(version["CreateDate"] for version in iam.list_policy_versions(PolicyArn=arn)["Versions"])
        assert iam.get_policy(PolicyArn=arn)["Policy"]["UpdateDate"] == newest
    assert known < newest
