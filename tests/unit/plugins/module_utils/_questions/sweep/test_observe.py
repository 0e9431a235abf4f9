# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is still there of what an intruder planted, read over HTTP."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from intruder import DATA, HOME, PROD

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import iam_actions
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.find import find_persistence
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.model import (
    Hit,
    Presence,
    Question,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.sweep.observe import (
    OPERATIONS,
    read_answers,
    read_state,
)
from emulator.planting import Place, list_planted
from unit.emulator.seeded import running

from .conftest import REGIONS, World

SINCE: t.Final = timedelta(hours=1)


@pytest.fixture(scope="module")
def hits(world: World) -> tuple[Hit, ...]:
    return find_persistence(world.suspected(), world.read_all())


def by_event(hits: t.Iterable[Hit]) -> Mapping[str, Hit]:
    return {hit.event_id: hit for hit in hits}


def planted(world: World) -> list[Place]:
    return list(list_planted(world.seeded.organization))


def test_every_planted_persistence_is_found(world: World, hits: tuple[Hit, ...]) -> None:
    found = by_event(hits)
    wrong = {
        place.name: (place.planted.family, place.planted.present, found.get(place.event_id))
        for place in planted(world)
        if place.event_id not in found
        or found[place.event_id].family != place.planted.family
        or found[place.event_id].present != place.planted.present
    }
    assert wrong == {}


def test_nothing_but_what_was_planted_is_found(world: World, hits: tuple[Hit, ...]) -> None:
    """The deployment of the same day made functions and rules by the same calls."""
    found = {hit.event_id for hit in hits if hit.event_name != "AssumeRole"}
    assert found == {place.event_id for place in planted(world)}


def test_each_session_that_the_intruder_opened_is_found(world: World, hits: tuple[Hit, ...]) -> None:
    opened = {one.event_id for one in world.suspected() if one.name == "AssumeRole" and not one.is_failed}
    assert opened
    assert opened == {hit.event_id for hit in hits if hit.event_name == "AssumeRole"}


def test_the_deployment_is_no_finding_even_if_all_are_suspected(world: World) -> None:
    """It is told from the intruder by its events: the state has both."""
    everything = find_persistence(world.events(), world.read_all())
    names = {hit.event_name for hit in everything if hit.principal_arn.endswith("role/deploy") and not hit.target}
    # The seed's event about a tag names nothing.
    assert names == {"PutBucketTagging"}
    # With all of them the planted ones are still found, and the deadlines are first.
    assert {place.event_id for place in planted(world)} <= {hit.event_id for hit in everything}
    assert [hit.event_name for hit in everything][:2] == ["ScheduleKeyDeletion", "DeleteSecret"]


def test_deadlines_are_first_and_count_in_days(hits: tuple[Hit, ...]) -> None:
    with_deadline = [hit for hit in hits if hit.deadline]
    assert list(hits[: len(with_deadline)]) == with_deadline
    assert [(hit.event_name, days(hit)) for hit in with_deadline] == [("ScheduleKeyDeletion", 7), ("DeleteSecret", 10)]


def days(hit: Hit) -> int:
    assert hit.deadline is not None
    assert hit.time is not None
    return (hit.deadline - hit.time).days


def test_what_is_unknown_says_why(hits: tuple[Hit, ...]) -> None:
    unknown = {hit.event_name: hit.reason for hit in hits if hit.present is Presence.UNKNOWN}
    assert set(unknown) == {"AssumeRole", "CreateTrustAnchor", "PutResourcePermissionStatement", "GetSecretValue"}
    assert all(unknown.values())


def test_a_second_read_makes_the_same_calls_and_no_write(world: World) -> None:
    log = running()[0].log
    log.clear()
    events = world.suspected(PROD)
    snapshot = world.snapshot(PROD)
    before = len(log.records())
    read = read_state(world.access(PROD, OPERATIONS), snapshot, events, regions=REGIONS)
    made = [f"{one['service']}:{one['operation']}" for one in log.records()][before:]
    assert [one for one in log.records() if not one["read_only"] and one["service"] != "sts"] == []
    assert read.calls <= 12
    assert {name for name in made if not name.startswith("sts:")} <= OPERATIONS.reads


def test_objects_without_events_are_found(world: World) -> None:
    """Without the events of the intruder, what it made in IAM is found by the dates that AWS gives."""
    state = world.read_all()
    legitimate = [event for event in world.events() if event not in set(world.suspected())]
    since = datetime.now(UTC) - SINCE
    found = find_persistence((), state, since=since, others=legitimate)
    targets = {hit.target for hit in found if hit.account_id == HOME}
    assert f"arn:aws:iam::{HOME}:user/svc-metrics" in targets
    assert {hit.event_id for hit in found} == {""}
    assert {hit.present for hit in found} == {Presence.TRUE}


# What can't be read


def questions(kind: str, *keys: tuple[str, ...], region: str = "us-east-1", account: str = PROD) -> list[Question]:
    return [Question(kind, account, region, key) for key in keys]


def test_a_denied_read_is_unknown(world: World) -> None:
    asked = questions("lambda.function", ("health-probe",), ("checkout",))
    fault = {
        "service": "lambda",
        "operation": "GetFunctionConfiguration",
        "kind": "error",
        "code": "AccessDeniedException",
        "status": 403,
    }
    with Faults(fault):
        read = read_answers(world.access(PROD, OPERATIONS), PROD, asked, regions=REGIONS)
    assert read.state.answers == {}
    assert all("AccessDenied" in reason for reason in read.state.reasons.values())
    assert len(read.state.reasons) == 2


def test_the_same_call_is_made_once(world: World) -> None:
    asked = [
        *questions("events.rule", ("health-probe-hourly", "")),
        *questions("events.disabled_rule", ("health-probe-hourly", "")),
    ]
    read = read_answers(world.access(PROD, OPERATIONS), PROD, asked, regions=REGIONS)
    assert read.calls == 1
    assert sorted(read.state.answers.values()) == [False, True]


def test_no_more_calls_than_allowed(world: World) -> None:
    """An intruder can make objects until a sweep never ends."""
    asked = questions("lambda.function", *((f"f{number}",) for number in range(50)))
    read = read_answers(world.access(PROD, OPERATIONS), PROD, asked, regions=REGIONS, most=5)
    assert read.calls == 5
    assert len(read.state.answers) == 5
    assert set(read.state.reasons.values()) == {"not read, since the sweep makes no more than 5 calls"}


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (Question("lambda.function", DATA, "us-east-1", ("f",)), "the account 444455556666 was not read"),
        (Question("lambda.function", PROD, "evil.example.com/", ("f",)), "its region was not looked at"),
        (Question("nonsense", PROD, "us-east-1", ("f",)), "nothing reads whether it is still there"),
    ],
)
def test_forged_events_lead_to_no_call(world: World, question: Question, reason: str) -> None:
    log = running()[0].log
    access = world.access(PROD, OPERATIONS)
    log.clear()
    read = read_answers(access, PROD, [question], regions=REGIONS)
    assert read.state.reasons == {question: reason}
    assert log.records() == []


