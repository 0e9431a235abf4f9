# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Config's rules on IAM: that they are there, once each, and what they found."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._controls.catalogue.config_rules import (
    region_for_once,
    regions_recording_iam,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Status

from ..config_samples import HOME, ONCE, OTHER, RECORDED, account, all_rules, recorder, rule, verdict
from ..samples import ACCOUNT, ROOT, arn, judge, unread

BOTH = (HOME, OTHER)


def failing(control: str, snapshot: t.Any) -> list[Finding]:
    return [finding for finding in judge(control, snapshot) if finding.status is Status.FAIL]


def status(control: str, snapshot: t.Any) -> Status:
    (only,) = {finding.status for finding in judge(control, snapshot)}
    return only


def test_iam_is_recorded_in_one_region() -> None:
    assert status("config_iam_recorded_once", account(regions=BOTH)) is Status.PASS
    twice = (recorder(HOME), recorder(OTHER, includes_global_types=True))
    (finding,) = failing("config_iam_recorded_once", account(regions=BOTH, config_recorders=twice))
    assert finding.evidence.observed == {"regions": [OTHER, HOME]}
    stopped = (recorder(HOME), recorder(OTHER, includes_global_types=True, recording=False))
    assert status("config_iam_recorded_once", account(regions=BOTH, config_recorders=stopped)) is Status.PASS
    assert status("config_iam_recorded_once", account(config_recorders=())) is Status.NOT_APPLICABLE
    # One that can't be read may record it too.
    gap = unread(Dataset.CONFIG_RECORDERS, UnreadKind.DENIED, OTHER)
    half = account(regions=BOTH, config_recorders=(recorder(HOME),), unread=(gap,))
    assert status("config_iam_recorded_once", half) is Status.NOT_ASSESSED


def missing(snapshot: t.Any) -> dict[str, list[str]]:
    return {finding.region: finding.evidence.observed["missing"] for finding in failing("config_iam_rules", snapshot)}


def test_rules_are_where_they_belong() -> None:
    assert status("config_iam_rules", account(config_rules=all_rules())) is Status.PASS
    none = missing(account(regions=BOTH))
    assert set(none[HOME]) == {*ONCE, *RECORDED, "external-analyzer"}
    assert none[OTHER] == ["external-analyzer"]
    # What is judged once may be anywhere; what changes trigger has to be where IAM is recorded.
    elsewhere = (
        *(rule(name, OTHER) for name in (*ONCE, *RECORDED)),
        *(rule("external-analyzer", name) for name in BOTH),
    )
    assert missing(account(regions=BOTH, config_rules=elsewhere)) == {HOME: RECORDED}


@pytest.mark.parametrize(
    "fields",
    [{"narrowed": True}, {"state": "DELETING"}, {"state": "DELETING_RESULTS"}],
    ids=str,
)
def test_a_rule_that_judges_a_part_only_is_missing(fields: dict[str, t.Any]) -> None:
    rules = [item for item in all_rules() if "root-mfa" not in item.name]
    for other in (
        rule("theirs", kind="root-mfa"),
        rule("hub", kind="root-mfa", created_by="securityhub.amazonaws.com"),
    ):
        assert missing(account(config_rules=(*rules, other))) == {}
    assert missing(account(config_rules=(*rules, rule("root-mfa", **fields)))) == {HOME: ["root-mfa"]}


def test_a_region_without_a_recorder_has_no_rules_to_lack() -> None:
    assert status("config_iam_rules", account(config_recorders=())) is Status.NOT_APPLICABLE


def test_resources_that_a_rule_found_are_findings() -> None:
    user = ("AWS::IAM::User", "AIDAEXAMPLE", arn("user", "alice"))
    found = verdict("user-no-policies", resources=[user])
    (finding,) = failing("config_iam_compliant", account(config_compliance=(found,)))
    assert (finding.region, finding.resource) == ("global", arn("user", "alice"))
    assert (finding.resource_detail, finding.severity.value) == ("user-no-policies", "low")
    assert "IAM_USER_NO_POLICIES_CHECK" in finding.detail


