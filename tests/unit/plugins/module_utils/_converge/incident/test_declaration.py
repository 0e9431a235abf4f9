# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declaration of an incident: what is taken, and everything that is wrong at once."""

from __future__ import annotations

import typing as t
from datetime import UTC, date, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.declaration import (
    AccountAction,
    AccountSeed,
    CenterUserSeed,
    Incident,
    KeySeed,
    MintedKeys,
    RoleSeed,
    Seen,
    SessionSeed,
    SessionSort,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.trust_cut import TrustCut

from ..fakes import ACCOUNT, NOW

KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
USER: t.Final = f"arn:aws:iam::{ACCOUNT}:user/ci/deploy"
ROLE: t.Final = f"arn:aws:iam::{ACCOUNT}:role/worker"
NEEDED: t.Final = {"id": "INC-7", "declared_by": "Ana", "reason": "key found in a public repository"}


def parse(**given: t.Any) -> Incident:
    return Incident.from_option({**NEEDED, "keys": [KEY], **given}, now=NOW)


def refusal(**given: t.Any) -> str:
    with pytest.raises(InputError) as caught:
        parse(**given)
    return str(caught.value)


def test_a_key_by_its_id_is_enough() -> None:
    incident = parse()
    assert incident == Incident("INC-7", "Ana", "key found in a public repository", keys=(KeySeed(KEY),))
    assert not incident.is_confirmed
    assert parse(confirm="INC-7").is_confirmed and not parse(confirm="INC-8").is_confirmed


def test_everything_that_can_be_declared() -> None:
    incident = parse(
        keys=[{"id": KEY, "user": USER, "account_id": 11122223333}],
        users=[USER, USER],
        sessions=[{"role": ROLE, "name": "i-0abc", "sort": "instance"}, {"role": ROLE, "source_identity": "alice"}],
        identity_center_users=[{"user_id": "94482488-3041-7026-D8A7-00000000ABCD"}],
        roles=[ROLE, {"arn": f"{ROLE}-2", "cut": "all_sessions"}],
        seen=[{"role": ROLE, "session_name": "x1", "access_key_id": "ASIAIOSFODNN7EXAMPLE"}],
        since="2026-11-20T10:00:00Z",
        confirmed_by="Ben",
    )
    assert incident.keys == (KeySeed(KEY, USER, "011122223333"),)
    assert incident.users == (USER,)
    assert incident.sessions == (
        SessionSeed(ROLE, "i-0abc", sort=SessionSort.INSTANCE),
        SessionSeed(ROLE, source_identity="alice"),
    )
    assert incident.identity_center_users == (CenterUserSeed("94482488-3041-7026-d8a7-00000000abcd"),)
    assert incident.roles == (RoleSeed(ROLE), RoleSeed(f"{ROLE}-2", all_sessions=True))
    assert incident.seen == (Seen(ROLE, "x1", "ASIAIOSFODNN7EXAMPLE"),)
    assert incident.since == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert incident.confirmed_by == "Ben"


GITHUB: t.Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def test_a_principal_of_a_trust_policy_can_be_declared() -> None:
    given = {"arn": ROLE, "cut": "trust"}
    incident = parse(
        roles=[
            {**given, "principal": 11122223333, "leaves_nobody": True, "restore": False},
            {**given, "principal": GITHUB, "subject": "repo:acme/site:ref:refs/heads/main"},
            {**given, "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/i-0abc"},
            {**given, "principal": f"arn:aws:iam::{ACCOUNT}:saml-provider/acme"},
            {**given, "principal": "accounts.google.com"},
            {**given, "principal": "AROAEXAMPLEID12345678"},
            {**given, "principal": "*"},
        ]
    )
    cuts = [seed.trust for seed in incident.roles]
    assert cuts[:2] == [
        TrustCut("011122223333", leaves_nobody=True, restore=False),
        TrustCut(GITHUB, "repo:acme/site:ref:refs/heads/main"),
    ]
    assert [(cut.is_provider, cut.is_saml, cut.host) for cut in cuts if cut] == [
        (False, False, ""),
        (True, False, "token.actions.githubusercontent.com"),
        (False, False, ""),
        (True, True, ""),
        (True, False, "accounts.google.com"),
        (False, False, ""),
        (False, False, ""),
    ]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"cut": "trust"}, "roles[0].principal: None"),
        ({"cut": "trust", "principal": "arn:aws:iam::*:role/x"}, "roles[0].principal"),
        ({"cut": "trust", "principal": f"{ROLE}*"}, "roles[0].principal"),
        ({"cut": "trust", "principal": ACCOUNT, "subject": "repo:acme/site"}, "roles[0].subject"),
        ({"cut": "trust", "principal": GITHUB, "subject": "*"}, "roles[0].subject"),
        ({"cut": "trust", "principal": GITHUB, "subject": "${aws:username}"}, "roles[0].subject"),
        ({"cut": "trust", "principal": ACCOUNT, "restore": "no"}, "roles[0].restore"),
        ({"principal": ACCOUNT}, "roles[0].principal"),
        ({"cut": "all_sessions", "leaves_nobody": True}, "roles[0].leaves_nobody"),
    ],
)
def test_a_principal_that_is_not_one_is_refused(given: dict[str, t.Any], place: str) -> None:
    assert f"hardening_incident.{place}" in refusal(roles=[{"arn": ROLE, **given}])


