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
from datetime import datetime, timedelta

from ..._account.model import Role
from ..._converge.change import Change
from ..._converge.identity_changes import CREATE_ROLE, DELETE_ROLE
from ..._converge.journal import Outcome, ending_at, find_runs, read_recorded
from ..._converge.store import Store
from ..._converge.user_keys import INACTIVE, UPDATE_KEY
from .documents import says_same
from .model import MODULE

#: What is kept of the answer to CreateRole.
ROLE_ID: t.Final = "RoleId"
# The moment of a change, the change, and what was kept of the answer.
_Entry = tuple[datetime, Change, Mapping[str, t.Any]]


# The clocks of the run and of AWS differ, and a request may be sent again.
_AROUND: t.Final = timedelta(minutes=5)


@dataclasses.dataclass(frozen=True)
class MadeRole:
    """A role that a run made at a moment, or tried to: ``role_id`` is empty where nobody knows the answer of AWS."""

    role_id: str
    at: datetime
    trust: t.Any

    def is_same(self, role: Role) -> bool:
        """Whether a role is this one. Without its id, the moment and the trust policy have to be those of the run."""
        if self.role_id:
            return role.unique_id == self.role_id
        is_near = role.created is not None and abs(role.created - self.at) <= _AROUND
        return is_near and says_same(role.trust.document, self.trust)


@dataclasses.dataclass(frozen=True)
class History:
    """The roles that earlier runs made or tried to make, by their ARNs, and the ids of keys that they deactivated.

    What they took back since is not among them.

    A run that was killed leaves an attempt whose outcome nobody knows. It counts: the run began with no such role.
    """

    roles: Mapping[str, tuple[MadeRole, ...]] = dataclasses.field(default_factory=dict)
    keys: frozenset[str] = frozenset()

    def knows(self, role: Role) -> bool:
        """Whether a run made a role, and not somebody else one of the same name since."""
        return any(one.is_same(role) for one in self.roles.get(role.arn, ()))


def read_history(store: Store, account_id: str, warn: Callable[[str], None]) -> History:
    """Read the journal of an account.

    :raises StoreError: it can't be read.
    """
    roles: dict[str, tuple[MadeRole, ...]] = {}
    keys: set[str] = set()
    for at, change, answer in _read_changes(store, account_id, warn):
        after: Mapping[str, t.Any] = change.after if isinstance(change.after, Mapping) else {}
        if change.operation == CREATE_ROLE:
            made = MadeRole(str(answer.get(ROLE_ID) or ""), at, after.get("trust"))
            roles[change.target] = (*roles.get(change.target, ()), made)
        elif change.operation == DELETE_ROLE:
            roles.pop(change.target, None)
        elif change.operation == UPDATE_KEY:
            (keys.add if after.get("status") == INACTIVE else keys.discard)(str(after.get("id")))
    return History(roles, frozenset(keys))


def _read_changes(store: Store, account_id: str, warn: Callable[[str], None]) -> list[_Entry]:
    """Read the changes that were made, or may have been, in their order. An unknown deletion counts as none."""
    found: list[_Entry] = []
    for run in find_runs(store, account_id, MODULE):
        for intent, outcome in read_recorded(store, account_id, run, warn):
            change = intent.change
            is_made = outcome is Outcome.APPLIED or (
                outcome is Outcome.UNKNOWN and change.operation in (CREATE_ROLE, UPDATE_KEY)
            )
            is_own = intent.module == MODULE and change.account_id == account_id and not change.undoes
            if is_own and intent.at is not None and is_made:
                answer = ending_at(store, intent.key).answer if outcome is Outcome.APPLIED else {}
                found.append((intent.at, change, answer))
    # The sort is stable: changes of one run stay in their order.
    return sorted(found, key=lambda item: item[0])
