# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first suspicious time, where people do not give it."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.beginning import Basis
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected

from .scenarios import CLI, ECS, ELSEWHERE, NAT, NOW, OFFICE, PYTHON, Record, Scenario, user
from .test_hunt import hunt
from .test_scenarios import rate

LATER: t.Final = "45.9.148.3"
PACU: t.Final = "Pacu/1 Boto3/1.2"
EVIL: t.Final[Record] = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
TOOL: t.Final = ("sts:GetCallerIdentity", "iam:ListUsers", "iam:CreateUser")
START: t.Final = NOW - timedelta(hours=4)


def work(scenario: Scenario, days: int = 29) -> None:
    """Four calls a day from the same place."""
    for day in range(days, 0, -1):
        for hour in (1, 2, 3, 5):
            when = NOW - timedelta(days=day, hours=hour)
            scenario.add("s3:ListBuckets", user(), when, sourceIPAddress=OFFICE, userAgent=ECS)


@pytest.mark.parametrize("first", [6, 10, 15])
def test_an_intruder_who_stays_for_weeks_and_moves_on_is_found_from_the_first_day(first: int) -> None:
    """The later address is a second break, and does not hide the first."""
    scenario = Scenario("dwell", first)
    work(scenario)
    for number, day in enumerate(range(29 - first, 0, -2)):
        place = EVIL if number < 3 else {**EVIL, "sourceIPAddress": LATER, "userAgent": PACU}
        for minute, action in enumerate(TOOL):
            scenario.add(action, user(), NOW - timedelta(days=day, minutes=9 - minute), **place)
    outcome = hunt(scenario)
    assert outcome.beginning.basis is Basis.ESTIMATED
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    assert rate(outcome, scenario.usual, Suspected.NO) == 1


def test_a_second_place_in_the_first_days_is_no_beginning() -> None:
    """Few events show no settled habits yet."""
    scenario = Scenario("second", 1)
    work(scenario)
    for day in (27, 20, 13, 6):
        when = NOW - timedelta(days=day, hours=-1)
        scenario.add("iam:ListRoles", user(), when, sourceIPAddress=NAT, userAgent=CLI)
    for number, action in enumerate(TOOL):
        scenario.add(action, user(), START + timedelta(minutes=number), **EVIL)
    assert hunt(scenario).beginning.since == START


def intrude_from_address(scenario: Scenario) -> None:
    work(scenario)
    scenario.addresses = (ELSEWHERE,)
    for number, action in enumerate(TOOL):
        scenario.add(action, user(), START + timedelta(minutes=number), **EVIL)


def test_an_old_call_from_a_named_address_by_another_is_no_beginning() -> None:
    scenario = Scenario("old", 1)
    intrude_from_address(scenario)
    innocent = user("other", "AKIATHPRDSKWOTHER001")
    scenario.add("s3:ListBuckets", innocent, NOW - timedelta(days=400), sourceIPAddress=ELSEWHERE, userAgent=CLI)
    outcome = hunt(scenario)
    assert (outcome.beginning.since, outcome.beginning.basis) == (START, Basis.ADDRESS)
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    assert rate(outcome, scenario.usual, Suspected.YES) == 0


@pytest.mark.parametrize(("days", "is_same"), [((6, 12), True), ((6, 14), False)])
def test_calls_from_a_named_address_belong_together_while_they_follow_within_a_week(
    days: tuple[int, ...], is_same: bool
) -> None:
    scenario = Scenario("gaps", 1)
    intrude_from_address(scenario)
    other = user("other", "AKIATHPRDSKWOTHER001")
    for day in days:
        scenario.add("s3:ListBuckets", other, START - timedelta(days=day), sourceIPAddress=ELSEWHERE, userAgent=CLI)
    first = START - timedelta(days=days[1] if is_same else days[0])
    assert hunt(scenario).beginning.since == first


def test_an_intruder_who_rests_for_weeks_began_where_the_habits_break() -> None:
    scenario = Scenario("rests", 1)
    intrude_from_address(scenario)
    first = START - timedelta(days=15)
    for number, action in enumerate(TOOL):
        scenario.add(action, user(), first + timedelta(minutes=number), **EVIL)
    outcome = hunt(scenario)
    assert outcome.beginning.since == first
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
