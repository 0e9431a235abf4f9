# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout of three stages, run after run, with the clock moved."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.declared import (
    Declared,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.past import (
    Clock,
    Past,
    replay,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.plan import (
    Action,
    Decision,
    Situation,
    Step,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.records import (
    Event,
    Kind,
)
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.verdict import (
    Loss,
    Verdict,
)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
CALLER = "arn:aws:sts::111122223333:assumed-role/automation/awx-1"
APP = DeniedPair("444455556666", "arn:aws:iam::444455556666:role/app", "s3:GetObject")
BATCH = DeniedPair("444455556666", "arn:aws:iam::444455556666:role/batch", "iam:PassRole")
PASSED = Verdict(source="s3://trail", events=40)
UNREADABLE = Verdict(failure="no log files")


def make_losses(*pairs: DeniedPair) -> Verdict:
    return Verdict(losses=tuple(Loss(pair, 1, NOW, NOW, "denied") for pair in pairs), events=40)


def options(**fields: t.Any) -> dict[str, t.Any]:
    stages = [{"name": name, "targets": [{"ou": f"/{name}"}], "soak_hours": 24} for name in ("canary", "dev", "prod")]
    return {"stages": stages, **fields}


def make_unknown(*pairs: DeniedPair) -> Verdict:
    return Verdict(unknown=tuple(Loss(pair, 1, NOW, NOW, "denied") for pair in pairs), events=40)


class Runs:
    """The runs of a schedule: what they recorded, what is attached, and the time."""

    def __init__(self, **declared: t.Any) -> None:
        self.options = options(**declared)
        self.events: list[Event] = []
        self.now = NOW
        self.content = "v1"
        self.live = ""
        self.attached: frozenset[str] = frozenset()
        self.exists = False
        self.asked = False

    def step(self) -> Step:
        situation = Situation(
            now=self.now,
            content_sha256=self.content,
            live_sha256=self.live,
            exists=self.exists,
            attached=self.attached,
            known=frozenset({"/canary", "/dev", "/prod", "/new"}),
            caller=CALLER,
            run_id="run",
        )
        return Step(Declared.from_options(self.options), self.past, situation)

    @property
    def past(self) -> Past:
        """Where the rollout stands by its records."""
        soaks = {
            stage["name"]: timedelta(hours=t.cast(float, stage.get("soak_hours", 24)))
            for stage in self.options["stages"]
        }
        return replay(self.events, Clock(self.now, soaks))

    def predict(self, verdict: t.Optional[Verdict] = PASSED) -> Decision:
        """What a run in check mode says."""
        step = self.step()
        self.asked = step.wants_gate
        return step.decide(verdict if step.wants_gate else None)

    def run(self, verdict: t.Optional[Verdict] = PASSED, *, hours: float = 0, records: bool = True) -> Decision:
        """A run so many hours later; without ``records`` it is cut off behind its changes."""
        self.now += timedelta(hours=hours)
        decision = self.predict(verdict)
        self.exists = True
        if not decision.writes_nothing:
            self.live = self.content
        self.attached = frozenset(target["ou"] for target in decision.targets)
        for event in decision.events if records else ():
            attached = tuple(sorted(self.attached)) if event.kind is Kind.STARTED else ()
            self.events.append(dataclasses.replace(event, attached=attached))
        return decision

    @property
    def kinds(self) -> list[str]:
        return [f"{event.kind.value} {event.stage}" for event in self.events]


@pytest.fixture
def canary() -> Runs:
    """A rollout whose first stage has begun."""
    runs = Runs()
    runs.run()
    return runs


def ous(decision: Decision) -> list[str]:
    return [target["ou"] for target in decision.targets]


# The way without trouble


def test_a_schedule_walks_the_rollout() -> None:
    runs = Runs()
    walked = [(decision.action, ous(decision)) for decision in (runs.run(hours=hours) for hours in (0, 1, 24, 25, 25))]
    assert walked == [
        (Action.START, ["/canary"]),
        (Action.SOAKING, ["/canary"]),
        (Action.ADVANCE, ["/canary", "/dev"]),
        (Action.ADVANCE, ["/canary", "/dev", "/prod"]),
        (Action.FINISHED, ["/canary", "/dev", "/prod"]),
    ]
    assert runs.kinds == [
        "started canary",
        "passed canary",
        "started dev",
        "passed dev",
        "started prod",
        "passed prod",
        "finished prod",
    ]


def test_a_run_does_one_stage_however_late_it_is(canary: Runs) -> None:
    assert ous(canary.run(hours=1000)) == ["/canary", "/dev"]


def test_nothing_is_due_when_all_is_done() -> None:
    runs = Runs()
    for _run in range(4):
        runs.run(hours=25)
    recorded = list(runs.events)
    decision = runs.run(hours=25)
    assert (decision.action, decision.failed, runs.asked) == (Action.FINISHED, False, False)
    assert decision.reason == "all stages have passed"
    assert runs.events == recorded


def test_a_stage_that_soaks_changes_and_records_nothing(canary: Runs) -> None:
    decision = canary.run(hours=23)
    assert (decision.action, decision.events, decision.failed) == (Action.SOAKING, (), False)
    assert decision.reason == "the soak time of stage 'canary' ends at 2026-11-26T12:00:00Z"
    assert canary.asked


def test_a_stage_that_soaks_tells_already_that_its_gate_would_fail(canary: Runs) -> None:
    decision = canary.run(make_losses(APP), hours=1)
    assert (decision.action, decision.failed) == (Action.SOAKING, False)
    assert decision.warnings == (
        "stage 'canary' would not pass its gate: in 444455556666 arn:aws:iam::444455556666:role/app lost s3:GetObject",
    )


@pytest.mark.parametrize(("minutes", "action"), [(0, Action.SOAKING), (14, Action.SOAKING), (15, Action.ADVANCE)])
def test_the_gate_waits_for_what_is_delivered_late(canary: Runs, minutes: int, action: Action) -> None:
    decision = canary.run(hours=24 + minutes / 60)
    assert decision.action is action
    assert ("waits for late events of CloudTrail" in decision.reason) == (action is Action.SOAKING)


def test_without_a_soak_the_next_run_goes_on() -> None:
    runs = Runs()
    for stage in runs.options["stages"]:
        stage["soak_hours"] = 0
    runs.run()
    assert runs.run(hours=0.25).action is Action.ADVANCE


def test_check_mode_says_the_same_and_moves_nothing(canary: Runs) -> None:
    canary.now += timedelta(hours=25)
    assert canary.predict() == canary.predict()
    assert canary.kinds == ["started canary"]


# Clocks and cut-off runs


def test_a_clock_that_went_backwards_passes_nothing(canary: Runs) -> None:
    assert canary.run(hours=-100).action is Action.START
    assert canary.run(hours=100 + 25).action is Action.ADVANCE


def test_a_run_that_was_cut_off_before_its_record_begins_the_stage_again() -> None:
    runs = Runs()
    runs.run(records=False)
    decision = runs.run(hours=5)
    assert (decision.action, ous(decision)) == (Action.START, ["/canary"])
    assert runs.run(hours=20).action is Action.SOAKING


def test_a_run_that_was_cut_off_between_two_records_goes_on_without_judging_again(canary: Runs) -> None:
    canary.run(hours=25)
    assert canary.events.pop().kind is Kind.STARTED
    decision = canary.run(UNREADABLE)
    assert (decision.action, decision.stage, canary.asked) == (Action.ADVANCE, "dev", False)
    assert canary.kinds == ["started canary", "passed canary", "started dev"]


def test_a_policy_that_was_deleted_begins_anew(canary: Runs) -> None:
    canary.run(hours=25)
    canary.exists, canary.attached = False, frozenset()
    decision = canary.run(hours=1)
    assert (decision.action, ous(decision)) == (Action.START, ["/canary"])
    assert canary.run(hours=25).stage == "dev"


def test_a_policy_that_was_taken_off_soaks_anew(canary: Runs) -> None:
    canary.attached = frozenset()
    decision = canary.run(hours=25)
    assert (decision.action, decision.stage) == (Action.START, "canary")
    assert "was not attached to /canary" in decision.reason
    assert canary.run(hours=1).action is Action.SOAKING


def test_a_unit_that_is_gone_from_the_organization_is_no_reason_to_begin_anew(canary: Runs) -> None:
    canary.events[-1] = dataclasses.replace(canary.events[-1], attached=("/canary", "/closed"))
    assert canary.run(hours=1).action is Action.SOAKING


# Gates that fail


def test_a_gate_that_fails_holds_the_stage_and_fails_the_run(canary: Runs) -> None:
    decision = canary.run(make_losses(APP, BATCH), hours=25)
    assert (decision.action, decision.failed, ous(decision), decision.detach) == (Action.HOLD, True, ["/canary"], ())
    assert canary.kinds[-1] == "held canary"
    assert canary.events[-1].losses == (APP, BATCH)
    assert "in 444455556666 arn:aws:iam::444455556666:role/app lost s3:GetObject; " in decision.reason
    assert "arn:aws:iam::444455556666:role/batch lost iam:PassRole" in decision.reason
    assert "stage_approved: canary" in decision.reason


def test_a_stage_that_is_held_stays_so_whatever_the_trail_says_later(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    decision = canary.run(PASSED, hours=24)
    assert (decision.action, decision.failed, canary.asked) == (Action.HOLD, True, False)
    assert decision.reason.endswith("(since 2026-11-26T13:00:00Z)")
    assert canary.kinds == ["started canary", "held canary"]


def test_a_gate_that_fails_withdraws_the_policy_where_told_so() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(hours=25)
    decision = runs.run(make_losses(APP), hours=25)
    assert (decision.action, decision.failed, decision.targets) == (Action.WITHDRAW, True, ())
    assert [target["ou"] for target in decision.detach] == ["/canary", "/dev", "/prod"]
    assert runs.kinds[-1] == "withdrawn dev"
    again = runs.run(PASSED, hours=24)
    assert (again.action, again.failed, again.targets, again.events) == (Action.WITHDRAW, True, (), ())


def test_what_is_held_is_withdrawn_once_told_so(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    canary.options["on_gate_failure"] = "withdraw"
    decision = canary.run()
    assert (decision.action, decision.targets) == (Action.WITHDRAW, ())
    assert canary.events[-1].losses == (APP,)


@pytest.mark.parametrize("on_failure", ["hold", "withdraw"])
def test_without_evidence_a_stage_is_held(on_failure: str) -> None:
    runs = Runs(on_gate_failure=on_failure)
    runs.run()
    decision = runs.run(UNREADABLE, hours=25)
    assert (decision.action, decision.failed, ous(decision)) == (Action.HOLD, True, ["/canary"])
    assert "no evidence for its gate: no log files" in decision.reason
    assert runs.run(None, hours=1).failed
    assert runs.kinds == ["started canary", "held canary"]


def test_evidence_that_can_be_read_again_lets_a_stage_pass(canary: Runs) -> None:
    canary.run(UNREADABLE, hours=25)
    assert canary.run(PASSED, hours=1).action is Action.ADVANCE


# Denials that name no policy


@pytest.mark.parametrize("on_failure", ["hold", "withdraw"])
def test_denials_that_name_no_policy_hold_the_stage(on_failure: str) -> None:
    runs = Runs(on_gate_failure=on_failure)
    runs.run()
    decision = runs.run(make_unknown(APP), hours=25)
    assert (decision.action, decision.failed, ous(decision), decision.detach) == (Action.HOLD, True, ["/canary"], ())
    assert "AWS names no policy for denials of calls that succeeded before (in 444455556666 " in decision.reason
    assert "stage_approved: canary" in decision.reason
    again = runs.run(make_unknown(APP), hours=1)
    assert (again.action, again.detach, again.events) == (Action.HOLD, (), ())
    assert (runs.kinds, runs.events[-1].losses, runs.events[-1].unknown) == (
        ["started canary", "held canary"],
        (),
        (APP,),
    )


def test_a_stage_that_soaks_tells_already_that_its_gate_would_hold_it(canary: Runs) -> None:
    (warning,) = canary.run(make_unknown(APP), hours=1).warnings
    assert warning.startswith("stage 'canary' would be held by its gate: AWS names no policy")


def test_a_loss_besides_is_what_the_gate_fails_for(canary: Runs) -> None:
    canary.options["on_gate_failure"] = "withdraw"
    verdict = dataclasses.replace(make_losses(APP), unknown=make_unknown(BATCH).unknown)
    decision = canary.run(verdict, hours=25)
    assert decision.action is Action.WITHDRAW
    assert canary.events[-1].losses == (APP,)


def test_an_approval_accepts_denials_that_name_no_policy(canary: Runs) -> None:
    canary.run(make_unknown(APP), hours=25)
    canary.options["stage_approved"] = "canary"
    assert canary.run(make_unknown(APP)).action is Action.ADVANCE
    assert canary.past.expected == {APP}


def test_an_approval_accepts_no_denials_that_came_up_since(canary: Runs) -> None:
    canary.run(make_unknown(APP), hours=25)
    canary.options["stage_approved"] = "canary"
    assert canary.run(make_unknown(APP, BATCH)).action is Action.HOLD
    assert canary.events[-1].unknown == (APP, BATCH)


# Edits by others


def test_a_policy_that_was_edited_passes_no_gate(canary: Runs) -> None:
    canary.live = "other"
    decision = canary.run(PASSED, hours=25)
    assert (decision.action, decision.failed, decision.writes_nothing) == (Action.HOLD, True, True)
    assert (ous(decision), decision.detach, canary.asked) == (["/canary"], (), False)
    assert "somebody else changed the policy since the stage began, so its soak time does not count" in decision.reason
    assert "UpdatePolicy" in decision.reason and "stage_approved: canary" in decision.reason
    again = canary.run(PASSED, hours=25)
    assert (again.action, again.failed, again.writes_nothing, again.events) == (Action.HOLD, True, True, ())
    assert (canary.live, canary.kinds) == ("other", ["started canary", "edited canary"])


def test_a_policy_that_was_edited_and_restored_soaks_anew(canary: Runs) -> None:
    canary.live = "other"
    canary.run(hours=25)
    canary.live = "v1"
    decision = canary.run(hours=1)
    assert (decision.action, decision.stage, decision.writes_nothing) == (Action.START, "canary", False)
    assert canary.run(hours=20).action is Action.SOAKING
    assert canary.run(hours=5).action is Action.ADVANCE


def test_an_edit_that_is_declared_soaks_anew(canary: Runs) -> None:
    canary.live = "other"
    canary.run(hours=25)
    canary.content = "other"
    assert canary.run(hours=1).action is Action.START
    assert canary.run(hours=20).action is Action.SOAKING


def test_an_edit_is_corrected_once_it_is_approved(canary: Runs) -> None:
    canary.live = "other"
    canary.run(hours=25)
    canary.options["stage_approved"] = "canary"
    decision = canary.run(hours=1)
    assert (decision.action, decision.stage, decision.writes_nothing) == (Action.START, "canary", False)
    assert (canary.live, canary.kinds[-2:]) == ("v1", ["approved canary", "started canary"])
    assert canary.run(hours=20).action is Action.SOAKING


def test_an_approval_from_before_the_edit_was_found_approves_nothing(canary: Runs) -> None:
    canary.live = "other"
    canary.options["stage_approved"] = "canary"
    for _run in range(2):
        assert canary.run(hours=25).writes_nothing
    del canary.options["stage_approved"]
    assert canary.run().writes_nothing
    canary.options["stage_approved"] = "canary"
    assert canary.run().action is Action.START


def test_new_content_does_not_cover_an_edit(canary: Runs) -> None:
    canary.live, canary.content = "other", "v2"
    assert canary.run(hours=1).writes_nothing


def test_an_edit_is_no_way_past_losses(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    canary.live = "other"
    decision = canary.run(hours=1)
    assert (decision.action, decision.writes_nothing, decision.events) == (Action.HOLD, True, ())
    canary.live = "v1"
    decision = canary.run(hours=1)
    assert (decision.action, decision.failed) == (Action.HOLD, True)


def test_an_edit_after_the_pass_stops_what_follows(canary: Runs) -> None:
    canary.run(hours=25)
    assert canary.events.pop().kind is Kind.STARTED
    canary.live = "other"
    assert canary.run().writes_nothing
    canary.live = "v1"
    decision = canary.run()
    assert (decision.action, decision.stage) == (Action.START, "canary")


def test_an_edit_of_a_finished_rollout_is_corrected_as_any_other() -> None:
    runs = Runs()
    for _run in range(4):
        runs.run(hours=25)
    runs.live = "other"
    decision = runs.run()
    assert (decision.action, decision.writes_nothing) == (Action.FINISHED, False)


# Records that are not believed


def forge_pass(runs: Runs, **fields: t.Any) -> None:
    """Somebody writes that the stage has passed."""
    passed = Event(
        Kind.PASSED,
        "canary",
        runs.now,
        content_sha256="v1",
        started_at=runs.events[0].at,
        key="x/000002-passed.json",
    )
    runs.events.append(dataclasses.replace(passed, **fields))


def test_a_forged_pass_begins_the_soak_anew(canary: Runs) -> None:
    canary.now += timedelta(hours=1)
    forge_pass(canary)
    decision = canary.run(hours=1)
    assert (decision.action, decision.stage, ous(decision)) == (Action.START, "canary", ["/canary"])
    assert decision.reason == (
        "some records are ignored (000002-passed.json), so the soak time of stage 'canary' starts again"
    )
    assert canary.run(hours=23).action is Action.SOAKING
    assert canary.run(hours=2).action is Action.ADVANCE


def test_a_true_pass_is_believed(canary: Runs) -> None:
    canary.now += timedelta(hours=25)
    forge_pass(canary)
    decision = canary.run(UNREADABLE)
    assert (decision.action, decision.stage, canary.asked) == (Action.ADVANCE, "dev", False)


def test_a_forged_record_is_no_way_past_losses(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    forge_pass(canary, content_sha256="v2")
    assert canary.run(hours=1).action is Action.HOLD
    canary.options["stage_approved"] = "canary"
    assert canary.run(hours=1).action is Action.ADVANCE


def test_a_forged_withdrawal_takes_nothing_off(canary: Runs) -> None:
    canary.now += timedelta(hours=1)
    forge_pass(canary, kind=Kind.WITHDRAWN, losses=(APP,))
    decision = canary.run()
    assert (decision.action, decision.detach) == (Action.START, ())


# Approvals


def test_an_approval_goes_on_past_a_held_stage_and_is_recorded(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    canary.options["stage_approved"] = "canary"
    decision = canary.run()
    assert (decision.action, decision.stage, decision.failed) == (Action.ADVANCE, "dev", False)
    approval = canary.events[-2]
    assert (approval.kind, approval.by, approval.losses) == (Kind.APPROVED, CALLER, (APP,))
    assert canary.past.expected == {APP}
    assert canary.run(hours=1).warnings == ()


def test_an_approval_goes_on_without_evidence(canary: Runs) -> None:
    canary.run(UNREADABLE, hours=25)
    canary.options["stage_approved"] = "canary"
    assert canary.run(UNREADABLE).action is Action.ADVANCE


def test_an_approval_for_want_of_evidence_accepts_nothing_that_came_up_since(canary: Runs) -> None:
    canary.run(UNREADABLE, hours=25)
    canary.options["stage_approved"] = "canary"
    decision = canary.run(make_losses(APP))
    assert (decision.action, decision.failed) == (Action.HOLD, True)
    assert canary.run().failed


def test_the_last_stage_can_be_approved() -> None:
    runs = Runs()
    for _run in range(3):
        runs.run(hours=25)
    runs.run(make_losses(APP), hours=25)
    runs.options["stage_approved"] = "prod"
    assert runs.run().action is Action.FINISHED
    assert runs.kinds[-2:] == ["approved prod", "finished prod"]
    assert runs.run().action is Action.FINISHED


def test_what_was_withdrawn_begins_again_once_approved() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(hours=25)
    runs.run(make_losses(APP), hours=25)
    runs.options["stage_approved"] = "dev"
    decision = runs.run(hours=1)
    assert (decision.action, decision.stage, ous(decision)) == (Action.START, "dev", ["/canary", "/dev"])
    assert runs.past.expected == {APP}
    assert runs.run(hours=1).action is Action.SOAKING
    assert runs.run(hours=24).stage == "prod"


def test_an_approval_that_was_cut_off_before_the_stage_began_again() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(make_losses(APP), hours=25)
    runs.options["stage_approved"] = "canary"
    runs.run()
    assert runs.events.pop().kind is Kind.STARTED
    decision = runs.run(UNREADABLE, hours=100)
    assert (decision.action, decision.stage) == (Action.START, "canary")


def test_an_approval_counts_once() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(make_losses(APP), hours=25)
    runs.options["stage_approved"] = "canary"
    runs.run()
    second = runs.run(make_losses(BATCH), hours=25)
    assert second.action is Action.WITHDRAW
    assert second.warnings == (
        "stage_approved: 'canary' was declared before its gate failed, so it is ignored; remove it for one "
        "run, then declare it again",
    )
    assert runs.run().action is Action.WITHDRAW
    del runs.options["stage_approved"]
    assert runs.run().action is Action.WITHDRAW
    assert runs.kinds[-1] == "cleared canary"
    runs.options["stage_approved"] = "canary"
    assert runs.run().action is Action.START
    assert runs.past.expected == {APP, BATCH}


def test_an_approval_in_advance_approves_nothing(canary: Runs) -> None:
    canary.options["stage_approved"] = "canary"
    assert canary.run(hours=1).warnings == (
        "stage_approved: stage 'canary' is not held, so there is nothing to approve",
    )
    assert canary.run(make_losses(APP), hours=25).action is Action.HOLD
    assert canary.run(hours=1).action is Action.HOLD


def test_an_approval_of_a_stage_that_has_not_begun(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    canary.options["stage_approved"] = "prod"
    decision = canary.run()
    assert decision.action is Action.HOLD
    assert decision.warnings == ("stage_approved: stage 'prod' has not begun, so there is nothing to approve",)


def test_an_approval_of_an_unknown_stage(canary: Runs) -> None:
    canary.options["stage_approved"] = "canry"
    with pytest.raises(InputError, match="no stage 'canry'"):
        canary.run()


# Changes of the declaration


def test_new_content_reaches_all_that_is_attached_and_soaks_anew(canary: Runs) -> None:
    canary.run(hours=25)
    canary.content = "v2"
    decision = canary.run(hours=23)
    assert (decision.action, decision.stage, ous(decision)) == (Action.START, "dev", ["/canary", "/dev"])
    assert canary.run(hours=20).action is Action.SOAKING
    assert canary.run(hours=5).stage == "prod"


def test_new_content_of_a_finished_rollout_soaks_in_the_last_stage() -> None:
    runs = Runs()
    for _run in range(4):
        runs.run(hours=25)
    runs.content = "v2"
    decision = runs.run()
    assert (decision.action, decision.stage, ous(decision)) == (Action.START, "prod", ["/canary", "/dev", "/prod"])
    assert runs.run(hours=25).action is Action.FINISHED


def test_new_content_is_the_way_out_of_a_hold(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    canary.content = "v2"
    decision = canary.run()
    assert (decision.action, decision.failed) == (Action.START, False)
    assert canary.run(hours=25).stage == "dev"


def test_new_content_does_not_bring_back_what_was_withdrawn() -> None:
    runs = Runs(on_gate_failure="withdraw")
    runs.run()
    runs.run(make_losses(APP), hours=25)
    runs.content = "v2"
    assert runs.run().action is Action.WITHDRAW
    runs.options["stage_approved"] = "canary"
    assert runs.run().action is Action.START


def test_the_soak_is_the_one_that_is_declared_now(canary: Runs) -> None:
    canary.options["stages"][0]["soak_hours"] = 48
    assert canary.run(hours=25).action is Action.SOAKING
    canary.options["stages"][0]["soak_hours"] = 2
    assert canary.run().action is Action.ADVANCE


def test_a_stage_behind_the_others_follows_when_all_is_done() -> None:
    runs = Runs()
    for _run in range(4):
        runs.run(hours=25)
    runs.options["stages"].append({"name": "new", "targets": [{"ou": "/new"}]})
    decision = runs.run()
    assert (decision.action, decision.stage) == (Action.ADVANCE, "new")


def test_new_targets_of_the_current_stage_soak_anew(canary: Runs) -> None:
    canary.options["stages"][0]["targets"].append({"ou": "/new"})
    decision = canary.run(hours=25)
    assert (decision.action, ous(decision)) == (Action.START, ["/canary", "/new"])
    assert canary.run(hours=1).action is Action.SOAKING


def test_a_stage_that_was_passed_takes_no_new_targets(canary: Runs) -> None:
    canary.run(hours=25)
    canary.options["stages"][0]["targets"].append({"ou": "/new"})
    with pytest.raises(InputError, match="stage 'canary' is no longer soaking"):
        canary.run()


def test_a_stage_that_is_held_takes_no_new_targets(canary: Runs) -> None:
    canary.run(make_losses(APP), hours=25)
    canary.options["stages"][0]["targets"].append({"ou": "/new"})
    with pytest.raises(InputError, match="declare new targets as a new stage at the end"):
        canary.run()


def test_a_target_that_is_taken_out_is_no_longer_one(canary: Runs) -> None:
    canary.options["stages"][0]["targets"].append({"ou": "/new"})
    canary.run()
    canary.options["stages"][0]["targets"].pop()
    assert ous(canary.run(hours=1)) == ["/canary"]
    assert canary.run(hours=1).action is Action.SOAKING


@pytest.mark.parametrize(
    "names", [["Canary", "dev", "prod"], ["dev", "canary", "prod"], ["dev", "prod"], ["new", "canary"]]
)
def test_stages_that_have_begun_keep_their_names_and_places(canary: Runs, names: list[str]) -> None:
    canary.options["stages"] = [{"name": name, "targets": [{"ou": f"/{name}"}]} for name in names]
    with pytest.raises(InputError, match="stages that have begun keep their names and places"):
        canary.run()


def test_stages_to_come_may_change(canary: Runs) -> None:
    canary.options["stages"][1:] = [{"name": "new", "targets": [{"ou": "/new"}]}]
    assert canary.run(hours=25).stage == "new"
