# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the integration tests: the emulated AWS, and Ansible's commands run against it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from emulator.client import Emulator, EmulatorProcess

# Where the virtual environment has its commands.
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def emulator() -> t.Iterator[EmulatorProcess]:
    """The emulated organization "acme", one process for all tests of this worker."""
    with EmulatorProcess(seed="acme") as process:
        yield process


@pytest.fixture
def control(emulator: EmulatorProcess) -> Emulator:
    """The emulator's controls, after a fresh start: "acme" as seeded, no faults, clock at now, empty request log."""
    client = Emulator(emulator.url)
    client.clear_faults()
    client.clock(offset_days=0)
    client.reset(seed="acme")
    client.clear_log()
    return client


@dataclasses.dataclass(frozen=True)
class Ansible:
    """Runs Ansible's commands as a user of the installed collection would, without the checkout's ansible.cfg."""

    directory: Path
    environment: t.Mapping[str, str]

    def run(
        self, *command: str, directory: t.Optional[Path] = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the virtual environment, in the test's own directory unless told; its status is returned."""
        return subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=directory or self.directory,
            env={**self.environment, **environment},
            text=True,
            capture_output=True,
            check=False,
        )


@pytest.fixture
def ansible(emulator: EmulatorProcess, link_tree: Path, tmp_path: Path) -> Ansible:
    """Ansible's commands, in a directory and home of the test's own, talking to the emulator."""
    environment = {
        **os.environ,
        # Commands that start others, as molecule does, find them here.
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(link_tree),
        "ANSIBLE_HOME": str(tmp_path / ".ansible"),
        "NO_COLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        **emulator.env(),
    }
    return Ansible(directory=tmp_path, environment=environment)
