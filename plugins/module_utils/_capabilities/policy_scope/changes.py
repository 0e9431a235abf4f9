# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""The writes that change policies, each with the one that takes it back.

What changes find and leave has one of four shapes, by which the live account is read again:
``{"document"}`` the default version of a managed policy, ``{"version_document", "versions"}`` how many of its versions
have a document, ``{"inline_policy", "document"}`` an inline policy, ``{"policy", "attached"}`` a managed policy of a
principal.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ..._account.model import Snapshot
from ..._account.permissions import Principal
from ..._account.policy_versions import LivePolicy, Version
from ..._converge.change import Change, Impact, Undo
from ..._converge.identity_changes import IdentityWriter
from ..._policy.documents.canonical import document as document_of
from ..._policy.documents.policy import Policy
from ..._policy.documents.syntax import compact
from .subjects import Subject

CREATE: t.Final = "CreatePolicy"
DELETE: t.Final = "DeletePolicy"
UPDATE: t.Final = "CreatePolicyVersion"
SET_DEFAULT: t.Final = "SetDefaultPolicyVersion"
DELETE_VERSION: t.Final = "DeletePolicyVersion"
OWNERS: t.Final = ("User", "Group", "Role")

#: The kinds of changes that the caps count together; the second may lock everybody out.
NARROW: t.Final = "policy_scope"
NARROW_POWERFUL: t.Final = "policy_scope_powerful"
DETACH: t.Final = "policy_scope_detach"
DETACH_POWERFUL: t.Final = "policy_scope_detach_powerful"
LOCKOUT_KINDS: t.Final = frozenset({NARROW_POWERFUL, DETACH_POWERFUL})

#: Every operation that changes are made with.
WRITES: t.Final = frozenset(
    {CREATE, UPDATE, DELETE_VERSION}
    | {f"Put{owner}Policy" for owner in OWNERS}
    | {f"{verb}{owner}Policy" for verb in ("Attach", "Detach") for owner in OWNERS}
)


@dataclasses.dataclass(frozen=True)
class ScopeWriter:
    """Makes the changes to the policies of one account; a new policy gets ``tags``."""

    snapshot: Snapshot
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def population(self) -> int:
        """The number of principals that the caps are a part of."""
        return len(self.snapshot.users) + len(self.snapshot.roles)

    def update(self, live: LivePolicy, new: Policy, *, is_powerful: bool) -> Change:
        """A new default version of a managed policy. The version before takes it back."""
        change = self._writer(NARROW).update_policy(live, document_of(new))
        return self._narrow(change, NARROW_POWERFUL if is_powerful else NARROW)

    def make_room(self, live: LivePolicy, version: Version) -> Change:
        """A version that is not the default goes, so that a new one fits. Its document is kept for the undo."""
        count = count_versions(live, version.document)
        change = self._writer("policy_scope_room").delete_version(live.arn, version)
        return dataclasses.replace(
            change,
            before=describe_version(version.document, count),
            after=describe_version(version.document, count - 1),
            undo=Undo(UPDATE, build_restoring(live.arn, version.document)),
        )

    def put_inline(self, subject: Subject, present: t.Any, new: Policy, *, is_powerful: bool) -> Change:
        """The new document of an inline policy."""
        change = self._writer(NARROW).put_inline(subject.target, subject.name, present, document_of(new))
        return self._narrow(change, NARROW_POWERFUL if is_powerful else NARROW)

    def create(self, arn: str, new: Policy, *, copied: str) -> Change:
        """A copy of a policy of AWS, which nobody has yet."""
        description = f"Narrowed copy of {copied}"
        writer = self._writer("policy_scope_create")
        return writer.create_policy(arn, document_of(new), description=description, tags=self.tags)

    def attach(self, principal: Principal, arn: str) -> Change:
        """A copy for a principal."""
        return self._writer("policy_scope_attach").attach(principal.arn, arn)

    def detach(self, principal: Principal, arn: str, *, is_powerful: bool) -> Change:
        """A policy of AWS taken from a principal that has a copy."""
        change = self._writer(DETACH).detach(principal.arn, arn)
        return self._narrow(change, DETACH_POWERFUL if is_powerful else DETACH)

    def _writer(self, kind: str) -> IdentityWriter:
        return IdentityWriter(self.snapshot.account_id, kind)

    def _narrow(self, change: Change, kind: str) -> Change:
        return dataclasses.replace(change, kind=kind, impact=Impact.NARROWING, population=self.population)


def describe_version(document: t.Any, count: int) -> dict[str, t.Any]:
    """Describe how many versions of a policy have a document. Its id is not kept: a restored version has another."""
    return {"version_document": document, "versions": count}


def count_versions(live: LivePolicy, document: t.Any) -> int:
    """Count the versions of a policy that have a document."""
    return sum(version.document == document for version in live.versions)


def build_restoring(arn: str, document: t.Any) -> dict[str, t.Any]:
    """Build the request that restores a version without making it the default one."""
    return {"PolicyArn": arn, "PolicyDocument": compact(document), "SetAsDefault": False}
