# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.exclusions import (
    Exclusion,
    parse_address,
    session_name,
)

NOW: t.Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY: t.Final = "ASIAEXAMPLEEXAMPLE01"
NETWORK: t.Final = ipaddress.ip_network("198.51.100.0/24")
IDENTITY: t.Final = {
    "principalId": "AROAEXAMPLE:job-1",
    "arn": "arn:aws:sts::111122223333:assumed-role/app/job-1",
    "accessKeyId": KEY,
}
SECOND: t.Final = timedelta(seconds=1)
WHOLE: t.Final = Exclusion(
    since=NOW,
    until=NOW + timedelta(hours=1),
    sessions=("job-*",),
    source_ips=(NETWORK,),
    access_key_ids=frozenset({KEY}),
)


def event(address: t.Any = "198.51.100.7", **identity: t.Any) -> dict[str, t.Any]:
    return {"sourceIPAddress": address, "userIdentity": {**IDENTITY, **identity}}


def test_an_event_is_left_out_if_it_matches_all_that_is_given() -> None:
    assert WHOLE.matches(event(), NOW)
    for other, moment in (
        (event(), NOW - SECOND),
        (event(), NOW + timedelta(hours=1)),
        (event("198.51.101.7"), NOW),
        (event(accessKeyId="ASIAOTHER"), NOW),
        (event(principalId="AROAEXAMPLE:other"), NOW),
    ):
        assert not WHOLE.matches(other, moment)


def test_a_window_has_its_first_moment_and_not_its_last() -> None:
    for window, moment, is_left_out in (
        ({"since": NOW}, NOW, True),
        ({"since": NOW}, NOW - SECOND, False),
        ({"until": NOW}, NOW - SECOND, True),
        ({"until": NOW}, NOW, False),
        # An event without a time may be of the window.
        ({"since": NOW, "until": NOW}, None, True),
    ):
        assert Exclusion(**t.cast(t.Any, window)).matches(event(), moment) is is_left_out
    assert Exclusion().matches(event(), NOW)


def test_sessions_are_named_by_patterns_and_a_users_own_keys_have_none() -> None:
    found = Exclusion(sessions=("job-?", "other"))
    assert found.matches(event(), None) and found.matches(event(principalId="A:other"), None)
    assert not found.matches(event(principalId="A:job-12"), None)
    assert not Exclusion(sessions=("*",)).matches(event(principalId="AIDAEXAMPLE", arn="arn:aws:iam::1:user/x"), None)


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (IDENTITY, "job-1"),
        ({"principalId": "AROA:a:b"}, "a:b"),
        ({"arn": "arn:aws:sts::1:assumed-role/app/job-2"}, "job-2"),
        ({"principalId": "AIDA", "arn": "arn:aws:sts::1:assumed-role/app/job-2"}, "job-2"),
        ({"principalId": 3, "arn": "arn:aws:iam::1:user/a/b"}, ""),
        ({"arn": "arn:aws:sts::1:assumed-role/app"}, ""),
        ({"arn": 3}, ""),
        ({}, ""),
    ],
)
def test_the_name_of_a_session_is_what_its_id_or_its_arn_ends_with(identity: dict[str, t.Any], name: str) -> None:
    assert session_name(identity) == name


@pytest.mark.parametrize(
    ("address", "is_there"),
    [
        ("198.51.100.0", True),
        ("198.51.100.255", True),
        ("198.51.99.255", False),
        ("2001:db8::1", False),
        ("cloudformation.amazonaws.com", False),
        ("", False),
        (None, False),
        (3, False),
        (f"198.51.100.7{' ' * 60}", False),
    ],
)
def test_an_address_is_one_of_a_network(address: t.Any, is_there: bool) -> None:
    assert Exclusion(source_ips=(NETWORK,)).is_from_there(event(address)) is is_there
    both = Exclusion(source_ips=(ipaddress.ip_network("2001:db8::/32"), NETWORK))
    assert both.matches(event(address), None) is (is_there or address == "2001:db8::1")


@pytest.mark.parametrize(
    ("address", "seen", "is_left_out"),
    [
        ("cloudformation.amazonaws.com", True, True),
        (None, True, True),
        ("cloudformation.amazonaws.com", False, False),
        # With an address of its own a call is only from there if the address is.
        ("203.0.113.7", True, False),
        ("198.51.100.7", False, True),
    ],
)
def test_a_call_of_a_service_for_a_session_follows_the_key_of_the_session(
    address: t.Any, seen: bool, is_left_out: bool
) -> None:
    found = Exclusion(source_ips=(NETWORK,), keys_seen_there=frozenset({KEY} if seen else {"ASIAOTHER"}))
    assert found.matches(event(address), None) is is_left_out


def test_an_address_is_parsed_and_anything_else_is_none() -> None:
    assert parse_address("2001:db8::1") == ipaddress.ip_address("2001:db8::1")
    assert parse_address("x" * 46) is parse_address("1.2.3") is parse_address("") is None


def test_an_entry_is_named_by_its_incident_and_its_reason() -> None:
    for fields, name in (
        ({}, "exclude_evidence"),
        ({"incident": "INC-7"}, "INC-7"),
        ({"reason": "a leak"}, "(a leak)"),
        ({"incident": "INC-7", "reason": "a leak"}, "INC-7 (a leak)"),
    ):
        assert dataclasses.replace(Exclusion(), **t.cast(t.Any, fields)).name == name
