# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role access_keys through its stages, each in a run of ansible-playbook, with the clock moved in between."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
import yaml

from dates import date_in

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, write_inventory

ACCOUNT = "555566667777"
USERS: t.Final[Record] = {
    "svc-idle": {"access_keys": [{"age_days": 400, "last_used_days": 60}]},
    "svc-never": {"access_keys": [{"age_days": 80}]},
    "svc-busy": {"access_keys": [{"age_days": 700, "last_used_days": 0.1}, {"age_days": 30, "last_used_days": 0.2}]},
    "svc-waived": {"access_keys": [{"age_days": 400, "last_used_days": 300}]},
    "ses-smtp-user.2024": {"access_keys": [{"age_days": 400, "last_used_days": 100, "service": "ses"}]},
    "breaker": {"path": "/iam-hardening/break-glass/", "access_keys": [{"age_days": 400}]},
}
STAGED = ("svc-idle", "svc-never")
WAIVER: t.Final[Record] = {
    "control": "access_key_unused",
    "accounts": [ACCOUNT],
    "resources": ["user/svc-waived"],
    "reason": "runs once a year",
    "owner": "finance",
    "ticket": "FIN-1",
    "approved_by": "ciso",
    "expires": date_in(200),
}


def seed(**users: Record) -> Record:
    """One account with these users and the roles of this collection."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    organization["accounts"][ACCOUNT]["users"] = users
    return organization


class Stages:
    """The account, the role in it, and the clock."""

    def __init__(self, make_ansible: MakeAnsible, **users: Record) -> None:
        self.ansible: Ansible = make_ansible(seed(**users))
        # Ahead of the real time, which is what journals have: the later of the two counts. Not of the module, since a
        # test may begin an hour after that was imported.
        self.start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        self.days = 0.0
        self.runs = 0
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        session = {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "region_name": "us-east-1",
        }
        self.iam = client("iam", **session)
        self.topic = client("sns", **session).create_topic(Name="keys")["TopicArn"]
        self.playbook = self.ansible.directory / "stages.yml"
        role = {"role": "hardening.iam.access_keys"}
        self.playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
        self.inventory: Path = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})

    def run(self, *arguments: str, playbook: t.Optional[str] = None, **variables: t.Any) -> Outcome:
        """Run the role, or a playbook; a variable that is None is left to the role's default."""
        self.runs += 1
        self.ansible.control.clock(offset_days=self.days + 1 / 24)
        declared = {
            "access_keys_mode": "enforce",
            "access_keys_notify": self.topic,
            "hardening_run_id": f"run-{self.runs}",
            "hardening_now": (self.start + timedelta(days=self.days)).isoformat(),
            "hardening_waivers": [WAIVER],
            **variables,
        }
        declared = {name: value for name, value in declared.items() if value is not None}
        return self.ansible.playbook(playbook or str(self.playbook), *arguments, inventory=self.inventory, **declared)

    def statuses(self) -> dict[str, list[str]]:
        users = [user["UserName"] for user in self.iam.list_users()["Users"]]
        keys = {user: self.iam.list_access_keys(UserName=user)["AccessKeyMetadata"] for user in users}
        return {user: [key["Status"] for key in found] for user, found in keys.items()}

    def tags(self) -> dict[str, list[str]]:
        """The users with tags of stages, and their stages."""
        users = [user["UserName"] for user in self.iam.list_users()["Users"]]
        tags = {user: self.iam.list_user_tags(UserName=user)["Tags"] for user in users}
        return {user: [tag["Value"].partition("=")[0] for tag in found] for user, found in tags.items() if found}


