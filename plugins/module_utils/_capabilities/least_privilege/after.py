# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The state of a role after a run: what the next run would say of it, or why its step was not taken. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from ..._converge.change import Change
from ..._converge.ownership.judgement import DRIFT_WAR, FOREIGN
from ..._report.sentences import describe_change
from .archive import Log
from .declared import Declared
from .past import Identity, replay
from .plan import Planned
from .records import Event
from .situation import Situation
from .step import State, Step
from .steps import describe

# The refusal of a change because of another one says nothing by itself.
_TOGETHER: t.Final = "together"
_OWNED: t.Final = frozenset({FOREIGN, DRIFT_WAR})
_Item = Mapping[str, t.Any]


def describe_recorded(
    declared: Declared, situation: Situation, step: Step, log: Log, identity: Identity, event: Event, now: datetime
) -> tuple[Situation, Step]:
    """Describe a role whose step was done and recorded, with the reason of that step."""
    after = dataclasses.replace(situation, past=replay(log.add(event), identity))
    state = describe(declared, after, now=now)
    state = dataclasses.replace(state, reason=step.reason, warnings=step.warnings, handout=step.handout)
    # What is handed out has to be applied before the next stage.
    return after, dataclasses.replace(state, next=step.next) if step.handout else state


def refuse_planned(step: Step, planned: Planned) -> Step:
    """Refuse a step of which nothing can be planned."""
    if not planned.refused or planned.changes:
        return step
    refusal = planned.refused[0]
    return dataclasses.replace(step, state=State.REFUSED, event=None, rule=refusal.rule, reason=refusal.reason)


def refuse_guarded(step: Step, changes: Sequence[Change], refused: Iterable[_Item], *, rules: Collection[str]) -> Step:
    """Refuse a step because guards refused its changes; ``rules`` are those that count, all of them if it is empty.

    For a role that has another owner the reason says what that one would have to do.
    """
    wanted = {(change.target, change.operation) for change in changes}
    found = [item for item in refused if (item["target"], item["operation"]) in wanted and item["rule"] != _TOGETHER]
    first = next((item for item in found if not rules or item["rule"] in rules), None)
    if first is None:
        return step
    reason = str(first["reason"])
    if first["rule"] in _OWNED:
        target = first["target"]
        acts = [describe_change(change.as_dict(applied=False)) for change in changes if change.target == target]
        reason = f"{reason}. Let the owner do it: {'; '.join(acts)}. Then run the stage again"
    return dataclasses.replace(step, state=State.REFUSED, rule=str(first["rule"]), reason=reason)


#: The rules that refuse a step in a run that only reports, too: no approval lifts them.
LASTING: t.Final = _OWNED
