# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event history: calls that were seeded, as CloudTrail records them, and LookupEvents to read them.

What the emulator itself is asked is recorded here only where a test asks for it: its request log has that.
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

from emulator.extensions import past
from emulator.extensions.registration import operations_of
from emulator.extensions.state import account_states, clock
from emulator.request_log import Record as RequestRecord
from emulator.wire import CLIENTS_BY_SIGNING_NAME

Record = dict[str, t.Any]

RETENTION: t.Final = timedelta(days=90)
MOST_RESULTS: t.Final = 50
# CloudTrail calls a service as requests to it are signed, and boto3 its client otherwise.
_SOURCES: t.Final[t.Mapping[str, str]] = {
    client: signing for signing, clients in CLIENTS_BY_SIGNING_NAME.items() for client in clients
}
_TIME: t.Final = "%Y-%m-%dT%H:%M:%SZ"


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
    """The resources that LookupEvents shows for an event of IAM, by their names as the request has them."""
    if event["eventSource"] != "iam.amazonaws.com":
        return []
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
) -> None:
    """Note a call of ``user/NAME`` or ``role/NAME``; ``call`` is ``source:EventName`` as CloudTrail names both.

    ``via`` is the service that made the call in the caller's name, ``error`` the code that it failed with.
    """
    source, _colon, name = call.partition(":")
    partition = get_partition(region)
    events = account_states[account_id][partition].events.setdefault(region, [])
    event_id = hashlib.sha256(f"{account_id}{region}{len(events)}".encode()).hexdigest()
    failure = {"errorCode": error, "errorMessage": "the call failed"} if error else {}
    listed = {"resources": [{"ARN": arn, "accountId": account_id} for arn in resources]} if resources else {}
    identity = _identity(account_id, partition, principal, when)
    event: Record = {
        "eventVersion": "1.11",
        "userIdentity": {**identity, **({"invokedBy": via} if via else {})},
        "eventTime": when.strftime(_TIME),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": via or "203.0.113.10",
        "userAgent": via or user_agent or "aws-cli/2.31.0",
        **failure,
        "requestParameters": parameters,
        "responseElements": None,
        "requestID": event_id[32:],
        "eventID": event_id[:32],
        "readOnly": name.startswith(("Describe", "Get", "Head", "List")),
        **listed,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }
    events.append(event)


def find_source(service: str) -> str:
    """The source of the events of a service without its domain, by the name of boto3's client."""
    return _SOURCES.get(service, service)


def record_request(record: RequestRecord, *, kind: str, user_agent: str) -> None:
    """Note a call that the emulator has just answered. Calls on data are in no event history."""
    if record["service"] == "s3" or (record["service"], record["operation"]) == ("sns", "Publish"):
        return
    account_id, region = record["account_id"], record["region"]
    events = account_states[account_id][get_partition(region)].events.setdefault(region, [])
    event_id = hashlib.sha256(f"{account_id}{region}{len(events)}{record['time']}".encode()).hexdigest()
    arn = record["caller_arn"]
    name = {"userName": arn.rpartition("/")[2]} if kind != "role" else {}
    source = find_source(record["service"])
    events.append(
        {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole" if kind == "role" else "IAMUser",
                "arn": arn,
                "accountId": account_id,
                "accessKeyId": record["access_key_id"],
                **name,
            },
            "eventTime": datetime.fromisoformat(record["time"]).strftime(_TIME),
            "eventSource": f"{source}.amazonaws.com",
            "eventName": record["operation"],
            "awsRegion": region,
            "sourceIPAddress": "203.0.113.10",
            "userAgent": user_agent,
            **({"errorCode": record["error_code"], "errorMessage": "refused"} if record["error_code"] else {}),
            "requestParameters": _lower(record["parameters"]) or None,
            "responseElements": None,
            "requestID": event_id[32:],
            "eventID": event_id[:32],
            "readOnly": record["read_only"],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account_id,
            "eventCategory": "Management",
        }
    )


def _lower(value: t.Any) -> t.Any:
    """Parameters as CloudTrail spells them: their names begin with a small letter."""
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _lower(item) for key, item in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _identity(account_id: str, partition: str, principal: str, when: datetime) -> Record:
    """userIdentity: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"""
    kind, _slash, name = principal.partition("/")
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
        "principalId": f"{role.id}:session",
        "arn": f"arn:{partition}:sts::{account_id}:assumed-role/{name}/session",
        "accountId": account_id,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": issuer,
            "attributes": {"creationDate": when.strftime(_TIME), "mfaAuthenticated": "false"},
        },
    }


def lookup_events(response: CloudTrailResponse) -> str:
    """LookupEvents: the newest first, of 90 days, by at most one attribute."""
    attributes = response._get_param("LookupAttributes") or []
    if len(attributes) > 1:
        raise JsonRESTError("InvalidLookupAttributesException", "You can only look up events by one attribute.")
    most = response._get_param("MaxResults") or MOST_RESULTS
    if not 1 <= most <= MOST_RESULTS:
        raise JsonRESTError("InvalidMaxResultsException", f"MaxResults must be 1 to {MOST_RESULTS}.")
    state = account_states[response.current_account][get_partition(response.region)]
    since, until = (_moment(response._get_param(name)) for name in ("StartTime", "EndTime"))
    oldest = (clock() - RETENTION).strftime(_TIME)
    events = [
        event
        for event in (*past.past_of(state, response.region), *state.events.get(response.region, []))
        if max(since, oldest) <= event["eventTime"] <= (until or "9") and all(_fits(event, item) for item in attributes)
    ]
    events.sort(key=lambda event: str(event["eventTime"]), reverse=True)
    start = _start(response._get_param("NextToken"))
    answer: Record = {"Events": [_format_event(event) for event in events[start : start + most]]}
    if start + most < len(events):
        answer["NextToken"] = base64.b64encode(str(start + most).encode()).decode()
    return json.dumps(answer)


def _moment(value: object) -> str:
    return datetime.fromtimestamp(value, UTC).strftime(_TIME) if isinstance(value, (int, float)) else ""


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
        "EventTime": datetime.strptime(event["eventTime"] + "+0000", _TIME + "%z").timestamp(),
        "ReadOnly": str(event["readOnly"]).lower(),
        **({"Username": username(event)} if username(event) else {}),
        "Resources": list_resources(event),
        "CloudTrailEvent": json.dumps(event),
    }


def install() -> None:
    """Add the operation."""
    operations_of(CloudTrailResponse, lookup_events)
