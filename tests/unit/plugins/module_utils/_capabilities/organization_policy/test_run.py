# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walk of the module in an organization that was read: which guards hold a change back, and what is recorded."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.organization_tree import SCP, OrganizationTree
from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied, AwsError
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy import run as module
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.declared import (
    Declared,
    parse_targets,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.lock_out.run import (
    Judgement,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.run import (
    Action,
    Decision,
)
from ansible_collections.hardening.iam.plugins.module_utils._controls.settings import Settings
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.errors import InputError
from ansible_collections.hardening.iam.plugins.module_utils._converge.finding import Status
from ansible_collections.hardening.iam.plugins.module_utils._converge.plan import Plan

from ..._controls.samples import NOW, snapshot
from .organizations import BOX, DENY, DEV, FULL, MANAGEMENT, PROD, WORK, WORK_DEV, declaring, policy, tree

NOTHING: t.Final = {"refused": (), "changes": ()}
REFUSED: t.Final = Refusal("lock_out", "it would lock the automation out", "protect", "AttachPolicy")


class Guard:
    """The lock-out guard, which refuses policies by name, and knows what it was asked about."""

    def __init__(self, **refusals: Refusal) -> None:
        self.refusals = {name: (refusal,) for name, refusal in refusals.items()}
        self.asked: list[tuple[str, ...]] = []
        self.impacts: tuple[t.Any, ...] = ()

    def __call__(self, *_given: t.Any) -> Guard:
        return self

    def judge(self, _tree: OrganizationTree, after: OrganizationTree) -> Judgement:
        self.asked.append(next((one.targets for one in after.policies if one.name == "protect"), ()))
        predicted = frozenset({t.cast(t.Any, "pair")})
        return Judgement(self.refusals, predicted=predicted, impacts=self.impacts, report={"asked": True})


class FakeRollout:
    """A rollout that has decided, and remembers what it is to record."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.recorded: list[tuple[t.Any, ...]] = []

    def __call__(self, *_given: t.Any, **_named: t.Any) -> FakeRollout:
        return self

    def decide(self, _tree: OrganizationTree, *, content_sha256: str) -> Decision:
        assert content_sha256
        return self.decision

    def record_events(self, decision: Decision, *, predicted: t.Any, attached: t.Any) -> None:
        self.recorded.append((decision.action, set(predicted), tuple(attached)))


class Case:
    """The module in an organization; ``guard`` and ``rollout`` stand for those that read more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, organization: t.Optional[OrganizationTree] = None) -> None:
        self.tree = organization or tree()
        self.guard = Guard()
        self.rollout: t.Optional[FakeRollout] = None
        self.stages: tuple[t.Any, ...] = ()
        self.writes = True
        self.warned: list[str] = []
        self.asked: list[t.Any] = []
        self.error: t.Optional[AwsError] = None
        monkeypatch.setattr(module, "organization_tree", self._read)
        monkeypatch.setattr(module, "collect", lambda *_given, **_named: snapshot())
        monkeypatch.setattr(module, "find_analyzer_objections", lambda *_given: {})
        monkeypatch.setattr(module, "LockOut", lambda *given: self.guard)
        monkeypatch.setattr(module, "Rollout", lambda *given, **named: self.rollout)

    def _read(self, _access: t.Any, **asked: t.Any) -> OrganizationTree:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return self.tree

    def make(self, declared: t.Optional[Declared] = None) -> module.OrganizationPolicy:
        self.access = types.SimpleNamespace(caller=types.SimpleNamespace(account_id=MANAGEMENT))
        self.connection = types.SimpleNamespace(access=self.access, now=NOW, warn=self.warned.append)
        self.inputs = types.SimpleNamespace(
            run=types.SimpleNamespace(writes=self.writes),
            settings=Settings(),
            journal="journal",
            lock_out=types.SimpleNamespace(member_role_arn="arn:reader"),
            evidence=types.SimpleNamespace(trail_logs=(types.SimpleNamespace(location="s3://trail"),)),
            places=(),
            rollout=object() if self.rollout else None,
            stages=self.stages,
        )
        given: tuple[t.Any, t.Any] = self.inputs, self.connection
        return module.OrganizationPolicy(declared or declaring(), *given)

    def plan(self, declared: t.Optional[Declared] = None) -> tuple[module.OrganizationPolicy, Plan]:
        capability = self.make(declared)
        return capability, capability.plan(capability.observe(), ())

    def stage(self, action: Action, *ous: str, **fields: t.Any) -> FakeRollout:
        """A rollout of two stages, /Work/Dev and /Box, that has decided."""
        targets = tuple({"ou": ou} for ou in ous)
        self.rollout = FakeRollout(Decision(action, "canary", t.cast(t.Any, targets), "why", **fields))
        self.stages = tuple(parse_targets([{"ou": ou}], "x") for ou in ("/Work/Dev", "/Box"))
        return self.rollout


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(monkeypatch)


def shown(plan: Plan) -> list[tuple[str, t.Any]]:
    return [(change.operation, (change.after or {}).get("attached_to")) for change in plan.changes]


STAGED: t.Final = {"targets": []}


def test_a_policy_is_made_and_attached_once_the_guard_lets_it_through(case: Case) -> None:
    capability, plan = case.plan()
    assert shown(plan) == [("CreatePolicy", None), ("AttachPolicy", WORK)] and plan.refused == ()
    # It judges the organization as it is after the changes.
    assert case.guard.asked == [(WORK,)]
    result = capability.result(NOTHING)
    assert result["lock_out"] == {"asked": True} and result["rollout"] == [] and "terminal" not in result
    assert result["policies"][0]["name"] == "protect"
    assert case.asked == [{"policy_types": (SCP, "RESOURCE_CONTROL_POLICY"), "delegations": True}]


def test_a_policy_that_would_lock_somebody_out_is_not_made(case: Case) -> None:
    case.guard = Guard(protect=REFUSED)
    _capability, plan = case.plan()
    assert plan.changes == () and [one.rule for one in plan.refused][0] == "lock_out"


def test_a_policy_that_aws_finds_wrong_is_not_made(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Refusal("analyzer", "it has an error", "protect", "CreatePolicy")
    monkeypatch.setattr(module, "find_analyzer_objections", lambda *_given: {"protect": (wrong,)})
    _capability, plan = case.plan()
    assert plan.changes == () and wrong in plan.refused
    # Nothing is left to judge.
    assert case.guard.asked == []


def test_a_type_that_denies_nothing_needs_no_guard(case: Case) -> None:
    content = {"tags": {"team": {"tag_key": {"@@assign": "team"}}}}
    declared = declaring({"content": content}, type="TAG_POLICY")
    _capability, plan = case.plan(declared)
    assert plan.changes and case.guard.asked == []
    assert case.asked == [{"policy_types": ("TAG_POLICY",), "delegations": False}]


def test_an_organization_that_cannot_be_read_is_an_error(case: Case) -> None:
    case.error = AccessDenied("not allowed.", code="AccessDenied")
    with pytest.raises(AwsError, match="not allowed; run in the management account"):
        case.plan()
    case.error, case.tree = None, dataclasses.replace(case.tree, feature_set="CONSOLIDATED_BILLING")
    with pytest.raises(InputError, match="has the features CONSOLIDATED_BILLING"):
        case.plan()


# Rollouts


def test_a_rollout_attaches_the_stages_that_it_has_reached(case: Case) -> None:
    rollout = case.stage(Action.START, "/Work/Dev")
    capability, plan = case.plan(declaring(STAGED))
    assert shown(plan) == [("CreatePolicy", None), ("AttachPolicy", WORK_DEV)]
    made = [change.as_entry() | {"applied": True} for change in plan.changes]
    capability.conclude({"refused": (), "changes": made}, completed=True)
    assert rollout.recorded == [(Action.START, {"pair"}, (WORK_DEV,))] and case.warned == []


@pytest.mark.parametrize("action", [Action.START, Action.ADVANCE])
def test_a_stage_whose_changes_were_not_made_has_not_begun(case: Case, action: Action) -> None:
    rollout = case.stage(action, "/Work/Dev")
    capability, _plan = case.plan(declaring(STAGED))
    refused = [{"target": "protect", "reason": "too many"}]
    capability.conclude({"refused": refused, "changes": ()}, completed=True)
    assert rollout.recorded == [] and "stage 'canary' has not begun" in case.warned[0]


@pytest.mark.parametrize("action", [Action.SOAKING, Action.HOLD, Action.FINISHED])
def test_what_begins_no_stage_is_recorded_whatever_was_made(case: Case, action: Action) -> None:
    rollout = case.stage(action, "/Work/Dev")
    capability, _plan = case.plan(declaring(STAGED))
    capability.conclude(NOTHING, completed=False)
    assert [one[0] for one in rollout.recorded] == [action]


def test_check_mode_records_nothing(case: Case) -> None:
    rollout = case.stage(
        Action.HOLD, "/Work/Dev", failed=True, report={"policy": "protect", "reason": "x", "failed": True}
    )
    case.writes = False
    capability, _plan = case.plan(declaring(STAGED))
    capability.conclude(NOTHING, completed=True)
    assert rollout.recorded == []


LIVE: t.Final = {"Version": "2012-10-17", "Statement": [DENY["Statement"][0]]}  # type: ignore[index]


def test_a_policy_that_somebody_edited_in_its_rollout_stays_exactly_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, tree(policy("protect", WORK_DEV, BOX, content=LIVE)))
    case.stage(Action.HOLD, "/Work/Dev", writes_nothing=True)
    _capability, plan = case.plan(declaring(STAGED, purge_attachments=True))
    assert plan.changes == () and [one.rule for one in plan.refused][0] == "edited"
    # Without the edit its content is brought up to date.
    case.stage(Action.SOAKING, "/Work/Dev")
    _capability, plan = case.plan(declaring(STAGED, purge_attachments=True))
    assert [operation for operation, _node in shown(plan)] == ["UpdatePolicy"] and plan.refused == ()


def test_a_target_of_a_later_stage_is_not_purged_and_another_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, tree(policy("protect", WORK_DEV, BOX, WORK)))
    case.stage(Action.SOAKING, "/Work/Dev")
    _capability, plan = case.plan(declaring(STAGED, purge_attachments=True))
    assert shown(plan) == [("DetachPolicy", WORK)]


