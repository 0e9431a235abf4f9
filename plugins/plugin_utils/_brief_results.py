# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Results of tasks in our playbooks, without the lists that the report of the account has.

Ansible keeps each registered result of each host in memory until the run ends, and AWX keeps each in its database.
The changes and refusals of a large account would make that hundreds of kilobytes a host.
"""

from __future__ import annotations

import typing as t

from ._render.preflight_text import MISSING

#: The variable of our plays that wants brief results.
VARIABLE: t.Final = "__hardening_brief_results"

# Every converging module returns the first, and the report of an account the second.
_CHANGES: t.Final = "changes"
_STATS: t.Final = "stats"
_CAPABILITIES: t.Final = "capabilities"
_DIFF: t.Final = "diff"
# Ansible reads these itself.
_ANSIBLE: t.Final = frozenset({"ansible_facts", "deprecations", "exception", "invocation", "warnings"})
_REPORT: t.Final = ("files", _STATS)


def shorten(result: dict[str, t.Any], *, shows_diff: bool, shows_all: bool) -> None:
    """Replace the lists of a result by their lengths, in ``counts``. A failure stays whole.

    :arg shows_diff: the differences are displayed, so they stay.
    :arg shows_all: the preflight shows what lacks nothing, so that stays.
    """
    if result.get("failed"):
        return
    if _CAPABILITIES in result and not shows_all:
        result[_CAPABILITIES] = [row for row in result[_CAPABILITIES] if row["state"] == MISSING]
    if _CHANGES in result:
        dropped = [name for name, value in result.items() if isinstance(value, (list, dict)) and name not in _ANSIBLE]
        dropped = [name for name in dropped if not (name == _DIFF and shows_diff)]
        lists = {name: result.pop(name) for name in dropped}
        result["counts"] = {name: len(value) for name, value in lists.items() if value and name != _DIFF}
    elif result.get("scope") == "account":
        for name in _REPORT:
            result.pop(name, None)
