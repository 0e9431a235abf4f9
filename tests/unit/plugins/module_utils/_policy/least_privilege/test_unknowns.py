# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.generate import (
    Generated,
    make_record_for_proof,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.least_privilege.unknowns import Unused, Verdict
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    LogClass,
    Record,
    ServiceCoverage,
    Status,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import Source, Use

from .samples import (
    ACCOUNT,
    ADMIN,
    DAY,
    NOW,
    accessed,
    allow,
    blind,
    call,
    cover,
    make_record,
    run,
    settings,
    statements_of,
)

EU: t.Final = f"eu-west-1:{ACCOUNT}"
TABLE: t.Final = f"arn:aws:dynamodb:{EU}:table/orders"
USED: t.Final = call("dynamodb:GetItem", TABLE)
SEND: t.Final = call("sqs:SendMessage", f"arn:aws:sqs:{EU}:in")


def judge(action: str, record: Record, **more: t.Any) -> tuple[str, str]:
    """The list that an action is in, and why."""
    found = run([allow(["dynamodb:*", "sqs:*", "athena:*", "s3:*", "cloudwatch:*", "iam:*"])], record=record, **more)
    for name in ("kept", "removed", "unknown"):
        for item in getattr(found, name):
            if item.action == action:
                return name, item.why
    return "missing", ""


