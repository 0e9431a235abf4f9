# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity on the other supported Pythons and ansible-cores."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from scope import runs_all

from .environments import OLDEST, Made, home_of
from .sanity import ansible_test_sanity
from .staging import stage

# What an older Python judges otherwise than the newest one, besides import.
DIFFERING: t.Final = ("compile",)
# A module of each room is enough to notice what an older Python lacks: what it imports is imported with it.
MODULES: t.Final = ("plugins/modules",)
# It reads the code, which is the same everywhere, and takes longer than all other sanity tests together.
READ_ONCE: t.Final = ("pylint",)


def test_sanity(made: Made, tmp_path: Path, record_property: t.Callable[[str, object], None]) -> None:
    environment, directory = made
    if not runs_all() and environment == OLDEST:
        pytest.skip(f"{environment}: its Python is that of this run, and make test-all runs its sanity tests")
    sanity = functools.partial(
        ansible_test_sanity,
        stage(tmp_path, virtual_environment=directory),
        virtual_environment=directory,
        python=environment.python,
        home=home_of(environment),
    )
    lines = [f"NOT REPEATED sanity tests: {', '.join(READ_ONCE)}, which the newest ansible-core has"]
    if runs_all():
        sanity(without=READ_ONCE)
    else:
        sanity(only=DIFFERING)
        sanity(only=("import",), paths=MODULES)
        lines.append(f"NOT REPEATED sanity tests but {', '.join(DIFFERING)}, import: make test-all runs them")
        lines.append(f"NOT REPEATED import of each file alone but of {', '.join(MODULES)}: make test-all runs it")
    record_property("environment", "\n".join(lines))
