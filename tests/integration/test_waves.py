# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs over many accounts: how many one run changes, wave by wave, and what keeps the next wave from beginning."""

from __future__ import annotations

import gzip
import json
import os
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import EXTERNAL_ID, Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

SEED = "scale:accounts=8,users=1,roles=1,policies=1"
ACCOUNTS: t.Final = tuple(f"90000000000{number}" for number in range(8))
NAMES: t.Final = {f"account-{account[-1]}": account for account in ACCOUNTS}
GROUPS: t.Final = {"prod": ["account-2", "account-3"], "canary": ["account-0"], "dev": ["account-1"]}
WAVES: t.Final = ["canary", "dev", "prod"]
POLICY: t.Final = ("--tags", "password_policy")


def inventory_of(ansible: Ansible, names: t.Iterable[str], **variables: t.Any) -> Path:
    """An inventory of these hosts, with the groups of the waves."""
    wanted = tuple(names)
    path = write_inventory(ansible.directory, {name: {"aws_account_id": NAMES[name]} for name in wanted}, **variables)
    inventory = json.loads(path.read_text(encoding="utf-8"))
    for group, members in GROUPS.items():
        inventory[group] = {"hosts": {name: {} for name in members if name in wanted}}
    path = path.with_name(f"{'-'.join(wanted)}.json")
    path.write_text(json.dumps(inventory), encoding="utf-8")
    return path


FOUR: t.Final = tuple(NAMES)[:4]


def changed_in(outcome: Outcome) -> set[str]:
    """The accounts that were written to."""
    return {record["account_id"] for record in outcome.requests if not record["read_only"]}


def states_of(fleet: Record) -> dict[str, str]:
    return {wave["name"]: wave["state"] for wave in fleet["waves"]}


def test_slices_of_a_run_change_no_more_accounts_than_allowed(make_ansible: MakeAnsible) -> None:
    """Both begin at once, and neither knows the other's accounts."""
    ansible = make_ansible(SEED)
    names = tuple(NAMES)
    inventories = [inventory_of(ansible, part) for part in (names[:4], names[4:])]
    variables = {"hardening_run_id": "7", "hardening_fleet_report": False, "hardening_max_accounts_changed": 3}

    def run(inventory: Path) -> int:
        options = ("--inventory", str(inventory), "--extra-vars", json.dumps(variables))
        return ansible.run("ansible-playbook", "hardening.iam.harden", *options, *POLICY).returncode

    ansible.control.clear_log()
    with ThreadPoolExecutor(max_workers=2) as pool:
        assert list(pool.map(run, inventories)) == [0, 0]
    changed = {record["account_id"] for record in ansible.control.log() if not record["read_only"]}
    assert len(changed) == 3
    counters = json.loads((ansible.directory / "journal" / "control" / "fleet" / "7.json").read_text(encoding="utf-8"))
    assert set(counters["changes"]) == changed
    refused = [
        refusal["rule"]
        for account in set(ACCOUNTS) - changed
        for refusal in json.loads((ansible.directory / "reports" / account / "report.json").read_text())["refused"]
    ]
    assert refused == ["fleet_cap"] * 5


def test_the_first_run_in_a_large_inventory_changes_one_account(make_ansible: MakeAnsible) -> None:
    """--limit does not make the inventory small."""
    ansible = make_ansible(SEED)
    path = inventory_of(ansible, FOUR[:2])
    inventory = json.loads(path.read_text(encoding="utf-8"))
    others = {f"other-{number}": {"aws_account_id": f"80000000000{number}"} for number in range(9)}
    inventory["aws_accounts"]["hosts"].update(others)
    path.write_text(json.dumps(inventory), encoding="utf-8")
    limit = ("--limit", ",".join(FOUR[:2]))
    first = ansible.playbook("harden", *POLICY, *limit, inventory=path, hardening_run_id="1").succeeded()
    (changed,) = changed_in(first)
    (other,) = set(ACCOUNTS[:2]) - {changed}
    (refusal,) = first.report(other)["refused"]
    assert refusal["rule"] == "fleet_cap"
    assert refusal["reason"].startswith("this run may change 1 account, and has begun with 1: ")
    second = ansible.playbook("harden", *POLICY, *limit, inventory=path, hardening_run_id="2").succeeded()
    assert changed_in(second) == {other}


