# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.history import Attempt
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.model import (
    CURRENT,
    INACTIVE,
    Stage,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.second_key import (
    list_questionable,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.step import Action, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_key_rotation.steps import (
    find_next_step,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Maker

from .rotations import ACCOUNT, DECLARED, NEW, OLD, PREVIOUS, USER, at, key, secret, situation, user

CALLER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/automation"
MARK: t.Final = "job/run-1/job-1"
ATTEMPT: t.Final = Attempt(USER, OLD, at(0), "run-1", caller=CALLER, mark=MARK)
OURS: t.Final = Maker(CALLER, f"Boto3/1.40 hardening.iam {MARK}", at(0))
MINUTE: t.Final = 1 / 24 / 60
UNSTORED: t.Final[dict[str, t.Any]] = {"secret": secret(labels={CURRENT: PREVIOUS})}


def cut_off(attempt: Attempt = ATTEMPT, maker: t.Optional[Answer[Maker]] = None, **fields: t.Any) -> Situation:
    new = key(NEW, age=fields.pop("new_age", 0), used=fields.pop("used", None), status=fields.pop("status", "Active"))
    makers = {} if maker is None else {NEW: maker}
    return situation(keys=(key(), new), attempts=(attempt,), makers=makers, **fields)


def step(found: Situation, days: float = 50) -> Step:
    return find_next_step(found, DECLARED, at(days))


def change(attempt: Attempt = ATTEMPT, **fields: t.Any) -> Attempt:
    return dataclasses.replace(attempt, **fields)


@pytest.mark.parametrize(
    "attempt",
    [ATTEMPT, change(is_open=False), change(is_open=False, made=NEW), change(is_open=False, made=NEW, at=at(9))],
)
def test_a_key_that_the_secret_holds_is_taken_up(attempt: Attempt) -> None:
    """It needs no word of CloudTrail: the version of the secret follows from the id of the key."""
    found = step(cut_off(attempt), 0)
    assert (found.action, found.stage, found.key and found.key.id) == (Action.RECORD, Stage.CREATED, NEW)
    assert found.old and found.old.id == OLD and not found.notice


def test_a_key_of_which_cloudtrail_shows_our_call_is_discarded() -> None:
    found = step(cut_off(maker=Yes(OURS), **UNSTORED))
    assert (found.action, found.key and found.key.id, found.old and found.old.id) == (Action.DISCARD, NEW, OLD)
    assert "is active" in found.notice and "the run run-1 made it" in found.notice and "is to delete it" in found.notice


@pytest.mark.parametrize("maker", [None, Yes(OURS), Unknown("denied"), Yes(dataclasses.replace(OURS, agent="aws-cli"))])
@pytest.mark.parametrize("minutes", [0, 14.9])
def test_a_young_key_waits_for_cloudtrail(maker: t.Optional[Answer[Maker]], minutes: float) -> None:
    found = step(cut_off(maker=maker, **UNSTORED), minutes * MINUTE)
    assert (found.action, found.due, found.rule) == (Action.WAIT, at(15 * MINUTE), "")
    assert found.key and found.key.id == NEW and found.old and found.old.id == OLD
    assert "not known yet who made" in found.reason and NEW not in found.reason
    assert "The run run-1 may have made it" in found.notice and "run again after 2026-03-01T00:15:00Z" in found.notice


def test_the_wait_ends_with_the_delay_of_cloudtrail() -> None:
    assert step(cut_off(maker=Yes(OURS), **UNSTORED), 15 * MINUTE).action is Action.DISCARD


@pytest.mark.parametrize(
    ("maker", "words"),
    [
        (None, "it is not known who made it: CloudTrail was not asked"),
        (NO, "it is not known who made it: CloudTrail names nobody"),
        (
            Unknown("CloudTrail can't be asked: denied"),
            "it is not known who made it: CloudTrail can't be asked: denied",
        ),
        (Yes(dataclasses.replace(OURS, arn="arn:alice")), "it was made by arn:alice with Boto3/1.40"),
        (Yes(dataclasses.replace(OURS, agent="aws-cli/2")), "with aws-cli/2, but not the run run-1"),
        (Yes(dataclasses.replace(OURS, agent="")), f"it was made by {CALLER}, but not the run run-1"),
        (Yes(dataclasses.replace(OURS, agent="hardening.iam job/run-1/job-2")), "but not the run run-1"),
        (Yes(dataclasses.replace(OURS, agent="hardening.iam job/run-1/job-11")), "but not the run run-1"),
        (Yes(dataclasses.replace(OURS, at=at(0) - timedelta(minutes=2))), "but not the run run-1"),
        (Yes(dataclasses.replace(OURS, at=at(0) + timedelta(minutes=11))), "but not the run run-1"),
    ],
)
def test_a_key_that_is_not_shown_to_be_ours_stays(maker: t.Optional[Answer[Maker]], words: str) -> None:
    found = step(cut_off(maker=maker, **UNSTORED))
    assert (found.action, found.rule) == (Action.REFUSE, "two_keys")
    assert words in found.reason and NEW not in found.reason
    assert words[1:] in found.notice and "So it stays" in found.notice


def test_what_is_said_of_a_key_is_true_and_has_the_commands() -> None:
    maker = Unknown("no event")
    active, inactive = (step(cut_off(maker=maker, status=status, **UNSTORED)) for status in ("Active", INACTIVE))
    assert f"the access key {NEW} of svc is active. It was made at 2026-03-01T00:00:00Z, has no known" in active.notice
    assert f"the access key {NEW} of svc is inactive. It" in inactive.notice
    command = f"--user-name svc --access-key-id {NEW}"
    assert f"aws iam update-access-key {command} --status Inactive; and later: aws iam delete-access-key {command}" in (
        active.notice
    )
    used = step(cut_off(maker=Yes(OURS), used=1.0, **UNSTORED))
    assert "was used at 2026-03-02T00:00:00Z" in used.notice and "Somebody used it" in used.notice


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"used": 1.0}, "somebody used it"),
        ({"new_age": -1}, "both are active"),
        ({"new_age": 1}, "both are active"),
        ({"attempt": change(old_key="AKIATHIRDTHIRDTHIRD3")}, "both are active"),
        # The answer to the attempt names another key, or the secret lost the version since.
        ({"attempt": change(is_open=False, made="AKIATHIRDTHIRDTHIRD3")}, "both are active"),
        ({"attempt": change(is_open=False, made=NEW)}, "a run stored it"),
        ({"attempt": change(is_open=False)}, "a run stored it"),
        # A journal that does not say who called.
        ({"attempt": change(caller="")}, "it was made by"),
    ],
)
def test_a_key_that_may_be_somebodys_is_not_discarded(fields: dict[str, t.Any], words: str) -> None:
    found = step(cut_off(maker=Yes(OURS), **UNSTORED, **fields))
    assert (found.action, found.rule) == (Action.REFUSE, "two_keys") and words in found.reason


