# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reading roles that their owners change: their present policies, and who owns them."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ...._account.documents import policy_document
from ...._account.model import ManagedPolicy, PolicyDocument, Role, Snapshot
from ...._aws.access import Access
from ...._aws.errors import AwsError, InvalidCredentials
from ...._aws.operations import Operations
from ...._converge.ownership.owner import Owner, object_of
from ...._module.connection import Connection
from ...._module.managed_policies import read_default_document, read_inline_document
from ...._module.ownership import OwnershipOptions, OwnershipReader
from ...._module.policy_files import name_folder
from ...._module.roles import read_role
from ..cases.found import Found
from ..declared import Declared
from ..dossier import Dossier
from ..live import Observer
from ..model import Stage
from .before import is_of_aws
from .patches import Handout, OwnedRole, hand_out_new, hand_out_old
from .state import Owned

#: The stages in which owners are handed out the new policies.
_STAGES: t.Final = frozenset({Stage.PREPARE, Stage.CANARY, Stage.CUT_OVER})
_LIST_INLINE: t.Final = "ListRolePolicies"
OPERATIONS: t.Final = Operations(
    reads=frozenset(
        f"iam:{name}"
        for name in (
            "GetPolicy",
            "GetPolicyVersion",
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            _LIST_INLINE,
        )
    )
)


def read_again(connection: Connection, snapshot: Snapshot, roles: Sequence[Role]) -> Snapshot:
    """Read the policies of roles live: what the run has read of the account may be a quarter of an hour old.

    The policies of a role that can't be read are not known.
    """
    read = {role.arn: functools.partial(_read, connection.access, snapshot, role) for role in roles}
    found: dict[str, Role] = {}
    policies = {policy.arn: policy for policy in snapshot.policies}
    for role, answer in zip(roles, connection.access.gather(read).values(), strict=True):
        if isinstance(answer, InvalidCredentials):
            raise answer
        if isinstance(answer, AwsError):
            connection.warn(f"the policies of {role.arn} can't be read: {answer}")
            unread = PolicyDocument("of the role", None, error=str(answer))
            found[role.arn] = dataclasses.replace(role, attached_policies=(), inline_policies=(unread,))
            continue
        found[role.arn], live = answer
        policies |= {policy.arn: policy for policy in live}
    return dataclasses.replace(
        snapshot,
        roles=tuple(found.get(role.arn, role) for role in snapshot.roles),
        policies=tuple(policies.values()),
    )


def _read(access: Access, snapshot: Snapshot, role: Role) -> tuple[Role, tuple[ManagedPolicy, ...]]:
    """Read one role with its policies. One that is gone, or was created again meanwhile, has none."""
    live = read_role(access, role.arn)
    if live is None or live.unique_id != role.unique_id:
        return dataclasses.replace(role, attached_policies=(), inline_policies=()), ()
    named = {"RoleName": role.name}
    attached = [
        item["PolicyArn"] for item in access.items("iam", "ListAttachedRolePolicies", "AttachedPolicies", named)
    ]
    names = list(access.items("iam", _LIST_INLINE, "PolicyNames", named))
    inline = [policy_document(name, read_inline_document(access, role.arn, name)) for name in names]
    present = dataclasses.replace(
        role,
        boundary=live.boundary,
        attached_policies=tuple(attached),
        inline_policies=tuple(inline),
    )
    return present, tuple(_read_contents(access, snapshot, attached))


def _read_contents(access: Access, snapshot: Snapshot, arns: Sequence[str]) -> Iterator[ManagedPolicy]:
    """Read the present content of managed policies. Those of AWS are as the run has read them."""
    known = {policy.arn: policy for policy in snapshot.policies}
    for arn in arns:
        if arn in known and is_of_aws(arn):
            continue
        name = arn.rpartition("/")[2]
        content = policy_document(name, read_default_document(access, arn))
        plain = ManagedPolicy(arn, name, "/", content, 0, 0, None, None, is_of_aws(arn))
        yield dataclasses.replace(known.get(arn, plain), default_version=content)


class HandoutReader:
    """Reads who owns roles, and makes what their owners can apply. With ``has_files`` it is also put into files."""

    def __init__(
        self,
        connection: Connection,
        declared: Declared,
        ownership: OwnershipOptions,
        observer: Observer,
        *,
        has_files: bool,
    ) -> None:
        self._connection = connection
        self._declared = declared
        self._ownership = ownership
        self._observer = observer
        self._has_files = has_files

    def read(self, items: Sequence[tuple[Found, Owned]]) -> Mapping[str, Handout]:
        """Make what owners can apply in this stage, by the ARN of the role.

        :raises AwsError: AWS does not know the credentials (any more).
        """
        wanted = [item for item, owned in items if self._is_wanted(item, owned)]
        owners = self._read_owners([item.role for item in wanted])
        states = {item.role.arn: owned for item, owned in items}
        return {
            arn: self._hand_out(item, item.dossier, owners[arn], states[arn])
            for item in wanted
            if item.dossier and (arn := item.role.arn)
        }

    def _is_wanted(self, item: Found, owned: Owned) -> bool:
        if owned.failure:
            return False
        if self._declared.reverts(item.role.arn):
            return bool(owned.unreturned)
        return self._declared.stage in _STAGES and item.target is not None and bool(owned.difference)

    def _read_owners(self, roles: Sequence[Role]) -> Mapping[str, Owner]:
        items = {role.arn: item for role in roles if (item := object_of(role.arn)) is not None}
        if not items:
            return {}
        tags = {items[role.arn].key: role.tags for role in roles}
        reader = OwnershipReader(self._ownership, self._connection)
        owners, _index = reader.read(list(items.values()), tags=tags)
        return {arn: owners[item.key] for arn, item in items.items()}

    def _hand_out(self, item: Found, dossier: Dossier, owner: Owner, state: Owned) -> Handout:
        snapshot, role = self._observer.writer.snapshot, item.role
        owned = OwnedRole(
            role,
            self._observer.contents,
            dossier,
            owner,
            self._declared.campaign,
            last=item.subject.last,
            folder=name_folder(snapshot.account_id, "role", role.arn) if self._has_files else "",
            is_applied=not state.difference,
        )
        if not self._declared.reverts(role.arn):
            return hand_out_new(owned)
        return hand_out_old(owned, returns_admin=item.returns_admin(snapshot))
