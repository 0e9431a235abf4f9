# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a job in check mode to an approved one that applies its plan, hours later."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from .conftest import DEV, EXTERNAL_ID, SANDBOX, Ansible, MakeAnsible, Outcome, Record, role_arn, write_inventory

UPDATE = "iam:UpdateAccountPasswordPolicy"
# Passwords that expire narrow access, so the cap of 0 holds the change back until somebody approves it.
# The roles that do more than that are off.
OTHERS: t.Final = ("access_keys", "access_analyzer", "config_rules", "security_hub", "event_alerts")
DECLARED: Record = {
    **{f"{role}_mode": "off" for role in OTHERS},
    "password_policy_minimum_password_length": 16,
    "password_policy_max_password_age": 1095,
    "hardening_max_changes": 0,
}


class Approval:
    """Ansible for two accounts, after a job in check mode."""

    def __init__(self, ansible: Ansible) -> None:
        self._ansible = ansible
        hosts = {"acme-dev": {"aws_account_id": DEV}, "acme-sandbox": {"aws_account_id": SANDBOX}}
        self._inventory = write_inventory(ansible.directory, hosts)
        self.checked = self.harden("--check", hardening_run_id="checked").succeeded()
        # What approves the plans of both accounts.
        self.run_hash = str(self.checked.document("fleet.json")["plan_sha256"])

    def harden(self, *arguments: str, **variables: t.Any) -> Outcome:
        return self._ansible.playbook("harden", *arguments, inventory=self._inventory, **{**DECLARED, **variables})

    def document(self, name: str) -> Record:
        """A file of the report directory as it is now."""
        return t.cast(Record, json.loads((self._ansible.directory / "reports" / name).read_text(encoding="utf-8")))

    def hash_of(self, account: str) -> str:
        return str(self.checked.document(f"{account}/plan.json")["plan_sha256"])

    def age(self, hours: float) -> None:
        """Let the plans have been made so many hours ago."""
        created = (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for path in self._ansible.directory.glob("reports/*/plans/**/*.json"):
            plan = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**plan, "created": created}), encoding="utf-8")

    def change_meanwhile(self, account: str) -> None:
        """Somebody sets another password policy."""
        endpoint = self._ansible.environment["AWS_ENDPOINT_URL"]
        keys = {
            "aws_access_key_id": self._ansible.environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self._ansible.environment["AWS_SECRET_ACCESS_KEY"],
        }
        session = boto3.client("sts", endpoint_url=endpoint, **keys).assume_role(
            RoleArn=role_arn(account, "automation"), RoleSessionName="iam-hardening", ExternalId=EXTERNAL_ID
        )["Credentials"]
        boto3.client(
            "iam",
            endpoint_url=endpoint,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        ).update_account_password_policy(MinimumPasswordLength=11)


@pytest.fixture
def approval(make_ansible: MakeAnsible) -> Approval:
    return Approval(make_ansible())


@pytest.fixture(scope="module")
def untouched(make_ansible: MakeAnsible) -> Approval:
    """For the tests that write nothing."""
    return Approval(make_ansible())


def refused(outcome: Outcome, account: str) -> list[str]:
    return [refusal["rule"] for refusal in outcome.report(account)["refused"]]


def test_plan_of_a_check_is_applied_hours_later(approval: Approval) -> None:
    for account in (DEV, SANDBOX):
        (change,) = approval.checked.report(account)["changes"]
        assert (change["state"], change["held_by"]["variable"]) == ("applied if approved", "hardening_max_changes")
        assert "hardening_approved_plan" in change["held_by"]["reason"]
        assert refused(approval.checked, account) == []
    approval.age(hours=8)
    outcome = approval.harden(hardening_approved_plan=approval.run_hash).succeeded()
    assert outcome.writes == [UPDATE, UPDATE]
    for account in (DEV, SANDBOX):
        (change,) = outcome.report(account)["changes"]
        assert change["applied"]
        assert outcome.document(f"{account}/plan.json")["plan_sha256"] == approval.hash_of(account)
    again = approval.harden(hardening_approved_plan=approval.run_hash).succeeded()
    assert again.writes == []


def test_plan_is_handed_over_by_its_hash(approval: Approval) -> None:
    approval.age(hours=8)
    outcome = approval.harden("--limit", "acme-dev,localhost", hardening_approved_plan=approval.hash_of(DEV))
    assert outcome.succeeded().writes == [UPDATE]


def test_what_changed_meanwhile_is_refused_and_the_rest_applied(approval: Approval) -> None:
    approval.change_meanwhile(DEV)
    outcome = approval.harden(hardening_approved_plan=approval.run_hash).succeeded()
    assert outcome.writes == [UPDATE]
    assert (refused(outcome, DEV), refused(outcome, SANDBOX)) == (["approved_plan"], [])
    assert "its state before or after differs now" in outcome.report(DEV)["refused"][0]["reason"]


def test_a_run_that_overtakes_the_approval_is_refused(untouched: Approval) -> None:
    """It leaves its plan where that of the check was, under the same name or another."""
    untouched.age(hours=1)
    overtaking: Record = {"password_policy_minimum_password_length": 24}
    for run_id in ("checked", "overtaking"):
        untouched.harden("--check", hardening_run_id=run_id, **overtaking).succeeded()
    outcome = untouched.harden(hardening_approved_plan=untouched.run_hash, **overtaking).succeeded()
    assert outcome.writes == []
    assert refused(outcome, DEV) == refused(outcome, SANDBOX) == ["approved_plan"]


