# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._report.fleet import build, slim

from . import samples


def fleet(**more: t.Any) -> dict[str, t.Any]:
    """Two accounts with reports, one that failed, one that is missing."""
    reports = [account("333344445555", "acme-dev"), samples.compare_report()]
    options: dict[str, t.Any] = {
        "run_id": samples.run().id,
        "created": samples.NOW,
        "reports": reports,
        "failures": [{"host": "acme-legacy", "account_id": "444455556666", "message": samples.HOSTILE}],
        "expected": [report["account_id"] for report in reports] + ["444455556666", "555566667777"],
    }
    return build(**{**options, **more})


def account(account_id: str, alias: t.Optional[str] = None) -> dict[str, t.Any]:
    """The sample's report, as of another account."""
    report = samples.complete_report()
    findings = [{**finding, "account_id": account_id} for finding in report["findings"]]
    return {**report, "account_id": account_id, "account_alias": alias, "findings": findings}


def test_totals_are_those_of_all_accounts() -> None:
    document = fleet()
    assert document["summary"] == {"critical": 4, "high": 20, "medium": 6, "low": 2, "total": 32}
    assert document["totals"] == {
        "accounts": 2,
        "new": 1,
        "newly_assessed": 0,
        "resolved": 1,
        "changes_applied": 2,
        "changes_planned": 0,
        "changes_if_approved": 0,
        "changes_reported": 2,
        "refused": 2,
        "waived": 2,
    }


def test_what_an_organization_is_told_of_its_members_stands_with_the_account_it_was_assessed_from() -> None:
    report = samples.compare_report()
    findings = [{**finding, "account_id": "999988887777"} for finding in report["findings"]]
    report = {**report, "findings": findings, "delta": {**report["delta"], "new": [f["fingerprint"] for f in findings]}}
    document = fleet(reports=[report], failures=[], expected=[])
    assert {account for row in document["top_controls"] for account in row["accounts"]} == {report["account_id"]}
    assert document["new_criticals"]
    assert {item["account_id"] for item in document["new_criticals"]} == {report["account_id"]}


def test_failed_and_missing_accounts_are_named() -> None:
    document = fleet()
    assert [(item["host"], item["account_id"]) for item in document["failed"]] == [("acme-legacy", "444455556666")]
    assert document["missing"] == ["555566667777"]


def test_a_failure_whose_account_is_not_known_hides_no_missing_account() -> None:
    document = fleet(failures=[{"host": "acme-legacy", "message": "no route"}])
    assert document["failed"] == [{"host": "acme-legacy", "account_id": None, "message": "no route"}]
    assert document["missing"] == ["444455556666", "555566667777"]


def test_an_account_may_fail_and_have_a_report() -> None:
    document = fleet(failures=[{"host": "acme-dev", "account_id": "333344445555", "message": "a write failed"}])
    assert len(document["accounts"]) == 2
    assert len(document["failed"]) == 1


def test_accounts_have_their_row_in_the_order_of_their_ids() -> None:
    first, second = fleet()["accounts"]
    assert (first["account_id"], second["account_id"]) == (samples.ACCOUNT, "333344445555")
    assert (first["new"], first["resolved"], first["changes_applied"], first["changes_reported"]) == (1, 1, 1, 1)
    assert first["score"]["percent"] == 62
    assert first["report"] == "222233334444/report.json"


def test_the_score_of_the_fleet_is_that_of_all_verdicts() -> None:
    low = account("333344445555")
    low["scores"] = [{**samples.SCORES[0], "passed": 0, "failed": 13, "percent": 0, "coverage_percent": 50}]
    score = fleet(reports=[samples.complete_report(), low])["score"]
    assert (score["passed"], score["failed"], score["percent"], score["accounts"]) == (13, 21, 38.2, 2)
    assert score["coverage_percent"] == 70.5


def test_one_account_with_another_benchmark_does_not_replace_the_score_of_the_others() -> None:
    odd = account("000000000001")
    odd["scores"] = [{**samples.SCORES[0], "benchmark": "x", "passed": 9, "failed": 0}]
    score = fleet(reports=[odd, samples.complete_report(), account("333344445555")])["score"]
    assert (score["benchmark"], score["accounts"], score["passed"]) == ("cis_7.0", 2, 26)


