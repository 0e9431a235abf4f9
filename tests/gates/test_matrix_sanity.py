# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity on the other supported Pythons and ansible-cores."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from scope import runs_all

from .environments import Made, home_of
from .sanity import ansible_test_sanity
from .staging import stage

# It reads the code, which is the same everywhere, and takes longer than all other sanity tests together.
READ_ONCE: t.Final = ("pylint",)


def test_sanity(made: Made, tmp_path: Path, record_property: t.Callable[[str, object], None]) -> None:
    environment, directory = made
    if not runs_all():
        pytest.skip(f"{environment}: all is imported there (test_matrix.py), and make test-all runs its sanity tests")
    ansible_test_sanity(
        stage(tmp_path, virtual_environment=directory),
        virtual_environment=directory,
        python=environment.python,
        home=home_of(environment),
        without=READ_ONCE,
    )
    lines = f"NOT REPEATED sanity tests: {', '.join(READ_ONCE)}, which the newest ansible-core has"
    record_property("environment", lines)
