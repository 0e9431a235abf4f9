# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions are named by verbs: no function of the collection begins with a participle (``_told``)."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest

PLUGINS: t.Final = Path(__file__).resolve().parents[2] / "plugins"
# Words that are the verb as well (read, put, set, cut, run, split) are not here.
PARTICIPLE: t.Final = re.compile(
    r"""
    \w+ed
    |begun|bound|bought|broken|brought|built|caught|chosen|done|drawn|driven|fed|found|given|gone|grown|held|hidden
    |kept|known|laid|led|left|lost|made|meant|met|paid|said|seen|sent|shown|shut|spent|taken|taught|thought|told
    |understood|won|worn|written
    """,
    re.VERBOSE,
)
VERBS: t.Final = frozenset(["embed", "exceed", "feed", "need", "proceed", "seed", "speed"])


def begins_with_participle(name: str) -> bool:
    """Whether the first word of a name is a participle."""
    first = name.strip("_").partition("_")[0]
    return bool(PARTICIPLE.fullmatch(first)) and first not in VERBS


def participles(path: Path) -> list[str]:
    """The functions and methods of a file whose names begin with a participle. A property is an attribute."""
    return [
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if begins_with_participle(node.name)
        if not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]


def test_functions_are_named_by_verbs() -> None:
    found = {str(path.relative_to(PLUGINS)): names for path in PLUGINS.rglob("*.py") if (names := participles(path))}
    assert found == {}


@pytest.mark.parametrize("name", ["_told", "joined_names", "_chosen", "__matched", "left_out"])
def test_participles_are_found(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(f"class A:\n    def {name}(self): ...\n    @property\n    def kept(self): ...\n", encoding="utf-8")
    assert participles(path) == [name]


@pytest.mark.parametrize("name", ["read_tags", "_join_names", "seed", "is_used", "set_aside", "run"])
def test_verbs_are_left_alone(name: str) -> None:
    assert not begins_with_participle(name)
