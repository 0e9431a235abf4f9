# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Policies of an organization by their names: what there is now, and requests that name one.

AWS gives a policy its id, so a journal, and a plan that makes a policy, have nothing but the name.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from .._account import fields
from .._account.documents import policy_document
from .._aws.access import Access
from .._aws.errors import NotFound
from .._aws.operations import Operations
from .._converge.affects.live import NODES_READS
from .._converge.capability import Aws, Caller
from .._converge.change import Change
from .._converge.organization_changes import (
    ATTACH,
    CREATE,
    DELETE,
    DETACH,
    ENABLE,
    SERVICE,
    TAG,
    UNTAG,
    UPDATE,
    find_policy_key,
)

_LIST: t.Final = "ListPolicies"
_DESCRIBE: t.Final = "DescribePolicy"
_TARGETS: t.Final = "ListTargetsForPolicy"
_TAGS: t.Final = "ListTagsForResource"
_ROOTS: t.Final = "ListRoots"
_NAME: t.Final = "PolicyName"
_TYPE: t.Final = "PolicyType"
# The parameter that holds the id of a policy, where it is not PolicyId.
_ID: t.Final[Mapping[str, str]] = {TAG: "ResourceId", UNTAG: "ResourceId"}

# The operations of a rollback: the writes that undo a change, and the reads of reread() and acting().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(f"{SERVICE}:{name}" for name in (_LIST, _DESCRIBE, _TARGETS, _TAGS, _ROOTS)) | NODES_READS,
    writes=frozenset(f"{SERVICE}:{name}" for name in (CREATE, UPDATE, DELETE, ATTACH, DETACH, TAG, UNTAG)),
)


class AccessByName:
    """AWS for requests that name a policy: the id, which AWS gave it, is asked for when the request is made.

    Lists lag behind, so that the id of a policy that was made here is remembered.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._made: dict[tuple[str, str], str] = {}

    @property
    def caller(self) -> Caller:
        return self._access.caller

    @property
    def chain(self) -> Sequence[str]:
        return self._access.chain

    def call(
        self,
        service: str,
        operation: str,
        parameters: t.Optional[Mapping[str, t.Any]] = None,
        *,
        region: t.Optional[str] = None,
    ) -> Mapping[str, t.Any]:
        """The answer to one call. Raises AwsError: there is no policy of that name, or what AWS says."""
        request = self._replace_name_by_id(operation, parameters or {})
        answer = self._access.call(service, operation, request, region=region)
        if operation == CREATE:
            self._made[request["Name"], request["Type"]] = answer["Policy"]["PolicySummary"]["Id"]
        return answer

    def _replace_name_by_id(self, operation: str, given: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """The exact request, with the id of the policy in place of its name and type."""
        if _NAME not in given:
            return given
        name, policy_type = given[_NAME], given[_TYPE]
        policy_id = self._made.get((name, policy_type)) or find_policy_id(self._access, name, policy_type)
        if policy_id is None:
            raise NotFound(f"there is no {policy_type} named {name}", service=SERVICE, operation=operation)
        rest = {key: value for key, value in given.items() if key not in (_NAME, _TYPE)}
        return {_ID.get(operation, "PolicyId"): policy_id, **rest}


def acting(access: Access) -> Callable[[Change], Aws]:
    """Make the AWS that makes changes of this module, and their undos."""
    by_name = AccessByName(access)
    return lambda _change: by_name


def find_policy_id(access: Access, name: str, policy_type: str) -> t.Optional[str]:
    """Find the id of a policy; None if there is none of this name and type."""
    return list_policy_ids(access, policy_type).get(name)


def list_policy_ids(access: Access, policy_type: str) -> dict[str, str]:
    """List the policies of a type: their ids by their names."""
    listed = access.items(SERVICE, _LIST, "Policies", {"Filter": policy_type})
    return {fields.text(item, "Name"): fields.text(item, "Id") for item in listed}


def read_type_status(access: Access, policy_type: str) -> t.Optional[str]:
    """Read the status of a type of policy at the root; None if the root does not know the type."""
    root: Mapping[str, t.Any] = next(iter(access.items(SERVICE, _ROOTS, "Roots")), {})
    types = fields.optional_records(root, "PolicyTypes")
    return next((fields.text(item, "Status") for item in types if fields.text(item, "Type") == policy_type), None)


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access)


def _reread(access: Access, change: Change) -> t.Any:
    if change.operation == ENABLE:
        return {**change.before, "status": read_type_status(access, change.before["type"])}
    name, policy_type = find_policy_key(change)
    policy_id = find_policy_id(access, name, policy_type)
    state = change.before or change.after
    if "attached_to" in state:
        return {**state, "attached": policy_id is not None and _is_attached(access, policy_id, state["attached_to"])}
    if "tags" in state:
        return {**state, "tags": _read_tags(access, policy_id, state["tags"])}
    return _read_policy(access, policy_id) if policy_id else None


def _is_attached(access: Access, policy_id: str, target_id: str) -> bool:
    targets = access.items(SERVICE, _TARGETS, "Targets", {"PolicyId": policy_id})
    return any(fields.text(target, "TargetId") == target_id for target in targets)


def _read_tags(access: Access, policy_id: t.Optional[str], keys: Mapping[str, t.Any]) -> dict[str, t.Any]:
    found: dict[str, str] = {}
    if policy_id is not None:
        tags = access.items(SERVICE, _TAGS, "Tags", {"ResourceId": policy_id})
        found = {fields.text(tag, "Key"): fields.text(tag, "Value") for tag in tags}
    return {key: found.get(key) for key in keys}


def _read_policy(access: Access, policy_id: str) -> t.Optional[dict[str, t.Any]]:
    try:
        policy = fields.structure(access.call(SERVICE, _DESCRIBE, {"PolicyId": policy_id}), "Policy")
    except NotFound:
        return None
    summary = fields.structure(policy, "PolicySummary")
    name = fields.text(summary, "Name")
    return {
        "policy": name,
        "type": fields.text(summary, "Type"),
        "description": fields.optional_text(summary, "Description") or "",
        "document": policy_document(name, fields.text(policy, "Content")).document,
    }
