# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Work on the accounts of a simulation in several processes, with their results in order.

The processes are forks, so what was read before is there without being sent. Each sends one result at a time, and waits
while nobody takes it. Each works on so many accounts and no more: what is remembered of their policies ends with it.
The memory does not grow with the number of accounts.
"""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
from collections.abc import Callable, Iterator

from ansible.utils.multiprocessing import context

Result = dict[str, t.Any]
ACCOUNTS_OF_A_PROCESS: t.Final = 25


class WorkerError(Exception):
    """A process ended before it had done its work; the message has the number of the account."""


def work(simulate: Callable[[int], Result], number: int, processes: int) -> Iterator[Result]:
    """The results of ``simulate`` for 0 to ``number`` - 1, in this order.

    Raises WorkerError: a process ended, because the system stopped it, say.
    """
    # Forked processes that load the libraries of macOS can crash.
    wanted = 1 if sys.platform == "darwin" else max(1, processes)
    if wanted == 1 and number <= ACCOUNTS_OF_A_PROCESS:
        yield from map(simulate, range(number))
        return
    step = wanted * ACCOUNTS_OF_A_PROCESS
    for first in range(0, number, step):
        yield from _work_on(simulate, range(first, min(first + step, number)), wanted, number)


def _work_on(simulate: Callable[[int], Result], indexes: range, processes: int, number: int) -> Iterator[Result]:
    """The results for some indexes, in new processes, that end with them."""
    started = [_start(simulate, indexes[first::processes]) for first in range(min(processes, len(indexes)))]
    try:
        for place, index in enumerate(indexes):
            try:
                yield started[place % processes][1].recv()
            except EOFError:
                raise WorkerError(f"the process that simulated account {index + 1} of {number} ended") from None
    finally:
        for process, receiver in started:
            receiver.close()
            process.terminate()
            process.join()


def _start(simulate: Callable[[int], Result], indexes: range) -> tuple[t.Any, t.Any]:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(simulate, indexes, sender, receiver))
    process.start()
    sender.close()
    return process, receiver


def _serve(simulate: Callable[[int], Result], indexes: range, sender: t.Any, receiver: t.Any) -> None:
    receiver.close()
    # The parent stopped: nobody wants the rest.
    with contextlib.suppress(BrokenPipeError):
        for index in indexes:
            sender.send(simulate(index))
        sender.close()
    # Not sys.exit: the handlers that Ansible registered are those of its own process.
    os._exit(0)
