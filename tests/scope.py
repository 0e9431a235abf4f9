# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much runs: all of it in "make test-all", else what fits into a quarter of an hour on two cores."""

from __future__ import annotations

import os
import typing as t

ALL: t.Final = "HARDENING_TEST_ALL"

# Files of many tests that run Ansible each for itself, and how many of them "make test" draws, other ones in each run.
# Those that are marked in_every_sample run besides. The summary names the files.
SAMPLED: t.Final[dict[str, int]] = {
    f"tests/integration/test_{name}.py": at_most
    for name, at_most in {
        "access_analyzer": 14,
        "access_keys": 3,
        "ansible_runner": 2,
        "assess": 14,
        "bad_input": 15,
        "config_rules": 18,
        "event_alerts": 16,
        "fleet": 7,
        "findings_export": 12,
        "molecule": 3,
        "organization_policy_attacks": 4,
        "organization_rollout": 5,
        "organization_root_access": 11,
        "security_hub": 11,
        "user_permissions": 5,
    }.items()
}


def runs_all() -> bool:
    """Whether this is "make test-all"."""
    return bool(os.environ.get(ALL))