def test_of_several_attempts_the_open_one_has_to_have_made_it() -> None:
    """An attempt that ended made another key, or stored this one: its call does not make the key one that is lost."""
    ended = change(is_open=False, made=NEW, run_id="run-0", mark="job/run-0/job-0")
    both = dataclasses.replace(cut_off(**UNSTORED), attempts=(ATTEMPT, ended))
    of_ended = dataclasses.replace(both, makers={NEW: Yes(dataclasses.replace(OURS, agent=ended.mark))})
    assert step(of_ended).action is Action.REFUSE and "the runs run-0, run-1" in step(of_ended).reason
    assert step(dataclasses.replace(both, makers={NEW: Yes(OURS)})).action is Action.DISCARD


def test_two_keys_without_an_attempt_are_described() -> None:
    two = situation(keys=(key(), key(NEW, age=50)))
    assert (step(two).rule, "both are active" in step(two).reason, step(two).notice) == ("two_keys", True, "")
    for old, new, idle in ((INACTIVE, "Active", OLD), ("Active", INACTIVE, NEW)):
        found = step(situation(keys=(key(status=old), key(NEW, age=50, status=new))))
        assert found.rule == "no_free_slot" and f"Delete the inactive one, AKIA…{idle[-4:]}, if" in found.reason


def test_cloudtrail_is_asked_about_keys_of_open_attempts_alone() -> None:
    """Of two keys the older one may be the new one too, where the old one is younger than it seems."""
    keys = user(key(), key(NEW, age=0))
    assert [one.id for one in list_questionable(keys, [ATTEMPT])] == [NEW]
    for other in (change(is_open=False), change(old_key=NEW), change(at=at(1))):
        assert list_questionable(keys, [other]) == ()
    both = user(key(age=0), key(NEW, age=0))
    assert {one.id for one in list_questionable(both, [ATTEMPT, change(old_key=NEW)])} == {OLD, NEW}
