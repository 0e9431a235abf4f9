# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core of the module audit_sheet."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._report.audit.account import events_key
from ansible_collections.hardening.iam.plugins.plugin_utils._audit_events import OPERATIONS
from ansible_collections.hardening.iam.plugins.plugin_utils._audit_sheet import run

from ..module_utils._converge.fakes import ACCOUNT, RUN, FakeStore
from ..module_utils._report.audit.world import LATER, verified

OTHER: t.Final = "222233334444"
OPTIONS: t.Final[dict[str, t.Any]] = {
    "scope": "run",
    "audit_run_id": RUN,
    "account_id": None,
    "sheet_dir": None,
    "expected_accounts": [],
    "regions": [],
    "event_history_max_pages": 100,
    "reveal_key_ids": False,
    "now": None,
}


def write(store: FakeStore, directory: Path) -> None:
    """Write the files of a store into a directory."""
    for key, content in store.objects.items():
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Journal and reports of a run that deactivated two keys."""
    world = verified()
    write(world.journal, tmp_path / "journal")
    write(world.reports, tmp_path / "reports")
    write(world.sheets, tmp_path / "sheets")
    return tmp_path


def task(place: Path, **options: t.Any) -> Task:
    places = {"report_dir": str(place / "reports"), "journal": str(place / "journal")}
    return Task(options={**OPTIONS, **places, **options}, operations=OPERATIONS, check_mode=True, clock=lambda: LATER)


def test_the_page_is_written_beside_the_reports(place: Path) -> None:
    result = run(task(place))
    folder = place / "reports" / "audit" / RUN
    assert result["files"] == {name: str(folder / f"sheet.{name}") for name in ("json", "txt", "html")}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    # The events are beside the sheets of an auditor, and not there.
    assert (result["accounts"], result["clean"], result["verdict"]) == (1, False, "not_verified")
    assert result["headline"] == "Not verified: Events of the changes, Calls without a record, Leases."
    assert result["not_verified"][0] == f"2 changes: CloudTrail was not asked: {ACCOUNT}."
    assert result["attention"] == []
    assert result["terminal"].startswith((folder / "sheet.txt").read_text("utf-8").partition("\n\n")[0])
    assert result["terminal"].endswith(f"Page: {folder / 'sheet.html'}\n")
    assert json.loads((folder / "sheet.json").read_text("utf-8"))["schema"] == "hardening.iam/audit-sheet/1"


def test_an_auditor_writes_elsewhere(place: Path) -> None:
    before = sorted((place / "reports").rglob("*"))
    run(task(place, sheet_dir=str(place / "sheets")))
    assert sorted((place / "reports").rglob("*")) == before
    sheet = json.loads((place / "sheets" / "audit" / RUN / "sheet.json").read_text("utf-8"))
    # The events that were read before count.
    assert sheet["accounts"][0]["trail"]["state"] == "read"


def test_what_does_not_fit_is_not_clean(place: Path) -> None:
    path = place / "sheets" / events_key(RUN, ACCOUNT)
    history = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**history, "events": history["events"][:1]}), "utf-8")
    result = run(task(place, sheet_dir=str(place / "sheets")))
    assert (result["clean"], result["verdict"]) == (False, "attention")
    assert result["attention"] == [f"1 change: no event found (events arrive up to 15 minutes late): {ACCOUNT}."]
    assert result["lines"]["events"] == "attention"
    assert result["headline"] in result["terminal"]


def test_a_complete_run_is_verified(place: Path) -> None:
    result = run(task(place, sheet_dir=str(place / "sheets")))
    assert (result["clean"], result["verdict"]) == (True, "verified")
    assert (result["attention"], result["not_verified"]) == ([], [])
    assert set(result["lines"].values()) == {"verified"}
    assert result["headline"] == "Nothing was found that does not fit. All 10 lines are verified."
    assert "changed" not in result


def test_accounts_of_the_inventory(place: Path) -> None:
    run(task(place, expected_accounts=[ACCOUNT, OTHER, "", "prod"]))
    sheet = json.loads((place / "reports" / "audit" / RUN / "sheet.json").read_text("utf-8"))
    assert sheet["population"]["not_in_run"] == [OTHER]


@pytest.mark.parametrize("given", ["../x", "a/b", "", " ", ".", "a\nb", "x" * 129, "\u202ex", "{{ x }}", "x;rm"])
def test_a_hostile_id_of_a_run_reads_and_writes_nothing(place: Path, given: str) -> None:
    before = sorted(place.rglob("*"))
    with pytest.raises(TaskError, match=r"audit_run_id \(audit_sheet_run_id\): .* is not allowed"):
        run(task(place, audit_run_id=given))
    assert sorted(place.rglob("*")) == before


def test_a_run_that_is_not_there(place: Path) -> None:
    with pytest.raises(TaskError, match=r"audit_run_id \(audit_sheet_run_id\): there is nothing of run another in"):
        run(task(place, audit_run_id="another"))
    assert not (place / "reports" / "audit").exists()


# The events of one account


@pytest.mark.parametrize("account_id", [OTHER, "999999999999"])
def test_an_account_without_records_and_report_has_no_callers(place: Path, account_id: str) -> None:
    result = run(task(place, scope="account", account_id=account_id))
    assert result["failure"] == "neither journal nor report has a caller of the run in this account"
    assert (result["events"], result["account_id"]) == (0, account_id)
    kept = json.loads(Path(result["files"]["events"]).read_text("utf-8"))
    assert (kept["account_id"], kept["failure"]) == (account_id, result["failure"])
