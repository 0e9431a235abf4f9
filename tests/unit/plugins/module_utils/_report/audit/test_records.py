# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of a run, with their hashes; forged and malformed ones are named and cost nothing else."""

from __future__ import annotations

import hashlib
import json
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._report.audit import records as records_file
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.records import (
    Lease,
    Undone,
    find_undone,
    read_others,
)

from ..._converge.fakes import ACCOUNT, JOB, NOW, RUN
from .world import CALLER, DETAILS, World, key_change


@pytest.fixture
def world() -> World:
    made = World()
    made.change(key_change("alice"), key_change("bob"))
    return made


def test_each_change_has_its_files_with_their_hashes(world: World) -> None:
    records = world.records()
    assert records.problems == ()
    assert [change.change["target"].rpartition("/")[2] for change in records.changes] == ["alice", "bob"]
    first = records.changes[0]
    assert (first.outcome, first.module, first.job_id) == ("applied", "access_key_lifecycle", JOB)
    assert (first.at, first.ended, first.caller_arn) == (NOW, NOW, CALLER)
    assert (first.request_id, first.attempts) == ("request-alice", ())
    for key, digest in first.files.items():
        assert digest == hashlib.sha256(world.journal.objects[key]).hexdigest()
    assert [key.rpartition("-")[2] for key in first.files] == ["intent.json", "outcome.json"]
    assert [run.details for run in records.runs] == [DETAILS | {"approved_plan": "f" * 64}]
    assert records.callers == {CALLER}


def test_a_change_without_an_outcome_is_unknown(world: World) -> None:
    world.change(key_change("carol"), outcome=None)
    assert world.records().changes[-1].outcome == Outcome.UNKNOWN.value
    assert world.records().changes[-1].ended is None


def test_an_outcome_that_another_run_contradicts_is_a_problem(world: World) -> None:
    key = world.records().changes[0].key
    found = json.loads(world.journal.objects[f"{key}-outcome.json"])
    for outcome, problems in (("applied", 0), ("failed", 1)):
        world.journal.put(f"{key}-found.json", json.dumps({**found, "outcome": outcome}).encode())
        assert len(world.records().problems) == problems


@pytest.mark.parametrize("fields", [{"job_id": "18"}, {"job_id": None}, {"run_id": "another"}])
def test_a_record_of_who_ran_it_belongs_to_its_place(world: World, fields: dict[str, t.Any]) -> None:
    world.edit(f"{world.records().changes[0].key}-run.json", **fields)
    records = world.records()
    assert (len(records.runs), len(records.problems)) == (0, 1)


def test_the_lease_of_a_record(world: World) -> None:
    key = world.records().changes[0].key
    world.lease(key, NOW + timedelta(minutes=15))
    assert world.records().changes[0].lease == Lease(3, NOW + timedelta(minutes=15))


@pytest.mark.parametrize(
    "lease", ["", 7, [], {}, {"fence": "3", "expires": "2026-11-25T02:00:00Z"}, {"fence": 3, "expires": "soon"}]
)
def test_a_malformed_lease_is_named_and_the_change_stays(world: World, lease: t.Any) -> None:
    key = world.records().changes[0].key
    world.edit(f"{key}-intent.json", lease=lease)
    records = world.records()
    assert len(records.changes) == 2
    assert records.changes[0].lease is None
    (problem,) = records.problems
    assert problem.startswith(f"The lease in {key}-intent.json is ignored: ")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"change": {}}', b"[" * 100_000, b"\xff\xfe", b'{"run_id": "x", "job_id": "y"}'],
)
def test_a_malformed_record_costs_nothing_else(world: World, content: bytes) -> None:
    key = f"{world.records().changes[0].key}-intent.json"
    world.journal.objects[key] = content
    records = world.records()
    assert [change.change["target"].rpartition("/")[2] for change in records.changes] == ["bob"]
    (problem,) = records.problems
    assert problem.startswith(f"{key} is ignored: ")


