# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An error that is somebody else's decision on one target refuses that change, and the others go on."""

from __future__ import annotations

import typing as t

from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change, Refusal
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import read_recorded
from ansible_collections.hardening.iam.plugins.module_utils._converge.runner import ApplyResult, apply

from .fakes import (
    ACCOUNT,
    RUN,
    FakeAws,
    FakeAwsError,
    FakeCapability,
    FakeLease,
    FakeStore,
    change,
    journal_of,
    judge,
    user_arn,
)


def decline(wanted: Change, error: Exception) -> t.Optional[Refusal]:
    """What a service-controlled resource answers, say."""
    return Refusal("kept", f"kept by its owner: {error}", wanted.target) if wanted.target == user_arn("b") else None


def apply_changes(aws: FakeAws, store: FakeStore) -> ApplyResult:
    changes = (change("a"), change("b"), change("c"))
    capability = FakeCapability(aws, *changes, find_refusal=decline)
    return apply(
        capability,
        changes,
        aws=aws,
        journal=journal_of(store),
        leases=FakeLease(),
        errors=(FakeAwsError,),
        judge=judge,
        sleep=lambda _seconds: None,
    )


def list_made(done: ApplyResult) -> list[str]:
    return [item.target for item in done.made]


def outcomes(store: FakeStore) -> list[str]:
    return [outcome.value for _intent, outcome in read_recorded(store, ACCOUNT, RUN)]


def test_a_declined_change_is_a_refusal_and_the_rest_is_made() -> None:
    store = FakeStore()
    aws = FakeAws(store, a="old", b="old", c="old")
    aws.failures["b"] = "refused"
    done = apply_changes(aws, store)
    assert list_made(done) == [user_arn("a"), user_arn("c")]
    assert [(item.rule, item.reason) for item in done.refused] == [("kept", "kept by its owner: AccessDenied")]
    assert done.error == ""
    assert outcomes(store) == ["applied", "failed", "applied"]


def test_an_error_that_nobody_declined_stops_the_rest() -> None:
    store = FakeStore()
    aws = FakeAws(store, a="old", b="old", c="old")
    aws.failures["a"] = "refused"
    done = apply_changes(aws, store)
    assert (list_made(done), done.refused) == ([], ())
    assert done.error == f"Replace on {user_arn('a')}: AccessDenied"


def test_a_change_that_was_made_is_not_declined_although_its_answer_was_lost() -> None:
    store = FakeStore()
    aws = FakeAws(store, a="old", b="old", c="old")
    aws.failures["b"] = "dropped"
    done = apply_changes(aws, store)
    assert list_made(done) == [user_arn("a"), user_arn("b"), user_arn("c")]
    assert (done.refused, done.error) == ((), "")


def test_a_change_of_which_nobody_knows_whether_it_was_made_is_an_error() -> None:
    store = FakeStore()
    aws = FakeAws(store, a="old", b="old", c="old")
    aws.failures["b"] = "garbled"
    done = apply_changes(aws, store)
    assert list_made(done) == [user_arn("a")]
    assert done.refused == ()
    assert "it is not known whether the change was made" in done.error
