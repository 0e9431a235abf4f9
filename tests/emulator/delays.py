# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How slow CloudTrail is: by default it is quick, so that no test waits for it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html: events take 5 to 15 minutes.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html: two calls a second.
"""

from __future__ import annotations

import collections
import time
import typing as t
from datetime import datetime, timedelta

_SECOND: t.Final = 1.0


class Delays:
    """The delays in force."""

    def __init__(self) -> None:
        self.lateness_seconds = 0.0
        self.lookups_a_second = 0
        self._lookups: collections.defaultdict[tuple[str, str], collections.deque[float]] = collections.defaultdict(
            collections.deque
        )

    def set(self, lateness_seconds: float = 0.0, lookups_a_second: int = 0) -> None:
        """Let events appear so many seconds late, and answer so many LookupEvents a second; 0 for no limit."""
        self.lateness_seconds = lateness_seconds
        self.lookups_a_second = lookups_a_second
        self._lookups.clear()

    def get(self) -> tuple[float, int]:
        """What :meth:`set` takes."""
        return self.lateness_seconds, self.lookups_a_second

    def newest(self, now: datetime) -> datetime:
        """The newest moment of which there are events."""
        return now - timedelta(seconds=self.lateness_seconds)

    def admits_lookup(self, account_id: str, region: str) -> bool:
        """Count a LookupEvents; whether it is within the limit of its account and region, by real time."""
        if not self.lookups_a_second:
            return True
        known, now = self._lookups[account_id, region], time.monotonic()
        while known and known[0] <= now - _SECOND:
            known.popleft()
        if len(known) >= self.lookups_a_second:
            return False
        known.append(now)
        return True


# As the clock: moto's functions take no context.
DELAYS: t.Final = Delays()
