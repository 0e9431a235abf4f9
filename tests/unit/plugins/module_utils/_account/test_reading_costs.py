# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading 20,000 events: it costs little more than to unpack and parse them, since most are recognized by their shape.

Only calls are counted here. What a million events cost is measured in tests/bench/test_trail_reading.py.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
import trail_files

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader

EVENTS: t.Final = 20_000
# Calls of Python functions for each event, builtin ones not counted. An event that is read in full takes about 200.
MOST_CALLS: t.Final = 50
MOST_FULL: t.Final = 0.06


class CountingReader(EventReader):
    """Counts the events that are read in full."""

    full = 0

    def build_calls(self, record: t.Any, caller: str) -> t.Any:
        self.full += 1
        return super().build_calls(record, caller)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A directory with 20,000 events, and its files."""
    directory = tmp_path_factory.mktemp("logs")
    return directory, trail_files.write_log_files(directory, EVENTS)


def test_few_of_many_events_are_read_in_full(files: tuple[Path, list[Path]]) -> None:
    calls = 0

    def count(_frame: t.Any, event: str, _value: t.Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found, reader = trail_files.read(files[0], CountingReader)
    finally:
        sys.setprofile(before)
    assert found.source.records == EVENTS
    assert t.cast(CountingReader, reader).full < MOST_FULL * EVENTS
    assert calls < MOST_CALLS * EVENTS
