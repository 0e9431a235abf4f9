# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One account of growing size: calls, CPU, memory and time of ``playbooks/assess.yml --check``, beside its peers'."""

from __future__ import annotations

import collections
import dataclasses
import typing as t
from pathlib import Path

from emulator.client import EmulatorProcess

from .measure import Measurement, median
from .peers import PEERS
from .table import Cell, show
from .workload import LATENCY_MS, Runner, inventory, seed, slow_down

SIZES: t.Final = (50, 500, 2_000)
REPEATS: t.Final = 3
MOST_CALLS: t.Final = 25
# Asked once a region, not once an account.
REGIONAL: t.Final = frozenset(
    {"accessanalyzer", "cloudtrail", "cloudwatch", "config", "ec2", "kms", "logs", "securityhub", "sns"}
)
# Whatever names one user, role, group, policy or key is a read that grows with the account.
PRINCIPAL: t.Final = frozenset({"AccessKeyId", "Arn", "GroupName", "PolicyArn", "RoleName", "UserName"})
PAGED: t.Final = ("iam", "GetAccountAuthorizationDetails")

Record = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Size:
    """An account of ``users`` users, assessed with and without latency, and the calls of one assessment."""

    users: int
    fast: Measurement
    slow: Measurement
    calls: t.Sequence[Record]

    @property
    def counts(self) -> collections.Counter[tuple[str, str]]:
        return collections.Counter((record["service"], record["operation"]) for record in self.calls)


def test_calls_do_not_grow_with_the_account(runner: Runner, assess: Path) -> None:
    sizes = [_assessed(runner, assess, users) for users in SIZES]
    _show(sizes)
    largest = sizes[-1]
    of_iam = [record for record in largest.calls if record["service"] not in REGIONAL]
    assert len(of_iam) <= MOST_CALLS, largest.counts
    assert [record for record in largest.calls if PRINCIPAL & record["parameters"].keys()] == []
    # But for the pages of the one list that holds all principals, any account takes the same calls.
    fixed = [_without_pages(size.counts) for size in sizes]
    assert fixed == [fixed[0]] * len(sizes)


def _assessed(runner: Runner, assess: Path, users: int) -> Size:
    with EmulatorProcess(seed=seed(users)) as emulator:
        control = emulator.control
        fast = _runs(runner, assess, emulator, users)
        calls = control.log()
        slow_down(control, LATENCY_MS)
        return Size(users, median(fast), median(_runs(runner, assess, emulator, users)), calls)


def _runs(runner: Runner, assess: Path, emulator: EmulatorProcess, users: int) -> list[Measurement]:
    """Some runs, each over an account whose credential report AWS already has, so that all take the same calls."""
    hosts = inventory(emulator.control.health()["accounts"], role=False)
    runs = []
    for _repeat in range(REPEATS):
        emulator.control.clear_log()
        runs.append(runner.playbook(assess, "--check", inventory=hosts, aws=emulator.env()))
        _assert_report_is_written(runner, users)
    return runs


def _assert_report_is_written(runner: Runner, users: int) -> None:
    names = sorted(path.name for path in runner.reports.glob("[0-9]*/*") if path.is_file())
    assert names == ["plan.json", "report.html", "report.json", "report.txt"]
    html = next(runner.reports.glob("*/report.html"))
    assert f"user-{users - 1:04d}" in html.read_text(encoding="utf-8")


def _without_pages(counts: collections.Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {operation: count for operation, count in counts.items() if operation != PAGED}


def _show(sizes: t.Sequence[Size]) -> None:
    rows: list[tuple[Cell, ...]] = []
    for size in sizes:
        rows.append(
            (
                "hardening.iam, assess.yml --check, report written",
                size.users,
                len(size.calls),
                size.fast.cpu,
                size.fast.wall,
                size.slow.wall,
                size.fast.process_mb,
                size.fast.tree_mb,
            )
        )
        rows += [
            (peer.name, peer.users, peer.calls, peer.cpu, peer.wall, peer.wall_50, peer.peak_mb, None)
            for peer in PEERS
            if peer.users == size.users
        ]
    show(
        f"One account (medians of {REPEATS} runs; the others as measured on 2026-11-24)",
        ("reader", "users", "calls", "CPU s", "wall s", f"wall s, {LATENCY_MS} ms", "MB, one process", "MB, all"),
        rows,
    )
