# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Events in the shapes that CloudTrail documents, made by callers of every kind.

A filter or a rule is judged by the events that it catches. Events of one shape would prove too little: a filter for one
kind of caller, one region or one field that other events lack would pass.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..control import listing

Event = Mapping[str, t.Any]

API_CALL: t.Final = "AwsApiCall"
CONSOLE_ACTION: t.Final = "AwsConsoleAction"
SIGN_IN: t.Final = "AwsConsoleSignIn"
_REGIONS: t.Final = {
    "aws": ("us-east-1", "eu-west-1", "ap-southeast-2"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}
# Users sign in at one of these or at a regional address, root in us-east-1 alone.
_SIGN_IN_REGIONS: t.Final = {**_REGIONS, "aws": ("us-east-2", "eu-north-1", "ap-southeast-2", "eu-west-1")}
_VERSIONS: t.Final = ("1.08", "1.09", "1.11")
# A part of all names, which nobody's filter names: one that leaves out a pipeline of that name is none of ours.
_MARK: t.Final = "5f1c9e"
# Addresses of https://www.rfc-editor.org/rfc/rfc5737 and https://www.rfc-editor.org/rfc/rfc3849
_ADDRESSES: t.Final = ("192.0.2.17", "198.51.100.203", "2001:db8::6f4c:11", "203.0.113.64", "10.1.42.9")
_AGENTS: t.Final = (
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13.7",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 terraform-provider-aws/6.15.0 aws-sdk-go-v2/1.39.2",
    "Boto3/1.40.49 md/Botocore#1.40.49 ua/2.1 os/linux lang/python#3.11.2",
    "AWS Internal",
)


@dataclasses.dataclass(frozen=True)
class Sample:
    """An event, and in words which one it is and of whom."""

    name: str
    by: str
    event: Event


@dataclasses.dataclass(frozen=True)
class Caller:
    """Somebody who makes events: in words, and as ``userIdentity`` has it."""

    by: str
    identity: Mapping[str, t.Any]
    source: str = ""


@dataclasses.dataclass(frozen=True)
class Place:
    """The account that the events happen in."""

    account_id: str
    partition: str

    @property
    def regions(self) -> Sequence[str]:
        """Regions of the partition."""
        return _REGIONS.get(self.partition, _REGIONS["aws"])

    @property
    def sign_in_regions(self) -> Sequence[str]:
        """Regions that record sign-ins of users."""
        return _SIGN_IN_REGIONS.get(self.partition, _REGIONS["aws"])

    def arn(self, service: str, resource: str) -> str:
        """An ARN of the account, of a service that knows no regions."""
        return f"arn:{self.partition}:{service}::{self.account_id}:{resource}"


def root(place: Place) -> Caller:
    """The root user with a password."""
    return Caller(
        "root",
        {
            "type": "Root",
            "principalId": place.account_id,
            "arn": place.arn("iam", "root"),
            "accountId": place.account_id,
            "accessKeyId": "ASIAEXAMPLEROOTSESSN",
            "sessionContext": {"attributes": {"creationDate": "2026-01-05T08:11:07Z", "mfaAuthenticated": "true"}},
        },
    )


def user(place: Place, name: str = f"alice-{_MARK}", *, console: bool = False) -> Caller:
    """A user of IAM, with an access key or at the console."""
    identity = {
        "type": "IAMUser",
        "principalId": "AIDAJ45Q7YFFAREXAMPLE",
        "arn": place.arn("iam", f"user/{name}"),
        "accountId": place.account_id,
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "userName": name.rpartition("/")[2],
    }
    if not console:
        return Caller("an IAM user", identity)
    session = {"attributes": {"creationDate": "2026-02-11T14:03:52Z", "mfaAuthenticated": "true"}}
    return Caller(
        "an IAM user at the console",
        {**identity, "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionContext": session},
    )


def role(place: Place, path: str, session: str, by: str, **more: t.Any) -> Caller:
    """A session of a role. ``more`` are members of its ``sessionContext``."""
    name = path.rpartition("/")[2]
    return Caller(
        by,
        {
            "type": "AssumedRole",
            "principalId": f"AROAIDPPEZS35WEXAMPLE:{session}",
            "arn": place.arn("sts", f"assumed-role/{name}/{session}"),
            "accountId": place.account_id,
            "accessKeyId": "ASIAEXAMPLEOFSESSION",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAIDPPEZS35WEXAMPLE",
                    "arn": place.arn("iam", f"role/{path}"),
                    "accountId": place.account_id,
                    "userName": name,
                },
                "attributes": {"creationDate": "2026-03-02T01:06:28Z", "mfaAuthenticated": "false"},
                **more,
            },
        },
    )


