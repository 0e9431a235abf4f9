# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import math
import threading
import typing as t
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._account.moments import format_utc
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import Holder, name_process
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import (
    LASTS,
    HeldError,
    Lease,
    LeaseError,
    Permit,
    lease_key,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import (
    ConflictError,
    DirectoryStore,
    Store,
    StoreError,
    Versioned,
)

from ..fakes import ACCOUNT, CALLER, NOW, FakeStore

KEY = lease_key("aws", ACCOUNT)
# connect_timeout and read_timeout of the clients, then the margin for clocks.
NEEDS = timedelta(seconds=35 + 60)


class Clock:
    """The time of one machine, and of the stores that it is in step with. ``passed`` counts on, whoever sets it."""

    def __init__(self) -> None:
        self.now = NOW
        self.passed = 0.0
        self.stores: list[FakeStore] = []

    def advance(self, time: timedelta) -> None:
        self.now += time
        self.passed += time.total_seconds()
        for store in self.stores:
            store.now += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> FakeStore:
    made = FakeStore()
    clock.stores.append(made)
    return made


MakeLease = Callable[..., Lease]


@pytest.fixture
def make(store: FakeStore, clock: Clock) -> MakeLease:
    def make_lease(
        run_id: str = "one",
        job_id: str = "1",
        *,
        author: str = "",
        process: str = "awx.acme.example/1",
        caller: str = CALLER,
        host: str = "",
        worker: str = "",
        running: Collection[str] = (),
        place: t.Optional[Store] = None,
        account_id: str = ACCOUNT,
        longest_write: float = 35,
        renewed_after: t.Optional[timedelta] = None,
        keeps: bool = False,
        clock: Clock = clock,
    ) -> Lease:
        if isinstance(place, FakeStore) and place not in clock.stores:
            clock.stores.append(place)
        details = {"author": author}
        return Lease(
            place or store,
            Holder(
                run_id,
                job_id,
                "password_policy",
                caller,
                details,
                keeps=keeps,
                process=process,
                host=host,
                worker=worker,
            ),
            partition="aws",
            account_id=account_id,
            longest_write=longest_write,
            renewed_after=renewed_after,
            clock=lambda: clock.now,
            monotonic=lambda: clock.passed,
            find_process=lambda name: Yes(name) if name in running else NO if name else Unknown("no name"),
        )

    return make_lease


def read(store: FakeStore) -> dict[str, t.Any]:
    return t.cast(dict[str, t.Any], json.loads(store.objects[KEY]))


def test_a_lease_that_nobody_holds(store: FakeStore, make: MakeLease) -> None:
    lease = make(author="alice")
    assert lease.acquire() is None
    assert lease.record == {"fence": 1, "expires": "2026-11-25T02:15:00Z"}
    record = read(store)
    assert (record["run_id"], record["job_id"], record["author"], record["released"]) == ("one", "1", "alice", False)
    lease.check()


def test_another_job_is_refused_and_names_the_first(make: MakeLease) -> None:
    make(author="alice").acquire()
    with pytest.raises(
        LeaseError,
        match=r"run one \(job 1 of alice on awx.acme.example\) writes in account 111122223333.* until 2026-11-25T02:15",
    ):
        make("two", "2").acquire()


@pytest.mark.parametrize(("run_id", "job_id"), [("7", "2"), ("two", "1")])
def test_a_job_is_another_one_by_its_run_or_its_number(make: MakeLease, run_id: str, job_id: str) -> None:
    make("7").acquire()
    with pytest.raises(LeaseError, match="writes in account"):
        make(run_id, job_id).acquire()


@pytest.mark.parametrize("keeps", [True, False])
def test_jobs_of_two_controllers_with_one_number_are_two_jobs(make: MakeLease, keeps: bool) -> None:
    """Both controllers count from 1, and share a journal."""
    make("7", keeps=keeps).acquire()
    for process in ("awx.other.example/2", "awx.acme.example/3", ""):
        other = make("7", process=process, keeps=keeps)
        with pytest.raises(LeaseError, match=r"run 7 \(job 1 on awx.acme.example\) writes in account"):
            other.acquire()
        assert other.release_of_job() is False
        assert other.find_other() is not None
    if keeps:
        assert make("7").acquire() is None


def test_a_lease_of_an_older_version_is_that_of_another_job(make: MakeLease, store: FakeStore) -> None:
    make("7", keeps=True).acquire()
    record = read(store)
    del record["process"]
    store.put(KEY, json.dumps(record).encode())
    with pytest.raises(LeaseError, match=r"run 7 \(job 1\) writes in account"):
        make("7", keeps=True).acquire()


def test_the_name_of_a_process_is_made_once_and_names_its_place() -> None:
    first, second = (name_process("awx.acme.example") for _process in range(2))
    assert first != second
    assert first.partition("/")[0] == second.partition("/")[0] == "awx.acme.example"
    assert not name_process("").startswith("/")


def test_each_account_has_its_own(make: MakeLease) -> None:
    make().acquire()
    make("two", "2", account_id="444455556666").acquire()


def test_a_released_lease_is_taken_with_the_next_number(store: FakeStore, make: MakeLease) -> None:
    first = make()
    first.acquire()
    first.release()
    second = make("two", "2")
    assert second.acquire() is None
    assert second.record["fence"] == 2
    with pytest.raises(LeaseError, match="was not taken"):
        first.check()


def test_a_lease_that_ended_is_taken_over_and_named(make: MakeLease, clock: Clock) -> None:
    make().acquire()
    clock.advance(LASTS - timedelta(seconds=1))
    with pytest.raises(LeaseError):
        make("two", "2").acquire()
    clock.advance(timedelta(seconds=1))
    second = make("two", "2")
    taken_over = second.acquire()
    assert taken_over is not None and taken_over.describe() == "run one (job 1 on awx.acme.example)"
    assert second.record["fence"] == 2


def test_a_live_lease_is_broken_by_name_alone(make: MakeLease, clock: Clock) -> None:
    first = make()
    first.acquire()
    with pytest.raises(LeaseError, match="set hardening_break_lease to one"):
        make("two", "2").acquire("another")
    second = make("two", "2")
    assert second.acquire("one") is not None
    clock.advance(LASTS / 2)
    with pytest.raises(LeaseError, match=r"run two \(job 2 on awx.acme.example\) took over the lease"):
        first.renew()
    second.check()


def test_a_later_task_of_the_job_takes_it_from_the_earlier(make: MakeLease, clock: Clock) -> None:
    """Where the tasks keep it, the next one goes on under it. The first may not write any more."""
    first = make(keeps=True)
    first.acquire()
    second = make(keeps=True)
    assert second.acquire() is None
    assert second.record["fence"] == 2
    clock.advance(LASTS / 2)
    with pytest.raises(LeaseError, match="took over"):
        first.renew()


def test_two_tasks_of_one_job_do_not_write_at_once(make: MakeLease, clock: Clock) -> None:
    """Two hosts of a playbook name the same account. The first would learn of the second only when it renews."""
    first = make()
    first.acquire()
    with pytest.raises(LeaseError, match="another task of this job writes in account 111122223333"):
        make().acquire()
    first.check()
    first.release()
    assert make().acquire() is None
    # A task that was killed holds it no longer than any other job.
    clock.advance(LASTS)
    assert make().acquire() is None


def test_it_is_renewed_once_a_third_is_gone(store: FakeStore, make: MakeLease, clock: Clock) -> None:
    lease = make()
    lease.acquire()
    taken = store.objects[KEY]
    clock.advance(LASTS / 3 - timedelta(seconds=1))
    lease.renew()
    assert store.objects[KEY] == taken
    clock.advance(timedelta(seconds=1))
    lease.renew()
    assert lease.record == {"fence": 1, "expires": "2026-11-25T02:20:00Z"}
    assert read(store)["expires"] == "2026-11-25T02:20:00Z"


def test_nothing_is_sent_that_could_outlast_the_lease(make: MakeLease, clock: Clock) -> None:
    lease = make()
    lease.acquire()
    clock.advance(LASTS - NEEDS)
    lease.check()
    clock.advance(timedelta(milliseconds=1))
    with pytest.raises(LeaseError, match="nothing was sent"):
        lease.check()


@pytest.mark.parametrize("hidden", ["now", "passed"])
def test_neither_a_clock_that_is_set_back_nor_one_that_slept_lengthens_it(
    make: MakeLease, clock: Clock, hidden: str
) -> None:
    lease = make()
    lease.acquire()
    before = getattr(clock, hidden)
    clock.advance(LASTS)
    setattr(clock, hidden, before)
    with pytest.raises(LeaseError, match="nothing was sent"):
        lease.check()


def test_a_renewal_that_fails_matters_once_the_rest_is_too_short(
    store: FakeStore, make: MakeLease, clock: Clock
) -> None:
    lease = make()
    lease.acquire()
    store.full = True
    clock.advance(LASTS - NEEDS)
    lease.renew()
    clock.advance(timedelta(seconds=1))
    with pytest.raises(LeaseError, match="can't be renewed: can't write .*no space left"):
        lease.renew()


def test_an_ended_lease_that_nobody_took_is_renewed(make: MakeLease, clock: Clock) -> None:
    """The writer waited for AWS longer than the lease lasts. Nobody else has written."""
    lease = make()
    lease.acquire()
    clock.advance(2 * LASTS)
    with pytest.raises(LeaseError):
        lease.check()
    lease.renew()
    lease.check()


def test_an_ended_lease_that_somebody_took_is_lost(make: MakeLease, clock: Clock) -> None:
    lease = make()
    lease.acquire()
    clock.advance(LASTS)
    second = make("two", "2")
    second.acquire()
    second.release()
    with pytest.raises(LeaseError, match="run two"):
        lease.renew()


def test_a_lost_lease_is_not_released(store: FakeStore, make: MakeLease, clock: Clock) -> None:
    first = make()
    first.acquire()
    clock.advance(LASTS)
    make("two", "2").acquire()
    first.release()
    assert (read(store)["run_id"], read(store)["released"]) == ("two", False)


class DeafStore(FakeStore):
    """A store whose answers to writes are lost: each write takes effect, and then fails as with error 500."""

    deaf = False

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        written = super().swap(key, content, version)
        if self.deaf:
            raise StoreError(f"can't write {self.location}/{key}: InternalError")
        return written


def test_a_renewal_whose_answer_was_lost_is_recognized_by_the_next(make: MakeLease, clock: Clock) -> None:
    place = DeafStore()
    lease = make(place=place)
    lease.acquire()
    place.deaf = True
    clock.advance(LASTS / 2)
    lease.renew()
    place.deaf = False
    clock.advance(timedelta(seconds=10))
    lease.renew()
    lease.check()
    assert lease.record == {"fence": 1, "expires": "2026-11-25T02:22:40Z"}
    place.deaf = True
    clock.advance(LASTS / 2)
    lease.renew()
    place.deaf = False
    lease.release()
    assert read(place)["released"]


def test_a_lease_that_was_replaced_by_something_else_is_lost_at_once(
    store: FakeStore, make: MakeLease, clock: Clock
) -> None:
    lease = make()
    lease.acquire()
    store.objects[KEY] = b"{}"
    clock.advance(LASTS / 2)
    with pytest.raises(LeaseError, match="somebody took over the lease"):
        lease.renew()


def test_long_time_outs_make_a_long_lease(make: MakeLease) -> None:
    lease = make(longest_write=900)
    lease.acquire()
    assert lease.record["expires"] == "2026-11-25T02:32:00Z"
    lease.check()


@pytest.mark.parametrize("seconds", [1201, math.inf])
def test_time_outs_that_no_lease_outlasts(make: MakeLease, seconds: float) -> None:
    with pytest.raises(InputError, match="aws_config"):
        make(longest_write=seconds)


def test_the_job_releases_what_its_tasks_kept(store: FakeStore, make: MakeLease) -> None:
    make().acquire()
    assert not make("one", "2").release_of_job()
    assert not read(store)["released"]
    assert make().release_of_job()
    assert read(store)["released"]
    assert not make().release_of_job()


def test_without_a_lease_there_is_nothing_to_release(store: FakeStore, make: MakeLease) -> None:
    assert not make().release_of_job()
    assert not store.objects


@pytest.mark.parametrize("lost", [True, False])
def test_a_place_that_does_not_work_gives_no_lease(store: FakeStore, make: MakeLease, lost: bool) -> None:
    store.lost, store.full = lost, not lost
    with pytest.raises(StoreError):
        make().acquire()


MALFORMED: t.Final[dict[str, t.Any]] = {
    "schema": "hardening.iam/lease/2",
    "account_id": "444455556666",
    "partition": "aws-cn",
    "fence": True,
    "released": "false",
    "run_id": "../../x",
    "job_id": 7,
    "expires": "tomorrow",
    "written": "yesterday",
    "taken_from": 7,
}


@pytest.mark.parametrize("field", MALFORMED)
def test_a_forged_lease_lets_nobody_write(store: FakeStore, make: MakeLease, field: str) -> None:
    make().acquire()
    store.objects[KEY] = json.dumps({**read(store), field: MALFORMED[field]}).encode()
    with pytest.raises(LeaseError, match="is not a lease"):
        make("two", "2").acquire()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"null"])
