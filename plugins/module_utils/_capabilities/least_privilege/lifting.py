# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Deadlines: of trials, which end then or if somebody removed the boundary, and of two roles at once. Pure.

A trial denies for real, so it must end even if its records are gone or forged. To end one only takes back what the
campaign did: the role then has what it had before.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._converge.change import Change
from .declared import MOST_TRIAL_DAYS, Declared
from .model import Way
from .records import Kind
from .situation import LiveRole, Situation
from .trial import is_trial

#: No trial ends later than that after AWS's own date of its policy, whatever is recorded.
MOST_AGE: t.Final = timedelta(days=2 * MOST_TRIAL_DAYS)


@dataclasses.dataclass(frozen=True)
class Lift:
    """A trial that ends in this run, with the reason."""

    reason: str


def find_deadline(declared: Declared, situation: Situation) -> t.Optional[datetime]:
    """Find when the trial of a role ends: the earliest that records and the declaration say. None without one.

    Without a record the trial policy's own date counts: AWS keeps it, so nobody can forge it. None then also means that
    there is no date at all.
    """
    past, live = situation.past, situation.live
    days = timedelta(days=declared.trial_days)
    # Records can be forged again and again. AWS's own date can't.
    oldest = live.made_at + MOST_AGE if live and live.has_trial and live.made_at else None
    found: list[t.Optional[datetime]] = [oldest]
    if past.trial is not None:
        opened = past.times.get(Kind.OPENED)
        found += [past.trial.deadline, opened + days if opened else None]
    elif live is not None and live.has_trial and live.made_at is not None:
        found.append(live.made_at + days)
    return min((moment for moment in found if moment is not None), default=None)


def describe_deadline(
    change: Change, declared: Declared, situations: Iterable[Situation], ours: str, now: datetime
) -> t.Optional[str]:
    """Describe when the trial ends that a change begins, or that is under way for its role; None without one.

    :arg ours: the start of the ARNs of our policies.
    """
    found = next((item for item in situations if item.role_arn == change.target), None)
    deadline = find_deadline(declared, found) if found else None
    boundary = change.after.get("boundary") if isinstance(change.after, Mapping) else None
    if deadline is None and boundary and is_trial(ours, str(boundary)):
        deadline = now + timedelta(days=declared.trial_days)
    return format_utc(deadline) if deadline else None


def find_lift(declared: Declared, situation: Situation, now: datetime) -> t.Optional[Lift]:
    """Find out whether the trial of a role ends in this run."""
    past, live = situation.past, situation.live
    if live is None:
        return None
    if not live.has_trial and (past.trial is None or live.has_documents):
        # A cut-over that was interrupted before its record has dropped the boundary by itself.
        return None
    if past.trial is not None and not live.has_trial and not live.boundary:
        return Lift("the trial boundary was removed, so the trial is over")
    deadline = find_deadline(declared, situation)
    if deadline is None:
        return Lift("the trial has neither a record nor a date, so it ends now")
    if now >= deadline:
        return Lift(f"the deadline of the trial, {format_utc(deadline)}, has passed")
    return None


def has_unknown_trial(situation: Situation, live: LiveRole) -> bool:
    """Whether a trial is under way that no record knows."""
    return live.has_trial and situation.past.trial is None


def find_parallel_deadline(declared: Declared, situation: Situation) -> t.Optional[datetime]:
    """Find when there may no longer be two roles, by AWS's own date of the new one. None if the old one is retired."""
    live = situation.live
    made = live.new_role.made_at if live and live.new_role and live.new_role.is_ours else None
    if made is None or situation.way is not Way.PARALLEL or situation.past.reached is Kind.RETIRED:
        return None
    return made + timedelta(days=declared.parallel_days)
