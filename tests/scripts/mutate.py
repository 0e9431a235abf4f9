# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the safety code in small ways, one at a time, and name the changes that no unit test notices.

    make mutation                            a sample of 30 mutants of every file
    make mutation ARGS="--sample 0 fence"    all mutants of the files with "fence" in their paths

Works on a copy of the checkout. Each mutant is a fork of one process that has ansible, boto3 and Hypothesis loaded:
pytest starts in it within a second, with the tests of the file first and those of its patterns after. A tool such as
cosmic-ray starts an interpreter for each mutant and removes neither conditions nor statements; mutmut wants a package
of its own layout, which a collection does not have.

Mutants that change nothing that a test could see stand in equivalent_mutants.yml, each with its reason.
"""

from __future__ import annotations

import argparse
import ast
import copy
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
UTILS: t.Final = "plugins/module_utils"
TESTS: t.Final = "tests/unit/plugins"
EQUIVALENT: t.Final = Path(__file__).with_name("equivalent_mutants.yml")

# The safety code as patterns of files, and the tests that hold it. A pattern may match nothing: files move.
TARGETS: t.Final[Mapping[str, Sequence[str]]] = {
    "_aws/fence.py": ["module_utils/_aws/test_fence*.py", "module_utils/_aws/test_access.py"],
    "_converge/*runner*.py": ["module_utils/_converge", "module_utils/_module/test_converging.py"],
    "_converge/*guard*.py": ["module_utils/_converge", "module_utils/_module/test_converging.py"],
    "_converge/*undo*.py": ["module_utils/_converge", "module_utils/_rollback", "modules/test_rollback.py"],
    "_converge/*plan*.py": ["module_utils/_converge", "module_utils/_module/test_converging.py"],
    "_converge/*journal*.py": ["module_utils/_converge", "module_utils/_module/test_converging.py"],
    "_converge/*protected*.py": ["module_utils/_converge"],
    "_converge/affects/*.py": ["module_utils/_converge/affects", "module_utils/_converge/test_[bgr]*.py"],
    "_converge/attempts.py": ["module_utils/_converge/test_attempts.py", "module_utils/_converge/test_runner*.py"],
    "_converge/break_glass*.py": [
        "module_utils/_converge/test_break_glass*.py",
        "module_utils/_converge/test_guard.py",
    ],
    "_policy/evaluation/narrowing.py": [
        "module_utils/_policy/evaluation/test_narrowing.py",
        "module_utils/_policy/impact",
    ],
    "_policy/impact/judge.py": ["module_utils/_policy/impact", "module_utils/_questions/impact"],
    "_policy/escalation/trusts.py": [
        "module_utils/_policy/escalation/test_*.py",
        "module_utils/_controls/catalogue/test_escalation.py",
    ],
    "_policy/analysis/*trust*.py": [
        "module_utils/_policy/analysis/test_trust*.py",
        "module_utils/_policy/analysis/test_web_identities.py",
        "module_utils/_controls/catalogue/test_trust.py",
        "module_utils/_controls/test_cases.py",
    ],
    "_policy/analysis/*identit*s.py": [
        "module_utils/_policy/analysis/test_web_identities.py",
        "module_utils/_policy/analysis/test_identity_providers.py",
        "module_utils/_controls/test_cases.py",
    ],
    "_policy/analysis/power.py": [
        "module_utils/_policy/analysis/test_power.py",
        "module_utils/_controls/test_cases.py",
    ],
    "_controls/**/*.py": [
        # The page of the docs holds what the catalogue says.
        "../scripts/test_generate_controls_doc.py",
        "module_utils/_controls/test_cases.py",
        "module_utils/_controls/test_evidence.py",
        "module_utils/_controls/**/test_*.py",
    ],
    "_capabilities/organization_policy/lock_out/*.py": ["module_utils/_capabilities/organization_policy/lock_out"],
    "_capabilities/access_keys/candidates.py": ["module_utils/_capabilities/access_keys"],
}
SAMPLE: t.Final = 30
LEAST_OF_ALL, LEAST_OF_FILE, MOST_EQUIVALENT = 95.0, 90.0, 3.0
# A mutant may loop for ever.
PATIENCE: t.Final = 20.0

COMPARISONS: t.Final[Mapping[type[ast.cmpop], Sequence[type[ast.cmpop]]]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: ``identity`` names it without a line number, so that other edits of the file leave it as it is.

    ``place`` is that of the changed node among the sites of the ``original`` file, and ``new`` what replaces it.
    """

    file: str
    line: int
    identity: str
    original: str
    place: int
    new: t.Optional[ast.AST]

    @property
    def source(self) -> str:
        """The file with this change."""
        # A fresh tree each time: nodes of the original stay as they are.
        fresh = ast.parse(self.original)
        _function, old = sites(fresh)[self.place]
        changed = _Replacing(old, copy.deepcopy(self.new)).visit(fresh)
        return ast.unparse(ast.fix_missing_locations(changed))


# Making mutants


