# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The choice of a Python, over a PATH of made-up interpreters."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "tests" / "scripts" / "pick-python.sh"
SYSTEM_TOOLS = ("awk", "bash", "cat", "env", "ls")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory to be the whole PATH: the tools that the script needs, and no Python yet."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for tool in SYSTEM_TOOLS:
        place = next(Path(path, tool) for path in os.environ["PATH"].split(":") if Path(path, tool).exists())
        (directory / tool).symlink_to(place)
    return directory


def install(directory: Path, name: str, *, version: str = "", broken: bool = False) -> Path:
    """An interpreter that answers the script's probe as a Python of that version would, or that only fails."""
    path = directory / name
    answer = "exit 127" if broken else f"echo {version.rpartition('.')[0]} {version} {path}"
    path.write_text(f"#!/usr/bin/env bash\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def pick(directory: Path, *versions: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": str(directory), "HOME": str(directory), **environment}
    return subprocess.run(["bash", str(SCRIPT), *versions], env=env, capture_output=True, text=True, check=False)


def test_the_newest_supported_version_wins(directory: Path) -> None:
    install(directory, "python3.11", version="3.11.9")
    newest = install(directory, "python3.13", version="3.13.1")
    install(directory, "python3.14", version="3.14.0")
    picked = pick(directory)
    assert picked.stdout.strip() == str(newest)
    assert f"Python 3.13.1 ({newest})" in picked.stderr


def test_a_shim_that_fails_is_passed_over_and_named(directory: Path) -> None:
    shim = install(directory, "python3.13", broken=True)
    usable = install(directory, "python3.12", version="3.12.1")
    picked = pick(directory)
    assert picked.stdout.strip() == str(usable)
    assert f"passed over: {shim}" in picked.stderr


def test_a_plain_python3_of_a_supported_version_is_enough(directory: Path) -> None:
    only = install(directory, "python3", version="3.11.2")
    assert pick(directory).stdout.strip() == str(only)


def test_pythons_of_a_version_manager_are_found(directory: Path) -> None:
    binaries = directory / ".pyenv" / "versions" / "3.12.4" / "bin"
    binaries.mkdir(parents=True)
    managed = install(binaries, "python3.12", version="3.12.4")
    assert pick(directory, "3.12").stdout.strip() == str(managed)


def test_a_version_that_is_not_there_is_an_error_that_names_it(directory: Path) -> None:
    install(directory, "python3", version="3.9.1")
    picked = pick(directory)
    assert (picked.returncode, picked.stdout) == (1, "")
    assert "3.13 3.12 3.11" in picked.stderr


def test_the_environment_settles_the_choice(directory: Path) -> None:
    install(directory, "python3.13", version="3.13.1")
    chosen = install(directory, "mine", version="3.12.0")
    assert pick(directory, PYTHON=str(chosen)).stdout.strip() == str(chosen)


def test_a_choice_that_does_not_work_is_an_error(directory: Path) -> None:
    install(directory, "python3.13", version="3.13.1")
    picked = pick(directory, PYTHON="/nonexistent/python")
    assert (picked.returncode, picked.stdout) == (1, "")
    assert "/nonexistent/python" in picked.stderr
