# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report has no fewer changes than the journal of its run."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import No, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._report.document import complete
from ansible_collections.hardening.iam.plugins.module_utils._report.parts import Parts
from ansible_collections.hardening.iam.plugins.module_utils._report.recorded import add_recorded, find_lost

from . import samples

RUN: t.Final = samples.run().id
FIRST: t.Final = samples.KEY_CHANGE
SECOND: t.Final = dataclasses.replace(FIRST, target=f"{FIRST.target}-2")


class Bench:
    """The journal of a run, held against the parts of its report."""

    def __init__(self, directory: Path) -> None:
        self.store = DirectoryStore(str(directory))

    def record(self, change: Change, outcome: t.Optional[Outcome] = Outcome.APPLIED, *, run: str = RUN) -> str:
        journal = Journal(
            self.store,
            account_id=samples.ACCOUNT,
            run_id=run,
            job_id="1",
            module="access_keys",
            caller_arn="",
            clock=lambda: samples.NOW,
        )
        key = journal.intend(change)
        if outcome:
            journal.conclude(key, outcome)
        return key

    def add(self, *parts: t.Mapping[str, t.Any], **problems: str) -> Parts:
        return add_recorded(Parts(parts, problems), self.store, samples.ACCOUNT, RUN)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def part(change: Change, **fields: t.Any) -> dict[str, t.Any]:
    return samples.part("access_keys", change, run_id=RUN, applied=True, **fields)


def applied(found: Parts) -> list[str]:
    report = complete(samples.assessment(), found.parts, reveal_key_ids=True)
    return [change["target"] for change in report["changes"] if change["state"] == "applied"]


def test_a_journal_that_the_report_has_whole_adds_nothing(bench: Bench) -> None:
    bench.record(FIRST)
    bench.record(SECOND, Outcome.FAILED)
    found = bench.add(part(FIRST))
    assert (applied(found), found.problems) == ([FIRST.target], {})


def test_a_change_that_no_part_has_is_counted_and_named(bench: Bench) -> None:
    bench.record(FIRST)
    bench.record(SECOND)
    found = bench.add(part(FIRST))
    assert applied(found) == [FIRST.target, SECOND.target]
    assert found.problems == {"access_keys": "1 changes are in the journal alone"}


def test_the_same_change_twice_is_two_changes(bench: Bench) -> None:
    bench.record(FIRST)
    bench.record(FIRST)
    assert applied(bench.add(part(FIRST))) == [FIRST.target] * 2


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (None, "it is not known whether 1 changes were made"),
        (Outcome.UNKNOWN, "it is not known whether 1 changes were made"),
        (Outcome.FAILED, ""),
        (Outcome.FOREIGN, ""),
    ],
)
def test_only_what_was_applied_is_counted(bench: Bench, outcome: t.Optional[Outcome], problem: str) -> None:
    bench.record(FIRST, outcome)
    found = bench.add()
    assert applied(found) == []
    assert found.problems == ({"access_keys": problem} if problem else {})


def test_a_part_that_says_why_it_lacks_changes_is_no_second_problem(bench: Bench) -> None:
    bench.record(FIRST)
    found = bench.add({"module": "access_keys", "run_id": RUN, "changes": (), "refused": (), "error": "cut off"})
    assert (applied(found), found.problems) == ([FIRST.target], {})
    assert bench.add(access_keys="cut off").problems == {"access_keys": "cut off"}


def test_one_change_may_stand_for_several_writes(bench: Bench) -> None:
    """An export of many findings is one change for people."""
    bench.record(FIRST)
    bench.record(dataclasses.replace(SECOND, target=FIRST.target))
    entry = {**part(FIRST), "changes": [{**FIRST.as_dict(applied=True), "undo": None, "reversible": True}]}
    found = bench.add(entry)
    assert (applied(found), found.problems) == ([FIRST.target], {})


def test_changes_of_another_run_do_not_count(bench: Bench) -> None:
    bench.record(FIRST, run="another")
    found = bench.add()
    assert (applied(found), found.problems) == ([], {})


def test_a_record_that_cannot_be_read_is_named(bench: Bench) -> None:
    key = bench.record(FIRST)
    bench.store.put(f"{key}-intent.json", b"{")
    assert bench.add().problems == {"journal": "1 records of this run can't be read"}


def test_a_journal_that_cannot_be_read_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_store: t.Any, _prefix: str) -> t.NoReturn:
        raise StoreError("access denied")

    monkeypatch.setattr(DirectoryStore, "list", fail)
    found = bench.add(part(FIRST))
    assert applied(found) == [FIRST.target]
    reason = "it can't be read, so changes of this run may be missing here: access denied"
    assert found.problems == {"journal": reason}


def test_the_answer_is_one_of_three(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(find_lost(bench.store, samples.ACCOUNT, RUN, ()), No)
    bench.record(FIRST)
    answer = find_lost(bench.store, samples.ACCOUNT, RUN, ())
    assert isinstance(answer, Yes)
    assert [len(changes) for changes in answer.value.applied.values()] == [1]
    monkeypatch.setattr(DirectoryStore, "get", lambda *_: (_ for _ in ()).throw(StoreError("gone")))
    assert isinstance(find_lost(bench.store, samples.ACCOUNT, RUN, ()), Unknown)
