# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import typing as t
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Evidence, Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import (
    ApprovedPlan,
    Entry,
    approve,
    plan_document,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.plans import find_approval
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.arguments import FORMATS
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._report import manifest
from ansible_collections.hardening.iam.plugins.module_utils._report.delta import compare
from ansible_collections.hardening.iam.plugins.module_utils._report.document import encode
from ansible_collections.hardening.iam.plugins.plugin_utils._report_run import run

from ..module_utils._converge.fakes import set_dates
from ..module_utils._report import samples
from ..module_utils._report.impacts import developers
from ..module_utils._report.test_fleet import account

CHECKOUT = Path(__file__).resolve().parents[4]
CHANGES = ("changes_applied", "changes_planned", "changes_reported", "refused")
OPTIONS: dict[str, t.Any] = {
    "scope": "account",
    "account_id": samples.ACCOUNT,
    "run_id": None,
    "formats": ["txt", "html"],
    "title": None,
    "ascii": False,
    "release_lease": False,
    "expected_accounts": [],
    "failures": [],
    "account_hosts": {},
    "account_units": {},
    "waves": [],
    "max_accounts_changed": None,
    "terminal": "full",
    "fail_on": "never",
    "reveal_key_ids": False,
    "now": None,
}


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A report place after an assessment and two converging modules."""
    store = DirectoryStore(str(tmp_path))
    store.put(f"{samples.ACCOUNT}/report.json", encode(samples.assessment()))
    for part in samples.parts():
        store.put(part_place(part), encode(part))
    return tmp_path


def part_place(part: t.Mapping[str, t.Any]) -> str:
    return f"{samples.ACCOUNT}/parts/{samples.run().id}/{part['module']}.json"


def task(place: Path, *, check_mode: bool = True, **options: t.Any) -> Task:
    return Task(
        options={**OPTIONS, "report_dir": str(place), "journal": f"{place}-journal", **options},
        operations=Operations(),
        check_mode=check_mode,
        clock=lambda: samples.NOW,
    )


def approval(reports: Path, given: str) -> ApprovedPlan:
    set_dates(reports, samples.NOW)
    return find_approval(DirectoryStore(str(reports)), given, account_id=samples.ACCOUNT, now=samples.NOW)


def read(path: Path) -> dict[str, t.Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("check_mode", [True, False])
def test_every_format_is_written_in_check_mode_too_and_for_the_owner_only(reports: Path, check_mode: bool) -> None:
    result = run(task(reports, check_mode=check_mode, formats=list(FORMATS)))
    files = {path.name for path in (reports / samples.ACCOUNT).iterdir() if path.is_file()}
    assert files == {
        "report.json",
        "plan.json",
        "plan.txt",
        "report.txt",
        "report.html",
        "report.csv",
        "report.junit.xml",
        "report.sarif",
    }
    assert all(Path(place).stat().st_mode & 0o777 == 0o600 for place in result["files"].values())
    assert set(result["files"]) == {"json", "plan", "plan_text", *FORMATS}
    text = (reports / samples.ACCOUNT / "report.txt").read_text(encoding="utf-8")
    before, _preflight, after = text.partition("PREFLIGHT:")
    assert result["terminal"].startswith(before)
    assert "PREFLIGHT:" not in result["terminal"]
    page = reports / samples.ACCOUNT / "report.html"
    assert after.partition("CRITICAL FINDINGS:")[2] in result["terminal"]
    assert result["terminal"].endswith(f"\n\nREPORTS:\n  {page}\n\n1 applied\n0 planned\n1 refused")


def test_the_terminal_can_be_brief_or_silent(reports: Path) -> None:
    brief = run(task(reports, terminal="brief"))["terminal"]
    assert brief.count("\n") == 0
    assert brief.startswith(samples.ACCOUNT)
    assert run(task(reports, terminal="none"))["terminal"] == ""


def test_only_the_formats_that_are_asked_for_are_written(reports: Path) -> None:
    result = run(task(reports, formats=["csv"]))
    assert set(result["files"]) == {"json", "plan", "plan_text", "csv"}
    assert result["terminal"].startswith("IAM Security Assessment Report\n")


def test_the_report_is_completed_by_what_the_run_did(reports: Path) -> None:
    result = run(task(reports))
    report = read(reports / samples.ACCOUNT / "report.json")
    (refusal,) = report["refused"]
    more = {"plan_sha256": result["plan_sha256"], "no_hash_reason": None, "incomplete": []}
    assert report == {**json.loads(encode(samples.complete_report())), **more, "refused": [refusal]}
    said = {"reason": "6 of 31 keys exceed hardening_max_percent 5", "variable": "hardening_max_percent"}
    assert refusal == {**samples.REFUSAL.as_dict(), "module": "access_keys", **said}
    assert read(reports / samples.ACCOUNT / "runs" / report["run"]["id"] / "report.json") == report
    assert [result[name] for name in CHANGES] == [1, 0, 1, 1]
    assert result["summary"]["total"] == 16
    assert result["counts"]["WAIVED"] == 1
    assert result["score"]["benchmark"] == "cis_7.0"


def test_the_plan_holds_all_changes_with_key_ids_in_full_and_can_be_approved(reports: Path) -> None:
    key = dataclasses.replace(samples.KEY_CHANGE, before={"Status": "Active", "Id": samples.OLD_KEYS["svc-backup"]})
    put_part(reports, part_of(key, "enforcing"))
    result = run(task(reports))
    plan = read(reports / samples.ACCOUNT / "plan.json")
    assert plan["plan_sha256"] == result["plan_sha256"]
    (refusal,) = plan["refused"]
    assert (refusal["rule"], refusal["variable"]) == (samples.REFUSAL.rule, "hardening_max_percent")
    assert {entry["target"] for entry in plan["changes"]} == {samples.PASSWORD_POLICY_CHANGE.target, key.target}
    assert samples.OLD_KEYS["svc-backup"] in json.dumps(plan)
    approved = approve(plan, account_id=samples.ACCOUNT, now=samples.NOW)
    assert approved.objection(key) is None
    # No run applies what a role in the mode report shows, so no approval covers it.
    assert approved.objection(samples.KEY_CHANGE) is not None
    assert approved.objection(samples.PASSWORD_POLICY_CHANGE) is None


def test_parts_of_another_run_are_not_taken_up(reports: Path) -> None:
    for part in samples.parts("an earlier run"):
        place = part_place(part).replace(samples.run().id, "an earlier run")
        DirectoryStore(str(reports)).put(place, encode(part))
    for name in ("preflight_info", "password_policy", "access_keys"):
        (reports / part_place({"module": name})).unlink()
    result = run(task(reports))
    assert (result["changes_applied"], result["changes_planned"], result["refused"]) == (0, 0, 0)
    assert read(reports / samples.ACCOUNT / "plan.json")["changes"] == []


def test_the_delta_that_the_assessment_found_is_kept(reports: Path) -> None:
    compared = compare(samples.assessment(), samples.assessment(samples.failing()[1:], run=samples.run("before")))
    DirectoryStore(str(reports)).put(f"{samples.ACCOUNT}/report.json", encode(compared))
    result = run(task(reports))
    assert result["delta"] == {"new": 1, "newly_assessed": 0, "resolved": 0, "changed": 0, "not_assessed": 0}
    assert read(reports / samples.ACCOUNT / "report.json")["delta"] == compared["delta"]
    assert result["stats"]["hardening_new_criticals"] == [
        "222233334444: Root user has an access key: arn:aws:iam::222233334444:root"
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run_id": "another"}, "no assessment of 222233334444 of run another in .*; the one there is of run 2026"),
        ({"account_id": "111122223333"}, "no assessment of 111122223333 in "),
        ({"account_id": "12a"}, "account_id: '12a' is not an account id"),
    ],
)
def test_without_an_assessment_of_the_run_there_is_no_report(
    reports: Path, options: dict[str, t.Any], message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        run(task(reports, **options))


def test_a_report_that_cannot_be_read_is_named(reports: Path) -> None:
    path = reports / samples.ACCOUNT / "report.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(TaskError, match=f"{samples.ACCOUNT}/report.json is not JSON"):
        run(task(reports))


def test_no_report_of_another_account_is_taken_for_an_id_with_digits_missing(tmp_path: Path) -> None:
    DirectoryStore(str(tmp_path)).put("000033334444/report.json", encode(account("000033334444")))
    with pytest.raises(TaskError, match="account_id: '33334444' is not an account id of 12 digits"):
        run(task(tmp_path, account_id="33334444"))
    document = run(task(tmp_path, scope="fleet", expected_accounts=["33334444"], failures=[]))
    assert document["failed_accounts"] == ["33334444"]
    assert document["missing_accounts"] == []


@pytest.mark.parametrize(
    ("fail_on", "severities", "new", "fails"),
    [
        ("never", {"critical"}, True, False),
        ("critical", {"critical"}, False, True),
        ("critical", {"high", "low"}, True, False),
        ("high", {"high"}, False, True),
        ("high", {"critical"}, False, True),
        ("high", {"medium", "low"}, True, False),
        ("new", {"low"}, True, True),
        ("new", {"critical"}, False, False),
    ],
)
def test_which_findings_fail_the_run(reports: Path, fail_on: str, severities: set[str], new: bool, fails: bool) -> None:
    findings = [finding for finding in samples.failing() if finding.severity.value in severities]
    earlier = samples.assessment([] if new else findings, run=samples.run("before"))
    report = compare(samples.assessment(findings), earlier)
    DirectoryStore(str(reports)).put(f"{samples.ACCOUNT}/report.json", encode(report))
    for scope in ("account", "fleet"):
        result = run(task(reports, fail_on=fail_on, scope=scope))
        assert result["fail"] is fails
        assert bool(result["fail_msg"]) is fails


@pytest.mark.parametrize("mode", ["check", "enforce"])
def test_what_only_reports_is_not_planned_in_any_output(reports: Path, mode: str) -> None:
    """B2: a role in the mode report plans nothing, in check mode as in the real run after it."""
    place, applied = DirectoryStore(str(reports)), mode == "enforce"
    place.put(f"{samples.ACCOUNT}/report.json", encode(samples.assessment(run=samples.run(mode=mode))))
    run_id, costs = samples.run().id, [samples.cost()]
    policy, key = samples.PASSWORD_POLICY_CHANGE, samples.KEY_CHANGE
    for part in (
        samples.part("password_policy", policy, run_id=run_id, applied=applied, costs=costs),
        samples.part(
            "access_keys", key, run_id=run_id, mode="report", refused=[samples.REFUSAL.as_dict()], costs=costs
        ),
    ):
        place.put(part_place(part), encode({**part, "check_mode": not applied}))
    expected = [1, 0, 1, 1] if applied else [0, 1, 1, 1]
    words = "1 applied, 0 planned, 1 reported, 1 refused" if applied else "0 applied, 1 planned, 1 reported, 1 refused"
    result = run(task(reports))
    assert [result[name] for name in CHANGES] == expected
    report = read(reports / samples.ACCOUNT / "report.json")
    states = [("access_keys", "reported"), ("password_policy", "applied" if applied else "planned")]
    assert [(change["module"], change["state"]) for change in report["changes"]] == states
    assert [(cost["module"], cost["state"]) for cost in report["costs"]] == states
    assert f"CHANGES: {words}\n" in result["terminal"]
    assert f"  Changes: {words}\n" in result["terminal"]
    assert "(reported; each evaluation)" in " ".join(result["terminal"].split())
    assert f"changes: {words}" in run(task(reports, terminal="brief"))["terminal"]
    page = (reports / samples.ACCOUNT / "report.html").read_text(encoding="utf-8")
    assert all(
        f"{count} {word}" in page for count, word in (text.split() for text in words.split(", ")) if count != "0"
    )
    together = run(task(reports, scope="fleet"))
    assert [together[name] for name in CHANGES] == expected
    fleet = read(reports / "fleet.json")
    assert [fleet["totals"][name] for name in CHANGES] == expected == [fleet["accounts"][0][name] for name in CHANGES]
    assert f"Changes: {words}" in together["terminal"]
    assert "1 changes reported" in (reports / "fleet.html").read_text(encoding="utf-8")


def test_a_report_of_an_older_version_still_counts(reports: Path) -> None:
    """The fleet report of a run whose reports do not say what only reports."""
    run(task(reports))
    path = reports / samples.ACCOUNT / "runs" / samples.run().id / "report.json"
    report = read(path)
    for item in (*report["changes"], *report["costs"]):
        del item["state"]
    for place in (path, reports / samples.ACCOUNT / "report.json"):
        place.write_text(json.dumps(report), encoding="utf-8")
    result = run(task(reports, scope="fleet"))
    assert [result[name] for name in CHANGES] == [1, 1, 0, 1]


def test_what_was_waived_for_another_reason_fails_the_run(reports: Path) -> None:
    """fail_on: new is about what nobody has accepted yet."""
    accepted = samples.finding(
        "policy_sensitive_wildcard", samples.arn("policy", "P"), evidence=Evidence({"allows": ["s3:*"]})
    )
    more = dataclasses.replace(accepted, evidence=Evidence({"allows": ["s3:*", "iam:*"]}))
    waived = dataclasses.replace(accepted, status=Status.WAIVED, waiver=samples.make_other_findings()[0].waiver)
    report = compare(samples.assessment([more]), samples.assessment([waived], run=samples.run("before")))
    DirectoryStore(str(reports)).put(f"{samples.ACCOUNT}/report.json", encode(report))
    for scope in ("account", "fleet"):
        result = run(task(reports, fail_on="new", scope=scope))
        assert result["fail"] is True
        assert "1 no longer waived findings" in result["fail_msg"]


def test_what_an_upgrade_finds_is_shown_and_does_not_fail_the_run(reports: Path) -> None:
    """A pipeline with fail_on: new goes on after an upgrade that added a control."""
    place = DirectoryStore(str(reports))
    place.put(f"{samples.ACCOUNT}/report.json", encode(samples.report_after_upgrade()))
    asked = task(reports, fail_on="new")
    result = run(asked)
    assert (result["fail"], result["delta"]["new"], result["delta"]["newly_assessed"]) == (False, 0, 1)
    assert asked.warnings == [
        "fail_on: 1 findings of 222233334444 are newly assessed after an upgrade, so they do not count as new: the "
        "report before did not have their control or region"
    ]
    assert "Root user has an access key [NEWLY ASSESSED]\n" in result["terminal"]
    assert "Newly assessed, so not known before: 1" in result["terminal"]
    assert "1 newly assessed" in (reports / samples.ACCOUNT / "report.html").read_text(encoding="utf-8")
    together = run(task(reports, fail_on="new", scope="fleet"))
    assert (together["fail"], together["delta"]) == (False, {"new": 0, "newly_assessed": 1, "resolved": 0})
    assert "New: 0 | Newly assessed: 1 | Resolved: 0" in together["terminal"]
    assert "1 newly assessed" in (reports / "fleet.html").read_text(encoding="utf-8")


def test_what_was_excluded_before_fails_the_run(reports: Path) -> None:
    """Without an upgrade the declaration left the control out: nobody has seen its findings yet."""
    report = samples.report_after_upgrade()
    report["delta"]["upgraded"] = False
    DirectoryStore(str(reports)).put(f"{samples.ACCOUNT}/report.json", encode(report))
    for scope in ("account", "fleet"):
        assert "1 newly assessed findings" in run(task(reports, fail_on="new", scope=scope))["fail_msg"]


def test_new_findings_need_something_to_compare_with(reports: Path) -> None:
    asked = task(reports, fail_on="new")
    assert run(asked)["fail"] is False
    assert asked.warnings == ["fail_on: there is no earlier report of 222233334444, so no finding is new"]


def test_the_report_of_a_run_covers_its_accounts_and_no_other_run(reports: Path) -> None:
    store = DirectoryStore(str(reports))
    store.put("333344445555/report.json", encode(account("333344445555")))
    old = {**samples.assessment(run=samples.run("long-ago")), "account_id": "444455556666"}
    store.put("444455556666/report.json", encode(old))
    result = run(
        task(reports, scope="fleet", run_id=samples.run().id, expected_accounts=["444455556666", 333344445555])
    )
    assert result["accounts"] == 2
    assert result["missing_accounts"] == ["444455556666"]
    assert result["fail"] is True
    assert result["fail_msg"] == "444455556666 has no report"
    assert [row["account_id"] for row in read(reports / "fleet.json")["accounts"]] == [samples.ACCOUNT, "333344445555"]
    assert 'href="333344445555/report.html"' in (reports / "fleet.html").read_text(encoding="utf-8")


def test_what_the_check_left_is_no_report_of_the_job_that_applies(tmp_path: Path) -> None:
    """Both jobs of a workflow share the run id, so an account that the second one never reached still has a report."""
    store = DirectoryStore(str(tmp_path))
    accounts = {"222233334444": "enforce", "333344445555": "check", "444455556666": "check"}
    for name, mode in accounts.items():
        report = {**samples.assessment(run=samples.run("7", mode)), "account_id": name}
        store.put(f"{name}/runs/7/report.json", encode(report))
    # The third account is none of this job.
    expected = ["222233334444", "333344445555"]
    options: dict[str, t.Any] = {"scope": "fleet", "run_id": "7", "expected_accounts": expected}
    result = run(task(tmp_path, check_mode=False, **options))
    assert result["failed_accounts"] == ["333344445555"]
    assert "its report is from the check" in read(tmp_path / "fleet.json")["failed"][0]["message"]
    assert result["fail"]
    told = [{"host": "b", "account_id": "333344445555", "reason": "unreachable"}]
    assert run(task(tmp_path, check_mode=False, failures=told, **options))["failed_accounts"] == ["333344445555"]
    store.put("222233334444/runs/7/report.json", encode({**report, "account_id": "222233334444"}))
    assert run(task(tmp_path, check_mode=False, **options))["failed_accounts"] == []


def test_the_newest_run_is_meant_where_none_is_named(reports: Path) -> None:
    older = samples.assessment(run=samples.run("99999999"))
    older["run"]["started"] = "2026-01-01T00:00:00Z"
    older["account_id"] = "444455556666"
    DirectoryStore(str(reports)).put("444455556666/report.json", encode(older))
    assert run(task(reports, scope="fleet"))["run_id"] == samples.run().id


def test_a_run_in_which_every_account_failed_is_reported(tmp_path: Path) -> None:
    failures = [{"host": "acme-prod", "account_id": None, "reason": "no route to host"}]
    result = run(task(tmp_path / "none", scope="fleet", run_id="7", failures=failures))
    assert (result["accounts"], result["failed_accounts"], result["score"]) == (0, ["acme-prod"], None)
    assert result["fail_msg"] == "acme-prod failed"
    assert "(acme-prod) failed: no route to host" in result["terminal"]


def test_one_unreadable_report_does_not_cost_the_others_theirs(reports: Path) -> None:
    DirectoryStore(str(reports)).put("333344445555/report.json", b"{")
    result = run(task(reports, scope="fleet"))
    assert result["accounts"] == 1
    assert result["failed_accounts"] == ["333344445555"]
    assert "is not JSON" in read(reports / "fleet.json")["failed"][0]["message"]


def test_an_expected_account_that_is_none_is_refused(reports: Path) -> None:
    result = run(task(reports, scope="fleet", expected_accounts=["prod", samples.ACCOUNT]))
    assert (result["failed_accounts"], result["missing_accounts"], result["accounts"]) == (["prod"], [], 1)
    assert result["fail"]


def test_a_failure_that_is_told_already_is_not_told_again(reports: Path) -> None:
    failures = [{"host": "a", "account_id": "prod", "reason": "no"}, {"host": "b", "account_id": "7", "reason": "no"}]
    result = run(task(reports, scope="fleet", expected_accounts=["prod", "7"], failures=failures))
    assert (result["failed_accounts"], result["missing_accounts"]) == (["7", "prod"], [])


def test_the_manifest_has_the_hash_of_every_file_of_the_run(reports: Path) -> None:
    run(task(reports))
    result = run(task(reports, scope="fleet"))
    kept = read(reports / "manifest.json")
    assert result["manifest_sha256"] == hashlib.sha256((reports / "manifest.json").read_bytes()).hexdigest()
    files = {path.relative_to(reports).as_posix(): path for path in reports.rglob("*") if path.is_file()}
    assert set(kept["files"]) == set(files) - {"manifest.json", "manifests/00000001.json"}
    assert files["manifest.json"].read_bytes() == files["manifests/00000001.json"].read_bytes()
    for key, entry in kept["files"].items():
        assert entry["sha256"] == hashlib.sha256(files[key].read_bytes()).hexdigest()


def test_the_manifest_reads_one_file_at_a_time(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a thousand accounts do not fit into the memory of a pod."""
    run(task(reports))
    given: list[t.Any] = []
    build = manifest.build

    def note(files: t.Any, **more: t.Any) -> dict[str, t.Any]:
        given.append(files)
        return build(files, **more)

    monkeypatch.setattr(manifest, "build", note)
    run(task(reports, scope="fleet"))
    assert [isinstance(files, t.Sized) for files in given] == [False]
    assert read(reports / "manifest.json")["files"]


def test_a_stale_page_of_the_fleet_is_not_of_this_run(reports: Path) -> None:
    DirectoryStore(str(reports)).put("fleet.html", b"of an earlier run")
    run(task(reports, scope="fleet", formats=["csv"]))
    assert "fleet.html" not in read(reports / "manifest.json")["files"]


def plan_changes(reports: Path, *accounts: str) -> None:
    """Reports of a check in which changes are planned."""
    for account_id in accounts:
        report = account(account_id)
        planned = [{**change, "applied": False, "state": "planned"} for change in report["changes"]]
        document = {**report, "run": samples.assessment()["run"], "changes": planned}
        DirectoryStore(str(reports)).put(f"{account_id}/runs/{samples.run().id}/report.json", encode(document))


@pytest.mark.parametrize(("most", "is_warned"), [(None, False), (1, True), (2, False)])
def test_a_check_warns_of_more_accounts_than_a_run_changes(
    tmp_path: Path, most: t.Optional[int], is_warned: bool
) -> None:
    plan_changes(tmp_path, "333344445555", "444455556666")
    job = task(tmp_path, scope="fleet", run_id=samples.run().id, max_accounts_changed=most)
    assert run(job)["changes_planned"] >= 2
    assert any("changes at most 1 of them (hardening_max" in text for text in job.warnings) is is_warned


WAVES: t.Final = [
    {"name": "canary", "state": "closed", "accounts": ["333344445555"], "reasons": ["1 failed"], "until": None},
    {"name": "rest", "state": "not_begun", "accounts": ["444455556666"], "reasons": [], "until": None},
]


def test_a_closed_gate_fails_the_run_and_names_what_did_not_begin(tmp_path: Path) -> None:
    plan_changes(tmp_path, "333344445555")
    expected = ["333344445555", "444455556666"]
    options = {"scope": "fleet", "run_id": samples.run().id, "expected_accounts": expected}
    result = run(task(tmp_path, **options, waves=WAVES))
    assert (result["fail"], result["fail_msg"]) == (True, "the gate after wave canary is closed: 1 failed")
    assert (result["missing_accounts"], result["not_begun_accounts"]) == ([], ["444455556666"])
    waiting = [{**WAVES[0], "state": "waiting"}, WAVES[1]]
    assert run(task(tmp_path, **options, waves=waiting))["fail"] is False


def test_what_is_handed_on_to_the_next_job_stays_small(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    findings = [samples.finding("root_no_access_key", samples.arn("user", "n" * 400 + str(i))) for i in range(200)]
    earlier = samples.assessment([], run=samples.run("before"))
    store.put(f"{samples.ACCOUNT}/report.json", encode(compare(samples.assessment(findings), earlier)))
    failures = [{"host": f"{'h' * 400}{i}", "account_id": None, "reason": "m"} for i in range(200)]
    stats = run(task(tmp_path, scope="fleet", failures=failures))["stats"]
    assert len(json.dumps(stats)) < 32 * 1024
    assert stats["hardening_new_criticals_count"] == 200
    assert stats["hardening_failed_accounts_count"] == 200
    assert stats["hardening_counts"]["critical"] == 200


def test_the_time_of_the_report_of_a_run_can_be_set(reports: Path) -> None:
    run(task(reports, scope="fleet", now="2026-12-31T00:00:00Z"))
    assert read(reports / "fleet.json")["run"]["created"] == "2026-12-31T00:00:00Z"


def test_title_and_ascii(reports: Path) -> None:
    result = run(task(reports, title="Acme – IAM", ascii=True))
    assert result["terminal"].startswith("Acme - IAM\n==========\n")
    assert result["terminal"].isascii()
    assert "<title>Acme – IAM: acme-prod</title>" in (reports / samples.ACCOUNT / "report.html").read_text("utf-8")


def test_a_brief_line_is_ascii_where_the_text_is(reports: Path) -> None:
    store = DirectoryStore(str(reports))
    store.put(f"{samples.ACCOUNT}/report.json", encode(samples.report_after_changes()))
    shown = run(task(reports, terminal="brief", ascii=True))["terminal"]
    assert "56.5% -> 62%" in shown
    assert shown.isascii()


def test_half_of_a_character_in_a_name_costs_no_format(reports: Path) -> None:
    odd = samples.finding("password_min_length", samples.arn("user", "x"), detail="condition \ud800")
    store = DirectoryStore(str(reports))
    store.put(f"{samples.ACCOUNT}/report.json", encode(samples.assessment([odd])))
    run(task(reports, formats=list(FORMATS)))
    sarif = read(reports / samples.ACCOUNT / "report.sarif")
    assert sarif["runs"][0]["results"][0]["message"]["text"].endswith("condition \ufffd")


def test_key_ids_in_failures_of_the_fleet_are_masked(reports: Path) -> None:
    key = samples.OLD_KEYS["legacy-erp"]
    failures = [{"host": "a", "account_id": None, "reason": f"the key {key} is unknown"}]
    result = run(task(reports, scope="fleet", failures=failures))
    assert key not in (reports / "fleet.json").read_text()
    assert key not in result["terminal"]


def test_what_is_handed_on_stays_small_in_any_script(reports: Path) -> None:
    failures = [{"host": f"{number:03}" + "\u4e2d" * 400, "account_id": None, "reason": "x"} for number in range(60)]
    stats = run(task(reports, scope="fleet", failures=failures))["stats"]
    assert stats["hardening_failed_accounts_count"] == 60
    assert len(json.dumps(stats)) < 32 * 1024


# Parts that are missing, malformed or forged


def put_part(reports: Path, part: t.Mapping[str, t.Any]) -> None:
    DirectoryStore(str(reports)).put(part_place(part), encode(part))


def part_of(change: Change, module: str = "access_keys", **fields: t.Any) -> dict[str, t.Any]:
    return samples.part(module, change, run_id=samples.run().id, **fields)


MARK = {
    "schema": "hardening.iam/part/1",
    "module": "security_hub",
    "run_id": samples.run().id,
    "check_mode": samples.run().mode == "check",
    "written": "2026-11-25T02:00:00Z",
    "state": "started",
    "error": None,
}


def test_a_module_that_began_and_left_nothing_makes_the_report_incomplete(reports: Path) -> None:
    put_part(reports, MARK)
    asked = task(reports)
    result = run(asked)
    assert [problem["module"] for problem in result["incomplete"]] == ["security_hub"]
    assert result["fail"] and "lacks security_hub: it began but left no result" in result["fail_msg"]
    assert len(asked.warnings) == 1
    report = read(reports / samples.ACCOUNT / "report.json")
    assert report["errors"][-1]["operation"] == "security_hub"
    fleet = run(task(reports, scope="fleet"))
    assert (fleet["failed_accounts"], fleet["fail"], fleet["accounts"]) == ([samples.ACCOUNT], True, 1)
    # What the other modules did is there all the same.
    assert (result["changes_applied"], result["changes_reported"]) == (1, 1)


def test_a_module_that_failed_before_its_result_says_why(reports: Path) -> None:
    put_part(reports, {**MARK, "error": "AccessDenied"})
    assert run(task(reports))["incomplete"] == []
    report = read(reports / samples.ACCOUNT / "report.json")
    assert (report["errors"][-1]["operation"], report["errors"][-1]["reason"]) == ("security_hub", "AccessDenied")


def test_a_mark_of_a_module_that_failed_brings_no_changes_into_the_plan(reports: Path) -> None:
    run(task(reports, formats=list(FORMATS)))
    hidden = {"plan": plan_of(HIDDEN), "findings": [{"control": "x"}], "impacts": [{"principals": 7}], "costs": 7}
    put_part(reports, {**MARK, "error": "AccessDenied", **hidden})
    result = run(task(reports, formats=list(FORMATS)))
    assert (result["incomplete"], result["plan_sha256"]) == ([], None)
    plan = read(reports / samples.ACCOUNT / "plan.json")
    assert plan["incomplete"] == ["security_hub: AccessDenied"]
    assert "security_hub: AccessDenied" in plan["no_hash_reason"]
    assert HIDDEN.target not in (reports / samples.ACCOUNT / "plan.json").read_text(encoding="utf-8")
    assert read(reports / samples.ACCOUNT / "report.json")["errors"][-1]["reason"] == "AccessDenied"


def test_the_parts_of_the_check_do_not_count_for_the_run_that_applies_it(reports: Path) -> None:
    other = {**part_of(samples.KEY_CHANGE, "security_hub"), "check_mode": samples.run().mode != "check"}
    put_part(reports, other)
    put_part(reports, {**MARK, "module": "config_rules", "check_mode": other["check_mode"]})
    result = run(task(reports))
    assert (result["incomplete"], result["changes_reported"]) == ([], 1)


def test_two_jobs_of_one_run_that_enforce_both_stand_in_its_report(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    enforcing = dataclasses.replace(samples.run(), mode="enforce")
    store.put(f"{samples.ACCOUNT}/report.json", encode(samples.assessment(run=enforcing)))
    for job, change in (("17", samples.PASSWORD_POLICY_CHANGE), ("18", samples.KEY_CHANGE)):
        part = samples.part(
            "access_keys", change, run_id=enforcing.id, applied=True, written=f"2026-11-25T02:{job}:00Z"
        )
        store.put(f"{samples.ACCOUNT}/parts/{enforcing.id}/{job}/access_keys.json", encode(part))
    result = run(task(tmp_path, check_mode=False, formats=["txt"]))
    assert (result["incomplete"], result["changes_applied"]) == ([], 2)
    report = read(tmp_path / samples.ACCOUNT / "report.json")
    assert [change["operation"] for change in report["changes"]] == [
        samples.PASSWORD_POLICY_CHANGE.operation,
        samples.KEY_CHANGE.operation,
    ]
    plan = read(tmp_path / samples.ACCOUNT / "plan.json")
    assert len(plan["changes"]) == 2
    assert plan["plan_sha256"] == result["plan_sha256"]
    fleet = run(task(tmp_path, check_mode=False, scope="fleet", expected_accounts=[samples.ACCOUNT]))
    assert fleet["changes_applied"] == 2


def record_change(directory: Path, run_id: str) -> None:
    """A change that a module made before it was cut off, in the journal that belongs to the place of reports."""
    journal = Journal(
        DirectoryStore(f"{directory}-journal"),
        account_id=samples.ACCOUNT,
        run_id=run_id,
        job_id="1",
        module="access_keys",
        caller_arn="",
        clock=lambda: samples.NOW,
    )
    journal.conclude(journal.intend(samples.KEY_CHANGE), Outcome.APPLIED)


@pytest.mark.parametrize("mode", ["check", "enforce"])
def test_the_report_of_an_account_has_the_changes_of_the_journal(tmp_path: Path, mode: str) -> None:
    of_run = dataclasses.replace(samples.run(), mode=mode)
    DirectoryStore(str(tmp_path)).put(f"{samples.ACCOUNT}/report.json", encode(samples.assessment(run=of_run)))
    record_change(tmp_path, of_run.id)
    result = run(task(tmp_path, check_mode=mode == "check", formats=list(FORMATS)))
    is_real = mode == "enforce"
    assert (result["changes_applied"], result["fail"]) == (int(is_real), is_real)
    assert ("access_keys: 1 changes are in the journal alone" in result["fail_msg"]) is is_real
    document = read(tmp_path / samples.ACCOUNT / "report.json")
    jsonschema.validate(document, read(CHECKOUT / "docs" / "report.schema.json"))
    fleet = run(task(tmp_path, check_mode=mode == "check", scope="fleet", expected_accounts=[samples.ACCOUNT]))
    assert fleet["changes_applied"] == int(is_real)


@pytest.mark.parametrize("failures", [[], [{"host": "prod", "account_id": samples.ACCOUNT, "reason": "no assessment"}]])
def test_the_report_of_a_run_has_the_changes_of_accounts_without_one(
    tmp_path: Path, failures: list[dict[str, t.Any]]
) -> None:
    record_change(tmp_path, "lost")
    given: dict[str, t.Any] = {"scope": "fleet", "run_id": "lost", "expected_accounts": [samples.ACCOUNT]}
    result = run(task(tmp_path, check_mode=False, failures=failures, **given))
    assert result["changes_applied"] == 1
    assert "1 applied" in result["terminal"]
    (failed,) = read(tmp_path / "fleet.json")["failed"]
    assert failed["account_id"] == samples.ACCOUNT
    assert failed["message"].endswith("access_keys: 1 changes are in the journal alone")
    assert run(task(tmp_path, failures=failures, **given))["changes_applied"] == 0


WITHOUT_BLIND_SPOTS = {name: value for name, value in developers().items() if name != "blind_spots"}
HIDDEN = dataclasses.replace(samples.KEY_CHANGE, target=f"{samples.ACCOUNT}-hidden")


def forge(**fields: t.Any) -> dict[str, t.Any]:
    return {**part_of(samples.KEY_CHANGE, "forged"), **fields}


def unfit(**fields: t.Any) -> dict[str, t.Any]:
    """A finding that no assessment makes, with members that do not fit."""
    return {**samples.assessment()["findings"][0], "control": "of_no_catalog", "fingerprint": "f" * 64, **fields}


def plan_of(*changes: t.Union[Change, Entry], **fields: t.Any) -> dict[str, t.Any]:
    given = {"account_id": samples.ACCOUNT, "run_id": samples.run().id, "created": samples.NOW}
    return {**plan_document(changes, **given), **fields}


def plan_with(**fields: t.Any) -> dict[str, t.Any]:
    """A plan of one change with some fields of its entry replaced."""
    plan = plan_of(samples.KEY_CHANGE)
    return {**plan, "changes": [{**plan["changes"][0], **fields}]}


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(forge(plan=plan_of(samples.KEY_CHANGE, HIDDEN)), id="hidden change"),
        pytest.param(forge(changes=[], plan=plan_of(HIDDEN)), id="nothing shown"),
        pytest.param(forge(plan=plan_of()), id="shown but not planned"),
        pytest.param(forge(plan=None), id="no plan"),
        pytest.param(forge(plan=plan_of(samples.KEY_CHANGE, plan_sha256="0" * 64)), id="edited plan"),
        pytest.param(forge(plan={**plan_of(samples.KEY_CHANGE), "account_id": "999988887777"}), id="other account"),
        pytest.param(forge(changes=[samples.KEY_CHANGE.as_dict(), samples.KEY_CHANGE.as_dict()]), id="shown twice"),
        pytest.param(forge(plan=plan_with(affects=[{"a": 1}, {"b": 2}])), id="affects mappings"),
        pytest.param(forge(plan=plan_with(affects=["a", 7])), id="affects a number"),
        pytest.param(forge(plan=plan_with(affects="abc")), id="affects is a text"),
        pytest.param(forge(plan=plan_with(remedies=[{}])), id="remedies a mapping"),
        pytest.param(forge(changes="x"), id="changes are a text"),
        pytest.param(forge(changes=[{}]), id="empty change"),
        pytest.param(forge(changes=[7]), id="change is a number"),
        pytest.param(forge(refused=[{"rule": 1}]), id="malformed refusal"),
        pytest.param(forge(findings=[{"control": "x"}]), id="malformed finding"),
        pytest.param(forge(findings=[unfit(compliance={"soc2": [7]})]), id="requirement is a number"),
        pytest.param(forge(findings=[unfit(waiver="x")]), id="finding that only the CSV finds malformed"),
        pytest.param(forge(findings=[unfit(first_seen="soon")]), id="finding since no time"),
        pytest.param(forge(findings=[unfit(resource_detail=7)]), id="finding of a number"),
        pytest.param(forge(findings=[unfit(remediation={"module": None})]), id="finding without a remediation"),
        pytest.param(forge(findings=[unfit(evidence={"observed": 1})]), id="finding without a source"),
        pytest.param(forge(impacts=[{"principals": 7}]), id="malformed impact"),
        pytest.param(forge(impacts=[WITHOUT_BLIND_SPOTS]), id="impact that only the page finds malformed"),
        pytest.param(forge(costs=[{"option": 7}]), id="malformed cost"),
        pytest.param(forge(capabilities=[{"state": 7}]), id="malformed row"),
    ],
)
def test_a_forged_or_malformed_part_costs_its_own_module_alone(reports: Path, part: dict[str, t.Any]) -> None:
    before = run(task(reports, formats=list(FORMATS)))
    put_part(reports, part)
    result = run(task(reports, formats=list(FORMATS)))
    assert [problem["module"] for problem in result["incomplete"]] == ["forged"]
    assert result["fail"]
    assert result["plan_sha256"] is None
    plan = read(reports / samples.ACCOUNT / "plan.json")
    assert HIDDEN.target not in [change["target"] for change in plan["changes"]]
    same = ("changes_applied", "changes_planned", "refused", "summary")
    assert {name: result[name] for name in same} == {name: before[name] for name in same}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"{}", b'{"run_id": "other"}', b"\xff", b"[" * 10**5])
