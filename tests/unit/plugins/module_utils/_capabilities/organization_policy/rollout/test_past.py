# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from the records of a rollout, and which of them are not believed."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.past import (
    Clock,
    Doubt,
    Due,
    Past,
    replay,
)
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.organization_policy.rollout.records import (
    Event,
    Kind,
)
from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair

BEGAN = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
SOAK = timedelta(hours=24)
ENDED = BEGAN + SOAK
NOW = BEGAN + timedelta(days=10)
PAIR = DeniedPair("111122223333", "arn:aws:iam::111122223333:role/app", "s3:GetObject")
OTHER = DeniedPair("111122223333", "arn:aws:iam::111122223333:role/app", "iam:ListUsers")


def start(stage: str = "canary", at: datetime = BEGAN, **fields: t.Any) -> Event:
    return Event(Kind.STARTED, stage, at, **{"content_sha256": "a", "soak": SOAK, **fields})


FIRST = start(is_first=True, targets=({"ou": "/canary"},))


def event(kind: Kind, stage: str = "canary", at: datetime = ENDED, **fields: t.Any) -> Event:
    """What became of the stage that ``FIRST`` begins, at the end of its soak."""
    return Event(kind, stage, at, **{"content_sha256": "a", "started_at": BEGAN, **fields})


PASSED = event(Kind.PASSED)


def past(*events: Event, now: datetime = NOW, declared: t.Optional[timedelta] = SOAK) -> Past:
    numbered = [dataclasses.replace(item, key=f"{number}") for number, item in enumerate(events, start=1)]
    return replay(numbered, Clock(now, {} if declared is None else {"canary": declared}))


def test_nothing_on_record() -> None:
    assert past() == Past()


def test_a_stage_after_the_other() -> None:
    first = dataclasses.replace(FIRST, expected=(PAIR,))
    found = past(first, PASSED, start("prod", ENDED, attached=("ou-2",), expected=(OTHER,)))
    assert list(found.started) == ["canary", "prod"]
    assert (found.stage, found.attached, found.since) == ("prod", ("ou-2",), ENDED)
    assert found.expected == {PAIR, OTHER}
    assert (found.due, found.doubts) == (Due.NOTHING, ())


def test_a_stage_that_passed_leaves_the_next_to_be_done() -> None:
    found = past(FIRST, PASSED)
    assert (found.stage, found.due, found.doubts) == ("canary", Due.NEXT_STAGE, ())
    found = past(FIRST, PASSED, event(Kind.FINISHED))
    assert (found.due, found.doubts) == (Due.NEXT_STAGE, ())


def test_an_approval_accepts_what_was_lost() -> None:
    held = event(Kind.HELD, losses=(PAIR,), unknown=(OTHER,))
    assert past(FIRST, held).failure == held
    found = past(FIRST, held, event(Kind.APPROVED, losses=(PAIR,), unknown=(OTHER,)))
    assert (found.failure, found.due, found.expected) == (None, Due.NEXT_STAGE, {PAIR, OTHER})


@pytest.mark.parametrize(
    "failure", [event(Kind.WITHDRAWN, losses=(PAIR,)), event(Kind.EDITED, at=BEGAN + timedelta(hours=1))]
)
def test_a_stage_that_was_withdrawn_or_edited_begins_again_once_approved(failure: Event) -> None:
    found = past(FIRST, failure)
    assert (found.is_withdrawn, found.is_edited) == (failure.kind is Kind.WITHDRAWN, failure.kind is Kind.EDITED)
    approval = event(Kind.APPROVED)
    found = past(FIRST, failure, approval)
    assert (found.failure, found.due) == (None, Due.SAME_STAGE)
    assert past(FIRST, failure, approval, start(at=ENDED)).due is Due.NOTHING


def test_a_stage_that_passed_and_was_edited_has_not_passed() -> None:
    assert past(FIRST, PASSED, event(Kind.EDITED)).due is Due.NOTHING


def test_an_approval_from_before_the_failure_is_stale_until_it_is_gone() -> None:
    held = event(Kind.HELD, names_stage=True)
    assert past(FIRST, held).is_stale
    assert not past(FIRST, held, event(Kind.CLEARED)).is_stale


def test_the_rollout_begins_again_with_a_first_start() -> None:
    first = dataclasses.replace(FIRST, expected=(PAIR,))
    found = past(first, PASSED, start("prod", ENDED), start(at=ENDED, is_first=True))
    assert (list(found.started), found.expected, found.doubts) == (["canary"], frozenset(), ())


