# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress of a run over accounts, as the callback shows it."""

from __future__ import annotations

import re

from .conftest import Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

PROGRESS = re.compile(r"^\[(\d+)/(\d+) accounts(?:, (\d+) failed)?\] (\S+): (.+)$", re.MULTILINE)


def run(ansible: Ansible, playbook: str, hosts: dict[str, Record], **environment: str) -> Outcome:
    """A run in check mode with the callback, which the checkout's ansible.cfg enables for its users."""
    inventory = write_inventory(ansible.directory, hosts)
    return ansible.noted(
        "ansible-playbook",
        f"hardening.iam.{playbook}",
        "--inventory",
        str(inventory),
        "--check",
        "--forks",
        "4",
        ANSIBLE_CALLBACKS_ENABLED="hardening.iam.progress",
        **environment,
    )


def accounts(count: int) -> dict[str, Record]:
    return {f"account-{number:02d}": {"aws_account_id": f"{900000000000 + number}"} for number in range(count)}


def test_line_for_each_account(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=3,users=3,roles=2,policies=2")
    hosts = accounts(3)
    hosts["account-01"]["aws_assessor_role_arn"] = role_arn("900000000001", "nobody")
    outcome = run(ansible, "assess", hosts)
    lines = PROGRESS.findall(outcome.output)
    assert [(line[0], line[1]) for line in lines] == [("1", "3"), ("2", "3"), ("3", "3")]
    assert {line[3]: line[4] for line in lines}["account-01"] == "failed"
    assert lines[-1][2] == "1"
    assert all(
        re.search(r"\d+ (?:critical|high).*; [\d.]+ % of cis_7\.0", line[4]) for line in lines if line[4] != "failed"
    )


def test_harden_counts_an_account_once(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=2,users=3,roles=2,policies=2")
    hosts = accounts(2)
    hosts["account-01"]["aws_assessor_role_arn"] = role_arn("900000000001", "nobody")
    lines = PROGRESS.findall(run(ansible, "harden", hosts).output)
    assert sorted(line[3] for line in lines) == ["account-00", "account-01"]


def test_many_accounts_take_few_lines(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=24,users=1,roles=1,policies=1")
    outcome = run(ansible, "assess", accounts(24), HARDENING_PROGRESS_INTERVAL="3600").succeeded()
    lines = PROGRESS.findall(outcome.output)
    assert [line[0] for line in lines] == ["1", "24"]


def test_nothing_is_shown_unless_enabled(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible("scale:accounts=1,users=1,roles=1,policies=1")
    inventory = write_inventory(ansible.directory, accounts(1))
    outcome = ansible.playbook("assess", "--check", inventory=inventory).succeeded()
    assert not PROGRESS.search(outcome.output)
