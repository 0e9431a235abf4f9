# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan as a section of the pages of an account and of a run."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ...module_utils._controls.control import plural
from ...module_utils._converge.plan import IF_APPROVED, PLANNED
from ...module_utils._report.plain import as_json
from ...module_utils._report.plan_lines import AccountPlan
from ...module_utils._report.plan_view import (
    Approval,
    Group,
    approve_by,
    count_plan,
    describe_group,
    describe_held,
    describe_note,
    describe_price,
    describe_total,
    describe_unconfirmed,
)
from .changes import Entry, View, name_findings, view_change
from .page import Section

# So many kinds of changes are shown before the rest is folded.
_SHOWN: t.Final = 20


@dataclasses.dataclass(frozen=True)
class PlanOfAccount:
    """What the page of an account shows of its plan."""

    approval: Approval
    plan: AccountPlan


def make_section(
    report: Mapping[str, t.Any], shown: PlanOfAccount, entries: Sequence[Entry]
) -> tuple[Section, frozenset[str]]:
    """The section of the plan, and the ids of the entries that it shows in place of the section on changes."""
    findings = name_findings(report)
    known: dict[str, list[Entry]] = {}
    for entry in entries:
        known.setdefault(_identify(entry.change), []).append(entry)
    lines = [(PLANNED, line) for line in shown.plan.planned] + [(IF_APPROVED, line) for line in shown.plan.waiting]
    states: dict[str, list[View]] = {}
    for number, (state, line) in enumerate(lines, start=1):
        # Findings lead to a change by its id, in whatever section it is.
        same = known.get(_identify(line.entry))
        identifier = same.pop(0).id if same else f"plan-{number}"
        states.setdefault(state, []).append(view_change(Entry(identifier, line.entry, state), findings, line))
    view = {"approval": view_approval(shown.approval), "states": list(states.items())}
    ids = frozenset(change["entry"].id for changes in states.values() for change in changes)
    return Section("plan", "Plan", "account/plan.html.j2", view, len(lines)), ids


def _identify(change: Mapping[str, t.Any]) -> str:
    names = ("service", "region", "operation", "target", "before", "after")
    return as_json({name: change[name] for name in names})


def view_approval(approval: Approval) -> View:
    """View what an approver reads first."""
    return {
        "counts": count_plan(approval),
        "hash": approval.plan_sha256,
        "command": approve_by(approval.plan_sha256 or ""),
        "no_hash_reason": approval.no_hash_reason,
        "without_hash": approval.without_hash,
        "unconfirmed": describe_unconfirmed(approval.unconfirmed),
        "first": _fold(approval.first),
        "others": _fold(approval.others),
        "total": describe_total(approval.costs),
        "costs": [
            f"{describe_price(cost)} in {plural(cost.accounts, 'accounts')}: {cost.why}" for cost in approval.costs
        ],
        "held": [describe_held(held) for held in approval.held],
    }


def _fold(groups: Sequence[Group]) -> View:
    shown = [{"text": describe_group(group), "note": describe_note(group)} for group in groups]
    return {"shown": shown[:_SHOWN], "rest": shown[_SHOWN:]}