def test_a_role_in_a_loop_over_accounts_is_capped_by_account(make_ansible: MakeAnsible) -> None:
    """The inventory has one host, which says nothing of the number of accounts."""
    ansible = make_ansible(SEED)
    variables = {
        "aws_account_id": "{{ item }}",
        "aws_assume_role_arn": role_arn("{{ item }}", "automation"),
        "aws_external_id": EXTERNAL_ID,
        "aws_regions": ["us-east-1"],
    }
    role = {"name": "hardening.iam.password_policy"}
    task = {"ansible.builtin.include_role": role, "vars": variables, "loop": list(ACCOUNTS)}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (ansible.directory / "loop.yml").write_text(json.dumps([play]), encoding="utf-8")
    for run, most in (("1", 1), ("2", 5)):
        outcome = ansible.playbook("loop.yml", inventory="localhost,", hardening_run_id=run).succeeded()
        assert len(changed_in(outcome)) == most


@pytest.mark.parametrize(("canary", "changed"), [("enforce", 8), ("report", 5)])
def test_a_wave_that_enforces_and_passes_lifts_the_default_cap(
    make_ansible: MakeAnsible, canary: str, changed: int
) -> None:
    """Without waves a later run in a large inventory changes five accounts. A wave that only reports proves nothing."""
    ansible = make_ansible(SEED)
    path = inventory_of(ansible, NAMES, hardening_waves=["canary", "rest"])
    inventory = json.loads(path.read_text(encoding="utf-8"))
    others = {f"other-{number}": {"aws_account_id": f"80000000000{number}"} for number in range(3)}
    inventory["aws_accounts"]["hosts"].update(others)
    inventory["canary"]["vars"] = {"password_policy_mode": canary}
    path.write_text(json.dumps(inventory), encoding="utf-8")
    earlier = ansible.directory / "journal" / ACCOUNTS[7] / "earlier"
    earlier.mkdir(parents=True, mode=0o700)
    (ansible.directory / "journal").chmod(0o700)
    outcome = ansible.playbook("harden", *POLICY, "--limit", ",".join(NAMES), inventory=path).succeeded()
    assert len(changed_in(outcome)) == changed
    assert states_of(outcome.document("fleet.json")) == {"canary": "passed", "rest": "done"}


@pytest.fixture(scope="module")
def closed(make_ansible: MakeAnsible) -> Outcome:
    """Three waves, of which the second has a change that is refused."""
    ansible = make_ansible(SEED)
    inventory = inventory_of(ansible, FOUR, hardening_waves=WAVES)
    declared = json.loads(inventory.read_text(encoding="utf-8"))
    # Passwords that expire take access away, so the cap of the account counts them.
    declared["dev"]["vars"] = {"password_policy_max_password_age": 90, "hardening_max_changes": 0}
    inventory.write_text(json.dumps(declared), encoding="utf-8")
    return ansible.playbook("harden", *POLICY, inventory=inventory, hardening_wave_max_refusals=0)


def test_a_refusal_closes_the_gate_and_no_later_wave_begins(closed: Outcome) -> None:
    assert changed_in(closed) == {NAMES["account-0"]}
    read = {record["account_id"] for record in closed.requests} & set(ACCOUNTS)
    assert read == {NAMES["account-0"], NAMES["account-1"]}


def test_a_closed_gate_leaves_the_report_of_the_run_and_fails_it(closed: Outcome) -> None:
    assert closed.status != 0
    fleet = closed.document("fleet.json")
    assert states_of(fleet) == {"canary": "passed", "dev": "closed", "prod": "not_begun"}
    assert fleet["waves"][1]["reasons"] == ["1 refused changes, allowed are 0 (hardening_wave_max_refusals)"]
    assert fleet["not_begun"] == [NAMES["account-2"], NAMES["account-3"]]
    assert fleet["failed"] == fleet["missing"] == []
    assert (closed.reports / "fleet.html").exists()
    ending = closed.output.partition("TASK [Fail the run")[2]
    assert "the gate after wave dev is closed: 1 refused changes" in " ".join(ending.split())
    shown = " ".join(closed.output.split())
    assert "- prod (2 accounts): not begun" in shown and "Not begun: 2" in shown


