# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the integration tests: the emulated AWS, and Ansible's commands run against it."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._module import run_control
from emulator.client import Emulator, EmulatorProcess

from .forking import Commands
from .worlds import Worlds

# Where the virtual environment has its commands.
BIN = Path(sys.executable).parent
CHECKOUT = Path(__file__).resolve().parents[2]
INVENTORIES = CHECKOUT / "examples" / "inventory"
DEMO = INVENTORIES / "demo.yml"

MANAGEMENT, PROD, DEV, SANDBOX = "111122223333", "222233334444", "333344445555", "444455556666"
EXTERNAL_ID = "acme-hardening"

Record = dict[str, t.Any]

# Module-scoped fixtures that use the emulator and leave it as it is.
_MAKERS: t.Final = frozenset({"make_ansible"})
# The names of the module-scoped fixtures that use the emulator.
_USING: t.Final = pytest.StashKey[set[str]]()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[t.Any], request: pytest.FixtureRequest
) -> t.Generator[None, t.Any, t.Any]:
    """Keep the world that a module-scoped fixture makes, if it uses the emulator."""
    if fixturedef.scope != "module" or fixturedef.argname in _MAKERS or not _uses_emulator(fixturedef, request):
        return (yield)
    worlds: Worlds = request.getfixturevalue("worlds")
    # Before the fixture's own end: finalizers run last in, first out.
    fixturedef.addfinalizer(lambda: worlds.forget(fixturedef.argname))
    with worlds.making(fixturedef.argname, fixturedef.argnames):
        return (yield)


def _uses_emulator(fixturedef: pytest.FixtureDef[t.Any], request: pytest.FixtureRequest) -> bool:
    """Whether a module-scoped fixture uses the emulator, itself or through others, which are all set up by now."""
    using = request.config.stash.setdefault(_USING, {"emulator", *_MAKERS})
    uses = not using.isdisjoint(fixturedef.argnames)
    (using.add if uses else using.discard)(fixturedef.argname)
    return uses


@pytest.fixture(scope="session")
def emulator() -> t.Iterator[EmulatorProcess]:
    """The emulated organization "acme", one process for all tests of this worker."""
    with EmulatorProcess(seed="acme") as process:
        yield process


