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
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.changes import RoleWriter
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import Kind
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.step import State, Step
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.trials.observe import Overdue
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import plan_sha256
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Severity, Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.store import DirectoryStore
from ansible_collections.hardening.iam.plugins.module_utils._module.run_snapshot import Part
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError
from ansible_collections.hardening.iam.plugins.module_utils._module.writers import Writer

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

    def _make_reader(self, _connection: t.Any, _declared: t.Any, _journal: t.Any, writer: t.Any) -> t.Any:
        assert writer == RoleWriter(self.snapshot, NAME)
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
    assert finding.severity is Severity.MEDIUM and module.COMMAND in finding.remediation.text
    assert finding.remediation.module == "hardening.iam.trial_deadlines"
    assert {"soc2", "pci_4.0", "nist_800_53"} <= set(finding.compliance)
    assert tuple(finding.compliance["soc2"]) == ("CC6.3",)
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


# The task


class Task:
    """The task of the module. ``problem`` says why no role may end trials, ``closed`` why that role does not open."""

    def __init__(self, snapshot: Snapshot = ON_TRIAL, problem: t.Optional[str] = None, **options: t.Any) -> None:
        self.options = {"mode": "enforce", "assessor_role_arn": None, **options}
        self.check_mode, self.closed, self.returned = False, "", "all"
        self.done: list[t.Any] = []
        self.reported: list[str] = []
        self.now, self.run_id = moment(50), "run-9"
        self.run = types.SimpleNamespace(mode="enforce", writes=True, id="run-9")
        self.findings = types.SimpleNamespace(returned=self.returned)
        self.journal = None
        self.roles = types.SimpleNamespace(of=lambda writer: f"role of {writer}", explain_lack=lambda _writer: problem)
        self.reading_connection = types.SimpleNamespace(collect=self._collect)
        self._snapshot = snapshot

    def _collect(self, datasets: t.Collection[Dataset]) -> Snapshot:
        assert set(datasets) == {Dataset.AUTHORIZATION_DETAILS}
        return self._snapshot

    def work_as(self, role: str) -> None:
        self.done.append(role)

    def share_snapshot(self, part: t.Any) -> None:
        self.done.append(part)

    def expect_account(self, account_id: str) -> None:
        self.done.append(account_id)

    def open_for_jobs(self, writer: Writer) -> None:
        self.done.append(writer)
        if self.closed:
            raise AwsError(self.closed)

    def only_report(self, reason: str) -> None:
        self.reported.append(reason)


@pytest.fixture
def converged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[t.Any, ...]]:
    """What is handed to the runner."""
    handed: list[tuple[t.Any, ...]] = []

    def converge(task: t.Any, make: t.Any, *, module: str, part: str) -> dict[str, t.Any]:
        handed.append((task, make, module, part))
        return {"converged": True}

    monkeypatch.setattr(module, "converge", converge)
    return handed


WORK: t.Final = [f"role of {Writer.ROLES}", Part.FOLLOWING, ACCOUNT]


def test_a_trial_is_ended_in_the_role_that_writes_roles(converged: list[tuple[t.Any, ...]]) -> None:
    task: t.Any = Task()
    assert module.run(task) == {"converged": True}
    assert task.done == [*WORK, Writer.ROLES] and task.reported == []
    ((handed, make, name, part),) = converged
    # Its changes are those of the module that began the trials: a revert looks for them there.
    assert handed is task and (name, part) == ("least_privilege", "trial_deadlines")
    connection = types.SimpleNamespace(open_store=lambda _journal: None)
    assert isinstance(make(connection), module.TrialDeadlines)


@pytest.mark.parametrize("returned", ["all", "none"])
def test_an_account_without_a_trial_asks_for_nothing_more(returned: str, converged: list[tuple[t.Any, ...]]) -> None:
    task: t.Any = Task(reach(prepare_in_place))
    task.findings.returned = returned
    found = module.run(task)
    assert converged == [] and task.done == WORK and task.reported == []
    empty = {name for name in found if found[name] == []}
    kept = ["findings"] if returned == "all" else []
    assert empty == {"changes", "refused", "already_done", "diff", "trials", *kept}
    assert (found["changed"], found["mode"], found["account_id"], found["run_id"]) == (
        False,
        "enforce",
        ACCOUNT,
        "run-9",
    )
    # What everybody calls an empty plan.
    assert found["plan_sha256"] == plan_sha256(())


def test_an_account_that_can_not_be_read_is_no_account_without_trials(converged: list[tuple[t.Any, ...]]) -> None:
    task: t.Any = Task(dataclasses.replace(reach(prepare_in_place), unread=(UNREAD,)))
    assert module.run(task) == {"converged": True} and len(converged) == 1


@pytest.mark.parametrize("fields", [{"check_mode": True}, {"mode": "report"}, {"mode": "off"}])
def test_where_nothing_is_written_no_role_is_assumed(
    fields: dict[str, t.Any], converged: list[tuple[t.Any, ...]]
) -> None:
    task: t.Any = Task(assessor_role_arn="assessor", problem="no role")
    task.check_mode = fields.get("check_mode", False)
    task.options |= {"mode": fields.get("mode", "enforce")}
    module.run(task)
    assert task.done == WORK and task.reported == [] and len(converged) == 1


@pytest.mark.parametrize(("problem", "closed"), [("no role is given", ""), (None, "it can't be assumed")])
def test_without_a_role_that_writes_trials_are_only_reported(
    problem: t.Optional[str], closed: str, converged: list[tuple[t.Any, ...]]
) -> None:
    task: t.Any = Task(problem=problem, assessor_role_arn="assessor")
    task.closed = closed
    module.run(task)
    (reason,) = task.reported
    assert (problem or closed) in reason and reason.endswith(f"End them by: {module.COMMAND}")
    assert (Writer.ROLES in task.done) is (problem is None) and len(converged) == 1


def test_without_any_role_the_account_is_not_read() -> None:
    task: t.Any = Task(problem="roles: give one")
    with pytest.raises(TaskError, match="roles: give one"):
        module.run(task)
    assert task.done == WORK[:2]
