# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit and integration tests on the other supported Pythons and ansible-cores."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import yaml
from scope import runs_all
from unit.test_collection import import_without

from .environments import ENVIRONMENTS, OLDEST, Made, home_of, is_this_one, run
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
# What "make test" repeats: the plugins that Ansible itself loads, a playbook over all accounts, and where and how
# modules run; which of them do, "make test-all" asks.
_PREFLIGHT = "tests/integration/test_preflight.py"
FIXED = (
    *(f"tests/unit/plugins/{kind}" for kind in ("action", "callback", "inventory", "plugin_utils")),
    f"{_PREFLIGHT}::test_nothing_is_written",
    f"{_PREFLIGHT}::test_own_roles_suffice",
    f"{_PREFLIGHT}::test_one_table_has_what_is_missing_in_all_accounts",
    "tests/integration/test_in_process.py",
)
# But for cases of single modules, and what is simulated or drawn from data alone.
NARROWED = (
    "--deselect=tests/integration/test_in_process.py::test_result_is_the_same",
    "--deselect=tests/integration/test_in_process.py::test_cases_ran_where_they_should",
    "--deselect=tests/integration/test_in_process.py::test_cases_fail_as_they_should",
    "--ignore=tests/unit/plugins/plugin_utils/_render",
    "--ignore=tests/unit/plugins/plugin_utils/_simulation",
)


def summary(output: str) -> str:
    """What pytest skipped and counted."""
    return "\n".join(re.findall(r"^SKIPPED .*|^.*\b\d+ passed.*", output, flags=re.MULTILINE))


def left_out() -> str:
    """What the summary says of the tests that are not repeated."""
    if runs_all():
        return ""
    parts = ", ".join(option.rpartition("/")[2] for option in NARROWED)
    lines = [f"NOT REPEATED tests but {', '.join(FIXED)}", f"NOT REPEATED {parts}"]
    return "".join(f"\n{line}: make test-all runs them" for line in lines)


def repeated() -> tuple[str, ...]:
    """The arguments for pytest: the fixed set without parts of its files, or in "make test-all" everything."""
    return (*REPEATED, *REPEATED_IN_ALL) if runs_all() else (*FIXED, *NARROWED)


def declared_bounds() -> set[str]:
    """The oldest versions that users are promised, as pins."""
    requirements = (CHECKOUT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    core = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    bounds = [*re.findall(r"^boto.*>=.*$", requirements, flags=re.MULTILINE), f"ansible-core{core}"]
    return {bound.replace(">=", "==") for bound in bounds}


def test_the_oldest_versions_that_are_declared_are_tested() -> None:
    assert set(OLDEST.pins) == declared_bounds()
    assert f"Python {OLDEST.python} or newer" in (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert OLDEST in ENVIRONMENTS
    assert not is_this_one(OLDEST)


def test_what_is_repeated_exists_and_is_part_of_all_of_it() -> None:
    left_out_there = [option.partition("=")[2] for option in NARROWED]
    assert all(argument.startswith(REPEATED) for argument in FIXED)
    assert all(argument.startswith(FIXED) for argument in left_out_there)
    for argument in (*FIXED, *left_out_there, *REPEATED_IN_ALL):
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
        [*pytest_there, *repeated()],
        cwd=CHECKOUT,
        env=tool_environment(home_of(environment), directory),
    )
    record_property("environment", summary(output) + left_out())


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
