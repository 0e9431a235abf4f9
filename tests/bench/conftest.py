# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the benchmarks.

python -m pytest tests/bench -s

They are no part of ``make test``: they take minutes, and what they assert of seconds needs a machine that is not busy
with something else. Counts and ratios within one run are what to rely on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .workload import Runner


@pytest.fixture
def runner(link_tree: Path, tmp_path: Path) -> Runner:
    """Runs playbooks of the checkout."""
    return Runner(directory=tmp_path, collections=link_tree)


@pytest.fixture(scope="session")
def assess(checkout: Path) -> Path:
    """The playbook that is measured most."""
    return checkout / "playbooks" / "assess.yml"
