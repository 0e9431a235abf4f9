# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Impact
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Intent, Outcome, recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.undo import UndoRefused, undo_of

from .fakes import ACCOUNT, RUN, FakeAws, FakeStore, change, journal_of, user_arn


def intent_of(done: Change) -> Intent:
    return Intent(key="k", run_id=RUN, module="replace", change=done)


def test_a_change_is_taken_back_from_the_journal() -> None:
    store, aws = FakeStore(), FakeAws(alice="new")
    journal = journal_of(store)
    journal.conclude(journal.intend(change("alice")), Outcome.APPLIED)
    ((intent, outcome),) = recorded(store, ACCOUNT, RUN)
    undo = undo_of(intent, outcome, aws.reread)
    assert (undo.operation, undo.target, undo.before, undo.after) == ("Replace", user_arn("alice"), "new", "old")
    assert undo.impact is Impact.ADDITIVE
    aws.call(undo.service, undo.operation, undo.parameters)
    assert aws.states[user_arn("alice")] == "old"


@pytest.mark.parametrize(
    ("done", "outcome", "present", "message"),
    [
        (change(), Outcome.APPLIED, "newer", f"no longer as Replace of run {RUN} left it"),
        (change(), Outcome.APPLIED, None, "no longer as"),
        (change(), Outcome.APPLIED, "old", "no longer as"),
        (change(undo=None), Outcome.APPLIED, "new", "can't be undone"),
        (change(), Outcome.FAILED, "new", "was not made"),
    ],
)
def test_undo_is_refused(done: Change, outcome: Outcome, present: t.Any, message: str) -> None:
    with pytest.raises(UndoRefused, match=message):
        undo_of(intent_of(done), outcome, lambda _change: present)


def test_a_change_that_was_cut_off_is_undone_where_it_was_made_all_the_same() -> None:
    assert undo_of(intent_of(change()), Outcome.UNKNOWN, lambda _change: "new").after == "old"
