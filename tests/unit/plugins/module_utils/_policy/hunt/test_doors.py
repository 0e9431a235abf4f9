# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Doors: what an intruder comes back by is followed, or stands among what could not be followed."""

from __future__ import annotations

import random
import typing as t
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.clusters import Suspected
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.document import build_document
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.doors import (
    Made,
    find_made,
    find_named,
    find_provider,
    is_door,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage, RegionRead

from .persistence.techniques import TECHNIQUES
from .scenarios import ELSEWHERE, HOME, NOW, PYTHON, Record, Scenario, session, user, work_as_usual
from .test_links import event_of
from .test_scenarios import hunt

OIDC: t.Final = f"arn:aws:iam::{HOME}:oidc-provider/token.actions.githubusercontent.com"
SAML: t.Final = f"arn:aws:iam::{HOME}:saml-provider/corp"
ANCHOR: t.Final = f"arn:aws:rolesanywhere:us-east-1:{HOME}:trust-anchor"
READ: t.Final = {(HOME, "us-east-1"): RegionRead(Coverage.COMPLETE)}


@pytest.mark.parametrize(
    ("action", "members", "expected"),
    [
        ("iam:CreateUser", {"requestParameters": {"userName": "x"}}, Made((f"arn:aws:iam::{HOME}:user/x",))),
        (
            "iam:UpdateAssumeRolePolicy",
            {"requestParameters": {"roleName": "x"}},
            Made((f"arn:aws:iam::{HOME}:role/x",), is_new=False),
        ),
        (
            "ec2:RunInstances",
            {"responseElements": {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}},
            Made(session_names=("i-1", "i-2")),
        ),
        (
            "lambda:CreateFunction20150331",
            {"requestParameters": {"functionName": "arn:aws:lambda:us-east-1:1:function:f"}},
            Made(session_names=("f",)),
        ),
        (
            "lambda:UpdateFunctionCode20150331v2",
            {"requestParameters": {"functionName": "f"}},
            Made(session_names=("f",), is_new=False),
        ),
        (
            "iam:AddClientIDToOpenIDConnectProvider",
            {"requestParameters": {"openIDConnectProviderArn": OIDC, "clientID": "evil"}},
            Made(providers=(OIDC,), is_new=False),
        ),
        ("iam:CreateSAMLProvider", {"responseElements": {"sAMLProviderArn": SAML}}, Made(providers=(SAML,))),
        (
            "rolesanywhere:CreateTrustAnchor",
            {"responseElements": {"trustAnchor": {"trustAnchorId": "a-1", "trustAnchorArn": f"{ANCHOR}/a-1"}}},
            Made(providers=(f"{ANCHOR}/a-1",)),
        ),
        (
            "rolesanywhere:EnableTrustAnchor",
            {"requestParameters": {"trustAnchorId": "a-1"}},
            Made(providers=(f"{ANCHOR}/a-1",), is_new=False),
        ),
        (
            "ssm:SendCommand",
            {"requestParameters": {"instanceIds": ["i-0123456789abcdef0"]}},
            Made(session_names=("i-0123456789abcdef0",), is_new=False),
        ),
        (
            "codebuild:StartBuild",
            {"responseElements": {"build": {"id": "p:11111111-2222-3333-4444-555555555555"}}},
            Made(session_names=("AWSCodeBuild-11111111-2222-3333-4444-555555555555",)),
        ),
        (
            "ecs:RunTask",
            {"responseElements": {"tasks": [{"taskArn": f"arn:aws:ecs:us-east-1:{HOME}:task/c/0a1b"}]}},
            Made(session_names=("0a1b",)),
        ),
        (
            "ecs:ExecuteCommand",
            {"requestParameters": {"task": f"arn:aws:ecs:us-east-1:{HOME}:task/c/0a1b", "command": "sh"}},
            Made(session_names=("0a1b",), is_new=False),
        ),
        (
            "codebuild:UpdateProject",
            {"requestParameters": {"name": "p", "serviceRole": f"arn:aws:iam::{HOME}:role/build"}},
            Made((f"arn:aws:iam::{HOME}:role/build",), is_new=False),
        ),
        (
            "glue:CreateJob",
            {"requestParameters": {"name": "j", "role": "GlueRole"}},
            Made((f"arn:aws:iam::{HOME}:role/GlueRole",), is_new=False),
        ),
        ("lambda:PublishLayerVersion20181031", {"requestParameters": {"layerName": "l"}}, None),
        ("s3:PutBucketPolicy", {"requestParameters": {"roleArn": "x"}}, None),
        ("iam:CreateUser", {"requestParameters": {"userName": "x"}, "errorCode": "AccessDenied"}, None),
        ("iam:CreateUser", {"requestParameters": {"userName": ["x"]}}, None),
        ("ec2:RunInstances", {"responseElements": {"instancesSet": "i-1"}}, None),
    ],
)
def test_what_else_an_event_makes(action: str, members: t.Any, expected: t.Optional[Made]) -> None:
    assert find_made(event_of(action, **members)) == expected


@pytest.mark.parametrize(
    ("action", "members", "wanted"),
    [
        ("iam:CreateAccessKey", {}, True),
        ("iam:UpdateAccessKey", {"requestParameters": {"status": "Active"}}, True),
        ("iam:UpdateAccessKey", {"requestParameters": {"status": "Inactive"}}, False),
        ("iam:DeactivateMFADevice", {}, False),
        ("iam:DeleteUserPolicy", {}, False),
        ("events:EnableRule", {}, True),
        ("cloudtrail:StopLogging", {}, False),
        ("ec2:CreateSnapshot", {}, False),
        ("s3:PutBucketPolicy", {}, True),
        ("iam:ListUsers", {}, False),
        ("iam:CreateUser", {"errorCode": "AccessDenied"}, False),
    ],
)
def test_what_is_a_door(action: str, members: t.Any, wanted: bool) -> None:
    assert is_door(event_of(action, **members)) is wanted


def token(provider: str) -> Record:
    return {"type": "WebIdentityUser", "principalId": f"{provider}:sts.amazonaws.com:repo:evil/x:ref:refs/heads/main"}


def test_the_provider_of_a_session_is_found() -> None:
    known = {OIDC, SAML}
    web = event_of("sts:AssumeRoleWithWebIdentity", who=token(OIDC))
    saml = event_of("sts:AssumeRoleWithSAML", requestParameters={"principalArn": SAML})
    assert (find_provider(web, known), find_provider(saml, known)) == (OIDC, SAML)
    assert find_provider(event_of("sts:AssumeRoleWithWebIdentity", who=token(f"{OIDC}.evil")), known) == ""
    assert find_provider(event_of("s3:PutObject", requestParameters={"key": SAML}), known) == ""


OLD: t.Final = "AKIATHPRDSKWOLDKEY01"
MACHINE: t.Final = "i-0123456789abcdef0"
BUILD: t.Final = "11111111-2222-3333-4444-555555555555"


def opened(role: str, key: str) -> Record:
    return {
        "requestParameters": {"roleArn": f"arn:aws:iam::{HOME}:role/{role}", "roleSessionName": "s"},
        "responseElements": {"credentials": {"accessKeyId": key}},
    }


def anchored() -> Record:
    answer = {"credentialSet": [{"credentials": {"accessKeyId": "ASIARETURNEDBYCERT01"}}]}
    asked = {"roleArn": f"arn:aws:iam::{HOME}:role/machines", "trustAnchorArn": f"{ANCHOR}/a-1"}
    return {"requestParameters": asked, "responseElements": answer}


#: The door, its members, and the return: what is called by whom, with its members.
DOORS: t.Final[dict[str, tuple[str, Record, str, Record, Record]]] = {
    "key": (
        "iam:UpdateAccessKey",
        {"requestParameters": {"userName": "old", "accessKeyId": OLD, "status": "Active"}},
        *("s3:ListBuckets", user("old", OLD), {}),
    ),
    "audience": (
        "iam:AddClientIDToOpenIDConnectProvider",
        {"requestParameters": {"openIDConnectProviderArn": OIDC, "clientID": "evil"}},
        *("sts:AssumeRoleWithWebIdentity", token(OIDC), opened("build", "ASIARETURNEDBYOIDC01")),
    ),
    "saml": (
        "iam:UpdateSAMLProvider",
        {"requestParameters": {"sAMLProviderArn": SAML}},
        "sts:AssumeRoleWithSAML",
        {"type": "SAMLUser", "principalId": "x:eve"},
        {**opened("people", "ASIARETURNEDBYSAML01"), "requestParameters": {"principalArn": SAML}},
    ),
    "anchor": (
        "rolesanywhere:CreateTrustAnchor",
        {"responseElements": {"trustAnchor": {"trustAnchorArn": f"{ANCHOR}/a-1", "trustAnchorId": "a-1"}}},
        *("rolesanywhere:CreateSession", {"type": "Unknown", "principalId": "cert"}, anchored()),
    ),
    "function": (
        "lambda:UpdateFunctionCode20150331v2",
        {"requestParameters": {"functionName": "invoices"}},
        *("s3:ListBuckets", session("invoices-role", "invoices", "ASIAFUNCTION00000001"), {}),
    ),
    "command": (
        "ssm:SendCommand",
        {"requestParameters": {"instanceIds": [MACHINE], "documentName": "AWS-RunShellScript"}},
        *("s3:ListBuckets", session("web", MACHINE, "ASIAMACHINE000000001"), {}),
    ),
    "build": (
        "codebuild:StartBuild",
        {"responseElements": {"build": {"id": f"nightly:{BUILD}"}}},
        *("s3:ListBuckets", session("build", f"AWSCodeBuild-{BUILD}", "ASIABUILD00000000001"), {}),
    ),
    "project": (
        "codebuild:UpdateProject",
        {"requestParameters": {"name": "nightly", "serviceRole": f"arn:aws:iam::{HOME}:role/build"}},
        *("s3:ListBuckets", session("build", "AWSCodeBuild-any", "ASIABUILD00000000002"), {}),
    ),
    "user": (
        "iam:CreateUser",
        {"requestParameters": {"userName": "eve"}},
        *("s3:ListBuckets", user("eve", "AKIATHPRDSKWEVESKEY1"), {}),
    ),
    "password": (
        "iam:UpdateLoginProfile",
        {"requestParameters": {"userName": "lena"}},
        *("s3:ListBuckets", user("lena", "ASIACONSOLEOFLENA001"), {}),
    ),
    "trust": (
        "iam:UpdateAssumeRolePolicy",
        {"requestParameters": {"roleName": "audit"}},
        *("s3:ListBuckets", session("audit", "x", "ASIAAUDIT00000000001"), {}),
    ),
    "machine": (
        "ec2:RunInstances",
        {"responseElements": {"instancesSet": {"items": [{"instanceId": MACHINE}]}}},
        *("s3:ListBuckets", session("web", MACHINE, "ASIAMACHINE000000002"), {}),
    ),
}
MEMBERS: t.Final = ("accessKeyId", "userName", "roleName", "status", "functionName", "instanceIds", "roleArn", "task")
#: Doors whose use nobody can tell from other work.
BLIND: t.Final = (
    "lambda:PublishLayerVersion20181031",
    "s3:PutBucketPolicy",
    "appsync:CreateApiKey",
    "cloudformation:ExecuteChangeSet",
    "transfer:ImportSshPublicKey",
    "iam:UploadSSHPublicKey",
    "sts:GetWebIdentityToken",
)


def intrude_by(name: str, members: Record) -> Scenario:
    """A month of work, and an intruder with its own address who opens a door an hour later."""
    scenario = Scenario("door", 1)
    work_as_usual(scenario, random.Random(1))
    place: Record = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON}
    scenario.since = NOW - timedelta(hours=3)
    for number, action in enumerate(("sts:GetCallerIdentity", "iam:ListUsers")):
        scenario.add(action, user(), NOW - timedelta(hours=3, minutes=-number), **place)
    scenario.add(name, user(), NOW - timedelta(hours=2), planted=True, **place, **members)
    return scenario


