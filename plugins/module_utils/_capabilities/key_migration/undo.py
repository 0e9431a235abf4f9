# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of a move back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.identity_changes import DELETE_ROLE
from ..._converge.undo_policies import list_holder_derivations
from ..._converge.undo_records import Derive, Record
from ..._converge.undo_roles import DERIVATIONS_OF_ROLES
from ..._converge.user_keys import DERIVATIONS_OF_KEYS
from .changes import WRITES


def _undo_nothing(_record: Record) -> None:
    """A role can't be made again as it was: another one has another id."""


_ALL: t.Final[Mapping[tuple[str, str], Derive]] = {
    **DERIVATIONS_OF_ROLES,
    **list_holder_derivations("Role"),
    **DERIVATIONS_OF_KEYS,
    ("iam", DELETE_ROLE): _undo_nothing,
}
DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    (service, name): derive for (service, name), derive in _ALL.items() if name in WRITES
}
