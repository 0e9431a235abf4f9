# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role user_permissions, as its users run it: groups made, filled and changed, policies removed, all taken back."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml

from dates import date_in

from .conftest import CHECKOUT, Ansible, MakeAnsible, Outcome, Record, operation_of, write_inventory

ACCOUNT = "555566667777"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DEPLOY = f"arn:aws:iam::{ACCOUNT}:policy/Deploy"


def document(*actions: str, **elements: t.Any) -> Record:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


HOME = document("s3:GetObject", Resource="arn:aws:s3:::home/${aws:username}/*")
USERS: t.Final[Record] = {
    "dev-alice": {"policies": ["aws:ReadOnlyAccess", "Deploy"], "inline": {"home": HOME}},
    "dev-bob": {"policies": ["Deploy", "aws:ReadOnlyAccess"], "inline": {"home": HOME}, "path": "/team/"},
    "odd-carol": {"policies": ["Deploy"], "groups": ["readers"]},
    "odd-dan": {"groups": ["readers"]},
    "robot": {
        "policies": ["aws:AdministratorAccess"],
        "last_accessed": {"cloudformation": {"days": 2}},
    },
    "retired": {"policies": ["aws:AdministratorAccess"]},
    "breaker": {
        "path": "/iam-hardening/break-glass/",
        "policies": ["aws:AdministratorAccess"],
        "access_keys": [{"age_days": 10}],
    },
}
GROUPS: t.Final = [{"name": "developers", "path": "/team/", "users": ["dev-*"]}]


def seed(**settings: t.Any) -> Record:
    """One account with the roles of this collection and these users, groups and policies."""
    organization: Record = yaml.safe_load((CHECKOUT / "tests/emulator/seeds/bare.yml").read_text(encoding="utf-8"))
    mine = {
        "policies": {"Deploy": {"document": document("cloudformation:*", "s3:*")}},
        "groups": {"readers": {"policies": ["aws:ReadOnlyAccess"]}},
        "users": USERS,
    }
    organization["accounts"][ACCOUNT].update({**mine, **settings})
    return organization


