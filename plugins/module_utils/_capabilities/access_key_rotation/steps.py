# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The next step of the rotation of a key: one at a time, each in a run of its own. Pure, the clock from outside.

What AWS says of the keys and of the secret decides. The records only say which rotation is under way, and since when.
"""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime

from ..._account.answer import Unknown
from ..._converge.finding import mask_key_ids
from ..._converge.user_keys import wait_for_deletion, wait_for_quiet
from .declared import Declared
from .model import Key, Stage, User
from .records import Event
from .second_key import judge_second_key
from .situation import Situation
from .step import Action, Step, refuse


def find_next_step(situation: Situation, declared: Declared, now: datetime) -> Step:
    """Find the step that is due at ``now``. The caller refuses users that are never touched."""
    if situation.problem:
        return refuse("unread", situation.problem)
    if situation.user is None:
        return refuse("no_user", f"there is no user {situation.target.user} in the account; correct users")
    if situation.past.doubts:
        key, reason = situation.past.doubts[0]
        return refuse(
            "state_doubt",
            f"the record {key} of its rotation is not believed: {reason}. Find out who wrote it, and "
            "move the records of the user away if they are wrong",
        )
    if situation.secret is not None and situation.secret.problem:
        return refuse("secret_unfit", f"the secret {situation.target.secret} can't be used: {situation.secret.problem}")
    last = situation.past.last
    if situation.past.reached is None or last is None:
        return _begin(situation, situation.user, declared, now)
    return _find_contradiction(situation, situation.user, last) or _go_on(situation, last, declared, now)


# No rotation is under way


def _begin(situation: Situation, user: User, declared: Declared, now: datetime) -> Step:
    foreign = _refuse_foreign_secret(situation, user)
    if foreign is not None:
        return foreign
    if not user.keys:
        return refuse("no_key", f"{user.name} has no access key to rotate")
    if len(user.keys) > 1:
        return judge_second_key(situation, user, now)
    (key,) = user.keys
    if not key.is_active:
        if declared.replaces_inactive(user.name):
            return Step(Action.CREATE, Stage.CREATED, old=key, key=key)
        return refuse(
            "inactive_key",
            f"the only access key {mask_key_ids(key.id)} of {user.name} is inactive; list the user in replace_inactive "
            "to give it a new one",
        )
    due = declared.find_due(key.created)
    if now >= due:
        return Step(Action.CREATE, Stage.CREATED, old=key, key=key)
    return Step(Action.WAIT, old=key, due=due, reason="its key is not old enough")


def _refuse_foreign_secret(situation: Situation, user: User) -> t.Optional[Step]:
    """Refuse to write over a secret that nobody said is for the key of this user."""
    secret = situation.secret
    if secret is None or secret.owner.lower() == user.name.lower():
        return None
    whose = f"its tag names {secret.owner}" if secret.owner else "it has no tag iam-hardening:access-key-of"
    return refuse(
        "foreign_secret",
        f"the secret {secret.name} is there, and {whose}. If it is for the access key of {user.name}, set its tag "
        f"iam-hardening:access-key-of to {user.name}; else name another secret",
    )


# A rotation is under way


def _find_contradiction(situation: Situation, user: User, last: Event) -> t.Optional[Step]:
    """Find what somebody changed that no run of this collection changes."""
    strange = [key.id for key in user.keys if key.id not in (last.old_key, last.new_key)]
    if strange:
        return refuse(
            "strange_key",
            f"{user.name} has the access key {mask_key_ids(strange[0])}, which is not part of the rotation that is "
            f"under way. Somebody made it by hand: find out who needs it. Then delete it, or move the records away",
        )
    if situation.new_key is None:
        return _judge_lost_key(situation, last)
    if not situation.new_key.is_active:
        return refuse(
            "new_key_inactive", f"somebody deactivated the new access key {mask_key_ids(last.new_key)} of {user.name}"
        )
    return _judge_secret(situation, last)


def _judge_lost_key(situation: Situation, last: Event) -> Step:
    secret, old = situation.secret, situation.old_key
    if old is not None and (secret is None or secret.current != last.version_id):
        return Step(Action.RECORD, Stage.ROLLED_BACK, old=old, key=old)
    return refuse(
        "new_key_gone",
        f"somebody deleted the new access key {mask_key_ids(last.new_key)}, and the secret {situation.target.secret} "
        "still has it for its consumers. Let AWSCURRENT name another version, or replace the key by hand",
    )


def _judge_secret(situation: Situation, last: Event) -> t.Optional[Step]:
    secret, name = situation.secret, situation.target.secret
    if secret is None:
        return refuse("secret_gone", f"the secret {name} with the new access key is gone")
    if secret.arn != last.secret_arn:
        return refuse("secret_replaced", f"{name} is another secret than {last.secret_arn}, which the new key is in")
    if not secret.has(last.version_id):
        return refuse("secret_replaced", f"somebody took the version with the new access key out of the secret {name}")
    if secret.current == last.previous and situation.past.reached is not Stage.CREATED:
        return refuse(
            "moved_back",
            f"somebody let the consumers of the secret {name} read the version from before the new access key again. "
            f"If the new key works, let AWSCURRENT name the version {last.version_id}; else delete the new key",
        )
    if secret.current not in (last.version_id, last.previous):
        return refuse(
            "secret_replaced",
            f"somebody put another version into the secret {name}, and its consumers read that one. Let AWSCURRENT "
            f"name the version {last.version_id} if the new key is to be used",
        )
    return None


def _go_on(situation: Situation, last: Event, declared: Declared, now: datetime) -> Step:
    old, new, secret = situation.old_key, situation.new_key, situation.secret
    if new is None or secret is None:
        raise AssertionError("a key or a secret that is gone contradicts the records, which is found first")
    is_current = secret.current == last.version_id
    if old is None:
        # Somebody deleted the old key, so consumers have to read the new one.
        if not is_current:
            return Step(Action.DISTRIBUTE, Stage.DISTRIBUTED, key=new)
        return Step(Action.RECORD, Stage.OLD_DELETED, key=new)
    if not is_current:
        return Step(Action.DISTRIBUTE, Stage.DISTRIBUTED, old=old, key=new)
    if not old.is_active:
        return _finish(situation, old, declared, now)
    if situation.past.reached is Stage.CREATED:
        return Step(Action.RECORD, Stage.DISTRIBUTED, old=old, key=new)
    waits = _wait_for_use(situation, old, new, declared, now)
    if waits is not None:
        return waits
    if situation.past.reached is Stage.VERIFIED:
        return Step(Action.DEACTIVATE, Stage.OLD_INACTIVE, old=old, key=old)
    return Step(Action.RECORD, Stage.VERIFIED, old=old, key=new)


def _wait_for_use(situation: Situation, old: Key, new: Key, declared: Declared, now: datetime) -> t.Optional[Step]:
    """Wait until the new key was used and the old one was not for long enough: safety rule 8 of the design."""
    last_new = max(filter(None, (new.last_used, situation.consumers.last_known_use(new.id))), default=None)
    if last_new is None:
        return Step(Action.WAIT, old=old, key=new, reason=f"nobody has used the new key {mask_key_ids(new.id)} yet")
    wait = wait_for_quiet(find_quiet_since(situation, old), declared.verify, now)
    if wait is not None:
        return Step(Action.WAIT, old=old, key=new, due=wait.due, reason=wait.reason)
    return _refuse_unknown_users(situation, old, new)


def _refuse_unknown_users(situation: Situation, old: Key, new: Key) -> t.Optional[Step]:
    """Refuse to go on where a source of events that was to be read may lack a use of the old key.

    If no source is declared, the last use that IAM has decides alone: its owner has chosen that.
    """
    consumers = situation.consumers
    if consumers.unasked or not isinstance(consumers.find_last_use(old.id), Unknown):
        return None
    return dataclasses.replace(
        refuse(
            "users_unknown",
            f"it is not known whether somebody still uses the old key {mask_key_ids(old.id)}: {consumers.failure}. "
            "Let the run read the events, or correct event_history, event_history_max_pages and trail_logs",
        ),
        old=old,
        key=new,
    )


def find_quiet_since(situation: Situation, old: Key) -> datetime:
    """Find since when the old key is unused, at the earliest since consumers read the new one."""
    since, last = situation.past.since, situation.past.last
    moved = since.get(Stage.DISTRIBUTED) or max(since.values())
    created = situation.new_key.created if situation.new_key else None
    used = [old.last_used, situation.consumers.last_known_use(old.id), created, last.at if last and not since else None]
    return max([moved, *filter(None, used)])


def _finish(situation: Situation, old: Key, declared: Declared, now: datetime) -> Step:
    """Go on where the old key is inactive: this collection or somebody else deactivated it."""
    reached = situation.past.reached
    if reached is not Stage.OLD_INACTIVE:
        return Step(Action.RECORD, Stage.OLD_INACTIVE, old=old, key=old)
    wait = wait_for_deletion(situation.past.since[Stage.OLD_INACTIVE], old, declared.delete_after, now)
    if wait is not None:
        return Step(Action.WAIT, old=old, due=wait.due, reason=wait.reason)
    return Step(Action.DELETE, Stage.OLD_DELETED, old=old, key=old)
