# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes back of groups, and of the policies of users, groups and roles."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_records import Derive, Record
from .changes import ADD_MEMBER, CREATE_GROUP

_OWNERS: t.Final = ("User", "Group", "Role")


def _undo_group(record: Record) -> Undo:
    return Undo("DeleteGroup", {"GroupName": record.name("group")})


def _undo_member(record: Record) -> Undo:
    parameters = {"GroupName": str(record.after["group"]), "UserName": record.name("user")}
    return Undo("RemoveUserFromGroup", parameters)


def _undo_managed_policy(record: Record, owner: str, *, attached: bool) -> Undo:
    """Undo the attachment of a managed policy to an owner, or its detachment."""
    record.check(record.before["attached"] is not attached, "its before does not fit its operation")
    verb = "Detach" if attached else "Attach"
    named = {f"{owner}Name": record.name(owner.lower()), "PolicyArn": str(record.before["policy"])}
    return Undo(f"{verb}{owner}Policy", named)


def _undo_inline_policy(record: Record, owner: str) -> Undo:
    named = {f"{owner}Name": record.name(owner.lower()), "PolicyName": str(record.before["inline_policy"])}
    document = record.before["document"]
    if record.change.operation.startswith("Put") and document is None:
        return Undo(f"Delete{owner}Policy", named)
    record.check(isinstance(document, Mapping), "its before holds no document")
    return Undo(f"Put{owner}Policy", {**named, "PolicyDocument": record.text(document, "PolicyDocument")})


def _list_derivations(owner: str) -> dict[tuple[str, str], Derive]:
    """List the derivations for the policies of a kind of owner."""
    return {
        ("iam", f"Attach{owner}Policy"): functools.partial(_undo_managed_policy, owner=owner, attached=True),
        ("iam", f"Detach{owner}Policy"): functools.partial(_undo_managed_policy, owner=owner, attached=False),
        ("iam", f"Put{owner}Policy"): functools.partial(_undo_inline_policy, owner=owner),
        ("iam", f"Delete{owner}Policy"): functools.partial(_undo_inline_policy, owner=owner),
    }


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE_GROUP): _undo_group,
    ("iam", ADD_MEMBER): _undo_member,
    **{key: derive for owner in _OWNERS for key, derive in _list_derivations(owner).items()},
}
