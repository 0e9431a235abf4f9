# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role, its parallel role, and their events, to test the watch with."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Watched
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.roles import WatchedRole
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.tally import WatchTally
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.verdict import (
    Reading,
    conclude,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import KnownPrincipal

from ...._policy.trail.events import ACCOUNT, ASSUMED_ROLE, event

Record = dict[str, t.Any]

OLD: t.Final = f"arn:aws:iam::{ACCOUNT}:role/dev"
NEW: t.Final = f"arn:aws:iam::{ACCOUNT}:role/dev-lp"
OLD_ID: t.Final = "AROAOLDOLDOLDOLDOLD01"
NEW_ID: t.Final = "AROANEWNEWNEWNEWNEW01"
SINCE: t.Final = datetime(2026, 11, 20, 8, tzinfo=UTC)
NOW: t.Final = SINCE + timedelta(days=3)
BUCKET: t.Final = "arn:aws:s3:::reports"
NOT_ALLOWED: t.Final = "because no identity-based policy allows the {action} action"
BY_SCP: t.Final = "with an explicit deny in a service control policy"
IDS: t.Final = {OLD: OLD_ID, NEW: NEW_ID}


def session(arn: str, name: str = "anna", *, unique_id: str = "", **context: t.Any) -> Record:
    """The identity of a session of one of the roles."""
    owner, role = arn.split(":")[4], arn.rpartition("/")[2]
    shown = unique_id or IDS[arn]
    issuer = {"type": "Role", "principalId": shown, "arn": arn, "accountId": owner, "userName": role}
    return {
        **ASSUMED_ROLE,
        "principalId": f"{shown}:{name}",
        "arn": f"arn:aws:sts::{owner}:assumed-role/{role}/{name}",
        "accountId": owner,
        "sessionContext": {"sessionIssuer": issuer, **context},
    }


def at(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def call(arn: str = NEW, action: str = "s3:ListBucket", *, hours: float = 1.0, **fields: t.Any) -> Record:
    """A call of a session of a role, so many hours after the change."""
    service, _colon, name = action.partition(":")
    defaults: Record = {"eventTime": at(SINCE + timedelta(hours=hours)), "userIdentity": session(arn)}
    return event(f"{service}:{name}", **{**defaults, **fields})


def deny(
    arn: str = NEW,
    action: str = "s3:GetBucketPolicy",
    resource: str = BUCKET,
    *,
    reason: str = NOT_ALLOWED,
    hours: float = 1.0,
    **fields: t.Any,
) -> Record:
    """A call that was denied, with the words of AWS."""
    said = f"is not authorized to perform: {action} on resource: {resource} {reason.format(action=action)}"
    user = fields.get("userIdentity", session(arn))["arn"]
    failed = {"errorCode": "AccessDenied", "errorMessage": f"User: {user} {said}".strip()}
    asked = {"requestParameters": {"bucketName": resource.rpartition(":")[2]}}
    return call(arn, action, hours=hours, **{**failed, **asked, **fields})


def open_session(arn: str = OLD, opener: t.Optional[Record] = None, *, hours: float = 1.0, **fields: t.Any) -> Record:
    """The event that opens a session of a role."""
    anna = {
        "type": "IAMUser",
        "principalId": "AIDAJ45Q7YFFAREXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/people/anna",
        "accountId": ACCOUNT,
        "userName": "anna",
    }
    asked = {"roleArn": arn, "roleSessionName": "anna", **fields.pop("asked", {})}
    user = {"assumedRoleId": f"{fields.pop('unique_id', IDS.get(arn, 'AROAOTHER'))}:anna"}
    return event(
        f"sts:{fields.pop('name', 'AssumeRole')}",
        anna if opener is None else opener,
        **{
            "eventTime": at(SINCE + timedelta(hours=hours)),
            "requestParameters": asked,
            "responseElements": {"assumedRoleUser": user},
            **fields,
        },
    )


def parallel(**fields: t.Any) -> WatchedRole:
    return WatchedRole(OLD, SINCE, OLD_ID, NEW, NEW_ID, **fields)


def in_place(**fields: t.Any) -> WatchedRole:
    return WatchedRole(OLD, SINCE, OLD_ID, **fields)


def count(role: WatchedRole, *records: t.Any, now: datetime = NOW) -> WatchTally:
    """Count events; the account is never silent."""
    known = {arn: KnownPrincipal(unique_id) for arn, unique_id in IDS.items()}
    tally = WatchTally([role], account_id=ACCOUNT, now=now, known=known)
    for record in (*records, event("ec2:DescribeRegions", eventTime=at(now - timedelta(hours=1)))):
        tally.add(record)
    return tally


def watch(role: WatchedRole, *records: t.Any, now: datetime = NOW) -> Watched:
    """What is known of a role after these events."""
    return conclude(role, Reading(now, (count(role, *records, now=now),)))


def name_new(watched: Watched) -> list[tuple[str, str, str, int]]:
    """The new denials in short."""
    return [(one.action, one.resource, one.by.value, one.count) for one in watched.new]
