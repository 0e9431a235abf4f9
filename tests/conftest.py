# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test needs: the checkout importable as a collection, and no way to reach a real AWS account."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import sys
import typing as t
from collections import Counter
from pathlib import Path

# Clients have the handlers that botocore had when the first one was made, and moto adds its own when it is imported.
import moto.core  # noqa: F401
import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import settings
from parts import Parts
from scope import SAMPLED, TAKING_TURNS, runs_all

CHECKOUT = Path(__file__).resolve().parent.parent
LINK_TREE = CHECKOUT / ".cache" / "link"
NOT_RUN: t.Final = pytest.StashKey[list[str]]()


def link_collection(tree: Path, checkout: Path = CHECKOUT) -> None:
    """Make tree/ansible_collections/hardening/iam a link to a checkout; several processes may do so at once."""
    link = tree / "ansible_collections" / "hardening" / "iam"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(os.path.relpath(checkout, link.parent.resolve()), target_is_directory=True)


# A busy machine makes no test fail, and a failure prints how to repeat it. "make test" has other examples in each run.
settings.register_profile("hardening", deadline=None, print_blob=True, max_examples=100 if runs_all() else 40)
settings.load_profile("hardening")

# Before any test module is imported: Ansible's own loader finds hardening.iam in the checkout, and amazon.aws where the
# package "ansible" put it. A plain namespace package would do for imports, but not for tests that load plugins.
link_collection(LINK_TREE)
init_plugin_loader([str(LINK_TREE)])


@pytest.fixture(autouse=True, scope="session")
def no_real_aws() -> t.Iterator[None]:
    """Replace the caller's AWS settings: credentials that no account knows, no files, no instance metadata."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "of-no-account")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def link_tree() -> Path:
    """A collections path that holds the checkout as hardening.iam, for ansible's commands and other interpreters."""
    return LINK_TREE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options to run less."""
    parser.addoption("--cases", type=int, help="run at most so many cases of a table, drawn at random")
    parser.addoption("--sample", type=int, help="run the properties, and at most so many other tests of a file")
    parser.addoption("--turns", type=int, help="run one of so many files of unit tests, drawn at random")
    parser.addoption("--draw", type=int, help="the seed of what is drawn, if not that of the random order")


def pytest_configure(config: pytest.Config) -> None:
    """Say what marks mean, and add up the CPU seconds."""
    config.pluginmanager.register(Parts())
    config.addinivalue_line("markers", "in_every_sample: runs too where a file's tests are drawn at random")
    config.addinivalue_line(
        "markers", 'table(name, at_most): the table that a case is of; "make test" draws at most so many of it'
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start with the files that take longest, so that no worker is left with one at the end.

    These are the gates, then what starts Ansible. Within each of the three, pytest-randomly has settled the order.
    """
    seed = seed_of(config)
    chosen = draw_sample(draw_cases(items, config.getoption("cases"), seed), config.getoption("sample"), seed)
    chosen -= draw_waiting(items, config.getoption("turns"), seed)
    left_out = [item for item in items if item not in chosen]
    config.hook.pytest_deselected(items=left_out)
    # The gate that gives these options names what it leaves out.
    given = any(config.getoption(name) is not None for name in ("cases", "sample", "turns"))
    config.stash[NOT_RUN] = [] if given else not_run(items, left_out)
    items[:] = [item for item in items if item in chosen]
    rooms = ("tests/gates/", "tests/integration/")
    items.sort(key=lambda item: [not item.nodeid.startswith(room) for room in rooms])


def seed_of(config: pytest.Config) -> int:
    """The seed of what is drawn at random: the same one draws the same."""
    drawn = config.getoption("draw")
    return int(config.getoption("randomly_seed", 0) if drawn is None else drawn)


