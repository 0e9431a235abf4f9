# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes about hosts, accounts and tags, which take an inventory or a command line of their own.

Mistakes in the variables of one host are in test_mistakes.py.
"""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest

from dates import noon_in

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
    role_arn,
    write_inventory,
)

NOW: t.Final = noon_in(1000)


# By the host that makes the mistake: its variables, and the parts of the message: option, value, and what is allowed.
Mistakes = t.Mapping[str, tuple[Record, t.Sequence[str]]]


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    """Ansible, where nothing that was written before could hide a write: each test starts in this world again."""
    return make_ansible()


def run(ansible: Ansible, playbook: str, **variables: t.Any) -> Outcome:
    return run_with(ansible, playbook, **variables)


def run_with(ansible: Ansible, playbook: str, *arguments: str, **variables: t.Any) -> Outcome:
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    return ansible.playbook(playbook, *arguments, inventory=inventory, **{"hardening_now": NOW, **variables})


def run_plays(ansible: Ansible, plays: t.Sequence[Record], inventory: Path, *arguments: str) -> Outcome:
    """Run a playbook of these plays."""
    playbook = ansible.directory / "site.yml"
    playbook.write_text(json.dumps(plays), encoding="utf-8")
    return ansible.playbook(str(playbook), *arguments, inventory=inventory)


def assert_error(outcome: Outcome, parts: t.Sequence[str]) -> None:
    assert outcome.status != 0
    _assert_parts(outcome, outcome.output, parts)


def assert_error_of(outcome: Outcome, host: str, parts: t.Sequence[str]) -> None:
    """That the tasks of this host failed with these parts of a message."""
    failures = re.findall(rf"^fatal: \[{re.escape(host)}\]: FAILED! => (.*)$", outcome.output, re.MULTILINE)
    _assert_parts(outcome, " ".join(json.loads(failure)["msg"] for failure in failures), parts)


def _assert_parts(outcome: Outcome, text: str, parts: t.Sequence[str]) -> None:
    message = " ".join(text.split())
    for part in parts:
        assert part in message, outcome.output
    assert "Traceback" not in outcome.output


@pytest.mark.parametrize("playbook", ["assess", "harden", "preflight"])
def test_no_account(ansible: Ansible, playbook: str) -> None:
    inventory = write_inventory(ansible.directory, {})
    outcome = ansible.playbook(playbook, inventory=inventory)
    assert_error(outcome, ["No account to work on", "aws_accounts", "List each account as a host of it"])
    assert outcome.requests == []


def test_pattern_that_matches_nothing(ansible: Ansible) -> None:
    outcome = run(ansible, "harden", hardening_hosts="acme-prodd")
    assert_error(outcome, ["No account to work on", "acme-prodd"])
    assert outcome.requests == []


def test_account_that_is_two_hosts(ansible: Ansible) -> None:
    hosts = {"acme-dev": {"aws_account_id": DEV}, "dev": {"aws_account_id": int(DEV)}}
    outcome = ansible.playbook("harden", inventory=write_inventory(ansible.directory, hosts))
    assert_error(outcome, [f"acme-dev: another host has the same aws_account_id, {DEV}: dev", "--limit"])
    assert outcome.requests == []


def test_account_that_is_two_hosts_by_a_lost_zero(ansible: Ansible) -> None:
    hosts = {"one": {"aws_account_id": "011122223333"}, "two": {"aws_account_id": 11122223333}}
    outcome = ansible.playbook("harden", inventory=write_inventory(ansible.directory, hosts))
    assert_error(outcome, ["aws_account_id of two: '11122223333' is not an account id of 12 digits"])
    assert outcome.requests == []


def test_account_id_on_the_command_line(ansible: Ansible) -> None:
    inventory = write_inventory(ansible.directory, {"acme-dev": {}})
    outcome = ansible.playbook("harden", "--check", "-e", "aws_account_id=22223333444", inventory=inventory)
    assert_error(outcome, ["aws_account_id of acme-dev: '22223333444' is not an account id of 12 digits"])
    assert outcome.requests == []


@pytest.fixture(scope="module", params=["assess", "harden"])
def run_with_bad_account_ids(make_ansible: MakeAnsible, request: pytest.FixtureRequest) -> Outcome:
    ansible = make_ansible()
    account_ids = {"acme-dev": DEV, "typo": "33334444555x", "empty": ""}
    inventory = write_inventory(
        ansible.directory,
        {host: {"aws_account_id": account_id} for host, account_id in account_ids.items()},
        aws_assessor_role_arn=role_arn(DEV),
        aws_assume_role_arn=role_arn(DEV, "automation"),
    )
    return ansible.playbook(request.param, "--check", inventory=inventory)


@pytest.mark.parametrize("message", ["aws_account_id of typo: '33334444555x'", "aws_account_id is not set for empty."])
def test_bad_account_id_stops_a_run_of_several_hosts(run_with_bad_account_ids: Outcome, message: str) -> None:
    assert_error(run_with_bad_account_ids, [message, "12 digits"])
    assert run_with_bad_account_ids.requests == []


def without_account_id(ansible: Ansible, **variables: t.Any) -> Path:
    roles = {"aws_assessor_role_arn": role_arn(DEV), "aws_assume_role_arn": role_arn(DEV, "automation")}
    return write_inventory(ansible.directory, {"acme-dev": {}}, **{**roles, **variables})


def test_account_id_that_is_missing(ansible: Ansible) -> None:
    outcome = ansible.playbook("harden", inventory=without_account_id(ansible))
    assert_error(outcome, ["aws_account_id is not set for acme-dev. A run that enforces needs it.", "12 digits"])
    assert outcome.requests == []


@pytest.mark.parametrize(("playbook", "arguments"), [("harden", ["--check"]), ("assess", [])])
def test_one_host_alone_is_assessed_as_the_account_of_its_credentials(
    ansible: Ansible, playbook: str, arguments: list[str]
) -> None:
    inventory = without_account_id(ansible)
    outcome = ansible.playbook(playbook, *arguments, inventory=inventory).succeeded()
    assert outcome.writes == []
    assert outcome.report(DEV)["account_id"] == DEV
    assert (outcome.reports / DEV / "report.html").is_file()
    fleet = outcome.document("fleet.json")
    assert ([account["account_id"] for account in fleet["accounts"]], fleet["failed"], fleet["missing"]) == (
        [DEV],
        [],
        [],
    )


def test_roles_that_need_the_missing_account_id(ansible: Ansible) -> None:
    """To Ansible, such a role is not declared, and the credentials would be used as they are."""
    inventory = without_account_id(ansible, aws_assessor_role_arn=role_arn("{{ aws_account_id }}"))
    outcome = ansible.playbook("harden", "--check", inventory=inventory)
    assert_error(outcome, ["aws_assessor_role_arn of acme-dev uses a variable that is not set", "aws_account_id"])
    assert outcome.requests == []


@pytest.mark.parametrize("option", ["--tags", "--skip-tags"])
def test_tag_that_is_misspelt(ansible: Ansible, option: str) -> None:
    outcome = run_with(ansible, "harden", option, "pasword_policy")
    assert_error(outcome, [f"{option} pasword_policy: no task has this tag; the nearest is password_policy"])
    assert outcome.requests == []


def test_tag_of_a_playbook_in_a_checkout(ansible: Ansible) -> None:
    outcome = run_with(ansible, str(CHECKOUT / "playbooks" / "harden.yml"), "--tags", "pasword_policy")
    assert_error(outcome, ["--tags pasword_policy: no task has this tag; the nearest is password_policy"])
    assert outcome.requests == []


def test_tag_of_another_playbook(ansible: Ansible) -> None:
    outcome = run_with(ansible, "harden", "--tags", "mfa_enforcement")
    assert_error(
        outcome, ["--tags mfa_enforcement: no task has this tag.", "Another playbook of hardening.iam has it."]
    )
    assert outcome.requests == []


def test_tag_of_a_playbook_of_ones_own(ansible: Ansible) -> None:
    """A playbook that imports ours may have tags that ours do not."""
    playbook = ansible.directory / "site.yml"
    task = {"name": "Say hello", "ansible.builtin.debug": {"msg": "hello"}, "tags": ["greeting"]}
    plays = [
        {"name": "Preflight", "ansible.builtin.import_playbook": "hardening.iam.preflight"},
        {"name": "Greet", "hosts": "localhost", "gather_facts": False, "tasks": [task]},
    ]
    playbook.write_text(json.dumps(plays), encoding="utf-8")
    outcome = run_with(ansible, str(playbook), "--tags", "greeting").succeeded()
    assert "hello" in outcome.output


def test_variables_of_others(ansible: Ansible) -> None:
    others = {
        "aws_region": "eu-west-1",
        "aws_profile": "dev",
        "hardening_level": 2,
        "hardening_ssh_port": 22,
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "reports_dir": "/srv/reports",
        "report_email": "platform@acme.example",
        "assessment_owner": "platform",
    }
    ignore = {"hardening_ignore_variables": "hardening_level, hardening_ssh_*", "aws_regions": ""}
    outcome = run(ansible, "preflight", **others, **ignore).succeeded()
    assert "Nothing reads aws_region; aws_regions does." in " ".join(outcome.output.split())


def test_assessor_role_that_another_host_of_the_fleet_has(ansible: Ansible) -> None:
    hosts = {"acme-dev": {"aws_account_id": DEV, "aws_assessor_role_arn": None}, "other": {"aws_account_id": PROD}}
    inventory = write_inventory(ansible.directory, hosts)
    outcome = ansible.playbook("harden", "--check", "--limit", "acme-dev", inventory=inventory)
    assert_error(outcome, ["aws_assessor_role_arn is declared for other and missing for acme-dev"])
    assert outcome.requests == []


# Without the first tasks of a playbook, where the whole run is checked.


def test_start_at_a_task(ansible: Ansible) -> None:
    hosts = {"acme-dev": {"aws_account_id": DEV}, "typo": {"aws_account_id": 33344445555}}
    inventory = write_inventory(ansible.directory, hosts)
    outcome = ansible.playbook(
        "harden", "--check", "--start-at-task", "Assess the account", inventory=inventory, pasword_policy_mode="enforce"
    )
    assert_error(outcome, ["pasword_policy_mode (the nearest is password_policy_mode)"])
    assert outcome.requests == []


# By the host that makes the mistake, in a play with one other host: its variables, and the message of a task of a role.
TASK_MISTAKES: t.Final[Mistakes] = {
    "number": ({"aws_account_id": 33344445555}, ["aws_account_id of number: '33344445555' is not an account id"]),
    "missing": ({"aws_account_id": ""}, ["aws_account_id is not set for missing."]),
    "shared": ({}, [f"shared: another host has the same aws_account_id, {PROD}: other-than-shared"]),
    "misspelt": (
        {"aws_account_id": DEV, "hardening_wavers": []},
        ["hardening_wavers (the nearest is hardening_waivers)"],
    ),
    "removed": (
        {"aws_account_id": DEV, "preflight_account_id": PROD},
        ["Removed variable of hardening.iam: preflight_account_id (set aws_account_id)."],
    ),
    "assessor": (
        {"aws_account_id": DEV, "aws_assessor_role_arn": ""},
        ["aws_assessor_role_arn is declared for other-than-assessor and missing for assessor"],
    ),
}


@pytest.fixture(scope="module")
def roles_alone(make_ansible: MakeAnsible) -> Outcome:
    """The other host is first, with one fork, so that it is clear which of two hosts with one account goes on."""
    ansible = make_ansible()
    hosts: dict[str, Record] = {}
    plays: list[Record] = []
    for mistake, (variables, _parts) in TASK_MISTAKES.items():
        pair = {f"other-than-{mistake}": {}, mistake: variables}
        hosts |= {name: {"aws_account_id": PROD, **own} for name, own in pair.items()}
        role = {"name": "Look", "ansible.builtin.import_role": {"name": "hardening.iam.preflight"}}
        plays.append({"name": "Look", "hosts": list(pair), "gather_facts": False, "tasks": [role]})
    return run_plays(ansible, plays, write_inventory(ansible.directory, hosts), "--check", "--forks", "1")


@pytest.mark.parametrize("mistake", TASK_MISTAKES)
def test_role_of_its_own(roles_alone: Outcome, mistake: str) -> None:
    assert_error_of(roles_alone, mistake, TASK_MISTAKES[mistake][1])
    assert roles_alone.status != 0
    assert roles_alone.recap(mistake)["failed"] == 1
    assert roles_alone.recap(f"other-than-{mistake}")["failed"] == 0
    assert {record["account_id"] for record in roles_alone.requests} <= {MANAGEMENT, PROD}


def test_account_id_with_leading_zeros(make_ansible: MakeAnsible) -> None:
    account = "000011112222"
    role = {"path": "/iam-hardening/", "trust": _trust(), "policies": ["aws:SecurityAudit"]}
    ansible = make_ansible(
        {"management_account": account, "accounts": {account: {"name": "zero", "roles": {"assessor": role}}}}
    )
    inventory = write_inventory(
        ansible.directory,
        {"zero": {"aws_account_id": account}},
        aws_assessor_role_arn=role_arn(account),
        aws_assume_role_arn=role_arn(account),
    )
    outcome = ansible.playbook("assess", "--check", inventory=inventory).succeeded()
    assert outcome.report(account)["account_id"] == account


def _trust() -> Record:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:<partition>:iam::<account_id>:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