class Bench:
    """The account, and the role run in it."""

    def __init__(self, make_ansible: MakeAnsible, **settings: t.Any) -> None:
        self.ansible: Ansible = make_ansible(seed(**settings))
        self.runs = 0
        environment = self.ansible.environment
        client: t.Callable[..., t.Any] = boto3.client
        self.iam = client(
            "iam",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        self.playbook = self.ansible.directory / "permissions.yml"
        role = {"role": "hardening.iam.user_permissions"}
        self.playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
        self.inventory: Path = write_inventory(self.ansible.directory, {"bare": {"aws_account_id": ACCOUNT}})

    def run(self, *arguments: str, playbook: t.Optional[str] = None, **variables: t.Any) -> Outcome:
        """Run the role, or a playbook; a variable that is None is left to the role's default."""
        self.runs += 1
        declared = {
            "user_permissions_mode": "enforce",
            "user_permissions_event_history": False,
            "hardening_run_id": f"run-{self.runs}",
            **variables,
        }
        declared = {name: value for name, value in declared.items() if value is not None}
        return self.ansible.playbook(playbook or str(self.playbook), *arguments, inventory=self.inventory, **declared)

    def part(self, outcome: Outcome) -> Record:
        return outcome.part(ACCOUNT, "user_permissions")

    def state(self) -> Record:
        """Users, groups and roles with their policies, as the authorization details have them, in no order."""
        (page,) = self.iam.get_paginator("get_account_authorization_details").paginate()
        return {
            item["Arn"]: {
                "groups": sorted(item.get("GroupList", ())),
                "attached": sorted(policy["PolicyArn"] for policy in item["AttachedManagedPolicies"]),
                "inline": {policy["PolicyName"]: policy["PolicyDocument"] for policy in _inline(item)},
            }
            for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList")
            for item in page[kind]
        }

    def held(self, name: str) -> Record:
        """What a user, a group or a role holds by itself."""
        found = [state for arn, state in self.state().items() if arn.rpartition("/")[2] == name]
        assert len(found) == 1
        return t.cast(Record, found[0])

    def cycle(self, writes: t.Sequence[str], **declared: t.Any) -> Outcome:
        """Check, real, check again, real again; returns the first real run."""
        before = self.state()
        predicted = self.run("--check", "--diff", **declared).succeeded()
        assert (predicted.writes, predicted.recap("bare")["changed"]) == ([], int(bool(writes)))
        assert self.state() == before
        plan = self.part(predicted)["plan_sha256"]
        done = self.run("--diff", **declared).succeeded()
        assert self.part(done)["plan_sha256"] == plan
        assert Counter(done.writes) == Counter(f"iam:{name}" for name in writes)
        for arguments in (("--check",), ()):
            again = self.run(*arguments, **declared).succeeded()
            assert (again.writes, again.recap("bare")["changed"]) == ([], 0)
        return done


def _inline(item: Record) -> list[Record]:
    return t.cast(
        list[Record],
        next((item[key] for key in ("UserPolicyList", "GroupPolicyList", "RolePolicyList") if key in item), []),
    )


@pytest.fixture
def bench(make_ansible: MakeAnsible) -> Bench:
    return Bench(make_ansible)


NOTHING: t.Final[Record] = {"attached": [], "inline": {}}
MOVED: t.Final = ["AttachGroupPolicy", "AttachGroupPolicy", "PutGroupPolicy", *["AddUserToGroup"] * 2]
TAKEN: t.Final = [*["DetachUserPolicy"] * 4, *["DeleteUserPolicy"] * 2]


@pytest.mark.dated
def test_twelve_steps_of_groups_that_are_made_changed_and_policies_removed(bench: Bench) -> None:
    # Create.
    bench.cycle(["CreateGroup", *MOVED, *TAKEN], user_permissions_groups=GROUPS)
    developers = bench.held("developers")
    assert developers == {"groups": [], "attached": sorted([READ_ONLY, DEPLOY]), "inline": {"home": HOME}}
    for name in ("dev-alice", "dev-bob"):
        assert bench.held(name) == {"groups": ["developers"], **NOTHING}
    # Change: one of them is given something by hand, and a group of its own is declared for it.
    bench.iam.attach_user_policy(UserName="dev-bob", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    queue = {"name": "queue-owners", "users": ["dev-bob"], "policies": ["AmazonSQS*"]}
    added = ["CreateGroup", "AttachGroupPolicy", "AddUserToGroup", "DetachUserPolicy"]
    bench.cycle(added, user_permissions_groups=[queue, *GROUPS])
    assert bench.held("dev-bob") == {"groups": ["developers", "queue-owners"], **NOTHING}
    # Delete: what nobody is known to use goes where that is accepted by name.
    removal = {"policy": "AdministratorAccess", "users": ["retired", "robot"]}
    accepted = [{"principal": "retired", "reason": "left in 2025", "expires": date_in(30)}]
    deleted = bench.cycle(
        ["DetachUserPolicy"],
        user_permissions_remove_policies=[removal],
        user_permissions_accept_breakage=accepted,
    )
    assert bench.held("retired") == {"groups": [], **NOTHING}
    (refused,) = bench.part(deleted)["refused"]
    assert (refused["rule"], refused["target"].rpartition("/")[2]) == ("prediction", "robot")
    assert "cloudformation" in refused["reason"]


@pytest.mark.dated
def test_a_run_is_taken_back_whole(bench: Bench) -> None:
    before = bench.state()
    removals = [{"policy": "AdministratorAccess", "users": ["retired"]}]
    accepted = [{"principal": "retired", "reason": "left in 2025", "expires": date_in(30)}]
    done = bench.run(
        user_permissions_groups=GROUPS,
        user_permissions_remove_policies=removals,
        user_permissions_accept_breakage=accepted,
    ).succeeded()
    assert bench.state() != before
    undone = bench.ansible.playbook(
        "rollback", inventory=bench.inventory, hardening_undo_run_id="run-1", hardening_run_id="back"
    ).succeeded()
    assert bench.state() == before
    assert len(undone.writes) == len(done.writes)
    assert bench.part(done)["refused"] == []


def test_attach_is_written_and_read_again_before_detach(bench: Bench) -> None:
    outcome = bench.run(user_permissions_groups=GROUPS).succeeded()
    operations = [operation_of(record) for record in outcome.requests]
    first = operations.index("iam:DetachUserPolicy")
    attached = max(
        place for place, name in enumerate(operations) if name in ("iam:AttachGroupPolicy", "iam:AddUserToGroup")
    )
    assert attached < first
    assert {"iam:ListAttachedGroupPolicies", "iam:ListGroupsForUser"} <= set(operations[attached:first])


def test_nobody_in_the_group_gains_anything(bench: Bench) -> None:
    declared = [{"name": "readers", "users": ["odd-carol"]}]
    outcome = bench.run(user_permissions_groups=declared, hardening_on_refusal="report").succeeded()
    assert outcome.writes == []
    (refused,) = bench.part(outcome)["refused"]
    assert refused["rule"] == "difference"
    assert "odd-dan, a member of readers, would gain" in refused["reason"]
    assert "{name: readers-odd-carol, users: [odd-carol], policies: [Deploy]}" in refused["reason"]
    # The proposal works.
    own = {"name": "readers-odd-carol", "users": ["odd-carol"], "policies": ["Deploy"]}
    bench.run(user_permissions_groups=[own, *declared]).succeeded()
    assert bench.held("odd-carol") == {"groups": ["readers", "readers-odd-carol"], **NOTHING}


def test_where_joining_fails_nothing_is_taken_and_the_next_run_goes_on(bench: Bench) -> None:
    fault = {"kind": "error", "code": "ServiceFailure", "status": 500, "operation": "AddUserToGroup", "service": "iam"}
    bench.ansible.control.faults([fault])
    outcome = bench.run(user_permissions_groups=GROUPS)
    assert outcome.status != 0
    assert not [name for name in outcome.writes if name.startswith(("iam:Detach", "iam:Delete"))]
    assert bench.held("dev-alice")["attached"] == sorted([READ_ONLY, DEPLOY])
    bench.ansible.control.clear_faults()
    bench.run(user_permissions_groups=GROUPS).succeeded()
    assert bench.held("dev-alice") == {"groups": ["developers"], **NOTHING}


# Caps


def test_more_than_the_cap_is_refused_and_an_approved_plan_lifts_it(make_ansible: MakeAnsible) -> None:
    users = {f"dev-{number:02}": {"policies": ["Deploy"]} for number in range(12)}
    bench = Bench(make_ansible, users=users)
    capped = bench.run(user_permissions_groups=GROUPS).succeeded()
    held = [change["held_by"] for change in bench.part(capped)["plan"]["changes"] if change["held_by"]]
    assert {item["rule"] for item in held} == {"cap"}
    assert bench.part(capped)["refused"] == []
    assert "iam:DetachUserPolicy" not in capped.writes
    # What remains is planned, approved by its hash, and made hours later.
    plan = bench.part(bench.run("--check", user_permissions_groups=GROUPS).succeeded())["plan_sha256"]
    approved = bench.run(user_permissions_groups=GROUPS, hardening_approved_plan=plan).succeeded()
    assert approved.writes == ["iam:DetachUserPolicy"] * 12


# In the whole


def test_harden_reports_by_default_and_names_administrators(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible)
    by_default: Record = {"user_permissions_mode": None}
    outcome = bench.run("--tags", "user_permissions", playbook="harden", **by_default).succeeded()
    assert outcome.writes == []
    part = bench.part(outcome)
    assert (part["changes"], part["refused"]) == ([], [])
    # With something to change it says what, and leaves it.
    declared = bench.run(
        "--tags", "user_permissions", playbook="harden", user_permissions_groups=GROUPS, **by_default
    ).succeeded()
    assert declared.writes == []
    assert {change["applied"] for change in bench.part(declared)["changes"]} == {False}
    report = outcome.report(ACCOUNT)
    admins = {
        item["resource"].rpartition("/")[2]
        for item in report["findings"]
        if item["control"] == "user_admin" and item["status"] == "FAIL"
    }
    assert admins == {"robot", "retired", "breaker"}


def test_harden_tells_what_was_moved_and_what_it_mended(make_ansible: MakeAnsible) -> None:
    bench = Bench(make_ansible)
    outcome = bench.run("--tags", "user_permissions", playbook="harden", user_permissions_groups=GROUPS).succeeded()
    report = outcome.report(ACCOUNT)
    assert len(report["changes"]) == 12
    mended = {name for change in report["changes"] for name in change["remedies"]}
    assert len(mended) == 2
    resolved = {item["resource"].rpartition("/")[2] for item in report["delta"]["resolved"]}
    assert resolved == {"dev-alice", "dev-bob"}
    left = {
        item["resource"].rpartition("/")[2]
        for item in report["findings"]
        if item["control"] == "user_permissions_through_groups" and item["status"] == "FAIL"
    }
    assert left == {"odd-carol", "robot", "retired", "breaker"}


def test_texts_of_surveys_are_taken(bench: Bench) -> None:
    outcome = bench.run("--check", user_permissions_groups=json.dumps(GROUPS)).succeeded()
    assert len(bench.part(outcome)["changes"]) == 12


@pytest.mark.parametrize("fault", ["Throttling", "InternalFailure"])
def test_under_faults_the_same_state_is_reached_and_nothing_done_twice(make_ansible: MakeAnsible, fault: str) -> None:
    bench = Bench(make_ansible)
    probability = {"Throttling": 0.3, "InternalFailure": 0.1}[fault]
    bench.ansible.control.faults([{"kind": "error", "code": fault, "probability": probability, "service": "iam"}])
    written: Counter[str] = Counter()
    for _attempt in range(6):
        outcome = bench.run(user_permissions_groups=GROUPS)
        written += Counter(
            f"{record['operation']} {sorted(record['parameters'].items())}"
            for record in outcome.requests
            if not record["read_only"] and not record["error_code"]
        )
        if outcome.status == 0:
            break
    assert outcome.status == 0, outcome.output
    bench.ansible.control.clear_faults()
    assert {name: count for name, count in written.items() if count > 1} == {}
    for name in ("dev-alice", "dev-bob"):
        assert bench.held(name) == {"groups": ["developers"], **NOTHING}
