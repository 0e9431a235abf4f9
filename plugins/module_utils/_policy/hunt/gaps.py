# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""What was read of which account and region, and the calls after which a trail may lack events."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime

from .event import Event

_CLOUDTRAIL: t.Final = "cloudtrail.amazonaws.com"
# UpdateTrail can move a trail to another bucket. The event history goes on all the same: nobody can stop it.
_CHANGES: t.Final = frozenset(
    {
        *("DeleteEventDataStore", "DeleteTrail", "PutEventSelectors", "StopEventDataStoreIngestion", "StopLogging"),
        *("UpdateTrail",),
    }
)


class Coverage(enum.StrEnum):
    """What was read of a region."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    DENIED = "denied"

    @property
    def rank(self) -> int:
        """The better, the higher."""
        return [Coverage.DENIED, Coverage.PARTIAL, Coverage.COMPLETE].index(self)


@dataclasses.dataclass(frozen=True)
class RegionRead:
    """What was read of a region, and why not more."""

    coverage: Coverage
    reasons: tuple[str, ...] = ()


#: By account and region.
Reads = Mapping[tuple[str, str], RegionRead]


@dataclasses.dataclass(frozen=True)
class TrailChange:
    """A successful call after which a trail may have recorded less."""

    time: datetime
    account_id: str
    region: str
    event_name: str
    event_id: str


def read_trail_change(event: Event) -> t.Optional[TrailChange]:
    """Read the change of a trail in an event; None for any other event, and for one that failed."""
    if event.is_failed or event.source != _CLOUDTRAIL or event.name not in _CHANGES:
        return None
    return TrailChange(event.time, event.account_id, event.region, event.name, event.event_id)


def doubt_regions(reads: Reads, changes: Iterable[TrailChange]) -> dict[tuple[str, str], RegionRead]:
    """Doubt the log files of accounts in which a trail was changed. Of files nobody knows which trail wrote them."""
    found = dict(reads)
    for change in sorted(changes, key=lambda one: (one.time, one.event_id)):
        for (account_id, region), read in reads.items():
            if account_id != change.account_id or read.coverage is Coverage.DENIED:
                continue
            reason = f"{change.event_name} on {change.time:%Y-%m-%dT%H:%M:%SZ}: events after it may be missing"
            known = found[account_id, region]
            found[account_id, region] = RegionRead(Coverage.PARTIAL, (*known.reasons, reason))
    return found
