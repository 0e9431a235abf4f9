# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The state of a staged rollout as it is returned, and as people read it in the terminal. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ...._account.moments import format_utc
from ...._prediction.denials.verdict import DELIVERY, Verdict, describe_losses
from .declared import Declared, Stage
from .past import Past
from .plan import Action, Decision
from .records import parse_pair

_STATES: t.Final[Mapping[Action, str]] = {
    Action.START: "begins",
    Action.ADVANCE: "begins",
    Action.SOAKING: "soaking",
    Action.HOLD: "held",
    Action.WITHDRAW: "withdrawn",
    Action.FINISHED: "passed",
}
# The actions that need changes, by what is said of them where these were not all made.
_UNDONE: t.Final[Mapping[str, tuple[str, str]]] = {
    Action.START.value: ("not_begun", "not begun"),
    Action.ADVANCE.value: ("not_begun", "not begun"),
    Action.WITHDRAW.value: ("not_withdrawn", "not withdrawn"),
}
# In place of the names of policies; no name has such a character.
_NAMES: t.Final = "\0"
_NEW: t.Final = frozenset({Action.START, Action.ADVANCE})


def build_report(
    declared: Declared, past: Past, decision: Decision, verdict: t.Optional[Verdict], *, now: datetime
) -> dict[str, t.Any]:
    """Build the return value ``rollout``, without the fields that name the policy."""
    current = next(stage for stage in declared.stages if stage.name == decision.stage)
    since = now if decision.action in _NEW else past.since
    ends = since + current.soak if since else None
    left = max(0.0, (ends - now).total_seconds() / 3600) if ends else 0.0
    return {
        "action": decision.action.value,
        "stage": decision.stage,
        "since": format_utc(since) if since else None,
        "soak_ends": format_utc(ends) if ends else None,
        "soak_left_hours": round(left, 2),
        "stages": [_stage_as_dict(stage, declared, decision) for stage in declared.stages],
        "on_gate_failure": declared.on_failure.value,
        "gate": verdict.as_dict() if verdict else None,
        "reason": decision.reason,
        "failed": decision.failed,
        "next": _describe_next(decision, ends),
    }


def _stage_as_dict(stage: Stage, declared: Declared, decision: Decision) -> dict[str, t.Any]:
    place, current = declared.names.index(stage.name), declared.names.index(decision.stage)
    state = "passed" if place < current else "waiting"
    if place == current or (place < current and decision.action is Action.WITHDRAW):
        state = _STATES[decision.action]
    return {
        "name": stage.name,
        "state": state,
        "soak_hours": stage.soak.total_seconds() / 3600,
        "targets": [dict(target) for target in stage.targets],
    }


def _describe_next(decision: Decision, ends: t.Optional[datetime]) -> str:
    if decision.action is Action.FINISHED:
        return "nothing is due"
    if decision.action in (Action.HOLD, Action.WITHDRAW):
        return f"it waits for stage_approved: {decision.stage}"
    due = format_utc(ends + DELIVERY) if ends else "?"
    return f"the gate of stage {decision.stage!r} is checked by the first run after {due}"


def report_obstacle(report: Mapping[str, t.Any], obstacle: str) -> dict[str, t.Any]:
    """Report what became of a decision whose changes were not all made, because of ``obstacle``; it is for people.

    ``report`` is that of the decision. It stays as it is without an obstacle, and where the decision needs no changes.
    """
    action = report["action"]
    if not obstacle or action not in _UNDONE:
        return dict(report)
    name, state = _UNDONE[action]
    decided = _STATES[Action(action)]
    stages = [{**stage, "state": state if stage["state"] == decided else stage["state"]} for stage in report["stages"]]
    outcome = {**report, "action": name, "stages": stages}
    if action == Action.WITHDRAW.value:
        return {**outcome, "reason": f"the policy is not detached everywhere: {obstacle}. {report['reason']}"}
    reason = f"stage {report['stage']!r} has not begun: {obstacle}"
    again = f"the next run tries to begin stage {report['stage']!r} again"
    return {**outcome, "since": None, "soak_ends": None, "soak_left_hours": 0.0, "reason": reason, "next": again}


def render_rollouts(rollouts: Sequence[Mapping[str, t.Any]]) -> str:
    """Render the states of all rollouts for the terminal; equal states once."""
    alike: dict[str, list[str]] = {}
    for report in rollouts:
        alike.setdefault(render_rollout({**report, "policy": _NAMES}), []).append(report["policy"])
    return "\n".join(text.replace(_NAMES, ", ".join(names), 1) for text, names in alike.items())


def render_rollout(report: Mapping[str, t.Any]) -> str:
    """Render the state of a rollout for the terminal, from the return value ``rollout``."""
    lines = [f"Rollout of {report['policy']}: {report['reason']}"]
    for index, stage in enumerate(report["stages"], start=1):
        since = f"since {report['since']}" if stage["name"] == report["stage"] and report["since"] else ""
        lines.append(f"  {index}. {stage['name']:<24} {stage['state']:<10} {since}".rstrip())
    if report["soak_left_hours"]:
        lines.append(f"  soak left: {report['soak_left_hours']:g} hours, until {report['soak_ends']}")
    if report["gate"]:
        lines.append(f"  gate: {_describe_gate(report['gate'])}")
    lines.append(f"  next: {report['next']}")
    return "\n".join(lines)


def _describe_gate(gate: Mapping[str, t.Any]) -> str:
    if gate["failure"]:
        return f"no evidence: {gate['failure']}"
    if gate["losses"]:
        return describe_losses(parse_pair(loss) for loss in gate["losses"])
    if gate["unknown"]:
        return f"AWS names no policy: {describe_losses(parse_pair(loss) for loss in gate['unknown'])}"
    others = (
        f"predicted denials {gate['foreseen']}, of outsiders {gate['of_outsiders']}, by other policies "
        f"{gate['of_other_policies']}"
    )
    return f"nothing lost ({gate['events']} events; {others})"
