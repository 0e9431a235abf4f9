# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security Hub as the snapshot has it: how it is set up, and what its controls on IAM found."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import (
    Aggregator,
    HubFinding,
    OfferedStandard,
    SecurityHubDetails,
    Subscription,
)
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError, NotFound

from .fakes import ACCOUNT, HOME, OTHER, FakeAccess, deny, read, refusal, unread_of

DETAILS, FINDINGS = Dataset.SECURITY_HUB_DETAILS, Dataset.SECURITY_HUB_FINDINGS
CIS = f"arn:aws:securityhub:{HOME}::standards/cis-aws-foundations-benchmark/v/5.0.0"
FSBP = f"arn:aws:securityhub:{HOME}::standards/aws-foundational-security-best-practices/v/1.0.0"
SUBSCRIPTION = f"arn:aws:securityhub:{HOME}:{ACCOUNT}:subscription"
AGGREGATOR = f"arn:aws:securityhub:{HOME}:{ACCOUNT}:finding-aggregator/1"
NOT_SUBSCRIBED = refusal("InvalidAccessException", "not subscribed to AWS Security Hub")
NO_V2 = refusal("ResourceNotFoundException", kind=NotFound)


def answering(**answers: t.Any) -> FakeAccess:
    """A hub that is on with one standard, offered two, in an account without aggregator and without V2."""
    given = {
        "DescribeHub": {"HubArn": "arn:hub", "ControlFindingGenerator": "SECURITY_CONTROL"},
        "DescribeStandards": {
            "Standards": [{"StandardsArn": FSBP, "Name": "FSBP"}, {"StandardsArn": CIS, "Name": "CIS"}]
        },
        "GetEnabledStandards": {"StandardsSubscriptions": [describe_subscription(FSBP)]},
        "ListFindingAggregators": {"FindingAggregators": []},
        "DescribeSecurityHubV2": NO_V2,
        **answers,
    }
    return FakeAccess({f"securityhub:{name}": answer for name, answer in given.items()})


def describe_subscription(arn: str, status: str = "READY", **fields: t.Any) -> dict[str, t.Any]:
    path = arn.rpartition("standards/")[2]
    return {
        "StandardsArn": arn,
        "StandardsSubscriptionArn": f"{SUBSCRIPTION}/{path}",
        "StandardsStatus": status,
        **fields,
    }


def details(access: FakeAccess) -> SecurityHubDetails:
    snapshot = read(access, DETAILS)
    assert snapshot.missing(DETAILS, HOME) is None, unread_of(snapshot, DETAILS, HOME)
    (found,) = snapshot.security_hub_details
    return found