def test_what_is_no_lease_lets_nobody_write(store: FakeStore, make: MakeLease, content: bytes) -> None:
    store.objects[KEY] = content
    with pytest.raises(LeaseError, match="is not a lease"):
        make().acquire()


def test_a_lease_without_end_is_doubted_and_can_be_broken(store: FakeStore, make: MakeLease) -> None:
    make().acquire()
    store.objects[KEY] = json.dumps({**read(store), "expires": "9998-01-01T00:00:00Z"}).encode()
    with pytest.raises(LeaseError, match="longer than any that this collection takes"):
        make("two", "2").acquire()
    assert make("two", "2").acquire("one") is not None


@pytest.mark.parametrize(
    ("lasts", "is_doubted"),
    [
        (timedelta(hours=1), False),
        # The clocks of two machines may differ by a minute.
        (timedelta(hours=1, minutes=1), False),
        (timedelta(hours=1, minutes=1, seconds=1), True),
    ],
)
def test_a_lease_of_an_hour_is_one_of_this_collection(
    store: FakeStore, make: MakeLease, lasts: timedelta, is_doubted: bool
) -> None:
    make().acquire()
    store.objects[KEY] = json.dumps({**read(store), "expires": format_utc(NOW + lasts)}).encode()
    expected = "longer than any that this collection takes" if is_doubted else "Wait for that run"
    with pytest.raises(LeaseError, match=expected) as caught:
        make("two", "2").acquire()
    assert "set hardening_break_lease to one" in str(caught.value) and format_utc(NOW + lasts) in str(caught.value)


