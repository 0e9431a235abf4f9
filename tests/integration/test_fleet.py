# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run over several accounts: what one account's trouble costs the others, and what ends the run with an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

SEED = "scale:accounts=3,users=4,roles=3,policies=3"
FIRST, SECOND, THIRD = "900000000000", "900000000001", "900000000002"
HOSTS: dict[str, Record] = {f"account-{account[-1]}": {"aws_account_id": account} for account in (FIRST, SECOND, THIRD)}
NOBODY = "role-of-nobody"
# Every task is an event of AWX for each account, whether it runs or is skipped.
MOST_TASKS = {"assess": 4, "harden": 14}


def unreachable(*accounts: str) -> dict[str, Record]:
    """The hosts, with roles that don't exist in these accounts."""
    roles = {"aws_assessor_role_arn": role_arn("{{ aws_account_id }}", NOBODY)}
    return {name: {**host, **(roles if host["aws_account_id"] in accounts else {})} for name, host in HOSTS.items()}


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    return make_ansible(SEED)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inventory")


@pytest.fixture(scope="module", params=list(MOST_TASKS))
def one_unreachable(make_ansible: MakeAnsible, request: pytest.FixtureRequest) -> Outcome:
    """A run in check mode in which one account of three can't be entered."""
    ansible = make_ansible(SEED)
    inventory = write_inventory(ansible.directory, unreachable(SECOND))
    return ansible.playbook(request.param, "--check", inventory=inventory)


def test_other_accounts_have_their_reports(one_unreachable: Outcome) -> None:
    for account in (FIRST, THIRD):
        assert one_unreachable.report(account)["findings"]
        assert (one_unreachable.reports / account / "report.html").exists()
    assert not (one_unreachable.reports / SECOND / "report.json").exists()


def test_run_fails_and_names_the_account(one_unreachable: Outcome) -> None:
    assert one_unreachable.status != 0
    fleet = one_unreachable.document("fleet.json")
    (failure,) = fleet["failed"]
    assert failure["host"] == "account-1"
    assert NOBODY in failure["message"]
    # It is missing because it failed, which is said once.
    assert fleet["missing"] == []
    assert [account["account_id"] for account in fleet["accounts"]] == [FIRST, THIRD]


def test_last_task_says_which_account_failed(one_unreachable: Outcome) -> None:
    ending = one_unreachable.output.partition("TASK [Fail the run")[2]
    assert SECOND in ending or "account-1" in ending
    assert FIRST not in ending.partition("PLAY RECAP")[0]


def test_an_account_has_few_tasks(one_unreachable: Outcome) -> None:
    playbook = "harden" if "hardening.iam.preflight" in one_unreachable.output else "assess"
    # The first host also has the tasks that run once.
    assert 0 < one_unreachable.count_tasks("account-1") <= MOST_TASKS[playbook]
    assert 0 < one_unreachable.count_tasks("account-2") <= MOST_TASKS[playbook]


def test_all_accounts_failing_still_get_a_report_of_the_run(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = write_inventory(ansible.directory, unreachable(FIRST, SECOND, THIRD))
    outcome = ansible.playbook("harden", "--check", inventory=inventory)
    assert outcome.status != 0
    fleet = outcome.document("fleet.json")
    assert {failure["host"] for failure in fleet["failed"]} == set(HOSTS)
    assert fleet["accounts"] == []
    assert (outcome.reports / "fleet.html").exists()


def test_account_of_other_credentials_is_refused(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    hosts = {**HOSTS, "account-2": {"aws_account_id": THIRD, "aws_assume_role_arn": role_arn(FIRST, "automation")}}
    inventory = write_inventory(ansible.directory, hosts)
    outcome = ansible.playbook("harden", "--limit", "account-1,account-2,localhost", inventory=inventory)
    assert outcome.status != 0
    message = f"aws_account_id: {THIRD} is not the account of aws_assume_role_arn, which is {FIRST}"
    assert message in " ".join(outcome.output.split())
    assert {record["account_id"] for record in outcome.requests if not record["read_only"]} == {SECOND}


@pytest.mark.parametrize(("fail_on", "fails"), [("never", False), ("critical", True), ("high", True), ("new", False)])
def test_findings_end_the_run_with_an_error_on_request(
    ansible: Ansible, directory: Path, fail_on: str, fails: bool
) -> None:
    inventory = write_inventory(directory, HOSTS)
    outcome = ansible.playbook(
        "assess", "--limit", "account-0,localhost", inventory=inventory, hardening_fail_on=fail_on
    )
    assert (outcome.status != 0) is fails
    assert outcome.report(FIRST)["summary"]["critical"] > 0
    if fails:
        assert "critical findings" in outcome.output.partition("TASK [Fail the run")[2]


def test_new_findings_end_the_run_with_an_error_on_request(ansible: Ansible, directory: Path) -> None:
    inventory = write_inventory(directory, {"account-2": HOSTS["account-2"]})
    before = ansible.playbook("assess", inventory=inventory, hardening_exclude=["critical"], hardening_run_id="1")
    assert before.status == 0
    after = ansible.playbook("assess", inventory=inventory, hardening_fail_on="new", hardening_run_id="2")
    assert after.status != 0
    assert after.report(THIRD)["delta"]["previous_run"] == "1"


def test_slices_of_a_run_are_reported_on_together(make_ansible: MakeAnsible) -> None:
    ansible = make_ansible(SEED)
    inventory = write_inventory(ansible.directory, HOSTS)
    for host in ("account-0", "account-2"):
        limit = ("--limit", f"{host},localhost")
        sliced = ansible.playbook(
            "assess", "--check", *limit, inventory=inventory, hardening_run_id="7", hardening_fleet_report=False
        ).succeeded()
        assert not (sliced.reports / "fleet.json").exists()
    outcome = ansible.playbook(
        "fleet_report", inventory=inventory, hardening_run_id="7", hardening_report_dir="./reports"
    )
    fleet = outcome.document("fleet.json")
    assert [account["account_id"] for account in fleet["accounts"]] == [FIRST, THIRD]
    assert fleet["missing"] == [SECOND]
    assert outcome.status != 0
    assert outcome.requests == []
