# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Changes to boundary policies and to who carries them, each with the one write that takes it back."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._account.model import Snapshot
from ..._account.policy_versions import OWNED, LivePolicy, Version, describe_policy
from ..._converge.change import Change, Impact, Undo
from ..._converge.identity_changes import IdentityWriter
from .declared import Principal

CREATE: t.Final = "CreatePolicy"
UPDATE: t.Final = "CreatePolicyVersion"
SET_DEFAULT: t.Final = "SetDefaultPolicyVersion"
DELETE_VERSION: t.Final = "DeletePolicyVersion"
DELETE: t.Final = "DeletePolicy"
PUT: t.Final[Mapping[str, str]] = {"user": "PutUserPermissionsBoundary", "role": "PutRolePermissionsBoundary"}
REMOVE: t.Final[Mapping[str, str]] = {"user": "DeleteUserPermissionsBoundary", "role": "DeleteRolePermissionsBoundary"}

#: Kinds of change under which an account can be locked out of.
LOCKOUT_KINDS: t.Final = frozenset(
    {
        "boundary_attach",
        "boundary_replace",
        "boundary_policy_create",
        "boundary_policy_update",
        "boundary_version_replace",
    }
)


@dataclasses.dataclass(frozen=True)
class BoundaryWriter:
    """Makes the changes to one boundary policy in one account; ``text`` is its content, a new policy gets ``tags``."""

    snapshot: Snapshot
    arn: str
    name: str
    path: str
    description: str
    text: str
    document: t.Any
    remedies: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def create(self) -> Change:
        """The policy, which is not there."""
        return self._make_policy_change(
            CREATE,
            _build_creation(self.path, self.name, self.description, self.text, {**self.tags, OWNED[0]: OWNED[1]}),
            None,
            self.document,
            kind="boundary_policy_create",
            impact=Impact.ADDITIVE,
            undo=Undo(DELETE, {"PolicyArn": self.arn}),
        )

    def update(self, live: LivePolicy, population: int = 0) -> Change:
        """A new default version. Undone by the one before, while that is there.

        All who have the policy are affected, of a ``population`` of users and roles.
        """
        parameters = {"PolicyArn": self.arn, "PolicyDocument": self.text, "SetAsDefault": True}
        before = live.default
        undo = Undo(SET_DEFAULT, {"PolicyArn": self.arn, "VersionId": before.id}) if before else None
        change = self._make_policy_change(
            UPDATE,
            parameters,
            live.document,
            self.document,
            kind="boundary_policy_update",
            impact=Impact.NARROWING,
            undo=undo,
        )
        return dataclasses.replace(change, population=population)

    def make_room(self, version: Version) -> Change:
        """A version goes for the update after it. Whatever holds back the one holds back the other as well."""
        return dataclasses.replace(self.delete_version(version), kind="boundary_version_replace")

    def delete_version(self, version: Version) -> Change:
        """A version that does not count is gone for good: a new one would have another id."""
        return IdentityWriter(self.snapshot.account_id, "boundary_version_delete").delete_version(self.arn, version)

    def delete(self, live: LivePolicy, text: str) -> Change:
        """The policy. Undone by making it anew; ``text`` is what it says as JSON text."""
        creation = _build_creation(self.path, self.name, live.description, text, live.tags)
        return self._make_policy_change(
            DELETE,
            {"PolicyArn": self.arn},
            live.document,
            None,
            kind="boundary_policy_delete",
            impact=Impact.DESTRUCTIVE,
            undo=Undo(CREATE, creation),
        )

    def attach(self, principal: Principal, population: int) -> Change:
        """The boundary on a principal that has none, or another one."""
        kind = "boundary_attach" if principal.boundary is None else "boundary_replace"
        return self._make_principal_change(principal, self.arn, kind, Impact.NARROWING, population)

    def detach(self, principal: Principal, population: int) -> Change:
        """No boundary any more: that widens access."""
        return self._make_principal_change(principal, None, "boundary_detach", Impact.ADDITIVE, population)

    def _make_principal_change(
        self, principal: Principal, arn: t.Optional[str], kind: str, impact: Impact, population: int
    ) -> Change:
        made = IdentityWriter(self.snapshot.account_id, kind).set_boundary(principal.arn, principal.boundary, arn)
        remedies = self.remedies.get(principal.arn, ())
        return dataclasses.replace(made, impact=impact, population=population, remedies=remedies)

    def _make_policy_change(
        self,
        operation: str,
        parameters: Mapping[str, t.Any],
        before: t.Any,
        after: t.Any,
        *,
        kind: str,
        impact: Impact,
        undo: t.Optional[Undo],
    ) -> Change:
        return Change(
            account_id=self.snapshot.account_id,
            region="global",
            service="iam",
            operation=operation,
            target=self.arn,
            parameters=parameters,
            before=describe_policy(before),
            after=describe_policy(after),
            kind=kind,
            impact=impact,
            remedies=self.remedies.get(self.arn, ()) if operation in (CREATE, UPDATE) else (),
            undo=undo,
        )


def _build_creation(path: str, name: str, description: str, text: str, tags: Mapping[str, str]) -> dict[str, t.Any]:
    request = {
        "PolicyName": name,
        "Path": path,
        "PolicyDocument": text,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    return {**request, "Description": description} if description else request
