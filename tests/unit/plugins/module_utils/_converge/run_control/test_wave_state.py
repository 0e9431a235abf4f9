# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Since when a wave is watched, whatever others leave beside the journal."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.wave_state import (
    Watch,
    WaveRun,
    watch_wave,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError

from ..fakes import ACCOUNT, NOW, FakeStore

OTHER = "222233334444"
DECLARED = "a" * 64
KEY = f"control/waves/{DECLARED}.json"
HOUR: t.Final = timedelta(hours=1)


def run_at(hours: float, run_id: str = "1", declaration: str = DECLARED) -> WaveRun:
    return WaveRun(run_id, declaration, "canary", (ACCOUNT, OTHER), NOW + hours * HOUR)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def change(
    store: FakeStore,
    hours: float,
    run_id: str = "1",
    *,
    account: str = ACCOUNT,
    declaration: str = DECLARED,
    approved: t.Optional[str] = None,
    module: str = "password_policy",
) -> None:
    """A run records that it changes something."""
    record = {"schema": "hardening.iam/journal/1", "declaration": declaration, "at": format_utc(NOW + hours * HOUR)}
    record |= {"module": module, "approved_plan": approved, "plan_sha256": approved or "0" * 64}
    store.put(f"{account}/{run_id}/7/{len(store.objects):06}-run.json", json.dumps(record).encode())


def watch(store: FakeStore, run: WaveRun) -> Watch:
    store.now = run.now
    return watch_wave(store, run)


def forge(
    store: FakeStore,
    began: datetime,
    *,
    written: datetime,
    run_id: str = "1",
    fields: t.Optional[t.Mapping[str, t.Any]] = None,
) -> None:
    record = {
        "schema": "hardening.iam/wave/1",
        "declaration": DECLARED,
        "run_id": run_id,
        "began": format_utc(began),
        "since": format_utc(began),
        "changed": [ACCOUNT],
        "plans": [],
        "runs": [],
        **(fields or {}),
    }
    store.now = written
    store.put(KEY, json.dumps(record).encode())


def changed_since(began: datetime, since: datetime) -> Watch:
    """What is watched since a moment, with the moment of the first change."""
    return Watch(began, since, has_changes=True)


def test_the_first_run_begins_the_soak_when_it_has_finished_the_wave(store: FakeStore) -> None:
    change(store, 0)
    change(store, 0.5, account=OTHER)
    assert watch(store, run_at(1)) == changed_since(NOW + HOUR, NOW)


def test_later_runs_go_on_and_their_changes_begin_nothing_anew(store: FakeStore) -> None:
    change(store, 0)
    watch(store, run_at(1))
    change(store, 23, "2")
    assert watch(store, run_at(24, "2")) == changed_since(NOW + HOUR, NOW)


def test_an_account_that_a_later_run_changes_for_the_first_time_soaks_from_then_on(store: FakeStore) -> None:
    """In the first run it failed, or all was refused there. Denials are looked for since the first change of all."""
    change(store, 0)
    watch(store, run_at(1))
    change(store, 23, "2", account=OTHER)
    begun_anew = changed_since(NOW + 24 * HOUR, NOW)
    assert watch(store, run_at(24, "2")) == begun_anew
    for night in (2, 3):
        change(store, 24 * night, str(night + 1))
        change(store, 24 * night, str(night + 1), account=OTHER)
        assert watch(store, run_at(24 * night + 1, str(night + 1))) == begun_anew


def test_a_wave_that_was_rolled_back_soaks_from_then_on(store: FakeStore) -> None:
    """Meanwhile its changes were not there, so nobody has watched them."""
    change(store, 0)
    watch(store, run_at(1))
    change(store, 20, "undo", module="rollback", declaration="")
    change(store, 23, "2")
    begun_anew = changed_since(NOW + 24 * HOUR, NOW)
    assert watch(store, run_at(24, "2")) == begun_anew
    change(store, 47, "3")
    assert watch(store, run_at(48, "3")) == begun_anew


def test_a_rollback_under_the_id_of_a_run_does_not_begin_the_soak_each_night(store: FakeStore) -> None:
    change(store, -5, "1", module="rollback", declaration="")
    change(store, 0)
    begun = watch(store, run_at(1))
    change(store, 23, "2")
    assert watch(store, run_at(24, "2")) == begun == changed_since(NOW + HOUR, NOW)


def test_a_rollback_alone_is_no_change_by_the_declaration(store: FakeStore) -> None:
    watch(store, run_at(1))
    change(store, 20, "undo", module="rollback", declaration="")
    assert not watch(store, run_at(24, "2")).has_changes