@pytest.fixture(scope="session")
def worlds(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """The worlds that module-scoped fixtures made."""
    return Worlds(emulator.control, tmp_path_factory.getbasetemp())


@pytest.fixture(autouse=True)
def world(request: pytest.FixtureRequest) -> None:
    """Start each test at the world of its module-scoped fixtures, whichever tests ran before."""
    if "emulator" in request.fixturenames:
        request.getfixturevalue("worlds").enter(request.fixturenames)


def fresh(emulator: EmulatorProcess, seed: t.Union[str, Record] = "acme") -> Emulator:
    """The emulator's controls, after a fresh start: as seeded, no faults, clock at now, empty request log."""
    client = Emulator(emulator.url)
    client.clear_faults()
    client.clock(offset_days=0)
    client.reset(seed=seed)
    client.clear_log()
    return client


@pytest.fixture
def control(emulator: EmulatorProcess) -> Emulator:
    """The controls of the organization "acme", just started."""
    return fresh(emulator)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a containment look quickly whether the one before it was killed, instead of for a quarter of a minute."""
    monkeypatch.setattr(run_control, "_PAUSE", 0.05)


def role_arn(account_id: str, name: str = "assessor", partition: str = "aws") -> str:
    """The ARN of one of the roles that every seeded account has."""
    return f"arn:{partition}:iam::{account_id}:role/iam-hardening/{name}"


def most_in_flight(control: Emulator) -> dict[str, int]:
    """How many calls of each operation waited for their answers at the same time, at most; the log is cleared."""
    most: dict[str, int] = {}
    for record in control.log(clear=True):
        most[operation_of(record)] = max(record["in_flight"], most.get(operation_of(record), 0))
    return most


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a run: its status and output, what it wrote to its report directory, and what it sent to AWS."""

    status: int
    output: str = dataclasses.field(repr=False)
    directory: Path
    requests: t.Sequence[Record] = dataclasses.field(repr=False)

    @property
    def writes(self) -> list[str]:
        """The operations sent that may change something in an account, refused ones included."""
        return [operation_of(record) for record in self.requests if not record["read_only"]]

    @property
    def reports(self) -> Path:
        """The default report directory."""
        return self.directory / "reports"

    def report(self, account_id: str) -> Record:
        """The account's ``report.json``."""
        return self.document(f"{account_id}/report.json")

    def document(self, name: str) -> Record:
        """A JSON file of the report directory."""
        return t.cast(Record, json.loads((self.reports / name).read_text(encoding="utf-8")))

    def part(self, account_id: str, name: str) -> Record:
        """What a module left for the report of the account, in the newest run that has it."""
        found = self.reports.glob(f"{account_id}/parts/*/**/{name}.json")
        newest = max(found, key=lambda path: path.stat().st_mtime_ns)
        return t.cast(Record, json.loads(newest.read_text(encoding="utf-8")))

    def recap(self, host: str) -> dict[str, int]:
        """The counts of a host in the play recap."""
        match = re.search(rf"^{re.escape(host)} +: (.*)$", self.output, re.MULTILINE)
        assert match, self.output
        return {name: int(count) for name, _equals, count in (pair.partition("=") for pair in match[1].split())}

    def count_tasks(self, host: str) -> int:
        """Count the tasks of a host, skipped and failed ones included."""
        # A changed task is among those that are ok.
        return sum(count for name, count in self.recap(host).items() if name != "changed")

    def succeeded(self) -> Outcome:
        """This outcome, which has to be a success."""
        assert self.status == 0, self.output
        return self


def operation_of(record: Record) -> str:
    """The operation of a record of the request log, such as ``iam:ListUsers``."""
    return f"{record['service']}:{record['operation']}"


@dataclasses.dataclass(frozen=True)
class Ansible:
    """Runs Ansible's commands as a user of the installed collection would, without the checkout's ansible.cfg."""

    directory: Path
    environment: t.Mapping[str, str]
    control: Emulator
    commands: Commands = dataclasses.field(repr=False)

    def with_environment(self, **variables: str) -> Ansible:
        """The same with some variables of the environment set otherwise."""
        return dataclasses.replace(self, environment={**self.environment, **variables})

    def playbook(self, name: str, *arguments: str, inventory: t.Union[str, Path] = DEMO, **variables: t.Any) -> Outcome:
        """Run a playbook of the collection with these extra variables, and note what it sent."""
        return self.noted(
            "ansible-playbook",
            name if name.endswith(".yml") else f"hardening.iam.{name}",
            "--inventory",
            str(inventory),
            "--extra-vars",
            json.dumps(variables),
            *arguments,
        )

    def module(self, name: str, *arguments: str, **options: t.Any) -> Outcome:
        """Run a module of the collection on this machine, by the command ``ansible``, and note what it sent."""
        return self.noted("ansible", "localhost", "-m", f"hardening.iam.{name}", "-a", json.dumps(options), *arguments)

    def noted(self, *command: str, **environment: str) -> Outcome:
        """Run a command; its outcome has what was sent to the emulator meanwhile."""
        self.control.clear_log()
        done = self.with_environment(**environment).run(*command)
        return Outcome(
            status=done.returncode,
            output=done.stdout + done.stderr,
            directory=self.directory,
            requests=self.control.log(),
        )

    def run(
        self, *command: str, directory: t.Optional[Path] = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the virtual environment, in the test's own directory unless told; its status is returned."""
        return self.commands.run(
            [str(BIN / command[0]), *command[1:]],
            directory=directory or self.directory,
            environment={**self.environment, **environment},
        )


@pytest.fixture(scope="session")
def commands(link_tree: Path) -> t.Iterator[Commands]:
    """Starts Ansible's commands, which find compiled what they most often import of collections."""
    amazon = importlib.util.find_spec("ansible_collections.amazon.aws.plugins.module_utils")
    found = (amazon and amazon.submodule_search_locations) or ()
    commands = Commands([link_tree / "ansible_collections/hardening/iam/plugins", *map(Path, found)])
    yield commands
    commands.stop()


def ansible_in(directory: Path, emulator: EmulatorProcess, link_tree: Path, commands: Commands) -> Ansible:
    """Ansible's commands, in this directory, which is their home too, talking to the emulator."""
    environment = {
        **os.environ,
        # Commands that start others, as molecule does, find them here.
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(link_tree),
        "ANSIBLE_HOME": str(directory / ".ansible"),
        # Written below $HOME and looked for below the home that the system knows, where the two differ.
        "ANSIBLE_ASYNC_DIR": str(directory / ".ansible_async"),
        "NO_COLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **emulator.env(),
    }
    return Ansible(directory=directory, environment=environment, control=emulator.control, commands=commands)


@pytest.fixture
def ansible(
    control: Emulator, emulator: EmulatorProcess, link_tree: Path, commands: Commands, tmp_path: Path
) -> Ansible:
    """Ansible's commands, in a directory and home of the test's own, talking to the emulator as just started."""
    return ansible_in(tmp_path, emulator, link_tree, commands)


class MakeAnsible(t.Protocol):
    """Ansible's commands for a run that several tests of a file look at, after a fresh start of the emulator."""

    def __call__(self, seed: t.Union[str, Record] = "acme") -> Ansible:
        """Ansible's commands, once the emulator holds this seed."""


@pytest.fixture(scope="module")
def make_ansible(
    emulator: EmulatorProcess, link_tree: Path, commands: Commands, tmp_path_factory: pytest.TempPathFactory
) -> MakeAnsible:
    """Ansible's commands in a new directory, with the emulator seeded anew."""

    def make(seed: t.Union[str, Record] = "acme") -> Ansible:
        fresh(emulator, seed)
        return ansible_in(tmp_path_factory.mktemp("run"), emulator, link_tree, commands)

    return make


def write_inventory(directory: Path, hosts: t.Mapping[str, Record], **variables: t.Any) -> Path:
    """An inventory of accounts like the demo's, in one region, without any declared state."""
    path = directory / "inventory.json"
    defaults = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "aws_assessor_role_arn": role_arn("{{ aws_account_id }}"),
        "aws_assume_role_arn": role_arn("{{ aws_account_id }}", "automation"),
        "aws_external_id": EXTERNAL_ID,
        "aws_regions": ["us-east-1"],
    }
    group = {"hosts": dict(hosts), "vars": {**defaults, **variables}}
    path.write_text(json.dumps({"aws_accounts": group}), encoding="utf-8")
    return path
