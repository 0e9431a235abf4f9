# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event history: calls that were seeded, as CloudTrail records them, and LookupEvents to read them.

What the emulator itself is asked is recorded only where a test asks for it, see ``recorded_events``.
Events are late, and lookups few, likewise: see :mod:`emulator.delays`.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import typing as t
from datetime import UTC, datetime, timedelta

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from emulator.delays import DELAYS
from emulator.extensions import past
from emulator.extensions.registration import operations_of
from emulator.extensions.state import account_states, clock
from emulator.wire import CLIENTS_BY_SIGNING_NAME

Record = dict[str, t.Any]

RETENTION: t.Final = timedelta(days=90)
MOST_RESULTS: t.Final = 50
# CloudTrail calls a service as requests to it are signed, and boto3 its client otherwise.
_SOURCES: t.Final[t.Mapping[str, str]] = {
    client: signing for signing, clients in CLIENTS_BY_SIGNING_NAME.items() for client in clients
}
TIME: t.Final = "%Y-%m-%dT%H:%M:%SZ"
# Later than any moment as text.
_NEVER: t.Final = "9"


def username(event: Record) -> str:
    """The user name that LookupEvents shows: a user's own, or that of a role's session; empty for a service."""
    identity = event["userIdentity"]
    return str(identity.get("userName") or identity.get("arn", "").rpartition("/")[2])


# The parameters of IAM's requests that name a resource, and its type.
_NAMED: t.Final[t.Mapping[str, str]] = {
    "roleName": "AWS::IAM::Role",
    "userName": "AWS::IAM::User",
    "groupName": "AWS::IAM::Group",
    "policyArn": "AWS::IAM::Policy",
    "policyName": "AWS::IAM::Policy",
}


def list_resources(event: Record) -> list[Record]:
    """The resources that LookupEvents shows for an event of IAM, by their names as the request has them.

    Of an assumed role it is the ARN, as the event has it.
    """
    if event["eventSource"] != "iam.amazonaws.com":
        return [
            {"ResourceType": str(one.get("type") or ""), "ResourceName": one["ARN"]}
            for one in event.get("resources") or ()
        ]
    asked = event["requestParameters"] or {}
    return [{"ResourceType": kind, "ResourceName": asked[name]} for name, kind in _NAMED.items() if asked.get(name)]


# What events can be asked for by, and where that stands in one.
_ATTRIBUTES: t.Final[t.Mapping[str, t.Callable[[Record], object]]] = {
    "AccessKeyId": lambda event: event["userIdentity"].get("accessKeyId"),
    "EventId": lambda event: event["eventID"],
    "EventName": lambda event: event["eventName"],
    "EventSource": lambda event: event["eventSource"],
    "ResourceName": lambda event: None,
    "Username": username,
}


def record_call(
    account_id: str,
    region: str,
    *,
    principal: str,
    call: str,
    when: datetime,
    parameters: t.Optional[Record] = None,
    error: t.Optional[str] = None,
    via: t.Optional[str] = None,
    user_agent: t.Optional[str] = None,
    resources: t.Sequence[str] = (),
    session: str = "session",
    answer: t.Optional[Record] = None,
    more: t.Optional[Record] = None,
) -> None:
    """Note a call of ``user/NAME`` or ``role/NAME``; ``call`` is ``source:EventName`` as CloudTrail names both.

    The caller may also be ``account/ID``, as the owner of a role sees one of another account, or ``service/NAME``.
    ``via`` is the service that made the call in the caller's name, ``error`` the code that it failed with. ``more`` are
    further fields, and those of ``userIdentity``.
    """
    source, _colon, name = call.partition(":")
    partition = get_partition(region)
    events = account_states[account_id][partition].events.setdefault(region, [])
    event_id = hashlib.sha256(f"{account_id}{region}{len(events)}".encode()).hexdigest()
    failure = {"errorCode": error, "errorMessage": "the call failed"} if error else {}
    listed = {"resources": [{"ARN": arn, "accountId": account_id} for arn in resources]} if resources else {}
    identity = _identity(account_id, partition, principal, when, session)
    event: Record = {
        "eventVersion": "1.11",
        "userIdentity": {**identity, **({"invokedBy": via} if via else {})},
        "eventTime": when.strftime(TIME),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": via or "203.0.113.10",
        "userAgent": via or user_agent or "aws-cli/2.31.0",
        **failure,
        "requestParameters": parameters,
        "responseElements": answer,
        "requestID": event_id[32:],
        "eventID": event_id[:32],
        "readOnly": name.startswith(("Describe", "Get", "Head", "List")),
        **listed,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }
    further = dict(more or {})
    event["userIdentity"] |= further.pop("userIdentity", {})
    events.append(event | further)


