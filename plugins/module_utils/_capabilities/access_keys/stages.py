# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The stages of a credential: noticed, deactivated, deleted. Each in a run of its own, pure, the clock from outside."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from datetime import datetime, timedelta

from ..._account.moments import whole_days
from .declared import IDLE_REASONS, Declared, Reason
from .history import Belief, Stage, parse_mark
from .kinds import Credential, Kind


class Action(enum.StrEnum):
    """The action on a credential that is due now."""

    NOTHING = "nothing"
    WAIT = "wait"
    NOTIFY = "notify"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    FORGET = "forget"


@dataclasses.dataclass(frozen=True)
class Step:
    """The next step of a credential. ``due`` is when a waiting one comes to ``then``."""

    action: Action
    due: t.Optional[datetime] = None
    then: t.Optional[Action] = None


@dataclasses.dataclass(frozen=True)
class Item:
    """A credential with what is known of it: which of the declared reasons it has, and which stage is believed.

    ``tag_value`` is what the tag of its stage says, and None where there is none; ``is_alone`` is False where two
    credentials of a user would share that tag.
    """

    credential: Credential
    reasons: frozenset[Reason] = frozenset()
    belief: Belief = Belief()
    tag_value: t.Optional[str] = None
    is_alone: bool = True


def find_next_step(item: Item, declared: Declared, now: datetime) -> Step:
    """Find the step that the declaration asks for at ``now``. The caller leaves out users that are never touched."""
    step = (
        _find_active_step(item, declared, now)
        if item.credential.is_active
        else _find_inactive_step(item, declared, now)
    )
    if step.action is Action.NOTHING and parse_mark(item.tag_value) and item.credential.is_active:
        return Step(Action.FORGET)
    return step


def count_idle_days(credential: Credential, now: datetime) -> int:
    """Count the whole days since the last trace of use."""
    return whole_days(credential.idle_since, now)


def _find_active_step(item: Item, declared: Declared, now: datetime) -> Step:
    credential, belief = item.credential, item.belief
    reasons = item.reasons
    if not reasons or count_idle_days(credential, now) < _find_minimum_age(
        credential, reasons, declared, declared.notify_after
    ):
        return Step(Action.NOTHING)
    final = Action.DELETE if credential.kind is Kind.PASSWORD else Action.DEACTIVATE
    idle_enough = credential.idle_since + timedelta(
        days=_find_minimum_age(credential, reasons, declared, max(declared.deactivate_after, declared.min_idle))
    )
    if belief.stage is Stage.NOTICED and belief.since is not None:
        return _make_step(max(belief.since + timedelta(days=declared.deactivate_grace), idle_enough), final, now)
    if belief.stage is Stage.DEACTIVATED and not belief.is_done:
        # The run that announced it was cut off before the write itself; its notice and grace were in order then.
        return _make_step(idle_enough, final, now)
    return Step(Action.NOTIFY)


def _find_inactive_step(item: Item, declared: Declared, now: datetime) -> Step:
    credential, belief = item.credential, item.belief
    if declared.delete_after is None:
        return Step(Action.NOTHING)
    idle_enough = credential.idle_since + timedelta(days=declared.delete_after)
    if belief.stage in (Stage.DEACTIVATED, Stage.FOUND_INACTIVE) and belief.since is not None:
        return _make_step(max(belief.since + timedelta(days=declared.delete_grace), idle_enough), Action.DELETE, now)
    if now < idle_enough:
        return Step(Action.WAIT, idle_enough, Action.NOTIFY)
    return Step(Action.NOTIFY)


def _make_step(due: datetime, action: Action, now: datetime) -> Step:
    return Step(action) if now >= due else Step(Action.WAIT, due, action)


def _find_minimum_age(credential: Credential, reasons: frozenset[Reason], declared: Declared, idle: int) -> int:
    """Find for how many days a credential must have been idle. Kinds without a last use go by their age.

    A reason that is none of idleness (an old key, say) may begin earlier, but never with a key that is in use.
    """
    if credential.kind not in (Kind.ACCESS_KEY, Kind.PASSWORD):
        return declared.age
    return idle if reasons <= IDLE_REASONS else declared.min_idle
