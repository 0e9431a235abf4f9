# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that an event has a shape that CloudTrail documents.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
import uuid
from collections.abc import Mapping
from datetime import datetime

from ..samples import ACCOUNT

REGION: t.Final = {
    "aws": re.compile(r"(us|eu|ap)-[a-z]+-\d"),
    "aws-cn": re.compile(r"cn-[a-z]+-\d"),
    "aws-us-gov": re.compile(r"us-gov-[a-z]+-\d"),
}
# The fields of the record that every event has, and those that only some have.
ALWAYS: t.Final = {
    *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
    *("userAgent", "requestParameters", "responseElements", "requestID", "eventID", "readOnly", "eventType"),
    *("managementEvent", "recipientAccountId", "eventCategory"),
}
SOMETIMES: t.Final = {"errorCode", "errorMessage", "additionalEventData", "tlsDetails"}
IDENTITY: t.Final = {
    "Root": {"type", "principalId", "arn", "accountId"},
    "IAMUser": {"type", "principalId", "arn", "accountId", "userName"},
    "AssumedRole": {"type", "principalId", "arn", "accountId", "accessKeyId", "sessionContext"},
    "FederatedUser": {"type", "principalId", "arn", "accountId", "accessKeyId", "sessionContext"},
    "AWSAccount": {"type", "principalId", "accountId"},
}
PRINCIPAL: t.Final = {
    "Root": ACCOUNT,
    "IAMUser": r"AIDA[A-Z0-9]{17}",
    "AssumedRole": r"AROA[A-Z0-9]{17}:[\w+=,.@-]+",
    "FederatedUser": rf"{ACCOUNT}:[\w+=,.@-]+",
    "AWSAccount": r"AIDA[A-Z0-9]+:x",
}
RESOURCE: t.Final = {
    "Root": "iam::{}:root",
    "IAMUser": r"iam::{}:user/[\w+=,.@/-]+",
    "AssumedRole": r"sts::{}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+",
    "FederatedUser": r"sts::{}:federated-user/[\w+=,.@-]+",
}


def check_identity(identity: Mapping[str, t.Any], partition: str) -> None:
    """Check a userIdentity against the documentation of its type."""
    kind = identity["type"]
    assert set(identity) - IDENTITY[kind] <= {"accessKeyId", "sessionContext", "invokedBy"}
    assert set(identity) >= IDENTITY[kind]
    assert re.fullmatch(PRINCIPAL[kind], identity["principalId"])
    if kind == "AWSAccount":
        assert identity["accountId"] == "444455556666"
        return
    assert identity["accountId"] == ACCOUNT
    assert re.fullmatch(f"arn:{partition}:{RESOURCE[kind].format(ACCOUNT)}", identity["arn"])
    # AWS's prefixes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    prefix = "ASIA" if "sessionContext" in identity else "AKIA"
    assert re.fullmatch(rf"{prefix}[A-Z0-9]{{16}}", identity.get("accessKeyId", f"{prefix}0123456789ABCDEF"))
    if "sessionContext" in identity:
        check_session(identity["sessionContext"], kind, partition)
    if kind == "IAMUser":
        assert identity["arn"].endswith(f"/{identity['userName']}")
        assert "/" not in identity["userName"]


def check_session(session: Mapping[str, t.Any], kind: str, partition: str) -> None:
    """Check a sessionContext: its attributes, and the issuer of a session that has one."""
    assert set(session["attributes"]) == {"creationDate", "mfaAuthenticated"}
    datetime.strptime(session["attributes"]["creationDate"], "%Y-%m-%dT%H:%M:%SZ")
    assert session["attributes"]["mfaAuthenticated"] == ("true" if kind in ("Root", "IAMUser") else "false")
    issuer = session.get("sessionIssuer")
    of = {"AssumedRole": ("Role", "role", "AROA"), "FederatedUser": ("IAMUser", "user", "AIDA")}.get(kind)
    assert (issuer is None) is (of is None)
    if issuer and of:
        assert set(issuer) == {"type", "principalId", "arn", "accountId", "userName"}
        assert (issuer["type"], issuer["accountId"]) == (of[0], ACCOUNT)
        assert re.fullmatch(rf"{of[2]}[A-Z0-9]{{17}}", issuer["principalId"])
        assert re.fullmatch(rf"arn:{partition}:iam::{ACCOUNT}:{of[1]}/[\w+=,.@/-]+", issuer["arn"])
        assert issuer["arn"].endswith(f"/{issuer['userName']}")
    more = {key: value for key, value in session.items() if key not in ("attributes", "sessionIssuer")}
    provider = f"arn:{partition}:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert more in (
        {},
        {"ec2RoleDelivery": "2.0"},
        {"webIdFederationData": {"federatedProvider": provider, "attributes": {}}},
    )


def check_shape(event: Mapping[str, t.Any], partition: str) -> None:
    """Check the fields of a record that every event has."""
    assert set(event) - ALWAYS <= SOMETIMES
    assert set(event) >= ALWAYS
    assert re.fullmatch(r"1\.(08|09|1\d)", event["eventVersion"])
    datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ")
    assert re.fullmatch(r"[a-z0-9-]+\.amazonaws\.com", event["eventSource"])
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", event["eventName"])
    assert REGION[partition].fullmatch(event["awsRegion"])
    assert event["requestID"] != event["eventID"]
    assert all(uuid.UUID(event[field]) for field in ("requestID", "eventID"))
    assert isinstance(event["readOnly"], bool)
    assert not event["readOnly"] or event["eventName"].startswith(("Describe", "Get", "List", "AssumeRoot"))
    assert event["eventType"] in ("AwsApiCall", "AwsConsoleAction", "AwsConsoleSignIn")
    assert (event["eventType"] == "AwsConsoleSignIn") is (event["eventSource"] == "signin.amazonaws.com")
    assert (event["managementEvent"], event["eventCategory"]) == (True, "Management")
    assert event["recipientAccountId"] == ACCOUNT
    invoked_by = event["userIdentity"].get("invokedBy")
    if invoked_by:
        assert event["sourceIPAddress"] == event["userAgent"] == invoked_by == "cloudformation.amazonaws.com"
    else:
        assert ipaddress.ip_address(event["sourceIPAddress"])
        assert " " in event["userAgent"]
    if "errorCode" in event:
        assert event["requestParameters"] is event["responseElements"] is None
