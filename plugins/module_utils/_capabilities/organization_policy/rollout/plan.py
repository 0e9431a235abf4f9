# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""A staged rollout of an organization policy: what is due now, by the declaration, the records and the gate. Pure.

Each run does at most the next stage that is due, so that a schedule walks the rollout.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ...._account.moments import format_utc
from ...._converge.errors import InputError
from ...._policy.analysis.principal_matrix import DeniedPair
from ...._prediction.denials.verdict import DELIVERY, Verdict, describe_losses
from .declared import Declared, OnFailure, Stage, Target, canonical, targets_of
from .past import Due, Past
from .records import Event, Kind


class Action(enum.StrEnum):
    """The action of a run for a rollout."""

    START = "start"
    ADVANCE = "advance"
    SOAKING = "soaking"
    HOLD = "hold"
    WITHDRAW = "withdraw"
    FINISHED = "finished"


@dataclasses.dataclass(frozen=True)
class Situation:
    """The present state. ``exists`` is about the policy, ``attached`` has its targets; ``caller`` is the run's own.

    ``content_sha256`` is the hash of what is declared, ``live_sha256`` of what the policy says now.
    """

    now: datetime
    content_sha256: str
    live_sha256: str
    exists: bool
    attached: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    caller: str = ""
    run_id: str = ""


@dataclasses.dataclass(frozen=True)
class Decision:
    """The decision of a run on a rollout.

    ``targets`` are what the policy is to be attached to, in the form of the option ``targets``; ``detach`` what it is
    to be taken off, which is empty unless it is withdrawn. With ``failed`` the run fails once everything is converged,
    with ``reason`` as its message. ``events`` are what is recorded when the changes were made. With ``writes_nothing``
    the policy stays exactly as it is, whatever else is planned for it.
    """

    action: Action
    stage: str
    targets: tuple[Target, ...]
    reason: str
    failed: bool = False
    writes_nothing: bool = False
    detach: tuple[Target, ...] = ()
    events: tuple[Event, ...] = ()
    warnings: tuple[str, ...] = ()
    report: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


