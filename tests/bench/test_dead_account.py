# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``harden.yml`` over accounts of which one never answers, one denies every read, one is closed, and some throttle.

The other accounts are changed as in a run without trouble. ``ACCOUNTS`` may name another number.
"""

from __future__ import annotations

import json
import os
import shutil
import typing as t
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from troubled_fleet import TroubledFleet

from emulator.client import EmulatorProcess

from .measure import Measurement
from .table import show
from .test_thousand_accounts import DEAD, MOST_WAIT
from .workload import Runner, inventory, role_arn

ACCOUNTS: t.Final = int(os.environ.get("ACCOUNTS", "30"))
FLEET: t.Final = TroubledFleet(accounts=ACCOUNTS, throttling=2)
FORKS: t.Final = 10

Record = dict[str, t.Any]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """The fleet, without its faults."""
    seed = tmp_path_factory.mktemp("seed") / "fleet.yml"
    seed.write_text(json.dumps(FLEET.seed()), encoding="utf-8")
    with EmulatorProcess(seed=seed) as process:
        yield process


def test_accounts_without_trouble_are_changed_as_if_the_others_were_not_there(
    runner: Runner, checkout: Path, emulator: EmulatorProcess, tmp_path: Path
) -> None:
    control = emulator.control

    def harden(accounts: Sequence[str], expected: int) -> tuple[Measurement, list[Record]]:
        variables = {"hardening_max_accounts_changed": ACCOUNTS, "aws_assume_role_arn": role_arn("automation")}
        control.clear_log()
        done = runner.playbook(
            checkout / "playbooks" / "harden.yml",
            inventory=inventory(accounts),
            aws=emulator.env(),
            forks=FORKS,
            expected=(expected,),
            variables=variables,
        )
        return done, control.log()

    start = control.snapshot()
    without, usual = harden([account for account in FLEET.account_ids if account not in FLEET.lost], 0)
    before = tmp_path / "before"
    shutil.copytree(runner.reports, before)
    control.restore(start)
    control.faults(FLEET.faults(DEAD))
    trouble, requests = harden(FLEET.account_ids, 2)
    control.clear_faults()
    show(
        f"harden.yml on {ACCOUNTS} accounts: one each is dead, denied and closed, {FLEET.throttling} throttle",
        ("run", "accounts written", "exit status", "CPU s", "wall s"),
        [
            (name, len(list_writes(log)), done.status, done.cpu, done.wall)
            for name, done, log in (("without the three", without, usual), ("all", trouble, requests))
        ],
    )
    FLEET.check(runner.reports, trouble.output, before=before, requests=requests)
    assert list_writes(requests) == list_writes(usual)
    assert set(list_writes(usual)) == set(FLEET.account_ids) - set(FLEET.lost)
    assert trouble.wall <= without.wall + MOST_WAIT


def list_writes(requests: Sequence[Record]) -> dict[str, list[str]]:
    """The writes in each account that took effect, in the order of their names. Tokens of requests differ."""
    writes: dict[str, list[str]] = {}
    for record in requests:
        if not record["read_only"] and record["status"] == 200:
            parameters = {name: value for name, value in record["parameters"].items() if name != "clientToken"}
            call = json.dumps([record["service"], record["operation"], parameters], sort_keys=True)
            writes.setdefault(record["account_id"], []).append(call)
    return {account: sorted(calls) for account, calls in sorted(writes.items())}
