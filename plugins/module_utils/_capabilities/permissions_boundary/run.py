# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The module ``permissions_boundary``: its operations, and its walk on a live account."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..._account.collect import OPERATIONS as READS
from ..._account.model import Dataset, Snapshot
from ..._account.permissions import Permissions
from ..._account.policy_versions import LivePolicy, Version
from ..._aws.access import Access
from ..._aws.errors import AwsError
from ..._aws.operations import Operations
from ..._converge.affects.affected import with_affected
from ..._converge.affects.live import HOLDERS_READS
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
from ..._module.managed_policies import LIST_VERSIONS, read_default_document, read_policy, refuse_other_versions
from ..._module.ownership import PLAN_OPERATIONS as OWNERS_OPERATIONS
from ..._module.registration import Registration, Reversal, Row
from ..._module.snapshots import BREAK_GLASS_OPERATIONS, rescue_now
from ..._module.task import Task, TaskError
from ..._module.version import COLLECTION_VERSION
from ..._module.writers import Writer
from ..._policy.evaluation.evaluate import Layers
from ..._policy.impact.judge import Impact
from ..._prediction.document import build, find_accepted, verdict_record
from ..._prediction.evidence import EVIDENCE_OPERATIONS, Predictor, Proposal
from ..._prediction.records.evidence_options import EvidenceOptions
from ..._prediction.unused_resources import list_unused_resources
from .changes import DELETE_VERSION, LOCKOUT_KINDS, UPDATE
from .declared import Declared
from .document import SAMPLE
from .grants import GRANTS
from .observe import UNDO_OPERATIONS, reread
from .plan import MODULE, DesiredBoundary, ExplainedPlan, Observed, Planner, fill_policy, says_same
from .prediction import Impacts, Judgement, Replacement
from .selection import CHANGE_IT_THERE
from .undo import DERIVATIONS

OPERATIONS: t.Final = Operations(
    reads=frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions", f"iam:{LIST_VERSIONS}", *HOLDERS_READS}),
    writes=frozenset({f"iam:{UPDATE}", f"iam:{DELETE_VERSION}"}),
).union(
    BREAK_GLASS_OPERATIONS,
    UNDO_OPERATIONS,
    EVIDENCE_OPERATIONS,
    OWNERS_OPERATIONS,
    READS[Dataset.AUTHORIZATION_DETAILS],
    READS[Dataset.TRAILS],
)
REGISTRATION: t.Final = Registration(
    role="permissions_boundary",
    module=MODULE,
    writer=Writer.POLICIES,
    operations=OPERATIONS,
    reversal=Reversal(UNDO_OPERATIONS, DERIVATIONS, reread, refuse=refuse_other_versions),
    row=Row((Dataset.AUTHORIZATION_DETAILS, Dataset.TRAILS)),
    grants=GRANTS,
)


def run(task: Task) -> dict[str, t.Any]:
    """Converge the permissions boundaries of an account as the options of ``task`` say."""
    evidence = EvidenceOptions.of(task)
    try:
        planner = Planner(
            declared=_parse_declared(task),
            settings=settings_of(task),
            now=task.now,
            untouchable=UntouchablePrincipals(break_glass=task.guards.break_glass),
        )
        for boundary in planner.declared.boundaries if planner.declared.present else ():
            fill_policy(boundary, SAMPLE)
    except InputError as error:
        raise TaskError(str(error)) from error
    make = functools.partial(
        PermissionsBoundary, planner, evidence, task.regions, with_uses=task.findings.returned != "none"
    )
    return converge(task, make, module=MODULE)


def _parse_declared(task: Task) -> Declared:
    given = task.options["boundaries"]
    # A removal needs no documents.
    documents: list[Mapping[str, t.Any]] = [{} for _boundary in given]
    if task.options["state"] == "present":
        documents = [
            structure_of(item["document"], option=f"boundaries[{index}].document") for index, item in enumerate(given)
        ]
    tags = {"iam-hardening:collection-version": COLLECTION_VERSION}
    return Declared.from_options(task.options, documents, today=task.now.date(), tags=tags)


