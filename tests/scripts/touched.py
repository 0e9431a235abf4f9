# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run whole the integration files of what a change touches: the second part of .ci/run.

    make touched                            run them, for at most an hour
    make touched ARGS=--list                print which ones, in which order, and why
    make touched ARGS="--base HEAD~3"       for the change since another commit

Files in which something is interrupted and the parity of both ways run each time. Then come the files whose subject
changed, those with the walk of a capability that uses something that changed, and all others that use it. What cannot
be placed touches everything.
A file does not begin if it would end after the given minutes, and one that goes on far too long is cut off. The summary
names both.

    HARDENING_TEST_ALL=1 HARDENING_CPU_SECONDS=.cache/seconds.json make integration
    make touched ARGS="--refresh .cache/seconds.json"       renew tests/seconds.yml
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import json
import os
import subprocess
import sys
import time
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import yaml
from scope import ALL, EACH_RUN, INTEGRATION, WALKS, list_whole, name_of, path_of
from scripts.reach import Checkout, Files

CHECKOUT: t.Final = Path(__file__).resolve().parents[2]
SECONDS: t.Final = CHECKOUT / "tests" / "seconds.yml"
PLAN: t.Final = CHECKOUT / ".cache" / "touched.json"
BASE: t.Final = "HARDENING_TEST_BASE"
MINUTES: t.Final = 60.0
# A submission is many commits on main, made within so many hours.
SUBMISSION_HOURS: t.Final = 4
MAIN: t.Final = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/heads/main")
# Gates and unit tests hold these, if no integration test names them.
HELD_ELSEWHERE: t.Final = (
    *("docs/", "changelogs/", "LICENSES/", "tests/unit/", "tests/gates/", "tests/bench/", "tests/scripts/"),
    *(".ansible-lint", ".git-blame-ignore-revs", ".gitignore", ".yamllint", "LICENSE", "MAINTAINERS", "REUSE.toml"),
    *("tests/seconds.yml", "tests/config.yml", "tests/words.py"),
)
# What all tests depend on.
OF_ALL: t.Final = (
    *("Makefile", ".ci/", "pyproject.toml", "requirements", "ansible.cfg", "galaxy.yml", "meta/", "collections/"),
    *(f"tests/{name}" for name in ("conftest.py", "parts.py", "scope.py", "until.py", "requirements.txt")),
)
# A playbook with more roles than these runs nearly all of them: it is about none of them.
FEW_ROLES: t.Final = 6
# So many of the changes that touch everything are printed.
FEW: t.Final = 5
# What a new file takes until somebody measures it.
UNKNOWN_SECONDS: t.Final = 60.0


class Rank(enum.IntEnum):
    """Why a file runs; a lower one runs first."""

    EACH_RUN = 0
    SUBJECT = 1
    WALK = 2
    USES = 3


REASONS: t.Final[Mapping[Rank, str]] = {
    Rank.EACH_RUN: "runs each time",
    Rank.SUBJECT: "is about what changed",
    Rank.WALK: "has the walk of a capability that uses what changed",
    Rank.USES: "uses what changed",
}


@dataclasses.dataclass(frozen=True)
class Choice:
    """A file of integration tests that runs, why, and the CPU seconds that it takes."""

    path: str
    rank: Rank
    seconds: float


def git(*arguments: str) -> str:
    """Return what git prints; empty if it fails."""
    done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def find_base(ask: t.Callable[..., str] = git) -> t.Optional[str]:
    """Find the commit before the change: of several answers the one with the most commits since; None is "unknown".

    A merge base says nothing in a clone of the main that has the change already, and a parent little of many commits.
    So there is the newest commit that is hours older than the last one, too. Without that one (a shallow clone, a new
    repository) nothing is known.
    """
    found = [ask("merge-base", "HEAD", name) for name in MAIN]
    made = ask("show", "--no-patch", "--format=%ct", "HEAD")
    earlier = ask("rev-list", "-1", f"--before={int(made) - SUBMISSION_HOURS * 3600}", "HEAD") if made else ""
    if not earlier:
        return None
    found += [earlier, ask("rev-parse", "--verify", "--quiet", "HEAD^")]
    return max(filter(None, found), key=lambda commit: int(ask("rev-list", "--count", f"{commit}..HEAD") or 0))


def list_changed(base: str) -> list[str]:
    """List the files that differ from a commit, deleted ones and those that git does not know yet included."""
    differing = git("diff", "--name-only", "--no-renames", "-z", base)
    new = git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({name for names in (differing, new) for name in names.split("\0") if name})