def test_a_lease_that_others_write_each_time_is_not_taken(store: FakeStore, make: MakeLease) -> None:
    tried: list[str] = []

    def lose(key: str, _content: bytes, _version: t.Optional[str]) -> str:
        tried.append(key)
        raise ConflictError("somebody was faster")

    store.swap = lose  # type: ignore[method-assign]
    lease = make()
    with pytest.raises(LeaseError, match=f"the lease .*{KEY} is written by others again and again; run again"):
        lease.acquire()
    assert tried == [KEY] * 8
    with pytest.raises(LeaseError, match="was not taken"):
        lease.check()


def test_a_lease_is_no_longer_here_than_it_says(make: MakeLease, clock: Clock) -> None:
    """It is kept with whole seconds, by which others count."""
    clock.now += timedelta(milliseconds=900)
    lease = make()
    lease.acquire()
    assert lease.record["expires"] == "2026-11-25T02:15:00Z"
    clock.advance(LASTS - NEEDS - timedelta(milliseconds=900))
    lease.check()
    clock.advance(timedelta(milliseconds=1))
    with pytest.raises(LeaseError, match="nothing was sent"):
        lease.check()


def test_a_lease_names_the_job_that_people_can_look_at(store: FakeStore, clock: Clock) -> None:
    for details, job, author in (({"job": "patch (#7)", "author": "ana"}, "patch (#7)", "ana"), ({}, None, None)):
        holder = Holder("one", "1", "password_policy", CALLER, details)
        Lease(store, holder, partition="aws", account_id=ACCOUNT, clock=lambda: clock.now).acquire("one")
        record = read(store)
        assert (record["job"], record["author"], record["written"]) == (job, author, "2026-11-25T02:00:00Z")
        # People read it too.
        assert store.objects[KEY].startswith(b'{\n  "account_id": ')