@pytest.mark.parametrize("name", sorted(DOORS))
def test_a_return_through_a_door_is_followed(name: str) -> None:
    """From another address, with another agent."""
    action, members, back, who, more = DOORS[name]
    scenario = intrude_by(action, members)
    place: Record = {"sourceIPAddress": "192.0.2.200", "userAgent": "curl/8"}
    returned = scenario.add(back, {"accountId": HOME, **who}, NOW - timedelta(hours=1), **place, **more)
    outcome = hunt(scenario)
    assert returned["eventID"] in outcome.verdicts
    assert outcome.verdicts[returned["eventID"]].suspected is not Suspected.NO
    document = build_document(outcome, READ, now=NOW)
    assert [one for one in document["unfollowed"] if one["event_id"] in scenario.planted] == []


@pytest.mark.parametrize("action", BLIND)
def test_a_door_that_shows_nothing_is_not_followed_and_in_the_headline(action: str) -> None:
    scenario = intrude_by(action, {"requestParameters": {"name": "thing"}})
    document = build_document(hunt(scenario), READ, now=NOW)
    rows = [one for one in document["unfollowed"] if one["event_id"] in scenario.planted]
    assert len(rows) == 1
    assert any("not followed" in line and rows[0]["to"] in line for line in document["headline"])


