# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fifty accounts in one run of ``assess.yml``: the CPU of the whole process tree, account by account."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from emulator.client import EmulatorProcess

from .measure import Measurement
from .peers import FLEETS
from .table import Cell, show
from .workload import Runner, inventory

ACCOUNTS: t.Final = 50
USERS: t.Final = 50
FORKS: t.Final = (5, 10)
REPEATS: t.Final = 2
# Seconds of CPU an account, reports included, the emulator not.
MOST_CPU: t.Final = 0.35


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[EmulatorProcess]:
    """An organization of accounts that all trust its management account."""
    with EmulatorProcess(seed=f"scale:accounts={ACCOUNTS},users={USERS}") as process:
        yield process


def test_cpu_an_account(runner: Runner, assess: Path, emulator: EmulatorProcess) -> None:
    best = {forks: _best(runner, assess, emulator, forks) for forks in FORKS}
    calls = emulator.control.log()
    _show(best, len(calls))
    assumed = [record for record in calls if record["operation"] == "AssumeRole" and record["status"] == 200]
    assert len({record["parameters"]["RoleArn"] for record in assumed}) == ACCOUNTS
    costs = {forks: run.cpu / ACCOUNTS for forks, run in best.items()}
    assert min(costs.values()) <= MOST_CPU, costs


def _best(runner: Runner, assess: Path, emulator: EmulatorProcess, forks: int) -> Measurement:
    """The run that used the least CPU: what else the machine does only ever adds to it."""
    hosts = inventory(emulator.control.health()["accounts"])
    runs = []
    for _repeat in range(REPEATS):
        emulator.control.clear_log()
        runs.append(runner.playbook(assess, inventory=hosts, aws=emulator.env(), forks=forks))
        assert len(list(runner.reports.glob("*/report.html"))) == ACCOUNTS
    return min(runs, key=lambda run: run.cpu)


def _show(best: t.Mapping[int, Measurement], calls: int) -> None:
    rows: list[tuple[Cell, ...]] = [
        (
            "hardening.iam, assess.yml, reports written",
            forks,
            calls // ACCOUNTS,
            run.cpu,
            run.cpu / ACCOUNTS,
            run.wall,
            run.tree_mb,
        )
        for forks, run in best.items()
    ]
    rows += [(name, forks, 13, cpu, None, wall, memory) for name, forks, wall, cpu, memory in FLEETS]
    show(
        f"{ACCOUNTS} accounts, a role assumed in each (the others, which only read: 50 ms, as measured on 2026-11-24)",
        ("design", "forks", "calls each", "CPU s", "CPU s each", "wall s", "MB, all processes"),
        rows,
    )