def variants(node: ast.AST) -> Iterator[tuple[str, t.Optional[ast.AST]]]:
    """What a node may be replaced by, with the operator's name; None removes a statement."""
    yield from comparisons(node)
    yield from booleans(node)
    yield from constants(node)
    yield from remove_conditions(node)
    yield from remove_statements(node)


def comparisons(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Other operators of comparison, one at a time."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield (
                    "comparison",
                    ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1 :]], node.comparators),
                )


def booleans(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The other of two: and, or; True, False; with and without not."""
    if isinstance(node, ast.BoolOp):
        yield "boolean", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "boolean", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "boolean", ast.Constant(not node.value)


def constants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Another number, another name. Sentences are for people: a test that holds each word of them is no use."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return
    if isinstance(node.value, (int, float)):
        yield "constant", ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and node.value and " " not in node.value:
        yield "constant", ast.Constant(f"{node.value}~")


def remove_conditions(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Make conditions that always or never hold, or that lack a part."""
    if isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            changed = copy.copy(node)
            changed.test = ast.Constant(value)
            yield "removed condition", changed
    elif isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            yield "removed condition", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.comprehension):
        for place in range(len(node.ifs)):
            changed_one = copy.copy(node)
            changed_one.ifs = [*node.ifs[:place], *node.ifs[place + 1 :]]
            yield "removed condition", changed_one


def remove_statements(node: ast.AST) -> Iterator[tuple[str, t.Optional[ast.AST]]]:
    """Remove statements whose absence leaves a program that runs."""
    is_call = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    is_stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    if is_call or is_stored or isinstance(node, (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)):
        yield "removed statement", None


class _Replacing(ast.NodeTransformer):
    """Puts a node in the place of another."""

    def __init__(self, old: ast.AST, new: t.Optional[ast.AST]) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> t.Any:
        if node is not self._old:
            return self.generic_visit(node)
        return ast.Pass() if self._new is None and isinstance(node, ast.stmt) else self._new


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All mutants of a file, in its order."""
    tree = ast.parse(source)
    found: list[Mutant] = []
    counted: dict[str, int] = {}
    for place, (function, node) in enumerate(sites(tree)):
        for operator, new in variants(node):
            was, now = first_line(node), "nothing" if new is None else first_line(new)
            name = f"{function}: {operator}: {was} -> {now}"
            counted[name] = counted.get(name, 0) + 1
            identity = name if counted[name] == 1 else f"{name} #{counted[name]}"
            found.append(Mutant(file, line_of(node), identity, source, place, new))
    return found


def line_of(node: ast.AST) -> int:
    """The line where a node begins; a loop of a comprehension has none of its own."""
    return t.cast(int, getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0))


def sites(tree: ast.AST) -> list[tuple[str, ast.AST]]:
    """All nodes that may be mutated, with the function they are in: no annotation, no documentation."""
    found: list[tuple[str, ast.AST]] = []

    def walk(node: ast.AST, function: str) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            function = f"{function}.{node.name}".lstrip(".")
        found.append((function, node))
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_nothing(child):
                    walk(child, function)

    walk(tree, "")
    return found


def _is_nothing(node: ast.AST) -> bool:
    """Whether nothing happens there: documentation, imports for types, exports, and sentences with values in them."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    # Only "import *" reads it, and linters see to it that nobody writes that.
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))


