# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The requests that take back recorded changes of policy_scope."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Undo
from ..._converge.undo_policies import list_holder_derivations, undo_policy_creation, undo_policy_update
from ..._converge.undo_records import Derive, Record
from .changes import CREATE, DELETE_VERSION, OWNERS, UPDATE


def _undo_version_deletion(record: Record) -> Undo:
    """Restore a version that made room. It gets another id, and is not the default one."""
    record.name("policy")
    document = record.before["version_document"]
    record.check(isinstance(document, Mapping), "its before holds no document")
    text = record.text(document, "PolicyDocument")
    return Undo(UPDATE, {"PolicyArn": record.target, "PolicyDocument": text, "SetAsDefault": False})


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE): undo_policy_creation,
    ("iam", UPDATE): undo_policy_update,
    ("iam", DELETE_VERSION): _undo_version_deletion,
    **{
        (service, operation): derive
        for owner in OWNERS
        for (service, operation), derive in list_holder_derivations(owner).items()
        if not operation.startswith("Delete")
    },
}
