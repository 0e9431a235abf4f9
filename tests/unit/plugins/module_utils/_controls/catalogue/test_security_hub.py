# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The standards that Security Hub judges by, and what its controls on IAM found."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._account.security_hubs import (
    HubFinding,
    SecurityHubDetails,
    StandardName,
    standard_name,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.security_hub import (
    list_offered_standards,
    newest,
)

from ..hub_samples import (
    CIS_3,
    CIS_5,
    CIS_10,
    CIS_OLD,
    FSBP,
    HOME,
    NIST,
    OTHER,
    account,
    hub,
    off,
    offering,
    standard,
    subscription,
)
from ..samples import ACCOUNT, ROOT, arn, failing, judge, status, unread

BOTH = (subscription(FSBP), subscription(CIS_5))


def test_a_standard_has_one_name_in_all_regions() -> None:
    assert standard_name(standard(CIS_5, HOME)) == standard_name(standard(CIS_5, OTHER))
    assert standard_name(standard(CIS_OLD)) == StandardName("cis-aws-foundations-benchmark", "1.2.0")
    assert standard_name("arn:aws-us-gov:securityhub:us-gov-west-1::standards/pci-dss/v/4.0.1") == StandardName(
        "pci-dss", "4.0.1"
    )
    assert standard_name("arn:aws:securityhub:us-east-1::standards/service-managed-aws-control-tower") is None


def test_versions_are_numbers() -> None:
    details = hub(offered=offering(CIS_3, CIS_10, CIS_5))
    assert newest(list_offered_standards(details), "cis-aws-foundations-benchmark") == StandardName(
        "cis-aws-foundations-benchmark", "10.0.0"
    )
    assert newest(list_offered_standards(details), "pci-dss") is None
    assert list_offered_standards(hub(offered=None)) == ()


@pytest.mark.parametrize(
    ("details", "expected", "told"),
    [
        (hub(*BOTH), "PASS", "cis-aws-foundations-benchmark 5.0.0 are enabled"),
        (hub(*BOTH, subscription(NIST, "INCOMPLETE")), "NOT_ASSESSED", "nist-800-53 5.0.0: INCOMPLETE"),
        (off(), "NOT_APPLICABLE", "is off in this region"),
        (hub(subscription(FSBP)), "FAIL", "not enabled: cis-aws-foundations-benchmark 5.0.0"),
        # What AWS enables by itself.
        (hub(subscription(FSBP), subscription(CIS_OLD)), "FAIL", "cis-aws-foundations-benchmark 5.0.0"),
        (hub(subscription(FSBP), subscription(CIS_3)), "FAIL", "cis-aws-foundations-benchmark 5.0.0"),
        (hub(), "FAIL", "aws-foundational-security-best-practices 1.0.0, cis"),
        (hub(subscription(FSBP), subscription(CIS_5, "FAILED")), "FAIL", "5.0.0 (FAILED)"),
        (hub(subscription(FSBP), subscription(CIS_5, "DELETING")), "FAIL", "5.0.0 (DELETING)"),
        (hub(subscription(FSBP), subscription(CIS_5, "PENDING")), "NOT_ASSESSED", "5.0.0: PENDING"),
        (
            hub(subscription(FSBP), subscription(CIS_5, "INCOMPLETE", reason="NO_AVAILABLE_CONFIGURATION_RECORDER")),
            "NOT_ASSESSED",
            "5.0.0: NO_AVAILABLE_CONFIGURATION_RECORDER",
        ),
        (hub(*BOTH, offered=None), "NOT_ASSESSED", "did not list the standards"),
        # A region that offers no CIS benchmark, or none but older ones.
        (hub(subscription(FSBP), offered=offering(FSBP)), "PASS", "1.0.0 are enabled"),
        (hub(subscription(FSBP), subscription(CIS_3), offered=offering(FSBP, CIS_3)), "PASS", "3.0.0 are enabled"),
        # The administrator's decision is no failure of the account.
        (hub(subscription(CIS_3), policy="p-1"), "NOT_ASSESSED", "managed centrally by the configuration policy p-1"),
        (off(policy="p-1"), "NOT_ASSESSED", "under which it is off"),
        (hub(*BOTH, policy="p-1"), "PASS", "are enabled"),
    ],
)
def test_standards(details: SecurityHubDetails, expected: str, told: str) -> None:
    (finding,) = judge("security_hub_standards", account(details))
    assert finding.status.value == expected
    assert told in finding.detail


def test_standards_are_judged_in_each_region() -> None:
    found = judge("security_hub_standards", account(hub(*BOTH), off(OTHER)))
    assert [(item.region, item.status.value) for item in found] == [(HOME, "PASS"), (OTHER, "NOT_APPLICABLE")]


