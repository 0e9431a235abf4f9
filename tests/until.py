# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of files in the order of a plan, which begins none that would end too late.

The summary names each file that did not begin. One that has begun and takes far too long is cut off between two tests
and named too: a job of CI that takes too long is stopped without a summary.
"""

from __future__ import annotations

import json
import os
import time
import typing as t
from collections.abc import Mapping
from pathlib import Path

import pytest

NO_TIME: t.Final = "no time left"
# So many seconds after the end no further test begins.
GRACE: t.Final = 300.0


class Until:
    """The pytest plugin that keeps to a plan. Each worker decides by itself, and hands over what it left out."""

    def __init__(self, seconds: Mapping[str, float], ends: float, now: t.Callable[[], float] = time.time) -> None:
        """``seconds`` has what each file will take, in the order of the plan; ``ends`` is in epoch seconds."""
        self.left_out: set[str] = set()
        self.cut_off: set[str] = set()
        self._seconds = seconds
        self._ends = ends
        self._now = now
        self._order = {name: number for number, name in enumerate(seconds)}
        self._begun: dict[str, float] = {}
        self._pace = 1.0

    @classmethod
    def read(cls, path: Path) -> Until:
        """Read a plan that touched.py wrote."""
        plan = json.loads(path.read_text(encoding="utf-8"))
        return cls(plan["seconds"], plan["ends"])

    def sort(self, items: list[pytest.Item]) -> None:
        """Put the tests of each file where the plan has the file."""
        items.sort(key=lambda item: self._order.get(_file(item), len(self._order)))

    def pytest_configure(self, config: pytest.Config) -> None:
        """Expect files to take longer where workers share a core."""
        workers = getattr(config, "workerinput", {}).get("workercount", 1)
        self._pace = max(1.0, workers / (os.cpu_count() or 1))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip the tests of a file that would end too late, and those that are left when it is much too late."""
        name = _file(item)
        if name not in self._begun and name not in self.left_out:
            self._begin(name)
        if name in self._begun and self._now() > self._ends + GRACE:
            self.cut_off.add(name)
        if name in self.left_out | self.cut_off:
            pytest.skip(NO_TIME)

    def _begin(self, name: str) -> None:
        """Decide once whether a file begins, by how long the files before it took."""
        now = self._now()
        if self._begun:
            took = now - min(self._begun.values())
            expected = sum(self._seconds.get(one, 0) for one in self._begun)
            self._pace = max(self._pace, took / expected) if expected else self._pace
        if now + self._seconds.get(name, 0) * self._pace > self._ends:
            self.left_out.add(name)
        else:
            self._begun[name] = now

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what a worker left out and cut off."""
        output = getattr(session.config, "workeroutput", {})
        output.update(left_out=sorted(self.left_out), cut_off=sorted(self.cut_off))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: t.Any) -> None:
        """Add what a worker has handed over; one that died has nothing."""
        output = getattr(node, "workeroutput", {})
        self.left_out.update(output.get("left_out", ()))
        self.cut_off.update(output.get("cut_off", ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what did not run, in the order of the plan."""
        for line in self.describe():
            terminalreporter.write_line(line)

    def describe(self) -> list[str]:
        """Return a line for each file that did not run, or not to its end."""
        words = {**dict.fromkeys(self.left_out, "NOT RUN"), **dict.fromkeys(self.cut_off, "CUT OFF")}
        return [f"{words[name]} {name}: {NO_TIME}" for name in self._order if name in words]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
