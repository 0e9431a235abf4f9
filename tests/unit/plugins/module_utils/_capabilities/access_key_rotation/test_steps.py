# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    CURRENT,
    INACTIVE,
    Stage,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.step import Action, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.steps import (
    find_next_step,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer, Consumers

from .rotations import DECLARED, NEW, OLD, PREVIOUS, TARGET, VERSION, at, key, record, secret, situation

MOVED: t.Final = (record("created"), record("distributed", 1))
VERIFIED: t.Final = (*MOVED, record("verified", 9))
INACTIVE_NOW: t.Final = (*VERIFIED, record("old_inactive", 10))


def step(found: Situation, days: float = 50, **declared: t.Any) -> Step:
    return find_next_step(found, dataclasses.replace(DECLARED, **declared), at(days))


def pair(old_used: float = 0, new_used: t.Optional[float] = 2, **old: t.Any) -> tuple[t.Any, t.Any]:
    return key(OLD, used=old_used, **old), key(NEW, age=0, used=new_used)


@pytest.mark.parametrize(
    ("found", "days", "action"),
    [
        (situation(keys=(key(age=80),)), 9, Action.WAIT),
        (situation(keys=(key(age=80),)), 11, Action.CREATE),
        (situation(record("created"), keys=pair()), 1, Action.DISTRIBUTE),
        (situation(record("created"), keys=pair(), secret=secret(VERSION)), 1, Action.RECORD),
        (situation(*MOVED, keys=pair(), secret=secret(VERSION)), 7.9, Action.WAIT),
        # The last hour does not count: a use in it may not show yet.
        (situation(*MOVED, keys=pair(), secret=secret(VERSION)), 8.04, Action.WAIT),
        (situation(*MOVED, keys=pair(), secret=secret(VERSION)), 8.1, Action.RECORD),
        (situation(*MOVED, keys=pair(new_used=None), secret=secret(VERSION)), 99, Action.WAIT),
        (situation(*MOVED, keys=pair(old_used=40), secret=secret(VERSION)), 46.9, Action.WAIT),
        (situation(*VERIFIED, keys=pair(), secret=secret(VERSION)), 10, Action.DEACTIVATE),
        (situation(*VERIFIED, keys=pair(old_used=9.5), secret=secret(VERSION)), 10, Action.WAIT),
        (situation(*VERIFIED, keys=pair(status=INACTIVE), secret=secret(VERSION)), 10, Action.RECORD),
        (situation(*INACTIVE_NOW, keys=pair(status=INACTIVE), secret=secret(VERSION)), 16.9, Action.WAIT),
        (situation(*INACTIVE_NOW, keys=pair(status=INACTIVE), secret=secret(VERSION)), 17.1, Action.DELETE),
        (situation(*INACTIVE_NOW, keys=pair(), secret=secret(VERSION)), 17.1, Action.RECORD),
        (situation(*INACTIVE_NOW, keys=pair()[1:], secret=secret(VERSION)), 17.1, Action.RECORD),
    ],
)
def test_the_next_step(found: Situation, days: float, action: Action) -> None:
    assert step(found, days).action is action


def test_no_old_key_is_deleted_unless_that_is_declared() -> None:
    found = situation(*INACTIVE_NOW, keys=pair(status=INACTIVE), secret=secret(VERSION))
    assert step(found, 99, delete_after=None).action is Action.WAIT


def test_a_call_that_only_cloudtrail_knows_delays_the_step() -> None:
    call = Consumer(OLD, "10.1.2.3", "boto3", 1, at(5), at(5))
    found = situation(*MOVED, keys=pair(), secret=secret(VERSION), consumers=Consumers((call,)))
    waits = step(found, 9)
    assert (waits.action, waits.due) == (Action.WAIT, at(12) + timedelta(hours=1))


def test_a_use_of_the_new_key_that_only_cloudtrail_knows_counts() -> None:
    call = Consumer(NEW, "10.1.2.3", "boto3", 1, at(5), at(5))
    keys = pair(new_used=None)
    assert (
        step(situation(*MOVED, keys=keys, secret=secret(VERSION), consumers=Consumers((call,)))).action is Action.RECORD
    )


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        (dataclasses.replace(situation(), user=None), "no_user"),
        (dataclasses.replace(situation(), problem="denied"), "unread"),
        (situation(), "no_key"),
        (situation(keys=(key(), key(NEW))), "two_keys"),
        (situation(keys=(key(status=INACTIVE), key(NEW))), "no_free_slot"),
        (situation(keys=(key(status=INACTIVE),)), "inactive_key"),
        (situation(keys=(key(),), secret=secret(owner="")), "foreign_secret"),
        (situation(keys=(key(),), secret=secret(owner="other")), "foreign_secret"),
        (situation(keys=(key(),), secret=secret(problem="it is a replica")), "secret_unfit"),
        (situation(*MOVED, record("created", 2), keys=pair()), "state_doubt"),
        (situation(*MOVED, keys=(key(), key("AKIATHIRDTHIRDTHIRD3"))), "strange_key"),
        (situation(*MOVED, keys=(key(),), secret=secret(VERSION)), "new_key_gone"),
        (situation(*MOVED, keys=(key(), key(NEW, status=INACTIVE))), "new_key_inactive"),
        (situation(*MOVED, keys=pair(), secret=None), "secret_gone"),
        (situation(*MOVED, keys=pair(), secret=secret(arn="arn:aws:secretsmanager:x")), "secret_replaced"),
        (situation(*MOVED, keys=pair(), secret=secret(labels={CURRENT: PREVIOUS})), "secret_replaced"),
        (situation(*MOVED, keys=pair(), secret=secret("of-somebody-else")), "secret_replaced"),
        (situation(*MOVED, keys=pair()), "moved_back"),
        (situation(*INACTIVE_NOW, keys=pair(status=INACTIVE)), "moved_back"),
    ],
)
def test_what_a_person_has_to_look_at_is_refused(found: Situation, rule: str) -> None:
    refused = step(found, 99)
    assert (refused.action, refused.rule, bool(refused.reason)) == (Action.REFUSE, rule, True)


