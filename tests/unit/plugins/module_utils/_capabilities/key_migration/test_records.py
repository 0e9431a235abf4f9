# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import State, Target
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.records import (
    Archive,
    Event,
    Identity,
    Log,
    Past,
    replay,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError

from .test_steps import ACCOUNT, KEY, ROLE, USER, at

USER_ID: t.Final = "AIDAIOSFODNN7EXAMPLE"
PREFIX: t.Final = f"migrations/{ACCOUNT}/job/{USER_ID}/"
ALL: t.Final = ("prepared", "verified", "key_inactive", "key_deleted")


def record(state: str, days: float = 0, **fields: t.Any) -> Event:
    given: dict[str, t.Any] = {
        "account_id": ACCOUNT,
        "workload": "job",
        "user_arn": USER,
        "user_id": USER_ID,
        "key_id": KEY,
        "platform": Target.ECS,
        "role_arn": ROLE,
        "role_id": "AROAIOSFODNN7EXAMPLE",
        "trust_sha256": "a" * 64,
        "policies_sha256": "b" * 64,
        "at": at(days),
        "by": "arn:aws:iam::111122223333:user/automation",
        "run_id": "run-1",
        **fields,
    }
    return Event(State(state), **given)


def past(*events: Event, broken: tuple[tuple[int, str, str], ...] = (), now: float = 100) -> Past:
    numbered = [
        dataclasses.replace(event, number=event.number or number, key=f"{number:06d}-{event.state}.json")
        for number, event in enumerate(events, start=1)
    ]
    identity = Identity(ACCOUNT, "job", USER, USER_ID, at(now))
    return replay(Log(tuple(numbered), broken, len(numbered)), identity)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(str(tmp_path))


# The archive


def test_a_record_is_read_as_it_was_written(store: DirectoryStore) -> None:
    archive = Archive(store, ACCOUNT)
    assert archive.read("job", USER_ID) == Log()
    archive.write(record("prepared"), Log())
    archive.write(record("verified", 9, workload="JOB"), archive.read("Job", USER_ID))
    found = archive.read("job", USER_ID)
    assert found.events == (record("prepared"), record("verified", 9, workload="JOB"))
    assert [(one.number, one.key) for one in found.events] == [
        (1, f"{PREFIX}000001-prepared.json"),
        (2, f"{PREFIX}000002-verified.json"),
    ]
    assert (found.number, found.broken, all(one.stored_at for one in found.events)) == (2, (), True)
    for workload, user_id in (("other", USER_ID), ("job", "AIDAANOTHERANOTHER00")):
        assert archive.read(workload, user_id) == Log()
    assert Archive(store, "999988887777").read("job", USER_ID) == Log()


def test_a_hostile_name_stays_in_its_folder(store: DirectoryStore) -> None:
    Archive(store, ACCOUNT).write(record("prepared", workload="../../etc", user_id="../x"), Log())
    assert store.list() == [f"migrations/{ACCOUNT}/%2E.%2F..%2Fetc/%2E.%2Fx/000001-prepared.json"]


def test_a_file_that_is_no_record_is_named_and_the_others_are_read(store: DirectoryStore) -> None:
    archive = Archive(store, ACCOUNT)
    archive.write(record("prepared"), Log())
    store.put_new(f"{PREFIX}000002-verified.json", b"{")
    found = archive.read("job", USER_ID)
    ((number, key, reason),) = found.broken
    assert (number, key, bool(reason)) == (2, f"{PREFIX}000002-verified.json", True)
    assert (found.events, found.number) == ((record("prepared"),), 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "verified"},
        {"account_id": "999988887777"},
        {"workload": "other"},
        {"user_id": "AIDAANOTHERANOTHER00"},
        {"key_id": "AKIATHIRDTHIRDTHIRD3"},
        {"role_arn": f"{ROLE}2"},
        {"role_id": "AROAANOTHER"},
        {"trust_sha256": "c" * 64},
        {"policies_sha256": "c" * 64},
        {"platform": Target.EC2},
    ],
)
def test_another_record_in_the_place_of_this_one_is_not_taken_for_it(
    store: DirectoryStore, fields: dict[str, t.Any]
) -> None:
    store.put_new(f"{PREFIX}000001-prepared.json", record(**{"state": "prepared", **fields}).as_bytes())
    with pytest.raises(StoreError):
        Archive(store, ACCOUNT).write(record("prepared"), Log())


def test_of_two_runs_at_once_one_writes(store: DirectoryStore) -> None:
    archive = Archive(store, ACCOUNT)
    archive.write(record("prepared", run_id="first"), Log())
    archive.write(record("prepared", 1, run_id="second"), Log())
    assert [one.run_id for one in archive.read("job", USER_ID).events] == ["first"]
    store.put_new(f"{PREFIX}000002-verified.json", b"{")
    with pytest.raises(StoreError):
        archive.write(record("verified"), Log(number=1))
    with pytest.raises(StoreError):
        archive.write(record("reverted"), Log())


