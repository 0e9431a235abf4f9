# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module access_analyzer, through Ansible: analyzers and archive rules over regions, made, changed, taken away."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import boto3
import pytest
import yaml

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task
from ansible_collections.hardening.iam.plugins.modules import access_analyzer_findings_info as findings_info
from ansible_collections.hardening.iam.plugins.modules.access_analyzer import ENTRY, RETURN, argument_spec
from dates import date_in, noon_in
from emulator.client import Emulator, EmulatorProcess

from .conftest import (
    CHECKOUT,
    DEV,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    most_in_flight,
    role_arn,
)
from .interrupting import Bench, Job

REGIONS = ["us-east-1", "eu-west-1"]
SEVENTEEN = 17
PARTNER = {"principal.AWS": {"eq": ["444455556666"]}}
PUBLIC = {"isPublic": {"eq": ["true"]}}
RULE = {"name": "partner", "filter": PARTNER, "reason": "they deliver here", "expires": date_in(120)}
NOW = noon_in(0)


def run(
    ansible: Ansible, *arguments: str, account: str = PROD, module: str = "access_analyzer", **options: t.Any
) -> tuple[Record, Outcome]:
    """One task in an account; its result, and what it sent."""
    given = {"regions": REGIONS, "now": NOW, **options} if module == "access_analyzer" else options
    outcome = ansible.module(
        module,
        *arguments,
        account_id=account,
        assessor_role_arn=role_arn(account),
        assume_role_arn=role_arn(account, "automation"),
        assume_role_external_id=EXTERNAL_ID,
        **given,
    )
    # Warnings stand below the result.
    result, _end = json.JSONDecoder().raw_decode(outcome.output, outcome.output.index("=> {") + 3)
    return result, outcome


def operations(result: Record) -> list[str]:
    return sorted(change["operation"] for change in result["changes"])


def sent(outcome: Outcome) -> list[str]:
    return sorted(operation.partition(":")[2] for operation in outcome.writes)


def four_steps(ansible: Ansible, *, besides: t.Sequence[str] = (), **options: t.Any) -> Record:
    """Check, real, check again, real again; returns what the real run said."""
    predicted, checked = run(ansible, "--check", "--diff", **options)
    assert (checked.status, checked.writes) == (0, []), checked.output
    made, done = run(ansible, **options)
    assert done.status == 0, done.output
    assert predicted["plan_sha256"] == made["plan_sha256"]
    assert sent(done) == sorted([*operations(made), *besides])
    for arguments in (("--check",), ()):
        result, again = run(ansible, *arguments, **options)
        assert (again.status, again.writes, result["changes"], result["changed"]) == (0, [], [], False)
    return made


