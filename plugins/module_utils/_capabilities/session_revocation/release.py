# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Taking the cuts of an incident back: only policies that this collection put there, by the record of the incident."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._account.policy_versions import LivePolicy
from ..._converge.change import Change, Refusal
from ..._converge.incident.record import By, Contained, Record
from ..._converge.plan import Plan
from .changes import CutWriter, LiveRole
from .cut import is_of_this_kind
from .names import INCIDENT_TAG

Live = t.Union[LiveRole, str, None]


@dataclasses.dataclass(frozen=True)
class ReleasePlanner:
    """Plans the release in one account."""

    writer: CutWriter

    def list_roles(self, record: t.Optional[Record]) -> tuple[Contained, ...]:
        """List the roles that the incident contains by a cut."""
        return tuple(item for item in (record.contained if record else ()) if item.by is By.CUT)

    def plan(self, roles: t.Mapping[Contained, Live]) -> Plan:
        """The changes that take the policies of the incident from these roles."""
        changes: list[Change] = []
        refused: list[Refusal] = []
        for item, live in roles.items():
            outcome = self._release(item, live)
            if isinstance(outcome, Refusal):
                refused.append(outcome)
            else:
                changes += outcome
        return Plan(tuple(changes), tuple(refused))

    def _release(self, item: Contained, live: Live) -> t.Union[tuple[Change, ...], Refusal]:
        if live is None:
            # The role is gone, and its policies with it.
            return ()
        if isinstance(live, str):
            return Refusal("role_unread", live, item.arn)
        if live.role_id != item.unique_id:
            # The role that was cut is gone. This one never had a policy of the incident.
            return ()
        for document in (live.inline, live.managed.document if live.managed else None):
            if document is not None and not is_of_this_kind(document):
                return _refuse(item, "its policy of the incident says more than a cut does: somebody changed it")
        if live.managed and not self._is_own(live.managed):
            return _refuse(item, f"this collection did not make {live.managed.arn} for the incident")
        return self.writer.release(live)

    def _is_own(self, policy: LivePolicy) -> bool:
        return policy.is_owned and policy.tags.get(INCIDENT_TAG) == self.writer.incident_id


def _refuse(item: Contained, reason: str) -> Refusal:
    return Refusal("not_ours", f"{reason}. Look at it, and remove it by hand", item.arn)