@pytest.mark.dated
def test_twelve_steps_through_the_stages(make_ansible: MakeAnsible) -> None:
    stages = Stages(make_ansible, **USERS)
    untouched = {name: found for name, found in stages.statuses().items() if name not in STAGED}
    deleting = {"access_keys_delete_after_days": "90"}
    for days, writes in (
        (0, ["sns:Publish", "iam:TagUser"]),
        (14, ["iam:TagUser", "iam:UpdateAccessKey"]),
        (44.1, ["iam:DeleteAccessKey", "iam:UntagUser"]),
    ):
        stages.days = days
        before = stages.statuses(), stages.tags()
        predicted = stages.run("--check", "--diff", **deleting).succeeded()
        assert (predicted.writes, predicted.recap("bare")["changed"]) == ([], 1)
        assert (stages.statuses(), stages.tags()) == before
        done = stages.run(**deleting).succeeded()
        assert sorted(done.writes) == sorted(writes * len(STAGED))
        assert done.recap("bare")["changed"] == 1
        for arguments in (("--check",), ()):
            again = stages.run(*arguments, **deleting).succeeded()
            assert (again.writes, again.recap("bare")["changed"]) == ([], 0)
    assert stages.statuses() == {**untouched, **{name: [] for name in STAGED}}
    assert stages.tags() == {}


def test_harden_tells_of_keys_and_refusals_in_its_report(make_ansible: MakeAnsible) -> None:
    stages = Stages(make_ansible, **USERS)
    outcome = stages.run("--tags", "access_keys", playbook="harden").succeeded()
    assert sorted(outcome.writes) == ["iam:TagUser"] * 2 + ["sns:Publish"] * 2
    report = outcome.report(ACCOUNT)
    assert {change["target"].rpartition("/")[2] for change in report["changes"]} == set(STAGED)
    assert {refusal["rule"] for refusal in report["refused"]} == {"ses_smtp", "break_glass"}
    assert "access_keys" in outcome.output


def test_texts_of_surveys_are_taken(make_ansible: MakeAnsible) -> None:
    """Spaces stand behind the commas, and fields that are left empty are empty texts."""
    stages = Stages(make_ansible, **USERS)
    survey = {
        "access_keys_exclude_users": "nobody, svc-never",
        "access_keys_stage_reasons": "unused, never_used",
        "access_keys_stage_credentials": "",
        "access_keys_accept_ses_smtp_users": "",
        "access_keys_delete_after_days": "",
        "access_keys_min_idle_days": "45",
        "access_keys_remove_unused_passwords": "false",
        "hardening_break_glass": "arn:aws:iam::*:user/nobody, arn:aws:iam::*:user/*breaker",
        "hardening_max_changes": "10",
    }
    stages.run(**survey).succeeded()
    assert stages.tags() == {"svc-idle": ["noticed"]}


def test_the_role_writes_nothing_by_default(make_ansible: MakeAnsible) -> None:
    stages = Stages(make_ansible, **USERS)
    outcome = stages.run(access_keys_mode=None, access_keys_notify=None).succeeded()
    assert (outcome.writes, outcome.recap("bare")["changed"]) == ([], 0)
    part = outcome.part(ACCOUNT, "access_key_lifecycle")
    assert {refusal["rule"] for refusal in part["refused"]} == {"notify", "ses_smtp", "break_glass"}
    # With somebody to notify it says what it would do, and leaves it.
    outcome = stages.run(access_keys_mode=None).succeeded()
    assert (outcome.writes, outcome.recap("bare")["changed"]) == ([], 0)
    changes = outcome.part(ACCOUNT, "access_key_lifecycle")["changes"]
    assert {change["applied"] for change in changes} == {False}


@pytest.mark.parametrize("fault", ["Throttling", "InternalFailure"])
def test_under_faults_the_same_state_is_reached_and_nothing_done_twice(make_ansible: MakeAnsible, fault: str) -> None:
    stages = Stages(make_ansible, **USERS)
    stages.run().succeeded()
    stages.days = 14
    probability = {"Throttling": 0.3, "InternalFailure": 0.1}[fault]
    stages.ansible.control.faults([{"kind": "error", "code": fault, "probability": probability, "service": "iam"}])
    written: list[str] = []
    for _attempt in range(6):
        outcome = stages.run()
        done = [record for record in outcome.requests if not record["read_only"] and not record["error_code"]]
        written += [record["operation"] for record in done]
        if outcome.status == 0:
            break
    assert outcome.status == 0, outcome.output
    stages.ansible.control.clear_faults()
    assert {name: stages.statuses()[name] for name in STAGED} == {name: ["Inactive"] for name in STAGED}
    assert written.count("UpdateAccessKey") == len(STAGED)
    assert stages.run().succeeded().writes == []
