# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity on the other supported Pythons and ansible-cores."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from conftest import seed_of
from scope import runs_all

from .environments import Made, home_of, is_drawn
from .sanity import ansible_test_sanity, draw_loaded
from .staging import stage

# What a Python or an ansible-core judges otherwise than the newest ones, besides import.
DIFFERING: t.Final = ("compile", "validate-modules")
# It reads the code, which is the same everywhere, and takes longer than all other sanity tests together.
READ_ONCE: t.Final = ("pylint",)


def test_sanity(
    made: Made, tmp_path: Path, pytestconfig: pytest.Config, record_property: t.Callable[[str, object], None]
) -> None:
    environment, directory = made
    if not runs_all() and not is_drawn("sanity", seed_of(pytestconfig)):
        pytest.skip(f"{environment}: another run draws its sanity tests, and make test-all runs them")
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
        paths = draw_loaded(seed_of(pytestconfig))
        sanity(only=DIFFERING)
        sanity(only=("import",), paths=paths)
        lines.append(f"NOT REPEATED sanity tests but {', '.join(DIFFERING)}, import: make test-all runs them")
        lines.append(f"NOT REPEATED import of each file alone but of {', '.join(paths)}: make test-all runs it")
    record_property("environment", "\n".join(lines))
