# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which credential is declared leaked: a key, its user's other keys, its sessions, and the machine behind it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.declared import Declared
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.index import Index
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.question import Question

from .scenarios import HOME, LEAKED, NOW, PROD, Record, Scenario, assume, session, user

MACHINE: t.Final = "ASIAMACHINE000000001"
SESSION: t.Final = "ASIASESSION000000001"


def declare(keys: t.Sequence[str] = (), principals: t.Sequence[str] = ()) -> tuple[Declared, dict[str, Event]]:
    """A user with two keys and a session in another account, another user, and two machines of a role."""
    scenario = Scenario("declared", 1)
    who = assume(scenario, user(), "deploy", "release", SESSION, NOW, account=PROD)
    callers: dict[str, Record] = {
        "key": user(),
        "other key": user(key="AKIATHPRDSKWSECOND01"),
        "session": who,
        "other user": user("lena", "AKIATHPRDSKWLENA0001"),
        "machine": session("web", "i-1", MACHINE),
        "machine later": session("web", "i-1", "ASIAMACHINE000000002"),
        "other machine": session("web", "i-2", "ASIAMACHINE000000003"),
        "service": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
    }
    records = {name: scenario.add("s3:PutObject", caller, NOW) for name, caller in callers.items()}
    question = Question.of(keys=keys, principals=principals, addresses=[], since=None, until=NOW)
    index = Index(question)
    events = [event for record in scenario.records if (event := parse_event(record)) is not None]
    for event in events:
        index.add(event)
    named = {name: event for name, record in records.items() if (event := parse_event(record)) is not None}
    return Declared(question, events, index), named


@pytest.mark.parametrize(
    ("keys", "principals", "wanted"),
    [
        ([LEAKED], [], {"key", "other key", "session"}),
        ([MACHINE], [], {"machine", "machine later"}),
        ([SESSION], [], {"session"}),
        ([], [f"arn:aws:iam::{HOME}:role/web"], {"machine", "machine later", "other machine"}),
        ([], ["user/lena"], {"other user"}),
    ],
)
def test_what_is_declared(keys: list[str], principals: list[str], wanted: set[str]) -> None:
    declared, events = declare(keys, principals)
    assert {name for name, event in events.items() if declared.has(event)} == wanted
