# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The next step of a workload in one stage. Pure, the clock from outside.

What AWS says of the role and of the key decides. The records only say what is under way, and since when. A key that
somebody still uses is never deactivated: whose workload it is, the events by the id of the key say.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Sequence
from datetime import datetime, timedelta

from ..._account.moments import format_utc
from ..._converge.finding import mask_key_ids
from ..._converge.user_keys import VERIFY_FLOOR, Key, wait_for_deletion, wait_for_quiet
from ..._policy.documents.limits import LIMITS
from ..._policy.documents.policy import Kind
from .declared import Declared
from .detection import describe_mention, describe_place
from .documents import hash_policy, says_same
from .model import Stage, State
from .records import Event
from .situation import Situation

_ROOM: t.Final = LIMITS[Kind.INLINE_ROLE]
# Of fewer calls nobody knows how often they come.
_SOME: t.Final = 2


class Action(enum.StrEnum):
    """What is done now. ``RECORD`` changes nothing in AWS."""

    NOTHING = "nothing"
    WAIT = "wait"
    REFUSE = "refuse"
    RECORD = "record"
    PREPARE = "prepare"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    REVERT = "revert"


@dataclasses.dataclass(frozen=True)
class Step:
    """The step of one workload. ``state`` is the one that is reached by it.

    ``due`` is when a waiting one goes on, if that is known. ``reason`` says why it waits or is refused. A revert
    activates the key again if ``activates``, and deletes the role if ``deletes_role``.
    """

    action: Action
    state: t.Optional[State] = None
    due: t.Optional[datetime] = None
    rule: str = ""
    reason: str = ""
    activates: bool = False
    deletes_role: bool = False

    @property
    def acts(self) -> bool:
        """Whether the step changes something, or is recorded."""
        return self.action not in (Action.NOTHING, Action.WAIT, Action.REFUSE)


def refuse(rule: str, reason: str) -> Step:
    """A step that a person has to look at first."""
    return Step(Action.REFUSE, rule=rule, reason=reason)


def decide(situations: Sequence[Situation], declared: Declared, now: datetime) -> tuple[Step, ...]:
    """Decide the step of each workload in the stage of this run. Workloads may share a key: it retires once.

    The caller refuses users and roles that are never touched.
    """
    steps = tuple(_decide(one, declared, now) for one in situations)
    return tuple(_keep_shared(index, situations, steps) for index in range(len(steps)))


def _decide(situation: Situation, declared: Declared, now: datetime) -> Step:
    user, workload, past = situation.user, situation.workload, situation.past
    if situation.problem:
        return refuse("unread", situation.problem)
    if user is None:
        return refuse("no_user", f"there is no user {workload.user} in the account; correct user of {workload.name}")
    if past.doubts:
        key, reason = past.doubts[0]
        return refuse(
            "state_doubt",
            f"the record {key} of its move is not believed: {reason}. Find out who wrote it, and move the records of "
            "the workload away if they are wrong",
        )
    if past.reached is State.KEY_DELETED:
        done = "its key is gone, and its role stays"
        return refuse("key_deleted", f"{done}: nothing can be reverted") if declared.reverts(workload) else _rest(done)
    if declared.stage is Stage.REVERT:
        return _revert(situation, now) if declared.reverts(workload) else _rest("it is not reverted by this run")
    if situation.key is None and past.last is None:
        return _refuse_key(situation)
    if declared.stage is Stage.PREPARE:
        return _prepare(situation, declared)
    if declared.stage is Stage.ASSESS:
        return _rest("" if past.last is not None else situation.obstacle[1])
    if past.last is None:
        return refuse("not_prepared", f"{workload.name} has no role yet; run the stage prepare first")
    return _refuse_role(situation, past.last) or _go_on(situation, declared, now)


def _rest(reason: str) -> Step:
    return Step(Action.NOTHING, reason=reason)