def test_a_key_that_was_taken_back_ends_the_rotation() -> None:
    ended = step(situation(record("created"), keys=(key(),)))
    assert (ended.action, ended.stage) == (Action.RECORD, Stage.ROLLED_BACK)


@pytest.mark.parametrize("events", [MOVED, VERIFIED])
def test_no_step_follows_from_events_that_were_not_read(events: tuple[t.Any, ...]) -> None:
    """The same with a call that was found: there may be later ones."""
    for found in ((), (Consumer(OLD, "10.1.2.3", "boto3", 1, at(1), at(1)),)):
        unread = Consumers(found, failure="the event history of eu-west-1 can't be read")
        refused = step(situation(*events, keys=pair(), secret=secret(VERSION), consumers=unread))
        assert (refused.action, refused.rule) == (Action.REFUSE, "users_unknown")
        assert "eu-west-1" in refused.reason and "…" in refused.reason and OLD not in refused.reason
        assert refused.old and refused.old.id == OLD and refused.key and refused.key.id == NEW
        whole = Consumers(found)
        assert step(situation(*events, keys=pair(), secret=secret(VERSION), consumers=whole)).acts


def test_older_calls_that_were_not_read_delay_nothing() -> None:
    """The events of a busy key are too many to read all, and the newest come first."""
    busy = Consumers((Consumer(OLD, "10.1.2.3", "boto3", 5000, at(0), at(1)),), older="there are more")
    assert step(situation(*VERIFIED, keys=pair(), secret=secret(VERSION), consumers=busy)).action is Action.DEACTIVATE


def test_where_no_source_of_events_is_declared_the_last_use_decides() -> None:
    found = situation(*VERIFIED, keys=pair(), secret=secret(VERSION), consumers=Consumers(unasked="no source"))
    assert step(found).action is Action.DEACTIVATE


def test_a_use_of_the_new_key_that_only_cloudtrail_knows_is_one() -> None:
    call = Consumer(NEW, "10.1.2.3", "boto3", 1, at(5), at(5))
    found = situation(*MOVED, keys=pair(new_used=None), secret=secret(VERSION), consumers=Consumers((call,)))
    assert step(found).action is Action.RECORD


# Whatever the records say


@given(
    old_used=st.floats(0, 60),
    moved=st.floats(0, 40),
    now=st.floats(0, 80),
    new_used=st.one_of(st.none(), st.floats(0, 60)),
    verified=st.booleans(),
)
def test_no_key_is_deactivated_within_the_days_of_its_last_use(
    old_used: float, moved: float, now: float, new_used: t.Optional[float], verified: bool
) -> None:
    events = [record("created"), record("distributed", moved), *([record("verified", moved)] if verified else [])]
    keys = pair(old_used=old_used, new_used=new_used)
    found = step(situation(*events, keys=keys, secret=secret(VERSION), now=100), now)
    if found.action is Action.DEACTIVATE:
        assert verified and new_used is not None
        assert at(now) - max(at(old_used), at(moved)) >= timedelta(days=7, hours=1)


def test_a_user_without_an_open_rotation_names_the_due_date() -> None:
    waits = step(situation(keys=(key(age=10),)), 0)
    assert waits.due == at(80) and TARGET.user == "svc"


def test_a_step_names_both_keys_and_a_wait_when_it_ends() -> None:
    moves = step(situation(record("created"), keys=pair()), 1)
    assert (moves.old, moves.key) == pair()
    off = step(situation(*VERIFIED, keys=pair(status=INACTIVE), secret=secret(VERSION)), 10)
    assert (off.stage, off.old) == (Stage.OLD_INACTIVE, pair(status=INACTIVE)[0])
    waits = step(situation(*INACTIVE_NOW, keys=pair(status=INACTIVE), secret=secret(VERSION)), 16.9)
    assert waits.old == pair(status=INACTIVE)[0] and waits.due is not None and at(16.9) < waits.due <= at(17.1)
    used = step(situation(*MOVED, keys=pair(), secret=secret(VERSION)), 7.9)
    assert used.due is not None and at(7.9) < used.due <= at(8.1) and used.key == pair()[1]
