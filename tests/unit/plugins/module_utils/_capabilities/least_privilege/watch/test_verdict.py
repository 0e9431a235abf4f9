# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a role, and when nothing is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.digests import Chain
from ansible_collections.hardening.iam.plugins.module_utils._account.log_files import LogFacts
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.watch.verdict import (
    Reading,
    conclude,
    describe_unseen,
    find_broken,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.truth import NO, UNKNOWN, YES
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.coverage import (
    Coverage,
    LogClass,
    ServiceCoverage,
    Status,
)

from ...._policy.trail.events import ACCOUNT
from .events import BUCKET, BY_SCP, NOW, OLD, SINCE, call, count, deny, in_place, name_new, parallel

FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/eu-central-1"
NAME = f"{ACCOUNT}_CloudTrail_eu-central-1"


def make_coverage(**services: dict[LogClass, object]) -> Coverage:
    known = {
        name: ServiceCoverage(
            name, Status.PARTIAL, ("calls on data: trail t does not record all of them", "reads: stopped"), logged
        )
        for name, logged in services.items()
    }
    return Coverage(3, services=known)  # type: ignore[arg-type]


def test_a_failure_is_never_no_denial() -> None:
    watched = conclude(in_place(), Reading(NOW, (count(in_place(), deny(OLD)),), failure="AccessDenied"))
    assert (watched.failure, watched.new, watched.calls) == ("AccessDenied", (), 0)


def test_an_account_without_events_is_a_failure() -> None:
    role = in_place()
    assert "there is no event of the account since 2026-11-20T08:00:00Z" in conclude(role, Reading(NOW)).failure
    silent = count(role, call(OLD, hours=-2), now=SINCE)
    assert "there is no event" in conclude(role, Reading(NOW, (silent,))).failure


def test_a_trail_that_stopped_is_a_failure() -> None:
    role = in_place()
    stopped = count(role, deny(OLD), now=NOW - timedelta(hours=24))
    watched = conclude(role, Reading(NOW, (stopped,)))
    assert "the newest event of the account is of 2026-11-22T07:00:00Z" in watched.failure
    assert not watched.new


@pytest.mark.parametrize(("days", "is_known"), [(-9, True), (0, True), (0.1, False)])
def test_events_that_begin_after_the_change_are_a_failure(days: float, is_known: bool) -> None:
    role = in_place()
    reading = Reading(NOW, (count(role, deny(OLD)),), reaches=SINCE + timedelta(days=days))
    watched = conclude(role, reading)
    assert ("the events that were read begin after the change" in watched.failure) is not is_known
    assert bool(watched.new) is is_known


def test_a_role_without_a_call_is_no_failure() -> None:
    watched = conclude(in_place(), Reading(NOW, (count(in_place()),)))
    assert (watched.failure, watched.calls, watched.new) == ("", 0, ())


def test_two_sources_with_the_same_events_count_them_once() -> None:
    role = parallel()
    records = [deny(), deny(hours=2), deny(OLD, reason=BY_SCP, hours=-24), call()]
    more = deny(action="s3:GetObject", resource=f"{BUCKET}/x", hours=3)
    watched = conclude(role, Reading(NOW, (count(role, *records, more), count(role, *records))))
    assert name_new(watched) == [
        ("s3:GetBucketPolicy", BUCKET, "ours", 2),
        ("s3:GetObject", f"{BUCKET}/x", "ours", 1),
    ]
    assert (watched.calls, watched.baseline) == (4, 1)
    assert watched.old_role_last == SINCE - timedelta(hours=24)


def test_limits_are_named() -> None:
    reading = Reading(NOW, (count(in_place()),), limits=("eu-west-3 was not read",))
    assert conclude(in_place(), reading).not_watched == ("eu-west-3 was not read",)


def test_services_whose_denials_leave_no_event_are_named() -> None:
    both = {LogClass.READ: YES, LogClass.WRITE: YES, LogClass.DATA: NO}
    coverage = make_coverage(sqs=both, dynamodb=both, s3={**both, LogClass.DATA: YES, LogClass.READ: UNKNOWN})
    role = in_place(used_actions=frozenset({"SQS:SendMessage", "dynamodb:GetItem", "s3:GetObject"}))
    watched = conclude(role, Reading(NOW, (count(role),), coverage))
    assert watched.not_watched == (
        "denied calls on data leave no event: dynamodb, sqs (trail t does not record all of them)",
        "denied reads may leave no event: s3 (stopped)",
    )
    named = conclude(in_place(services=frozenset({"sqs"})), Reading(NOW, (count(role),), coverage)).not_watched
    assert named == ("denied calls on data leave no event: sqs (trail t does not record all of them)",)


def test_services_without_any_event_are_named() -> None:
    complete = {LogClass.READ: YES, LogClass.WRITE: YES, LogClass.DATA: YES}
    coverage = make_coverage(made_up=complete, sts=complete)
    assert describe_unseen({"made_up"}, coverage) == (
        "denied calls leave no event, since CloudTrail records none of the service: made_up",
    )
    assert not describe_unseen({"sts"}, coverage)
    # Without any coverage nothing is taken to be seen.
    assert describe_unseen({"sts"}, Coverage(3))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (LogFacts(broken=(f"{FOLDER}/2026/11/21/{NAME}_20261121T0900Z_a.json.gz",)), "could not be read"),
        (LogFacts(refused=(f"{FOLDER}/2026/11/21/{NAME}_20261121T0900Z_a.json.gz",)), "not as a digest file says"),
        (LogFacts(chains={"r": Chain(frozenset(), missing=(f"{NAME}_20261121T0900Z_a.json.gz",))}), "are missing"),
        (
            LogFacts(chains={"r": Chain(frozenset(), bad=(f"{FOLDER}/2026/11/21/x.json.gz",))}),
            "not as CloudTrail wrote them",
        ),
        (
            LogFacts(chains={"r": Chain(frozenset(), gaps=((SINCE, SINCE + timedelta(hours=3)),))}),
            "no digest files from 2026-11-20T08:00:00Z to 2026-11-20T11:00:00Z",
        ),
        (LogFacts(chains={"r": Chain(frozenset(), gaps=((SINCE - timedelta(days=3), SINCE),))}), ""),
        # Nobody knows the day of this one.
        (LogFacts(broken=("CloudTrail/x.json",)), "could not be read"),
        # Older files only make the baseline smaller; files of others do not matter.
        (LogFacts(broken=(f"{FOLDER}/2026/11/19/{NAME}_20261119T0900Z_a.json.gz",)), ""),
        (LogFacts(broken=("notes.json",)), ""),
        (LogFacts(broken=(f"AWSLogs/{ACCOUNT}/Config/eu-central-1/2026/11/21/x.json.gz",)), ""),
        (LogFacts(days={"eu-central-1": frozenset({date(2026, 11, 20)})}), ""),
    ],
)
def test_log_files_that_may_hide_a_denial(facts: LogFacts, words: str) -> None:
    found = find_broken(facts, SINCE)
    assert words in found and bool(found) is bool(words)