class Step:
    """The step that one run takes.

    :raises InputError: the declaration does not go with what was begun.
    """

    def __init__(self, declared: Declared, past: Past, situation: Situation) -> None:
        self._declared = declared
        self._situation = situation
        # A policy that is gone left its rollout with it: what is created now was never tried anywhere.
        self._past = past if situation.exists else Past()
        _check_stages(declared, self._past)
        self._is_edited = self._is_edited_by_others()
        self._restart_reason = self._explain_restart()

    @property
    def soak_ends(self) -> t.Optional[datetime]:
        """When the soak of the current stage is over."""
        return self._past.since + self._current.soak if self._past.since else None

    @property
    def past(self) -> Past:
        """The records that the step goes by."""
        return self._past

    @property
    def wants_gate(self) -> bool:
        """Whether the evidence is to be read: a stage is soaking, or due."""
        settled = self._past.due is not Due.NOTHING or self._is_settled_failure
        return bool(self._past.started) and not settled and not self._restart_reason and not self._is_edited

    @property
    def _is_settled_failure(self) -> bool:
        """Whether a failure stays, whatever the evidence says now. One for want of evidence does not."""
        failure = self._past.failure
        return failure is not None and (bool(failure.losses) or failure.kind is Kind.WITHDRAWN)

    @property
    def _current(self) -> Stage:
        return self._declared.stages[self._declared.names.index(self._past.stage)]

    def decide(self, verdict: t.Optional[Verdict]) -> Decision:
        """Decide the step; ``verdict`` is that of the gate if it was wanted."""
        decision = self._choose_decision(verdict)
        events = (*self._clear_approval(decision), *decision.events)
        warnings = (*decision.warnings, *self._warn_of_unused_approval(decision))
        return dataclasses.replace(decision, events=events, warnings=warnings)

    def _choose_decision(self, verdict: t.Optional[Verdict]) -> Decision:
        past, failure = self._past, self._past.failure
        if not past.started:
            first = self._declared.stages[0]
            return self._begin(Action.START, first, f"stage {first.name!r} begins", is_first=True)
        if past.is_withdrawn and failure is not None:
            return self._approve_restart() if self._is_approved else self._repeat_failure(Action.WITHDRAW, failure)
        if self._is_edited:
            return self._approve_restart() if past.is_edited and self._is_approved else self._hold_edited()
        if self._restart_reason:
            return self._begin(Action.START, self._current, self._restart_reason)
        if past.due is Due.SAME_STAGE:
            return self._begin(Action.START, self._current, f"stage {past.stage!r} was approved and begins again")
        if past.due is Due.NEXT_STAGE:
            return self._go_on((), f"stage {past.stage!r} has passed")
        if failure is not None and self._is_approved and not self._has_news(failure, verdict):
            return self._approve()
        if failure is not None and failure.losses:
            return self._apply_losses(failure.losses) if self._withdraws else self._repeat_failure(Action.HOLD, failure)
        return (
            self._keep_soaking(verdict)
            if self._is_soaking
            else self._apply_verdict(verdict or Verdict(failure="none was read"))
        )

    # The state

    def _is_edited_by_others(self) -> bool:
        """Whether somebody else changed the policy while it was watched: the stage then soaked with other content.

        Once the last stage has passed, an edit is corrected as that of any other policy.
        """
        past, situation = self._past, self._situation
        if not past.started or past.is_withdrawn or self._has_finished:
            return False
        return situation.live_sha256 not in (past.content_sha256, situation.content_sha256)

    @property
    def _has_finished(self) -> bool:
        return self._past.due is Due.NEXT_STAGE and self._declared.after(self._past.stage) is None

    def _explain_restart(self) -> str:
        """Explain why the current stage has to begin anew; empty if it does not."""
        past, situation = self._past, self._situation
        if not past.started or past.is_withdrawn or self._is_edited:
            return ""
        if past.content_sha256 != situation.content_sha256:
            return f"the content of the policy changed, so the soak time of stage {past.stage!r} starts again"
        if past.is_edited:
            return (
                f"the policy has the content of the start of stage {past.stage!r} again, so the soak time starts again"
            )
        # Losses that are on record stay there until somebody approves them or changes the policy.
        if past.doubts and not self._is_settled_failure:
            records = ", ".join(dict.fromkeys(doubt.key.rpartition("/")[2] for doubt in past.doubts))
            return f"some records are ignored ({records}), so the soak time of stage {past.stage!r} starts again"
        if _find_new_targets(self._current, past):
            return f"stage {past.stage!r} has new targets, so its soak time starts again"
        gone = (set(past.attached) & situation.known) - situation.attached
        if gone and past.failure is None and self._are_targets_kept:
            return (
                f"the policy was not attached to {', '.join(sorted(gone))}, so the soak time of {past.stage!r} starts "
                "again"
            )
        return ""

    @property
    def _are_targets_kept(self) -> bool:
        """Whether all that the stages began with is still declared: what is not any more may well be gone."""
        declared = {canonical(target) for target in self._list_targets()}
        return all(canonical(target) in declared for began in self._past.started.values() for target in began)

    @property
    def _is_soaking(self) -> bool:
        """Whether the soak is not over, or what happened at its end may not have been delivered yet.

        Where the clock went backwards, the start is still to come, and so is the end.
        """
        ends = self.soak_ends
        return ends is not None and self._situation.now < ends + DELIVERY

    def _has_news(self, failure: Event, verdict: t.Optional[Verdict]) -> bool:
        """Whether evidence against a stage came up since it was held for want of any: nobody approved that."""
        if failure.losses or verdict is None:
            return False
        return bool(verdict.losses) or not set(failure.unknown).issuperset(verdict.unknown_pairs)

    @property
    def _is_approved(self) -> bool:
        return self._declared.approved == self._past.stage and not self._past.is_stale

    # The ways to go

    def _list_targets(self) -> tuple[Target, ...]:
        return targets_of(self._declared.up_to(self._past.stage))

    def _begin(
        self, action: Action, stage: Stage, reason: str, events: tuple[Event, ...] = (), *, is_first: bool = False
    ) -> Decision:
        started = self._build_event(
            Kind.STARTED,
            stage.name,
            reason,
            content_sha256=self._situation.content_sha256,
            targets=stage.targets,
            is_first=is_first,
            soak=stage.soak,
        )
        targets = targets_of(self._declared.up_to(stage.name))
        return Decision(action, stage.name, targets, reason, events=(*events, started))

    def _go_on(self, events: tuple[Event, ...], reason: str) -> Decision:
        """Go on to the next stage, or finish after the last one."""
        following = self._declared.after(self._past.stage)
        if following is not None:
            text = f"{reason}; stage {following.name!r} begins"
            return self._begin(Action.ADVANCE, following, text, events)
        finished = self._build_event(Kind.FINISHED, self._past.stage, reason)
        is_new = self._past.due is Due.NOTHING
        text = f"{reason}; it was the last" if is_new else "all stages have passed"
        return Decision(
            Action.FINISHED, self._past.stage, self._list_targets(), text, events=(*events, finished) if is_new else ()
        )

    def _keep_soaking(self, verdict: t.Optional[Verdict]) -> Decision:
        ends = self.soak_ends
        name = self._past.stage
        text = f"the soak time of stage {name!r} ends at {format_utc(ends)}" if ends else ""
        if ends and self._situation.now >= ends:
            text = (
                f"stage {name!r} waits for late events of CloudTrail from the end of its soak time, at "
                f"{format_utc(ends)}"
            )
        warnings: tuple[str, ...] = ()
        if verdict is not None and verdict.losses:
            warnings = (f"stage {name!r} would not pass its gate: {describe_losses(verdict.pairs)}",)
        elif verdict is not None and verdict.unknown:
            warnings = (f"stage {name!r} would be held by its gate: {_describe_unknown(verdict)}",)
        return Decision(Action.SOAKING, name, self._list_targets(), text, warnings=warnings)

    def _apply_verdict(self, verdict: Verdict) -> Decision:
        name = self._past.stage
        if verdict.has_passed:
            reason = f"stage {name!r} has passed its gate"
            return self._go_on((self._build_event(Kind.PASSED, name, reason),), reason)
        if verdict.failure:
            hint = _GO_ON_HINT.format(stage=name)
            reason = f"stage {name!r} is held, because there is no evidence for its gate: {verdict.failure}. {hint}"
            return self._fail_gate(Action.HOLD, Kind.HELD, reason)
        if not verdict.losses:
            reason = f"stage {name!r} is held: {_describe_unknown(verdict)}. {_UNKNOWN_HINT.format(stage=name)}"
            return self._fail_gate(Action.HOLD, Kind.HELD, reason, unknown=verdict.unknown_pairs)
        return self._apply_losses(verdict.pairs)

    def _hold_edited(self) -> Decision:
        name, failure = self._past.stage, self._past.failure
        if failure is not None and self._is_settled_failure:
            # The losses stay on record, so that an edit is no way past them.
            reason = (
                f"{failure.reason} Since then somebody else changed the policy. Nothing is written until it is "
                "restored."
            )
            return dataclasses.replace(self._stop(Action.HOLD, reason), writes_nothing=True)
        reason = (
            f"stage {name!r} is held: somebody else changed the policy since the stage began, so its soak time does "
            f"not count, and nothing is written. {_EDITED_HINT.format(stage=name)}"
        )
        return dataclasses.replace(self._fail_gate(Action.HOLD, Kind.EDITED, reason), writes_nothing=True)

    @property
    def _withdraws(self) -> bool:
        return self._declared.on_failure is OnFailure.WITHDRAW

    def _apply_losses(self, pairs: tuple[DeniedPair, ...]) -> Decision:
        name, lost = self._past.stage, describe_losses(pairs)
        if self._withdraws:
            hint = _RETURN_HINT.format(stage=name)
            reason = f"stage {name!r} failed its gate, and the policy is detached from all stages: {lost}. {hint}"
            return self._fail_gate(Action.WITHDRAW, Kind.WITHDRAWN, reason, pairs)
        reason = f"stage {name!r} failed its gate and is held: {lost}. {_HOLD_HINT.format(stage=name)}"
        return self._fail_gate(Action.HOLD, Kind.HELD, reason, pairs)

    def _fail_gate(
        self,
        action: Action,
        kind: Kind,
        reason: str,
        losses: tuple[DeniedPair, ...] = (),
        *,
        unknown: tuple[DeniedPair, ...] = (),
    ) -> Decision:
        names_stage = self._declared.approved == self._past.stage
        event = self._build_event(
            kind, self._past.stage, reason, losses=losses, unknown=unknown, names_stage=names_stage
        )
        known = self._past.failure
        # A run an hour would fill the journal with the same.
        is_new = known is None or (known.kind, known.losses, known.unknown) != (kind, losses, unknown)
        events = (event,) if is_new else ()
        return self._stop(action, reason, events)

    def _stop(self, action: Action, reason: str, events: tuple[Event, ...] = ()) -> Decision:
        is_withdrawn = action is Action.WITHDRAW
        return Decision(
            action,
            self._past.stage,
            () if is_withdrawn else self._list_targets(),
            reason,
            failed=True,
            detach=targets_of(self._declared.stages) if is_withdrawn else (),
            events=events,
        )

    def _repeat_failure(self, action: Action, failure: Event) -> Decision:
        return self._stop(action, f"{failure.reason} (since {format_utc(failure.at)})")

    def _approve(self) -> Decision:
        reason = f"stage {self._past.stage!r} was approved by {self._situation.caller}"
        return self._go_on((self._build_approval(reason),), reason)

    def _approve_restart(self) -> Decision:
        reason = f"stage {self._past.stage!r} was approved by {self._situation.caller} and begins again"
        return self._begin(Action.START, self._current, reason, (self._build_approval(reason),))

    def _build_approval(self, reason: str) -> Event:
        failure = self._past.failure
        losses, unknown = (failure.losses, failure.unknown) if failure else ((), ())
        return self._build_event(Kind.APPROVED, self._past.stage, reason, losses=losses, unknown=unknown)

    def _build_event(self, kind: Kind, stage: str, reason: str, **more: t.Any) -> Event:
        situation = self._situation
        # These fields bind a record to the start that it is about; a start itself has its own content.
        bound = {"content_sha256": self._past.content_sha256, "started_at": self._past.began}
        fields = {**({} if kind is Kind.STARTED else bound), **more}
        return Event(kind, stage, situation.now, reason, by=situation.caller, run_id=situation.run_id, **fields)

    # Approvals

    def _clear_approval(self, decision: Decision) -> tuple[Event, ...]:
        """Record that an approval from before the failure is no longer declared, so that a later one counts as new."""
        if not self._past.is_stale or self._declared.approved == self._past.stage or not decision.failed:
            return ()
        return (self._build_event(Kind.CLEARED, self._past.stage, "the earlier approval is no longer declared"),)

    def _warn_of_unused_approval(self, decision: Decision) -> tuple[str, ...]:
        approved, stage = self._declared.approved, self._past.stage
        if approved is None or self._is_used(decision) or self._is_behind(approved):
            return ()
        if approved != stage:
            return (f"stage_approved: stage {approved!r} has not begun, so there is nothing to approve",)
        if decision.failed:
            return (
                f"stage_approved: {stage!r} was declared before its gate failed, so it is ignored; remove it for one "
                "run, then declare it again",
            )
        return (f"stage_approved: stage {stage!r} is not held, so there is nothing to approve",)

    def _is_used(self, decision: Decision) -> bool:
        return any(event.kind is Kind.APPROVED for event in decision.events)

    def _is_behind(self, name: str) -> bool:
        started = list(self._past.started)
        return name in started[:-1] or (name in started and self._past.due is not Due.NOTHING)


