# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.workers import WorkerError, work


def square(index: int) -> dict[str, t.Any]:
    return {"index": index, "square": index * index, "pid": os.getpid()}


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
@pytest.mark.parametrize("number", [0, 1, 7])
def test_results_come_in_order(processes: int, number: int) -> None:
    results = list(work(square, number, processes))
    assert [result["index"] for result in results] == list(range(number))
    assert len({result["pid"] for result in results}) == min(processes, number)


def test_each_process_is_prepared_once() -> None:
    calls: list[int] = []

    def count(_index: int) -> dict[str, t.Any]:
        return {"prepared": len(calls)}

    assert [result["prepared"] for result in work(count, 6, 2, lambda: calls.append(1))] == [1] * 6
    assert calls == []


def test_a_process_that_is_killed_is_named_and_leaves_none_behind() -> None:
    def die_at_three(index: int) -> dict[str, t.Any]:
        if index == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return square(index)

    results = work(die_at_three, 8, 2)
    seen = [next(results) for _number in range(3)]
    with pytest.raises(WorkerError, match="account 4 of 8 ended"):
        list(results)
    for pid in {result["pid"] for result in seen}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_no_process_goes_on_when_nobody_reads() -> None:
    results = work(lambda index: {"pid": os.getpid(), "text": "x" * 100_000, "index": index}, 1000, 2)
    pid = next(results)["pid"]
    t.cast(t.Any, results).close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
