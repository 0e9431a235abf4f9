# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a role is by its records, and which of them are not believed."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.model import Stage, Way
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.past import Past
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.least_privilege.records import (
    STAGES,
    Event,
    Kind,
    hash_documents,
)

from .campaigns import (
    CONTENT,
    DOCUMENTS,
    GLASS,
    NEW_ID,
    OTHER_DOCUMENTS,
    WHEN,
    identify,
    make_log,
    moment,
    record,
    records_up_to,
    remember,
    replay,
)


def doubts(*events: t.Union[Event, str], **fields: t.Any) -> list[str]:
    return [doubt.reason for doubt in remember(*events, **fields).doubts]


def test_nothing_on_record() -> None:
    assert remember() == Past()
    assert remember().is_empty


@pytest.mark.parametrize(
    ("kind", "way"), [(kind, way) for kind in WHEN for way in Way if kind is not Kind.CLOSED or way is Way.PARALLEL]
)
def test_each_stage_is_done_after_its_record(kind: Kind, way: Way) -> None:
    past = remember(*records_up_to(kind, way=way))
    assert (past.reached, past.stage, past.doubts, past.way) == (kind, STAGES[kind], (), way)
    assert past.since[kind] == moment(WHEN[kind])


def test_a_closed_role_is_not_retired() -> None:
    past = remember(*records_up_to(Kind.CLOSED))
    assert past.is_closed
    assert past.stage is Stage.WATCH


def test_documents_and_the_new_role_are_remembered() -> None:
    past = remember(*records_up_to(Kind.PREPARED))
    assert (past.documents, past.content_sha256, past.outcome) == (DOCUMENTS, CONTENT, "proved")
    assert past.parallel_id == NEW_ID


def test_an_extension_starts_the_soak_again() -> None:
    extension = record(Kind.GENERATED, 20, documents=OTHER_DOCUMENTS)
    past = remember(*records_up_to(Kind.CUT_OVER), extension)
    assert (past.stage, past.doubts) == (Stage.GENERATE, ())
    assert Kind.OPENED not in past.since
    assert past.parallel_id == NEW_ID
    content = {"documents": OTHER_DOCUMENTS}
    prepared = dataclasses.replace(record(Kind.PREPARED, 21, **content), documents=())
    opened = dataclasses.replace(record(Kind.OPENED, 22, **content), documents=())
    past = remember(*records_up_to(Kind.CUT_OVER), extension, prepared, opened)
    assert past.since[Kind.OPENED] == moment(22)


def test_a_revert_starts_everything_again_and_clears_doubts() -> None:
    past = remember(*records_up_to(Kind.OPENED), "it is broken", record(Kind.REVERTED, 10), record(Kind.ASSESSED, 11))
    assert (past.reached, past.doubts, past.parallel_id, past.trial) == (Kind.ASSESSED, (), "", None)
    past = remember(*records_up_to(Kind.OPENED), record(Kind.REVERTED, 10))
    assert (past.reached, past.is_reverted, past.is_empty, past.number) == (None, True, False, 5)


# Trials


def test_a_trial_ends_at_its_deadline() -> None:
    trial = remember(*records_up_to(Kind.OPENED, way=Way.IN_PLACE)).trial
    assert trial is not None
    assert (trial.began, trial.deadline) == (moment(3), moment(24))
    assert remember(*records_up_to(Kind.CUT_OVER, way=Way.IN_PLACE)).trial is None


def test_a_lifted_canary_begins_again() -> None:
    opened = records_up_to(Kind.OPENED, way=Way.IN_PLACE)
    past = remember(*opened, record(Kind.LIFTED, 24, way=Way.IN_PLACE))
    assert (past.stage, past.trial, past.is_lifted, past.doubts) == (Stage.PREPARE, None, True, ())
    assert Kind.OPENED not in past.since
    again = remember(*opened, record(Kind.LIFTED, 24, way=Way.IN_PLACE), record(Kind.OPENED, 25, way=Way.IN_PLACE))
    assert (again.is_lifted, again.since[Kind.OPENED]) == (False, moment(25))


def test_a_trial_goes_on_through_an_extension_and_is_lifted_all_the_same() -> None:
    extension = record(Kind.GENERATED, 20, way=Way.IN_PLACE, documents=OTHER_DOCUMENTS)
    past = remember(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), extension)
    assert past.trial is not None
    assert past.trial.deadline == moment(24)
    lifted = record(Kind.LIFTED, 24, way=Way.IN_PLACE)
    past = remember(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), extension, lifted)
    assert (past.stage, past.trial) == (Stage.GENERATE, None)