@pytest.mark.parametrize("control", ["security_hub_standards", "security_hub_iam_failed"])
def test_a_region_that_can_not_be_read_is_not_assessed(control: str) -> None:
    datasets = Dataset.SECURITY_HUB_DETAILS, Dataset.SECURITY_HUB_FINDINGS
    gaps = tuple(unread(dataset, region=OTHER) for dataset in datasets)
    found = judge(control, account(hub(*BOTH), regions=(HOME, OTHER), unread=gaps))
    assert [(item.region, item.status.value) for item in found] == [(HOME, "PASS"), (OTHER, "NOT_ASSESSED")]


@pytest.mark.parametrize("control", ["security_hub_standards", "security_hub_iam_failed"])
def test_nothing_is_said_where_it_was_not_asked_for(control: str) -> None:
    datasets = Dataset.SECURITY_HUB_DETAILS, Dataset.SECURITY_HUB_FINDINGS
    gaps = tuple(unread(dataset, UnreadKind.NOT_REQUESTED) for dataset in datasets)
    assert judge(control, account(unread=gaps)) == ()


@pytest.mark.parametrize("failed", ["FAILED", "DELETING"])
def test_a_hub_whose_standards_judge_nothing_has_none(failed: str) -> None:
    """The control of CIS; the read that counts is tested with the other reads."""
    assert status("security_hub", account(hub(subscription(FSBP, failed)))) == "FAIL"
    assert status("security_hub", account(hub(subscription(FSBP, failed), subscription(CIS_3)))) == "PASS"


def make_finding(control: str, resource: str, region: str = HOME, severity: str = "HIGH") -> HubFinding:
    return HubFinding(region, control, resource, severity, f"{control} should hold", f"{region}/{control}/{resource}")


def test_no_failed_finding_is_a_pass() -> None:
    (finding,) = judge("security_hub_iam_failed", account(hub(*BOTH)))
    assert (finding.status.value, finding.detail) == ("PASS", "no failed findings of the controls IAM.*")
    assert status("security_hub_iam_failed", account(off())) == "NOT_APPLICABLE"


@pytest.mark.parametrize(
    ("label", "severity"),
    [("CRITICAL", "critical"), ("HIGH", "high"), ("MEDIUM", "medium"), ("LOW", "low"), ("INFORMATIONAL", "low")],
)
def test_a_failed_finding_has_the_severity_that_security_hub_gave_it(label: str, severity: str) -> None:
    alice = make_finding("IAM.5", arn("user", "alice"), severity=label)
    (finding,) = judge("security_hub_iam_failed", account(hub(*BOTH), security_hub_findings=(alice,)))
    assert (finding.status.value, finding.severity.value, finding.region) == ("FAIL", severity, "global")
    assert finding.detail == "IAM.5: IAM.5 should hold (1 region)"


def test_the_same_of_iam_in_several_regions_is_told_once() -> None:
    everywhere = [make_finding("IAM.7", f"AWS::::Account:{ACCOUNT}", region) for region in (HOME, OTHER)]
    here = make_finding("IAM.3", arn("user", "alice"))
    snapshot = account(hub(*BOTH), hub(region=OTHER), security_hub_findings=(*everywhere, here))
    assert sorted(failing("security_hub_iam_failed", snapshot)) == [f"{ROOT} IAM.7", f"{arn('user', 'alice')} IAM.3"]
    regions = {item.resource_detail: get_evidence(item)["regions"] for item in list_failures(snapshot)}
    assert regions == {"IAM.7": [OTHER, HOME], "IAM.3": [HOME]}


def test_a_region_that_only_repeats_what_another_one_told_does_not_pass() -> None:
    everywhere = tuple(make_finding("IAM.7", f"AWS::::Account:{ACCOUNT}", region) for region in (HOME, OTHER))
    snapshot = account(hub(*BOTH), hub(region=OTHER), security_hub_findings=everywhere)
    verdicts = judge("security_hub_iam_failed", snapshot)
    assert [item.status.value for item in verdicts] == ["NOT_APPLICABLE", "FAIL"]
    assert verdicts[0].detail == f"failed controls are reported once, in {OTHER}"


def test_only_regions_that_report_the_same_are_named() -> None:
    third = "sa-east-1"
    everywhere = tuple(make_finding("IAM.7", f"AWS::::Account:{ACCOUNT}", region) for region in (HOME, OTHER))
    other = make_finding("IAM.3", arn("user", "alice"), third)
    hubs = (hub(*BOTH), hub(*BOTH, region=OTHER), hub(*BOTH, region=third))
    verdicts = judge("security_hub_iam_failed", account(*hubs, security_hub_findings=(*everywhere, other)))
    assert verdicts[0].detail == f"failed controls are reported once, in {OTHER}"