def test_a_hub_with_all_that_is_told_of_it() -> None:
    incomplete = describe_subscription(
        CIS, "INCOMPLETE", StandardsStatusReason={"StatusReasonCode": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
    )
    access = answering(
        GetEnabledStandards={"StandardsSubscriptions": [incomplete, describe_subscription(FSBP, "DELETING")]},
        DescribeSecurityHubV2={"HubV2Arn": "arn:v2", "SubscribedAt": "now"},
    )
    found = details(access)
    assert (found.enabled, found.generator, found.v2, found.policy) == (True, "SECURITY_CONTROL", True, None)
    assert found.offered == (OfferedStandard(FSBP, "FSBP"), OfferedStandard(CIS, "CIS"))
    assert found.subscriptions == (
        Subscription(FSBP, f"{SUBSCRIPTION}/aws-foundational-security-best-practices/v/1.0.0", "DELETING"),
        Subscription(
            CIS,
            f"{SUBSCRIPTION}/cis-aws-foundations-benchmark/v/5.0.0",
            "INCOMPLETE",
            "NO_AVAILABLE_CONFIGURATION_RECORDER",
        ),
    )
    assert (found.aggregator, found.aggregator_told) == (None, True)


@pytest.mark.parametrize("code", ["InvalidAccessException", "InvalidAccess", "ResourceNotFoundException"])
def test_a_hub_that_is_off_is_asked_for_nothing_that_only_one_that_is_on_has(code: str) -> None:
    access = answering(DescribeHub=refusal(code))
    found = details(access)
    assert (found.enabled, found.generator, found.subscriptions, found.v2) == (False, None, (), False)
    assert [item.arn for item in found.offered or ()] == [FSBP, CIS]
    assert "securityhub:GetEnabledStandards" not in access.names


def test_standards_of_a_hub_that_is_off_may_not_be_told() -> None:
    assert details(answering(DescribeHub=NOT_SUBSCRIBED, DescribeStandards=NOT_SUBSCRIBED)).offered is None


def test_standards_come_in_pages_and_those_of_other_clouds_are_none() -> None:
    pages = [
        {"Standards": [{"StandardsArn": CIS, "Name": "CIS", "Provider": "AWS"}], "NextToken": "2"},
        {"Standards": [{"StandardsArn": FSBP}, {"StandardsArn": "arn:azure", "Provider": "AZURE"}]},
    ]
    access = answering(DescribeStandards=pages)
    assert details(access).offered == (OfferedStandard(FSBP, ""), OfferedStandard(CIS, "CIS"))
    asked = [call.parameters for call in access.calls if call.name.endswith("DescribeStandards")]
    assert asked == [{"MaxResults": 100}, {"MaxResults": 100, "NextToken": "2"}]


def test_the_aggregator_and_the_policy_are_asked_for_in_the_region_of_the_aggregator() -> None:
    answer = {
        "FindingAggregatorArn": AGGREGATOR,
        "FindingAggregationRegion": HOME,
        "RegionLinkingMode": "SPECIFIED_REGIONS",
        "Regions": ["sa-east-1", "eu-west-1"],
    }
    access = answering(
        ListFindingAggregators={"FindingAggregators": [{"FindingAggregatorArn": AGGREGATOR}]},
        GetFindingAggregator=answer,
        GetConfigurationPolicyAssociation={"ConfigurationPolicyId": "policy-1"},
    )
    snapshot = read(access, DETAILS, regions=(HOME, OTHER))
    here, there = snapshot.security_hub_details
    assert here.aggregator == Aggregator(AGGREGATOR, HOME, "SPECIFIED_REGIONS", ("eu-west-1", "sa-east-1"))
    assert there.aggregator == Aggregator(AGGREGATOR, HOME, "")
    assert (here.policy, there.policy) == ("policy-1", None)
    asked = [call for call in access.calls if "Association" in call.name or "GetFindingA" in call.name]
    assert {call.region for call in asked} == {HOME}
    assert asked[-1].parameters == {"Target": {"AccountId": ACCOUNT}}


@pytest.mark.parametrize(
    "answer",
    [
        {"ConfigurationPolicyId": "SELF_MANAGED_SECURITY_HUB"},
        refusal("ResourceNotFoundException", kind=NotFound),
        refusal("AccessDeniedException", "Must be a Security Hub delegated administrator", kind=AccessDenied),
    ],
    ids=["self-managed", "none", "not told"],
)
def test_an_account_that_no_policy_configures(answer: t.Any) -> None:
    linked = {"FindingAggregatorArn": AGGREGATOR, "FindingAggregationRegion": HOME, "RegionLinkingMode": "ALL_REGIONS"}
    access = answering(
        ListFindingAggregators={"FindingAggregators": [{"FindingAggregatorArn": AGGREGATOR}]},
        GetFindingAggregator=linked,
        GetConfigurationPolicyAssociation=answer,
    )
    assert details(access).policy is None


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidInputException"])
def test_a_member_is_not_told_where_its_findings_come_together(code: str) -> None:
    found = details(answering(ListFindingAggregators=refusal(code)))
    assert (found.aggregator, found.aggregator_told) == (None, False)


@pytest.mark.parametrize(
    "answer",
    [deny("securityhub:DescribeSecurityHubV2"), refusal("UnknownOperationException")],
    ids=["denied", "unknown to the partition"],
)
def test_v2_that_nobody_tells_of_costs_the_region_nothing(answer: AwsError) -> None:
    found = details(answering(DescribeSecurityHubV2=answer))
    assert (found.enabled, found.v2) == (True, None)


@pytest.mark.parametrize("operation", ["DescribeHub", "DescribeStandards", "GetEnabledStandards"])
def test_a_denied_region_costs_itself_only(operation: str) -> None:
    answers = {"DescribeHub": {"HubArn": "arn:hub"}, "GetEnabledStandards": {"StandardsSubscriptions": []}}

    def answer(*, region: str, **_parameters: t.Any) -> t.Any:
        name = f"securityhub:{operation}"
        return deny(name, region=region) if region == OTHER else answers.get(operation, {"Standards": []})

    snapshot = read(answering(**{operation: answer}), DETAILS, regions=(HOME, OTHER))
    assert [item.region for item in snapshot.security_hub_details] == [HOME]
    kind, _reason, call = unread_of(snapshot, DETAILS, OTHER)
    assert (kind, call) == ("denied", f"securityhub:{operation}")


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("DescribeHub", {}),
        ("GetEnabledStandards", {"StandardsSubscriptions": [{"StandardsArn": CIS}]}),
        ("DescribeStandards", {"Standards": [{"Name": "CIS"}]}),
    ],
)
def test_an_answer_that_says_nothing_is_no_fact(operation: str, answer: dict[str, t.Any]) -> None:
    snapshot = read(answering(**{operation: answer}), DETAILS)
    assert unread_of(snapshot, DETAILS, HOME)[0] == "unparsable"


