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
from datetime import datetime

from ..._converge.change import Change
from ..._converge.identity_changes import CREATE_ROLE, DELETE_ROLE
from ..._converge.journal import Outcome, find_runs, read_recorded
from ..._converge.store import Store
from ..._converge.user_keys import INACTIVE, UPDATE_KEY
from .model import MODULE


@dataclasses.dataclass(frozen=True)
class History:
    """The ARNs of the roles that earlier runs made or tried to make, and the ids of the keys that they deactivated.

    What they took back since is not among them.

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
    for change in _read_changes(store, account_id, warn):
        after: Mapping[str, t.Any] = change.after if isinstance(change.after, Mapping) else {}
        if change.operation == CREATE_ROLE:
            roles.add(change.target)
        elif change.operation == DELETE_ROLE:
            roles.discard(change.target)
        elif change.operation == UPDATE_KEY:
            (keys.add if after.get("status") == INACTIVE else keys.discard)(str(after.get("id")))
    return History(frozenset(roles), frozenset(keys))


def _read_changes(store: Store, account_id: str, warn: Callable[[str], None]) -> list[Change]:
    """Read the changes that were made, or may have been, in their order. An unknown deletion counts as none."""
    found: list[tuple[datetime, Change]] = []
    for run in find_runs(store, account_id, MODULE):
        for intent, outcome in read_recorded(store, account_id, run, warn):
            change = intent.change
            is_made = outcome is Outcome.APPLIED or (
                outcome is Outcome.UNKNOWN and change.operation in (CREATE_ROLE, UPDATE_KEY)
            )
            if intent.module == MODULE and intent.at is not None and is_made and not change.undoes:
                found.append((intent.at, change))
    # The sort is stable: changes of one run stay in their order.
    return [change for _at, change in sorted(found, key=lambda item: item[0])]
