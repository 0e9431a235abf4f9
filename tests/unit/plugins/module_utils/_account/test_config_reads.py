# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of AWS Config on IAM and what they found, as the snapshot has them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import config_catalogue as catalogue
from ansible_collections.hardening.iam.plugins.module_utils._account.config_rules import (
    DeliveryChannel,
    NonCompliant,
    RuleCompliance,
    format_value,
    normalize_parameters,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound

from .fakes import HOME, OTHER, FakeAccess, deny, read, refusal, unread_of

ARN = f"arn:aws:config:{HOME}:111122223333:config-rule"
IDENTIFIERS = [rule.identifier for rule in catalogue.CATALOGUE]


def describe_rule(name: str, identifier: str = "IAM_PASSWORD_POLICY", **fields: t.Any) -> dict[str, t.Any]:
    return {
        "ConfigRuleName": name,
        "ConfigRuleArn": f"{ARN}/{name}",
        "Source": {"Owner": "AWS", "SourceIdentifier": identifier},
        **fields,
    }


def reading(*rules: dict[str, t.Any], **more: t.Any) -> FakeAccess:
    return FakeAccess(
        {
            "config:DescribeConfigRules": {"ConfigRules": list(rules)},
            "config:DescribeDeliveryChannels": {"DeliveryChannels": [{"name": "default", "s3BucketName": "b"}]},
            "config:ListTagsForResource": {"Tags": [{"Key": "team", "Value": "x"}]},
            **{name.replace("_", ":", 1): answer for name, answer in more.items()},
        }
    )


def test_names_and_identifiers_are_unique() -> None:
    assert len(set(IDENTIFIERS)) == len(catalogue.BY_NAME) == len(catalogue.BY_IDENTIFIER) == len(catalogue.CATALOGUE)


def test_rules_on_iam_and_those_with_a_name_of_ours() -> None:
    lambda_rule = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn:f"}
    snapshot = read(
        reading(
            describe_rule("z", "ACCESS_KEYS_ROTATED", InputParameters='{"maxAccessKeyAge": 90}'),
            describe_rule("iam-hardening-x", Source=lambda_rule),
            describe_rule("others", "S3_BUCKET_VERSIONING_ENABLED"),
            describe_rule("iam-hardening-hub", CreatedBy="securityhub.amazonaws.com"),
            describe_rule(
                "scoped",
                "IAM_USER_NO_POLICIES_CHECK",
                Scope={"ComplianceResourceTypes": ["AWS::IAM::User"], "TagKey": "team"},
                EvaluationModes=[{"Mode": "DETECTIVE"}],
                ConfigRuleState="DELETING_RESULTS",
            ),
        ),
        Dataset.CONFIG_RULES,
    )
    found = {rule.name: rule for rule in snapshot.config_rules}
    assert list(found) == ["iam-hardening-hub", "iam-hardening-x", "scoped", "z"]
    assert (found["z"].parameters, found["z"].frequency, found["z"].tags) == (
        {"maxAccessKeyAge": "90"},
        "TwentyFour_Hours",
        {},
    )
    assert (found["iam-hardening-x"].tags, found["iam-hardening-x"].frequency) == ({"team": "x"}, None)
    assert (found["iam-hardening-hub"].created_by, found["iam-hardening-hub"].tags) == ("securityhub.amazonaws.com", {})
    scoped = found["scoped"]
    assert (scoped.narrowed, scoped.is_leaving, scoped.evaluation_modes) == (True, True, ("DETECTIVE",))
    assert snapshot.delivery_channels == (DeliveryChannel("default", HOME, "b"),)


def test_tags_of_a_rule_that_is_gone_by_now() -> None:
    gone = refusal("ResourceNotFoundException", kind=NotFound)
    snapshot = read(reading(describe_rule("iam-hardening-x"), config_ListTagsForResource=gone), Dataset.CONFIG_RULES)
    assert [rule.tags for rule in snapshot.config_rules] == [{}]


@pytest.mark.parametrize("text", ['["a"]', "{"])
def test_parameters_that_do_not_parse(text: str) -> None:
    snapshot = read(reading(describe_rule("x", InputParameters=text)), Dataset.CONFIG_RULES)
    assert unread_of(snapshot, Dataset.CONFIG_RULES, HOME)[0] == "unparsable"


def test_denied_tags_leave_the_rules_unknown() -> None:
    access = reading(describe_rule("iam-hardening-x"), config_ListTagsForResource=deny("config:ListTagsForResource"))
    kind, _reason, operation = unread_of(read(access, Dataset.CONFIG_RULES), Dataset.CONFIG_RULES, HOME)
    assert (kind, operation) == ("denied", "config:ListTagsForResource")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (90, "90"),
        (90.0, "90"),
        (" 90 ", "90"),
        (None, ""),
        (["a", 1], "a,1"),
        (0.5, "0.5"),
    ],
)
def test_values_as_aws_takes_them(value: t.Any, text: str) -> None:
    assert format_value(value) == text


