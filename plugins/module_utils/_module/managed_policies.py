# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Live reads of policies: managed ones with their versions, inline ones, and who has one attached."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Sequence
from datetime import datetime

from .._account import fields
from .._account.documents import policy_document
from .._account.policy_versions import LivePolicy, Version, describe_policy
from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._converge.arn import resource_of
from .._converge.change import Change, Refusal

_GET_POLICY: t.Final = "GetPolicy"
_GET_VERSION: t.Final = "GetPolicyVersion"
LIST_VERSIONS: t.Final = "ListPolicyVersions"
_SET_DEFAULT: t.Final = "SetDefaultPolicyVersion"
#: The reads of the content of managed policies.
POLICY_READS: t.Final = frozenset({f"iam:{_GET_POLICY}", f"iam:{_GET_VERSION}"})


def read_policy(access: Access, arn: str) -> t.Optional[LivePolicy]:
    """A managed policy with all its versions; None where there is none."""
    try:
        answer = access.call("iam", _GET_POLICY, {"PolicyArn": arn})
    except NotFound:
        return None
    record = fields.structure(answer, "Policy")
    listed = list(access.items("iam", LIST_VERSIONS, "Versions", {"PolicyArn": arn}))
    ids = [fields.text(version, "VersionId") for version in listed]
    documents = access.gather({name: functools.partial(read_version_document, access, arn, name) for name in ids})
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


def read_version_document(access: Access, arn: str, version: str) -> t.Any:
    answer = access.call("iam", _GET_VERSION, {"PolicyArn": arn, "VersionId": version})
    return policy_document(version, fields.structure(answer, "PolicyVersion").get("Document")).document


def read_default_document(access: Access, arn: str) -> t.Any:
    """Read the present content of a policy; None where there is none."""
    try:
        policy = fields.structure(access.call("iam", _GET_POLICY, {"PolicyArn": arn}), "Policy")
        return read_version_document(access, arn, fields.text(policy, "DefaultVersionId"))
    except NotFound:
        return None


def refuse_other_versions(access: Access, undos: Sequence[Change], _now: datetime) -> dict[str, Refusal]:
    """Refuse the undos that would make another version the default one than the one that their record shows.

    Which version was the default before only the journal tells, and others may write there.
    """
    refused: dict[str, Refusal] = {}
    for undo in undos:
        if undo.operation != _SET_DEFAULT:
            continue
        version = str(undo.parameters.get("VersionId"))
        try:
            found = describe_policy(read_version_document(access, undo.target, version))
        except NotFound:
            found = None
        if found != undo.after:
            reason = f"the version {version} of {undo.target} differs from the state before in the record"
            refused[undo.undoes] = Refusal("undo_mismatch", reason, undo.target, undo.operation)
    return refused


def reread_version(access: Access, arn: str, version: str) -> dict[str, t.Any]:
    try:
        return {"version": version, "document": read_version_document(access, arn, version)}
    except NotFound:
        return {"version": version, "document": None}


def is_attached(access: Access, holder: str, policy_arn: str) -> bool:
    kind, name = split_holder(holder)
    operation = f"ListAttached{kind}Policies"
    try:
        found = access.items("iam", operation, "AttachedPolicies", {f"{kind}Name": name})
        return any(item["PolicyArn"] == policy_arn for item in found)
    except NotFound:
        return False


def read_inline_document(access: Access, holder: str, policy_name: str) -> t.Any:
    kind, name = split_holder(holder)
    try:
        answer = access.call("iam", f"Get{kind}Policy", {f"{kind}Name": name, "PolicyName": policy_name})
    except NotFound:
        return None
    return answer["PolicyDocument"]


def split_holder(holder: str) -> tuple[str, str]:
    """Split an ARN into the kind of principal as operations call it, and the name."""
    kind, _slash, path = resource_of(holder).partition("/")
    return kind.capitalize(), path.rpartition("/")[2]
