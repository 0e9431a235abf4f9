# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who still uses the old role after the new one is there."""

from __future__ import annotations

import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.tally import MOST_USERS
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.users import (
    clean,
    describe_opener,
    describe_session,
    find_assumed_id,
    find_assumed_role,
)

from ...._policy.trail.events import ACCOUNT
from .events import NEW, OLD, SINCE, call, deny, in_place, open_session, parallel, session, watch

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
PIPELINE = {"type": "WebIdentityUser", "userName": "repo:acme/shop:ref:refs/heads/main", "identityProvider": PROVIDER}
POD = {**PIPELINE, "userName": "system:serviceaccount:shop:api", "identityProvider": "oidc.eks.example/id/A1"}


@pytest.mark.parametrize(
    ("opener", "fields", "text"),
    [
        (None, {}, "user/people/anna (session anna)"),
        (
            None,
            {"asked": {"sourceIdentity": "anna@acme.example"}},
            "user/people/anna (session anna, source identity anna@acme.example)",
        ),
        (
            session(NEW, "boss"),
            {},
            "assumed-role/dev-lp/boss (session anna)",
        ),
        (
            PIPELINE,
            {"name": "AssumeRoleWithWebIdentity", "asked": {"roleSessionName": "run-7"}},
            "pipeline repo:acme/shop:ref:refs/heads/main by token.actions.githubusercontent.com (session run-7)",
        ),
        (
            POD,
            {"name": "AssumeRoleWithWebIdentity"},
            "pod system:serviceaccount:shop:api by oidc.eks.example/id/A1 (session anna)",
        ),
        (
            {"type": "SAMLUser", "userName": "anna@acme.example", "principalId": "x:anna"},
            {"name": "AssumeRoleWithSAML"},
            "person anna@acme.example by SAML (session anna)",
        ),
        (
            {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
            {"asked": {"roleSessionName": "i-0123456789abcdef0"}},
            "service ec2.amazonaws.com (session i-0123456789abcdef0)",
        ),
        (
            {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AIDAOUTSIDER"},
            {},
            "account 999988887777 (AIDAOUTSIDER) (session anna)",
        ),
    ],
)
def test_those_who_open_sessions_are_named(opener: t.Any, fields: dict[str, t.Any], text: str) -> None:
    watched = watch(parallel(), open_session(OLD, opener, hours=5, **fields))
    assert watched.old_role_users == (text,)
    assert watched.old_role_last == SINCE + timedelta(hours=5)


def test_a_session_of_before_is_named_by_its_calls() -> None:
    """It may last for twelve hours. A denied call shows as well that the session is in use."""
    records = [
        call(OLD, userIdentity=session(OLD, "ben", sourceIdentity="ben@acme.example"), hours=1),
        deny(OLD, userIdentity=session(OLD, "i-0123456789abcdef0"), hours=2),
    ]
    watched = watch(parallel(), *records)
    assert watched.old_role_users == ("session ben (source identity ben@acme.example)", "session i-0123456789abcdef0")
    assert watched.old_role_last == SINCE + timedelta(hours=2)
    assert not watched.new


@pytest.mark.parametrize("is_first", [True, False])
def test_the_event_that_opened_a_session_knows_more_than_its_calls(is_first: bool) -> None:
    records = [open_session(OLD), call(OLD)]
    watched = watch(parallel(), *(records if is_first else reversed(records)))
    assert watched.old_role_users == ("user/people/anna (session anna)",)


def test_use_before_the_cut_over_gives_a_date_and_no_user() -> None:
    watched = watch(parallel(), open_session(OLD, hours=-3), call(OLD, hours=-2))
    assert (watched.old_role_users, watched.old_role_last) == ((), SINCE - timedelta(hours=2))


@pytest.mark.parametrize(
    "record",
    [
        # Nobody got in.
        open_session(OLD, errorCode="AccessDenied", errorMessage="…"),
        # Another role, or an earlier one of the same name.
        open_session(NEW),
        open_session(OLD, unique_id="AROAEARLIEREARLIER001"),
        call(OLD, userIdentity=session(OLD, unique_id="AROAEARLIEREARLIER001")),
        # An event of another account, or none of STS.
        open_session(OLD, recipientAccountId="999988887777"),
        open_session(OLD, eventSource="iam.amazonaws.com"),
        open_session(OLD, eventName="GetFederationToken"),
        open_session(OLD, requestParameters=None),
        call(NEW),
    ],
)
def test_what_is_no_use_of_the_old_role(record: t.Any) -> None:
    watched = watch(parallel(), record)
    assert (watched.old_role_users, watched.old_role_last) == ((), None)


def test_an_outsider_who_is_refused_does_not_delay_the_retirement() -> None:
    outsider = {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AIDAX"}
    assert watch(parallel(), open_session(OLD, outsider, errorCode="AccessDenied")).old_role_last is None


def test_a_role_that_is_changed_in_place_has_no_old_one() -> None:
    watched = watch(in_place(), open_session(OLD), call(OLD))
    assert (watched.old_role_users, watched.old_role_last, watched.calls) == ((), None, 1)


def test_names_from_events_are_short_and_in_one_line() -> None:
    forged = {"type": "SAMLUser", "userName": "anna\nuser/people/boss\x1b[2J" + "x" * 500}
    (text,) = watch(parallel(), open_session(OLD, forged, asked={"roleSessionName": ["anna"]})).old_role_users
    assert text.isprintable() and len(text) < 300 and text.startswith("person anna?user/people/boss?[2Jx")


def test_very_many_sessions_are_not_all_named() -> None:
    records = [open_session(OLD, asked={"roleSessionName": f"run-{number:04d}"}) for number in range(MOST_USERS + 5)]
    users = watch(parallel(), *records).old_role_users
    assert len(users) == MOST_USERS + 1 and users[-1] == "and more"


# Each event by itself


@pytest.mark.parametrize("name", ["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"])
def test_each_call_that_opens_a_session_names_the_role(name: str) -> None:
    record = {"eventSource": "sts.amazonaws.com", "eventName": name, "requestParameters": {"roleArn": OLD}}
    assert find_assumed_role(record) == OLD
    for fields in (
        {"eventName": f"{name}2"},
        {"eventName": None},
        {"eventName": ["AssumeRole"]},
        {"eventSource": "iam.amazonaws.com"},
        {"errorCode": "AccessDenied"},
        {"requestParameters": "x"},
        {"requestParameters": {"roleArn": [OLD]}},
        {"requestParameters": {}},
    ):
        assert find_assumed_role({**record, **fields}) is None


@pytest.mark.parametrize(
    ("answer", "unique_id"),
    [
        ({"assumedRoleUser": {"assumedRoleId": "AROAEXAMPLE:anna"}}, "AROAEXAMPLE"),
        ({"assumedRoleUser": {"assumedRoleId": "AROAEXAMPLE:anna:more"}}, "AROAEXAMPLE"),
        ({"assumedRoleUser": {"assumedRoleId": 3}}, ""),
        ({"assumedRoleUser": {}}, ""),
        ({"assumedRoleUser": "x"}, ""),
        ({}, ""),
        (None, ""),
        ("x", ""),
    ],
)
def test_the_unique_id_of_the_role_is_that_of_the_answer(answer: t.Any, unique_id: str) -> None:
    assert find_assumed_id({"responseElements": answer}) == unique_id


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/people/anna"}, "user/people/anna"),
        ({"type": "AWSService"}, "service of AWS"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "service ec2.amazonaws.com"),
        (
            {"type": "WebIdentityUser", "identityProvider": PROVIDER},
            "pipeline without a subject by token.actions.githubusercontent.com",
        ),
        ({"type": "SAMLUser", "principalId": "x:anna"}, "person x:anna by SAML"),
        ({"type": "AWSAccount", "accountId": "999988887777"}, "account 999988887777 (a principal that is not shown)"),
        ("x", "account  (a principal that is not shown)"),
    ],
)
def test_who_opened_a_session_is_described_as_far_as_the_event_shows_it(identity: t.Any, who: str) -> None:
    assert describe_opener({"userIdentity": identity}) == ("", who)
    asked = {"roleSessionName": "anna", "sourceIdentity": "ben"}
    assert describe_opener({"userIdentity": identity, "requestParameters": asked}) == (
        "anna",
        f"{who} (session anna, source identity ben)",
    )
    assert describe_opener({"userIdentity": identity, "requestParameters": {"sourceIdentity": "ben"}}) == (
        "",
        f"{who} (source identity ben)",
    )


def test_a_session_without_a_name_has_words_too() -> None:
    assert describe_session({"userIdentity": {"type": "AssumedRole"}}) == ("", "a session without a name")
    named = {"userIdentity": {**session(OLD, "anna"), "sessionContext": "x"}}
    assert describe_session(named) == ("anna", "session anna")


def test_a_name_has_128_characters_at_most() -> None:
    assert clean("x" * 129) == "x" * 128 and clean("x\ny\u202e") == "x?y?" and clean(None) == clean(3) == ""
