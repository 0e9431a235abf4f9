# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of what the emulator itself is asked, and their delivery to the trail of the organization.

A role of another account that is assumed has its event there too, with the same sharedEventID:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/shared-event-ID.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

import hashlib
import re
import typing as t
import uuid
from datetime import datetime

from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

from emulator import trail_logs
from emulator.delays import DELAYS
from emulator.extensions.cloudtrail_events import TIME, Record, find_source
from emulator.extensions.sessions import existing_state
from emulator.extensions.state import AccountState, Session, account_states, clock
from emulator.identity import Caller
from emulator.request_log import Record as RequestRecord
from emulator.wire import Answer

_KEY: t.Final = re.compile(r"<AccessKeyId>(A[KS]IA\w+)</AccessKeyId>")
_EXPIRES: t.Final = "%b %-d, %Y, %-I:%M:%S %p"
_WEB_IDENTITY: t.Final = {"type": "WebIdentityUser"}
_TYPES: t.Final = {"role": "AssumedRole", "root": "Root", "federated": "FederatedUser"}


def record_request(record: RequestRecord, caller: Caller, *, user_agent: str, answer: Answer) -> None:
    """Note a call that the emulator has just answered. Calls on data are in no event history."""
    if record["service"] == "s3" or (record["service"], record["operation"]) == ("sns", "Publish"):
        return
    account_id, region = record["account_id"], record["region"]
    by_token = record["operation"] == "AssumeRoleWithWebIdentity" and record["parameters"].get("RoleArn")
    if by_token:
        # Nobody signed it, so only the account of the role has it.
        account_id = str(by_token).split(":")[4]
    partition = get_partition(region)
    events = account_states[account_id][partition].events.setdefault(region, [])
    event_id = hashlib.sha256(f"{account_id}{region}{len(events)}{record['time']}".encode()).hexdigest()
    made = None if record["error_code"] else _made(record, partition, answer.body)
    event: Record = {
        "eventVersion": "1.11",
        "userIdentity": _WEB_IDENTITY if by_token else _identity(record, caller),
        "eventTime": datetime.fromisoformat(record["time"]).strftime(TIME),
        "eventSource": f"{find_source(record['service'])}.amazonaws.com",
        "eventName": record["operation"],
        "awsRegion": region,
        "sourceIPAddress": "203.0.113.10",
        "userAgent": user_agent,
        **({"errorCode": record["error_code"], "errorMessage": "refused"} if record["error_code"] else {}),
        "requestParameters": _lower(record["parameters"]) or None,
        "responseElements": made,
        "requestID": _request_id(answer) or event_id[32:],
        "eventID": event_id[:32],
        "readOnly": record["read_only"],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }
    target = str(record["parameters"].get("RoleArn") or "")
    if record["service"] == "sts" and made and target:
        _record_assumption(event, events, target, account_id)
    else:
        events.append(event)


def _request_id(answer: Answer) -> str:
    """The id of the request that the answer told the caller; empty if it had no answer."""
    return next((value for name, value in answer.headers if name.lower() == "x-amzn-requestid"), "")


def _record_assumption(event: Record, events: list[Record], role_arn: str, account_id: str) -> None:
    """The event of an assumed role; in its own account the caller is seen as one of another account."""
    owner = role_arn.split(":")[4]
    event["resources"] = [{"accountId": owner, "type": "AWS::IAM::Role", "ARN": role_arn}]
    events.append(event)
    if owner == account_id:
        return
    event["sharedEventID"] = str(uuid.uuid5(uuid.NAMESPACE_URL, event["eventID"]))
    identity = event["userIdentity"]
    seen = {"type": "AWSAccount", "principalId": identity["principalId"], "accountId": account_id}
    other = {**event, "userIdentity": seen, "recipientAccountId": owner}
    other["eventID"] = hashlib.sha256(f"{event['eventID']} {owner}".encode()).hexdigest()[:32]
    region, partition = event["awsRegion"], role_arn.split(":")[1]
    account_states[owner][partition].events.setdefault(region, []).append(other)


def _identity(record: RequestRecord, caller: Caller) -> Record:
    state = existing_state(caller.account_id, caller.partition)
    session = state.sessions.get(record["access_key_id"]) if state else None
    name = {} if caller.kind == "role" else {"userName": caller.arn.rpartition("/")[2]}
    return {
        "type": _TYPES.get(caller.kind, "IAMUser"),
        "principalId": f"{session.owner_id}:{session.name}" if session and caller.kind == "role" else caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": record["access_key_id"],
        **name,
        **({"sessionContext": _context(session, caller)} if session else {}),
    }