def _refuse_key(situation: Situation) -> Step:
    workload, user = situation.workload, situation.user
    if workload.key:
        return refuse("no_key", f"{workload.user} has no access key {mask_key_ids(workload.key)}; correct key")
    active = [key for key in user.keys if key.is_active] if user else []
    if active:
        return refuse(
            "key_unclear", f"{workload.user} has {len(active)} active keys: name that of {workload.name} by key"
        )
    return refuse("no_key", f"{workload.user} has no active access key, so there is nothing to move")


# The role


def _prepare(situation: Situation, declared: Declared) -> Step:
    if situation.past.last is not None:
        return _refuse_role(situation, situation.past.last) or _rest("its role is prepared")
    rule, reason = situation.obstacle
    if situation.trust is None:
        return refuse(rule, reason)
    return _refuse_name(situation) or _refuse_proposal(situation, declared) or Step(Action.PREPARE, State.PREPARED)


def _refuse_name(situation: Situation) -> t.Optional[Step]:
    """Refuse a name that somebody else has: of a role that is there, only one that the journal shows to be ours."""
    name = situation.role_arn.rpartition("/")[2]
    role = situation.role
    if situation.taken:
        return refuse("role_taken", f"the name {name} is taken by {situation.taken}; set role to another name")
    if role is None:
        return None
    if not situation.is_ours:
        return refuse("role_taken", f"the role {role.arn} is there, and no run made it; set role to another name")
    wanted = situation.proposal.documents if situation.proposal else {}
    foreign = [name for name, content in situation.inline.items() if not says_same(content, wanted.get(name))]
    is_other = not says_same(role.trust.document, situation.trust) or (role.boundary or "") != situation.boundary
    if is_other or foreign or role.attached_policies:
        return refuse("role_taken", f"the role {role.arn} of a run that was cut off was changed since; revert it first")
    return None


def _refuse_proposal(situation: Situation, declared: Declared) -> t.Optional[Step]:
    proposal, user = situation.proposal, situation.user
    if proposal is None or user is None:
        return refuse("no_policies", "no policies were generated")
    if proposal.failure:
        return refuse("no_policies", f"no policies can be made of what {user.name} called: {proposal.failure}")
    if proposal.breakage:
        return refuse("would_break", f"the new policies would deny recorded calls: {proposal.breakage}")
    if proposal.unproven and not declared.accepts_unproven(user.arn):
        return refuse(
            "unproven",
            f"the proof leaves something open: {proposal.unproven}. Name {user.name} in accept_unproven, with a reason",
        )
    if proposal.size > _ROOM:
        return refuse(
            "does_not_fit",
            f"the policies have {proposal.size:,} characters, and a role takes {_ROOM:,}; set compress or levels",
        )
    return None


def _refuse_role(situation: Situation, last: Event) -> t.Optional[Step]:
    """Refuse to go on with another role than the prepared one, or with one that admits somebody else."""
    role = situation.role
    if role is None:
        return refuse(
            "role_gone", f"the role {last.role_arn} is gone; revert {situation.workload.name}, and begin anew"
        )
    if role.arn != last.role_arn or role.unique_id != last.role_id:
        return refuse("role_replaced", f"{role.arn} is not the role that was prepared; find out who made it")
    if hash_policy(role.trust.document) != last.trust_sha256:
        return refuse(
            "role_changed", f"somebody changed who may assume {role.arn} since it was prepared; change it back"
        )
    return None


# The key


def _go_on(situation: Situation, declared: Declared, now: datetime) -> Step:
    key, reached = situation.key, situation.past.reached
    if key is None:
        # Somebody deleted the key.
        return (
            Step(Action.RECORD, State.KEY_DELETED)
            if reached is not State.PREPARED
            else _judge_proof(situation, None, declared, now)
        )
    if declared.stage is Stage.VERIFY:
        if reached is State.VERIFIED or (reached is State.KEY_INACTIVE and not key.is_active):
            return _rest("the use of its role is verified")
        return _judge_proof(situation, key, declared, now)
    return _retire(situation, key, declared, now)


