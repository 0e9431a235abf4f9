# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Ending the trials whose deadline has passed, in runs that right-size nothing.

A trial denies for real, and its campaign may never run again. It is looked for in what the run has read of the account
anyway. The role that writes is only assumed if there is one.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Mapping, Sequence

from ...._account.collect import OPERATIONS as READS
from ...._account.model import Dataset, Snapshot
from ...._account.permissions import Permissions
from ...._aws.errors import AccessDenied, AwsError
from ...._aws.operations import Operations
from ...._controls.assess import assess
from ...._controls.catalogue.least_privilege import OTHER_PROBLEMS
from ...._controls.control import Control, Failure, Scope, Verdict, maps, unread_reason
from ...._controls.requirements import LEAST_PRIVILEGE_NIST, LEAST_PRIVILEGE_PCI
from ...._controls.settings import Settings
from ...._converge.affects.affected import with_affected
from ...._converge.affects.reach import KnownReach
from ...._converge.capability import Capability
from ...._converge.change import Change, Refusal, plan_sha256
from ...._converge.diff import diff_of
from ...._converge.finding import Finding, Remediation, Severity
from ...._converge.plan import Plan
from ...._module.connection import Connection
from ...._module.converging import converge
from ...._module.options import Run, StoreOptions
from ...._module.run_snapshot import Part
from ...._module.task import Task, TaskError
from ...._module.writers import Writer
from ..changes import DEADLINE_KINDS, RoleWriter
from ..declared import Declared
from ..events import Author, make_event
from ..live import Observer
from ..observe import MODULE, READ_OPERATIONS, reread
from ..plan import Case, CasePlanner, Planned
from .observe import Overdue, TrialReader, list_on_trial

#: The part of a report, and the role of playbooks.
PART: t.Final = "trial_deadlines"
CONTROL: t.Final = "trial_overdue"
_DATASETS: t.Final = frozenset({Dataset.AUTHORIZATION_DETAILS})
OPERATIONS: t.Final = Operations(writes=frozenset({"iam:DeleteRolePermissionsBoundary"})).union(
    READ_OPERATIONS, *(READS[dataset] for dataset in _DATASETS)
)
#: It ends the trials of all campaigns.
COMMAND: t.Final = "ansible-playbook hardening.iam.right_size -e least_privilege_mode=enforce"


def run(task: Task) -> dict[str, t.Any]:
    """End the trials of an account whose deadline has passed, as the options of a task say."""
    task.work_as(task.roles.of(Writer.ROLES))
    task.share_snapshot(Part.FOLLOWING)
    problem = task.roles.explain_lack(Writer.ROLES)
    if problem and not task.options.get("assessor_role_arn"):
        raise TaskError(problem)
    snapshot = task.reading_connection.collect(_DATASETS)
    task.expect_account(snapshot.account_id)
    if not snapshot.missing(Dataset.AUTHORIZATION_DETAILS) and not list_on_trial(snapshot):
        return _report_nothing(task, snapshot.account_id)
    _find_writer(task, problem)
    declared = Declared.from_options({"campaign": PART}, today=task.now.date())
    make = functools.partial(TrialDeadlines, declared, task.run, task.journal)
    # In the journal they are changes of the module that began the trials, whose reverts need them.
    return converge(task, make, module=MODULE, part=PART)


def _find_writer(task: Task, problem: t.Optional[str]) -> None:
    """Report in place of writing if there is no role to write in. Others may still end the trials."""
    if task.check_mode or task.options.get("mode") != "enforce":
        return
    try:
        if problem is None:
            task.open_for_jobs(Writer.ROLES)
    except AwsError as error:
        problem = str(error)
    if problem is not None:
        task.only_report(f"trials are only reported, since no role may end them: {problem}. End them by: {COMMAND}")


def _report_nothing(task: Task, account_id: str) -> dict[str, t.Any]:
    """Report on an account without a trial: nothing more is asked of AWS, and nothing is written."""
    return {
        "changed": False,
        "mode": task.run.mode,
        "account_id": account_id,
        "run_id": task.run_id,
        "changes": [],
        "refused": [],
        "already_done": [],
        "plan_sha256": plan_sha256(()),
        "diff": diff_of(()),
        "trials": [],
        **({} if task.findings.returned == "none" else {"findings": []}),
    }


