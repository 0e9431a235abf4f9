# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``key_migration``: its operations, and its walk on a live account."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from ..._account.answer import Answer, Unknown, Yes
from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset, Role, Snapshot
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.affects.affected import with_affected
from ..._converge.affects.after import snapshot_after
from ..._converge.affects.reach import KnownReach
from ..._converge.capability import Capability, Documents
from ..._converge.change import Change, Refusal, content_hash
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.identity_changes import CREATE_ROLE
from ..._converge.plan import Plan
from ..._converge.store import StoreError
from ..._converge.untouchable import UntouchablePrincipals
from ..._converge.user_keys import User
from ..._module.connection import Connection
from ..._module.converging import converge
from ..._module.options import Run, StoreOptions
from ..._module.ownership import PLAN_OPERATIONS as OWNERS_OPERATIONS
from ..._module.policy_settings import settings_of
from ..._module.registration import Registration, Reversal, Row
from ..._module.roles import read_role
from ..._module.snapshots import add_organization_policies
from ..._module.task import Task, TaskError
from ..._module.user_keys import read_user
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from ..._policy.least_privilege.settings import Settings
from ..._prediction.evidence import RECORDS_OPERATIONS
from ..._prediction.key_users.evidence import OPERATIONS as CONSUMERS_OPERATIONS
from ..._prediction.key_users.evidence import ConsumerReader
from ..._prediction.key_users.model import Consumers
from ..._prediction.records.evidence_options import EvidenceOptions
from .changes import WRITES, MigrationWriter
from .declared import Declared, Workload
from .documents import hash_policy
from .grants import CONTEXT, GRANTS, SAMPLES
from .history import ROLE_ID, History, read_history
from .inferring import complete
from .model import MODULE, Stage, State
from .observe import (
    PLACE_READS,
    UNDO_OPERATIONS,
    Evidence,
    add_trust,
    read_evidence,
    read_last_uses,
    read_proposals,
    refuse_undos,
    reread,
)
from .records import Archive, Event, Identity, Log, replay
from .situation import Situation
from .steps import Action, Step, decide, refuse
from .summary import build_summary, render_summary
from .undo import DERIVATIONS

DATASETS: t.Final = frozenset(
    {
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.ACCOUNT_ALIASES,
        Dataset.ACCOUNT_SUMMARY,
        Dataset.CREDENTIAL_REPORT,
        Dataset.OIDC_PROVIDERS,
        Dataset.ORGANIZATION,
        Dataset.ORGANIZATION_POLICIES,
    }
)
OPERATIONS: t.Final = Operations(writes=frozenset(f"iam:{name}" for name in WRITES)).union(
    UNDO_OPERATIONS,
    PLACE_READS,
    CONSUMERS_OPERATIONS,
    RECORDS_OPERATIONS,
    OWNERS_OPERATIONS,
    *(READS[dataset] for dataset in DATASETS),
)
REGISTRATION: t.Final = Registration(
    role=MODULE,
    module=MODULE,
    writer=Writer.ROLES,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, refuse=refuse_undos),
    row=Row((Dataset.AUTHORIZATION_DETAILS,)),
    grants=GRANTS,
    samples=SAMPLES,
    context=CONTEXT,
)


def run(task: Task) -> dict[str, t.Any]:
    """Take the move of each declared workload through one stage, as the options of ``task`` say."""
    try:
        declared = Declared.from_options(task.options, today=task.now.date())
    except InputError as error:
        raise TaskError(str(error)) from error
    options = _Options(
        declared,
        settings_of(task),
        EvidenceOptions.of(task),
        tuple(task.guards.break_glass),
        task.journal,
        task.run,
        task.findings.reveal_key_ids,
    )
    return converge(task, functools.partial(KeyMigration, options), module=MODULE)


@dataclasses.dataclass(frozen=True)
class _Options:
    """What a run is asked for."""

    declared: Declared
    settings: Settings
    evidence: EvidenceOptions
    break_glass: tuple[str, ...]
    journal: StoreOptions
    run: Run
    reveal_key_ids: bool


@dataclasses.dataclass(frozen=True)
class Observed:
    """The account, the workloads, and the records that each has, in their order."""

    snapshot: Snapshot
    situations: tuple[Situation, ...] = ()
    logs: tuple[Log, ...] = ()


