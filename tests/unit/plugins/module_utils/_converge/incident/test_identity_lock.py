# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declaration of an identity lock, as people write it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.identity_lock import LockSeed, read_lock
from ansible_collections.hardening.iam.plugins.module_utils._converge.incident.reader import Reader

HOME: t.Final = "222233334444"


def read(value: t.Any) -> tuple[LockSeed, list[str]]:
    reader = Reader({"identity_lock": value})
    return read_lock(reader), reader.problems


@pytest.mark.parametrize(
    ("value", "seed"),
    [
        (None, LockSeed()),
        ({"accounts": [HOME]}, LockSeed((HOME,), 60)),
        ({"accounts": HOME, "minutes": 10}, LockSeed((HOME,), 10)),
        # Without quotes it is a number, which has lost its zeros.
        ({"accounts": [11111111111, HOME], "minutes": 240}, LockSeed(("011111111111", HOME), 240)),
    ],
)
def test_a_lock_is_read(value: t.Any, seed: LockSeed) -> None:
    assert read(value) == (seed, [])


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (HOME, "identity_lock: '222233334444' is not allowed; allowed is a mapping with accounts, minutes"),
        ({}, "identity_lock.accounts: None is not allowed"),
        ({"accounts": ["*"]}, r"identity_lock.accounts\[0\].account_id: '\*' is not allowed"),
        ({"accounts": [HOME], "minutes": 9}, "identity_lock.minutes: 9 is not allowed; allowed is a number from 10"),
        ({"accounts": [HOME], "minutes": 241}, "identity_lock.minutes: 241 is not allowed"),
        ({"accounts": [HOME], "minutes": True}, "identity_lock.minutes: True is not allowed"),
        ({"accounts": [HOME], "minutes": "60"}, "identity_lock.minutes: '60' is not allowed"),
        ({"account": HOME}, "identity_lock: account is unknown; known are accounts, minutes"),
    ],
)
def test_what_is_wrong_with_a_lock_is_said(value: t.Any, problem: str) -> None:
    _seed, problems = read(value)
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(problems[0])
