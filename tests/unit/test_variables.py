# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of known variables, by which misspelt ones are found, are what roles and playbooks really use."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
LISTS = CHECKOUT / "playbooks" / "vars" / "known_variables.yml"
# What no YAML file of a role or playbook reads: the plugins do.
READ_BY_PLUGINS = {"hardening_ignore_variables", "hardening_in_process"}
# What a job hands on with set_stats, which the next job of a workflow gets as extra variables.
HANDED_ON = {
    "hardening_counts",
    "hardening_failed_accounts",
    "hardening_failed_accounts_count",
    "hardening_new_criticals",
    "hardening_new_criticals_count",
    "hardening_plan_sha256",
    "hardening_report",
    "hardening_run_id",
}
# Groups of the inventory.
NO_VARIABLES = {"aws_accounts"}


def lists() -> dict[str, list[str]]:
    return t.cast("dict[str, list[str]]", yaml.safe_load(LISTS.read_text(encoding="utf-8")))


def test_known_variables_are_those_in_use() -> None:
    prefixes = "|".join([*lists()["own_prefixes"], *lists()["shared_prefixes"], "aws"])
    names = re.compile(rf"(?<![\w.])(?:{prefixes})_[a-z_]+\b")
    files = [path for pattern in ("roles/*/*/*.yml", "playbooks/*.yml") for path in CHECKOUT.glob(pattern)]
    used = {match.group(0) for path in files for match in names.finditer(path.read_text(encoding="utf-8"))}
    assert lists()["variables"] == sorted((used | READ_BY_PLUGINS | HANDED_ON) - NO_VARIABLES)


def test_the_docs_list_the_variables_of_the_account() -> None:
    text = (CHECKOUT / "docs" / "variables.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"variables that begin with `aws_` are ([^.]*)\.", text)
    assert re.findall(r"`(\w+)`", listed) == [name for name in lists()["variables"] if name.startswith("aws_")]


def test_every_role_has_a_prefix() -> None:
    roles = {path.name for path in (CHECKOUT / "roles").iterdir() if path.is_dir()}
    assert {*lists()["own_prefixes"], *lists()["shared_prefixes"]} == roles | {
        "acceptance",
        "explain_denial",
        "hardening",
    }
    assert not set(lists()["own_prefixes"]) & set(lists()["shared_prefixes"])
