# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role config_rules: that it only reports by default, and hands over what it declares."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.modules.config_rules import argument_spec

from .rendering import ROLES, evaluated

ROLE = ROLES / "config_rules"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
MODULE = "hardening.iam.config_rules"
PASSWORDS: t.Final = {"name": "password-policy", "parameters": {"MinimumPasswordLength": 16}}


def task() -> dict[str, t.Any]:
    (only,) = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text(encoding="utf-8"))
    return dict(only)


def test_it_costs_money_and_so_it_only_reports_by_default() -> None:
    assert DEFAULTS["config_rules_mode"] == "report"


@pytest.mark.parametrize(
    ("name", "value"),
    [("iam_region", "eu-west-1"), ("recorder", {"bucket": "b"}), ("excluded_accounts", ["111122223333"])],
)
def test_what_is_empty_is_not_declared(name: str, value: t.Any) -> None:
    template = task()[MODULE][name]
    assert evaluated("config_rules", template) == "omitted"
    assert evaluated("config_rules", template, **{name: value}) == value


def test_no_excluded_account_is_a_declaration() -> None:
    assert evaluated("config_rules", task()[MODULE]["excluded_accounts"], excluded_accounts=[]) == []


@pytest.mark.parametrize(
    ("name", "given", "declared"),
    [
        ("rules", [], []),
        ("rules", "", []),
        ("rules", [PASSWORDS], [PASSWORDS]),
        ("rules", yaml.safe_dump([PASSWORDS]), [PASSWORDS]),
        ("extra_rules", "", []),
        ("extra_rules", "[{name: x, identifier: Y}]", [{"name": "x", "identifier": "Y"}]),
        ("recorder", "", "omitted"),
        ("recorder", "{bucket: b}", {"bucket": "b"}),
        ("tags", "", {}),
        ("tags", "{team: x}", {"team": "x"}),
    ],
)
def test_structures_come_as_a_survey_sends_them_too(name: str, given: t.Any, declared: t.Any) -> None:
    assert evaluated("config_rules", task()[MODULE][name], **{name: given}) == declared


def test_defaults_are_those_of_the_module() -> None:
    for name, argument in argument_spec().items():
        default = DEFAULTS.get(f"config_rules_{name}", "{{")
        if name != "mode" and not (isinstance(default, str) and "{{" in default):
            assert (default or None) == (argument.get("default") or None), name