@pytest.mark.parametrize("content", [b"", b"{", b'{"outcome": "great"}', b'{"outcome": 7}', b'{"outcome": []}'])
def test_a_malformed_outcome_is_unknown(world: World, content: bytes) -> None:
    key = world.records().changes[0].key
    world.journal.objects[f"{key}-outcome.json"] = content
    records = world.records()
    assert [change.outcome for change in records.changes] == ["unknown", "applied"]
    assert records.problems[0].startswith(f"The outcome of {key} is ignored: ")
    # The file is evidence all the same.
    assert f"{key}-outcome.json" in records.changes[0].files


def test_a_record_of_another_account_is_no_change_of_this_one(world: World) -> None:
    key = world.records().changes[0].key
    record = json.loads(world.journal.objects[f"{key}-intent.json"])
    world.edit(f"{key}-intent.json", change={**record["change"], "account_id": "999999999999"})
    records = world.records()
    assert len(records.changes) == 1
    assert "it is of account 999999999999" in records.problems[0]


def test_a_record_of_another_run_is_ignored(world: World) -> None:
    key = world.records().changes[0].key
    world.edit(f"{key}-run.json", run_id="another")
    world.edit(f"{key}-intent.json", run_id="another")
    records = world.records()
    assert (len(records.changes), records.runs) == (1, ())
    assert len(records.problems) == 2


def test_an_outcome_without_its_beginning_shows_a_removed_record(world: World) -> None:
    key = world.records().changes[1].key
    del world.journal.objects[f"{key}-intent.json"]
    (problem,) = world.records().problems
    assert (
        problem == f"{key}-outcome.json says how a change ended that has no record of its beginning: that was removed."
    )


def test_other_files_are_named(world: World) -> None:
    world.journal.objects[f"{ACCOUNT}/{RUN}/{JOB}/notes.txt"] = b"x"
    assert world.records().problems == (f"{ACCOUNT}/{RUN}/{JOB}/notes.txt is no record of a journal.",)


def test_details_of_another_kind_are_not_shown(world: World) -> None:
    key = world.records().changes[0].key
    world.edit(f"{key}-run.json", author=["ana"], approver={"x": 1}, change_ticket="", caller_arn=7)
    (run,) = world.records().runs
    assert set(run.details) == {"commit", "approved_plan"}
    assert run.caller_arn == ""


def test_a_journal_that_can_not_be_read(world: World) -> None:
    world.journal.lost = True
    with pytest.raises(StoreError):
        world.records()


# Rollbacks, and other runs


def test_a_rollback_that_undid_a_change(world: World) -> None:
    first, second = (change.key for change in world.records().changes)
    world.now = NOW + timedelta(hours=1)
    world.change(key_change("alice", undoes=first), run_id="undo-1", module="rollback")
    world.change(key_change("bob", undoes=second), run_id="undo-2", module="rollback", outcome=Outcome.FAILED)
    assert find_undone(world.journal, ACCOUNT, RUN, {first, second}) == {
        first: [Undone("undo-1", world.now, "applied")],
        second: [Undone("undo-2", world.now, "failed")],
    }


def test_only_a_rollback_undoes(world: World) -> None:
    first = world.records().changes[0].key
    world.change(key_change("alice", undoes=first), run_id="forged", module="access_key_lifecycle")
    world.change(key_change("alice", undoes="elsewhere"), run_id="undo", module="rollback")
    assert find_undone(world.journal, ACCOUNT, RUN, {first}) == {}


def test_a_malformed_rollback_undoes_nothing(world: World) -> None:
    first = world.records().changes[0].key
    (key,) = world.change(key_change("alice", undoes=first), run_id="undo", module="rollback")
    world.journal.objects[f"{key}-intent.json"] = b"{"
    assert find_undone(world.journal, ACCOUNT, RUN, {first}) == {}
    world.journal.objects[f"{key}-run.json"] = b"{"
    assert find_undone(world.journal, ACCOUNT, RUN, {first}) == {}


def test_changes_of_other_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.change(key_change("carol"), key_change("dave"), run_id="other")
    found = read_others(world.journal, ACCOUNT, RUN)
    assert {change.change["target"].rpartition("/")[2] for change in found.changes} == {"carol", "dave"}
    assert found.problems == ()
    monkeypatch.setattr(records_file, "_MOST_OTHERS", 1)
    found = read_others(world.journal, ACCOUNT, RUN)
    assert len(found.changes) == 1
    assert found.problems[0].startswith("Of other runs, 1 records were not read")
