# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role security_hub: that it only reports by default, and hands over what it declares."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.modules.security_hub import argument_spec

from .rendering import ROLES, evaluated

ROLE = ROLES / "security_hub"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
MODULE = "hardening.iam.security_hub"
IAM_6: t.Final = {"id": "IAM.6", "enabled": False, "reason": "no root credentials"}


def task() -> dict[str, t.Any]:
    (only,) = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text(encoding="utf-8"))
    return dict(only)


def test_it_costs_money_and_so_it_only_reports_by_default() -> None:
    assert DEFAULTS["security_hub_mode"] == "report"


@pytest.mark.parametrize(
    ("name", "value"), [("control_finding_generator", "STANDARD_CONTROL"), ("aggregation_region", "us-east-1")]
)
def test_what_is_empty_is_not_declared(name: str, value: str) -> None:
    template = task()[MODULE][name]
    assert evaluated("security_hub", template) == "omitted"
    assert evaluated("security_hub", template, **{name: value}) == value


@pytest.mark.parametrize(
    ("name", "given", "declared"),
    [
        ("controls", [], []),
        ("controls", "", []),
        ("controls", [IAM_6], [IAM_6]),
        ("controls", yaml.safe_dump([IAM_6]), [IAM_6]),
        ("disable_standards", "", []),
        ("disable_standards", "[{standard: cis, reason: x}]", [{"standard": "cis", "reason": "x"}]),
    ],
)
def test_lists_come_as_a_survey_sends_them_too(name: str, given: t.Any, declared: list[t.Any]) -> None:
    assert evaluated("security_hub", task()[MODULE][name], **{name: given}) == declared


def test_defaults_are_those_of_the_module() -> None:
    for name, argument in argument_spec().items():
        default = DEFAULTS.get(f"security_hub_{name}", "{{")
        if name != "mode" and not (isinstance(default, str) and "{{" in default):
            assert default == (argument.get("default") if "default" in argument else ""), name
