# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import (
    Outcome,
    check_run_id,
    interrupted,
    recorded,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .fakes import ACCOUNT, CALLER, RUN, FakeStore, change, journal_of, user_arn


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def test_records_of_a_change(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change("a"))
    journal.conclude(key, Outcome.FAILED, "AccessDenied")
    assert sorted(store.objects) == [f"{ACCOUNT}/{RUN}/000001-intent.json", f"{ACCOUNT}/{RUN}/000001-outcome.json"]
    intent, outcome = (json.loads(store.objects[name]) for name in sorted(store.objects))
    head = {"schema": "hardening.iam/journal/1", "run_id": RUN, "module": "replace", "at": "2026-11-25T02:00:00Z"}
    assert intent == {**head, "record": "intent", "caller_arn": CALLER, "change": change("a").as_dict()}
    assert outcome == {**head, "record": "outcome", "outcome": "failed", "error": "AccessDenied"}
    assert journal.location == f"s3://journal/iam/{ACCOUNT}/{RUN}"


def test_modules_of_one_run_count_on(store: FakeStore) -> None:
    for module in ("first", "second"):
        journal = journal_of(store, module=module)
        for name in ("a", "b"):
            journal.conclude(journal.intend(change(name)), Outcome.APPLIED)
    assert [intent.key.rpartition("/")[2] for intent, _outcome in recorded(store, ACCOUNT, RUN)] == [
        "000001",
        "000002",
        "000003",
        "000004",
    ]
    assert [intent.module for intent, _outcome in recorded(store, ACCOUNT, RUN)] == [
        "first",
        "first",
        "second",
        "second",
    ]


def test_a_record_is_never_written_twice(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    journal.conclude(key, Outcome.APPLIED)
    with pytest.raises(StoreError):
        journal.conclude(key, Outcome.FAILED)


def test_what_another_run_finds_is_overruled_by_the_run_itself(store: FakeStore) -> None:
    journal = journal_of(store)
    key = journal.intend(change())
    journal_of(store, run_id="later").found(key, Outcome.FAILED, "later")
    assert not interrupted(store, ACCOUNT)
    assert [outcome for _intent, outcome in recorded(store, ACCOUNT, RUN)] == [Outcome.FAILED]
    # The run was not cut off, but under way.
    journal.conclude(key, Outcome.APPLIED)
    assert [outcome for _intent, outcome in recorded(store, ACCOUNT, RUN)] == [Outcome.APPLIED]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"outcome": "soon"}', '{"outcome": "applied", "answer": 3}'])
@pytest.mark.parametrize("ending", ["outcome", "found"])
def test_an_ending_that_is_none_is_told_by_its_place(store: FakeStore, ending: str, content: str) -> None:
    key = journal_of(store).intend(change())
    store.put(f"{key}-{ending}.json", content.encode())
    with pytest.raises(StoreError, match=f"000001-{ending}.json is not a journal record"):
        list(recorded(store, ACCOUNT, RUN))


def test_two_runs_that_count_alike_can_not_share_a_record(store: FakeStore) -> None:
    journal = journal_of(store)
    journal.intend(change())
    store.objects[f"{ACCOUNT}/{RUN}/000002-intent.json"] = b"{}"
    with pytest.raises(StoreError):
        journal.intend(change())


def test_interrupted_finds_intents_without_outcome_in_this_account_only(store: FakeStore) -> None:
    done = journal_of(store)
    done.conclude(done.intend(change("done")), Outcome.APPLIED)
    journal_of(store, run_id="20261101T000000Z").intend(change("cut-off"))
    store.objects["999988887777/1/000001-intent.json"] = b"{}"
    (intent,) = interrupted(store, ACCOUNT)
    assert (intent.run_id, intent.module, intent.change.target) == ("20261101T000000Z", "replace", user_arn("cut-off"))
    assert [outcome for _intent, outcome in recorded(store, ACCOUNT, "20261101T000000Z")] == [Outcome.UNKNOWN]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"run_id": "1", "module": "m", "change": {}}'])
def test_what_is_no_record_is_named(store: FakeStore, content: bytes) -> None:
    store.objects[f"{ACCOUNT}/1/000001-intent.json"] = content
    with pytest.raises(StoreError, match=f"s3://journal/iam/{ACCOUNT}/1/000001-intent.json is not a journal record"):
        interrupted(store, ACCOUNT)


def test_journal_in_a_directory(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "journal"))
    assert interrupted(store, ACCOUNT) == ()
    assert not (tmp_path / "journal").exists()
    journal = journal_of(store)
    journal.conclude(journal.intend(change()), Outcome.APPLIED)
    journal.intend(change("b"))
    assert [intent.change.target for intent in interrupted(store, ACCOUNT)] == [user_arn("b")]
    file = tmp_path / "journal" / ACCOUNT / RUN / "000001-intent.json"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("run_id", ["17", "awx-17", "20261125T020000Z", "2026-11-25T02:00:00.5", "a" * 128])
def test_run_ids(run_id: str) -> None:
    assert check_run_id(run_id) == run_id


@pytest.mark.parametrize("run_id", ["", "../17", "a/b", ".hidden", "-x", "a b", "a" * 129, "17\n"])
def test_run_ids_that_could_leave_their_place(run_id: str) -> None:
    with pytest.raises(InputError, match="run_id: .*allowed"):
        check_run_id(run_id)
