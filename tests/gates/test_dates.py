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

from .environments import run
from .staging import CHECKOUT

DAYS: t.Final = (40, 400)
MARK: t.Final = "pytest.mark.dated"
TODAY: t.Final = "import datetime; print(datetime.datetime.now(datetime.UTC).date())"
TODAY_OF_A_CHILD: t.Final = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TODAY!r}], check=True)"


def marked_files() -> list[str]:
    """The test files in which something is marked, so that the others need not be collected."""
    files = [
        path for room in ("unit", "integration") for path in sorted((CHECKOUT / "tests" / room).rglob("test_*.py"))
    ]
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
    output = run_later(days, "-m", "pytest", "-q", "-o", cache, "-m", "dated", *marked_files())
    (counted,) = [line for line in output.splitlines() if " passed" in line]
    record_property("environment", counted)
