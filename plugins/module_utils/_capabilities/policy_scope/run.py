# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Narrowing the policies of one account, as the options of a task say."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t
from collections.abc import Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._controls.facts import Facts
from ..._converge.affects.affected import with_affected
from ..._converge.affects.reach import KnownReach
from ..._converge.attempts import VERIFY_WAITS
from ..._converge.break_glass import Rescue
from ..._converge.capability import Capability, Documents
from ..._converge.change import Change
from ..._converge.errors import InputError
from ..._converge.finding import Finding
from ..._converge.plan import Plan
from ..._converge.untouchable import UntouchablePrincipals
from ..._module.connection import Connection
from ..._module.converging import converge, settings_of
from ..._module.documents import absolute, structure_of
from ..._module.managed_policies import is_attached, read_policy, refuse_other_versions
from ..._module.ownership import PLAN_OPERATIONS as OWNERS_OPERATIONS
from ..._module.registration import Registration, Reversal, Row
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, add_organization_policies, rescue_now
from ..._module.task import Task, TaskError
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from ..._policy.least_privilege.settings import Settings
from ..._prediction.document import build, find_accepted, layers_not_read
from ..._prediction.evidence import RECORDS_OPERATIONS, Predictor, Proposal, read_records
from ..._prediction.records.evidence_options import EvidenceOptions
from .changes import CREATE, DELETE_VERSION, LOCKOUT_KINDS, UPDATE, WRITES
from .declared import Declared
from .grants import GRANTS
from .observe import UNDO_OPERATIONS, prepare_undos, read_target, reread
from .plan import DATASETS, MODULE, Observed, Planner
from .scoping import SeenByPolicy
from .seen import collect_seen, find_called, join_seen
from .subjects import find_holders, list_originals, list_subjects
from .undo import DERIVATIONS

OPERATIONS: t.Final = Operations(writes=frozenset(f"iam:{name}" for name in WRITES)).union(
    BREAK_GLASS_OPERATIONS,
    UNDO_OPERATIONS,
    RECORDS_OPERATIONS,
    OWNERS_OPERATIONS,
    *(READS[dataset] for dataset in DATASETS),
)


def relies_on(later: Change, earlier: Change) -> bool:
    """Whether a recorded change may rely on an earlier one: a detachment on the copy, an attachment on its policy."""
    return "attached" in (later.after or {})


