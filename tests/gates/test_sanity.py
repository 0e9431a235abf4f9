# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity judges the staged copy, without ignore files."""

from __future__ import annotations

from pathlib import Path

from .environments import this_python
from .sanity import ansible_test_sanity
from .staging import Stage


def test_sanity(staged: Stage, virtual_environment: Path, home: Path) -> None:
    ansible_test_sanity(staged, virtual_environment=virtual_environment, python=this_python(), home=home)
