# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.verification import (
    find_missing,
    find_unverified,
    list_waits,
    settle,
    side_by_side,
)

from .fakes import FakeAws, FakeAwsError, FakeCapability, change

ERRORS: t.Final = (FakeAwsError,)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("new", Outcome.APPLIED), ("old", Outcome.FAILED), ("else", Outcome.UNKNOWN), (None, Outcome.UNKNOWN)],
)
def test_a_change_whose_answer_is_lost_is_judged_by_what_is_there(state: t.Any, outcome: Outcome) -> None:
    assert settle(FakeAws(alice=state).reread, change(), errors=ERRORS) is outcome


def test_what_cannot_be_read_is_not_known_and_another_error_is_one() -> None:
    aws = FakeAws(alice="new")
    aws.unreadable = True
    assert settle(aws.reread, change(), errors=ERRORS) is Outcome.UNKNOWN
    with pytest.raises(FakeAwsError):
        settle(aws.reread, change(), errors=(KeyError,))


def verify(aws: FakeAws, *made: Change, insists: bool = False) -> tuple[tuple[Change, ...], list[float]]:
    """What does not show in the end, and how long was waited."""
    capability = FakeCapability(aws)
    capability.insists = insists  # type: ignore[misc]
    waited: list[float] = []
    return find_unverified(capability, made, errors=ERRORS, sleep=waited.append), waited


class Slow(FakeAws):
    """Each user shows what it is after so many looks."""

    def __init__(self, looks: t.Mapping[str, int], **states: t.Any) -> None:
        super().__init__(**states)
        self.looks = dict(looks)
        self.lock = threading.Lock()

    def reread(self, wanted: Change) -> t.Any:
        with self.lock:
            left = self.looks.get(wanted.target.rpartition("/")[2], 0)
            self.looks[wanted.target.rpartition("/")[2]] = left - 1
        return "old" if left > 0 else super().reread(wanted)


def test_what_shows_at_once_is_not_waited_for() -> None:
    assert verify(FakeAws(alice="new", bob="new"), change(), change("bob")) == ((), [])
    assert verify(FakeAws()) == ((), [])


def test_what_shows_late_is_looked_at_again() -> None:
    assert verify(Slow({"alice": 3}, alice="new", bob="new"), change(), change("bob")) == ((), [0.5, 1.0, 2.0])
    assert verify(Slow({"alice": 6}, alice="new"), change())[0] == ()


def test_what_never_shows_is_named_at_the_end() -> None:
    made = change(), change("bob"), change("carol")
    unseen, waited = verify(FakeAws(alice="old", bob="new", carol="else"), *made)
    assert unseen == (made[0], made[2]) and waited == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
    aws = FakeAws(alice="new")
    aws.unreadable = True
    assert verify(aws, made[0])[0] == (made[0],)


def test_each_service_is_waited_for_as_long_as_it_may_take() -> None:
    slow = change("bob", service="sqs")
    unseen, waited = verify(FakeAws(), change(), slow)
    assert unseen == (change(), slow) and waited[-2:] == [16.0, 16.0] and len(waited) == 8
    assert verify(Slow({"bob": 8}, bob="new"), slow)[0] == ()


def test_containment_waits_shortly_since_its_next_pass_looks_again() -> None:
    assert verify(FakeAws(), change(), insists=True) == ((change(),), [0.5, 1.0, 2.0, 4.0])
    capability = FakeCapability(FakeAws())
    assert list(list_waits(capability, change())) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_of_several_changes_of_an_object_the_last_has_to_show() -> None:
    first, last = change(after="half"), change()
    assert verify(FakeAws(alice="new"), first, last) == ((), [])
    assert verify(FakeAws(alice="half"), first, last)[0] == (last,)
    # Containment changes each part of an object once.
    assert verify(FakeAws(alice="new"), first, last, insists=True)[0] == (first,)


def test_what_is_missing_now_is_found_and_what_cannot_be_read_is_not() -> None:
    aws = FakeAws(alice="new", bob="old")
    made = change(), change("bob"), change("carol")
    assert find_missing(FakeCapability(aws), made, errors=ERRORS) == made[1:]
    assert find_missing(FakeCapability(aws), (), errors=ERRORS) == ()
    aws.unreadable = True
    assert find_missing(FakeCapability(aws), made, errors=ERRORS) == ()


@pytest.mark.parametrize("workers", [0, 1, 2, 20])
def test_answers_stay_in_the_order_of_their_questions(workers: int) -> None:
    assert side_by_side(lambda number: number * 2, range(30), workers=workers) == [number * 2 for number in range(30)]


def test_one_worker_is_this_thread_and_more_are_others() -> None:
    here = threading.get_ident()
    assert set(side_by_side(lambda _value: threading.get_ident(), "ab", workers=1)) == {here}
    assert here not in side_by_side(lambda _value: threading.get_ident(), "ab", workers=2)


@pytest.mark.parametrize(("workers", "threads"), [(2, 2), (5, 5), (20, 8)])
def test_so_many_are_asked_at_a_time_and_no_more(workers: int, threads: int) -> None:
    # Nobody goes on before so many are at work.
    together = threading.Barrier(threads, timeout=60)

    def work(_number: int) -> int:
        together.wait()
        return threading.get_ident()

    assert len(set(side_by_side(work, range(4 * threads), workers=workers))) == threads


def test_regions_are_read_at_the_same_time_and_what_is_in_one_region_in_turn() -> None:
    together = threading.Barrier(2, timeout=60)
    threads: set[int] = set()

    class Watched(FakeAws):
        def reread(self, wanted: Change) -> t.Any:
            if wanted.region != "global":
                together.wait()
            threads.add(threading.get_ident())
            return super().reread(wanted)

    aws = Watched(alice="new", bob="new")
    assert verify(aws, change(region="eu-west-1"), change("bob", region="us-east-1")) == ((), [])
    threads.clear()
    assert verify(aws, change(), change("bob")) == ((), []) and threads == {threading.get_ident()}
