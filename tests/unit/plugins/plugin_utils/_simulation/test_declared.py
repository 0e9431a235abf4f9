# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Declarations as Ansible reads them, each in a process of its own: Ansible's loaders are of the whole process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

HEAD: t.Final = """
import json, sys
from ansible import context
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.context_objects import CLIArgs
context.CLIARGS = CLIArgs({})
init_plugin_loader([])
from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation import declared
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.playing import is_simulated, make_arguments
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.run import PLAYBOOK
inventory, notes, extra = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
try:
    found = declared.Declaration(
        [inventory], playbook=PLAYBOOK, is_simulated=is_simulated, notes=RunNotes(notes), extra=extra
    )
except declared.DeclarationError as error:
    sys.exit(str(error))
"""
ARGUMENTS: t.Final = """
import os
os.environ["ANSIBLE_NOCOLOR"] = "1"
def show():
    return {
        host.name: {
            task.role: task.problem or ("off" if task.is_off else make_arguments(task, found))
            for task in found.render(host)
        }
        for host in found.hosts
    }
first = json.dumps(show(), default=str)
declared.remember_templates()
assert json.dumps(show(), default=str) == first
print(first)
"""
# The same with the variables that Ansible collects for each task.
AS_ANSIBLE: t.Final = """
def collect(self, task, of_host):
    host = next(host for host in self.hosts if host.name == of_host["inventory_hostname"])
    variables = self._variables.get_vars(play=self._play, host=host, task=task)
    return {**variables, "ansible_search_path": task.get_search_path()}
declared.Declaration.add_variables = collect
"""


@pytest.fixture
def declare(link_tree: Path, tmp_path: Path) -> t.Callable[..., subprocess.CompletedProcess[str]]:
    """Read an inventory in a new process, and run a script on it."""

    def run(inventory: Path, *script: str, **extra: t.Any) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(link_tree),
            "PYTHONPATH": str(link_tree),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        return subprocess.run(
            [sys.executable, "-c", HEAD + "".join(script), str(inventory), str(tmp_path / "notes"), json.dumps(extra)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )

    return run


Declare = t.Callable[..., "subprocess.CompletedProcess[str]"]


def write(path: Path, content: t.Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def arguments(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, t.Any]]:
    assert done.returncode == 0, done.stderr
    return t.cast("dict[str, dict[str, t.Any]]", json.loads(done.stdout.splitlines()[-1]))


def test_arguments_are_those_that_ansible_renders(declare: Declare, checkout: Path, tmp_path: Path) -> None:
    """Variables are collected once a host here, and once a task by Ansible."""
    demo = checkout / "examples" / "inventory" / "demo.yml"
    ours = arguments(declare(demo, ARGUMENTS))
    assert ours == arguments(declare(demo, AS_ANSIBLE, ARGUMENTS))
    assert set(ours) == {"acme-dev", "acme-management", "acme-prod", "acme-sandbox"}
    (boundary,) = ours["acme-dev"]["permissions_boundary"]["boundaries"]
    # A text, which ansible-core 2.18 has as what it says.
    assert "Statement" in boundary["document"]
    assert boundary["targets"] == [{"kind": "role", "name": "dev-team-*-role"}]
    assert ours["acme-prod"]["password_policy"]["account_id"] == "222233334444"
    # A simulation keeps no snapshots itself, and writes no report of a run.
    assert "snapshot_dir" not in ours["acme-prod"]["password_policy"]


def test_precedence_is_ansibles(declare: Declare, tmp_path: Path) -> None:
    hosts = {"one": {"password_policy_max_password_age": 30}, "two": {"aws_account_id": "222222222222"}}
    inventory = write(
        tmp_path / "inventory" / "hosts.yml", {"aws_accounts": {"hosts": hosts}, "web": {"hosts": {"w": None}}}
    )
    write(
        tmp_path / "inventory" / "group_vars" / "aws_accounts.yml",
        {
            "password_policy_max_password_age": 60,
            "password_policy_password_reuse_prevention": 10,
            "password_policy_mode": "report",
            "aws_assessor_role_arn": "arn:aws:iam::{{ aws_account_id }}:role/reader",
            "config_rules_mode": "off",
        },
    )
    write(tmp_path / "inventory" / "host_vars" / "one.yml", {"aws_account_id": "111111111111"})
    found = arguments(declare(inventory, ARGUMENTS, password_policy_password_reuse_prevention=24))
    assert set(found) == {"one", "two"}
    one, two = (found[name]["password_policy"] for name in ("one", "two"))
    assert [one["max_password_age"], two["max_password_age"]] == [30, 60]
    assert [one["password_reuse_prevention"], two["password_reuse_prevention"]] == [24, 24]
    assert [one["account_id"], two["account_id"]] == ["111111111111", "222222222222"]
    assert one["assessor_role_arn"] == "arn:aws:iam::111111111111:role/reader"
    assert one["mode"] == "report"
    assert "minimum_password_length" in one
    assert "journal" not in one
    assert found["one"]["config_rules"] == "off"


def test_no_program_and_no_inventory_plugin_is_run(declare: Declare, tmp_path: Path) -> None:
    script = tmp_path / "inventory.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho '{{}}'\n")
    script.chmod(0o755)
    dynamic = write(tmp_path / "organization.yml", {"plugin": "hardening.iam.organization"})
    for inventory in (script, dynamic):
        done = declare(inventory, ARGUMENTS)
        assert done.returncode != 0
        assert "ansible-inventory --list --export --yaml" in " ".join(done.stderr.split())
    assert not (tmp_path / "ran").exists()


def test_a_variable_that_is_not_set_is_a_problem_of_its_task(declare: Declare, tmp_path: Path) -> None:
    hosts = {"two": {"aws_account_id": "222222222222", "password_policy_max_password_age": "{{ nowhere }}"}}
    found = arguments(declare(write(tmp_path / "hosts.yml", {"aws_accounts": {"hosts": hosts}}), ARGUMENTS))
    assert "nowhere" in found["two"]["password_policy"]
    assert found["two"]["config_rules"]["account_id"] == "222222222222"
