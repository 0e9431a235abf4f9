# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who wrote identities lately, from recorded events."""

from __future__ import annotations

import json
import typing as t
from datetime import timedelta

from ansible_collections.hardening.iam.plugins.module_utils._aws.errors import AccessDenied
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_containment.work import observe

from ...organization_policy.organizations import DEV
from ...recorded import RecordedAccess
from ..members import NOW, event

RUN: t.Final = f"arn:aws:iam::{DEV}:role/iam-hardening/automation-containment"
DEPLOY: t.Final = f"arn:aws:iam::{DEV}:role/ci/deploy"
MALLORY: t.Final = f"arn:aws:iam::{DEV}:user/mallory"


def make_event(operation: str, role: str = "", **more: t.Any) -> dict[str, t.Any]:
    made = json.loads(event(operation, NOW, {})["CloudTrailEvent"])
    if role:
        issuer = {"type": "Role", "arn": role}
        made["userIdentity"] = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}
    return {"CloudTrailEvent": json.dumps({**made, **more})}


def read(answer: t.Any, *unbound: str) -> observe.Work:
    declared = observe.OPERATIONS.reads
    access: t.Any = RecordedAccess({"cloudtrail:LookupEvents": answer}, account_id=DEV, declared=declared)
    return observe.read_work(lambda: access, NOW, unbound)


def test_the_writers_are_counted_that_the_lock_would_stop() -> None:
    events = [
        make_event("CreateUser", DEPLOY),
        make_event("PutRolePolicy", DEPLOY),
        make_event("CreateAccessKey"),
        # Not locked, denied, not bound, and no event at all.
        make_event("PassRole", DEPLOY),
        make_event("ListUsers", DEPLOY),
        make_event("CreateUser", f"{DEPLOY}-2", errorCode="AccessDenied"),
        make_event("TagUser", RUN),
        {"CloudTrailEvent": "?"},
    ]
    assert read({"Events": events}, RUN) == observe.Work({DEPLOY: 2, MALLORY: 1})
    assert read({"Events": events}, RUN, MALLORY).writes == {DEPLOY: 2}


def test_what_was_not_read_is_not_known() -> None:
    more = read({"Events": [make_event("CreateUser", DEPLOY)], "NextToken": "more"})
    assert more.writes == {DEPLOY: 1} and "more events than the newest 1," in more.unread
    failed = read(AccessDenied("not allowed", code="AccessDenied"))
    assert failed == observe.Work(unread="AccessDenied: not allowed")


def test_events_of_iam_of_the_last_thirty_days_are_asked_for() -> None:
    asked: list[dict[str, t.Any]] = []

    def answer(**given: t.Any) -> t.Any:
        asked.append(given)
        return {"Events": []}

    assert read(answer) == observe.Work()
    (one,) = asked
    assert one["LookupAttributes"] == [{"AttributeKey": "EventSource", "AttributeValue": "iam.amazonaws.com"}]
    assert one["StartTime"] == NOW - timedelta(days=30) and one["MaxResults"] <= 50
