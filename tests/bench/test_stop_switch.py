# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stop switch, set in the middle of a run of ``harden.yml`` over many accounts.

``ACCOUNTS`` may name another number. A thousand take three runs of about half an hour each on two cores.
"""

from __future__ import annotations

import json
import os
import time
import typing as t
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from writing_jobs import check_records

from emulator.client import EmulatorProcess

from .measure import Measurement
from .table import show
from .workload import Runner, inventory, role_arn

ACCOUNTS: t.Final = int(os.environ.get("ACCOUNTS", "300"))
FORKS: t.Final = 5
# Set when so many accounts have their password policy.
SET_AFTER: t.Final = ACCOUNTS // 3
REASON: t.Final = "INC-7: logins fail"

Record = dict[str, t.Any]


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    """Accounts that lack the declared password policy. Half of them lack an analyzer too."""
    with EmulatorProcess(seed=f"scale:accounts={ACCOUNTS},users=3,roles=2,policies=2") as process:
        yield process


def test_the_stop_switch_in_the_middle_of_a_run(
    runner: Runner, checkout: Path, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    accounts = sorted(emulator.control.health()["accounts"])
    journal = tmp_path / "journal"
    switch = journal / "control" / "stop"

    def harden(run: str) -> Measurement:
        variables = {
            "hardening_run_id": run,
            "hardening_journal": str(journal),
            "hardening_max_accounts_changed": ACCOUNTS,
            "aws_assume_role_arn": role_arn("automation"),
        }
        playbook = checkout / "playbooks" / "harden.yml"
        hosts = inventory(accounts)
        return runner.playbook(playbook, inventory=hosts, aws=emulator.env(), forks=FORKS, variables=variables)

    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(harden, "one")
        wait_for_outcomes(journal, SET_AFTER, running)
        switch.write_text(REASON, encoding="utf-8")
        moment = datetime.now(UTC).isoformat()
        stopped = running.result()
    first = list_writes(emulator)
    (held,) = read_fleet(runner)["held_back"]
    check_nothing_began(first, moment)
    check_stopped(runner, held, first, accounts)
    assert "CHANGES HELD BACK:" in stopped.output
    names = [str(path.relative_to(journal)) for path in journal.rglob("*.json")]
    check_records(names, {record["account_id"]: "one" for record in first})

    switch.unlink()
    rest = harden("two")
    second = list_writes(emulator)
    assert read_fleet(runner)["held_back"] == []
    again = harden("three")
    third = list_writes(emulator)
    _show({"stopped": (stopped, first), "the rest": (rest, second), "again": (again, third)}, held)
    # The accounts that the first run left are changed, and what it did is not done again.
    assert {record["account_id"] for record in second} == set(held["accounts"])
    updated = [record["account_id"] for record in (*first, *second) if record["operation"] == POLICY]
    assert sorted(updated) == accounts
    assert third == []


POLICY: t.Final = "UpdateAccountPasswordPolicy"


def wait_for_outcomes(journal: Path, number: int, running: Future[Measurement]) -> None:
    """Wait until so many changes of the run are recorded as made."""
    while sum(1 for _path in journal.glob("*/one/*/*-outcome.json")) < number:
        assert not running.done(), running.result()
        time.sleep(0.1)


def list_writes(emulator: EmulatorProcess) -> list[Record]:
    """The writes of the last run in the accounts, in their order."""
    return [record for record in emulator.control.log(clear=True) if not record["read_only"]]


def read_fleet(runner: Runner) -> Record:
    return t.cast(Record, json.loads((runner.reports / "fleet.json").read_text(encoding="utf-8")))


def check_nothing_began(writes: list[Record], moment: str) -> None:
    """After the switch was set, no more than the workers of that moment wrote. They had read it before."""
    late = {record["account_id"] for record in writes if record["time"] > moment}
    assert len(late) <= FORKS, late
    assert {record["operation"] for record in writes} == {POLICY}


def check_stopped(runner: Runner, held: Record, writes: list[Record], accounts: list[str]) -> None:
    """Check that the report of the run lists the accounts that lack a change, and only those."""
    assert held["rule"] == "stopped"
    assert f"is set: {REASON}" in held["reason"]
    written = {record["account_id"] for record in writes}
    assert SET_AFTER <= len(written) < len(accounts)
    assert set(accounts) - written <= set(held["accounts"])
    for account in accounts:
        report = json.loads((runner.reports / account / "report.json").read_text(encoding="utf-8"))
        is_held = any(refusal["rule"] == "stopped" for refusal in report["refused"])
        assert is_held == (account in held["accounts"]), account
        applied = [change for change in report["changes"] if change["applied"]]
        assert bool(applied) == (account in written), account


def _show(runs: dict[str, tuple[Measurement, list[Record]]], held: Record) -> None:
    show(
        f"harden.yml on {ACCOUNTS} accounts, stopped after {SET_AFTER}; {len(held['accounts'])} held back",
        ("run", "writes", "accounts written", "exit status", "CPU s", "wall s", "MB, controller"),
        [
            (
                name,
                len(writes),
                len({record["account_id"] for record in writes}),
                done.status,
                done.cpu,
                done.wall,
                done.controller_mb,
            )
            for name, (done, writes) in runs.items()
        ],
    )