@pytest.fixture(scope="module")
def shared(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible()


def test_create_change_and_delete_in_twelve_steps(shared: Ansible) -> None:
    created = four_steps(shared, archive_rules=[RULE], besides=["ApplyArchiveRule"] * 2)
    assert operations(created) == ["CreateAnalyzer"] * 2 + ["CreateArchiveRule"] * 2
    assert {change["region"] for change in created["changes"]} == set(REGIONS)
    analyzers = [change for change in created["changes"] if change["operation"] == "CreateAnalyzer"]
    assert all(change["remedies"] and change["after"]["type"] == "ACCOUNT" for change in analyzers)
    changed = four_steps(
        shared,
        archive_rules=[{**RULE, "filter": {**PARTNER, "resource": {"contains": ["exchange"]}}}],
        tags={"team": "security"},
        unused={"unused_access_age": 60},
        besides=["ApplyArchiveRule"] * 2,
    )
    assert operations(changed) == ["CreateAnalyzer", *["TagResource"] * 2, *["UpdateArchiveRule"] * 2]
    assert changed["costs"][0]["option"] == "unused" and changed["costs"][0]["count"] > 0
    names = ["iam-hardening-external", "iam-hardening-unused"]
    deleted = four_steps(shared, external="none", remove_analyzers=names)
    assert operations(deleted) == ["DeleteAnalyzer"] * 3
    assert not any(change["reversible"] for change in deleted["changes"])


def test_any_active_analyzer_will_do(ansible: Ansible) -> None:
    result, _outcome = run(ansible, account=DEV, return_findings="failed")
    assert [(change["operation"], change["region"]) for change in result["changes"]] == [
        ("CreateAnalyzer", "eu-west-1")
    ]
    assert {finding["control"] for finding in result["findings"]} == {"external_access_analyzer"}
    whole, _outcome = run(ansible, account=MANAGEMENT)
    assert whole["changes"] == []
    strict, _outcome = run(ansible, "--check", account=MANAGEMENT, external="account")
    assert operations(strict) == ["CreateAnalyzer"] * 2


def test_a_region_that_is_denied_costs_the_others_nothing(ansible: Ansible, control: Emulator) -> None:
    denied = {"service": "accessanalyzer", "kind": "error", "code": "AccessDeniedException", "status": 403}
    control.faults([{**denied, "region": "eu-west-1"}])
    result, outcome = run(ansible, return_findings="all")
    assert outcome.status == 0, outcome.output
    assert [(change["operation"], change["region"]) for change in result["changes"]] == [
        ("CreateAnalyzer", "us-east-1")
    ]
    statuses = {(finding["region"], finding["status"]) for finding in result["findings"]}
    assert ("eu-west-1", "NOT_ASSESSED") in statuses
    assert ("us-east-1", "NOT_ASSESSED") not in statuses
    assert "nothing is planned in eu-west-1" in outcome.output


def test_analyzers_of_an_organization_are_made_where_it_is_managed(ansible: Ansible) -> None:
    member, outcome = run(ansible, external="organization")
    assert (outcome.status, outcome.writes) == (0, [])
    assert {refusal["rule"] for refusal in member["refused"]} == {"organization"}
    managed, outcome = run(ansible, account=MANAGEMENT, unused={"scope": "organization"})
    assert outcome.status == 0, outcome.output
    assert [change["after"]["type"] for change in managed["changes"]] == ["ORGANIZATION_UNUSED_ACCESS"]


@pytest.mark.dated
def test_an_expired_rule_is_found_and_removed(ansible: Ansible) -> None:
    run(ansible, regions=["us-east-1"], archive_rules=[RULE])
    later = {"regions": ["us-east-1"], "archive_rules": [RULE], "now": noon_in(121)}
    result, outcome = run(ansible, return_findings="failed", **later)
    assert operations(result) == ["DeleteArchiveRule"]
    (finding,) = result["findings"]
    assert finding["control"] == "archive_rule_expired"
    assert finding["evidence"]["observed"]["reason"] == "they deliver here"
    assert result["changes"][0]["remedies"] == [finding["fingerprint"]]
    again, outcome = run(ansible, return_findings="failed", **later)
    assert (again["changes"], again["findings"], outcome.writes) == ([], [], [])


def test_a_run_is_taken_back(ansible: Ansible) -> None:
    made, _outcome = run(ansible, archive_rules=[RULE], run_id="made")
    back, outcome = run(ansible, module="rollback", undo_run_id="made")
    assert outcome.status == 0, outcome.output
    assert len(back["changes"]) == len(made["changes"])
    assert back["refused"] == []
    fresh, _outcome = run(ansible, "--check", archive_rules=[RULE])
    assert fresh["plan_sha256"] == made["plan_sha256"]


def test_seventeen_regions_are_converged_side_by_side(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call takes 50 ms: to look, to make an analyzer in each, and to look again."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)
    control.faults([{"kind": "latency", "latency_ms": 50}])
    made, most = [], []
    for check_mode in (True, False, False):
        given = {name: argument.get("default") for name, argument in argument_spec().items()}
        given |= {"account_id": PROD, "assume_role_arn": role_arn(PROD, "automation"), "journal": str(tmp_path)}
        given |= {"assessor_role_arn": role_arn(PROD), "assume_role_external_id": EXTERNAL_ID, "regions": ["enabled"]}
        task = Task(options=given, operations=ENTRY.operations, check_mode=check_mode)
        result = ENTRY.run(task)
        most.append(most_in_flight(control))
        made.append(len(result["changes"]))
    assert made == [SEVENTEEN, SEVENTEEN, 0]
    assert min(calls["accessanalyzer:ListAnalyzers"] for calls in most) > 1
    assert most[1]["accessanalyzer:CreateAnalyzer"] > 1


# Runs of the module in this process, in an account of its own, which tests look into by boto3.

ALONE = "555566667777"
DECLARED: t.Final[Record] = {"account_id": ALONE, "regions": REGIONS, "archive_rules": [RULE]}
MADE: t.Final = {region: {"iam-hardening-external": ("ACCOUNT", ["partner"])} for region in REGIONS}


@pytest.fixture
def account(
    emulator: EmulatorProcess, control: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[t.Callable[..., Bench]]:
    """An account with these analyzers by region."""
    for name, value in emulator.env().items():
        monkeypatch.setenv(name, value)

    def made(**regions: Record) -> Bench:
        of_regions = {name.replace("_", "-"): {"analyzers": analyzers} for name, analyzers in regions.items()}
        control.reset({"management_account": ALONE, "accounts": {ALONE: {"name": "alone", "regions": of_regions}}})
        return Bench(control, tmp_path)

    yield made
    control.clear_faults()


def analyzers() -> dict[str, dict[str, tuple[str, list[str]]]]:
    """The analyzers of each region by name: their type and the names of their archive rules."""
    found: dict[str, dict[str, tuple[str, list[str]]]] = {}
    for region in REGIONS:
        client = boto3.client("accessanalyzer", region_name=region)
        for item in client.list_analyzers()["analyzers"]:
            rules = client.list_archive_rules(analyzerName=item["name"])["archiveRules"]
            names = sorted(rule["ruleName"] for rule in rules)
            found.setdefault(region, {})[item["name"]] = item["type"], names
    return found


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 7))
def test_a_run_that_is_cut_off_goes_on_and_is_taken_back(
    account: t.Callable[..., Bench], write: int, after: bool
) -> None:
    """In each of two regions an analyzer, a rule, and the rule applied to what was found before it."""
    bench = account()
    declared = Job(ENTRY, DECLARED)
    bench.killed(lambda: bench.run(declared, now=NOW, run_id="first"), write=write, after=after)
    bench.run(declared, now=NOW, run_id="second")
    assert analyzers() == MADE
    bench.control.clear_log()
    bench.run(declared, now=NOW, run_id="third")
    assert bench.writes == []
    for run_id in ("second", "first"):
        bench.undo(run_id, f"{run_id}-back", account_id=ALONE)
    assert analyzers() == {}


def test_what_others_made_stays(account: t.Callable[..., Bench]) -> None:
    theirs = {"tags": {"owner": "security"}, "archive_rules": {"theirs": PUBLIC}}
    ours = {**theirs, "tags": {"owner": "security", "iam-hardening:managed": "true"}}
    bench = account(us_east_1={"whatever": theirs}, eu_west_1={"ours": ours})
    result = bench.result(ENTRY, now=NOW, **DECLARED, tags={"team": "iam"})
    assert operations(result) == ["CreateArchiveRule", "CreateArchiveRule", "TagResource"]
    kept = ("ACCOUNT", ["partner", "theirs"])
    assert analyzers() == {"us-east-1": {"whatever": kept}, "eu-west-1": {"ours": kept}}
    tags = {region: boto3.client("accessanalyzer", region_name=region).list_analyzers() for region in REGIONS}
    assert tags["us-east-1"]["analyzers"][0]["tags"] == {"owner": "security"}
    assert tags["eu-west-1"]["analyzers"][0]["tags"] == {**ours["tags"], "team": "iam"}
    bench.control.clear_log()
    again = bench.result(ENTRY, now=NOW, **DECLARED, tags={"team": "iam"})
    assert (again["changes"], bench.writes) == ([], [])
    gone = bench.result(ENTRY, now=NOW, **{**DECLARED, "archive_rules": []}, remove_archive_rules=["partner"])
    assert operations(gone) == ["DeleteArchiveRule"] * 2
    assert {name for region in analyzers().values() for _kind, names in region.values() for name in names} == {"theirs"}


def test_everything_that_is_documented_is_returned_and_nothing_else(account: t.Callable[..., Bench]) -> None:
    documented = yaml.safe_load(RETURN)
    bench = account(us_east_1={"theirs": {"status": "FAILED"}})
    result = bench.result(ENTRY, now=NOW, **DECLARED, unused={}, return_findings="failed")
    # Ansible's own, which no module documents.
    assert set(result) - {"changed", "diff"} == set(documented)
    for key in ("changes", "refused", "costs"):
        assert set(result[key][0]) == set(documented[key]["contains"]), key


def test_an_analyzer_of_a_service_is_neither_counted_nor_touched(account: t.Callable[..., Bench]) -> None:
    bench = account(us_east_1={"linked": {"managed_by": "securityhub.amazonaws.com"}})
    result = bench.result(ENTRY, now=NOW, **DECLARED, remove_analyzers=["linked"])
    assert operations(result) == ["CreateAnalyzer", "CreateAnalyzer", "CreateArchiveRule", "CreateArchiveRule"]


@pytest.mark.parametrize("status", ["CREATING", "DISABLED", "FAILED"])
def test_an_analyzer_that_is_not_active_will_not_do(account: t.Callable[..., Bench], status: str) -> None:
    bench = account(us_east_1={"theirs": {"status": status}}, eu_west_1={"theirs": {}})
    result = bench.result(ENTRY, now=NOW, account_id=ALONE, regions=REGIONS, return_findings="failed")
    assert (result["changes"], bench.writes) == ([], [])
    assert {(item["control"], item["region"]) for item in result["findings"]} == {
        ("external_access_analyzer", "us-east-1")
    }
    refused = [] if status == "CREATING" else ["status"]
    assert [refusal["rule"] for refusal in result["refused"]] == refused
    assert all(f"analyzer theirs is {status}" in refusal["reason"] for refusal in result["refused"])


def test_a_quota_that_nobody_used_up_is_an_error_of_that_region(account: t.Callable[..., Bench]) -> None:
    bench = account()
    full = {"kind": "error", "code": "ServiceQuotaExceededException", "status": 402, "message": "limit of rules"}
    bench.control.faults([{**full, "region": "us-east-1", "operation": "CreateArchiveRule"}])
    with pytest.raises(RuntimeError, match="CreateArchiveRule on .*us-east-1.*limit of rules"):
        bench.result(ENTRY, now=NOW, **DECLARED)
    assert analyzers() == {**MADE, "us-east-1": {"iam-hardening-external": ("ACCOUNT", [])}}


def test_bad_input_is_named(ansible: Ansible) -> None:
    for options, message in (
        ({"archive_rules": [{**RULE, "expires": "soon"}]}, "archive_rules[0].expires: 'soon' is no date"),
        ({"archive_rules": [{**RULE, "expires": date_in(400)}]}, "archive_rule_max_days"),
        ({"archive_rules": [{**RULE, "filter": {}}]}, "would hide everything"),
        ({"archive_rules": [{**RULE, "filter": {"resource": "x"}}]}, "archive_rules[0].filter.resource"),
        ({"archive_rules": [RULE, RULE]}, "partner is listed twice"),
        ({"unused": {"unused_access_age": 400}}, "unused.unused_access_age: 400"),
        ({"internal": {"inclusions": [{"account_ids": [PROD]}]}}, "internal.inclusions"),
    ):
        result, outcome = run(ansible, **options)
        assert outcome.status != 0
        assert message in result["msg"]
        assert outcome.requests == []


def seeded() -> Record:
    """The organization, with something found in the account of production, and rules that hide some of it."""
    seed = t.cast(Record, yaml.safe_load((CHECKOUT / "tests/emulator/seeds/acme.yml").read_text(encoding="utf-8")))
    role = {"resource": f"arn:aws:iam::{PROD}:role/prod-admin"}
    bucket = {"resource": "arn:aws:s3:::exchange", "resource_type": "AWS::S3::Bucket"}
    user = {"resource": f"arn:aws:iam::{PROD}:user/deploy-bot", "resource_type": "AWS::IAM::User"}
    outside = {"principal": {"AWS": "444455556666"}, "actions": ["sts:AssumeRole"]}
    seed["accounts"][PROD]["regions"] = {
        "us-east-1": {
            "analyzers": {
                "ours": {
                    "archive_rules": {"broad": {"resourceType": {"eq": ["AWS::SQS::Queue"]}}, "partner": PARTNER},
                    "findings": {
                        "role-here": {**role, "principal": {"AWS": "999988887777"}},
                        "open": {**bucket, "public": True, "principal": {"AWS": "*"}, "actions": ["s3:GetObject"]},
                        "hidden": {**role, **outside},
                    },
                },
                "unused": {
                    "type": "ACCOUNT_UNUSED_ACCESS",
                    "unused_access_age": 90,
                    "findings": {
                        "permissions": {**role, "type": "UnusedPermission", "actions": ["s3:Get", "s3:Put", "sqs:*"]},
                        "key": {**user, "type": "UnusedIAMUserAccessKey", "access_key": "AKIAIOSFODNN7EXAMPLE"},
                        "more": {**user, "type": "UnusedPermission", "actions": ["s3:*"]},
                    },
                },
            }
        },
        "eu-west-1": {"analyzers": {"ours": {"findings": {"role-there": {**role, "principal": {"AWS": "9"}}}}}},
    }
    return seed


@pytest.fixture(scope="module")
def found(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(seeded())


def assessed(ansible: Ansible, **options: t.Any) -> tuple[list[Record], Outcome]:
    controls = ["external_access_found", "unused_access_found", "internal_access_found", "archive_rule_broad"]
    outcome = ansible.module(
        "assessment_info",
        "--check",
        assessor_role_arn=role_arn(PROD),
        assume_role_external_id=EXTERNAL_ID,
        regions=REGIONS,
        include=controls,
        return_findings="all",
        **options,
    )
    assert outcome.status == 0, outcome.output
    return json.loads(outcome.output[outcome.output.index("=> {") + 3 :])["findings"], outcome


def test_findings_become_findings_of_the_assessment_once_a_resource(found: Ansible) -> None:
    findings, outcome = assessed(found, detective=True)
    assert outcome.writes == []
    failed = {
        (item["control"], item["region"], item["resource"].rpartition(":")[2], item["severity"])
        for item in findings
        if item["status"] == "FAIL"
    }
    assert failed == {
        ("external_access_found", "global", "role/prod-admin", "high"),
        ("external_access_found", "us-east-1", "exchange", "critical"),
        ("unused_access_found", "global", "role/prod-admin", "low"),
        ("unused_access_found", "global", "user/deploy-bot", "medium"),
        ("archive_rule_broad", "us-east-1", "analyzer/ours", "medium"),
    }
    assert len([item for item in findings if item["status"] == "FAIL"]) == len(failed)
    quiet = {
        (item["control"], item["region"]): item["status"]
        for item in findings
        if item["status"] != "FAIL" and item["control"] != "region_assessed"
    }
    assert quiet == {
        ("unused_access_found", "eu-west-1"): "NOT_APPLICABLE",
        ("internal_access_found", "us-east-1"): "NOT_APPLICABLE",
        ("internal_access_found", "eu-west-1"): "NOT_APPLICABLE",
        ("archive_rule_broad", "eu-west-1"): "PASS",
    }


def test_without_the_option_nothing_more_is_read(found: Ansible) -> None:
    findings, outcome = assessed(found)
    assert findings == []
    assert not {"ListFindingsV2", "ListArchiveRules"} & {record["operation"] for record in outcome.requests}


def listed(ansible: Ansible, *arguments: str, **options: t.Any) -> tuple[Record, Outcome]:
    return run(ansible, *arguments, module="access_analyzer_findings_info", regions=REGIONS, **options)


def test_findings_of_all_kinds_are_listed(found: Ansible) -> None:
    result, outcome = listed(found, "--check", details=True)
    assert (outcome.status, outcome.writes, result["unread"]) == (0, [], []), outcome.output
    assert result["counts"] == {"ExternalAccess": 3, "UnusedIAMUserAccessKey": 1, "UnusedPermission": 2}
    of = {item["id"]: item for item in result["findings"]}
    assert [name for name, item in of.items() if item["is_public"]] == ["open"]
    assert of["permissions"]["details"][0]["serviceNamespace"] == "s3"
    assert of["key"]["details"] == [{"accessKeyId": "AKIA…MPLE"}]
    assert of["open"]["details"][0]["principal"] == {"AWS": "*"}
    hidden, _outcome = listed(found, access=["external"], statuses=["ARCHIVED"])
    assert [item["id"] for item in hidden["findings"]] == ["hidden"]
    some, outcome = listed(found, types=["UnusedPermission"], limit=1)
    assert (len(some["findings"]), some["counts"]) == (1, {"UnusedPermission": 2})
    assert "2 findings; the first 1 are returned" in outcome.output
    whole, _outcome = listed(found, reveal_key_ids=True, details=True)
    assert "AKIAIOSFODNN7EXAMPLE" in json.dumps(whole)


def test_recommendations_are_made_on_request_and_not_in_check_mode(found: Ansible) -> None:
    checked, outcome = listed(found, "--check", recommendations=True)
    assert (outcome.status, outcome.writes) == (0, [])
    assert not any("recommendation" in item for item in checked["findings"])
    assert "none in check mode" in outcome.output
    result, outcome = listed(found, recommendations=True)
    assert (result["changed"], sent(outcome)) == (False, ["GenerateFindingRecommendation"] * 2)
    steps = {item["id"]: item["recommendation"]["steps"] for item in result["findings"] if "recommendation" in item}
    assert set(steps) == {"permissions", "more"}
    assert [step["action"] for step in steps["more"]] == ["CREATE_POLICY", "DETACH_POLICY"]


def test_a_region_that_can_not_be_read_is_named(found: Ansible) -> None:
    denied = {"service": "accessanalyzer", "kind": "error", "code": "AccessDeniedException", "status": 403}
    found.control.faults([{**denied, "region": "eu-west-1"}])
    result, outcome = listed(found)
    found.control.clear_faults()
    assert outcome.status == 0
    assert [place["region"] for place in result["unread"]] == ["eu-west-1"]
    assert {item["region"] for item in result["findings"]} == {"us-east-1"}


def test_everything_that_is_documented_of_findings_is_returned(found: Ansible) -> None:
    documented = yaml.safe_load(findings_info.RETURN)
    result, _outcome = listed(found, details=True, recommendations=True)
    assert set(result) - {"changed"} == set(documented)
    assert set().union(*result["findings"]) == set(documented["findings"]["contains"])
