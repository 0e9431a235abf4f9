# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit and integration tests, and ansible-test sanity, on the other supported Pythons and ansible-cores."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from .environments import ENVIRONMENTS, Environment, is_this_one, make, run
from .sanity import ansible_test_sanity
from .staging import CHECKOUT, stage, tool_environment

Made = tuple[Environment, Path]

# What depends on the Python or the ansible-core it runs on. The emulator, the tools and what AWS answers do not.
REPEATED = (
    "tests/unit/plugins",
    "tests/unit/test_collection.py",
    "tests/integration/test_harden.py",
    "tests/integration/test_in_process.py",
    "tests/integration/test_preflight.py",
)


@pytest.fixture(scope="module", params=ENVIRONMENTS, ids=str)
def made(request: pytest.FixtureRequest) -> Made:
    """An environment and its directory; skipped, with the reason, where it cannot or need not be made."""
    environment: Environment = request.param
    if is_this_one(environment):
        pytest.skip(f"{environment}: is what these tests run on")
    home = home_of(environment)
    home.mkdir(parents=True, exist_ok=True)
    return environment, make(environment, env=tool_environment(home, Path("/usr")))


def home_of(environment: Environment) -> Path:
    """ansible-test keeps its virtual environments in its home: one for each combination."""
    return CHECKOUT / ".cache" / f"home-{environment}"


def summary(output: str) -> str:
    """What pytest skipped and counted."""
    return "\n".join(re.findall(r"^SKIPPED .*|^.*\b\d+ passed.*", output, flags=re.MULTILINE))


def test_pytest(made: Made, record_property: t.Callable[[str, object], None]) -> None:
    environment, directory = made
    pytest_there = [directory / "bin" / "python", "-m", "pytest", "-q", "-o", f"cache_dir=.cache/pytest-{environment}"]
    output = run(
        [*pytest_there, *REPEATED],
        cwd=CHECKOUT,
        env=tool_environment(home_of(environment), directory),
    )
    record_property("environment", summary(output))


def test_sanity(made: Made, tmp_path: Path) -> None:
    environment, directory = made
    ansible_test_sanity(
        stage(tmp_path, virtual_environment=directory),
        virtual_environment=directory,
        python=environment.python,
        home=home_of(environment),
    )