def test_the_author_can_not_forge_lines(make: MakeLease) -> None:
    make(author="alice\n\x1b[2Jok").acquire()
    with pytest.raises(LeaseError) as caught:
        make("two", "2").acquire()
    assert "alice[2Jok" in str(caught.value) and str(caught.value).isprintable()


def test_of_many_that_start_at_once_one_writes(tmp_path: Path, make: MakeLease) -> None:
    together = threading.Barrier(8)

    def start(number: int) -> bool:
        lease = make(f"run{number}", str(number), place=DirectoryStore(str(tmp_path)))
        together.wait(timeout=10)
        try:
            lease.acquire()
        except LeaseError:
            return False
        return True

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert sorted(pool.map(start, range(8))) == [False] * 7 + [True]


def test_a_write_without_a_lease_is_stopped(make: MakeLease) -> None:
    permit = Permit()
    with pytest.raises(LeaseError, match="without a lease"):
        permit.check()
    lease = make()
    lease.acquire()
    permit.grant(lease)
    permit.check()
    permit.grant()
    with pytest.raises(LeaseError, match="without a lease"):
        permit.check()


def test_a_write_in_another_account_needs_both_leases(make: MakeLease, clock: Clock) -> None:
    own, other = make(), make(account_id="222233334444")
    own.acquire()
    clock.advance(timedelta(minutes=10))
    other.acquire()
    permit = Permit()
    permit.grant(own, other)
    permit.check()
    assert permit.lease is own
    clock.advance(timedelta(minutes=5))
    with pytest.raises(LeaseError, match="would end before"):
        permit.check()


