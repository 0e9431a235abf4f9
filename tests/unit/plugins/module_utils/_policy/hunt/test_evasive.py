# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Intruders who differ from the owner in nothing but what they call: the same address, tool and hour, and slowly."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected

from .persistence.techniques import TECHNIQUES
from .scenarios import (
    HOME,
    LEAKED,
    NAT,
    NOW,
    PROD,
    Record,
    Scenario,
    assume,
    make_scenarios,
    session,
    user,
    work_as_usual,
)
from .test_scenarios import hunt, rate

BEGAN: t.Final = NOW - timedelta(hours=3)
SDK: t.Final = "aws-sdk-go-v2/1.30 os/linux lang/go"
USUAL: t.Final = {"ecr:GetAuthorizationToken", "s3:PutObject", "sts:AssumeRole"}
ACTIONS: t.Final = tuple(f"{source}:{name}" for source, name in TECHNIQUES if f"{source}:{name}" not in USUAL)
INSTANCE: t.Final = "ASIAINSTANCELEAKED1"


def work_on_instance(scenario: Scenario, rng: random.Random) -> None:
    """An instance puts objects and sends messages all month. Its newest key leaked, and it goes on itself."""
    for number in range(30 * 6):
        when = NOW - timedelta(hours=4 * number + 1)
        key = INSTANCE if number < 2 else f"ASIAINSTANCE{number:07d}"
        who = session("worker", "i-0abc", key)
        for action in ("s3:PutObject", "sqs:SendMessage", "dynamodb:UpdateItem"):
            scenario.add(action, who, when + timedelta(minutes=rng.randrange(50)), sourceIPAddress=NAT, userAgent=SDK)
    scenario.keys = (INSTANCE,)


def work_as_role(scenario: Scenario, rng: random.Random) -> None:
    work_on_instance(scenario, rng)
    scenario.keys, scenario.principals = (), (f"arn:aws:iam::{HOME}:role/worker",)


def misuse(scenario: Scenario, actions: t.Sequence[str], times: t.Sequence[datetime], **members: t.Any) -> None:
    """Call from the usual place with the credential of the scenario."""
    is_user = scenario.keys == (LEAKED,)
    who = user() if is_user else session("worker", "i-0abc", INSTANCE)
    place: Record = {} if is_user else {"sourceIPAddress": NAT, "userAgent": SDK}
    for action, when in zip(actions, times, strict=True):
        scenario.add(action, who, when, planted=True, **place, **members)


def at_once(rng: random.Random) -> list[datetime]:
    return [BEGAN + timedelta(minutes=2 * number) for number in range(20)]


def slowly(rng: random.Random) -> list[datetime]:
    """One a day at the usual hour, most of them before the first suspicious time."""
    return [(NOW - timedelta(days=day)).replace(hour=8, minute=rng.randrange(60)) for day in range(20, 0, -1)]


Work = Callable[[Scenario, random.Random], None]
each_work = pytest.mark.parametrize("work", [work_as_usual, work_on_instance, work_as_role])
each_since = pytest.mark.parametrize("since", [None, BEGAN, NOW - timedelta(days=2)], ids=["none", "known", "days"])


@each_work
@each_since
@pytest.mark.parametrize("times", [at_once, slowly])
@pytest.mark.parametrize("seed", range(3))
def test_no_change_that_the_days_before_lack_is_usual(
    work: Work, since: t.Optional[datetime], times: Callable[[random.Random], list[datetime]], seed: int
) -> None:
    rng = random.Random(seed)
    scenario = Scenario("evasive", seed)
    work(scenario, rng)
    scenario.since = since
    misuse(scenario, rng.sample(ACTIONS, 20), times(rng))
    outcome = hunt(scenario)
    assert rate(outcome, scenario.planted, Suspected.NO) == 0
    assert rate(outcome, scenario.usual, Suspected.NO) >= 0.9


@each_work
@each_since
def test_every_technique_from_the_usual_place_is_at_least_uncertain(work: Work, since: t.Optional[datetime]) -> None:
    scenario = Scenario("each", 1)
    work(scenario, random.Random(1))
    scenario.since = since
    misuse(scenario, ACTIONS, [BEGAN + timedelta(seconds=number) for number in range(len(ACTIONS))])
    assert rate(hunt(scenario), scenario.planted, Suspected.NO) == 0


@each_work
@each_since
def test_a_month_of_honest_work_is_usual(work: Work, since: t.Optional[datetime]) -> None:
    scenario = Scenario("honest", 1)
    work(scenario, random.Random(2))
    scenario.since = since
    outcome = hunt(scenario)
    assert rate(outcome, scenario.usual, Suspected.NO) >= 0.9
    assert rate(outcome, scenario.usual, Suspected.YES) == 0


