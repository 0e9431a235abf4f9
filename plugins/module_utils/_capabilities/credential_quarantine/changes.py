# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The writes that contain a user, in their order, and those that take root's credentials from a member account."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from ..._converge.change import GLOBAL, Change, Impact, Undo
from ..._converge.identity_changes import IdentityWriter
from ..._converge.journal import Outcome
from ..._converge.undo import Recorded
from ..._policy.documents.limits import ATTACHMENTS, LIMITS, inline_total, size
from ..._policy.documents.policy import Kind as PolicyKind
from .declared import Loss
from .states import ACTIVE, CALLS_OF, INACTIVE, Credential, DenyPolicy, Kind, RootState, UserState

#: A control policy of organization_guardrails denies everything to principals with this tag.
QUARANTINE_TAG: t.Final = "iam-hardening:quarantine"
INCIDENT_TAG: t.Final = "iam-hardening:incident"
TAGS: t.Final = (QUARANTINE_TAG, INCIDENT_TAG)
#: The managed policy of the bootstrap stack.
DENY_POLICY: t.Final = "arn:{partition}:iam::{account_id}:policy/iam-hardening/quarantine-deny-all"
INLINE_POLICY: t.Final = "IamHardeningQuarantine"
DENY_ALL: t.Final[Mapping[str, t.Any]] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
PASSWORD: t.Final = "console_password"
_KIND: t.Final = "credential_quarantine"
_ATTACH: t.Final = "AttachUserPolicy"
_PUT: t.Final = "PutUserPolicy"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_TAGS_OF_A_USER: t.Final = 50


