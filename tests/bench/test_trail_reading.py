# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to read a million events, beside gzip and ``json.loads`` of the same files in the same run."""

from __future__ import annotations

import time
import tracemalloc
import typing as t
from pathlib import Path

import pytest
import trail_files

from .table import show

EVENTS: t.Final = 1_000_000
MOST_RATIO: t.Final = 5.0
# The most memory that reading may take besides one file, for whatever number of events.
MOST_MB: t.Final = 100


def test_reading_costs_at_most_five_times_what_parsing_costs(tmp_path: Path) -> None:
    files = trail_files.write_log_files(tmp_path, EVENTS)
    trail_files.parse(files[:50])
    trail_files.read(tmp_path / "nothing")
    parsing = _measure(lambda: trail_files.parse(files))
    reading = _measure(lambda: trail_files.read(tmp_path))
    again = _measure(lambda: trail_files.parse(files))
    plain = (parsing + again) / 2
    show(
        f"{EVENTS:,} events in {len(files):,} files",
        ("", "CPU seconds", "µs an event", "ratio"),
        [
            ["gzip and json.loads", f"{plain:.1f}", f"{plain / EVENTS * 1e6:.1f}", "1"],
            [
                "the reader",
                f"{reading:.1f}",
                f"{reading / EVENTS * 1e6:.1f}",
                f"{reading / plain:.1f}",
            ],
        ],
    )
    assert reading <= MOST_RATIO * plain


@pytest.mark.parametrize("events", [20_000, 100_000])
def test_memory_does_not_grow_with_events(tmp_path: Path, events: int) -> None:
    trail_files.write_log_files(tmp_path, events)
    tracemalloc.start()
    try:
        found, _reader = trail_files.read(tmp_path)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.source.records == events
    assert peak / 1024**2 < MOST_MB


def _measure(work: t.Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
