# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles of what watches: each hands over every option of its module, and documents every variable."""

from __future__ import annotations

import importlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.hardening.iam.plugins.plugin_utils._task_input import RUN_OPTIONS

from .rendering import ROLES, evaluated

NAMES = ("access_analyzer", "config_rules", "event_alerts", "findings_export", "security_hub")
# There are no key ids in what these are about; the export cuts them in any case, and judges nothing itself. The action
# plugin gives the job, the details of the run and the place of snapshots.
BY_PLUGIN = {"awx_job_id", "fleet_caps", "job_id", "job_process", "run_details", *RUN_OPTIONS}
NOT_HANDED_OVER = {name: BY_PLUGIN | {"reveal_key_ids"} for name in NAMES} | {
    "findings_export": BY_PLUGIN | {"max_changes", "max_percent", "return_findings", "reveal_key_ids", "thresholds"}
}


def _yaml(role: str, name: str) -> t.Any:
    return yaml.safe_load((ROLES / role / name / "main.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", NAMES)
def test_every_option_of_the_module_can_be_declared(role: str) -> None:
    module = importlib.import_module(f"ansible_collections.hardening.iam.plugins.modules.{role}")
    options = set(module.argument_spec())
    (task,) = _yaml(role, "tasks")
    given = set(task[f"hardening.iam.{role}"])
    missing = {name for name in options - given if not name.startswith("assume_role_")}
    assert missing == NOT_HANDED_OVER[role] & options
    assert given - options == set()


@pytest.mark.parametrize("role", NAMES)
def test_variables_options_and_documents_name_the_same(role: str) -> None:
    specified = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    told = re.findall(rf"^\| `({role}_\w+)`", (ROLES / role / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(told) == set(_yaml(role, "defaults")) == set(specified["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("role", NAMES)
def test_a_plan_that_somebody_approved_binds_all_but_the_export(role: str) -> None:
    (task,) = _yaml(role, "tasks")
    given = task[f"hardening.iam.{role}"]["approved_plan"]
    plan = evaluated(role, given, beside={"hardening_approved_plan": "a plan"})
    assert plan == "a plan"
