# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: playbooks of the collection, run as a user runs them, against an emulator of a given size."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
import typing as t
from pathlib import Path

from emulator.client import Emulator
from emulator.scale import EXTERNAL_ID

from .measure import Measurement, measure

BIN: t.Final = Path(sys.executable).parent
REGION: t.Final = "us-east-1"
LATENCY_MS: t.Final = 50


@dataclasses.dataclass(frozen=True)
class Runner:
    """Runs ``ansible-playbook`` without anybody's configuration, each time in a directory of its own."""

    directory: Path
    collections: Path

    def playbook(
        self,
        playbook: Path,
        *arguments: str,
        inventory: t.Mapping[str, t.Any],
        aws: t.Mapping[str, str],
        forks: int = 5,
        expected: t.Sequence[int] = (0,),
        variables: t.Mapping[str, t.Any] | None = None,
    ) -> Measurement:
        """Run a playbook with these extra variables. ``aws`` is the environment that leads to the emulator.

        Raises CommandFailed where its exit status is not one of ``expected``.
        """
        here = self.directory / "run"
        # The same directory again: a first run and a second one differ in what they find there.
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)
        (here / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_HOME": str(here / ".ansible"),
            "ANSIBLE_FORKS": str(forks),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "NO_COLOR": "1",
            **aws,
        }
        command = [str(BIN / "ansible-playbook"), "-i", "inventory.json", str(playbook), *arguments]
        command += ["--extra-vars", json.dumps(dict(variables or {}))]
        return measure(command, directory=here, environment=environment, expected=expected)

    @property
    def reports(self) -> Path:
        """Where the last run put its reports."""
        return self.directory / "run" / "reports"


def role_arn(name: str) -> str:
    """The template of the ARN of a role in the account of a host."""
    return f"arn:aws:iam::{{{{ aws_account_id }}}}:role/iam-hardening/{name}"


def inventory(accounts: t.Iterable[str], *, role: bool = True) -> dict[str, t.Any]:
    """An inventory of these account ids: one host an account, an assessor role assumed in each or none, one region."""
    variables: dict[str, t.Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "aws_regions": [REGION],
    }
    if role:
        variables["aws_external_id"] = EXTERNAL_ID
        variables["aws_assessor_role_arn"] = role_arn("assessor")
    hosts = {f"account-{account_id}": {"aws_account_id": account_id} for account_id in accounts}
    return {"aws_accounts": {"hosts": hosts, "vars": variables}}


def seed(users: int) -> str:
    """One account of this size, with half as many roles and customer policies."""
    return f"scale:accounts=1,users={users},roles={users // 2},policies={users // 2}"


def slow_down(control: Emulator, milliseconds: int) -> None:
    """Add this much to every answer; zero for none."""
    control.faults([{"kind": "latency", "latency_ms": milliseconds}] if milliseconds else [])
