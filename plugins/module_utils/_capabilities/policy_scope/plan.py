# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""From an account and a declaration to the changes that narrow its policies."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ..._account.model import Dataset, Snapshot
from ..._account.permissions import Permissions
from ..._account.policy_versions import OWNED, LivePolicy, Version
from ..._controls.assess import assess
from ..._controls.control import Control, unread_reason
from ..._controls.facts import Facts
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.affects.affected import with_affected
from ..._converge.affects.after import snapshot_after
from ..._converge.affects.reach import KnownReach
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from ..._converge.untouchable import UntouchablePrincipals
from ..._policy.documents.limits import POLICY_VERSIONS
from ..._policy.evaluation.evaluate import Layers
from ..._policy.impact.judge import Impact
from ..._prediction.acceptance import Acceptance, acceptance_of, acceptance_warnings, list_warnings
from .changes import UPDATE, ScopeWriter
from .copies import Copies, Exchange
from .declared import Declared
from .scoping import Rules, Scoped, Scoping, SeenByPolicy
from .subjects import list_unmatched

MODULE: t.Final = "policy_scope"
DATASETS: t.Final = frozenset(
    {
        Dataset.AUTHORIZATION_DETAILS,
        Dataset.CREDENTIAL_REPORT,
        Dataset.ORGANIZATION,
        Dataset.ORGANIZATION_POLICIES,
    }
)
_THEME: t.Final = "policies"


def list_controls() -> tuple[Control, ...]:
    """List the controls whose findings its changes may remedy: on the content of policies."""
    return tuple(control for control in all_controls() if control.theme == _THEME)


