# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from unit.emulator.seeded import account, serving

FOUNDATIONAL = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0"
CIS_5 = "arn:aws:securityhub:us-east-1::standards/cis-aws-foundations-benchmark/v/5.0.0"


@pytest.fixture
def hub() -> t.Iterator[t.Any]:
    with serving(account()) as seeded:
        yield seeded.client("securityhub")


def test_a_hub_that_is_off_refuses(hub: t.Any) -> None:
    for call in (hub.describe_hub, hub.get_enabled_standards, hub.disable_security_hub):
        with pytest.raises(hub.exceptions.InvalidAccessException):
            call()


def test_a_hub_is_enabled_once_with_the_default_standards(hub: t.Any) -> None:
    hub.enable_security_hub()
    assert hub.describe_hub()["HubArn"] == "arn:aws:securityhub:us-east-1:123456789012:hub/default"
    enabled = {item["StandardsArn"]: item["StandardsStatus"] for item in standards(hub)}
    assert enabled == {
        FOUNDATIONAL: "READY",
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0": "READY",
    }
    with pytest.raises(hub.exceptions.ResourceConflictException):
        hub.enable_security_hub()
    hub.disable_security_hub()
    hub.enable_security_hub(EnableDefaultStandards=False)
    assert standards(hub) == []


def test_standards_are_enabled_and_disabled(hub: t.Any) -> None:
    hub.enable_security_hub(EnableDefaultStandards=False)
    assert CIS_5 in {item["StandardsArn"] for item in hub.describe_standards()["Standards"]}
    added = hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": CIS_5}])
    subscription = added["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
    assert subscription.endswith(":123456789012:subscription/cis-aws-foundations-benchmark/v/5.0.0")
    assert [item["StandardsArn"] for item in standards(hub)] == [CIS_5]
    with pytest.raises(hub.exceptions.InvalidInputException):
        hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": "arn:aws:none"}])
    hub.batch_disable_standards(StandardsSubscriptionArns=[subscription])
    assert standards(hub) == []


def standards(hub: t.Any) -> list[dict[str, str]]:
    return t.cast("list[dict[str, str]]", hub.get_enabled_standards()["StandardsSubscriptions"])


def test_a_hub_that_a_policy_governs_refuses_changes() -> None:
    seeded = account(regions={"us-east-1": {"security_hub": {"policy": "policy-1", "v2": True}}})
    with serving(seeded) as running:
        hub = running.client("securityhub")
        for call in (
            lambda: hub.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": CIS_5}]),
            lambda: hub.update_security_hub_configuration(ControlFindingGenerator="STANDARD_CONTROL"),
            lambda: hub.create_finding_aggregator(RegionLinkingMode="ALL_REGIONS"),
            hub.disable_security_hub,
        ):
            with pytest.raises(hub.exceptions.AccessDeniedException, match="central configuration policy"):
                call()
        with pytest.raises(hub.exceptions.AccessDeniedException, match="delegated administrator"):
            hub.get_configuration_policy_association(Target={"AccountId": "123456789012"})
        assert hub.describe_security_hub_v2()["HubV2Arn"].endswith(":hubv2/1")


def test_an_account_has_one_aggregator(hub: t.Any) -> None:
    hub.enable_security_hub(EnableDefaultStandards=False)
    assert hub.list_finding_aggregators()["FindingAggregators"] == []
    with pytest.raises(hub.exceptions.InvalidInputException):
        hub.create_finding_aggregator(RegionLinkingMode="SPECIFIED_REGIONS")
    arn = hub.create_finding_aggregator(RegionLinkingMode="ALL_REGIONS")["FindingAggregatorArn"]
    with pytest.raises(hub.exceptions.LimitExceededException):
        hub.create_finding_aggregator(RegionLinkingMode="ALL_REGIONS")
    asked = {"FindingAggregatorArn": arn, "RegionLinkingMode": "SPECIFIED_REGIONS", "Regions": ["eu-west-1"]}
    hub.update_finding_aggregator(**asked)
    assert hub.get_finding_aggregator(FindingAggregatorArn=arn)["Regions"] == ["eu-west-1"]
    hub.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert hub.list_finding_aggregators()["FindingAggregators"] == []


def test_controls_are_set_one_parameter_at_a_time(hub: t.Any) -> None:
    hub.enable_security_hub(EnableDefaultStandards=False)
    custom = {"MinimumPasswordLength": {"ValueType": "CUSTOM", "Value": {"Integer": 14}}}
    hub.update_security_control(SecurityControlId="IAM.7", Parameters=custom, LastUpdateReason="ours")
    answer = hub.batch_get_security_controls(SecurityControlIds=["IAM.7", "IAM.99"])
    (found,) = answer["SecurityControls"]
    assert found["Parameters"]["MinimumPasswordLength"] == custom["MinimumPasswordLength"]
    assert found["Parameters"]["RequireNumbers"] == {"ValueType": "DEFAULT", "Value": {"Boolean": True}}
    assert [item["SecurityControlId"] for item in answer["UnprocessedIds"]] == ["IAM.99"]
    for control, parameters in (
        ("IAM.3", {"maxAccessKeyAge": {"ValueType": "CUSTOM", "Value": {"Integer": 60}}}),
        ("IAM.7", {"MinimumPasswordLength": {"ValueType": "CUSTOM", "Value": {"String": "14"}}}),
    ):
        with pytest.raises(hub.exceptions.InvalidInputException):
            hub.update_security_control(SecurityControlId=control, Parameters=parameters, LastUpdateReason="ours")


def test_a_control_is_disabled_with_a_reason_where_it_belongs(hub: t.Any) -> None:
    hub.enable_security_hub()
    pair = {"SecurityControlId": "IAM.6", "StandardsArn": FOUNDATIONAL}
    elsewhere = {**pair, "StandardsArn": CIS_5}
    disabled = {**pair, "AssociationStatus": "DISABLED"}
    refused = hub.batch_update_standards_control_associations(
        StandardsControlAssociationUpdates=[disabled, {**elsewhere, "AssociationStatus": "ENABLED"}]
    )["UnprocessedAssociationUpdates"]
    assert [item["ErrorCode"] for item in refused] == ["INVALID_INPUT", "RESOURCE_NOT_FOUND"]
    hub.batch_update_standards_control_associations(
        StandardsControlAssociationUpdates=[{**disabled, "UpdatedReason": "no root credentials"}]
    )
    answer = hub.batch_get_standards_control_associations(StandardsControlAssociationIds=[pair, elsewhere])
    (found,) = answer["StandardsControlAssociationDetails"]
    assert (found["AssociationStatus"], found["UpdatedReason"]) == ("DISABLED", "no root credentials")
    assert len(answer["UnprocessedAssociations"]) == 1


def finding(number: int = 1, **fields: t.Any) -> dict[str, t.Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding-{number}",
        "ProductArn": "arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default",
        "GeneratorId": "generator",
        "AwsAccountId": "123456789012",
        "CreatedAt": "2026-01-01T00:00:00Z",
        "UpdatedAt": "2026-01-01T00:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Title": "title",
        "Description": "description",
        "Resources": [{"Type": "Other", "Id": "arn:aws:iam::123456789012:root"}],
        **fields,
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Title": "t" * 257}, "data.Title"),
        ({"Description": ""}, "'Description'"),
        ({"UpdatedAt": "yesterday"}, "date-time"),
        ({"Severity": {"Label": "BAD"}}, "Severity.Label"),
        ({"AwsAccountId": "210987654321"}, "account"),
        ({"Resources": [{"Id": "x", "Type": ""}]}, "'Type'"),
        ({"UserDefinedFields": {"x": "y" * 240 * 1024}}, "240 KB"),
    ],
)
def test_a_finding_that_is_not_as_it_must_be_fails_alone(hub: t.Any, fields: dict[str, t.Any], message: str) -> None:
    hub.enable_security_hub()
    answer = hub.batch_import_findings(Findings=[finding(1, **fields), finding(2)])
    assert (answer["FailedCount"], answer["SuccessCount"]) == (1, 1)
    assert message in answer["FailedFindings"][0]["ErrorMessage"]


