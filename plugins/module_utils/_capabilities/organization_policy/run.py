# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``organization_policy``: its operations, and its walk on a live organization."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import time
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import collect, organization_tree, with_account_tags
from ..._account.model import Snapshot
from ..._account.organization_tree import ENABLED, RCP, SCP, OrganizationTree
from ..._account.organization_tree_reads import (
    DELEGATION_OPERATIONS,
    POLICIES_OPERATIONS,
    TAGS_OPERATIONS,
    TREE_OPERATIONS,
)
from ..._aws.access import Access
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._controls.settings import Settings
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.attempts import VERIFY_WAITS
from ..._converge.capability import Aws, Capability, Documents
from ..._converge.change import Change, Refusal
from ..._converge.errors import InputError
from ..._converge.finding import Finding, Status
from ..._converge.organization_changes import (
    ATTACH,
    CREATE,
    DELETE,
    DETACH,
    ENABLE,
    KIND_DETACH,
    SERVICE,
    UPDATE,
    find_policy_key,
    relies_on,
    serves,
    stays_with,
)
from ..._converge.plan import Plan
from ..._converge.undo_organization import DERIVATIONS
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.documents import absolute, document_of
from ..._module.options import Run, StoreOptions
from ..._module.organization_policies import UNDO_OPERATIONS, acting, read_type_status, reread
from ..._module.registration import Registration, Reversal
from ..._module.task import Task, TaskError
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from ..._prediction.records.evidence_options import EvidenceOptions
from .declared import Declared, Target, find_warnings, parse_targets
from .findings import findings
from .grants import GRANTS
from .lock_out.declared import Declared as LockOutDeclared
from .lock_out.declared import check_principals
from .lock_out.own_way import OwnPlace, find_own_places
from .lock_out.run import LOCK_OUT_OPERATIONS, Judgement, LockOut
from .observe import VALIDATION_OPERATIONS, find_analyzer_objections, find_other_policies
from .outcome import apply_changes, drop_refused_policies, find_obstacle, report_policies, with_remedies
from .placeholders import fill_placeholders
from .plan import MODULE, DesiredPolicy, Planner, StageTargets
from .rollout.declared import Declared as RolloutDeclared
from .rollout.observe import Sources
from .rollout.run import ROLLOUT_OPERATIONS, Action, Decision, Rollout
from .rollout.state import render_rollouts, report_obstacle
from .targets import resolve

OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            "sts:GetCallerIdentity",
            "ec2:DescribeRegions",
            *TREE_OPERATIONS,
            *TAGS_OPERATIONS,
            *POLICIES_OPERATIONS,
            *DELEGATION_OPERATIONS,
        }
    ),
    writes=frozenset({f"{SERVICE}:{ENABLE}"}),
).union(UNDO_OPERATIONS, LOCK_OUT_OPERATIONS, ROLLOUT_OPERATIONS, VALIDATION_OPERATIONS)
_ALL_FEATURES: t.Final = "ALL"
_BEGINS: t.Final = frozenset({Action.START, Action.ADVANCE})
_SAMPLE: t.Final = "arn:${Partition}:organizations::${Account}"
REGISTRATION: t.Final = Registration(
    role="organization_guardrails",
    module=MODULE,
    writer=Writer.ORGANIZATION,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, relies_on, find_other_policies, acting),
    samples={
        f"{SERVICE}:{ENABLE}": f"{_SAMPLE}:root/o-preflight0/r-pre0",
        f"{SERVICE}:*": f"{_SAMPLE}:policy/o-preflight0/service_control_policy/p-preflight0",
    },
    context=dict.fromkeys(
        (f"{SERVICE}:{name}" for name in (ATTACH, CREATE, DELETE, DETACH, ENABLE, UPDATE)),
        (("organizations:PolicyType", SCP),),
    ),
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Converge policies of an organization and what they are attached to, as the options of ``task`` say."""
    evidence = EvidenceOptions.of(task)
    try:
        check_principals(evidence.acceptances)
        inputs = _Inputs(
            run=task.run,
            settings=settings_of(task),
            journal=task.journal,
            lock_out=LockOutDeclared.from_options(task.options, today=task.now.date()),
            evidence=evidence,
            places=find_own_places(
                journal=task.journal, reports=task.reports if task.has_reports else None, trails=evidence.trail_logs
            ),
            rollout=_parse_rollout(task.options.get("rollout")),
            stages=_parse_stages(task.options),
        )
        declared = _parse_declared(task)
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(
        task, functools.partial(OrganizationPolicy, declared, inputs), module=MODULE, part=_name_part(declared)
    )


@dataclasses.dataclass(frozen=True)
class _Inputs:
    """The options besides the policies: how the module runs, and what the guard and the rollout need."""

    run: Run
    settings: Settings
    journal: StoreOptions
    lock_out: LockOutDeclared
    evidence: EvidenceOptions
    places: tuple[OwnPlace, ...]
    rollout: t.Optional[RolloutDeclared]
    stages: tuple[tuple[Target, ...], ...]


def _name_part(declared: Declared) -> str:
    """Several roles declare policies in one run, each its own."""
    names = "\n".join([declared.type, *sorted(policy.name for policy in declared.policies)])
    return f"{MODULE}-{hashlib.sha256(names.encode()).hexdigest()[:12]}"


def _parse_declared(task: Task) -> Declared:
    options = task.options
    given = options["policies"]
    if options.get("rollout") is not None:
        _check_staged(options)
    contents: list[t.Any] = [None for _policy in given]
    # The content of a policy to remove need not be declared.
    if options["state"] == "present":
        contents = [
            document_of(item["content"], option=f"policies[{i}].content").content for i, item in enumerate(given)
        ]
    declared = Declared.from_options(
        options, contents, own_tags={"iam-hardening:collection-version": COLLECTION_VERSION}
    )
    for policy in declared.policies:
        for warning in find_warnings(policy.content, declared.type) if policy.content else ():
            task.warn(f"{policy.place}.content: {policy.name}: {warning}")
    return declared


def _check_staged(options: Mapping[str, t.Any]) -> None:
    """A rollout names what its policies are attached to, stage by stage, so nothing else may."""
    if options["state"] != "present":
        raise InputError("rollout: it is allowed only with state=present")
    both = next((item["name"] for item in options["policies"] if item.get("targets")), None)
    if both is not None:
        raise InputError(f"policies: {both} has targets; with a rollout, give them in its stages")


def _parse_rollout(given: t.Optional[Mapping[str, t.Any]]) -> t.Optional[RolloutDeclared]:
    """The option ``rollout``; None without it. Raises InputError: it can't be used."""
    return None if given is None else RolloutDeclared.from_options(given)


def _parse_stages(options: Mapping[str, t.Any]) -> tuple[tuple[Target, ...], ...]:
    """The targets of each stage of a rollout. Raises InputError: one names nothing."""
    stages = (options.get("rollout") or {}).get("stages") or ()
    return tuple(
        parse_targets(stage.get("targets"), f"rollout.stages[{index}].targets") for index, stage in enumerate(stages)
    )


