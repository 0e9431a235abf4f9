# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Guards: pure rules that let a change through or refuse it.

What is refused is a result, except what would act on the caller itself: that raises :class:`GuardError`, and nothing at
all is changed. That the account is the right one is known before any change is planned.

A change is judged by whom it affects (``Change.affects``), not by what it is called with:

* Its target and whom its request names are acted on directly. The caller and the roles that it came through are never
  acted on, protected and break-glass principals neither, whatever the change is.
* Others are affected through what they share: a policy that they have, a group that they are in. For them the same
  holds, unless the change is purely additive: its impact is additive, and it takes nothing back. It can lock out
  nobody then. A rollback is never taken for additive, since it can take away what somebody relies on.
* Who is affected only as part of an account, or as anybody, is judged by the capability: an SCP that locks the caller
  out is a matter of the guard against lock-outs.
* A principal that an incident contains is changed by nobody until its release, not even additively.
* Those who could not be read are affected and unknown: what narrows access, or takes a change back, is refused.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from .affects.affected import describe_affected, is_counted, mismatch_of, principals_in, unknown_in
from .affects.request import find_direct_targets, place_of
from .arn import Principal, is_break_glass
from .break_glass import Rescue
from .change import Change, Impact, Refusal
from .errors import GuardError, InputError
from .incident.freeze import Freeze
from .ownership.judgement import find_objection, refuse
from .ownership.owner import Ownership
from .plan import ApprovedPlan
from .protected import protection_of

# From this many objects up the percentage counts; below, one change would already exceed it.
PERCENT_FROM: t.Final = 20


@dataclasses.dataclass(frozen=True)
class Limits:
    """The caps on changes of one kind that narrow access or destroy something, in one account and run."""

    max_changes: int = 10
    max_percent: int = 5

    def __post_init__(self) -> None:
        if self.max_changes < 0:
            raise InputError(f"max_changes: {self.max_changes} is not allowed; allowed is 0 or more")
        if not 0 <= self.max_percent <= 100:
            raise InputError(f"max_percent: {self.max_percent} is not allowed; allowed are 0 to 100")


@dataclasses.dataclass(frozen=True)
class GuardContext:
    """The input of the rules for changes.

    ``principals`` are the caller and every role it came through. ``lockout_kinds`` names the kinds of change that can
    lock people out for good, and so need a break-glass principal that works. ``break_glass`` are the declared ones, as
    ARN globs; ``rescue`` knows those of the account, None if none was searched. Changes of ``approval_kinds`` are made
    under an approved plan only. Those of ``deadline_kinds`` need no place in it. ``ownership`` knows the owners of the
    objects that the plan changes, None where no change is held against an owner. ``freeze`` has what the incidents of
    the account freeze. ``incident`` is the id of the one that the changes are part of; it does not hold them back.
    """

    principals: frozenset[Principal]
    break_glass: tuple[str, ...] = ()
    rescue: t.Optional[Rescue] = None
    limits: Limits = Limits()
    approved: t.Optional[ApprovedPlan] = None
    lockout_kinds: frozenset[str] = frozenset()
    approval_kinds: frozenset[str] = frozenset()
    deadline_kinds: frozenset[str] = frozenset()
    ownership: t.Optional[Ownership] = None
    freeze: Freeze = Freeze()
    incident: str = ""


@dataclasses.dataclass(frozen=True)
class GuardResult:
    """The changes that may be made, in the order of the plan, and the refusals.

    ``held`` are the changes that an approved plan alone would let through, each with what holds it back.
    """

    allowed: tuple[Change, ...]
    refused: tuple[Refusal, ...]
    held: tuple[tuple[Change, Refusal], ...] = ()


