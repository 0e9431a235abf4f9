# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Principals without a baseline: a deployment looks like an intruder until it does something hostile."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected

from .scenarios import ELSEWHERE, NOW, OFFICE, PYTHON, Record, Scenario, user
from .test_hunt import hunt
from .test_scenarios import rate

TERRAFORM: t.Final = "APN/1.0 HashiCorp/1.0 Terraform/1.7.4 terraform-provider-aws/5.40.0 aws-sdk-go-v2/1.25 os/linux"
DENIED: t.Final[Record] = {"errorCode": "AccessDenied"}
SINCE: t.Final = NOW - timedelta(hours=4)
# Kinds of reads in many services, "who am I", and a change of rights: three signs.
PLAN: t.Final = (
    *("sts:GetCallerIdentity", "ec2:DescribeVpcs", "ec2:DescribeSubnets", "iam:GetRole", "iam:ListRolePolicies"),
    *(
        "iam:ListAttachedRolePolicies",
        "s3:GetBucketAcl",
        "lambda:GetFunction20150331v2",
        "lambda:ListFunctions20150331",
    ),
    *("ec2:DescribeSecurityGroups", "iam:ListRoles", "s3:ListBuckets", "iam:CreateRole"),
)


def call(scenario: Scenario, actions: t.Iterable[str], *, who: Record, planted: bool = False, **members: t.Any) -> None:
    for number, action in enumerate(actions):
        scenario.add(action, who, SINCE + timedelta(minutes=number + 1), planted=planted, **members)


def test_a_first_deployment_without_a_baseline_is_uncertain() -> None:
    scenario = Scenario("first", 1)
    call(scenario, PLAN, who=user(), userAgent=TERRAFORM)
    assert rate(hunt(scenario, since=SINCE), scenario.usual, Suspected.UNCERTAIN) == 1


@pytest.mark.parametrize(
    ("hostile", "members"),
    [
        (("cloudtrail:StopLogging",), {}),
        (("iam:ListUsers", "kms:ListKeys", "secretsmanager:ListSecrets"), DENIED),
    ],
)
def test_a_hostile_sign_beside_others_is_an_intruder(hostile: tuple[str, ...], members: Record) -> None:
    scenario = Scenario("hostile", 1)
    place: Record = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
    call(scenario, PLAN, who=user(), **place)
    call(scenario, hostile, who=user(), **place, **members)
    assert rate(hunt(scenario, since=SINCE), scenario.planted, Suspected.YES) == 1


def test_the_signs_of_callers_from_one_place_count_together() -> None:
    """An intruder looks around with one key, and goes on with another."""
    scenario = Scenario("together", 1)
    place: Record = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
    other = user("backup", "AKIATHPRDSKWOTHER001")
    call(scenario, [one for one in PLAN if one != "iam:CreateRole"], who=user(), **place)
    call(scenario, ("cloudtrail:StopLogging", "iam:CreateUser"), who=other, **place)
    elsewhere = user("report", "AKIATHPRDSKWOTHER002")
    call(scenario, ("s3:ListBuckets",), who=elsewhere, sourceIPAddress=OFFICE, userAgent=PYTHON)
    scenario.keys = (*scenario.keys, "AKIATHPRDSKWOTHER001", "AKIATHPRDSKWOTHER002")
    outcome = hunt(scenario, since=SINCE)
    assert rate(outcome, scenario.planted, Suspected.YES) == 1
    assert rate(outcome, scenario.usual, Suspected.YES) == 0


def test_an_attack_tool_is_seen_whichever_call_comes_first() -> None:
    scenario = Scenario("tool", 1)
    agents = ("Boto3/1.26 Linux/6.6", "Boto3/1.26 Linux/6.6-kali")
    for number, agent in enumerate(agents):
        when = SINCE + timedelta(minutes=number + 1)
        scenario.add("s3:ListBuckets", user(), when, planted=True, sourceIPAddress=ELSEWHERE, userAgent=agent)
    assert rate(hunt(scenario, since=SINCE), scenario.planted, Suspected.YES) == 1


OLD_KEY: t.Final = "AKIATHPRDSKWROTATE01"
NEW_KEY: t.Final = "AKIATHPRDSKWROTATE02"


def rotate_key(scenario: Scenario, *, name: str, off: Record) -> None:
    """A user without a baseline makes a key of the user ``name``, asks who it is with it, and turns one off."""
    old, new = user("rot", OLD_KEY), user(name, NEW_KEY)
    made: Record = {
        "requestParameters": {"userName": name},
        "responseElements": {"accessKey": {"accessKeyId": NEW_KEY, "userName": name}},
    }
    scenario.keys, scenario.principals = (), (old["arn"],)
    scenario.add("sts:GetCallerIdentity", old, SINCE)
    scenario.add("iam:CreateAccessKey", old, SINCE + timedelta(seconds=5), **made)
    scenario.add("sts:GetCallerIdentity", new, SINCE + timedelta(seconds=20))
    scenario.add("iam:UpdateAccessKey", new, SINCE + timedelta(seconds=30), requestParameters=off)


def test_a_user_who_rotates_its_own_key_is_not_surely_an_intruder() -> None:
    for off in ({"userName": "rot"}, {}):
        scenario = Scenario("rotation", 1)
        rotate_key(scenario, name="rot", off={**off, "accessKeyId": OLD_KEY, "status": "Inactive"})
        assert rate(hunt(scenario, since=SINCE), scenario.usual, Suspected.UNCERTAIN) == 1


@pytest.mark.parametrize(("name", "status"), [("admin-joe", "Inactive"), ("admin-joe", "Active")])
def test_a_key_of_somebody_else_is_no_rotation(name: str, status: str) -> None:
    scenario = Scenario("other", 1)
    rotate_key(scenario, name=name, off={"userName": "rot", "accessKeyId": OLD_KEY, "status": status})
    assert rate(hunt(scenario, since=SINCE), scenario.usual, Suspected.YES) == 1


def read_secrets(scenario: Scenario, actions: t.Iterable[str] = ()) -> None:
    """The first start of an application, which asks who it is, reads ten secrets, and calls ``actions``."""
    call(scenario, ("sts:GetCallerIdentity", *actions), who=user())
    for number in range(10):
        asked = {"requestParameters": {"secretId": f"app/{number}"}}
        scenario.add("secretsmanager:GetSecretValue", user(), SINCE + timedelta(minutes=30, seconds=number), **asked)


def test_an_application_that_reads_its_secrets_for_the_first_time_is_not_surely_an_intruder() -> None:
    scenario = Scenario("start", 1)
    read_secrets(scenario)
    assert rate(hunt(scenario, since=SINCE), scenario.usual, Suspected.UNCERTAIN) == 1


def test_a_caller_who_reads_many_secrets_and_gains_rights_is_suspected() -> None:
    scenario = Scenario("plunder", 1)
    read_secrets(scenario, ("iam:AttachUserPolicy",))
    assert rate(hunt(scenario, since=SINCE), scenario.usual, Suspected.YES) == 1
