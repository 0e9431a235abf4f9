# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies of the snapshot that name a role: trusts, identity policies, boundaries, and those of the organization."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator

from ...._account.model import Group, PolicyDocument, Role, User
from ...._account.permissions import Permissions
from ...._policy.documents.policy import Policy
from ..model import UnreadNamers
from .policies import NEW, find_namers
from .reader import Found, make_command
from .targets import Targets


@dataclasses.dataclass(frozen=True)
class _Document:
    """A document of the snapshot, parsed where it parses, with what it is and how it is changed."""

    kind: str
    resource: str
    policy: t.Optional[Policy]
    command: str
    account_id: str


def find_in_account(permissions: Permissions, targets: Targets) -> tuple[list[Found], list[UnreadNamers]]:
    """Find the policies of the account that name a target, and those that are not known."""
    found: list[Found] = []
    unread: list[UnreadNamers] = []
    for one in _list_documents(permissions):
        if one.policy is None:
            unread.append(UnreadNamers(f"{_NAMES[one.kind]} of {one.resource} does not parse"))
            continue
        found += find_namers(targets, one.policy, one.kind, one.resource, one.account_id, one.command)
    return found, unread


# The kinds of documents, as a sentence calls them.
_NAMES: t.Final = {
    "boundary": "the document",
    "control_policy": "the document",
    "identity_policy": "an identity policy",
    "trust": "the trust policy",
}
_FILE: t.Final = "file://policy.json"


def _list_documents(permissions: Permissions) -> Iterator[_Document]:
    snapshot = permissions.snapshot
    owner = snapshot.account_id
    for role in snapshot.roles:
        update = ("iam", "update-assume-role-policy", "--role-name", role.name, "--policy-document")
        policy = permissions.parse(role.trust, "trust policy")
        yield _Document("trust", role.arn, policy, _add(*update, "file://trust.json"), owner)
    for entity in permissions.entities.values():
        for document in entity.inline_policies:
            policy = permissions.parse(document, f"inline policy {document.name}")
            yield _Document("identity_policy", entity.arn, policy, _put_inline(entity, document), owner)
    for managed in snapshot.policies:
        if not managed.is_aws_managed:
            kind = "boundary" if managed.boundary_usage_count else "identity_policy"
            create = ("iam", "create-policy-version", "--set-as-default", "--policy-arn", managed.arn)
            policy = permissions.parse(managed.default_version, managed.name)
            yield _Document(kind, managed.arn, policy, _add(*create, "--policy-document", _FILE), owner)
    yield from _list_of_organization(permissions)


def _put_inline(entity: t.Union[User, Group, Role], document: PolicyDocument) -> str:
    kind = type(entity).__name__.lower()
    put = ("iam", f"put-{kind}-policy", f"--{kind}-name", entity.name, "--policy-name", document.name)
    return _add(*put, "--policy-document", _FILE)


def _list_of_organization(permissions: Permissions) -> Iterator[_Document]:
    snapshot = permissions.snapshot
    owner = snapshot.organization.management_account_id if snapshot.organization else snapshot.account_id
    for level in snapshot.organization_policies:
        for control in (*level.scps, *level.rcps):
            policy = permissions.parse(control.document, control.name)
            command = _add("organizations", "update-policy", "--policy-id", control.id, "--content", _FILE)
            yield _Document("control_policy", f"{control.name} ({control.id})", policy, command, owner)


def _add(*words: str) -> str:
    return f"add {NEW} where the old role is named, then {make_command(*words)}"
