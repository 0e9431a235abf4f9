# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take back recorded changes of roles: of their making, their trust and their boundary."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping

from .change import Undo
from .identity_changes import CREATE_ROLE, DELETE_ROLE, SET_TRUST
from .undo_records import Derive, Record


def undo_role_creation(record: Record) -> Undo:
    return Undo(DELETE_ROLE, {"RoleName": record.name("role")})


def undo_trust(record: Record) -> Undo:
    named = {"RoleName": record.name("role")}
    document = record.before["trust"]
    record.check(isinstance(document, Mapping), "its before holds no trust policy")
    return Undo(SET_TRUST, {**named, "PolicyDocument": record.text(document, "PolicyDocument")})


def undo_boundary(record: Record, kind: str) -> Undo:
    """Undo the setting or the removal of the boundary of a user or role."""
    of = kind.capitalize()
    parameters = {f"{of}Name": record.name(kind)}
    before = record.before["boundary"]
    if before is None:
        return Undo(f"Delete{of}PermissionsBoundary", parameters)
    return Undo(f"Put{of}PermissionsBoundary", {**parameters, "PermissionsBoundary": str(before)})


def list_boundary_derivations(kind: str) -> dict[tuple[str, str], Derive]:
    """List the derivations for the boundary of a kind of principal, ``user`` or ``role``."""
    derive: Derive = functools.partial(undo_boundary, kind=kind)
    return {("iam", f"{verb}{kind.capitalize()}PermissionsBoundary"): derive for verb in ("Put", "Delete")}


DERIVATIONS_OF_ROLES: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE_ROLE): undo_role_creation,
    ("iam", SET_TRUST): undo_trust,
    **list_boundary_derivations("role"),
}