def callers(place: Place) -> tuple[Caller, ...]:
    """Every kind of caller that may change something in an account."""
    reserved = f"aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Operator{_MARK}_0123456789abcdef"
    provider = place.arn("iam", "oidc-provider/token.actions.githubusercontent.com")
    stack = role(place, f"stack-{_MARK}", "AWSCloudFormation", "a service with a role")
    return (
        user(place),
        role(place, f"server-{_MARK}", "i-0abc12de34f567890", "a role", ec2RoleDelivery="2.0"),
        root(place),
        role(place, reserved, "ana@example.com", "a person of Identity Center"),
        user(place, f"bob-{_MARK}", console=True),
        dataclasses.replace(
            stack,
            identity={**stack.identity, "invokedBy": "cloudformation.amazonaws.com"},
            source="cloudformation.amazonaws.com",
        ),
        role(
            place,
            f"pipeline-{_MARK}",
            "GitHubActions",
            "a role by web identity",
            webIdFederationData={"federatedProvider": provider, "attributes": {}},
        ),
        federated(place),
    )


def federated(place: Place) -> Caller:
    """A session of GetFederationToken, which may call neither IAM nor, but for one operation, STS."""
    issuer = {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLEOFBROKER00",
        "arn": place.arn("iam", f"user/broker-{_MARK}"),
        "accountId": place.account_id,
        "userName": f"broker-{_MARK}",
    }
    attributes = {"creationDate": "2026-04-21T09:30:00Z", "mfaAuthenticated": "false"}
    return Caller(
        "a federated user",
        {
            "type": "FederatedUser",
            "principalId": f"{place.account_id}:carol-{_MARK}",
            "arn": place.arn("sts", f"federated-user/carol-{_MARK}"),
            "accountId": place.account_id,
            "accessKeyId": "ASIAEXAMPLEFEDERATED",
            "sessionContext": {"sessionIssuer": issuer, "attributes": attributes},
        },
    )


def foreign_account() -> Caller:
    """Another account, of whose principal CloudTrail records no more."""
    identity = {"type": "AWSAccount", "principalId": "AIDAEXAMPLEOFANOTHER:x", "accountId": "444455556666"}
    return Caller("another account", identity)


class Recorder:
    """Makes events in one account; each differs from the one before it in region, address, program and version."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._number = itertools.count()

    def call(self, caller: Caller, service: str, name: str, **more: t.Any) -> Event:
        """A call of an API; ``more`` are further members of the record, in place of the usual ones."""
        number = next(self._number)
        regions = self._place.regions
        return {
            "eventVersion": _VERSIONS[number % len(_VERSIONS)],
            "userIdentity": caller.identity,
            "eventTime": f"2026-05-{number % 28 + 1:02}T{number % 24:02}:17:{number % 60:02}Z",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            # Services without regions record their events in one.
            "awsRegion": regions[0 if service in ("iam", "organizations") else number % len(regions)],
            "sourceIPAddress": caller.source or _ADDRESSES[number % len(_ADDRESSES)],
            "userAgent": caller.source or _AGENTS[number % len(_AGENTS)],
            "requestParameters": {f"parameter{number}": "value"},
            "responseElements": {"_return": True} if number % 2 else None,
            "requestID": f"3cc97d1e-0f5a-4a6e-9b0c-{number:012}",
            "eventID": f"8f1b5c44-77d0-4c2f-8a39-{number:012}",
            "readOnly": False,
            "eventType": API_CALL,
            "managementEvent": True,
            "recipientAccountId": self._place.account_id,
            "eventCategory": "Management",
            **more,
        }

    def calls(self, service: str, names: Sequence[str]) -> Iterator[Sample]:
        """Each of ``names`` by every kind of caller."""
        for name in names:
            for caller in callers(self._place):
                if service != "iam" or caller.identity["type"] != "FederatedUser":
                    yield Sample(name, caller.by, self.call(caller, service, name))

    def refused(self, caller: Caller, service: str, name: str, code: str) -> Sample:
        """A call that was not authorized."""
        message = "You are not authorized to perform this operation."
        error = {"errorCode": code, "errorMessage": message, "requestParameters": None, "responseElements": None}
        event = self.call(caller, service, name, readOnly=name.startswith(("Describe", "Get", "List")), **error)
        return Sample(f"{code} of {service}", caller.by, event)

    def sign_in(self, caller: Caller, *, mfa: str, result: str = "Success", region: str = "") -> Event:
        """A sign-in to the console, as one tries to or succeeds in it."""
        event = self.call(caller, "signin", "ConsoleLogin", eventType=SIGN_IN)
        regions = self._place.sign_in_regions
        failed = {"errorMessage": "Failed authentication"} if result == "Failure" else {}
        address = f"https://{event['awsRegion']}.console.aws.amazon.com/console/home"
        return {
            **event,
            **failed,
            "awsRegion": region or regions[int(event["eventID"][-12:]) % len(regions)],
            "requestParameters": None,
            "responseElements": {"ConsoleLogin": result},
            "additionalEventData": {"LoginTo": address, "MobileVersion": "No", "MFAUsed": mfa},
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        }


def by_whom(samples: Sequence[Sample], missed: Sequence[Sample]) -> str:
    """The callers whose events were missed, in the shorter of two ways; empty where those of all were.

    Not every caller makes every event, so only events of the missed names count.
    """
    names, of_missed = {sample.name for sample in missed}, {sample.by for sample in missed}
    caught = {sample.by for sample in samples if sample.name in names} - of_missed
    if not caught:
        return ""
    return f" unless by {listing(caught)}" if len(caught) < len(of_missed) else f" by {listing(of_missed)}"
