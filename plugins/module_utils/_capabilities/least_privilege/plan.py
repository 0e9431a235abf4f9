# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""From the steps that are due to changes: by the event of a step, and by the way of its role. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping, Sequence

from ..._converge.change import Change, Refusal
from ..._policy.documents.policy import Policy
from .changes import ChangeKind, Outcome, RoleWriter, Subject
from .declared import Target
from .live import find_old_trust
from .model import Way
from .records import Kind
from .revert import Recorded, Reverter, name_aspect
from .revert import Way as WayBack
from .step import Step
from .trust import DEAD, require_mfa


@dataclasses.dataclass(frozen=True)
class Case:
    """A role with its step. ``entries`` and ``present`` are only read where the role is reverted, or was closed.

    ``trust`` is its trust policy, None where it can't be read. ``is_new_role_used`` says whether the new role may have
    been used, and ``returns_admin`` whether a revert makes the old role an administrator again. ``new_id`` is the id of
    the new role by the records.
    """

    subject: Subject
    step: Step
    target: t.Optional[Target] = None
    trust: t.Optional[Policy] = None
    entries: tuple[Recorded, ...] = ()
    present: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    is_new_role_used: bool = True
    returns_admin: bool = True
    new_id: str = ""


@dataclasses.dataclass(frozen=True)
class Planned:
    """The changes of one role, and what was refused of it."""

    case: Case
    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()


class CasePlanner:
    """Plans the steps of one campaign. ``closed`` is a trust policy for break-glass alone, None without any."""

    def __init__(self, writer: RoleWriter, closed: t.Optional[Mapping[str, t.Any]]) -> None:
        self._writer = writer
        self._closed = closed
        self._population = len(writer.snapshot.users) + len(writer.snapshot.roles)

    def plan(self, cases: Sequence[Case]) -> tuple[Planned, ...]:
        """Plan all roles, each by itself: what is refused for one holds back no other."""
        return tuple(map(self._plan, cases))

    def _plan(self, case: Case) -> Planned:
        if case.step.refusal is not None:
            return Planned(case, refused=(case.step.refusal,))
        if case.step.is_only_recorded:
            return Planned(case)
        if case.step.event is Kind.REVERTED:
            found = self._revert(case)
            return Planned(case, found.changes, found.refused)
        outcome = self._make(case)
        return Planned(case, refused=(outcome,)) if isinstance(outcome, Refusal) else Planned(case, outcome)

    def _make(self, case: Case) -> Outcome:
        event, way = case.step.event, case.step.way
        if event is Kind.PREPARED:
            return self._prepare(case)
        if event is Kind.LIFTED:
            return self._writer.lift_trial(case.subject, kind=ChangeKind.EXPIRE)
        if event is Kind.OPENED and way is Way.IN_PLACE:
            return self._writer.set_trial(case.subject, population=self._population)
        if event is Kind.CUT_OVER and way is Way.IN_PLACE:
            return self._writer.replace(case.subject, population=self._population)
        if event in (Kind.OPENED, Kind.CUT_OVER) and way is Way.PARALLEL:
            return self._open(case, ChangeKind.OPEN if event is Kind.OPENED else ChangeKind.CUT_OVER)
        if event is Kind.CLOSED:
            return self._close(case)
        if event is Kind.RETIRED and way is Way.PARALLEL:
            return self._writer.retire(case.subject, population=self._population)
        if event is Kind.RETIRED and way is Way.IN_PLACE:
            return self._writer.delete_trial(case.subject)
        # Everything else is recorded only: nothing of it is in AWS.
        return ()

    def _prepare(self, case: Case) -> Outcome:
        if case.step.way is Way.IN_PLACE:
            return self._writer.prepare_policies(case.subject)
        if case.step.way is not Way.PARALLEL:
            return ()
        if self._closed is None:
            return _refuse_closing(case.subject.role.arn)
        boundary = case.target.boundary if case.target else ""
        return self._writer.prepare_parallel(case.subject, self._closed, boundary or None)

    def _open(self, case: Case, kind: ChangeKind) -> Outcome:
        role = case.subject.role
        if role.trust.document is None:
            return Refusal("unread", f"the trust policy of {role.name} can't be read: {role.trust.error}", role.arn)
        dead = _refuse_dead(case)
        if dead is not None:
            return dead
        document = find_old_trust(self._writer.snapshot, role, case.entries)
        if document is None:
            reason = f"{role.name} is closed, and the journal does not have the trust policy that it had: revert first"
            return Refusal("old_role_closed", reason, role.arn)
        wants_mfa = case.target is not None and case.target.is_mfa_required
        return self._writer.open_parallel(case.subject, require_mfa(document) if wants_mfa else document, kind)

    def _close(self, case: Case) -> Outcome:
        if self._closed is None:
            return _refuse_closing(case.subject.role.arn)
        # A revert could not set the old trust policy again.
        dead = _refuse_dead(case)
        return dead or self._writer.close(case.subject, self._closed, population=self._population)

    def _revert(self, case: Case) -> WayBack:
        if case.step.way is Way.BY_OWNER:
            # The owner has put back what it had taken.
            return WayBack()
        entries = (
            case.entries
            if case.step.restores
            else tuple(entry for entry in case.entries if entry[0].change.target != case.subject.role.arn)
        )
        way = Reverter(self._writer.snapshot, self._closed).plan(
            case.subject,
            entries,
            case.present,
            is_used=case.is_new_role_used,
            returns_admin=case.returns_admin,
            new_id=case.new_id,
        )
        # A trial is known by its policy, so it ends even if the journal is gone. It was only set where no boundary was.
        is_known = any(name_aspect(entry[0].change) == "boundary" for entry in entries)
        lifted = () if is_known else self._writer.lift_trial(case.subject)
        return dataclasses.replace(way, changes=(*lifted, *way.changes))


def _refuse_closing(role: str) -> Refusal:
    reason = (
        "a role is closed by letting only break-glass assume it, and no break-glass principal is known: list one in "
        "break_glass (hardening_break_glass) as an ARN glob"
    )
    return Refusal("no_break_glass", reason, role)


def _refuse_dead(case: Case) -> t.Optional[Refusal]:
    role, dead = case.subject.role, _find_dead(case.trust)
    if not dead:
        return None
    reason = (
        f"the trust policy of {role.name} names {dead}, the id of a deleted user or role, which AWS does not "
        "accept in a new policy: remove it first"
    )
    return Refusal("dead_principal", reason, role.arn)


def _find_dead(trust: t.Optional[Policy]) -> str:
    """Find the id of a deleted user or role in a trust policy. AWS shows one in place of the ARN that it had.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    statements = trust.statements if trust is not None else ()
    for kind, value in (pair for statement in statements for pair in statement.principals or ()):
        if kind == "AWS" and DEAD.fullmatch(value):
            return value
    return ""
