# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the CPU seconds of a test run go, so that it stays within a quarter of an hour on two cores."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t
from pathlib import Path

import pytest

# Two cores have 1800 in a quarter of an hour, and wait for some of it.
LIMIT: t.Final = 1750
# A run of less is one of single tests, and gets no table.
SHORT: t.Final = 60
# So many lines has the table below that of each kind of tests.
LONGEST: t.Final = 12
# How many folders deep a part of the unit tests is, as in unit/plugins/module_utils/_policy.
DEEP: t.Final = 4
COLLECTION: t.Final = "start and collection"
SERVERS: t.Final = "ends of servers"

# If this variable is set, the file that it names gets the seconds of all parts, as JSON.
KEEP: t.Final = "HARDENING_CPU_SECONDS"

Seconds = dict[str, float]

_TASKS: t.Final = Path("/proc/self/task")
# In the file "stat" of a process, behind its name: user and system time, its own and that of children that have ended.
_TIMES: t.Final = slice(11, 15)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and its children. Of those that run still, only Linux knows them."""
    return sum(os.times()[:4]) + sum(map(_spent_by, _list_children()))


def _list_children() -> set[str]:
    found: set[str] = set()
    for path in _TASKS.glob("*/children"):
        with contextlib.suppress(OSError):
            found |= {*path.read_text(encoding="ascii").split()}
    return found


def _spent_by(process: str) -> float:
    """CPU seconds of a process: 0 once somebody has waited for its end, since they are this process's then."""
    try:
        stat = Path("/proc", process, "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    return sum(map(int, stat.rpartition(")")[2].split()[_TIMES])) / os.sysconf("SC_CLK_TCK")


def part_of(nodeid: str) -> str:
    """Name the part that a test belongs to: its file, or the folder of a unit test."""
    path = nodeid.partition("::")[0].split("/")[1:]
    return "/".join(path[:-1][:DEEP] if path[0] == "unit" else path)


def merge(one: Seconds, other: Seconds) -> Seconds:
    """Add up the seconds of each part."""
    return {part: one.get(part, 0) + other.get(part, 0) for part in {**one, **other}}


def table(seconds: Seconds) -> list[str]:
    """Return the lines for the summary: the sum, that of each kind of tests, and the longest parts."""
    whole = sum(seconds.values())
    if whole < SHORT:
        return []
    kinds: Seconds = {}
    for part, spent in seconds.items():
        kinds = merge(kinds, {part.partition("/")[0]: spent})
    parts = {part: spent for part, spent in seconds.items() if part not in kinds}
    above = f", above {LIMIT}: more than 15 minutes on two cores" if whole > LIMIT else ""
    rows = [*_longest(kinds), *_longest(parts)[:LONGEST]]
    return [f"{whole:6.0f} in all{above}", *(f"{spent:6.0f} {part}" for part, spent in rows)]


def _longest(seconds: Seconds) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda item: -item[1])


class Parts:
    """The pytest plugin that adds up the CPU seconds of each part, in all workers."""

    def __init__(self) -> None:
        self.seconds: Seconds = {}
        self._counted = 0.0

    def count(self, part: str) -> None:
        """Add to a part all that was spent since the last count."""
        now = cpu_seconds()
        self.seconds = merge(self.seconds, {part: now - self._counted})
        self._counted = now

    def pytest_collection_finish(self) -> None:
        """End the first part, which begins with the process."""
        self.count(COLLECTION)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: t.Optional[pytest.Item]) -> t.Iterator[None]:
        """Count a test, and apart from the last one what it ends: not all seconds of a child may be known before."""
        part = part_of(item.nodeid)
        self.count(part)
        try:
            return (yield)
        finally:
            self.count(part if nextitem else SERVERS)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what a worker has counted; without workers, and in the process that has them, keep it."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cpu_seconds"] = self.seconds
        elif os.environ.get(KEEP):
            Path(os.environ[KEEP]).write_text(json.dumps(self.seconds), encoding="utf-8")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: t.Any) -> None:
        """Add what a worker has handed over; one that died has nothing."""
        self.seconds = merge(self.seconds, getattr(node, "workeroutput", {}).get("cpu_seconds", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        lines = table(self.seconds)
        if lines:
            terminalreporter.section("CPU seconds", sep="-")
            terminalreporter.write("".join(f"{line}\n" for line in lines))
