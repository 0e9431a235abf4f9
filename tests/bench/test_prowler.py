# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole ``assess.yml --check`` of one account against Prowler's scan of IAM, on the same emulator in one run.

Prowler is large and wants an environment of its own; without one only this side is measured. To have both:

python3.12 -m venv .cache/prowler && .cache/prowler/bin/pip install prowler
python -m pytest tests/bench/test_prowler.py -s

or name the executable of an installed one in the variable HARDENING_BENCH_PROWLER. It takes six minutes and more.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from emulator.client import EmulatorProcess

from .measure import Measurement, measure, median
from .peers import PROWLER, PROWLER_WALL
from .table import Cell, show
from .workload import LATENCY_MS, REGION, Runner, inventory, seed, slow_down

USERS: t.Final = 500
REPEATS: t.Final = 3
EXECUTABLE: t.Final = "HARDENING_BENCH_PROWLER"
# At most this part of Prowler's wall time.
SHARE: t.Final = 1 / 100
# Prowler's exit status where it found something.
FINDINGS: t.Final = 3


def test_takes_a_hundredth_of_prowlers_time(runner: Runner, assess: Path, checkout: Path, tmp_path: Path) -> None:
    prowler = _prowler(checkout)
    with EmulatorProcess(seed=seed(USERS)) as emulator:
        slow_down(emulator.control, LATENCY_MS)
        ours, calls = _ours(runner, assess, emulator)
        theirs = _theirs(prowler, emulator, tmp_path / "prowler") if prowler else None
        _show(ours, calls, theirs, len(emulator.control.log()))
    if theirs:
        assert ours.wall <= theirs.wall * SHARE


def _prowler(checkout: Path) -> t.Optional[Path]:
    """The executable, where there is one."""
    named = os.environ.get(EXECUTABLE)
    path = Path(named) if named else checkout / ".cache" / "prowler" / "bin" / "prowler"
    assert path.is_file() or not named, f"{EXECUTABLE} names {named}, which does not exist"
    return path if path.is_file() else None


def _ours(runner: Runner, assess: Path, emulator: EmulatorProcess) -> tuple[Measurement, int]:
    """The medians of some runs, and the calls of one."""
    hosts = inventory(emulator.control.health()["accounts"], role=False)
    runs = []
    for _repeat in range(REPEATS):
        emulator.control.clear_log()
        runs.append(runner.playbook(assess, "--check", inventory=hosts, aws=emulator.env()))
        assert (runner.reports / "fleet.html").is_file()
    return median(runs), len(emulator.control.log(clear=True))


def _theirs(prowler: Path, emulator: EmulatorProcess, directory: Path) -> Measurement:
    directory.mkdir()
    command = [str(prowler), "aws", "--service", "iam", "--region", REGION, "--no-banner", "-M", "csv", "-o", "output"]
    environment = {**os.environ, "HOME": str(directory), **emulator.env()}
    return measure(command, directory=directory, environment=environment, expected=(0, FINDINGS))


def _show(ours: Measurement, calls: int, theirs: t.Optional[Measurement], their_calls: int) -> None:
    rows: list[tuple[Cell, ...]] = [
        (f"hardening.iam, assess.yml --check, median of {REPEATS}", calls, ours.cpu, ours.wall, ours.process_mb, None)
    ]
    if theirs:
        share = f"1/{theirs.wall / ours.wall:.0f}"
        rows.append(("Prowler, now", their_calls, theirs.cpu, theirs.wall, theirs.process_mb, share))
    share = f"1/{PROWLER_WALL / ours.wall:.0f}"
    rows.append((f"{PROWLER}, 2026-11-24", None, None, PROWLER_WALL, None, share))
    show(
        f"One account of {USERS} users, one region, {LATENCY_MS} ms" + ("" if theirs else " (no Prowler here)"),
        ("reader", "calls", "CPU s", "wall s", "peak MB", "our share of its wall time"),
        rows,
    )
