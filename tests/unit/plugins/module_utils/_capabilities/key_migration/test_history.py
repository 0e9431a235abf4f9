# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.model import PolicyDocument, Role
from ansible_collections.hardening.iam.plugins.module_utils._capabilities.key_migration.history import (
    MadeRole,
    read_history,
)
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


TRUST: t.Final = {"Version": "2012-10-17", "Statement": []}
OTHER: t.Final = {**TRUST, "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}


@pytest.mark.parametrize(
    ("known", "created", "trust", "is_same"),
    [
        ("AROA", timedelta(days=9), OTHER, True),
        ("AROAOTHER", timedelta(), TRUST, False),
        # Nobody knows its id: the moment and the trust policy are those of the run.
        ("", timedelta(minutes=5), TRUST, True),
        ("", -timedelta(minutes=5), TRUST, True),
        ("", timedelta(minutes=5, seconds=1), TRUST, False),
        ("", -timedelta(minutes=5, seconds=1), TRUST, False),
        ("", timedelta(), OTHER, False),
        ("", None, TRUST, False),
    ],
)
def test_a_role_is_ours_by_its_id_or_else_by_its_moment_and_its_trust_policy(
    known: str, created: t.Optional[timedelta], trust: t.Any, is_same: bool
) -> None:
    made = None if created is None else NOW + created
    arn = f"arn:aws:iam::{ACCOUNT}:role/workload/job"
    document = PolicyDocument("trust", trust)
    role = Role("job", arn, "/workload/", made, document, (), (), None, None, None, unique_id="AROA")
    assert MadeRole(known, NOW, TRUST).is_same(role) is is_same