def test_extensions_never_keep_a_trial_for_more_than_ninety_days() -> None:
    events = records_up_to(Kind.OPENED, way=Way.IN_PLACE)
    for days in range(20, 180, 10):
        documents = OTHER_DOCUMENTS if days % 20 else DOCUMENTS
        content = {"content_sha256": hash_documents(documents), "way": Way.IN_PLACE}
        events += [
            record(Kind.GENERATED, days, documents=documents, way=Way.IN_PLACE),
            record(Kind.PREPARED, days, **content),
            record(Kind.OPENED, days, **content),
        ]
    past = remember(*events, days=200)
    assert past.doubts == ()
    assert past.trial is not None
    assert past.trial.deadline == moment(3 + 90)


def test_a_deadline_that_is_too_far_is_not_believed() -> None:
    prepared = records_up_to(Kind.PREPARED, way=Way.IN_PLACE)
    forged = record(Kind.OPENED, way=Way.IN_PLACE, deadline=moment(3 + 91))
    assert "more than 90 days after its start" in doubts(*prepared, forged)[0]
    assert doubts(*prepared, record(Kind.OPENED, way=Way.IN_PLACE, deadline=None)) == [
        "a trial has a deadline, and nothing else has one"
    ]


# Records that are not believed


@pytest.mark.parametrize(
    ("before", "forged", "reason"),
    [
        (Kind.ASSESSED, record(Kind.GENERATED, 101), "is in the future"),
        (Kind.PREPARED, record(Kind.OPENED, 1), "is before the record before it"),
        (Kind.PREPARED, record(Kind.OPENED, account_id="999988887777"), "it is of account 999988887777"),
        (Kind.PREPARED, record(Kind.OPENED, campaign="other"), "it is of campaign 'other'"),
        (Kind.PREPARED, record(Kind.OPENED, role_arn="arn:aws:iam::111122223333:role/b"), "it is of arn:aws:iam::"),
        (Kind.PREPARED, record(Kind.OPENED, role_id="AROAOTHER"), "it is of the role with id AROAOTHER"),
        (Kind.PREPARED, record(Kind.OPENED, way=Way.IN_PLACE), "its way is in_place, and that of the records"),
        (Kind.PREPARED, record(Kind.OPENED, content_sha256="c" * 64), "other documents than those that were generated"),
        (Kind.GENERATED, record(Kind.PREPARED, parallel_id=""), "its new role is arn:"),
        (Kind.ASSESSED, record(Kind.GENERATED, documents=(), content_sha256=hash_documents(())), "no documents"),
        (Kind.ASSESSED, record(Kind.PREPARED), "it is about 'prepared', and assess is done"),
        (Kind.ASSESSED, record(Kind.OPENED), "it is about 'opened', and assess is done"),
        (Kind.GENERATED, record(Kind.OPENED), "it is about 'opened', and generate is done"),
        (Kind.GENERATED, record(Kind.CUT_OVER), "it is about 'cut_over', and generate is done"),
        (Kind.PREPARED, record(Kind.CUT_OVER), "the role is a canary, and stage canary is missing"),
        (Kind.PREPARED, record(Kind.LIFTED), "there is no trial by way parallel"),
        (Kind.OPENED, record(Kind.CUT_OVER, 16.9), "is before the end of the soak time, 2026-01-22T12:00:00Z"),
        (Kind.OPENED, record(Kind.WATCHED), "it is about 'watched', and canary is done"),
        (Kind.CUT_OVER, record(Kind.WATCHED, 30), "is before the end of the soak time, 2026-02-05T12:00:00Z"),
        (Kind.CUT_OVER, record(Kind.CLOSED), "it is about 'closed', and cut_over is done"),
        (Kind.WATCHED, record(Kind.RETIRED), "the old role was not closed"),
        (Kind.CLOSED, record(Kind.RETIRED, 61), "is before the end of the soak time, 2026-03-08T12:00:00Z"),
        (Kind.RETIRED, record(Kind.GENERATED, 70), "it is about 'generated', and retire is done"),
    ],
)
def test_a_contradiction_is_not_believed(before: Kind, forged: Event, reason: str) -> None:
    past = remember(*records_up_to(before), forged)
    assert past.reached is before
    assert len(past.doubts) == 1
    assert reason in past.doubts[0].reason


