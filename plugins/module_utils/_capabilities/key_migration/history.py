# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the journal says that earlier runs did: which roles they made, and which keys they deactivated."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable, Mapping

from ..._converge.identity_changes import CREATE_ROLE
from ..._converge.journal import Outcome, find_runs, read_recorded
from ..._converge.store import Store
from ..._converge.user_keys import INACTIVE, UPDATE_KEY
from .model import MODULE


@dataclasses.dataclass(frozen=True)
class History:
    """The ARNs of the roles that earlier runs made or tried to make, and the ids of the keys that they deactivated.

    A run that was killed leaves an attempt whose outcome nobody knows. It counts: the run began with no such role.
    """

    roles: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()


def read_history(store: Store, account_id: str, warn: Callable[[str], None]) -> History:
    """Read the journal of an account.

    :raises StoreError: it can't be read.
    """
    roles: set[str] = set()
    keys: set[str] = set()
    for run in find_runs(store, account_id, MODULE):
        for intent, outcome in read_recorded(store, account_id, run, warn):
            change = intent.change
            if intent.module != MODULE or change.undoes or outcome not in (Outcome.APPLIED, Outcome.UNKNOWN):
                continue
            after: Mapping[str, t.Any] = change.after if isinstance(change.after, Mapping) else {}
            if change.operation == CREATE_ROLE:
                roles.add(change.target)
            elif change.operation == UPDATE_KEY and after.get("status") == INACTIVE:
                keys.add(str(after.get("id")))
    return History(frozenset(roles), frozenset(keys))
