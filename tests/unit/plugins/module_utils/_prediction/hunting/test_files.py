# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log files of many accounts, in the forms that people have them in."""

from __future__ import annotations

import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.gaps import Coverage
from ansible_collections.hardening.iam.plugins.module_utils._prediction.hunting.files import (
    HuntFiles,
    parse_plain,
    read_twice,
)
from ansible_collections.hardening.iam.plugins.module_utils._prediction.hunting.kept import read_records, write_records
from emulator import trail_logs

ONE, OTHER = "222233334444", "333344445555"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)


def make(account: str, number: int = 1, **fields: t.Any) -> dict[str, t.Any]:
    arn = f"arn:aws:iam::{account}:user/app"
    return trail_logs.event(arn, "s3:ListBuckets", when=NOW - timedelta(hours=number), **fields)


def write(folder: Path, events: list[dict[str, t.Any]]) -> list[Path]:
    paths = []
    for key, body in trail_logs.files(events, "o-acme123456").items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        paths.append(path)
    return paths


def open_files(folder: Path, **options: t.Any) -> HuntFiles:
    return HuntFiles([DirectoryStore(str(folder))], since=None, now=NOW, errors=(StoreError,), **options)


def test_one_place_has_the_files_of_all_accounts(tmp_path: Path) -> None:
    write(tmp_path, [make(ONE), make(OTHER), make(OTHER, 2)])
    files = open_files(tmp_path)
    events = list(files.events())
    assert sorted(event.account_id for event in events) == [ONE, OTHER, OTHER]
    assert {key: read.coverage for key, read in files.describe().items()} == {
        (ONE, "us-east-1"): Coverage.COMPLETE,
        (OTHER, "us-east-1"): Coverage.COMPLETE,
    }
    assert all(event.origin.line == 1 and event.origin.file.endswith(".json.gz") for event in events)
    assert len(list(files.events())) == 3
    assert not files.has_digests


def test_a_live_host_reads_its_own_account_alone(tmp_path: Path) -> None:
    write(tmp_path, [make(ONE), make(OTHER)])
    assert {event.account_id for event in open_files(tmp_path, account_ids=frozenset({ONE})).events()} == {ONE}


def test_an_event_in_the_folder_of_another_account_is_ignored(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [make(ONE)])
    path.write_bytes(gzip.compress(json.dumps({"Records": [make(OTHER)]}).encode()))
    files = open_files(tmp_path)
    assert list(files.events()) == []
    (read,) = files.describe().values()
    assert read.coverage is Coverage.PARTIAL and "do not fit" in read.reasons[0]


def test_a_broken_file_makes_its_region_partial(tmp_path: Path) -> None:
    paths = write(tmp_path, [make(ONE), make(ONE, 5), make(OTHER)])
    next(path for path in paths if ONE in path.name).write_bytes(b"broken")
    files = open_files(tmp_path)
    assert len(list(files.events())) == 2
    coverage = {key[0]: read.coverage for key, read in files.describe().items()}
    assert coverage == {ONE: Coverage.PARTIAL, OTHER: Coverage.COMPLETE}


def test_a_place_that_is_not_there_has_no_events(tmp_path: Path) -> None:
    files = open_files(tmp_path / "missing")
    assert list(files.events()) == []
    assert files.describe() == {}


_EVENT: t.Final = {"eventID": "e", "eventName": "ListBuckets", "eventSource": "s3.amazonaws.com"}
LOOKED_UP: t.Final = {"EventId": "e", "CloudTrailEvent": json.dumps(_EVENT)}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"Records": [_EVENT, _EVENT]}),
        json.dumps([_EVENT, _EVENT]),
        json.dumps({"Events": [LOOKED_UP, LOOKED_UP]}),
        f"{json.dumps(_EVENT)}\n{json.dumps(_EVENT)}\n",
        f"{json.dumps(LOOKED_UP)}\n{json.dumps(LOOKED_UP)}",
        json.dumps({"Records": [_EVENT]}) * 2,
        f"{json.dumps({'Records': [_EVENT]})}\n{json.dumps([_EVENT])}",
        json.dumps(_EVENT, indent=1) * 2,
        json.dumps([{"detail": _EVENT}, {"detail": _EVENT}]),
        json.dumps({"hits": {"hits": [{"_source": _EVENT}, {"_source": _EVENT}]}}),
        json.dumps({"events": [{"message": json.dumps(_EVENT)}] * 2}),
    ],
    ids=[
        *("CloudTrail", "list", "lookup-events", "lines", "lines of lookup-events", "files one after another"),
        *("lines of files", "indented", "EventBridge", "search", "CloudWatch"),
    ],
)
def test_exports_are_read_in_the_usual_forms(content: str) -> None:
    assert parse_plain(content.encode()) == [(1, _EVENT), (2, _EVENT)]


