# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a role that its owner changes: what is handed out only if every gate passes, and what is waited for."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.decision import (
    list_files,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.patches import Handout
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.owners.state import Owned
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.plan import (
    Case,
    CasePlanner,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.steps import decide

from ..campaigns import PROPOSAL, declare, live, moment, records_up_to, situate
from ..samples import BEFORE, make_subject, make_writer

HANDOUT: t.Final = Handout({"terraform": "resource x {}"}, "terraform", "acme/infra", folder="f")
OLD: t.Final = Owned("it still allows * on *")
HALF: t.Final = Owned("it still allows * on *", "AdministratorAccess is not attached", has_new=True)
NEW: t.Final = Owned("", "AdministratorAccess is not attached", has_new=True)
OTHER: t.Final = Owned("it still allows * on *", is_other=True)
UNREAD: t.Final = Owned(failure="a policy of the role could not be read")


def stand(kind: t.Optional[Kind], owned: t.Optional[Owned] = OLD, **fields: t.Any) -> Situation:
    """A role after an event, which its owner changes."""
    state = live(new_role=None, owned=owned, has_documents=owned.has_documents if owned else None)
    events = records_up_to(kind, way=Way.BY_OWNER) if kind else []
    return situate(*events, **{"live": state, "handout": HANDOUT, **fields})


def run(situation: Situation, stage: str, days: float = 20, *, canary: bool = True) -> Step:
    options = {"targets": [{"roles": ["dev-*"], "way": "by_owner", "canary": canary}]}
    more = {"revert": ["dev-a"]} if stage == "revert" else {}
    return decide(declare(stage, **options, **more), (situation,), now=moment(days))[0]


def test_the_patch_is_made_with_stage_prepare_and_handed_out_while_it_is_not_applied() -> None:
    made = run(stand(Kind.GENERATED), "prepare")
    assert (made.event, made.handout, made.next) == (Kind.PREPARED, HANDOUT, HANDOUT.next)
    assert made.reason == "the patch for stage canary is made"
    later = run(stand(Kind.GENERATED, canary=False), "prepare", canary=False)
    assert later.reason == "the patch for stage cut_over is made"
    assert later.next == f"wait for stage cut_over, then {HANDOUT.next}"
    again = run(stand(Kind.PREPARED), "prepare")
    assert (again.event, again.state, again.handout) == (None, State.DONE, HANDOUT)
    early = run(stand(Kind.GENERATED, NEW, handout=None), "prepare")
    assert (early.event, early.reason) == (Kind.PREPARED, "its owner has applied the new policies already")


@pytest.mark.parametrize("owned", [OLD, HALF])
def test_a_patch_that_the_owner_has_not_applied_is_waited_for(owned: Owned) -> None:
    found = run(stand(Kind.PREPARED, owned), "canary")
    assert (found.state, found.rule, found.event, found.handout) == (State.WAITING, "", None, HANDOUT)
    assert found.reason == "the owner has not applied the new policies yet: it still allows * on *"
    canary = dataclasses.replace(stand(Kind.OPENED, NEW), role_arn="arn:aws:iam::111122223333:role/dev-b")
    later = stand(Kind.PREPARED, owned, canary=False)
    steps = decide(declare("cut_over"), (later, canary), now=moment(20))
    assert (steps[0].state, steps[0].handout) == (State.WAITING, HANDOUT)


@pytest.mark.parametrize("stage", ["prepare", "canary"])
@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"proposal": dataclasses.replace(PROPOSAL, outcome="unproven", reason="x")}, "unproven"),
        ({"proposal": dataclasses.replace(PROPOSAL, breakage="x")}, "may_break"),
        ({"proposal": dataclasses.replace(PROPOSAL, layers_sha256="other")}, "layers_changed"),
        ({"owned": OTHER}, "changed_since"),
        ({"owned": UNREAD}, "not_in_force"),
        ({"owned": None}, "not_in_force"),
    ],
)
def test_no_patch_is_handed_out_that_a_gate_refuses(stage: str, fields: dict[str, t.Any], rule: str) -> None:
    situation = stand(Kind.GENERATED if stage == "prepare" else Kind.PREPARED, **fields)
    found = run(situation, stage)
    assert (found.rule, found.handout, found.event) == (rule, None, None)
    assert list_files(situation, found) == {"patch.tf": "", "patch.yaml": ""}


