# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What is read of one target role: its records, its documents and what belongs to it."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ...._account.model import Role
from ...._converge.journal import Outcome
from ..archive import Log
from ..changes import Subject
from ..declared import Target
from ..dossier import Dossier
from ..model import Way
from ..past import Identity, Past
from ..revert import Recorded

# AWS shows the last use of a role within hours: https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html
_SHOWS_USE: t.Final = timedelta(hours=24)


@dataclasses.dataclass(frozen=True)
class Found:
    """A target role with its records and what belongs to it.

    ``failure`` says why its documents can't be used, and ``other_campaign`` which one has the role under way.
    ``identity`` is what the records were held against; None for a role of another campaign.
    """

    role: Role
    target: t.Optional[Target]
    log: Log
    past: Past
    subject: Subject
    dossier: t.Optional[Dossier] = None
    failure: str = ""
    other_campaign: str = ""
    identity: t.Optional[Identity] = None
    entries: tuple[Recorded, ...] = ()
    present: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def way(self) -> t.Optional[Way]:
        """The way of the records, else the declared one."""
        return self.past.way or (self.target.way if self.target else None)

    @property
    def new_arn(self) -> str:
        """The ARN of the new role, if there is one."""
        return self.subject.parallel.arn if self.subject.parallel and self.way is Way.PARALLEL else ""

    def is_new_role_used(self, now: datetime) -> bool:
        """Whether the new role may have been used: AWS shows a use, or it was opened so lately that it may not yet."""
        parallel = self.subject.parallel
        if parallel is None:
            return False
        opened = [
            intent.at
            for intent, outcome in self.entries
            if intent.change.target == parallel.arn
            and intent.change.operation == "UpdateAssumeRolePolicy"
            and outcome is Outcome.APPLIED
        ]
        is_fresh = any(moment is None or now - moment < _SHOWS_USE for moment in opened)
        return parallel.last_used is not None or is_fresh