def find_enforcing_objections(
    *, account_id: t.Optional[str], awx_job_id: t.Optional[str], journal: str
) -> tuple[Refusal, ...]:
    """Find the reasons why these options may not enforce; each is fatal to a run that writes."""
    objections = []
    if account_id is None:
        reason = "account_id: not set; to enforce, the 12 digits of the account are needed"
        objections.append(Refusal(rule="account_id", reason=reason, target="", fatal=True))
    if awx_job_id and not journal.startswith("s3://"):
        reason = (
            f"journal: {journal!r} is a directory of a container that vanishes with AWX job {awx_job_id}; "
            "to enforce, a place such as s3://bucket/prefix is needed"
        )
        objections.append(Refusal(rule="journal", reason=reason, target="", fatal=True))
    return tuple(objections)


def guard(changes: Sequence[Change], context: GuardContext) -> GuardResult:
    """Hold a plan against all rules.

    :raises GuardError: a change acts on the caller, or on a role that it came through.
    """
    fatal = [refusal for change in changes if (refusal := _on_caller(change, context))]
    if fatal:
        raise GuardError(fatal)
    refused: list[Refusal] = []
    passed: list[Change] = []
    held: list[tuple[Change, Refusal]] = []
    for change in changes:
        refusal = next((refusal for rule in _RULES if (refusal := rule(change, context))), None)
        waits = None if refusal else _needs_approval(change, context)
        if refusal:
            refused.append(refusal)
        elif waits:
            held.append((change, waits))
        else:
            passed.append(change)
            if context.rescue:
                context.rescue.expect(change)
    over_cap = {} if context.approved else _over_cap(passed, context.limits)
    held += [(change, _refusal("cap", change, over_cap[change.kind])) for change in passed if change.kind in over_cap]
    allowed = tuple(change for change in passed if change.kind not in over_cap)
    return GuardResult(allowed=allowed, refused=tuple(refused), held=tuple(held))


def _refusal(rule: str, change: Change, reason: str) -> Refusal:
    return Refusal(rule=rule, reason=reason, target=change.target, operation=change.operation)


def _is_purely_additive(change: Change) -> bool:
    """Whether a change gives access and takes none. An undo is planned as additive, whatever it does."""
    return change.impact is Impact.ADDITIVE and not change.undoes


def _list_touched(change: Change) -> tuple[str, ...]:
    """List the target, and the ARNs of the affected principals that the rules for single principals count."""
    acted_on = find_direct_targets(change)
    through_others = not _is_purely_additive(change)
    affected = (arn for arn in change.affects if through_others or principals_in((arn,)) & acted_on)
    return tuple(dict.fromkeys((place_of(change), *affected)))


