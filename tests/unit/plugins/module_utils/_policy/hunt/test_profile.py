# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The habits of a principal: whether a new network says something."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.profile import Profile

from .scenarios import ELSEWHERE, GITHUB, NOW, PYTHON, Scenario, user
from .test_hunt import hunt
from .test_scenarios import rate


@pytest.mark.parametrize(
    ("networks", "days", "roams"),
    [
        (3, 3, True),
        (4, 5, True),
        (3, 4, False),
        (2, 2, False),
        (5, 10, True),
        (5, 11, False),
        (4, 6, False),
    ],
)
def test_a_principal_roams_if_nearly_each_day_shows_a_new_network(networks: int, days: int, roams: bool) -> None:
    scenario, profile = Scenario("roams", 1), Profile()
    for day in range(days):
        address = f"20.{day % networks}.1.7"
        event = parse_event(scenario.add("s3:ListBuckets", user(), NOW - timedelta(days=day), sourceIPAddress=address))
        assert event is not None
        profile.add(event)
    assert profile.is_roaming is roams


@pytest.mark.parametrize("weeks", [3, 4])
def test_a_weekly_deployment_of_runners_with_few_runs_is_not_suspected(weeks: int) -> None:
    scenario = Scenario("weekly", weeks)
    today = NOW - timedelta(hours=1)
    actions = ("sts:GetCallerIdentity", "cloudformation:DescribeStacks", "s3:PutObject", "lambda:UpdateFunctionCode")
    for week in range(weeks + 1):
        place = {"sourceIPAddress": f"20.{week}.3.4", "userAgent": GITHUB}
        for number, action in enumerate(actions):
            scenario.add(action, user(), today - timedelta(days=7 * week, minutes=number), **place)
    for number, action in enumerate(("iam:ListUsers", "iam:ListRoles", "iam:CreateUser", "iam:CreateAccessKey")):
        place = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON}
        scenario.add(action, user(), NOW - timedelta(hours=3, minutes=-number), planted=True, **place)
    outcome = hunt(scenario, since=NOW - timedelta(hours=4))
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    first = {one["eventID"] for one in scenario.records[4 * weeks : 4 * weeks + 4]}
    assert rate(outcome, scenario.usual - first, Suspected.NO) == 1
    # Nothing before the first run shows that its changes are usual.
    assert rate(outcome, first, Suspected.YES) == 0
