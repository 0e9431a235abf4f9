# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The molecule scenarios of extensions/molecule against the emulator: converge, idempotence, verify."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from scope import runs_all

from emulator.client import Emulator

from .conftest import Ansible

EXTENSIONS = Path(__file__).resolve().parents[2] / "extensions"
SCENARIOS = sorted(path.parent.name for path in EXTENSIONS.glob("molecule/*/molecule.yml"))
# One that reads, one that writes, one with a preparation and one of the organization.
# Integration tests run the roles of the others, and look closer.
FEW: t.Final = frozenset({"assessment", "organization_guardrails", "password_policy", "rollback"})
LEFT_OUT: t.Final = f"make test-all runs the scenarios {', '.join(sorted(set(SCENARIOS) - FEW))}"


def test_few_are_some_of_all() -> None:
    assert set(SCENARIOS) > FEW


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(name, marks=pytest.mark.skipif(name not in FEW and not runs_all(), reason=LEFT_OUT))
        for name in SCENARIOS
    ],
)
def test_scenario(scenario: str, ansible: Ansible, control: Emulator) -> None:
    pytest.importorskip("molecule", reason="molecule runs in the main environment only")
    done = ansible.run(
        "molecule",
        "test",
        "--scenario-name",
        scenario,
        directory=EXTENSIONS,
        MOLECULE_EPHEMERAL_DIRECTORY=str(ansible.directory / "molecule"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
