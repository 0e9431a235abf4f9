# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the principals did: from service last accessed, the event history and log files."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account import activity
from ansible_collections.hardening.iam.plugins.module_utils._account.activity import (
    Lookup,
    event_history,
    join_lookups,
    last_accessed,
    look_up,
    uses_of_services,
)
from ansible_collections.hardening.iam.plugins.module_utils._account.model import ServiceUse
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation import catalogue
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.actions import EventReader
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.callers import SkipReason
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WHEN = datetime(2026, 11, 20, tzinfo=UTC)
ALL_OF_SQS = {action.name: None for action in catalogue.actions("sqs").values()}

Record = dict[str, t.Any]


def event(name: str, when: datetime = WHEN, arn: str = ROLE, **fields: t.Any) -> Record:
    return {
        "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn}}},
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        **fields,
    }


# Service last accessed: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html


@pytest.mark.parametrize(
    ("service", "uses"),
    [
        (ServiceUse("sqs", None), []),
        (ServiceUse("sqs", WHEN), [("sqs:*", True)]),
        (ServiceUse("sqs", WHEN, {**ALL_OF_SQS, "CreateQueue": WHEN}), [("sqs:CreateQueue", False)]),
        (ServiceUse("sqs", WHEN, ALL_OF_SQS), [("sqs:*", True)]),
        (ServiceUse("sqs", WHEN, {"CreateQueue": WHEN}), [("sqs:CreateQueue", False), ("sqs:*", True)]),
        (ServiceUse("sqs", WHEN, {"CreateQueue": None}), [("sqs:*", True)]),
        (
            ServiceUse("lambda", WHEN, {"UpdateFunctionCode20150331v2": WHEN}),
            [("lambda:UpdateFunctionCode", False), ("lambda:*", True)],
        ),
        (ServiceUse("dynamodb", WHEN, {"TransactWriteItems": WHEN}), [("dynamodb:*", True)]),
        (
            ServiceUse("sqs", WHEN, {**ALL_OF_SQS, "CreateQueue": WHEN, "New": WHEN}),
            [("sqs:CreateQueue", False), ("sqs:*", True)],
        ),
        (ServiceUse("sqs", WHEN, {**ALL_OF_SQS, "CreateQueue": WHEN, "New": None}), [("sqs:CreateQueue", False)]),
        (ServiceUse("nosuch", WHEN, {"Do": WHEN}), [("nosuch:Do", False), ("nosuch:*", True)]),
    ],
    ids=[
        "never used",
        "service alone",
        "all actions are tracked",
        "used, though none of all its actions was",
        "some actions are tracked",
        "none of the tracked ones was used",
        "dated names",
        "the name of a request, not of an action",
        "an action that nobody knows",
        "an action that nobody knows, and that was not used",
        "an unknown service",
    ],
)
def test_uses_of_services(service: ServiceUse, uses: list[tuple[str, bool]]) -> None:
    found = uses_of_services(ROLE, [service])
    assert [(use.action, use.is_service_level) for use in found] == uses
    assert all((use.last, use.source, use.may_be_denied) == (WHEN, Source.LAST_ACCESSED, True) for use in found)


def test_what_is_tracked_is_not_what_else_it_may_have_been() -> None:
    (_action, service) = uses_of_services(ROLE, [ServiceUse("sqs", WHEN, {"CreateQueue": WHEN, "DeleteQueue": None})])
    assert service.besides == {"sqs:createqueue", "sqs:deletequeue"}


def test_a_name_that_is_no_action_may_have_been_any() -> None:
    """AWS has a date of it, so that something of the service is in use."""
    names = {"PutItem": WHEN, "TransactWriteItems": WHEN}
    *_actions, service = uses_of_services(ROLE, [ServiceUse("dynamodb", WHEN, names)])
    assert (service.action, service.besides) == ("dynamodb:*", frozenset())


@pytest.mark.parametrize("older", [{}, {"CreateQueue": WHEN - timedelta(days=2)}], ids=["no date", "an older date"])
def test_a_use_that_no_action_explains_may_have_been_any(older: dict[str, datetime]) -> None:
    *_actions, service = uses_of_services(ROLE, [ServiceUse("sqs", WHEN, {**ALL_OF_SQS, **older})])
    assert (service.action, service.besides) == ("sqs:*", frozenset())


@pytest.mark.parametrize(
    ("services", "failure", "reason"),
    [(None, "AccessDenied", "AccessDenied"), (None, "", "AWS has no data on it"), ([], "", "AWS has no data on it")],
    ids=["denied", "gone", "an empty list"],
)
def test_no_data_of_last_access_is_a_failure(services: t.Any, failure: str, reason: str) -> None:
    found = last_accessed(ROLE, services, failure=failure)
    assert (found.source.failure, found.uses) == (reason, ())


def test_last_access_says_what_it_does_not_show() -> None:
    found = last_accessed(ROLE, [ServiceUse("sqs", WHEN)], failure="")
    assert (found.source.window_days, found.source.lag, found.source.failure) == (400, "up to 4 hours", None)
    assert any("denied attempts" in spot for spot in found.source.blind_spots)
    assert any("iam:PassRole" in spot for spot in found.source.blind_spots)


# The event history: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html


def answers(*pages: list[Record]) -> Iterator[Record]:
    for number, page in enumerate(pages, start=1):
        token = {"NextToken": str(number)} if number < len(pages) else {}
        yield {"Events": [{"CloudTrailEvent": json.dumps(record)} for record in page], **token}


