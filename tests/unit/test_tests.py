# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the tests themselves: they pass on a busy machine, on any date, in any order."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import hypothesis
import pytest
from conftest import draw_cases, draw_sample, draw_waiting, not_run, seed_of
from scope import IN_EACH_RUN, LONGEST, OTHERS, SAMPLED, TAKING_TURNS

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

Lines = list[int]


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


def is_date(node: ast.AST) -> bool:
    """Whether this is a text that is a date."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(DATE.match(node.value))


def broken(rule: t.Callable[[ast.AST], Lines]) -> dict[str, Lines]:
    """The lines that break a rule, by file."""
    lines = {path.relative_to(TESTS).as_posix(): rule(ast.parse(path.read_text(encoding="utf-8"))) for path in FILES}
    return {name: numbers for name, numbers in lines.items() if numbers}


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
        (lines_with_expiry, "{'expires': '2030-01-01', 'reason': 'x'}", [1]),
        (lines_with_expiry, "entry(expires='2030-01-01')", [1]),
        (lines_with_expiry, "entry(expires=date_in(30), begins='2030-01-01')", []),
        (lines_with_expiry, "x = '''\n- expires: 2030-01-01\n'''", [1]),
        (lines_with_expiry, "x = f'[{{account: {y}, expires: 2030-01-01}}]'", [1]),
        (lines_with_expiry, "assert 'expires 2030-01-01' in text", []),
    ],
)
def test_rules_find_what_they_are_for(rule: t.Callable[[ast.AST], Lines], text: str, lines: Lines) -> None:
    assert rule(ast.parse(text)) == lines


class Drawn:
    """Of a collected test, what a draw looks at."""

    def __init__(self, nodeid: str, *table: object) -> None:
        self.nodeid = nodeid
        self.marks = {"table": pytest.mark.table(*table).mark} if table else {}

    def get_closest_marker(self, name: str) -> t.Optional[pytest.Mark]:
        return self.marks.get(name)

    def marked(self, name: str) -> Drawn:
        self.marks[name] = getattr(pytest.mark, name).mark
        return self


PLAIN: t.Final = [*(Drawn(f"test_a.py::test_x[{n}]") for n in range(9)), Drawn("test_a.py::test_y")]
TABLES: t.Final = [
    Drawn(f"test_a.py::{test}[{name} {n}]", name, 2)
    for test in ("test_x", "test_y")
    for name in "abc"
    for n in range(9)
]


def drawn(items: t.Any, at_most: t.Optional[int], seed: int = 0) -> list[str]:
    return sorted(item.nodeid for item in draw_cases(t.cast(t.Any, items), at_most, seed))


@pytest.mark.parametrize(("at_most", "everything", "count"), [(None, "", 10), (3, "", 4), (3, "1", 4)])
def test_cases_of_a_test_are_drawn_on_demand(
    monkeypatch: pytest.MonkeyPatch, at_most: t.Optional[int], everything: str, count: int
) -> None:
    monkeypatch.setenv("HARDENING_TEST_ALL", everything)
    assert len(drawn(PLAIN, at_most)) == count
    assert "test_a.py::test_y" in drawn(PLAIN, at_most)
    assert drawn(reversed(PLAIN), at_most) == drawn(PLAIN, at_most)


@pytest.mark.parametrize(
    ("at_most", "everything", "count"), [(None, "", 2), (1, "", 1), (5, "", 2), (None, "1", 9), (5, "1", 5)]
)
def test_cases_of_a_marked_table_are_drawn_unless_all_run(
    monkeypatch: pytest.MonkeyPatch, at_most: t.Optional[int], everything: str, count: int
) -> None:
    monkeypatch.setenv("HARDENING_TEST_ALL", everything)
    names = drawn(TABLES, at_most)
    for test in ("test_x", "test_y"):
        for table in "abc":
            assert len([name for name in names if f"{test}[{table}" in name]) == count


def test_tests_of_the_same_cases_get_the_same_and_other_seeds_others() -> None:
    cases = [{name.partition("[")[2] for name in drawn(TABLES, 1) if test in name} for test in ("test_x", "test_y")]
    assert cases[0] == cases[1]
    assert len({tuple(drawn(TABLES, 1, seed)) for seed in range(30)}) > 10


FILES_OF_TESTS: t.Final = [Drawn(f"test_{name}.py::test_{n}") for name in "ab" for n in range(9)]


def sampled(items: t.Any, at_most: t.Optional[int], seed: int = 0) -> list[str]:
    return sorted(item.nodeid for item in draw_sample(items, at_most, seed))


@pytest.mark.parametrize(("at_most", "count"), [(None, 9), (3, 3), (20, 9), (0, 0)])
def test_a_sample_has_few_tests_of_each_file(at_most: t.Optional[int], count: int) -> None:
    names = sampled(FILES_OF_TESTS, at_most)
    assert [len([name for name in names if f"test_{file}.py" in name]) for file in "ab"] == [count, count]
    assert sampled(reversed(FILES_OF_TESTS), at_most) == names


def test_other_seeds_draw_other_samples() -> None:
    assert len({tuple(sampled(FILES_OF_TESTS, 1, seed)) for seed in range(30)}) > 10


@pytest.mark.parametrize("mark", ["hypothesis", "in_every_sample"])
def test_a_sample_has_all_properties_and_what_is_marked(mark: str) -> None:
    always = [Drawn(f"test_a.py::test_always_{n}").marked(mark) for n in range(5)]
    names = sampled([*FILES_OF_TESTS, *always], 3)
    assert {test.nodeid for test in always} < set(names)
    assert len(names) == len(always) + 2 * 3


@pytest.mark.parametrize(
    ("options", "seed"), [({}, 0), ({"randomly_seed": 7}, 7), ({"randomly_seed": 7, "draw": 0}, 0), ({"draw": 5}, 5)]
)
def test_the_seed_of_a_draw_is_given_or_that_of_the_order(options: dict[str, int], seed: int) -> None:
    class Config:
        def getoption(self, name: str, default: t.Optional[int] = None) -> t.Optional[int]:
            return options.get(name, default)

    assert seed_of(t.cast(pytest.Config, Config())) == seed


@pytest.mark.parametrize(("at_most", "everything", "count"), [(None, "", 2), (1, "", 1), (5, "", 2), (None, "1", 9)])
def test_a_slow_file_is_sampled_unless_all_run(
    monkeypatch: pytest.MonkeyPatch, at_most: t.Optional[int], everything: str, count: int
) -> None:
    monkeypatch.setenv("HARDENING_TEST_ALL", everything)
    monkeypatch.setitem(SAMPLED, "test_b.py", 2)
    names = sampled(FILES_OF_TESTS, at_most)
    assert len([name for name in names if "test_b.py" in name]) == count


def test_files_that_are_sampled_exist() -> None:
    assert [name for name in (*SAMPLED, *TAKING_TURNS, *IN_EACH_RUN) if not (TESTS.parent / name).is_file()] == []


def waiting(names: t.Iterable[str], seed: int, turns: t.Optional[int] = None) -> set[str]:
    tests = [Drawn(f"{name}::test_{n}") for name in names for n in range(3)]
    found = draw_waiting(t.cast(t.Any, tests), turns, seed)
    assert len(found) % 3 == 0
    return {item.nodeid.partition("::")[0] for item in found}


@pytest.mark.parametrize("turns", [LONGEST, OTHERS])
def test_files_take_turns(monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    monkeypatch.setenv("HARDENING_TEST_ALL", "")
    names = sorted(name for name, count in TAKING_TURNS.items() if count == turns)
    drawn = [set(names) - waiting([*names, "tests/unit/test_a.py"], seed) for seed in range(60)]
    assert {len(found) for found in drawn} == {-(-len(names) // turns)}
    assert set.union(*drawn) == set(names)
    assert all(waiting([name], seed) == set() for name in names for seed in range(5))
    monkeypatch.setenv("HARDENING_TEST_ALL", "1")
    assert waiting(names, 0) == set()


def test_another_environment_has_one_of_so_many_files_of_unit_tests() -> None:
    names = {f"tests/unit/test_{n}.py" for n in range(10)}
    kept = [names - waiting([*names, "tests/integration/test_a.py"], seed, 2) for seed in range(40)]
    assert {len(found) for found in kept} == {5}
    assert set.union(*kept) == names


def test_what_is_not_drawn_is_named() -> None:
    left_out = [test for test in FILES_OF_TESTS if test.nodeid.startswith("test_b")][:4]
    lines = not_run(t.cast(t.Any, FILES_OF_TESTS), t.cast(t.Any, left_out))
    assert lines == ["NOT RUN 4 of 9 tests of test_b.py: make test-all runs them"]
