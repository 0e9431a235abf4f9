# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The step that one run takes for each role of a campaign: what is due, or why nothing is. Pure.

A run takes at most one step a role. A trial whose deadline has passed ends in a run of any stage, and of none.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._prediction.denials.verdict import DELIVERY
from .declared import Declared
from .gates import (
    Gate,
    Objection,
    check_boundary,
    check_canaries,
    check_in_force,
    check_machines,
    check_moved,
    check_namers,
    check_new_role,
    check_outcome,
    check_proof,
    check_slots,
    check_soak,
    check_trial_age,
    check_trust,
    check_unread_namers,
    check_unused,
    describe_doubts,
    find_last_use,
    find_old_only,
    join_some,
)
from .lifting import find_deadline, find_lift, find_parallel_deadline, has_unknown_trial
from .model import Stage, Way
from .owners.decision import (
    check_owned,
    describe_prepared,
    hand_out,
    is_waiting,
    revert_by_owner,
    wait_for_owner,
)
from .records import Kind
from .situation import LiveRole, Situation, measure
from .step import State, Step

#: The order of the stages; a revert has no place in it.
ORDER: t.Final = tuple(stage for stage in Stage if stage is not Stage.REVERT)
STAGE_MISSING: t.Final = "stage_missing"
_REPAIR: t.Final = "move away what no run wrote, or revert"


def decide(declared: Declared, situations: Sequence[Situation], *, now: datetime) -> tuple[Step, ...]:
    """Decide the step of each role."""
    canaries = check_canaries(declared, situations, now) if declared.stage is Stage.CUT_OVER else None
    return tuple(_Decision(declared, situation, canaries, now).decide() for situation in situations)


def describe(declared: Declared, situation: Situation, *, now: datetime) -> Step:
    """Describe how far a role is, without a step. Nothing is checked that was read before its last record."""
    return _Decision(declared, situation, None, now).describe()


