# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The changes of a run in the HTML report, its refusals and its costs."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Iterator, Mapping

from ...module_utils._converge.affects.affected import describe_affected
from ...module_utils._report.grouping import problem_of, refusal_groups, resource_name
from ...module_utils._report.plain import as_json
from ...module_utils._report.states import REFUSED, count_changes, state_of
from .findings import View
from .text import describe_cost

_KINDS: t.Final = {"+": "add", "-": "del"}


def view_changes(report: Mapping[str, t.Any]) -> View:
    """View the changes of the run, the refusals of its guards, and the charges of AWS."""
    findings = {
        item["fingerprint"]: f"{problem_of(item, report)}: {resource_name(item)}" for item in report["findings"]
    }
    # Changes that a guard holds back can be approved, so people have to see them.
    held_back = [refusal["change"] for refusal in report["refused"] if refusal.get("change")]
    return {
        "changes": [
            *(_view_change(change, state_of(change), findings) for change in report["changes"]),
            *(_view_change(change, REFUSED, findings) for change in held_back),
        ],
        "counts": count_changes(report),
        "refusals": refusal_groups(report["refused"]),
        "costs": [{"cost": cost, "state": state_of(cost), "units": describe_cost(cost)} for cost in report["costs"]],
    }


def _view_change(change: Mapping[str, t.Any], state: str, findings: Mapping[str, str]) -> View:
    affects = change.get("affects")
    return {
        "change": change,
        "state": state,
        "difference": list(_compare(change["before"], change["after"])),
        "affects": describe_affected(affects, most=10) if affects else "",
        "remedies": [(key, findings[key]) for key in change["remedies"] if key in findings],
    }


def _compare(before: t.Any, after: t.Any) -> Iterator[tuple[t.Optional[str], str]]:
    """Line by line, each with its kind: ``add``, ``del``, or None for a line that stays."""
    old = [] if before is None else as_json(before).splitlines()
    new = [] if after is None else as_json(after).splitlines()
    for line in difflib.ndiff(old, new):
        if not line.startswith("?"):
            yield _KINDS.get(line[0]), line
