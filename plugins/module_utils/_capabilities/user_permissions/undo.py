# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes back of groups, and of the policies of users, groups and roles."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_policies import list_holder_derivations
from ..._converge.undo_records import Derive, Record
from .changes import ADD_MEMBER, CREATE_GROUP

_OWNERS: t.Final = ("User", "Group", "Role")


def _undo_group(record: Record) -> Undo:
    return Undo("DeleteGroup", {"GroupName": record.name("group")})


def _undo_member(record: Record) -> Undo:
    parameters = {"GroupName": str(record.after["group"]), "UserName": record.name("user")}
    return Undo("RemoveUserFromGroup", parameters)


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE_GROUP): _undo_group,
    ("iam", ADD_MEMBER): _undo_member,
    **{key: derive for owner in _OWNERS for key, derive in list_holder_derivations(owner).items()},
}
