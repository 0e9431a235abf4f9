# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of boundaries back: of their policies, and of who carries one."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_policies import undo_policy_creation, undo_policy_deletion, undo_policy_update
from ..._converge.undo_records import Derive, Record
from .changes import CREATE, DELETE, PUT, REMOVE, UPDATE


def _undo_boundary(record: Record, kind: str) -> Undo:
    named = {"user": "UserName", "role": "RoleName"}[kind]
    parameters = {named: record.name(kind)}
    before = record.before["boundary"]
    if before is None:
        return Undo(REMOVE[kind], parameters)
    return Undo(PUT[kind], {**parameters, "PermissionsBoundary": str(before)})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE): undo_policy_creation,
    ("iam", UPDATE): undo_policy_update,
    ("iam", DELETE): undo_policy_deletion,
    **{("iam", PUT[kind]): functools.partial(_undo_boundary, kind=kind) for kind in PUT},
    **{("iam", REMOVE[kind]): functools.partial(_undo_boundary, kind=kind) for kind in REMOVE},
}