def test_findings_are_refused_as_a_whole(hub: t.Any) -> None:
    with pytest.raises(hub.exceptions.InvalidAccessException):
        hub.batch_import_findings(Findings=[finding()])
    hub.enable_security_hub()
    with pytest.raises(hub.exceptions.InvalidInputException):
        hub.batch_import_findings(Findings=[finding(number) for number in range(101)])
    with pytest.raises(hub.exceptions.ClientError, match="not authorized"):
        hub.batch_import_findings(Findings=[finding(ProductArn="arn:aws:securityhub:us-east-1::product/other/x")])


def test_a_later_state_of_a_finding_replaces_it(hub: t.Any) -> None:
    hub.enable_security_hub()
    hub.batch_import_findings(Findings=[finding()])
    later = {"UpdatedAt": "2026-01-02T00:00:00Z", "CreatedAt": "2026-01-02T00:00:00Z"}
    for fields, title in (({"Title": "same time"}, "title"), ({**later, "Title": "later"}, "later")):
        hub.batch_import_findings(Findings=[finding(**fields, Workflow={"Status": "SUPPRESSED"})])
        (found,) = hub.get_findings()["Findings"]
        assert (found["Title"], found["CreatedAt"]) == (title, "2026-01-01T00:00:00Z")
        assert found["Workflow"]["Status"] == "NEW"


