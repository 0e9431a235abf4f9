# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The data that a run passes to the next job of a workflow, by ``set_stats``: it stays under 32 KiB."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence

_NAMED: t.Final = 50
_NAME_BYTES: t.Final = 250
_PLAN_BYTES: t.Final = 6_000


def hand_on(
    result: Mapping[str, t.Any], new_criticals: Sequence[Mapping[str, t.Any]], *, failed: Sequence[str], plan: str
) -> dict[str, t.Any]:
    """Collect the data that a workflow passes to its next job; names are cut, counts are not.

    :arg plan: what somebody reads who approves the plan. Of a long one the first lines are passed.
    """
    named = [f"{finding['account_id']}: {finding['problem']}: {finding['resource']}" for finding in new_criticals]
    return {
        "hardening_run_id": result["run_id"],
        "hardening_counts": dict(result["summary"]),
        "hardening_new_criticals": [_cut(name) for name in named[:_NAMED]],
        "hardening_new_criticals_count": len(named),
        "hardening_failed_accounts": [_cut(name) for name in failed[:_NAMED]],
        "hardening_failed_accounts_count": len(failed),
        "hardening_report": result["files"]["json"],
        "hardening_plan": _cut_lines(plan, f"… for the rest see {result['files']['plan_text']}"),
        "hardening_plan_sha256": result.get("plan_sha256"),
    }


def _cut_lines(text: str, note: str) -> str:
    """The first lines of ``text`` that are short enough as JSON; ``note`` says where the others are."""
    if len(json.dumps(text)) <= _PLAN_BYTES:
        return text
    lines = text.splitlines()
    while lines and len(json.dumps("\n".join([*lines, note]))) > _PLAN_BYTES:
        lines.pop()
    return "\n".join([*lines, note])


def _cut(name: str) -> str:
    """The start of ``name``, short enough as JSON too, where a letter beyond ASCII takes six bytes."""
    length = min(len(name), _NAME_BYTES)
    while len(json.dumps(name[:length])) > _NAME_BYTES + 2:
        length -= 1
    return name[:length]
