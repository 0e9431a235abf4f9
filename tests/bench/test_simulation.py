# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand accounts simulated: no call, time, and the memory of a thousand against that of a hundred.

The numbers of a simulation are held against those of a real run over a hundred accounts. ``COMPARED`` may name another
number.
"""

from __future__ import annotations

import json
import os
import sys
import typing as t
from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated import WANTED, check_real_run

from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import Answer, Call, Recorder, encode
from ansible_collections.hardening.iam.plugins.module_utils._module.recording import Recording, recording_key
from emulator.client import EmulatorProcess
from emulator.scale import MANAGEMENT_ACCOUNT

from .measure import Measurement, measure
from .table import Cell, show
from .workload import BIN, Runner, inventory, role_arn

USERS: t.Final = 50
FEW, MANY = 100, 1000
COMPARED: t.Final = int(os.environ.get("COMPARED", "100"))
FORKS: t.Final = 5
# So that the real run has more to change than the password policy.
ENFORCED: t.Final = {
    "access_keys_mode": "enforce",
    "access_keys_notify": "none",
    "hardening_owner_default": "allow",
    "user_permissions_mode": "enforce",
}
MOST_MEMORY: t.Final = 1.2
# Of two cores.
MOST_SECONDS_OF_CPU: t.Final = 0.6

# Plays the tasks of the playbook on the live account, and keeps each call with its answer.
_RECORD: t.Final = """
import json, sys
from ansible import context
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.context_objects import CLIArgs
context.CLIARGS = CLIArgs({})
init_plugin_loader([])
from bench.test_simulation import record
record(sys.argv[1], sys.argv[2])
"""


class _Keeper(Recorder):
    """A recorder that remembers the calls themselves, so that they can be made those of another account."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, list[t.Any]] = {}

    def play(self, call: Call, send: t.Callable[[], Answer]) -> Answer:
        self.calls[call.key] = [call.role, call.service, call.operation, call.region, encode(call.parameters)]
        return super().play(call, send)


def record(path: str, target: str) -> None:
    """Record the account of the inventory ``path`` into the file ``target``."""
    from ansible_collections.hardening.iam.plugins.module_utils._module.recording import Replay
    from ansible_collections.hardening.iam.plugins.module_utils._module.stores import MemoryStore
    from ansible_collections.hardening.iam.plugins.plugin_utils._in_process import run_entry
    from ansible_collections.hardening.iam.plugins.plugin_utils._run_notes import RunNotes
    from ansible_collections.hardening.iam.plugins.plugin_utils._simulation import declared, playing
    from ansible_collections.hardening.iam.plugins.plugin_utils._simulation.run import PLAYBOOK

    now = datetime.now(UTC)
    found = declared.Declaration(
        [path], playbook=PLAYBOOK, is_simulated=playing.is_simulated, notes=RunNotes(f"{target}.notes")
    )
    keeper = _Keeper()
    for task in found.render(found.hosts[0]):
        if not task.is_off:
            run_entry(
                playing.find_entry(task.module),
                playing.make_arguments(task, found),
                check_mode=True,
                find_bad_values=str,
                replay=Replay(keeper, now, MemoryStore(now)),
            )
    content = [[keeper.calls[key], entry] for key, entry in keeper.entries.items()]
    Path(target).write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture(scope="module")