def test_findings_are_found_by_filters(hub: t.Any) -> None:
    hub.enable_security_hub()
    hub.batch_import_findings(Findings=[finding(number, GeneratorId=f"mine/{number}") for number in range(3)])

    def find(**filters: t.Any) -> list[str]:
        pages = hub.get_paginator("get_findings").paginate(Filters=filters, PaginationConfig={"PageSize": 2})
        return [item["Id"] for page in pages for item in page["Findings"]]

    assert find(GeneratorId=[{"Value": "mine/", "Comparison": "PREFIX"}]) == ["finding-0", "finding-1", "finding-2"]
    assert find(Id=[{"Value": "finding-1", "Comparison": "EQUALS"}]) == ["finding-1"]
    assert find(RecordState=[{"Value": "ARCHIVED", "Comparison": "EQUALS"}]) == []
    with pytest.raises(hub.exceptions.InvalidInputException):
        find(Id=[{"Value": str(number), "Comparison": "EQUALS"} for number in range(21)])


def update(hub: t.Any, *ids: str, **fields: t.Any) -> t.Any:
    named = [{"Id": name, "ProductArn": finding()["ProductArn"]} for name in ids]
    return hub.batch_update_findings(FindingIdentifiers=named, **fields)


def test_what_a_customer_says_of_a_finding_stays(hub: t.Any) -> None:
    hub.enable_security_hub()
    hub.batch_import_findings(Findings=[finding()])
    theirs = {"Workflow": {"Status": "SUPPRESSED"}, "Severity": {"Label": "LOW"}, "UserDefinedFields": {"case": "17"}}
    answer = update(hub, "finding-1", "finding-2", Note={"Text": "seen", "UpdatedBy": "ana"}, **theirs)
    assert [item["Id"] for item in answer["ProcessedFindings"]] == ["finding-1"]
    assert [item["FindingIdentifier"]["Id"] for item in answer["UnprocessedFindings"]] == ["finding-2"]
    provided = {"Severity": {"Label": "CRITICAL"}, "Types": ["a/b"]}
    hub.batch_import_findings(Findings=[finding(UpdatedAt="2026-01-02T00:00:00Z", FindingProviderFields=provided)])
    (found,) = hub.get_findings()["Findings"]
    assert {name: found[name] for name in theirs} == theirs
    assert (found["Note"]["Text"], found["FindingProviderFields"], found["Types"]) == ("seen", provided, ["a/b"])
    with pytest.raises(hub.exceptions.InvalidInputException):
        update(hub, "finding-1", Workflow={"Status": "GONE"})


@pytest.mark.parametrize(
    ("workflow", "states", "expected"),
    [
        ("NOTIFIED", ({"RecordState": "ARCHIVED"}, {}), "NEW"),
        ("RESOLVED", ({"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "FAILED"}}), "NEW"),
        ("RESOLVED", ({"Title": "other"}, {}), "RESOLVED"),
        ("SUPPRESSED", ({"RecordState": "ARCHIVED"}, {}), "SUPPRESSED"),
    ],
)
def test_what_returns_is_investigated_anew(hub: t.Any, workflow: str, states: t.Any, expected: str) -> None:
    hub.enable_security_hub()
    hub.batch_import_findings(Findings=[finding()])
    update(hub, "finding-1", Workflow={"Status": workflow})
    for day, state in enumerate(states, start=2):
        hub.batch_import_findings(Findings=[finding(UpdatedAt=f"2026-01-0{day}T00:00:00Z", **state)])
    (found,) = hub.get_findings()["Findings"]
    assert found["Workflow"]["Status"] == expected
