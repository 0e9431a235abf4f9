# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines about long work: rare ones, and none about quick work."""

from __future__ import annotations

from ansible_collections.hardening.iam.plugins.plugin_utils._progress import ProgressLines


def test_a_line_is_shown_every_ten_seconds() -> None:
    shown: list[str] = []
    now = [100.0]
    lines = ProgressLines("acme: example", shown.append, clock=lambda: now[0], seconds=10.0)
    for number in range(1, 26):
        now[0] += 1.0
        lines("log files", number * 100, 5000)
    assert shown == [
        "acme: example: 1,000 of 5,000 log files read",
        "acme: example: 2,000 of 5,000 log files read",
    ]


def test_a_number_without_an_end_is_shown_alone() -> None:
    shown: list[str] = []
    lines = ProgressLines("acme: example", shown.append, clock=lambda: 0.0, seconds=0.0)
    lines("pages of the event history", 7, None)
    assert shown == ["acme: example: 7 pages of the event history read"]


def test_quick_work_shows_nothing() -> None:
    shown: list[str] = []
    lines = ProgressLines("acme: example", shown.append, clock=lambda: 5.0)
    for number in range(1000):
        lines("log files", number, 1000)
    assert shown == []
