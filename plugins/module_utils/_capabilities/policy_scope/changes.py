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
from ..._account.policy_versions import OWNED, LivePolicy, Version, describe_policy
from ..._converge.change import Change, Impact, Undo
from ..._policy.documents.canonical import document as document_of
from ..._policy.documents.canonical import minify
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
        before = live.default
        change = self._make_change(
            UPDATE,
            live.arn,
            {"PolicyArn": live.arn, "PolicyDocument": minify(new), "SetAsDefault": True},
            describe_policy(live.document),
            describe_policy(document_of(new)),
            Undo(SET_DEFAULT, {"PolicyArn": live.arn, "VersionId": before.id}) if before else None,
        )
        return self._narrow(change, NARROW_POWERFUL if is_powerful else NARROW)

    def make_room(self, live: LivePolicy, version: Version) -> Change:
        """A version that is not the default goes, so that a new one fits. Its document is kept for the undo."""
        count = count_versions(live, version.document)
        return self._make_change(
            DELETE_VERSION,
            live.arn,
            {"PolicyArn": live.arn, "VersionId": version.id},
            describe_version(version.document, count),
            describe_version(version.document, count - 1),
            Undo(UPDATE, build_restoring(live.arn, version.document)),
            kind="policy_scope_room",
        )

    def put_inline(self, subject: Subject, present: t.Any, new: Policy, *, is_powerful: bool) -> Change:
        """The new document of an inline policy."""
        owner = subject.owner
        of = type(owner).__name__
        named = {f"{of}Name": owner.name if owner else "", "PolicyName": subject.name}
        change = self._make_change(
            f"Put{of}Policy",
            subject.target,
            {**named, "PolicyDocument": minify(new)},
            {"inline_policy": subject.name, "document": present},
            {"inline_policy": subject.name, "document": document_of(new)},
            Undo(f"Put{of}Policy", {**named, "PolicyDocument": compact(present)}),
        )
        return self._narrow(change, NARROW_POWERFUL if is_powerful else NARROW)

    def create(self, arn: str, path: str, new: Policy, *, copied: str) -> Change:
        """A copy of a policy of AWS, which nobody has yet."""
        parameters = {
            "PolicyName": arn.rpartition("/")[2],
            "Path": path,
            "PolicyDocument": minify(new),
            "Description": f"Narrowed copy of {copied}",
            "Tags": [{"Key": key, "Value": value} for key, value in {**self.tags, OWNED[0]: OWNED[1]}.items()],
        }
        undo = Undo(DELETE, {"PolicyArn": arn})
        return self._make_change(
            CREATE, arn, parameters, None, describe_policy(document_of(new)), undo, kind="policy_scope_create"
        )

    def attach(self, principal: Principal, arn: str) -> Change:
        """A copy for a principal."""
        return self._move(principal, arn, is_attached=True)

    def detach(self, principal: Principal, arn: str, *, is_powerful: bool) -> Change:
        """A policy of AWS taken from a principal that has a copy."""
        change = self._move(principal, arn, is_attached=False)
        return self._narrow(change, DETACH_POWERFUL if is_powerful else DETACH)

    def _move(self, principal: Principal, arn: str, *, is_attached: bool) -> Change:
        of = type(principal).__name__
        verb, back = ("Attach", "Detach") if is_attached else ("Detach", "Attach")
        parameters = {f"{of}Name": principal.name, "PolicyArn": arn}
        return self._make_change(
            f"{verb}{of}Policy",
            principal.arn,
            parameters,
            {"policy": arn, "attached": not is_attached},
            {"policy": arn, "attached": is_attached},
            Undo(f"{back}{of}Policy", parameters),
            kind="policy_scope_attach",
        )

    def _narrow(self, change: Change, kind: str) -> Change:
        return dataclasses.replace(change, kind=kind, impact=Impact.NARROWING, population=self.population)

    def _make_change(
        self,
        operation: str,
        target: str,
        parameters: Mapping[str, t.Any],
        before: t.Optional[Mapping[str, t.Any]],
        after: t.Optional[Mapping[str, t.Any]],
        undo: t.Optional[Undo],
        *,
        kind: str = NARROW,
    ) -> Change:
        return Change(
            account_id=self.snapshot.account_id,
            region="global",
            service="iam",
            operation=operation,
            target=target,
            parameters=parameters,
            before=before,
            after=after,
            kind=kind,
            impact=Impact.ADDITIVE,
            undo=undo,
        )


def describe_version(document: t.Any, count: int) -> dict[str, t.Any]:
    """Describe how many versions of a policy have a document. Its id is not kept: a restored version has another."""
    return {"version_document": document, "versions": count}


def count_versions(live: LivePolicy, document: t.Any) -> int:
    """Count the versions of a policy that have a document."""
    return sum(version.document == document for version in live.versions)


def build_restoring(arn: str, document: t.Any) -> dict[str, t.Any]:
    """Build the request that restores a version without making it the default one."""
    return {"PolicyArn": arn, "PolicyDocument": compact(document), "SetAsDefault": False}
