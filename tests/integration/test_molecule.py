# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The molecule scenarios of extensions/molecule against the emulator: converge, idempotence, verify."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.client import Emulator

from .conftest import Ansible

EXTENSIONS = Path(__file__).resolve().parents[2] / "extensions"
SCENARIOS = sorted(path.parent.name for path in EXTENSIONS.glob("molecule/*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
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
