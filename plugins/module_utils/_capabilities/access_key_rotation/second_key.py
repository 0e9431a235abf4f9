# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The second key of a user whose records name no rotation: a run may have left it, or somebody made it by hand. Pure.

A run that was cut off after CreateAccessKey leaves a key whose secret nobody has. Such a key is deleted only if
CloudTrail shows that a call of that run made it. Every other key is somebody's and stays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime

from ..._account.answer import Unknown, Yes
from ..._account.moments import format_utc
from ..._converge.finding import mask_key_ids
from ..._prediction.denials.verdict import DELIVERY
from ..._prediction.key_users.model import Maker
from .history import Attempt
from .model import Key, Stage, User
from .situation import Situation
from .step import Action, Step, refuse


def judge_second_key(situation: Situation, user: User, now: datetime) -> Step:
    """Judge two keys of which no record says that they are old and new: a run may have been cut off between them."""
    for new, old in _list_pairs(user):
        attempts = find_attempts(situation.attempts, new, old)
        if attempts and situation.is_stored(new):
            return Step(Action.RECORD, Stage.CREATED, old=old, key=new)
        if attempts:
            return _Left(situation, user, new, old, attempts).judge(now)
    active = [key for key in user.keys if key.is_active]
    if len(active) > 1:
        return refuse("two_keys", _describe_two(user, "both are active"))
    idle = next((key for key in user.keys if not key.is_active), user.keys[0])
    return refuse(
        "no_free_slot",
        f"{user.name} has two access keys, the limit of AWS. Delete the inactive one, {mask_key_ids(idle.id)}, if "
        "nobody needs it",
    )


def find_attempts(attempts: Iterable[Attempt], new: Key, old: Key) -> tuple[Attempt, ...]:
    """Find the attempts to replace an old key that made the new one, or may have."""
    return tuple(one for one in attempts if one.old_key == old.id and one.may_have_made(new))


def list_questionable(user: User, attempts: Sequence[Attempt]) -> tuple[Key, ...]:
    """List the keys of which CloudTrail has to say who made them: an attempt of which nobody knows the end may have."""
    return tuple(new for new, old in _list_pairs(user) if any(one.is_open for one in find_attempts(attempts, new, old)))


def _list_pairs(user: User) -> tuple[tuple[Key, Key], ...]:
    """List the keys of a user that has two, each with the other one, the younger first."""
    one, other = sorted(user.keys, key=lambda key: (key.created, key.id))[-1::-1][:2]
    return ((one, other), (other, one))


def _describe_two(user: User, why: str) -> str:
    return (
        f"{user.name} has two access keys ({why}), and no record says which one replaces the other. Find out who uses "
        "each, and delete one"
    )


@dataclasses.dataclass(frozen=True)
class _Left:
    """A key that no secret holds, made when a run tried to make one."""

    situation: Situation
    user: User
    new: Key
    old: Key
    attempts: tuple[Attempt, ...]

    def judge(self, now: datetime) -> Step:
        """Judge whose key it is. Only one that our call made is deleted."""
        if not any(one.is_open for one in self.attempts):
            return self._stay("a run stored it, and the secret no longer holds it")
        if self.new.last_used is not None:
            return self._stay(f"somebody used it at {format_utc(self.new.last_used)}")
        due = self.new.created + DELIVERY
        if now < due:
            return self._wait(due)
        maker = self.situation.makers.get(self.new.id, Unknown("CloudTrail was not asked"))
        if isinstance(maker, Yes):
            return self._judge_maker(maker.value)
        reason = maker.reason if isinstance(maker, Unknown) else "CloudTrail names nobody"
        return self._stay(f"it is not known who made it: {reason}")

    def _judge_maker(self, maker: Maker) -> Step:
        if any(one.is_open and one.is_call(maker) for one in self.attempts):
            notice = f"CloudTrail shows that {self._runs} made it, so nobody has its secret. The plan is to delete it"
            return Step(Action.DISCARD, old=self.old, key=self.new, notice=self._describe(notice))
        program = f" with {maker.agent}" if maker.agent else ""
        same = any(one.caller == maker.arn for one in self.attempts)
        by = f"{maker.arn}{program}, but not {self._runs}" if same else f"{maker.arn}{program}"
        return self._stay(f"it was made by {by}")

    def _wait(self, due: datetime) -> Step:
        reason = f"it is not known yet who made the access key {mask_key_ids(self.new.id)}: CloudTrail comes late"
        notice = (
            f"{self._runs[0].upper()}{self._runs[1:]} may have made it before it was cut off. CloudTrail may not show "
            f"yet who did: run again after {format_utc(due)}"
        )
        return Step(Action.WAIT, old=self.old, key=self.new, due=due, reason=reason, notice=self._describe(notice))

    def _stay(self, why: str) -> Step:
        refused = refuse("two_keys", _describe_two(self.user, f"of {mask_key_ids(self.new.id)}, {why}"))
        notice = f"{why[0].upper()}{why[1:]}. So it stays. Find out who needs it"
        return dataclasses.replace(refused, notice=self._describe(notice))

    @property
    def _runs(self) -> str:
        names = sorted({one.run_id for one in self.attempts})
        return f"the {'runs' if len(names) > 1 else 'run'} {', '.join(names)}"

    def _describe(self, next_step: str) -> str:
        """Describe the key as it is now, with the commands to paste."""
        key, name = self.new, self.user.name
        status = "active" if key.is_active else "inactive"
        use = f"was used at {format_utc(key.last_used)}" if key.last_used else "has no known use"
        command = f"--user-name {name} --access-key-id {key.id}"
        return (
            f"the access key {key.id} of {name} is {status}. It was made at {format_utc(key.created)}, {use}, and the "
            f"secret {self.situation.target.secret} does not hold it. {next_step}. If nobody needs it: aws iam "
            f"update-access-key {command} --status Inactive; and later: aws iam delete-access-key {command}"
        )
