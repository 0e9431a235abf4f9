# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quick public tools that judge the collection, each on the staged copy unless it says otherwise.

The slow ones have a file each, since the workers of pytest-xdist share files.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from .environments import ENVIRONMENTS, run
from .staging import CHECKOUT, Stage

Tools = t.Mapping[str, str]
RENDER: t.Final = CHECKOUT / "plugins" / "plugin_utils" / "_render"
BROWSER: t.Final = CHECKOUT / "tests" / "gates" / "browser"


def test_lint_ruff(tools: Tools) -> None:
    """On the checkout: ruff judges imports by where they are."""
    run(["ruff", "check", "."], cwd=CHECKOUT, env=tools)


def test_lint_ruff_format(tools: Tools) -> None:
    run(["ruff", "format", "--check", "--diff", "."], cwd=CHECKOUT, env=tools)


def test_lint_style_and_script(tools: Tools) -> None:
    """The skipped rule takes the value of an arrow function for a mistake, where nobody uses it."""
    skipped = "--skip=suspicious/useIterableCallbackReturn"
    run(["biome", "lint", skipped, "report.css", "report.js"], cwd=RENDER, env=tools)
    run(["biome", "lint", skipped, "."], cwd=BROWSER, env=tools)


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
    """As on the oldest Python, which may lack what newer ones have, in lines too that a sample does not reach there."""
    oldest = min((environment.python for environment in ENVIRONMENTS), key=lambda version: int(version.split(".")[1]))
    plugins = "ansible_collections.hardening.iam.plugins"
    mypy(staged, tools, "--python-version", oldest, "-p", plugins, path=[staged.root])


def test_lint_mypy_tests(tools: Tools, staged: Stage) -> None:
    """The emulator, the gates and the shared fixtures, with tests/ on the path as pytest has it."""
    tests = staged.collection / "tests"
    files = (
        "after_cut_over.py",
        "conftest.py",
        "dates.py",
        "developer_events.py",
        "intruder.py",
        "looped.py",
        "parts.py",
        "scope.py",
        "until.py",
        "words.py",
    )
    names = ("emulator", "gates", "intruders", "scripts", *files)
    checked = [path for name in names if (path := tests / name).exists()]
    mypy(staged, tools, *checked, path=[staged.root, tests])


def test_changelog(tools: Tools, staged: Stage) -> None:
    run(["antsibull-changelog", "lint"], cwd=staged.collection, env=tools)