def test_no_wave_begins_where_the_gates_are_passed_by(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = inventory_of(ansible, FOUR, hardening_waves=WAVES)
    outcome = ansible.playbook("harden", *POLICY, "--skip-tags", "always", inventory=inventory)
    assert changed_in(outcome) == set()
    assert "this run skipped its preparation, so nothing is written" in outcome.output


def test_check_mode_audits_all_waves_and_names_them(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = inventory_of(ansible, FOUR, hardening_waves=["canary", {"name": "others", "groups": "rest"}])
    outcome = ansible.playbook("harden", "--check", *POLICY, inventory=inventory).succeeded()
    assert outcome.writes == []
    fleet = outcome.document("fleet.json")
    assert [account["account_id"] for account in fleet["accounts"]] == list(ACCOUNTS[:4])
    assert fleet["waves"] == [
        {"name": "canary", "state": "checked", "accounts": [ACCOUNTS[0]], "reasons": [], "until": None},
        {"name": "others", "state": "checked", "accounts": list(ACCOUNTS[1:4]), "reasons": [], "until": None},
    ]
    assert "- canary (1 account): checked" in outcome.output


def test_a_soak_goes_on_in_a_later_run(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    waves = [{"name": "canary", "soak_hours": 0.004}, "rest"]
    inventory = inventory_of(ansible, FOUR[:2], hardening_waves=waves)
    first = ansible.playbook("harden", *POLICY, inventory=inventory, hardening_run_id="1").succeeded()
    assert changed_in(first) == {ACCOUNTS[0]}
    (canary, rest) = first.document("fleet.json")["waves"]
    assert (canary["state"], rest["state"]) == ("waiting", "not_begun")
    assert canary["reasons"] == [f"it is watched until {canary['until']}"]
    while datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") <= canary["until"]:
        time.sleep(0.2)
    second = ansible.playbook("harden", *POLICY, inventory=inventory, hardening_run_id="2").succeeded()
    assert changed_in(second) == {ACCOUNTS[1]}
    assert states_of(second.document("fleet.json")) == {"canary": "passed", "rest": "done"}


def test_a_newly_approved_plan_soaks_anew(make_ansible: MakeAnsible) -> None:
    """The first run creates an analyzer, and the cap refuses passwords that expire. Then somebody approves them."""
    ansible = make_ansible(SEED)
    waves = [{"name": "canary", "soak_hours": 0.004}, "rest"]
    declared = {"password_policy_max_password_age": 90, "hardening_max_changes": 0}
    inventory = inventory_of(ansible, FOUR[:2], hardening_waves=waves, access_analyzer_mode="enforce", **declared)
    roles = ("--tags", "password_policy,access_analyzer")
    first = ansible.playbook("harden", *roles, inventory=inventory, hardening_run_id="1").succeeded()
    assert "applied if approved" in [change["state"] for change in first.report(ACCOUNTS[0])["changes"]]
    until = first.document("fleet.json")["waves"][0]["until"]
    while datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") <= until:
        time.sleep(0.2)
    approved = first.document(f"{ACCOUNTS[0]}/plan.json")["plan_sha256"]
    arguments: dict[str, t.Any] = {"hardening_approved_plan": approved, "hardening_run_id": "2"}
    second = ansible.playbook("harden", *roles, inventory=inventory, **arguments).succeeded()
    assert changed_in(second) == {ACCOUNTS[0]}
    (canary, rest) = second.document("fleet.json")["waves"]
    assert (canary["state"], rest["state"]) == ("waiting", "not_begun")
    assert canary["until"] > until


def test_a_record_that_can_not_be_read_closes_the_gate(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    control = ansible.directory / "journal" / "control"
    control.mkdir(parents=True, mode=0o700)
    (control / "waves").write_text("", encoding="utf-8")
    (ansible.directory / "journal").chmod(0o700)
    waves = [{"name": "canary", "soak_hours": 1}, "rest"]
    outcome = ansible.playbook("harden", *POLICY, inventory=inventory_of(ansible, FOUR[:2], hardening_waves=waves))
    assert outcome.status != 0
    assert changed_in(outcome) == {ACCOUNTS[0]}
    canary = outcome.document("fleet.json")["waves"][0]
    assert canary["state"] == "closed"
    assert canary["reasons"][0].startswith("its evidence can't be read: journal: can't read")


def let_hours_pass(journal: Path, hours: int) -> None:
    """Date back all that a journal says of times, as if they had passed."""
    moment = datetime.now(UTC) - timedelta(hours=hours)
    for path in journal.rglob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        earlier = {name: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name in ("at", "began") if name in record}
        path.write_text(json.dumps({**record, **earlier}), encoding="utf-8")
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_denials_are_read_after_the_soak_and_close_the_gate_where_they_can_not_be(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = inventory_of(ansible, FOUR[:2], hardening_waves=["canary", "rest"])
    first = ansible.playbook("harden", *POLICY, inventory=inventory, hardening_wave_max_new_denials=0).succeeded()
    # CloudTrail delivers late, so a quarter of an hour is left.
    assert states_of(first.document("fleet.json")) == {"canary": "waiting", "rest": "not_begun"}
    let_hours_pass(ansible.directory / "journal", 2)
    unread = ansible.playbook(
        "harden",
        *POLICY,
        inventory=inventory,
        hardening_wave_max_new_denials=0,
        hardening_wave_trail_logs=str(ansible.directory / "nothing"),
    )
    assert unread.status != 0
    (canary, _rest) = unread.document("fleet.json")["waves"]
    assert canary["state"] == "closed"
    assert canary["reasons"][0].startswith("its evidence can't be read: there is no folder AWSLogs")
    assert changed_in(unread) == set()
    trail = ansible.directory / "trail"
    write_event(trail, ACCOUNTS[0], hours=3)
    write_event(trail, ACCOUNTS[0], hours=1, errorCode="AccessDenied", errorMessage="User: x is not authorized")
    for most, states in ((0, ("closed", "not_begun")), (1, ("passed", "done"))):
        judged = ansible.playbook(
            "harden",
            *POLICY,
            inventory=inventory,
            hardening_wave_max_new_denials=most,
            hardening_wave_trail_logs=str(trail),
        )
        waves = judged.document("fleet.json")["waves"]
        assert tuple(wave["state"] for wave in waves) == states
        assert (judged.status == 0) is bool(most)
        if not most:
            assert (
                "1 new denials, allowed are 0 (hardening_wave_max_new_denials): in 900000000000"
                in waves[0]["reasons"][0]
            )
            assert "role/app lost iam:CreateUser" in waves[0]["reasons"][0]


def write_event(trail: Path, account_id: str, *, hours: float, **fields: t.Any) -> None:
    """A log file of CloudTrail: a role of the account called ``iam:CreateUser`` some hours ago."""
    moment = datetime.now(UTC) - timedelta(hours=hours)
    role = f"arn:aws:iam::{account_id}:role/app"
    issuer = {"type": "Role", "arn": role, "accountId": account_id, "userName": "app"}
    session = f"arn:aws:sts::{account_id}:assumed-role/app/build"
    event = {
        "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "recipientAccountId": account_id,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": session,
            "accountId": account_id,
            "sessionContext": {"sessionIssuer": issuer},
        },
        **fields,
    }
    folder = trail / "AWSLogs" / account_id / "CloudTrail" / "us-east-1" / f"{moment:%Y/%m/%d}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{hours}.json.gz").write_bytes(gzip.compress(json.dumps({"Records": [event]}).encode()))


def test_an_account_in_no_wave_is_refused_before_anything(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = inventory_of(ansible, FOUR, hardening_waves=["canary", "dev"])
    outcome = ansible.playbook("harden", *POLICY, inventory=inventory)
    assert outcome.status != 0 and outcome.requests == []
    assert "account-2, account-3 are in no wave of hardening_waves" in outcome.output
    limited = ansible.playbook("harden", *POLICY, "--limit", "dev", inventory=inventory).succeeded()
    assert changed_in(limited) == {ACCOUNTS[1]}


def test_a_slice_refuses_waves(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = inventory_of(ansible, FOUR, hardening_waves=WAVES)
    template = {"awx_job_template_name": "IAM apply", "awx_workflow_job_id": 7, "awx_workflow_job_name": "IAM apply"}
    outcome = ansible.playbook("harden", *POLICY, inventory=inventory, **template)
    assert outcome.status != 0 and outcome.requests == []
    assert "this job is a slice" in outcome.output
