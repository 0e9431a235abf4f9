# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The requests that take recorded changes of boundaries back: of their policies, and of who carries one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..._converge.undo_policies import undo_policy_creation, undo_policy_deletion, undo_policy_update
from ..._converge.undo_records import Derive
from ..._converge.undo_roles import list_boundary_derivations
from .changes import CREATE, DELETE, PUT, UPDATE

DERIVATIONS: t.Final[Mapping[tuple[str, str], Derive]] = {
    ("iam", CREATE): undo_policy_creation,
    ("iam", UPDATE): undo_policy_update,
    ("iam", DELETE): undo_policy_deletion,
    **{key: derive for kind in PUT for key, derive in list_boundary_derivations(kind).items()},
}
