# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions to CloudTrail, and its answers in the emulator."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.access import Access
from ansible_collections.hardening.iam.plugins.module_utils._aws.options import AccessOptions
from ansible_collections.hardening.iam.plugins.plugin_utils import _audit_events
from ansible_collections.hardening.iam.plugins.plugin_utils._audit_events import (
    OPERATIONS,
    Question,
    make_question,
    read_history,
)
from emulator.client import EmulatorProcess

from ..module_utils._converge.fakes import NOW
from ..module_utils._report.audit.world import CALLER, LATER, World, key_change

REPORTED: t.Final = "arn:aws:sts::111122223333:assumed-role/assessor/audit"


def test_the_question_is_of_the_callers_in_the_time_of_the_run() -> None:
    world = World()
    world.change(key_change())
    question = make_question(world.records(), {"caller_arn": REPORTED}, [NOW - timedelta(minutes=1)], now=LATER)
    assert question == Question(
        callers=frozenset({CALLER, REPORTED}),
        regions=(),
        since=NOW - timedelta(minutes=6),
        # An hour after the end of the lease.
        until=NOW + timedelta(hours=1, minutes=15),
    )
    assert question.sessions == ["audit", "iam-hardening"]


def test_the_question_reaches_beyond_the_end_of_the_lease() -> None:
    world = World()
    (key,) = world.change(key_change(), outcome=None)
    world.lease(key, NOW + timedelta(minutes=30))
    question = make_question(world.records(), None, [], now=LATER)
    assert question is not None
    assert question.until == NOW + timedelta(minutes=90)
    question = make_question(world.records(), None, [], now=NOW + timedelta(minutes=40))
    assert question is not None
    assert question.until == NOW + timedelta(minutes=40)


def test_nothing_is_asked_without_a_caller_or_a_time() -> None:
    assert make_question(World().records(), None, [NOW], now=LATER) is None
    assert make_question(World().records(), {"caller_arn": 7}, [NOW], now=LATER) is None
    assert make_question(World().records(), {"caller_arn": REPORTED}, [], now=LATER) is None


def test_forged_records_ask_for_no_odd_names_or_regions() -> None:
    world = World()
    world.change(key_change(region="eu-west-1"), key_change(region="x.example.com/#"))
    world.change(key_change(), caller_arn="arn:aws:sts::1:assumed-role/x/evil name\n", job_id="18")
    question = make_question(world.records(), None, [], now=LATER)
    assert question is not None
    assert (question.regions, question.sessions) == (("eu-west-1",), ["iam-hardening"])


# In the emulator


@pytest.fixture(scope="module")
def process() -> t.Iterator[EmulatorProcess]:
    with EmulatorProcess(seed="bare") as running:
        yield running


@pytest.fixture
def access(process: EmulatorProcess) -> Access:
    """The administrator, who made some calls while CloudTrail recorded them."""
    process.control.reset("bare")
    process.control.record_events()
    options = AccessOptions(
        access_key="administrator", secret_key="secret", region="us-east-1", endpoint_url=process.url
    )
    operations = dataclasses.replace(OPERATIONS, writes=frozenset({"iam:CreateUser"}))
    made = Access(options, operations=operations, check_mode=False)
    for name in ("alice", "bob", "carol"):
        made.call("iam", "CreateUser", {"UserName": name})
    return made


def ask(access: Access, **fields: t.Any) -> Question:
    now = datetime.now(UTC)
    given: dict[str, t.Any] = {"callers": frozenset({access.caller.arn}), "regions": ()}
    given |= {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    return Question(**{**given, **fields})


def read(access: Access, question: Question, **options: t.Any) -> t.Any:
    given: dict[str, t.Any] = {"max_pages": 10, "now": datetime.now(UTC), "sleep": lambda _seconds: None}
    return read_history(access, question, **{**given, **options})


def test_the_writes_of_the_callers(access: Access) -> None:
    history = read(access, ask(access))
    assert {event.parameters["userName"] for event in history.events} == {"alice", "bob", "carol"}
    assert {event.arn for event in history.events} == {access.caller.arn}
    assert all("hardening.iam" in event.user_agent for event in history.events)
    assert (history.home, history.regions, history.failures, history.failure) == ("us-east-1", ("us-east-1",), {}, "")


def test_nobody_else_and_no_other_time(access: Access) -> None:
    assert read(access, ask(access, callers=frozenset({"arn:aws:iam::1:user/other"}))).events == ()
    early = datetime.now(UTC) - timedelta(days=1)
    assert read(access, ask(access, since=early - timedelta(hours=1), until=early)).events == ()


def test_further_regions(access: Access) -> None:
    history = read(access, ask(access, regions=("eu-west-1",)), regions=["us-west-2", "us-east-1"])
    assert history.regions == ("us-east-1", "eu-west-1", "us-west-2")


def test_a_region_that_is_not_read_is_named(access: Access, process: EmulatorProcess) -> None:
    fault = {"kind": "error", "service": "cloudtrail", "region": "eu-west-1", "code": "AccessDeniedException"}
    process.control.faults([fault])
    history = read(access, ask(access, regions=("eu-west-1",)))
    assert history.regions == ("us-east-1",)
    assert "AccessDenied" in history.failures["eu-west-1"]
    assert (len(history.events), history.failure) == (3, "")
    process.control.faults([{**fault, "region": "us-east-1"}])
    assert "AccessDenied" in read(access, ask(access)).failure


def test_too_many_pages_are_said(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_audit_events, "_PAGE", 1)
    history = read(access, ask(access), max_pages=2)
    assert history.failures == {"us-east-1": "more than 2 pages of events, so only the newest were read"}


def test_too_many_callers_are_said(access: Access) -> None:
    callers = {f"arn:aws:iam::1:user/{number:02}" for number in range(20)}
    history = read(access, ask(access, callers=frozenset(callers)))
    assert history.failures == {"us-east-1": "only the calls of 10 of 20 callers were asked for"}
