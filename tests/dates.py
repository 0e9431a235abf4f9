# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dates of tests that run with the real clock: counted from today, so that the tests pass on any day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def date_in(days: int) -> str:
    """The date that many days from today in UTC, such as ``2026-12-31``."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def noon_in(days: int) -> str:
    """Noon in UTC of the day that many days from today, such as ``2026-12-31T12:00:00Z``."""
    return f"{date_in(days)}T12:00:00Z"