def draw_cases(items: t.Iterable[pytest.Item], at_most: t.Optional[int], seed: object) -> set[pytest.Item]:
    """At most so many cases of each table, else as many as its mark allows; all of them in "make test-all".

    A test without parameters is its own only case. Tests of the same cases get the same ones, so that a fixture that
    makes them has few to make.
    """

    def table(item: pytest.Item) -> tuple[str, str, int]:
        mark = item.get_closest_marker("table")
        name, allowed = mark.args if mark else ("", None)
        limits = [limit for limit in (at_most, None if runs_all() else allowed) if limit is not None]
        return item.nodeid.partition("[")[0], name, min(limits, default=sys.maxsize)

    groups = itertools.groupby(sorted(items, key=table), table)
    return {
        case
        for (_test, _name, most), cases in groups
        for case in sorted(cases, key=lambda item: _lot(item.nodeid.partition("[")[2], seed))[:most]
    }


def draw_sample(items: t.Iterable[pytest.Item], at_most: t.Optional[int], seed: object) -> set[pytest.Item]:
    """At most so many tests of each file, else as many as scope.py says; all of them in "make test-all".

    Besides there are those that Hypothesis gives examples, and those that are marked.
    """

    def limit(item: pytest.Item) -> int:
        allowed = None if runs_all() else SAMPLED.get(_file(item))
        return min((most for most in (at_most, allowed) if most is not None), default=sys.maxsize)

    drawn: Counter[str] = Counter()
    chosen = set()
    for item in sorted(items, key=lambda item: _lot(item.nodeid, seed)):
        always = any(item.get_closest_marker(name) for name in ("hypothesis", "in_every_sample"))
        drawn[_file(item)] += not always
        if always or drawn[_file(item)] <= limit(item):
            chosen.add(item)
    return chosen


def draw_waiting(items: t.Collection[pytest.Item], turns: t.Optional[int], seed: object) -> set[pytest.Item]:
    """The tests of files that wait for another run: as scope.py says; of units, all but one of ``turns`` files."""
    files = {_file(item) for item in items}
    waiting: set[str] = set()
    for count in () if runs_all() else set(TAKING_TURNS.values()):
        waiting |= _draw_files({name for name in files if TAKING_TURNS.get(name) == count}, count, seed)
    if turns is not None:
        waiting |= _draw_files({name for name in files if name.startswith("tests/unit/")}, turns, seed)
    return {item for item in items if _file(item) in waiting}


def _draw_files(files: t.Collection[str], turns: int, seed: object) -> set[str]:
    """All but one of so many files, rounded so that one file alone runs."""
    return set(sorted(files, key=lambda name: _lot(name, seed))[-(-len(files) // turns) :])


def not_run(items: t.Iterable[pytest.Item], left_out: t.Iterable[pytest.Item]) -> list[str]:
    """The lines of the summary about what is not drawn."""
    all_of, missing = Counter(map(_file, items)), Counter(map(_file, left_out))
    return [
        f"NOT RUN {count} of {all_of[name]} tests of {name}: make test-all runs them"
        for name, count in sorted(missing.items())
    ]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _lot(text: str, seed: object) -> str:
    return hashlib.sha256(f"{seed} {text}".encode()).hexdigest()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what a worker has not drawn."""
    getattr(session.config, "workeroutput", {})["not_run"] = session.config.stash.get(NOT_RUN, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: t.Any) -> None:
    """Take it over: all workers draw the same."""
    node.config.stash[NOT_RUN] = getattr(node, "workeroutput", {}).get("not_run", node.config.stash.get(NOT_RUN, []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say above the last lines how to repeat the order, what is not drawn, and what other environments counted."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if terminalreporter.config.pluginmanager.hasplugin("randomly") and seed is not None:
        terminalreporter.write_line(f"Random order: repeat it with ARGS=--randomly-seed={seed}")
    for line in terminalreporter.config.stash.get(NOT_RUN, []):
        terminalreporter.write_line(line)
    for report in terminalreporter.stats.get("passed", []):
        for name, lines in report.user_properties:
            if name == "environment":
                terminalreporter.section(report.nodeid.rpartition("::")[2], sep="-")
                terminalreporter.write_line(lines)
