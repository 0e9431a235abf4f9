# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``config_rules`` reads again of a change, in the forms in which AWS may answer."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.changes import (
    ConfigWriter,
    build_shape,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.declared import RecorderWish
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.config_rules.observe import (
    acting,
    read_organization,
    reread,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change

from ..._controls.config_samples import HOME, OTHER, rule
from ..._controls.samples import ACCOUNT, NOW

PLACE: t.Final = ConfigWriter("aws", ACCOUNT, HOME)
ARN: t.Final = f"arn:aws:config:{HOME}:{ACCOUNT}:config-rule/config-rule-0a1b2c"
TAGS: t.Final = [{"Key": "iam-hardening:managed", "Value": "true"}, {"Key": "theirs", "Value": "x"}]


class Aws:
    """Answers by operation; an exception is raised."""

    def __init__(self, **answers: t.Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Mapping[str, t.Any]]] = []

    def call(self, _service: str, operation: str, parameters: t.Any = None, *, region: t.Any = None) -> t.Any:
        self.asked.append((operation, dict(parameters or {}, region=region)))
        answer = self.answers[operation]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def items(self, service: str, operation: str, key: str, *, region: str) -> t.Any:
        return self.call(service, operation, region=region)[key]

    def gather(self, calls: Mapping[str, t.Callable[[], t.Any]]) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        for name, call in calls.items():
            try:
                found[name] = call()
            except AwsError as error:
                found[name] = error
        return found


def read(change: Change, **answers: t.Any) -> t.Any:
    return reread(t.cast(t.Any, Aws(**answers)), NOW)(change)


def describe(**fields: t.Any) -> dict[str, t.Any]:
    answer = {
        "ConfigRuleName": "iam-hardening-root-mfa",
        "ConfigRuleArn": ARN,
        "Source": {"Owner": "AWS", "SourceIdentifier": "ROOT_ACCOUNT_MFA_ENABLED"},
        "ConfigRuleState": "ACTIVE",
        **fields,
    }
    return {"ConfigRules": [answer]}


def creation(identifier: str = "ROOT_ACCOUNT_MFA_ENABLED", **fields: t.Any) -> Change:
    wanted = {"parameters": {}, "frequency": "TwentyFour_Hours", "resource_types": (), **fields}
    return PLACE.create(
        "iam-hardening-root-mfa",
        build_shape(identifier, **wanted),
        description="",
        tags={"iam-hardening:managed": "true"},
        remedies=(),
    )


def test_a_rule_that_is_not_there_or_going_is_nothing() -> None:
    gone = NotFound("no such rule", code="NoSuchConfigRuleException")
    assert read(creation(), DescribeConfigRules=gone) is None
    assert read(creation(), DescribeConfigRules=describe(ConfigRuleState="DELETING")) is None


def test_a_rule_that_was_made_is_found_as_it_was_made() -> None:
    change = creation()
    # AWS tells no frequency of a rule that it runs by default, and foreign tags as well.
    assert read(change, DescribeConfigRules=describe(), ListTagsForResource={"Tags": TAGS}) == change.after


def test_what_aws_fills_in_is_no_difference() -> None:
    change = creation("IAM_GROUP_HAS_USERS_CHECK", frequency=None)
    answer = describe(
        Source={"Owner": "AWS", "SourceIdentifier": "IAM_GROUP_HAS_USERS_CHECK"},
        MaximumExecutionFrequency="TwentyFour_Hours",
        Scope={"ComplianceResourceTypes": ["AWS::IAM::Group"]},
        InputParameters="{}",
    )
    assert read(change, DescribeConfigRules=answer, ListTagsForResource={"Tags": TAGS}) == change.after


def test_parameters_in_another_form_are_the_same() -> None:
    identifier = "IAM_POLICY_BLACKLISTED_CHECK"
    change = creation(identifier, parameters={"policyArns": "a,b"}, frequency=None, resource_types=("AWS::IAM::User",))
    answer = describe(
        Source={"Owner": "AWS", "SourceIdentifier": identifier},
        InputParameters=' {"policyArns" : "b, a", "exceptionList": ""} ',
        Scope={"ComplianceResourceTypes": ["AWS::IAM::User"]},
    )
    assert read(change, DescribeConfigRules=answer, ListTagsForResource={"Tags": TAGS}) == change.after


