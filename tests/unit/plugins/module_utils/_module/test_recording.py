# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import stat
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._aws.operations import Operations
from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import Call, Player
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module import recording as recording_module
from ansible_collections.hardening.iam.plugins.module_utils._module.execution import execute
from ansible_collections.hardening.iam.plugins.module_utils._module.options import StoreOptions
from ansible_collections.hardening.iam.plugins.module_utils._module.recording import (
    Recorded,
    Recording,
    RecordingError,
    Replay,
    recording_key,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.stores import MemoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Entry, Task

ACCOUNT: t.Final = "222233334444"
NOW: t.Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
GET: t.Final = Call("", "iam", "GetUser", "us-east-1", {"UserName": "ann"})
LIST: t.Final = Call("", "iam", "ListUsers", "us-east-1")


def record(
    store: DirectoryStore, call: Call, *, run_id: str = "r1", started: datetime = NOW, answer: str = "x"
) -> None:
    recorded = open_recorded(store, run_id=run_id, started=started)
    recorded.tape.play(call, lambda: {"answer": "x"})
    recorded.keep(ACCOUNT, started + timedelta(seconds=2))


def open_recorded(store: DirectoryStore, *, run_id: str = "r1", started: datetime = NOW) -> Recorded:
    return Recorded(store, recording_key(ACCOUNT), account_id=ACCOUNT, run_id=run_id, started=started)


def load(directory: Path) -> Recording:
    return Recording.from_bytes((directory / f"{ACCOUNT}.json.gz").read_bytes(), account_id=ACCOUNT)


def test_modules_of_one_run_share_a_file_and_a_moment(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    record(store, GET)
    record(store, LIST, started=NOW + timedelta(minutes=1))
    found = load(tmp_path)
    assert set(found.entries) == {GET.key, LIST.key}
    assert (found.recorded, found.seconds, found.run_id) == (NOW, 4.0, "r1")
    assert open_recorded(store, started=NOW + timedelta(minutes=5)).moment == NOW


def test_a_later_run_begins_a_new_file(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path))
    record(store, GET)
    record(store, LIST, run_id="r2", started=NOW + timedelta(days=1))
    found = load(tmp_path)
    assert set(found.entries) == {LIST.key}
    assert found.recorded == NOW + timedelta(days=1)


@pytest.mark.parametrize("days", [1, 400, -1])
def test_a_run_id_that_is_used_again_begins_a_new_file(tmp_path: Path, days: int) -> None:
    """The modules of a run in check mode count ages from the moment of the file: an old one would hide findings."""
    store = DirectoryStore(str(tmp_path))
    record(store, GET)
    later = NOW + timedelta(days=days)
    assert open_recorded(store, started=later).moment == later
    record(store, LIST, started=later)
    assert set(load(tmp_path).entries) == {LIST.key}


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    record(DirectoryStore(str(tmp_path / "snapshots")), GET)
    assert stat.S_IMODE((tmp_path / "snapshots" / f"{ACCOUNT}.json.gz").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "snapshots").stat().st_mode) == 0o700


def test_answers_of_another_account_are_not_kept(tmp_path: Path) -> None:
    recorded = open_recorded(DirectoryStore(str(tmp_path)))
    recorded.tape.play(GET, dict)
    recorded.keep("999999999999", NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    snapshot = Recording(ACCOUNT, "r1", NOW, 1.5, {"k": {"call": "iam:GetUser", "answer": {"a": 1}}})
    assert snapshot.to_bytes() == snapshot.to_bytes()
    assert Recording.from_bytes(snapshot.to_bytes(), account_id=ACCOUNT) == snapshot


WHOLE: t.Final = Recording(ACCOUNT, "r1", NOW, 1.5, {"k": {"call": "iam:GetUser", "answer": {"a": 1}}}).to_bytes()


def changed(**members: t.Any) -> bytes:
    document = json.loads(gzip.decompress(WHOLE))
    return gzip.compress(json.dumps({**document, **members}).encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (WHOLE[:-1], "truncated"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        (b"{}", "not compressed JSON"),
        (gzip.compress(b"{", mtime=0), "not compressed JSON"),
        (gzip.compress(b"[" * 100_000, mtime=0), "not compressed JSON"),
        (gzip.compress(b"\xff", mtime=0), "not compressed JSON"),
        (gzip.compress(b"[]", mtime=0), "not a JSON object"),
        (changed(schema="other/1"), "its schema is 'other/1'"),
        (changed(account_id="999999999999"), "snapshot of account 999999999999, not of 222233334444"),
        (changed(account_id=None), "snapshot of account another"),
        (changed(recorded="yesterday"), "malformed"),
        (changed(seconds=math.nan), "malformed"),
        (changed(seconds=math.inf), "malformed"),
        (changed(seconds=-1e300), "malformed"),
        (changed(seconds=None), "malformed"),
        (changed(entries=[]), "malformed"),
        (changed(entries={"k": {}}), "malformed"),
        (changed(entries={"k": "answer"}), "malformed"),
    ],
)
def test_a_file_that_can_not_be_used_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        Recording.from_bytes(content, account_id=ACCOUNT)


def test_a_file_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "_LONGEST", 100)
    with pytest.raises(RecordingError, match="longer than"):
        Recording.from_bytes(changed(entries={"k": {"answer": "0" * 10_000}}), account_id=ACCOUNT)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (timedelta(days=7), ""),
        (timedelta(days=7, seconds=1), "7.0 days old .recorded 2026-03-01T12:00:00Z.; the limit is 7.0 days"),
        (timedelta(minutes=-4), ""),
        (timedelta(minutes=-6), "recorded in the future"),
    ],
)
def test_the_age_of_a_snapshot(age: timedelta, reason: str) -> None:
    snapshot = Recording.from_bytes(WHOLE, account_id=ACCOUNT)
    if not reason:
        snapshot.check_age(NOW + age, timedelta(days=7))
        return
    with pytest.raises(RecordingError, match=reason):
        snapshot.check_age(NOW + age, timedelta(days=7))


