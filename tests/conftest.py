# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test needs: the checkout importable as a collection, and no way to reach a real AWS account."""

from __future__ import annotations

import contextlib
import gc
import os
import typing as t
from pathlib import Path

# Clients have the handlers that botocore had when the first one was made, and moto adds its own when it is imported.
import moto.core  # noqa: F401
import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import settings
from parts import Parts
from scope import runs_all
from until import Until

CHECKOUT = Path(__file__).resolve().parent.parent
LINK_TREE = CHECKOUT / ".cache" / "link"


def link_collection(tree: Path, checkout: Path = CHECKOUT) -> None:
    """Make tree/ansible_collections/hardening/iam a link to a checkout; several processes may do so at once."""
    link = tree / "ansible_collections" / "hardening" / "iam"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):
            link.symlink_to(os.path.relpath(checkout, link.parent.resolve()), target_is_directory=True)


# A busy machine makes no test fail, and a failure prints how to repeat it. "make test" has the same examples each time,
# so that a red run belongs to the change; "make test-all" has more and other ones.
settings.register_profile(
    "hardening",
    deadline=None,
    print_blob=True,
    max_examples=100 if runs_all() else 40,
    derandomize=not runs_all(),
)
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
    """Add the option of the second part of .ci/run."""
    parser.addoption("--until", type=Path, help="a plan of touched.py: the order of files, and the end")


def pytest_configure(config: pytest.Config) -> None:
    """Add up the CPU seconds, and keep to a plan if there is one."""
    config.pluginmanager.register(Parts())
    # Nothing here draws from the global generators, so that pytest-randomly need not seed them for each test.
    config.option.randomly_reset_seed = False
    plan: t.Optional[Path] = config.getoption("until")
    if plan is not None:
        config.pluginmanager.register(Until.read(plan), "until")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start with the files that take longest, so that no worker is left with one at the end; or keep to the plan.

    These are the gates, then what starts Ansible. Within each of the three, pytest-randomly has settled the order.
    """
    rooms = ("tests/gates/", "tests/integration/")
    items.sort(key=lambda item: [not item.nodeid.startswith(room) for room in rooms])
    until: t.Optional[Until] = config.pluginmanager.get_plugin("until")
    if until is not None:
        until.sort(items)


# A worker collects thirty thousand tests that stay until the end: nothing for the garbage collector to look through.
gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector begin with what the tests make."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say above the last lines how to repeat the order, and what other environments counted."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    if terminalreporter.config.pluginmanager.hasplugin("randomly") and seed is not None:
        terminalreporter.write_line(f"Random order: repeat it with ARGS=--randomly-seed={seed}")
    for report in terminalreporter.stats.get("passed", []):
        for name, lines in report.user_properties:
            if name == "environment":
                terminalreporter.section(report.nodeid.rpartition("::")[2], sep="-")
                terminalreporter.write_line(lines)
