# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What the module ``permissions_boundary`` reads live: boundary policies with their versions, and who carries which."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..._account import fields
from ..._account.documents import policy_document
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._converge.change import Change, Refusal
from .changes import CREATE, DELETE, DELETE_VERSION, PUT, REMOVE, SET_DEFAULT, LivePolicy, Version, describe_policy

_GET_POLICY: t.Final = "GetPolicy"
_GET_VERSION: t.Final = "GetPolicyVersion"
LIST_VERSIONS: t.Final = "ListPolicyVersions"
_GET: t.Final[Mapping[str, tuple[str, str, str]]] = {
    "user": ("GetUser", "UserName", "User"),
    "role": ("GetRole", "RoleName", "Role"),
}

# Undoing a change takes the writes that undo one, and the reads of reread().
UNDO_OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {f"iam:{_GET_POLICY}", f"iam:{_GET_VERSION}", *(f"iam:{get}" for get, _name, _key in _GET.values())}
    ),
    writes=frozenset(f"iam:{name}" for name in (CREATE, SET_DEFAULT, DELETE, *PUT.values(), *REMOVE.values())),
)


def read_policy(access: Access, arn: str) -> t.Optional[LivePolicy]:
    """A managed policy with all its versions; None where there is none."""
    try:
        answer = access.call("iam", _GET_POLICY, {"PolicyArn": arn})
    except NotFound:
        return None
    record = fields.structure(answer, "Policy")
    listed = list(access.items("iam", LIST_VERSIONS, "Versions", {"PolicyArn": arn}))
    ids = [fields.text(version, "VersionId") for version in listed]
    documents = access.gather({name: functools.partial(_read_version_document, access, arn, name) for name in ids})
    for document in documents.values():
        if isinstance(document, AwsError):
            raise document
    return LivePolicy(
        arn=arn,
        description=fields.optional_text(record, "Description") or "",
        tags=fields.tags(record),
        versions=tuple(
            Version(
                name, fields.flag(version, "IsDefaultVersion"), fields.moment(version, "CreateDate"), documents[name]
            )
            for name, version in zip(ids, listed, strict=True)
        ),
        attachment_count=fields.number(record, "AttachmentCount"),
    )


def _read_version_document(access: Access, arn: str, version: str) -> t.Any:
    answer = access.call("iam", _GET_VERSION, {"PolicyArn": arn, "VersionId": version})
    return policy_document(version, fields.structure(answer, "PolicyVersion").get("Document")).document


def read_default_document(access: Access, arn: str) -> t.Any:
    """Read the present content of a policy; None where there is none."""
    try:
        policy = fields.structure(access.call("iam", _GET_POLICY, {"PolicyArn": arn}), "Policy")
        return _read_version_document(access, arn, fields.text(policy, "DefaultVersionId"))
    except NotFound:
        return None


def reread(access: Access, _now: datetime) -> Callable[[Change], t.Any]:
    """How to read what a change of this module left, in the shape of its ``before`` and ``after``."""
    return functools.partial(_reread, access)


def refuse_other_versions(access: Access, undos: Sequence[Change], _now: datetime) -> dict[str, Refusal]:
    """Refuse the undos that would make another version the default one than the one that their record shows.

    Which version was the default before only the journal tells, and others may write there.
    """
    refused: dict[str, Refusal] = {}
    for undo in undos:
        if undo.operation != SET_DEFAULT:
            continue
        version = str(undo.parameters.get("VersionId"))
        try:
            found = describe_policy(_read_version_document(access, undo.target, version))
        except NotFound:
            found = None
        if found != undo.after:
            reason = f"the version {version} of {undo.target} differs from the state before in the record"
            refused[undo.undoes] = Refusal("undo_mismatch", reason, undo.target, undo.operation)
    return refused


def _reread(access: Access, change: Change) -> t.Any:
    arn = change.target
    if change.operation == DELETE_VERSION:
        return _reread_version(access, arn, change.before["version"])
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


def _reread_version(access: Access, arn: str, version: str) -> dict[str, t.Any]:
    try:
        return {"version": version, "document": _read_version_document(access, arn, version)}
    except NotFound:
        return {"version": version, "document": None}
