# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a job has a part of the inventory."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.plugin_utils._slices import has_whole_inventory, is_slice

# As AWX sets them (awx_meta_vars in awx/main/models/unified_jobs.py and jobs.py).
IN_WORKFLOW: t.Final = {"job_template_name": "IAM apply", "workflow_job_id": 71, "workflow_job_name": "IAM change"}
SLICE: t.Final = {**IN_WORKFLOW, "workflow_job_name": "IAM apply"}


def in_awx(variables: t.Mapping[str, t.Any], prefix: str = "awx") -> dict[str, t.Any]:
    return {f"{prefix}_{name}": value for name, value in variables.items()}


@pytest.mark.parametrize("prefix", ["awx", "tower"])
def test_a_slice_of_awx(prefix: str) -> None:
    assert is_slice(in_awx(SLICE, prefix).get)
    assert not has_whole_inventory(in_awx(SLICE, prefix).get)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        in_awx(IN_WORKFLOW),
        in_awx({"job_template_name": "IAM apply", "job_launch_type": "manual"}),
        in_awx({"workflow_job_id": 71}),
        {"hardening_fleet_report": ""},
        {"hardening_fleet_report": "true"},
    ],
)
def test_no_slice(variables: dict[str, t.Any]) -> None:
    assert not is_slice(variables.get)
    assert has_whole_inventory(variables.get)


@pytest.mark.parametrize("value", [False, "false", "no"])
def test_a_job_that_leaves_the_report_to_another_is_a_slice(value: t.Any) -> None:
    assert is_slice({"hardening_fleet_report": value}.get)


def test_a_job_that_is_launched_again_may_be_a_slice() -> None:
    assert not has_whole_inventory({"awx_job_launch_type": "relaunch"}.get)
    assert not is_slice({"awx_job_launch_type": "relaunch"}.get)
