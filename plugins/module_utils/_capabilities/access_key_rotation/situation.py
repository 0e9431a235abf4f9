# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is known of one target of a rotation before the next step is chosen. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._account.answer import Answer
from ..._prediction.key_users.model import Consumers, Maker
from .declared import Target
from .history import Attempt
from .model import Key, Secret, User, make_version_id
from .past import Past


@dataclasses.dataclass(frozen=True)
class Situation:
    """One target. ``problem`` says why nothing is known of it. ``user`` is None if there is no such user.

    ``attempts`` are those of the journal to make a key for the user; ``makers`` are who made the keys that an attempt
    may have made, by their ids.
    """

    target: Target
    user: t.Optional[User] = None
    secret: t.Optional[Secret] = None
    past: Past = Past()
    attempts: tuple[Attempt, ...] = ()
    consumers: Consumers = Consumers()
    makers: t.Mapping[str, Answer[Maker]] = dataclasses.field(default_factory=dict)
    problem: str = ""
    account_id: str = ""

    @property
    def new_key(self) -> t.Optional[Key]:
        """The new key of the rotation that is under way; None if it is gone."""
        last = self.past.last
        return self.user.find_key(last.new_key) if self.user and last else None

    @property
    def old_key(self) -> t.Optional[Key]:
        """The old key of the rotation that is under way; None if it is gone."""
        last = self.past.last
        return self.user.find_key(last.old_key) if self.user and last else None

    def version_of(self, key: Key) -> str:
        """The id of the version of the secret that holds a key."""
        return make_version_id(self.account_id, self.user.unique_id if self.user else "", key.id)

    def is_stored(self, key: Key) -> bool:
        """Whether the secret holds a key, which is known without reading it."""
        return self.secret is not None and self.secret.has(self.version_of(key))
