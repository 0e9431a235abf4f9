# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Event
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.question import Question, QuestionError

HOME: t.Final = "111122223333"
UNTIL: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
USER: t.Final = f"arn:aws:iam::{HOME}:user/team/ci-deploy"
KEY: t.Final = "AKIAIOSFODNN7EXAMPLE"
EVENT: t.Final = Event("e1", UNTIL, HOME, "us-east-1", "s3.amazonaws.com", "GetObject")


def ask(**fields: t.Any) -> Question:
    given: dict[str, t.Any] = {"keys": (), "principals": (), "addresses": (), "since": None, "until": UNTIL}
    return Question.of(**{**given, **fields})


def test_the_seeds_are_kept_once_in_one_form() -> None:
    session = f"arn:aws:sts::{HOME}:assumed-role/deploy/job-1"
    found = ask(
        keys=[KEY, KEY],
        principals=[session, USER, "user/ci-deploy", "AROAEXAMPLEEXAMPLE1", f"arn:aws:iam::{HOME}:root"],
        addresses=["198.51.100.66", "2001:DB8::1"],
        since=UNTIL - timedelta(days=1),
    )
    assert found.keys == {KEY} and found.addresses == {"198.51.100.66", "2001:db8::1"}
    assert f"arn:aws:iam::{HOME}:role/deploy" in found.principals and session not in found.principals
    assert len(found.principals) == 5 and not found.is_of_times_only
    assert ask(since=UNTIL - timedelta(days=1)).is_of_times_only


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "none is set"),
        ({"keys": ["key"]}, "access_key_ids: 'key' is not the id of an access key"),
        ({"keys": [KEY.lower()]}, "access_key_ids"),
        ({"principals": ["a b"]}, "principals: 'a b'"),
        ({"principals": ["group/x:y"]}, "principals"),
        ({"principals": ["arn:aws:s3:::bucket"]}, "principals"),
        ({"principals": [f"arn:aws:iam::{HOME}:group/x"]}, "principals"),
        ({"addresses": ["198.51.100.0/24"]}, "source_addresses: '198.51.100.0/24' is not an IP address"),
        ({"since": UNTIL}, "is not before until"),
        ({"since": datetime(2012, 12, 31, tzinfo=UTC)}, "is before 2013"),
    ],
)
def test_a_seed_that_can_not_be_used_is_refused(fields: dict[str, t.Any], words: str) -> None:
    with pytest.raises(QuestionError) as raised:
        ask(**fields)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("seed", "arn", "expected"),
    [
        (USER, USER, True),
        (USER, f"arn:aws:iam::{HOME}:user/ci-deploy", True),
        (USER, f"arn:aws:iam::{HOME}:role/ci-deploy", False),
        (USER, "arn:aws:iam::999988887777:user/ci-deploy", False),
        (USER, f"{USER}2", False),
        ("user/ci-deploy", USER, True),
        ("user/other/ci-deploy", USER, True),
        ("role/ci-deploy", USER, False),
        ("ci-deploy", USER, True),
        ("ci-deploy", "arn:aws:iam::999988887777:role/ci-deploy", True),
        ("ci", USER, False),
        (f"arn:aws:sts::{HOME}:assumed-role/deploy/one", f"arn:aws:iam::{HOME}:role/x/deploy", True),
    ],
)
def test_a_principal_is_named_by_its_arn_or_its_name(seed: str, arn: str, expected: bool) -> None:
    assert ask(principals=[seed]).names_arn(arn) is expected
    assert ask(principals=[seed]).names_principal(dataclasses.replace(EVENT, principal_arn=arn)) is expected


def test_no_seed_names_no_principal() -> None:
    assert not ask(keys=[KEY]).names_arn(USER) and not ask(principals=[USER]).names_arn("")
    assert not ask(keys=[KEY]).names_principal(dataclasses.replace(EVENT, principal_arn=USER))
    by_id = ask(principals=["AROAEXAMPLEEXAMPLE1"])
    assert by_id.names_principal(dataclasses.replace(EVENT, principal_id="AROAEXAMPLEEXAMPLE1"))
    assert not by_id.names_principal(dataclasses.replace(EVENT, principal_id="AROAEXAMPLEEXAMPLE2"))


def test_a_hunt_begins_with_the_events_of_each_seed() -> None:
    found = ask(keys=[KEY], principals=[USER], addresses=["198.51.100.66"])
    for fields in ({"access_key_id": KEY}, {"source_address": "198.51.100.66"}, {"principal_arn": USER}):
        assert found.begins_with(dataclasses.replace(EVENT, **fields))
    for fields in ({}, {"access_key_id": "AKIAOTHER"}, {"source_address": "198.51.100.67"}):
        assert not found.begins_with(dataclasses.replace(EVENT, **fields))
