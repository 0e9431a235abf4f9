# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Principals that move, sleep, or come from anywhere, and sessions that strangers open."""

from __future__ import annotations

import random
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected

from .scenarios import CLI, ELSEWHERE, HOME, LEAKED, NAT, NOW, OFFICE, PYTHON, Record, Scenario, session, user
from .test_scenarios import hunt, rate

START: t.Final = NOW - timedelta(hours=4)
LAPTOP: t.Final = "aws-cli/2.18.1 md/awscrt#0.22.0 ua/2.0 os/macos#23.6.0 lang/python#3.12.6"
RUNNER: t.Final = "aws-cli/2.17.0 md/awscrt#0.22.0 ua/2.0 os/linux#6.8.0-1017-azure lang/python#3.12.6"
OTHER_RUNNER: t.Final = "aws-cli/2.9.19 md/awscrt#0.15.0 ua/2.0 os/linux#5.10.0 lang/python#3.9.1"
LOOK: t.Final = (
    *("sts:GetCallerIdentity", "iam:ListUsers", "iam:ListRoles", "ec2:DescribeInstances", "lambda:ListFunctions"),
    *("secretsmanager:ListSecrets", "rds:DescribeDBInstances", "iam:CreateUser", "iam:AttachUserPolicy"),
)
USUAL: t.Final = ("ecr:GetAuthorizationToken", "ecs:UpdateService", "s3:ListBuckets", "cloudformation:DescribeStacks")


def address(rng: random.Random) -> str:
    return f"20.{rng.randrange(250)}.{rng.randrange(250)}.{rng.randrange(1, 250)}"


def run_in_cloud(scenario: Scenario, rng: random.Random) -> None:
    """Builds of a month, each from another address of a cloud."""
    for day in range(30, -1, -1):
        for hour in (3, 9):
            place: Record = {"sourceIPAddress": address(rng), "userAgent": RUNNER}
            for number, action in enumerate(USUAL):
                scenario.add(action, user(), NOW - timedelta(days=day, hours=hour - number / 60), **place)


def look_around(scenario: Scenario, who: Record, start: t.Any = START, **members: t.Any) -> None:
    for number, action in enumerate(LOOK):
        scenario.add(action, who, start + timedelta(minutes=number), planted=True, **members)


def is_told_apart(scenario: Scenario) -> None:
    """The first changes of a month of work have no days before them that show the habit, so they are uncertain."""
    outcome = hunt(scenario)
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    assert rate(outcome, scenario.usual, Suspected.YES) == 0
    assert rate(outcome, scenario.usual, Suspected.NO) >= 0.95


@pytest.mark.parametrize("agent", [RUNNER, OTHER_RUNNER], ids=["same", "other"])
def test_an_intruder_with_the_tool_of_builds_is_known_by_what_builds_never_call(agent: str) -> None:
    scenario = Scenario("builds", 1)
    run_in_cloud(scenario, random.Random(1))
    look_around(scenario, user(), sourceIPAddress=ELSEWHERE, userAgent=agent)
    is_told_apart(scenario)


def test_an_intruder_who_works_through_many_addresses_is_known_by_the_build_of_the_tool() -> None:
    scenario = Scenario("rotating", 1)
    rng = random.Random(2)
    run_in_cloud(scenario, rng)
    for number, action in enumerate(LOOK):
        place: Record = {"sourceIPAddress": f"185.{number}.7.7", "userAgent": OTHER_RUNNER}
        scenario.add(action, user(), START + timedelta(minutes=number), planted=True, **place)
    is_told_apart(scenario)


def test_a_new_build_with_a_newer_tool_is_no_intruder() -> None:
    scenario = Scenario("newer", 1)
    rng = random.Random(3)
    run_in_cloud(scenario, rng)
    for number, action in enumerate((*USUAL, "ce:GetCostAndUsage", "sts:GetCallerIdentity")):
        place: Record = {"sourceIPAddress": address(rng), "userAgent": RUNNER.replace("2.17.0", "2.19.0")}
        scenario.add(action, user(), START + timedelta(minutes=number), **place)
    assert rate(hunt(scenario), {one["eventID"] for one in scenario.records[-6:]}, Suspected.NO) == 1


@pytest.mark.parametrize("since", [None, START], ids=["estimated", "given"])
def test_a_person_who_moves_house_and_travels_is_told_from_an_intruder(since: t.Any) -> None:
    scenario = Scenario("moves", 1)
    scenario.since = since
    work = ("s3:ListBuckets", "logs:FilterLogEvents", "ec2:DescribeInstances", "logs:DescribeLogGroups")
    for day in range(30, 0, -1):
        place: Record = {"sourceIPAddress": "84.112.31.9" if day > 18 else "84.112.77.9", "userAgent": LAPTOP}
        for hour, action in enumerate(work):
            scenario.add(action, user(), NOW - timedelta(days=day, hours=hour), **place)
    for number, action in enumerate((*work, *work)):
        when = START - timedelta(minutes=100 - number * 20)
        scenario.add(action, user(), when, sourceIPAddress="80.187.114.53", userAgent=LAPTOP)
    look_around(scenario, user(), sourceIPAddress=ELSEWHERE, userAgent=PYTHON)
    is_told_apart(scenario)


