# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutants of the mutation run: which there are, and that each differs in one place."""

from __future__ import annotations

import importlib.util
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "mutate.py"


@pytest.fixture(scope="module")
def mutate() -> t.Any:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("mutate", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look for their module by name.
    sys.modules["mutate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("x = a == b", ["x = a != b"]),
        ("x = a < b", ["x = a <= b", "x = a >= b"]),
        ("x = a not in b", ["x = a in b"]),
        ("x = a and b", ["x = a or b", "x = b", "x = a"]),
        ("x = not a", ["x = a"]),
        ("x = True", ["x = False"]),
        ("f(True)", ["pass", "f(False)"]),
        ("f(3)", ["pass", "f(4)"]),
        ("x = 'name'", ["x = 'name~'"]),
        ("x = 'a sentence'", []),
        ("x = f'{a} != {b}'", []),
        (
            "def f(a: 'int' = 1) -> 'str':\n    'About it.'\n    return a",
            ['def f(a: \'int\'=2) -> \'str\':\n    """About it."""\n    return a'],
        ),
        ("if a:\n    f()", ["if True:\n    f()", "if False:\n    f()", "if a:\n    pass"]),
        ("x = b if a else c", ["x = b if True else c", "x = b if False else c"]),
        ("x = [a for a in b if a]", ["x = [a for a in b]"]),
        ("raise a", ["pass"]),
        ("a += b", ["pass"]),
        ("a.b = c", ["pass"]),
        ("a = b", []),
        ("if t.TYPE_CHECKING:\n    import a", []),
        ("__all__ = ['a']", []),
    ],
)
def test_mutants(mutate: t.Any, source: str, mutants: list[str]) -> None:
    made = mutate.mutants_of("file.py", source)
    assert sorted(mutant.source for mutant in made) == sorted(mutants)
    assert len({mutant.identity for mutant in made}) == len(made)


def test_a_name_does_not_depend_on_the_line(mutate: t.Any) -> None:
    (before,), (after,) = (mutate.mutants_of("f.py", text) for text in ("x = a == b", "import os\n\nx = a == b"))
    assert before.identity == after.identity
    assert (before.line, after.line) == (1, 3)


def test_every_file_of_the_safety_code_has_tests(mutate: t.Any) -> None:
    targets = mutate.targets([])
    assert len(targets) >= 12
    for file, patterns in targets.items():
        assert mutate.stages_of(file, patterns), file


def test_equivalent_mutants_exist_and_have_reasons(mutate: t.Any) -> None:
    for file, listed in (yaml.safe_load(mutate.EQUIVALENT.read_text(encoding="utf-8")) or {}).items():
        source = (mutate.CHECKOUT / file).read_text(encoding="utf-8")
        there = {identity for _place, _node, _new, identity in mutate.changes_of(source)}
        assert set(listed) <= there
        assert all(len(reason.split()) > 3 for reason in listed.values())
