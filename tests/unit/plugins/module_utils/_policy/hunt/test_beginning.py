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
