# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state that a run leaves a role in is the one that the next run finds."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.after import (
    LASTING,
    describe_recorded,
    refuse_guarded,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.patches import Handout
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Event, Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import decide
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change

from .campaigns import ROLE, declare, identify, make_log, moment, record, records_up_to, situate
from .samples import ADMIN
from .test_changes import plan, prepare_in_place, replace, try_out
from .test_revert import go_back, run_stages

STEP: t.Final = Step(ROLE, State.DUE, "it is done", event=Kind.OPENED)


def describe_after(events: list[Event], event: Event, days: float) -> tuple[Step, Step]:
    """The state after a record, and the one that the next run finds."""
    identity = identify(days)
    before = situate(*events, days=days)
    _situation, after = describe_recorded(
        declare("watch"), before, STEP, make_log(*events), identity, event, moment(days)
    )
    (found,) = decide(declare(), [situate(*events, event, days=days, live=before.live)], now=moment(days))
    return after, found


@pytest.mark.parametrize(
    ("last", "event", "way", "state"),
    [
        (None, Kind.ASSESSED, Way.PARALLEL, State.DONE),
        (Kind.ASSESSED, Kind.GENERATED, Way.PARALLEL, State.DONE),
        (Kind.GENERATED, Kind.PREPARED, Way.PARALLEL, State.DONE),
        (Kind.PREPARED, Kind.OPENED, Way.PARALLEL, State.SOAKING),
        (Kind.OPENED, Kind.CUT_OVER, Way.PARALLEL, State.SOAKING),
        (Kind.CUT_OVER, Kind.WATCHED, Way.PARALLEL, State.DONE),
        (Kind.WATCHED, Kind.CLOSED, Way.PARALLEL, State.CLOSED),
        (Kind.CLOSED, Kind.RETIRED, Way.PARALLEL, State.RETIRED),
        (Kind.WATCHED, Kind.RETIRED, Way.IN_PLACE, State.RETIRED),
        (Kind.OPENED, Kind.LIFTED, Way.IN_PLACE, State.LIFTED),
        (Kind.CUT_OVER, Kind.REVERTED, Way.PARALLEL, State.REVERTED),
    ],
)
def test_the_state_after_a_step(last: t.Optional[Kind], event: Kind, way: Way, state: State) -> None:
    events = records_up_to(last, way=way) if last else []
    made = record(event, 24 if event in (Kind.LIFTED, Kind.REVERTED) else None, way=way)
    days = (made.at - moment(0)).days
    after, found = describe_after(events, made, days)
    assert (after.state, after.reason, after.event) == (state, "it is done", None)
    if way is Way.PARALLEL and state not in (State.CLOSED, State.RETIRED, State.REVERTED) and last is not None:
        assert (after.state, after.next, after.days_left) == (found.state, found.next, found.days_left)


def test_what_is_handed_out_is_applied_before_the_next_stage() -> None:
    """Stage prepare makes the patch, and the owner applies it."""
    events = records_up_to(Kind.GENERATED, way=Way.BY_OWNER)
    patch = Handout({"terraform": "resource x {}"}, "terraform", "acme/infra")
    made = dataclasses.replace(STEP, event=Kind.PREPARED, handout=patch, next=patch.next)
    event = record(Kind.PREPARED, way=Way.BY_OWNER)
    _situation, after = describe_recorded(
        declare("prepare"), situate(*events), made, make_log(*events), identify(2), event, moment(2)
    )
    assert (after.state, after.handout, after.next) == (State.DONE, patch, patch.next)


def list_changes() -> list[Change]:
    """The changes of a revert of a role in place."""
    snapshot, entries = run_stages(prepare_in_place, try_out, replace)
    return list(go_back(snapshot, entries).changes)


def refuse(change: Change, rule: str) -> dict[str, t.Any]:
    return {"target": change.target, "operation": change.operation, "rule": rule, "reason": f"because of {rule}"}


def test_a_step_that_guards_refused_names_the_owner_and_what_it_would_have_to_do() -> None:
    changes = list_changes()
    refused = [refuse(change, "together" if number else "foreign_owner") for number, change in enumerate(changes)]
    found = refuse_guarded(STEP, changes, refused, rules=LASTING)
    assert (found.state, found.rule) == (State.REFUSED, "foreign_owner")
    assert found.reason.startswith("because of foreign_owner. Let the owner do it: ")
    assert "AdministratorAccess" in found.reason and found.reason.endswith("Then run the stage again")
    assert {change.parameters.get("PolicyArn") for change in changes} >= {ADMIN}


def test_what_an_approval_lifts_leaves_a_plan_as_it_is() -> None:
    changes = list_changes()
    refused = [refuse(change, "needs_approval") for change in changes]
    assert refuse_guarded(STEP, changes, refused, rules=LASTING) == STEP
    held = refuse_guarded(STEP, changes, refused, rules=())
    assert (held.state, held.rule, held.reason) == (State.REFUSED, "needs_approval", "because of needs_approval")


def test_refusals_of_other_roles_do_not_count() -> None:
    others = [{**refuse(change, "cap"), "target": "arn:aws:iam::111122223333:role/other"} for change in list_changes()]
    assert refuse_guarded(STEP, plan(prepare_in_place, run_stages()[0]), others, rules=()) == STEP
