# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit and integration tests on the other supported Pythons and ansible-cores."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from scope import runs_all
from unit.test_collection import PURE_ROOMS, UTILS_PACKAGE, import_without

from .environments import (
    ENVIRONMENTS,
    OLDEST,
    Environment,
    Made,
    home_of,
    is_this_one,
    run,
    this_python,
)
from .staging import CHECKOUT, tool_environment

# What depends on the Python or the ansible-core it runs on. The emulator, the tools and what AWS answers do not.
REPEATED = (
    "tests/unit/plugins",
    "tests/integration/modules",
    "tests/integration/test_in_process.py",
    "tests/integration/test_preflight.py",
)
# What "make test-all" repeats besides: the rules of imports, which sanity holds here too, and all roles that harden all
# accounts. test_preflight.py has them predict for one.
REPEATED_IN_ALL = ("tests/unit/test_collection.py", "tests/integration/test_harden.py")
# Of these, what no ansible-core can change: rooms of tables and properties that are as many cases as all else together.
# The tests of the others have options from argument specs, and readers that talk to an emulator.
PURE = tuple(f"tests/unit/plugins/module_utils/{room}" for room in ("_controls", "_converge", "_policy", "_report"))
# What "make test" repeats: the plugins that Ansible itself loads and a playbook, over all accounts. On the oldest of
# everything, besides, where and how modules run; which of them do, "make test-all" asks.
_PREFLIGHT = "tests/integration/test_preflight.py"
FIXED = (
    *(f"tests/unit/plugins/{kind}" for kind in ("action", "callback", "inventory", "plugin_utils")),
    f"{_PREFLIGHT}::test_nothing_is_written",
    f"{_PREFLIGHT}::test_own_roles_suffice",
    f"{_PREFLIGHT}::test_one_table_has_what_is_missing_in_all_accounts",
)
FIXED_ON_OLDEST = ("tests/integration/test_in_process.py",)
# But for cases of single modules, and what is simulated or drawn from data alone.
NARROWED = (
    "--deselect=tests/integration/test_in_process.py::test_result_is_the_same",
    "--deselect=tests/integration/test_in_process.py::test_cases_ran_where_they_should",
    "--deselect=tests/integration/test_in_process.py::test_cases_fail_as_they_should",
    "--ignore=tests/unit/plugins/plugin_utils/_render",
    "--ignore=tests/unit/plugins/plugin_utils/_simulation",
)
PURE_FILES = [path for room in PURE for path in sorted((CHECKOUT / room).rglob("*.py"))]


def summary(output: str) -> str:
    """What pytest skipped and counted."""
    return "\n".join(re.findall(r"^SKIPPED .*|^.*\b\d+ passed.*", output, flags=re.MULTILINE))


def not_repeated(environment: Environment) -> tuple[str, ...]:
    """The tests that an environment can leave out: with the Python of this run, they could only say the same again."""
    return PURE if environment.python == this_python() else ()


def left_out(environment: Environment) -> str:
    """What the summary says of the tests that are not repeated."""
    rooms = ", ".join(path.rpartition("/")[2] for path in not_repeated(environment))
    reason = f"they import nothing of ansible, and this run has them on Python {this_python()}"
    lines = [f"NOT REPEATED unit tests of {rooms}: {reason}"] if rooms else []
    if not runs_all():
        lines.append(f"NOT REPEATED tests but {', '.join(repeated(environment))}: make test-all runs them")
        parts = ", ".join(option.rpartition("/")[2] for option in narrowed())
        lines.append(f"NOT REPEATED {parts}: make test-all runs them")
    return "".join(f"\n{line}" for line in lines)


def repeated(environment: Environment) -> tuple[str, ...]:
    """The arguments for pytest: the fixed set, or in "make test-all" everything and more files."""
    if runs_all():
        return (*REPEATED, *REPEATED_IN_ALL)
    return (*FIXED, *FIXED_ON_OLDEST) if environment == OLDEST else FIXED


def narrowed() -> tuple[str, ...]:
    """The options for pytest that leave out parts of these files."""
    return () if runs_all() else NARROWED


