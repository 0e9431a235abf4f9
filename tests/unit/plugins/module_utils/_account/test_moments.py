# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ansible_collections.hardening.iam.plugins.module_utils._account.moments import (
    format_moment,
    format_utc,
    parse_moment,
    whole_days,
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25T12:00:00Z",
        "2026-11-25T12:00:00+00:00",
        "2026-11-25T12:00:00",
        "2026-11-25T13:00:00+01:00",
        " 2026-11-25 12:00:00 ",
    ],
)
def test_parse_moment(text: str) -> None:
    assert parse_moment(text) == NOON
    assert parse_moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "N/A", "yesterday", "0001-01-01T00:00:00+10:00", "0001-12-31T00:00:00Z", "9999-01-01T00:00:00Z"]
)
def test_parse_moment_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_moment(text)


def test_format_moment() -> None:
    assert format_moment(NOON) == "2026-11-25T12:00:00Z"
    assert format_moment(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-11-25T12:00:00Z"
    assert format_moment(NOON.replace(microsecond=5)) == "2026-11-25T12:00:00.000005Z"


def test_format_utc_leaves_fractions_out() -> None:
    assert format_utc(NOON.replace(microsecond=999999)) == "2026-11-25T12:00:00Z"
    assert format_utc(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-11-25T12:00:00Z"


@pytest.mark.parametrize(
    ("since", "days"),
    [
        (NOON, 0),
        (NOON - timedelta(hours=23, minutes=59), 0),
        (NOON - timedelta(days=1), 1),
        (NOON - timedelta(days=90, hours=1), 90),
        (NOON + timedelta(days=3), 0),
    ],
)
def test_whole_days(since: datetime, days: int) -> None:
    assert whole_days(since, NOON) == days
