# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What events make: keys, sessions, principals, machines."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event, parse_event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.links import (
    Minted,
    find_minted,
    find_switch,
    find_target,
    short_name,
)

from .scenarios import HOME, NOW, PROD, Scenario, assume, user

KEY: t.Final = "ASIAEXAMPLEEXAMPLE1"


def event_of(action: str, **members: t.Any) -> Event:
    event = parse_event(Scenario("links", 0).add(action, members.pop("who", user()), NOW, **members))
    assert event is not None
    return event


def test_a_role_in_another_account() -> None:
    scenario = Scenario("links", 0)
    assume(scenario, user(), "deploy", "build-7", KEY, NOW, account=PROD)
    for record in scenario.records:
        event = parse_event(record)
        assert event is not None
        role = f"arn:aws:iam::{PROD}:role/deploy"
        assert find_minted(event) == (Minted(KEY, role, PROD, "AROADEPLOY:build-7"),)
        assert find_target(event) == role


@pytest.mark.parametrize("name", ["GetSessionToken", "GetFederationToken"])
def test_a_token_is_of_its_caller(name: str) -> None:
    event = event_of(f"sts:{name}", responseElements={"credentials": {"accessKeyId": KEY}})
    assert find_minted(event) == (Minted(KEY, event.principal_arn, HOME),)


def test_root_of_a_member_is_of_that_account() -> None:
    asked = {"requestParameters": {"targetPrincipal": PROD}, "responseElements": {"credentials": {"accessKeyId": KEY}}}
    assert find_minted(event_of("sts:AssumeRoot", **asked)) == (Minted(KEY, f"arn:aws:iam::{PROD}:root", PROD),)


@pytest.mark.parametrize(
    ("asked", "owner"),
    [({"userName": "report-export"}, f"arn:aws:iam::{HOME}:user/report-export"), (None, user()["arn"])],
)
def test_a_key_is_of_the_user_that_it_is_made_for(asked: t.Any, owner: str) -> None:
    made = "AKIAEXAMPLEEXAMPLE1"
    event = event_of(
        "iam:CreateAccessKey", requestParameters=asked, responseElements={"accessKey": {"accessKeyId": made}}
    )
    assert find_minted(event) == (Minted(made, owner, HOME),)


def test_sign_in_tokens_have_keys_anywhere_in_the_answer() -> None:
    event = event_of(
        "signin:CreateOAuth2Token", responseElements={"tokenOutput": {"accessToken": {"accessKeyId": KEY}}}
    )
    assert [one.key_id for one in find_minted(event)] == [KEY]


@pytest.mark.parametrize(
    ("action", "members"),
    [
        ("sts:AssumeRole", {"errorCode": "AccessDenied"}),
        ("iam:ListAccessKeys", {}),
        ("s3:CreateAccessKey", {}),
        ("sts:AssumeRole", {"responseElements": {"credentials": {"accessKeyId": "not a key"}}}),
        ("sts:AssumeRole", {"responseElements": {"credentials": [KEY]}}),
    ],
)
def test_other_events_make_no_key(action: str, members: t.Any) -> None:
    answer = {"responseElements": {"credentials": {"accessKeyId": KEY}}}
    assert find_minted(event_of(action, **{**answer, **members})) == ()


def test_a_deep_answer_is_not_followed_for_ever() -> None:
    deep: t.Any = {"accessKeyId": KEY}
    for _level in range(500):
        deep = {"inner": deep}
    assert find_minted(event_of("sts:AssumeRole", responseElements=deep)) == ()


def test_a_key_that_is_turned_on_again_is_no_new_one() -> None:
    key = "AKIATHPRDSKWOLDKEY01"
    asked = {"requestParameters": {"userName": "old", "accessKeyId": key, "status": "Active"}}
    event = event_of("iam:UpdateAccessKey", **asked)
    assert find_minted(event) == (Minted(key, f"arn:aws:iam::{HOME}:user/old", HOME, is_new=False),)
    asked["requestParameters"]["status"] = "Inactive"
    assert find_minted(event_of("iam:UpdateAccessKey", **asked)) == ()


def test_the_credentials_of_a_certificate_are_in_a_list() -> None:
    role = f"arn:aws:iam::{HOME}:role/machine"
    answer = {"credentialSet": [{"credentials": {"accessKeyId": KEY}}]}
    event = event_of("rolesanywhere:CreateSession", requestParameters={"roleArn": role}, responseElements=answer)
    assert find_minted(event) == (Minted(KEY, role, HOME),)


def test_a_switch_in_the_console_names_who_it_was() -> None:
    event = event_of("signin:SwitchRole", additionalEventData={"SwitchFrom": f"arn:aws:iam::{HOME}:user/alice"})
    assert find_switch(event) == f"arn:aws:iam::{HOME}:user/alice"
    assert find_switch(event_of("signin:ConsoleLogin", additionalEventData={"SwitchFrom": "x"})) == ""


def test_paths_do_not_make_another_principal() -> None:
    arn = f"arn:aws:iam::{HOME}:user"
    assert short_name(f"{arn}/ci/alice") == short_name(f"{arn}/alice") == f"{HOME}:user/alice"
    others = (f"arn:aws:iam::{PROD}:user/alice", f"arn:aws:iam::{HOME}:role/alice", f"arn:aws:iam::{HOME}:root")
    assert short_name(f"{arn}/alice") not in map(short_name, others)
    assert short_name("") == short_name("alice") == ""
