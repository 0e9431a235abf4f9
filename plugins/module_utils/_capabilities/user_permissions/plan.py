# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for permissions: what users hold by themselves moves into groups, and what is not needed is taken away."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..._account.model import Dataset, Snapshot
from ..._account.permissions import Permissions
from ..._controls.assess import assess
from ..._controls.control import Control, unread_reason
from ..._controls.facts import Facts
from ..._controls.registry import all_controls
from ..._controls.settings import Settings
from ..._converge.arn import Principal
from ..._converge.change import Change, Refusal
from ..._converge.finding import Finding, Status
from ..._converge.plan import Plan
from ..._policy.evaluation.evaluate import Layers
from ..._policy.impact.judge import Impact
from ..._prediction.acceptance import Acceptance, acceptance_warnings
from .changes import ADMIN_REMOVAL, apply_changes
from .declared import Declared
from .moves import Moves, describe_difference, plan_moves
from .removals import Removals, is_about
from .untouchable import Untouchable

MODULE: t.Final = "user_permissions"
_PATHS: t.Final = "privilege_escalation_path"
DATASETS: t.Final = frozenset(
    {Dataset.AUTHORIZATION_DETAILS, Dataset.ACCOUNT_SUMMARY, Dataset.ORGANIZATION, Dataset.ORGANIZATION_POLICIES}
)
#: The changes that may lock everybody out.
LOCKOUT_KINDS: t.Final = frozenset({ADMIN_REMOVAL})


def controls() -> tuple[Control, ...]:
    """The controls whose findings its changes may remedy: on administrators, paths to one, and policies held directly.

    A path to an administrator mostly needs another policy, which this capability writes for nobody. It ends where a
    policy is removed that allows a step, so that the changes are held against these findings too.
    """
    module = f"hardening.iam.{MODULE}"
    return tuple(
        control
        for control in all_controls()
        if control.theme == "privileges" and (control.remediation.module == module or control.id == _PATHS)
    )


@dataclasses.dataclass(frozen=True)
class Observed:
    """An account, and what removing policies would break, by the ARN of those whom it touches."""

    facts: Facts
    impacts: Mapping[str, Impact] = dataclasses.field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot:
        """The account as it was read."""
        return self.facts.snapshot

    @property
    def permissions(self) -> Permissions:
        """The policies of every principal."""
        return self.facts.permissions


@dataclasses.dataclass(frozen=True)
class Planner:
    """Plans for one declaration at one moment. ``callers`` are the caller and all that it came through."""

    declared: Declared
    settings: Settings
    now: datetime
    acceptances: tuple[Acceptance, ...] = ()
    break_glass: tuple[str, ...] = ()
    callers: frozenset[Principal] = frozenset()

    def findings(self, observed: Observed) -> tuple[Finding, ...]:
        """The verdicts on administrators and on policies of users."""
        return assess(observed.snapshot, settings=self.settings, controls=controls(), now=self.now)

    def make_proposals(self, observed: Observed) -> dict[str, tuple[Layers, Layers]]:
        """The layers, before and after, of all who would lose something: what has to be predicted."""
        if not self.declared.removals or observed.snapshot.missing(Dataset.AUTHORIZATION_DETAILS):
            return {}
        return self._make_removals(observed, self._plan_moves(observed)).make_proposals()

    def plan(self, observed: Observed, found: Sequence[Finding]) -> Plan:
        """The plan that leads from an account to the declaration. ``found`` are the findings on the account."""
        unread = observed.snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
        if unread:
            account = f"arn:{observed.snapshot.partition}:iam::{observed.snapshot.account_id}:root"
            reason = f"users, groups and policies are not known: {unread_reason(unread)}"
            return Plan(refused=(Refusal("unread", reason, account),))
        moves = self._plan_moves(observed)
        removals = self._make_removals(observed, moves)
        removed, refused = removals.plan(observed.impacts, self.acceptances, self.now.date())
        changes = (*moves.adding, *moves.taking, *removed)
        return Plan(
            changes=self._add_remedies(observed, changes, found),
            refused=(*moves.refused, *refused),
            warnings=self._list_warnings(observed),
        )

    def _make_untouchable(self, observed: Observed) -> Untouchable:
        return Untouchable(observed.snapshot, self.callers, self.break_glass)

    def _make_removals(self, observed: Observed, moves: Moves) -> Removals:
        changes = (*moves.adding, *moves.taking)
        return Removals(observed.facts, self.declared, self._make_untouchable(observed), changes)

    def _plan_moves(self, observed: Observed) -> Moves:
        return self._drop_differing(
            observed, plan_moves(observed.permissions, self.declared, self._make_untouchable(observed))
        )

    def _drop_differing(self, observed: Observed, moves: Moves) -> Moves:
        """Drop the moves of a user who would have other permissions once all of them are made.

        Each step was looked at by itself. This evaluates what they come to, on the account as they would leave it.
        """
        after = Permissions(apply_changes(observed.snapshot, (*moves.adding, *moves.taking)))
        refused = []
        for arn in dict.fromkeys(change.target for change in moves.taking):
            difference = describe_difference(arn, observed.permissions.layers(arn), after.layers(arn))
            if difference:
                reason = f"the policies of {arn.rpartition('/')[2]} are not moved: in groups it would {difference}"
                refused.append(Refusal("difference", reason, arn))
        kept = {refusal.target for refusal in refused}
        taking = tuple(change for change in moves.taking if change.target not in kept)
        return dataclasses.replace(moves, taking=taking, refused=(*moves.refused, *refused))

    def _add_remedies(
        self, observed: Observed, changes: tuple[Change, ...], found: Sequence[Finding]
    ) -> tuple[Change, ...]:
        """Add to the changes the fingerprints of the findings that fail no longer once they are made."""
        failing = {item.fingerprint: item for item in found if item.status is Status.FAIL}
        if not changes or not failing:
            return changes
        after = self.findings(Observed(Facts(apply_changes(observed.snapshot, changes))))
        resolved = failing.keys() - {item.fingerprint for item in after if item.status is Status.FAIL}

        def remedies(change: Change) -> tuple[str, ...]:
            if change.kind.endswith(("_create", "_add", "_attach_group")):
                return ()
            return tuple(name for name in failing if name in resolved and is_about(change, failing[name].resource))

        return tuple(dataclasses.replace(change, remedies=remedies(change)) for change in changes)

    def _list_warnings(self, observed: Observed) -> tuple[str, ...]:
        broken = [arn for arn, impact in observed.impacts.items() if not impact.is_safe]
        today = self.now.date()
        principals = tuple(observed.permissions.entities.values())
        return (
            *self.declared.list_unmatched(principals),
            *self._warn_of_other_paths(observed.snapshot),
            *acceptance_warnings(self.acceptances, broken, today),
        )

    def _warn_of_other_paths(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Warn of declared groups on another path: a group's ARN is not changed, policies may name it."""
        present = {group.name.lower(): group for group in snapshot.groups}
        pairs = ((rule, present[rule.name.lower()]) for rule in self.declared.groups if rule.name.lower() in present)
        return tuple(
            f"{rule.place}.path: {group.name} has the path {group.path}, which is kept; declared is {rule.path}"
            for rule, group in pairs
            if group.path != rule.path
        )
