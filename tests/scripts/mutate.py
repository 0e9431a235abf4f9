# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the code in small ways, one at a time, and name the changes that no unit test notices.

    make mutation                                          3 mutants of every file
    make mutation ARGS="fence --sample 0"                  all mutants of the files with "fence" in their paths
    make mutation ARGS="credential_quarantine --sample 9"  nine of each file of a room

Which mutants these are depends on the commit, so that each one is met sooner or later. --seed repeats a run.

Works on a copy of the checkout. Each mutant is a fork of one process that has ansible, boto3 and Hypothesis loaded:
pytest starts in it within a second, with the tests of the file first and those of its patterns after. A tool such as
cosmic-ray starts an interpreter for each mutant and removes neither conditions nor statements; mutmut wants a package
of its own layout, which a collection does not have.

Mutants that change nothing that a test could see stand in equivalent_mutants.yml, each with its reason.
"""

from __future__ import annotations

import argparse
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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml
from scripts.mutants import Mutant, mutants_of

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
PLUGINS: t.Final = "plugins"
UTILS: t.Final = "plugins/module_utils"
TESTS: t.Final = "tests/unit/plugins"
EQUIVALENT: t.Final = Path(__file__).with_name("equivalent_mutants.yml")

# Patterns of files whose tests stand elsewhere too, and those tests. All others have theirs in the folder that mirrors
# their own, or above it. A pattern may match nothing: files move. These files must reach LEAST_OF_FILE each.
TARGETS: t.Final[Mapping[str, Sequence[str]]] = {
    "_aws/fence.py": ["module_utils/_aws/test_fence*.py", "module_utils/_aws/test_access.py"],
    "_converge/*runner*.py": ["module_utils/_converge", "module_utils/_module/test_converging.py"],
    "_converge/*guard*.py": ["module_utils/_converge", "module_utils/_module/test_converging.py"],
    "_converge/*undo*.py": ["module_utils/_converge", "module_utils/_rollback"],
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
# Rooms that decide about danger: each must reach LEAST_OF_ROOM.
DANGER: t.Final = (
    "_aws",
    "_capabilities/access_key_rotation",
    "_capabilities/credential_quarantine",
    "_capabilities/key_migration",
    "_capabilities/least_privilege",
    "_capabilities/organization_containment",
    "_capabilities/session_revocation",
    "_converge",
    "_policy/evaluation",
    "_policy/hunt",
    "_policy/trail",
    "_prediction",
    "_rollback",
)
# What no unit test is meant to hold, and why. A file that has tests of its own name is never left out.
LEFT_OUT: t.Final[Mapping[str, str]] = {
    "doc_fragments/*.py": "Documentation and nothing else.",
    "modules/*.py": "Documentation, options and one call. Integration tests run every module.",
    "action/*.py": "A class of one line each, whose base in plugin_utils has the code.",
    "lookup/*.py": "The few lines that hand values to the tested code of plugin_utils.",
}
SAMPLE, SAMPLE_OF_ALL = 30, 3
LEAST_OF_ALL, LEAST_OF_FILE, LEAST_OF_ROOM, MOST_EQUIVALENT = 95.0, 90.0, 90.0, 3.0
# Of fewer mutants a share says nothing.
ENOUGH: t.Final = 10
# A mutant may loop for ever.
PATIENCE: t.Final = 20.0


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
    folder = _mirror_of(file, root)
    # Another room may have a test of the same name: its own come first.
    own = [path for path in files if path.parent == folder and _bears_name(path, file)]
    own = own or [path for path in files if _bears_name(path, file)]
    stages, known = [own], set(own)
    for group in groups:
        stages.append([path for path in group if path not in known])
        known.update(group)
    return [[str(path.relative_to(root)) for path in stage] for stage in stages if stage]


def _tests_in(path: Path) -> Iterable[Path]:
    return path.rglob("test_*.py") if path.is_dir() else [path]


def _bears_name(test: Path, file: str) -> bool:
    return test.stem.startswith(f"test_{Path(file).stem}")


def _mirror_of(file: str, root: Path) -> Path:
    return (root / TESTS / Path(file).relative_to(PLUGINS)).parent


def patterns_near(file: str, root: Path = CHECKOUT) -> list[str]:
    """The tests of the folder that mirrors the file's own; where it has none, of the nearest above, within its room."""
    tests = root / TESTS
    folder = _mirror_of(file, root)
    # The folder of all rooms would be all tests.
    while folder not in (tests, tests / "module_utils"):
        if folder.is_dir() and any(folder.rglob("test_*.py")):
            return [str(folder.relative_to(tests))]
        folder = folder.parent
    return []


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


@dataclasses.dataclass(frozen=True)
class Sample:
    """How many mutants of a file are tried, 0 for all, and what decides which."""

    size: int
    seed: str

    def choose(self, file: str, every: Sequence[Mutant]) -> list[Mutant]:
        """In the order of the file. By its name too: a file that is added changes no other's sample."""
        if not 0 < self.size < len(every):
            return list(every)
        chosen = random.Random(f"{self.seed} {file}").sample(every, self.size)
        return sorted(chosen, key=lambda mutant: mutant.line)