class _Decision:
    """The decision on one role."""

    def __init__(self, declared: Declared, situation: Situation, canaries: Gate, now: datetime) -> None:
        self._declared = declared
        self._situation = situation
        self._past = situation.past
        self._canaries = canaries
        self._now = now

    def decide(self) -> Step:
        live, stage = self._situation.live, self._declared.stage
        if live is None:
            return self._refuse(Objection("role_missing", f"{self._situation.name} does not exist any more"))
        if self._declared.reverts(live.arn):
            return self._revert(live)
        lift = find_lift(self._declared, self._situation, self._now)
        if lift is not None and not self._repeats_canary(live):
            reason = f"{lift.reason}; begin again with least_privilege_stage=canary"
            return self._make(State.LIFTED, reason, event=Kind.LIFTED, way=Way.IN_PLACE)
        objection = self._check_records(live)
        if objection is not None:
            return self._refuse(objection)
        if self._situation.target is None:
            return self._make(State.WAITING, "no target selects the role any more; revert it, or select it again")
        if stage is None or stage is Stage.REVERT:
            return self.describe()
        return self._take(stage, live)

    # Records

    def _repeats_canary(self, live: LiveRole) -> bool:
        """Whether the run was killed between the trial and its record, and this one goes on."""
        is_next = self._past.reached is Kind.PREPARED and not self._past.doubts
        is_young = check_trial_age(self._declared, live, self._now) is None
        is_due = self._declared.stage is Stage.CANARY and is_next and is_young
        return is_due and has_unknown_trial(self._situation, live)

    def _check_records(self, live: LiveRole) -> Gate:
        past, target = self._past, self._situation.target
        if self._situation.other_campaign and target is not None:
            return Objection("other_campaign", self._situation.other_campaign)
        if past.is_recreated:
            reason = f"the role was created again: its id is {live.id}, and there are records of another; revert first"
            return Objection("role_recreated", reason)
        if past.doubts:
            reasons = describe_doubts(past.doubts)
            return Objection("forged_record", f"the records contradict each other ({reasons}); {_REPAIR}")
        if self._is_emptied(live) and past.is_reverted and live.has_policies:
            reason = "the records say that it was reverted, and it has policies of the campaign; move away the record "
            return Objection("forged_record", f"{reason}that no run wrote, or revert again")
        if self._is_emptied(live):
            reason = (
                "the campaign made something for the role, and its records are missing; restore them, or revert first"
            )
            return Objection("store_emptied", reason)
        if target is not None and past.way is not None and target.way is not past.way:
            reason = f"it was begun by way {past.way}, and way {target.way} is declared; revert first"
            return Objection("way_changed", reason)
        return self._check_end(live)

    def _check_end(self, live: LiveRole) -> Gate:
        """Refuse records that say more than AWS has: an old role that is open is neither closed nor retired."""
        is_parallel = self._past.way is Way.PARALLEL
        if is_parallel and self._past.reached in (Kind.CLOSED, Kind.RETIRED) and live.is_closed is False:
            return Objection(
                "reopened", "the old role is not closed; find out who changed its trust policy, or forged the record"
            )
        if self._past.reached is Kind.RETIRED and live.has_documents is False:
            return Objection("not_in_force", "it is retired by the records, but the documents are not in force; revert")
        return None

    def _is_emptied(self, live: LiveRole) -> bool:
        """Whether there is something of the campaign in AWS that cannot be there by the records."""
        is_early = self._past.stage in (None, Stage.ASSESS)
        # A revert leaves a new role that was used, but closed, and it opens the old one.
        new, is_open = live.new_role, not self._past.is_reverted
        has_role = new is not None and new.is_ours and (is_open or new.is_closed is False or live.is_closed is True)
        # Only a cut-over in place gives the role itself its policies. The owner of a role may use any names.
        is_cut_over = live.has_policies and not self._past.has_prepared and self._situation.way is not Way.BY_OWNER
        return is_cut_over or (is_early and (has_role or live.has_trial))

    # Stages

    def _take(self, stage: Stage, live: LiveRole) -> Step:
        if stage is Stage.CANARY and not self._situation.is_canary and self._past.reached is not Kind.OPENED:
            return self.describe("it is no canary, so it waits for stage cut_over")
        missing = self._find_missing(stage)
        if missing is not None:
            name = self._situation.name
            reason = f"stage {missing} of {name} is missing: run least_privilege_stage={missing} first"
            return self._refuse(Objection(STAGE_MISSING, reason))
        if self._is_done(stage) and not self._is_undone(stage, live):
            return self._repeat(stage, live)
        return {
            Stage.ASSESS: self._assess,
            Stage.GENERATE: self._generate,
            Stage.PREPARE: self._prepare,
            Stage.CANARY: self._open,
            Stage.CUT_OVER: self._cut_over,
            Stage.WATCH: self._watch,
            Stage.RETIRE: self._retire,
        }[stage](live)

    def _list_stages(self) -> list[Stage]:
        return [stage for stage in ORDER if stage is not Stage.CANARY or self._situation.is_canary]

    def _find_missing(self, stage: Stage) -> t.Optional[Stage]:
        """Find the first stage before one that is not done."""
        before = [one for one in self._list_stages() if ORDER.index(one) < ORDER.index(stage)]
        return next((one for one in before if not self._has_done(one)), None)

    def _has_done(self, stage: Stage) -> bool:
        reached = self._past.stage
        return reached is not None and ORDER.index(reached) >= ORDER.index(stage)

    def _is_done(self, stage: Stage) -> bool:
        return stage is not Stage.GENERATE and self._has_done(stage)

    def _is_undone(self, stage: Stage, live: LiveRole) -> bool:
        """Whether somebody undid the last stage, so that it is taken again. A trial that is gone has its own rules."""
        last = {Stage.CANARY: {Kind.OPENED}, Stage.CUT_OVER: {Kind.CUT_OVER, Kind.WATCHED}}.get(stage, set())
        is_trial = stage is Stage.CANARY and self._situation.way is Way.IN_PLACE
        is_gone = live.has_other_trial if is_trial else live.has_documents is False or check_trust(live) is not None
        return self._past.reached in last and is_gone

    def _repeat(self, stage: Stage, live: LiveRole) -> Step:
        """Describe a stage that is done. The patch of stage prepare is handed out again while it may be applied."""
        found = self.describe()
        is_open = stage is Stage.PREPARE and self._past.reached is Kind.PREPARED and is_waiting(self._situation, live)
        return self._hand_out(found) if is_open and not any(self._check_prepared(live)) else found

    def _assess(self, _live: LiveRole) -> Step:
        return self._due(Kind.ASSESSED, "its use and what names it are recorded")

    def _generate(self, _live: LiveRole) -> Step:
        found, past = self._situation.proposal, self._past
        if past.reached is Kind.RETIRED:
            return self.describe()
        if found is None or found.failure:
            return self._refuse(Objection("no_documents", found.failure if found else "nothing was generated"))
        objection = check_outcome(self._declared, self._situation)
        if objection is not None and objection.rule == "no_documents":
            return self._refuse(objection)
        is_same = (found.content_sha256, found.layers_sha256) == (past.content_sha256, past.layers_sha256)
        if is_same and not found.has_other_before:
            return self.describe()
        warnings = (objection.reason,) if objection else ()
        text = "new documents were generated"
        again = "; the stages after it begin again" if past.content_sha256 else ""
        return self._due(Kind.GENERATED, f"{text}{again}", warnings)

    def _prepare(self, live: LiveRole) -> Step:
        reason = describe_prepared(self._situation, live)
        return self._hand_out(self._pass(self._check_prepared(live), Kind.PREPARED, reason))

    def _hand_out(self, step: Step) -> Step:
        return hand_out(step, self._situation, is_early=not self._situation.is_canary)

    def _open(self, live: LiveRole) -> Step:
        is_trial = self._situation.way is Way.IN_PLACE
        gates = (
            *self._check_ready(live),
            check_boundary(live) if is_trial else None,
            check_trial_age(self._declared, live, self._now) if is_trial else None,
            check_machines(self._declared, self._situation) if is_trial else None,
        )
        old_only = [f"{one.kind} of {one.resource}" for one in find_old_only(self._declared, self._situation)]
        warnings = (f"only the old role is named in {join_some(old_only)}",) if old_only else ()
        reason = f"stage canary begins; it takes {self._declared.canary_days} days"
        return wait_for_owner(self._pass(gates, Kind.OPENED, reason, warnings), self._situation, live)

    def _cut_over(self, live: LiveRole) -> Step:
        is_parallel = self._situation.way is Way.PARALLEL
        # A canary whose owner took the policies back after the cut-over must not wait for itself.
        is_repeated = self._situation.way is Way.BY_OWNER and self._has_done(Stage.CUT_OVER)
        gates = (
            *self._check_ready(live),
            check_trust(live) if self._past.reached is Kind.OPENED else None,
            self._check_trial(live),
            check_namers(self._declared, self._situation) if is_parallel else None,
            None if is_repeated else self._canaries,
        )
        found = self._pass(gates, Kind.CUT_OVER, "it is cut over to the new documents")
        return wait_for_owner(found, self._situation, live)

    def _watch(self, live: LiveRole) -> Step:
        objection = self._check_watched(live)
        if objection is None:
            return self._due(Kind.WATCHED, f"no new denial within {self._declared.watch_days} days")
        if objection.rule == "soak_not_over":
            return self.describe(objection.reason)
        return self._refuse(objection)

    def _retire(self, live: LiveRole) -> Step:
        declared, situation = self._declared, self._situation
        if self._past.is_closed:
            return self._retire_closed(live)
        gates = [self._check_watched(live), check_slots(situation, live)]
        if situation.way is Way.PARALLEL:
            gates += [
                check_unused(declared, situation, self._now),
                check_moved(declared, situation),
                check_namers(declared, situation),
                check_unread_namers(declared, situation),
            ]
            return self._pass(gates, Kind.CLOSED, "the old role is closed; its policies stay for now")
        if live.has_trial:
            gates.append(Objection("slot_filled", "the trial boundary is still attached; repeat stage cut_over"))
        return self._pass(gates, Kind.RETIRED, "the role is right-sized")

    def _retire_closed(self, live: LiveRole) -> Step:
        soak = measure(self._past.since[Kind.CLOSED], self._declared.closed_days, self._now)
        if not soak.is_over:
            return self.describe()
        gates = [
            check_new_role(self._situation, live),
            check_trust(live),
            check_in_force(live),
            check_unused(self._declared, self._situation, self._now),
            self._check_closed(live),
            check_unread_namers(self._declared, self._situation),
        ]
        return self._pass(gates, Kind.RETIRED, "the policies of the old role are detached; the role stays")

    # Gates of this role

    def _check_proof(self, live: LiveRole) -> Gate:
        return check_proof(self._declared, self._situation, live)

    def _check_prepared(self, live: LiveRole) -> tuple[Gate, ...]:
        situation = self._situation
        gates = check_slots(situation, live), check_new_role(situation, live), check_owned(situation, live)
        return (*gates, self._check_proof(live))

    def _check_ready(self, live: LiveRole) -> tuple[Gate, ...]:
        situation = self._situation
        gates = check_new_role(situation, live), check_slots(situation, live), check_owned(situation, live)
        return (*gates, self._check_proof(live))

    def _check_trial(self, live: LiveRole) -> Gate:
        """Refuse to go on from a trial that somebody replaced by another boundary."""
        return check_boundary(live) if self._past.trial is not None and not live.has_documents else None

    def _check_watched(self, live: LiveRole) -> Gate:
        declared, situation = self._declared, self._situation
        return (
            check_new_role(situation, live)
            or check_trust(live)
            or check_in_force(live)
            or check_soak(declared, situation, Kind.CUT_OVER, declared.watch_days, self._now)
        )

    def _check_closed(self, live: LiveRole) -> Gate:
        if not live.is_closed:
            return Objection("reopened", "it is not known whether the old role is closed")
        last, closed = find_last_use(self._situation), self._past.since[Kind.CLOSED]
        if last is not None and last > closed:
            return Objection("old_role_used", f"the old role was used on {format_utc(last)}, after it was closed")
        return None

    # The revert

    def _revert(self, live: LiveRole) -> Step:
        past = self._past
        has_something = past.reached is not None or bool(past.doubts) or self._is_emptied(live)
        if not has_something:
            state = State.REVERTED if past.is_reverted else State.DONE
            return self._make(state, "there is nothing to revert")
        if past.is_recreated:
            reason = "the role was created again, so only what the campaign made is removed"
            return dataclasses.replace(self._due(Kind.REVERTED, reason), restores=False)
        if self._situation.other_campaign and not (past.has_prepared or past.doubts or self._is_emptied(live)):
            # The journal does not tell the changes of one campaign from those of another.
            reason = "the campaign made nothing for the role, and what another one made stays"
            return dataclasses.replace(self._due(Kind.REVERTED, reason), is_only_recorded=True)
        doubts = describe_doubts(past.doubts)
        warnings = (
            (f"records contradict each other, so what is undone is what is seen in AWS: {doubts}",) if doubts else ()
        )
        found = self._due(Kind.REVERTED, "what the campaign did is undone", warnings)
        return revert_by_owner(found, self._situation, live) if self._situation.way is Way.BY_OWNER else found

    # The result

    def _pass(self, gates: Sequence[Gate], event: Kind, reason: str, warnings: tuple[str, ...] = ()) -> Step:
        objection = next((gate for gate in gates if gate is not None), None)
        if objection is None:
            return self._due(event, reason, warnings)
        if objection.rule == "soak_not_over":
            return dataclasses.replace(self._refuse(objection), state=State.WAITING)
        return self._refuse(objection)

    def _due(self, event: Kind, reason: str, warnings: tuple[str, ...] = ()) -> Step:
        return self._make(State.DUE, reason, event=event, warnings=warnings)

    def _refuse(self, objection: Objection) -> Step:
        return self._make(State.REFUSED, objection.reason, rule=objection.rule)

    def describe(self, reason: str = "") -> Step:
        """Describe how far the role is, where nothing is done."""
        past, situation = self._past, self._situation
        if past.reached is None:
            text = "it was reverted" if past.is_reverted else "nothing was done yet"
            return self._make(State.REVERTED if past.is_reverted else State.WAITING, reason or text)
        if past.is_lifted:
            return self._make(State.LIFTED, reason or "its trial was lifted")
        if past.reached is Kind.RETIRED:
            return self._make(State.RETIRED, reason or "it is right-sized")
        days, since = self._find_soak()
        if since is None:
            return self._make(State.DONE, reason or f"stage {past.stage} is done")
        is_closed = past.reached is Kind.CLOSED
        soak = measure(since, days, self._now, delivery=timedelta() if is_closed else DELIVERY)
        state = State.CLOSED if is_closed else State.DONE if soak.is_over else State.SOAKING
        text = f"stage {'retire' if is_closed else past.stage} soaks until {format_utc(soak.ends)}"
        if soak.is_over:
            text = f"stage {past.stage} of {situation.name} has soaked"
        return dataclasses.replace(self._make(state, reason or text), days_left=round(soak.days_left, 2))

    def _find_soak(self) -> tuple[int, t.Optional[datetime]]:
        """Find the days and the start of the soak that is under way; None without one."""
        declared, reached = self._declared, self._past.reached
        if reached is Kind.OPENED:
            return declared.canary_days, self._situation.find_start(Kind.OPENED)
        if reached is Kind.CUT_OVER:
            return declared.watch_days, self._situation.find_start(Kind.CUT_OVER)
        if reached is Kind.CLOSED:
            return declared.closed_days, self._past.since[Kind.CLOSED]
        return 0, None

    def _make(self, state: State, reason: str, **fields: t.Any) -> Step:
        past, situation = self._past, self._situation
        own: dict[str, t.Any] = {
            "way": situation.way,
            "next": self._name_next(),
            "since": past.since.get(past.reached) if past.reached else None,
            "deadline": find_deadline(self._declared, situation) or find_parallel_deadline(self._declared, situation),
        }
        return Step(
            situation.role_arn,
            state,
            reason,
            is_canary=situation.is_canary,
            stage=self._declared.stage,
            **{**own, **fields},
        )

    def _name_next(self) -> str:
        """Name the command of the next stage; empty after the last one."""
        stages = self._list_stages()
        following = next((stage for stage in stages if not self._has_done(stage)), None)
        return f"run least_privilege_stage={following}" if following else ""
