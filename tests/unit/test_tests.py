# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the tests themselves: they pass on a busy machine, on any date, in any order."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import hypothesis
import pytest
from scope import ALL, EACH_RUN, INTERRUPTED, REASONS, WALKS, list_tests, path_of, runs_all

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.registry import CAPABILITIES

TESTS: t.Final = Path(__file__).resolve().parents[1]
FILES: t.Final = tuple(
    path for path in sorted(TESTS.rglob("*.py")) if path != Path(__file__).resolve() and "bench" not in path.parts
)
CLOCKS: t.Final = frozenset(
    f"time.{name}{unit}" for name in ("monotonic", "perf_counter", "time") for unit in ("", "_ns")
)
DATE: t.Final = re.compile(r"20\d\d-\d\d-\d\d")
# As YAML or JSON in a longer text.
EXPIRY: t.Final = re.compile(r"expires[\"']?\s*[:=]\s*[\"']?20\d\d-\d\d-\d\d")
# Most functions there get today's date as an argument; the gate of dates finds those that ask the clock.
GIVEN_TODAY: t.Final = "unit/plugins/module_utils/"

# What kills a run, or lets two of them meet.
INTERRUPTS: t.Final = re.compile(
    r"SIGKILL|\bkill\w*\(|\bkilled\(|def test_\w*(killed|run_that_is_cut_off|two_(runs|jobs)_at_once)"
)

Lines = list[int]
Rule = t.Callable[[ast.AST], Lines]


def lines_with_deadline(tree: ast.AST) -> Lines:
    """Where Hypothesis gets a deadline: the one profile, without any, is in conftest.py."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        # A stage of right-sizing has a deadline, too.
        and ast.unparse(node.func).rpartition(".")[2] in ("settings", "register_profile")
        and any(keyword.arg == "deadline" for keyword in node.keywords)
    ]


def lines_that_compare_clocks(tree: ast.AST) -> Lines:
    """Where an assertion compares what a clock shows, directly or by a variable that was computed from it."""
    tainted: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and reads_clock(node.value, tainted):
            tainted |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        and any(isinstance(part, ast.Compare) and reads_clock(part, tainted) for part in ast.walk(node.test))
    ]


def reads_clock(expression: ast.AST, tainted: t.Collection[str]) -> bool:
    """Whether the expression asks a clock, or uses a variable that did."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Name) and node.id in tainted:
            return True
        if isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS or is_elapsed(node):
            return True
    return False


def is_elapsed(node: ast.AST) -> bool:
    """Whether this is the duration of an answer."""
    return isinstance(node, ast.Attribute) and node.attr == "elapsed"


