# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for declared permissions boundaries: their policies first, then who is to carry them."""

from __future__ import annotations

import collections
import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.model import Dataset, Snapshot
from ..._account.policy_versions import LivePolicy
from ..._controls.control import listing, plural, unread_reason
from ..._controls.settings import Settings
from ..._converge.change import Change, Refusal
from ..._converge.errors import InputError
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from ..._converge.untouchable import UntouchablePrincipals
from ..._policy.analysis.boundary_flaws import LOCKS_OUT, flaws
from ..._policy.analysis.power import Place
from ..._policy.documents.canonical import are_equivalent, minify
from ..._policy.documents.canonical import document as document_of
from ..._policy.documents.limits import LIMITS, POLICY_VERSIONS, size
from ..._policy.documents.parse import parse
from ..._policy.documents.policy import Kind, Policy, PolicyError
from ..._prediction.acceptance import acceptance_of, acceptance_warnings
from ..._prediction.unused_resources import AccountFacts
from .changes import CREATE, DELETE_VERSION, PUT, UPDATE, BoundaryWriter
from .declared import Boundary, Declared, Principal, kind_of
from .document import fill_places
from .findings import REMEDIED, findings
from .prediction import Impacts, Judgement, Jury, Replacement
from .removal import Removal
from .selection import (
    Coverage,
    Selection,
    count_boundable,
    find_attached,
    find_carriers,
    find_holders,
    find_unmatched_names,
    measure_coverage,
    select,
)

MODULE: t.Final = "permissions_boundary"


