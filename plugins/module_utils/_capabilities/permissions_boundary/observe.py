# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the module ``permissions_boundary`` reads live: boundary policies with their versions, and who carries which."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from ..._account import fields
from ..._account.policy_versions import describe_policy
from ..._aws.access import Access
from ..._aws.errors import NotFound
from ..._aws.operations import Operations
from ..._converge.change import Change
from ..._module.managed_policies import POLICY_READS, read_default_document, reread_version
from .changes import CREATE, DELETE, DELETE_VERSION, PUT, REMOVE, SET_DEFAULT

_GET: t.Final[Mapping[str, tuple[str, str, str]]] = {
    "user": ("GetUser", "UserName", "User"),
    "role": ("GetRole", "RoleName", "Role"),
}

# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset({*POLICY_READS, *(f"iam:{get}" for get, _name, _key in _GET.values())}),
    writes=frozenset(f"iam:{name}" for name in (CREATE, SET_DEFAULT, DELETE, *PUT.values(), *REMOVE.values())),
)


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access)


def _reread(access: Access, change: Change) -> t.Any:
    arn = change.target
    if change.operation == DELETE_VERSION:
        return reread_version(access, arn, change.before["version"])
    if ":policy/" in arn:
        return describe_policy(read_default_document(access, arn))
    kind, _slash, path = arn.rpartition(":")[2].partition("/")
    operation, parameter, key = _GET[kind]
    try:
        answer = access.call("iam", operation, {parameter: path.rpartition("/")[2]})
    except NotFound:
        return None
    boundary = fields.optional_structure(fields.structure(answer, key), "PermissionsBoundary")
    return {"boundary": fields.optional_text(boundary, "PermissionsBoundaryArn") if boundary else None}
