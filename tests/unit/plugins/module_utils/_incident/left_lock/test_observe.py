# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock that a killed run left, from recorded answers."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Answer, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._incident import from_above
from ansible_collections.hardening.iam.plugins.module_utils._incident.control_policy import Content
from ansible_collections.hardening.iam.plugins.module_utils._incident.left_lock.observe import (
    OPERATIONS,
    LeftLock,
    find_left_lock,
)

from ..._capabilities.recorded import RecordedAccess, of

NOW: t.Final = datetime(2026, 12, 2, 12, tzinfo=UTC)
LOCK: t.Final = from_above.Lock(frozenset({"222233334444"}), NOW + timedelta(minutes=5), frozenset({"arn:role"}))
LOCKED: t.Final = from_above.write_orders(from_above.Orders(lock=LOCK))[0]
OWNER: t.Final = from_above.describe_owner("INC-7")


def find(content: Content, now: datetime = NOW, *, name: str = from_above.NAME, owner: str = OWNER) -> Answer[LeftLock]:
    summary = {"Id": "p-1", "Name": name, "Description": owner}
    answers = {
        "organizations:ListPolicies": of(
            {"Policies": [{"Id": "p-0", "Name": "other"}, summary]}, Filter="SERVICE_CONTROL_POLICY"
        ),
        "organizations:DescribePolicy": of(
            {"Policy": {"PolicySummary": summary, "Content": content.text}}, PolicyId="p-1"
        ),
    }
    access: t.Any = RecordedAccess(answers, account_id="111122223333", declared=OPERATIONS.reads)
    return find_left_lock(access, now)


def test_a_lock_that_holds_is_found_with_the_command_that_lifts_it() -> None:
    found = find(LOCKED)
    assert found == Yes(LeftLock("INC-7", ("222233334444",), LOCK.until))
    assert isinstance(found, Yes) and "-e compromise_response_confirm=INC-7" in found.value.describe()
    assert find(LOCKED, owner="") == Yes(LeftLock("unknown", ("222233334444",), LOCK.until))


@pytest.mark.parametrize(
    "answer",
    [find(LOCKED, LOCK.until), find(from_above.DORMANT), find(LOCKED, name="mine")],
    ids=["over", "dormant", "another policy"],
)
def test_what_holds_no_lock_is_none(answer: Answer[LeftLock]) -> None:
    assert answer == NO


def test_what_can_not_be_read_is_not_known() -> None:
    access: t.Any = RecordedAccess({}, account_id="111122223333")
    for answer in (find_left_lock(access, NOW), find(Content.of([]))):
        assert isinstance(answer, Unknown)


@pytest.mark.parametrize(
    ("policies", "described"),
    [
        ([{"Name": from_above.NAME}], {}),
        ([{"Name": from_above.NAME, "Id": "p-1"}], {}),
        ([{"Name": from_above.NAME, "Id": "p-1"}], {"PolicySummary": {}}),
    ],
    ids=["no id", "no policy", "no content"],
)
def test_an_answer_that_does_not_parse_is_not_known(policies: t.Any, described: t.Any) -> None:
    answers = {
        "organizations:ListPolicies": {"Policies": policies},
        "organizations:DescribePolicy": {"Policy": described or None},
    }
    access: t.Any = RecordedAccess(answers, account_id="111122223333", declared=OPERATIONS.reads)
    found = find_left_lock(access, NOW)
    assert isinstance(found, Unknown) and "does not parse" in found.reason