def work_of_others(scenario: Scenario) -> None:
    for day in range(20, 0, -1):
        scenario.add("s3:ListBuckets", user("app", "AKIATHPRDSKWOTHER001"), NOW - timedelta(days=day))


def test_the_first_use_of_a_named_key_that_slept_is_suspected() -> None:
    scenario = Scenario("sleeper", 1)
    work_of_others(scenario)
    for number, action in enumerate(("s3:ListBuckets", "iam:GetUser")):
        when = START + timedelta(minutes=number)
        scenario.add(action, user("old-export"), when, planted=True, sourceIPAddress=ELSEWHERE, userAgent=CLI)
    assert rate(hunt(scenario), scenario.planted, Suspected.YES) == 1


@pytest.mark.parametrize(
    ("members", "last", "wanted"),
    [
        ({}, "s3:GetBucketLocation", Suspected.UNCERTAIN),
        ({"errorCode": "AccessDenied"}, "s3:GetBucketLocation", Suspected.YES),
        ({}, "iam:CreateUser", Suspected.YES),
        ({"sourceIPAddress": ELSEWHERE}, "s3:GetBucketLocation", Suspected.YES),
        ({"userAgent": "Boto3/1.26 Linux/6.6-kali"}, "s3:GetBucketLocation", Suspected.YES),
    ],
    ids=["none", "denied", "sensitive", "network", "tool"],
)
def test_a_named_key_that_slept_needs_one_more_sign(members: Record, last: str, wanted: Suspected) -> None:
    """A job of each quarter sleeps as well."""
    scenario = Scenario("quarter", 1)
    scenario.since = START
    work_of_others(scenario)
    for number, action in enumerate(("s3:ListBuckets", last)):
        scenario.add(action, user("quarter"), START + timedelta(minutes=number), planted=True, **members)
    inside: Record = {"sourceIPAddress": "AWS Internal", "userAgent": "AWS Internal"}
    scenario.add("kms:Decrypt", user("quarter"), START + timedelta(minutes=9), planted=True, **inside)
    assert rate(hunt(scenario), scenario.planted, wanted) == 1


def test_the_first_use_of_a_key_that_was_just_made_is_uncertain() -> None:
    scenario = Scenario("new", 1)
    work_of_others(scenario)
    made: Record = {
        "requestParameters": {"userName": "fresh"},
        "responseElements": {"accessKey": {"accessKeyId": LEAKED}},
    }
    scenario.add("iam:CreateAccessKey", user("app", "AKIATHPRDSKWOTHER001"), START - timedelta(days=1), **made)
    first = scenario.add("s3:ListBuckets", user("fresh"), START, userAgent=CLI)
    assert rate(hunt(scenario), {first["eventID"]}, Suspected.UNCERTAIN) == 1


def test_a_caller_who_made_a_key_and_works_with_it_is_suspected_without_a_baseline() -> None:
    scenario = Scenario("made", 1)
    place: Record = {"sourceIPAddress": ELSEWHERE, "userAgent": CLI, "planted": True}
    made: Record = {
        "requestParameters": {"userName": "admin-joe"},
        "responseElements": {"accessKey": {"accessKeyId": "AKIATHPRDSKWMADE0001"}},
    }
    scenario.add("sts:GetCallerIdentity", user(), START, **place)
    scenario.add("iam:CreateAccessKey", user(), START + timedelta(minutes=1), **place, **made)
    scenario.add("s3:ListBuckets", user("admin-joe", "AKIATHPRDSKWMADE0001"), START + timedelta(minutes=2), **place)
    assert rate(hunt(scenario), scenario.planted, Suspected.YES) == 1


def open_from_outside(
    scenario: Scenario, opener: Record, key: str, when: t.Any, *, planted: bool = False, **place: t.Any
) -> Record:
    """A caller whose ARN the event does not show opens a session."""
    request = {"roleArn": f"arn:aws:iam::{HOME}:role/vendor", "roleSessionName": "collect"}
    who = session("vendor", "collect", key)
    answer = {"credentials": {"accessKeyId": key}, "assumedRoleUser": {"assumedRoleId": who["principalId"]}}
    action = "sts:AssumeRole" if opener["type"] == "AWSAccount" else "sts:AssumeRoleWithWebIdentity"
    members = {"requestParameters": request, "responseElements": answer, "recipientAccountId": HOME}
    scenario.add(action, opener, when, planted=planted, **members, **place)
    return who


