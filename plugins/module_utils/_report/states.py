# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The states of changes: applied, planned, applied if approved, reported or refused. Numbers that are never added up.

Planned is what a real run with the same variables would apply. What only a cap holds back, or the lack of an approval,
is applied if somebody approves the plan. A role in the mode ``report`` applies nothing in any run, so what it would
change is only reported. A change that a guard holds back is refused.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping

from .._converge import plan

APPLIED: t.Final = "applied"
PLANNED: t.Final = plan.PLANNED
IF_APPROVED: t.Final = plan.IF_APPROVED
REPORTED: t.Final = "reported"
REFUSED: t.Final = "refused"
STATES: t.Final = (APPLIED, PLANNED, IF_APPROVED, REPORTED, REFUSED)
# The names of the numbers in the documents of a run.
COUNTS: t.Final = {
    APPLIED: "changes_applied",
    PLANNED: "changes_planned",
    IF_APPROVED: "changes_if_approved",
    REPORTED: "changes_reported",
    REFUSED: "refused",
}
MODES: t.Final = ("report", "enforce")

Item = Mapping[str, t.Any]

# The members of an entry of a plan that a report does not have.
_OF_PLAN: t.Final = frozenset({"request", "narrows", "unverified", "deadline", "credential", "cost"})


def changes_of(part: Item) -> list[dict[str, t.Any]]:
    """The changes of a part, each with its state; last those that its plan holds back until it is approved."""
    refused = {(item.get("operation"), item.get("target")) for item in part.get("refused", ())}
    shown = [{**change, "state": _state(part, change, refused)} for change in part.get("changes", ())]
    planned = (part.get("plan") or {}).get("changes", ())
    held = [
        {name: value for name, value in entry.items() if name not in _OF_PLAN}
        for entry in planned
        if entry["state"] == IF_APPROVED
    ]
    return [*shown, *held]


def costs_of(part: Item) -> list[dict[str, t.Any]]:
    """The costs of a part, each with the state of the changes that cause it: applied if one of them is, and so on."""
    states = {change["state"] for change in changes_of(part)} | ({REFUSED} if part.get("refused") else set())
    found = next((state for state in STATES if state in states), REPORTED if _only_reports(part) else PLANNED)
    return [{**cost, "state": found} for cost in part.get("costs", ())]


def state_of(item: Item) -> str:
    """The state of a change or a cost of a report. Reports of an older version only say whether it is applied."""
    return str(item.get("state") or (APPLIED if item.get("applied") else PLANNED))


def count_changes(report: Item) -> dict[str, int]:
    """How many changes of a report are in which state."""
    counts = dict.fromkeys(STATES, 0)
    for change in report["changes"]:
        counts[state_of(change)] += 1
    # A change that was refused during the write is among the changes as well.
    return {**counts, REFUSED: len(report["refused"])}


def format_counts(counts: Mapping[str, int]) -> str:
    """Format the numbers of changes by state, the applied ones first."""
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state] or state != IF_APPROVED)


def _state(part: Item, change: Item, refused: Collection[tuple[t.Any, t.Any]]) -> str:
    if change["applied"]:
        return APPLIED
    if _only_reports(part):
        return REPORTED
    # A real run lists what was refused while it was written among its changes too.
    is_real = part.get("check_mode") is False
    return REFUSED if is_real and (change.get("operation"), change.get("target")) in refused else PLANNED


def _only_reports(part: Item) -> bool:
    return part.get("mode") == "report"