JUDGED: t.Final = {
    "complete and never accessed": ("sqs:DeleteQueue", make_record(USED), "removed", "not accessed in 400 days"),
    "calls of an incident explain the date of a service": (
        "sqs:CreateQueue",
        make_record(USED, accessed("sqs:*", 2), left_out=(SEND,)),
        Verdict.REMOVED,
        "no call in a complete record of 90 days; calls that exclude_evidence leaves out of the service explain its "
        "date of last access",
    ),
    "a refused call of an incident explains its date": (
        "iam:CreateUser",
        make_record(USED, accessed("iam:CreateUser", 2), left_out=(call("iam:CreateUser"),)),
        Verdict.REMOVED,
        "no call in a complete record of 90 days; calls that exclude_evidence leaves out of the service explain its "
        "date of last access",
    ),
    "nothing that is checked within calls of an incident": (
        "iam:UpdateAccountName",
        make_record(USED, accessed("iam:ListUsers", 2), left_out=(call("iam:ListUsers"),)),
        Verdict.REMOVED,
        "not accessed in 400 days",
    ),
    "a date after the calls of an incident": (
        "sqs:CreateQueue",
        make_record(USED, accessed("sqs:*", 1), left_out=(SEND,)),
        Verdict.UNKNOWN,
        "last accessed 2026-11-27, 1 days ago, and no recorded call explains it",
    ),
    "calls of an incident in a record that is not complete": (
        "sqs:CreateQueue",
        make_record(USED, accessed("sqs:*", 2), left_out=(SEND,), but=[cover("sqs", write=False)]),
        Verdict.UNKNOWN,
        "last accessed",
    ),
    "complete, last accessed unread": (
        "sqs:DeleteQueue",
        make_record(USED, last_accessed=False),
        "removed",
        "no call in a complete record of 90 days; service last accessed was not read",
    ),
    "the quarter-end job": (
        "athena:StartQueryExecution",
        make_record(USED, accessed("athena:*", 120)),
        "unknown",
        "120 days ago, and no recorded call explains it",
    ),
    "the action of a quarter-end job": (
        "athena:StartQueryExecution",
        make_record(USED, accessed("athena:StartQueryExecution", 120)),
        "unknown",
        "last accessed 2026-07-31",
    ),
    "another tracked action of a quarter-end job": (
        "athena:GetQueryResults",
        make_record(USED, accessed("athena:*", 120, besides=["athena:getqueryresults"])),
        "removed",
        "not accessed in 400 days",
    ),
    "accessed longer ago than 400 days": (
        "athena:StartQueryExecution",
        make_record(USED, accessed("athena:*", 401)),
        "removed",
        "longer ago than assume_unused_after",
    ),
    "explained by a call": (
        "sqs:DeleteQueue",
        make_record(USED, SEND, accessed("sqs:*", 2)),
        "removed",
        "recorded calls of the service explain its date of last access",
    ),
    "explained by a denied call": (
        "sqs:DeleteQueue",
        make_record(USED, accessed("sqs:*", 2), denied=(call("sqs:CreateQueue", f"arn:aws:sqs:{EU}:x"),)),
        "removed",
        "explain",
    ),
    "accessed after the last recorded call": (
        "sqs:DeleteQueue",
        make_record(USED, SEND, accessed("sqs:*", 1)),
        "unknown",
        "no recorded call explains it",
    ),
    "data events are not logged, and it was accessed": (
        "s3:GetObject",
        make_record(USED, accessed("s3:*", 9), call("s3:ListAllMyBuckets"), but=[cover("s3", data=False)]),
        "unknown",
        "the record of the data events of s3 is not complete",
    ),
    "management events are logged beside data events that are not": (
        "s3:PutBucketPolicy",
        make_record(USED, accessed("s3:*", 9), call("s3:ListAllMyBuckets"), but=[cover("s3", data=False)]),
        "removed",
        "no call in a complete record",
    ),
    "data events are not logged, but it was never accessed": (
        "s3:GetObject",
        make_record(USED, but=[cover("s3", data=False)]),
        "removed",
        "not accessed in 400 days",
    ),
    "blind and accessed": (
        "sqs:DeleteQueue",
        make_record(USED, accessed("sqs:*", 9), but=[blind("sqs")]),
        "unknown",
        "blind",
    ),
    "blind, accessed, but not this action": (
        "sqs:DeleteQueue",
        make_record(USED, accessed("sqs:*", 9, besides=["sqs:deletequeue"]), but=[blind("sqs")]),
        "removed",
        "not accessed",
    ),
    "blind and never accessed": ("sqs:DeleteQueue", make_record(USED, but=[blind("sqs")]), "removed", "not accessed"),
    "blind and last accessed unread": (
        "sqs:DeleteQueue",
        make_record(USED, but=[blind("sqs")], last_accessed=False),
        "unknown",
        "its events are excluded), and service last accessed was not read",
    ),
    "never logged": (
        "cloudwatch:PutMetricData",
        make_record(USED),
        "unknown",
        "CloudTrail records it at most as a data event",
    ),
    "an event of an action that is not known": (
        "sqs:DeleteQueue",
        make_record(USED, call("sqs:*", is_service_level=True, count=3)),
        "unknown",
        "3 recorded calls of sqs are of an action that is not known",
    ),
    "PassRole": (
        "iam:PassRole",
        make_record(USED, but=[blind("iam")], last_accessed=False),
        "removed",
        "no recorded call",
    ),
}


@pytest.mark.parametrize("action, record, expected, why", JUDGED.values(), ids=JUDGED)
def test_an_action_without_a_call_is_judged_by_coverage_and_last_access(
    action: str, record: Record, expected: str, why: str
) -> None:
    found = judge(action, record)
    assert found[0] == expected
    assert why in found[1]


def test_assume_unused_after_shortens_the_memory() -> None:
    record = make_record(USED, accessed("athena:*", 120))
    assert judge("athena:StartQueryExecution", record, assume_unused_after=100)[0] == "removed"
    assert judge("athena:StartQueryExecution", record, assume_unused_after=120)[0] == "unknown"


def test_what_a_person_knows_to_be_logged_is_complete_where_selectors_are_not_known() -> None:
    logged = {LogClass.READ: UNKNOWN, LogClass.WRITE: UNKNOWN, LogClass.DATA: NO}
    unclear = ServiceCoverage("sqs", Status.PARTIAL, ("no selectors",), logged)
    record = make_record(USED, but=[unclear], last_accessed=False)
    assert judge("sqs:DeleteQueue", record)[0] == "unknown"
    every = frozenset(LogClass) - {LogClass.NEVER}
    assert judge("sqs:DeleteQueue", record, assume_logged=every)[0] == "removed"
    assert judge("sqs:SendMessage", record, assume_logged=every)[0] == "unknown"
    found = run([ADMIN], record=record, assume_logged=frozenset({LogClass.WRITE}))
    expected = "where selectors are not known, it is assumed that management write events are logged"
    assert expected in found.warnings


