# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a stage asks of each source, for which workloads, and how the options of the module become a stage."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.hardening.iam.plugins.module_utils._account.collect import OPERATIONS as READS
from ansible_collections.hardening.iam.plugins.module_utils._account.model import Dataset, Unread, UnreadKind
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import NotFound
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import Stage, State
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.observe import Evidence
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.situation import Situation
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Impact
from ansible_collections.hardening.iam.plugins.module_utils._module.key_mentions import Mentions
from ansible_collections.hardening.iam.plugins.module_utils._module.task import Task, TaskError
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import Consumers
from ansible_collections.hardening.iam.plugins.modules.key_migration import argument_spec

from ..incidents import converge_with
from .test_run import INACTIVE, PREPARED, VERIFIED, Case, operations, role, rules
from .test_steps import ACCOUNT, KEY, ROLE, TRUST, USER, at, caller

BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/limits"
OTHER_BOUNDARY: t.Final = f"arn:aws:iam::{ACCOUNT}:policy/other"


class Watched(Case):
    """Keeps what the sources are asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stage: Stage = Stage.PREPARE, *events: t.Any) -> None:
        super().__init__(monkeypatch, stage, *events)
        self.asked: list[tuple[str, t.Any]] = []
        read_evidence, read_proposals = module.read_evidence, module.read_proposals

        def add_trust(access: t.Any, snapshot: t.Any, situation: Situation) -> t.Any:
            assert access is self.access and snapshot.caller.account_id == ACCOUNT
            self.asked.append(("trust", situation))
            return self.place

        def watch_evidence(access: t.Any, *given: t.Any) -> t.Any:
            assert access is self.access
            return read_evidence(access, *given)

        def watch_proposals(
            connection: t.Any, evidence: t.Any, settings: t.Any, snapshot: t.Any, wanted: t.Any
        ) -> t.Any:
            assert connection is self.connection and snapshot.caller.account_id == ACCOUNT
            self.asked.append(("proposals", wanted))
            return read_proposals(connection, evidence, settings, snapshot, wanted)

        monkeypatch.setattr(module, "add_trust", add_trust)
        monkeypatch.setattr(module, "read_evidence", watch_evidence)
        monkeypatch.setattr(module, "read_proposals", watch_proposals)


def test_the_trust_policy_is_sought_for_what_is_known_of_the_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Watched(monkeypatch)
    case.fields["boundary"] = BOUNDARY
    _capability, observed, plan = case.plan()
    (name, asked), (_proposals, wanted) = case.asked
    assert (name, asked.workload, asked.role_arn, asked.boundary) == ("trust", case.workload, ROLE, BOUNDARY)
    assert (asked.platform, asked.region) == (case.workload.platform, "us-east-1")
    assert asked.consumers.found == (caller(),) and wanted == [("svc", BOUNDARY)]
    (found,) = observed.situations
    assert (found.trust, found.proposal) == (TRUST, case.proposal)
    assert plan.changes[0].parameters["PermissionsBoundary"] == BOUNDARY


def test_the_boundary_and_the_region_of_a_workload_come_before_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Watched(monkeypatch)
    case.fields["boundary"] = BOUNDARY
    case.workload = dataclasses.replace(case.workload, boundary=OTHER_BOUNDARY, region="eu-west-1", role="worker")
    _capability, observed, plan = case.plan()
    (found,) = observed.situations
    assert (found.boundary, found.region) == (OTHER_BOUNDARY, "eu-west-1")
    assert found.role_arn == f"arn:aws:iam::{ACCOUNT}:role/workload/worker"
    assert {change.target for change in plan.changes} == {found.role_arn} and case.wanted == [("svc", OTHER_BOUNDARY)]


@pytest.mark.parametrize(
    ("stage", "events"),
    [(Stage.ASSESS, PREPARED), (Stage.PREPARE, PREPARED), (Stage.VERIFY, ()), (Stage.RETIRE, ())],
)
def test_no_policies_are_sought_where_a_role_is_recorded_or_none_is_made(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, events: tuple[t.Any, ...]
) -> None:
    case = Watched(monkeypatch, stage, *events)
    _capability, observed, plan = case.plan()
    assert [name for name, _given in case.asked] == ["proposals"] and case.wanted == []
    assert observed.situations[0].proposal is None and observed.situations[0].trust is None
    assert "CreateRole" not in operations(plan)


def test_assess_asks_for_all_and_plans_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Watched(monkeypatch, Stage.ASSESS)
    _capability, observed, plan = case.plan()
    assert [name for name, _given in case.asked] == ["trust", "proposals"] and case.searched == {KEY}
    assert observed.situations[0].proposal == case.proposal and not plan.changes


def test_a_workload_with_a_problem_asks_no_source_and_is_planned_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Watched(monkeypatch)
    case.store.lost = True
    _capability, observed, plan = case.plan()
    assert [name for name, _given in case.asked] == ["proposals"]
    assert (case.windows, case.searched, case.wanted) == ({}, set(), [])
    assert observed.situations[0].problem.startswith("the journal can't be read: ") and not plan.changes


def test_two_workloads_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one has no user: nothing of the first is said or written of it."""
    case = Watched(monkeypatch)
    given = case.answers["iam:GetUser"]

    def get_user(**asked: t.Any) -> t.Any:
        if asked["UserName"] == "gone":
            raise NotFound("none", code="NoSuchEntity")
        return given(**asked)

    case.answers["iam:GetUser"] = get_user
    capability = case.make()
    second = dataclasses.replace(case.workload, name="second", user="gone")
    declared = dataclasses.replace(capability._declared, workloads=(case.workload, second))
    capability._declared = declared
    capability._options = dataclasses.replace(capability._options, declared=declared)
    observed = capability.observe()
    plan = capability.plan(observed, ())
    first, other = observed.situations
    assert first.user is not None and first.proposal == case.proposal
    assert (other.user, other.proposal, other.detection.targets) == (None, None, frozenset())
    assert {change.target for change in plan.changes} == {ROLE} and case.wanted == [("svc", "")]
    assert [(item.rule, item.target) for item in plan.refused] == [("no_user", "gone")]