REGISTRATION: t.Final = Registration(
    role="policy_scope",
    module=MODULE,
    writer=Writer.POLICIES,
    operations=OPERATIONS,
    reversal=Reversal(
        UNDO_OPERATIONS, DERIVATIONS, reread, relies_on, refuse=refuse_other_versions, prepare=prepare_undos
    ),
    row=Row((Dataset.AUTHORIZATION_DETAILS,)),
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Narrow the policies of an account as the options of a task say."""
    evidence = EvidenceOptions.of(task)
    try:
        planner = Planner(
            declared=Declared.from_options(task.options, _read_documents(task), today=task.now.date()),
            settings=settings_of(task),
            now=task.now,
            acceptances=evidence.acceptances,
            untouchable=UntouchablePrincipals(break_glass=task.guards.break_glass),
            tags={"iam-hardening:collection-version": COLLECTION_VERSION},
        )
    except InputError as error:
        raise TaskError(str(error)) from error
    return converge(task, functools.partial(PolicyScope, planner, evidence), module=MODULE)


def _read_documents(task: Task) -> list[t.Optional[Mapping[str, t.Any]]]:
    """Read the documents of the targets that have one, each as a structure."""
    found: list[t.Optional[Mapping[str, t.Any]]] = []
    for index, item in enumerate(task.options["targets"]):
        value = item.get("document")
        found.append(None if value in (None, "") else structure_of(value, option=f"targets[{index}].document"))
    return found


def make_documents_absolute(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Make paths of files absolute in the task argument that holds documents; for the action plugin."""
    given = arguments.get("targets")
    if not isinstance(given, list):
        return {}
    return {
        "targets": [
            {**item, "document": absolute(item["document"])}
            if isinstance(item, Mapping) and item.get("document")
            else item
            for item in given
        ]
    }


class PolicyScope(Capability[Observed]):
    """The policies of one account: what was observed and predicted."""

    lockout_kinds = LOCKOUT_KINDS
    _observed: Observed

    def __init__(self, planner: Planner, evidence: EvidenceOptions, connection: Connection) -> None:
        untouchable = dataclasses.replace(planner.untouchable, callers=connection.principals)
        self._planner = dataclasses.replace(planner, untouchable=untouchable)
        self._evidence = evidence
        self._connection = connection

    def observe(self) -> Observed:
        """The account, the live versions of the policies that change, and the prediction for those who have them."""
        connection, planner = self._connection, self._planner
        snapshot = add_organization_policies(
            connection, connection.collect(DATASETS if planner.declared.targets else ())
        )
        facts = Facts(snapshot)
        predictor = Predictor(connection, self._evidence, snapshot, facts.permissions)
        observed = Observed(facts, planner.rules, self._read_seen(facts))
        observed.live = {
            arn: live for arn in observed.arns_to_read if (live := read_policy(connection.access, arn)) is not None
        }
        proposals = planner.make_proposals(observed)
        observed.impacts = predictor.predict({arn: Proposal(*layers) for arn, layers in proposals.items()})
        self._observed = observed
        return observed

    def _read_seen(self, facts: Facts) -> SeenByPolicy:
        """Read what those who have a policy used, where resources are taken from the recorded use."""
        declared, now = self._planner.declared, self._planner.now
        wanted = [
            (subject, find_holders(facts.snapshot, subject))
            for subject, targets in (
                *list_subjects(facts.permissions, declared),
                *list_originals(facts.permissions, declared),
            )
            if any(target.seen_resources for target in targets)
        ]
        holders = {holder.arn: holder for _subject, found in wanted for holder in found}
        records = read_records(
            self._connection, self._evidence, facts.snapshot, facts.permissions, holders, keys=frozenset()
        )
        settings = Settings(now, assume_logged=declared.assume_logged)
        of_holders = {
            arn: (
                find_called(records[arn], settings),
                collect_seen(facts.permissions, holder, records[arn], settings),
            )
            for arn, holder in holders.items()
        }
        return {subject.key: join_seen(of_holders[holder.arn] for holder in found) for subject, found in wanted}

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed.snapshot) if self._planner.declared.targets else ()

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        return self._planner.plan(observed, found)

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(observed.snapshot))

    def tags(self, observed: Observed) -> Mapping[str, Mapping[str, str]]:
        return observed.snapshot.tags_of_principals

    def rescue(self, observed: Observed) -> Rescue:
        return rescue_now(self._connection, observed.snapshot, self._planner.untouchable.break_glass)

    def stays_with(self, change: Change, refused: Change) -> bool:
        """Whether a change needs one that is refused: a detachment its copies, an attachment its policy, a version its
        room and the other way round.
        """
        if change.operation in (UPDATE, DELETE_VERSION) or refused.operation in (UPDATE, DELETE_VERSION):
            return change.target == refused.target
        copies = self._copies_before(change)
        if copies:
            of_copy = refused.target in copies or (refused.after or {}).get("policy") in copies
            return of_copy and (refused.target in copies or refused.target == change.target)
        return bool((change.after or {}).get("policy") == refused.target)

    def serves(self, change: Change, served: Change) -> bool:
        """Whether a copy is made, or attached, for a detachment alone."""
        after = change.after or {}
        if after.get("attached") is True:
            return served.target == change.target and after["policy"] in self._copies_before(served)
        is_attachment = (served.after or {}).get("attached") is True
        return change.operation == CREATE and is_attachment and served.after["policy"] == change.target

    def _copies_before(self, change: Change) -> tuple[str, ...]:
        """The copies that a principal must have before a policy of AWS is taken from it; empty for other changes."""
        key = (change.target, str((change.after or {}).get("policy")))
        moves = (exchange.moves for exchange in self._observed.exchanges)
        is_taken = (change.after or {}).get("attached") is False
        return next((found[key] for found in moves if is_taken and key in found), ())

    def reread(self, change: Change) -> t.Any:
        """Read the target live. A policy of AWS is only taken from a principal that has the copies.

        None stands for a state that is no longer what the change was planned for.
        """
        if self._is_outdated(change):
            return None
        for arn in self._copies_before(change):
            self._await_copy(change.target, arn)
        return read_target(self._connection.access, change)

    def _is_outdated(self, change: Change) -> bool:
        """Whether what a change prepares no longer applies: a version makes room for one of a policy that somebody else
        changed, or a copy is for a principal that no longer has the policy of AWS.
        """
        access, after = self._connection.access, change.after or {}
        if change.operation == DELETE_VERSION:
            known, live = self._observed.live.get(change.target), read_policy(access, change.target)
            return known is None or live is None or live.document != known.document
        if after.get("attached") is not True:
            return False
        originals = (
            original
            for exchange in self._observed.exchanges
            for (owner, original), copies in exchange.moves.items()
            if owner == change.target and after["policy"] in copies
        )
        return not all(is_attached(access, change.target, original) for original in originals)

    def _await_copy(self, principal: str, arn: str) -> None:
        """Wait until a principal shows a copy: IAM is eventually consistent.

        :raises AwsError: it does not, after half a minute.
        """
        for wait in (*VERIFY_WAITS, None):
            if is_attached(self._connection.access, principal, arn):
                return
            if wait is not None:
                time.sleep(wait)
        raise AwsError(f"{arn} is not attached to {principal}, so the policy of AWS stays")

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {"policies": [item.as_dict() for item in self._observed.scoped]}

    def impacts(self) -> Documents:
        """The effects on those who have the policies; none where nobody does."""
        observed, planner = self._observed, self._planner
        if not observed.impacts:
            return ()
        impacts = list(observed.impacts.values())
        snapshot = observed.snapshot
        labels = [item.subject.label for item in observed.scoped if item.new is not None]
        labels += [f"policy {item.original.name} of AWS" for item in observed.exchanges if item.owners]
        document = build(
            impacts,
            account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
            change=[f"{label} is narrowed as declared" for label in labels],
            accepted=find_accepted(impacts, planner.acceptances, planner.now.date()),
            skipped=(),
            created=planner.now,
            unread=layers_not_read(snapshot),
            assumed=self._evidence.unused_resources,
        )
        return (document,)