def _on_caller(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    if find_direct_targets(change) & context.principals:
        what = (
            f"{change.operation} on {change.target} would act on the caller itself, or on a role that it came through"
        )
        return dataclasses.replace(_refusal("caller", change, what), fatal=True)
    own = [arn for arn in _list_touched(change) if principals_in((arn,)) & context.principals]
    if change.service != "iam" or not own:
        return None
    reason = (
        f"{change.operation} on {change.target} would change the permissions of the caller itself, or of a role that "
        f"it came through: {describe_affected(own)}"
    )
    return dataclasses.replace(_refusal("caller", change, reason), fatal=True)


def _differs_from_request(change: Change, _context: GuardContext) -> t.Optional[Refusal]:
    difference = mismatch_of(change)
    return _refusal("request_mismatch", change, f"never made: {difference}") if difference else None


def _on_protected(change: Change, _context: GuardContext) -> t.Optional[Refusal]:
    reason = protection_of(change.target)
    if reason:
        return _refusal("protected", change, f"never touched: {reason}")
    found = next(((arn, why) for arn in _list_touched(change) if (why := protection_of(arn))), None)
    return (
        _refusal("protected", change, f"it affects {describe_affected(found[:1])}, which is never changed: {found[1]}")
        if found
        else None
    )


def _on_break_glass(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    place = place_of(change)
    found = [arn for arn in _list_touched(change) if is_break_glass(arn, context.break_glass)]
    if not found:
        return None
    if place in found:
        return _refusal("break_glass", change, "never changed: it is a break-glass principal")
    return _refusal(
        "break_glass",
        change,
        f"it affects {describe_affected(found)}, which is a break-glass principal and never changed",
    )


def _on_contained(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    """Refuse what concerns a principal that an incident contains, also what gives access or takes a change back."""
    return context.freeze.find_refusal(change, except_for=context.incident)


def _is_of_others(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    """Refuse what changes an object of somebody else. An approved plan does not lift this."""
    objection = find_objection(change, context.ownership) if context.ownership else None
    return refuse(change, objection) if objection else None


def _could_lock_out(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    if change.kind not in context.lockout_kinds:
        return None
    objection = context.rescue.objection(change) if context.rescue else "none was searched"
    if objection is None:
        return None
    reason = (
        f"it could lock everybody out, and no working break-glass principal is known: {objection}. List one in "
        "break_glass (hardening_break_glass) as an ARN glob, or create one under the path "
        "/iam-hardening/break-glass/: somebody must be able to use it, and it must be allowed to undo this change"
    )
    return _refusal("no_break_glass", change, reason)


def _takes_break_glass(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    """Break-glass need not be there for a change of credentials, but the last way to use it is not taken."""
    loss = context.rescue.loss(change) if context.rescue else None
    if loss is None:
        return None
    reason = (
        f"it may take the last way to use break-glass: {loss}. Let somebody else use it first: another user "
        "with a password or an active access key, or an identity provider, that its trust policy lets in"
    )
    return _refusal("last_way", change, reason)


def _on_unknown(change: Change, _context: GuardContext) -> t.Optional[Refusal]:
    unknown = unknown_in(change.affects)
    if not unknown or _is_purely_additive(change):
        return None
    return _refusal("affects_unknown", change, f"the affected principals are not known: {'; '.join(unknown)}")


def _needs_approval(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    if change.kind not in context.approval_kinds or context.approved:
        return None
    reason = (
        "it is only made under an approved plan: review the plan of this run, then run again with its hash in "
        "approved_plan (hardening_approved_plan)"
    )
    return _refusal("needs_approval", change, reason)


def _not_approved(change: Change, context: GuardContext) -> t.Optional[Refusal]:
    if change.kind in context.deadline_kinds and _is_purely_additive(change):
        return None
    objection = context.approved.objection(change) if context.approved else None
    return _refusal("approved_plan", change, objection) if objection else None


_RULES: t.Final[tuple[Callable[[Change, GuardContext], t.Optional[Refusal]], ...]] = (
    _differs_from_request,
    _on_protected,
    _on_break_glass,
    _on_unknown,
    _on_contained,
    _is_of_others,
    _could_lock_out,
    _takes_break_glass,
    _not_approved,
)


def _over_cap(changes: Iterable[Change], limits: Limits) -> dict[str, str]:
    """The kinds of change that exceed a cap, with the reason. A kind is refused whole, so that no order decides."""
    by_kind: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.impact is not Impact.ADDITIVE:
            by_kind[change.kind].append(change)
    objections = {kind: _cap_objection(kind, found, limits) for kind, found in by_kind.items()}
    return {kind: objection for kind, objection in objections.items() if objection}


def _cap_objection(kind: str, changes: Sequence[Change], limits: Limits) -> t.Optional[str]:
    """Why so many changes of a kind are too many: they, or the single principals whom they affect."""
    affected = {entry for change in changes for entry in change.affects if is_counted(entry)}
    count = max(len(changes), len(affected))
    what = "changes" if count == len(changes) else "principals affected by changes"
    population = max(change.population for change in changes)
    approval = "an approved plan (hardening_approved_plan) lifts the cap"
    if count > limits.max_changes:
        return f"{count} {what} of the kind {kind}, max_changes is {limits.max_changes}; {approval}"
    if population >= PERCENT_FROM and count * 100 > limits.max_percent * population:
        by = "by changes" if what == "changes" else "affected by changes"
        return f"{count} of {population} {by} of the kind {kind}, max_percent is {limits.max_percent}; {approval}"
    return None