def test_denials_are_looked_for_since_the_first_of_several_runs_that_changed_an_account(store: FakeStore) -> None:
    """The first run changed nothing, and those after it asked at no gate."""
    watch(store, run_at(1))
    for hours, run_id in ((10, "2"), (20, "3"), (15, "4")):
        change(store, hours, run_id)
    assert watch(store, run_at(21, "5")) == changed_since(NOW + 21 * HOUR, NOW + 10 * HOUR)


def test_a_newly_approved_plan_soaks_from_then_on(store: FakeStore) -> None:
    """An approval lifts the caps of the account, so later runs may change there what nobody has watched."""
    change(store, 0)
    watch(store, run_at(1))
    change(store, 23, "2", approved="d" * 64)
    begun_anew = changed_since(NOW + 24 * HOUR, NOW)
    assert watch(store, run_at(24, "2")) == begun_anew
    # The same plan again, and runs without an approval, begin nothing anew.
    change(store, 25, "3", approved="d" * 64)
    change(store, 26, "4")
    assert watch(store, run_at(27, "4")) == begun_anew
    change(store, 28, "5", approved="e" * 64)
    assert watch(store, run_at(29, "5")) == changed_since(NOW + 29 * HOUR, NOW)


def test_findings_that_were_sent_are_no_change(store: FakeStore) -> None:
    change(store, 0)
    watch(store, run_at(1))
    change(store, 23, "2", account=OTHER, module="findings_export")
    assert watch(store, run_at(24, "2")) == changed_since(NOW + HOUR, NOW)


def test_the_plans_of_the_run_that_began_the_soak_are_known(store: FakeStore) -> None:
    change(store, 0, approved="d" * 64)
    change(store, 0, account=OTHER, approved="e" * 64)
    watch(store, run_at(1))
    change(store, 2, approved="e" * 64, account=OTHER)
    assert watch(store, run_at(3)) == changed_since(NOW + HOUR, NOW)


@pytest.mark.parametrize("approved", ["d" * 64, None])
def test_a_run_that_never_reached_its_gate_is_found_by_the_next(store: FakeStore, approved: t.Optional[str]) -> None:
    """It was killed, or its gate was closed, after it had changed what is to be watched."""
    change(store, 0)
    watch(store, run_at(1))
    change(store, 20, "killed", approved=approved, account=ACCOUNT if approved else OTHER)
    assert watch(store, run_at(24, "3")) == changed_since(NOW + 24 * HOUR, NOW)
    # Nightly changes of what is watched begin nothing anew.
    change(store, 29, "4")
    assert watch(store, run_at(30, "4")) == changed_since(NOW + 24 * HOUR, NOW)
    change(store, 53, "5", account=OTHER)
    assert watch(store, run_at(54, "5")).began == NOW + (54 if approved else 24) * HOUR


def test_runs_from_before_the_soak_are_not_read_again(store: FakeStore) -> None:
    store.put(f"{ACCOUNT}/0/7/000001-run.json", b"{")
    change(store, 0)
    watch(store, run_at(1))
    assert watch(store, run_at(2, "2")) == changed_since(NOW + HOUR, NOW)


def test_a_job_that_is_launched_again_under_the_same_run_id_soaks_what_it_changes(store: FakeStore) -> None:
    change(store, 0)
    watch(store, run_at(1))
    change(store, 23, account=OTHER)
    assert watch(store, run_at(24)) == changed_since(NOW + 24 * HOUR, NOW)


def test_another_declaration_soaks_anew(store: FakeStore) -> None:
    change(store, 0)
    watch(store, run_at(1))
    change(store, 24, "2", declaration="b" * 64)
    assert watch(store, run_at(25, "2", "b" * 64)) == changed_since(NOW + 25 * HOUR, NOW + 24 * HOUR)


def test_a_lost_record_makes_the_soak_longer(store: FakeStore) -> None:
    change(store, 0)
    watch(store, run_at(1))
    del store.objects[KEY]
    assert watch(store, run_at(24, "2")).began == NOW + 24 * HOUR


def test_a_wave_without_changes_soaks_from_its_first_change(store: FakeStore) -> None:
    unchanged = Watch(NOW + HOUR, NOW + HOUR, has_changes=False)
    assert watch(store, run_at(1)) == unchanged
    assert watch(store, run_at(2, "2")) == unchanged
    change(store, 23, "3")
    assert watch(store, run_at(24, "3")) == changed_since(NOW + 24 * HOUR, NOW + 23 * HOUR)
    change(store, 47, "4")
    assert watch(store, run_at(48, "4")) == changed_since(NOW + 24 * HOUR, NOW + 23 * HOUR)