def test_a_stage_that_names_nothing_is_an_error_before_anything_is_attached(case: Case) -> None:
    case.stage(Action.START, "/Work/Dev")
    case.stages = (*case.stages, parse_targets([{"ou": "/Gone"}], "x"))
    with pytest.raises(InputError, match=r"rollout\.stages\[2\]"):
        case.plan(declaring(STAGED))


def test_a_policy_that_was_made_is_known_by_the_id_of_the_answer(case: Case) -> None:
    capability, plan = case.plan()
    made, attached = plan.changes
    summary = {"Id": "p-new", "Arn": "arn:new"}
    assert capability.learn(made, {"Policy": {"PolicySummary": summary}}) == {"policy_id": "p-new"}
    assert capability.learn(attached, {}) == {}
    assert [(one["id"], one["arn"]) for one in capability.result(NOTHING)["policies"]] == [("p-new", "arn:new")]


def test_an_attachment_waits_until_its_type_is_enabled(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    capability, plan = case.plan()
    states = ["PENDING_ENABLE", "PENDING_ENABLE", "ENABLED"]
    waited: list[float] = []
    asked = case.access, SCP
    monkeypatch.setattr(module, "read_type_status", lambda *given: states.pop(0) if given == asked else None)

    def reread(*given: t.Any) -> t.Any:
        assert given == (case.access, NOW)
        return lambda change: change.operation

    monkeypatch.setattr(module, "reread", reread)
    monkeypatch.setattr(module.time, "sleep", waited.append)
    made, attached = plan.changes
    assert capability.reread(made) == "CreatePolicy" and len(states) == 3
    assert capability.reread(attached) == "AttachPolicy" and (states, waited) == ([], [0.5, 1.0])
    # It is asked once.
    assert capability.reread(attached) == "AttachPolicy"


@pytest.mark.parametrize(("status", "words"), [("PENDING_ENABLE", "is PENDING_ENABLE"), (None, "is not enabled")])
def test_nothing_is_attached_while_its_type_is_not_enabled(
    case: Case, monkeypatch: pytest.MonkeyPatch, status: t.Optional[str], words: str
) -> None:
    capability, plan = case.plan()
    monkeypatch.setattr(module, "read_type_status", lambda _access, _kind: status)
    monkeypatch.setattr(module.time, "sleep", lambda _seconds: None)
    with pytest.raises(AwsError, match=words):
        capability.reread(plan.changes[1])


def test_a_policy_that_allows_is_made_like_any_other(case: Case) -> None:
    capability, plan = case.plan(declaring({"content": FULL}))
    made, attached = plan.changes
    assert capability.stays_with(attached, made) and capability.serves(made, attached)
    assert not capability.stays_with(made, attached)


# What it is made of


@pytest.mark.parametrize("by", ["policy", "stage", "neither"])
def test_tags_of_accounts_are_read_where_something_is_chosen_by_them(
    case: Case, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    asked: list[OrganizationTree] = []

    def with_tags(_access: t.Any, read: OrganizationTree) -> OrganizationTree:
        asked.append(read)
        return read

    monkeypatch.setattr(module, "with_account_tags", with_tags)
    tagged = {"tag": {"env": "dev"}}
    declared = declaring(STAGED)
    case.stage(Action.START, "/Work/Dev")
    if by == "stage":
        # One of two targets is enough.
        case.stages = (*case.stages, parse_targets([{"ou": "/Work"}, tagged], "x"))
    elif by == "policy":
        declared, case.rollout, case.stages = declaring({"targets": [tagged]}), None, ()
    case.make(declared).observe()
    assert len(asked) == (by != "neither")


def test_a_finding_names_what_its_policy_lacks_and_the_change_that_mends_it(case: Case) -> None:
    capability = case.make()
    observed = capability.observe()
    (finding,) = capability.findings(observed)
    assert (finding.status, finding.control) == (Status.FAIL, "organization_policy_declared")
    plan = capability.plan(observed, (finding,))
    assert [change.remedies for change in plan.changes] == [(finding.fingerprint,)] * 2
    # What has passed needs no remedy.
    passed = dataclasses.replace(finding, status=Status.PASS)
    assert [change.remedies for change in capability.plan(observed, (passed,)).changes] == [(), ()]


def test_what_is_to_be_gone_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch, tree(policy("protect", WORK)))
    capability = case.make(declaring(state="absent"))
    assert capability.findings(capability.observe()) == ()


def test_the_account_itself_is_not_read(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[t.Any] = []

    def collect(access: t.Any, **named: t.Any) -> t.Any:
        asked.append((access, named))
        return snapshot()

    monkeypatch.setattr(module, "collect", collect)
    capability = case.make()
    capability.observe()
    assert asked == [(case.access, {"datasets": frozenset(), "regions": (), "now": NOW})]


def test_a_change_names_the_accounts_below_what_it_is_attached_to(case: Case) -> None:
    capability = case.make()
    observed = capability.observe()
    plan = capability.plan(observed, ())
    (_made, attached) = capability.add_affected(observed, plan.changes)
    assert DEV in str(attached.affects) and PROD not in str(attached.affects)


def test_requests_go_by_the_name_of_the_policy(case: Case) -> None:
    capability, plan = case.plan()
    sender = capability.acting(plan.changes[0])
    assert sender is not None and sender.caller is case.access.caller
    assert capability.acting(plan.changes[1]) is sender


def test_what_was_predicted_of_the_members_is_kept(case: Case) -> None:
    case.guard.impacts = ("impact",)
    capability, _plan = case.plan()
    assert capability.impacts() == ("impact",)


# What becomes of a rollout

REPORT: t.Final = {
    "policy": "protect",
    "action": "start",
    "reason": "why",
    "failed": False,
    "stage": "canary",
    "stages": [{"name": "canary", "state": "begins"}],
    "since": None,
    "soak_left_hours": 0.0,
    "gate": None,
    "next": "wait",
}


def test_each_policy_has_a_rollout_of_its_own(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    rollout = case.stage(Action.START, "/Work/Dev")
    made: list[t.Any] = []

    def make(*given: t.Any, **named: t.Any) -> FakeRollout:
        made.append((given, named))
        return rollout

    monkeypatch.setattr(module, "Rollout", make)
    capability, plan = case.plan(declaring(STAGED, {**STAGED, "name": "other"}))
    assert [named for _given, named in made] == [
        {"policy": "protect", "policy_type": SCP},
        {"policy": "other", "policy_type": SCP},
    ]
    (connection, run, declared, sources, journal), _named = made[0]
    assert connection is case.connection and run is case.inputs.run and declared is case.inputs.rollout
    assert (sources.member_role_arn, journal) == (case.inputs.lock_out.member_role_arn, "journal")
    assert [place.location for place in sources.trail_logs] == ["s3://trail"]
    made_changes = [change.as_entry() | {"applied": True} for change in plan.changes]
    capability.conclude({"refused": (), "changes": made_changes}, completed=True)
    assert len(rollout.recorded) == 2


def test_a_stage_that_has_not_begun_is_not_reported_as_begun(case: Case) -> None:
    case.stage(Action.START, "/Work/Dev", report=REPORT)
    capability, _plan = case.plan(declaring(STAGED))
    capability.conclude({"refused": [{"target": "protect", "reason": "too many"}], "changes": ()}, completed=True)
    result = capability.result(NOTHING)
    assert result["rollout"][0]["action"] == "not_begun" and "not begun" in result["terminal"]


@pytest.mark.parametrize("completed", [True, False])
def test_check_mode_says_what_would_begin(case: Case, completed: bool) -> None:
    case.stage(Action.START, "/Work/Dev", report=REPORT)
    case.writes = False
    capability, plan = case.plan(declaring(STAGED))
    planned = [change.as_entry() | {"applied": False} for change in plan.changes]
    capability.conclude({"refused": (), "changes": planned}, completed=completed)
    assert capability.result(NOTHING)["rollout"] == [REPORT] and case.warned == []
    # What the run would not make would not begin.
    capability.conclude(NOTHING, completed=completed)
    assert capability.result(NOTHING)["rollout"][0]["action"] == "not_begun"


def test_a_run_that_failed_has_begun_nothing(case: Case) -> None:
    rollout = case.stage(Action.START, "/Work/Dev", report=REPORT)
    capability, plan = case.plan(declaring(STAGED))
    made = [change.as_entry() | {"applied": True} for change in plan.changes]
    capability.conclude({"refused": (), "changes": made}, completed=False)
    assert rollout.recorded == [] and "not verified" in case.warned[0]


@pytest.mark.parametrize(("writes", "failure"), [(True, "protect: why"), (False, "")])
def test_a_rollout_that_is_held_fails_the_run_but_not_check_mode(case: Case, writes: bool, failure: str) -> None:
    case.stage(Action.HOLD, "/Work/Dev", report={**REPORT, "failed": True})
    case.writes = writes
    capability, _plan = case.plan(declaring(STAGED))
    assert capability.failure(NOTHING) == failure
    assert case.warned == ([] if writes else ["without check mode this fails: protect: why"])


@pytest.mark.parametrize("writes", [True, False])
def test_a_rollout_that_goes_on_fails_nothing(case: Case, writes: bool) -> None:
    case.stage(Action.SOAKING, "/Work/Dev", report=REPORT)
    case.writes = writes
    capability, _plan = case.plan(declaring(STAGED))
    assert capability.failure(NOTHING) == "" and case.warned == []
