# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.analysis.principal_matrix import DeniedPair
from ansible_collections.hardening.iam.plugins.module_utils._prediction.denials.verdict import (
    Loss,
    Verdict,
    describe_losses,
)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def pair(action: str, principal: str = "role/app", account: str = "111122223333") -> DeniedPair:
    return DeniedPair(account, f"arn:aws:iam::{account}:{principal}", action)


LOSS = Loss(pair("s3:GetObject"), 3, NOW, NOW, "denied")


@pytest.mark.parametrize(
    ("verdict", "has_passed"),
    [
        (Verdict(events=5), True),
        (Verdict(failure="no log files"), False),
        (Verdict(losses=(LOSS,)), False),
        (Verdict(unknown=(LOSS,)), False),
        (Verdict(of_other_policies=7), True),
    ],
)
def test_what_passes(verdict: Verdict, has_passed: bool) -> None:
    assert verdict.has_passed is has_passed
    assert verdict.as_dict()["passed"] is has_passed


def test_as_a_result() -> None:
    result = Verdict(losses=(LOSS,), source="s3://trail", events=9, blind_spots=("one",)).as_dict()
    assert result["failure"] is None
    assert result["losses"] == [
        {
            "account_id": "111122223333",
            "principal": "arn:aws:iam::111122223333:role/app",
            "action": "s3:GetObject",
            "count": 3,
            "first": "2026-11-25T12:00:00Z",
            "last": "2026-11-25T12:00:00Z",
            "message": "denied",
        }
    ]


def test_who_lost_what_in_one_clause() -> None:
    found = [pair("s3:GetObject"), pair("iam:ListUsers"), pair("iam:ListUsers", "role/b", "222233334444")]
    assert describe_losses(found) == (
        "in 111122223333 arn:aws:iam::111122223333:role/app lost iam:ListUsers, s3:GetObject; "
        "in 222233334444 arn:aws:iam::222233334444:role/b lost iam:ListUsers"
    )


def test_long_lists_are_cut() -> None:
    text = describe_losses(pair("s3:GetObject", f"role/r{number:02d}") for number in range(13))
    assert text.count("lost") == 10
    assert text.endswith("; and 3 more")
