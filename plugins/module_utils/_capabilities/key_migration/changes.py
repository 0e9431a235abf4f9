# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The writes of a move, each as one change: the role with its policies, and what retires the key. Pure."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator, Mapping

from ..._converge.change import Change, Impact
from ..._converge.identity_changes import IdentityWriter, NewRole
from ..._converge.user_keys import KeyRetirer
from .model import USER_TAG, WORKLOAD_TAG
from .situation import Situation

_PREPARE: t.Final = "key_migration_prepare"
_UNDO: t.Final = "key_migration_undo"
_RETIRE: t.Final = "key_migration"

#: Every operation that changes are made with.
WRITES: t.Final = frozenset(
    {"CreateRole", "DeleteAccessKey", "DeleteRole", "DeleteRolePolicy", "PutRolePolicy", "UpdateAccessKey"}
)


@dataclasses.dataclass(frozen=True)
class MigrationWriter:
    """Makes the changes of one run in one account; ``tags`` are those of new roles."""

    account_id: str
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def prepare(self, situation: Situation) -> Iterator[Change]:
        """Make the role, and give it the policies that it lacks. A run that was killed leaves the rest to the next."""
        writer = IdentityWriter(self.account_id, _PREPARE)
        user, proposal = situation.user, situation.proposal
        if user is None or proposal is None or situation.trust is None:
            return
        if situation.role is None:
            yield writer.create_role(
                NewRole(
                    situation.role_arn,
                    situation.trust,
                    description=f"For {situation.workload.name}, in place of the access key of {user.name}"[:1000],
                    boundary=situation.boundary or None,
                    tags={**self.tags, WORKLOAD_TAG: situation.workload.name, USER_TAG: user.unique_id},
                )
            )
        for name, content in proposal.documents.items():
            if name not in situation.inline:
                yield writer.put_inline(situation.role_arn, name, None, content)

    def delete_role(self, situation: Situation) -> Iterator[Change]:
        """Delete the role with its policies."""
        role = situation.role
        if role is None:
            return
        writer = IdentityWriter(self.account_id, _UNDO)
        for item in role.inline_policies:
            yield _destroy(writer.delete_inline(role.arn, item.name, item.document or {}))
        yield _destroy(writer.delete_role(role.arn, role.trust.document, role.boundary))

    @property
    def keys(self) -> KeyRetirer:
        """The changes of keys: the same life cycle as that of a rotation."""
        return KeyRetirer(self.account_id, _RETIRE)


def _destroy(change: Change) -> Change:
    return dataclasses.replace(change, impact=Impact.DESTRUCTIVE)