def declared_bounds() -> set[str]:
    """The oldest versions that users are promised, as pins."""
    requirements = (CHECKOUT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    core = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    bounds = [*re.findall(r"^boto.*>=.*$", requirements, flags=re.MULTILINE), f"ansible-core{core}"]
    return {bound.replace(">=", "==") for bound in bounds}


def test_the_oldest_versions_that_are_declared_are_tested() -> None:
    assert set(OLDEST.pins) == declared_bounds()
    assert OLDEST in ENVIRONMENTS
    assert not is_this_one(OLDEST)


def test_what_is_repeated_exists_and_is_part_of_all_of_it() -> None:
    fixed = (*FIXED, *FIXED_ON_OLDEST)
    left_out_there = [option.partition("=")[2] for option in NARROWED]
    assert all(argument.startswith(REPEATED) for argument in fixed)
    assert all(argument.startswith(fixed) for argument in left_out_there)
    for argument in (*fixed, *left_out_there, *REPEATED_IN_ALL):
        path, _, test = argument.partition("::")
        assert (CHECKOUT / path).exists(), argument
        assert not test or f"def {test}(" in (CHECKOUT / path).read_text(encoding="utf-8"), argument


def test_the_oldest_environment_has_the_oldest_amazon_aws(made: Made) -> None:
    """Which no pin of pip can tell: the package "ansible" carries it."""
    environment, directory = made
    (manifest,) = directory.glob("lib/python*/site-packages/ansible_collections/amazon/aws/MANIFEST.json")
    version = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))
    oldest = galaxy["dependencies"]["amazon.aws"].removeprefix(">=")
    assert (version == oldest) is (environment == OLDEST)
    needed = yaml.safe_load((CHECKOUT / "collections" / "requirements.yml").read_text(encoding="utf-8"))["collections"]
    assert {item["name"]: item.get("version") for item in needed}["amazon.aws"] == f">={oldest}"


def test_pytest(made: Made, record_property: t.Callable[[str, object], None]) -> None:
    environment, directory = made
    pytest_there = [directory / "bin" / "python", "-m", "pytest", "-q", "-o", f"cache_dir=.cache/pytest-{environment}"]
    output = run(
        [
            *pytest_there,
            *repeated(environment),
            *narrowed(),
            *(f"--ignore={path}" for path in not_repeated(environment)),
        ],
        cwd=CHECKOUT,
        env=tool_environment(home_of(environment), directory),
    )
    record_property("environment", summary(output) + left_out(environment))


def test_every_file_of_the_plugins_imports(made: Made, link_tree: Path) -> None:
    """What an older Python cannot compile, and what an older ansible-core or boto3 does not have."""
    environment, directory = made
    paths = [path.relative_to(CHECKOUT).with_suffix("") for path in sorted((CHECKOUT / "plugins").rglob("*.py"))]
    names = [f"ansible_collections.hardening.iam.{'.'.join(path.parts)}" for path in paths]
    run(
        [directory / "bin" / "python", "-c", import_without(), *names],
        cwd=CHECKOUT,
        env={**tool_environment(home_of(environment), directory), "PYTHONPATH": str(link_tree)},
    )


def test_what_is_not_repeated_imports_without_ansible(link_tree: Path) -> None:
    """In an interpreter that has neither it nor amazon.aws: the tests, and with them the rooms that they try.

    The rooms import without boto3 too; their tests may have AWS's managed policies from moto.
    """
    names = [".".join(path.relative_to(CHECKOUT / "tests").with_suffix("").parts) for path in PURE_FILES]
    run(
        [sys.executable, "-c", import_without("ansible", "ansible_collections.amazon"), *names],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": f"{link_tree}{os.pathsep}{CHECKOUT / 'tests'}"},
    )


def names_imported(path: Path) -> set[str]:
    """Absolute imports, those inside functions too, which an import of the file does not try."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = [node for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    names = {f"{node.module}.{alias.name}" for node in modules for alias in node.names}
    return names | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_what_is_not_repeated_asks_nobody_for_ansible() -> None:
    """Neither on the way (what composes the rooms, the emulator, another test's helpers) nor by starting a command."""
    known = tuple(f"{UTILS_PACKAGE}.{room}." for room in PURE_ROOMS)
    helpers = tuple(path.replace("/", ".").removeprefix("tests.") + "." for path in PURE)
    for path in PURE_FILES:
        for name in names_imported(path):
            package = name.partition(".")[0]
            # AWS's service models are data, which the tables are held against. The rooms themselves read none.
            asked = {"ansible", "boto3", "botocore", "emulator", "subprocess"} & {package}
            assert not asked or name == "botocore.session", (path, name)
            assert package != "ansible_collections" or f"{name}.".startswith(known), (path, name)
            assert package not in ("unit", "integration", "gates") or name.startswith(helpers), (path, name)


@pytest.mark.parametrize(
    ("python", "rooms"), [(this_python(), PURE), ("3.0", ())], ids=["of this Python", "of another Python"]
)
def test_what_is_not_repeated_is_named(python: str, rooms: tuple[str, ...]) -> None:
    environment = Environment(python=python, ansible="ansible", core="2.0")
    assert not_repeated(environment) == rooms
    assert (f"of {', '.join(path.rpartition('/')[2] for path in rooms)}:" in left_out(environment)) == bool(rooms)
    assert all((CHECKOUT / path).is_dir() for path in rooms)
