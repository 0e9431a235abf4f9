# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mutants of the mutation run: which there are, and that each differs in one place."""

from __future__ import annotations

import pytest
import yaml
from scripts import mutate
from scripts.mutants import mutants_of


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
        ("x = ''", ["x = '~'"]),
        ("x = 'a sentence'", ["x = ''"]),
        ("x = f'{a} != {b}'", ["x = ''"]),
        ("x = any(a)", ["x = all(a)"]),
        ("x = a.startswith(b)", ["x = a.endswith(b)"]),
        ("x = a | b", ["x = a & b"]),
        ("x = f(a, b)", ["x = f(b, a)"]),
        ("x = f(a, b=c)", ["x = f(a)"]),
        ("x = sorted(a)", ["x = a"]),
        ("x = a.lower()", ["x = a"]),
        ("x = t.cast(dict[str, int], a)", []),
        ("x = {a: b, c: d}", ["x = {c: d}", "x = {a: b}"]),
        ("x = (a, b)", ["x = (b,)", "x = (a,)"]),
        ("x = {a}", ["x = set()"]),
        ("a, b = c", ["pass"]),
        ("def f() -> bool:\n    return a", ["def f() -> bool:\n    return not a"]),
        ("def f() -> tuple[int, ...]:\n    return a", ["def f() -> tuple[int, ...]:\n    return ()"]),
        ("def f() -> t.Optional[A]:\n    return a", ["def f() -> t.Optional[A]:\n    return None"]),
        ("try:\n    pass\nexcept A:\n    pass", ["try:\n    pass\nexcept ():\n    pass"]),
        ("raise A(b)", ["pass", "raise ArithmeticError()"]),
        (
            "try:\n    pass\nexcept (A, B):\n    pass",
            [
                "try:\n    pass\nexcept (B,):\n    pass",
                "try:\n    pass\nexcept (A,):\n    pass",
            ],
        ),
        ("DOCUMENTATION = 'a text'", []),
        (
            "def f(a: 'int' = 1) -> 'str':\n    'About it.'\n    return a",
            [
                'def f(a: \'int\'=2) -> \'str\':\n    """About it."""\n    return a',
                "def f(a: 'int'=1) -> 'str':\n    \"\"\"About it.\"\"\"\n    return ''",
            ],
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
def test_mutants(source: str, mutants: list[str]) -> None:
    made = mutants_of("file.py", source)
    assert sorted(mutant.source for mutant in made) == sorted(mutants)
    assert len({mutant.identity for mutant in made}) == len(made)


def test_a_name_does_not_depend_on_the_line() -> None:
    (before,), (after,) = (mutants_of("f.py", text) for text in ("x = a == b", "import os\n\nx = a == b"))
    assert before.identity == after.identity
    assert (before.line, after.line) == (1, 3)


def test_every_file_has_tests_or_a_reason_to_be_left_out() -> None:
    targets = mutate.targets([])
    files = {str(path.relative_to(mutate.CHECKOUT)) for path in (mutate.CHECKOUT / "plugins").rglob("*.py")}
    assert files - set(targets) == {file for file in files if mutate.why_left_out(file)}
    for file, patterns in targets.items():
        assert mutate.stages_of(file, patterns), file


def test_each_reason_to_be_left_out_is_used_and_each_room_in_danger_exists() -> None:
    for pattern in mutate.LEFT_OUT:
        files = (mutate.CHECKOUT / "plugins").glob(pattern)
        assert any(mutate.why_left_out(str(path.relative_to(mutate.CHECKOUT))) for path in files)
    for room in mutate.DANGER:
        assert (mutate.CHECKOUT / mutate.UTILS / room).is_dir()


def test_a_file_that_has_tests_of_its_name_is_not_left_out() -> None:
    assert not mutate.why_left_out("plugins/action/wave_gate.py")
    assert mutate.why_left_out("plugins/action/config_rules.py")


def test_the_tests_of_the_name_of_a_file_come_first() -> None:
    file = f"{mutate.UTILS}/_capabilities/access_key_rotation/run.py"
    first, rest = mutate.stages_of(file, mutate.patterns_near(file))
    folder = f"{mutate.TESTS}/module_utils/_capabilities/access_key_rotation"
    assert f"{folder}/test_run.py" in first
    assert all(name.startswith(f"{folder}/test_run") for name in first)
    assert f"{folder}/test_observe.py" in rest


def test_a_sample_moves_on_with_its_seed() -> None:
    every = mutants_of("file.py", "\n".join(f"x = {number}" for number in range(100)))
    one, again, other = (mutate.Sample(5, seed).choose("file.py", every) for seed in ("1", "1", "2"))
    assert one == again != other
    assert [mutant.line for mutant in one] == sorted(mutant.line for mutant in one)
    assert len(one) == 5
    assert mutate.Sample(0, "1").choose("file.py", every) == every


def scored(file: str, tried: int, killed: int) -> mutate.Score:
    return mutate.Score(f"{mutate.UTILS}/{file}", tried, killed)


def test_a_room_in_danger_must_reach_its_share() -> None:
    run, observe = "_capabilities/key_migration/run.py", "_capabilities/key_migration/observe.py"
    assert not mutate.verdict([scored(run, 10, 10), scored(observe, 10, 8)])
    assert mutate.verdict([scored(run, 10, 10), scored(observe, 10, 7)])
    assert not mutate.verdict([scored("_report/fleet.py", 20, 0)])
    # Of three mutants a share says nothing.
    assert not mutate.verdict([scored(run, 3, 0)])


def test_a_file_with_tests_elsewhere_must_reach_its_share() -> None:
    (complaint,) = mutate.verdict([scored("_aws/fence.py", 20, 17), scored("_policy/impact/judge.py", 100, 100)])[:1]
    assert complaint.startswith("plugins/module_utils/_aws/fence.py: 85.0 %")


def test_equivalent_mutants_exist_and_have_reasons() -> None:
    for file, listed in (yaml.safe_load(mutate.EQUIVALENT.read_text(encoding="utf-8")) or {}).items():
        there = {mutant.identity for mutant in mutants_of(file, (mutate.CHECKOUT / file).read_text())}
        assert set(listed) <= there
        assert all(len(reason.split()) > 3 for reason in listed.values())
