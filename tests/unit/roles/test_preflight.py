# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the preflight says of modes is what the roles of harden.yml do."""

from __future__ import annotations

import re

import pytest
import yaml

from .rendering import ROLES, evaluated

PLAYBOOK = (ROLES.parent / "playbooks" / "harden.yml").read_text(encoding="utf-8")
DEFAULTS = {path.parts[-3]: yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROLES.glob("*/defaults/*.yml")}
MODES = DEFAULTS["preflight"]["preflight_modes"]


def test_every_role_that_converges_is_told_of() -> None:
    roles = re.findall(r"name: hardening\.iam\.(\w+)", PLAYBOOK)
    assert list(MODES) == [role for role in roles if f"{role}_mode" in DEFAULTS.get(role, {})]


@pytest.mark.parametrize("role", MODES)
@pytest.mark.parametrize("variables", [{}, {"mode": "off"}, {"create_topic": "true"}], ids=str)
def test_a_mode_is_told_as_the_role_takes_it(role: str, variables: dict[str, str]) -> None:
    taken = evaluated(role, DEFAULTS[role][f"{role}_mode"], **variables) if "mode" not in variables else "off"
    others = {f"{role}_{name}": value for name, value in variables.items()}
    assert evaluated("preflight", MODES[role], beside=others).strip() == taken.strip()
