# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The staged copy and the environment that the gates share."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
from scope import runs_all

from .environments import ENVIRONMENTS, OLDEST, Environment, Made, home_of, is_this_one, make
from .staging import CHECKOUT, Stage, stage, tool_environment

# Not sys.executable resolved: the virtual environment's own bin directory has the tools.
THIS = Path(sys.prefix)


@pytest.fixture(scope="session")
def virtual_environment() -> Path:
    """The environment that runs these tests."""
    return THIS


@pytest.fixture(scope="session")
def home() -> Path:
    """A home directory for tools, kept between runs for their caches."""
    return CHECKOUT / ".cache" / "home"


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The collection, copied outside the checkout."""
    return stage(tmp_path_factory.mktemp("stage"), virtual_environment=THIS)


@pytest.fixture(scope="module", params=ENVIRONMENTS, ids=str)
def made(request: pytest.FixtureRequest) -> Made:
    """An environment and its directory; skipped, with the reason, where it cannot or need not be made."""
    environment: Environment = request.param
    if is_this_one(environment):
        pytest.skip(f"{environment}: is what these tests run on")
    if environment != OLDEST and not runs_all():
        pytest.skip(f"{environment}: make test-all runs it; the oldest and the newest of everything run here")
    home = home_of(environment)
    home.mkdir(parents=True, exist_ok=True)
    return environment, make(environment, env=tool_environment(home, Path("/usr")))


@pytest.fixture(scope="session")
def tools(home: Path, staged: Stage) -> t.Mapping[str, str]:
    """The environment of tools that look at the staged copy."""
    return tool_environment(home, THIS, staged.root)