@dataclasses.dataclass(frozen=True)
class Observed:
    """The input of the plan: the account, the declared policies by ARN as far as they exist, and predictions."""

    snapshot: Snapshot
    live: Mapping[str, LivePolicy] = dataclasses.field(default_factory=dict)
    impacts: Impacts = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class DesiredBoundary:
    """A declared boundary in one account: what its policy is to say there, and who is to carry it."""

    boundary: Boundary
    policy: Policy
    selection: Selection
    live: t.Optional[LivePolicy]
    coverage: Coverage
    facts: AccountFacts

    @property
    def arn(self) -> str:
        return self.coverage.arn

    @property
    def to_attach(self) -> tuple[Principal, ...]:
        """The selected that carry it not yet."""
        return (*self.coverage.missing, *self.coverage.wrong)

    def find_bounded(self, snapshot: Snapshot) -> frozenset[str]:
        """Find the ARNs of those whose boundary the policy is, or is to be."""
        return frozenset(item.arn for item in (*self.to_attach, *find_carriers(snapshot, self.arn)))


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment. ``untouchable`` knows who is left alone."""

    declared: Declared
    settings: Settings
    now: datetime
    untouchable: UntouchablePrincipals = UntouchablePrincipals()

    @property
    def datasets(self) -> frozenset[Dataset]:
        """The datasets to read: none without boundaries, the trails only where a document protects them."""
        if not self.declared.boundaries:
            return frozenset()
        with_trails = self.declared.present and any(boundary.needs_trails for boundary in self.declared.boundaries)
        return frozenset({Dataset.AUTHORIZATION_DETAILS, *((Dataset.TRAILS,) if with_trails else ())})

    def list_arns(self, snapshot: Snapshot) -> tuple[str, ...]:
        """List the ARNs of the declared policies."""
        return tuple(item.arn(snapshot.partition, snapshot.account_id) for item in self.declared.boundaries)

    def explain_unread(self, snapshot: Snapshot, boundary: t.Optional[Boundary] = None) -> t.Optional[str]:
        """Explain why nothing can be planned, or nothing for one boundary; None where everything needed is known."""
        missing = snapshot.missing(Dataset.AUTHORIZATION_DETAILS) if self.declared.boundaries else None
        if missing is None and boundary is not None and boundary.needs_trails:
            unread = (snapshot.missing(Dataset.TRAILS, region) for region in snapshot.regions or (None,))
            missing = next(filter(None, unread), None)
        return unread_reason(missing) if missing else None

    def list_desired(self, observed: Observed) -> tuple[DesiredBoundary, ...]:
        """List the declared boundaries in this account, as far as they are known.

        :raises InputError: with the account's own values a document is no policy, or too large.
        """
        snapshot = observed.snapshot
        if not self.declared.present or self.explain_unread(snapshot):
            return ()
        known = [item for item in self.declared.boundaries if self.explain_unread(snapshot, item) is None]
        return tuple(self._make_desired(boundary, observed) for boundary in known)

    def _make_desired(self, boundary: Boundary, observed: Observed) -> DesiredBoundary:
        snapshot = observed.snapshot
        arn = boundary.arn(snapshot.partition, snapshot.account_id)
        facts = AccountFacts.of(snapshot, arn)
        policy = fill_policy(boundary, facts)
        selection = select(snapshot, boundary, self.untouchable)
        live = observed.live.get(arn)
        drifted = live is None or not says_same(live, policy)
        coverage = measure_coverage(snapshot, boundary, selection, drifted=drifted)
        return DesiredBoundary(boundary, policy, selection, live, coverage, facts)

    def list_in_question(self, observed: Observed) -> tuple[tuple[DesiredBoundary, tuple[str, ...]], ...]:
        """List the boundaries, each with the ARNs of those whose permissions it may narrow: these are predicted."""
        return tuple((desired, _find_narrowed(observed.snapshot, desired)) for desired in self.list_desired(observed))

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on the declared boundaries and on those in use; none where none are declared for anybody."""
        if not self.declared.boundaries:
            return ()
        coverages = tuple(desired.coverage for desired in self.list_desired(observed))
        unknown = self._explain_unknown(observed.snapshot) if self.declared.present else {}
        return findings(observed.snapshot, coverages, unknown, settings=self.settings, now=self.now)

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """The plan for what was observed. ``found`` are the findings on it."""
        return self.explain(observed, found).plan

    def explain(self, observed: Observed, found: Sequence[Finding]) -> ExplainedPlan:
        """Make the plan, with the predictions that it is based on."""
        snapshot = observed.snapshot
        reason = self.explain_unread(snapshot)
        if reason:
            account = f"arn:{snapshot.partition}:iam::{snapshot.account_id}:root"
            return ExplainedPlan(
                Plan(refused=(Refusal("unread", f"users and roles are not known: {reason}", account),))
            )
        remedies = _group_remedies(found)
        if not self.declared.present:
            removals = [
                Removal(snapshot, boundary, observed.live.get(arn), self.declared, self.untouchable).plan()
                for boundary, arn in self._pair_with_arns(snapshot)
            ]
            return ExplainedPlan(_join_plans(removals))
        return self._plan_attaching(observed, remedies)

    def _plan_attaching(self, observed: Observed, remedies: Mapping[str, tuple[str, ...]]) -> ExplainedPlan:
        desired = self.list_desired(observed)
        jury = Jury(observed.impacts, self.declared.accepted, self.now.date())
        chosen = collections.Counter(item.arn for one in desired for item in one.selection.selected)
        twice = frozenset(arn for arn, count in chosen.items() if count > 1)
        parts = [_BoundaryPlanner(observed, one, self, jury, remedies, twice) for one in desired]
        plans = [*self._refuse_unknown(observed.snapshot), _refuse_ambiguous(twice), *(part.plan() for part in parts)]
        judged = {item.arn: item for part in parts for item in part.judged}
        broken = [item.arn for item in judged.values() if not item.impact.is_safe]
        broken += [arn for part in parts for arn in part.accepted_gains]
        warnings = acceptance_warnings(self.declared.accepted, broken, self.now.date())
        return ExplainedPlan(_join_plans([*plans, Plan(warnings=tuple(warnings))]), tuple(judged.values()))

    def _explain_unknown(self, snapshot: Snapshot) -> dict[str, str]:
        """Explain by ARN why the declared content of a policy is not known."""
        reasons = ((arn, self.explain_unread(snapshot, item)) for item, arn in self._pair_with_arns(snapshot))
        return {arn: f"the trails that it must protect are not known: {reason}" for arn, reason in reasons if reason}

    def _refuse_unknown(self, snapshot: Snapshot) -> Iterator[Plan]:
        for arn, reason in self._explain_unknown(snapshot).items():
            yield Plan(refused=(Refusal("unread", reason, arn),))

    def _pair_with_arns(self, snapshot: Snapshot) -> Iterable[tuple[Boundary, str]]:
        return zip(self.declared.boundaries, self.list_arns(snapshot), strict=True)


@dataclasses.dataclass(frozen=True)
class ExplainedPlan:
    """A plan, and the prediction for each principal that it was held against."""

    plan: Plan
    judged: tuple[Judgement, ...] = ()