@pytest.mark.parametrize(
    "missing", [{"files_broken": 1}, {"gaps": ((NOW - timedelta(days=9), NOW - timedelta(days=7)),)}]
)
def test_nobody_can_assume_away_files_that_are_missing(missing: dict[str, t.Any]) -> None:
    logged = {LogClass.READ: UNKNOWN, LogClass.WRITE: UNKNOWN, LogClass.DATA: NO}
    record = make_record(USED, but=[ServiceCoverage("sqs", Status.PARTIAL, (), logged)], last_accessed=False)
    broken = dataclasses.replace(record, coverage=dataclasses.replace(record.coverage, **missing))
    every = frozenset(LogClass) - {LogClass.NEVER}
    assert judge("sqs:DeleteQueue", record, assume_logged=every)[0] == "removed"
    assert judge("sqs:DeleteQueue", broken, assume_logged=every)[0] == "unknown"
    found = run([ADMIN], record=broken, assume_logged=every)
    expected = "assume_logged has no effect, since log files are missing or broken. Read the missing files first"
    assert expected in found.warnings
    assert not any("it is assumed" in text for text in found.warnings)


def test_what_is_unknown_stays_at_the_old_resources() -> None:
    old = [allow("dynamodb:*"), allow("s3:*", ["arn:aws:s3:::data", "arn:aws:s3:::data/*"])]
    record = make_record(USED, accessed("s3:*", 9), but=[cover("s3", data=False)])
    found = run(old, record=record)
    unknown = {item.action: item for item in found.unknown}
    assert unknown["s3:GetObject"].resources == ("arn:aws:s3:::data/*",)
    # A pattern of all buckets also covers the ARNs of objects.
    assert unknown["s3:ListBucket"].resources == ("arn:aws:s3:::data", "arn:aws:s3:::data/*")
    assert "log the data events of s3" in unknown["s3:GetObject"].settled_by
    assert unknown["s3:GetObject"].last_accessed == NOW - 9 * DAY


def test_other_resources_of_a_call_stay_where_not_all_events_are_logged() -> None:
    record = make_record(USED, accessed("dynamodb:*", 1), but=[cover("dynamodb", data=False)])
    found = run([allow("dynamodb:GetItem")], record=record)
    assert [(item.action, item.resources) for item in found.kept] == [("dynamodb:GetItem", (TABLE,))]
    assert [item.action for item in found.unknown] == ["dynamodb:GetItem"]
    assert found.unknown[0].why.startswith("other resources than the recorded ones are possible")


def test_a_service_that_nothing_is_known_of_counts_as_blind() -> None:
    found = run([allow(["dynamodb:GetItem", "redshift:DeleteCluster"])], record=make_record(USED, last_accessed=False))
    assert [item.action for item in found.unknown] == ["redshift:DeleteCluster"]


def _list_all(found: Generated) -> dict[str, list[str]]:
    names = ("kept", "removed", "unknown")
    return {name: [item.action for item in getattr(found, name)] for name in names}


def test_every_action_of_today_is_in_a_list() -> None:
    record = make_record(USED, accessed("sqs:*", 9), but=[blind("sqs")])
    found = run([allow(["dynamodb:*", "sqs:*"])], record=record)
    lists = _list_all(found)
    every = [name for names in lists.values() for name in names]
    assert len(every) == len(set(every)) == found.totals.granted_before
    assert found.totals.granted_after == len(lists["kept"]) + len(lists["unknown"])


