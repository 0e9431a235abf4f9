# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""All that was read to know the calls of an account."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import datetime, timedelta

from ..._account.activity import Activity
from ..._account.log_files import LogActivity
from .seen import SeenEvents
from .selectors import TrailFacts


@dataclasses.dataclass(frozen=True)
class Sources:
    """All that was read to know the calls of an account.

    ``logs`` are the places with log files. ``trails`` are the trails that cover the account, None if they were not
    asked for or could not be read, for the ``trails_reason``. ``regions`` are the regions that the account has enabled,
    None if they are not known. ``changes`` are calls in the event history that changed a trail, as times and names.
    ``seen`` are the management events of files that nobody knows the trail of.
    """

    asked_days: int
    now: datetime
    logs: tuple[LogActivity, ...] = ()
    history: t.Optional[Activity] = None
    history_regions: tuple[str, ...] = ()
    trails: t.Optional[tuple[TrailFacts, ...]] = None
    trails_reason: str = ""
    regions: t.Optional[tuple[str, ...]] = None
    changes: tuple[tuple[datetime, str], ...] = ()
    seen: SeenEvents = SeenEvents()

    @property
    def start(self) -> datetime:
        """The start of the window that was asked for."""
        return self.now - timedelta(days=self.asked_days)

    @property
    def all_changes(self) -> tuple[tuple[datetime, str], ...]:
        """The calls that changed a trail, in any place or in the event history. Each may be about any of the trails."""
        found = {change for one in self.logs for change in one.facts.changes}
        return tuple(sorted(found | {change for change in self.changes if change[0] >= self.start}))
