# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be an intruder's stays inactive, or is looked at, before a user is released."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.doubts import (
    Doubts,
    Judge,
    judge_users,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.credential_quarantine.states import (
    ACTIVE,
    INACTIVE,
    Credential,
    Device,
    Kind,
    UserState,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import mask_key_ids

from .users import ARN, LEAKED, NOW, SECOND

SINCE: t.Final = NOW - timedelta(days=2)
BEFORE: t.Final = SINCE - timedelta(seconds=1)
LEAKED_AT: t.Final = NOW - timedelta(days=700)


def credential(
    identifier: str, created: datetime | None, *, kind: Kind = Kind.ACCESS_KEY, status: str = INACTIVE
) -> Credential:
    return Credential(kind, identifier, status, created)


def judge(
    *credentials: Credential, looked_at: t.Iterable[str] = (), since: datetime | None = SINCE, **f: t.Any
) -> Doubts:
    given = (credential(LEAKED, LEAKED_AT), *credentials)
    user = UserState(ARN, "AIDAEXAMPLE", credentials=given, **f)
    suspicion = Judge(frozenset({LEAKED}), since, NOW, frozenset(looked_at))
    return judge_users(suspicion, [user])[ARN]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.ACCESS_KEY, "access key"),
        (Kind.SERVICE_CREDENTIAL, "service-specific credential"),
        (Kind.SSH_KEY, "SSH key"),
        (Kind.CERTIFICATE, "signing certificate"),
    ],
)
def test_each_kind_of_credential_that_works_is_looked_at(kind: Kind, words: str) -> None:
    (refusal,) = judge(credential("NEW", NOW, kind=kind, status=ACTIVE)).refused
    assert f"its {words} NEW works" in refusal.reason


@pytest.mark.parametrize("kind", Kind)
def test_what_was_made_since_then_stays_inactive(kind: Kind) -> None:
    found = judge(
        credential("OLD", BEFORE, kind=kind), credential("NEW", SINCE, kind=kind), credential("?", None, kind=kind)
    )
    assert set(found.stays) == {"NEW", "?"} and found.refused == ()
    assert "--user-name ci-deploy" in found.stays["NEW"] and "NEW --status Active" in found.stays["NEW"]


def test_the_command_that_activates_a_credential_names_it() -> None:
    ssh = judge(credential("APKA", NOW, kind=Kind.SSH_KEY)).stays["APKA"]
    assert "aws iam update-ssh-public-key --user-name ci-deploy --ssh-public-key-id APKA --status Active" in ssh


def test_without_a_moment_all_since_the_leaked_key_was_made_stays() -> None:
    older, same = LEAKED_AT - timedelta(seconds=1), LEAKED_AT
    found = judge(credential("OLD", older), credential(SECOND, same), since=None)
    assert set(found.stays) == {LEAKED, SECOND}
    # Nobody knows anything of a user whose leaked key is gone, or that people named without a key.
    gone = UserState(ARN, "AIDAEXAMPLE", credentials=(credential("OLD", older),))
    assert set(judge_users(Judge(frozenset({LEAKED})), [gone])[ARN].stays) == {"OLD"}


def test_the_first_leaked_key_of_all_users_counts() -> None:
    users = [
        UserState(
            f"{ARN}{name}", name, credentials=(credential(name, made), credential(f"{name}-2", NOW - timedelta(5)))
        )
        for name, made in (("A", NOW - timedelta(9)), ("B", NOW - timedelta(4)))
    ]
    found = judge_users(Judge(frozenset({"A", "B"})), users)
    assert {identifier for one in found.values() for identifier in one.stays} == {"A", "A-2", "B", "B-2"}


def test_a_leaked_key_without_a_date_leaves_the_beginning_unknown() -> None:
    old = credential("OLD", LEAKED_AT - timedelta(days=9))
    users = [
        UserState(f"{ARN}A", "A", credentials=(credential("A", NOW - timedelta(9)), old)),
        UserState(f"{ARN}B", "B", credentials=(credential("B", None),)),
    ]
    assert "OLD" in judge_users(Judge(frozenset({"A", "B"})), users)[f"{ARN}A"].stays
    assert "OLD" not in judge_users(Judge(frozenset({"A"})), users)[f"{ARN}A"].stays


def test_a_refusal_says_what_works_since_when_and_how_to_go_on() -> None:
    (device,) = judge(devices=(Device("GAHT1", SINCE),)).refused
    assert f"second factor GAHT1 was enabled at {SINCE:%Y-%m-%dT%H:%M:%SZ}" in device.reason
    (unknown,) = judge(devices=(Device("GAHT1"),)).refused
    assert "at a moment that AWS does not tell" in unknown.reason
    (key,) = judge(credential(SECOND, NOW, status=ACTIVE)).refused
    assert f"{SECOND} works, and was made at {NOW:%Y-%m-%dT%H:%M:%SZ}" in key.reason


def test_a_moment_after_the_containment_does_not_count() -> None:
    assert set(judge(credential("NEW", NOW), since=NOW + timedelta(days=1)).stays) == {"NEW"}


USABLE: t.Final[dict[str, tuple[dict[str, t.Any], str]]] = {
    "a second factor": ({"devices": (Device("GAHT1", SINCE), Device("GAHT2", BEFORE))}, "GAHT1"),
    "a second factor without a date": ({"devices": (Device("GAHT1"),)}, "GAHT1"),
    # It may be changed, and AWS tells no date of that.
    "an old password": ({"password_created": BEFORE}, f"{ARN}/password"),
}


@pytest.mark.parametrize(("fields", "name"), USABLE.values(), ids=USABLE)
def test_what_works_again_is_looked_at_first(fields: dict[str, t.Any], name: str) -> None:
    (refusal,) = judge(**fields).refused
    assert (refusal.rule, refusal.target, refusal.fatal) == ("not_looked_at", ARN, False)
    assert name in refusal.reason
    assert judge(**fields, looked_at=[name]).refused == ()
    assert judge(**fields, looked_at=[f"{name}2"]).refused


def test_a_key_that_works_is_looked_at_and_a_leaked_one_never_works() -> None:
    fresh = credential(SECOND, NOW, status=ACTIVE)
    (refusal,) = judge(fresh).refused
    assert refusal.rule == "not_looked_at" and SECOND in refusal.reason
    assert judge(fresh, looked_at=[SECOND]).refused == ()
    # As reports show it, while that means one key alone.
    assert judge(fresh, looked_at=[mask_key_ids(SECOND)]).refused == ()
    twin = dataclasses.replace(fresh, id=f"AKIAZZZZZZZZZZZZ{SECOND[-4:]}")
    assert len(judge(fresh, twin, looked_at=[mask_key_ids(SECOND)]).refused) == 2
    assert judge(credential(SECOND, BEFORE, status=ACTIVE)).refused == ()
    leaked = UserState(ARN, "AIDAEXAMPLE", credentials=(credential(LEAKED, LEAKED_AT, status=ACTIVE),))
    suspicion = Judge(frozenset({LEAKED}), SINCE, NOW, frozenset({LEAKED}))
    assert [one.rule for one in judge_users(suspicion, [leaked])[ARN].refused] == ["leaked"]


def test_what_can_not_be_read_is_refused() -> None:
    for part in ("devices", "password", *(kind.value for kind in Kind)):
        assert [one.rule for one in judge(unread={part: "denied"}).refused] == ["unread"]
    assert judge(unread={"groups": "denied"}).refused == ()
    (both,) = judge(unread={"devices": "denied", "password": "throttled"}).refused
    assert both.reason == f"devices of {ARN} can't be read: denied; password of {ARN} can't be read: throttled"