def test_keys_that_were_made_for_others_are_listed_unless_declared_otherwise() -> None:
    incident = parse()
    assert (incident.minted_keys, incident.known_keys) == (MintedKeys.REPORT, ())
    incident = parse(minted_keys="deactivate", known_keys=f"{KEY}, {KEY}")
    assert (incident.minted_keys, incident.known_keys) == (MintedKeys.DEACTIVATE, (KEY,))


def test_without_a_first_moment_two_weeks_count() -> None:
    assert parse().find_since(NOW) == NOW - timedelta(days=14)
    assert parse(since="2026-11-20T10:00:00Z").find_since(NOW) == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_key_of_a_session_may_be_named() -> None:
    named = {"role": ROLE, "name": "abc", "access_key_id": "ASIAIOSFODNN7EXAMPLE"}
    assert parse(sessions=[named]).sessions == (SessionSeed(ROLE, "abc", access_key_id="ASIAIOSFODNN7EXAMPLE"),)


def test_a_survey_sends_lists_as_texts() -> None:
    other, odd = "ASIAIOSFODNN7EXAMPL2", f"arn:aws:iam::{ACCOUNT}:user/a,b"
    incident = parse(
        keys=f" {KEY},{other};\n{KEY} ,\r\n",
        users=f"{USER},{odd}\n",
        roles=f"{ROLE}\t{ROLE}-2",
        since="",
        seen="",
        sessions="",
    )
    assert incident.keys == (KeySeed(KEY), KeySeed(other))
    assert incident.users == (USER, odd)
    assert incident.roles == (RoleSeed(ROLE), RoleSeed(f"{ROLE}-2"))
    assert "hardening_incident.keys[1].id: 'x' is not allowed" in refusal(keys=f"{KEY} x")
    assert "hardening_incident.keys[0].id: '{{lookup(1)}}' is not allowed" in refusal(keys="{{lookup(1)}}")
    assert "it names no credential" in refusal(keys=" , \n")


def test_a_date_of_yaml_is_a_moment() -> None:
    assert parse(since=date(2026, 11, 20)).since == datetime(2026, 11, 20, tzinfo=UTC)
    assert parse(since=datetime(2026, 11, 20, 1, tzinfo=UTC)).since == datetime(2026, 11, 20, 1, tzinfo=UTC)


def test_control_characters_of_names_are_removed() -> None:
    incident = parse(declared_by="Ana\x1b[2J", reason="key found\nin a \u202epublic repository")
    assert incident.declared_by == "Ana[2J"
    assert incident.reason == "key found in a public repository"


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"id": "x"}, "hardening_incident.id: 'x'"),
        ({"id": "INC/../7"}, "hardening_incident.id"),
        ({"id": None}, "hardening_incident.id: None"),
        ({"declared_by": " "}, "hardening_incident.declared_by"),
        ({"since": NOW + timedelta(minutes=1)}, "hardening_incident.since"),
        ({"since": NOW - timedelta(days=91)}, "hardening_incident.since"),
        ({"since": "yesterday"}, "hardening_incident.since: 'yesterday'"),
        ({"keys": []}, "it names no credential"),
        ({"keys": 7}, "hardening_incident.keys: 7 is not allowed; allowed is a list"),
        ({"keys": ["AKIA*"]}, "hardening_incident.keys[0].id: 'AKIA*'"),
        ({"keys": [{"id": KEY, "usr": "a"}]}, "hardening_incident.keys[0]: usr is unknown"),
        ({"keys": [{"id": KEY, "user": "ci-*"}]}, "hardening_incident.keys[0].user: 'ci-*'"),
        ({"keys": [{"id": KEY, "account_id": "1"}]}, "hardening_incident.keys[0].account_id"),
        ({"users": [f"arn:aws:iam::{ACCOUNT}:user/*"]}, "hardening_incident.users[0]: "),
        ({"users": [ROLE]}, "hardening_incident.users[0]: "),
        ({"sessions": [{"role": ROLE}]}, "hardening_incident.sessions[0]: give at least one of name"),
        ({"sessions": [ROLE]}, "hardening_incident.sessions[0]: "),
        ({"sessions": [{"role": ROLE, "name": "a*"}]}, "hardening_incident.sessions[0].name"),
        ({"sessions": [{"role": ROLE, "name": "abc", "sort": "vm"}]}, "allowed is one of instance, task"),
        ({"identity_center_users": [{"user_id": "x"}]}, "hardening_incident.identity_center_users[0].user_id"),
        ({"roles": [{"arn": ROLE, "cut": "some"}]}, "hardening_incident.roles[0].cut"),
        ({"roles": [3]}, "hardening_incident.roles[0].arn"),
        ({"seen": [{"role": "worker"}]}, "hardening_incident.seen[0].role"),
        ({"sessions": [{"role": ROLE, "name": "abc", "access_key_id": KEY}]}, "sessions[0].access_key_id"),
        ({"known_keys": ["ours"]}, "hardening_incident.known_keys[0]: 'ours'"),
        ({"known_keys": [{"id": KEY}]}, "hardening_incident.known_keys[0]: "),
        (
            {"minted_keys": "delete"},
            "hardening_incident.minted_keys: 'delete' is not allowed; allowed is one",
        ),
        ({"key": [KEY]}, "hardening_incident: key is unknown"),
    ],
)
def test_what_is_refused(given: dict[str, t.Any], place: str) -> None:
    assert place in refusal(**given)