def test_each_door_without_parameters_is_followed_or_listed() -> None:
    """That is the least that an event can show. The caller is a known intruder."""
    doors = [f"{source}:{name}" for source, name in TECHNIQUES if is_door(event_of(f"{source}:{name}"))]
    assert len(doors) > 250
    scenario = intrude_by("sts:GetCallerIdentity", {})
    place: Record = {"sourceIPAddress": ELSEWHERE, "userAgent": PYTHON, "planted": True}
    records = {
        scenario.add(action, user(), NOW - timedelta(minutes=90, seconds=-number), **place)["eventID"]: action
        for number, action in enumerate(doors)
    }
    document = build_document(hunt(scenario), READ, now=NOW)
    listed = {one["event_id"] for one in document["unfollowed"]}
    assert sorted(action for event_id, action in records.items() if event_id not in listed) == []


def test_a_change_that_may_be_somebody_elses_does_not_make_its_function_suspected() -> None:
    """A first deployment of the owner would make a month of work uncertain. It is not followed, and listed."""
    scenario = Scenario("mild", 1)
    work_as_usual(scenario, random.Random(2))
    scenario.since = NOW - timedelta(hours=3)
    members: Record = {"requestParameters": {"functionName": "invoices"}}
    when = NOW - timedelta(hours=2)
    door = scenario.add("lambda:UpdateFunctionConfiguration20150331v2", user(), when, **members)
    who = session("invoices-role", "invoices", "ASIAFUNCTION00000001")
    work = scenario.add("s3:ListBuckets", who, NOW - timedelta(hours=1))
    outcome = hunt(scenario)
    assert outcome.verdicts[door["eventID"]].suspected is Suspected.UNCERTAIN
    assert work["eventID"] not in outcome.verdicts
    document = build_document(outcome, READ, now=NOW)
    assert door["eventID"] in {one["event_id"] for one in document["unfollowed"]}


JSON: t.Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([OIDC, SAML, MACHINE, "Active"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*MEMBERS, "x"]), inner, max_size=4),
    max_leaves=10,
)


@given(action=st.sampled_from(sorted({*BLIND, *(door[0] for door in DOORS.values())})), request_=JSON, response=JSON)
def test_any_structure_is_read(action: str, request_: t.Any, response: t.Any) -> None:
    event = event_of(action, requestParameters=request_, responseElements=response)
    made = find_made(event)
    assert made is None or made
    assert all(isinstance(one, str) for one in find_named(event))
    assert is_door(event) in (True, False)
    assert find_provider(event, {OIDC}) in (OIDC, "")


@pytest.mark.parametrize("name", [["x"], {"x": 1}, None, 7])
def test_a_forged_name_of_a_session_ends_no_hunt(name: t.Any) -> None:
    action, members, *_rest = DOORS["function"]
    scenario = intrude_by(action, members)
    scenario.add("sts:AssumeRole", user("other", OLD), NOW, requestParameters={"roleSessionName": name})
    assert hunt(scenario).verdicts
