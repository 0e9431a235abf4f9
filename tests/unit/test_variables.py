# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of known variables, by which the preflight finds misspelt ones, is what roles and playbooks really use."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
# What no YAML file of a role or playbook reads: the action plugins do.
READ_BY_PLUGINS = {"hardening_in_process"}
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


def test_known_variables_are_those_in_use() -> None:
    declared = yaml.safe_load((CHECKOUT / "playbooks/vars/known_variables.yml").read_text())
    names = re.compile(rf"(?<![\w.]){declared['__prepare_prefixes'].removeprefix('^')}[a-z_]+\b")
    files = [path for pattern in ("roles/*/*/*.yml", "playbooks/*.yml") for path in CHECKOUT.glob(pattern)]
    used = {
        match.group(0)
        for path in files
        if path != CHECKOUT / "playbooks/vars/known_variables.yml"
        for match in names.finditer(path.read_text())
    }
    assert declared["__prepare_known_variables"] == sorted(used | READ_BY_PLUGINS | HANDED_ON)
