# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Config's rules on IAM: that they are there, once each, and what they found."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Finding, Status

from ..config_samples import HOME, ONCE, OTHER, RECORDED, account, all_rules, recorder, rule, verdict
from ..samples import ROOT, arn, judge, unread

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
    assert "told by securityhub.amazonaws.com alone" in finding.detail


def test_a_rule_without_a_verdict_is_no_pass() -> None:
    good, waiting = verdict("root-mfa", compliance="COMPLIANT"), verdict("console-mfa", compliance="INSUFFICIENT_DATA")
    assert status("config_iam_compliant", account(config_compliance=(good,))) is Status.PASS
    (finding,) = judge("config_iam_compliant", account(config_compliance=(good, waiting)))
    assert finding.status is Status.NOT_ASSESSED
    assert "rule-console-mfa" in finding.detail
    assert status("config_iam_compliant", account()) is Status.NOT_APPLICABLE