def first_line(node: ast.AST) -> str:
    """The code of a node in one line, an ``if`` without its body."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return ast.unparse(node).partition("\n")[0]


# Running tests


class Laboratory:
    """A copy of the checkout, in which files are changed and tests run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, check=True).stdout.decode().split("\0")
        for name in sorted({name for name in names if name and (CHECKOUT / name).exists()}):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, root / name, follow_symlinks=False)

    def passes(self, tests: Sequence[str], seconds: float) -> bool:
        """Whether the tests pass, all within so many seconds."""
        child = os.fork()
        if child == 0:
            self._run_tests(tests)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status) == 0
            time.sleep(0.02)
        # What the tests started, an emulator say, is of the same group.
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False

    def _run_tests(self, tests: Sequence[str]) -> t.NoReturn:
        status = 70
        try:
            os.setsid()
            os.chdir(self.root)
            # No draw decides which tests look at a mutant.
            os.environ["HARDENING_TEST_ALL"] = "1"
            quiet = os.open(self.root / "output.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            import pytest

            status = int(pytest.main(["-x", "-q", "-p", "no:randomly", "--no-header", "--tb=short", *tests]))
        finally:
            os._exit(status)

    def output(self) -> str:
        """What the last tests printed."""
        return (self.root / "output.log").read_text(encoding="utf-8", errors="replace")

    def is_killed(self, mutant: Mutant, stages: Sequence[Stage]) -> bool:
        """Whether some test fails, or all take much too long, while the file is this mutant."""
        return not all(self._survives(mutant, stage.tests, stage.seconds(self)) for stage in stages)

    def _survives(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> bool:
        path = self.root / mutant.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.source, encoding="utf-8")
        try:
            return self.passes(tests, seconds)
        finally:
            path.write_text(original, encoding="utf-8")


class Stage:
    """Tests that run together. They are tried without a change before they judge the first one."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.tests = tests
        self._seconds: t.Optional[float] = None

    def seconds(self, laboratory: Laboratory) -> float:
        """How long they may take."""
        if self._seconds is None:
            started = time.monotonic()
            if not laboratory.passes(self.tests, 3600):
                sys.exit(f"without a change, these tests fail: {', '.join(self.tests)}\n{laboratory.output()}")
            self._seconds = PATIENCE + 10 * (time.monotonic() - started)
        return self._seconds


def preload() -> None:
    """Load what every test loads, and nothing of the checkout: forks share it."""
    import ansible.plugins.loader
    import boto3
    import hypothesis
    import jinja2
    import pytest

    assert all((ansible.plugins.loader, boto3, hypothesis, jinja2, pytest))


def stages_of(file: str, patterns: Iterable[str], root: Path = CHECKOUT) -> list[list[str]]:
    """The tests of a file: those that bear its name, then the others, pattern by pattern."""
    tests = root / TESTS
    groups = [sorted({file for path in tests.glob(pattern) for file in _tests_in(path)}) for pattern in patterns]
    files = sorted({file for group in groups for file in group})
    own = [path for path in files if path.stem.startswith(f"test_{Path(file).stem}")]
    stages, known = [own], set(own)
    for group in groups:
        stages.append([path for path in group if path not in known])
        known.update(group)
    return [[str(path.relative_to(root)) for path in stage] for stage in stages if stage]


def _tests_in(path: Path) -> Iterable[Path]:
    return path.rglob("test_*.py") if path.is_dir() else [path]


# The report


@dataclasses.dataclass
class Score:
    """What became of the mutants of a file."""

    file: str
    tried: int = 0
    killed: int = 0
    equivalent: int = 0
    survivors: list[Mutant] = dataclasses.field(default_factory=list)

    @property
    def percent(self) -> float:
        """Of those that are not equivalent."""
        return 100.0 * self.killed / max(self.tried - self.equivalent, 1)


def measure(file: str, patterns: Sequence[str], laboratory: Laboratory, sample: int, known: Mapping[str, str]) -> Score:
    """Try the mutants of a file."""
    # The copy alone is read: the checkout may be edited meanwhile.
    every = mutants_of(file, (laboratory.root / file).read_text(encoding="utf-8"))
    # By the file's name: a file that is added changes no other's sample.
    chosen = (
        every
        if not 0 < sample < len(every)
        else sorted(random.Random(file).sample(every, sample), key=lambda mutant: mutant.line)
    )
    stages = [Stage(tests) for tests in stages_of(file, patterns, laboratory.root)]
    if not stages:
        sys.exit(f"{file}: there are no tests of it")
    score = Score(file)
    for mutant in chosen:
        score.tried += 1
        if mutant.identity in known:
            score.equivalent += 1
        elif laboratory.is_killed(mutant, stages):
            score.killed += 1
        else:
            score.survivors.append(mutant)
            print(f"  {mutant.file}:{mutant.line}: {mutant.identity}", flush=True)
    print(f"{file}: {score.killed} of {score.tried} killed, {score.equivalent} equivalent, of {len(every)}", flush=True)
    return score


def targets(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """The files that have one of the words in their paths, or all, with the patterns of their tests."""
    found: dict[str, Sequence[str]] = {}
    for pattern, tests in TARGETS.items():
        for path in sorted((CHECKOUT / UTILS).glob(pattern)):
            name = str(path.relative_to(CHECKOUT))
            if not words or any(word in name for word in words):
                found.setdefault(name, tests)
    return found


def verdict(scores: Sequence[Score]) -> list[str]:
    """Why the tests are not good enough, if they are not."""
    tried = sum(score.tried for score in scores)
    killed = sum(score.killed for score in scores)
    equivalent = sum(score.equivalent for score in scores)
    percent = 100.0 * killed / max(tried - equivalent, 1)
    print(f"\n{percent:.1f} % of {tried - equivalent} mutants killed, {equivalent} equivalent ones left out")
    poor = [score for score in scores if score.percent < LEAST_OF_FILE]
    found = [f"{score.file}: {score.percent:.1f} %, less than {LEAST_OF_FILE} %" for score in poor]
    if percent < LEAST_OF_ALL:
        found.append(f"all: {percent:.1f} %, less than {LEAST_OF_ALL} %")
    if equivalent > MOST_EQUIVALENT * tried / 100:
        found.append(f"{equivalent} of {tried} are called equivalent, more than {MOST_EQUIVALENT} %")
    return found


def main(arguments: t.Optional[Sequence[str]] = None) -> int:
    """Try the mutants, print the survivors and the score; 1 if the score is too low."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="parts of paths; all files without any")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="mutants a file, 0 for all (default: %(default)s)")
    given = parser.parse_args(arguments)
    chosen = targets(given.words)
    if not chosen:
        parser.error(f"no file of the safety code has one of {', '.join(given.words)} in its path")
    equivalent: dict[str, dict[str, str]] = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or {}
    preload()
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        laboratory = Laboratory(Path(directory).resolve())
        scores = [
            measure(file, tests, laboratory, given.sample, equivalent.get(file, {})) for file, tests in chosen.items()
        ]
    complaints = verdict(scores)
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
