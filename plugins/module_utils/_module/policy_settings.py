# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The options of how new policies are generated, for every module that generates some."""

from __future__ import annotations

import typing as t

from .._policy.least_privilege.settings import Settings, read_settings
from .arguments import ArgumentSpec
from .task import Task, TaskError

# Calls that are never logged can't be assumed to be.
_LOGGED: t.Final = ["data", "management_read", "management_write"]
SETTINGS_ARGUMENTS: t.Final[ArgumentSpec] = {
    "levels": {"type": "dict"},
    "min_group": {"type": "int"},
    "object_segments": {"type": "int"},
    "accepted_patterns": {"type": "list", "elements": "str"},
    "scope_regions": {"type": "bool"},
    "min_window_days": {"type": "int"},
    "accept_short_window": {"type": "bool"},
    "assume_unused_after": {"type": "int"},
    "assume_logged": {"type": "list", "elements": "str", "choices": _LOGGED},
    "compress": {"type": "bool"},
    "console_reads": {"type": "bool"},
    "always_allow": {
        "type": "list",
        "elements": "dict",
        "options": {
            **{name: {"type": "str", "required": True} for name in ("name", "owner", "reason", "expires")},
            **{name: {"type": "list", "elements": "str", "required": True} for name in ("actions", "resources")},
        },
    },
}


def settings_of(task: Task) -> Settings:
    """Check the options ``SETTINGS_ARGUMENTS`` of a task. Raises TaskError: one can't be used."""
    wanted = {name: task.options[name] for name in SETTINGS_ARGUMENTS if name != "accepted_patterns"}
    wanted["accepted"] = task.options["accepted_patterns"]
    try:
        return read_settings(wanted, now=task.now)
    except ValueError as error:
        raise TaskError(str(error).replace("accepted:", "accepted_patterns:", 1)) from error
