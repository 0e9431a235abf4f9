# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sessions of ``aws login``: listed by region, owner and time, and revoked one by one."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from emulator.seed import access_key_id
from unit.emulator.seeded import Seeded, account, later, serving

ACCOUNT: t.Final = "123456789012"
EVERYBODY: t.Final = f"arn:aws:iam::{ACCOUNT}:*"
ALICE: t.Final = f"arn:aws:iam::{ACCOUNT}:user/alice"
SEED: t.Final = account(
    users={"alice": {"path": "/people/", "access_keys": [{}]}, "bob": {}},
    regions={
        "us-east-1": {
            "signin_sessions": {
                "laptop": {"principal": "user/alice", "age_hours": 2, "last_used_hours": 0.2, "user_agent": "aws-cli"},
                "tool": {"principal": "user/alice", "age_hours": 1, "client_type": "MCP"},
                "other": {"principal": "role/admin", "age_hours": 3},
                "former": {"principal": "user/bob", "status": "REVOKED"},
            }
        },
        "eu-west-1": {"signin_sessions": {f"s-{{1..{7}}}": {"principal": "user/bob", "expires_in_hours": 1}}},
    },
)


@pytest.fixture
def one() -> t.Iterator[Seeded]:
    with serving(SEED) as seeded:
        yield seeded


def arn(name: str, region: str = "us-east-1") -> str:
    return f"arn:aws:signin:{region}:{ACCOUNT}:session/{name}"


def names(answer: t.Mapping[str, t.Any]) -> list[str]:
    return [item["sessionArn"].rpartition("/")[2] for item in answer["items"]]


def test_sessions_are_listed_by_region_and_filters(one: Seeded) -> None:
    signin = one.client("signin")
    assert names(signin.list_sessions(principalArn=EVERYBODY)) == ["tool", "former", "laptop", "other"]
    assert names(signin.list_sessions(principalArn=EVERYBODY, status="ACTIVE")) == ["tool", "laptop", "other"]
    assert names(signin.list_sessions(principalArn=ALICE)) == ["tool", "laptop"]
    since = signin.get_session(sessionArn=arn("tool"), principalArn=ALICE)["issuedAt"]
    assert names(signin.list_sessions(principalArn=ALICE, issuedAfter=since)) == ["tool"]
    assert names(signin.list_sessions(principalArn=ALICE, issuedBefore=since)) == ["laptop"]
    role = signin.list_sessions(principalArn=f"arn:aws:iam::{ACCOUNT}:role/admin")["items"][0]
    assert role["role"] == role["principalArn"]
    europe = one.client("signin", region="eu-west-1")
    assert len(europe.list_sessions(principalArn=EVERYBODY)["items"]) == 7
    with later(hours=2):
        assert europe.list_sessions(principalArn=EVERYBODY)["items"] == []


def test_sessions_come_in_pages(one: Seeded) -> None:
    europe = one.client("signin", region="eu-west-1")
    first = europe.list_sessions(principalArn=EVERYBODY, maxResults=5)
    rest = europe.list_sessions(principalArn=EVERYBODY, maxResults=5, nextToken=first["nextToken"])
    assert len({*names(first), *names(rest)}) == 7
    assert "nextToken" not in rest


def test_own_sessions_are_the_default(one: Seeded) -> None:
    own = one.client("signin", keys=(access_key_id(ACCOUNT, "alice"), "secret"))
    assert names(own.list_sessions()) == ["tool", "laptop"]


def test_session_has_its_details(one: Seeded) -> None:
    session = one.client("signin").get_session(sessionArn=arn("laptop"), principalArn=EVERYBODY)
    assert (session["userAgent"], session["issuedInRegion"], session["clientType"]) == ("aws-cli", "us-east-1", "CLI")
    assert session["issuedAt"] < session["lastUsedAt"] < session["expiresAt"]
    for principal, region in ((f"arn:aws:iam::{ACCOUNT}:user/bob", "us-east-1"), (EVERYBODY, "eu-west-1")):
        with pytest.raises(ClientError) as raised:
            one.client("signin", region=region).get_session(sessionArn=arn("laptop"), principalArn=principal)
        assert raised.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_sessions_are_revoked_and_failures_come_one_by_one(one: Seeded) -> None:
    signin = one.client("signin")
    asked = [arn("laptop"), arn("absent"), arn("former")]
    answer = signin.batch_revoke_sessions(principalArn=EVERYBODY, sessionArns=asked, reason="INC-1")
    assert [item["sessionArn"] for item in answer["revokedSessions"]] == [arn("laptop"), arn("former")]
    assert [(item["sessionArn"], item["code"]) for item in answer["errors"]] == [
        (arn("absent"), "ResourceNotFoundException")
    ]
    assert names(signin.list_sessions(principalArn=EVERYBODY, status="ACTIVE")) == ["tool", "other"]
    again = signin.batch_revoke_sessions(principalArn=ALICE, sessionArns=[arn("laptop"), arn("other")])
    assert [item["sessionArn"] for item in again["revokedSessions"]] == [arn("laptop")]
    assert [item["sessionArn"] for item in again["errors"]] == [arn("other")]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sessionArns": [arn(f"s-{number}") for number in range(6)]}, "ValidationException"),
        ({"sessionArns": [arn("laptop")], "principalArn": f"arn:aws:iam::{ACCOUNT}:user/people/alice"}, "Validation"),
        ({"sessionArns": [arn("laptop")], "principalArn": "arn:aws:iam::999988887777:*"}, "AccessDeniedException"),
        ({"sessionArns": [arn("laptop")], "reason": "x" * 257}, "ValidationException"),
    ],
)
def test_malformed_requests_are_refused(one: Seeded, asked: dict[str, t.Any], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        one.client("signin").batch_revoke_sessions(**asked)
    assert raised.value.response["Error"]["Code"].startswith(code)
    assert one.client("signin").list_sessions(principalArn=ALICE, status="ACTIVE")["items"]
