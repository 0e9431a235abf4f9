# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.declared import Reason
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.history import Belief, Mark, Stage
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.kinds import Credential, Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.access_keys.stages import (
    Action,
    Item,
    Step,
    find_next_step,
)

from .keys import NOW, RUN, credential, days_ago, declare

UNUSED = frozenset({Reason.UNUSED})
TAG = str(Mark(Stage.NOTICED, days_ago(1), False, RUN))
DELETING = {"delete_after_days": "90", "delete_grace_days": 30}


def item(key: Credential, stage: t.Optional[Stage] = None, since: float = 0, **fields: t.Any) -> Item:
    """A key that came to a stage so many days ago."""
    belief = Belief(stage, days_ago(since), is_done=stage is Stage.DEACTIVATED) if stage else Belief()
    values: dict[str, t.Any] = {"reasons": UNUSED, "belief": belief, "tag_value": TAG if stage else None}
    return Item(key, **{**values, **fields})


NOTICED, DEACTIVATED, DORMANT = Stage.NOTICED, Stage.DEACTIVATED, Stage.FOUND_INACTIVE
INACTIVE: dict[str, t.Any] = {"status": "Inactive"}


@pytest.mark.parametrize(
    ("found", "options", "action"),
    [
        pytest.param(item(credential(used=44.9)), {}, Action.NOTHING, id="used within notify_after_days"),
        pytest.param(item(credential(used=45)), {}, Action.NOTIFY, id="idle for notify_after_days"),
        pytest.param(item(credential(age=44, used=None)), {}, Action.NOTHING, id="never used and young"),
        pytest.param(item(credential(age=45, used=None)), {}, Action.NOTIFY, id="never used and not young"),
        pytest.param(item(credential(), reasons=frozenset()), {}, Action.NOTHING, id="no reason"),
        pytest.param(item(credential(), NOTICED, 13.9), {}, Action.WAIT, id="in its grace"),
        pytest.param(item(credential(), NOTICED, 14), {}, Action.DEACTIVATE, id="after its grace"),
        pytest.param(
            item(credential(used=20), NOTICED, 14),
            {"notify_after_days": 10},
            Action.WAIT,
            id="grace over, idle too short",
        ),
        pytest.param(
            item(credential(used=50), NOTICED, 30), {"min_idle_days": 60}, Action.WAIT, id="min_idle_days beats the age"
        ),
        pytest.param(
            item(credential(used=60), NOTICED, 0.9),
            {"deactivate_grace_days": 1},
            Action.WAIT,
            id="observed twice within 24 hours",
        ),
        pytest.param(
            item(credential(used=60), NOTICED, 1), {"deactivate_grace_days": 1}, Action.DEACTIVATE, id="24 hours apart"
        ),
        pytest.param(item(credential(used=5), NOTICED, 20), {}, Action.FORGET, id="idle no longer"),
        pytest.param(item(credential(), DEACTIVATED, 3), {}, Action.NOTIFY, id="somebody switched it on again"),
        pytest.param(
            item(credential(), DEACTIVATED, 3, belief=Belief(DEACTIVATED, days_ago(3))),
            {},
            Action.DEACTIVATE,
            id="cut off before the write",
        ),
        pytest.param(item(credential(), DORMANT, 40), {}, Action.NOTIFY, id="was found inactive, is active"),
        pytest.param(item(credential(changed=days_ago(3))), {}, Action.NOTHING, id="switched on three days ago"),
        pytest.param(
            item(credential(used=900, **INACTIVE), DEACTIVATED, 800), {}, Action.NOTHING, id="no deletion declared"
        ),
        pytest.param(item(credential(used=100, **INACTIVE), DEACTIVATED, 29), DELETING, Action.WAIT, id="soaking"),
        pytest.param(item(credential(used=100, **INACTIVE), DEACTIVATED, 30), DELETING, Action.DELETE, id="soaked"),
        pytest.param(
            item(credential(used=89, **INACTIVE), DEACTIVATED, 31), DELETING, Action.WAIT, id="deleted by age"
        ),
        pytest.param(item(credential(used=100, **INACTIVE)), DELETING, Action.NOTIFY, id="found inactive"),
        pytest.param(item(credential(used=60, **INACTIVE)), DELETING, Action.WAIT, id="found inactive, idle too short"),
        pytest.param(item(credential(used=100, **INACTIVE), NOTICED, 90), DELETING, Action.NOTIFY, id="others did it"),
        pytest.param(
            item(credential(used=140, **INACTIVE), DORMANT, 30), DELETING, Action.DELETE, id="found, and told"
        ),
        pytest.param(
            item(credential(used=20), reasons=frozenset({Reason.OLD, Reason.UNUSED})),
            {},
            Action.NOTHING,
            id="old, in use",
        ),
        pytest.param(
            item(credential(used=20), reasons=frozenset({Reason.OLD, Reason.UNUSED})),
            {"min_idle_days": 14},
            Action.NOTIFY,
            id="old, idle for min_idle_days",
        ),
    ],
)
def test_step(found: Item, options: dict[str, t.Any], action: Action) -> None:
    assert find_next_step(found, declare(**options), NOW).action is action


