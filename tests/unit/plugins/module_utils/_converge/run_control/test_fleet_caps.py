# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much a run changes over its accounts, jobs and slices."""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.fleet_caps import (
    Caps,
    FleetCaps,
    counters_key,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import (
    ConflictError,
    DirectoryStore,
    StoreError,
)

from ..fakes import RUN, change

ACCOUNTS: t.Final = tuple(f"{number:012}" for number in range(100000000000, 100000000030))


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """A journal that knows an earlier run."""
    store = DirectoryStore(str(tmp_path))
    store.put(f"{ACCOUNTS[0]}/earlier/1/000001-run.json", b"{}")
    return store


def caps_of(store: DirectoryStore, *, run: str = RUN, **declared: t.Any) -> FleetCaps:
    return FleetCaps(store, run, Caps(**declared), sleep=lambda _seconds: None)


def count_admitted(caps: FleetCaps, accounts: t.Iterable[str] = ACCOUNTS, changes: int = 1) -> int:
    return sum(not caps.admit(account, [change()] * changes) for account in accounts)


def test_without_caps_nothing_is_counted(store: DirectoryStore) -> None:
    assert count_admitted(caps_of(store)) == len(ACCOUNTS)
    assert store.get(counters_key(RUN)) is None


def test_a_refusal_names_the_cap_and_covers_all_changes(store: DirectoryStore) -> None:
    caps = caps_of(store, max_accounts_changed=1)
    assert caps.admit(ACCOUNTS[0], [change("a")]) == ()
    refused = caps.admit(ACCOUNTS[1], [change("a"), change("b")])
    assert [(item.rule, item.operation, item.target.rpartition("/")[2]) for item in refused] == [
        ("fleet_cap", "Replace", "a"),
        ("fleet_cap", "Replace", "b"),
    ]
    assert {item.reason for item in refused} == {
        "this run may change 1 account, and has begun with 1: hardening_max_accounts_changed says so. "
        "Raise it, or change the others in another run"
    }


def test_an_account_that_has_begun_goes_on(store: DirectoryStore) -> None:
    caps = caps_of(store, max_accounts_changed=1)
    assert count_admitted(caps, ACCOUNTS[:1]) == 1
    assert count_admitted(caps, ACCOUNTS[1:]) == 0
    assert count_admitted(caps, ACCOUNTS[:1]) == 1


def test_no_account_may_be_changed_at_zero(store: DirectoryStore) -> None:
    assert count_admitted(caps_of(store, max_accounts_changed=0)) == 0


def test_changes_are_counted_over_accounts_and_modules(store: DirectoryStore) -> None:
    caps = caps_of(store, max_fleet_changes=10)
    assert count_admitted(caps, ACCOUNTS[:3], changes=3) == 3
    assert "of which 9 are counted" in caps.admit(ACCOUNTS[0], [change()] * 2)[0].reason
    # A smaller part still has a place.
    assert caps.admit(ACCOUNTS[3], [change()]) == ()
    assert caps.admit(ACCOUNTS[3], [change()])


def test_after_too_many_failed_accounts_nothing_begins(store: DirectoryStore) -> None:
    caps = caps_of(store, max_accounts_failed=1)
    assert count_admitted(caps, ACCOUNTS[:1]) == 1
    for _time in range(3):
        caps.count_failure(ACCOUNTS[0])
    assert count_admitted(caps, ACCOUNTS[:2]) == 2
    caps.count_failure(ACCOUNTS[1])
    assert count_admitted(caps) == 0
    assert "2 accounts failed" in caps.admit(ACCOUNTS[0], [change()])[0].reason


@pytest.mark.parametrize(
    "declared",
    [
        {"max_accounts_changed": 1},
        {"max_fleet_changes": 1},
        {"max_accounts_failed": 0},
        {"is_large_inventory": True},
    ],
    ids=str,
)
def test_what_is_foreseen_is_what_would_be_refused_and_nothing_is_counted(
    store: DirectoryStore, declared: dict[str, t.Any]
) -> None:
    caps = caps_of(store, **declared)
    count_admitted(caps)
    caps.count_failure(ACCOUNTS[0])
    counted = store.get(counters_key(RUN))
    changes = [change("a"), change("b")]
    foreseen = caps.foresee(ACCOUNTS[-1], changes)
    assert {item.rule for item in foreseen} == {"fleet_cap"} and len(foreseen) == len(changes)
    assert foreseen == caps.admit(ACCOUNTS[-1], changes)
    twin = caps_of(store, max_accounts_changed=99)
    assert twin.foresee(ACCOUNTS[-1], changes) == ()
    assert store.get(counters_key(RUN)) == counted


