# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role access_analyzer: that by default it makes only what is free, and hands over what it declares."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.modules.access_analyzer import argument_spec

from .rendering import ROLES, evaluated

NAME = "access_analyzer"
ROLE = ROLES / NAME
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
RULE: t.Final = {"name": "partner", "filter": {"resource": {"eq": ["arn:aws:s3:::x"]}}, "reason": "they deliver"}


def options() -> dict[str, t.Any]:
    (only,) = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text(encoding="utf-8"))
    return dict(only["hardening.iam.access_analyzer"])


def handed_over(name: str, **variables: t.Any) -> t.Any:
    return evaluated(NAME, options()[name], **variables)


def test_only_what_is_free_is_made_by_default_and_nothing_removed() -> None:
    assert DEFAULTS["access_analyzer_mode"] == "enforce"
    assert handed_over("external") == "any"
    assert (handed_over("unused"), handed_over("internal")) == ("omitted", "omitted")
    assert [handed_over(name) for name in ("archive_rules", "remove_archive_rules", "remove_analyzers")] == [[], [], []]


def test_all_enabled_regions_are_watched_where_none_are_named() -> None:
    assert handed_over("regions") == "omitted"
    assert evaluated(NAME, options()["regions"], beside={"aws_regions": ["eu-west-1"]}) == ["eu-west-1"]


@pytest.mark.parametrize(
    ("name", "given", "declared"),
    [
        # An empty mapping declares nothing, in whatever form: an analyzer of unused access costs money.
        ("unused", "", "omitted"),
        ("unused", "{}", "omitted"),
        ("unused", {}, "omitted"),
        ("unused", "unused_access_age: 90", {"unused_access_age": 90}),
        ("unused", {"scope": "account"}, {"scope": "account"}),
        ("internal", "{}", "omitted"),
        ("internal", "inclusions: [{resource_arns: [a]}]", {"inclusions": [{"resource_arns": ["a"]}]}),
        ("archive_rules", "", []),
        ("archive_rules", [RULE], [RULE]),
        ("archive_rules", yaml.safe_dump([RULE]), [RULE]),
        ("tags", "", {}),
        ("tags", "team: security", {"team": "security"}),
    ],
)
def test_mappings_come_as_a_survey_sends_them_too(name: str, given: t.Any, declared: t.Any) -> None:
    assert handed_over(name, **{name: given}) == declared


def test_defaults_are_those_of_the_module() -> None:
    # The role's own; what all roles share comes from variables of the run.
    own = {
        "archive_rule_max_days",
        "archive_rules",
        "external",
        "name_prefix",
        "remove_analyzers",
        "remove_archive_rules",
        "tags",
    }
    defaults = {name: argument.get("default") for name, argument in argument_spec().items()}
    assert {name: DEFAULTS[f"{NAME}_{name}"] for name in own} == {name: defaults[name] for name in own}
