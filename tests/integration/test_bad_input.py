# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in the declaration: each is told by its option and value, and before anything is asked of AWS."""

from __future__ import annotations

import typing as t

import pytest

from dates import date_in, noon_in

from .conftest import DEV, EXTERNAL_ID, Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

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


# Variables, and what the message must contain: the option, the value, and what is allowed.
MISTAKES: t.Final[t.Mapping[str, tuple[Record, t.Sequence[str]]]] = {
    "waiver-without-owner": (waivers(owner=None), ["waivers[0]", "owner", "required are"]),
    "waiver-with-bad-date": (waivers(expires="30.06.2030"), ["waivers[0].expires", "30.06.2030", "2026-12-31"]),
    "waiver-too-long": (waivers(expires=date_in(1400)), ["waivers[0].expires", date_in(1400), "365 days"]),
    "waiver-of-no-control": (waivers(control="role_admn"), ["waivers[0].control", "role_admn", "role_admin"]),
    "waivers-not-yaml": ({"hardening_waivers": "[unclosed"}, ["waivers: [unclosed is not YAML", "line 1"]),
    "waivers-in-no-file": ({"hardening_waivers": "./none.yml"}, ["waivers", "none.yml"]),
    "unknown-variable": ({"hardening_wavers": []}, ["hardening_wavers", "hardening_waivers"]),
    "unknown-variable-of-a-role": (
        {"password_policy_length": 14},
        ["password_policy_length", "password_policy_minimum_password_length"],
    ),
    "bad-now": ({"hardening_now": "yesterday"}, ["now", "yesterday", "2026-01-31T00:00:00Z"]),
    "unknown-threshold": ({"hardening_thresholds": {"unused": 3}}, ["thresholds", "unused", "unused_days"]),
    "threshold-out-of-range": (
        {"hardening_thresholds": {"unused_days": 0}},
        ["thresholds.unused_days", "0", "from 1 to 1095"],
    ),
    "unknown-control": ({"hardening_include": ["root_no_key"]}, ["include", "root_no_key", "root_no_access_key"]),
    "bad-account-id": (
        {"aws_account_id": "acme-dev", "aws_assessor_role_arn": role_arn(DEV), "aws_assume_role_arn": role_arn(DEV)},
        ["account_id", "acme-dev", "12 digits"],
    ),
    "bad-role": ({"aws_assessor_role_arn": "assessor"}, ["assessor_role_arn", "assessor", "ARN of a role"]),
    "bad-region": ({"aws_regions": ["europe"]}, ["regions", "europe", "enabled"]),
    "bad-mode": ({"password_policy_mode": "enforced"}, ["mode", "enforced", "report"]),
    "bad-length": ({"password_policy_minimum_password_length": "ten"}, ["minimum_password_length", "ten"]),
    "bad-fail-on": ({"hardening_fail_on": "always"}, ["fail_on", "always", "never"]),
    "bad-format": ({"hardening_report_formats": ["pdf"]}, ["formats", "pdf", "html"]),
}
# Told of by roles after the account was looked at, before anything is written.
LATER: t.Final = {"bad-mode", "bad-length", "bad-fail-on", "bad-format"}


@pytest.fixture
def ansible(make_ansible: MakeAnsible) -> Ansible:
    """Ansible, where nothing that was written before could hide a write."""
    return make_ansible()


def run(ansible: Ansible, playbook: str, **variables: t.Any) -> Outcome:
    inventory = write_inventory(ansible.directory, {"acme-dev": {"aws_account_id": DEV}})
    return ansible.playbook(playbook, inventory=inventory, **{"hardening_now": NOW, **variables})


def assert_told(outcome: Outcome, parts: t.Sequence[str]) -> None:
    assert outcome.status != 0
    told = " ".join(outcome.output.split())
    for part in parts:
        assert part in told, outcome.output
    assert "Traceback" not in told