def test_a_beginning_that_is_dated_back_counts_from_when_it_was_written(store: FakeStore) -> None:
    change(store, 0)
    forge(store, NOW - 100 * HOUR, written=NOW + 2 * HOUR)
    assert watch(store, run_at(3)).began == NOW + 2 * HOUR


def test_a_record_from_before_the_change_does_not_count(store: FakeStore) -> None:
    """It was written for a declaration that nobody had applied."""
    forge(store, NOW - 100 * HOUR, written=NOW - 100 * HOUR)
    change(store, 0)
    assert watch(store, run_at(1)).began == NOW


def test_a_record_that_names_another_run_does_not_count_once_something_was_changed(store: FakeStore) -> None:
    forge(store, NOW - 100 * HOUR, written=NOW - 100 * HOUR, run_id="earlier")
    change(store, -100, "earlier", declaration="b" * 64)
    change(store, 0)
    assert watch(store, run_at(1)).began == NOW
    # Nor if it says itself that it has no changes: then they are new.
    forge(store, NOW - 100 * HOUR, written=NOW - 100 * HOUR, run_id="earlier", fields={"changed": []})
    assert watch(store, run_at(1)).began == NOW + HOUR


def test_a_beginning_in_the_future_makes_the_soak_longer(store: FakeStore) -> None:
    change(store, 0)
    forge(store, NOW + 100 * HOUR, written=NOW + HOUR)
    assert watch(store, run_at(2)) == changed_since(NOW + 100 * HOUR, NOW)


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "other"},
        {"declaration": "b" * 64},
        {"run_id": 1},
        {"run_id": "../x"},
        {"run_id": "."},
        {"began": "x"},
        {"since": "x"},
        {"since": 7},
        {"since": None},
        {"changed": None},
        {"plans": None},
        {"runs": None},
        {"changed": "x"},
        {"changed": [1]},
        {"plans": "x"},
        {"plans": [1]},
        {"runs": {}},
    ],
    ids=str,
)
def test_a_malformed_record_is_an_error(store: FakeStore, fields: dict[str, t.Any]) -> None:
    forge(store, NOW, written=NOW, fields=fields)
    with pytest.raises(StoreError, match="the record of the wave is malformed"):
        watch(store, run_at(1))


@pytest.mark.parametrize("field", ["schema", "declaration", "run_id", "began", "since", "changed", "plans", "runs"])
def test_a_record_that_lacks_something_is_an_error(store: FakeStore, field: str) -> None:
    forge(store, NOW, written=NOW)
    record = json.loads(store.objects[KEY])
    del record[field]
    store.put(KEY, json.dumps(record).encode())
    with pytest.raises(StoreError, match=f"{KEY}: the record of the wave is malformed.*{field}"):
        watch(store, run_at(1))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_what_is_no_record_is_an_error(store: FakeStore, content: bytes) -> None:
    store.put(KEY, content)
    with pytest.raises(StoreError, match="the record of the wave is malformed"):
        watch(store, run_at(1))


def test_a_broken_journal_is_an_error(store: FakeStore) -> None:
    store.put(f"{ACCOUNT}/1/7/000001-run.json", b"{")
    with pytest.raises(StoreError, match="is not a journal record"):
        watch(store, run_at(1))


@pytest.mark.parametrize("declaration", ["", "../x", "A" * 64])
def test_what_is_no_hash_names_no_key(store: FakeStore, declaration: str) -> None:
    with pytest.raises(StoreError, match="is no SHA-256"):
        watch(store, run_at(1, declaration=declaration))


def test_the_record_says_what_it_watches_to_people(store: FakeStore) -> None:
    change(store, 0, approved="d" * 64)
    change(store, 0.5, "earlier", account=OTHER, declaration="b" * 64)
    watch(store, run_at(1))
    record = json.loads(store.objects[KEY])
    nonce = record.pop("nonce")
    assert record == {
        "schema": "hardening.iam/wave/1",
        "wave": "canary",
        "declaration": DECLARED,
        "run_id": "1",
        "began": format_utc(NOW + HOUR),
        "since": format_utc(NOW),
        "changed": [ACCOUNT],
        "plans": ["d" * 64],
        "runs": ["earlier"],
    }
    # No two contents are the same, so that none is taken for another.
    del store.objects[KEY]
    watch(store, run_at(1))
    assert json.loads(store.objects[KEY])["nonce"] != nonce
