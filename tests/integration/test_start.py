# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first five minutes: one account without an inventory, and starts that lead nowhere."""

from __future__ import annotations

import re
import typing as t

import pytest

from emulator.client import Emulator

from .conftest import DEV, MANAGEMENT, Ansible, MakeAnsible, Outcome

# A line of ours is at most this long, and a run on the demo prints at most so many (issue 14).
LINE: t.Final = 300


@pytest.fixture(scope="module")
def assessed(make_ansible: MakeAnsible) -> Outcome:
    """The account of the credentials, assessed in an empty directory."""
    return make_ansible().playbook("assess", inventory="localhost,").succeeded()


@pytest.fixture(scope="module")
def audited(make_ansible: MakeAnsible) -> Outcome:
    """The account of the credentials, audited in an empty directory."""
    return make_ansible().playbook("harden", "--check", inventory="localhost,").succeeded()


def test_one_command_writes_the_report_of_the_account_and_names_it_last(assessed: Outcome) -> None:
    folder = assessed.reports / MANAGEMENT
    assert {"report.json", "report.txt", "report.html"} <= {path.name for path in folder.iterdir()}
    (last,) = re.findall(r"REPORTS:\n((?:  .+\n)+)", assessed.output)
    assert last.splitlines() == [f"  {folder / 'report.html'}"]
    assert assessed.writes == []


