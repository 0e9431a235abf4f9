# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The moments from which on AWS makes the effect of an event final."""

from __future__ import annotations

import re
import typing as t
from datetime import UTC, datetime, timedelta

from .template import Facts, Missing

_DAY: t.Final = timedelta(days=1)
# As KMS and Secrets Manager write it into their events: "Apr 12, 2021 18:58:30 PM", or with 6 for 18.
# https://docs.aws.amazon.com/kms/latest/developerguide/ct-schedule-key-deletion.html
_WRITTEN: t.Final = re.compile(
    r"([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),?\s(\d{1,2}):(\d{2}):(\d{2})(?:\s(AM|PM))?", re.ASCII
)
_MONTHS: t.Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def find_key_deletion(facts: Facts) -> t.Optional[datetime]:
    """Find when KMS deletes a key: 7 to 30 days after the call, 30 by default.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
    """
    return _read_moment(facts, ">deletionDate") or _count(facts, "pendingWindowInDays#", least=7, most=30)


def find_secret_deletion(facts: Facts) -> t.Optional[datetime]:
    """Find when Secrets Manager deletes a secret: 7 to 30 days after the call, 30 by default, or at once.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
    """
    return _read_moment(facts, ">deletionDate") or _count(facts, "recoveryWindowInDays#", least=7, most=30)


def find_account_end(facts: Facts) -> t.Optional[datetime]:
    """Find until when AWS Support can reopen a closed account: for 90 days.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
    """
    return facts.event.time + 90 * _DAY


def find_handshake_end(facts: Facts) -> t.Optional[datetime]:
    """Find when a transfer of responsibility begins. Any other handshake is shown for 30 days after it was accepted.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_AcceptHandshake.html
    """
    begin = _find_transfer_start(facts.event.response) or _read_moment(facts, "startTimestamp")
    return begin or facts.event.time + 30 * _DAY


def find_data_store_end(facts: Facts) -> t.Optional[datetime]:
    """Find until when a deleted event data store can be restored: for seven days.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteEventDataStore.html
    """
    return facts.event.time + 7 * _DAY


def parse_moment(value: t.Any) -> t.Optional[datetime]:
    """Parse a moment as events write it; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, (int, float)):
            # Milliseconds, if it is far beyond the seconds of our time.
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        return _parse_text(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def _parse_text(text: str) -> t.Optional[datetime]:
    match = _WRITTEN.fullmatch(text.replace("\u202f", " ").strip())
    if match is None:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    month, day, year, hour, minute, second, half = match.groups()
    hours = int(hour)
    if half == "PM" and hours < 12:
        hours += 12
    if half == "AM" and hours == 12:
        hours = 0
    number = _MONTHS.index(month) + 1
    return datetime(int(year), number, int(day), hours, int(minute), int(second), tzinfo=UTC)


def _read_moment(facts: Facts, name: str) -> t.Optional[datetime]:
    try:
        value = facts.find(name)
    except Missing:
        return None
    return parse_moment(float(value) if isinstance(value, str) and _is_number(value) else value)


def _is_number(text: str) -> bool:
    # Of other digits Python can't make all into a number.
    return text.isascii() and text.isdecimal()


def _count(facts: Facts, name: str, *, least: int, most: int) -> datetime:
    try:
        days = int(str(facts.find(name)))
    except Missing:
        days = most
    return facts.event.time + min(max(days, least), most) * _DAY


def _find_transfer_start(response: t.Any, depth: int = 0) -> t.Optional[datetime]:
    """Find the resource of a handshake that says when a transfer begins: its value is a text."""
    if depth > 6:
        return None
    if isinstance(response, dict):
        members = {str(key).lower(): value for key, value in response.items()}
        if members.get("type") == "TRANSFER_START_TIMESTAMP":
            return parse_moment(members.get("value"))
        inner: list[t.Any] = list(response.values())
    else:
        inner = response if isinstance(response, list) else []
    return next(filter(None, (_find_transfer_start(value, depth + 1) for value in inner)), None)