def recorded(link_tree: Path, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The calls and answers of one account of fifty users, as text."""
    here = tmp_path_factory.mktemp("recorded")
    (here / "inventory.yml").write_text(json.dumps(inventory([MANAGEMENT_ACCOUNT])), encoding="utf-8")
    with EmulatorProcess(seed=f"scale:users={USERS}") as emulator:
        paths = os.pathsep.join((str(link_tree), str(checkout / "tests")))
        environment = {**os.environ, **emulator.env(), "ANSIBLE_COLLECTIONS_PATH": str(link_tree), "PYTHONPATH": paths}
        command = [sys.executable, "-c", _RECORD, str(here / "inventory.yml"), str(here / "calls.json")]
        measure(command, directory=here, environment=environment)
    return (here / "calls.json").read_text(encoding="utf-8")


def write_snapshots(directory: Path, recorded: str, accounts: t.Sequence[str]) -> int:
    """Write a snapshot of each account; returns the bytes of one."""
    directory.mkdir()
    length = 0
    for account in accounts:
        entries = {
            Call(role, service, operation, region, _decode(parameters)).key: entry
            for (role, service, operation, region, parameters), entry in json.loads(
                recorded.replace(MANAGEMENT_ACCOUNT, account)
            )
        }
        content = Recording(account, "r", datetime.now(UTC), 20.0, entries).to_bytes()
        (directory / recording_key(account)).write_bytes(content)
        length = len(content)
    return length


def _decode(parameters: t.Any) -> t.Any:
    from ansible_collections.hardening.iam.plugins.module_utils._aws.tape import decode

    return decode(parameters)


def run_simulation(
    runner: Runner, checkout: Path, here: Path, aws: t.Mapping[str, str], **variables: t.Any
) -> tuple[Measurement, dict[str, t.Any]]:
    """Simulate the declaration of the inventory in ``here`` on the snapshots beside it."""
    given = {"simulate_wanted_inventory": "inventory.yml", "hardening_snapshot_dir": "snapshots", **variables}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))},
        "ANSIBLE_COLLECTIONS_PATH": str(runner.collections),
        "ANSIBLE_HOME": str(here / ".ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "NO_COLOR": "1",
        **aws,
    }
    command = [str(BIN / "ansible-playbook"), str(checkout / "playbooks" / "simulate.yml"), "-e", json.dumps(given)]
    done = measure(command, directory=here, environment=environment)
    return done, json.loads((here / "simulation" / "simulation.json").read_text(encoding="utf-8"))


def simulate(
    runner: Runner, checkout: Path, recorded: str, number: int, aws: t.Mapping[str, str]
) -> tuple[Measurement, int]:
    accounts = [f"{int(MANAGEMENT_ACCOUNT) + index:012d}" for index in range(number)]
    here = runner.directory / str(number)
    here.mkdir()
    length = write_snapshots(here / "snapshots", recorded, accounts)
    (here / "inventory.yml").write_text(json.dumps(inventory(accounts)), encoding="utf-8")
    wanted = {"password_policy_minimum_password_length": 20}
    now = {"simulate_now_inventory": "inventory.yml"}
    done, document = run_simulation(runner, checkout, here, aws, simulate_wanted_variables=wanted, **now)
    assert document["accounts"] == {
        "declared": number,
        "simulated": number,
        "refused": 0,
        "changed": number,
        "unknown": 0,
        "failed": 0,
    }
    return done, length


def test_a_thousand_accounts_take_hardly_more_memory_than_a_hundred(
    runner: Runner, checkout: Path, recorded: str
) -> None:
    # With credentials for an AWS that would log each call.
    with EmulatorProcess(seed="scale:users=1") as emulator:
        few, length = simulate(runner, checkout, recorded, FEW, emulator.env())
        many, _length = simulate(runner, checkout, recorded, MANY, emulator.env())
        assert emulator.control.log() == []
    rows: list[tuple[Cell, ...]] = [
        (number, f"{run.wall:.0f}", f"{run.cpu / number:.3f}", f"{run.process_mb:.0f}", f"{run.tree_mb or 0:.0f}")
        for number, run in ((FEW, few), (MANY, many))
    ]
    head = ("accounts", "seconds", "CPU seconds an account", "MB of the largest process", "MB of all")
    show(f"Simulation of accounts of {USERS} users; a snapshot has {length / 1024:.0f} KB", head, rows)
    assert many.process_mb <= few.process_mb * MOST_MEMORY
    assert (many.cpu - few.cpu) / (MANY - FEW) <= MOST_SECONDS_OF_CPU


def test_a_simulation_has_the_numbers_of_the_real_run_afterwards(
    runner: Runner, checkout: Path, tmp_path: Path
) -> None:
    with EmulatorProcess(seed=f"scale:accounts={COMPARED},users=6,roles=4,policies=4") as emulator:
        accounts = sorted(emulator.control.health()["accounts"])
        hosts = inventory(accounts)
        hosts["aws_accounts"]["vars"]["aws_assume_role_arn"] = role_arn("automation")
        (tmp_path / "inventory.yml").write_text(json.dumps(hosts), encoding="utf-8")

        def harden(*arguments: str, **variables: t.Any) -> Measurement:
            playbook = checkout / "playbooks" / "harden.yml"
            common = {"inventory": hosts, "aws": emulator.env(), "forks": FORKS}
            return runner.playbook(playbook, *arguments, variables=variables, **common)

        recording = harden("--check", hardening_snapshot_dir=str(tmp_path / "snapshots"))
        emulator.control.clear_log()
        wanted = {**WANTED, **ENFORCED}
        simulated, document = run_simulation(
            runner, checkout, tmp_path, emulator.env(), simulate_wanted_variables=wanted
        )
        assert emulator.control.log() == []
        real = harden(hardening_max_accounts_changed=COMPARED, **wanted)
        writes = sum(not record["read_only"] for record in emulator.control.log())
    counts = check_real_run(tmp_path / "simulation", runner.reports, accounts)
    assert document["accounts"]["simulated"] == COMPARED
    show(
        f"{COMPARED} accounts recorded, simulated and changed: {json.dumps(counts)}; {writes} writes",
        ("run", "CPU s each", "wall s"),
        [
            (name, done.cpu / COMPARED, done.wall)
            for name, done in (("recorded", recording), ("simulated", simulated), ("real", real))
        ],
    )