def _context(session: Session, caller: Caller) -> Record:
    issuer: Record = {}
    if session.kind == "role":
        issuer["sessionIssuer"] = {
            "type": "Role",
            "principalId": session.owner_id,
            "arn": caller.principal_arn,
            "accountId": caller.account_id,
            "userName": caller.principal_arn.rpartition("/")[2],
        }
    elif session.kind == "federated":
        issuer["sessionIssuer"] = {
            "type": "IAMUser",
            "principalId": session.owner_id,
            "arn": session.assumed_by,
            "accountId": caller.account_id,
            "userName": session.assumed_by.rpartition("/")[2],
        }
    return {
        **issuer,
        "attributes": {
            "creationDate": session.issued.strftime(TIME),
            "mfaAuthenticated": str(session.mfa).lower(),
        },
        **({"sourceIdentity": session.source_identity} if session.source_identity else {}),
    }


def _made(record: RequestRecord, partition: str, body: bytes) -> Record | None:
    """The part of the answer that says which credentials were made; of other answers nothing."""
    found = _KEY.search(body.decode("utf-8", "replace")) if record["service"] in ("iam", "sts") else None
    if found is None:
        return None
    if record["operation"] == "CreateAccessKey":
        user = record["parameters"].get("UserName") or record["caller_arn"].rpartition("/")[2]
        return {"accessKey": {"accessKeyId": found[1], "userName": user, "status": "Active"}}
    role_arn = str(record["parameters"].get("RoleArn") or "")
    state = existing_state(role_arn.split(":")[4] if role_arn else record["account_id"], partition)
    session = state.sessions.get(found[1]) if state else None
    if session is None:
        return None
    answer: Record = {
        "credentials": {"accessKeyId": found[1], "expiration": session.expires.strftime(_EXPIRES)},
    }
    if role_arn:
        account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        answer["assumedRoleUser"] = {
            "assumedRoleId": f"{session.owner_id}:{session.name}",
            "arn": f"arn:{partition}:sts::{account}:assumed-role/{name}/{session.name}",
        }
    if session.source_identity:
        answer["sourceIdentity"] = session.source_identity
    return answer


def _lower(value: t.Any) -> t.Any:
    """Parameters as CloudTrail spells them: their names begin with a small letter."""
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _lower(item) for key, item in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value


# The trail of the organization


def keep_trail(owner: AccountState, bucket: str, organization_id: str, accounts: t.Iterable[AccountState]) -> None:
    """Deliver the events of these accounts to a bucket: those that are old enough now, the others later."""
    owner.trail = (bucket, organization_id, tuple((state.account_id, state.partition) for state in accounts))
    deliver_due(s3_backends[owner.account_id][owner.partition], owner, is_first=True)


def deliver_due(storage: S3Backend, owner: AccountState, *, is_first: bool = False) -> None:
    """Put the events that have become old enough into the bucket. Without a delay there are those of the seed only."""
    if owner.trail is None or not (is_first or DELAYS.lateness_seconds):
        return
    # Putting an object looks into the bucket, too.
    trail, owner.trail = owner.trail, None
    bucket, organization_id, accounts = trail
    newest = f"{DELAYS.newest(clock()):{TIME}}"
    try:
        for account_id, partition in accounts:
            due = [
                event
                for events in account_states[account_id][partition].events.values()
                for event in events
                if event["eventID"] not in owner.delivered
                and (not DELAYS.lateness_seconds or event["eventTime"] <= newest)
            ]
            salt = "" if is_first else f" {len(owner.delivered)}"
            owner.delivered.update(event["eventID"] for event in due)
            for key, content in trail_logs.files(due, organization_id, salt=salt).items():
                storage.put_object(bucket, key, content)
    finally:
        owner.trail = trail


def install() -> None:
    """Deliver to the bucket before anybody looks into it."""
    get = S3Backend.get_bucket

    def get_bucket(self: S3Backend, bucket_name: str) -> FakeBucket:
        state = existing_state(self.account_id, self.partition)
        if state is not None and state.trail is not None and state.trail[0] == bucket_name:
            deliver_due(self, state)
        return get(self, bucket_name)

    S3Backend.get_bucket = get_bucket