def test_counters_that_cannot_be_read_stop_what_has_a_cap(store: DirectoryStore) -> None:
    store.put(counters_key(RUN), b"{")
    capped, free = caps_of(store, max_accounts_changed=9), caps_of(store)
    for ask in (capped.foresee, capped.admit):
        with pytest.raises(StoreError):
            ask(ACCOUNTS[0], [change()])
        assert ask(ACCOUNTS[0], []) == ()
    for ask in (free.foresee, free.admit):
        assert ask(ACCOUNTS[0], [change()]) == ()


def test_failures_are_not_counted_without_caps(store: DirectoryStore) -> None:
    caps_of(store).count_failure(ACCOUNTS[0])
    assert store.get(counters_key(RUN)) is None


def test_a_large_inventory_has_a_cap_until_a_wave_has_passed(store: DirectoryStore) -> None:
    assert count_admitted(caps_of(store, is_large_inventory=True)) == 5
    assert count_admitted(caps_of(store, is_large_inventory=True, wave_passed=True)) == len(ACCOUNTS)


def test_the_cap_of_a_large_inventory_says_why_it_is_there(store: DirectoryStore) -> None:
    caps = caps_of(store, is_large_inventory=True)
    count_admitted(caps)
    assert caps.admit(ACCOUNTS[-1], [change()])[0].reason == (
        "this run may change 5 accounts, and has begun with 5: the inventory has more than 10 accounts, or their "
        "number is not known, and no wave that enforces has passed. Declare hardening_waves, or set "
        "hardening_max_accounts_changed"
    )


def test_equal_counts_are_never_written_alike(tmp_path: Path) -> None:
    """Else two jobs that write the same take each other's write for their own, and count once."""
    written = set()
    for name in ("a", "b"):
        store = DirectoryStore(str(tmp_path / name))
        assert caps_of(store, max_fleet_changes=9).admit(ACCOUNTS[0], [change()]) == ()
        written.add(store.get(counters_key(RUN)))
    assert len(written) == 2


