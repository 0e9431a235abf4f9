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

from ._render.preflight_text import is_shown

#: The variable of our plays that wants brief results.
VARIABLE: t.Final = "__hardening_brief_results"

# Only converging modules return them, and the lists beside them are no less in the report.
_CHANGES: t.Final = "changes"
_CAPABILITIES: t.Final = "capabilities"
_DIFF: t.Final = "diff"
# The result for the whole run, of which there is one.
_FLEET: t.Final = "fleet"
# Ansible reads the first ones itself. The preflight shows its own, and people read the summary.
_KEPT: t.Final = frozenset(
    {"ansible_facts", "deprecations", "exception", "invocation", "warnings", _CAPABILITIES, "modes", "summary"}
)


def shorten(result: dict[str, t.Any], *, shows_diff: bool, shows_all: bool) -> None:
    """Remove lists and mappings from the result of an account. Those of a converging module leave their lengths.

    A failure stays whole.

    :arg shows_diff: the differences are displayed, so they stay.
    :arg shows_all: the preflight shows what lacks nothing, so that stays.
    """
    if result.get("failed") or result.get("scope") == _FLEET:
        return
    if _CAPABILITIES in result and not shows_all:
        result[_CAPABILITIES] = [row for row in result[_CAPABILITIES] if is_shown(row)]
    kept = _KEPT | ({_DIFF} if shows_diff else set())
    names = [name for name, value in result.items() if isinstance(value, (list, dict)) and name not in kept]
    removed = {name: result.pop(name) for name in names}
    if _CHANGES in removed:
        result["counts"] = {name: len(value) for name, value in removed.items() if value and name != _DIFF}
