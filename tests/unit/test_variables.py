# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of roles and playbooks: their descriptions are current, and no role copies shared ones."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from scripts.generate_descriptions import (
    FACTS,
    KNOWN,
    MARK,
    MODES,
    RUNTIME,
    SCRIPT,
    Role,
    all_roles,
    read_removed_variables,
    render_all,
    render_modes,
    render_runtime,
    variables,
)

CHECKOUT = Path(__file__).resolve().parents[2]
ROLES = CHECKOUT / "roles"
PAGE = CHECKOUT / "docs" / "variables.md"


def known() -> dict[str, list[str]]:
    return t.cast("dict[str, list[str]]", yaml.safe_load(KNOWN.read_text(encoding="utf-8")))


def role_names() -> list[str]:
    return [role.name for role in all_roles()]


def test_generated_files_are_current() -> None:
    stale = [
        str(path.relative_to(CHECKOUT))
        for path, text in render_all().items()
        if path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run tests/scripts/generate_descriptions.py"


def test_generated_files_are_marked() -> None:
    for path, text in render_all().items():
        whole = path.suffix == ".yml" and path not in (RUNTIME, MODES)
        assert text.startswith(f"---\n{MARK}\n") if whole else SCRIPT in text


def test_each_mode_that_the_preflight_announces_is_that_of_its_role() -> None:
    modes = yaml.safe_load(render_modes())["preflight_modes"]
    assert "access_keys_mode | default('report')" in modes["access_keys"]
    assert "(event_alerts_topic_arn | default('', true))" in modes["event_alerts"]
    assert "preflight" not in modes and "organization_guardrails" not in modes


def test_the_action_group_has_every_module() -> None:
    modules = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("[!_]*.py")}
    assert set(yaml.safe_load(render_runtime())["action_groups"]["iam"]) == modules


def test_every_role_has_a_prefix() -> None:
    assert {*known()["own_prefixes"], *known()["shared_prefixes"]} == {
        *role_names(),
        "acceptance",
        "audit_sheet",
        "containment_drill",
        "credential_hunt",
        "explain_denial",
        "hardening",
        "least_privilege",
        "plan_for_event",
        "simulate",
    }
    assert not set(known()["own_prefixes"]) & set(known()["shared_prefixes"])


@pytest.mark.parametrize("name", role_names())
def test_a_role_has_no_copy_of_a_shared_variable(name: str) -> None:
    """A default that is a shared variable, or that and a constant.

    Each of two roles may have a rollout of its own, and the playbook of the preflight shows its whole table.
    """
    copy = re.compile(r"\{\{ (?:aws|hardening|awx|tower)_\w+( \| default\(.*\))? \}\}")
    copies = {variable for variable, value in Role(name).defaults.items() if copy.fullmatch(str(value))}
    assert copies <= {f"{name}_rollout"}


@pytest.mark.parametrize("name", role_names())
def test_every_variable_of_a_role_is_described(name: str) -> None:
    role = Role(name)
    found = variables(role)
    assert all(item.description and item.description[0].endswith((".", ")")) for item in found)
    # Nothing is described by hand that the role does not have.
    assert set(role.declared.get("variables", {})) <= set(role.defaults)