def test_where_all_is_logged_little_is_unknown() -> None:
    services = ("dynamodb", "sqs", "s3", "sns", "ec2", "iam", "lambda", "ecs", "states", "logs", "cloudwatch")
    found = run([allow([f"{service}:*" for service in services])], record=make_record(USED, accessed("dynamodb:*", 2)))
    assert found.totals.unknown_privileged <= found.totals.privileged_before * 0.1
    assert found.totals.privileged_after <= found.totals.privileged_before * 0.05


def test_a_date_of_last_access_is_no_call() -> None:
    found = run([allow(["dynamodb:*", "sqs:*"])], record=make_record(USED, accessed("sqs:SendMessage", 100)))
    assert "sqs:SendMessage" not in [item.action for item in found.kept]
    assert {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:*"} in statements_of(found)


def test_the_record_for_a_proof_has_the_dates_that_keep_something() -> None:
    explained, rare = accessed("sqs:*", 2), accessed("athena:*", 120)
    old, partial = accessed("ecs:*", 401), accessed("s3:*", 2)
    uses = (USED, SEND, call("s3:ListAllMyBuckets"), explained, rare, old, partial)
    record = make_record(*uses, but=[cover("s3", data=False)])
    found = make_record_for_proof(record, settings())
    dates = [use for use in found.uses if use.source is Source.LAST_ACCESSED]
    assert [use.action for use in dates] == ["athena:*", "s3:*"]
    assert "s3:putbucketpolicy" in dates[1].besides
    assert "s3:getobject" not in dates[1].besides
    assert [use for use in found.uses if use.source is Source.TRAIL] == [*uses[:3]]
    assert dataclasses.replace(found, uses=record.uses) == record


@pytest.mark.parametrize(
    ("action", "ended", "days", "is_open"),
    [("sqs:SendMessage", 1, 0, False), ("sqs:SendMessage", 0, 1, True), ("sqs:DeleteQueue", 1, 0, True)],
    ids=["one more", "within the record", "never recorded"],
)
def test_a_date_after_the_end_of_the_record_is_one_more_call_of_a_recorded_action(
    action: str, ended: int, days: int, is_open: bool
) -> None:
    """A job of each day ran again after the newest log file that a digest confirms."""
    record = make_record(SEND, accessed(action, days))
    coverage = dataclasses.replace(record.coverage, until=NOW - ended * DAY)
    found = make_record_for_proof(dataclasses.replace(record, coverage=coverage), settings()).uses
    assert (Source.LAST_ACCESSED in {use.source for use in found}) is is_open


def test_a_call_of_an_unknown_action_is_none_that_another_event_names() -> None:
    nameless = call("sqs:*", is_service_level=True)
    found = make_record_for_proof(make_record(SEND, nameless), settings())
    assert [use.besides for use in found.uses if use.is_service_level] == [frozenset({"sqs:sendmessage"})]


def test_dates_after_the_end_of_the_record_say_nothing_new_of_an_action_that_it_shows() -> None:
    """Files without a digest yet are not read, so that a busy role is always seen later than its newest call."""
    end = NOW - timedelta(hours=2)
    used = call("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", last=end - timedelta(minutes=9))
    record = make_record(used, accessed("dynamodb:PutItem", 0), accessed("dynamodb:DeleteTable", 0))
    record = dataclasses.replace(record, coverage=dataclasses.replace(record.coverage, until=end))
    unused = Unused(record, settings())
    assert [use.action for use in unused.list_open_dates()] == ["dynamodb:DeleteTable"]
    assert unused.judge("dynamodb:DeleteTable").verdict is Verdict.UNKNOWN
    denied = dataclasses.replace(record, uses=record.uses[1:2], denied=(used,))
    assert [use.action for use in Unused(denied, settings()).list_open_dates()] == ["dynamodb:PutItem"]
    whole = dataclasses.replace(record, coverage=dataclasses.replace(record.coverage, until=NOW + timedelta(days=3)))
    assert len(list(Unused(whole, settings()).list_open_dates())) == 2


def test_an_action_that_no_event_names_is_unused_only_if_its_service_is() -> None:
    """A record of all events says nothing of a permission that other calls need."""
    old = [allow(["glue:PassConnection", "glue:DeleteJob", "dynamodb:*"])]
    used = run(old, record=make_record(USED, accessed("glue:*", 120, besides=["glue:deletejob"])))
    (item,) = [item for item in used.unknown if item.action.startswith("glue:")]
    assert item.action == "glue:PassConnection"
    assert "no event names glue:PassConnection" in item.why
    assert "glue:DeleteJob" in {item.action for item in used.removed}
    unused = run(old, record=make_record(USED))
    assert "glue:PassConnection" in {item.action for item in unused.removed}


def list_unknown(old: t.Any, *uses: Use, last_accessed: bool = True) -> dict[str, str]:
    """List the unknown actions with their reasons."""
    found = run([allow(old)], record=make_record(*uses, last_accessed=last_accessed))
    return {item.action: item.why for item in found.unknown}


@pytest.mark.parametrize("last_accessed", [True, False])
def test_recorded_calls_of_a_service_keep_its_actions_that_no_event_names(last_accessed: bool) -> None:
    old = ["glue:PassConnection", "glue:DeleteJob", "dynamodb:GetItem"]
    # A call that no policy of today allows needs none of them.
    assert list_unknown(old, USED, call("glue:GetJob"), last_accessed=last_accessed) == {}
    granted = list_unknown([*old, "glue:GetJob"], USED, call("glue:GetJob"), last_accessed=last_accessed)
    assert set(granted) == {"glue:PassConnection"}
    assert granted["glue:PassConnection"].startswith("glue was used, and no event names glue:PassConnection")
    # The record is complete and has no call of Glue, within which AWS would check the action.
    assert list_unknown(old, USED, last_accessed=last_accessed) == {}


def test_calls_of_another_service_keep_an_action_that_they_may_need() -> None:
    """AWS checks it within a call to AWS WAF, which leaves no date of last access for load balancing."""
    old = ["elasticloadbalancing:SetWebAcl", "elasticloadbalancing:CreateRule", "wafv2:AssociateWebACL"]
    unknown = list_unknown(old, call("wafv2:AssociateWebACL"))
    assert set(unknown) == {"elasticloadbalancing:SetWebAcl"}
    assert unknown["elasticloadbalancing:SetWebAcl"].startswith("wafv2 was used, and no event names")
    assert set(list_unknown(old, USED, accessed("wafv2:*", 20))) >= {"elasticloadbalancing:SetWebAcl"}
    assert list_unknown([*old[:2], "dynamodb:GetItem"], USED, accessed("wafv2:*", 500)) == {}


def test_denied_calls_keep_no_action_that_no_event_names() -> None:
    record = dataclasses.replace(make_record(USED), denied=(call("glue:GetJob"),))
    found = run([allow(["glue:*", "dynamodb:GetItem"])], record=record)
    assert [item.action for item in found.unknown] == []


def test_a_date_of_its_own_settles_an_action_that_no_event_names() -> None:
    """Last accessed tracks the action, and has no date of it."""
    old = ["glue:PassConnection", "glue:GetJob"]
    tracked = accessed("glue:*", 2, besides=["glue:passconnection"])
    assert "glue:PassConnection" not in list_unknown(old, call("glue:GetJob"), tracked)
    assert "glue:PassConnection" in list_unknown(old, call("glue:GetJob"), tracked, accessed("glue:PassConnection", 9))


def test_an_event_of_an_unpublished_operation_shows_that_events_name_it() -> None:
    old = ["cloudshell:CreateSession", "cloudshell:CreateEnvironment"]
    record = make_record(call("cloudshell:CreateSession"), but=[cover("cloudshell")])
    judge = Unused(record, settings())
    assert judge.is_complete("cloudshell:CreateSession")
    assert not judge.is_complete("cloudshell:CreateEnvironment")
    found = run([allow(old)], record=record)
    assert {item.action for item in found.unknown} == {"cloudshell:CreateEnvironment"}