def test_a_line_that_is_cut_off_holds_its_place() -> None:
    lines = [json.dumps(_EVENT), json.dumps(_EVENT)[:20], "", json.dumps(_EVENT)]
    assert parse_plain("\n".join(lines).encode()) == [(1, _EVENT), (4, _EVENT)]


def test_a_copy_whose_name_alone_has_another_account_is_read(tmp_path: Path) -> None:
    """Published logs have other account ids in their events than in the names of their files."""
    (path,) = write(tmp_path / "from", [make(ONE)])
    (tmp_path / "to").mkdir()
    path.rename(tmp_path / "to" / path.name.replace(ONE, OTHER))
    files = open_files(tmp_path / "to")
    assert [event.account_id for event in files.events()] == [ONE]
    assert not files.has_digests


@pytest.mark.parametrize("name", ["a.log", "a.JSON", "a.gz", "a.json.cloudtrail"])
def test_copies_have_any_usual_name(tmp_path: Path, name: str) -> None:
    content = json.dumps(make(ONE)).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (tmp_path / "server.log").write_text("no event")
    files = open_files(tmp_path)
    assert [event.account_id for event in files.events()] == [ONE]
    assert {read.coverage for read in files.describe().values()} == {Coverage.COMPLETE}


def test_a_broken_digest_hides_no_events(tmp_path: Path) -> None:
    """An intruder who can write one would hide everything."""
    write(tmp_path, [make(ONE)])
    name = f"{ONE}_CloudTrail-Digest_us-east-1_main_us-east-1_20261128T110000Z.json.gz"
    (tmp_path / name).write_bytes(gzip.compress(b"{}"))
    files = open_files(tmp_path)
    assert [event.account_id for event in files.events()] == [ONE]
    assert {read.coverage for read in files.describe().values()} == {Coverage.PARTIAL}


@pytest.mark.parametrize("content", [None, b"", b"text", b"{}", b'{"a": 1}', b"[1, 2]", b"\xff\xfe", b"[" * 100_000])
def test_other_files_have_no_events(content: t.Optional[bytes]) -> None:
    assert parse_plain(content) == []


def test_exports_lie_beside_log_files(tmp_path: Path) -> None:
    write(tmp_path, [make(ONE)])
    (tmp_path / "export.jsonl").write_text(json.dumps(make(OTHER)) + "\n", encoding="utf-8")
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    files = open_files(tmp_path)
    assert sorted(event.account_id for event in files.events()) == [ONE, OTHER]
    assert any(
        "no events of CloudTrail, such as notes.json" in reason
        for reason in files.describe()[OTHER, "us-east-1"].reasons
    )


def test_events_are_read_once_if_they_fit_into_memory(tmp_path: Path) -> None:
    write(tmp_path, [make(ONE), make(ONE, 2)])
    files, reads = open_files(tmp_path), []

    def read() -> t.Iterator[t.Any]:
        reads.append(1)
        return files.events()

    small, large = read_twice(read, most=1), read_twice(read, most=2)
    assert [len(list(small())), len(list(small()))] == [2, 2] and len(reads) == 2
    assert [len(list(large())), len(list(large()))] == [2, 2] and len(reads) == 3


@pytest.mark.parametrize("name", [None, 7, ["e"], "", "e" * 5000], ids=["none", "number", "list", "empty", "long"])
def test_the_record_of_an_event_is_found_whatever_its_id(tmp_path: Path, name: t.Any) -> None:
    """Exports may lack the id, and a forged record may have any."""
    record = {**make(ONE), "eventID": name, "responseElements": {"credentials": {"sessionToken": "secret token"}}}
    other = {**make(ONE, 2), "eventID": name}
    forged = {**record, "sourceIPAddress": "198.51.100.66"}
    (tmp_path / "export.json").write_text(json.dumps([record, record, other, forged, "no record"]))
    files = open_files(tmp_path)
    event = next(iter(files.events()))
    (kept,) = files.find_records({(event.event_id, event.sha256)})
    assert kept.sha256 == event.sha256 and kept.record["eventTime"] == record["eventTime"]
    (again,) = read_records(write_records([kept]))
    parsed = again.parse()
    assert parsed is not None and (parsed.event_id, parsed.sha256) == (event.event_id, event.sha256)
