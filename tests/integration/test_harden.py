# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/harden.yml: predicted, made, and made again."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

import pytest
import yaml

from emulator.client import Emulator

from .conftest import (
    DEMO,
    DEV,
    EXTERNAL_ID,
    INVENTORIES,
    MANAGEMENT,
    PROD,
    SANDBOX,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    operation_of,
    role_arn,
)

HOSTS = {"acme-management": MANAGEMENT, "acme-prod": PROD, "acme-dev": DEV, "acme-sandbox": SANDBOX}
# The password policy of the management account is what the demo declares already.
CONVERGED = {PROD, DEV, SANDBOX}
UPDATE = "iam:UpdateAccountPasswordPolicy"
EXPORT = "securityhub:BatchImportFindings"
# Every task is an event of AWX for each account, whether it runs or is skipped. The second assessment is one of them.
MOST_TASKS = 14
# The emulated accounts have one role for all that writes, in place of one for each class.
ONE_ROLE: dict[str, t.Any] = {
    "aws_assume_role_arns": {},
    "aws_assume_role_arn": role_arn("{{ aws_account_id }}", "automation"),
}
# For tests of one role by itself.
OTHERS_OFF = {
    name: "off"
    for name in yaml.safe_load(DEMO.read_text(encoding="utf-8"))["aws_accounts"]["vars"]
    if name.endswith("_mode") and name != "password_policy_mode"
}


@dataclasses.dataclass(frozen=True)
class Documents:
    """What a run left of one account, read before the next run."""

    report: Record
    part: Record


@dataclasses.dataclass(frozen=True)
class Step:
    """A run of the playbook and its documents, by account."""

    outcome: Outcome
    accounts: t.Mapping[str, Documents]


def step(ansible: Ansible, *arguments: str, **variables: t.Any) -> Step:
    outcome = ansible.playbook("harden", *arguments, **variables).succeeded()
    documents = {
        account: Documents(report=outcome.report(account), part=outcome.part(account, "password_policy"))
        for account in HOSTS.values()
    }
    return Step(outcome, documents)


@pytest.fixture(scope="module")
def steps(make_ansible: MakeAnsible) -> t.Sequence[Step]:
    """The demo inventory: in check mode, for real, in check mode again, for real again."""
    ansible = make_ansible()
    return [
        step(ansible, *arguments, hardening_run_id=f"run-{number}")
        for number, arguments in enumerate((("--check", "--diff"), ("--diff",), ("--check",), ()))
    ]


def test_prediction_is_the_plan_that_is_applied(steps: t.Sequence[Step]) -> None:
    predicted, applied = steps[0], steps[1]
    for account in HOSTS.values():
        before, after = predicted.accounts[account].part, applied.accounts[account].part
        assert before["plan_sha256"] == after["plan_sha256"]
        assert not any(change["applied"] for change in before["changes"])
        assert all(change["applied"] for change in after["changes"])
    assert _diffs(predicted.outcome) == _diffs(applied.outcome) != []


def _diffs(outcome: Outcome) -> list[str]:
    """What differs, but for the findings that are exported: a real run mends some of them first, and turns hubs on."""
    lines = re.findall(r"^[+-](?![+-]).*$", outcome.output, re.MULTILINE)
    exported = re.compile(r"\+(?:- \S+ on arn:.+: [A-Z]+ [A-Z]+ \([0-9a-f]{8}\)|… and \d+ more .*)")
    return sorted(line for line in lines if not exported.fullmatch(line))


def test_output_is_short(steps: t.Sequence[Step]) -> None:
    """At most 1,200 lines with differences, where ok and skipped hosts are hidden, and no line over 300 characters."""
    usual = ("ok: ", "skipping: ", "TASK ", "PLAY ")
    lines = [line for line in steps[0].outcome.output.splitlines() if line and not line.startswith(usual)]
    assert len(lines) <= 1200
    # The recap of Ansible and its headings are not ours.
    assert max(map(len, lines)) <= 300
    # Patterns and objects are shown, not their hashes.
    assert "(sha256 " not in steps[0].outcome.output
    assert "pattern: {" in steps[0].outcome.output


def test_each_account_has_one_line_and_the_end_names_the_pages(steps: t.Sequence[Step]) -> None:
    output = steps[2].outcome.output
    for account in HOSTS.values():
        assert len(re.findall(rf"^{account}(?: \(\S+\))?: \d+ critical", output, re.MULTILINE)) == 1
    (named,) = re.findall(r"REPORTS:\n((?:  .+\n)+)", output)
    assert [line.rpartition("/reports/")[2] for line in named.splitlines()] == [
        *(f"{account}/report.html" for account in sorted(HOSTS.values())),
        "fleet.html",
    ]


