# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trials whose deadline has passed are ended by runs that right-size nothing."""

from __future__ import annotations

import dataclasses
import types
import typing as t
from pathlib import Path

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Snapshot, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.archive import Archive, Log
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.cases.found import Found
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials.observe import Overdue
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore

from ..campaigns import declare, moment
from ..samples import ACCOUNT, BEFORE, NAME, ROLE, make_subject
from ..test_changes import prepare_in_place, reach, try_out

CALLER: t.Final = f"arn:aws:iam::{ACCOUNT}:role/automation"
ON_TRIAL: t.Final = reach(prepare_in_place, try_out)
UNREAD: t.Final = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "not allowed")


class Case:
    """A run in an account with one overdue trial, which ``read`` finds."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot = ON_TRIAL) -> None:
        self.store = DirectoryStore(str(directory))
        self.archive = Archive(self.store, ACCOUNT, NAME)
        self.snapshot = snapshot
        self.writes = True
        self.unread: dict[str, str] = {}
        step = Step(ROLE, State.LIFTED, "its deadline was yesterday", way=Way.IN_PLACE, event=Kind.LIFTED)
        self.found: tuple[Overdue, ...] = ()
        if snapshot.roles:
            found = Found(snapshot.roles[0], None, Log(), Past(way=Way.IN_PLACE), make_subject(snapshot))
            self.found = (Overdue(found, step, NAME, self.archive),)
        monkeypatch.setattr(module, "TrialReader", self._make_reader)

    def _make_reader(self, *_given: t.Any) -> t.Any:
        return types.SimpleNamespace(find=lambda _observer: self.found, unread=self.unread)

    def make(self) -> module.TrialDeadlines:
        caller = types.SimpleNamespace(account_id=ACCOUNT, arn=CALLER)
        connection = types.SimpleNamespace(
            access=types.SimpleNamespace(caller=caller),
            now=moment(50),
            open_store=lambda _place: self.store,
            collect=lambda datasets: self.snapshot,
        )
        run = types.SimpleNamespace(writes=self.writes, id="run-9")
        return module.TrialDeadlines(declare(), t.cast(t.Any, run), t.cast(t.Any, None), t.cast(t.Any, connection))

    def plan(self) -> tuple[module.TrialDeadlines, t.Any, t.Any]:
        capability = self.make()
        observed = capability.observe()
        found = capability.findings(observed)
        return capability, found, capability.plan(observed, found)

    @property
    def records(self) -> list[tuple[Kind, str]]:
        return [(one.kind, one.run_id) for one in self.archive.read("dev-shop").events]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(tmp_path, monkeypatch)


def test_a_trial_that_is_over_is_ended_and_recorded_for_its_campaign(case: Case) -> None:
    capability, (finding,), plan = case.plan()
    (change,) = plan.changes
    assert (change.operation, change.target, change.after) == (
        "DeleteRolePermissionsBoundary",
        ROLE,
        {"boundary": None},
    )
    assert {f"{change.service}:{change.operation}"} == module.OPERATIONS.writes
    assert (finding.status, finding.resource, finding.control) == (Status.FAIL, ROLE, "trial_overdue")
    assert change.remedies == (finding.fingerprint,) and change.kind in module.TrialDeadlines.deadline_kinds
    assert capability.learn(change, {}) == {}
    capability.conclude({}, completed=True)
    assert case.records == [(Kind.LIFTED, "run-9")]
    (kept,) = case.archive.read("dev-shop").events
    assert (kept.role_arn, kept.role_id, kept.by, kept.way, kept.at) == (
        ROLE,
        "AROAOLD",
        CALLER,
        Way.IN_PLACE,
        moment(50),
    )
    assert capability.result({}) == {
        "trials": [{"role": ROLE, "campaign": NAME, "reason": "its deadline was yesterday"}]
    }


def test_a_write_that_was_not_made_is_not_recorded(case: Case) -> None:
    capability, _found, plan = case.plan()
    capability.conclude({}, completed=True)
    assert case.records == []
    capability.learn(dataclasses.replace(plan.changes[0], target=f"{ROLE}2"), {})
    capability.conclude({}, completed=True)
    assert case.records == []
    # A write that was made is recorded, also by a run that was cut off.
    capability.learn(plan.changes[0], {})
    capability.conclude({}, completed=False)
    assert case.records == [(Kind.LIFTED, "run-9")]


def test_check_mode_records_nothing(case: Case) -> None:
    case.writes = False
    capability, _found, plan = case.plan()
    for change in plan.changes:
        capability.learn(change, {})
    capability.conclude({}, completed=True)
    assert len(plan.changes) == 1 and case.records == []


@pytest.mark.parametrize(("completed", "expected"), [(True, [(Kind.LIFTED, "run-9")]), (False, [])])
def test_a_boundary_that_is_gone_already_is_only_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, completed: bool, expected: list[t.Any]
) -> None:
    case = Case(tmp_path, monkeypatch, reach(prepare_in_place))
    capability, _found, plan = case.plan()
    assert plan.changes == () and plan.refused == ()
    capability.conclude({}, completed=completed)
    assert case.records == expected


def test_a_trial_without_records_is_ended_all_the_same(case: Case) -> None:
    case.found = (dataclasses.replace(case.found[0], archive=None),)
    capability, _found, plan = case.plan()
    capability.learn(plan.changes[0], {})
    capability.conclude({}, completed=True)
    assert len(plan.changes) == 1 and case.records == []


def test_an_account_whose_trials_are_in_time_passes(case: Case) -> None:
    case.found = ()
    capability, (finding,), plan = case.plan()
    assert (finding.status, plan.changes, capability.result({})) == (Status.PASS, (), {"trials": []})


def test_a_trial_of_which_nobody_knows_is_not_assessed(case: Case) -> None:
    case.found, case.unread = (), {ROLE: "it is not known whether the trial is over"}
    _capability, found, plan = case.plan()
    assert Status.NOT_ASSESSED in {one.status for one in found} and Status.PASS not in {one.status for one in found}
    assert plan.changes == ()


def test_an_account_that_cannot_be_read_is_not_assessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(tmp_path, monkeypatch, dataclasses.replace(BEFORE, unread=(UNREAD,)))
    _capability, (finding,), plan = case.plan()
    assert (finding.status, plan.changes) == (Status.NOT_ASSESSED, ())


def test_a_role_that_may_not_end_it_refuses_that_alone(case: Case) -> None:
    capability, _found, plan = case.plan()
    refusal = capability.find_refusal(plan.changes[0], AccessDenied("not allowed", code="AccessDenied"))
    assert refusal is not None and (refusal.rule, refusal.target, refusal.operation) == (
        "not_permitted",
        ROLE,
        "DeleteRolePermissionsBoundary",
    )
    assert "not allowed" in refusal.reason and "right_size" in refusal.reason
    assert capability.find_refusal(plan.changes[0], AwsError("busy")) is None