class Observed:
    """An account with its selected policies, their live versions by ARN, and predictions by principal."""

    def __init__(
        self,
        facts: Facts,
        rules: Rules,
        seen: t.Optional[SeenByPolicy] = None,
        live: t.Optional[Mapping[str, LivePolicy]] = None,
        impacts: t.Optional[Mapping[str, Impact]] = None,
    ) -> None:
        self.facts: t.Final = facts
        self.scoping: t.Final = Scoping(facts, rules, seen or {})
        self._copies = Copies(facts, rules, self.scoping)
        self.live: Mapping[str, LivePolicy] = live or {}
        self.impacts: Mapping[str, Impact] = impacts or {}

    @property
    def snapshot(self) -> Snapshot:
        """The account as it was read."""
        return self.facts.snapshot

    @functools.cached_property
    def scoped(self) -> tuple[Scoped, ...]:
        """The selected policies of the account."""
        return self.scoping.all if self.is_known else ()

    @functools.cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The selected policies of AWS."""
        return self._copies.list_exchanges() if self.is_known else ()

    @property
    def is_known(self) -> bool:
        """Whether users, groups, roles and policies are known."""
        return self.snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is None

    @property
    def arns_to_read(self) -> tuple[str, ...]:
        """The managed policies that are to change, and copies that are there: they are read live."""
        changing = (item.subject.arn for item in self.scoped if item.new is not None and item.subject.owner is None)
        copies = (part.arn for exchange in self.exchanges for part in exchange.parts if part.is_there)
        return tuple(dict.fromkeys((*changing, *copies)))


@dataclasses.dataclass(frozen=True)
class _Step:
    """The changes that are made together or not at all."""

    changes: tuple[Change, ...]
    label: str


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment."""

    declared: Declared
    settings: Settings
    now: datetime
    acceptances: tuple[Acceptance, ...] = ()
    untouchable: UntouchablePrincipals = UntouchablePrincipals()
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def rules(self) -> Rules:
        """The part that policies are narrowed by."""
        return Rules(self.declared, self.now, self.untouchable)

    def findings(self, snapshot: Snapshot) -> tuple[Finding, ...]:
        """The verdicts on policies."""
        return assess(snapshot, settings=self.settings, controls=list_controls(), now=self.now)

    def make_proposals(self, observed: Observed) -> dict[str, tuple[Layers, Layers]]:
        """The layers, before and after, of all whose permissions would change: these are predicted."""
        steps, _refused = self._list_steps(observed)
        changes = [change for step in steps for change in step.changes]
        after = Permissions(apply_changes(observed.snapshot, changes))
        before = observed.facts.permissions
        return {arn: (before.layers(arn), after.layers(arn)) for arn in _list_affected(observed, changes)}

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """Plan the changes. ``found`` are the findings on the account."""
        if not self.declared.targets:
            return Plan()
        unread = observed.snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread:
            account = f"arn:{observed.snapshot.partition}:iam::{observed.snapshot.account_id}:root"
            reason = f"policies are not known: {unread_reason(unread)}"
            return Plan(refused=(Refusal("unread", reason, account),))
        steps, refused = self._list_steps(observed)
        kept: list[Change] = []
        for step in steps:
            objection = self._find_breakage(observed, step)
            if objection is None:
                kept += step.changes
            else:
                refused.append(objection)
        return Plan(
            changes=self._add_remedies(observed, tuple(kept), found),
            refused=tuple(refused),
            warnings=self._list_warnings(observed),
        )

    def _list_steps(self, observed: Observed) -> tuple[list[_Step], list[Refusal]]:
        writer = ScopeWriter(observed.snapshot, self.tags)
        steps: list[_Step] = []
        refused = [item.refusal for item in observed.scoped if item.refusal is not None]
        for item in observed.scoped:
            outcome = _make_changes(item, observed, writer) if item.new is not None else ()
            if isinstance(outcome, Refusal):
                refused.append(outcome)
            elif outcome:
                steps.append(_Step(outcome, item.subject.label))
        for exchange in observed.exchanges:
            refused += exchange.refusals
            foreign = _find_foreign_copy(exchange, observed)
            changes = exchange.make_changes(writer) if foreign is None else ()
            if foreign is not None:
                refused.append(foreign)
            elif changes:
                steps.append(_Step(changes, f"policy {exchange.original.name} of AWS"))
        return steps, refused

    def _find_breakage(self, observed: Observed, step: _Step) -> t.Optional[Refusal]:
        """Find whom a step may break. Who has the policy is asked, whether or not somebody meant them."""
        today = self.now.date()
        unsafe = {
            arn: impact
            for arn in _list_affected(observed, step.changes)
            if (impact := observed.impacts.get(arn)) is not None
            and not impact.is_safe
            and acceptance_of(arn, self.acceptances, today) is None
        }
        unpredicted = [arn for arn in _list_affected(observed, step.changes) if arn not in observed.impacts]
        last = step.changes[-1]
        if not unsafe and not unpredicted:
            return None
        texts = [f"for {_name(arn)} it {_explain(impact)}" for arn, impact in unsafe.items()]
        texts += [f"the use of {_name(arn)} was not read" for arn in unpredicted]
        more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
        names = ", ".join(dict.fromkeys(_name(arn) for arn in (*unsafe, *unpredicted)))
        reason = f"{step.label} stays as it is: {texts[0]}{more}; to change it anyway, list {names} in accept_breakage"
        return Refusal("prediction", reason, last.target, last.operation)

    def _add_remedies(
        self, observed: Observed, changes: tuple[Change, ...], found: Sequence[Finding]
    ) -> tuple[Change, ...]:
        """Add to the changes the fingerprints of the findings that fail no longer once they are made."""
        failing = {item.fingerprint: item for item in found if item.status is Status.FAIL}
        if not changes or not failing:
            return changes
        after = self.findings(apply_changes(observed.snapshot, changes))
        resolved = failing.keys() - {item.fingerprint for item in after if item.status is Status.FAIL}
        return tuple(
            dataclasses.replace(
                change,
                remedies=tuple(name for name in failing if name in resolved and _resolves(change, failing[name])),
            )
            for change in changes
        )

    def _list_warnings(self, observed: Observed) -> tuple[str, ...]:
        today = self.now.date()
        broken = [arn for arn, impact in observed.impacts.items() if not impact.is_safe]
        subjects = [item.subject for item in observed.scoped]
        subjects += [exchange.subject for exchange in observed.exchanges]
        unproven = self.declared.unproven
        needed = {item.index for item in unproven if any(subject.is_meant_by(item) for subject in subjects)}
        return (
            *list_unmatched(observed.facts.permissions, self.declared),
            *observed.scoping.list_idle_arns(),
            *acceptance_warnings(self.acceptances, broken, today),
            *list_warnings(
                unproven,
                needed,
                today,
                option="accept_unproven",
                needless="is not a policy that the targets select; an inline policy is named as role/NAME/POLICY",
            ),
        )