def test_a_new_role_that_another_record_made_is_not_believed() -> None:
    extension = record(Kind.GENERATED, 20, documents=OTHER_DOCUMENTS)
    forged = record(Kind.PREPARED, 21, content_sha256=hash_documents(OTHER_DOCUMENTS), parallel_id="AROAEVIL")
    assert "its new role has id AROAEVIL" in doubts(*records_up_to(Kind.OPENED), extension, forged)[0]


def test_a_record_of_a_soak_of_no_days_shortens_nothing() -> None:
    prepared = records_up_to(Kind.PREPARED)
    forged = [record(Kind.OPENED, 3, soak_days=0), record(Kind.CUT_OVER, 3.1)]
    assert "before the end of the soak time" in doubts(*prepared, *forged)[0]


def test_the_shorter_of_the_soaks_then_and_now_counts() -> None:
    """The declaration may have been shorter when the role was cut over, as it may be longer now."""
    early = record(Kind.CUT_OVER, 3 + 7)
    opened = [*records_up_to(Kind.PREPARED), record(Kind.OPENED, soak_days=7)]
    assert doubts(*opened, early) == []
    assert doubts(*records_up_to(Kind.OPENED), early, days=100) != []


def test_a_record_that_somebody_removed_is_missed() -> None:
    log = make_log(*records_up_to(Kind.OPENED))
    for index, key in ((0, 1), (2, 3)):
        less = dataclasses.replace(log, events=log.events[:index] + log.events[index + 1 :])
        assert f"record {key} is missing" in [doubt.reason for doubt in replay(less, identify()).doubts]


def test_of_two_records_with_a_number_one_is_not_believed() -> None:
    second = dataclasses.replace(record(Kind.LIFTED, 3, way=Way.IN_PLACE), number=4)
    past = remember(*records_up_to(Kind.OPENED, way=Way.IN_PLACE), second)
    assert "there is another record with number 4" in [doubt.reason for doubt in past.doubts]


def test_a_broken_record_is_a_doubt() -> None:
    assert doubts(*records_up_to(Kind.ASSESSED), "it is cut off") == ["it is cut off"]


def test_a_record_that_is_dated_back_shortens_nothing() -> None:
    """The store knows when it was written."""
    forged = dataclasses.replace(record(Kind.OPENED), stored_at=moment(50))
    past = remember(*records_up_to(Kind.PREPARED), forged)
    assert (past.since[Kind.OPENED], past.times[Kind.OPENED]) == (moment(50), moment(3))


def test_a_journal_that_was_copied_contradicts_nothing() -> None:
    """A copy has new dates. Then soaks begin again, but what was done stays done."""
    events = [dataclasses.replace(event, stored_at=moment(99)) for event in records_up_to(Kind.CLOSED)]
    past = remember(*events)
    assert (past.reached, past.doubts) == (Kind.CLOSED, ())
    assert past.since[Kind.CLOSED] == moment(99)


def test_clocks_differ_a_little() -> None:
    late = record(Kind.GENERATED, 100 + 30 / 86400)
    assert doubts(*records_up_to(Kind.ASSESSED), late) == []
    events = [
        record(Kind.ASSESSED),
        dataclasses.replace(record(Kind.GENERATED, 0), at=moment(0) - timedelta(seconds=30)),
    ]
    past = remember(*events)
    assert past.doubts == ()
    assert past.since[Kind.GENERATED] == moment(0)


def test_break_glass_that_a_role_was_closed_for_is_known_after_a_revert_too() -> None:
    other = record(Kind.REVERTED, 40, break_glass=("arn:aws:iam::111122223333:role/glass",))
    assert remember(*records_up_to(Kind.WATCHED)).break_glass == frozenset()
    past = remember(*records_up_to(Kind.CLOSED), other)
    assert past.is_reverted
    assert past.break_glass == {GLASS, "arn:aws:iam::111122223333:role/glass"}
    forged = remember(*records_up_to(Kind.CLOSED), record(Kind.CLOSED, 40, break_glass=("arn:aws:iam::1:role/x",)))
    assert (len(forged.doubts), forged.break_glass) == (1, {GLASS})
