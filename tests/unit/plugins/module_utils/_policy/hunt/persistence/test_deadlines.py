# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The moments at which AWS makes something final."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence import deadlines
from ansible_collections.hardening.iam.plugins.module_utils._policy.hunt.persistence.template import Facts

from .synthetic import TIME, event


def facts(request: t.Any = None, response: t.Any = None) -> Facts:
    return Facts(event("kms", "ScheduleKeyDeletion", request=request, response=response))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Apr 12, 2021 18:58:30 PM", (2021, 4, 12, 18, 58, 30)),
        ("Apr 12, 2021 6:58:30 PM", (2021, 4, 12, 18, 58, 30)),
        ("Apr 12, 2021, 12:08:30 AM", (2021, 4, 12, 0, 8, 30)),
        ("Dec 4, 2026 0:00:00 AM", (2026, 12, 4, 0, 0, 0)),
        ("2026-12-04T10:00:00Z", (2026, 12, 4, 10, 0, 0)),
        ("2026-12-04T12:00:00+02:00", (2026, 12, 4, 10, 0, 0)),
        (1796378400, (2026, 12, 4, 10, 0, 0)),
        (1796378400000, (2026, 12, 4, 10, 0, 0)),
    ],
)
def test_moments_are_read_as_events_write_them(text: t.Any, expected: tuple[int, ...]) -> None:
    assert deadlines.parse_moment(text) == datetime(*expected, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "value", ["soon", "", None, True, {}, "Foo 12, 2021 18:58:30 PM", "Feb 31, 2021 1:00:00 AM", 1e300, "9" * 400]
)
def test_anything_else_is_no_moment(value: t.Any) -> None:
    assert deadlines.parse_moment(value) is None


@pytest.mark.parametrize(
    ("request_", "response", "days"),
    [
        ({"pendingWindowInDays": 7}, None, 7),
        ({}, None, 30),
        ({"pendingWindowInDays": 1}, None, 7),
        ({"pendingWindowInDays": 3000000000}, None, 30),
        ({"pendingWindowInDays": 7}, {"deletionDate": "nonsense"}, 7),
        ({"pendingWindowInDays": 7}, {"deletionDate": "²"}, 7),
        ({"pendingWindowInDays": 7}, {"deletionDate": "١٢"}, 7),
        ({"pendingWindowInDays": 7}, {"deletionDate": "9" * 400}, 7),
        ({}, {"deletionDate": f"{(TIME + timedelta(days=9)).timestamp():.0f}"}, 9),
        ({"pendingWindowInDays": 30}, {"deletionDate": "Dec 4, 2026 10:00:00 AM"}, 7),
    ],
)
def test_the_answer_counts_before_the_window_of_the_request(request_: t.Any, response: t.Any, days: int) -> None:
    assert deadlines.find_key_deletion(facts(request_, response)) == TIME + timedelta(days=days)


def test_a_secret_has_a_window_too() -> None:
    assert deadlines.find_secret_deletion(facts({"recoveryWindowInDays": 9})) == TIME + timedelta(days=9)


def test_a_transfer_of_responsibility_has_a_begin() -> None:
    resources = [
        {"type": "ORGANIZATION", "value": "o-1", "resources": []},
        {
            "type": "RESPONSIBILITY_TRANSFER",
            "resources": [{"type": "TRANSFER_START_TIMESTAMP", "value": "2026-12-31T00:00:00Z"}],
        },
    ]
    accepted = facts({}, {"handshake": {"id": "h-1", "resources": resources}})
    assert deadlines.find_handshake_end(accepted) == datetime(2026, 12, 31, tzinfo=UTC)
    assert deadlines.find_handshake_end(facts({"startTimestamp": "2026-12-30T00:00:00Z"})) == datetime(
        2026, 12, 30, tzinfo=UTC
    )
    assert deadlines.find_handshake_end(facts({"handshakeId": "h-1"})) == TIME + timedelta(days=30)


def test_the_others_count_from_the_call() -> None:
    assert deadlines.find_account_end(facts()) == TIME + timedelta(days=90)
    assert deadlines.find_data_store_end(facts()) == TIME + timedelta(days=7)
