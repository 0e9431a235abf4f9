# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from unit.emulator.seeded import account, serving

HUB = "securityhub.amazonaws.com"
REGION = {
    "config": {
        "rules": {
            "securityhub-mfa": {
                "identifier": "IAM_USER_MFA_ENABLED",
                "created_by": HUB,
                "compliance": "NON_COMPLIANT",
                "resources": ["user/alice"],
            },
            "keys": {
                "identifier": "ACCESS_KEYS_ROTATED",
                "parameters": {"maxAccessKeyAge": "90"},
                "tags": {"team": "x"},
                "compliance": "NON_COMPLIANT",
                "resources": ["user/alice", "account"],
            },
        }
    }
}


@pytest.fixture
def config() -> t.Iterator[t.Any]:
    with serving(account(users={"alice": {}}, regions={"us-east-1": REGION})) as seeded:
        yield seeded.client("config")


def describe_rule(name: str, identifier: str = "IAM_PASSWORD_POLICY", **fields: t.Any) -> dict[str, t.Any]:
    return {"ConfigRuleName": name, "Source": {"Owner": "AWS", "SourceIdentifier": identifier}, **fields}


def code(call: t.Callable[..., object], **parameters: t.Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


def test_a_managed_rule_needs_a_recorder() -> None:
    with serving(account()) as seeded:
        config = seeded.client("config")
        found = code(config.put_config_rule, ConfigRule=describe_rule("x"))
    assert found == "NoAvailableConfigurationRecorderException"


@pytest.mark.parametrize("parameters", ['{"MinimumPasswordLength": 14}', '{"MinimumPasswordLength": " "}'])
def test_values_stand_in_quotes_and_are_not_blank(config: t.Any, parameters: str) -> None:
    rule = describe_rule("x", InputParameters=parameters)
    assert code(config.put_config_rule, ConfigRule=rule) == "InvalidParameterValueException"


def test_a_rule_is_replaced_as_a_whole_and_its_tags_stay(config: t.Any) -> None:
    tags = [{"Key": "a", "Value": "1"}]
    config.put_config_rule(ConfigRule=describe_rule("x", InputParameters='{"RequireNumbers": "true"}'), Tags=tags)
    config.put_config_rule(ConfigRule=describe_rule("x"), Tags=[{"Key": "b", "Value": "2"}])
    (rule,) = config.describe_config_rules(ConfigRuleNames=["x"])["ConfigRules"]
    assert json.loads(rule["InputParameters"]) == {}
    assert rule["EvaluationModes"] == [{"Mode": "DETECTIVE"}]
    assert config.list_tags_for_resource(ResourceArn=rule["ConfigRuleArn"])["Tags"] == tags
    config.delete_config_rule(ConfigRuleName="x")
    assert code(config.describe_config_rules, ConfigRuleNames=["x"]) == "NoSuchConfigRuleException"


def test_a_guard_rule_is_kept(config: t.Any) -> None:
    details = {"PolicyRuntime": "guard-2.x.x", "PolicyText": "rule x { }"}
    rule = {"ConfigRuleName": "g", "Source": {"Owner": "CUSTOM_POLICY", "CustomPolicyDetails": details}}
    config.put_config_rule(ConfigRule=rule)
    assert config.describe_config_rules(ConfigRuleNames=["g"])["ConfigRules"][0]["Source"]["Owner"] == "CUSTOM_POLICY"


def test_a_rule_that_a_service_owns_is_its_own(config: t.Any) -> None:
    (rule,) = config.describe_config_rules(ConfigRuleNames=["securityhub-mfa"])["ConfigRules"]
    assert rule["CreatedBy"] == HUB
    refusals = {
        code(config.put_config_rule, ConfigRule=describe_rule("securityhub-mfa")),
        code(config.delete_config_rule, ConfigRuleName="securityhub-mfa"),
        code(config.get_compliance_details_by_config_rule, ConfigRuleName="securityhub-mfa"),
    }
    assert refusals == {"AccessDeniedException"}


def test_what_rules_found(config: t.Any) -> None:
    config.put_config_rule(ConfigRule=describe_rule("new"))
    compliances = config.describe_compliance_by_config_rule()["ComplianceByConfigRules"]
    assert {item["ConfigRuleName"]: item["Compliance"]["ComplianceType"] for item in compliances} == {
        "keys": "NON_COMPLIANT",
        "new": "INSUFFICIENT_DATA",
        "securityhub-mfa": "NON_COMPLIANT",
    }
    only = config.describe_compliance_by_config_rule(ConfigRuleNames=["new"], ComplianceTypes=["NON_COMPLIANT"])
    assert only["ComplianceByConfigRules"] == []
    assert code(config.describe_compliance_by_config_rule, ConfigRuleNames=["no"]) == "NoSuchConfigRuleException"
    names = [f"r{number}" for number in range(26)]
    assert code(config.describe_compliance_by_config_rule, ConfigRuleNames=names) == "ValidationException"


def test_the_resources_page_by_page_and_their_arns(config: t.Any) -> None:
    first = config.get_compliance_details_by_config_rule(ConfigRuleName="keys", Limit=1)
    second = config.get_compliance_details_by_config_rule(ConfigRuleName="keys", NextToken=first["NextToken"])
    assert "NextToken" not in second
    qualifiers = [
        page["EvaluationResults"][0]["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
        for page in (first, second)
    ]
    assert [item["ResourceType"] for item in qualifiers] == ["AWS::IAM::User", "AWS::::Account"]
    keys = [{"resourceType": item["ResourceType"], "resourceId": item["ResourceId"]} for item in qualifiers]
    found = config.batch_get_resource_config(resourceKeys=keys)["baseConfigurationItems"]
    assert [item["arn"].rpartition("/")[2] for item in found] == ["alice"]


def test_recorders_of_customers_are_listed(config: t.Any) -> None:
    (found,) = config.list_configuration_recorders()["ConfigurationRecorderSummaries"]
    assert (found["name"], found["recordingScope"]) == ("default", "PAID")


def test_an_account_in_no_organization_has_no_rules_of_one(config: t.Any) -> None:
    metadata = {"RuleIdentifier": "IAM_PASSWORD_POLICY"}
    parameters = {"OrganizationConfigRuleName": "x", "OrganizationManagedRuleMetadata": metadata}
    assert code(config.put_organization_config_rule, **parameters) in (
        "NoAvailableOrganizationException",
        "OrganizationAccessDeniedException",
    )
