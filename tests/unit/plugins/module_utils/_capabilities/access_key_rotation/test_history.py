# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.changes import (
    RotationWriter,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.history import (
    MODULE,
    Attempt,
    read_attempts,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import StoreError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Maker

from ..._converge.fakes import FakeStore
from .rotations import ACCOUNT, NEW, OLD, TARGET, USER, at, key, secret, user

CALLER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/automation"
CREATION: t.Final = RotationWriter(ACCOUNT, "aws", "us-east-1").create_key(user(key()), key(), TARGET, secret())
MINUTE: t.Final = 1 / 24 / 60
Record = dict[str, t.Any]


def write(
    store: FakeStore, change: Change = CREATION, *, module: str = MODULE, run: str = "run-1"
) -> tuple[Journal, str]:
    """Write the intent of a change; the journal, and the key of the record."""
    names = {"account_id": ACCOUNT, "run_id": run, "job_id": "job-1", "module": module, "caller_arn": CALLER}
    journal = Journal(store, clock=lambda: at(0), details={}, **names)
    return journal, journal.intend(change)


def read(store: FakeStore) -> tuple[Attempt, ...]:
    return read_attempts(store, ACCOUNT, lambda _text: None)


def edit(store: FakeStore, ending: str, change: Callable[[Record], t.Any]) -> None:
    """Change a record as somebody might who writes into the journal."""
    (name,) = [one for one in store.list() if one.endswith(ending)]
    record = json.loads(store.objects[name])
    change(record)
    store.objects[name] = json.dumps(record).encode()


def test_an_attempt_without_an_outcome_is_open() -> None:
    store = FakeStore()
    write(store)
    (found,) = read(store)
    assert found == Attempt(USER, OLD, at(0), "run-1", caller=CALLER, mark="job/run-1/job-1")
    assert found.is_open and not found.made


@pytest.mark.parametrize(
    ("outcome", "answer", "is_open", "made"),
    [
        (Outcome.UNKNOWN, {}, True, ""),
        (Outcome.UNKNOWN, {"AccessKeyId": NEW}, True, ""),
        (Outcome.APPLIED, {"AccessKeyId": NEW}, False, NEW),
        (Outcome.APPLIED, {}, False, ""),
    ],
)
def test_what_is_known_of_the_end_of_an_attempt(outcome: Outcome, answer: Record, is_open: bool, made: str) -> None:
    store = FakeStore()
    journal, name = write(store)
    journal.conclude(name, outcome, answer=answer)
    (found,) = read(store)
    assert (found.is_open, found.made) == (is_open, made)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.FOREIGN])
def test_an_attempt_that_aws_refused_made_no_key(outcome: Outcome) -> None:
    store = FakeStore()
    journal, name = write(store)
    journal.conclude(name, outcome, "AccessDenied")
    assert read(store) == ()


def test_a_broken_outcome_leaves_the_attempt_open() -> None:
    store = FakeStore()
    journal, name = write(store)
    journal.conclude(name, Outcome.FAILED)
    store.objects[f"{name}-outcome.json"] = b"{"
    assert [one.is_open for one in read(store)] == [True]


OTHERS: t.Final[dict[str, Callable[[Record], t.Any]]] = {
    "another account": lambda record: record["change"].update(account_id="999988887777"),
    "another module": lambda record: record.update(module="key_migration"),
    "another call": lambda record: record["change"].update(operation="DeleteAccessKey"),
    "an undo": lambda record: record["change"].update(undoes="x"),
    "no time": lambda record: record.pop("at"),
    "no state before": lambda record: record["change"].update(before=None),
    "no key before": lambda record: record["change"]["before"].update(key=None),
    "another run": lambda record: record.update(run_id="run-2"),
}


@pytest.mark.parametrize("forge", OTHERS.values(), ids=OTHERS.keys())
def test_other_records_are_no_attempts(forge: Callable[[Record], t.Any]) -> None:
    store = FakeStore()
    write(store)
    edit(store, "-intent.json", forge)
    assert read(store) == ()


def test_attempts_of_all_runs_are_read_and_a_lost_journal_is_none() -> None:
    store = FakeStore()
    for run in ("run-1", "run-2"):
        write(store, run=run)
    assert [one.run_id for one in read(store)] == ["run-1", "run-2"]
    store.lost = True
    with pytest.raises(StoreError):
        read(store)


def test_a_key_is_near_an_attempt_by_the_date_of_aws() -> None:
    attempt = Attempt(USER, OLD, at(0))
    for minutes, is_near in ((-1.1, False), (-1, True), (0, True), (10, True), (10.1, False)):
        assert attempt.may_have_made(key(NEW, age=-minutes * MINUTE)) is is_near, minutes
    assert not attempt.may_have_made(key(OLD, age=0))


def test_an_answer_names_the_key_whatever_the_time() -> None:
    attempt = Attempt(USER, OLD, at(0), made=NEW, is_open=False)
    assert attempt.may_have_made(key(NEW, age=50)) and not attempt.may_have_made(key("AKIATHIRDTHIRDTHIRD3", age=0))


def test_a_call_is_ours_by_caller_job_and_time_together() -> None:
    attempt = Attempt(USER, OLD, at(0), caller=CALLER, mark="job/run-1/job-1")
    ours = Maker(CALLER, "Boto3/1 hardening.iam job/run-1/job-1", at(0))
    assert attempt.is_call(ours)
    assert not attempt.is_call(Maker("x", ours.agent, ours.at))
    assert not attempt.is_call(Maker(CALLER, "Boto3/1 hardening.iam", at(0)))
    assert not attempt.is_call(Maker(CALLER, ours.agent, at(0) + timedelta(minutes=11)))
    assert not Attempt(USER, OLD, at(0), mark=attempt.mark).is_call(Maker("", ours.agent, at(0)))