def measure(
    file: str, patterns: Sequence[str], laboratory: Laboratory, sample: Sample, known: Mapping[str, str]
) -> Score:
    """Try the mutants of a file."""
    # The copy alone is read: the checkout may be edited meanwhile.
    every = mutants_of(file, (laboratory.root / file).read_text(encoding="utf-8"))
    stages = [Stage(tests) for tests in stages_of(file, patterns, laboratory.root)]
    if not stages:
        sys.exit(f"{file}: there are no tests of it")
    score = Score(file)
    for mutant in sample.choose(file, every):
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
    elsewhere = list_elsewhere()
    found: dict[str, Sequence[str]] = {}
    for path in sorted((CHECKOUT / PLUGINS).rglob("*.py")):
        name = str(path.relative_to(CHECKOUT))
        if (not words or any(word in name for word in words)) and not why_left_out(name):
            found[name] = elsewhere.get(name) or patterns_near(name)
    return found


def list_elsewhere() -> dict[str, Sequence[str]]:
    """The files that TARGETS names, each with the patterns of its tests."""
    found: dict[str, Sequence[str]] = {}
    for pattern, tests in TARGETS.items():
        for path in sorted((CHECKOUT / UTILS).glob(pattern)):
            found.setdefault(str(path.relative_to(CHECKOUT)), tests)
    return found


def why_left_out(file: str) -> str:
    """Why a file is left out; empty if it is not."""
    if any(_bears_name(test, file) for test in _mirror_of(file, CHECKOUT).glob("test_*.py")):
        return ""
    place = Path(file).relative_to(PLUGINS)
    return next((reason for pattern, reason in LEFT_OUT.items() if place.match(pattern)), "")


def verdict(scores: Sequence[Score]) -> list[str]:
    """Why the tests are not good enough, if they are not."""
    percent_of("all", scores)
    equivalent, tried = (sum(getattr(score, name) for score in scores) for name in ("equivalent", "tried"))
    safe = [score for score in scores if score.file in list_elsewhere()]
    found = [
        f"{score.file}: {score.percent:.1f} %, less than {LEAST_OF_FILE} %"
        for score in safe
        if score.tried >= ENOUGH and score.percent < LEAST_OF_FILE
    ]
    if enough(safe) and percent_of("the files with tests elsewhere", safe) < LEAST_OF_ALL:
        found.append(f"the files with tests elsewhere: less than {LEAST_OF_ALL} %")
    for room in DANGER:
        inside = [score for score in scores if score.file.startswith(f"{UTILS}/{room}/")]
        if enough(inside) and percent_of(room, inside) < LEAST_OF_ROOM:
            found.append(f"{room}: less than {LEAST_OF_ROOM} %")
    if equivalent > MOST_EQUIVALENT * tried / 100:
        found.append(f"{equivalent} of {tried} are called equivalent, more than {MOST_EQUIVALENT} %")
    return found


def enough(scores: Sequence[Score]) -> bool:
    """Whether so many mutants were tried that a share says something."""
    return sum(score.tried for score in scores) >= ENOUGH


def percent_of(name: str, scores: Sequence[Score]) -> float:
    """The share of the mutants of some files that were noticed, which is printed."""
    tried = sum(score.tried - score.equivalent for score in scores)
    percent = 100.0 * sum(score.killed for score in scores) / max(tried, 1)
    print(f"{name}: {percent:.1f} % of {tried} mutants killed")
    return percent


def name_commit() -> str:
    """The commit that is checked out, short."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True).stdout.decode().strip()


def main(arguments: t.Optional[Sequence[str]] = None) -> int:
    """Try the mutants, print the survivors and the score; 1 if the score is too low."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="parts of paths; all files without any")
    parser.add_argument("--sample", type=int, help="mutants a file, 0 for all (default: 30 with words, else 3)")
    parser.add_argument("--seed", help="what decides which mutants are tried (default: the commit)")
    given = parser.parse_args(arguments)
    chosen = targets(given.words)
    if not chosen:
        parser.error(f"no file that is not left out has one of {', '.join(given.words)} in its path")
    size = given.sample if given.sample is not None else SAMPLE if given.words else SAMPLE_OF_ALL
    sample = Sample(size, given.seed or name_commit())
    print(f"{len(chosen)} files; to repeat this: --sample {sample.size} --seed {sample.seed}", flush=True)
    equivalent: dict[str, dict[str, str]] = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or {}
    preload()
    with tempfile.TemporaryDirectory(prefix="mutation-") as directory:
        laboratory = Laboratory(Path(directory).resolve())
        scores = [measure(file, tests, laboratory, sample, equivalent.get(file, {})) for file, tests in chosen.items()]
    complaints = verdict(scores)
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