class KeyMigration(Capability[Observed]):
    """One stage of the moves in one account."""

    _observed: Observed
    _steps: tuple[Step, ...] = ()
    _planned: tuple[tuple[Change, ...], ...] = ()

    def __init__(self, options: _Options, connection: Connection) -> None:
        self._options = options
        self._declared = options.declared
        self._connection = connection
        self._access = connection.access
        self._account_id = self._access.caller.account_id
        self._untouchable = UntouchablePrincipals(connection.principals, options.break_glass)
        self._store = connection.open_store(options.journal)
        self._archive = Archive(self._store, self._account_id)
        tags = {"iam-hardening:managed": "true", "iam-hardening:collection-version": COLLECTION_VERSION}
        self._writer = MigrationWriter(self._account_id, tags)
        self._made: set[str] = set()

    # The walk

    def observe(self) -> Observed:
        """Read the account, each workload's user and records, and what this stage needs to know."""
        snapshot = add_organization_policies(self._connection, self._connection.collect(DATASETS))
        names = dict.fromkeys(workload.user for workload in self._declared.workloads)
        users = self._access.gather({name: functools.partial(read_user, self._access, name) for name in names})
        history = self._read_history()
        read = [self._follow(one, users[one.user], history) for one in self._declared.workloads]
        situations = [self._add_role(snapshot, situation) for situation, _log in read]
        situations = self._add_last_uses(self._add_callers(situations))
        situations = self._add_proposals(snapshot, [self._add_place(snapshot, one) for one in situations])
        self._observed = Observed(snapshot, tuple(situations), tuple(log for _situation, log in read))
        return self._observed

    def _read_history(self) -> Answer[History]:
        try:
            return Yes(read_history(self._store, self._account_id, self._connection.warn))
        except StoreError as error:
            return Unknown(f"the journal can't be read: {error}")

    def _follow(
        self,
        workload: Workload,
        user: t.Union[t.Optional[User], AwsError],
        history: Answer[History],
    ) -> tuple[Situation, Log]:
        """Follow the records of a workload. One that can't be read is a problem of this workload alone."""
        if isinstance(user, AwsError):
            return Situation(workload, problem=f"the keys of {workload.user} can't be read: {user}"), Log()
        if isinstance(history, Unknown):
            return Situation(workload, problem=history.reason), Log()
        if user is None or not isinstance(history, Yes):
            return Situation(workload), Log()
        try:
            log = self._archive.read(workload.name, user.unique_id)
        except (StoreError, ValueError) as error:
            return Situation(workload, user, problem=f"its records can't be read: {error}"), Log()
        identity = Identity(self._account_id, workload.name, user.arn, user.unique_id, self._connection.now)
        return Situation(workload, user, replay(log, identity), history=history.value), log

    def _add_role(self, snapshot: Snapshot, situation: Situation) -> Situation:
        """Add the role of the workload, by its records or by its declared name, and who else has that name."""
        unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread is not None:
            reason = f"roles and policies are not known: {unread_reason(unread)}"
            return dataclasses.replace(situation, problem=situation.problem or reason)
        last = situation.past.last
        path = self._declared.name_role(situation.workload)
        arn = last.role_arn if last else f"arn:{snapshot.partition}:iam::{snapshot.account_id}:role{path}"
        name = arn.rpartition("/")[2].lower()
        found: t.Optional[Role] = next((role for role in snapshot.roles if role.name.lower() == name), None)
        is_same = found is not None and found.arn == arn
        return dataclasses.replace(
            situation,
            role_arn=arn,
            role=found if is_same else None,
            taken=found.arn if found is not None and not is_same else "",
            boundary=self._declared.boundary_of(situation.workload),
            region=situation.workload.region or self._access.region,
        )

    def _add_callers(self, situations: Sequence[Situation]) -> list[Situation]:
        """Add who calls with each key, and from which platform."""
        begin = self._connection.now - timedelta(days=self._options.evidence.trail_days)
        windows = {one.key.id: begin for one in situations if one.key is not None and not one.problem}
        found = ConsumerReader(self._connection, self._options.evidence).read(windows)
        searched = {one.key.id for one in situations if one.key is not None and self._searches(one)}
        evidence = read_evidence(self._access, self._options.evidence.regions, found.found, searched)
        return [_add_detection(one, found, evidence) for one in situations]

    def _searches(self, situation: Situation) -> bool:
        """Whether to search settings for the key: for its platform, and before the key is deactivated."""
        if situation.problem:
            return False
        reached = situation.past.reached
        return self._proposes if situation.past.last is None else self._retires and reached is State.VERIFIED

    def _add_last_uses(self, situations: Sequence[Situation]) -> list[Situation]:
        """Add the last use of each role, which only GetRole has in full."""
        uses = read_last_uses(self._access, {one.role.arn for one in situations if one.role is not None})
        found = []
        for one in situations:
            used = uses.get(one.role.arn) if one.role else None
            if isinstance(used, AwsError):
                found.append(dataclasses.replace(one, problem=one.problem or f"its role can't be read: {used}"))
            else:
                found.append(dataclasses.replace(one, last_used=used))
        return found

    def _add_place(self, snapshot: Snapshot, situation: Situation) -> Situation:
        if situation.problem or situation.past.last is not None or not self._proposes:
            return situation
        return dataclasses.replace(situation, **add_trust(self._access, snapshot, situation))

    def _add_proposals(self, snapshot: Snapshot, situations: Sequence[Situation]) -> list[Situation]:
        """Generate the policies of workloads that have no role yet."""
        options = self._options
        open_ones = [one for one in situations if one.past.last is None and not one.problem and one.key is not None]
        wanted = [(one.user.name.lower(), one.boundary) for one in open_ones if one.user] if self._proposes else []
        found = read_proposals(self._connection, options.evidence, options.settings, snapshot, wanted)
        return [
            dataclasses.replace(one, proposal=found.get((one.user.name.lower(), one.boundary)))
            if one in open_ones and one.user
            else one
            for one in situations
        ]

    @property
    def _proposes(self) -> bool:
        return self._declared.stage in (Stage.ASSESS, Stage.PREPARE)

    @property
    def _retires(self) -> bool:
        return self._declared.stage is Stage.RETIRE

    def findings(self, _observed: Observed) -> tuple[Finding, ...]:
        return ()

    def plan(self, observed: Observed, _found: tuple[Finding, ...]) -> Plan:
        steps = decide(observed.situations, self._declared, self._connection.now)
        self._steps = tuple(map(self._refuse_untouchable, observed.situations, steps))
        self._planned = tuple(
            tuple(self._make_changes(one, step)) for one, step in zip(observed.situations, self._steps, strict=True)
        )
        refused = [
            Refusal(step.rule, step.reason, one.user.arn if one.user else one.workload.user)
            for one, step in zip(observed.situations, self._steps, strict=True)
            if step.rule
        ]
        changes = tuple(change for planned in self._planned for change in planned)
        return Plan(changes, tuple(refused), tuple(self._list_warnings()))

    def _refuse_untouchable(self, situation: Situation, step: Step) -> Step:
        """Refuse users and roles that are never touched, or that an incident contains."""
        user = [situation.user.arn] if situation.user else []
        for arn in (*user, *([situation.role_arn] if situation.role_arn else [])):
            refusal = self._untouchable.refusal(arn) or self._connection.freeze.refuse_principal(arn)
            if refusal is not None:
                return refuse(refusal.rule, refusal.reason)
        return step

    def _make_changes(self, situation: Situation, step: Step) -> Iterator[Change]:
        user, key, writer = situation.user, situation.key, self._writer
        if step.action is Action.PREPARE:
            yield from writer.prepare(situation)
        if user is not None and key is not None:
            if step.action is Action.DEACTIVATE:
                yield writer.keys.deactivate(user, key)
            elif step.action is Action.DELETE:
                yield writer.keys.delete(user, key)
            elif step.activates:
                yield writer.keys.activate(user, key)
        if step.deletes_role:
            yield from writer.delete_role(situation)

    def _list_warnings(self) -> Iterator[str]:
        """List what was not searched, and the keys whose callers are not known: IAM's last use then decides alone."""
        for text in dict.fromkeys(text for one in self._observed.situations for text in one.detection.unsearched):
            yield f"not everything was searched for the ids of the keys: {text}"
        if self._declared.stage not in (Stage.VERIFY, Stage.RETIRE):
            return
        for one in self._observed.situations:
            if one.consumers.gap and one.key is not None:
                yield f"it is not known who uses the key of {one.workload.name}: {one.consumers.gap}"

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        # Of a role that the plan makes itself the later changes are known as well.
        snapshot = functools.reduce(snapshot_after, changes, observed.snapshot)
        return with_affected(changes, KnownReach(snapshot))

    def tags(self, observed: Observed) -> Mapping[str, Mapping[str, str]]:
        return observed.snapshot.tags_of_principals

    def defines(self, change: Change) -> bool:
        """Whether a change is about the role of a workload."""
        return any(change.target == one.role_arn for one in self._observed.situations)

    def stays_with(self, change: Change, refused: Change) -> bool:
        """The role and its policies are made, and deleted, together or not at all."""
        return change.target == refused.target and self.defines(change)

    def reread(self, change: Change) -> t.Any:
        return reread(self._access, self._connection.now)(change)

    def learn(self, change: Change, answer: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """Keep the id of a new role for the journal: somebody may make another one of the same name."""
        self._made.add(_identify(change))
        return {ROLE_ID: str(answer["Role"][ROLE_ID])} if change.operation == CREATE_ROLE else {}

    # The records

    def conclude(self, _result: Mapping[str, t.Any], *, completed: bool) -> None:
        """Record the steps that are done. One that was refused or failed is taken again by the next run."""
        if not self._options.run.writes:
            return
        observed = self._observed
        rows = zip(observed.situations, observed.logs, self._steps, self._planned, strict=True)
        for situation, log, step, planned in rows:
            is_done = all(_identify(change) in self._made for change in planned)
            if step.acts and step.state is not None and is_done and (completed or planned):
                event = self._make_event(situation, step.state)
                if event is not None:
                    self._archive.write(event, log)

    def _make_event(self, situation: Situation, state: State) -> t.Optional[Event]:
        last, user, key = situation.past.last, situation.user, situation.key
        now, run, by = self._connection.now, self._options.run, self._access.caller.arn
        if last is not None and state is not State.PREPARED:
            return dataclasses.replace(last, state=state, at=now, by=by, run_id=run.id)
        role = read_role(self._access, situation.role_arn)
        if role is None or user is None or key is None or situation.platform is None or situation.proposal is None:
            return None
        # What the run has written, not what is there now: somebody may have changed it meanwhile.
        trust = hash_policy(situation.trust)
        documents = {name: hash_policy(content) for name, content in situation.proposal.documents.items()}
        return Event(
            state,
            self._account_id,
            situation.workload.name,
            user.arn,
            user.unique_id,
            key.id,
            situation.platform,
            role.arn,
            role.unique_id,
            trust,
            hash_policy(documents),
            at=now,
            by=by,
            run_id=run.id,
        )

    # The result

    def _list_held(self, result: Mapping[str, t.Any]) -> t.Iterator[str]:
        """List for each workload why its step was not made; empty where it was, or would be."""
        reasons = {(item["operation"], item["target"]): item["reason"] for item in result["refused"]}
        for planned in self._planned:
            places = [(change.operation, change.target) for change in planned]
            is_made = all(_identify(change) in self._made for change in planned)
            missing = "this run did not make it" if self._options.run.writes and not is_made else ""
            yield next((reasons[place] for place in places if place in reasons), missing)

    def sections(self) -> Mapping[str, Documents]:
        return {}

    def result(self, result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        observed, reveal = self._observed, self._options.reveal_key_ids
        summary = build_summary(observed.situations, self._steps, tuple(self._list_held(result)), reveal_key_ids=reveal)
        text = render_summary(self._account_id, summary, written=self._options.run.writes)
        return {"workloads": summary, "terminal": text}


def _add_detection(situation: Situation, found: Consumers, evidence: Evidence) -> Situation:
    key = situation.key
    consumers = dataclasses.replace(found, found=found.of(key.id)) if key is not None else Consumers()
    detection = evidence.of(consumers.found, key.id if key is not None else "")
    last = situation.past.last
    platform = last.platform if last else situation.workload.platform or detection.platform
    return complete(dataclasses.replace(situation, consumers=consumers, detection=detection, platform=platform))


def _identify(change: Change) -> str:
    return content_hash([change.target, change.operation, change.parameters])
