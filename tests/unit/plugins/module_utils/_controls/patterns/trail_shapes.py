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
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_USER_ID: t.Final = r"AIDA[A-Z0-9]{17}"
_SESSION_ID: t.Final = r"AROA[A-Z0-9]{17}:[\w+=,.@-]{2,64}"
PRINCIPAL: t.Final = {
    "Root": ACCOUNT,
    "IAMUser": _USER_ID,
    "AssumedRole": _SESSION_ID,
    "FederatedUser": rf"{ACCOUNT}:[\w+=,.@-]+",
    "AWSAccount": f"{_USER_ID}|{_SESSION_ID}",
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
        assert re.fullmatch(r"[0-9]{12}", identity["accountId"])
        assert identity["accountId"] != ACCOUNT
        return
    assert identity["accountId"] == ACCOUNT
    assert re.fullmatch(f"arn:{partition}:{RESOURCE[kind].format(ACCOUNT)}", identity["arn"])
    prefix = "ASIA" if "sessionContext" in identity else "AKIA"
    assert re.fullmatch(rf"{prefix}[A-Z0-9]{{16}}", identity.get("accessKeyId", f"{prefix}0123456789ABCDEF"))
    if "sessionContext" in identity:
        check_session(identity["sessionContext"], kind, partition)
    if kind == "IAMUser":
        assert identity["arn"].endswith(f"/{identity['userName']}")
        check_name(identity["userName"])
    if kind in ("AssumedRole", "FederatedUser"):
        assert identity["arn"].endswith(f"/{identity['principalId'].partition(':')[2]}")


def check_name(name: str) -> None:
    """Check the name of a user or a role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
    """
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", name, re.ASCII)


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
        check_name(issuer["userName"])
        check_reserved(issuer["arn"], partition)
    more = {key: value for key, value in session.items() if key not in ("attributes", "sessionIssuer")}
    provider = f"arn:{partition}:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert more in (
        {},
        {"ec2RoleDelivery": "2.0"},
        {"webIdFederationData": {"federatedProvider": provider, "attributes": {}}},
    )


def check_reserved(arn: str, partition: str) -> None:
    """Check that the path of a role of Identity Center has a region of the partition.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
    """
    _role, is_reserved, path = arn.partition(":role/aws-reserved/sso.amazonaws.com/")
    if is_reserved:
        region, _slash, name = path.partition("/")
        assert REGION[partition].fullmatch(region)
        assert region != "us-east-1"
        assert re.fullmatch(r"AWSReservedSSO_[\w+=,.@-]{1,32}_[0-9a-f]{16}", name, re.ASCII)


def check_id(text: str) -> None:
    """Check that an id is a UUID of version 4, spelt as AWS does."""
    assert text == str(uuid.UUID(text))
    assert (uuid.UUID(text).version, uuid.UUID(text).variant) == (4, uuid.RFC_4122)


def check_address(text: str) -> None:
    """Check that an address is one of the internet or of a private network, as calls through endpoints have it."""
    address = ipaddress.ip_address(text)
    assert text == str(address)
    assert address.is_global or text.startswith("10.")
    assert not (address.is_multicast or address.is_reserved)


# A client says its name and version: https://www.rfc-editor.org/rfc/rfc9110#name-user-agent
_PRODUCT: t.Final = r"[\w.-]+/[\w.#]+"
AGENT: t.Final = re.compile(rf"{_PRODUCT}( ({_PRODUCT}|\([^()]+\)))*|AWS Internal")


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
    check_id(event["requestID"])
    check_id(event["eventID"])
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
        check_address(event["sourceIPAddress"])
        assert AGENT.fullmatch(event["userAgent"])
    if "errorCode" in event:
        assert event["requestParameters"] is event["responseElements"] is None