@pytest.mark.parametrize("mistake", MISTAKES)
def test_harden(ansible: Ansible, mistake: str) -> None:
    variables, parts = MISTAKES[mistake]
    outcome = run(ansible, "harden", **variables)
    assert_told(outcome, parts)
    assert outcome.writes == []
    if mistake not in LATER:
        assert outcome.requests == []


@pytest.mark.parametrize("mistake", ["waiver-without-owner", "bad-now", "unknown-threshold", "unknown-variable"])
def test_assess(ansible: Ansible, mistake: str) -> None:
    variables, parts = MISTAKES[mistake]
    outcome = run(ansible, "assess", **variables)
    assert_told(outcome, parts)
    assert outcome.requests == []


@pytest.mark.parametrize("playbook", ["assess", "harden", "preflight"])
def test_no_account(ansible: Ansible, playbook: str) -> None:
    inventory = write_inventory(ansible.directory, {})
    outcome = ansible.playbook(playbook, inventory=inventory)
    assert_told(outcome, ["No account to work on", "aws_accounts", "hardening_hosts"])
    assert outcome.requests == []


def test_pattern_that_matches_nothing(ansible: Ansible) -> None:
    outcome = run(ansible, "harden", hardening_hosts="acme-prodd")
    assert_told(outcome, ["No account to work on", "acme-prodd"])
    assert outcome.requests == []


def test_account_that_is_two_hosts(ansible: Ansible) -> None:
    hosts = {"acme-dev": {"aws_account_id": DEV}, "dev": {"aws_account_id": int(DEV)}}
    outcome = ansible.playbook("harden", inventory=write_inventory(ansible.directory, hosts))
    assert_told(outcome, ["acme-dev: another host has the same aws_account_id"])
    assert outcome.requests == []


def test_one_bad_account_id_costs_the_others_nothing(ansible: Ansible) -> None:
    inventory = write_inventory(
        ansible.directory,
        {"acme-dev": {"aws_account_id": DEV}, "typo": {"aws_account_id": "33334444555x"}},
        aws_assessor_role_arn=role_arn(DEV),
        aws_assume_role_arn=role_arn(DEV, "automation"),
    )
    outcome = ansible.playbook("assess", "--check", inventory=inventory)
    assert_told(outcome, ["account_id", "33334444555x", "12 digits"])
    (failure,) = outcome.document("fleet.json")["failed"]
    assert failure["host"] == "typo"
    assert [account["account_id"] for account in outcome.document("fleet.json")["accounts"]] == [DEV]


def test_account_that_is_another_one(ansible: Ansible) -> None:
    wrong = role_arn("222233334444")
    outcome = run(
        ansible, "harden", aws_assessor_role_arn=wrong, aws_assume_role_arn=wrong, aws_external_id=EXTERNAL_ID
    )
    assert_told(outcome, ["account_id", "222233334444", DEV])
    assert outcome.writes == []
    # Only who the credentials belong to was asked.
    assert {record["operation"] for record in outcome.requests} <= {"AssumeRole", "GetCallerIdentity"}


def test_account_id_that_is_missing(ansible: Ansible) -> None:
    inventory = write_inventory(
        ansible.directory,
        {"acme-dev": {}},
        aws_assessor_role_arn=role_arn(DEV),
        aws_assume_role_arn=role_arn(DEV, "automation"),
    )
    outcome = ansible.playbook("harden", inventory=inventory)
    assert_told(outcome, ["account_id"])
    assert outcome.writes == []


def test_account_id_that_lost_its_zeros(make_ansible: MakeAnsible) -> None:
    account = "000011112222"
    role = {"path": "/iam-hardening/", "trust": _trust(), "policies": ["aws:SecurityAudit"]}
    ansible = make_ansible(
        {"management_account": account, "accounts": {account: {"name": "zero", "roles": {"assessor": role}}}}
    )
    inventory = write_inventory(
        ansible.directory,
        {"zero": {"aws_account_id": 11112222}},
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
