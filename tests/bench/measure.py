# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command and measure all of it: the process that is started and every process below it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import statistics
import subprocess
import threading
import time
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# Reading the memory of a tree takes the kernel a few milliseconds; this often finds every peak that lasts.
_SAMPLE_SECONDS: t.Final = 0.1
_PROC: t.Final = Path("/proc")
_TAIL: t.Final = 4000


class CommandFailed(RuntimeError):
    """The measured command ended with another status than the expected ones; the message has the end of its output."""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What a command cost.

    ``cpu`` is in seconds, user and system, of the whole process tree, as the kernel counts it. ``tree_mb`` is the
    largest sum over the tree of proportional set sizes (pages that processes share count once), sampled, None where
    the system does not tell. ``process_mb`` is the largest resident set of any single process in the tree,
    ``controller_mb`` that of the process that was started, None where the system does not tell. ``status`` is the exit
    status.
    """

    wall: float
    cpu: float
    process_mb: float
    controller_mb: t.Optional[float]
    tree_mb: t.Optional[float]
    output: str = dataclasses.field(repr=False)
    status: int = 0


def measure(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    expected: Sequence[int] = (0,),
) -> Measurement:
    """Run ``command`` in ``directory``. Raises CommandFailed where its exit status is not one of ``expected``."""
    log = directory / "output.log"
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with _sampling(process.pid) as samples:
            # Not process.wait(): only wait4 tells what this child used, apart from the emulator, which is one too.
            _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode not in expected:
        raise CommandFailed(f"{command[0]} ended with status {process.returncode}:\n{text[-_TAIL:]}")
    return Measurement(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        process_mb=usage.ru_maxrss / 1024,
        controller_mb=max((sample.controller for sample in samples if sample.controller is not None), default=None),
        tree_mb=max((sample.tree for sample in samples), default=None),
        output=text,
        status=process.returncode,
    )


def median(runs: Sequence[Measurement]) -> Measurement:
    """The medians of several runs of the same command, and the output of the last."""
    trees = [run.tree_mb for run in runs if run.tree_mb is not None]
    controllers = [run.controller_mb for run in runs if run.controller_mb is not None]
    return Measurement(
        wall=statistics.median(run.wall for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        process_mb=statistics.median(run.process_mb for run in runs),
        controller_mb=statistics.median(controllers) if controllers else None,
        tree_mb=statistics.median(trees) if trees else None,
        output=runs[-1].output,
        status=runs[-1].status,
    )


class _Sample(t.NamedTuple):
    """Memory in MB: of the tree of processes, and the largest so far of the process at its root."""

    tree: float
    controller: t.Optional[float]


@contextlib.contextmanager
def _sampling(pid: int) -> Iterator[list[_Sample]]:
    """Collect the memory of the tree below ``pid`` for the time of the block."""
    samples: list[_Sample] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            # The proportional set size: pages that processes share count once.
            sizes = [size for process in _tree(pid) if (size := _read_kb(process, "smaps_rollup", "Pss:")) is not None]
            if sizes:
                peak = _read_kb(pid, "status", "VmHWM:")
                samples.append(_Sample(sum(sizes) / 1024, None if peak is None else peak / 1024))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def _tree(pid: int) -> Iterator[int]:
    """``pid`` and the processes below it, as far as they still run."""
    yield pid
    for children in _PROC.glob(f"{pid}/task/*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from _tree(int(child))


def _read_kb(pid: int, file: str, name: str) -> t.Optional[int]:
    """A number of the process in /proc; None where it is gone or the system has no such thing."""
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / file).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return None
