# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift wars: the journal against the event history."""

from __future__ import annotations

import collections
import functools
import json
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, No, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._account.change_events import ChangeEvent, EventHistory
from ansible_collections.hardening.iam.plugins.module_utils._converge.arn import principals_of
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.drift import (
    Recurrence,
    find_recurring,
    find_war,
    make_finding,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.history import (
    MOST_RECORDS,
    WINDOW,
    History,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.ownership.owner import DriftWar, Unread
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError

from ..fakes import FakeStore
from .owned import ACCOUNT, BOUNDARY, ROLE, change, item

START: t.Final = datetime(2026, 11, 1, 3, tzinfo=UTC)
PIPELINE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
OTHER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/eve"
OURS: t.Final = principals_of([f"arn:aws:iam::{ACCOUNT}:role/automation"])
UNREAD: t.Final = "AccessDenied"


class Memory:
    """The facts of a run, through JSON."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def recall(self, name: str) -> t.Any:
        return json.loads(self.facts[name]) if name in self.facts else None

    def note(self, name: str, value: t.Any) -> None:
        self.facts[name] = json.dumps(value)


class CountedStore(FakeStore):
    """A store that counts how often it is listed, and each of its records read."""

    def __init__(self) -> None:
        super().__init__()
        self.lists = 0
        self.reads: collections.Counter[str] = collections.Counter()

    def list(self, prefix: str = "") -> list[str]:
        self.lists += 1
        return super().list(prefix)

    def get(self, key: str) -> t.Optional[bytes]:
        self.reads[key] += 1
        return super().get(key)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def record(
    store: FakeStore, made: Change, number: float, outcome: Outcome = Outcome.APPLIED, *, prefix: str = ""
) -> None:
    """Record a change of the run of one day."""
    journal = Journal(
        store,
        account_id=ACCOUNT,
        run_id=f"{prefix}{day(number):%Y%m%dT%H%M%SZ}",
        job_id="1",
        module="permissions_boundary",
        caller_arn="arn",
        clock=lambda: day(number),
    )
    journal.conclude(journal.intend(made), outcome)


def history(store: FakeStore, memory: t.Optional[Memory] = None, now: datetime = START) -> History:
    return History(store, ACCOUNT, now=now, memory=memory)


def recurring(store: FakeStore, *changes: Change, **more: t.Any) -> list[tuple[str, int]]:
    found = find_recurring(history(store, **more), changes or [change()])
    return [(recurrence.change.operation, len(recurrence.made)) for recurrence in found]


def test_a_change_that_was_made_twice_recurs() -> None:
    store = FakeStore()
    record(store, change(), 0)
    assert recurring(store) == []
    record(store, change(), 1)
    assert recurring(store) == [("PutRolePermissionsBoundary", 2)]
    (found,) = find_recurring(history(store), [change()])
    assert found.made == (day(0), day(1))
    assert found.item == item()


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (change(), Outcome.FAILED),
        (change(), Outcome.FOREIGN),
        (change(), Outcome.UNKNOWN),
        (change(after={"boundary": "another"}), Outcome.APPLIED),
        (change(target=f"arn:aws:iam::{ACCOUNT}:role/apps/Other"), Outcome.APPLIED),
        (change(undoes="run/1"), Outcome.APPLIED),
        (change("AttachRolePolicy", after={"boundary": BOUNDARY}), Outcome.APPLIED),
    ],
)
def test_only_the_same_change_counts_if_it_was_made(made: Change, outcome: Outcome) -> None:
    store = FakeStore()
    record(store, change(), 0)
    record(store, made, 1, outcome)
    record(store, made, 2, outcome)
    assert recurring(store) == []


def test_files_that_are_no_records_of_the_account_prove_nothing() -> None:
    store = FakeStore()
    record(store, change(), 0)
    record(store, change(), 1)
    store.put(f"{ACCOUNT}/notes.txt", b"text")
    store.put("999988887777/1/1/000001-intent.json", b"{}")
    assert recurring(store) == [("PutRolePermissionsBoundary", 2)]


@pytest.mark.parametrize("ending", ["intent", "outcome"])
@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]"])
def test_a_record_that_can_t_be_read_may_be_one_of_the_change(ending: str, content: bytes) -> None:
    store = FakeStore()
    record(store, change(), 0)
    record(store, change(), 1)
    broken = next(key for key in store.list() if key.endswith(f"{ending}.json"))
    store.put(broken, content)
    with pytest.raises(StoreError):
        recurring(store)


def test_a_journal_that_can_t_be_listed_is_no_journal_without_the_change() -> None:
    store = FakeStore()
    store.lost = True
    with pytest.raises(StoreError):
        recurring(store)


def test_only_the_newest_records_are_read() -> None:
    store = FakeStore()
    record(store, change(), 0)
    record(store, change(), 1)
    for number in range(MOST_RECORDS):
        record(store, change("AttachRolePolicy"), 2 + number)
    assert recurring(store, now=day(2)) == []


def fill(store: FakeStore, count: int, first: float = 0) -> None:
    """Record this many other changes, one a night."""
    for number in range(count):
        record(store, change("AttachRolePolicy"), first + number)


def test_roles_of_one_run_list_the_journal_once_and_read_each_record_once() -> None:
    store, memory = CountedStore(), Memory()
    fill(store, 40)
    for number in (40, 41):
        record(store, change(), number)
        record(store, change("DetachRolePolicy"), number + 0.1)
    store.lists = 0
    now = day(42)
    assert recurring(store, memory=memory, now=now) == [("PutRolePermissionsBoundary", 2)]
    assert store.lists == 1
    # The intents of all, and how those ended that the plan has.
    assert (len(store.reads), set(store.reads.values())) == (44 + 2, {1})
    assert recurring(store, change("DetachRolePolicy"), memory=memory, now=now) == [("DetachRolePolicy", 2)]
    assert recurring(store, memory=memory, now=now) == [("PutRolePermissionsBoundary", 2)]
    assert store.lists == 1
    assert (len(store.reads), set(store.reads.values())) == (44 + 4, {1})


def test_the_search_ends_where_the_window_of_events_begins() -> None:
    """Of a reversal that is older, AWS has no event."""
    store = CountedStore()
    fill(store, 100)
    record(store, change(), 100)
    record(store, change(), 101)
    now = day(102)
    assert recurring(store, now=now) == [("PutRolePermissionsBoundary", 2)]
    intents = [key for key in store.reads if key.endswith("-intent.json")]
    # Those of the last ninety days, and the first one before them.
    assert len(intents) == WINDOW.days + 1
    assert recurring(store, now=now + WINDOW) == []


def test_runs_with_another_kind_of_id_are_searched_too() -> None:
    """Ids of AWX are numbers, and sort before the times of other runs, however new they are."""
    store = FakeStore()
    fill(store, 3, first=-200)
    for number in (0, 1):
        journal = Journal(
            store,
            account_id=ACCOUNT,
            run_id=str(900 + number),
            job_id="1",
            module="permissions_boundary",
            caller_arn="arn",
            clock=functools.partial(day, number),
        )
        journal.conclude(journal.intend(change()), Outcome.APPLIED)
    assert recurring(store, now=day(2)) == [("PutRolePermissionsBoundary", 2)]


@pytest.mark.parametrize("count", [1, MOST_RECORDS])
@pytest.mark.parametrize("prefix", ["z-", "b-"])
def test_runs_of_a_controller_that_is_gone_hide_no_others(prefix: str, count: int) -> None:
    """Each controller may give its runs a prefix. Their ids have one length, and sort by the prefix."""
    store = FakeStore()
    for number in range(count):
        record(store, change("AttachRolePolicy"), -200 - number, prefix=prefix)
    for number in (0, 1):
        record(store, change(), number, prefix="a-")
    assert recurring(store, now=day(2)) == [("PutRolePermissionsBoundary", 2)]


def test_what_a_run_kept_of_another_journal_is_not_used() -> None:
    store, memory = CountedStore(), Memory()
    assert recurring(store, memory=memory) == []
    other = CountedStore()
    other.location = "s3://other/journal"
    record(other, change(), -2)
    record(other, change(), -1)
    assert recurring(other, memory=memory) == [("PutRolePermissionsBoundary", 2)]


def test_nothing_is_read_for_changes_that_are_held_against_nobody() -> None:
    store = FakeStore()
    store.lost = True
    assert recurring(store, change("UpdateAccessKey")) == []


# The caller


def event(operation: str, number: float, caller: str = PIPELINE, **parameters: t.Any) -> ChangeEvent:
    return ChangeEvent(
        operation, day(number), caller, "Terraform", "Terraform", False, {"roleName": "App", **parameters}
    )


REMOVAL: t.Final = "DeleteRolePermissionsBoundary"


def war(
    *events: ChangeEvent, made: t.Sequence[float] = (0, 1), asked: t.Optional[Change] = None
) -> t.Optional[tuple[str, int]]:
    """The caller and the number of reversals; None if no war is known."""
    found = answer(*events, made=made, asked=asked)
    return (found.value.caller, found.value.times) if isinstance(found, Yes) else None


def answer(
    *events: ChangeEvent,
    made: t.Sequence[float] = (0, 1),
    asked: t.Optional[Change] = None,
    now: float = 60,
    rest: t.Union[No, Unknown] = NO,
) -> t.Union[Yes[DriftWar], No, Unread]:
    recurrence = Recurrence(item(), asked or change(), tuple(map(day, made)))
    return find_war(recurrence, EventHistory(events, rest), OURS, now=day(now))


def test_the_same_caller_twice_is_a_war() -> None:
    assert war(event(REMOVAL, 0.5), event(REMOVAL, 1.5)) == (PIPELINE, 2)
    assert war(event(REMOVAL, 0.5), event("PutRolePermissionsBoundary", 1.5)) == (PIPELINE, 2)
    assert war(event(REMOVAL, 0.5), event(REMOVAL, 2.5), event(REMOVAL, 1.5), made=(0, 1, 2)) == (PIPELINE, 3)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [event(REMOVAL, 0.5)],
        # Twice between the same two runs is one reversal.
        [event(REMOVAL, 0.5), event(REMOVAL, 0.6)],
        [event(REMOVAL, 0.5), event(REMOVAL, 1.5, OTHER)],
        [event(REMOVAL, 0.5, ""), event(REMOVAL, 1.5, "")],
        # Our own undo, also from a session of the role.
        [event(REMOVAL, number, f"arn:aws:iam::{ACCOUNT}:role/iam/automation") for number in (0.5, 1.5)],
        # Before the first time, and of another part of the role.
        [event(REMOVAL, -1), event(REMOVAL, 1.5)],
        [event("PutRolePolicy", 0.5), event("PutRolePolicy", 1.5)],
        [event("DeleteUserPermissionsBoundary", 0.5), event("DeleteUserPermissionsBoundary", 1.5)][:1],
    ],
)
def test_less_is_no_war(events: list[ChangeEvent]) -> None:
    assert war(*events) is None


def test_one_reversal_never_counts_twice() -> None:
    for number in (0.9999, 1, 1.0001):
        assert war(event(REMOVAL, number)) is None
        assert war(event(REMOVAL, number), made=(0, 1, 1.0002)) is None


def test_the_last_reversal_between_two_runs_counts() -> None:
    assert war(event(REMOVAL, 0.5, OTHER), event(REMOVAL, 0.7), event(REMOVAL, 1.5)) == (PIPELINE, 2)


def test_only_the_same_policy_counts() -> None:
    asked = change("DetachRolePolicy")
    same, other = asked.parameters["PolicyArn"], f"arn:aws:iam::{ACCOUNT}:policy/Other"
    assert war(*[event("AttachRolePolicy", number, policyArn=same) for number in (0.5, 1.5)], asked=asked)
    assert not war(*[event("AttachRolePolicy", number, policyArn=other) for number in (0.5, 1.5)], asked=asked)
    assert not war(*[event("AttachRolePolicy", number) for number in (0.5, 1.5)], asked=asked)


@pytest.mark.parametrize(
    ("events", "now", "is_late"),
    [
        # Eve reverted it once, and who did last is not shown yet.
        ([event(REMOVAL, 0.5, OTHER)], 1.01, True),
        ([event(REMOVAL, 0.5, OTHER)], 60, True),
        ([event(REMOVAL, 0.5, OTHER), event(REMOVAL, 1.005)], 1.01, False),
        # We reverted it ourselves.
        ([event(REMOVAL, 0.5, OTHER), event(REMOVAL, 1.005, f"arn:aws:iam::{ACCOUNT}:role/automation")], 1.01, False),
        ([], 60, False),
        # Both reversals may still be shown.
        ([], 1.01, True),
    ],
)
def test_the_event_of_the_last_reversal_may_be_late(events: list[ChangeEvent], now: float, is_late: bool) -> None:
    made = (0, 1) if events or now > 2 else (0.99, 1)
    found = answer(*events, now=now, made=made)
    assert isinstance(found, Unread if is_late else No)


def test_events_that_were_not_read_may_show_a_war() -> None:
    rest = Unknown("only the newest events were read")
    found = answer(event(REMOVAL, 1.5), rest=rest)
    assert isinstance(found, Unread)
    assert found.reason == rest.reason
    assert isinstance(answer(event(REMOVAL, 0.5), event(REMOVAL, 1.5), rest=rest), Yes)


# The finding


def test_a_war_is_a_medium_finding() -> None:
    recurrence = Recurrence(item(), change(), (day(0), day(1)))
    finding = make_finding(recurrence, answer(event(REMOVAL, 0.5), event(REMOVAL, 1.5)), now=day(2))
    assert finding is not None
    assert (finding.control, finding.status, finding.severity) == ("drift_war", Status.FAIL, Severity.MEDIUM)
    assert (finding.resource, finding.resource_detail) == (ROLE, "PutRolePermissionsBoundary")
    assert finding.detail == (f"{PIPELINE} reverted PutRolePermissionsBoundary 2 times, last on 2026-11-02T15:00:00Z")


def test_an_unread_history_is_not_assessed_and_one_without_a_caller_is_nothing() -> None:
    recurrence = Recurrence(item(), change(), (day(0), day(1)))
    unread = Unread(UNREAD, "the event history", "allow it", is_certain=False)
    finding = make_finding(recurrence, unread, now=day(2))
    assert finding is not None
    assert finding.status is Status.NOT_ASSESSED
    assert UNREAD in finding.detail
    assert make_finding(recurrence, NO, now=day(2)) is None