# Records that are not believed


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (event(Kind.PASSED, at=BEGAN + timedelta(hours=1)), "before the end of the soak time, 2026-11-26T12:00:00Z"),
        (event(Kind.PASSED, at=BEGAN - timedelta(hours=1)), "before stage 'canary' began"),
        (event(Kind.PASSED, at=NOW + timedelta(hours=1)), "its time, 2026-12-05T13:00:00Z, is in the future"),
        (event(Kind.PASSED, content_sha256="b"), "about other content"),
        (event(Kind.PASSED, content_sha256=""), "about other content"),
        (event(Kind.PASSED, started_at=BEGAN - timedelta(days=7)), "about another start of stage 'canary'"),
        (event(Kind.PASSED, started_at=None), "about another start of stage 'canary'"),
        (event(Kind.PASSED, "prod"), "stage 'prod' is not the current stage"),
        (event(Kind.HELD, at=BEGAN + timedelta(hours=1)), "before the end of the soak time"),
        (event(Kind.WITHDRAWN, at=BEGAN + timedelta(hours=1)), "before the end of the soak time"),
        (event(Kind.APPROVED), "stage 'canary' was not held"),
        (event(Kind.CLEARED), "stage 'canary' was not held"),
        (event(Kind.FINISHED), "stage 'canary' has not passed"),
        (start("prod", ENDED), "stage 'prod' begins, and stage 'canary' has not passed"),
        (start(at=NOW + timedelta(hours=1)), "is in the future"),
    ],
)
def test_a_record_that_contradicts_the_others(record: Event, reason: str) -> None:
    found = past(FIRST, record)
    (doubt,) = found.doubts
    assert doubt.key == "2" and reason in doubt.reason
    assert (found.started, found.since, found.due, found.failure) == (past(FIRST).started, BEGAN, Due.NOTHING, None)


def test_a_forged_pass_carries_no_later_stage() -> None:
    forged = event(Kind.PASSED, at=BEGAN + timedelta(hours=1))
    found = past(FIRST, forged, start("prod", BEGAN + timedelta(hours=1)))
    assert (list(found.started), [doubt.key for doubt in found.doubts]) == (["canary"], ["2", "3"])


def test_the_next_stage_begins_with_what_passed() -> None:
    found = past(FIRST, PASSED, start("prod", ENDED, content_sha256="b"))
    assert found.doubts == (Doubt("3", "stage 'prod' begins with other content than stage 'canary' passed with"),)


def test_a_stage_that_passed_can_not_fail_afterwards() -> None:
    (doubt,) = past(FIRST, PASSED, event(Kind.FINISHED), event(Kind.WITHDRAWN)).doubts
    assert doubt == Doubt("4", "stage 'canary' has passed")


def test_doubts_end_with_the_stage_s_new_start() -> None:
    forged = event(Kind.PASSED, at=BEGAN + timedelta(hours=1))
    found = past(FIRST, forged, start(at=ENDED))
    assert (found.doubts, found.since) == ((), ENDED)


def test_a_start_that_is_still_to_come_is_none() -> None:
    found = past(dataclasses.replace(FIRST, at=NOW + timedelta(days=1)))
    assert (found.started, len(found.doubts)) == ({}, 1)


def test_a_start_that_is_dated_back_makes_no_soak_shorter() -> None:
    found = past(FIRST, PASSED, start("prod", BEGAN - timedelta(days=5)))
    assert found.since == ENDED


def test_clocks_may_differ_by_a_minute() -> None:
    assert past(FIRST, event(Kind.PASSED, at=ENDED - timedelta(minutes=1))).doubts == ()
    assert past(FIRST, event(Kind.PASSED, at=ENDED - timedelta(minutes=1, seconds=1))).doubts != ()
    assert past(FIRST, PASSED, now=ENDED - timedelta(minutes=1)).doubts == ()
    assert past(FIRST, PASSED, now=ENDED - timedelta(minutes=1, seconds=1)).doubts != ()


@pytest.mark.parametrize(
    ("recorded", "declared", "hours", "is_believed"),
    [
        (24, 24, 24, True),
        (24, 24, 23, False),
        # The soak was made shorter while it lasted, or longer once the stage had passed.
        (24, 2, 3, True),
        (2, 24, 3, True),
        (2, 24, 1, False),
        (24, None, 23, False),
        (None, 24, 23, False),
        (None, 24, 24, True),
    ],
)
def test_the_soak_is_the_shorter_one_of_then_and_now(
    recorded: t.Optional[int], declared: t.Optional[int], hours: int, is_believed: bool
) -> None:
    soak = None if recorded is None else timedelta(hours=recorded)
    passed = event(Kind.PASSED, at=BEGAN + timedelta(hours=hours))
    found = past(
        dataclasses.replace(FIRST, soak=soak),
        passed,
        declared=None if declared is None else timedelta(hours=declared),
    )
    assert (found.doubts == ()) is is_believed