@pytest.mark.parametrize(
    ("pages", "most", "events", "whole", "waits"),
    [
        ([[]], 5, 0, True, 0),
        ([[event("ListBuckets")]], 1, 1, True, 0),
        ([[event("ListBuckets")], [event("ListBuckets")]], 5, 2, True, 1),
        ([[event("ListBuckets")], [], [event("ListBuckets")]], 5, 2, True, 2),
        ([[event("ListBuckets")], [event("ListBuckets")], [event("ListBuckets")]], 2, 2, False, 1),
    ],
    ids=["none", "one page", "two pages", "an empty page between", "more than are wanted"],
)
def test_pages_are_read_one_by_one_at_the_pace_that_aws_allows(
    pages: list[list[Record]], most: int, events: int, whole: bool, waits: int
) -> None:
    waited: list[float] = []
    found = look_up(answers(*pages), max_pages=most, wait=waited.append, now=NOW)
    assert (len(found.records), found.whole) == (events, whole)
    assert waited == [activity.SECONDS_BETWEEN_LOOKUPS] * waits


def test_a_text_that_is_no_event_is_skipped() -> None:
    lookup = look_up([{"Events": [{"CloudTrailEvent": "{"}, {}]}], max_pages=1, wait=lambda seconds: None, now=NOW)
    found = event_history({"us-east-1": lookup}, {}, EventReader(), now=NOW)
    assert found.skipped == {SkipReason.MALFORMED: 2}


def test_the_event_history_of_all_regions_is_one() -> None:
    lookups = {
        region: Lookup((event("ListBuckets"), event("ListBuckets", arn=OTHER)), whole=True)
        for region in ("us-east-1", "eu-west-1")
    }
    found = event_history(lookups, {}, EventReader(keys=frozenset()), now=NOW)
    assert [(use.action, use.count) for use in found.of(ROLE)] == [("s3:ListAllMyBuckets", 2)]
    assert (found.source.window_days, found.source.records) == (90, 4)
    assert found.source.place == "regions us-east-1, eu-west-1"
    assert found.source.failure is None


def test_the_window_is_as_long_as_the_events_that_were_read() -> None:
    week = NOW - timedelta(days=7)
    newest = Lookup((event("ListBuckets"), event("ListBuckets", week)), whole=False, since=week)
    found = event_history({"us-east-1": newest, "eu-west-1": Lookup((), whole=True)}, {}, EventReader(), now=NOW)
    assert found.source.window_days == 7
    assert "only the 2 newest events of the event history in us-east-1 were read" in found.source.blind_spots


def test_several_questions_reach_as_far_back_as_the_one_that_was_cut_off_first() -> None:
    def ask(days: int, *, pages: int) -> Lookup:
        records = [[event("ListBuckets", NOW - timedelta(days=days))]] * pages
        return look_up(answers(*records), max_pages=1, wait=lambda _seconds: None, now=NOW)

    found = join_lookups([ask(2, pages=2), ask(80, pages=1)])
    assert (len(found.records), found.whole, found.since) == (2, False, NOW - timedelta(days=2))
    history = event_history({"us-east-1": found}, {}, EventReader(), now=NOW, others=())
    assert (history.source.window_days, history.source.is_whole) == (2, False)


def test_a_lookup_that_was_cut_off_before_its_first_event_reaches_nowhere() -> None:
    empty = look_up(answers([], [event("ListBuckets")]), max_pages=1, wait=lambda _seconds: None, now=NOW)
    found = event_history({"us-east-1": empty}, {}, EventReader(), now=NOW, others=())
    assert found.source.window_days == 0
    assert "only the 0 newest events of the event history in us-east-1 were read" in found.source.blind_spots


@pytest.mark.parametrize(
    ("failures", "others", "blind", "whole"),
    [
        ({}, (), None, True),
        ({"eu-west-1": "denied"}, (), "the event history in eu-west-1 could not be read: denied", False),
        ({}, ("eu-west-1", "eu-west-2"), "the event history of 2 other regions was not read (regions)", False),
        ({}, None, "it is not known whether the account has other regions", False),
    ],
    ids=["all regions", "one fails", "others", "unknown"],
)
def test_the_event_history_is_whole_with_all_regions(
    failures: dict[str, str], others: t.Optional[tuple[str, ...]], blind: t.Optional[str], whole: bool
) -> None:
    lookups = {"us-east-1": Lookup((event("ListBuckets"),), whole=True)}
    found = event_history(lookups, failures, EventReader(), now=NOW, others=others)
    assert found.source.is_whole is whole
    enough = event_history(lookups, failures, EventReader(), now=NOW, others=others, is_enough=True)
    assert enough.source.is_whole is (not failures)
    assert blind is None or any(spot.startswith(blind) for spot in found.source.blind_spots)


def test_a_region_that_fails_is_told_of() -> None:
    found = event_history({"us-east-1": Lookup((), whole=True)}, {"eu-west-1": "denied"}, EventReader(), now=NOW)
    assert found.source.failure is None
    assert "the event history in eu-west-1 could not be read: denied" in found.source.blind_spots
    assert found.source.gaps == ("the event history in eu-west-1 could not be read: denied",)
    lookups = {"us-east-1": Lookup((), whole=True)}
    found = event_history(lookups, {"eu-west-1": "not enabled"}, EventReader(), now=NOW, closed={"eu-west-1"})
    assert found.source.gaps == ()
    found = event_history({}, {"eu-west-1": "denied"}, EventReader(), now=NOW)
    assert found.source.failure == "eu-west-1: denied"
