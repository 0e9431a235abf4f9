# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand accounts in one run of ``assess.yml --check``, 23 of them in trouble: the others are not affected.

``ACCOUNTS`` may name another number.
"""

from __future__ import annotations

import json
import os
import shutil
import typing as t
from pathlib import Path

import pytest
from troubled_fleet import TroubledFleet

from emulator.client import EmulatorProcess

from .measure import Measurement
from .table import show
from .workload import Runner, inventory

ACCOUNTS: t.Final = int(os.environ.get("ACCOUNTS", "1000"))
FLEET: t.Final = TroubledFleet(accounts=ACCOUNTS, throttling=max(ACCOUNTS // 50, 1))
FORKS: t.Final = 10
# So many accounts without trouble are compared with a run over them alone, beside those that throttle.
COMPARED: t.Final = 50
# The fleet report of a thousand accounts, in bytes.
MOST_BYTES: t.Final = 5_000_000
# The account that never answers: connections are accepted, and nothing comes.
DEAD: t.Final = {"kind": "hold"}
# Its first call takes four read time-outs of 30 s with pauses, the next ones one. Each is made once.
MOST_WAIT: t.Final = 200.0
# The worker that makes the report of the run keeps so much of each account.
MOST_MB_KEPT: t.Final = 0.2
# An account among a thousand costs what one among fifty costs.
MOST_GROWTH: t.Final = 1.25


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[EmulatorProcess]:
    """The fleet, without its faults."""
    seed = tmp_path_factory.mktemp("seed") / "fleet.yml"
    seed.write_text(json.dumps(FLEET.seed()), encoding="utf-8")
    with EmulatorProcess(seed=seed) as process:
        yield process


def test_most_of_a_thousand_accounts_are_not_affected(
    runner: Runner, assess: Path, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    accounts = FLEET.account_ids
    alone = [account for account in accounts[:COMPARED] if account not in FLEET.lost]
    few = _assess(runner, assess, emulator, alone)
    before = tmp_path / "before"
    shutil.copytree(runner.reports, before)
    emulator.control.clear_log()
    emulator.control.faults(FLEET.faults(DEAD))
    many = _assess(runner, assess, emulator, accounts, expected=2)
    requests = emulator.control.log()
    emulator.control.clear_faults()
    _show(few, len(alone), many)
    assert all(record["read_only"] for record in requests)
    FLEET.check(runner.reports, many.output, before=before, requests=requests)
    assert (runner.reports / "fleet.html").stat().st_size <= MOST_BYTES * max(1, len(accounts) / 1000)
    assert many.process_mb <= few.process_mb + MOST_MB_KEPT * len(accounts)
    # The two runs have the same start and end.
    assert many.cpu / len(accounts) <= MOST_GROWTH * few.cpu / len(alone)
    # If nothing waited for it, the dead account would add nothing to the time that the others need.
    assert many.wall <= MOST_GROWTH * few.wall * len(accounts) / len(alone) + MOST_WAIT


def _assess(
    runner: Runner, assess: Path, emulator: EmulatorProcess, accounts: t.Sequence[str], *, expected: int = 0
) -> Measurement:
    hosts = inventory(accounts)
    return runner.playbook(assess, "--check", inventory=hosts, aws=emulator.env(), forks=FORKS, expected=(expected,))


def _show(few: Measurement, alone: int, many: Measurement) -> None:
    run = json.dumps([FLEET.accounts, FLEET.throttling])
    show(
        f"assess.yml --check, accounts and those that throttle: {run}; one each is dead, denied and closed",
        ("run", "accounts", "CPU s", "CPU s each", "wall s", "MB, controller", "MB, largest", "MB, all"),
        [
            ("no trouble", alone, few.cpu, few.cpu / alone, few.wall, few.controller_mb, few.process_mb, few.tree_mb),
            (
                "with trouble",
                FLEET.accounts,
                many.cpu,
                many.cpu / FLEET.accounts,
                many.wall,
                many.controller_mb,
                many.tree_mb,
            ),
        ],
    )
