# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account of which nothing can be read is a failure, and one gap is not."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Collection

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import (
    REGIONAL,
    Dataset,
    Snapshot,
    Unread,
    UnreadKind,
)
from ansible_collections.hardening.iam.plugins.module_utils._assessment.unread_account import (
    refuse_silent,
    refuse_unread,
)
from ansible_collections.hardening.iam.plugins.module_utils._module.task import TaskError

from .._controls import samples

REGIONS: t.Final = ("us-east-1", "eu-west-1")
WANTED: t.Final = (Dataset.AUTHORIZATION_DETAILS, Dataset.CREDENTIAL_REPORT, Dataset.ANALYZERS)


def unread(
    kind: UnreadKind, datasets: Collection[Dataset] = WANTED, *, reason: str = "iam:X: no", regions: int = 2
) -> Snapshot:
    whole = samples.snapshot(regions=REGIONS)
    gaps = [
        Unread(dataset, kind, reason, region=region)
        for dataset in datasets
        for region in (whole.regions[:regions] if dataset in REGIONAL else (None,))
    ]
    return dataclasses.replace(whole, unread=tuple(gaps))


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        (UnreadKind.DENIED, "docs/permissions.md"),
        (UnreadKind.UNREACHABLE, "VPC endpoints"),
        (UnreadKind.THROTTLED, "request rate"),
    ],
)
def test_an_account_that_answers_nothing_is_refused(kind: UnreadKind, step: str) -> None:
    snapshot = unread(kind)
    with pytest.raises(TaskError) as refusal:
        refuse_unread(snapshot, WANTED)
    message = str(refusal.value)
    assert message.startswith(f"account_id: nothing of account {snapshot.account_id} can be read: iam:X: no\n")
    assert step in message
    assert len(message.splitlines()) <= 3


def test_the_reason_is_that_of_a_call() -> None:
    gaps = (
        Unread(Dataset.ANALYZERS, UnreadKind.UNREACHABLE, "not asked, because"),
        Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.UNREACHABLE, "Read timeout"),
    )
    snapshot = dataclasses.replace(samples.snapshot(), unread=gaps)
    with pytest.raises(TaskError, match="Read timeout"):
        refuse_unread(snapshot, WANTED[::2])


@pytest.mark.parametrize(
    "snapshot",
    [
        unread(UnreadKind.DENIED, WANTED[:2]),
        unread(UnreadKind.DENIED, WANTED[1:]),
        unread(UnreadKind.DENIED, regions=1),
        unread(UnreadKind.UNSUPPORTED),
        unread(UnreadKind.DENIED, ()),
    ],
    ids=["regions", "details", "one region", "unsupported", "whole"],
)
def test_a_part_is_enough(snapshot: Snapshot) -> None:
    refuse_unread(snapshot, WANTED)


def test_a_few_controls_may_ask_for_what_is_denied() -> None:
    refuse_unread(unread(UnreadKind.DENIED), WANTED[1:])


def test_an_account_that_answers_no_call_is_refused_before_its_assessment() -> None:
    silent = unread(UnreadKind.UNREACHABLE)
    other = Unread(Dataset.INSTANCES, UnreadKind.NOT_REQUESTED, "not requested")
    with pytest.raises(TaskError, match="--limit"):
        refuse_silent(dataclasses.replace(silent, unread=(*silent.unread, other)), WANTED)


def test_one_answer_is_enough_although_it_is_a_denial() -> None:
    silent = unread(UnreadKind.UNREACHABLE, WANTED[1:])
    denied = Unread(Dataset.AUTHORIZATION_DETAILS, UnreadKind.DENIED, "iam:X: no")
    refuse_silent(dataclasses.replace(silent, unread=(*silent.unread, denied)), WANTED)
    refuse_silent(silent, WANTED)
