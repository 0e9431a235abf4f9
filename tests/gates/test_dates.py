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
from scope import ALL, runs_all

from .environments import run
from .staging import CHECKOUT

# A date that has passed in 40 days has passed in 400, but the tests of one day begin at another time of month and year.
SOON, LATE = 40, 400
DAYS: t.Final = (SOON, LATE)
# Of the two days "make test" has the later one, with all marked unit tests and these files.
FIXED: t.Final = tuple(f"tests/integration/test_{name}.py" for name in ("access_keys", "policy_impact", "waivers"))
MARK: t.Final = "pytest.mark.dated"
TODAY: t.Final = "import datetime; print(datetime.datetime.now(datetime.UTC).date())"
TODAY_OF_A_CHILD: t.Final = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TODAY!r}], check=True)"


def marked_files(room: str) -> list[str]:
    """The test files in which something is marked, so that the others need not be collected."""
    files = sorted((CHECKOUT / "tests" / room).rglob("test_*.py"))
    return [str(path.relative_to(CHECKOUT)) for path in files if MARK in path.read_text(encoding="utf-8")]


def chosen_files() -> list[str]:
    """The files for a day."""
    return [*marked_files("unit"), *(marked_files("integration") if runs_all() else FIXED)]


def run_later(days: int, *arguments: str) -> str:
    """Run this Python that many days from now; waiting takes as long as ever."""
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("faketime is not installed: no test ran on another day (Debian: apt-get install faketime)")
    command = [faketime, "-m", "-f", f"+{days}d", sys.executable, *arguments]
    foreign = ("AWS_", "PYTEST_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    # Compiled files are valid for the date of their source, which is another one there.
    return run(command, cwd=CHECKOUT, env={**env, "PYTHONDONTWRITEBYTECODE": "1"})


@pytest.mark.parametrize("program", [TODAY, TODAY_OF_A_CHILD], ids=["process", "child"])
@pytest.mark.parametrize("days", DAYS)
def test_the_clock_is_another(days: int, program: str) -> None:
    expected = {(datetime.now(UTC) + timedelta(days=days, hours=hours)).date().isoformat() for hours in (0, 1)}
    assert run_later(days, "-c", program).strip() in expected


@pytest.mark.parametrize("days", DAYS)
def test_on_another_day(days: int, record_property: t.Callable[[str, object], None]) -> None:
    if not runs_all() and days != LATE:
        pytest.skip(f"in {days} days: make test-all runs it")
    files = chosen_files()
    output = run_later(
        days, "-m", "pytest", "-q", "-o", f"cache_dir=.cache/pytest-in-{days}-days", "-m", "dated", *files
    )
    lines = [line for line in output.splitlines() if " passed" in line]
    assert len(lines) == 1, output
    left_out = sorted(path.rpartition("/")[2] for path in {*marked_files("integration")} - {*files})
    if left_out:
        lines.append(f"NOT REPEATED in {days} days {', '.join(left_out)}: make test-all runs them")
    record_property("environment", "\n".join(lines))


def test_each_marked_test_runs_on_another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    unit, integration = marked_files("unit"), marked_files("integration")
    monkeypatch.delenv(ALL, raising=False)
    assert set(chosen_files()) == {*unit, *FIXED} < {*unit, *integration}
    monkeypatch.setenv(ALL, "1")
    assert chosen_files() == [*unit, *integration]
    assert unit and integration