def test_an_object_among_the_parts_that_is_none_is_named(reports: Path, content: bytes) -> None:
    DirectoryStore(str(reports)).put(part_place({"module": "foreign"}), content)
    result = run(task(reports))
    assert [problem["module"] for problem in result["incomplete"]] == ["foreign.json"]
    assert (result["changes_applied"], result["changes_reported"]) == (1, 1)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in S3 an object that somebody put there under a key of KMS that we may not use."""
    get = DirectoryStore.get

    def guard(self: DirectoryStore, key: str) -> t.Optional[bytes]:
        if "foreign" in key or "333344445555" in key:
            raise StoreError(f"{self.location}/{key}: AccessDenied")
        return get(self, key)

    monkeypatch.setattr(DirectoryStore, "get", guard)


@pytest.mark.usefixtures("unreadable")
def test_an_object_that_can_not_be_read_costs_its_own_module_or_account_alone(reports: Path) -> None:
    store = DirectoryStore(str(reports))
    store.put(part_place({"module": "foreign"}), b"{}")
    store.put(f"333344445555/runs/{samples.run().id}/report.json", b"{}")
    result = run(task(reports))
    (problem,) = result["incomplete"]
    assert problem["module"] == "foreign.json" and "AccessDenied" in problem["reason"]
    assert (result["changes_applied"], result["changes_reported"]) == (1, 1)
    fleet = run(task(reports, scope="fleet", run_id=samples.run().id))
    assert (fleet["accounts"], sorted(fleet["failed_accounts"])) == (1, [samples.ACCOUNT, "333344445555"])


def test_what_a_cap_holds_back_is_shown_and_can_be_approved(reports: Path) -> None:
    held = Entry(HIDDEN, {"rule": "cap", "reason": "max_changes is 0"}, is_waiting=True)
    put_part(reports, forge(plan=plan_of(samples.KEY_CHANGE, held)))
    result = run(task(reports))
    assert result["incomplete"] == []
    report = read(reports / samples.ACCOUNT / "report.json")
    (shown,) = [change for change in report["changes"] if change["state"] == "applied if approved"]
    by = {"rule": "cap", "reason": "hardening_max_changes is 0", "variable": "hardening_max_changes"}
    said = {"state": "applied if approved", "held_by": by, "module": "forged"}
    assert shown == {**json.loads(json.dumps(HIDDEN.as_dict())), **said}
    assert (result["changes_planned"], result["changes_if_approved"]) == (1, 1)
    page = (reports / samples.ACCOUNT / "report.html").read_text(encoding="utf-8")
    assert page.count(HIDDEN.target) >= 2
    schema = json.loads((Path(__file__).resolve().parents[4] / "docs/report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(report, schema)
    approved = approval(reports, result["plan_sha256"])
    assert approved.objection(HIDDEN) is None


# Two runs of one account


def test_two_runs_of_one_account_lose_nothing_of_each_other(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    changes = {"one": samples.KEY_CHANGE, "two": samples.PASSWORD_POLICY_CHANGE}
    for name, change in changes.items():
        assessed = samples.assessment(run=samples.run(name))
        store.put(f"{samples.ACCOUNT}/runs/{name}/report.json", encode(assessed))
        store.put(f"{samples.ACCOUNT}/report.json", encode(assessed))
        part = samples.part("same_module", change, run_id=name, applied=True)
        store.put(f"{samples.ACCOUNT}/parts/{name}/same_module.json", encode(part))
    for name in changes:
        assert run(task(tmp_path, run_id=name))["changes_applied"] == 1
    for name, change in changes.items():
        report = read(tmp_path / samples.ACCOUNT / "runs" / name / "report.json")
        assert [item["operation"] for item in report["changes"]] == [change.operation]
        fleet = run(task(tmp_path, scope="fleet", run_id=name, expected_accounts=[samples.ACCOUNT]))
        assert (fleet["accounts"], fleet["changes_applied"], fleet["missing_accounts"]) == (1, 1, [])
        files = read(tmp_path / "manifest.json")["files"]
        assert {key.split("/")[2] for key in files if "/parts/" in key or "/runs/" in key} == {name}


# Foreign and malformed reports


def make_malformed() -> dict[str, t.Any]:
    sound = {**account("333344445555"), "run": samples.assessment()["run"]}
    return {
        "another account": {**sound, "account_id": samples.ACCOUNT},
        "no findings": {name: value for name, value in sound.items() if name != "findings"},
        "no delta": {**sound, "delta": {}},
        "no run": {**sound, "run": None},
        "run is a path": {**sound, "run": {**sound["run"], "id": "../../../outside"}},
        "run without a start": {**sound, "run": {"id": samples.run().id, "mode": "check"}},
        "finding is a text": {**sound, "findings": ["x"]},
        "unknown severity": {**sound, "findings": [{**samples.assessment()["findings"][0], "severity": "grave"}]},
        "change without applied": {**sound, "changes": [{}]},
        "scores are texts": {**sound, "scores": ["x"]},
        "score of more than there is": {**sound, "scores": [{**sound["scores"][0], "passed": -40}]},
        "score beyond all": {**sound, "scores": [{**sound["scores"][0], "percent": 101}]},
        "score that is no number": {**sound, "scores": [{**sound["scores"][0], "passed": math.nan}]},
        "number that is none": {**sound, "thresholds": {"x": math.inf}},
        "score without counts": {**sound, "scores": [{"benchmark": "cis_7.0"}]},
        "plan hash is a path": {**sound, "plan_sha256": "../../x"},
        "refusal without a reason": {**sound, "refused": [{}]},
        "change without an operation": {**sound, "changes": [{"applied": False}]},
        "incomplete is odd": {**sound, "incomplete": [{"x": 1}]},
        "only a schema": {"schema": sound["schema"]},
    }


@pytest.mark.parametrize("kind", list(make_malformed()))
def test_a_malformed_report_costs_its_own_account_alone(reports: Path, kind: str) -> None:
    store = DirectoryStore(str(reports))
    run(task(reports))
    store.put(f"333344445555/runs/{samples.run().id}/report.json", encode(make_malformed()[kind]))
    for name in ("notes.txt", "99/report.json", "x/report.json", "runs/x.json", "444455556666"):
        store.put(name, b"{")
    result = run(task(reports, scope="fleet", run_id=samples.run().id))
    assert (result["accounts"], result["failed_accounts"]) == (1, ["333344445555"])
    assert result["fail"]


def test_no_account_poisons_the_score_or_the_words_of_the_fleet(reports: Path) -> None:
    """JSON of Python has NaN, and so would the sum over all accounts. Then no later run could go on with the trend."""
    store, key = DirectoryStore(str(reports)), f"333344445555/runs/{samples.run().id}/report.json"
    run(task(reports))
    sound = {**account("333344445555"), "run": samples.assessment()["run"]}
    text = encode(sound).replace(b'"passed": 13', b'"passed": 1e999')
    assert text != encode(sound)
    store.put(key, text)
    result = run(task(reports, scope="fleet", run_id=samples.run().id))
    assert (result["failed_accounts"], result["score"]["passed"]) == (["333344445555"], 13)
    json.loads((reports / "fleet.json").read_bytes(), parse_constant=lambda name: pytest.fail(name))


def test_the_page_of_a_run_has_the_findings_of_accounts_and_not_what_they_count(reports: Path) -> None:
    run(task(reports))
    forged = {"critical": "0", "high": 0, "medium": 0, "low": 0, "total": 0}
    document = {**account("333344445555"), "run": samples.assessment()["run"], "summary": forged}
    DirectoryStore(str(reports)).put(f"333344445555/runs/{samples.run().id}/report.json", encode(document))
    result = run(task(reports, scope="fleet", run_id=samples.run().id))
    assert (result["accounts"], result["failed_accounts"]) == (2, [])
    one, other = json.loads((reports / "fleet.json").read_bytes())["accounts"]
    assert one["summary"] == other["summary"]


@pytest.mark.parametrize("kind", ["another account", "no findings", "only a schema", "no run", "run is a path"])
def test_a_malformed_assessment_fails_with_a_message(reports: Path, kind: str) -> None:
    DirectoryStore(str(reports)).put("333344445555/report.json", encode(make_malformed()[kind]))
    with pytest.raises(TaskError, match="333344445555/report.json is"):
        run(task(reports, account_id="333344445555"))


def test_no_report_leads_out_of_the_place_of_reports(tmp_path: Path) -> None:
    place = tmp_path / "reports"
    outside = samples.assessment(run=samples.run("../../../outside"))
    DirectoryStore(str(place)).put(f"{samples.ACCOUNT}/report.json", encode(outside))
    with pytest.raises(TaskError, match="report.json is malformed: the id of its run"):
        run(task(place))
    assert run(task(place, scope="fleet"))["failed_accounts"] == [samples.ACCOUNT]
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


# The hash of a run


def test_the_report_of_a_run_has_the_hash_that_approves_all_its_accounts(reports: Path) -> None:
    own = run(task(reports))["plan_sha256"]
    other = run_of_another_account(reports)
    result = run(task(reports, scope="fleet"))
    # An account in which nothing would be changed has no hash, and is named.
    assert other == "None"
    lines = f"{samples.ACCOUNT} {own}\n"
    assert result["plan_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    fleet = read(reports / "fleet.json")
    assert fleet["plan_sha256"] == result["plan_sha256"] == result["stats"]["hardening_plan_sha256"]
    assert [row["plan_sha256"] for row in fleet["accounts"]] == [own, None]
    reason = "nothing would be changed, so there is nothing to approve"
    assert fleet["without_hash"] == [{"account_id": "333344445555", "reason": reason}]
    approved = approval(reports, result["plan_sha256"])
    assert approved.objection(samples.PASSWORD_POLICY_CHANGE) is None
    store = DirectoryStore(str(reports))
    nothing = find_approval(store, result["plan_sha256"], account_id="333344445555", now=samples.NOW)
    assert nothing.objection(samples.PASSWORD_POLICY_CHANGE) is not None


def test_a_run_in_which_no_account_has_a_hash_has_none(reports: Path) -> None:
    put_part(reports, {**MARK, "error": "AccessDenied"})
    run(task(reports))
    result = run(task(reports, scope="fleet"))
    fleet = read(reports / "fleet.json")
    assert result["plan_sha256"] is fleet["plan_sha256"] is result["stats"]["hardening_plan_sha256"] is None
    assert fleet["no_hash_reason"] == "no account of the run has a plan with a hash"
    ((account_id, reason),) = [item.values() for item in fleet["without_hash"]]
    assert account_id == samples.ACCOUNT and "security_hub: AccessDenied" in reason
    assert not (reports / "runs").exists()


def test_terminal_file_page_and_workflow_show_the_plan_with_its_hash(reports: Path) -> None:
    own = run(task(reports, terminal="summary"))
    run_of_all = run(task(reports, scope="fleet", terminal="summary"))
    for result, folder, page in ((own, reports / samples.ACCOUNT, "report.html"), (run_of_all, reports, "fleet.html")):
        text = (folder / "plan.txt").read_text(encoding="utf-8")
        approved = f"-e hardening_approved_plan={result['plan_sha256']}"
        assert approved in text.splitlines()[3]
        assert approved in (folder / page).read_text(encoding="utf-8")
        assert text.partition("\n\n222233334444 ")[0] in result["terminal"]
        assert result["stats"]["hardening_plan"] in text
    assert "plan.txt" in read(reports / "manifest.json")["files"]


def test_a_plan_that_nobody_can_see_is_not_in_the_hash_of_the_run(reports: Path) -> None:
    plan_hash = run(task(reports))["plan_sha256"]
    (reports / samples.ACCOUNT / "plan.json").write_text("{}", encoding="utf-8")
    (reports / samples.ACCOUNT / "plans" / f"{plan_hash}.json").write_text("{}", encoding="utf-8")
    result = run(task(reports, scope="fleet"))
    assert result["plan_sha256"] is None
    document = read(reports / "fleet.json")
    assert "its plan can't be shown" in document["without_hash"][0]["reason"]
    assert "It has no hash, so it can't be approved" in result["terminal"]


def test_an_audit_alone_says_nothing_of_plans(tmp_path: Path) -> None:
    DirectoryStore(str(tmp_path)).put(f"{samples.ACCOUNT}/report.json", encode(samples.assessment()))
    shown = run(task(tmp_path, terminal="summary"))["terminal"]
    assert "PLAN" not in shown
    assert "planned" not in shown
    assert 'id="plan"' not in (tmp_path / samples.ACCOUNT / "report.html").read_text(encoding="utf-8")


def test_a_workflow_knows_every_variable_that_is_handed_on(reports: Path) -> None:
    known = (Path(__file__).resolve().parents[4] / "playbooks/vars/known_variables.yml").read_text(encoding="utf-8")
    for scope in ("account", "fleet"):
        stats = run(task(reports, scope=scope))["stats"]
        assert [name for name in stats if f"- {name}\n" not in known] == []


def run_of_another_account(reports: Path) -> str:
    store = DirectoryStore(str(reports))
    store.put(f"333344445555/runs/{samples.run().id}/report.json", encode(account("333344445555")))
    return str(run(task(reports, account_id="333344445555", run_id=samples.run().id))["plan_sha256"])


def test_a_later_run_does_not_change_what_a_hash_approves(reports: Path) -> None:
    run(task(reports))
    approved = run(task(reports, scope="fleet"))["plan_sha256"]
    put_part(reports, {**part_of(HIDDEN, "overtaking"), "plan": plan_of(HIDDEN)})
    assert run(task(reports))["plan_sha256"] != run(task(reports, scope="fleet"))["plan_sha256"] != approved
    found = approval(reports, approved)
    assert found.objection(samples.PASSWORD_POLICY_CHANGE) is None
    assert found.objection(HIDDEN)


# The report of a run, from one run to the next


def report_on_run(place: Path, run_id: str, **options: t.Any) -> dict[str, t.Any]:
    """Assess the sample account in a run, report on it and on the run, and return the document of the run."""
    assessed = samples.assessment(run=samples.run(run_id))
    DirectoryStore(str(place)).put(f"{samples.ACCOUNT}/runs/{run_id}/report.json", encode(assessed))
    run(task(place, scope="fleet", run_id=run_id, **options))
    return read(place / "fleet.json")


def test_the_report_of_a_run_goes_on_with_the_trend_of_the_run_before(tmp_path: Path) -> None:
    report_on_run(tmp_path, "first")
    found = report_on_run(tmp_path, "second")
    assert [point["run_id"] for point in found["trend"]] == ["first", "second"]
    assert "The line shows the last 2 runs." in (tmp_path / "fleet.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"schema": "other"}', b'{"trend": 1}', b"[" * 5000])
def test_a_forged_report_of_the_run_before_costs_the_trend_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fleet.json").write_bytes(content)
    found = report_on_run(tmp_path, "second")
    assert [point["run_id"] for point in found["trend"]] == ["second"]
    assert (found["failed"], len(found["accounts"])) == ([], 1)


def test_accounts_are_named_by_their_hosts_and_units_whatever_else_is_given(tmp_path: Path) -> None:
    hosts = {samples.ACCOUNT: "prod", "": "nobody", "no account": "x", "333344445555": ""}
    found = report_on_run(tmp_path, "first", account_hosts=hosts, account_units={int(samples.ACCOUNT): "/Prod"})
    (account_,) = found["accounts"]
    assert (account_["host"], account_["unit"]) == ("prod", "/Prod")
    assert found["names"] == {samples.ACCOUNT: "prod"}


def test_the_report_says_which_modules_looked_at_the_account(reports: Path) -> None:
    run(task(reports))
    report = read(reports / samples.ACCOUNT / "report.json")
    modes = {item["module"]: item["mode"] for item in report["modules"]}
    assert modes == {"access_keys": "report", "password_policy": "enforce"}
    jsonschema.validate(report, json.loads((CHECKOUT / "docs/report.schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("terminal", ["auto", "summary", "full", "brief"])
@pytest.mark.parametrize(
    "forged",
    [
        {"changes": [{"applied": False}]},
        {"changes": [{"applied": False, "affects": ["x"], "remedies": 7}]},
        {"refused": [{"rule": ["a"], "reason": 3, "operation": "", "module": None, "target": 5}]},
        {"account_alias": ["x"]},
        {"costs": 3, "impacts": 3, "preflight": 3},
    ],
)
def test_a_report_that_can_not_be_shown_costs_its_own_account_alone(
    tmp_path: Path, terminal: str, forged: dict[str, t.Any]
) -> None:
    good, bad = account("222233334444"), {**account("333344445555"), **forged}
    store = DirectoryStore(str(tmp_path))
    for report in (good, bad):
        store.put(f"{report['account_id']}/report.json", encode(report))
    result = run(task(tmp_path, scope="fleet", account_id=None, terminal=terminal, run_id=good["run"]["id"]))
    assert "222233334444" in result["terminal"]
    assert result["failed_accounts"] in ([], ["333344445555"])
    assert terminal == "brief" or result["failed_accounts"] or "333344445555" in result["terminal"]


def test_the_preflight_names_the_accounts_that_failed(tmp_path: Path) -> None:
    known = {"account_id": "222233334444", "capabilities": [], "modes": {}}
    failures = [{"host": "dev", "account_id": None, "reason": "AccessDenied"}]
    result = run(task(tmp_path, scope="preflight", preflight=[known], failures=failures))
    assert result["terminal"].splitlines()[:2] == [
        "Preflight of 2 accounts: 1 failed, nothing is missing in the others",
        "  dev  FAILED  AccessDenied",
    ]