def _make_changes(item: Scoped, observed: Observed, writer: ScopeWriter) -> t.Union[tuple[Change, ...], Refusal]:
    """The changes of one policy; before a sixth version the oldest one that is not the default goes."""
    subject, new = item.subject, item.new
    if new is None:
        return ()
    if subject.owner is not None:
        present = next(one.document for one in subject.owner.inline_policies if one.name == subject.name)
        return (writer.put_inline(subject, present, new, is_powerful=item.is_powerful),)
    live = observed.live.get(subject.arn) or _assume_live(observed, subject.arn)
    known = observed.facts.policies[subject.arn].default_version.document
    if live.document != known:
        reason = f"{subject.label} changed since the account was read, so the plan is outdated; run again"
        return Refusal("changed_meanwhile", reason, subject.arn, UPDATE)
    update = writer.update(live, new, is_powerful=item.is_powerful)
    if len(live.versions) < POLICY_VERSIONS:
        return (update,)
    return (writer.make_room(live, live.others[0]), update)


def _find_foreign_copy(exchange: Exchange, observed: Observed) -> t.Optional[Refusal]:
    """Refuse a policy that somebody else made under the name of a copy: they could change it later."""
    for part in exchange.parts:
        live = observed.live.get(part.arn)
        if part.is_there and live is not None and not live.is_owned:
            reason = (
                f"{part.arn} has the name of the copy and lacks the tag {OWNED[0]}={OWNED[1]} of this collection: "
                "declare another name"
            )
            return Refusal("foreign", reason, part.arn)
    return None


def _assume_live(observed: Observed, arn: str) -> LivePolicy:
    """The policy as the snapshot has it, which is enough to predict with."""
    known = observed.facts.policies[arn].default_version
    return LivePolicy(arn, "", {}, (Version(known.name, True, None, known.document),))


def apply_changes(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Apply changes to the account."""
    return functools.reduce(snapshot_after, changes, snapshot)


def _list_affected(observed: Observed, changes: Sequence[Change]) -> tuple[str, ...]:
    """List the users and roles whose permissions changes affect."""
    entities = observed.facts.permissions.entities
    named = with_affected(changes, KnownReach(observed.snapshot))
    found = dict.fromkeys(arn for change in named for arn in change.affects)
    return tuple(arn for arn in found if arn in entities)


def _resolves(change: Change, finding: Finding) -> bool:
    """Whether a change may resolve a finding: it is about the same policy."""
    inline = (change.after or {}).get("inline_policy")
    detail = f"inline policy {inline}" if inline else None
    return change.target == finding.resource and detail == finding.resource_detail


def _explain(impact: Impact) -> str:
    """Explain the worst use, with its resource and the reason."""
    worst = impact.verdicts[0]
    outcome = worst.outcome.value.replace("_", " ")
    if worst.use is None:
        return f"is not safe: {outcome}: {worst.reason}"
    resource = f" on {worst.use.resource}" if worst.use.resource else ""
    more = f", and {len(impact.verdicts) - 1} more uses" if len(impact.verdicts) > 1 else ""
    return f"is not safe: {outcome}: {worst.use.action}{resource} ({worst.reason}){more}"


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
