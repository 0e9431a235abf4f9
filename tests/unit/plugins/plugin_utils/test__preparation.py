# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who prepares a run, and what becomes of one that nobody has prepared."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils import _preparation
from ansible_collections.hardening.iam.plugins.plugin_utils._preparation import (
    REPORTED,
    REQUIRED,
    explain_skipped,
    keep_prepared,
    prepare_run,
)
from ansible_collections.hardening.iam.plugins.plugin_utils._run_input import RunProblems
from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes


class Bench:
    """Prepares runs of one process, whose input has the problems that a test wants."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notes = RunNotes(directory)
        self.errors: tuple[str, ...] = ()
        self.checked: list[bool] = []
        monkeypatch.setattr(_preparation, "check_input", self._check)

    def _check(self, _variables: t.Any, _templar: t.Any, **given: t.Any) -> RunProblems:
        self.checked.append(given["waves"])
        return RunProblems(self.errors)

    def prepare(self, needed: str = REPORTED, **variables: t.Any) -> str:
        return prepare_run(needed, variables, None, notes=self.notes, pattern="aws_accounts")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


@pytest.mark.parametrize("needed", [REPORTED, REQUIRED])
def test_a_prepared_run_is_not_prepared_again(bench: Bench, needed: str) -> None:
    keep_prepared(bench.notes, [], reads_only=False)
    assert bench.prepare(needed) == ""
    assert bench.checked == []
    assert explain_skipped(bench.notes) == ""


@pytest.mark.parametrize(("problems", "reads_only"), [(["a typo"], False), ([], True)])
def test_a_preparation_that_failed_or_only_reads_is_none(bench: Bench, problems: list[str], reads_only: bool) -> None:
    keep_prepared(bench.notes, problems, reads_only=reads_only)
    assert bench.prepare() == ""
    assert bench.checked == [False]


def test_the_first_task_that_writes_prepares_the_run_and_the_report_says_so(bench: Bench) -> None:
    assert explain_skipped(bench.notes) == ""
    assert [bench.prepare(__hardening_in_waves=True) for _task in range(2)] == ["", ""]
    assert bench.checked == [True]
    assert "this run skipped its preparation" in explain_skipped(bench.notes)
    assert "without --start-at-task" in explain_skipped(bench.notes)


def test_an_error_of_one_host_stops_all_hosts(bench: Bench) -> None:
    bench.errors = ("the host b has no account", "a typo")
    assert [bench.prepare() for _host in "ab"] == ["the host b has no account\na typo"] * 2
    assert bench.checked == [False]


@pytest.mark.parametrize(
    ("needed", "variables"), [(REQUIRED, {}), (REPORTED, {"ansible_skip_tags": ("always",)}), ("else", {})]
)
def test_nothing_is_written_where_no_report_would_say_so(bench: Bench, needed: str, variables: t.Any) -> None:
    assert bench.prepare(needed, **variables) == (
        "this run skipped its preparation, so nothing is written.\n"
        "Run the playbook from its beginning, without --start-at-task and without --skip-tags always."
    )
    assert bench.checked == []
