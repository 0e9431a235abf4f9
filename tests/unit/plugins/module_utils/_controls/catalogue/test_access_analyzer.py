# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of Access Analyzer as findings of the assessment, and archive rules that hide too much."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.analyzers import (
    AnalyzerDetails,
    AnalyzerFinding,
    ArchiveRule,
    Criterion,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.regional import Analyzer
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.access_analyzer import (
    format_filter,
    is_broad,
)

from ..samples import ACCOUNT, arn, judge, snapshot, unread

HOME, OTHER = "us-east-1", "eu-west-1"
BUCKET: t.Final = "arn:aws:s3:::exchange"


def place(region: str = HOME, name: str = "a") -> str:
    return f"arn:aws:access-analyzer:{region}:{ACCOUNT}:analyzer/{name}"


def analyzer(region: str = HOME, kind: str = "ACCOUNT", status: str = "ACTIVE") -> Analyzer:
    return Analyzer("a", place(region), region, kind, status)


def make_finding(id_: str, region: str = HOME, **fields: t.Any) -> AnalyzerFinding:
    values: dict[str, t.Any] = {
        "id": id_,
        "analyzer_arn": place(region),
        "region": region,
        "type": "ExternalAccess",
        "resource": BUCKET,
        "resource_type": "AWS::S3::Bucket",
        "owner_account": ACCOUNT,
    }
    return AnalyzerFinding(**{**values, **fields})


def of_role(id_: str, region: str = HOME, **fields: t.Any) -> AnalyzerFinding:
    return make_finding(id_, region, resource=arn("role", "app"), resource_type="AWS::IAM::Role", **fields)


def account(*findings: AnalyzerFinding, kind: str = "ACCOUNT", **fields: t.Any) -> Snapshot:
    regions = (HOME, OTHER)
    values = {"regions": regions, "analyzers": tuple(analyzer(region, kind) for region in regions)}
    return snapshot(**{**values, "analyzer_findings": findings, **fields})


def list_failures(control: str, given: Snapshot) -> list[tuple[str, str, str, str]]:
    """The failures, as region, resource, severity and detail."""
    return [
        (item.region, item.resource, item.severity.value, item.detail)
        for item in judge(control, given)
        if item.status.value == "FAIL"
    ]


@pytest.mark.parametrize(
    ("findings", "severity", "detail"),
    [
        ([make_finding("1")], "high", "open to principals outside the account or organization (1 active finding"),
        ([make_finding("1"), make_finding("2", is_public=True)], "critical", "open to everybody (2 active findings"),
        (
            [make_finding("1", error="ACCESS_DENIED")],
            "medium",
            "could not be analyzed: ACCESS_DENIED (1 active finding",
        ),
        # What could be judged counts, beside what could not.
        ([make_finding("1", error="ACCESS_DENIED"), make_finding("2")], "high", "open to principals outside"),
    ],
)
def test_a_resource_that_is_open_is_one_finding(findings: list[AnalyzerFinding], severity: str, detail: str) -> None:
    ((region, resource, severe, said),) = list_failures("external_access_found", account(*findings))
    assert (region, resource, severe) == (HOME, BUCKET, severity)
    assert said.startswith(detail)


def test_what_every_region_finds_of_iam_is_told_once() -> None:
    both = account(of_role("here"), of_role("there", OTHER), of_role("more", OTHER))
    ((region, resource, _severity, detail),) = list_failures("external_access_found", both)
    assert (region, resource) == ("global", arn("role", "app"))
    assert "(2 active findings" in detail
    # A bucket of each region is another one.
    apart = account(
        make_finding("1", resource="arn:aws:sqs:us-east-1::q"),
        make_finding("2", OTHER, resource="arn:aws:sqs:eu-west-1::q"),
    )
    assert [item[0] for item in list_failures("external_access_found", apart)] == [HOME, OTHER]


def test_kinds_are_told_apart() -> None:
    one_of_each = account(
        make_finding("1"),
        of_role("2", type="UnusedPermission"),
        make_finding("3", type="InternalAccess"),
        kind="ACCOUNT_UNUSED_ACCESS",
    )
    assert [item[2:] for item in list_failures("unused_access_found", one_of_each)] == [
        ("low", "permissions are unused (1 active finding of Access Analyzer)")
    ]
    # Without an analyzer of the kind there is nothing to say, and that is no PASS.
    for control in ("external_access_found", "internal_access_found"):
        assert {item.status.value for item in judge(control, one_of_each)} == {"NOT_APPLICABLE"}


