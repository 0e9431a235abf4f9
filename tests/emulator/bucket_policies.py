# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the policies of buckets deny. moto itself looks at no condition of them, so it is not asked.

Only deny statements count: everybody else may make every call, so nobody needs one that allows. They apply to
everybody that they name, administrators of the bucket's own account included. The emulator has no TLS: a call counts
as made with it, as all calls to AWS are by default.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
"""

from __future__ import annotations

import typing as t

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from emulator import errors
from emulator.extensions.statements import Statement, parse_statements
from emulator.identity import Caller
from emulator.wire import Answer, Call

Contexts = dict[str, list[str]]

#: Operations whose permission has another name; all others need the one of their own name:
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_ACTIONS: t.Final[t.Mapping[str, str]] = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "UploadPart": "PutObject",
}
# Those that make an object, as AWS's key s3:ObjectCreationOperation says. A part of an upload makes none.
_CREATING: t.Final = ("CompleteMultipartUpload", "CopyObject", "PutObject")
# The headers that condition keys are made of, by the names of the parameters.
_KEYS: t.Final[t.Mapping[str, str]] = {
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


def install() -> None:
    """Keep moto from denying what a statement with a condition allows."""
    FakeBucket.get_permission = lambda _bucket, _action, _resource: PermissionResult.NEUTRAL


def refusal(call: Call, caller: Caller) -> Answer | None:
    """The error that this caller gets for the call by the policy of the bucket, or None if it denies nothing."""
    bucket = _find_bucket(str(call.parameters.get("Bucket", ""))) if call.service == "s3" else None
    if bucket is None or not bucket.policy:
        return None
    document = bucket.policy.decode() if isinstance(bucket.policy, bytes) else str(bucket.policy)
    statements = [found for found in parse_statements(bucket.name, document) if not found.allow]
    context = _context(call, caller)
    for action, resource in list_requests(call, bucket.name, caller.partition):
        if any(_denies(found, action, resource, caller, context) for found in statements):
            message = f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource!r} with an "
            return errors.access_denied(call, f"{message}explicit deny in a resource-based policy")
    return None


def _find_bucket(name: str) -> FakeBucket | None:
    """Find a bucket by its name, which no other account of the partition has."""
    for account in s3_backends.values():
        for backend in account.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None


def list_requests(call: Call, bucket: str, partition: str) -> t.Iterator[tuple[str, str]]:
    """The authorizations of a call: a permission and the bucket, or one of its objects."""
    start = f"arn:{partition}:s3:::{bucket}"
    if call.operation == "DeleteObjects":
        for entry in (call.parameters.get("Delete") or {}).get("Objects") or ():
            yield _deletion(entry), f"{start}/{entry.get('Key')}"
        return
    key = call.parameters.get("Key")
    action = f"s3:{_ACTIONS.get(call.operation, call.operation)}"
    if call.operation == "DeleteObject":
        action = _deletion(call.parameters)
    if str(call.parameters.get("BypassGovernanceRetention")).lower() == "true":
        yield "s3:BypassGovernanceRetention", f"{start}/{key}"
    yield action, f"{start}/{key}" if key else start


def _deletion(entry: t.Mapping[str, t.Any]) -> str:
    return "s3:DeleteObjectVersion" if entry.get("VersionId") else "s3:DeleteObject"


def _context(call: Call, caller: Caller) -> Contexts:
    given = {key: [str(call.parameters[name])] for name, key in _KEYS.items() if call.parameters.get(name)}
    return {
        "aws:principalarn": [caller.principal_arn],
        "aws:securetransport": ["true"],
        "s3:objectcreationoperation": [str(call.operation in _CREATING).lower()],
        "s3:tlsversion": ["1.3"],
        **given,
    }


def _denies(statement: Statement, action: str, resource: str, caller: Caller, context: Contexts) -> bool:
    names = (caller.arn, caller.principal_arn, caller.account_id)
    is_named = "*" in statement.principals or any(name in statement.principals for name in names)
    return is_named and statement.covers(action, resource) and statement.holds(context)
