# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An error about a mistake in the declaration names option and value, and nothing is asked of AWS before it.

A run costs more than the look at its output. So mistakes of one host share a run, each as a host of its own.
"""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml

from dates import date_in, noon_in

from .conftest import (
    CHECKOUT,
    DEV,
    EXTERNAL_ID,
    MANAGEMENT,
    PROD,
    SANDBOX,
    Ansible,
    MakeAnsible,
    Outcome,
    Record,
    role_arn,
    write_inventory,
)

WAIVER: t.Final = {
    "control": "role_admin",
    "accounts": ["*"],
    "resources": ["*"],
    "reason": "the team is being reorganized",
    "owner": "platform@acme.example",
    "ticket": "ACME-1",
    "approved_by": "ciso@acme.example",
    "expires": date_in(1150),
}
NOW: t.Final = noon_in(1000)


def waivers(**fields: t.Any) -> Record:
    return {"hardening_waivers": [{key: value for key, value in {**WAIVER, **fields}.items() if value is not None}]}


# By the host that makes the mistake: its variables, and the parts of the message: option, value, and what is allowed.
Mistakes = t.Mapping[str, tuple[Record, t.Sequence[str]]]

# The playbooks find these before their first task.
INPUT_MISTAKES: t.Final[Mistakes] = {
    "unknown-variable": ({"hardening_wavers": []}, ["hardening_wavers (the nearest is hardening_waivers)"]),
    "unknown-variable-of-a-role": (
        {"password_policy_length": 14},
        ["password_policy_length (the nearest is password_policy_minimum_password_length)"],
    ),
    "unknown-variable-without-any-near": (
        {"permissions_boundary_policy": "nofile.json"},
        ["Unknown variable of hardening.iam: permissions_boundary_policy (the nearest is permissions_boundary_"],
    ),
    "misspelt-role": (
        {"password_polcy_mode": "enforce"},
        ["password_polcy_mode (the nearest is password_policy_mode)", "hardening_ignore_variables"],
    ),
    "misspelt-role-in-a-run-of-another": (
        {"pasword_policy_mode": "enforce"},
        ["pasword_policy_mode (the nearest is password_policy_mode)"],
    ),
    "misspelt-assessor": (
        {"aws_assesor_role_arn": role_arn(DEV), "aws_assessor_role_arn": ""},
        ["aws_assesor_role_arn (the nearest is aws_assessor_role_arn)"],
    ),
    "several-misspelt": (
        {"hardening_wavers": [], "pasword_policy_mode": "enforce"},
        ["hardening_wavers (the nearest is hardening_waivers), pasword_policy_mode (the nearest is"],
    ),
    "removed": (
        {"password_policy_account_id": DEV, "report_terminal": "full"},
        ["password_policy_account_id (set aws_account_id), report_terminal (set hardening_terminal)", "import_role"],
    ),
    "bad-account-id": (
        {"aws_account_id": "acme-dev", "aws_assessor_role_arn": role_arn(DEV), "aws_assume_role_arn": role_arn(DEV)},
        ["aws_account_id of bad-account-id: 'acme-dev' is not an account id of 12 digits"],
    ),
    "account-id-of-eleven-digits": (
        {"aws_account_id": "33344445555"},
        ["aws_account_id of account-id-of-eleven-digits: '33344445555' is not an account id of 12 digits", "in quotes"],
    ),
    "account-id-without-its-zero": (
        {"aws_account_id": 33344445555},
        [
            "aws_account_id of account-id-without-its-zero: '33344445555' is not an account id of 12 digits",
            "in quotes",
        ],
    ),
}
# The first module finds these.
VALUE_MISTAKES: t.Final[Mistakes] = {
    "waiver-without-owner": (waivers(owner=None), ["waivers[0]", "owner", "required are"]),
    "waiver-with-bad-date": (waivers(expires="30.06.2030"), ["waivers[0].expires", "30.06.2030", "2026-12-31"]),
    "waiver-too-long": (waivers(expires=date_in(1400)), ["waivers[0].expires", date_in(1400), "365 days"]),
    "waiver-of-no-control": (waivers(control="role_admn"), ["waivers[0].control", "role_admn", "role_admin"]),
    "waivers-not-yaml": ({"hardening_waivers": "[unclosed"}, ["waivers: the text is not YAML", "line 1"]),
    "waivers-in-no-file": ({"hardening_waivers": "./none.yml"}, ["waivers", "none.yml"]),
    "bad-now": ({"hardening_now": "yesterday"}, ["now", "yesterday", "2026-01-31T00:00:00Z"]),
    "unknown-threshold": ({"hardening_thresholds": {"unused": 3}}, ["thresholds", "unused", "unused_days"]),
    "threshold-out-of-range": (
        {"hardening_thresholds": {"unused_days": 0}},
        ["thresholds.unused_days", "0", "from 1 to 1095"],
    ),
    "unknown-control": ({"hardening_include": ["root_no_key"]}, ["include", "root_no_key", "root_no_access_key"]),
    "bad-role": ({"aws_assessor_role_arn": "assessor"}, ["assessor_role_arn", "assessor", "ARN of a role"]),
    "bad-region": ({"aws_regions": ["europe"]}, ["regions", "europe", "enabled"]),
    "bad-fail-on": ({"hardening_fail_on": "always"}, ["fail_on", "always", "never"]),
    "bad-format": ({"hardening_report_formats": ["pdf"]}, ["formats", "pdf", "html"]),
}
# The role finds these after the account was looked at, before anything is written.
ROLE_MISTAKES: t.Final[Mistakes] = {
    "bad-mode": ({"password_policy_mode": "enforced"}, ["mode", "enforced", "report"]),
    "bad-length": ({"password_policy_minimum_password_length": "ten"}, ["minimum_password_length", "ten"]),
}


@pytest.fixture(scope="module")
def ansible(make_ansible: MakeAnsible) -> Ansible:
    """Ansible, where nothing that was written before could hide a write: each test starts in this world again."""
    return make_ansible()


def run(ansible: Ansible, playbook: str, **variables: t.Any) -> Outcome:
    return run_with(ansible, playbook, **variables)


def run_with(ansible: Ansible, playbook: str, *arguments: str, **variables: t.Any) -> Outcome:
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    return ansible.playbook(playbook, *arguments, inventory=inventory, **{"hardening_now": NOW, **variables})


def inventory_of(ansible: Ansible, mistakes: Mistakes, *account_ids: str) -> Path:
    """An inventory of one host for each mistake, with an account of its own, which need not exist."""
    ids = account_ids or [f"9{number:011}" for number in range(len(mistakes))]
    hosts = {
        name: {"aws_account_id": account_id, "hardening_now": NOW, **variables}
        for account_id, (name, (variables, _parts)) in zip(ids, mistakes.items(), strict=True)
    }
    return write_inventory(ansible.directory, hosts)


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


def failed_hosts(outcome: Outcome) -> set[str]:
    """The hosts that the report of the run has as failed."""
    return {failure["host"] for failure in outcome.document("fleet.json")["failed"]}


@pytest.fixture(scope="module")
def input_check(make_ansible: MakeAnsible) -> Outcome:
    """The tasks that start every playbook, as a play for each mistake: there the first mistake ends the run."""
    ansible = make_ansible()
    _accounts, check = yaml.safe_load((CHECKOUT / "playbooks" / "prepare.yml").read_text(encoding="utf-8"))
    plays = [
        {**check, "hosts": host, "vars": {"hardening_hosts": host}, "ignore_errors": True} for host in INPUT_MISTAKES
    ]
    return run_plays(ansible, plays, inventory_of(ansible, INPUT_MISTAKES))


@pytest.mark.parametrize("mistake", INPUT_MISTAKES)
def test_input(input_check: Outcome, mistake: str) -> None:
    assert_error_of(input_check, mistake, INPUT_MISTAKES[mistake][1])
    assert input_check.recap(mistake)["ignored"] == 1
    assert input_check.requests == []


@pytest.mark.parametrize(
    ("playbook", "mistake"), [("harden", "several-misspelt"), ("harden", "removed"), ("assess", "unknown-variable")]
)
def test_input_stops_the_run(ansible: Ansible, playbook: str, mistake: str) -> None:
    variables, parts = INPUT_MISTAKES[mistake]
    outcome = run(ansible, playbook, **variables)
    assert_error(outcome, parts)
    assert outcome.recap("acme-dev")["failed"] == 1
    assert outcome.requests == []


@pytest.fixture(scope="module")
def harden_with_bad_values(make_ansible: MakeAnsible) -> Outcome:
    ansible = make_ansible()
    return ansible.playbook("harden", inventory=inventory_of(ansible, VALUE_MISTAKES))


@pytest.fixture(scope="module")
def harden_with_bad_roles(make_ansible: MakeAnsible) -> Outcome:
    ansible = make_ansible()
    return ansible.playbook("harden", inventory=inventory_of(ansible, ROLE_MISTAKES, DEV, SANDBOX))


@pytest.mark.parametrize("mistake", VALUE_MISTAKES)
def test_harden(harden_with_bad_values: Outcome, mistake: str) -> None:
    assert_error_of(harden_with_bad_values, mistake, VALUE_MISTAKES[mistake][1])
    assert harden_with_bad_values.status != 0
    assert mistake in failed_hosts(harden_with_bad_values)
    assert harden_with_bad_values.requests == []


@pytest.mark.parametrize("mistake", ROLE_MISTAKES)
def test_harden_until_the_role(harden_with_bad_roles: Outcome, mistake: str) -> None:
    assert_error_of(harden_with_bad_roles, mistake, ROLE_MISTAKES[mistake][1])
    assert harden_with_bad_roles.status != 0
    assert mistake in failed_hosts(harden_with_bad_roles)
    assert harden_with_bad_roles.writes == []


ASSESSED: t.Final = {name: VALUE_MISTAKES[name] for name in ("waiver-without-owner", "bad-now", "unknown-threshold")}


@pytest.fixture(scope="module")
def assess_with_bad_values(make_ansible: MakeAnsible) -> Outcome:
    ansible = make_ansible()
    return ansible.playbook("assess", inventory=inventory_of(ansible, ASSESSED))


@pytest.mark.parametrize("mistake", ASSESSED)
def test_assess(assess_with_bad_values: Outcome, mistake: str) -> None:
    assert_error_of(assess_with_bad_values, mistake, ASSESSED[mistake][1])
    assert assess_with_bad_values.status != 0
    assert mistake in failed_hosts(assess_with_bad_values)
    assert assess_with_bad_values.requests == []


@pytest.mark.parametrize("playbook", ["assess", "harden", "preflight"])
def test_no_account(ansible: Ansible, playbook: str) -> None:
    inventory = write_inventory(ansible.directory, {})
    outcome = ansible.playbook(playbook, inventory=inventory)
    assert_error(outcome, ["No account to work on", "aws_accounts", "hardening_hosts"])
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


def test_account_that_is_another_one(ansible: Ansible) -> None:
    wrong = role_arn("222233334444")
    outcome = run(
        ansible, "harden", aws_assessor_role_arn=wrong, aws_assume_role_arn=wrong, aws_external_id=EXTERNAL_ID
    )
    assert_error(outcome, ["account_id", "222233334444", DEV])
    assert outcome.writes == []
    # Only who the credentials belong to was asked.
    assert {record["operation"] for record in outcome.requests} <= {"AssumeRole", "GetCallerIdentity"}


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


@pytest.mark.parametrize("playbook", ["harden", "assess"])
def test_account_id_that_uses_a_variable_that_is_not_set(ansible: Ansible, playbook: str) -> None:
    """Without the error this one host would be assessed as the account of its credentials."""
    inventory = without_account_id(ansible, aws_account_id="{{ account_ids.dev }}")
    outcome = ansible.playbook(playbook, "--check", inventory=inventory)
    assert_error(
        outcome, ["aws_account_id of acme-dev: '{{ account_ids.dev }}' is empty, or uses a variable that is not"]
    )
    assert outcome.requests == []


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


def test_local_journal_in_awx(ansible: Ansible) -> None:
    """A role that is used alone knows the job too, since AWX sets it as an extra variable."""
    role = {"name": "Converge", "ansible.builtin.import_role": {"name": "hardening.iam.password_policy"}}
    play = {"name": "Converge", "hosts": "aws_accounts", "gather_facts": False, "tasks": [role]}
    (ansible.directory / "site.yml").write_text(json.dumps([play]), encoding="utf-8")
    outcome = run(ansible, str(ansible.directory / "site.yml"), awx_job_id=7)
    assert_error(outcome, ["hardening_journal is", "/journal'", "AWX job 7", "s3://bucket/prefix"])
    assert outcome.requests == []


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