VENDOR: t.Final[Record] = {"type": "AWSAccount", "principalId": "AROAVENDOR1:collector", "accountId": "777700001111"}
_PROVIDER: t.Final = "oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com"
BUILD: t.Final[Record] = {
    "type": "WebIdentityUser",
    "principalId": f"arn:aws:iam::{HOME}:{_PROVIDER}:repo:acme/shop:ref:refs/heads/main",
}


@pytest.mark.parametrize("opener", [VENDOR, BUILD], ids=["vendor", "build"])
def test_a_session_that_a_stranger_opens_is_judged_by_the_sessions_before(opener: Record) -> None:
    scenario = Scenario("stranger", 1)
    rng = random.Random(4)
    scenario.keys, scenario.principals = (), (f"arn:aws:iam::{HOME}:role/vendor",)
    is_vendor = opener is VENDOR
    for number in range(60):
        when = NOW - timedelta(hours=12 * (60 - number))
        place: Record = {"sourceIPAddress": NAT if is_vendor else address(rng), "userAgent": RUNNER}
        who = open_from_outside(scenario, opener, f"ASIAUSUAL{number:011d}", when, **place)
        for minute, action in enumerate(USUAL, start=1):
            scenario.add(action, who, when + timedelta(minutes=minute), **place)
    evil = {**opener, "principalId": opener["principalId"].replace("acme", "mallory").replace("VENDOR1", "VENDOR2")}
    place = {"sourceIPAddress": ELSEWHERE, "userAgent": RUNNER}
    who = open_from_outside(scenario, evil, "ASIAEVIL000000000001", START, planted=True, **place)
    scenario.add("s3:ListBuckets", who, START + timedelta(seconds=9), planted=True, **{**place, "userAgent": PYTHON})
    look_around(scenario, who, START + timedelta(minutes=1), **place)
    is_told_apart(scenario)


@pytest.mark.parametrize(
    ("subject", "is_suspected"),
    [
        ("repo:acme/shop:ref:refs/heads/hotfix", False),
        ("repo:acme/shop:pull_request", False),
        ("repo:acme/shop2:ref:refs/heads/main", True),
        ("repo:mallory/repo:acme/shop:ref:refs/heads/main", True),
        ("x:repo:acme/shop:ref:refs/heads/main", True),
    ],
)
def test_a_build_of_a_new_branch_is_no_stranger(subject: str, is_suspected: bool) -> None:
    """With the calls and the tool of all builds, at another hour. Of another repository it is suspected."""
    scenario = Scenario("branch", 1)
    rng = random.Random(5)
    scenario.keys, scenario.principals, scenario.since = (), (f"arn:aws:iam::{HOME}:role/vendor",), START
    usual = BUILD["principalId"]
    days = [(usual, NOW - timedelta(days=day, hours=12)) for day in range(25, 0, -1)]
    provider = usual.partition(":repo:")[0]
    for number, (opener, when) in enumerate([*days, (f"{provider}:{subject}", START)]):
        place: Record = {"sourceIPAddress": address(rng), "userAgent": RUNNER, "planted": when == START}
        build = {**BUILD, "principalId": opener}
        who = open_from_outside(scenario, build, f"ASIABUILD{number:011d}", when, **place)
        for minute, action in enumerate(USUAL, start=1):
            scenario.add(action, who, when + timedelta(minutes=minute), **place)
    assert rate(hunt(scenario), scenario.planted, Suspected.YES) == is_suspected


def test_the_first_tries_of_an_intruder_to_sign_in_and_calls_of_the_console_are_found() -> None:
    scenario = Scenario("console", 1)
    person = {name: value for name, value in user("lena").items() if name != "accessKeyId"}
    scenario.keys, scenario.principals = (), (person["arn"],)
    for day in range(20, 0, -1):
        for minute in (0, 5, 9):
            place: Record = {"sourceIPAddress": OFFICE, "userAgent": "Mozilla/5.0 (Windows NT 10.0)"}
            scenario.add("ec2:DescribeInstances", person, NOW - timedelta(days=day, minutes=minute), **place)
    place = {"sourceIPAddress": ELSEWHERE, "userAgent": "Mozilla/5.0 (X11; Linux)", "planted": True}
    hidden = {"type": "IAMUser", "accountId": HOME, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    scenario.add("signin:ConsoleLogin", hidden, START - timedelta(minutes=9), **place)
    who = {**person, "accessKeyId": "ASIACONSOLE000000001"}
    look_around(scenario, who, **{name: value for name, value in place.items() if name != "planted"})
    inside: Record = {"sourceIPAddress": "AWS Internal", "userAgent": "AWS Internal", "planted": True}
    scenario.add("iam:GetAccountSummary", who, START + timedelta(minutes=20), **inside)
    is_told_apart(scenario)
