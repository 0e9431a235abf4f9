# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether a job is a slice, which has a part of the inventory and does not know the rest.

The inventory that AWX makes has only the hosts of the slice, and no variable says so: the artifact ``job_slice`` stays
in the node of the workflow (``get_job_kwargs`` in awx/main/models/workflow.py). But the workflow job that AWX makes for
slices has the name of the job template (``create_unified_job`` in awx/main/models/jobs.py).
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.module_utils.parsing.convert_bool import boolean

Value = Callable[[str], t.Any]
_PREFIXES: t.Final = ("awx", "tower")


def is_slice(value: Value) -> bool:
    """Whether a job is one of several slices. ``value`` gives the value of a variable; None if it is not set.

    A workflow with the same name as its template counts too: nothing tells them apart.
    """
    if not boolean(_get_value(value, "hardening_fleet_report", True), strict=False):
        return True
    return any(_is_slice_of_awx(value, prefix) for prefix in _PREFIXES)


def has_whole_inventory(value: Value) -> bool:
    """Whether the inventory of a job is known to have all hosts. A slice that is launched again looks like any job."""
    is_relaunched = any(value(f"{prefix}_job_launch_type") == "relaunch" for prefix in _PREFIXES)
    return not is_relaunched and not is_slice(value)


def _is_slice_of_awx(value: Value, prefix: str) -> bool:
    template = value(f"{prefix}_job_template_name")
    is_in_workflow = value(f"{prefix}_workflow_job_id") is not None
    return is_in_workflow and template is not None and template == value(f"{prefix}_workflow_job_name")


def _get_value(value: Value, name: str, default: t.Any) -> t.Any:
    """The value of a variable; the default where it is not set, or sent empty by a survey."""
    found = value(name)
    return default if found is None or found == "" else found
