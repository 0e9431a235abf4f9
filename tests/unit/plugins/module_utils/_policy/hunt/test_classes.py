# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The classes of events."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.classes import classify
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import parse_event

from .scenarios import NOW, Scenario, session, user


def class_of(action: str, **members: t.Any) -> str:
    record = Scenario("class", 0).add(action, members.pop("who", user()), NOW, **members)
    event = parse_event(record)
    assert event is not None
    return classify(event).value


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("sts:GetCallerIdentity", "reconnaissance"),
        ("iam:ListUsers", "reconnaissance"),
        ("iam:SimulatePrincipalPolicy", "reconnaissance"),
        ("sts:AssumeRole", "escalation"),
        ("iam:CreateAccessKey", "persistence"),
        ("lambda:CreateFunction20150331", "persistence"),
        ("lambda:UpdateFunctionCode20150331v2", "persistence"),
        ("sts:GetFederationToken", "persistence"),
        ("cloudtrail:StopLogging", "defence_evasion"),
        ("guardduty:DeleteDetector", "defence_evasion"),
        ("organizations:LeaveOrganization", "defence_evasion"),
        ("kms:ScheduleKeyDeletion", "impact"),
        ("secretsmanager:GetSecretValue", "impact"),
        ("ec2:ModifySnapshotAttribute", "impact"),
        ("bedrock:InvokeModel", "impact"),
        ("route53resolver:DeleteResolverQueryLogConfig", "defence_evasion"),
        ("ec2:EnableSerialConsoleAccess", "persistence"),
        ("ec2:CreateTrafficMirrorSession", "impact"),
        ("s3:GetObject", "other"),
        ("sqs:SendMessage", "other"),
    ],
)
def test_class(action: str, expected: str) -> None:
    assert class_of(action) == expected


def test_a_failed_call_has_the_same_class() -> None:
    assert class_of("iam:CreateAccessKey", errorCode="AccessDenied") == "persistence"


@pytest.mark.parametrize(
    ("name", "expected"), [("ci-deploy", "escalation"), ("CI-Deploy", "escalation"), ("report-export", "persistence")]
)
def test_own_rights_are_an_escalation(name: str, expected: str) -> None:
    assert class_of("iam:AttachUserPolicy", requestParameters={"userName": name}) == expected


def test_own_role_is_an_escalation() -> None:
    asked = {"requestParameters": {"roleName": "deploy"}}
    assert class_of("iam:PutRolePolicy", who=session("deploy", "x", "ASIAEXAMPLEEXAMPLE1"), **asked) == "escalation"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"instanceType": "t3.micro", "instancesSet": {"items": [{"maxCount": 1}]}}, "persistence"),
        ({"instanceType": "p5.48xlarge", "instancesSet": {"items": [{"maxCount": 1}]}}, "impact"),
        ({"instanceType": "t3.micro", "instancesSet": {"items": [{"maxCount": 50}]}}, "impact"),
        ({"instanceType": ["p5"], "instancesSet": {"items": 7}}, "persistence"),
        (None, "persistence"),
    ],
)
def test_expensive_machines_are_an_impact(asked: t.Any, expected: str) -> None:
    assert class_of("ec2:RunInstances", requestParameters=asked) == expected
