# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of a plan begins no file that would end too late, cuts off one that takes too long, and names those."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest
import until
from until import Until

FILES: t.Final = {"tests/a.py": 10.0, "tests/b.py": 20.0, "tests/c.py": 5.0}


class Clock:
    """Seconds that pass when a test lets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def begin(plan: Until, name: str) -> bool:
    """Whether a test of a file runs."""
    try:
        plan.pytest_runtest_setup(t.cast(pytest.Item, types.SimpleNamespace(nodeid=f"{name}::test_x[a]")))
    except pytest.skip.Exception as skipped:
        assert str(skipped) == until.NO_TIME
        return False
    return True


def test_a_file_that_would_end_too_late_does_not_begin() -> None:
    clock = Clock()
    plan = Until(FILES, 30.0, clock)
    assert begin(plan, "tests/a.py")
    clock.now = 10
    assert begin(plan, "tests/b.py")
    clock.now = 28
    assert not begin(plan, "tests/c.py")
    assert plan.left_out == {"tests/c.py"}


def test_a_file_that_began_goes_on_and_one_that_did_not_never_begins() -> None:
    clock = Clock()
    plan = Until(FILES, 30.0, clock)
    assert begin(plan, "tests/a.py")
    clock.now = 30 + until.GRACE
    assert begin(plan, "tests/a.py")
    assert not begin(plan, "tests/b.py")
    clock.now = 0
    assert not begin(plan, "tests/b.py")
    assert (plan.left_out, plan.cut_off) == ({"tests/b.py"}, set())


def test_a_file_that_takes_far_too_long_is_cut_off() -> None:
    clock = Clock()
    plan = Until(FILES, 30.0, clock)
    assert begin(plan, "tests/a.py")
    clock.now = 31 + until.GRACE
    assert not begin(plan, "tests/a.py")
    assert (plan.left_out, plan.cut_off) == (set(), {"tests/a.py"})


def test_a_slow_machine_is_expected_to_stay_slow() -> None:
    clock = Clock()
    plan = Until(FILES, 50.0, clock)
    assert begin(plan, "tests/a.py")
    # Three times as long as expected: the next one would take a minute.
    clock.now = 30
    assert not begin(plan, "tests/b.py")
    assert begin(plan, "tests/c.py")


def test_a_file_without_an_estimate_begins_while_there_is_time() -> None:
    clock = Clock()
    plan = Until(FILES, 30.0, clock)
    assert begin(plan, "tests/new.py")
    clock.now = 31
    assert not begin(plan, "tests/newer.py")


def test_tests_have_the_order_of_the_plan() -> None:
    items = [types.SimpleNamespace(nodeid=f"tests/{name}.py::test_{name}") for name in ("new", "c", "a", "b", "c")]
    Until(FILES, 30.0).sort(t.cast(t.Any, items))
    assert [item.nodeid[-1] for item in items] == ["a", "b", "c", "c", "w"]


def test_what_workers_left_out_is_named_in_the_order_of_the_plan() -> None:
    plan = Until(FILES, 30.0)
    for output in ({"left_out": ["tests/c.py"], "cut_off": ["tests/a.py"]}, {"left_out": ["tests/b.py"]}):
        plan.pytest_testnodedown(types.SimpleNamespace(workeroutput=output))
    plan.pytest_testnodedown(types.SimpleNamespace())
    assert plan.describe() == [
        "CUT OFF tests/a.py: no time left",
        "NOT RUN tests/b.py: no time left",
        "NOT RUN tests/c.py: no time left",
    ]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_pytest_keeps_to_a_plan(tmp_path: Path, workers: str) -> None:
    """The plan of a run that is over already, but for files that take nothing."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "from pathlib import Path\nfrom until import Until\n"
        "def pytest_configure(config): config.pluginmanager.register(Until.read(Path('plan.json')))\n",
        encoding="utf-8",
    )
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(f"def test_{name}(): pass\n", encoding="utf-8")
    plan = {"ends": 4e9, "seconds": {"test_a.py": 1.0, "test_b.py": 9e9}}
    (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-n", workers, "--dist", "loadfile"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(until.__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_before, line, last = done.stdout.splitlines()
    assert line == "NOT RUN test_b.py: no time left"
    assert "1 passed, 1 skipped" in last