def opened(_place: StoreOptions) -> DirectoryStore:
    raise AssertionError("it is refused before")


@pytest.mark.parametrize(
    ("place", "account_id", "reason"),
    [
        (StoreOptions("snapshots"), None, "aws_account_id"),
        (StoreOptions("s3://bucket/prefix"), ACCOUNT, "hardening_snapshot_kms_key_id"),
    ],
)
def test_a_place_that_does_not_protect_the_snapshot_is_refused(
    place: StoreOptions, account_id: t.Optional[str], reason: str
) -> None:
    with pytest.raises(RecordingError, match=reason):
        Recorded.open(place, opened, account_id=account_id, run_id="r1", started=NOW, kind="")


# Through execute


@dataclasses.dataclass(frozen=True)
class Caller:
    account_id: str = ACCOUNT


class FakeAccess:
    caller = Caller()


def run(task: Task) -> dict[str, t.Any]:
    """A module that reads a user, and a file of its journal."""
    task.__dict__["access"] = FakeAccess()
    tape = task.access_options.tape
    answer = tape.play(GET, lambda: {"seen": "live"}) if tape else {"seen": "live"}
    try:
        keys: t.Any = task.open_store(task.journal).list("x/")
    except StoreError as error:
        keys = str(error)
    return {"seen": answer["seen"], "keys": keys, "now": task.now.isoformat()}


ENTRY: t.Final = Entry(argument_spec=dict, operations=Operations(writes=frozenset({"iam:CreateUser"})), run=run)


def options(tmp_path: Path, **more: t.Any) -> dict[str, t.Any]:
    return {"journal": str(tmp_path / "journal"), "account_id": ACCOUNT, "run_id": "r1", **more}


def test_check_mode_records_and_a_replay_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal" / "x").mkdir(parents=True)
    (tmp_path / "journal" / "x" / "one.json").write_text("{}")
    place = tmp_path / "snapshots"
    given = options(tmp_path, snapshot_dir=str(place))
    recorded = execute(ENTRY, options=given, check_mode=True)
    assert recorded["keys"] == ["x/one.json"]
    snapshot = load(place)
    assert recorded["now"] == snapshot.recorded.isoformat()
    # The journal is another directory there, which is not read.
    elsewhere = {**options(tmp_path / "other"), "snapshot_dir": str(place)}
    player = Player(snapshot.entries)
    replay = Replay(player, snapshot.recorded, MemoryStore(NOW))
    assert execute(ENTRY, options=elsewhere, check_mode=True, replay=replay) == recorded
    assert player.missed == ()


def test_a_replay_without_the_journal_says_so(tmp_path: Path) -> None:
    player = Player({GET.key: {"answer": {"seen": "then"}}})
    result = execute(ENTRY, options=options(tmp_path), check_mode=True, replay=Replay(player, NOW))
    assert result["seen"] == "then"
    assert "was not read" in result["keys"]
    assert player.missed == ("files:list in journal",)


def test_a_replay_writes_into_no_place(tmp_path: Path) -> None:
    place = StoreOptions(str(tmp_path / "journal"), option="journal")
    task = Task(options={}, operations=Operations(), check_mode=True, replay=Replay(Player({}), NOW))
    store = task.open_store(place)
    for write in (store.put, store.put_new, lambda key, content: store.swap(key, content, None)):
        with pytest.raises(StoreError, match="a simulation writes nothing"):
            write("key", b"content")
    with pytest.raises(StoreError, match="was not read"):
        store.get_versioned("key")
    assert not (tmp_path / "journal").exists()


def test_a_run_that_writes_records_nothing(tmp_path: Path) -> None:
    place = tmp_path / "snapshots"
    execute(ENTRY, options=options(tmp_path, snapshot_dir=str(place)), check_mode=False)
    assert not place.exists()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"snapshot_dir": "s3://bucket/prefix"}, "hardening_snapshot_kms_key_id"),
        ({"snapshot_dir": "FILE/below"}, "no snapshot is kept"),
        ({"account_id": None, "snapshot_dir": "DIR"}, "aws_account_id"),
    ],
)
def test_a_place_that_does_not_work_is_a_warning(tmp_path: Path, more: dict[str, t.Any], reason: str) -> None:
    (tmp_path / "file").write_text("")
    places = {"FILE/below": str(tmp_path / "file" / "below"), "DIR": str(tmp_path / "snapshots")}
    more["snapshot_dir"] = places.get(more["snapshot_dir"], more["snapshot_dir"])
    result = execute(ENTRY, options=options(tmp_path, **more), check_mode=True)
    assert result["seen"] == "live"
    assert any(reason in warning for warning in result["warnings"])
