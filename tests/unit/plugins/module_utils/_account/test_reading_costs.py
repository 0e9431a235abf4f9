# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Most events are recognized by their shape: of 20,000 events only a few are looked at in full.

How many seconds it takes is measured in tests/bench/test_trail_reading.py; this counts, so that it does not depend on
the machine.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import trail_files

from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import log_files
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import KnownPrincipal

EVENTS: t.Final = 20_000
# Calls of Python functions for each event, builtin ones not counted. An event that is read in full takes about 200.
MOST_CALLS: t.Final = 70
MOST_FULL: t.Final = 0.25


class CountingReader(EventReader):
    """Counts the events that are read in full."""

    full = 0

    def build_calls(self, record: t.Any, caller: str) -> t.Any:
        self.full += 1
        return super().build_calls(record, caller)


def test_few_of_many_events_are_read_in_full(tmp_path: Path) -> None:
    trail_files.write_log_files(tmp_path, EVENTS)
    roles = trail_files.ROLES
    reader = CountingReader(
        principals=roles,
        keys=frozenset({"aws:requestedregion"}),
        account_id=trail_files.ACCOUNT,
        known={role: KnownPrincipal(f"AROA{number:017}") for number, role in enumerate(roles)},
        is_detailed=True,
    )
    calls = 0

    def count(_frame: t.Any, event: str, _value: t.Any) -> None:
        nonlocal calls
        calls += event == "call"

    store = DirectoryStore(str(tmp_path))
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = log_files(store, reader, account_id=trail_files.ACCOUNT, now=trail_files.NOW, days=90)
    finally:
        sys.setprofile(before)
    assert found.source.records == EVENTS
    assert reader.full < MOST_FULL * EVENTS
    assert calls < MOST_CALLS * EVENTS