def test_no_patch_is_handed_out_before_the_canaries_have_passed() -> None:
    canary = dataclasses.replace(stand(Kind.OPENED, NEW), role_arn="arn:aws:iam::111122223333:role/dev-b")
    later = stand(Kind.PREPARED, canary=False)
    found = decide(declare("cut_over"), (later, canary), now=moment(4))[0]
    assert (found.rule, found.handout) == ("soak_not_over", None)
    # It was made for a review, and may still become valid.
    assert list_files(later, found) == {}
    assert run(stand(Kind.PREPARED, canary=False), "canary", canary=False).handout is None


def test_what_the_owner_took_back_is_handed_out_again() -> None:
    found = run(stand(Kind.CUT_OVER), "cut_over")
    assert (found.state, found.handout) == (State.WAITING, HANDOUT)
    assert run(stand(Kind.OPENED), "canary").handout == HANDOUT
    assert run(stand(Kind.CUT_OVER), "watch", 40).rule == "not_in_force"


def test_other_old_policies_are_recorded_although_the_documents_are_the_same() -> None:
    same = stand(Kind.GENERATED, proposal=PROPOSAL)
    assert run(same, "generate").event is None
    other = dataclasses.replace(PROPOSAL, has_other_before=True)
    assert run(dataclasses.replace(same, proposal=other), "generate").event is Kind.GENERATED


# The way back


@pytest.mark.parametrize("kind", [Kind.PREPARED, Kind.OPENED, Kind.CUT_OVER, Kind.WATCHED, Kind.RETIRED])
def test_a_revert_is_waited_for_until_the_role_has_its_old_policies(kind: Kind) -> None:
    situation = stand(kind, HALF, handout=dataclasses.replace(HANDOUT, returns_admin=True))
    found = run(situation, "revert", 100)
    assert (found.state, found.event) == (State.WAITING, None)
    assert found.reason.endswith("yet: AdministratorAccess is not attached")
    assert found.warnings == ("the patch of the way back makes the role an administrator again",)
    assert found.handout and list_files(situation, found) == {"patch.tf": "resource x {}", "patch.yaml": ""}
    back = stand(kind, OLD, handout=None)
    assert run(back, "revert", 100).event is Kind.REVERTED
    assert list_files(back, run(back, "revert", 100)) == {"patch.tf": "", "patch.yaml": ""}


def test_a_revert_of_a_role_whose_old_policies_are_not_known_is_refused() -> None:
    for owned in (None, UNREAD):
        found = run(stand(Kind.CUT_OVER, owned, handout=None), "revert")
        assert (found.state, found.rule, found.event) == (State.REFUSED, "no_documents", None)
    assert run(stand(Kind.ASSESSED, None, handout=None), "revert").event is Kind.REVERTED


def test_a_revert_of_the_owner_plans_no_change_whatever_there_is() -> None:
    """An earlier campaign of another way may have left its journal, or a trial."""
    step = Step("role", State.DUE, "", way=Way.BY_OWNER, event=Kind.REVERTED)
    subject = make_subject(BEFORE)
    trial = make_writer(BEFORE).trial_arn(subject)
    tried = dataclasses.replace(subject, role=dataclasses.replace(subject.role, boundary=trial))
    (planned,) = CasePlanner(make_writer(BEFORE), None).plan([Case(tried, step)])
    assert (planned.changes, planned.refused) == ((), ())


@pytest.mark.parametrize(
    ("rule", "is_void"),
    [
        # A step that comes too early says nothing against the patch of an earlier stage.
        ("stage_missing", False),
        ("soak_not_over", False),
        ("", False),
        ("changed_since", True),
    ],
)
def test_the_file_of_a_patch_that_a_gate_refuses_is_voided(rule: str, is_void: bool) -> None:
    situation = stand(Kind.PREPARED)
    step = Step("arn", State.REFUSED if rule else State.WAITING, "why", rule=rule)
    assert list_files(situation, step) == ({"patch.tf": "", "patch.yaml": ""} if is_void else {})


def test_other_ways_have_no_files_of_patches() -> None:
    situation = situate(*records_up_to(Kind.PREPARED))
    (step,) = decide(declare("canary"), (situation,), now=moment(3))
    assert list_files(situation, step) == {}