def test_writes_arrive_once_and_where_they_are_due(steps: t.Sequence[Step]) -> None:
    written = [(operation_of(record), record["account_id"]) for record in _writes(steps[1].outcome)]
    told = [
        (f"{change['service']}:{change['operation']}", account)
        for account, documents in steps[1].accounts.items()
        for change in documents.report["changes"]
        if change["applied"]
    ]
    # The export to a region is one change, and needs a call for each hundred findings.
    assert sorted(item for item in written if item[0] != EXPORT) == sorted(item for item in told if item[0] != EXPORT)
    assert set(written) == set(told)
    assert {account for operation, account in written if operation == UPDATE} == CONVERGED
    for record in _writes(steps[1].outcome):
        assert record["error_code"] is None
        assert (
            f"assumed-role/{role_arn(record['account_id'], 'automation').rpartition('/')[2]}/" in record["caller_arn"]
        )


def _writes(outcome: Outcome) -> list[Record]:
    return [record for record in outcome.requests if not record["read_only"]]


def test_changed_is_told_of_the_accounts_that_change(steps: t.Sequence[Step]) -> None:
    for number in (0, 1):
        changed = {host for host in HOSTS if steps[number].outcome.recap(host)["changed"]}
        # All hand on what alerts, and the management account tells people.
        assert {HOSTS[host] for host in changed} == set(HOSTS.values())


@pytest.mark.parametrize("number", (2, 3))
def test_second_run_changes_nothing(steps: t.Sequence[Step], number: int) -> None:
    outcome = steps[number].outcome
    assert outcome.writes == []
    assert [outcome.recap(host)["changed"] for host in HOSTS] == [0, 0, 0, 0]
    for account in HOSTS.values():
        assert steps[number].accounts[account].part["changes"] == []


def test_an_account_that_changes_has_few_tasks(steps: t.Sequence[Step]) -> None:
    # The first host also has the tasks that run once. An account that changed is assessed again, which is one more.
    assert all(0 < steps[1].outcome.count_tasks(host) <= MOST_TASKS + 1 for host in list(HOSTS)[1:])


def released_leases(outcome: Outcome) -> dict[str, bool]:
    """Whether each lease that the runs took is released, by account."""
    places = (outcome.directory / "journal/control/leases/aws").glob("*.json")
    return {path.stem: json.loads(path.read_text("utf-8"))["released"] for path in places}


def test_no_lease_is_held_after_a_run(steps: t.Sequence[Step]) -> None:
    assert released_leases(steps[-1].outcome) == dict.fromkeys(HOSTS.values(), True)


