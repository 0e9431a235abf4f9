# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity judges the staged copy, without ignore files."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from conftest import seed_of
from scope import runs_all

from .environments import this_python
from .sanity import LOADED, ansible_test_sanity, draw_loaded
from .staging import Stage

# pylint takes longer than all other tests together, and ruff has the rules of pep8.
LEFT_OUT: t.Final = ("pylint", "pep8")


def test_every_plugin_is_drawn() -> None:
    drawn = {draw_loaded(seed) for seed in range(40)}
    assert sorted(path for paths in drawn for path in paths) == [*LOADED]


def test_sanity(
    staged: Stage,
    virtual_environment: Path,
    home: Path,
    pytestconfig: pytest.Config,
    record_property: t.Callable[[str, object], None],
) -> None:
    sanity = functools.partial(
        ansible_test_sanity, staged, virtual_environment=virtual_environment, python=this_python(), home=home
    )
    if runs_all():
        sanity()
        return
    paths = draw_loaded(seed_of(pytestconfig))
    sanity(without=("import", *LEFT_OUT))
    sanity(only=("import",), paths=paths)
    left_out = f"{', '.join(LEFT_OUT)}, import of each file alone but of {', '.join(paths)}"
    record_property("environment", f"NOT REPEATED {left_out}: make test-all runs them")
