# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of an account: the lease of the job is released, wherever it is, and nobody else's is."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.holders import Holder
from ansible_collections.hardening.iam.plugins.module_utils._converge.run_control.lease import Lease, lease_key
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore, StoreError
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._run_control.release import MODULE, OPERATIONS, run

ACCOUNT: t.Final = "111122223333"
NOW: t.Final = datetime(2026, 11, 25, tzinfo=UTC)


def hold(place: Path, partition: str, job_id: str = "7", process: str = "a/1") -> None:
    holder = Holder("run", job_id, "password_policy", "arn:aws:iam::111122223333:role/x", process=process)
    Lease(DirectoryStore(str(place)), holder, partition=partition, account_id=ACCOUNT, clock=lambda: NOW).acquire()


def is_released(place: Path, partition: str) -> bool:
    return bool(json.loads((place / lease_key(partition, ACCOUNT)).read_text(encoding="utf-8"))["released"])


def release(place: Path, *, check_mode: bool = False) -> tuple[bool, list[str]]:
    options = {"account_id": ACCOUNT, "journal": str(place), "run_id": "run", "job_id": "7", "job_process": "a/1"}
    task = Task(options=options, operations=OPERATIONS, check_mode=check_mode, clock=lambda: NOW)
    return run(task)["released"], task.warnings


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_lease_is_released_whatever_partition_the_roles_of_the_job_are_of(tmp_path: Path, partition: str) -> None:
    """The module knows no role, and the region of the controller is often not set."""
    hold(tmp_path, partition)
    assert release(tmp_path) == (True, [])
    assert is_released(tmp_path, partition)
    assert release(tmp_path) == (False, [])


def test_a_lease_of_another_job_stays(tmp_path: Path) -> None:
    hold(tmp_path, "aws", job_id="8")
    assert release(tmp_path) == (False, [])
    assert not is_released(tmp_path, "aws")


def test_a_lease_of_another_controller_with_the_same_number_stays(tmp_path: Path) -> None:
    hold(tmp_path, "aws", process="b/1")
    assert release(tmp_path) == (False, [])
    assert not is_released(tmp_path, "aws")


def test_check_mode_and_an_empty_place_release_nothing(tmp_path: Path) -> None:
    assert release(tmp_path) == (False, [])
    hold(tmp_path, "aws")
    assert release(tmp_path, check_mode=True) == (False, [])
    assert not is_released(tmp_path, "aws")


def test_a_malformed_lease_is_a_warning_and_hides_no_other(tmp_path: Path) -> None:
    hold(tmp_path, "aws")
    foreign = tmp_path / lease_key("a", ACCOUNT)
    foreign.parent.mkdir()
    foreign.write_text("{")
    released, warnings = release(tmp_path)
    assert released
    assert len(warnings) == 1 and "is not a lease" in warnings[0]


def test_without_an_account_no_lease_is_released(tmp_path: Path) -> None:
    hold(tmp_path, "aws")
    options = {"account_id": None, "journal": str(tmp_path), "run_id": "run", "job_id": "7", "job_process": "a/1"}
    task = Task(options=options, operations=OPERATIONS, check_mode=False, clock=lambda: NOW)
    with pytest.raises(TaskError, match="account_id: not set; the lease to release is that of one account"):
        run(task)
    assert not is_released(tmp_path, "aws")


@pytest.mark.parametrize("broken", ["the place", "its folders", "the lease"])
def test_a_lease_that_cannot_be_released_is_a_warning_and_not_said_to_be_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    hold(tmp_path, "aws")

    def fail(*_given: t.Any) -> t.NoReturn:
        raise StoreError("denied")

    if broken == "the place":
        monkeypatch.setattr(Task, "open_store", fail)
    elif broken == "its folders":
        monkeypatch.setattr(DirectoryStore, "folders", fail)
    else:
        monkeypatch.setattr(Lease, "release_of_job", fail)
    expected = "the lease of the account was not released, and ends by itself: denied"
    assert release(tmp_path) == (False, [expected])
    assert not is_released(tmp_path, "aws")


def test_the_result_names_the_account(tmp_path: Path) -> None:
    hold(tmp_path, "aws")
    options = {"account_id": ACCOUNT, "journal": str(tmp_path), "run_id": "run", "job_id": "7", "job_process": "a/1"}
    for check_mode in (True, False):
        task = Task(options=options, operations=OPERATIONS, check_mode=check_mode, clock=lambda: NOW)
        assert run(task) == {"account_id": ACCOUNT, "released": not check_mode}
    assert MODULE == "lease"