class TrialDeadlines(Capability[Snapshot]):
    """The trials of one account."""

    deadline_kinds = DEADLINE_KINDS
    reports = frozenset({CONTROL})

    def __init__(self, declared: Declared, run: Run, journal: StoreOptions, connection: Connection) -> None:
        self._declared = declared
        self._run = run
        self._connection = connection
        self._journal = connection.open_store(journal)
        self._overdue: tuple[Overdue, ...] = ()
        self._planned: tuple[Planned, ...] = ()
        self._unread: Mapping[str, str] = {}
        self._made: list[Change] = []

    def observe(self) -> Snapshot:
        snapshot = self._connection.collect(_DATASETS)
        if snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is None:
            writer = RoleWriter(snapshot, self._declared.campaign)
            reader = TrialReader(self._connection, self._declared, self._journal, writer)
            self._overdue = reader.find(Observer(writer, Permissions(snapshot)))
            self._unread = reader.unread
        return snapshot

    def findings(self, observed: Snapshot) -> tuple[Finding, ...]:
        now = self._connection.now
        return assess(observed, settings=Settings(), controls=[self._make_control(observed)], now=now)

    def _make_control(self, snapshot: Snapshot) -> Control:
        return Control(
            id=CONTROL,
            problem=OTHER_PROBLEMS[CONTROL],
            title="Every trial by boundary ends at its deadline",
            severity=Severity.MEDIUM,
            theme="privileges",
            needs=(),
            check=functools.partial(self._check, snapshot),
            expected="no trial boundary after its deadline",
            rationale="A trial denies calls for real. After its deadline nobody watches what it denies.",
            remediation=Remediation(f"End all trials that are over by: {COMMAND}", f"hardening.iam.{PART}"),
            compliance=maps(nist=LEAST_PRIVILEGE_NIST, pci=LEAST_PRIVILEGE_PCI, soc2=("CC6.3",)),
        )

    def _check(self, snapshot: Snapshot, _scope: Scope) -> Verdict:
        unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread is not None:
            return Verdict(0, "trials", not_assessed=unread_reason(unread))
        failures = tuple(
            Failure(item.found.role.arn, f"{item.step.reason}, and it still denies calls", {"campaign": item.campaign})
            for item in self._overdue
        )
        unjudged = tuple(Failure(arn, reason) for arn, reason in self._unread.items())
        return Verdict(len(list_on_trial(snapshot)), "trials", failures, unjudged=unjudged)

    def plan(self, observed: Snapshot, found: tuple[Finding, ...]) -> Plan:
        planner = CasePlanner(RoleWriter(observed, self._declared.campaign), None)
        self._planned = planner.plan([Case(item.found.subject, item.step) for item in self._overdue])
        remedied = {finding.resource: (finding.fingerprint,) for finding in found}
        changes = tuple(
            dataclasses.replace(change, remedies=remedied.get(change.target, ()))
            for planned in self._planned
            for change in planned.changes
        )
        return Plan(changes, tuple(refusal for planned in self._planned for refusal in planned.refused))

    def add_affected(self, observed: Snapshot, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(observed))

    def reread(self, change: Change) -> t.Any:
        return reread(self._connection.access, self._connection.now)(change)

    def learn(self, change: Change, _answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        self._made.append(change)
        return {}

    def find_refusal(self, change: Change, error: Exception) -> t.Optional[Refusal]:
        """Refuse what the role may not do: the run has other work, and a finding names who can do it."""
        if not isinstance(error, AccessDenied):
            return None
        return Refusal("not_permitted", f"{error}. End the trial by: {COMMAND}", change.target, change.operation)

    def conclude(self, _result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Record the trials that have ended, for their campaigns."""
        access, made = self._connection.access, {change.target for change in self._made}
        for item, planned in zip(self._overdue, self._planned, strict=True):
            is_done = not planned.refused and all(change.target in made for change in planned.changes)
            if not (self._run.writes and item.archive and is_done and (completed or planned.changes)):
                continue
            found, campaign = item.found, item.archive.campaign
            author = Author(access.caller.account_id, campaign, access.caller.arn, self._run.id, self._connection.now)
            event = make_event(item.step, found.role.unique_id, found.past, self._declared, author)
            item.archive.write(event, found.log)

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {
            "trials": [
                {"role": item.found.role.arn, "campaign": item.campaign, "reason": item.step.reason}
                for item in self._overdue
            ]
        }
