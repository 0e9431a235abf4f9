# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One event, with the identity and the fields that CloudTrail writes.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import base64
import hashlib
import typing as t
import uuid
from datetime import datetime, timedelta

from emulator.activity.model import Calls, Session
from emulator.seed.identifiers import access_key_id, unique_id
from emulator.seed.model import Account

Record = dict[str, t.Any]

_TIME: t.Final = "%Y-%m-%dT%H:%M:%SZ"
#: Resource types of data events, by source and name of the event: a trail records them if it selects the type.
#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
DATA: t.Final[t.Mapping[str, tuple[str, frozenset[str]]]] = {
    "s3": (
        "AWS::S3::Object",
        frozenset(
            [
                "AbortMultipartUpload",
                "CompleteMultipartUpload",
                "CopyObject",
                "CreateMultipartUpload",
                "DeleteObject",
                "DeleteObjects",
                "GetObject",
                "GetObjectTagging",
                "HeadBucket",
                "HeadObject",
                "ListObjects",
                "ListObjectVersions",
                "PutObject",
                "PutObjectTagging",
                "UploadPart",
            ]
        ),
    ),
    "lambda": ("AWS::Lambda::Function", frozenset({"Invoke", "InvokeWithResponseStream"})),
    "dynamodb": (
        "AWS::DynamoDB::Table",
        frozenset(
            [
                "BatchExecuteStatement",
                "BatchGetItem",
                "BatchWriteItem",
                "DeleteItem",
                "ExecuteStatement",
                "GetItem",
                "PutItem",
                "Query",
                "Scan",
                "TransactGetItems",
                "TransactWriteItems",
                "UpdateItem",
            ]
        ),
    ),
    "sqs": ("AWS::SQS::Queue", frozenset({"DeleteMessage", "ReceiveMessage", "SendMessage"})),
    "sns": ("AWS::SNS::Topic", frozenset({"Publish", "PublishBatch"})),
}
# Names that do not show whether the call only reads.
_READS: t.Final = frozenset(
    [
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "Decrypt",
        "GenerateDataKey",
        "Query",
        "Scan",
        "StartQuery",
    ]
)


def opening(when: datetime) -> datetime:
    """When the session of a call was opened: each hour has its own."""
    return when.replace(minute=0, second=0, microsecond=0)


def data_type(source: str, name: str) -> str | None:
    """The resource type by which a trail selects an event, or None for a management event."""
    kind, names = DATA.get(source, ("", frozenset()))
    return kind if name in names else None