def test_everything_wrong_is_reported_at_once() -> None:
    text = refusal(id="", keys=["AKIA*", "x"], users=["me"], since="never")
    places = ("id:", "keys[0].id", "keys[1].id", "users[0]", "since")
    assert [line for line in places if f"hardening_incident.{line}" in text] == [*places]
    assert "no credential" not in text


def test_what_is_no_mapping_is_refused() -> None:
    for value in (None, "INC-7", [KEY]):
        with pytest.raises(InputError, match="allowed is a mapping with id, declared_by"):
            Incident.from_option(value, now=NOW)


def test_accounts_are_named_one_by_one() -> None:
    other = "333344445555"
    incident = parse(
        accounts=[ACCOUNT, {"account_id": other, "action": "move", "without_break_glass": True}],
        quarantine_ou="/Quarantine",
        accept_lost_policies=["guard"],
    )
    assert incident.accounts == (AccountSeed(ACCOUNT), AccountSeed(other, AccountAction.MOVE, without_break_glass=True))
    assert (incident.quarantine_ou, incident.accept_lost_policies) == ("/Quarantine", ("guard",))
    assert Incident.from_option({**NEEDED, "accounts": [ACCOUNT]}, now=NOW).accounts == (AccountSeed(ACCOUNT),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"accounts": ["22223333*"]}, "accounts[0].account_id"),
        ({"accounts": ["*"]}, "accounts[0].account_id"),
        ({"accounts": [{"account_id": ACCOUNT, "action": "delete"}]}, "one of policy, move"),
        ({"accounts": [{"account_id": ACCOUNT, "without_break_glass": "yes"}]}, "true or false"),
        ({"accounts": [{"account_id": ACCOUNT, "ou": "x"}]}, "ou is unknown"),
        ({"accounts": [ACCOUNT, {"account_id": ACCOUNT, "action": "move"}], "quarantine_ou": "/Q"}, "named twice"),
        ({"accounts": [{"account_id": ACCOUNT, "action": "move"}]}, "quarantine_ou"),
        ({"quarantine_ou": "Quarantine"}, "quarantine_ou"),
        ({"identity_center_users": [{"user_id": "alice"}]}, "identity_center_users[0].user_id"),
    ],
)
def test_accounts_and_people_that_can_not_be_used(given: dict[str, t.Any], said: str) -> None:
    assert said in refusal(**given)


def test_everybody_who_is_named_counts() -> None:
    person = {"user_id": "94482488-3041-7026-d8a7-000000000000"}
    role = f"arn:aws:iam::{ACCOUNT}:role/deploy"
    incident = parse(
        accounts=[ACCOUNT],
        identity_center_users=[person],
        roles=[role, {"arn": f"{role}-2", "cut": "all_sessions"}],
        sessions=[{"role": role, "name": name} for name in ("evil-1", "evil-2")],
        seen=[{"role": role, "session_name": f"seen-{number}"} for number in range(30)],
    )
    # The key that each of these incidents names is one of them.
    incident.check_count(7)
    with pytest.raises(InputError, match="names 7 keys, users, sessions, roles and accounts, allowed are 6. Nothing"):
        incident.check_count(6)


def test_keys_without_proof_are_only_deactivated_since_a_moment() -> None:
    assert "minted_keys: 'deactivate_all' is not allowed; allowed is with since only" in refusal(
        minted_keys="deactivate_all"
    )
    given = parse(minted_keys="deactivate_all", since=(NOW - timedelta(days=1)).isoformat())
    assert given.minted_keys is MintedKeys.DEACTIVATE_ALL