def _judge_proof(situation: Situation, key: t.Optional[Key], declared: Declared, now: datetime) -> Step:
    return _wait_for_proof(situation, key, declared, now) or Step(Action.RECORD, State.VERIFIED)


def _wait_for_proof(situation: Situation, key: t.Optional[Key], declared: Declared, now: datetime) -> t.Optional[Step]:
    """Wait until the role was used since the last use of the key, and the key was not for long enough."""
    used, last = situation.last_used, situation.key_last_used
    if used is None:
        return Step(Action.WAIT, reason="nobody has used the role yet: do the step below, which people do")
    if key is None:
        return None
    name = f"the key {mask_key_ids(key.id)}"
    if last is not None and used <= last:
        return Step(Action.WAIT, reason=f"{name} was used after the role, at {format_utc(last)}: it stays")
    quiet = max(filter(None, (situation.past.since.get(State.PREPARED), last)))
    wait = wait_for_quiet(quiet, declared.verify, now, what=name)
    return Step(Action.WAIT, due=wait.due, reason=wait.reason) if wait else None


def _retire(situation: Situation, key: Key, declared: Declared, now: datetime) -> Step:
    past, reached = situation.past, situation.past.reached
    name = f"the key {mask_key_ids(key.id)}"
    if reached is State.PREPARED:
        return refuse(
            "not_verified", f"the use of the role is not verified; run the stage verify. Until then {name} stays"
        )
    if reached is State.VERIFIED:
        if not key.is_active:
            return Step(Action.RECORD, State.KEY_INACTIVE)
        return (
            _wait_for_proof(situation, key, declared, now)
            or _refuse_mention(situation, declared)
            or _refuse_callers(situation, declared)
            or Step(Action.DEACTIVATE, State.KEY_INACTIVE)
        )
    if key.is_active:
        return refuse("key_active", f"somebody activated {name} again; find out who needs it, then run verify")
    wait = wait_for_deletion(past.since[State.KEY_INACTIVE], key, declared.delete_after, now, what=name)
    if wait is not None:
        return Step(Action.WAIT, due=wait.due, reason=wait.reason)
    return Step(Action.DELETE, State.KEY_DELETED)


def _refuse_mention(situation: Situation, declared: Declared) -> t.Optional[Step]:
    """Refuse to take the key from something that has its id in its settings, or may, unless somebody accepted that."""
    user, mentions = situation.user, situation.detection.mentions
    if user is None or declared.accepts_unproven(user.arn):
        return None
    if not mentions:
        return _refuse_unsearched(user.name, situation.detection.unsearched)
    # The name of a variable may have the id of the key.
    named = mask_key_ids(f"{describe_mention(mentions[0])} has the key in its settings ({describe_place(mentions[0])})")
    step = f"Remove it there, or name {user.name} in accept_unproven, with a reason"
    return refuse("still_named", f"{named}, so the key stays. {step}")


def _refuse_unsearched(user: str, unsearched: Sequence[str]) -> t.Optional[Step]:
    if not unsearched:
        return None
    more = f" and {len(unsearched) - 1} more" if len(unsearched) > 1 else ""
    return refuse(
        "not_searched",
        f"it is not known whether something still has the key in its settings, so the key stays: "
        f"{mask_key_ids(unsearched[0])}{more}. Let the run read that, set regions, or name {user} in accept_unproven, "
        "with a reason",
    )


def _refuse_callers(situation: Situation, declared: Declared) -> t.Optional[Step]:
    """Refuse to take the key from others than the workload, unless somebody accepted that for the user."""
    user, objection = situation.user, _find_other_callers(situation, declared)
    if user is None or not objection or declared.accepts_unproven(user.arn):
        return None
    return refuse(
        "other_callers",
        f"{objection}, so the key stays. Find out who else needs it, then name {user.name} in accept_unproven, with "
        "a reason",
    )


