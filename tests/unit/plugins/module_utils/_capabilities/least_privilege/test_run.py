# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of a campaign in an account that was read: what is planned, held back, made together and recorded."""

from __future__ import annotations

import dataclasses
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Snapshot
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Archive, Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.cases.found import Found
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.cases.observe import Observed
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials.observe import Overdue
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from .campaigns import declare, live, moment
from .samples import ACCOUNT, BEFORE, NAME, ROLE, make_subject
from .trials.test_run import ON_TRIAL, UNREAD

CALLER: t.Final = f"arn:aws:iam::{ACCOUNT}:role/automation"
PREPARE: t.Final = Step(ROLE, State.DUE, "it is due", way=Way.IN_PLACE, event=Kind.PREPARED)
CONTAINED: t.Final = Refusal("contained", "INC-7 contains it", ROLE)


class Case:
    """A run whose role takes ``step``, with the trials of other campaigns that are over."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot = BEFORE) -> None:
        self.store = DirectoryStore(str(directory))
        self.snapshot = snapshot
        self.step = PREPARE
        self.writes = True
        self.overdue: tuple[Overdue, ...] = ()
        self.contained: t.Optional[Refusal] = None
        self.asked: list[str] = []
        monkeypatch.setattr(module, "add_organization_policies", lambda _connection, snapshot: snapshot)
        monkeypatch.setattr(module, "CaseReader", lambda *_given: types.SimpleNamespace(read=self._read))
        monkeypatch.setattr(module, "decide", lambda _declared, situations, now: (self.step,) * len(situations))
        monkeypatch.setattr(module, "TrialReader", self._make_trials)

    def _read(self) -> Observed:
        role = self.snapshot.roles[0]
        found = Found(role, None, Log(), Past(way=Way.IN_PLACE), make_subject(self.snapshot))
        situation = Situation(ROLE, Past(way=Way.IN_PLACE), dataclasses.replace(live(), arn=ROLE))
        return Observed(self.snapshot, (found,), (situation,))

    def _make_trials(
        self, _connection: t.Any, _declared: t.Any, _journal: t.Any, _writer: t.Any, known: t.Any
    ) -> t.Any:
        self.asked = sorted(known)
        return types.SimpleNamespace(find=lambda _observer: self.overdue, unread={})

    def _refuse(self, arn: str) -> t.Optional[Refusal]:
        return self.contained if self.contained and arn == self.contained.target else None

    def make(self) -> module.RightSizing:
        connection = types.SimpleNamespace(
            access=types.SimpleNamespace(caller=types.SimpleNamespace(account_id=ACCOUNT, arn=CALLER)),
            now=moment(50),
            principals=frozenset(),
            freeze=types.SimpleNamespace(refuse_principal=self._refuse),
            open_store=lambda _place: self.store,
            collect=lambda _datasets: self.snapshot,
        )
        options = types.SimpleNamespace(declared=declare("prepare", campaign=NAME), break_glass=())
        run = types.SimpleNamespace(writes=self.writes, id="run-9")
        given = t.cast("tuple[t.Any, ...]", (options, run, None, None, connection))
        return module.RightSizing(*given)

    def plan(self) -> tuple[module.RightSizing, Plan]:
        capability = self.make()
        return capability, capability.plan(capability.observe(), ())

    def conclude(self, capability: module.RightSizing, *made: Change, completed: bool = True, **result: t.Any) -> None:
        for change in made:
            assert capability.learn(change, {}) == {}
        capability.conclude({"refused": (), **result}, completed=completed)

    def records(self, campaign: str = NAME) -> list[Kind]:
        return [one.kind for one in Archive(self.store, ACCOUNT, campaign).read("dev-shop").events]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(module, "read_role", lambda _access, _arn: None)
    return Case(tmp_path, monkeypatch)


def test_a_step_is_recorded_once_all_its_changes_are_made(case: Case) -> None:
    capability, plan = case.plan()
    assert [change.operation for change in plan.changes] == ["CreatePolicy"] * 3 and plan.refused == ()
    case.conclude(capability, *plan.changes[:2])
    assert case.records() == []
    case.conclude(capability, plan.changes[2])
    assert case.records() == [Kind.PREPARED]
    (kept,) = Archive(case.store, ACCOUNT, NAME).read("dev-shop").events
    assert (kept.role_arn, kept.role_id, kept.by, kept.run_id, kept.at, kept.way) == (
        ROLE,
        "AROAOLD",
        CALLER,
        "run-9",
        moment(50),
        Way.IN_PLACE,
    )


def test_changes_of_one_role_are_known_apart_by_their_requests(case: Case) -> None:
    capability, plan = case.plan()
    first, second, third = plan.changes
    # The same call twice is one change, and another request for the same target is another.
    case.conclude(capability, first, third, dataclasses.replace(first, affects=("*",)))
    assert case.records() == []
    case.conclude(capability, dataclasses.replace(second, parameters={}))
    assert case.records() == []
    case.conclude(capability, second, completed=False)
    assert case.records() == [Kind.PREPARED]


def test_check_mode_records_nothing(case: Case) -> None:
    case.writes = False
    capability, plan = case.plan()
    case.conclude(capability, *plan.changes)
    assert len(plan.changes) == 3 and case.records() == []


@pytest.mark.parametrize(("completed", "expected"), [(True, [Kind.ASSESSED]), (False, [])])
def test_a_step_without_changes_is_recorded_by_a_run_that_came_to_its_end(
    case: Case, completed: bool, expected: list[Kind]
) -> None:
    case.step = dataclasses.replace(PREPARE, event=Kind.ASSESSED)
    capability, plan = case.plan()
    case.conclude(capability, completed=completed)
    assert plan.changes == () and case.records() == expected


def test_a_role_without_a_step_is_not_recorded(case: Case) -> None:
    case.step = Step(ROLE, State.SOAKING, "it is watched", way=Way.IN_PLACE)
    capability, plan = case.plan()
    case.conclude(capability)
    assert plan.changes == () and case.records() == []


def test_the_changes_of_one_role_are_made_together(case: Case) -> None:
    capability, plan = case.plan()
    first, second, _third = plan.changes
    assert capability.stays_with(first, second) and capability.stays_with(second, first)
    foreign = dataclasses.replace(first, target=f"{first.target}2")
    assert not capability.stays_with(foreign, first) and not capability.stays_with(first, foreign)
    assert not capability.stays_with(foreign, foreign)


def test_a_contained_role_takes_no_step(case: Case) -> None:
    for target in (ROLE, f"{ROLE}-lp"):
        case.contained = dataclasses.replace(CONTAINED, target=target)
        capability, plan = case.plan()
        case.conclude(capability)
        assert plan.changes == () and case.records() == []
        (role,) = capability.result({})["campaign"]["roles"]
        assert "INC-7" in role["reason"] and role["state"] == "refused"
    case.contained = dataclasses.replace(CONTAINED, target=f"{ROLE}2")
    assert len(case.plan()[1].changes) == 3


def test_a_guard_that_refuses_all_changes_refuses_the_step(case: Case) -> None:
    capability, plan = case.plan()
    refused = [
        {"target": one.target, "operation": one.operation, "rule": "cap", "reason": "too many"} for one in plan.changes
    ]
    case.conclude(capability, refused=refused)
    (role,) = capability.result({})["campaign"]["roles"]
    assert (role["state"], role["reason"]) == ("refused", "too many") and case.records() == []
    # Of a step that was done in part the next run makes the rest.
    capability, plan = case.plan()
    case.conclude(capability, plan.changes[0], refused=refused[1:])
    (role,) = capability.result({})["campaign"]["roles"]
    assert role["state"] == "due"


def test_an_account_whose_roles_are_not_known_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(tmp_path, monkeypatch, dataclasses.replace(BEFORE, unread=(UNREAD,)))
    capability, plan = case.plan()
    (refusal,) = plan.refused
    assert (refusal.rule, refusal.target, plan.changes) == ("unread", f"arn:aws:iam::{ACCOUNT}:root", ())
    assert "not allowed" in refusal.reason and capability.findings(capability.observe()) == ()
    case.conclude(capability)
    assert capability.sections() == {} and case.records() == []


# Trials of other campaigns


def with_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: bool = True) -> Case:
    """The role takes no step, and a trial of another campaign is over."""
    case = Case(tmp_path, monkeypatch, ON_TRIAL)
    case.step = Step(ROLE, State.SOAKING, "it is watched", way=Way.IN_PLACE)
    step = Step(ROLE, State.LIFTED, "its deadline was yesterday", way=Way.IN_PLACE, event=Kind.LIFTED)
    found = Found(ON_TRIAL.roles[0], None, Log(), Past(way=Way.IN_PLACE), make_subject(ON_TRIAL))
    kept = Archive(case.store, ACCOUNT, "other") if archive else None
    case.overdue = (Overdue(found, step, "other", kept),)
    return case


def test_a_trial_of_another_campaign_that_is_over_ends_and_is_recorded_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = with_trial(tmp_path, monkeypatch)
    capability, plan = case.plan()
    (change,) = plan.changes
    assert (change.operation, case.asked) == ("DeleteRolePermissionsBoundary", [ROLE])
    assert any("by campaign other, is ended" in text for text in plan.warnings)
    case.conclude(capability)
    assert case.records("other") == []
    case.conclude(capability, change)
    assert (case.records("other"), case.records()) == ([Kind.LIFTED], [])


def test_a_trial_of_a_contained_role_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_trial(tmp_path, monkeypatch)
    case.contained = CONTAINED
    capability, plan = case.plan()
    case.conclude(capability)
    assert plan.changes == () and case.records("other") == []
    assert any("is over and stays" in text and "its trial boundary stays" in text for text in plan.warnings)


def test_a_trial_without_records_is_ended_and_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = with_trial(tmp_path, monkeypatch, archive=False)
    capability, plan = case.plan()
    case.conclude(capability, *plan.changes)
    assert len(plan.changes) == 1 and case.records("other") == []