def test_the_changes_of_a_key_are_those_of_the_key_of_the_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    for events, status, operation in (
        (VERIFIED, "Active", "UpdateAccessKey"),
        (INACTIVE, "Inactive", "DeleteAccessKey"),
    ):
        case = Case(monkeypatch, Stage.RETIRE, *events)
        case.listed["Status"] = status
        ((change,)) = case.plan()[2].changes
        assert (change.operation, change.target) == (operation, USER)
        assert change.parameters["UserName"] == "svc" and change.parameters["AccessKeyId"] == KEY
        assert change.impact is not Impact.ADDITIVE


@pytest.mark.parametrize("field", ["target", "operation", "parameters"])
def test_a_step_is_recorded_only_if_these_very_changes_were_made(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    other = {"target": f"{USER}x", "operation": "DeleteAccessKey", "parameters": {"UserName": "svc"}}
    case = Case(monkeypatch, Stage.RETIRE, *VERIFIED)
    capability, _observed, plan = case.plan()
    (change,) = plan.changes
    capability.learn(dataclasses.replace(change, **{field: other[field]}), {})
    capability.conclude({}, completed=True)
    assert [one.state for one in case.records()] == [State.PREPARED, State.VERIFIED]
    capability.learn(change, {})
    capability.conclude({}, completed=True)
    assert [one.state for one in case.records()][-1] is State.KEY_INACTIVE


def test_a_stage_without_changes_is_recorded_only_by_a_run_that_came_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for completed, expected in ((True, State.VERIFIED), (False, State.PREPARED)):
        case = Case(monkeypatch, Stage.VERIFY, *PREPARED)
        assert case.walk(completed=completed)[-1] is expected


def test_a_declared_name_with_capitals_is_the_name_of_the_role_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    same = f"arn:aws:iam::{ACCOUNT}:role/workload/Job"
    for arn, name, taken in ((same, "Job", ""), (ROLE, "job", ROLE)):
        case = Case(monkeypatch)
        case.workload = dataclasses.replace(case.workload, role="Job")
        case.roles = (role(name=name, arn=arn),)
        case.answers["iam:GetRole"] = NotFound("none", code="NoSuchEntity")
        _capability, observed, plan = case.plan()
        (found,) = observed.situations
        assert (found.role_arn, found.taken, found.role is not None) == (same, taken, not taken)
        assert not plan.changes and len(plan.refused) == 1


def test_settings_are_not_searched_for_a_key_whose_roles_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for stage, events in ((Stage.PREPARE, ()), (Stage.RETIRE, VERIFIED)):
        case = Case(monkeypatch, stage, *events)
        case.snapshot = {"unread": (Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "denied", "iam:X"),)}
        _capability, observed, plan = case.plan()
        assert observed.situations[0].key is not None and observed.situations[0].problem
        assert (case.searched, case.windows) == (set(), {}) and not plan.changes


