# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads of groups, their members and single policies: of what a change is about to act on, or has left."""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..._account.collect import OPERATIONS as READS
from ..._account.collect import collect
from ..._account.model import Dataset
from ..._aws.access import Access
from ..._aws.errors import NotFound
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._converge.affects.live import HOLDERS_READS
from ..._converge.attempts import VERIFY_WAITS
from ..._converge.change import Change, Refusal
from ..._module.managed_policies import is_attached, read_inline_document, split_holder
from . import needed
from .changes import has_same_meaning

_KINDS: t.Final = ("User", "Group", "Role")

READ_OPERATIONS: t.Final = Operations(
    reads=HOLDERS_READS
    | frozenset({"iam:GetGroup", "iam:ListGroupsForUser"})
    | {f"iam:ListAttached{kind}Policies" for kind in _KINDS}
    | {f"iam:Get{kind}Policy" for kind in _KINDS}
)
# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = READ_OPERATIONS.union(
    Operations(
        writes=frozenset({"iam:DeleteGroup", "iam:RemoveUserFromGroup"})
        | {"iam:DetachGroupPolicy", "iam:DeleteGroupPolicy"}
        | {f"iam:{verb}{kind}Policy" for verb in ("Attach", "Put") for kind in _KINDS}
    ),
    READS[Dataset.AUTHORIZATION_DETAILS],
)

State = t.Optional[dict[str, t.Any]]


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_read_target, access)


def reread_before_taking(access: Access, change: Change, *, sleep: t.Optional[Callable[[float], None]] = None) -> State:
    """Read the state that must hold before a policy is taken from a user who has it through a group.

    IAM shows a write in reads after seconds, so the group is asked again for a while. Where the user does not have the
    policy through it then, the state is none that the change was planned on, and the policy stays with the user.
    """
    state = _read_target(access, change)
    through = change.after.get("through")
    if through is None or state is None or not _is_held(state):
        return state
    document = (change.before or {}).get("document")
    for wait in (*VERIFY_WAITS, None):
        if _comes_through(access, change.target, through, document):
            return state
        if wait is not None:
            (sleep or time.sleep)(wait)
    return {**state, "through": None}


def refuse_needed(access: Access, undos: Sequence[Change], now: datetime) -> Mapping[str, Refusal]:
    """Refuse undos by which members of a group would lose what they have through it only, by their records."""
    concerned = [change for change in undos if change.operation in needed.CONCERNED]
    if not concerned:
        return {}
    snapshot = collect(access, datasets={Dataset.AUTHORIZATION_DETAILS}, regions=(), now=now)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread:
        reason = f"the principals that would lose permissions are not known: {unread_reason(unread)}"
        return {change.undoes: Refusal("unread", reason, change.target, change.operation) for change in concerned}
    return needed.refuse_needed(snapshot, undos)


def _is_held(state: Mapping[str, t.Any]) -> bool:
    return bool(state.get("attached")) or state.get("document") is not None


def _read_target(access: Access, change: Change) -> State:
    after = change.after
    if "path" in after:
        return _read_group(access, after["group"])
    if "member" in after:
        return {"group": after["group"], "member": _is_member(access, change.target, after["group"])}
    state: dict[str, t.Any]
    if "policy" in after:
        state = {"policy": after["policy"], "attached": is_attached(access, change.target, after["policy"])}
    else:
        name = after["inline_policy"]
        state = {"inline_policy": name, "document": read_inline_document(access, change.target, name)}
    through = after.get("through")
    if through is not None and not _is_held(state):
        held = _comes_through(access, change.target, through, (change.before or {}).get("document"))
        state["through"] = through if held else None
    return state


def _comes_through(access: Access, user_arn: str, through: Mapping[str, str], document: t.Any) -> bool:
    """Whether a user is in a group that has the policy; an inline one has to say what ``document`` says."""
    name = through["group"]
    if not _is_member(access, user_arn, name):
        return False
    group = f"group/{name}"
    if "policy" in through:
        return is_attached(access, group, through["policy"])
    found = read_inline_document(access, group, through["inline_policy"])
    return found is not None and has_same_meaning(found, document)


def _read_group(access: Access, name: str) -> State:
    try:
        found = access.call("iam", "GetGroup", {"GroupName": name, "MaxItems": 1})["Group"]
    except NotFound:
        return None
    return {"group": found["GroupName"], "path": found["Path"]}


def _is_member(access: Access, user_arn: str, group: str) -> bool:
    try:
        found = access.items("iam", "ListGroupsForUser", "Groups", {"UserName": split_holder(user_arn)[1]})
        return any(item["GroupName"] == group for item in found)
    except NotFound:
        return False