def test_an_unused_key_weighs_more_than_unused_permissions() -> None:
    findings = [of_role("1", type="UnusedPermission"), of_role("2", type="UnusedIAMRole")]
    ((_region, _resource, severity, _detail),) = list_failures(
        "unused_access_found", account(*findings, kind="ORGANIZATION_UNUSED_ACCESS")
    )
    assert severity == "medium"


@pytest.mark.parametrize("status", ["CREATING", "DISABLED", "FAILED"])
def test_an_analyzer_that_is_not_active_proves_nothing(status: str) -> None:
    given = account(regions=(HOME,), analyzers=(analyzer(status=status),))
    assert [item.status.value for item in judge("external_access_found", given)] == ["NOT_APPLICABLE"]


def test_a_region_whose_findings_are_not_read_is_not_assessed_alone() -> None:
    given = account(unread=(unread(Dataset.ANALYZER_FINDINGS, UnreadKind.DENIED, OTHER),))
    assert {item.region: item.status.value for item in judge("external_access_found", given)} == {
        HOME: "PASS",
        OTHER: "NOT_ASSESSED",
    }


@pytest.mark.parametrize(
    ("criteria", "broad"),
    [
        ({"resourceType": Criterion(eq=("AWS::S3::Bucket",))}, True),
        ({"resourceOwnerAccount": Criterion(eq=(ACCOUNT,))}, True),
        ({"isPublic": Criterion(eq=("false",))}, True),
        ({"findingType": Criterion(eq=("UnusedPermission",))}, True),
        ({"resource": Criterion(eq=(BUCKET,))}, False),
        ({"resource": Criterion(eq=("*",))}, True),
        # All but one is a class, whatever that one is.
        ({"resource": Criterion(neq=(BUCKET,))}, True),
        ({"resource": Criterion(exists=True)}, True),
        ({"resource": Criterion(contains=("exchange",))}, False),
        # What all ARNs of a service contain tells none of them apart.
        ({"resource": Criterion(contains=("arn:aws:s3:::",))}, True),
        ({"resource": Criterion(contains=("a", "exchange"))}, True),
        ({"principal.AWS": Criterion(eq=("444455556666",))}, False),
        ({"condition.aws:PrincipalOrgID": Criterion(eq=("o-acmeacme12",))}, False),
        # All must fit, so that one that names something narrows the others.
        ({"isPublic": Criterion(eq=("true",)), "resource": Criterion(eq=(BUCKET,))}, False),
        ({}, True),
    ],
)
def test_a_rule_that_names_nothing_is_broad(criteria: dict[str, Criterion], broad: bool) -> None:
    assert is_broad(ArchiveRule("r", criteria)) is broad


def test_a_broad_rule_fails_its_analyzer_unless_a_service_manages_that() -> None:
    rules = (ArchiveRule("all", {"isPublic": Criterion(eq=("false",))}), ArchiveRule("x", {"id": Criterion(eq=("1",))}))
    details = AnalyzerDetails("a", place(), HOME, "ACCOUNT", "ACTIVE", archive_rules=rules)
    linked = AnalyzerDetails("b", place(OTHER), OTHER, "ACCOUNT", "ACTIVE", archive_rules=rules, managed_by="x")
    findings = judge("archive_rule_broad", account(analyzer_details=(details, linked)))
    assert [(item.region, item.status.value, item.resource_detail) for item in findings] == [
        (HOME, "FAIL", "all"),
        (OTHER, "PASS", None),
    ]
    assert findings[0].evidence.observed == {"rule": "all", "filter": {"isPublic": {"eq": ["false"]}}}


def test_the_evidence_of_a_finding() -> None:
    findings = (make_finding("2", is_public=True, type="ExternalAccess"), make_finding("1"))
    (finding,) = (item for item in judge("external_access_found", account(*findings)) if item.status.value == "FAIL")
    assert finding.evidence.observed == {
        "findings": ["1", "2"],
        "types": ["ExternalAccess"],
        "resource_type": "AWS::S3::Bucket",
        "owner_account": ACCOUNT,
    }
    assert (finding.resource_detail, finding.detail) == (
        None,
        "open to everybody (2 active findings of Access Analyzer)",
    )


def test_a_finding_without_a_resource_is_one_of_its_analyzer() -> None:
    (finding,) = (
        item
        for item in judge("external_access_found", account(make_finding("7", resource="")))
        if item.status.value == "FAIL"
    )
    assert (finding.resource, finding.resource_detail) == (place(), "7")


