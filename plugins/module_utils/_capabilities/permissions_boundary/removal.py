# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The plan for a boundary that is not to be there: off everybody who carries it, then the policy."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._account.model import Snapshot
from ..._account.policy_versions import LivePolicy
from ..._controls.control import listing
from ..._converge.change import Change, Refusal
from ..._converge.plan import Plan
from ..._converge.untouchable import UntouchablePrincipals
from ..._policy.documents.syntax import compact
from .changes import DELETE, DELETE_VERSION, BoundaryWriter
from .declared import Boundary, Declared, Principal
from .selection import count_boundable, find_carriers


@dataclasses.dataclass(frozen=True)
class Removal:
    """The removal of one boundary; ``live`` is its policy, None where there is none."""

    snapshot: Snapshot
    boundary: Boundary
    live: t.Optional[LivePolicy]
    declared: Declared
    untouchable: UntouchablePrincipals = UntouchablePrincipals()

    def plan(self) -> Plan:
        """Everything that it takes, or why it can't be: nothing is taken off for a policy that stays."""
        if self.live is None:
            return Plan()
        refusal = self._find_objection(self.live)
        if refusal:
            return Plan(refused=(refusal,))
        return Plan(changes=tuple(self._list_changes(self.live)))

    @property
    def _carriers(self) -> tuple[Principal, ...]:
        return find_carriers(self.snapshot, self._arn)

    @property
    def _arn(self) -> str:
        return self.boundary.arn(self.snapshot.partition, self.snapshot.account_id)

    def _find_objection(self, live: LivePolicy) -> t.Optional[Refusal]:
        """Why the policy can't go; the option that allows it, where there is one."""
        staying = [item for item in self._carriers if self.untouchable.refusal(item.arn)]
        if not live.is_owned:
            return self._make_refusal("foreign", "it lacks the tag iam-hardening:managed=true of this collection")
        if not self.declared.loosen:
            count = len(self._carriers)
            reason = (
                f"without it {count} users and roles get all permissions of their policies; to allow that, set "
                "allow_loosen"
            )
            return self._make_refusal("loosening", reason)
        if staying:
            names = listing(item.name for item in staying)
            return self._make_refusal("in_use", f"it is the boundary of principals that are never changed: {names}")
        if live.attachment_count:
            return self._make_refusal(
                "in_use", f"it is attached as a policy to {live.attachment_count} users, groups or roles"
            )
        if live.others and not self.declared.delete_versions:
            ids = ", ".join(version.id for version in live.others)
            reason = f"its versions {ids} must be deleted, and can't be restored; to allow that, set delete_versions"
            return self._make_refusal("versions", reason, DELETE_VERSION)
        return None

    def _make_refusal(self, rule: str, reason: str, operation: str = DELETE) -> Refusal:
        return Refusal(rule, reason, self._arn, operation)

    def _list_changes(self, live: LivePolicy) -> t.Iterator[Change]:
        text = compact(live.document)
        boundary = self.boundary
        writer = BoundaryWriter(
            self.snapshot, self._arn, boundary.name, boundary.path, boundary.description, text, live.document
        )
        population = count_boundable(self.snapshot)
        for principal in self._carriers:
            yield writer.detach(principal, population)
        for version in live.others:
            yield writer.delete_version(version)
        yield writer.delete(live, text)
