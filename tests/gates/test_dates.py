# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests that are marked "dated" pass on other days too: libfaketime moves the clock of every process they start."""

from __future__ import annotations

import os
import shutil
import sys
import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from scope import runs_all

from .environments import run
from .staging import CHECKOUT

# A date that has passed in 40 days has passed in 400, but the tests of one day begin at another time of month and year.
SOON, LATE = 40, 400
DAYS: t.Final = (SOON, LATE)
MARK: t.Final = "pytest.mark.dated"
TODAY: t.Final = "import datetime; print(datetime.datetime.now(datetime.UTC).date())"
TODAY_OF_A_CHILD: t.Final = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TODAY!r}], check=True)"


def rooms(days: int) -> tuple[str, ...]:
    """The tests of that day: the slow ones of "make test" run late only."""
    return ("unit", "integration") if runs_all() or days == LATE else ("unit",)


def marked_files(days: int) -> list[str]:
    """The test files in which something is marked, so that the others need not be collected."""
    files = [path for room in rooms(days) for path in sorted((CHECKOUT / "tests" / room).rglob("test_*.py"))]
    return [str(path.relative_to(CHECKOUT)) for path in files if MARK in path.read_text(encoding="utf-8")]


def run_later(days: int, *arguments: str) -> str:
    """Run this Python that many days from now; waiting takes as long as ever."""
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("faketime is not installed: no test ran on another day (Debian: apt-get install faketime)")
    command = [faketime, "-m", "-f", f"+{days}d", sys.executable, *arguments]
    foreign = ("AWS_", "PYTEST_")
    return run(
        command, cwd=CHECKOUT, env={key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    )


@pytest.mark.parametrize("program", [TODAY, TODAY_OF_A_CHILD], ids=["process", "child"])
@pytest.mark.parametrize("days", DAYS)
def test_the_clock_is_another(days: int, program: str) -> None:
    expected = {(datetime.now(UTC) + timedelta(days=days, hours=hours)).date().isoformat() for hours in (0, 1)}
    assert run_later(days, "-c", program).strip() in expected


@pytest.mark.parametrize("days", DAYS)
def test_on_another_day(days: int, record_property: t.Callable[[str, object], None]) -> None:
    cache = f"cache_dir=.cache/pytest-in-{days}-days"
    output = run_later(days, "-m", "pytest", "-q", "-o", cache, "-m", "dated", *marked_files(days))
    lines = [line for line in output.splitlines() if " passed" in line]
    assert len(lines) == 1, output
    if "integration" not in rooms(days):
        lines.append(f"NOT REPEATED integration tests in {days} days: make test-all runs them, this run in {LATE} days")
    record_property("environment", "\n".join(lines))


def test_each_marked_test_runs_on_another_day() -> None:
    marked = {days: set(marked_files(days)) for days in DAYS}
    assert marked[SOON] <= marked[LATE]
    assert {path.split("/")[1] for path in marked[LATE]} == {"unit", "integration"}