def test_clocks_of_two_machines_may_differ_by_a_minute(make: MakeLease, clock: Clock) -> None:
    """A job whose clock is a minute ahead takes over; the last request of the first has ended by then."""
    lease = make()
    lease.acquire()
    ahead = Clock()
    ahead.now += timedelta(seconds=60)
    sent: t.Optional[datetime] = None
    while True:
        try:
            lease.check()
        except LeaseError:
            break
        sent = clock.now
        clock.advance(timedelta(seconds=1))
        ahead.advance(timedelta(seconds=1))
    assert sent is not None
    other = make("two", "2", clock=ahead)
    while True:
        try:
            other.acquire()
        except LeaseError:
            clock.advance(timedelta(seconds=1))
            ahead.advance(timedelta(seconds=1))
        else:
            break
    assert clock.now >= sent + timedelta(seconds=35)


class Killed(BaseException):
    """The process ends here: no other code of it runs."""


class FragileStore(FakeStore):
    """A store whose process is killed at the n-th request, before it takes effect or after."""

    def __init__(self, at: int, *, after: bool) -> None:
        super().__init__()
        self._left = at
        self._after = after
        self._is_within = False

    def get_versioned(self, key: str) -> t.Optional[Versioned]:
        return self._at_risk(lambda: FakeStore.get_versioned(self, key))

    def swap(self, key: str, content: bytes, version: t.Optional[str]) -> str:
        return self._at_risk(lambda: FakeStore.swap(self, key, content, version))

    def _at_risk(self, request: Callable[[], t.Any]) -> t.Any:
        if self._is_within:
            return request()
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        self._is_within = True
        answer = request()
        self._is_within = False
        if self._left == 0:
            raise Killed
        return answer


