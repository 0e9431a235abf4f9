# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions of machines, which a service opens: those of the machine itself, and stolen ones."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected

from .scenarios import ELSEWHERE, HOME, NOW, PYTHON, Record, Scenario, session
from .test_hunt import hunt
from .test_scenarios import rate

MACHINE: t.Final = "i-0abc1234567890def"
SDK: t.Final = "aws-sdk-go-v2/1.30 os/linux lang/go"
AT_HOME: t.Final = "54.1.2.3"
EVIL: t.Final[Record] = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
DAYS: t.Final = 20


def open_session(
    scenario: Scenario, when: datetime, *, role: str = "web", name: str = MACHINE, service: str = "ec2"
) -> Record:
    """Add the call of a service that opens a session for a machine."""
    principal = f"{service}.amazonaws.com"
    key = f"ASIAMACHINE{len(scenario.records):09d}"
    who = {"type": "AWSService", "invokedBy": principal}
    asked = {"roleArn": f"arn:aws:iam::{HOME}:role/{role}", "roleSessionName": name}
    opened = {
        "credentials": {"accessKeyId": key},
        "assumedRoleUser": {"assumedRoleId": f"AROA{role.upper()}:{name}"},
    }
    members = {"sourceIPAddress": principal, "userAgent": principal, "recipientAccountId": HOME}
    scenario.add("sts:AssumeRole", who, when, requestParameters=asked, responseElements=opened, **members)
    return session(role, name, key)


def run_machine(scenario: Scenario, *, last: str = AT_HOME, name: str = MACHINE, days: int = DAYS) -> Record:
    """A machine that works with four sessions a day; ``last`` is the address of its last one. Returns that session."""
    who: Record = {}
    for number in range(days * 4, 0, -1):
        when = NOW - timedelta(hours=6 * number - 2)
        who = open_session(scenario, when, name=name)
        place = {"sourceIPAddress": last if number == 1 else AT_HOME, "userAgent": SDK}
        for part in range(4):
            scenario.add("s3:ListBuckets", who, when + timedelta(minutes=10 * part + 1), **place)
    return who


def steal(scenario: Scenario, who: Record, when: datetime = NOW - timedelta(hours=1)) -> None:
    actions = ("sts:GetCallerIdentity", "s3:ListBuckets", "iam:ListUsers", "ec2:DescribeInstances", "iam:CreateUser")
    for number, action in enumerate(actions):
        scenario.add(action, who, when + timedelta(seconds=20 * number), **EVIL)


def ask_role(scenario: Scenario) -> None:
    scenario.keys, scenario.principals = (), (f"arn:aws:iam::{HOME}:role/web",)


def test_a_stolen_session_of_a_machine_is_suspected() -> None:
    scenario = Scenario("machine", 1)
    steal(scenario, run_machine(scenario))
    ask_role(scenario)
    outcome = hunt(scenario, since=NOW - timedelta(hours=2))
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    assert rate(outcome, scenario.usual, Suspected.YES) == 0


def test_a_thief_who_is_faster_than_the_machine_is_suspected() -> None:
    scenario = Scenario("faster", 1)
    run_machine(scenario)
    who = open_session(scenario, NOW - timedelta(minutes=90))
    steal(scenario, who)
    scenario.add("s3:ListBuckets", who, NOW - timedelta(minutes=9), sourceIPAddress=AT_HOME, userAgent=SDK)
    ask_role(scenario)
    outcome = hunt(scenario, since=NOW - timedelta(hours=2))
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    assert rate(outcome, scenario.usual, Suspected.YES) == 0


def test_a_machine_that_moves_its_address_is_not_surely_an_intruder() -> None:
    scenario = Scenario("moves", 1)
    run_machine(scenario, last="18.9.9.9")
    ask_role(scenario)
    outcome = hunt(scenario, since=NOW - timedelta(hours=5))
    assert rate(outcome, scenario.usual, Suspected.YES) == 0


def test_a_new_machine_of_the_role_is_not_suspected() -> None:
    scenario = Scenario("newer", 1)
    run_machine(scenario)
    who = open_session(scenario, NOW - timedelta(hours=2), name="i-0fff")
    fresh = {
        scenario.add("s3:ListBuckets", who, NOW - timedelta(minutes=part), sourceIPAddress="18.9.9.9", userAgent=SDK)[
            "eventID"
        ]
        for part in range(1, 9)
    }
    ask_role(scenario)
    outcome = hunt(scenario, since=NOW - timedelta(hours=1))
    assert rate(outcome, fresh, Suspected.NO) == 1


def test_calls_of_services_in_the_name_of_a_machine_are_not_suspected() -> None:
    scenario = Scenario("internal", 1)
    who = run_machine(scenario)
    inner = {
        scenario.add("s3:ListBuckets", who, NOW - timedelta(minutes=9), sourceIPAddress=place, userAgent=place)[
            "eventID"
        ]
        for place in ("AWS Internal", "ssm.amazonaws.com")
    }
    ask_role(scenario)
    outcome = hunt(scenario, since=NOW - timedelta(hours=1))
    assert rate(outcome, inner, Suspected.NO) == 1


def opened_since(scenario: Scenario, since: datetime) -> set[str]:
    """The ids of the sessions that a service opened since a time."""
    return {
        one["eventID"]
        for one in scenario.records
        if one["eventName"] == "AssumeRole" and datetime.fromisoformat(one["eventTime"]) >= since
    }


def test_a_session_that_a_service_opens_for_a_machine_is_not_suspected() -> None:
    scenario = Scenario("renews", 1)
    who = run_machine(scenario)
    steal(scenario, who)
    scenario.keys = (who["accessKeyId"],)
    since = NOW - timedelta(hours=24)
    opened = opened_since(scenario, since)
    scenario.principals = (f"arn:aws:iam::{HOME}:role/web",)
    outcome = hunt(scenario, since=since)
    assert opened and rate(outcome, opened, Suspected.NO) == 1


def test_a_session_of_a_role_that_an_intruder_made_or_changed_is_suspected() -> None:
    for action, verdict in (("iam:CreateRole", Suspected.YES), ("iam:UpdateAssumeRolePolicy", Suspected.UNCERTAIN)):
        scenario = Scenario("made", 1)
        who = run_machine(scenario)
        steal(scenario, who)
        asked = {"requestParameters": {"roleName": "backdoor"}}
        scenario.add(action, who, NOW - timedelta(minutes=50), **EVIL, **asked)
        since = NOW - timedelta(hours=2)
        opened = open_session(scenario, NOW - timedelta(minutes=40), role="backdoor", name="tick", service="lambda")
        last = {scenario.records[-1]["eventID"]}
        scenario.keys, scenario.principals = (opened["accessKeyId"],), (f"arn:aws:iam::{HOME}:role/web",)
        outcome = hunt(scenario, since=since)
        assert rate(outcome, last, verdict) == 1, action


def test_a_session_of_a_machine_that_an_intruder_started_is_suspected() -> None:
    scenario = Scenario("started", 1)
    who = run_machine(scenario)
    steal(scenario, who)
    answer = {"responseElements": {"instancesSet": {"items": [{"instanceId": "i-0evil"}]}}}
    scenario.add("ec2:RunInstances", who, NOW - timedelta(minutes=50), **EVIL, **answer)
    opened = open_session(scenario, NOW - timedelta(minutes=40), name="i-0evil")
    last = {scenario.records[-1]["eventID"]}
    ask_role(scenario)
    scenario.keys = (opened["accessKeyId"],)
    outcome = hunt(scenario, since=NOW - timedelta(hours=2))
    assert rate(outcome, last, Suspected.YES) == 1
