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
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import settings
from parts import Parts
from scope import runs_all

CHECKOUT = Path(__file__).resolve().parent.parent
LINK_TREE = CHECKOUT / ".cache" / "link"


def link_collection(tree: Path) -> None:
    """Make tree/ansible_collections/hardening/iam a link to the checkout; several processes may do so at once."""
    link = tree / "ansible_collections" / "hardening" / "iam"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(os.path.relpath(CHECKOUT, link.parent.resolve()), target_is_directory=True)


# One profile for all: a busy machine makes no test fail, and a failure prints how to repeat it.
settings.register_profile("hardening", deadline=None, print_blob=True)
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
    """An option to run less of large tables."""
    parser.addoption("--cases", type=int, help="run at most so many cases of a table, drawn at random")


def pytest_configure(config: pytest.Config) -> None:
    """Say what marks mean, and add up the CPU seconds."""
    config.pluginmanager.register(Parts())
    config.addinivalue_line(
        "markers", 'table(name, at_most): the table that a case is of; "make test" draws at most so many of it'
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start with the files that take longest, so that no worker is left with one at the end.

    These are the gates, then what starts Ansible. Within each of the three, pytest-randomly has settled the order.
    """
    chosen = draw_cases(items, config.getoption("cases"), config.getoption("randomly_seed", 0))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = [item for item in items if item in chosen]
    rooms = [CHECKOUT / "tests" / name for name in ("gates", "integration")]
    items.sort(key=lambda item: [room not in item.path.parents for room in rooms])


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

    def lot(item: pytest.Item) -> str:
        return hashlib.sha256(f"{seed} {item.nodeid.partition('[')[2]}".encode()).hexdigest()

    groups = itertools.groupby(sorted(items, key=table), table)
    return {case for (_test, _name, most), cases in groups for case in sorted(cases, key=lot)[:most]}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say above the last lines how to repeat the order, what other environments counted, and what they skipped."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if terminalreporter.config.pluginmanager.hasplugin("randomly") and seed is not None:
        terminalreporter.write_line(f"Random order: repeat it with ARGS=--randomly-seed={seed}")
    for report in terminalreporter.stats.get("passed", []):
        for name, lines in report.user_properties:
            if name == "environment":
                terminalreporter.section(report.nodeid.rpartition("::")[2], sep="-")
                terminalreporter.write_line(lines)
