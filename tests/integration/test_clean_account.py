# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An organization without faults: no control fails in its accounts, and nothing is taken for unread that was read."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from .conftest import EXTERNAL_ID, MakeAnsible, Outcome, role_arn

ACCOUNTS: t.Final = ("600000000001", "600000000002")
# Beyond these, everything has a verdict in a run over the accounts.
NOT_ASSESSED: t.Final = {"security_questions", "resource_policies_not_public", "region_assessed"}
EVERY_REGION: t.Final = {"trail_log_validation", "trail_encrypted", "config_iam_recorded_once"}


@pytest.fixture(scope="module")
def assessed(make_ansible: MakeAnsible) -> Outcome:
    ansible = make_ansible("clean")
    inventory = ansible.directory / "clean.yml"
    write(inventory)
    return ansible.playbook("assess", inventory=inventory).succeeded()


def write(path: Path) -> None:
    hosts = "".join(f"    clean-{account}: {{aws_account_id: '{account}'}}\n" for account in ACCOUNTS)
    path.write_text(
        f"""
aws_accounts:
  hosts:
{hosts}
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
    aws_assessor_role_arn: "arn:aws:iam::{{{{ aws_account_id }}}}:role/iam-hardening/assessor"
    aws_external_id: {EXTERNAL_ID}
    aws_organization_role_arn: {role_arn(ACCOUNTS[0])}
    aws_regions: [us-east-1, eu-west-1]
    hardening_break_glass:
      - arn:aws:iam::*:role/iam-hardening/break-glass
      - arn:aws:iam::{ACCOUNTS[0]}:user/emergency
""",
        encoding="utf-8",
    )


@pytest.mark.parametrize("account", ACCOUNTS)
def test_no_control_fails(assessed: Outcome, account: str) -> None:
    findings = assessed.report(account)["findings"]
    assert [(item["control"], item["resource"], item["detail"]) for item in findings if item["status"] == "FAIL"] == []
    assert sum(item["status"] == "PASS" for item in findings) > 50


@pytest.mark.parametrize("account", ACCOUNTS)
def test_only_what_nobody_looked_at_is_not_assessed(assessed: Outcome, account: str) -> None:
    findings = assessed.report(account)["findings"]
    found = {
        item["control"]
        for item in findings
        if item["status"] == "NOT_ASSESSED" and "assessed once for the whole organization" not in item["detail"]
    }
    assert found == NOT_ASSESSED | EVERY_REGION