def test_the_same_breach_is_told_once_over_rules_and_regions() -> None:
    root = ("AWS::::Account", "111122223333")
    both = tuple(verdict("root-mfa", region, resources=[root]) for region in BOTH)
    (finding,) = failing("config_iam_compliant", account(regions=BOTH, config_compliance=both))
    assert (finding.resource, finding.severity.value) == (ROOT, "critical")
    assert finding.evidence.observed["regions"] == [OTHER, HOME]
    # But each region has analyzers of its own.
    each = tuple(verdict("external-analyzer", region, resources=[root]) for region in BOTH)
    found = failing("config_iam_compliant", account(regions=BOTH, config_compliance=each))
    assert {item.region for item in found} == set(BOTH)


def test_what_a_service_does_not_tell_is_a_finding_on_the_account() -> None:
    hub = verdict("console-mfa", created_by="securityhub.amazonaws.com")
    (finding,) = failing("config_iam_compliant", account(config_compliance=(hub,)))
    assert finding.resource == ROOT
    assert "only securityhub.amazonaws.com lists the resources" in finding.detail


def test_a_rule_without_a_verdict_is_no_pass() -> None:
    good, waiting = verdict("root-mfa", compliance="COMPLIANT"), verdict("console-mfa", compliance="INSUFFICIENT_DATA")
    assert status("config_iam_compliant", account(config_compliance=(good,))) is Status.PASS
    (finding,) = judge("config_iam_compliant", account(config_compliance=(good, waiting)))
    assert finding.status is Status.NOT_ASSESSED
    assert "rule-console-mfa" in finding.detail
    assert status("config_iam_compliant", account()) is Status.NOT_APPLICABLE


def read_finding(control: str, snapshot: t.Any) -> tuple[str, t.Any]:
    """What the one finding of a control says, and its evidence."""
    (finding,) = judge(control, snapshot)
    return finding.detail, finding.evidence.observed


def test_where_iam_is_recorded_is_said() -> None:
    one = account(regions=BOTH, config_recorders=(recorder(HOME), recorder(OTHER)))
    assert read_finding("config_iam_recorded_once", one) == (
        "IAM is recorded only in us-east-1",
        {"population": 2, "unit": "recorders"},
    )
    twice = account(regions=BOTH, config_recorders=(recorder(HOME), recorder(OTHER, includes_global_types=True)))
    assert read_finding("config_iam_recorded_once", twice)[0] == "recorded, and billed, in eu-west-1, us-east-1"
    none = account(config_recorders=(recorder(HOME, includes_global_types=False),))
    assert read_finding("config_iam_recorded_once", none)[0] == "IAM is not recorded (control config_records_iam)"
    gap = unread(Dataset.CONFIG_RECORDERS, UnreadKind.DENIED, OTHER)
    half = account(regions=BOTH, config_recorders=(recorder(HOME),), unread=(gap,))
    assert read_finding("config_iam_recorded_once", half)[0] == "some regions were not read: eu-west-1"


def test_the_rules_that_are_there_are_counted_and_missing_ones_named() -> None:
    wanted = len(ONCE) + len(RECORDED) + 1
    assert read_finding("config_iam_rules", account(config_rules=all_rules())) == (
        f"{wanted} managed rules on IAM are here",
        {"population": wanted, "unit": "rules"},
    )
    rules = [item for item in all_rules() if "root-mfa" not in item.name]
    detail, observed = read_finding("config_iam_rules", account(config_rules=tuple(rules)))
    assert (detail, observed) == ("missing: root-mfa", {"missing": ["root-mfa"]})
    detail, _observed = read_finding("config_iam_rules", account())
    assert detail == f"missing: {', '.join(sorted((*ONCE, *RECORDED, 'external-analyzer')))}"
    nowhere = read_finding("config_iam_rules", account(config_recorders=(recorder(OTHER),)))
    assert nowhere[0] == "no recorder in this region (control config_recorder)"


def test_rules_that_need_iam_recorded_belong_where_it_is() -> None:
    elsewhere = (recorder(HOME, includes_global_types=False), recorder(OTHER, includes_global_types=True))
    none = missing(account(regions=BOTH, config_recorders=elsewhere))
    assert set(none[OTHER]) == {*RECORDED, "external-analyzer"}
    assert set(none[HOME]) == {*ONCE, "external-analyzer"}