def expressions() -> Iterator[tuple[Path, str]]:
    """What templates of roles, playbooks and scenarios read: their texts without the keys of mappings."""
    for pattern in (
        "roles/*/defaults/*",
        "roles/*/tasks/*",
        "roles/*/templates/*",
        "roles/*/vars/*",
        "playbooks/*.yml",
    ):
        for path in CHECKOUT.glob(pattern):
            yield path, re.sub(r"^[\s-]*\w+:", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_nothing_reads_a_removed_variable() -> None:
    names = re.compile(rf"(?<![\w.'])({'|'.join(read_removed_variables())})\b(?!')")
    assert {f"{path.name}: {found}" for path, text in expressions() for found in names.findall(text)} == set()


def test_no_document_names_a_removed_variable() -> None:
    options = {option for role in all_roles() for option in role.options}
    names = re.compile(rf"\b({'|'.join(read_removed_variables() - options)})\b")
    files = [*({*CHECKOUT.glob("docs/*.md")} - {PAGE}), *CHECKOUT.glob("*.md"), *CHECKOUT.glob("roles/*/README.md")]
    files += [*CHECKOUT.glob("examples/**/*.y*ml"), *CHECKOUT.glob("extensions/molecule/*/*.yml")]
    assert {f"{path}: {found}" for path in files for found in names.findall(path.read_text(encoding="utf-8"))} == set()


# The page of shared variables.


def rows() -> dict[str, list[str]]:
    """The tables of the page: default, example and need of each variable."""
    lines = re.findall(r"^\| `((?:aws|hardening)_\w+)` \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len({name for name, _rest in lines}) == len(lines)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in lines}


def test_the_page_has_every_shared_variable() -> None:
    shared = {name for name in known()["variables"] if name.startswith(("aws_", "hardening_"))}
    assert set(rows()) == shared - FACTS


def test_every_row_of_the_page_is_whole() -> None:
    for name, cells in rows().items():
        assert len(cells) == 4, name
        assert all(cells), name
        assert cells[2] == "no" or cells[2].startswith("to "), name


@pytest.mark.parametrize("name", role_names())
def test_the_page_has_the_defaults_that_hold(name: str) -> None:
    """The module's default where a role passes a variable on as it is, else the constant in the task of the role."""
    role = Role(name)
    for option, value in role.task[1].items():
        match = re.fullmatch(r"\{\{ ((?:aws|hardening)_\w+) \| default\((omit|'[^']*')\) \}\}", str(value))
        if match and match[2] == "omit":
            default = role.options[option].get("default")
            expected = "" if default in (None, [], {}) else yaml_text(default)
        else:
            expected = match[2].strip("'") if match else ""
        if match and expected:
            assert f"`{expected}`" in rows()[match[1]][0]


def yaml_text(value: t.Any) -> str:
    """A value as people write it in YAML."""
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()


def test_the_docs_list_the_variables_of_the_account() -> None:
    text = PAGE.read_text(encoding="utf-8")
    (listed,) = re.findall(r"variables that begin with `aws_` are ([^.]*)\.", text)
    assert re.findall(r"`(\w+)`", listed) == [name for name in known()["variables"] if name.startswith("aws_")]


# Variables that the roles of a play read, and that no user sets.
OF_PLAYS: t.Final[dict[str, set[str]]] = {
    "assess": {"__hardening_brief_results", "__hardening_report_dir"},
    "conclude": {
        "__hardening_group",
        "__hardening_in_waves",
        "__hardening_may_have_no_host",
        "__hardening_report_dir",
    },
    "harden": {"__hardening_brief_results", "__hardening_report_dir"},
    "organization": {"__hardening_report_dir"},
    "plan_for_event": {"__hardening_report_dir"},
    "prepare": {
        "__hardening_group",
        "__hardening_in_waves",
        "__hardening_may_have_no_host",
        "__prepare_reads_only",
    },
    "rollback": {"__hardening_report_dir"},
}


@pytest.mark.parametrize("name", OF_PLAYS)
def test_no_inventory_sets_what_plays_set(name: str) -> None:
    """Variables of hosts lose to those of a play. One that a play does not set could move its reports elsewhere."""
    for play in yaml.safe_load((CHECKOUT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")):
        if "hosts" in play:
            assert set(play["vars"]) >= OF_PLAYS[name], play["name"]


def test_every_such_variable_is_set_by_a_play() -> None:
    read = {
        found
        for path, text in expressions()
        if "vars" not in path.parts
        for found in re.findall(r"\b__(?:hardening_|prepare_reads)\w+", text)
    }
    assert read <= {name for names in OF_PLAYS.values() for name in names}