class _BoundaryPlanner:
    """Plans one boundary that is to be there."""

    def __init__(
        self,
        observed: Observed,
        desired: DesiredBoundary,
        planner: Planner,
        jury: Jury,
        remedies: Mapping[str, tuple[str, ...]],
        twice: frozenset[str],
    ) -> None:
        self._snapshot = observed.snapshot
        self._desired = desired
        self._declared = planner.declared
        self._untouchable = planner.untouchable
        self._jury = jury
        self._twice = twice
        self._permissions = Replacement(observed.snapshot, desired.arn)
        self.accepted_gains: list[str] = []
        self._writer = BoundaryWriter(
            observed.snapshot,
            desired.arn,
            desired.boundary.name,
            desired.boundary.path,
            desired.boundary.description,
            minify(desired.policy),
            document_of(desired.policy),
            remedies,
            planner.declared.tags,
        )
        self.judged: list[Judgement] = []

    def plan(self) -> Plan:
        """The policy and then its carriers; where the policy stays as it is, nobody new gets it."""
        desired = self._desired
        found = flaws(
            desired.policy,
            arn=desired.arn,
            place=Place(self._snapshot.partition, self._snapshot.account_id),
            bound=[*(principal.arn for principal in desired.selection.selected), *desired.coverage.others],
        )
        fatal = [flaw.detail for flaw in found if flaw.weakness in LOCKS_OUT]
        if fatal:
            return Plan(
                refused=(self._make_refusal("locks_out", f"{'; '.join(fatal)}; such a boundary is never attached"),)
            )
        nobody = (
            f"the account has no user or role {name}" for name in find_unmatched_names(self._snapshot, desired.boundary)
        )
        details = [*nobody, *(flaw.detail for flaw in found)]
        warnings = tuple(f"boundary {desired.boundary.name}: {detail}" for detail in details)
        content = self._plan_content()
        attaching = self._hold_back() if content.refused else self._attach()
        return _join_plans([Plan(warnings=warnings), content, attaching])

    def _make_refusal(self, rule: str, reason: str, operation: str = "") -> Refusal:
        return Refusal(rule, reason, self._desired.arn, operation)

    # The policy

    def _plan_content(self) -> Plan:
        live = self._desired.live
        if live is None:
            return self._create()
        if not self._desired.coverage.drifted:
            return Plan()
        if not live.is_owned:
            reason = (
                "its content differs from the declaration, and it lacks the tag iam-hardening:managed=true of this "
                "collection: declare another name, or tag it to replace it"
            )
            return Plan(refused=(self._make_refusal("foreign", reason, UPDATE),))
        concerned = find_holders(self._snapshot, live.arn)
        names = [item.name for item in concerned if self._untouchable.refusal(item.arn)]
        if names:
            reason = (
                f"it is a boundary or a policy of principals that are never changed: {listing(names)}; detach it from "
                "them by hand, or declare another name"
            )
            return Plan(refused=(self._make_refusal("in_use", reason, UPDATE),))
        judged = [self._judge(principal) for principal in concerned]
        refused = [self._refuse_breaking(item, UPDATE) for item in judged if item.objection]
        refused += self._refuse_widening(live)
        if refused:
            return Plan(refused=tuple(refused))
        return self._update(live)

    def _refuse_widening(self, live: LivePolicy) -> Iterator[Refusal]:
        """Refuse an update that gives somebody more: a boundary only limits, but as a permissions policy it allows."""
        for principal in find_attached(self._snapshot, live.arn):
            gained = self._permissions.find_gained_actions(principal.arn, self._desired.policy)
            if not gained:
                continue
            if acceptance_of(principal.arn, self._jury.accepted, self._jury.today) is not None:
                self.accepted_gains.append(principal.arn)
                continue
            reason = (
                f"the policy is attached to {principal.name}, which would also get {', '.join(gained)}: detach it "
                f"there, declare another name, or list {principal.name} in accept_breakage"
            )
            yield Refusal("widening", reason, principal.arn, UPDATE)

    def _create(self) -> Plan:
        """Create the policy, unless AWS would refuse it: names are unique in an account, whatever their paths and case.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
        """
        name = self._desired.boundary.name.lower()
        own = (policy for policy in self._snapshot.policies if not policy.is_aws_managed)
        taken = next((policy.arn for policy in own if policy.name.lower() == name), None)
        if taken is None:
            return Plan(changes=(self._writer.create(),))
        reason = f"{taken} has its name, and policy names are unique in an account: declare another name"
        return Plan(refused=(self._make_refusal("name_taken", reason, CREATE),))

    def _update(self, live: LivePolicy) -> Plan:
        """Make a new version, and before it room for one: AWS keeps five, and never deletes the default one.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
        """
        population = count_boundable(self._snapshot)
        if len(live.versions) < POLICY_VERSIONS:
            return Plan(changes=(self._writer.update(live, population),))
        oldest = live.others[0]
        if self._declared.delete_versions:
            return Plan(changes=(self._writer.make_room(oldest), self._writer.update(live, population)))
        reason = (
            f"AWS keeps {POLICY_VERSIONS} versions of a policy, so the oldest one ({oldest.id}), a non-default "
            "version, would have to be deleted, and can't be restored; to allow that, set delete_versions"
        )
        return Plan(refused=(self._make_refusal("versions", reason, DELETE_VERSION),))

    # Those who carry it

    def _judge(self, principal: Principal) -> Judgement:
        judged = self._jury.judge(principal.arn, self._desired.arn)
        self.judged.append(judged)
        return judged

    def _refuse_breaking(self, judged: Judgement, operation: str) -> Refusal:
        return Refusal("prediction", judged.objection, judged.arn, operation)

    def _attach(self) -> Plan:
        changes: list[Change] = []
        refused: list[Refusal] = []
        population = count_boundable(self._snapshot)
        for principal in self._open:
            operation = PUT[kind_of(principal)]
            refusal = self._untouchable.refusal(principal.arn)
            if refusal:
                # No evidence and no acceptance would allow it. A boundary on the caller itself fails the run.
                is_caller = refusal.rule == "caller"
                refused.append(dataclasses.replace(refusal, operation=operation, fatal=is_caller))
                continue
            judged = self._judge(principal)
            if principal.boundary is not None and not self._declared.replace:
                reason = f"its boundary is {principal.boundary}; to replace it by {self._desired.arn}, set replace"
                refused.append(Refusal("other_boundary", reason, principal.arn, operation))
            elif judged.objection:
                refused.append(self._refuse_breaking(judged, operation))
            else:
                changes.append(self._writer.attach(principal, population))
        return Plan(changes=tuple(changes), refused=tuple(refused))

    @functools.cached_property
    def _open(self) -> tuple[Principal, ...]:
        return tuple(principal for principal in self._desired.to_attach if principal.arn not in self._twice)

    def _hold_back(self) -> Plan:
        """Hold a boundary back from everybody while its content is not the one that was judged."""
        if not self._open:
            return Plan()
        names = listing(principal.name for principal in self._open)
        count = plural(len(self._open), "principals")
        reason = f"{count} do not get it while its content differs from the declaration: {names}"
        return Plan(refused=(self._make_refusal("content_first", reason),))