def test_what_was_not_searched_for_the_keys_is_a_warning_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for unsearched in (("stacks were not searched", "functions were not searched"), ()):
        case = Case(monkeypatch, Stage.RETIRE, *VERIFIED)
        found = Evidence(mentions=Mentions((), unsearched))
        monkeypatch.setattr(module, "read_evidence", lambda *_given, found=found: found)
        _capability, _observed, plan = case.plan()
        said = [f"not everything was searched for the ids of the keys: {text}" for text in unsearched]
        assert list(plan.warnings) == said and bool(plan.changes) is not bool(unsearched)


def test_nothing_is_said_of_the_callers_of_a_key_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, Stage.VERIFY)
    case.listed["Status"] = "Inactive"
    case.found = Consumers((), failure="one region is missing")
    _capability, observed, plan = case.plan()
    assert observed.situations[0].key is None and not plan.warnings


def test_the_changes_of_a_key_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    capability, _observed, plan = Case(monkeypatch, Stage.RETIRE, *VERIFIED).plan()
    (change,) = plan.changes
    assert not capability.stays_with(change, dataclasses.replace(change, operation="DeleteAccessKey"))


# The options of the module, and what it declares


def given(**options: t.Any) -> t.Any:
    known = {
        "account_id": ACCOUNT,
        "journal": "/journal",
        "run_id": "run-9",
        "stage": "retire",
        "workloads": [{"name": "job", "user": "svc", "platform": "lambda"}],
        "verify_days": 8,
        "delete_after_days": "9",
        "break_glass_principals": [f"arn:aws:iam::{ACCOUNT}:role/rescue"],
        "trail_days": 33,
        "min_window_days": 12,
        **options,
    }
    known = {name: value for name, value in known.items() if name in argument_spec()}
    validation = ArgumentSpecValidator(argument_spec()).validate(known)
    assert not validation.error_messages
    return Task(
        options=validation.validated_parameters,
        operations=module.OPERATIONS,
        check_mode=False,
        clock=lambda: at(30),
    )


def test_the_options_of_the_module_are_those_of_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.make()
    handed = converge_with(monkeypatch, module, case.connection)
    task = given()
    assert module.run(task) == {"converged": True}
    ((capability, named),) = handed
    assert named == {"module": "key_migration"}
    options = capability._options
    declared = options.declared
    assert (declared.stage, [one.name for one in declared.workloads]) == (Stage.RETIRE, ["job"])
    assert (declared.today, declared.verify, declared.delete_after) == (task.now.date(), 8, 9)
    assert (options.evidence.trail_days, options.settings.min_window_days) == (33, 12)
    assert options.break_glass == tuple(task.guards.break_glass)
    assert options.journal == task.journal and options.run == task.run
    assert options.reveal_key_ids is task.findings.reveal_key_ids


def test_options_that_are_not_allowed_end_the_run_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = converge_with(monkeypatch, module, None)
    with pytest.raises(TaskError, match="revert: the names of the workloads"):
        module.run(given(stage="revert"))
    with pytest.raises(TaskError, match="trail_days: 0"):
        module.run(given(trail_days=0))
    assert handed == []


def test_a_workload_without_an_active_key_has_no_platform_and_no_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.workload = dataclasses.replace(case.workload, platform=None)
    case.listed["Status"] = "Inactive"
    case.found = Consumers((caller(),))
    case.roles = (role(name="other", arn=f"{ROLE}x"),)
    _capability, observed, plan = case.plan()
    (found,) = observed.situations
    assert (found.key, found.consumers.found, found.platform) == (None, (), None)
    assert not plan.changes and len(rules(plan)) == 1 and case.windows == {}


def test_an_account_is_read_with_its_organization_whose_policies_hold_for_the_role_too() -> None:
    assert {dataset.value for dataset in module.DATASETS} == {
        "account_aliases",
        "account_summary",
        "authorization_details",
        "credential_report",
        "oidc_providers",
        "organization",
        "organization_policies",
    }
    for dataset in module.DATASETS:
        assert READS[dataset].reads <= module.OPERATIONS.reads
