# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import os
import signal
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._simulation import workers
from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.workers import WorkerError, work


def square(index: int) -> dict[str, t.Any]:
    return {"index": index, "square": index * index, "pid": os.getpid()}


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
@pytest.mark.parametrize("number", [0, 1, 7])
def test_results_come_in_order(processes: int, number: int) -> None:
    results = list(work(square, number, processes))
    assert [result["index"] for result in results] == list(range(number))
    pids = {result["pid"] for result in results}
    assert len(pids) == min(processes, number)
    assert (os.getpid() in pids) is (processes == 1 and number > 0)


def test_no_process_works_on_more_than_some_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "ACCOUNTS_OF_A_PROCESS", 3)
    for processes in (1, 2):
        results = list(work(square, 20, processes))
        assert [result["index"] for result in results] == list(range(20))
        assert max(collections.Counter(result["pid"] for result in results).values()) == 3


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
