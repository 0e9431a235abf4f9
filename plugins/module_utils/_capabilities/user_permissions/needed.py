# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whom it would hurt to take back what was put into a group: somebody may have joined it since.

IAM does not tell since when a user is in a group. So all who are in it are asked, by evaluation, what they would lose
once everything is taken back.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..._account.model import Group, Snapshot
from ..._account.permissions import Permissions
from ..._converge.change import Change, Refusal
from ..._policy.impact.difference import find_lost_actions
from .changes import apply_changes

_TAKING: t.Final = frozenset({"DetachGroupPolicy", "DeleteGroupPolicy"})
_DELETE: t.Final = "DeleteGroup"
#: The undos that have to be held against who is in a group.
CONCERNED: t.Final = _TAKING | {_DELETE}


def refuse_needed(snapshot: Snapshot, undos: Sequence[Change]) -> dict[str, Refusal]:
    """Refuse undos of one rollback that take needed permissions away, by the record that each takes back."""
    before = Permissions(snapshot)
    left = apply_changes(snapshot, [undo for undo in undos if undo.target in before.entities])
    after = Permissions(left)
    groups = {group.arn: group for group in snapshot.groups}
    refused: dict[str, Refusal] = {}
    for undo in undos:
        group = groups.get(undo.target)
        if group is None or undo.operation not in CONCERNED:
            continue
        losing = _find_losses(group, snapshot, before, after) if undo.operation in _TAKING else {}
        staying = [user.name for user in left.users if group.name in user.groups] if undo.operation == _DELETE else []
        if losing:
            losses = "; ".join(f"{name} would lose {', '.join(actions)}" for name, actions in losing.items())
            refused[undo.undoes] = _make_refusal(undo, f"{losses}, which it has only through {group.name}")
        elif staying:
            refused[undo.undoes] = _make_refusal(undo, f"{', '.join(staying)} joined {group.name} since")
    return refused


def _find_losses(
    group: Group, snapshot: Snapshot, before: Permissions, after: Permissions
) -> Mapping[str, tuple[str, ...]]:
    members = (user for user in snapshot.users if group.name in user.groups)
    found = {
        user.name: find_lost_actions(before.layers(user.arn), after.layers(user.arn), user.arn) for user in members
    }
    return {name: actions for name, actions in found.items() if actions}


def _make_refusal(undo: Change, reason: str) -> Refusal:
    text = (
        f"{undo.operation} on {undo.target}: {reason}; first remove them from the group, or give them these "
        "permissions in another way"
    )
    return Refusal("in_use", text, undo.target, undo.operation)