def list_failures(snapshot: t.Any) -> list[t.Any]:
    return [item for item in judge("security_hub_iam_failed", snapshot) if item.status.value == "FAIL"]


def get_evidence(finding: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", finding.evidence.observed)


def read_finding(control: str, snapshot: t.Any) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, snapshot)
    return finding.detail, finding.evidence.observed


FSBP_NAME, CIS_5_NAME, CIS_OLD_NAME = (
    "aws-foundational-security-best-practices 1.0.0",
    "cis-aws-foundations-benchmark 5.0.0",
    "cis-aws-foundations-benchmark 1.2.0",
)


def test_the_standards_of_a_hub_are_its_evidence() -> None:
    ready = {FSBP_NAME: "READY", CIS_5_NAME: "READY"}
    assert read_finding("security_hub_standards", account(hub(*BOTH))) == (
        f"{FSBP_NAME}, {CIS_5_NAME} are enabled",
        {"population": 2, "unit": "standards", "standards": ready},
    )
    old = account(hub(subscription(FSBP), subscription(CIS_OLD)))
    assert read_finding("security_hub_standards", old) == (
        f"not enabled: {CIS_5_NAME}",
        {FSBP_NAME: "READY", CIS_OLD_NAME: "READY"},
    )
    for control, unit in (("security_hub_standards", "standards"), ("security_hub_iam_failed", "failed findings")):
        assert read_finding(control, account(off())) == (
            "Security Hub is off in this region (control security_hub)",
            {"population": 0, "unit": unit},
        )


def test_a_region_whose_details_are_not_there_is_off() -> None:
    assert read_finding("security_hub_standards", account(off(OTHER), regions=(HOME,)))[0].startswith(
        "Security Hub is off"
    )


@pytest.mark.parametrize(
    ("details", "count", "why"),
    [
        (off(policy="p-1"), 0, "managed centrally by the configuration policy p-1, under which it is off"),
        (
            hub(subscription(FSBP), policy="p-1"),
            1,
            f"managed centrally by the configuration policy p-1, without {CIS_5_NAME}",
        ),
        (hub(*BOTH, offered=None), 0, "AWS did not list the standards of this region"),
        (
            hub(subscription(FSBP, "INCOMPLETE"), subscription(CIS_5), policy="p-1"),
            2,
            f"not all of their controls are ready: {FSBP_NAME}: INCOMPLETE",
        ),
    ],
)
def test_why_standards_are_not_assessed(details: SecurityHubDetails, count: int, why: str) -> None:
    (finding,) = judge("security_hub_standards", account(details))
    assert (finding.status.value, finding.detail) == ("NOT_ASSESSED", why)
    assert finding.evidence.observed == {"population": count, "unit": "standards"}


@pytest.mark.parametrize(
    ("details", "why"),
    [
        (
            hub(),
            "Security Hub is on without any standard, so it does not check IAM (control security_hub)",
        ),
        (
            hub(subscription(FSBP, "PENDING"), subscription(CIS_5, "PENDING")),
            f"none of the standards is ready ({FSBP_NAME}: PENDING, {CIS_5_NAME}: PENDING)",
        ),
        (hub(subscription(FSBP, "PENDING"), subscription(CIS_5, "INCOMPLETE")), ""),
    ],
)
def test_no_finding_proves_nothing_without_a_standard_that_judges(details: SecurityHubDetails, why: str) -> None:
    (finding,) = judge("security_hub_iam_failed", account(details))
    passed = "no failed findings of the controls IAM.*"
    assert (finding.status.value, finding.detail) == (("NOT_ASSESSED", why) if why else ("PASS", passed))
    assert finding.evidence.observed == {"population": 0, "unit": "failed findings"}


def test_the_evidence_of_a_failed_finding() -> None:
    everywhere = [make_finding("IAM.7", arn("user", "alice"), region, "HIGH") for region in (HOME, OTHER)]
    regions = account(hub(*BOTH), hub(*BOTH, region=OTHER), security_hub_findings=(*everywhere,))
    (finding,) = list_failures(regions)
    assert finding.evidence.observed == {"control": "IAM.7", "regions": [OTHER, HOME]}
    assert finding.detail == "IAM.7: IAM.7 should hold (2 regions)"
    assert (finding.resource, finding.resource_detail) == (arn("user", "alice"), "IAM.7")
