# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory that a further host takes in the process of ``ansible-playbook``: the slope between two fleets.

Ansible keeps the registered results of every host until the run ends.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from emulator.client import EmulatorProcess

from .table import show
from .workload import Runner, inventory

FEW: t.Final = 50
MANY: t.Final = 250
PLAYBOOKS: t.Final = {"assess.yml": ("--check",), "harden.yml": ("--check",)}
MOST_KB: t.Final = 50.0


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[EmulatorProcess]:
    """An organization of small accounts: what is in them stays in the workers."""
    with EmulatorProcess(seed=f"scale:accounts={MANY},users=3,roles=2,policies=2") as process:
        yield process


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_further_host_takes_little_memory(
    playbook: str, emulator: EmulatorProcess, checkout: Path, runner: Runner
) -> None:
    accounts = sorted(emulator.control.health()["accounts"])
    peaks = {}
    for count in (FEW, MANY):
        hosts = inventory(accounts[:count])
        arguments = PLAYBOOKS[playbook]
        run = runner.playbook(checkout / "playbooks" / playbook, *arguments, inventory=hosts, aws=emulator.env())
        emulator.control.clear_log()
        if run.controller_mb is None:
            pytest.skip("this system does not tell the memory of a process")
        peaks[count] = run.controller_mb
    slope = (peaks[MANY] - peaks[FEW]) * 1024 / (MANY - FEW)
    show(
        f"{playbook} --check: the controller of {FEW} and {MANY} hosts",
        (f"MB, {FEW}", f"MB, {MANY}", "KB, one more"),
        [(f"{peaks[FEW]:.0f}", peaks[MANY], slope)],
    )
    assert slope <= MOST_KB
