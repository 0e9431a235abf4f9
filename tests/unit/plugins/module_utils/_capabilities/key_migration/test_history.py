# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.history import read_history
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.model import MODULE
from ansible_collections.hardening.iam.plugins.module_utils._converge.change import Change
from ansible_collections.hardening.iam.plugins.module_utils._converge.journal import Journal, Outcome
from ansible_collections.hardening.iam.plugins.module_utils._converge.user_keys import Key, KeyRetirer, User

from ..._converge.fakes import FakeStore

ACCOUNT: t.Final = "111122223333"
USER: t.Final = User("svc", f"arn:aws:iam::{ACCOUNT}:user/svc", "AIDA")
NOW: t.Final = datetime(2026, 3, 1, tzinfo=UTC)
KEY: t.Final = Key("AKIAOLDOLDOLDOLDOLD1", "Active", NOW)
CHANGE: t.Final = KeyRetirer(ACCOUNT).deactivate(USER, KEY)


def read(outcome: t.Optional[Outcome], change: Change = CHANGE) -> frozenset[str]:
    store = FakeStore()
    names = {"account_id": ACCOUNT, "run_id": "run-1", "job_id": "job-1", "module": MODULE, "caller_arn": "arn"}
    journal = Journal(store, clock=lambda: NOW, details={}, **names)
    key = journal.intend(change)
    if outcome is not None:
        journal.conclude(key, outcome)
    return read_history(store, ACCOUNT, lambda _text: None).keys


@pytest.mark.parametrize(
    ("outcome", "is_ours"),
    [(None, True), (Outcome.UNKNOWN, True), (Outcome.APPLIED, True), (Outcome.FAILED, False), (Outcome.FOREIGN, False)],
)
def test_a_key_is_one_that_a_run_deactivated_or_may_have(outcome: t.Optional[Outcome], is_ours: bool) -> None:
    assert read(outcome) == (frozenset({KEY.id}) if is_ours else frozenset())


def test_a_record_of_another_account_is_none_of_this_one() -> None:
    assert read(Outcome.APPLIED, dataclasses.replace(CHANGE, account_id="999988887777")) == frozenset()