def test_the_audit_ends_with_findings_then_changes(audited: Outcome) -> None:
    headings = re.findall(r"^([A-Z][A-Z ]+)(?: \(.+\))?:$", audited.output, re.MULTILINE)
    wanted = ["SUMMARY", "CRITICAL FINDINGS", "HIGH FINDINGS", "ONLY REPORTED", "OTHER CHANGES", "REPORTS"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert re.search(r"^PLAN: 1\d planned, in 1 account\n  Hash: [0-9a-f]{64}\n", audited.output, re.MULTILINE)
    assert re.search(r"^  - create 1\d analyzers \(1 account\)", audited.output, re.MULTILINE)
    assert re.search(r"^1\d planned\n", audited.output, re.MULTILINE)
    assert audited.writes == []
    assert max(map(len, audited.output.splitlines())) <= LINE


def test_one_line_an_account_while_it_runs(audited: Outcome) -> None:
    (line,) = re.findall(rf"^{MANAGEMENT}.*: \d+ critical, .*$", audited.output, re.MULTILINE)
    assert audited.output.index(line) < audited.output.index("SUMMARY:")


def refuse(ansible: Ansible, playbook: str, *arguments: str, inventory: str) -> str:
    """Run a playbook that must stop before its first call; the lines of its error."""
    outcome = ansible.playbook(playbook, *arguments, inventory=inventory)
    assert outcome.status != 0
    assert outcome.requests == []
    (message,) = set(re.findall(r'"msg": "(.*)"\}', outcome.output))
    lines = message.split("\\n")
    assert len(lines) <= 3
    assert max(map(len, lines)) <= LINE
    return "\n".join(lines)


WRONG: t.Final = {
    "no host": ("assess", "empty.ini", "the inventory has no host"),
    "machines": ("harden", "machines.ini", "no group aws_accounts, and web1, web2 are no account ids"),
    "machines and an account": ("assess", "mixed.ini", "web1 is no account id"),
    "an empty group": ("preflight", "empty_group.ini", "the group aws_accounts has no host"),
    "no management account": ("organization", "machines.ini", "the inventory has no group organization_management"),
    "accounts and no management account": ("organization", f"{DEV},", "the group organization_management"),
    "a host named as the group": ("assess", "aws_accounts,", "the inventory has no group aws_accounts"),
    "enforced without an id": ("harden", "localhost,", "aws_account_id is not set for localhost"),
    "enforced with an id as the name alone": ("harden", f"{DEV},", f"aws_account_id is not set for {DEV}"),
}
INVENTORIES: t.Final = {
    "empty.ini": "",
    "machines.ini": "[web]\nweb1\nweb2\n",
    "mixed.ini": f"web1\n{DEV}\n",
    "empty_group.ini": "[web]\nweb1\n[aws_accounts]\n",
}


@pytest.mark.parametrize("start", WRONG)
def test_wrong_start(ansible: Ansible, start: str) -> None:
    playbook, inventory, message = WRONG[start]
    if inventory in INVENTORIES:
        (ansible.directory / inventory).write_text(INVENTORIES[inventory], encoding="utf-8")
    assert message in refuse(ansible, playbook, inventory=inventory)


def test_machines_are_refused_with_a_limit_too(ansible: Ansible) -> None:
    (ansible.directory / "machines.ini").write_text(INVENTORIES["machines.ini"], encoding="utf-8")
    message = refuse(ansible, "harden", "--limit", "web1", inventory="machines.ini")
    assert "-i localhost, (with the comma)" in message


def test_credentials_of_another_account_fail_the_host_that_an_account_names(ansible: Ansible) -> None:
    outcome = ansible.playbook("assess", inventory=f"{DEV},{MANAGEMENT},")
    assert outcome.status != 0
    assert f"- {DEV} ({DEV}) failed: " in outcome.output
    assert not (outcome.reports / DEV / "report.json").exists()
    assert outcome.report(MANAGEMENT)["account_id"] == MANAGEMENT
    assert outcome.document("fleet.json")["failed"][0]["account_id"] == DEV


def test_localhost_enforces_with_an_explicit_id(ansible: Ansible, control: Emulator) -> None:
    given = ("--tags", "password_policy", "-e", f"aws_account_id={MANAGEMENT}")
    outcome = ansible.playbook("harden", *given, inventory="localhost,", password_policy_minimum_password_length=20)
    assert outcome.succeeded().writes == ["iam:UpdateAccountPasswordPolicy"]
    other = ansible.playbook("harden", *given[:2], "-e", f"aws_account_id={DEV}", inventory="localhost,")
    assert other.status != 0
    assert control.writes() == []


def test_connection_and_interpreter_of_a_host_are_ignored_with_a_warning(ansible: Ansible) -> None:
    hosts = (
        f"[aws_accounts]\nmine ansible_connection=ssh ansible_python_interpreter=/nowhere aws_account_id={MANAGEMENT}\n"
    )
    (ansible.directory / "ssh.ini").write_text(hosts, encoding="utf-8")
    outcome = ansible.playbook("assess", inventory="ssh.ini").succeeded()
    shown = " ".join(outcome.output.split())
    assert "ansible_connection of mine is ignored" in shown
    assert "ansible_python_interpreter of mine is ignored" in shown


def test_fleet_report_without_hosts(ansible: Ansible) -> None:
    (ansible.directory / "empty.ini").write_text("", encoding="utf-8")
    ansible.playbook("assess", inventory="localhost,").succeeded()
    (ansible.directory / "reports" / "fleet.json").unlink()
    outcome = ansible.playbook("fleet_report", inventory="empty.ini").succeeded()
    assert outcome.document("fleet.json")["accounts"][0]["account_id"] == MANAGEMENT


def test_no_choice_of_hosts_is_not_all_accounts(ansible: Ansible) -> None:
    outcome = ansible.playbook("harden", "--check", inventory=f"{DEV},{MANAGEMENT},", hardening_hosts=[])
    assert outcome.status != 0
    assert outcome.requests == []
    assert "hardening_hosts is [], which matches no host" in outcome.output


def test_a_host_of_machines_in_the_same_inventory_becomes_no_other_user(ansible: Ansible) -> None:
    become = "[all:vars]\nansible_become=true\nansible_become_user=nobody\nansible_become_exe=/nowhere\n"
    hosts = f"[aws_accounts]\nmine aws_account_id={MANAGEMENT}\n{become}"
    (ansible.directory / "become.ini").write_text(hosts, encoding="utf-8")
    outcome = ansible.playbook("assess", inventory="become.ini").succeeded()
    assert "ansible_become of mine is ignored" in " ".join(outcome.output.split())


@pytest.mark.parametrize("playbook", ["preflight", "harden"])
def test_the_preflight_says_nothing_of_an_account_that_failed(ansible: Ansible, playbook: str) -> None:
    outcome = ansible.playbook(playbook, "--check", inventory=f"{DEV},{MANAGEMENT},")
    assert outcome.status != 0
    (head,) = re.findall(r"^Preflight of .*$", outcome.output, re.MULTILINE)
    assert head.startswith("Preflight of 2 accounts: 1 failed, ")
    assert f"\n  {DEV}  FAILED  " in outcome.output


def test_a_denial_is_explained_in_the_account_that_names_the_host(ansible: Ansible) -> None:
    outcome = ansible.playbook(
        "explain_denial",
        inventory=f"{DEV},",
        explain_denial_hosts=DEV,
        explain_denial_principal_arn=f"arn:aws:iam::{MANAGEMENT}:role/any",
        explain_denial_action="iam:CreateUser",
    )
    assert outcome.status != 0
    assert f"not to {DEV}" in " ".join(outcome.output.split())


# Each playbook that writes, with the variables that it needs.
WRITING: t.Final = {
    "harden": {},
    "rollback": {"hardening_undo_run_id": "earlier"},
    "probe_alerts": {},
    "organization": {"organization_root_access_mode": "enforce"},
}


@pytest.mark.parametrize("given", ["", "  ", "{{ nothing }}"])
@pytest.mark.parametrize("playbook", WRITING)
def test_no_playbook_writes_without_an_explicit_id(ansible: Ansible, playbook: str, given: str) -> None:
    variables = {**WRITING[playbook], "aws_account_id": given} if given else WRITING[playbook]
    outcome = ansible.playbook(playbook, inventory="localhost,", **variables)
    assert outcome.status != 0
    assert "aws_account_id" in outcome.output
    assert outcome.requests == []


OWN: t.Final = """
- hosts: all
  gather_facts: false
  connection: local
  serial: 1
  roles:
    - role: hardening.iam.password_policy
      vars:
        password_policy_minimum_password_length: 20
"""


@pytest.mark.parametrize("inventory", ["localhost,", f"{MANAGEMENT},", f"{DEV},"])
def test_no_role_in_another_playbook_writes_without_an_explicit_id(ansible: Ansible, inventory: str) -> None:
    (ansible.directory / "own.yml").write_text(OWN, encoding="utf-8")
    outcome = ansible.playbook(str(ansible.directory / "own.yml"), inventory=inventory)
    assert outcome.status != 0
    assert outcome.requests == []


def test_a_role_in_another_playbook_reads_only_the_account_that_names_the_host(ansible: Ansible) -> None:
    (ansible.directory / "own.yml").write_text(OWN, encoding="utf-8")
    for given in ({}, {"aws_account_id": ""}, {"aws_account_id": " "}):
        outcome = ansible.playbook(str(ansible.directory / "own.yml"), "--check", inventory=f"{DEV},", **given)
        assert outcome.status != 0
        assert f"not to {DEV}" in " ".join(outcome.output.split())


@pytest.mark.parametrize("inventory", ["localhost,", f"{MANAGEMENT},"])
def test_no_later_task_writes_without_an_explicit_id(ansible: Ansible, inventory: str) -> None:
    start = ("--start-at-task", "Converge the account password policy")
    outcome = ansible.playbook("harden", *start, inventory=inventory, password_policy_minimum_password_length=20)
    assert outcome.status != 0
    assert outcome.writes == []