def test_what_fails_is_said_with_the_thresholds_of_the_account_that_has_it() -> None:
    last = {**account("999999999999"), "findings": [], "thresholds": {"key_age_days": "0 (nobody)"}}
    problems = [row["problem"] for row in fleet()["top_controls"]]
    assert [
        row["problem"]
        for row in fleet(reports=[*(account(name) for name in ("1" * 12, "2" * 12)), last])["top_controls"]
    ] == problems


def test_what_fails_most_is_worst_first() -> None:
    rows = fleet()["top_controls"]
    assert [row["severity"] for row in rows] == ["critical", "critical", "high", "high", "medium", "medium", "low"]
    keys = next(row for row in rows if row["control"] == "access_key_age")
    assert (keys["findings"], keys["accounts"]) == (14, [samples.ACCOUNT, "333344445555"])
    assert keys["problem"] == "14 access keys older than 90 days"


def test_new_criticals_are_told_with_account_and_resource() -> None:
    (new,) = fleet()["new_criticals"]
    assert (new["account_id"], new["name"], new["problem"]) == (samples.ACCOUNT, "root", "Root user has an access key")


def test_a_run_in_which_every_account_failed_has_a_report() -> None:
    document = fleet(reports=[])
    assert document["score"] is None
    assert document["summary"]["total"] == 0
    assert document["accounts"] == []


WAVES: t.Final = (
    {"name": "canary", "state": "passed", "accounts": ["222233334444"], "reasons": [], "until": None},
    {
        "name": "dev",
        "state": "closed",
        "accounts": ["333344445555"],
        "reasons": ["2 refused changes, allowed are 0 (hardening_wave_max_refusals)", samples.HOSTILE],
        "until": None,
    },
    {"name": "prod", "state": "not_begun", "accounts": ["555566667777"], "reasons": [], "until": None},
)


def test_accounts_of_a_wave_that_did_not_begin_are_not_missing() -> None:
    document = fleet(waves=WAVES)
    assert document["waves"] == list(WAVES)
    assert document["not_begun"] == ["555566667777"]
    assert document["missing"] == []
    assert fleet()["missing"] == ["555566667777"]


STOP: t.Final = "the stop switch journal/control/stop is set: INC-7. Remove that object to go on"


def held_back(account_id: str, *reasons: tuple[str, str]) -> dict[str, t.Any]:
    """The report of an account with these refusals besides its own: rule and reason of each."""
    report = account(account_id)
    refused = [
        {"rule": rule, "reason": reason, "target": "account", "operation": "Write", "module": "password_policy"}
        for rule, reason in reasons
    ]
    return {**report, "refused": [*report["refused"], *refused]}


def test_accounts_that_the_stop_switch_or_a_cap_held_back_are_named() -> None:
    reports = [
        held_back("333344445555", ("stopped", STOP), ("stopped", STOP)),
        account("444455556666"),
        held_back("111122223333", ("fleet_cap", "this run may change 1 account"), ("stopped", STOP)),
    ]
    document = fleet(reports=reports, failures=[])
    assert document["held_back"] == [
        {"rule": "stopped", "reason": STOP, "accounts": ["111122223333", "333344445555"]},
        {"rule": "fleet_cap", "reason": "this run may change 1 account", "accounts": ["111122223333"]},
    ]
    assert fleet()["held_back"] == []
    assert fleet(reports=[slim(report) for report in reports], failures=[]) == document


@pytest.mark.parametrize(
    "make",
    [
        samples.complete_report,
        samples.compare_report,
        samples.costing,
        samples.report_after_upgrade,
        samples.report_after_changes,
        samples.thousand_paths,
    ],
)
def test_a_slim_report_gives_the_same_document(make: t.Callable[[], t.Any]) -> None:
    report = json.loads(json.dumps(make()))
    small = slim(report)
    assert fleet(reports=[small]) == fleet(reports=[report])
    assert slim(small) == small
    assert len(json.dumps(small)) < len(json.dumps(report)) / 2
