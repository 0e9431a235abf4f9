# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log files of an organization's trail, as CloudTrail puts them into a bucket.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

from __future__ import annotations

import collections
import gzip
import hashlib
import json
import typing as t
from datetime import UTC, datetime

Record = dict[str, t.Any]

#: CloudTrail delivers every five minutes.
_MINUTES: t.Final = 5


def event(
    principal: str,
    action: str,
    *,
    when: datetime,
    region: str = "us-east-1",
    denied_by: t.Optional[str] = None,
    resource: str = "*",
    **fields: t.Any,
) -> Record:
    """A call of a user or role, by ARN; ``action`` is ``s3:ListAllMyBuckets``.

    ``denied_by`` is the kind of policy with the explicit deny, as AWS's message names it: ``service control policy``.
    """
    service, _colon, name = action.partition(":")
    identity = _identity(principal)
    account_id = identity["accountId"]
    digest = hashlib.sha256(f"{principal} {action} {when.isoformat()} {region}".encode()).hexdigest()
    reason = f"{identity['arn']} is not authorized to perform: {action} on resource: {resource}"
    refused = {
        "errorCode": "AccessDenied",
        "errorMessage": f"User: {reason} with an explicit deny in a {denied_by}",
    }
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "aws-cli/2.31.0",
        **(refused if denied_by else {}),
        "requestParameters": None,
        "responseElements": None,
        "requestID": digest[32:],
        "eventID": digest[:32],
        "readOnly": name.startswith(("Describe", "Get", "Head", "List")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
        **fields,
    }


def _identity(principal: str) -> Record:
    _arn, partition, _iam, _region, account_id, path = principal.split(":", 5)
    kind, _slash, rest = path.partition("/")
    name = rest.rpartition("/")[2]
    if kind == "user":
        return {
            "type": "IAMUser",
            "principalId": "AIDAIOSFODNN7EXAMPLE1",
            "arn": principal,
            "accountId": account_id,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": name,
        }
    issuer = {"type": "Role", "principalId": "AROAIOSFODNN7EXAMPLE1", "arn": principal, "accountId": account_id}
    return {
        "type": "AssumedRole",
        "principalId": "AROAIOSFODNN7EXAMPLE1:session",
        "arn": f"arn:{partition}:sts::{account_id}:assumed-role/{name}/session",
        "accountId": account_id,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {"sessionIssuer": {**issuer, "userName": name}, "attributes": {"mfaAuthenticated": "false"}},
    }


def files(events: t.Iterable[Record], organization_id: str, *, salt: str = "") -> dict[str, bytes]:
    """The events in log files, by key: one for each account, region and five minutes.

    With a ``salt`` these are further files, which replace no others.
    """
    grouped: collections.defaultdict[str, list[Record]] = collections.defaultdict(list)
    for record in sorted(events, key=lambda record: (str(record["eventTime"]), str(record["eventID"]))):
        grouped[_key(record, f"{organization_id}{salt}", organization_id)].append(record)
    return {key: gzip.compress(json.dumps({"Records": records}).encode(), mtime=0) for key, records in grouped.items()}


def _key(record: Record, unique_of: str, organization_id: str) -> str:
    when = datetime.fromisoformat(record["eventTime"])
    when = when.replace(minute=when.minute - when.minute % _MINUTES)
    account_id, region = record["recipientAccountId"], record["awsRegion"]
    place = f"{account_id}/CloudTrail/{region}/{when:%Y/%m/%d}"
    name = f"{account_id}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}"
    unique = hashlib.sha256(f"{unique_of} {name}".encode()).hexdigest()[:16]
    return f"AWSLogs/{organization_id}/{place}/{name}_{unique}.json.gz"


class PutsObjects(t.Protocol):
    """A client for S3, of boto3."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> object:
        """Put an object."""


def deliver(client: PutsObjects, bucket: str, events: t.Iterable[Record], *, organization_id: str) -> list[str]:
    """Put the events into a bucket; returns the keys of their files. A file that is there already is replaced."""
    made = files(events, organization_id)
    for key, body in made.items():
        client.put_object(Bucket=bucket, Key=key, Body=body)
    return list(made)
