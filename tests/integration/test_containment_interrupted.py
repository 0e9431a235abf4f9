# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cuts and releases in three accounts that are killed before and after each write: the next run ends them."""

from __future__ import annotations

import functools
import json
import shutil
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from intruder import DATA, HOME, LEAKED, PROD, USER

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.record import State
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.records import read_record
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import find_interrupted
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from emulator.client import EmulatorProcess

from .containing import USER_ARN, without_leaked
from .interrupting import canonical, iam_state, kill_at_write
from .revoking import ACCOUNTS, INCIDENT, RevokingBench, open_bench

FIRST: t.Final = {"pass": "first"}
SECOND: t.Final = {"pass": "second"}
#: The writes of a pass that knows all accounts: policies of roles, and sign-in sessions at home and of the role deploy.
CUTS: t.Final = {HOME: 3, PROD: 2, DATA: 2}
#: Those of a release: of the user two tags, two policies and its other key, and the policies of roles.
RELEASES: t.Final = {HOME: 7, PROD: 1, DATA: 2}


def list_places(writes: dict[str, int]) -> list[t.Any]:
    return [
        pytest.param(account, write, after, id=f"{account}-{write}-{'after' if after else 'before'}")
        for account, count in writes.items()
        for write in range(1, count + 1)
        for after in (False, True)
    ]


class World:
    """The accounts before the cuts, and after them, each with its journal."""

    def __init__(self, bench: RevokingBench) -> None:
        self.bench = bench
        self.before = {account: self.state(account) for account in ACCOUNTS}
        self._kept: dict[str, int] = {}
        bench.run_quarantine(HOME)
        self._keep("quarantined")
        bench.run_pass(**FIRST)
        bench.run_pass(**SECOND)
        self._keep("contained")

    def state(self, account: str) -> str:
        return canonical(iam_state(self.bench.client(account)))

    def _keep(self, name: str) -> None:
        self._kept[name] = self.bench.control.snapshot()
        shutil.copytree(self.bench.journal, self._place(name))

    def _place(self, name: str) -> Path:
        return self.bench.directory / f"journal-{name}"

    def to(self, name: str) -> RevokingBench:
        """Go back there, to begin another run."""
        bench = self.bench
        bench.control.restore(self._kept[name])
        bench.control.clear_faults()
        shutil.rmtree(bench.journal)
        shutil.copytree(self._place(name), bench.journal)
        bench.begin_run()
        return bench

    def assert_released(self, account: str) -> None:
        """All is as before anything was contained, but for the leaked key; and the journal has no open end."""
        store = DirectoryStore(str(self.bench.journal))
        assert not find_interrupted(store, account)
        record = read_record(store, account, INCIDENT)
        assert record is not None and record.state is State.RELEASED
        assert json.loads(self.state(account)) == json.loads(without_leaked(self.before[account]))


@pytest.fixture(scope="module")
def world(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_bench(emulator, tmp_path_factory.mktemp("interrupted")) as bench:
        yield World(bench)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("account", "write", "after"), list_places(CUTS))
def test_a_killed_cut_is_completed_by_the_next_run(world: World, account: str, write: int, after: bool) -> None:
    bench = world.to("quarantined")
    for other in ACCOUNTS[: ACCOUNTS.index(account)]:
        bench.run(other, **FIRST)
    kill_at_write(bench.control, functools.partial(bench.run, account, **SECOND), write=write, after=after)
    bench.begin_run()
    bench.run_pass(**FIRST)
    results = bench.run_pass(**SECOND)
    assert not any(result["not_denied"] or result["unread"] for result in results.values())
    assert {name for one in ACCOUNTS for name in bench.documents(one)} == {
        *("pipeline", "build-worker", "deploy", "warehouse", "loader")
    }
    assert not any(result["changed"] for result in bench.run_pass(**SECOND).values())
    for one in ACCOUNTS:
        assert not find_interrupted(DirectoryStore(str(bench.journal)), one)
        assert bench.release(one)["refused"] == []
        world.assert_released(one)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("account", "write", "after"), list_places(RELEASES))
def test_a_killed_release_goes_on(world: World, account: str, write: int, after: bool) -> None:
    bench = world.to("contained")
    kill_at_write(bench.control, functools.partial(bench.release, account), write=write, after=after)
    record = read_record(DirectoryStore(str(bench.journal)), account, INCIDENT)
    assert record is not None and record.state is State.RELEASING
    bench.begin_run()
    assert bench.release(account)["refused"] == []
    world.assert_released(account)


@pytest.mark.usefixtures("impatient")
def test_who_is_left_by_a_part_of_a_release_stays_frozen_and_is_released_later(world: World) -> None:
    """The owner of a device has to be asked first. Meanwhile the incident is contained again."""
    bench = world.to("contained")
    iam = bench.client(HOME)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="new")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=USER, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    bench.begin_run()
    with pytest.raises(RuntimeError, match=f"nothing of {USER_ARN} is released: .*{device}"):
        bench.release(HOME)
    assert not bench.documents(HOME)
    bench.begin_run()
    bench.run_pass(HOME, **FIRST)
    assert not bench.run_quarantine(HOME)["changed"]
    assert bench.run_pass(HOME, **SECOND)
    assert bench.documents(HOME)
    record = read_record(DirectoryStore(str(bench.journal)), HOME, INCIDENT)
    assert record is not None and (record.round, record.state) == (1, State.CONTAINED)
    assert USER_ARN in {item.arn for item in record.contained} and record.seeds == {LEAKED}
    iam.deactivate_mfa_device(UserName=USER, SerialNumber=device)
    iam.delete_virtual_mfa_device(SerialNumber=device)
    bench.begin_run()
    assert bench.release(HOME)["refused"] == []
    world.assert_released(HOME)


def test_the_writes_are_as_many_as_are_killed(world: World) -> None:
    """Else a write that joins would be killed by no test."""

    def count(result: dict[str, t.Any]) -> int:
        return sum(change["applied"] for change in result["changes"])

    bench = world.to("contained")
    assert {account: count(bench.release(account)) for account in ACCOUNTS} == RELEASES
    for account in ACCOUNTS:
        world.assert_released(account)
    bench = world.to("quarantined")
    assert {account: count(bench.run(account, **SECOND)) for account in ACCOUNTS} == CUTS
