# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts that the workers of one process share."""

from __future__ import annotations

import threading
from pathlib import Path

from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes


def test_a_fact_is_worked_out_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def work_out() -> str:
        asked.append("x")
        return "älter"

    for _attempt in range(2):
        assert RunNotes(tmp_path / "notes").recall("fact / 1", work_out) == "älter"
    assert asked == ["x"]


def test_no_answer_is_an_answer(tmp_path: Path) -> None:
    notes = RunNotes(tmp_path)
    assert notes.recall("fact", lambda: "") == ""
    assert notes.recall("fact", lambda: "other") == ""
    assert notes.recall("another", lambda: "other") == "other"


def test_the_first_claim_counts(tmp_path: Path) -> None:
    assert [RunNotes(tmp_path).claim("account", owner) for owner in ("a", "b", "a")] == ["a", "a", "a"]
    assert RunNotes(tmp_path).claim("account 2", "b") == "b"


def test_of_claims_at_once_one_counts(tmp_path: Path) -> None:
    barrier, owners = threading.Barrier(8), []

    def claim(name: str) -> None:
        barrier.wait()
        owners.append(RunNotes(tmp_path / "notes").claim("account", name))

    threads = [threading.Thread(target=claim, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(owners) == 8
    assert len(set(owners)) == 1


def test_nothing_but_the_fact_is_left_and_only_for_this_user(tmp_path: Path) -> None:
    RunNotes(tmp_path / "notes").claim("account", "a")
    RunNotes(tmp_path / "notes").claim("account", "b")
    (note,) = (tmp_path / "notes").iterdir()
    assert note.stat().st_mode & 0o077 == 0
    assert (tmp_path / "notes").stat().st_mode & 0o077 == 0