def test_the_first_run_in_a_large_inventory_changes_one_account(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    caps = caps_of(store, is_large_inventory=True)
    assert count_admitted(caps, ACCOUNTS[:1]) == 1
    # Its own records do not make it a later run, and neither does a wave.
    store.put(f"{ACCOUNTS[0]}/{RUN}/1/000001-run.json", b"{}")
    store.put("control/leases/x.json", b"{}")
    store.put("rollouts/o-1/SCP/x/000001-started.json", b"{}")
    assert count_admitted(caps_of(store, is_large_inventory=True, wave_passed=True)) == 1
    assert "no earlier run is in this journal" in caps.admit(ACCOUNTS[1], [change()])[0].reason
    assert count_admitted(caps_of(store, run="next", is_large_inventory=True)) == 5


@pytest.mark.parametrize("is_first", [True, False])
def test_an_explicit_number_replaces_the_defaults(tmp_path: Path, is_first: bool) -> None:
    store = DirectoryStore(str(tmp_path))
    if not is_first:
        store.put(f"{ACCOUNTS[0]}/earlier/1/000001-run.json", b"{}")
    assert count_admitted(caps_of(store, is_large_inventory=True, max_accounts_changed=7)) == 7
    # A wave that has passed lifts the default only.
    assert not count_admitted(caps_of(store, max_accounts_changed=7, wave_passed=True), ACCOUNTS[7:])


def test_each_run_has_its_own_counters(store: DirectoryStore) -> None:
    assert count_admitted(caps_of(store, max_accounts_changed=2)) == 2
    assert count_admitted(caps_of(store, run="other", max_accounts_changed=2)) == 2


def test_slices_share_the_last_places(store: DirectoryStore, tmp_path: Path) -> None:
    """All accounts at once, each by a slice of its own."""

    def admit(account: str) -> bool:
        slice_of_run = DirectoryStore(str(tmp_path))
        return not caps_of(slice_of_run, max_accounts_changed=3).admit(account, [change()])

    with ThreadPoolExecutor(max_workers=len(ACCOUNTS)) as pool:
        admitted = [account for account, is_in in zip(ACCOUNTS, pool.map(admit, ACCOUNTS), strict=True) if is_in]
    assert len(admitted) == 3
    assert sorted(json.loads(store.get(counters_key(RUN)) or b"")["changes"]) == admitted


class Interloper(DirectoryStore):
    """A place in which another slice counts ``before`` this one's first write."""

    before: t.Optional[t.Callable[[], t.Any]] = None

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> None:
        before, self.before = self.before, None
        if before:
            before()
        super().swap(key, content, version)


def test_the_slower_of_two_slices_looks_again(store: DirectoryStore, tmp_path: Path) -> None:
    slower = Interloper(str(tmp_path))
    slower.before = lambda: count_admitted(caps_of(store, max_accounts_changed=1), ACCOUNTS[:1])
    assert count_admitted(caps_of(slower, max_accounts_changed=1), ACCOUNTS[1:2]) == 0
    assert list(json.loads(store.get(counters_key(RUN)) or b"")["changes"]) == [ACCOUNTS[0]]


def test_a_run_that_was_killed_after_the_count_has_used_its_place(store: DirectoryStore) -> None:
    """The next job of the same run may change that account, and no other."""
    caps_of(store, max_accounts_changed=1).admit(ACCOUNTS[0], [change()])
    relaunched = caps_of(store, max_accounts_changed=1)
    assert count_admitted(relaunched, ACCOUNTS[1:]) == 0
    assert count_admitted(relaunched, ACCOUNTS[:1]) == 1


def test_a_run_that_was_killed_before_the_count_has_used_none(store: DirectoryStore, tmp_path: Path) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    killed = Interloper(str(tmp_path))
    killed.before = die
    with pytest.raises(KeyboardInterrupt):
        caps_of(killed, max_accounts_changed=1).admit(ACCOUNTS[0], [change()])
    assert count_admitted(caps_of(store, max_accounts_changed=1), ACCOUNTS[1:2]) == 1


class Busy(DirectoryStore):
    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> None:
        raise ConflictError("written by somebody else")


def test_a_place_in_which_others_always_win_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run again"):
        caps_of(Busy(str(tmp_path)), max_accounts_changed=1).admit(ACCOUNTS[0], [change()])


GOOD: t.Final = {"schema": "hardening.iam/fleet_caps/1", "run_id": RUN, "changes": {}, "failed": []}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        json.dumps({**GOOD, "run_id": "other"}).encode(),
        json.dumps({**GOOD, "changes": []}).encode(),
        json.dumps({**GOOD, "changes": {ACCOUNTS[0]: -1}}).encode(),
        json.dumps({**GOOD, "changes": {ACCOUNTS[0]: True}}).encode(),
        json.dumps({**GOOD, "failed": [1]}).encode(),
        json.dumps({**GOOD, "failed": "12"}).encode(),
    ],
)
def test_counters_that_can_not_be_read_let_nothing_through(store: DirectoryStore, content: bytes) -> None:
    store.put(counters_key(RUN), content)
    with pytest.raises(StoreError, match="fleet caps are malformed"):
        caps_of(store, max_accounts_changed=5).admit(ACCOUNTS[0], [change()])
    assert store.get(counters_key(RUN)) == content


@pytest.mark.parametrize("name", ["max_accounts_changed", "max_fleet_changes", "max_accounts_failed"])
def test_a_negative_number_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=rf"hardening_{name}\): -1 is not allowed"):
        Caps.from_option({name: -1})
    assert getattr(Caps.from_option({name: 0}), name) == 0


@pytest.mark.parametrize("given", [None, {}, {"max_accounts_changed": None, "is_large_inventory": False}])
def test_a_module_by_itself_has_no_caps(given: t.Any) -> None:
    assert not Caps.from_option(given).has_any
