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

from ...._account.model import Role, Snapshot
from ...._controls.facts import Facts
from ...._converge.journal import Outcome
from ..archive import Log
from ..changes import Subject
from ..declared import Target
from ..dossier import Dossier
from ..model import Way
from ..owners.before import Before, Contents
from ..owners.state import Owned
from ..past import Identity, Past
from ..revert import Recorded, restore_role

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

    def is_replaced(self, owned: t.Optional[Owned], *, generates: bool) -> bool:
        """Whether new documents have to be held against the old policies by the records, and not against the live ones.

        AWS tells the last use of what a role may do now. So policies in force are only held against the old ones if the
        run ``generates`` others.
        """
        if owned is None:
            return self.way is Way.IN_PLACE and bool(self.entries)
        return owned.has_new and (bool(owned.difference) or generates)

    @property
    def restored(self) -> Role:
        """The old role with all that was taken from it."""
        if self.way is Way.BY_OWNER:
            before = self.dossier.before if self.dossier else None
            return before.restore(self.role) if before else self.role
        return restore_role(self.role, self.entries)

    def find_before(self, contents: Contents, owned: t.Optional[Owned]) -> t.Optional[Before]:
        """Find the policies that a revert of the owner gives back: the kept ones, if the role has some new ones.

        None if they are not known, or no owner changes the role.
        """
        if self.way is not Way.BY_OWNER:
            return None
        kept = self.dossier.before if self.dossier else None
        return kept if kept and owned and owned.has_new else Before.of_role(self.role, contents)

    def returns_admin(self, snapshot: Snapshot) -> bool:
        """Whether the old role is an administrator once it has back what was taken from it. Unknown counts as yes."""
        restored = self.restored
        roles = tuple(restored if role.arn == restored.arn else role for role in snapshot.roles)
        facts = Facts(dataclasses.replace(snapshot, roles=roles))
        if facts.permissions.unknown(restored.arn):
            return True
        return facts.administrators.of(facts.permissions.layers(restored.arn), restored.arn) is not None

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
