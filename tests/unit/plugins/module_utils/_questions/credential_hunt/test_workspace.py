# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a hunt: what two jobs keep at once, and what is written as evidence."""

from __future__ import annotations

import hashlib
import json
import threading
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.event import Origin
from ansible_collections.hardening.iam.plugins.module_utils._prediction.hunting.kept import (
    HuntState,
    KeptRecord,
    write_records,
)
from ansible_collections.hardening.iam.plugins.module_utils._questions.credential_hunt.workspace import (
    Gathered,
    Workspace,
)

ACCOUNT: t.Final = "222233334444"
NOW: t.Final = datetime(2026, 11, 28, 12, tzinfo=UTC)


def make_workspace(tmp_path: Path) -> Workspace:
    return Workspace(DirectoryStore(str(tmp_path)), "incident/INC-7", "r1")


def record(number: int, **fields: t.Any) -> KeptRecord:
    event = {
        "eventID": f"e-{number}",
        "eventTime": "2026-11-28T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets",
        "recipientAccountId": ACCOUNT,
        **fields,
    }
    return KeptRecord.of(event, Origin("logs", "a", number))


def ids(workspace: Workspace) -> list[str]:
    return sorted(one.record["eventID"] for one in workspace.read_records(ACCOUNT))


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    assert workspace.list_accounts() == [] and workspace.read_records(ACCOUNT) == []
    workspace.keep(ACCOUNT, HuntState(ACCOUNT, queries=[{"pages": 1}]), [record(1)])
    assert workspace.list_accounts() == [ACCOUNT]
    assert ids(workspace) == ["e-1"]
    assert workspace.read_state(ACCOUNT).queries == [{"pages": 1}]
    assert workspace.location == f"{tmp_path}/incident/INC-7"


def test_other_folders_are_no_accounts(tmp_path: Path) -> None:
    for name in ("incident/INC-7/notes", "incident/INC-7/12345", "incident/INC-7/evil"):
        (tmp_path / name).mkdir(parents=True)
    assert make_workspace(tmp_path).list_accounts() == []


def test_records_of_jobs_that_write_at_once_do_not_get_lost(tmp_path: Path) -> None:
    workspaces = [make_workspace(tmp_path) for _job in range(4)]

    def work(number: int) -> None:
        for part in range(5):
            workspaces[number].keep(ACCOUNT, HuntState(ACCOUNT), [record(10 * number + part)])

    jobs = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(ids(workspaces[0])) == 20


def test_a_job_that_started_earlier_takes_nothing_away(tmp_path: Path) -> None:
    """It read the folder before the other one wrote."""
    early, late = make_workspace(tmp_path), make_workspace(tmp_path)
    known = early.read_records(ACCOUNT)
    late.keep(ACCOUNT, HuntState(ACCOUNT), [record(2)])
    early.keep(ACCOUNT, HuntState(ACCOUNT), [*known, record(1)])
    assert ids(early) == ["e-1", "e-2"]


def test_an_account_without_records_has_no_file_for_the_others_to_read(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.keep(ACCOUNT, HuntState(ACCOUNT), [])
    workspace.keep("333344445555", HuntState("333344445555"), [record(1)])
    assert workspace.list_accounts() == [ACCOUNT, "333344445555"]
    assert workspace.list_accounts("records.json.gz") == ["333344445555"]


@pytest.mark.parametrize("account_id", ["..", "../../outside", "", "1234", "222233334444/.."])
def test_no_event_leads_out_of_the_folder(account_id: str, tmp_path: Path) -> None:
    outside = Workspace(DirectoryStore(str(tmp_path)), "incident/INC-7/x/y", "r1")
    (tmp_path / "incident/INC-7/x/y/1234").mkdir(parents=True)
    for folder in ("incident/INC-7/x", "incident/INC-7/outside", "incident/INC-7/x/y", "incident/INC-7/x/y/1234"):
        path = tmp_path / folder / "records.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(write_records([record(1)]))
    assert outside.read_records(account_id) == []
    assert outside.read_state(account_id).asked == {}


def test_without_a_place_nothing_is_kept() -> None:
    workspace = Workspace(None, "hunt/r1", "r1")
    workspace.keep(ACCOUNT, HuntState(ACCOUNT), [record(1)])
    assert workspace.read_records(ACCOUNT) == [] and workspace.list_accounts() == [] and workspace.location == ""
    assert workspace.write_evidence({"timeline": []}, [], [], account_id="", created=NOW) == []


def test_evidence_has_a_manifest_of_all_its_files(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    row = {"event_id": "e-1", "user_agent": "a\u2028b"}
    document = {"timeline": [row, row], "incident_id": "INC-7", "sessions": []}
    files = workspace.write_evidence(document, [record(1)], [{"pages": 1}], account_id="", created=NOW)
    manifest = json.loads((tmp_path / "incident/INC-7/manifest.json").read_text(encoding="utf-8"))
    assert len(files) == len(manifest["files"]) + 1 == 6
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == entry["sha256"]
    lines = (tmp_path / "incident/INC-7/timeline.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [row, row]


def test_evidence_of_an_account_lies_in_its_folder(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    workspace.keep(ACCOUNT, HuntState(ACCOUNT), [record(1)])
    files = workspace.write_evidence({"timeline": []}, [], [], account_id=ACCOUNT, created=NOW)
    assert {Path(name).parent.name for name in files} == {ACCOUNT}
    assert ids(workspace) == ["e-1"]


def test_an_event_that_two_records_show_is_gathered_once() -> None:
    gathered = Gathered()
    gathered.add([record(1), record(1), record(1, userAgent="forged"), KeptRecord({"a": 1}, Origin(), "0" * 64)])
    assert [event.user_agent for event in gathered.read()()] == ["", "forged"]
    assert len(gathered.of_account(ACCOUNT)) == 2
    assert gathered.of_account("333344445555") == []