def denies_everything(document: t.Any) -> bool:
    """Whether a policy denies everything: by a statement without conditions, and none that allows."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    listed = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        return False
    return all(one.get("Effect") == "Deny" for one in listed) and any(map(_is_whole, listed))


def _is_whole(statement: Mapping[str, t.Any]) -> bool:
    parts = {name: value for name, value in statement.items() if name not in ("Sid", "Effect")}
    return set(parts) == {"Action", "Resource"} and all(value in ("*", ["*"]) for value in parts.values())


def is_of_root(change: Change) -> bool:
    """Whether a change takes a credential from the root user of an account. A journal keeps enough to tell."""
    return change.target.endswith(":root")


@dataclasses.dataclass(frozen=True)
class Denial:
    """How a user is denied everything. Without any, ``problem`` says why there is none."""

    attaches: str = ""
    has_room: bool = False
    boundary: str = ""
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class QuarantineWriter:
    """Makes the changes of one incident in one account."""

    account_id: str
    incident_id: str

    def contain_user(
        self, user: UserState, denial: Denial, *, leaked: frozenset[str], removes_password: bool
    ) -> tuple[Change, ...]:
        """The changes that contain a user and are not made yet, the fastest and surest first."""
        changes = [
            *self._tag(user, QUARANTINE_TAG, "true"),
            *(self._deactivate(user, one) for one in _order(user.credentials, leaked) if _is_key(one)),
            *self._deny(user, denial),
            *(self._deactivate(user, one) for one in _order(user.credentials, leaked) if not _is_key(one)),
            *([self._remove_password(user)] if removes_password and user.password_created else []),
            *self._tag(user, INCIDENT_TAG, self.incident_id),
        ]
        return tuple(changes)

    def contain_root(self, root: RootState, accepted: frozenset[Loss]) -> tuple[Change, ...]:
        """The changes that take the accepted credentials from root of a member account. They can't be undone.

        AWS lets a session delete a key of root, and not deactivate it.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
        """
        found: list[Change] = []
        if Loss.ROOT_ACCESS_KEY in accepted:
            found += [self._delete(root, "DeleteAccessKey", "AccessKeyId", one) for one in root.keys]
            found += [self._delete(root, "DeleteSigningCertificate", "CertificateId", one) for one in root.certificates]
        if Loss.ROOT_PASSWORD in accepted and root.password_created:
            shown = {"kind": PASSWORD, "id": "root"}
            found.append(self._make("DeleteLoginProfile", root.arn, {}, shown, None, None, root.account_id))
        return tuple(found)

    def _tag(self, user: UserState, key: str, value: str) -> list[Change]:
        before = user.tags.get(key)
        is_full = before is None and len(user.tags) >= _TAGS_OF_A_USER
        if before == value or is_full or "tags" in user.unread:
            return []
        named = {"UserName": user.name}
        request = {**named, "Tags": [{"Key": key, "Value": value}]}
        undo = (
            Undo("UntagUser", {**named, "TagKeys": [key]})
            if before is None
            else Undo("TagUser", {**named, "Tags": [{"Key": key, "Value": before}]})
        )
        states = {"tag": key, "value": before}, {"tag": key, "value": value}
        return [self._make("TagUser", user.arn, request, *states, undo)]

    def _deactivate(self, user: UserState, one: Credential) -> Change:
        calls = CALLS_OF[one.kind]
        named = {"UserName": user.name, calls.identifier: one.id}
        shown = {"kind": one.kind.value, "id": one.id}
        return self._make(
            calls.update,
            user.arn,
            {**named, "Status": INACTIVE},
            {**shown, "status": one.status},
            {**shown, "status": INACTIVE},
            Undo(calls.update, {**named, "Status": ACTIVE}),
        )

    def _deny(self, user: UserState, denial: Denial) -> list[Change]:
        writer = IdentityWriter(self.account_id, _KIND)
        found = []
        if denial.attaches and denial.attaches not in user.attached:
            found.append(writer.attach(user.arn, denial.attaches))
        present = user.inline.get(INLINE_POLICY)
        if denial.has_room and not denies_everything(present):
            found.append(writer.put_inline(user.arn, INLINE_POLICY, present, DENY_ALL))
        if denial.boundary and user.boundary != denial.boundary:
            found.append(writer.set_boundary(user.arn, user.boundary, denial.boundary))
        return [dataclasses.replace(change, impact=Impact.NARROWING) for change in found]

    def _remove_password(self, user: UserState) -> Change:
        shown = {"kind": PASSWORD, "id": user.name}
        return self._make("DeleteLoginProfile", user.arn, {"UserName": user.name}, shown, None, None)

    def _delete(self, root: RootState, operation: str, parameter: str, one: Credential) -> Change:
        shown = {"kind": one.kind.value, "id": one.id, "status": one.status}
        return self._make(operation, root.arn, {parameter: one.id}, shown, None, None, root.account_id)

    def _make(
        self,
        operation: str,
        target: str,
        parameters: Mapping[str, t.Any],
        before: t.Any,
        after: t.Any,
        undo: t.Optional[Undo],
        account_id: str = "",
    ) -> Change:
        return Change(
            account_id=account_id or self.account_id,
            region=GLOBAL,
            service="iam",
            operation=operation,
            target=target,
            parameters=parameters,
            before=before,
            after=after,
            kind=_KIND,
            impact=Impact.NARROWING if undo else Impact.DESTRUCTIVE,
            undo=undo,
        )


def find_impossible(entries: Iterable[Recorded], began: t.Optional[datetime]) -> dict[str, frozenset[str]]:
    """Find by the journal which denials AWS refused in this round of an incident: the operations, by the user's ARN.

    Quotas may count what does not show in reads, so that it is known only once AWS refuses it.
    """
    last: dict[tuple[str, str], Outcome] = {}
    for intent, outcome in entries:
        change = intent.change
        is_of_round = began is None or intent.at is None or intent.at >= began.replace(microsecond=0)
        if is_of_round and intent.module == _KIND and change.operation in (_ATTACH, _PUT):
            last[change.target, change.operation] = outcome
    failed = [key for key, outcome in last.items() if outcome is Outcome.FAILED]
    return {arn: frozenset(operation for other, operation in failed if other == arn) for arn, _operation in failed}


def choose_denial(
    user: UserState, deny: DenyPolicy, slots: t.Optional[int], impossible: Collection[str] = ()
) -> Denial:
    """Choose how a user is denied everything: attached and inline where both are possible, else by a boundary.

    Neither waits for the failure of the other. What could not be read is tried. What is ``impossible``, since AWS
    refused it in an earlier pass, is not tried again.
    """
    most = ATTACHMENTS["user"].default if slots is None else slots
    is_there = bool(deny.arn) and deny.arn in user.attached
    may_attach = is_there or (len(user.attached) < most and _ATTACH not in impossible)
    attaches = deny.arn if deny.arn and may_attach else ""
    others = [document for name, document in user.inline.items() if name != INLINE_POLICY and document is not None]
    total = inline_total(others, PolicyKind.INLINE_USER) + size(DENY_ALL, PolicyKind.INLINE_USER)
    is_written = denies_everything(user.inline.get(INLINE_POLICY))
    has_room = is_written or (total <= LIMITS[PolicyKind.INLINE_USER] and _PUT not in impossible)
    if attaches or has_room:
        return Denial(attaches, has_room)
    if deny.arn:
        return Denial(boundary=deny.arn)
    return Denial(
        problem=f"no slot for a policy, no room for an inline policy, and no policy to attach: {deny.problem}"
    )


def _order(credentials: tuple[Credential, ...], leaked: frozenset[str]) -> list[Credential]:
    """The credentials that work, the leaked one first."""
    return sorted((one for one in credentials if one.is_active), key=lambda one: one.id not in leaked)


def _is_key(one: Credential) -> bool:
    return one.kind is Kind.ACCESS_KEY
