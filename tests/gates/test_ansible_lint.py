# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-lint judges the staged copy by its strictest profile."""

from __future__ import annotations

import typing as t

from .environments import run
from .staging import Stage


def test_lint_ansible(tools: t.Mapping[str, str], staged: Stage) -> None:
    run(["ansible-lint", "--offline", "--strict", "--profile", "production"], cwd=staged.collection, env=tools)
