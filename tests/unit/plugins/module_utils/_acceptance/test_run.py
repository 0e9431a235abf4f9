# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Input of the acceptance that can't be used is refused before anything is read or made."""

from __future__ import annotations

import re
import typing as t
from datetime import UTC, datetime

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._acceptance.assumptions import Need
from ansible_collections.hardening.iam.plugins.module_utils._acceptance.run import (
    RejectedInput,
    accept,
    find_unconfirmed,
    make_table,
)


@pytest.mark.parametrize(
    ("include", "patience", "reason"),
    [
        (["third_key_is_refused", "nonsense"], 60, "include: nonsense is not an assumption; allowed are "),
        (["password_policy_update_resets"], 60, "include: password_policy_update_resets can only be tried with acc"),
        (
            ["conditional_writes_are_kept"],
            60,
            "include: conditional_writes_are_kept can only be tried with hard",
        ),
        ([], -1, "patience: -1 is not allowed; allowed are 0 seconds or more"),
    ],
)
def test_input_that_can_not_be_used(include: list[str], patience: float, reason: str) -> None:
    given: dict[str, t.Any] = {
        "account_id": "555566667777",
        "pattern": "*sandbox*",
        "check_mode": False,
        "given": {Need.NOTHING},
        "open_control": None,
    }
    with pytest.raises(RejectedInput, match=f"^{reason}"):
        accept(t.cast(t.Any, None), include=include, patience=patience, now=datetime(2026, 11, 27, tzinfo=UTC), **given)


def record(state: str, name: str = "some", *, is_vital: bool = False) -> dict[str, t.Any]:
    return {"id": name, "state": state, "is_vital": is_vital, "expected": "allowed", "observed": "allowed"}


@pytest.mark.parametrize(
    ("assumptions", "expected"),
    [
        ([record("as_expected")], []),
        ([record("as_expected"), record("not_observed", "other")], []),
        ([record("not_observed")], ["no assumption was observed"]),
        ([], ["no assumption was observed"]),
        (
            [record("as_expected"), record("not_observed", "other", is_vital=True)],
            ["other is vital and could not be observed"],
        ),
        ([record("as_expected"), record("not_as_expected", "other")], ["other does not hold"]),
        ([record("as_expected"), record("not_tried", "other")], ["other was not tried"]),
    ],
)
def test_what_was_not_observed_confirms_nothing(assumptions: list[dict[str, t.Any]], expected: list[str]) -> None:
    result = {"refused": [], "left": [], "assumptions": assumptions}
    assert find_unconfirmed(result) == expected
    assert find_unconfirmed({**result, "left": ["arn"]}) == [*expected, "arn could not be removed"]
    assert find_unconfirmed({**result, "refused": ["it is the management account"]}) == [
        "the account is refused as a sandbox, and nothing was tried"
    ]


def test_the_table_for_others_names_neither_account_nor_objects() -> None:
    text = (
        "User: arn:aws:iam::555566667777:user/x is not authorized; 555566667777; AKIA5EXAMPLE5EXAMPLE; "
        "request 0f0f0f0f-1111-2222-3333-444455556666; user acceptance-0a1b2c-01"
    )
    item = {**record("not_observed"), "observed": text, "relied_on_by": "", "source": "", "statement": ""}
    table = make_table({"assumptions": [item]}, partition="aws", now=datetime(2026, 12, 2, tzinfo=UTC))
    (row,) = table["assumptions"]
    assert row["observed"].count("<hidden>") == 5
    assert not re.search(r"\d{12}|arn:|AKIA|0f0f|acceptance-", row["observed"])
    assert (table["partition"], table["observed_at"]) == ("aws", "2026-12-02T00:00:00Z")