def find_source(service: str) -> str:
    """The source of the events of a service without its domain, by the name of boto3's client."""
    return _SOURCES.get(service, service)


def _identity(account_id: str, partition: str, principal: str, when: datetime, session: str) -> Record:
    """userIdentity: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    kind, _slash, name = principal.partition("/")
    if kind == "account":
        return {"type": "AWSAccount", "principalId": name, "accountId": name}
    if kind == "service":
        return {"type": "AWSService", "invokedBy": name}
    backend = iam_backends[account_id][partition]
    if kind == "user":
        user = backend.get_user(name)
        key = next(iter(user.access_keys), None)
        return {
            "type": "IAMUser",
            "principalId": user.id,
            "arn": user.arn,
            "accountId": account_id,
            "accessKeyId": key.access_key_id if key else "AKIAIOSFODNN7EXAMPLE",
            "userName": name,
        }
    role = backend.get_role(name)
    issuer = {"type": "Role", "principalId": role.id, "arn": role.arn, "accountId": account_id, "userName": name}
    return {
        "type": "AssumedRole",
        "principalId": f"{role.id}:{session}",
        "arn": f"arn:{partition}:sts::{account_id}:assumed-role/{name}/{session}",
        "accountId": account_id,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": issuer,
            "attributes": {"creationDate": when.strftime(TIME), "mfaAuthenticated": "false"},
        },
    }


def lookup_events(response: CloudTrailResponse) -> str:
    """LookupEvents: the newest first, of 90 days, by at most one attribute."""
    if not DELAYS.admits_lookup(response.current_account, response.region):
        raise JsonRESTError("ThrottlingException", "Rate exceeded")
    attributes = response._get_param("LookupAttributes") or []
    if len(attributes) > 1:
        raise JsonRESTError("InvalidLookupAttributesException", "You can only look up events by one attribute.")
    most = response._get_param("MaxResults") or MOST_RESULTS
    if not 1 <= most <= MOST_RESULTS:
        raise JsonRESTError("InvalidMaxResultsException", f"MaxResults must be 1 to {MOST_RESULTS}.")
    state = account_states[response.current_account][get_partition(response.region)]
    since, until = (_moment(response._get_param(name)) for name in ("StartTime", "EndTime"))
    first = max(since, (clock() - RETENTION).strftime(TIME))
    last = min(until or _NEVER, DELAYS.newest(clock()).strftime(TIME) if DELAYS.lateness_seconds else _NEVER)
    events = [
        event
        for event in (*past.past_of(state, response.region), *state.events.get(response.region, []))
        if first <= event["eventTime"] <= last and all(_fits(event, item) for item in attributes)
    ]
    events.sort(key=lambda event: str(event["eventTime"]), reverse=True)
    start = _start(response._get_param("NextToken"))
    answer: Record = {"Events": [_format_event(event) for event in events[start : start + most]]}
    if start + most < len(events):
        answer["NextToken"] = base64.b64encode(str(start + most).encode()).decode()
    return json.dumps(answer)


def _moment(value: object) -> str:
    return datetime.fromtimestamp(value, UTC).strftime(TIME) if isinstance(value, (int, float)) else ""


def _fits(event: Record, attribute: Record) -> bool:
    value = _ATTRIBUTES.get(attribute["AttributeKey"])
    if value is None:
        raise JsonRESTError("InvalidLookupAttributesException", f"{attribute['AttributeKey']} is not emulated.")
    if attribute["AttributeKey"] == "ResourceName":
        return attribute["AttributeValue"] in {item["ResourceName"] for item in list_resources(event)}
    return bool(value(event) == attribute["AttributeValue"])


def _start(token: object) -> int:
    try:
        return int(base64.b64decode(str(token or "MA=="), validate=True))
    except (binascii.Error, ValueError):
        raise JsonRESTError("InvalidNextTokenException", "The token is not valid.") from None


def _format_event(event: Record) -> Record:
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": datetime.strptime(event["eventTime"] + "+0000", TIME + "%z").timestamp(),
        "ReadOnly": str(event["readOnly"]).lower(),
        **({"Username": username(event)} if username(event) else {}),
        "Resources": list_resources(event),
        "CloudTrailEvent": json.dumps(event),
    }


def install() -> None:
    """Add the operation."""
    operations_of(CloudTrailResponse, lookup_events)
