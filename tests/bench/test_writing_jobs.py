# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two enforcing jobs of ``harden.yml`` that start together: each of ten accounts is written by one of them.

``ACCOUNTS`` may name a smaller number.
"""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from writing_jobs import check_records, find_lost, find_writers

from emulator import scale
from emulator.client import Emulator, EmulatorProcess

from .measure import Measurement
from .table import show
from .workload import Runner, inventory, role_arn

ACCOUNTS: t.Final = int(os.environ.get("ACCOUNTS", "10"))
# Each job writes with a role of its own, which the log of the emulator names.
JOBS: t.Final = {"first": "automation", "second": "automation-second"}
# With few forks a job comes to its last account when the other one is there already.
FORKS: t.Final = 2
BUCKET: t.Final = "scale-iam-control"
# A write takes so long that both jobs are between their first and last ones at the same time.
SLOW: t.Final = {"kind": "latency", "latency_ms": 3000, "operation": "UpdateAccountPasswordPolicy"}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[EmulatorProcess]:
    """Accounts that lack the declared password policy, half of them analyzers too, and a role for each job."""
    structure = scale.generate(accounts=ACCOUNTS, users=3, roles=2, policies=2)
    roles = structure["every_account"]["roles"]
    roles[JOBS["second"]] = roles[JOBS["first"]]
    (tmp_path / "seed.yml").write_text(json.dumps(structure), encoding="utf-8")
    with EmulatorProcess(seed=tmp_path / "seed.yml") as process:
        yield process


@dataclasses.dataclass(frozen=True)
class Journal:
    """The place of a journal, and the names of the records in it."""

    place: str
    list_names: Callable[[], list[str]]


def make_journal(directory: Path, control: Emulator, *, in_s3: bool) -> Journal:
    if not in_s3:
        return Journal(str(directory), lambda: [str(path.relative_to(directory)) for path in directory.rglob("*.json")])
    s3 = boto3.resource("s3", endpoint_url=control.url, aws_access_key_id="administrator", aws_secret_access_key="x")
    bucket = s3.Bucket(BUCKET)
    bucket.create()
    prefix = "journal/"
    return Journal(
        f"s3://{BUCKET}/journal", lambda: [one.key.removeprefix(prefix) for one in bucket.objects.filter(Prefix=prefix)]
    )


@pytest.mark.parametrize("in_s3", [False, True], ids=["directory", "s3"])
def test_two_jobs_share_ten_accounts(
    runner: Runner, checkout: Path, emulator: EmulatorProcess, tmp_path: Path, in_s3: bool
) -> None:
    accounts = sorted(emulator.control.health()["accounts"])
    journal = make_journal(tmp_path / "journal", emulator.control, in_s3=in_s3)
    runners = {run: dataclasses.replace(runner, directory=tmp_path / run) for run in (*JOBS, "third")}

    def harden(run: str) -> Measurement:
        # From both ends, so that each job is the first in some accounts.
        hosts = inventory(accounts if run == "first" else reversed(accounts))
        variables = {
            "hardening_run_id": run,
            "hardening_journal": journal.place,
            "aws_assume_role_arn": role_arn(JOBS.get(run, JOBS["first"])),
        }
        playbook = checkout / "playbooks" / "harden.yml"
        return runners[run].playbook(
            playbook, inventory=hosts, aws=emulator.env(), forks=FORKS, expected=(0, 2), variables=variables
        )

    emulator.control.faults([SLOW])
    with ThreadPoolExecutor(max_workers=len(JOBS)) as pool:
        runs = dict(zip(JOBS, pool.map(harden, JOBS), strict=True))
    writers = find_writers(emulator.control.log(clear=True), accounts, JOBS)
    lost = {run: find_lost(runners[run].reports) for run in JOBS}
    _show(runs, writers, lost, journal.place)
    assert set(writers.values()) == set(JOBS)
    for run in JOBS:
        # An account that a job did not lose, and that the other one wrote, was as declared when the job came there.
        assert all(by == writers[account] != run for account, by in lost[run].items())
        assert runs[run].status == (2 if lost[run] else 0)
    assert any(lost.values())
    check_records(journal.list_names(), writers)
    emulator.control.clear_faults()
    assert harden("third").status == 0
    assert [record for record in emulator.control.log() if _is_ours(record)] == []


def _is_ours(record: dict[str, t.Any]) -> bool:
    return not record["read_only"] and any(f"/{role}/" in record["caller_arn"] for role in JOBS.values())


def _show(runs: dict[str, Measurement], writers: dict[str, str], lost: dict[str, dict[str, str]], journal: str) -> None:
    place = "S3" if journal.startswith("s3:") else "a directory"
    show(
        f"Two jobs of harden.yml on {len(writers)} accounts, journal in {place}",
        ("run", "accounts written", "accounts lost to the other", "exit status", "CPU s", "wall s"),
        [
            (run, list(writers.values()).count(run), len(lost[run]), done.status, done.cpu, done.wall)
            for run, done in runs.items()
        ],
    )
