# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress of a run over accounts, as the callback shows it."""

from __future__ import annotations

import re

from .conftest import Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

PROGRESS = re.compile(r"^\[(.+): (\d+) of (\d+) accounts done, (\d+) left((?:, [^\],]+)*)\]$", re.MULTILINE)
FAILED = re.compile(r"^\[(.+): (\S+) failed\]$", re.MULTILINE)


def run(ansible: Ansible, playbook: str, hosts: dict[str, Record], *arguments: str, **environment: str) -> Outcome:
    """A run with the callback, which the checkout's ansible.cfg enables. Without arguments it is in check mode."""
    inventory = write_inventory(ansible.directory, hosts)
    return ansible.noted(
        "ansible-playbook",
        f"hardening.iam.{playbook}",
        "--inventory",
        str(inventory),
        *(arguments or ("--check",)),
        "--forks",
        "4",
        ANSIBLE_CALLBACKS_ENABLED="hardening.iam.progress",
        **environment,
    )


def accounts(count: int) -> dict[str, Record]:
    return {f"account-{number:02d}": {"aws_account_id": f"{900000000000 + number}"} for number in range(count)}


def test_progress_and_failures(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=3,users=3,roles=2,policies=2")
    hosts = accounts(3)
    hosts["account-01"]["aws_assessor_role_arn"] = role_arn("900000000001", "nobody")
    outcome = run(ansible, "harden", hosts, HARDENING_PROGRESS_INTERVAL="0")
    lines = PROGRESS.findall(outcome.output)
    (assessed,) = {line[0] for line in lines if "Assess the account" in line[0]}
    assert [line[1:4] for line in lines if line[0] == assessed][-1] == ("2", "2", "0")
    assert {host for _step, host in FAILED.findall(outcome.output)} == {"account-01"}
    assert "1 failed" in lines[-1][4]
    assert "about" in lines[0][4]


def test_an_included_step_counts_the_accounts_that_it_is_included_for(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=3,users=1,roles=1,policies=1")
    hosts = accounts(3)
    hosts["account-01"]["password_policy_mode"] = "off"
    outcome = run(ansible, "harden", hosts, "--tags", "password_policy", HARDENING_PROGRESS_INTERVAL="0").succeeded()
    assert {line[2] for line in PROGRESS.findall(outcome.output)} == {"3", "2"}


def test_short_steps_are_not_shown(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=24,users=1,roles=1,policies=1")
    outcome = run(ansible, "assess", accounts(24), HARDENING_PROGRESS_INTERVAL="3600").succeeded()
    assert not PROGRESS.search(outcome.output)


def test_nothing_is_shown_unless_enabled(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=1,users=1,roles=1,policies=1")
    inventory = write_inventory(ansible.directory, accounts(1))
    outcome = ansible.playbook("assess", "--check", inventory=inventory).succeeded()
    assert not PROGRESS.search(outcome.output)


def test_messages_of_a_playbook_are_shown_once_with_the_settings_of_the_checkout(make_ansible: MakeAnsible) -> None:
    """Its ansible.cfg hides what went well, and with it the answer of this playbook."""
    ansible = make_ansible("scale:accounts=1,users=1,roles=1,policies=1")
    for shown in ("false", "true"):
        environment = {"ANSIBLE_CALLBACKS_ENABLED": "hardening.iam.progress", "ANSIBLE_DISPLAY_OK_HOSTS": shown}
        outcome = ansible.noted("ansible-playbook", "hardening.iam.explain_denial", **environment).succeeded()
        assert outcome.output.count("no statement of the identity-based policy role.json allows ses:SendEmail") == 1
        assert ("ok: [localhost]" in outcome.output) == (shown == "true")