@pytest.mark.parametrize("kind", [Kind.SERVICE_CREDENTIAL, Kind.SSH_KEY, Kind.CERTIFICATE])
def test_what_aws_tells_no_use_of_goes_by_its_age(kind: Kind) -> None:
    old = frozenset({Reason.OLD})
    for age, action in ((89, Action.NOTHING), (90, Action.NOTIFY)):
        found = item(credential(kind=kind, age=age, used=None), reasons=old)
        assert find_next_step(found, declare(), NOW).action is action
    notified = item(credential(kind=kind, age=104, used=None), NOTICED, 14, reasons=old)
    assert find_next_step(notified, declare(), NOW).action is Action.DEACTIVATE


def test_a_password_has_nothing_between_notice_and_removal() -> None:
    password = credential(kind=Kind.PASSWORD)
    assert find_next_step(item(password), declare(), NOW).action is Action.NOTIFY
    assert find_next_step(item(password, NOTICED, 14), declare(), NOW).action is Action.DELETE


def test_waiting_says_for_what_and_until_when() -> None:
    step = find_next_step(item(credential(used=50), NOTICED, 4), declare(), NOW)
    assert step == Step(Action.WAIT, NOW + timedelta(days=10), Action.DEACTIVATE)


def test_every_key_passes_each_stage_once_as_the_clock_moves() -> None:
    """A year, day by day: what a run does becomes what the next one believes."""
    key, belief, done = credential(age=400, used=0), Belief(), []
    declared = declare(**DELETING)
    for day in range(365):
        now = NOW + timedelta(days=day)
        step = find_next_step(Item(key, UNUSED, belief, TAG if belief.stage else None), declared, now)
        if step.action in (Action.NOTHING, Action.WAIT):
            continue
        done.append((step.action, day))
        if step.action is Action.NOTIFY:
            belief = Belief(NOTICED, now)
        elif step.action is Action.DEACTIVATE:
            key, belief = dataclasses.replace(key, status="Inactive"), Belief(DEACTIVATED, now, is_done=True)
        else:
            break
    assert done == [(Action.NOTIFY, 45), (Action.DEACTIVATE, 59), (Action.DELETE, 90)]


@pytest.mark.parametrize("day", range(8))
def test_no_reason_touches_a_key_in_use(day: int) -> None:
    every = frozenset(Reason)
    declared = declare(stage_reasons=[reason.value for reason in Reason], min_idle_days=8, notify_after_days=8)
    for stage in (None, NOTICED, DEACTIVATED, DORMANT):
        found = item(credential(age=3000, used=day), stage, 1000, reasons=every)
        assert find_next_step(found, declared, NOW).action in (Action.NOTHING, Action.FORGET)
