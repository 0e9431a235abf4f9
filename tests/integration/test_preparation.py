# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What writes without the preparation of our playbooks: a later task of them, and modules in plays of users."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .conftest import DEV, PROD, Ansible, MakeAnsible, Outcome, Record, write_inventory
from .test_harden import OTHERS_OFF
from .test_permissions_boundary import ACCOUNT, ARN, DOCUMENT, SAFE, seed

ACCOUNTS: t.Final = {"acme-prod": PROD, "acme-dev": DEV}
START: t.Final = ("--start-at-task", "Converge the account password policy")
UPDATE: t.Final = "iam:UpdateAccountPasswordPolicy"
SKIPPED: t.Final = "this run skipped its preparation"
PLAY: t.Final[list[Record]] = [{"hosts": "one", "connection": "local", "gather_facts": False}]


def start_late(ansible: Ansible, hosts: t.Mapping[str, Record], **variables: t.Any) -> Outcome:
    given = {"password_policy_mode": "enforce", **OTHERS_OFF, **variables}
    inventory = write_inventory(ansible.directory, hosts, **given)
    return ansible.playbook("harden", *START, inventory=inventory)


def test_a_run_that_starts_at_a_later_task_counts_its_changes_and_fails(ansible: Ansible) -> None:
    hosts = {name: {"aws_account_id": account} for name, account in ACCOUNTS.items()}
    # The report of this run is not that of the next one.
    inventory = write_inventory(ansible.directory, hosts, password_policy_mode="report", **OTHERS_OFF)
    ansible.playbook("harden", inventory=inventory).succeeded()
    outcome = start_late(ansible, hosts)
    said = " ".join(outcome.output.split())
    assert outcome.writes == [UPDATE] * 2
    assert outcome.status != 0
    assert SKIPPED in said
    assert "2 applied" in said and "0 applied" not in said
    assert outcome.document("fleet.json")["totals"]["changes_applied"] == 2
    leases = (ansible.directory / "journal" / "control" / "leases" / "aws").glob("*.json")
    assert [json.loads(place.read_text(encoding="utf-8"))["released"] for place in leases] == [True, True]


def test_a_later_task_writes_nowhere_if_the_input_of_one_host_is_wrong(ansible: Ansible) -> None:
    """The first host has no error itself."""
    hosts: dict[str, Record] = {"acme-dev": {"aws_account_id": DEV}, "zz-wrong": {"access_keys_delete_after_days": "x"}}
    outcome = start_late(ansible, hosts)
    assert outcome.status != 0
    assert outcome.writes == []
    assert "aws_account_id is not set for zz-wrong" in outcome.output


class Bench:
    """A play of a user, with one module by its whole name."""

    def __init__(self, make_ansible: MakeAnsible) -> None:
        self.ansible = make_ansible(seed())
        self.control = self.ansible.directory / "journal" / "control"

    def run(self, module: str, **options: t.Any) -> Outcome:
        task = {f"hardening.iam.{module}": {"account_id": ACCOUNT, "on_refusal": "fail", **options}}
        place = self.ansible.directory / "own.yml"
        place.write_text(json.dumps([{**PLAY[0], "tasks": [task]}]), encoding="utf-8")
        return self.ansible.playbook(str(place), inventory=write_inventory(self.ansible.directory, {"one": {}}))

    def set_password(self, length: int) -> Outcome:
        kinds = {f"require_{kind}": True for kind in ("symbols", "numbers", "uppercase_characters")}
        return self.run("password_policy", minimum_password_length=length, **kinds)

    def bound(self, **options: t.Any) -> Outcome:
        boundaries = [{"name": "developer", "document": DOCUMENT, "targets": SAFE}]
        return self.run("permissions_boundary", boundaries=boundaries, owner_default="allow", **options)


@pytest.fixture(scope="module")
def bench(make_ansible: MakeAnsible) -> Bench:
    return Bench(make_ansible)


def assert_refused(outcome: Outcome, reason: str) -> None:
    assert outcome.status != 0
    assert outcome.writes == []
    assert reason in " ".join(outcome.output.split()), outcome.output


def test_a_module_in_a_play_of_a_user_heeds_the_stop_switch(bench: Bench) -> None:
    bench.control.mkdir(parents=True, mode=0o700, exist_ok=True)
    switch = bench.control / "stop"
    switch.write_text("INC-7", encoding="utf-8")
    assert_refused(bench.set_password(20), "is set: INC-7")
    switch.unlink()
    switch.symlink_to(bench.control / "nowhere")
    assert_refused(bench.set_password(20), "the stop switch can't be read, which counts as set")
    switch.unlink()
    assert bench.set_password(20).succeeded().writes == [UPDATE]


def test_a_module_in_a_play_of_a_user_heeds_the_lease_of_another_job(bench: Bench) -> None:
    bench.set_password(21).succeeded()
    (lease,) = (bench.control / "leases" / "aws").glob("*.json")
    released = lease.read_text(encoding="utf-8")
    ends = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    held = {**json.loads(released), "released": False, "expires": ends, "host": "another", "run_id": "theirs"}
    lease.write_text(json.dumps(held), encoding="utf-8")
    assert_refused(bench.set_password(22), "run theirs")
    lease.write_text(released, encoding="utf-8")
    assert bench.set_password(22).succeeded().writes == [UPDATE]


def write_state(path: Path, *names: str) -> str:
    """A state of Terraform that has these roles."""
    roles = [
        {
            "mode": "managed",
            "type": "aws_iam_role",
            "name": name.replace("-", "_"),
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"schema_version": 0, "attributes": {"arn": f"{ARN}/{name}", "name": name, "id": name}}],
        }
        for name in names
    ]
    state = {"version": 4, "terraform_version": "1.9.8", "serial": 1, "lineage": "a", "outputs": {}, "resources": roles}
    path.write_text(json.dumps(state), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_a_module_in_a_play_of_a_user_heeds_the_owner_that_a_state_file_names(bench: Bench) -> None:
    state = bench.ansible.directory / "terraform.tfstate"
    names = ("dev-1", "dev-2", "dev-3")
    outcome = bench.bound(terraform_state_paths=[write_state(state, *names)])
    assert outcome.status != 0
    assert "iam:PutRolePermissionsBoundary" not in outcome.writes
    assert "Terraform" in outcome.output
    twin = bench.bound(terraform_state_paths=[write_state(state, "somebody-else")]).succeeded()
    assert twin.writes.count("iam:PutRolePermissionsBoundary") == len(names)