# Two requests to take it, one to renew it, and one to release it.
@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("after", [False, True])
def test_wherever_a_job_is_killed_the_account_is_free_in_time(
    make: MakeLease, clock: Clock, at: int, after: bool
) -> None:
    place = FragileStore(at, after=after)
    lease = make(place=place)
    with pytest.raises(Killed):
        lease.acquire()
        clock.advance(LASTS / 2)
        lease.renew()
        lease.release()
    clock.advance(LASTS)
    other = make("two", "2", place=place)
    other.acquire()
    other.check()
    assert other.record["fence"] <= 2


# Taking a lease over in an emergency


@pytest.mark.parametrize("module", ["password_policy", "rollback", ""])
def test_an_emergency_takes_the_lease_of_another_job_over(make: MakeLease, store: FakeStore, module: str) -> None:
    first = make()
    first.acquire()
    set_module(store, module)
    taken = make("two", "2").acquire(takes_over=True)
    assert taken is not None and taken.run_id == "one"
    assert read(store)["fence"] == 2


@pytest.mark.parametrize("module", ["credential_quarantine", "session_revocation", "organization_containment"])
def test_an_emergency_does_not_take_the_lease_of_another_one(
    make: MakeLease, store: FakeStore, clock: Clock, module: str
) -> None:
    make().acquire()
    set_module(store, module)
    with pytest.raises(HeldError, match="run one .* writes in account"):
        make("two", "2").acquire(takes_over=True)
    # Broken by name, or over, it is nobody's any more.
    clock.advance(LASTS)
    assert make("two", "2").acquire(takes_over=True) is not None


def test_an_emergency_takes_the_lease_of_another_one_that_does_not_renew_it(make: MakeLease, store: FakeStore) -> None:
    first = make(renewed_after=timedelta())
    first.acquire()
    set_module(store, "credential_quarantine")
    with pytest.raises(HeldError) as held:
        make("two", "2").acquire(takes_over=True, silent="of another time")
    # Only an emergency takes it.
    with pytest.raises(HeldError):
        make("two", "2").acquire(silent=held.value.version)
    assert make("two", "2").acquire(takes_over=True, silent=held.value.version) is not None


def test_a_lease_that_is_renewed_at_once_has_another_version_each_time(make: MakeLease, store: FakeStore) -> None:
    first = make(renewed_after=timedelta())
    first.acquire()
    versions = []
    for _look in range(3):
        with pytest.raises(HeldError) as held:
            make("two", "2").acquire()
        versions.append(held.value.version)
        first.renew()
    assert len(set(versions)) == 3


def test_the_job_that_lost_its_lease_writes_no_more(make: MakeLease, clock: Clock) -> None:
    first = make()
    first.acquire()
    make("two", "2").acquire(takes_over=True)
    clock.advance(LASTS / 2)
    with pytest.raises(LeaseError, match="run two .* took over the lease"):
        first.renew()


def set_module(store: FakeStore, module: str) -> None:
    store.objects[KEY] = json.dumps({**read(store), "module": module}).encode()


# By the clock of the store


@pytest.mark.parametrize("minutes", [-17, 17])
def test_no_clock_that_is_off_takes_a_live_lease(make: MakeLease, clock: Clock, minutes: int) -> None:
    off = Clock()
    off.now += timedelta(minutes=minutes)
    make().acquire()
    clock.advance(LASTS - timedelta(seconds=1))
    with pytest.raises(HeldError, match="until 2026-11-25T02:15:00Z"):
        make("two", "2", clock=off).acquire()
    clock.advance(timedelta(seconds=1))
    assert make("two", "2", clock=off).acquire() is not None