def make_documents_absolute(arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Make paths of files absolute in the task argument that holds documents; for the action plugin."""
    given = arguments.get("boundaries")
    if not isinstance(given, list):
        return {}
    return {
        "boundaries": [
            {**value, "document": absolute(value["document"])}
            if isinstance(value, Mapping) and "document" in value
            else value
            for value in given
        ]
    }


class PermissionsBoundary(Capability[Observed]):
    """The boundaries of one account: what was observed and predicted."""

    lockout_kinds = LOCKOUT_KINDS
    _observed: Observed
    _explained: ExplainedPlan

    def __init__(
        self,
        planner: Planner,
        evidence: EvidenceOptions,
        regions: Sequence[str],
        connection: Connection,
        *,
        with_uses: bool,
    ) -> None:
        untouchable = dataclasses.replace(planner.untouchable, callers=connection.principals)
        self._planner = dataclasses.replace(planner, untouchable=untouchable)
        self._evidence = evidence
        self._regions = regions
        self._with_uses = with_uses
        self._connection = connection
        self._present = reread(connection.access, planner.now)
        self._settled: set[str] = set()

    def observe(self) -> Observed:
        access, planner = self._connection.access, self._planner
        regions = access.regions(self._regions) if Dataset.TRAILS in planner.datasets else ()
        snapshot = self._connection.collect(planner.datasets, regions)
        if planner.explain_unread(snapshot):
            return Observed(snapshot)
        live = {arn: policy for arn in planner.list_arns(snapshot) if (policy := read_policy(access, arn)) is not None}
        observed = Observed(snapshot, live)
        return dataclasses.replace(
            observed, impacts=_predict(self._connection, self._evidence, snapshot, planner.list_in_question(observed))
        )

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        return self._planner.findings(observed)

    def plan(self, observed: Observed, found: tuple[Finding, ...]) -> Plan:
        self._observed = observed
        self._explained = self._planner.explain(observed, found)
        return self._explained.plan

    def add_affected(self, observed: Observed, changes: Sequence[Change]) -> tuple[Change, ...]:
        return with_affected(changes, KnownReach(observed.snapshot))

    def defines(self, change: Change) -> bool:
        """Whether a change is about the policy of a declared boundary."""
        return change.target in self._planner.list_arns(self._observed.snapshot)

    def tags(self, observed: Observed) -> Mapping[str, Mapping[str, str]]:
        return observed.snapshot.tags_of_principals

    def rescue(self, observed: Observed) -> Rescue:
        return rescue_now(self._connection, observed.snapshot, self._planner.untouchable.break_glass)

    def reread(self, change: Change) -> t.Any:
        """Read the target live. Before a boundary is attached, its policy must have the content that was judged."""
        if change.kind in ("boundary_attach", "boundary_replace"):
            self._await_content(self._connection.access, change.after["boundary"])
        return self._present(change)

    def _await_content(self, access: Access, arn: str) -> None:
        """Wait until a policy reads as declared: IAM is eventually consistent, and it may be new.

        :raises AwsError: it does not, after half a minute.
        """
        if arn in self._settled:
            return
        wanted = next(item.policy for item in self._planner.list_desired(self._observed) if item.arn == arn)
        for wait in (*VERIFY_WAITS, None):
            live = read_default_document(access, arn)
            if live is not None and says_same(LivePolicy(arn, "", {}, (Version("", True, None, live),)), wanted):
                self._settled.add(arn)
                return
            if wait is not None:
                time.sleep(wait)
        raise AwsError(f"the content of {arn} differs from the declaration, so it is not attached to anybody")

    def result(self, _result: Mapping[str, t.Any]) -> dict[str, t.Any]:
        desired = self._planner.list_desired(self._observed)
        return {
            "coverage": [item.coverage.as_dict() for item in desired],
            "predictions": [_describe_prediction(item, with_uses=self._with_uses) for item in self._explained.judged],
        }

    def impacts(self) -> Documents:
        """The effects of each boundary on those whom it narrows; none where nobody is narrowed."""
        observed = self._observed
        if not any(observed.impacts.values()):
            return ()
        boundaries = self._planner.list_desired(observed)
        assumed = _assume_own(self._evidence, boundaries).unused_resources
        return [self._impact(observed, desired, assumed) for desired in boundaries if observed.impacts[desired.arn]]

    def _impact(self, observed: Observed, desired: DesiredBoundary, assumed: Sequence[str]) -> dict[str, t.Any]:
        impacts = list(observed.impacts[desired.arn].values())
        snapshot = observed.snapshot
        return build(
            impacts,
            account={"account_id": snapshot.account_id, "account_alias": snapshot.account_alias},
            change=_describe_change(desired),
            accepted=find_accepted(impacts, self._planner.declared.accepted, self._planner.now.date()),
            skipped=_list_skipped(desired),
            created=self._planner.now,
            unread=(),
            assumed=assumed,
        )


def _describe_change(desired: DesiredBoundary) -> list[str]:
    """Describe the predicted change, in words that follow "if"."""
    name = desired.boundary.name
    texts = [f"the permissions boundary {name} is attached"] if desired.to_attach else []
    if desired.live is not None and desired.coverage.drifted:
        texts.append(f"the permissions boundary {name} has its declared content, for principals that have it")
    return texts


def _list_skipped(desired: DesiredBoundary) -> list[dict[str, str]]:
    """List the principals that the targets mean, but that can't be narrowed here."""
    selection = desired.selection
    kept_out = [{"principal": principal.arn, "reason": reason} for principal, reason in selection.kept_out]
    roles = (role for members in selection.permission_sets.values() for role in members)
    return [*kept_out, *({"principal": role.arn, "reason": CHANGE_IT_THERE} for role in roles)]


def _assume_own(evidence: EvidenceOptions, boundaries: Iterable[DesiredBoundary]) -> EvidenceOptions:
    """Assume that a call whose resource is not known is not one on our trails, which only AWS writes."""
    return evidence.also_unused(pattern for desired in boundaries for pattern in list_unused_resources(desired.facts))


def _predict(
    connection: Connection,
    evidence: EvidenceOptions,
    snapshot: Snapshot,
    in_question: Sequence[tuple[DesiredBoundary, Sequence[str]]],
) -> Impacts:
    """Predict the effects of the boundaries on those whom they narrow, by boundary and principal.

    The evidence on all is read at once. A principal that several boundaries narrow comes up in several rounds.
    """
    rounds: list[dict[str, DesiredBoundary]] = []
    for desired, arns in in_question:
        for arn in arns:
            free = next((found for found in rounds if arn not in found), None)
            if free is None:
                rounds.append(free := {})
            free[arn] = desired
    assumed = _assume_own(evidence, (desired for desired, _arns in in_question))
    replaced = {desired.arn: _Proposals(snapshot, desired) for desired, _arns in in_question}
    predictor = Predictor(connection, assumed, snapshot, Permissions(snapshot))
    impacts: dict[str, dict[str, Impact]] = {desired.arn: {} for desired, _arns in in_question}
    for members in rounds:
        found = predictor.predict(
            {arn: replaced[desired.arn].make_proposal(arn, predictor.current(arn)) for arn, desired in members.items()}
        )
        for arn, impact in found.items():
            impacts[members[arn].arn][arn] = impact
    return impacts


class _Proposals:
    """Proposals: the present layers of principals, and those once they carry a boundary, or a policy has changed."""

    def __init__(self, snapshot: Snapshot, desired: DesiredBoundary) -> None:
        self._policy = desired.policy
        self._bounded = desired.find_bounded(snapshot)
        self._replaced = Replacement(snapshot, desired.arn)

    def make_proposal(self, arn: str, now: Layers) -> Proposal:
        """Make the proposal for one principal, whose layers are ``now``."""
        return Proposal(now, self._replaced.after(now, self._policy, bounded=arn in self._bounded))


def _describe_prediction(judged: Judgement, *, with_uses: bool) -> dict[str, t.Any]:
    impact = judged.impact
    result: dict[str, t.Any] = {
        "principal": judged.arn,
        "boundary": judged.boundary_arn,
        "outcome": impact.outcome.value,
        "counts": impact.counts,
        "summary": impact.summary,
        "accepted": judged.accepted,
        "window_days": impact.evidence.window_days,
        "sources": [source.value for source in impact.evidence.sources],
        "lag": impact.evidence.lag,
        "blind_spots": list(impact.evidence.blind_spots),
    }
    if with_uses:
        result["uses"] = [verdict_record(item) for item in impact.verdicts if item.outcome.value != "safe"]
    return result