def test_parameters_that_do_not_parse_are_an_error_and_not_a_difference() -> None:
    with pytest.raises(AwsError, match="does not parse"):
        read(creation(), DescribeConfigRules=describe(InputParameters="{"))


def test_of_tags_those_are_read_that_were_set() -> None:
    (change,) = PLACE.tag(rule("root-mfa", tags={}), {"team": "x"})
    assert read(change, DescribeConfigRules=describe(), ListTagsForResource={"Tags": TAGS}) == {"team": None}


def test_recorders_and_channels_are_found_as_they_were_made() -> None:
    wish = RecorderWish("b", sns_topic_arn="arn:aws:sns:us-east-1:1:t")
    made = PLACE.record(wish, includes_iam=True, tags={}, remedies=())
    answer = {**made.parameters["ConfigurationRecorder"], "recordingMode": {"recordingFrequency": "CONTINUOUS"}}
    assert read(made, DescribeConfigurationRecorders={"ConfigurationRecorders": [answer]}) == made.after
    delivered = PLACE.deliver(wish)
    channel = delivered.parameters["DeliveryChannel"]
    assert read(delivered, DescribeDeliveryChannels={"DeliveryChannels": [channel]}) == delivered.after
    started = PLACE.start(())
    status = {"ConfigurationRecordersStatus": [{"name": "iam-hardening", "recording": True}]}
    assert read(started, DescribeConfigurationRecorderStatus=status) == started.after
    gone = NotFound("no such recorder", code="NoSuchConfigurationRecorderException")
    assert read(started, DescribeConfigurationRecorderStatus=gone) is None


def test_tags_are_set_by_another_arn_where_the_rule_was_made_anew() -> None:
    (change,) = PLACE.tag(rule("root-mfa", tags={}), {"team": "x"})
    aws = Aws(TagResource=[NotFound("gone", code="ResourceNotFoundException"), {}], DescribeConfigRules=describe())
    made_with = acting(t.cast(t.Any, aws))(change)
    assert made_with is not None
    made_with.call("config", "TagResource", change.parameters, region=HOME)
    assert [operation for operation, _parameters in aws.asked] == ["TagResource", "DescribeConfigRules", "TagResource"]
    assert aws.asked[-1][1]["ResourceArn"] == ARN
    assert acting(t.cast(t.Any, aws))(creation()) is None


def test_rules_of_an_organization_are_told_or_say_why_not() -> None:
    name = "OrganizationConfigRuleName"
    answer = [
        {
            name: "iam-hardening-root-mfa",
            "OrganizationManagedRuleMetadata": {"RuleIdentifier": "ROOT_ACCOUNT_MFA_ENABLED"},
            "ExcludedAccounts": ["2", "1"],
        },
        # One by a function of somebody is none of ours.
        {name: "lambda", "OrganizationCustomRuleMetadata": {}},
    ]
    statuses = [{name: "iam-hardening-root-mfa", "OrganizationRuleStatus": "UPDATE_FAILED"}]
    aws = Aws(
        DescribeOrganizationConfigRules={"OrganizationConfigRules": answer},
        DescribeOrganizationConfigRuleStatuses={"OrganizationConfigRuleStatuses": statuses},
    )
    (found,) = read_organization(t.cast(t.Any, aws), [HOME])[HOME].rules
    assert (found.excluded_accounts, found.frequency) == (("1", "2"), "TwentyFour_Hours")
    assert (found.status, found.problem) == ("UPDATE_FAILED", "AWS does not say why")
    member = AwsError("only the administrator", code="OrganizationAccessDeniedException")
    refused = read_organization(t.cast(t.Any, Aws(DescribeOrganizationConfigRules=member)), [HOME])[HOME]
    assert (refused.objection, refused.problem) == ("only the administrator", "")
    denied = AccessDenied("not authorized", code="AccessDenied")
    unread = read_organization(t.cast(t.Any, Aws(DescribeOrganizationConfigRules=denied)), [OTHER])[OTHER]
    assert (unread.objection, "not authorized" in unread.problem) == ("", True)