def _find_other_callers(situation: Situation, declared: Declared) -> str:
    """Find what shows that others may need the key: why they are not known, or who they are. Empty if nothing does."""
    callers = situation.detection.callers
    if situation.consumers.gap:
        # Those who were found may not be all.
        return f"it is not known who calls with the key: {situation.consumers.gap}"
    if not callers and situation.key_last_used is not None:
        return "it is not known who calls with the key: no event has its last use"
    prepared, rare = situation.past.since.get(State.PREPARED), timedelta(days=declared.verify)
    for caller in callers:
        one = caller.consumer
        name = caller.name
        if one.calls < _SOME or (one.last - one.first) / (one.calls - 1) > rare:
            return f"{name} calls more rarely than every {declared.verify} days"
        if situation.platform not in caller.targets and (prepared is None or one.last > prepared):
            return f"{name} still called after the role was made, and not from {situation.platform}"
    return ""


def _keep_shared(index: int, situations: Sequence[Situation], steps: Sequence[Step]) -> Step:
    """Keep a key that another workload shares which has not come as far, and change a shared key once."""
    step, mine = steps[index], situations[index]
    if step.action not in (Action.DEACTIVATE, Action.DELETE) or mine.key is None:
        return step
    for other, situation in enumerate(situations):
        if other == index or not _may_share(mine, situation):
            continue
        if situation.key is None:
            return Step(Action.WAIT, reason=f"the key of {situation.workload.name} is not clear, and may be this one")
        if situation.past.reached is None or situation.past.reached is State.PREPARED:
            return Step(Action.WAIT, reason=f"{situation.workload.name} uses the same key and has not moved: it stays")
        if other < index and steps[other].action is step.action:
            return Step(Action.WAIT, reason=f"this run retires the key with {situation.workload.name}; run again")
    return step


def _may_share(mine: Situation, other: Situation) -> bool:
    """Whether another workload uses the key of this one, or may: nobody says which key of the same user it uses."""
    if other.key is not None or mine.key is None:
        return other.key is not None and mine.key is not None and other.key.id == mine.key.id
    is_unclear = other.past.last is None and not other.workload.key
    return is_unclear and other.workload.user.lower() == mine.workload.user.lower()


# The way back


def _revert(situation: Situation, now: datetime) -> Step:
    """Take back what runs made: the key works again first. A role that is in use stays until it is not."""
    past, key, role = situation.past, situation.key, situation.role
    if past.last is None and (role is None or role.arn not in situation.history.roles):
        return _rest("there is nothing to revert")
    # A run that was killed has deactivated the key without a record of it.
    activates = past.last is not None and key is not None and not key.is_active
    if activates and key is not None and key.id not in situation.history.keys:
        return refuse("not_ours", f"no run deactivated the key {mask_key_ids(key.id)}; decide by hand whether it works")
    if past.last is not None and key is None and role is not None:
        return refuse("key_deleted", f"the key is gone, and {role.arn} stays: the workload may have nothing else")
    objection = _object_to_deletion(situation, now)
    if objection is not None:
        return dataclasses.replace(objection, action=Action.REVERT, activates=True) if activates else objection
    state = State.REVERTED if past.last is not None else None
    return Step(Action.REVERT, state, activates=activates, deletes_role=role is not None)


def _object_to_deletion(situation: Situation, now: datetime) -> t.Optional[Step]:
    """Object to the deletion of a role that is somebody else's, was changed by others, or is in use."""
    role, last = situation.role, situation.past.last
    if role is None:
        return None
    if not situation.is_ours or (last is not None and role.unique_id != last.role_id):
        return refuse("not_ours", f"the journal does not show that a run made {role.arn}, so it stays")
    if role.attached_policies or role.instance_profiles:
        held = [*role.attached_policies, *role.instance_profiles]
        return refuse("role_changed", f"others gave {role.arn} {held[0]}; take that away, and revert again")
    used = situation.last_used
    if used is not None and now < used + timedelta(days=VERIFY_FLOOR):
        return refuse(
            "role_in_use",
            f"{role.arn} was used at {format_utc(used)}; give the workload its key back, and revert again "
            f"{VERIFY_FLOOR} days after the last use of the role",
        )
    return None