def absolute_documents(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task argument that holds documents, with paths of files made absolute; for the action plugin."""
    given = arguments.get("policies")
    if not isinstance(given, list):
        return {}
    return {
        "policies": [
            {**value, "content": absolute(value["content"])}
            if isinstance(value, Mapping) and "content" in value
            else value
            for value in given
        ]
    }


@dataclasses.dataclass(frozen=True)
class _Observed:
    """The organization, what is declared of it, and the plan as far as the guards of this module let it through."""

    tree: OrganizationTree
    snapshot: Snapshot
    desired: tuple[DesiredPolicy, ...]
    plan: Plan


class OrganizationPolicy(Capability[_Observed]):
    """Policies of one organization: what was observed, judged and decided.

    Whether a break-glass principal is there, in the management account or in those that are hit, is a matter of the
    lock-out guard, which refuses policy by policy.
    """

    reports = True
    _observed: _Observed

    def __init__(self, declared: Declared, inputs: _Inputs, connection: Connection) -> None:
        self._declared = declared
        self._inputs = inputs
        self._connection = connection
        self._access = connection.access
        self._acting = acting(connection.access)
        self._judgement = Judgement()
        self._rollouts: dict[str, tuple[Rollout, Decision]] = {}
        self._obstacles: Mapping[str, str] = {}
        self._new_ids: dict[str, Mapping[str, t.Any]] = {}
        self._of_stages: frozenset[str] = frozenset()
        self._is_type_enabled = False

    def observe(self) -> _Observed:
        access = self._access
        tree = self._read_tree(access)
        self._declared = fill_placeholders(self._declared, tree)
        planner = Planner(self._declared, access.caller.account_id)
        stages = self._inputs.stages
        if self._declared.needs_tags or any(target.tag for stage in stages for target in stage):
            tree = with_account_tags(access, tree)
        # All stages must be there before the first one begins.
        resolved = [resolve(tree, stage, place=f"rollout.stages[{index}]") for index, stage in enumerate(stages)]
        self._of_stages = frozenset(node for one in resolved for node in one.ids)
        staged = {name: self._parse_stage_targets(decision) for name, decision in self._decide_rollouts(tree).items()}
        desired = planner.resolve_policies(tree, staged)
        plan = self._apply_guards(tree, planner.plan(tree, desired))
        snapshot = collect(access, datasets=frozenset(), regions=(), now=self._connection.now)
        self._observed = _Observed(tree, snapshot, desired, plan)
        return self._observed

    def _read_tree(self, access: Access) -> OrganizationTree:
        guards = self._declared.guards_access
        types = (SCP, RCP) if guards else (self._declared.type,)
        try:
            tree = organization_tree(access, policy_types=types, delegations=guards)
        except AccessDenied as error:
            hint = "run in the management account, or in a delegated administrator of AWS Organizations"
            raise error.rephrase(f"{error.message.rstrip('.')}; {hint}") from error
        if tree.feature_set != _ALL_FEATURES:
            raise InputError(
                f"type: the organization {tree.id} has the features {tree.feature_set}; policies need all features"
            )
        return tree

    def _decide_rollouts(self, tree: OrganizationTree) -> dict[str, Decision]:
        """Decide the step of each policy's rollout; empty if none is declared."""
        inputs = self._inputs
        if inputs.rollout is None:
            return {}
        sources = Sources(inputs.evidence.trail_logs, inputs.lock_out.member_role_arn)
        for policy in self._declared.policies:
            rollout = Rollout(
                self._connection,
                inputs.run,
                inputs.rollout,
                sources,
                inputs.journal,
                policy=policy.name,
                policy_type=self._declared.type,
            )
            sha256 = policy.content.sha256 if policy.content else ""
            self._rollouts[policy.name] = rollout, rollout.decide(tree, content_sha256=sha256)
        return {name: decision for name, (_rollout, decision) in self._rollouts.items()}

    @staticmethod
    def _parse_stage_targets(decision: Decision) -> StageTargets:
        return StageTargets(
            parse_targets(decision.targets, "rollout.targets"), parse_targets(decision.detach, "rollout.targets")
        )

    def _apply_guards(self, tree: OrganizationTree, plan: Plan) -> Plan:
        """Drop the changes that AWS's own validation or the lock-out guard refuses."""
        plan = self._drop_edited(tree, plan)
        plan = drop_refused_policies(plan, find_analyzer_objections(self._connection, self._declared, plan.changes))
        if not (self._declared.guards_access and plan.changes):
            return plan
        inputs = self._inputs
        guard = LockOut(self._connection, inputs.lock_out, inputs.evidence, inputs.places)
        self._judgement = guard.judge(tree, apply_changes(tree, plan.changes))
        return drop_refused_policies(plan, self._judgement.refusals)

    def _drop_edited(self, tree: OrganizationTree, plan: Plan) -> Plan:
        """Drop all changes of policies that somebody else edited during their rollout.

        Nothing is detached from the targets of later stages either: where a stage begins anew, these may be attached.
        """
        reasons = {name: one.reason for name, (_rollout, one) in self._rollouts.items() if one.writes_nothing}
        arns = {policy.name: policy.arn for policy in tree.policies if policy.type == self._declared.type}
        refusals = {
            name: [Refusal("edited", reason, arns.get(name, name), UPDATE)]
            for name, reason in reasons.items()
            if any(find_policy_key(change)[0] == name for change in plan.changes)
        }
        plan = drop_refused_policies(plan, refusals)
        kept = (change for change in plan.changes if find_policy_key(change)[0] not in reasons)
        return dataclasses.replace(plan, changes=tuple(change for change in kept if not self._is_of_stages(change)))

    def _is_of_stages(self, change: Change) -> bool:
        """Whether a change would purge a target of a stage."""
        return change.kind == KIND_DETACH and (change.before or {}).get("attached_to") in self._of_stages

    def plan(self, observed: _Observed, found: tuple[Finding, ...]) -> Plan:
        remedies = {one.resource: (one.fingerprint,) for one in found if one.status is Status.FAIL}
        return with_remedies(observed.plan, remedies, observed.desired)

    def add_affected(self, observed: _Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(organization=observed.tree))

    def acting(self, change: Change) -> t.Optional[Aws]:
        return self._acting(change)

    def stays_with(self, change: Change, refused: Change) -> bool:
        return stays_with(change, refused)

    def serves(self, change: Change, served: Change) -> bool:
        return serves(change, served)

    def findings(self, observed: _Observed) -> tuple[Finding, ...]:
        if not self._declared.present:
            return ()
        return findings(
            observed.snapshot,
            observed.tree,
            observed.desired,
            settings=self._inputs.settings,
            now=self._connection.now,
        )

    def reread(self, change: Change) -> t.Any:
        """Read the present state. Before an attachment, wait until the type is enabled, which takes AWS a while."""
        if change.operation == ATTACH and not self._is_type_enabled:
            self._await_type(self._access)
        return reread(self._access, self._connection.now)(change)

    def _await_type(self, access: Access) -> None:
        """Wait until the type is enabled. Raises AwsError: it is not, after half a minute."""
        status: t.Optional[str] = None
        for wait in (*VERIFY_WAITS, None):
            status = read_type_status(access, self._declared.type)
            if status == ENABLED:
                self._is_type_enabled = True
                return
            if wait is not None:
                time.sleep(wait)
        raise AwsError(f"{self._declared.type} is {status or 'not enabled'}, so nothing is attached; run again later")

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Learn the id of a policy that was created: only AWS's answer has it."""
        if change.operation != CREATE:
            return {}
        summary = answer["Policy"]["PolicySummary"]
        self._new_ids[find_policy_key(change)[0]] = {"id": summary["Id"], "arn": summary["Arn"]}
        return {"policy_id": summary["Id"]}

    # The result

    @property
    def _only_predicts(self) -> bool:
        return not self._inputs.run.writes

    def conclude(self, result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Have the rollouts remember what was done. Raises StoreError: a record can't be written."""
        staged = [one for one in self._observed.desired if one.name in self._rollouts]
        predicted = self._only_predicts
        self._obstacles = {one.name: find_obstacle(one, result, completed, predicted=predicted) for one in staged}
        if self._only_predicts:
            return
        for one in staged:
            rollout, decision = self._rollouts[one.name]
            obstacle = self._obstacles[one.name]
            if decision.action in _BEGINS and obstacle:
                self._connection.warn(f"{one.name}: stage {decision.stage!r} has not begun: {obstacle}")
                continue
            rollout.record_events(decision, predicted=self._judgement.predicted, attached=one.targets)

    def failure(self, _result: Mapping[str, t.Any]) -> str:
        """Why a rollout is held or was withdrawn."""
        reasons = [f"{report['policy']}: {report['reason']}" for report in self._report_rollouts() if report["failed"]]
        if reasons and self._only_predicts:
            self._connection.warn(f"without check mode this fails: {'; '.join(reasons)}")
            return ""
        return "; ".join(reasons)

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        rollouts = self._report_rollouts()
        result = {"policies": self._report_policies(), "lock_out": dict(self._judgement.report), "rollout": rollouts}
        return {**result, "terminal": render_rollouts(rollouts)} if rollouts else result

    def _report_rollouts(self) -> list[dict[str, t.Any]]:
        """Report each rollout by what became of its decision."""
        return [
            report_obstacle(decision.report, self._obstacles.get(name, ""))
            for name, (_rollout, decision) in self._rollouts.items()
        ]

    def _report_policies(self) -> list[dict[str, t.Any]]:
        listed = report_policies(self._observed.tree, self._declared, self._observed.desired)
        return [{**one, **self._new_ids.get(one["name"], {})} for one in listed]

    def impacts(self) -> Documents:
        return self._judgement.impacts