def test_hostile_names_are_unknown_or_absent(world: World) -> None:
    """botocore refuses some of them before anything is sent."""
    keys = (("../../evil",), ("a" * 2000,), ("\x00\r\nHost: evil",), ("{>user}",), ("'; drop",))
    read = read_answers(world.access(PROD, OPERATIONS), PROD, questions("lambda.function", *keys), regions=REGIONS)
    assert True not in read.state.answers.values()
    assert len(read.state.answers) + len(read.state.reasons) == len(keys)


def test_an_event_after_the_snapshot_is_not_gone(world: World) -> None:
    snapshot = world.snapshot(HOME)
    user = next(event for event in world.suspected(HOME) if event.name == "CreateUser")
    late = dataclasses.replace(
        user, event_id="late", time=datetime.now(UTC) + timedelta(minutes=1), request={"userName": "later"}, response={}
    )
    state = read_state(world.access(HOME, OPERATIONS), snapshot, [late], regions=REGIONS).state
    assert [hit.present for hit in find_persistence([late], state)] == [Presence.UNKNOWN]


def test_operations_are_reads_that_policies_know() -> None:
    assert OPERATIONS.writes == frozenset()
    actions = {action for operation in OPERATIONS.reads for action in iam_actions(operation)}
    assert {one for one in actions if catalogue.action(*one.split(":")) is None} == set()


class Faults:
    """Faults of the emulator while a block lasts."""

    def __init__(self, *given: t.Mapping[str, t.Any]) -> None:
        self._given = given

    def __enter__(self) -> None:
        from emulator.faults import Fault

        running()[0].faults.set([Fault(**fault) for fault in self._given])

    def __exit__(self, *_raised: object) -> None:
        running()[0].faults.set(())
