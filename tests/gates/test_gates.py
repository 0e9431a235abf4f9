# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public tools that judge the collection, one test a tool, each on the staged copy unless it says otherwise."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

from .environments import run, this_python
from .sanity import ansible_test_sanity
from .staging import CHECKOUT, Stage

Tools = t.Mapping[str, str]
RENDER: t.Final = CHECKOUT / "plugins" / "plugin_utils" / "_render"


def test_lint_ruff(tools: Tools) -> None:
    """On the checkout: ruff judges imports by where they are."""
    run(["ruff", "check", "."], cwd=CHECKOUT, env=tools)


def test_lint_ruff_format(tools: Tools) -> None:
    run(["ruff", "format", "--check", "--diff", "."], cwd=CHECKOUT, env=tools)


def test_lint_style_and_script(tools: Tools) -> None:
    """The skipped rule takes the value of an arrow function for a mistake, where nobody uses it."""
    skipped = "--skip=suspicious/useIterableCallbackReturn"
    run(["biome", "lint", skipped, "report.css", "report.js"], cwd=RENDER, env=tools)


def test_lint_templates(tools: Tools) -> None:
    """H020: the style sheet draws lines with empty elements."""
    options = ("--lint", "--profile", "jinja", "--extension", "html.j2", "--ignore", "H020")
    run(["djlint", "templates", *options], cwd=RENDER, env=tools)


def test_lint_yaml(tools: Tools, staged: Stage) -> None:
    run(["yamllint", "--strict", "."], cwd=staged.collection, env=tools)


def mypy(staged: Stage, tools: Tools, *arguments: object, path: t.Sequence[Path]) -> None:
    """Caches are kept apart by path: the same file is another module on another path."""
    cache = CHECKOUT / ".cache" / f"mypy-{len(path)}"
    run(
        ["mypy", "--config-file", staged.collection / "pyproject.toml", "--cache-dir", cache, *arguments],
        cwd=staged.root,
        env={**tools, "MYPYPATH": ":".join(map(str, path))},
    )


def test_lint_mypy_plugins(tools: Tools, staged: Stage) -> None:
    mypy(staged, tools, "-p", "ansible_collections.hardening.iam.plugins", path=[staged.root])


def test_lint_mypy_tests(tools: Tools, staged: Stage) -> None:
    """The emulator, the gates and the shared fixtures, with tests/ on the path as pytest has it."""
    tests = staged.collection / "tests"
    names = ("emulator", "gates", "scripts", "conftest.py", "dates.py")
    checked = [path for name in names if (path := tests / name).exists()]
    mypy(staged, tools, *checked, path=[staged.root, tests])


def test_lint_ansible(tools: Tools, staged: Stage) -> None:
    run(["ansible-lint", "--offline", "--strict", "--profile", "production"], cwd=staged.collection, env=tools)


def test_changelog(tools: Tools, staged: Stage) -> None:
    run(["antsibull-changelog", "lint"], cwd=staged.collection, env=tools)


def test_galaxy_importer(tools: Tools, staged: Stage, tmp_path: Path) -> None:
    """What Galaxy says of the artifact that would be published."""
    importer = [sys.executable, "-m", "galaxy_importer.main"]
    output = run(
        [*importer, "--git-clone-path", staged.collection, "--output-path", tmp_path],
        cwd=tmp_path,
        # It gives ansible-doc a collections path of its own, beside which only the installed packages have amazon.aws.
        env={**tools, "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "true"},
    )
    complaints = [line for line in output.splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert not complaints, output
    assert (tmp_path / "importer_result.json").exists(), output


def test_sanity(staged: Stage, virtual_environment: Path, home: Path) -> None:
    ansible_test_sanity(staged, virtual_environment=virtual_environment, python=this_python(), home=home)