def read_checkout() -> Checkout:
    """Return the checkout with its files as they are, new ones included."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    return Checkout(CHECKOUT, (name for name in listed if name and (CHECKOUT / name).is_file()))


def read_seconds() -> dict[str, float]:
    """The CPU seconds of each file, by its path."""
    return {path_of(name): float(spent) for name, spent in yaml.safe_load(SECONDS.read_text(encoding="utf-8")).items()}


class Selection:
    """Which files of integration tests a change touches."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self.tests = sorted(path for path in checkout.files if _is_test(path))
        self._reach = {path: checkout.reach(path) for path in self.tests}
        self._reached: Files = frozenset().union(*self._reach.values())

    def select(self, changed: Iterable[str], seconds: Mapping[str, float]) -> tuple[list[Choice], list[str]]:
        """Return the files in the order in which they run, and the changes that touch everything."""
        placed, unplaced = self._place(changed)
        walks = {path_of(name) for tests in WALKS.values() for name in tests}
        always = {path_of(name) for name in EACH_RUN}
        choices = []
        for path in self.tests:
            touched = bool(unplaced) or not placed.isdisjoint(self._reach[path])
            if path in always:
                rank = Rank.EACH_RUN
            elif touched and self._is_about(path, placed):
                rank = Rank.SUBJECT
            elif touched:
                rank = Rank.WALK if path in walks else Rank.USES
            else:
                continue
            choices.append(Choice(path, rank, seconds.get(path, UNKNOWN_SECONDS)))
        # Of those with the same reason the short ones first, so that as many as possible have run in the end.
        return sorted(choices, key=lambda choice: (choice.rank, choice.seconds, choice.path)), unplaced

    def _place(self, changed: Iterable[str]) -> tuple[set[str], list[str]]:
        placed: set[str] = set()
        unplaced: list[str] = []
        for path in changed:
            known = self._find_standing_in(path)
            if path.startswith(OF_ALL) or not (known & self._reached or _is_held_elsewhere(path)):
                unplaced.append(path)
            placed |= known
        return placed, unplaced

    def _find_standing_in(self, path: str) -> set[str]:
        """The file itself, or for a deleted one the others in its folder."""
        if path in self._checkout.files:
            return {path}
        folder = Path(path).parent
        if _is_held_elsewhere(path) or not folder.name:
            return set()
        return {one for one in self._checkout.files if Path(one).parent == folder}

    def _is_about(self, path: str, changed: Collection[str]) -> bool:
        """Whether a changed file is the test's own or its subject: reached without going through what many share."""
        near = self._checkout.reach(path, self._is_special)
        return any(self._is_special(other) for other in near.intersection(changed))

    def _is_special(self, path: str) -> bool:
        """Whether a file is about one thing: a test with its helpers, a module, role, capability, or short playbook."""
        parts = path.split("/")
        if parts[0] == "playbooks":
            return (
                len({one.split("/")[1] for one in self._checkout.uses(path) if one.startswith("roles/")}) <= FEW_ROLES
            )
        if parts[0] == "plugins":
            return parts[1] in ("modules", "action") or (parts[2:3] == ["_capabilities"] and len(parts) > 4)
        return parts[-1] != "conftest.py" and not path.startswith(("tests/emulator/", "examples/inventory/"))


def _is_test(path: str) -> bool:
    return path.startswith(f"{INTEGRATION}/") and Path(path).match("test_*.py")


def _is_held_elsewhere(path: str) -> bool:
    return _is_test(path) or path.startswith(HELD_ELSEWHERE) or ("/" not in path and path.endswith(".md"))


def describe(choices: Sequence[Choice], minutes: float, cores: int) -> list[str]:
    """Describe what runs, and what will not begin if the estimates are right."""
    lines, whole = [], 0.0
    for choice in choices:
        whole += choice.seconds
        late = whole / cores > minutes * 60
        lines.append(
            f"{choice.seconds:5.0f} s  {choice.path}: {REASONS[choice.rank]}{', NO TIME LEFT' if late else ''}"
        )
    return [
        *lines,
        f"{len(choices)} files, {whole:.0f} CPU seconds, about {whole / cores / 60:.0f} minutes on {cores} cores",
    ]


def refresh(counted: Mapping[str, float]) -> None:
    """Renew the table by what parts.py counted; files that did not run keep their numbers."""
    names = {name_of(f"tests/{part}"): spent for part, spent in counted.items() if part.endswith(".py")}
    measured = {name: spent for name, spent in names.items() if (CHECKOUT / path_of(name)).is_file()}
    known = {name_of(path): spent for path, spent in read_seconds().items()}
    table = {name: round(spent) for name, spent in sorted({**known, **measured}.items())}
    kept = [line for line in SECONDS.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    text = yaml.safe_dump({name: spent for name, spent in table.items() if (CHECKOUT / path_of(name)).is_file()})
    SECONDS.write_text("\n".join([*kept, "---", text]), encoding="utf-8")


def run(choices: Iterable[Choice], minutes: float, arguments: Sequence[str]) -> t.NoReturn:
    """Become pytest, whose summary ends the output."""
    seconds = {choice.path: choice.seconds for choice in choices}
    PLAN.parent.mkdir(exist_ok=True)
    PLAN.write_text(json.dumps({"ends": time.time() + minutes * 60, "seconds": seconds}), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", f"--until={PLAN}", *arguments, *seconds]
    # What the Makefile gives this script to find its imports is not for the tests, nor for commands that they start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    sys.stdout.flush()
    os.chdir(CHECKOUT)
    os.execve(sys.executable, command, {**environment, ALL: "1"})


def main() -> None:
    """Select and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", default=os.environ.get(BASE), help=f"the commit before the change (also: {BASE})")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="how long files may begin (default: %(default)s)"
    )
    parser.add_argument("--list", action="store_true", help="only print what would run")
    parser.add_argument("--changed", nargs="+", metavar="PATH", help="take these files for the change")
    parser.add_argument("--refresh", type=Path, metavar="JSON", help="renew the table of CPU seconds")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, behind --")
    given = parser.parse_args()
    if given.refresh:
        refresh(json.loads(given.refresh.read_text(encoding="utf-8")))
        return
    base = given.base or find_base()
    changed = given.changed or (list_changed(base) if base else ["an unknown number of files"])
    choices, unplaced = Selection(read_checkout()).select(changed, read_seconds())
    in_test = list_whole()
    choices = [choice for choice in choices if choice.path not in in_test]
    print(
        f"{len(changed)} files changed since {base}" if base and not given.changed else f"changed: {', '.join(changed)}"
    )
    lines = [f"{path} touches everything" for path in unplaced[:FEW]]
    lines += [f"and so do {len(unplaced) - FEW} others"] if len(unplaced) > FEW else []
    print(*lines, *describe(choices, given.minutes, min(os.cpu_count() or 1, 2)), sep="\n")
    if not given.list:
        run(choices, given.minutes, given.pytest)


if __name__ == "__main__":
    main()
