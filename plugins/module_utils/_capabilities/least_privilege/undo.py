# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take back recorded changes of right-sizing."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.change import Change
from ..._converge.identity_changes import (
    CREATE_POLICY,
    DELETE_POLICY,
    DELETE_ROLE,
    DELETE_VERSION,
    SET_TRUST,
    UPDATE_POLICY,
)
from ..._converge.undo_policies import (
    list_holder_derivations,
    undo_policy_creation,
    undo_policy_deletion,
    undo_policy_update,
)
from ..._converge.undo_records import Derive, Record
from ..._converge.undo_roles import DERIVATIONS_OF_ROLES
from .changes import PATH


def needs_approval(undo: Change) -> bool:
    """Whether an undo gives a role what a campaign took from it, or says anew who may assume one.

    Whether the role is an administrator by that is not known here, so it counts as one.
    """
    if undo.operation == "AttachRolePolicy":
        return f":policy{PATH}" not in str(undo.parameters.get("PolicyArn"))
    return undo.operation in ("PutRolePolicy", SET_TRUST)


def _undo_nothing(_record: Record) -> None:
    """What a version or a role was can't be made again: another one has another id."""


DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE_POLICY): undo_policy_creation,
    ("iam", DELETE_POLICY): undo_policy_deletion,
    ("iam", UPDATE_POLICY): undo_policy_update,
    ("iam", DELETE_VERSION): _undo_nothing,
    ("iam", DELETE_ROLE): _undo_nothing,
    **DERIVATIONS_OF_ROLES,
    **list_holder_derivations("Role"),
}