def _find_narrowed(snapshot: Snapshot, desired: DesiredBoundary) -> tuple[str, ...]:
    found = [principal.arn for principal in desired.to_attach]
    if desired.live is not None and desired.coverage.drifted:
        found += [principal.arn for principal in find_holders(snapshot, desired.arn)]
    return tuple(dict.fromkeys(found))


def fill_policy(boundary: Boundary, facts: AccountFacts) -> Policy:
    """Fill the declared document with an account's values.

    :raises InputError: IAM would refuse it; the message names the option and the place in the document.
    """
    document = fill_places(boundary.document, facts, option=boundary.option)
    try:
        policy = parse(document, name=boundary.name, kind=Kind.BOUNDARY)
    except PolicyError as error:
        problems = "; ".join(str(problem) for problem in error.problems)
        raise InputError(f"{boundary.option}: not a policy that IAM accepts: {problems}") from error
    measured, limit = size(policy, Kind.BOUNDARY), LIMITS[Kind.BOUNDARY]
    if measured > limit:
        raise InputError(f"{boundary.option}: {measured} characters without spaces; the limit of a boundary is {limit}")
    return policy


def says_same(live: LivePolicy, policy: Policy) -> bool:
    """Whether a policy means what is declared."""
    try:
        return are_equivalent(parse(live.document), policy)
    except PolicyError:
        return False


def _refuse_ambiguous(twice: Iterable[str]) -> Plan:
    reason = "the targets of several boundaries select it, but it can have only one: exclude it from all but one"
    return Plan(refused=tuple(Refusal("ambiguous", reason, arn) for arn in sorted(twice)))


def _group_remedies(found: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Group the fingerprints of failing findings that a boundary resolves, by the ARN of their resource."""
    remedies: dict[str, list[str]] = collections.defaultdict(list)
    for finding in found:
        if finding.status is Status.FAIL and finding.control in REMEDIED and finding.resource_detail is None:
            remedies[finding.resource].append(finding.fingerprint)
    return {arn: tuple(fingerprints) for arn, fingerprints in remedies.items()}


def _join_plans(plans: Iterable[Plan]) -> Plan:
    kept = tuple(plans)
    return Plan(
        changes=tuple(change for plan in kept for change in plan.changes),
        refused=tuple(refusal for plan in kept for refusal in plan.refused),
        warnings=tuple(dict.fromkeys(warning for plan in kept for warning in plan.warnings)),
    )
