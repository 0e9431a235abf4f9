# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""An organization as its controls look at it: what is attached where, parsed, and who is bound by it."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .._account.organization_tree import ACTIVE, ENABLED, SCP, MemberAccount, OrganizationPolicy, OrganizationTree
from .._policy.analysis.principal_matrix import Levels
from .._policy.documents.policy import Policy
from .._policy.evaluation.narrowing import ANYTHING
from .control import Scope, listing

# So many accounts are named in the evidence.
_NAMED: t.Final = 20


@dataclasses.dataclass(frozen=True)
class Attachment:
    """A policy where it is attached; ``policy`` is None where its document does not parse."""

    source: OrganizationPolicy
    policy: t.Optional[Policy]

    @property
    def allows(self) -> bool:
        """Whether it allows anything at all."""
        return self.policy is not None and any(statement.allow for statement in self.policy.statements)


class Organization:
    """The tree of a snapshot that has one, with the policies on each of its nodes."""

    def __init__(self, scope: Scope) -> None:
        tree = scope.snapshot.organization_tree
        if tree is None:
            raise ValueError("the snapshot holds no organization")
        self.tree: t.Final[OrganizationTree] = tree
        self._scope = scope

    @functools.cached_property
    def policies(self) -> tuple[Attachment, ...]:
        """All that is attached anywhere."""
        parsed = self._scope.facts.permissions.parse
        return tuple(
            Attachment(policy, parsed(policy.document, policy.name)) for policy in self.tree.policies if policy.targets
        )

    @functools.cached_property
    def on(self) -> Mapping[str, tuple[Attachment, ...]]:
        """The attachments of each node, by the node's id."""
        found: dict[str, list[Attachment]] = {}
        for item in self.policies:
            for target in item.source.targets:
                found.setdefault(target, []).append(item)
        return {target: tuple(items) for target, items in found.items()}

    def scps_on(self, target: str) -> tuple[Attachment, ...]:
        return tuple(item for item in self.on.get(target, ()) if item.source.type == SCP)

    def above(self, account_id: str) -> Iterator[tuple[Attachment, ...]]:
        """The attachments on each level from the root to the account."""
        for target in self.tree.lineage(account_id):
            yield self.on.get(target, ())

    def levels(self, account_id: str, kind: str) -> t.Optional[Levels]:
        """The policies of one type on each level above an account; None where the type is not enabled.

        A policy that does not parse may allow anything, and denies nothing for certain.
        """
        if self.tree.policy_types.get(kind) != ENABLED:
            return None
        return tuple(
            tuple(ANYTHING if item.policy is None else item.policy for item in level if item.source.type == kind)
            for level in self.above(account_id)
        )

    @functools.cached_property
    def bound_accounts(self) -> tuple[MemberAccount, ...]:
        """The active accounts that policies bind: not the management account, whatever is attached to it."""
        management = self.tree.management_account_id
        return tuple(account for account in self.tree.accounts if account.state == ACTIVE and account.id != management)

    @functools.cached_property
    def nodes(self) -> tuple[str, ...]:
        """The ids of the root, the units and the accounts that policies can be attached to with an effect."""
        management = self.tree.management_account_id
        return (*self.tree.unit, *(account.id for account in self.tree.accounts if account.id != management))

    def list_bound_under(self, target: str) -> list[str]:
        """List the active accounts that a policy on ``target`` binds, by the names that people use."""
        ids = {account.id for account in self.bound_accounts}
        return [self.tree.name_of(item.id) for item in self.tree.accounts_under([target]) if item.id in ids]

    def unreadable(self, targets: Iterable[str]) -> str:
        """The policies on ``targets`` whose documents do not parse, in a sentence; empty without any."""
        names = {item.source.name for target in targets for item in self.on.get(target, ()) if item.policy is None}
        return f"policies that can't be parsed: {listing(names)}" if names else ""

    # What findings are about: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html

    @property
    def arn(self) -> str:
        return self._arn("organization", self.tree.id)

    def arn_of(self, target: str) -> str:
        kind = "account" if target in self.tree.account else "root" if target == self.tree.root_id else "ou"
        return self._arn(kind, f"{self.tree.id}/{target}")

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:{self._scope.snapshot.partition}:organizations::{self.tree.management_account_id}:{kind}/{name}"

    def label(self, target: str) -> str:
        """The name of an account, the path of a unit."""
        account = self.tree.account.get(target)
        return account.name if account else self.tree.path_of(target)


def first(names: Iterable[str]) -> list[str]:
    """The first of many names, for the evidence."""
    return sorted(names)[:_NAMED]
