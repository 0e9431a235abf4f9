# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Taking the containment of accounts back: what this collection did for one incident, if it is still as it was left.

A journal can be written by others than us. So only policies with the name of the incident are touched, and accounts
that the record of the incident names. Each request is derived from target and before.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Mapping, Sequence

from ..._account.organization_tree import SCP, OrganizationTree
from ..._converge.affects.request import place_of
from ..._converge.change import Change, Impact, Refusal, content_hash
from ..._converge.incident.names import incident_of
from ..._converge.incident.record import Record
from ..._converge.incident.releasing import Part, Releasing
from ..._converge.organization_changes import ATTACH, CREATE, DELETE, DETACH, SERVICE, UPDATE, name_policy
from ..._converge.undo import Unread
from ..._converge.undo_records import UnderivableError
from ..._converge.undo_requests import derive
from ..._incident.from_above import NAME as OF_LOCK
from .changes import DERIVATIONS, MOVE
from .documents import NAME

_KIND: t.Final = "organization_release"


@dataclasses.dataclass(frozen=True)
class Present:
    """What is there now: the organization, and the state of each first change's target by its key."""

    tree: OrganizationTree
    states: Mapping[str, t.Any]


def plan_release(parts: Sequence[Part], present: Present, record: Record) -> Releasing:
    """Plan a release, the last change first."""
    own = _list_attachments(parts)
    written = _list_contents(parts)
    changes, refused, left = [], [], []
    for part in reversed(parts):
        verdict = _release(part, present, record, own, written)
        if isinstance(verdict, Change):
            changes.append(verdict)
        elif isinstance(verdict, Refusal):
            refused.append(verdict)
        elif verdict:
            left.append({"target": part.change.target, "operation": part.change.operation, "reason": verdict})
    return Releasing(tuple(changes), tuple(refused), tuple(left))


def stays_with(change: Change, refused: Change) -> bool:
    """Whether a change is not made where another is refused: a policy is deleted once it is detached."""
    same = _name_of(change) == _name_of(refused)
    return same and (change.operation, refused.operation) in ((DELETE, DETACH), (ATTACH, CREATE), (ATTACH, UPDATE))


def _release(
    part: Part,
    present: Present,
    record: Record,
    own: Mapping[str, Collection[str]],
    written: Mapping[str, Collection[str]],
) -> t.Union[Change, Refusal, str]:
    """Take one object back, refuse that, or say why it stays; an empty text if there is nothing to do."""
    done, state = part.change, present.states.get(part.first.key)
    problem = find_foreign(done, record)
    if problem:
        return _refuse(done, "not_of_incident", f"a record of the journal can't be trusted: {problem}")
    if done.operation == UPDATE and _name_of(done) != OF_LOCK:
        # The policy as a whole is deleted.
        return ""
    if isinstance(state, Unread):
        return _refuse(done, "unread", f"{done.target} can't be read: {state.reason}")
    if content_hash(state) == content_hash(done.before):
        return ""
    reason = _find_obstacle(part, state, present.tree, own, written)
    if reason:
        return reason
    try:
        undo = derive(done, DERIVATIONS)
    except UnderivableError as error:
        return _refuse(done, "undo_mismatch", f"a record of the journal can't be trusted: {error}")
    if undo is None:
        return "it can't be undone"
    return Change(
        account_id=done.account_id,
        region=done.region,
        service=done.service,
        operation=undo.operation,
        target=done.target,
        parameters=undo.parameters,
        before=state,
        after=done.before,
        kind=_KIND,
        impact=Impact.ADDITIVE,
        undoes=part.first.key,
    )


def _find_obstacle(
    part: Part,
    state: t.Any,
    tree: OrganizationTree,
    own: Mapping[str, Collection[str]],
    written: Mapping[str, Collection[str]],
) -> str:
    """Find out why an object is not as this collection left it, so that it stays."""
    done = part.change
    if done.operation == CREATE:
        name = _name_of(done)
        if content_hash(state) not in written[name]:
            return "somebody changed the policy since, so it stays as it is"
        live = next((policy for policy in tree.policies if policy.name == name and policy.type == SCP), None)
        others = sorted(set(live.targets) - set(own.get(name, ()))) if live else []
        return f"somebody attached it to {', '.join(others)} as well, so it stays" if others else ""
    if content_hash(state) != content_hash(part.last.change.after):
        return "somebody changed it since, so it stays as it is"
    if done.operation == MOVE and done.before["parent"] not in tree.unit:
        return f"the unit {done.before['parent']} that it was in is gone; move it by hand"
    return ""


def find_foreign(done: Change, record: Record) -> str:
    """Find out why a recorded change is none that a containment of this incident makes; empty if it is one."""
    if done.account_id != record.account_id:
        return f"it is of account {done.account_id}"
    if done.service != SERVICE or done.operation not in (ATTACH, CREATE, MOVE, UPDATE):
        return f"{done.operation} is no change of a containment"
    state = done.before or done.after
    if not isinstance(state, Mapping):
        return "it shows no state"
    if done.operation == MOVE:
        account_id = str(state.get("account"))
        return "" if account_id in record.targets else f"the record of the incident does not name account {account_id}"
    name, prefix = _name_of(done), NAME.format(incident_id=incident_of(record.incident_id), ending="")
    is_own = name.startswith(prefix) or (name == OF_LOCK and done.operation == UPDATE)
    if not is_own or state.get("type") != SCP:
        return f"{name} is no policy of the incident"
    named = {name_policy(name, SCP), place_of(done)}
    return "" if named & record.targets else f"the record of the incident does not name {name}"


def _list_attachments(parts: Sequence[Part]) -> dict[str, set[str]]:
    """List what this collection attached each policy to."""
    found: dict[str, set[str]] = {}
    for part in parts:
        if part.change.operation == ATTACH and isinstance(part.change.after, Mapping):
            found.setdefault(_name_of(part.change), set()).add(str(part.change.after.get("attached_to")))
    return found


def _list_contents(parts: Sequence[Part]) -> dict[str, set[str]]:
    """List the hashes of the states in which this collection left each policy."""
    found: dict[str, set[str]] = {}
    for part in parts:
        for intent in (part.first, part.last):
            if intent.change.operation in (CREATE, UPDATE):
                found.setdefault(_name_of(intent.change), set()).add(content_hash(intent.change.after))
    return found


def _name_of(change: Change) -> str:
    state = change.before or change.after
    return str(state.get("policy", "")) if isinstance(state, Mapping) else ""


def _refuse(done: Change, rule: str, reason: str) -> Refusal:
    return Refusal(rule, reason, done.target, done.operation)
