# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The walk up to and including guard: all that check mode knows, and what an approval can cover."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from .affects.affected import unknown_in
from .affects.after import can_deny, can_take
from .capability import Capability, Observed
from .change import Change, Refusal, is_among, plan_sha256
from .errors import GuardError
from .finding import Finding
from .guard import GuardContext, GuardResult, guard
from .ownership.judgement import find_doubt, find_held, list_keys
from .ownership.owner import ObjectKey, Ownership
from .plan import Plan
from .run_control.fleet_caps import RULE as FLEET_CAP


@dataclasses.dataclass(frozen=True)
class Prediction:
    """The walk up to and including guard: all that check mode knows.

    ``held`` are the changes that only a cap, or the lack of an approval, holds back. Their refusals are also among
    ``refused``.
    """

    findings: tuple[Finding, ...]
    plan: Plan
    allowed: tuple[Change, ...]
    refused: tuple[Refusal, ...]
    held: tuple[tuple[Change, Refusal], ...] = ()
    ownership: t.Optional[Ownership] = None

    def find_doubts(self, change: Change) -> tuple[str, ...]:
        """Find what was not known when a change was judged, as sentences."""
        unknown = unknown_in(change.affects)
        doubts = [f"The affected principals are not known: {'; '.join(unknown)}."] if unknown else []
        doubts += [find_doubt(change, self.ownership)] if self.ownership else []
        return tuple(filter(None, doubts))

    @property
    def to_approve(self) -> tuple[Change, ...]:
        """The changes that an approval covers: those to be made, and those held back. No refused change is there."""
        held = [change for change, _refusal in self.held]
        return tuple(change for change in self.plan.changes if is_among(change, [*self.allowed, *held]))

    @property
    def plan_sha256(self) -> t.Optional[str]:
        """The hash of what an approval covers; None if that is nothing."""
        changes = self.to_approve
        return plan_sha256(changes) if changes else None

    @property
    def refused_for_good(self) -> tuple[Refusal, ...]:
        """The refusals that no approval lifts."""
        return tuple(item for item in self.refused if not any(item is other for _change, other in self.held))

    def without(self, refused: Sequence[tuple[Change, Refusal]]) -> Prediction:
        """The same with these changes refused. What a cap on all accounts refuses can still be approved."""
        changes = [change for change, _refusal in refused]
        kept = tuple(change for change in self.allowed if not is_among(change, changes))
        held = tuple((change, refusal) for change, refusal in self.held if not is_among(change, changes))
        gone = [refusal for change, refusal in self.held if is_among(change, changes)]
        left = tuple(item for item in self.refused if not any(item is other for other in gone))
        held += tuple((change, refusal) for change, refusal in refused if refusal.rule == FLEET_CAP)
        refusals = tuple(refusal for _change, refusal in refused)
        return dataclasses.replace(self, allowed=kept, held=held, refused=(*left, *refusals))


class Owners(t.Protocol):
    """The owners of the objects that a plan changes, read when a plan is made."""

    def read(
        self, changes: Sequence[Change], own: frozenset[ObjectKey], tags: Mapping[str, Mapping[str, str]]
    ) -> t.Optional[Ownership]:
        """The ownership of the objects; None if no change is held against an owner."""

    def refuse_now(self, change: Change) -> t.Optional[Refusal]:
        """Refuse a change whose object has got another owner since; None if it may be made. Raises errors of AWS."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings on what was read, such as changes that somebody keeps reverting."""


