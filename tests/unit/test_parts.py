# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CPU seconds of a run are added up by part, and printed where there are many."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import parts
import pytest

UNIT: t.Final = "unit/plugins/module_utils/_policy"


@pytest.mark.parametrize(
    ("nodeid", "part"),
    [
        ("tests/gates/test_lint.py::test_lint_ruff", "gates/test_lint.py"),
        ("tests/integration/test_harden.py::test_x[a::b/c]", "integration/test_harden.py"),
        (f"tests/{UNIT}/trail/deeper/test_catalogue.py::test_x", UNIT),
        (f"tests/{UNIT}/test_x.py::TestX::test_y", UNIT),
        ("tests/unit/plugins/action/test_report.py::test_x", "unit/plugins/action"),
        ("tests/unit/test_parts.py::test_x", "unit"),
    ],
)
def test_a_part_is_a_file_or_a_folder_of_unit_tests(nodeid: str, part: str) -> None:
    assert parts.part_of(nodeid) == part


def test_a_short_run_has_no_table() -> None:
    assert parts.table({}) == []
    assert parts.table({UNIT: parts.SHORT - 1.0}) == []


def test_the_table_has_the_sum_the_kinds_and_the_longest_parts() -> None:
    files = {f"integration/test_{number:02}.py": float(number) for number in range(30)}
    lines = parts.table({**files, UNIT: 28.5, "unit": 6.4, parts.COLLECTION: 31.0})
    assert lines[:6] == [
        "   501 in all",
        "   435 integration",
        "    35 unit",
        f"    31 {parts.COLLECTION}",
        "    29 integration/test_29.py",
        f"    28 {UNIT}",
    ]
    assert len(lines) == 4 + parts.LONGEST <= 20


@pytest.mark.parametrize(("spent", "told"), [(parts.LIMIT, False), (parts.LIMIT + 1, True)])
def test_more_than_a_quarter_of_an_hour_is_said(spent: int, told: bool) -> None:
    assert ("more than 15 minutes" in parts.table({UNIT: float(spent)})[0]) == told


def ticking(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the clock of CPU seconds by a list with the present value."""
    clock = [0.0]
    monkeypatch.setattr(parts, "cpu_seconds", lambda: clock[0])
    return clock


def run(plugin: parts.Parts, clock: list[float], name: str, *, call: float, teardown: float, last: bool) -> None:
    """Let the plugin see a test that spends these seconds."""
    item = t.cast(pytest.Item, types.SimpleNamespace(nodeid=f"tests/integration/{name}::test_x"))
    clock[0] += call
    wrapper = t.cast(t.Any, plugin.pytest_runtest_teardown(item, None if last else item))
    next(wrapper)
    clock[0] += teardown
    with pytest.raises(StopIteration):
        next(wrapper)


def test_everything_that_workers_spend_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, clock = parts.Parts(), ticking(monkeypatch)
    for _worker in range(2):
        clock[0] = 10.0
        plugin = parts.Parts()
        plugin.pytest_collection_finish()
        run(plugin, clock, "test_a.py", call=1, teardown=0.5, last=False)
        run(plugin, clock, "test_a.py", call=2, teardown=0.5, last=False)
        run(plugin, clock, "test_b.py", call=3, teardown=40, last=True)
        node = types.SimpleNamespace(config=types.SimpleNamespace(workeroutput={}))
        plugin.pytest_sessionfinish(t.cast(pytest.Session, node))
        controller.pytest_testnodedown(node.config)
    controller.pytest_testnodedown(types.SimpleNamespace())
    files = {"integration/test_a.py": 8, "integration/test_b.py": 6}
    assert controller.seconds == {parts.COLLECTION: 20, parts.SERVERS: 80, **files}


def test_a_run_without_workers_hands_over_nothing() -> None:
    parts.Parts().pytest_sessionfinish(t.cast(pytest.Session, types.SimpleNamespace(config=types.SimpleNamespace())))


def test_children_are_counted() -> None:
    before = parts.cpu_seconds()
    program = "import os\nwhile sum(os.times()[:2]) < 0.3: pass"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert parts.cpu_seconds() - before >= 0.2


@pytest.mark.parametrize("workers", ["0", "2"])
def test_pytest_prints_the_table(tmp_path: Path, workers: str) -> None:
    tests = tmp_path / "tests" / "unit"
    tests.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "tests" / "conftest.py").write_text(
        "import parts\nparts.SHORT = 0\ndef pytest_configure(config): config.pluginmanager.register(parts.Parts())\n",
        encoding="utf-8",
    )
    for name in ("a", "b"):
        (tests / f"test_{name}.py").write_text(f"def test_{name}(): pass\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-n", workers],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(parts.__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f" {part}\n" in done.stdout for part in (parts.COLLECTION, parts.SERVERS, "unit")), done.stdout
