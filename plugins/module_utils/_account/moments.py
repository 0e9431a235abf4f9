# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Moments in UTC: as text, and how long ago they are."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime


def parse_moment(text: str) -> datetime:
    """The moment of an ISO 8601 text; without an offset it is UTC.

    Python has no time before the year 1 or after 9999. A text may be forged, so a time that close to an end is refused:
    hours or days could not be added to it.

    :raises ValueError: not an ISO 8601 date and time.
    """
    moment = datetime.fromisoformat(text.strip())
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError(f"{text!r} is out of range")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def format_moment(moment: datetime) -> str:
    """``moment`` (aware) in ISO 8601, with ``Z``; fractions of a second only where there are some."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def format_utc(moment: datetime) -> str:
    """``moment`` (aware) as ``YYYY-MM-DDTHH:MM:SSZ``, seconds being the finest that AWS reports."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_days(since: datetime, now: datetime) -> int:
    """How many full days have passed; 0 for a moment that is still to come, as clocks differ."""
    return max(0, (now - since).days)