def predict(capability: Capability[Observed], context: GuardContext, owners: t.Optional[Owners] = None) -> Prediction:
    """Observe, assess, plan and guard.

    ``owners`` reads the owners of the objects that the plan changes.

    :raises GuardError: a change acts on the caller.
    """
    observed = capability.observe()
    findings = capability.findings(observed)
    plan = capability.plan(observed, findings)
    fatal = [refusal for refusal in plan.refused if refusal.fatal]
    if fatal:
        raise GuardError(fatal)
    plan = dataclasses.replace(plan, changes=capability.add_affected(observed, plan.changes))
    could_lock_out = any(_could_lock_out(capability, change) for change in plan.changes)
    rescue = capability.rescue(observed) if could_lock_out else None
    known = dataclasses.replace(
        context,
        lockout_kinds=capability.lockout_kinds,
        approval_kinds=capability.approval_kinds,
        deadline_kinds=capability.deadline_kinds,
        rescue=rescue,
        ownership=_read_owners(capability, observed, plan.changes, owners),
    )
    guarded = guard(plan.changes, known)
    findings = (*findings, *(owners.findings if owners else ()))
    base = Prediction(findings, plan, (), plan.refused, ownership=known.ownership)
    return _join_together(capability, base, guarded)


def withhold(
    capability: Capability[Observed], prediction: Prediction, refused: Sequence[tuple[Change, Refusal]]
) -> Prediction:
    """The prediction with these changes refused, and those that depend on them."""
    if not refused:
        return prediction
    left = prediction.without(refused)
    guarded = GuardResult(left.allowed, left.refused_for_good, left.held)
    return _join_together(capability, dataclasses.replace(left, refused=()), guarded)


def _join_together(capability: Capability[Observed], base: Prediction, guarded: GuardResult) -> Prediction:
    """The prediction with what the guard said, once each change was held against those that it depends on.

    A change that depends on one that only a cap holds back is held back too. One that depends on a refused one is
    refused.
    """
    planned = base.plan.changes
    held = [change for change, _refusal in guarded.held]
    possible, refused = _together(capability, planned, _in_order(planned, [*guarded.allowed, *held]))
    allowed, waiting = _together(capability, planned, _in_order(possible, guarded.allowed))
    known = [*guarded.held, *waiting]
    left = tuple((change, refusal) for change, refusal in known if is_among(change, possible))
    refusals = (*base.refused, *guarded.refused, *(refusal for _change, refusal in (*left, *refused)))
    return dataclasses.replace(base, allowed=allowed, held=left, refused=refusals)


def _in_order(planned: Sequence[Change], changes: Sequence[Change]) -> tuple[Change, ...]:
    return tuple(change for change in planned if is_among(change, changes))


def _read_owners(
    capability: Capability[Observed], observed: Observed, changes: Sequence[Change], owners: t.Optional[Owners]
) -> t.Optional[Ownership]:
    if owners is None:
        return None
    own = list_keys(item for change in changes if capability.defines(change) and (item := find_held(change)))
    return owners.read(changes, own, capability.tags(observed))


def _could_lock_out(capability: Capability[Observed], change: Change) -> bool:
    """Whether a change is to be held against the break-glass principals of the account."""
    return change.kind in capability.lockout_kinds or can_take(change) or can_deny(change)


def _together(
    capability: Capability[Observed], planned: Sequence[Change], allowed: Sequence[Change]
) -> tuple[tuple[Change, ...], tuple[tuple[Change, Refusal], ...]]:
    """The allowed changes without those that stay away with refused ones, and these with their refusals."""
    kept = list(allowed)
    refused = [change for change in planned if not is_among(change, kept)]
    refusals: list[tuple[Change, Refusal]] = []
    # A change that is refused here may lead to the refusal of others.
    for other in refused:
        for change in [change for change in kept if _depends(capability, change, other, kept)]:
            kept = [item for item in kept if item is not change]
            refused.append(change)
            refusals.append((change, refuse_dependent(change, other)))
    return tuple(kept), tuple(refusals)


def _depends(capability: Capability[Observed], change: Change, refused: Change, kept: Sequence[Change]) -> bool:
    """Whether a change is not made without a refused one: no kept change needs it besides."""
    if capability.stays_with(change, refused):
        return True
    return capability.serves(change, refused) and not any(capability.serves(change, other) for other in kept)


def refuse_dependent(change: Change, other: Change) -> Refusal:
    reason = f"skipped, because it depends on {other.operation} on {other.target}, which was refused"
    return Refusal("together", reason, change.target, change.operation)
