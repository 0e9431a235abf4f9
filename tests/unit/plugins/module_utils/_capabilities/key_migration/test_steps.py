# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.declared import (
    Declared,
    Workload,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.detection import detect
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.documents import hash_policy
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import (
    Stage,
    State,
    Target,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.records import Event, Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.steps import (
    Action,
    Step,
    decide,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key, User
from ansible_collections.hardening.iam.plugins.module_utils._prediction.acceptance import parse_acceptances
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumer, Consumers

ACCOUNT: t.Final = "111122223333"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/svc"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/workload/job"
KEY: t.Final = "AKIAOLDOLDOLDOLDOLD1"
BEGAN: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
TRUST: t.Final = {"Version": "2012-10-17", "Statement": []}
FUNCTION: t.Final = "Boto3/1.40 exec-env/AWS_Lambda_python3.13"


def at(days: float) -> datetime:
    return BEGAN + timedelta(days=days)


def caller(last: float = -1, agent: str = FUNCTION) -> Consumer:
    return Consumer(KEY, "198.51.100.7", agent, 90, at(-90), at(last))


def situation(unsearched: tuple[str, ...] = (), *, used: float = -1, role_used: float = 1, **more: t.Any) -> Situation:
    """A workload whose role is verified, and whose key nobody has used since."""
    consumers = more.pop("consumers", Consumers((caller(),)))
    event = Event(
        State.VERIFIED, ACCOUNT, "job", USER, "AIDA", KEY, Target.LAMBDA, ROLE, "AROA", hash_policy(TRUST), "", at(0)
    )
    trust = PolicyDocument(**{field.name: "" for field in dataclasses.fields(PolicyDocument)} | {"document": TRUST})
    role = Role("job", ROLE, "/workload/", None, trust, (), (), None, None, None, unique_id="AROA")
    return Situation(
        Workload("job", "svc"),
        User("svc", USER, "AIDA", (Key(KEY, "Active", at(-100), at(used)),)),
        Past(reached=State.VERIFIED, last=event, since={State.PREPARED: at(0), State.VERIFIED: at(8)}),
        detect(consumers.found, {}, (), unsearched),
        consumers,
        platform=Target.LAMBDA,
        role=role,
        last_used=at(role_used),
        **more,
    )


def step(found: Situation, days: float = 30, **declared: t.Any) -> Step:
    given = Declared(Stage.RETIRE, (found.workload,), at(days).date(), verify=7, delete_after=7)
    (chosen,) = decide([found], dataclasses.replace(given, **declared), at(days))
    return chosen


ACCEPTED: t.Final = parse_acceptances(
    [{"principal": USER, "reason": "seen", "expires": "2026-04-30"}], today=at(30).date()
)


def test_a_key_that_nobody_uses_is_deactivated() -> None:
    assert step(situation()).action is Action.DEACTIVATE


def test_the_last_hour_does_not_count_as_unused() -> None:
    assert step(situation(), 7.04).action is Action.WAIT
    assert step(situation(), 7.05).action is Action.DEACTIVATE


@pytest.mark.parametrize(
    "consumers",
    [
        Consumers(failure="one region can't be read"),
        Consumers((caller(),), failure="one region can't be read"),
        Consumers((caller(),), older="there are more events than are read"),
        Consumers((caller(),), unasked="there is no source of events"),
        Consumers(),
    ],
)
def test_callers_that_may_not_be_all_keep_the_key(consumers: Consumers) -> None:
    found = step(situation(consumers=consumers))
    assert (found.action, found.rule) == (Action.REFUSE, "other_callers")
    assert "it is not known who calls with the key" in found.reason and consumers.gap in found.reason
    assert step(situation(consumers=consumers), accept_unproven=ACCEPTED).action is Action.DEACTIVATE


def test_settings_that_were_not_searched_keep_the_key() -> None:
    """Something there may still have it."""
    for unsearched in (("functions in eu-west-1 were not searched",), ("stacks were not searched", "and more")):
        found = step(situation(unsearched))
        assert (found.action, found.rule) == (Action.REFUSE, "not_searched")
        assert unsearched[0] in found.reason and ("and 1 more" in found.reason) is (len(unsearched) > 1)
        assert step(situation(unsearched), accept_unproven=ACCEPTED).action is Action.DEACTIVATE
