# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uses: equal ones are one, and what recorded calls tell better is left out."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.evaluation.context import Context
from ansible_collections.hardening.iam.plugins.module_utils._policy.trail.usage import (
    Evidence,
    Source,
    SourceRead,
    Use,
    drop_explained_uses,
    merge_uses,
)

ROLE = "arn:aws:iam::111122223333:role/app"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALL = Use(ROLE, "s3:PutObject", Source.TRAIL, "arn:aws:s3:::b/k", count=1, first=NOON, last=NOON)
LAST = Use(ROLE, "s3:PutObject", Source.LAST_ACCESSED, last=NOON)


def test_equal_uses_are_counted_together() -> None:
    later = dataclasses.replace(CALL, first=NOON + timedelta(days=1), last=NOON + timedelta(days=1), count=2)
    (use,) = merge_uses([later, CALL])
    assert (use.count, use.first, use.last) == (3, NOON, NOON + timedelta(days=1))


@pytest.mark.parametrize(
    "change",
    [
        {"principal_arn": "arn:aws:iam::111122223333:role/other"},
        {"action": "s3:GetObject"},
        {"resource": None},
        {"source": Source.EVENT_HISTORY},
        {"context": Context({"aws:SourceIp": "203.0.113.9"}, complete=False)},
        {"access_key_id": "AKIAIOSFODNN7EXAMPLE"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_uses_that_differ_stay_apart(change: dict[str, object]) -> None:
    assert len(merge_uses([CALL, dataclasses.replace(CALL, **change)])) == 2


def test_the_case_of_actions_does_not_matter() -> None:
    assert len(merge_uses([CALL, dataclasses.replace(CALL, action="S3:putobject")])) == 1


@pytest.mark.parametrize(
    ("use", "call", "kept"),
    [
        (LAST, CALL, False),
        (dataclasses.replace(LAST, last=NOON + timedelta(minutes=30)), CALL, False),
        (dataclasses.replace(LAST, last=NOON + timedelta(hours=2)), CALL, True),
        (LAST, dataclasses.replace(CALL, action="s3:GetObject"), True),
        (LAST, dataclasses.replace(CALL, principal_arn="arn:aws:iam::111122223333:role/other"), True),
        (LAST, dataclasses.replace(CALL, last=None), True),
        (dataclasses.replace(LAST, action="s3:*", is_service_level=True), CALL, True),
    ],
    ids=["told", "clocks differ", "used later", "other action", "other principal", "no time", "service level"],
)
def test_a_date_of_last_use_goes_where_the_call_is_recorded(use: Use, call: Use, kept: bool) -> None:
    assert (use in drop_explained_uses([use, call], by={Source.TRAIL})) is kept
    assert call in drop_explained_uses([use, call], by={Source.TRAIL})


def test_a_date_of_last_use_stays_where_other_calls_may_not_have_been_read() -> None:
    """The call that is known need not be the one that the change breaks: another may have been in another region."""
    assert drop_explained_uses([LAST, CALL], by={Source.EVENT_HISTORY}) == (LAST, CALL)


def test_a_date_of_last_use_stays_where_a_call_only_may_have_needed_it() -> None:
    """A recorded call may have needed the action, or not: then the date may be of another call."""
    possible = dataclasses.replace(CALL, is_possible=True)
    assert drop_explained_uses([LAST, possible], by={Source.TRAIL}) == (LAST, possible)
    assert drop_explained_uses([LAST, CALL], by={Source.TRAIL}) == (CALL,)


def test_only_service_last_accessed_counts_attempts() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html"""
    assert LAST.may_be_denied
    assert not CALL.may_be_denied


def test_evidence_is_the_sum_of_its_sources() -> None:
    evidence = Evidence(
        (
            SourceRead(Source.EVENT_HISTORY, 90, "minutes", ("no data",)),
            SourceRead(Source.LAST_ACCESSED, 400, "hours", ("denied too", "no data")),
            SourceRead(Source.TRAIL, 3000, "minutes", ("never",), failure="no such bucket"),
        )
    )
    assert evidence.sources == (Source.LAST_ACCESSED, Source.EVENT_HISTORY)
    assert evidence.window_days == 400
    assert evidence.windows == "400 of service last accessed, 90 of the event history"
    assert evidence.lag == "event_history: minutes; last_accessed: hours"
    assert evidence.blind_spots == ("no data", "denied too", "not read: trail: no such bucket")


def test_without_sources_there_is_no_window() -> None:
    assert (Evidence().sources, Evidence().window_days, Evidence().lag) == ((), 0, "")