def test_who_made_the_plan_does_not_approve_it(untouched: Approval) -> None:
    untouched.harden("--check", hardening_author="alice", password_policy_minimum_password_length=22).succeeded()
    planned = untouched.document("fleet.json")["plan_sha256"]
    given: Record = {"hardening_approved_plan": planned, "password_policy_minimum_password_length": 22}
    outcome = untouched.harden(hardening_approver="alice", **given)
    assert (outcome.status != 0, outcome.writes) == (True, [])
    assert "alice made this plan" in " ".join(outcome.output.split())


def test_what_was_declared_anew_is_refused(untouched: Approval) -> None:
    untouched.age(hours=1)
    outcome = untouched.harden(hardening_approved_plan=untouched.run_hash, password_policy_minimum_password_length=20)
    assert outcome.succeeded().writes == []
    assert refused(outcome, DEV) == refused(outcome, SANDBOX) == ["approved_plan"]


@pytest.mark.parametrize(
    ("plan", "hours", "told"),
    [
        pytest.param("", 25, "at most 24 hours", id="too-old"),
        pytest.param("f" * 64, 1, "no run has the hash", id="unknown-hash"),
        pytest.param("./reports/{{ aws_account_id }}/plan.json", 1, "is not allowed; allowed is a hash", id="path"),
    ],
)
def test_approvals_that_do_not_hold_write_nothing(untouched: Approval, plan: str, hours: float, told: str) -> None:
    untouched.age(hours=hours)
    outcome = untouched.harden(hardening_approved_plan=plan or untouched.run_hash)
    assert outcome.status != 0
    assert outcome.writes == []
    assert told in " ".join(outcome.output.split())


# The demo: what is shown, what is hashed and what is applied

# One boundary for fifteen roles of one account: a cap, a prediction and two owners hold changes back.
LIMIT: t.Final = ("--limit", "acme-dev,localhost")
TAGS: t.Final = ("--tags", "permissions_boundary,password_policy")
# What would lift the refusals of the check, if an approval covered these changes.
LIFTED: Record = {
    "hardening_terraform_state_paths": [],
    "hardening_owners": [{"arn": "arn:aws:iam::*:role/*", "owner": "nobody", "write": "allow"}],
    "hardening_owner_default": "allow",
    "hardening_max_changes": 500,
    "hardening_max_percent": 100,
}
SOON: t.Final = (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%d")
ACCEPTED: Record = {
    "permissions_boundary_accept_breakage": [
        {"principal": "role/dev-team-07-role", "reason": "agreed with its owner", "expires": SOON}
    ]
}
WAIVED: Record = {
    "hardening_waivers": [
        {
            "control": "password_min_length",
            "accounts": [DEV],
            "resources": ["*"],
            "reason": "nobody has a password",
            "owner": "ops",
            "ticket": "SEC-1",
            "approved_by": "ciso",
            "expires": SOON,
        }
    ]
}


def places(changes: t.Iterable[Record]) -> list[tuple[str, str, str]]:
    return sorted((item["region"], item["operation"], item["target"]) for item in changes)


@dataclasses.dataclass(frozen=True)
class Story:
    """A check of the demo, and a run under its hash."""

    ansible: Ansible
    plan: Record
    shown: list[tuple[str, str, str]]

    @classmethod
    def check(cls, ansible: Ansible, *arguments: str, **variables: t.Any) -> Story:
        checked = ansible.playbook("harden", "--check", *arguments, hardening_run_id="checked", **variables).succeeded()
        assert checked.writes == []
        report, plan = checked.report(DEV), checked.document(f"{DEV}/plan.json")
        shown = [item for item in report["changes"] if item["state"] in ("planned", "applied if approved")]
        return cls(ansible, plan, places(shown))

    def apply(self, *arguments: str, **variables: t.Any) -> list[tuple[str, str, str]]:
        given = {"hardening_run_id": "applied", "hardening_approved_plan": self.plan["plan_sha256"], **variables}
        outcome = self.ansible.playbook("harden", *arguments, **given).succeeded()
        return places(item for item in outcome.report(DEV)["changes"] if item["applied"])


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        pytest.param((), {}, id="everything"),
        pytest.param(
            TAGS,
            {"hardening_max_changes": 0, "hardening_max_percent": 0, "password_policy_mode": "report"},
            id="caps-and-mode",
        ),
        pytest.param(TAGS, {**ACCEPTED, **WAIVED}, id="acceptance-and-waiver"),
    ],
)
def test_what_is_shown_is_what_is_hashed_and_what_is_applied(
    make_ansible: MakeAnsible, arguments: tuple[str, ...], variables: Record
) -> None:
    story = Story.check(make_ansible(), *LIMIT, *arguments, **variables)
    hashed = places(story.plan["changes"])
    assert story.shown == hashed
    applied = story.apply(*LIMIT, *arguments, **variables)
    assert applied == hashed
    if not arguments:
        # A second run has nothing left to approve.
        again = Story.check(story.ansible, *LIMIT)
        assert (again.shown, again.plan["plan_sha256"]) == ([], None)


def test_no_variable_lifts_under_an_approval_what_another_guard_refused(make_ansible: MakeAnsible) -> None:
    story = Story.check(make_ansible(), *LIMIT, *TAGS)
    hashed = places(story.plan["changes"])
    refused = {item["target"] for item in story.plan["refused"]}
    assert {item["rule"] for item in story.plan["refused"]} == {"foreign_owner", "prediction"}
    applied = story.apply(*LIMIT, *TAGS, **LIFTED, **ACCEPTED)
    assert applied == hashed
    assert not refused & {target for _region, _operation, target in applied}


def test_fewer_tags_apply_a_part(make_ansible: MakeAnsible) -> None:
    story = Story.check(make_ansible(), *LIMIT, *TAGS)
    applied = story.apply(*LIMIT, "--tags", "password_policy")
    assert applied and set(applied) < set(places(story.plan["changes"]))