FOREIGN: t.Final = '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}}]}'
PUBLIC: t.Final = '{"Statement": [{"Effect": "Allow", "Principal": "*"}]}'
ADMIN: t.Final = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("action", "usual", "other"),
    [
        ("s3:PutBucketPolicy", {"bucketName": "a"}, {"bucketName": "a", "bucketPolicy": FOREIGN}),
        ("s3:PutBucketPolicy", {"bucketName": "a"}, {"bucketName": "a", "bucketPolicy": PUBLIC}),
        ("iam:CreateAccessKey", {"userName": "ci-deploy"}, {"userName": "root-of-all"}),
        ("iam:AttachRolePolicy", {"policyArn": f"arn:aws:iam::{HOME}:policy/app"}, {"policyArn": ADMIN}),
        ("ec2:AuthorizeSecurityGroupIngress", {"cidrIp": "10.0.0.0/8"}, {"cidrIp": "0.0.0.0/0"}),
        ("sns:Subscribe", {"topicArn": f"arn:aws:sns:us-east-1:{HOME}:t"}, {"endpoint": "arn:aws:sqs:us-east-1:9:q"}),
        ("kms:CreateGrant", {"keyId": "k"}, {"keyId": "k", "granteePrincipal": "999988887777"}),
    ],
)
@each_since
def test_a_usual_action_on_another_kind_of_target_is_uncertain(
    action: str, usual: Record, other: Record, since: t.Optional[datetime]
) -> None:
    scenario = Scenario("kinds", 1)
    rng = random.Random(3)
    work_as_usual(scenario, rng)
    scenario.since = since
    for day in range(30, 0, -1):
        when = (NOW - timedelta(days=day)).replace(hour=10)
        scenario.add(action, user(), when, requestParameters={**usual, "note": "x"})
    misuse(scenario, [action], [BEGAN + timedelta(minutes=5)], requestParameters=other)
    outcome = hunt(scenario)
    assert rate(outcome, scenario.planted, Suspected.UNCERTAIN) == 1
    assert rate(outcome, scenario.usual, Suspected.NO) >= 0.9


def test_reasons_say_what_the_days_before_lack() -> None:
    scenario = Scenario("reasons", 1)
    work_as_usual(scenario, random.Random(4))
    misuse(scenario, ["iam:CreateUser"], [BEGAN])
    outcome = hunt(scenario)
    verdict = outcome.verdicts[next(iter(scenario.planted))]
    assert verdict.reasons[:2] == (
        "the 30 days before have no iam:CreateUser on two days, or longer ago",
        "the credential is declared leaked",
    )


def test_nothing_is_usual_because_of_its_time_alone() -> None:
    scenario = Scenario("time", 1)
    work_as_usual(scenario, random.Random(5))
    scenario.since = BEGAN
    outcome = hunt(scenario)
    early = [outcome.verdicts[event.event_id] for event in outcome.events if event.time < BEGAN]
    assert early
    assert all(len(verdict.reasons) > 1 for verdict in early)


def test_a_read_from_elsewhere_with_another_tool_before_the_time_is_uncertain() -> None:
    scenario = Scenario("early", 1)
    work_as_usual(scenario, random.Random(6))
    scenario.since = BEGAN
    place: Record = {"sourceIPAddress": "198.51.100.66", "userAgent": "curl/8", "planted": True}
    scenario.add("s3:ListBuckets", user(), NOW - timedelta(days=9), **place)
    assert rate(hunt(scenario), scenario.planted, Suspected.NO) == 0


@each_since
def test_a_session_that_the_leaked_key_opened_as_usual_is_judged_by_what_it_changes(
    since: t.Optional[datetime],
) -> None:
    scenario = Scenario("chain", 1)
    rng = random.Random(7)
    work_as_usual(scenario, rng)
    scenario.since = since
    who = assume(scenario, user(), "deploy", "release", "ASIAUSUALTODAY000001", BEGAN, account=PROD)
    for number, action in enumerate(("lambda:AddPermission20150331v2", "iam:CreateUser", "logs:PutResourcePolicy")):
        scenario.add(action, who, BEGAN + timedelta(minutes=number + 1), planted=True)
    scenario.add("ecs:UpdateService", who, BEGAN + timedelta(minutes=9))
    outcome = hunt(scenario)
    assert rate(outcome, scenario.planted, Suspected.NO) == 0
    assert rate(outcome, {scenario.records[-1]["eventID"]}, Suspected.NO) == 1


def test_a_credential_that_nobody_declared_leaked_is_judged_by_its_place_alone() -> None:
    """Those whom the intruder never touched would be a crowd."""
    scenario = Scenario("others", 1)
    work_as_usual(scenario, random.Random(8))
    scenario.keys, scenario.addresses, scenario.since = (), ("198.51.100.66",), BEGAN
    scenario.add("s3:PutBucketTagging", user(), BEGAN)
    assert rate(hunt(scenario), {scenario.records[-1]["eventID"]}, Suspected.NO) == 1


@pytest.mark.parametrize("since", [BEGAN, NOW - timedelta(days=3)], ids=["known", "days"])
def test_whoever_works_in_the_same_way_as_the_owner_is_never_usual(since: datetime) -> None:
    """In each scenario, without its loud intruder: the caller, the address, the agent and the hour of usual events."""
    for scenario in make_scenarios(range(2)):
        if scenario.addresses:
            continue
        rng = random.Random(f"{scenario.name} {scenario.seed}")
        scenario.records = [record for record in scenario.records if record["eventID"] not in scenario.planted]
        scenario.planted.clear()
        scenario.since = since
        own = [one for one in scenario.records if is_of_seed(one["userIdentity"], scenario)]
        usual = {f"{one['eventSource'].partition('.')[0]}:{one['eventName']}" for one in scenario.records}
        for action in rng.sample([one for one in ACTIONS if one not in usual], 20):
            like = rng.choice(own)
            when = datetime.fromisoformat(like["eventTime"]) + timedelta(minutes=3)
            place = {name: like[name] for name in ("sourceIPAddress", "userAgent")}
            scenario.add(action, like["userIdentity"], when, planted=True, **place)
        outcome = hunt(scenario)
        assert rate(outcome, scenario.planted, Suspected.NO) == 0, scenario.name
        assert rate(outcome, scenario.usual, Suspected.NO) >= 0.9, scenario.name


def is_of_seed(identity: Record, scenario: Scenario) -> bool:
    return identity.get("accessKeyId") in scenario.keys or identity.get("arn") in scenario.principals
