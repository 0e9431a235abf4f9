# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of this collection costs inside Ansible's worker, and what the same task costs as a module."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from emulator.client import EmulatorProcess

from .peers import TASKS
from .table import Cell, show
from .workload import REGION, Runner, inventory

ACCOUNTS: t.Final = 20
REPEATS: t.Final = 2
# As a module the same work has to cost at least this many times as much; it is the reason for running in the worker.
LEAST_RATIO: t.Final = 4.0

NOTHING: t.Final = {"ansible.builtin.set_fact": {"nothing": True}}
POLICY: t.Final = {"hardening.iam.password_policy": {"mode": "report", "minimum_password_length": 14, "region": REGION}}


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[EmulatorProcess]:
    """One small account."""
    with EmulatorProcess(seed="bare") as process:
        yield process


def test_in_process_against_module(runner: Runner, emulator: EmulatorProcess) -> None:
    nothing = _cpu_of_a_task(runner, emulator, NOTHING)
    inside = _cpu_of_a_task(runner, emulator, POLICY)
    module = _cpu_of_a_task(runner, emulator, POLICY, in_process=False)
    _show(nothing, inside, module)
    # Without what Ansible itself needs for any task.
    assert (module - nothing) / (inside - nothing) >= LEAST_RATIO


def _cpu_of_a_task(
    runner: Runner, emulator: EmulatorProcess, action: t.Mapping[str, t.Any], *, in_process: bool = True
) -> float:
    """CPU seconds: what a run over many hosts costs more than one over a single host, by the number of hosts more."""
    playbook = runner.directory / "playbook.json"
    play = {"hosts": "aws_accounts", "gather_facts": False, "tasks": [{"name": "Do it", "check_mode": True, **action}]}
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    one, many = (_least_cpu(runner, emulator, playbook, hosts, in_process=in_process) for hosts in (1, 1 + ACCOUNTS))
    return (many - one) / ACCOUNTS


def _least_cpu(runner: Runner, emulator: EmulatorProcess, playbook: Path, hosts: int, *, in_process: bool) -> float:
    names = inventory([f"{number:012d}" for number in range(hosts)], role=False)
    variables = json.dumps({"hardening_in_process": in_process})
    runs = [
        runner.playbook(playbook, "-e", variables, inventory=names, aws=emulator.env()) for _repeat in range(REPEATS)
    ]
    return min(run.cpu for run in runs)


def _show(nothing: float, inside: float, module: float) -> None:
    rows: list[tuple[Cell, ...]] = [
        ("ansible.builtin.set_fact", f"{nothing * 1000:.0f}"),
        ("hardening.iam.password_policy in the worker", f"{inside * 1000:.0f}"),
        ("hardening.iam.password_policy as a module", f"{module * 1000:.0f}"),
        ("the module by the worker, both without set_fact's", f"{(module - nothing) / (inside - nothing):.1f} times"),
    ]
    rows += [(f"{name} (2026-11-24)", cost) for name, cost in TASKS]
    show("A task", ("what", "CPU ms"), rows)
