# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is known of one workload before its next step is chosen. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime

from ..._account.model import Role
from ..._converge.user_keys import Key, User
from ..._prediction.key_users.model import Consumers
from .declared import Workload
from .detection import Detection
from .history import History
from .model import Target
from .records import Past

Document = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Proposal:
    """The policies of the new role by their names, made of what was called with the key, and what the proof says.

    ``failure`` says why there are none, ``unproven`` what the proof leaves open, and ``breakage`` what would be lost.
    """

    documents: Mapping[str, Document] = dataclasses.field(default_factory=dict)
    size: int = 0
    failure: str = ""
    unproven: str = ""
    breakage: str = ""


@dataclasses.dataclass(frozen=True)
class Situation:
    """One workload. ``problem`` says why nothing is known of it. ``user`` is None if there is no such user.

    ``platform`` is the declared one, else the one that the evidence names. ``trust`` is the trust policy that its role
    gets, None as long as ``obstacle``, a rule with its reason, says why there is none. ``role`` is the role of its name
    as it is, ``last_used`` its last use, ``taken`` the ARN of a role of another path that has the name.
    """

    workload: Workload
    user: t.Optional[User] = None
    past: Past = Past()
    detection: Detection = Detection()
    consumers: Consumers = Consumers()
    history: History = History()
    platform: t.Optional[Target] = None
    region: str = ""
    role_arn: str = ""
    boundary: str = ""
    trust: t.Optional[Document] = None
    obstacle: tuple[str, str] = ("", "")
    role: t.Optional[Role] = None
    last_used: t.Optional[datetime] = None
    taken: str = ""
    proposal: t.Optional[Proposal] = None
    problem: str = ""

    @property
    def key(self) -> t.Optional[Key]:
        """The key that the workload uses: that of its records, the declared one, or the only active one."""
        if self.user is None:
            return None
        named = self.past.last.key_id if self.past.last else self.workload.key
        if named:
            return self.user.find_key(named)
        active = [key for key in self.user.keys if key.is_active]
        return active[0] if len(active) == 1 else None

    @property
    def key_last_used(self) -> t.Optional[datetime]:
        """The last use of the key that IAM or CloudTrail has, None without one. There may be later ones, not read."""
        key = self.key
        if key is None:
            return None
        return max(filter(None, (key.last_used, self.consumers.last_known_use(key.id))), default=None)

    @property
    def is_ours(self) -> bool:
        """Whether the journal shows that a run of this module made the role."""
        return self.role is not None and self.history.knows(self.role)

    @property
    def inline(self) -> dict[str, t.Any]:
        """The inline policies of the role by their names."""
        return {item.name: item.document for item in self.role.inline_policies} if self.role else {}