_GO_ON_HINT: t.Final = "Make the trail readable, or continue without evidence with stage_approved: {stage}."
_HOLD_HINT: t.Final = (
    "The policy keeps its targets. Change it, which starts the soak time again. Or accept the denials with "
    "stage_approved: {stage}. Or detach the policy with on_gate_failure: withdraw."
)
_UNKNOWN_HINT: t.Final = (
    "Find the policies that denied this. If the denials are correct, continue with stage_approved: {stage}. Otherwise "
    "change this policy, which starts the soak time again."
)
_EDITED_HINT: t.Final = (
    "Find the caller of UpdatePolicy in CloudTrail of the management account. Then restore the policy by hand, "
    "declare its present content, or let the next run restore it with stage_approved: {stage}. Each way starts the "
    "soak time again."
)
_RETURN_HINT: t.Final = (
    "It stays detached until it is approved again. Correct the policy, or accept the denials. Then declare "
    "stage_approved: {stage}."
)


def _describe_unknown(verdict: Verdict) -> str:
    """Describe the denials whose policy is not known."""
    return f"AWS names no policy for denials of calls that succeeded before ({describe_losses(verdict.unknown_pairs)})"


def _check_stages(declared: Declared, past: Past) -> None:
    """Refuse stages that do not continue what was begun. Raises InputError."""
    started = list(past.started)
    begun = list(declared.names[: len(started)])
    if started != begun:
        raise InputError(
            f"rollout.stages: stages {started} have begun in this order, but {list(declared.names)} are declared; "
            "stages that have begun keep their names and places; add new ones at the end"
        )
    is_open = past.failure is None and past.due is Due.NOTHING
    for stage in declared.stages[: len(started)]:
        added = _find_new_targets(stage, past)
        if added and not (is_open and stage.name == past.stage):
            raise InputError(
                f"rollout.stages: stage {stage.name!r} is no longer soaking, so {', '.join(added)} would be attached "
                "without a soak time; declare new targets as a new stage at the end"
            )


def _find_new_targets(stage: Stage, past: Past) -> list[str]:
    """Find the targets that a stage did not have when it began."""
    before = {canonical(target) for target in past.started[stage.name]}
    return [text for text in map(canonical, stage.targets) if text not in before]
