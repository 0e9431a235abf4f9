# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._controls.regions import REGION_CONTROL
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import (
    Evidence,
    Finding,
    Severity,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._report.delta import compare, count_unaccepted

from . import samples

ROOT = f"arn:aws:iam::{samples.ACCOUNT}:root"
EARLIER = samples.run("20261118T020000Z")


def report(*findings: Finding, earlier: bool = False) -> dict[str, t.Any]:
    return samples.assessment(list(findings), **({"run": EARLIER} if earlier else {}))


def after(before: list[Finding], now: list[Finding]) -> dict[str, t.Any]:
    return compare(report(*now), compare(report(*before, earlier=True), None))


def key(name: str, status: Status = Status.FAIL, **more: t.Any) -> Finding:
    return samples.finding("access_key_age", samples.arn("user", name), status, **more)


def test_without_an_earlier_assessment_nothing_is_new() -> None:
    first = compare(report(key("alice")), None)
    assert first["delta"]["basis"] is None
    assert first["delta"]["new"] == []
    assert first["findings"][0]["first_seen"] == "2026-11-25T02:00:00Z"


def test_what_is_new_and_what_is_resolved() -> None:
    compared = after([key("alice"), key("bob")], [key("bob"), key("carol")])
    assert compared["delta"]["previous_run"] == EARLIER.id
    assert compared["delta"]["basis"] == "previous_run"
    assert compared["delta"]["new"] == [key("carol").fingerprint]
    assert [item["resource"] for item in compared["delta"]["resolved"]] == [samples.arn("user", "alice")]
    assert compared["delta"]["changed"] == []


def test_first_seen_is_carried_over() -> None:
    earlier = report(key("bob"), earlier=True)
    earlier["findings"][0]["first_seen"] = "2026-01-01T00:00:00Z"
    compared = compare(report(key("bob"), key("carol")), earlier)
    seen = {item["resource"]: item["first_seen"] for item in compared["findings"]}
    assert seen == {
        samples.arn("user", "bob"): "2026-01-01T00:00:00Z",
        samples.arn("user", "carol"): "2026-11-25T02:00:00Z",
    }


def test_a_control_that_passes_now_resolves_its_findings() -> None:
    compared = after([key("alice")], [samples.finding("access_key_age", ROOT, Status.PASS)])
    assert len(compared["delta"]["resolved"]) == 1


def test_a_finding_is_not_resolved_by_a_read_that_failed() -> None:
    denied = samples.finding("access_key_age", ROOT, Status.NOT_ASSESSED)
    compared = after([key("alice")], [denied])
    assert compared["delta"]["resolved"] == []
    assert [item["resource"] for item in compared["delta"]["not_assessed"]] == [samples.arn("user", "alice")]


def test_a_finding_is_not_resolved_by_leaving_its_control_out() -> None:
    compared = after([key("alice")], [samples.finding("root_mfa_enabled", ROOT, Status.PASS)])
    assert compared["delta"]["resolved"] == []
    assert len(compared["delta"]["not_assessed"]) == 1


def test_a_finding_that_was_out_of_sight_is_not_new_when_it_is_seen_again() -> None:
    blind = after([key("alice")], [samples.finding("access_key_age", ROOT, Status.NOT_ASSESSED)])
    first_seen = blind["delta"]["not_assessed"][0]["first_seen"]
    again = compare(report(key("alice")), blind)
    assert again["delta"]["new"] == []
    assert again["delta"]["changed"] == []
    assert again["findings"][0]["first_seen"] == first_seen


def test_a_region_that_was_not_assessed_resolves_nothing_there() -> None:
    def analyzer(region: str, status: Status = Status.FAIL) -> Finding:
        return samples.finding("external_access_analyzer", ROOT, status, region=region)

    compared = after(
        [analyzer("eu-west-1"), analyzer("us-east-1")],
        [analyzer("us-east-1", Status.PASS)],
    )
    assert [item["region"] for item in compared["delta"]["resolved"]] == ["us-east-1"]
    assert [item["region"] for item in compared["delta"]["not_assessed"]] == ["eu-west-1"]


def test_a_control_that_fails_for_a_region_passes_for_the_account() -> None:
    """Controls on the whole account name the region of what fails, and pass once for all."""
    passed = samples.finding("external_access_analyzer", ROOT, Status.PASS)
    compared = after([samples.finding("external_access_analyzer", ROOT, region="eu-west-1")], [passed])
    assert len(compared["delta"]["resolved"]) == 1


def test_waiving_and_a_change_of_severity_are_changes() -> None:
    waiver = samples.make_other_findings()[0].waiver
    compared = after(
        [key("alice"), key("bob"), key("carol", Status.WAIVED, waiver=waiver)],
        [key("alice", Status.WAIVED, waiver=waiver), key("bob", severity=Severity.LOW), key("carol")],
    )
    changes = {item["fingerprint"]: (item["from"], item["to"]) for item in compared["delta"]["changed"]}
    assert changes == {
        key("alice").fingerprint: ({"status": "FAIL", "severity": "high"}, {"status": "WAIVED", "severity": "high"}),
        key("bob").fingerprint: ({"status": "FAIL", "severity": "high"}, {"status": "FAIL", "severity": "low"}),
        key("carol").fingerprint: ({"status": "WAIVED", "severity": "high"}, {"status": "FAIL", "severity": "high"}),
    }
    assert compared["delta"]["new"] == []


def test_an_age_that_grows_is_no_change() -> None:
    compared = after([key("alice", detail="91 days")], [key("alice", detail="98 days")])
    assert compared["delta"]["changed"] == []


def test_a_finding_that_is_waived_from_the_start_is_not_new() -> None:
    compared = after([], [key("alice", Status.WAIVED, waiver=samples.make_other_findings()[0].waiver)])
    assert compared["delta"]["new"] == []


def test_the_assessment_before_the_changes_stands_in_for_an_earlier_run() -> None:
    passed = samples.finding("password_min_length", ROOT, Status.PASS)
    before = report(samples.finding("password_min_length", ROOT))
    compared = compare(report(passed), None, before)
    assert compared["delta"]["basis"] == "before_changes"
    assert len(compared["delta"]["resolved"]) == 1
    earlier = report(earlier=True)
    assert compare(report(passed), earlier, before)["delta"]["basis"] == "previous_run"


def test_scores_keep_what_they_were_before_the_changes_of_the_run() -> None:
    earlier = samples.assessment(run=EARLIER, scores=[{**samples.SCORES[0], "percent": 12.5}])
    before = samples.assessment(scores=[{**samples.SCORES[0], "percent": 41.2}])
    compared = compare(samples.assessment(), earlier, before)
    assert [score["percent_before"] for score in compared["scores"]] == [41.2, None]
    assert compared["delta"]["previous_run"] == EARLIER.id
    assert [score["percent_before"] for score in compare(samples.assessment(), earlier)["scores"]] == [None, None]


def test_key_ids_that_an_earlier_report_revealed_are_masked() -> None:
    plain = samples.assessment(samples.failing(), reveal_key_ids=True)
    now = samples.assessment([samples.finding("access_key_age", samples.arn("user", "x"), Status.PASS)])
    resolved = compare(now, plain)["delta"]["resolved"]
    assert samples.OLD_KEYS["legacy-erp"] not in json.dumps(resolved)
    shown = compare(now, plain, reveal_key_ids=True)["delta"]["resolved"]
    assert samples.OLD_KEYS["legacy-erp"] in json.dumps(shown)


def test_a_resource_that_could_not_be_judged_is_not_resolved_by_the_failure_of_another() -> None:
    """F4: alice's key could not be judged, bob's fails: nothing says that alice's is well."""
    compared = after([key("alice"), key("bob")], [key("bob"), key("alice", Status.NOT_ASSESSED)])
    assert compared["delta"]["resolved"] == []
    assert [item["resource"] for item in compared["delta"]["not_assessed"]] == [samples.arn("user", "alice")]


def test_a_resource_that_could_not_be_judged_leaves_the_others_their_verdict() -> None:
    compared = after([key("alice"), key("bob")], [key("alice", Status.NOT_ASSESSED)])
    assert [item["resource"] for item in compared["delta"]["resolved"]] == [samples.arn("user", "bob")]
    assert [item["resource"] for item in compared["delta"]["not_assessed"]] == [samples.arn("user", "alice")]


def test_what_is_said_of_the_whole_account_is_said_of_each_resource() -> None:
    unknown = samples.finding("access_key_age", ROOT, Status.NOT_ASSESSED)
    compared = after([key("alice"), key("bob")], [key("bob"), unknown])
    assert compared["delta"]["resolved"] == []


def test_a_region_that_was_not_read_resolves_nothing_even_where_the_account_passes() -> None:
    unread = samples.finding("external_access_analyzer", ROOT, Status.NOT_ASSESSED, control=REGION_CONTROL)
    unread = dataclasses.replace(unread, region="eu-west-1")
    passed = samples.finding("external_access_analyzer", ROOT, Status.PASS)
    before = [samples.finding("external_access_analyzer", ROOT, region=region) for region in ("eu-west-1", "us-east-1")]
    compared = after(before, [passed, unread])
    assert [item["region"] for item in compared["delta"]["resolved"]] == ["us-east-1"]
    assert [item["region"] for item in compared["delta"]["not_assessed"]] == ["eu-west-1"]


def test_regions_that_aws_did_not_list_resolve_nothing_in_a_region() -> None:
    unlisted = samples.finding("external_access_analyzer", ROOT, Status.NOT_ASSESSED, control=REGION_CONTROL)
    passed = samples.finding("external_access_analyzer", ROOT, Status.PASS)
    compared = after([samples.finding("external_access_analyzer", ROOT, region="eu-west-1")], [passed, unlisted])
    assert compared["delta"]["resolved"] == []
    assert len(after([key("alice")], [key("bob"), unlisted])["delta"]["resolved"]) == 1


def test_findings_of_a_control_that_an_upgrade_added_are_not_new() -> None:
    known = {name: samples.CONTROLS[name].text() for name in samples.CONTROLS if name != "root_mfa_enabled"}
    earlier = compare(samples.assessment([key("alice")], run=EARLIER, controls=known), None)
    compared = compare(report(key("alice"), key("bob"), samples.finding("root_mfa_enabled", ROOT)), earlier)
    assert compared["delta"]["new"] == [key("bob").fingerprint]
    assert compared["delta"]["newly_assessed"] == [samples.finding("root_mfa_enabled", ROOT).fingerprint]
    assert (compared["delta"]["upgraded"], count_unaccepted(compared)["newly assessed"]) == (False, 1)
    older = {**earlier, "run": {**earlier["run"], "control_catalog_version": "2026.10"}}
    upgraded = compare(report(key("alice"), key("bob"), samples.finding("root_mfa_enabled", ROOT)), older)
    assert (upgraded["delta"]["upgraded"], count_unaccepted(upgraded)["newly assessed"]) == (True, 0)
    assert upgraded["delta"]["newly_assessed"] == compared["delta"]["newly_assessed"]
    again = compare(report(key("alice"), samples.finding("root_mfa_enabled", ROOT)), compared)
    assert again["delta"]["new"] == again["delta"]["newly_assessed"] == []


def test_findings_of_a_region_that_was_left_out_before_are_not_new() -> None:
    there = samples.finding("external_access_analyzer", ROOT, region="ap-south-1")
    here = samples.finding("external_access_analyzer", ROOT, Status.PASS, region="us-east-1")
    compared = after([here], [here, there])
    assert (compared["delta"]["new"], compared["delta"]["newly_assessed"]) == ([], [there.fingerprint])


def test_what_was_denied_before_is_new_when_it_is_seen() -> None:
    """Who denies a read and opens a door meanwhile must not pass for an upgrade."""
    there = samples.finding("external_access_analyzer", ROOT, region="ap-east-1")
    here = samples.finding("external_access_analyzer", ROOT, Status.PASS, region="us-east-1")
    denied = samples.finding("external_access_analyzer", ROOT, Status.NOT_ASSESSED, region="ap-east-1")
    assert after([here, denied], [here, there])["delta"]["new"] == [there.fingerprint]
    # The report's scope names ap-east-1 as a region that could not be read.
    assert after([here], [here, there])["delta"]["new"] == [there.fingerprint]


def test_without_an_earlier_report_nothing_is_newly_assessed() -> None:
    assert compare(report(key("alice")), None)["delta"]["newly_assessed"] == []


def test_a_report_of_an_older_version_is_compared_with() -> None:
    older = compare(report(key("alice"), earlier=True), None)
    del older["delta"]["newly_assessed"]
    older["scope"]["regions_not"] = [{"region": "ap-east-1", "reason": "denied"}]
    assert compare(report(key("alice"), key("bob")), older)["delta"]["new"] == [key("bob").fingerprint]


def trusting(*accounts: str, status: Status = Status.FAIL) -> Finding:
    waiver = samples.make_other_findings()[0].waiver if status is Status.WAIVED else None
    return key("alice", status, evidence=Evidence({"trusts": list(accounts)}), waiver=waiver)


def test_another_reason_is_a_change() -> None:
    """F8: the resource and the control are those of before, and whom the role trusts is not."""
    verdict = {"status": "FAIL", "severity": "high"}
    compared = after([trusting("1")], [trusting("1", "2")])
    fingerprint = key("alice").fingerprint
    assert compared["delta"]["changed"] == [
        {"fingerprint": fingerprint, "from": verdict, "to": verdict, "reason_changed": True}
    ]
    assert count_unaccepted(compared)["no longer waived"] == 0
    assert after([trusting("1", "2")], [trusting("2", "1")])["delta"]["changed"] == []


def test_what_is_waived_no_longer_since_its_reason_changed_fails_again() -> None:
    assert count_unaccepted(after([trusting("1", status=Status.WAIVED)], [trusting("1", "2")]))["no longer waived"] == 1
    assert count_unaccepted(after([trusting("1", status=Status.WAIVED)], [trusting("1")]))["no longer waived"] == 0


def test_what_is_waived_no_longer_since_it_is_worse_now_fails_again() -> None:
    accepted, again = trusting("1", status=Status.WAIVED), trusting("1")
    worse = dataclasses.replace(again, severity=Severity.CRITICAL)
    better = dataclasses.replace(again, severity=Severity.LOW)
    assert count_unaccepted(after([accepted], [worse]))["no longer waived"] == 1
    # Its waiver expired or is gone: nothing about the finding is new.
    assert count_unaccepted(after([accepted], [better]))["no longer waived"] == 0
    assert count_unaccepted(after([again], [worse]))["no longer waived"] == 0


def test_a_report_without_reasons_is_compared_with() -> None:
    older = compare(report(trusting("1"), earlier=True), None)
    del older["findings"][0]["reason_fingerprint"]
    assert compare(report(trusting("1", "2")), older)["delta"]["changed"] == []