# Findings


def finding(name: str, control: str = "IAM.5", *resources: str) -> dict[str, t.Any]:
    return {
        "Id": name,
        "Title": f"about {control}",
        "Severity": {"Label": "MEDIUM"},
        "Compliance": {"Status": "FAILED", "SecurityControlId": control},
        "Resources": [{"Id": resource} for resource in resources or ("arn:alice",)],
    }


def findings(answer: t.Any, *, hub: t.Any = None) -> tuple[Snapshot, FakeAccess]:
    answers = {"DescribeHub": hub or {"HubArn": "arn:hub"}, "GetFindings": answer}
    access = FakeAccess({f"securityhub:{name}": each for name, each in answers.items()})
    return read(access, FINDINGS), access


def test_failed_findings_by_control_and_resource() -> None:
    listed = [finding("2", "IAM.7", "arn:root"), finding("1", "IAM.5", "arn:bob", "arn:alice")]
    snapshot, access = findings({"Findings": listed})
    assert snapshot.security_hub_findings == (
        HubFinding(HOME, "IAM.5", "arn:alice", "MEDIUM", "about IAM.5", "1"),
        HubFinding(HOME, "IAM.5", "arn:bob", "MEDIUM", "about IAM.5", "1"),
        HubFinding(HOME, "IAM.7", "arn:root", "MEDIUM", "about IAM.7", "2"),
    )
    (call,) = [call for call in access.calls if call.name.endswith("GetFindings")]
    filters = call.parameters["Filters"]
    # What somebody suppressed or resolved, what other accounts have and other regions copied is not asked for.
    assert [item["Value"] for item in filters["WorkflowStatus"]] == ["NEW", "NOTIFIED"]
    assert filters["AwsAccountId"] == [{"Value": ACCOUNT, "Comparison": "EQUALS"}]
    assert filters["Region"] == [{"Value": HOME, "Comparison": "EQUALS"}]
    assert filters["ComplianceSecurityControlId"] == [{"Value": "IAM.", "Comparison": "PREFIX"}]


def test_a_hub_that_is_off_has_found_nothing() -> None:
    snapshot, access = findings({"Findings": [finding("1")]}, hub=NOT_SUBSCRIBED)
    assert (snapshot.security_hub_findings, snapshot.missing(FINDINGS, HOME)) == ((), None)
    assert access.names == ["securityhub:DescribeHub"]


def test_findings_that_may_not_be_read_are_unknown() -> None:
    snapshot, _access = findings(deny("securityhub:GetFindings"))
    assert unread_of(snapshot, FINDINGS, HOME)[::2] == ("denied", "securityhub:GetFindings")