def lines_with_expiry(tree: ast.AST) -> Lines:
    """Where a literal date is the end of something."""
    found: Lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs = [
                (key.value, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            ]
        elif isinstance(node, ast.Call):
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        else:
            pairs = []
        found += [value.lineno for key, value in pairs if key == "expires" and is_date(value)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and EXPIRY.search(node.value):
            found.append(node.lineno)
    return found


def lines_that_settle_the_order(tree: ast.AST) -> Lines:
    """Where a hook changes which test runs when."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "pytest_collection_modifyitems"
    ]


def lines_with_chance(tree: ast.AST) -> Lines:
    """Where something depends on a number that is another one in each run: the seed of the order, or chance itself."""
    found: Lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == "randomly_seed":
            found.append(node.lineno)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "random":
            found += [node.lineno] if node.attr != "Random" else []
    return found


def is_date(node: ast.AST) -> bool:
    """Whether this is a text that is a date."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(DATE.match(node.value))


RULES: t.Final = (
    lines_with_deadline,
    lines_that_compare_clocks,
    lines_with_expiry,
    lines_that_settle_the_order,
    lines_with_chance,
)


@functools.cache
def broken_by_rule() -> dict[Rule, dict[str, Lines]]:
    """The lines that break each rule, by file. All trees would take too much memory, so all rules see one at a time."""
    found: dict[Rule, dict[str, Lines]] = {rule: {} for rule in RULES}
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for rule, files in found.items():
            if lines := rule(tree):
                files[path.relative_to(TESTS).as_posix()] = lines
    return found


def broken(rule: Rule) -> dict[str, Lines]:
    """The lines that break a rule, by file."""
    return broken_by_rule()[rule]


def test_hypothesis_has_one_profile_without_deadline() -> None:
    assert hypothesis.settings().deadline is None
    assert hypothesis.settings().print_blob
    assert broken(lines_with_deadline).keys() == {"conftest.py"}


def test_no_assertion_looks_at_a_clock() -> None:
    assert broken(lines_that_compare_clocks) == {}


def test_no_expiry_date_is_literal_where_the_clock_is_asked() -> None:
    assert [name for name in broken(lines_with_expiry) if not name.startswith(GIVEN_TODAY)] == []


def test_nothing_but_the_start_with_the_gates_settles_the_order() -> None:
    """pytest-randomly shuffles the files, and the tests of each."""
    assert broken(lines_that_settle_the_order).keys() == {"conftest.py"}


def test_nothing_depends_on_chance_but_the_order() -> None:
    """The summary has the seed, for people to repeat the order."""
    assert {name: len(lines) for name, lines in broken(lines_with_chance).items()} == {"conftest.py": 1}


@pytest.mark.skipif(runs_all(), reason="make test-all has other examples in each run")
def test_properties_have_the_same_examples_in_each_run() -> None:
    assert hypothesis.settings().derandomize


def functions_of(name: str) -> set[str]:
    """The names of the tests of a file of integration tests, without "test_"."""
    tree = ast.parse((TESTS.parent / path_of(name)).read_text(encoding="utf-8"))
    return {
        node.name.removeprefix("test_")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_all_that_is_listed_exists() -> None:
    for tests in (*WALKS.values(), *REASONS.values()):
        for name, functions in tests.items():
            assert {*functions} <= functions_of(name), name
    assert [name for name in EACH_RUN if not (TESTS.parent / path_of(name)).is_file()] == []
    assert list(INTERRUPTED) == sorted(INTERRUPTED)


def test_each_module_that_writes_has_a_walk_in_make_test() -> None:
    of_incidents = {"containment_drill", "credential_quarantine", "organization_containment", "session_revocation"}
    assert WALKS.keys() == CAPABILITIES.keys() | of_incidents
    assert all((TESTS.parent / "plugins" / "modules" / f"{name}.py").is_file() for name in of_incidents)
    assert all(any(tests) for tests in WALKS.values())


def test_make_test_has_a_fixed_list_and_test_all_everything() -> None:
    for value, expected in (("", list_tests()), ("1", ["tests/integration"])):
        command = [sys.executable, str(TESTS / "scope.py")]
        printed = subprocess.run(command, env={**os.environ, ALL: value}, capture_output=True, text=True, check=True)
        assert printed.stdout.split() == expected


def test_all_files_that_interrupt_run_each_time() -> None:
    paths = sorted((TESTS / "integration").glob("test_*.py"))
    found = {path.stem.removeprefix("test_") for path in paths if INTERRUPTS.search(path.read_text(encoding="utf-8"))}
    assert found - {"forking"} - {*INTERRUPTED} == set()
    # Most of them are found, so that a new one is too.
    assert len(found & {*INTERRUPTED}) > len(INTERRUPTED) / 2


@pytest.mark.parametrize(
    ("rule", "text", "lines"),
    [
        (lines_with_deadline, "@settings(max_examples=9)\ndef f(): ...", []),
        (lines_with_deadline, "@settings(deadline=None)\ndef f(): ...", [1]),
        (lines_with_deadline, "@hypothesis.settings(max_examples=9, deadline=400)\ndef f(): ...", [1]),
        (lines_that_compare_clocks, "assert time.monotonic() - begun < 4", [1]),
        (lines_that_compare_clocks, "begun = time.monotonic()\nassert f()", []),
        (lines_that_compare_clocks, "begun = time.perf_counter()\ntook = x - begun\nassert took < 4", [3]),
        (lines_that_compare_clocks, "assert answer.elapsed < limit", [1]),
        (lines_that_compare_clocks, "elapsed = time.time() - begun\nassert 0.1 <= elapsed < 4", [2]),
        (lines_that_settle_the_order, "def pytest_collection_modifyitems(items): ...", [1]),
        (lines_that_settle_the_order, "def pytest_fixture_setup(): ...", []),
        (lines_with_chance, "random.Random(7).choice(x)", []),
        (lines_with_chance, "random.choice(x)", [1]),
        (lines_with_chance, "config.getoption('randomly_seed')", [1]),
        (lines_with_expiry, "{'expires': '2030-01-01', 'reason': 'x'}", [1]),
        (lines_with_expiry, "entry(expires='2030-01-01')", [1]),
        (lines_with_expiry, "entry(expires=date_in(30), begins='2030-01-01')", []),
        (lines_with_expiry, "x = '''\n- expires: 2030-01-01\n'''", [1]),
        (lines_with_expiry, "x = f'[{{account: {y}, expires: 2030-01-01}}]'", [1]),
        (lines_with_expiry, "assert 'expires 2030-01-01' in text", []),
    ],
)
def test_rules_find_what_they_are_for(rule: Rule, text: str, lines: Lines) -> None:
    assert rule(ast.parse(text)) == lines