def test_no_lease_is_held_after_a_report_that_failed(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible()
    # Nobody can write a file in the place of a directory.
    (ansible.directory / "reports" / DEV / "report.html" / "x").mkdir(parents=True)
    outcome = ansible.playbook("harden", "--limit", "acme-dev,localhost", **OTHERS_OFF)
    assert outcome.status != 0 and outcome.writes == [UPDATE]
    assert released_leases(outcome) == {DEV: True}


def test_what_was_declared_is_what_is_found_afterwards(steps: t.Sequence[Step]) -> None:
    for account in CONVERGED:
        controls = {"password_min_length", "password_symbol", "password_uppercase", "password_reuse"}
        verdicts = {
            finding["control"]: finding["status"]
            for finding in steps[1].accounts[account].report["findings"]
            if finding["control"] in controls
        }
        assert verdicts == dict.fromkeys(controls, "PASS")


def test_report_tells_what_the_run_resolved(steps: t.Sequence[Step]) -> None:
    for account in CONVERGED:
        report = steps[1].accounts[account].report
        # The demo has more changes of one kind than a cap allows.
        states = {change["state"] for change in report["changes"]}
        assert states == ({"applied", "applied if approved"} if account == DEV else {"applied"})
        resolved = {finding["control"] for finding in report["delta"]["resolved"]}
        assert "password_min_length" in resolved
        assert report["delta"]["previous_run"] == "run-0"


def test_second_report_has_no_delta(steps: t.Sequence[Step]) -> None:
    for account in HOSTS.values():
        delta = steps[3].accounts[account].report["delta"]
        assert (delta["previous_run"], delta["new"], delta["resolved"]) == ("run-2", [], [])


def test_what_the_run_leaves_is_what_it_exports(steps: t.Sequence[Step]) -> None:
    for account in CONVERGED:
        intents = (steps[1].outcome.directory / "journal" / account).glob("**/*-intent.json")
        changes = [json.loads(path.read_text(encoding="utf-8"))["change"] for path in intents]
        sent = [change["after"] for change in changes if f"securityhub:{change['operation']}" == EXPORT]
        exported = {name.rpartition("/")[2] for after in sent for name in after}
        findings = steps[1].accounts[account].report["findings"]
        assert exported == {item["fingerprint"] for item in findings if item["status"] == "FAIL"} != set()


def test_journal_names_every_change_before_and_after(steps: t.Sequence[Step]) -> None:
    files = [path for path in (steps[1].outcome.directory / "journal").glob("[0-9]*/**/*") if path.is_file()]
    changed = {account for account, documents in steps[1].accounts.items() if documents.report["changes"]}
    assert {account for account in HOSTS.values() if any(account in str(path) for path in files)} == changed
    assert changed >= CONVERGED
    assert all("run-1" in str(path) for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_examples_write_nothing_but_the_password_policy_and_analyzers_by_default(make_ansible: MakeAnsible) -> None:
    outcome = (
        make_ansible()
        .playbook("harden", inventory=INVENTORIES / "accounts.yml", aws_external_id=EXTERNAL_ID, **ONE_ROLE)
        .succeeded()
    )
    # Without aws_regions, the assessment and every role take all enabled regions.
    report = outcome.report(DEV)
    assert (len(report["scope"]["regions_assessed"]), report["scope"]["regions_not"]) == (17, [])
    written = {(operation_of(record), record["account_id"]) for record in _writes(outcome)}
    assert {account for operation, account in written if operation == UPDATE} == {PROD, DEV}
    assert {operation for operation, _account in written} == {UPDATE, "accessanalyzer:CreateAnalyzer"}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param((), {"password_policy_mode": "report"}, id="report"),
        pytest.param((), {"password_policy_mode": "off"}, id="off"),
        # What YAML 1.1 makes of an unquoted off.
        pytest.param((), {"password_policy_mode": False}, id="false"),
        pytest.param(("--skip-tags", "password_policy"), {}, id="skipped"),
        pytest.param(("--tags", "access_keys"), {}, id="other-tag"),
    ],
)
def test_role_that_is_not_to_enforce_writes_nothing(
    make_ansible: MakeAnsible, arguments: t.Sequence[str], variables: Record
) -> None:
    # The pattern leaves localhost in, which checks the inventory.
    limit = ("--limit", "acme-dev,localhost")
    outcome = make_ansible().playbook("harden", *arguments, *limit, **OTHERS_OFF, **variables).succeeded()
    assert outcome.writes == []
    assert outcome.recap("acme-dev")["changed"] == 0
    report = outcome.report(DEV)
    assert report["summary"]["total"] > 50
    planned = [change["applied"] for change in report["changes"]]
    assert planned == ([False] if variables.get("password_policy_mode") == "report" else [])


def test_tag_of_a_role_converges_it_and_keeps_the_assessment_whole(make_ansible: MakeAnsible) -> None:
    outcome = (
        make_ansible().playbook("harden", "--tags", "password_policy", "--limit", "acme-dev,localhost").succeeded()
    )
    assert outcome.writes == [UPDATE]
    assert outcome.report(DEV)["summary"]["total"] > 50
    assert outcome.document("fleet.json")["totals"]["accounts"] == 1


def test_role_that_fails_costs_no_account_its_report(ansible: Ansible, control: Emulator) -> None:
    refused = {"kind": "error", "code": "AccessDenied", "status": 403, "account_id": DEV}
    control.faults([{**refused, "service": "iam", "operation": "UpdateAccountPasswordPolicy"}])
    outcome = ansible.playbook("harden", "--tags", "password_policy", hardening_run_id="bad")
    assert outcome.status != 0
    assert [failure["host"] for failure in outcome.document("fleet.json")["failed"]] == ["acme-dev"]
    for account in HOSTS.values():
        report = outcome.report(account)
        assert report["run"]["id"] == "bad"
        failed = [error["operation"] for error in report["errors"] if error["operation"] == "password_policy"]
        assert failed == ["password_policy"] * (account == DEV)
        assert (outcome.reports / account / "report.html").exists()