def test_parameters_are_compared_as_their_rule_reads_them() -> None:
    same = [{"policyArns": "b, a"}, {"policyArns": ["a", "b"], "exceptionList": ""}]
    assert {normalize_parameters("IAM_POLICY_BLACKLISTED_CHECK", item)["policyArns"] for item in same} == {"a,b"}
    # To a rule, True is not true, and the order of a text is part of it.
    assert normalize_parameters("IAM_PASSWORD_POLICY", {"RequireNumbers": "True"}) == {"RequireNumbers": "True"}
    assert normalize_parameters("SOMETHING_ELSE", {"x": "b,a"}) == {"x": "b,a"}


def result(kind: str, name: str) -> dict[str, t.Any]:
    qualifier = {"ConfigRuleName": "r", "ResourceType": kind, "ResourceId": name}
    return {"EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier}, "ComplianceType": "NON_COMPLIANT"}


def verdicts(**found: str) -> dict[str, t.Any]:
    compliances = [
        {"ConfigRuleName": name, "Compliance": {"ComplianceType": verdict}} for name, verdict in found.items()
    ]
    return {"ComplianceByConfigRules": compliances}


def test_what_rules_found_with_the_arns_of_what_is_recorded() -> None:
    items = [{"resourceType": "AWS::IAM::User", "resourceId": "AIDA1", "arn": "arn:aws:iam::1:user/a"}]
    access = reading(
        describe_rule("hub", "IAM_USER_MFA_ENABLED", CreatedBy="securityhub.amazonaws.com"),
        describe_rule("keys", "ACCESS_KEYS_ROTATED"),
        describe_rule("password"),
        describe_rule("iam-hardening-own", Source={"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn:f"}),
        config_DescribeComplianceByConfigRule=verdicts(hub="NON_COMPLIANT", keys="NON_COMPLIANT", password="COMPLIANT"),
        config_GetComplianceDetailsByConfigRule={
            "EvaluationResults": [result("AWS::IAM::User", "AIDA2"), result("AWS::IAM::User", "AIDA1")]
        },
        config_BatchGetResourceConfig={"baseConfigurationItems": items},
    )
    found = read(access, Dataset.CONFIG_COMPLIANCE).config_compliance
    assert found == (
        RuleCompliance("hub", HOME, "IAM_USER_MFA_ENABLED", "NON_COMPLIANT", "securityhub.amazonaws.com"),
        RuleCompliance(
            "keys",
            HOME,
            "ACCESS_KEYS_ROTATED",
            "NON_COMPLIANT",
            resources=(
                NonCompliant("AWS::IAM::User", "AIDA1", "arn:aws:iam::1:user/a"),
                NonCompliant("AWS::IAM::User", "AIDA2"),
            ),
        ),
        RuleCompliance("password", HOME, "IAM_PASSWORD_POLICY", "COMPLIANT"),
    )
    # AWS refuses to tell the resources of a rule that a service owns.
    assert [call.parameters["ConfigRuleName"] for call in access.calls if "Details" in call.name] == ["keys"]


def test_resources_that_are_recorded_nowhere_keep_their_ids() -> None:
    access = reading(
        describe_rule("password"),
        config_DescribeComplianceByConfigRule=verdicts(password="NON_COMPLIANT"),
        config_GetComplianceDetailsByConfigRule={"EvaluationResults": [result("AWS::IAM::User", "AIDA1")]},
        config_BatchGetResourceConfig=refusal("NoAvailableConfigurationRecorderException"),
    )
    (found,) = read(access, Dataset.CONFIG_COMPLIANCE).config_compliance
    assert found.resources == (NonCompliant("AWS::IAM::User", "AIDA1"),)


def test_the_account_is_looked_up_nowhere_and_names_go_by_25() -> None:
    rules = [describe_rule(f"r{number:02}") for number in range(30)]
    answers: list[dict[str, t.Any]] = [verdicts(r00="NON_COMPLIANT"), verdicts(r25="COMPLIANT")]
    access = reading(
        *rules,
        config_DescribeComplianceByConfigRule=answers,
        config_GetComplianceDetailsByConfigRule={"EvaluationResults": [result("AWS::::Account", "111122223333")]},
    )
    found = read(access, Dataset.CONFIG_COMPLIANCE).config_compliance
    assert [item.rule for item in found] == ["r00", "r25"]
    asked = [len(call.parameters["ConfigRuleNames"]) for call in access.calls if "ComplianceBy" in call.name]
    assert asked == [25, 5]


def test_a_region_without_rules_on_iam_costs_one_call_and_a_denied_one_only_itself() -> None:
    def rules(*, region: str) -> t.Any:
        return deny("config:DescribeConfigRules", region=region) if region == OTHER else {"ConfigRules": []}

    access = reading(config_DescribeConfigRules=rules)
    snapshot = read(access, Dataset.CONFIG_COMPLIANCE, regions=(HOME, OTHER))
    assert access.names == ["config:DescribeConfigRules"] * 2
    assert snapshot.missing(Dataset.CONFIG_COMPLIANCE, HOME) is None
    assert unread_of(snapshot, Dataset.CONFIG_COMPLIANCE, OTHER)[0] == "denied"