@pytest.mark.parametrize("minutes", [-17, 17])
def test_the_lease_of_a_job_whose_clock_is_off_lasts_as_long(make: MakeLease, clock: Clock, minutes: int) -> None:
    off = Clock()
    off.now += timedelta(minutes=minutes)
    first = make(clock=off)
    first.acquire()
    first.check()
    clock.advance(LASTS - timedelta(seconds=1))
    with pytest.raises(HeldError):
        make("two", "2").acquire()
    clock.advance(timedelta(seconds=1))
    assert make("two", "2").acquire() is not None


def test_a_store_whose_clock_can_not_be_read_gives_no_lease_away(
    make: MakeLease, store: FakeStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make().acquire()
    clock.advance(2 * LASTS)

    def refuse() -> t.NoReturn:
        raise StoreError("no answer has a date")

    monkeypatch.setattr(store, "read_clock", refuse)
    with pytest.raises(StoreError, match="no answer has a date"):
        make("two", "2").acquire()


# A writer proves that it still holds the lease


def test_a_writer_whose_lease_was_taken_stops_within_seconds(make: MakeLease, clock: Clock) -> None:
    first = make()
    first.acquire()
    first.renew()
    make("two", "2").acquire("one")
    clock.advance(timedelta(seconds=5))
    with pytest.raises(LeaseError, match=r"run two .* took over the lease of account 111122223333"):
        first.renew()


def test_before_its_first_write_a_job_looks_whether_it_is_alone(store: FakeStore, make: MakeLease) -> None:
    """The place took the writes of two jobs that had read the same."""
    store.ignores = True
    first, second = make(), make("two", "2")
    first.acquire()
    del store.objects[KEY]
    second.acquire()
    assert first.record["fence"] == second.record["fence"]
    with pytest.raises(LeaseError, match="run two"):
        first.renew()
    second.renew()


def test_a_lease_that_was_deleted_is_lost(store: FakeStore, make: MakeLease) -> None:
    lease = make()
    lease.acquire()
    del store.objects[KEY]
    with pytest.raises(LeaseError, match="somebody took over"):
        lease.renew()


def test_a_writer_that_can_not_read_its_lease_stops_soon(store: FakeStore, make: MakeLease, clock: Clock) -> None:
    lease = make()
    lease.acquire()
    lease.renew()
    store.lost = True
    clock.advance(timedelta(seconds=29))
    lease.renew()
    clock.advance(timedelta(seconds=1))
    with pytest.raises(LeaseError, match="not known whether this job still holds the lease of the account: .*denied"):
        lease.renew()
    store.lost = False
    lease.renew()


def test_a_lease_is_read_again_once_in_some_seconds(store: FakeStore, make: MakeLease, clock: Clock) -> None:
    lease = make()
    lease.acquire()
    lease.renew()
    store.lost = True
    clock.advance(timedelta(seconds=4))
    lease.renew()


# A rerun takes over what a killed job left

HOST: t.Final = "ci-1/3f1c/pid:[4026531836]"
KILLED: t.Final[dict[str, t.Any]] = {"process": "ci-1/ab-70.900", "host": HOST, "worker": "71.950"}
RERUN: t.Final[dict[str, t.Any]] = {"process": "ci-1/cd-80.990", "host": HOST, "worker": "81.995"}


@pytest.mark.parametrize("caller", [CALLER, CALLER.rpartition("/")[0] + "/another-job"])
def test_a_rerun_takes_over_from_a_process_that_has_ended(make: MakeLease, store: FakeStore, caller: str) -> None:
    first = make(**KILLED)
    first.acquire()
    second = make("two", "2", **RERUN, caller=caller)
    assert second.find_other() is None
    taken = second.acquire()
    assert taken is not None and taken.taken_because == "its process 70 on this machine has ended"
    assert read(store)["fence"] == 2
    second.renew()
    with pytest.raises(LeaseError, match="run two"):
        first.renew()


@pytest.mark.parametrize(
    "change",
    [
        {"running": ["70.900"]},
        {"running": ["71.950"]},
        {"caller": f"arn:aws:iam::{ACCOUNT}:user/alice"},
        {"caller": CALLER.replace("/automation/", "/automation-2/")},
        {"host": "ci-1/3f1c/pid:[4026532001]"},
        {"host": ""},
    ],
)
def test_a_rerun_waits_where_the_other_may_be_at_work(make: MakeLease, change: dict[str, t.Any]) -> None:
    make(**KILLED).acquire()
    second = make("two", "2", **{**RERUN, **change})
    with pytest.raises(HeldError, match="set hardening_break_lease to one"):
        second.acquire()
    assert second.find_other() is not None


@pytest.mark.parametrize("unknown", [{"worker": ""}, {"process": "ci-1/ab-"}])
def test_a_process_that_is_not_named_may_be_at_work(make: MakeLease, unknown: dict[str, t.Any]) -> None:
    make(**{**KILLED, **unknown}).acquire()
    with pytest.raises(HeldError):
        make("two", "2", **RERUN).acquire()


OTHER: t.Final[dict[str, t.Any]] = {**RERUN, "host": "ci-2/9d20/pid:[4026531836]"}


def test_a_rerun_under_the_same_given_id_takes_over_once(make: MakeLease) -> None:
    first = make("release-7", **KILLED)
    first.acquire()
    second = make("release-7", "2", **OTHER)
    taken = second.acquire()
    assert taken is not None and taken.taken_because == "this run was given the same hardening_run_id"
    # The first was at work after all. It does not take the lease back, or both would go on in turns.
    for lease in (make("release-7", **KILLED), make("release-7", "3", **KILLED)):
        with pytest.raises(HeldError):
            lease.acquire()
    second.release()
    assert make("release-7", **KILLED).acquire() is None


@pytest.mark.parametrize("run_id", ["7", "20261125T020000Z", "20261125T020000Z-ab12"])
def test_an_id_that_nobody_gave_takes_nothing_over(make: MakeLease, run_id: str) -> None:
    """Two controllers of AWX count from 1, and two runs may start in one second."""
    make(run_id, **KILLED).acquire()
    with pytest.raises(HeldError):
        make(run_id, "2", **OTHER).acquire()


@pytest.mark.parametrize("change", [{"caller": f"arn:aws:iam::{ACCOUNT}:user/alice"}, {**RERUN, "running": ["70.900"]}])
def test_a_given_id_takes_nothing_from_another_caller_or_a_process_that_runs(
    make: MakeLease, change: dict[str, t.Any]
) -> None:
    make("release-7", **KILLED).acquire()
    with pytest.raises(HeldError):
        make("release-7", "2", **{**OTHER, **change}).acquire()


def test_a_given_id_takes_nothing_from_a_containment(make: MakeLease, store: FakeStore) -> None:
    make("release-7", **KILLED).acquire()
    set_module(store, "credential_quarantine")
    with pytest.raises(HeldError):
        make("release-7", "2", **OTHER).acquire()


def test_of_two_reruns_one_takes_over(tmp_path: Path, make: MakeLease) -> None:
    place = DirectoryStore(str(tmp_path))
    make(**KILLED, place=place).acquire()
    together = threading.Barrier(4)

    def start(number: int) -> bool:
        process = f"ci-1/cd-{80 + number}.990"
        lease = make(f"run{number}", place=place, process=process, host=HOST, worker="81.995", running=["81.995"])
        together.wait(timeout=10)
        try:
            lease.acquire()
        except LeaseError:
            return False
        return True

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert sorted(pool.map(start, range(4))) == [False] * 3 + [True]