@pytest.mark.parametrize(
    "fields",
    [
        {"schema": "hardening.iam/rotation/1"},
        {"state": "created"},
        {"platform": "mainframe"},
        {"at": "yesterday"},
        {"key_id": "../../x"},
        {"key_id": None},
        {"user_id": ["AIDA"]},
        {"trust_sha256": ""},
        {"policies_sha256": "A" * 64},
    ],
)
def test_what_no_run_writes_is_no_record(fields: dict[str, t.Any]) -> None:
    content = json.loads(record("prepared").as_bytes())
    assert Event.of_bytes(json.dumps(content).encode()) == record("prepared")
    with pytest.raises(ValueError, match=r"."):
        Event.of_bytes(json.dumps(content | fields).encode())
    for name in fields:
        content.pop(name)
    with pytest.raises(ValueError, match=r"."):
        Event.of_bytes(json.dumps(content).encode())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_json_is_no_record(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Event.of_bytes(content)


# What the records add up to


def test_a_move_goes_from_its_first_state_to_its_last() -> None:
    for number in range(1, len(ALL) + 1):
        found = past(*(record(state, days) for days, state in enumerate(ALL[:number])))
        assert (found.reached, found.doubts, found.number) == (State(ALL[number - 1]), (), number)
        assert found.since == {State(state): at(days) for days, state in enumerate(ALL[:number])}
        assert found.last == record(ALL[number - 1], number - 1)


FOLLOWS: t.Final = {
    "prepared": {None},
    "verified": {"prepared", "key_inactive"},
    "key_inactive": {"verified"},
    "key_deleted": {"verified", "key_inactive"},
    "reverted": {"prepared", "verified", "key_inactive"},
}
#: By state: the records that lead to it.
WAYS: t.Final[dict[t.Optional[str], tuple[str, ...]]] = {
    None: (),
    **{state: ALL[: number + 1] for number, state in enumerate(ALL)},
}


@pytest.mark.parametrize("state", FOLLOWS)
@pytest.mark.parametrize("before", WAYS)
def test_a_state_follows_some_others_alone(before: t.Optional[str], state: str) -> None:
    earlier = [record(one, days) for days, one in enumerate(WAYS[before])]
    found = past(*earlier, record(state, 9))
    assert bool(found.doubts) is (before not in FOLLOWS[state])
    if found.doubts:
        assert found.reached == (State(before) if before else None)


def test_a_move_that_was_taken_back_lets_another_begin() -> None:
    ended = [record("prepared"), record("verified", 1), record("reverted", 2)]
    found = past(*ended)
    assert (found.reached, found.last, found.since, found.number, found.latest) == (None, None, {}, 3, at(2))
    other = record("prepared", 3, role_id="AROAANOTHER", platform=Target.EC2)
    found = past(*ended, other)
    assert (found.reached, found.doubts, found.since) == (State.PREPARED, (), {State.PREPARED: at(3)})
    # The time of the records that ended counts on.
    assert "before the record before it" in past(*ended, record("prepared", 1)).doubts[0][1]


def test_a_state_is_no_older_than_its_record_in_the_store() -> None:
    found = past(record("prepared"), record("verified", 1, stored_at=at(30)))
    assert found.since[State.VERIFIED] == at(30)
    found = past(record("prepared", 5), record("verified", 5 - 1 / 2880, stored_at=at(1)))
    assert (found.since[State.VERIFIED], found.latest) == (at(5), at(5))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account_id": "999988887777"}, "account 999988887777"),
        ({"workload": "other"}, "it is of other"),
        ({"user_arn": f"{USER}2"}, "user/svc2"),
        ({"user_id": "AIDAANOTHERANOTHER00"}, "AIDAANOTHER"),
        ({"at": at(100.01)}, "in the future"),
        ({"at": at(-0.01)}, "before the record before it"),
        ({"key_id": "AKIATHIRDTHIRDTHIRD3"}, "its key_id is another"),
        ({"role_arn": f"{ROLE}2"}, "its role_arn is another"),
        ({"role_id": "AROAANOTHER"}, "its role_id is another"),
        ({"trust_sha256": "c" * 64}, "its trust_sha256 is another"),
        ({"policies_sha256": "c" * 64}, "its policies_sha256 is another"),
        ({"platform": Target.EC2}, "its platform is another"),
        ({"state": State.KEY_INACTIVE}, "it says 'key_inactive', and before it is prepared"),
        ({"number": 3}, "record 2 is missing"),
        ({"number": 1}, "record 2 is missing, or there is another with number 1"),
    ],
)
def test_a_record_that_contradicts_is_not_believed(fields: dict[str, t.Any], reason: str) -> None:
    forged = dataclasses.replace(record("verified", 1), **fields)
    found = past(record("prepared"), forged)
    assert found.reached is State.PREPARED
    ((_key, said),) = found.doubts
    assert reason in said


def test_clocks_may_differ_by_a_minute_and_names_by_their_case() -> None:
    minute = 1 / 24 / 60
    found = past(
        record("prepared"),
        record("verified", -minute, workload="JOB", user_arn=USER.replace("svc", "SVC")),
    )
    assert found.doubts == ()
    assert past(record("prepared", 100 + minute)).doubts == ()


def test_a_file_that_is_no_record_is_a_doubt_and_is_counted() -> None:
    found = past(broken=((1, "000001-prepared.json", "it is cut off"),))
    assert (found.doubts, found.number) == ((("000001-prepared.json", "it is cut off"),), 1)
    found = past(record("prepared", number=2), broken=((1, "000001-x.json", "it is cut off"),))
    assert (len(found.doubts), found.reached, found.number) == (1, State.PREPARED, 2)
