# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CPU seconds and the calls that a further account costs: the slope between a small fleet and a larger one.

``BEFORE`` may name another checkout. Both are measured in turns, so that the load of the machine adds to both.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from conftest import link_collection

from emulator.client import EmulatorProcess

from .table import show
from .workload import Runner, inventory

FEW: t.Final = 4
MANY: t.Final = 24
USERS: t.Final = 50
REPEATS: t.Final = 3
# A slope that is measured twice differs by less.
MOST_GROWTH: t.Final = 1.1
PLAYBOOKS: t.Final = {"assess.yml": (), "harden.yml": ("--check",)}
# CPU seconds of a further account on an idle machine, with nothing to compare with.
MOST: t.Final = {"assess.yml": 0.30, "harden.yml": 1.0}
# Calls of a further account, with the default modes.
MOST_CALLS: t.Final = {"assess.yml": 24, "harden.yml": 80}


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[EmulatorProcess]:
    """An organization of accounts that all trust its management account."""
    with EmulatorProcess(seed=f"scale:accounts={MANY + 1},users={USERS}") as process:
        yield process


@pytest.fixture
def checkouts(checkout: Path) -> dict[str, Path]:
    """The checkout to compare with, if one is given, and this one."""
    before = os.environ.get("BEFORE")
    return {**({"before": Path(before).resolve()} if before else {}), "now": checkout}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_further_account_costs_no_more_than_before(
    playbook: str, emulator: EmulatorProcess, checkouts: t.Mapping[str, Path], tmp_path: Path
) -> None:
    # The management account has more to read than a member.
    accounts = sorted(emulator.control.health()["accounts"])[1:]
    spent: dict[tuple[str, int], list[float]] = {}
    calls: dict[tuple[str, int], int] = {}
    for _repeat in range(REPEATS):
        for name, root in checkouts.items():
            collections = tmp_path / f"{name}-collections"
            link_collection(collections, root)
            runner = Runner(tmp_path / name, collections)
            for count in (FEW, MANY):
                emulator.control.clear_log()
                run = runner.playbook(
                    root / "playbooks" / playbook,
                    *PLAYBOOKS[playbook],
                    inventory=inventory(accounts[:count]),
                    aws=emulator.env(),
                )
                spent.setdefault((name, count), []).append(run.cpu)
                calls[name, count] = len(emulator.control.log())
    best = {key: min(seconds) for key, seconds in spent.items()}
    slopes = {name: (best[name, MANY] - best[name, FEW]) / (MANY - FEW) for name in checkouts}
    further = {name: (calls[name, MANY] - calls[name, FEW]) / (MANY - FEW) for name in checkouts}
    show(
        f"{playbook}: {FEW} and {MANY} accounts of {USERS} users",
        ("checkout", f"CPU s, {FEW}", f"CPU s, {MANY}", "CPU s, one more", "calls, one more"),
        [(name, best[name, FEW], best[name, MANY], slope, further[name]) for name, slope in slopes.items()],
    )
    assert further["now"] <= MOST_CALLS[playbook]
    assert slopes["now"] <= (MOST_GROWTH * slopes["before"] if "before" in slopes else MOST[playbook])
