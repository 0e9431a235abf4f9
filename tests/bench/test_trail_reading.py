# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to read a million events, beside gzip and ``json.loads`` of the same files in the same run."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
import typing as t
from pathlib import Path

import pytest
import trail_files

from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import LogActivity, log_files
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import KnownPrincipal

from .table import show

EVENTS: t.Final = 1_000_000
MOST_RATIO: t.Final = 5.0
# The most memory that reading may take besides one file, for whatever number of events.
MOST_MB: t.Final = 100


def read(directory: Path) -> LogActivity:
    """Read all events as a record of the fifteen roles does."""
    roles = trail_files.ROLES
    reader = EventReader(
        principals=roles,
        names={f"role/{role.rpartition('/')[2]}": role for role in roles},
        keys=frozenset({"aws:requestedregion", "aws:multifactorauthpresent"}),
        account_id=trail_files.ACCOUNT,
        known={role: KnownPrincipal(f"AROA{number:017}") for number, role in enumerate(roles)},
        is_detailed=True,
    )
    store = DirectoryStore(str(directory))
    return log_files(store, reader, account_id=trail_files.ACCOUNT, now=trail_files.NOW, days=90)


def parse(files: list[Path]) -> int:
    """Only unpack and parse all files."""
    return sum(len(json.loads(gzip.decompress(path.read_bytes()))["Records"]) for path in files)


def test_reading_costs_at_most_five_times_what_parsing_costs(tmp_path: Path) -> None:
    files = trail_files.write_log_files(tmp_path, EVENTS)
    parse(files[:50])
    read(tmp_path / "nothing")
    parsing = _measure(lambda: parse(files))
    reading = _measure(lambda: read(tmp_path))
    again = _measure(lambda: parse(files))
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
        found = read(tmp_path)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.source.records == events
    assert peak / 1024**2 < MOST_MB


def _measure(work: t.Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