def test_what_is_resolved_or_archived_is_no_finding() -> None:
    resolved, archived = make_finding("1", status="RESOLVED"), make_finding("2", status="ARCHIVED")
    verdicts = judge("external_access_found", account(resolved, archived))
    assert [(item.status.value, item.detail) for item in verdicts] == [("PASS", "no active finding")] * 2
    assert verdicts[0].evidence.observed == {"population": 0, "unit": "active findings"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("UnusedIAMRole", "the role is unused"),
        ("UnusedIAMUserAccessKey", "an access key is unused"),
        ("UnusedIAMUserPassword", "the password is unused"),
        ("UnusedPermission", "permissions are unused"),
        ("UnusedSomethingNew", "UnusedSomethingNew"),
    ],
)
def test_what_is_unused_is_said(kind: str, said: str) -> None:
    given = account(of_role("1", type=kind), kind="ACCOUNT_UNUSED_ACCESS")
    ((_region, _resource, severity, detail),) = list_failures("unused_access_found", given)
    assert detail == f"{said} (1 active finding of Access Analyzer)"
    assert severity == ("low" if kind == "UnusedPermission" else "medium")


def test_internal_access_is_a_finding_of_its_own() -> None:
    given = account(make_finding("1", type="InternalAccess"), make_finding("2"), kind="ACCOUNT_INTERNAL_ACCESS")
    assert list_failures("internal_access_found", given) == [
        (
            HOME,
            BUCKET,
            "low",
            "principals of the account or organization have access (1 active finding of Access Analyzer)",
        )
    ]


def test_what_could_not_be_analyzed_names_every_reason() -> None:
    ((_region, _resource, _severity, detail),) = list_failures(
        "external_access_found",
        account(make_finding("1", error="INTERNAL_ERROR"), make_finding("2", error="ACCESS_DENIED")),
    )
    assert detail.startswith("could not be analyzed: ACCESS_DENIED, INTERNAL_ERROR (2 active findings")


def test_a_bucket_of_another_region_is_judged_there() -> None:
    """S3 names no region in the ARN, and a bucket has one region all the same."""
    both = account(make_finding("1"), make_finding("2", OTHER, is_public=True))
    assert [
        (region, severity, detail)
        for region, _resource, severity, detail in list_failures("external_access_found", both)
    ] == [
        (HOME, "high", "open to principals outside the account or organization (1 active finding of Access Analyzer)"),
        (OTHER, "critical", "open to everybody (1 active finding of Access Analyzer)"),
    ]


@pytest.mark.parametrize(
    ("part", "broad"),
    [("exch", False), ("exc", True), ("*exc*", True), ("arn:aws:s3:::exch", False), ("arn:aws:s3:::e*", True)],
)
def test_a_part_of_a_name_needs_four_letters(part: str, broad: bool) -> None:
    assert is_broad(ArchiveRule("r", {"resource": Criterion(contains=(part,))})) is broad


@pytest.mark.parametrize("key", ["resource", "principal.AWS", "condition.aws:SourceVpc", "accessPoint", "id"])
def test_the_attributes_that_name_something(key: str) -> None:
    assert not is_broad(ArchiveRule("r", {key: Criterion(eq=("something",))}))
    assert is_broad(ArchiveRule("r", {f"x{key}": Criterion(eq=("something",))}))


@pytest.mark.parametrize("key", ["resourceType", "resourceOwnerAccount", "resourceControlPolicyRestriction", "status"])
def test_the_attributes_of_classes(key: str) -> None:
    assert is_broad(ArchiveRule("r", {key: Criterion(eq=("something",))}))


def test_a_filter_is_shown_as_aws_writes_it() -> None:
    criteria = {
        "resourceType": Criterion(eq=("a",), neq=("b", "c"), contains=("d",), exists=False),
        "status": Criterion(exists=True),
        "id": Criterion(),
    }
    assert format_filter(criteria) == {
        "resourceType": {"eq": ["a"], "neq": ["b", "c"], "contains": ["d"], "exists": False},
        "status": {"exists": True},
        "id": {},
    }


def test_a_broad_rule_is_named_with_what_it_hides() -> None:
    rules = (ArchiveRule("all", {"isPublic": Criterion(eq=("false",)), "status": Criterion(exists=True)}),)
    details = AnalyzerDetails("a", place(), HOME, "ACCOUNT", "ACTIVE", archive_rules=rules)
    finding, passed = judge("archive_rule_broad", account(analyzer_details=(details,)))
    assert finding.detail == "archive rule all hides whatever fits isPublic, status, without naming it"
    assert finding.resource == place()
    assert passed.evidence.observed == {"population": 0, "unit": "archive rules"}
