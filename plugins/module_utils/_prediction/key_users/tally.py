# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Counts the callers of access keys while events stream by. Pure. Memory grows with different callers alone."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ..._policy.trail.callers import access_key, moment_of
from .model import Consumer, Consumers, Maker

# So many different callers of a key are named. An intruder may call from anywhere, with any name of a program.
MOST_CONSUMERS: t.Final = 100
_LONGEST_ADDRESS: t.Final = 64
_LONGEST_AGENT: t.Final = 128
_LONGEST_FULL_AGENT: t.Final = 1024
_LONGEST_ARN: t.Final = 2048
# An event may be dated a little after now, by another clock than that of the run.
_LATEST: t.Final = timedelta(hours=1)
_MORE: t.Final = ("others", "")
#: The call that makes an access key.
CREATE_KEY: t.Final = "CreateAccessKey"


class ConsumerTally:
    """Counts who calls with some keys, each since a moment."""

    def __init__(self, keys: Mapping[str, datetime], *, account_id: str, now: datetime) -> None:
        self._keys = keys
        self._account_id = account_id
        self._now = now
        self._found: dict[str, dict[tuple[str, str], Consumer]] = {key: {} for key in keys}
        self._events: set[str] = set()
        self._malformed = 0

    def add_all(self, records: Iterable[t.Any]) -> None:
        """Count events. Each counts once, although the event history and the log files may both have it."""
        for record in records:
            self._add(record)

    def _add(self, record: t.Any) -> None:
        when = moment_of(record)
        if when is None:
            # CloudTrail writes none without a time. What this one says of the keys is lost.
            self._malformed += 1
            return
        identity = record.get("userIdentity")
        if not isinstance(identity, dict):
            # Not every event has a caller, that of a service for one.
            self._malformed += identity is not None
            return
        if record.get("recipientAccountId") not in (None, self._account_id) or when > self._now + _LATEST:
            return
        key_id = access_key(identity)
        if key_id not in self._keys or when < self._keys[key_id]:
            return
        event = record.get("eventID")
        if isinstance(event, str) and event:
            if event in self._events:
                return
            self._events.add(event)
        self._count(key_id, _name(record), when)

    def _count(self, key_id: str, name: tuple[str, str], when: datetime) -> None:
        found = self._found[key_id]
        if name not in found and len(found) >= MOST_CONSUMERS:
            name = _MORE
        known = found.get(name)
        calls, first, last = (known.calls, known.first, known.last) if known else (0, when, when)
        found[name] = Consumer(key_id, *name, calls + 1, min(first, when), max(last, when))

    def conclude(self, failures: Iterable[str] = (), *, older: Iterable[str] = (), unasked: str = "") -> Consumers:
        """All callers of all keys, with what went wrong: see :class:`Consumers`."""
        broken = [f"{self._malformed} events are malformed"] if self._malformed else []
        found = tuple(one for found in self._found.values() for one in found.values())
        failure = "; ".join(dict.fromkeys((*failures, *broken)))
        return Consumers(found, failure, "; ".join(dict.fromkeys(older)), unasked)


def _name(record: Mapping[str, t.Any]) -> tuple[str, str]:
    return (
        clean(record.get("sourceIPAddress"), _LONGEST_ADDRESS) or "an address that is not shown",
        clean(record.get("userAgent"), _LONGEST_AGENT),
    )


def clean(value: t.Any, longest: int) -> str:
    """A text from an event in one line: callers choose the names of their programs, and people read them."""
    text = value if isinstance(value, str) else ""
    return "".join(char if char.isprintable() else "?" for char in text[:longest])


def find_maker(record: t.Any, key_id: str, account_id: str) -> t.Optional[Maker]:
    """Find who made a key by an event; None if the event is not that of a call that made this key in the account."""
    when = moment_of(record)
    if when is None or record.get("eventName") != CREATE_KEY or record.get("errorCode"):
        return None
    if record.get("eventSource") != "iam.amazonaws.com" or record.get("recipientAccountId") not in (None, account_id):
        return None
    answer = record.get("responseElements")
    made = answer.get("accessKey") if isinstance(answer, dict) else None
    if not isinstance(made, dict) or made.get("accessKeyId") != key_id:
        return None
    identity = record.get("userIdentity")
    arn = identity.get("arn") if isinstance(identity, dict) else None
    named = clean(arn, _LONGEST_ARN) or "somebody whom CloudTrail does not name"
    return Maker(named, clean(record.get("userAgent"), _LONGEST_FULL_AGENT), when)
