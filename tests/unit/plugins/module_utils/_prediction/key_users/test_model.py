# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.answer import NO, Unknown, Yes
from ansible_collections.hardening.iam.plugins.module_utils._prediction.key_users.model import (
    Consumer,
    Consumers,
    Maker,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CALL = Consumer("AKIA1", "10.1.2.3", "boto3", 1, NOW, NOW)
LATER = Consumer("AKIA1", "10.1.2.4", "boto3", 1, NOW, NOW + timedelta(days=1))


def test_the_last_use_is_an_answer_of_three() -> None:
    assert Consumers((CALL, LATER)).find_last_use("AKIA1") == Yes(LATER.last)
    assert Consumers((CALL,)).find_last_use("AKIA2") == NO
    for unread in (Consumers((CALL,), failure="denied"), Consumers((CALL,), unasked="denied")):
        assert unread.find_last_use("AKIA1") == Unknown("denied") == unread.find_last_use("AKIA2")
        assert unread.last_known_use("AKIA1") == NOW and unread.last_known_use("AKIA2") is None
    assert Consumers((CALL,), older="more").find_last_use("AKIA1") == Yes(NOW)
    assert Consumers(failure="one", older="two", unasked="three").gap == "one; two; three" and Consumers().gap == ""


@pytest.mark.parametrize(
    ("agent", "has_mark"),
    [
        ("Boto3/1 hardening.iam job/a/1", True),
        ("[Boto3/1 hardening.iam job/a/1]", True),
        ("job/a/1 more", True),
        ("Boto3/1 hardening.iam job/a/11", False),
        ("Boto3/1 hardening.iam xjob/a/1", False),
        ("", False),
    ],
)
def test_a_program_names_its_job_by_a_whole_word(agent: str, has_mark: bool) -> None:
    assert Maker("arn", agent, NOW).has_mark("job/a/1") is has_mark