def test_what_is_judged_once_is_judged_in_the_home_region_if_that_is_looked_at() -> None:
    assert region_for_once(account(regions=("sa-east-1", HOME))) == HOME
    assert region_for_once(account(regions=("sa-east-1", OTHER))) == "sa-east-1"
    assert region_for_once(account(regions=())) == HOME
    both = (recorder("sa-east-1", includes_global_types=True), recorder(OTHER, includes_global_types=True))
    assert regions_recording_iam(account(regions=(OTHER,), config_recorders=both)) == [OTHER, "sa-east-1"]
    assert regions_recording_iam(account(regions=("sa-east-1",), config_recorders=both)) == ["sa-east-1", OTHER]
    assert regions_recording_iam(account(config_recorders=(*both, recorder(HOME)))) == [HOME, OTHER, "sa-east-1"]


def test_the_evidence_of_a_breach_names_rules_regions_and_the_resource() -> None:
    user = ("AWS::IAM::User", "AIDAEXAMPLE", arn("user", "alice"), "no MFA")
    found = (
        verdict("console-mfa", HOME, resources=[user]),
        dataclasses.replace(verdict("console-mfa", OTHER, resources=[user]), rule="theirs"),
    )
    (finding,) = failing("config_iam_compliant", account(regions=BOTH, config_compliance=found))
    assert finding.evidence.observed == {
        "rules": ["rule-console-mfa", "theirs"],
        "regions": [OTHER, HOME],
        "type": "AWS::IAM::User",
        "id": "AIDAEXAMPLE",
    }
    assert finding.detail == "console-mfa does not hold (MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS): no MFA"
    assert finding.severity.value == "medium"


def test_a_resource_without_an_arn_is_called_by_its_type_and_id() -> None:
    found = verdict("user-no-policies", resources=[("AWS::IAM::User", "AIDAEXAMPLE")])
    (finding,) = failing("config_iam_compliant", account(config_compliance=(found,)))
    assert finding.resource == "AWS::IAM::User/AIDAEXAMPLE"
    assert finding.detail == "user-no-policies does not hold (IAM_USER_NO_POLICIES_CHECK)"


def test_a_breach_without_resources_is_one_of_the_account() -> None:
    (finding,) = failing("config_iam_compliant", account(config_compliance=(verdict("console-mfa"),)))
    assert finding.detail.endswith(": found by rule-console-mfa")
    assert (finding.evidence.observed["type"], finding.evidence.observed["id"]) == ("AWS::::Account", ACCOUNT)
    hub = verdict("console-mfa", created_by="securityhub.amazonaws.com")
    (finding,) = failing("config_iam_compliant", account(config_compliance=(hub,)))
    owner = "only securityhub.amazonaws.com lists the resources"
    assert finding.detail.endswith(f": found by rule-console-mfa; {owner}")


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        *((name, "critical") for name in ("root-access-key", "root-mfa", "root-hardware-mfa")),
        *((name, "high") for name in ("admin-policies", "external-analyzer")),
        *((name, "low") for name in ("user-no-policies", "support-role", "full-service-access", "no-inline-policies")),
        ("password-policy", "medium"),
    ],
)
def test_severities_by_rule(name: str, severity: str) -> None:
    (finding,) = failing("config_iam_compliant", account(config_compliance=(verdict(name),)))
    assert (finding.severity.value, finding.resource_detail) == (severity, name)
    assert finding.region == (HOME if name == "external-analyzer" else "global")


def test_rules_without_a_verdict_are_listed() -> None:
    good = verdict("root-mfa", compliance="COMPLIANT")
    waiting = [verdict(name, compliance="INSUFFICIENT_DATA") for name in ("support-role", "console-mfa")]
    assert read_finding("config_iam_compliant", account(config_compliance=(good,))) == (
        "1 managed rules on IAM found nothing",
        {"population": 1, "unit": "rules"},
    )
    detail, observed = read_finding("config_iam_compliant", account(config_compliance=(good, *waiting)))
    assert detail == "not evaluated yet, or without anything to evaluate: rule-console-mfa, rule-support-role"
    assert observed == {
        "population": 3,
        "unit": "rules",
        "insufficient_data": ["rule-console-mfa", "rule-support-role"],
    }
    other = account(regions=BOTH, config_compliance=(verdict("root-mfa", OTHER, "COMPLIANT"), good))
    assert {item.evidence.observed["population"] for item in judge("config_iam_compliant", other)} == {1}
    assert read_finding("config_iam_compliant", account())[0] == (
        "no managed rule on IAM in this region (control config_iam_rules)"
    )
