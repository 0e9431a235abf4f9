# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock files hold a version, with hashes, for each requirement, and say nothing of this machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = "examples/execution-environment/execution-environment"
LOCKS = {
    "requirements-dev.lock": "requirements-dev.txt",
    "requirements.lock": "requirements.txt",
    f"{ENVIRONMENT}.lock": f"{ENVIRONMENT}.in",
}
PYTHONS = ("3.11", "3.12", "3.13")


def requirements(path: Path) -> list[Requirement]:
    """The requirements of a file and of those that it includes."""
    found: list[Requirement] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found += requirements(path.parent / text.removeprefix("-r "))
        elif text:
            found.append(Requirement(text))
    return found


def locked(name: str) -> list[Requirement]:
    """The entries of a lock file."""
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    return [Requirement(line.removesuffix("\\")) for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def applies(requirement: Requirement, python: str) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.5"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_locked_to_a_version_that_it_allows(name: str, python: str) -> None:
    entries = {entry.name.lower(): entry for entry in locked(name) if applies(entry, python)}
    asked = [requirement for requirement in requirements(CHECKOUT / LOCKS[name]) if applies(requirement, python)]
    assert asked
    for requirement in asked:
        assert requirement.name.lower() in entries, f"{requirement}: run make lock"
        version = str(entries[requirement.name.lower()].specifier).removeprefix("==")
        assert requirement.specifier.contains(Version(version)), f"{requirement}: run make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_version_has_its_hashes(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    entries = re.findall(r"^[A-Za-z0-9][^\n]*?(?:\\\n    --hash=sha256:[0-9a-f]{64} ?)+$", text, re.MULTILINE)
    assert len(entries) == len(locked(name)) > 20


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_package_index(name: str) -> None:
    assert not re.search(
        r"https?://(?!www\.gnu\.org)|--(?:extra-)?index-url|--find-links", (CHECKOUT / name).read_text("utf-8")
    )
