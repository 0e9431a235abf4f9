# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Removing what a drill made: the keys and policies of its user and role, then these."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ...._aws.access import Access
from ...._aws.errors import NotFound
from ...._aws.operations import Operations
from ..observe import find_own
from ..record import Drill

OPERATIONS: t.Final = Operations(
    writes=frozenset(
        f"iam:{name}"
        for name in (
            *("DeleteAccessKey", "DeleteRole", "DeleteRolePolicy", "DeleteUser", "DeleteUserPolicy"),
            *("DetachRolePolicy", "DetachUserPolicy"),
        )
    )
)


def remove_canary(access: Access, drill: Drill) -> list[str]:
    """Remove the user and the role of a drill, and return what was removed. Things that are gone are left out.

    :raises AwsError: something could not be removed.
    :raises NotOwnError: the user or the role is somebody else's.
    """
    removed = []
    for kind in ("User", "Role"):
        if not find_own(access, drill, kind):
            continue
        for operation, parameters in list(_list_parts(access, drill, kind)):
            _remove(access, operation, parameters)
        # The parts took a while, and a name may be another principal's by now.
        if find_own(access, drill, kind):
            _remove(access, f"Delete{kind}", {f"{kind}Name": drill.id})
            removed.append(drill.user_arn if kind == "User" else drill.role_arn)
    return removed


def _list_parts(access: Access, drill: Drill, kind: str) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """List what has to go before a user or role can, each with the call that removes it."""
    named = {f"{kind}Name": drill.id}
    if kind == "User":
        for key in access.items("iam", "ListAccessKeys", "AccessKeyMetadata", named):
            yield "DeleteAccessKey", {**named, "AccessKeyId": key["AccessKeyId"]}
    for policy in access.items("iam", f"ListAttached{kind}Policies", "AttachedPolicies", named):
        yield f"Detach{kind}Policy", {**named, "PolicyArn": policy["PolicyArn"]}
    for name in access.items("iam", f"List{kind}Policies", "PolicyNames", named):
        yield f"Delete{kind}Policy", {**named, "PolicyName": name}


def _remove(access: Access, operation: str, parameters: dict[str, t.Any]) -> None:
    try:
        access.call("iam", operation, parameters)
    except NotFound:
        # A run before this one was killed after it had removed it.
        return
