# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The state of the rotations of an account, as data for results and reports, and as text for a terminal. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ..._account.moments import format_utc
from ..._controls.control import plural
from ..._converge.finding import mask_key_ids
from ..._prediction.key_users.model import Consumer
from ..._report.plain import printable
from .model import Stage
from .situation import Situation
from .step import Action, Step

# So many callers of a key are named in the terminal.
_NAMED: t.Final = 5
_ACTS: t.Final[Mapping[Action, str]] = {
    Action.CREATE: "make the new key, and store it in the secret",
    Action.DISCARD: "delete a new key whose secret was lost",
    Action.DISTRIBUTE: "let consumers of the secret read the new key",
    Action.DEACTIVATE: "deactivate the old key",
    Action.DELETE: "delete the old key",
}
_RECORDS: t.Final[Mapping[Stage, str]] = {
    Stage.CREATED: "record that the new key is stored",
    Stage.DISTRIBUTED: "record that consumers read the new key",
    Stage.VERIFIED: "record that the new key is used, and the old one is not",
    Stage.OLD_INACTIVE: "record that the old key is inactive",
    Stage.OLD_DELETED: "record that the old key is gone",
    Stage.ROLLED_BACK: "record that the new key was taken back",
}


def build_summary(
    situations: Sequence[Situation], steps: Sequence[Step], held: Sequence[str], *, reveal_key_ids: bool
) -> list[dict[str, t.Any]]:
    """Build the return value ``rotations``: one entry a user, in the declared order. No value has a secret.

    ``held`` has for each user why its step was not made, or an empty text.
    """
    found = [_build_entry(*each) for each in zip(situations, steps, held, strict=True)]
    return found if reveal_key_ids else t.cast(list[dict[str, t.Any]], mask_key_ids(found))


def _build_entry(situation: Situation, step: Step, held: str) -> dict[str, t.Any]:
    past, last = situation.past, situation.past.last
    old = last.old_key if last else step.old.id if step.old else None
    new = last.new_key if last else step.key.id if step.key and step.key is not step.old else None
    consumers, moved = situation.consumers, past.since.get(Stage.DISTRIBUTED)
    return {
        "user": situation.user.name if situation.user else situation.target.user,
        "stage": past.reached.value if past.reached else None,
        "since": _format(past.since.get(past.reached)) if past.reached else None,
        "old_key": old,
        "old_key_last_used": _format(situation.old_key.last_used) if situation.old_key else None,
        "new_key": new,
        "new_key_last_used": _format(situation.new_key.last_used) if situation.new_key else None,
        "secret": situation.target.secret,
        "secret_arn": situation.secret.arn if situation.secret else None,
        "next": step.action.value,
        "next_stage": step.stage.value if step.stage else None,
        "due": _format(step.due),
        "rule": step.rule,
        "reason": step.reason,
        "held": held,
        "old_key_users": [_describe(one, moved) for one in consumers.of(old)] if old else [],
        "new_key_users": [_describe(one, moved) for one in consumers.of(new)] if new else [],
        "users_moved": count_moved(situation),
        "users_unknown": consumers.gap,
    }


def _describe(consumer: Consumer, moved: t.Optional[datetime]) -> dict[str, t.Any]:
    return {
        "address": consumer.address,
        "agent": consumer.agent,
        "calls": consumer.calls,
        "first": format_utc(consumer.first),
        "last": format_utc(consumer.last),
        "since_new_key": moved is not None and consumer.last >= moved,
    }


def _format(moment: t.Optional[datetime]) -> t.Optional[str]:
    return format_utc(moment) if moment else None


def count_moved(situation: Situation) -> t.Optional[str]:
    """Count the callers of the old key that have called with the new one, such as "2 of 3"; None without callers."""
    last = situation.past.last
    if last is None:
        return None
    old = {one.name for one in situation.consumers.of(last.old_key)}
    new = {one.name for one in situation.consumers.of(last.new_key)}
    return f"{len(old & new)} of {len(old)}" if old else None


def render_summary(account_id: str, entries: Iterable[Mapping[str, t.Any]], *, written: bool) -> str:
    """Render the state for a terminal."""
    lines = [line for entry in entries for line in _render(entry, written)]
    head = f"Rotation of access keys in account {account_id}"
    return "\n".join([f"{head}:", *lines] if lines else [f"{head}: no user is declared."])


def _render(entry: Mapping[str, t.Any], written: bool) -> Iterator[str]:
    stage = f"{entry['stage']} since {entry['since']}" if entry["stage"] else "no rotation is under way"
    yield f"  {printable(entry['user'])}: {stage}"
    for line in (_render_step(entry, written), *_render_users(entry)):
        # Reasons and programs have names that others chose.
        yield f"    {printable(line)}"


def _render_step(entry: Mapping[str, t.Any], written: bool) -> str:
    action, due = Action(entry["next"]), f" until {entry['due']}" if entry["due"] else ""
    if action is Action.WAIT:
        return f"waits{due}: {entry['reason']}"
    if action is Action.REFUSE:
        return f"refused: {entry['reason']}"
    if entry["held"]:
        return f"not made: {entry['held']}"
    done = _RECORDS[Stage(entry["next_stage"])] if action is Action.RECORD else _ACTS[action]
    return f"{'step of this run' if written else 'next step'}: {done}"


def _render_users(entry: Mapping[str, t.Any]) -> Iterator[str]:
    """Render who still calls with the old key. Before consumers can read the new one everybody does."""
    if entry["users_moved"]:
        yield f"{entry['users_moved']} callers of the old key {entry['old_key']} have moved to the new one"
    still = [one for one in entry["old_key_users"] if one["since_new_key"]]
    for one in still[:_NAMED]:
        program = f", {one['agent']}" if one["agent"] else ""
        calls = plural(one["calls"], "calls")
        yield f"the old key is still used from {one['address']}{program}: {calls}, the last {one['last']}"
    if len(still) > _NAMED:
        yield f"and from {plural(len(still) - _NAMED, 'more places')}"
    if entry["users_unknown"]:
        yield f"it is not known who uses the keys: {entry['users_unknown']}"