class Writer:
    """Writes the events of one principal."""

    def __init__(self, account: Account, principal: str, live: tuple[str, str] | None = None) -> None:
        """``live`` are the ARN and the unique id of a principal that the seed does not have."""
        self.account = account
        kind, _slash, self.name = principal.partition("/")
        self.is_role = kind == "role"
        self._live_id = live[1] if live else ""
        holders: t.Mapping[str, t.Any] = account.roles if self.is_role else account.users
        path = holders[self.name].path if live is None else ""
        self.arn = live[0] if live else f"arn:{account.partition}:iam::{account.id}:{kind}{path}{self.name}"

    def unique_id(self, session: Session) -> str:
        """The unique id of the principal. A former one of the same name had another."""
        if self._live_id and not session.earlier:
            return self._live_id
        return unique_id("AROA" if self.is_role else "AIDA", f"{self.arn} before" if session.earlier else self.arn)

    def event(self, calls: Calls, session: Session, when: datetime, region: str, count: int) -> Record:
        """The event of one call; its blanks are filled."""
        source, _colon, name = calls.call.partition(":")
        kind = data_type(source, name)
        identity = self._identity(session, when)
        if calls.via:
            identity["invokedBy"] = calls.via
        fields: Record = {
            "userIdentity": identity,
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "sourceIPAddress": calls.via or session.address,
            "userAgent": calls.via or session.agent,
            **({"errorCode": calls.error, "errorMessage": calls.message} if calls.error else {}),
            "requestParameters": calls.parameters or None,
            "responseElements": None if calls.error else (calls.answer or None),
            "readOnly": name in _READS or name.startswith(("BatchGet", "Describe", "Get", "Head", "List", "Lookup")),
            "managementEvent": kind is None,
            "eventCategory": "Management" if kind is None else "Data",
            **({"vpcEndpointId": session.vpc_endpoint} if session.vpc_endpoint and not calls.via else {}),
            **({"sessionCredentialFromConsole": "true"} if session.console else {}),
            **calls.more,
        }
        resources = self._resources(source, calls, region)
        if resources:
            fields["resources"] = resources
        return self._record(fields, when, region, f"{calls.call} {count} {session.name}")

    def sign_in(self, session: Session, when: datetime, region: str) -> t.Iterator[Record]:
        """The event that opened a session. A user with an access key has none."""
        if not self.is_role:
            return
        kind, _slash, who = session.by.partition("/")
        names = {"oidc": "AssumeRoleWithWebIdentity", "saml": "AssumeRoleWithSAML"}
        tags = [{"key": key, "value": value} for key, value in session.tags.items()]
        given = {
            "roleArn": self.arn,
            "roleSessionName": session.name,
            **({"sourceIdentity": session.source_identity} if session.source_identity else {}),
            **({"tags": tags} if tags else {}),
        }
        answer = {
            "credentials": {
                "accessKeyId": self._key(session, when),
                "expiration": f"{when + timedelta(hours=12):%b %-d, %Y, %-I:%M:%S %p}",
            },
            "assumedRoleUser": {
                "assumedRoleId": f"{self.unique_id(session)}:{session.name}",
                "arn": self._session_arn(session),
            },
        }
        service = who if kind == "service" else None
        fields: Record = {
            "userIdentity": self._opener(kind, who, session),
            "eventSource": "sts.amazonaws.com",
            "eventName": names.get(kind, "AssumeRole"),
            "sourceIPAddress": service or session.address,
            "userAgent": service or session.agent,
            "requestParameters": given,
            "responseElements": answer,
            "readOnly": True,
            "resources": [{"accountId": self.account.id, "type": "AWS::IAM::Role", "ARN": self.arn}],
            "managementEvent": True,
            "eventCategory": "Management",
        }
        yield self._record(fields, when, region, f"sign in {session.name}")

    def _opener(self, kind: str, who: str, session: Session) -> Record:
        account = self.account
        if kind == "service":
            return {"type": "AWSService", "invokedBy": who}
        if kind in ("oidc", "saml"):
            provider = f"arn:{account.partition}:iam::{account.id}:{kind}-provider/{who}"
            audience = f"{provider}:sts.amazonaws.com:{session.subject}"
            web = kind == "oidc"
            return {
                "type": "WebIdentityUser" if web else "SAMLUser",
                "principalId": audience if web else f"{provider}:{session.name}",
                "userName": session.subject or session.name,
                "identityProvider": provider,
            }
        arn = f"arn:{account.partition}:iam::{account.id}:user/{who}"
        return {
            "type": "IAMUser",
            "principalId": unique_id("AIDA", arn),
            "arn": arn,
            "accountId": account.id,
            "accessKeyId": access_key_id(account.id, who),
            "userName": who,
        }

    def _identity(self, session: Session, when: datetime) -> Record:
        account = self.account
        if not self.is_role:
            return self._opener("user", self.name, session) | {"arn": self.arn}
        opened = opening(when)
        issuer = {
            "type": "Role",
            "principalId": self.unique_id(session),
            "arn": self.arn,
            "accountId": account.id,
            "userName": self.name,
        }
        context: Record = {
            "sessionIssuer": issuer,
            "attributes": {"creationDate": f"{opened:{_TIME}}", "mfaAuthenticated": str(session.mfa).lower()},
        }
        kind, _slash, who = session.by.partition("/")
        if kind == "oidc":
            provider = f"arn:{account.partition}:iam::{account.id}:oidc-provider/{who}"
            context["webIdFederationData"] = {"federatedProvider": provider, "attributes": {}}
        if session.source_identity:
            context["sourceIdentity"] = session.source_identity
        if who == "ec2.amazonaws.com":
            context["ec2RoleDelivery"] = "2.0"
        return {
            "type": "AssumedRole",
            "principalId": f"{issuer['principalId']}:{session.name}",
            "arn": self._session_arn(session),
            "accountId": account.id,
            "accessKeyId": self._key(session, when),
            "sessionContext": context,
        }

    def _session_arn(self, session: Session) -> str:
        return f"arn:{self.account.partition}:sts::{self.account.id}:assumed-role/{self.name}/{session.name}"

    def _key(self, session: Session, when: datetime) -> str:
        digest = hashlib.sha256(f"{self.arn} {session.name} {opening(when)}".encode()).digest()
        return f"ASIA{base64.b32encode(digest).decode()[:16]}"

    def _resources(self, source: str, calls: Calls, region: str) -> list[Record]:
        """The resources that the event lists: those of the seed, or those that such events always list."""
        if calls.resources:
            return [
                {"accountId": _owner(arn, self.account.id), "type": kind, "ARN": arn}
                for arn, kind in calls.resources.items()
            ]
        named, partition = calls.parameters, self.account.partition
        place = f"{region}:{self.account.id}"
        if source == "s3" and "bucketName" in named:
            bucket = f"arn:{partition}:s3:::{named['bucketName']}"
            item = {"type": "AWS::S3::Bucket", "ARN": bucket, "accountId": self.account.id}
            key = named.get("key")
            return [*([{"type": "AWS::S3::Object", "ARN": f"{bucket}/{key}"}] if key else []), item]
        if source == "dynamodb" and "tableName" in named:
            arn = f"arn:{partition}:dynamodb:{place}:table/{named['tableName']}"
            return [{"accountId": self.account.id, "type": "AWS::DynamoDB::Table", "ARN": arn}]
        if source == "lambda" and data_type(source, calls.call.partition(":")[2]):
            name, _colon, qualifier = str(named["functionName"]).rpartition(":function:")[2].partition(":")
            qualifier = qualifier or named.get("qualifier", "")
            arn = f"arn:{partition}:lambda:{place}:function:{name}{f':{qualifier}' if qualifier else ''}"
            return [{"accountId": self.account.id, "type": "AWS::Lambda::Function", "ARN": arn}]
        return []

    def _record(self, fields: Record, when: datetime, region: str, salt: str) -> Record:
        digest = hashlib.sha256(f"{self.arn} {region} {when:{_TIME}} {salt}".encode()).hexdigest()
        return {
            "eventVersion": "1.11",
            "eventTime": f"{when:{_TIME}}",
            "awsRegion": region,
            "requestID": str(uuid.UUID(digest[32:])),
            "eventID": str(uuid.UUID(digest[:32])),
            "eventType": "AwsApiCall",
            "recipientAccountId": self.account.id,
            **fields,
        }


def _owner(arn: str, account_id: str) -> str:
    return arn.split(":")[4] or account_id
