# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The principals of a live account for policy_simulation_info: their layers, and what is not known of these."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping

from ..._account.collect import OPERATIONS as OPERATIONS_OF_DATASETS
from ..._account.collect import collect
from ..._account.model import Dataset, Group, Role, Snapshot, User
from ..._account.permissions import Permissions
from ..._aws.operations import Operations
from ..._controls.control import unread_reason
from ..._module.connection import Connection
from ..._module.snapshots import add_organization_policies
from ..._module.task import TaskError
from ..._policy.documents.arn import arn_account, arn_parts, root_account
from ..._policy.evaluation.evaluate import Layers

_POLICIES: t.Final = Dataset.ORGANIZATION_POLICIES
_DATASETS: t.Final = frozenset({Dataset.AUTHORIZATION_DETAILS, Dataset.ORGANIZATION, _POLICIES})

OPERATIONS: t.Final = Operations(reads=frozenset({"sts:GetCallerIdentity"})).union(
    *(OPERATIONS_OF_DATASETS[dataset] for dataset in _DATASETS)
)


@dataclasses.dataclass(frozen=True)
class UnreadLayer:
    """A layer that is in force and could not be read, or not all of it. ``layer`` is named as decisions name it."""

    layer: str
    reason: str


@dataclasses.dataclass(frozen=True)
class LivePrincipal:
    """A principal in its account. ``issuer`` is the role behind a session; ``keys`` are the condition keys that follow
    from who and where the principal is.
    """

    arn: str
    issuer: t.Optional[str]
    layers: Layers
    unseen: tuple[UnreadLayer, ...]
    keys: Mapping[str, str]


class LiveAccount:
    """The account of ``principal_arn``, read in one pass."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.account_id = snapshot.account_id
        self._snapshot = snapshot
        self._permissions = Permissions(snapshot)
        self._principals: dict[str, LivePrincipal] = {}

    def find_principal(self, arn: str, option: str) -> LivePrincipal:
        """Find the principal that the option ``option`` names: a user, a role, its session, or root.

        :raises TaskError: the account has no such principal.
        """
        if arn not in self._principals:
            self._principals[arn] = self._read_principal(arn, option)
        return self._principals[arn]

    def _read_principal(self, arn: str, option: str) -> LivePrincipal:
        if arn_account(arn) != self.account_id:
            raise TaskError(f"{option}: {arn} is no principal of account {self.account_id}, whose policies were read")
        if root_account(arn):
            return LivePrincipal(
                arn, None, self._permissions.limit(()), self._find_unread_controls(), self._find_keys()
            )
        session_of = self._find_session_role(arn)
        entity = session_of or self._permissions.entities.get(arn)
        if not isinstance(entity, (User, Role)):
            kind = "is a group, which makes no requests" if isinstance(entity, Group) else "does not exist"
            raise TaskError(f"{option}: {arn} {kind}; name a user, a role, or a session of a role")
        exempt = isinstance(entity, Role) and entity.is_service_linked
        return LivePrincipal(
            arn=arn,
            issuer=session_of.arn if session_of else None,
            layers=self._permissions.layers(entity.arn),
            unseen=(*self._find_unread_own(entity), *(() if exempt else self._find_unread_controls())),
            keys={**self._find_keys(), **{f"aws:PrincipalTag/{key}": value for key, value in entity.tags.items()}},
        )

    def _find_session_role(self, arn: str) -> t.Optional[Role]:
        """Find the role of a session: its ARN has the name of the role, but not its path."""
        parts = arn_parts(arn)
        kind, *names = parts.resource.split("/") if parts else [""]
        if kind != "assumed-role" or len(names) < 2:
            return None
        return next((role for role in self._snapshot.roles if role.name == names[0]), None)

    def _find_keys(self) -> dict[str, str]:
        """Find the condition keys that follow from the account's place in its organization.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        organization = self._snapshot.organization
        if organization is None:
            return {}
        above = [level.target_id for level in self._snapshot.organization_policies[:-1]]
        path = {"aws:PrincipalOrgPaths": "/".join((organization.id, *above, ""))} if above else {}
        return {"aws:PrincipalOrgID": organization.id, **path}

    def _find_unread_own(self, entity: t.Union[User, Role]) -> Iterator[UnreadLayer]:
        unknown = sorted({held.label for held in self._permissions.list_policies(entity.arn) if held.policy is None})
        if unknown:
            yield UnreadLayer("identity", f"{', '.join(unknown)} could not be read")
        if entity.boundary and self._permissions.policy(entity.boundary) is None:
            yield UnreadLayer("boundary", f"{entity.boundary} could not be read")

    def _find_unread_controls(self) -> tuple[UnreadLayer, ...]:
        unread = self._snapshot.missing(_POLICIES)
        if unread is not None:
            return tuple(UnreadLayer(layer, unread_reason(unread)) for layer in ("scp", "rcp"))
        found = []
        for level in self._snapshot.organization_policies:
            for layer, policies in (("scp", level.scps), ("rcp", level.rcps)):
                found += [
                    UnreadLayer(layer, f"{policy.name} on {level.target_name} does not parse")
                    for policy in policies
                    if self._permissions.parse(policy.document, policy.name) is None
                ]
        return tuple(dict.fromkeys(found))


def read_live(connection: Connection, principal_arn: str) -> LiveAccount:
    """The account of a principal, with the policies of its organization as far as they can be read.

    :raises TaskError: the credentials are another account's, or its policies can't be read.
    :raises AwsError: the credentials or a role don't work.
    """
    found = connection.access.caller.account_id
    if arn_account(principal_arn) != found:
        raise TaskError(
            f"principal_arn: {principal_arn} is no principal of account {found}, which the credentials belong to"
        )
    snapshot = collect(connection.access, datasets=_DATASETS, regions=(), now=connection.now)
    unread = snapshot.missing(Dataset.AUTHORIZATION_DETAILS)
    if unread is not None:
        raise TaskError(f"principal_arn: the policies of account {found} can't be read: {unread_reason(unread)}")
    return LiveAccount(add_organization_policies(connection, snapshot))
