# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Records from log files alone, without AWS: what principals did, as far as the files show it.

Nobody knows then which trail wrote the files, nor when an action was last used. So no service is complete.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.log_files import LogActivity, LogFiles, LogPlaces, Logs, log_files
from ..._policy.trail.actions import EventReader
from ..._policy.trail.callers import KnownPrincipal
from ..._policy.trail.coverage import Record
from ..._policy.trail.exclusions import Exclusion
from ..._policy.trail.sessions import SessionScan, needs_scan
from .coverage import describe_coverage
from .selectors import TrailFacts
from .sources import Sources
from .summary import count_left_out, describe_sessions, hash_uses, was_in_console


@dataclasses.dataclass(frozen=True)
class FileSource:
    """Log files of one account. ``trails`` are facts about the trails that wrote them, where somebody has them."""

    logs: Logs
    account_id: str
    days: int
    now: datetime
    exclusions: tuple[Exclusion, ...] = ()
    trails: t.Optional[tuple[TrailFacts, ...]] = None


def read_file_records(
    source: FileSource, principals: Mapping[str, KnownPrincipal], *, keys: frozenset[str]
) -> dict[str, Record]:
    """Read the records of principals, by their ARNs. ``keys`` are the condition keys that matter.

    :raises StoreError: the place can't be read.
    """
    scan = SessionScan(source.exclusions)
    if needs_scan(keys, source.exclusions):
        since = source.now - timedelta(days=source.days)
        for record in LogPlaces([LogFiles(source.logs, source.account_id, since, source.now)]).records():
            scan.add(record)
    reader = EventReader(
        principals=principals,
        names={f"{_find_kind(arn)}/{arn.rpartition('/')[2]}": arn for arn in principals},
        keys=keys,
        account_id=source.account_id,
        known=principals,
        exclusions=scan.list_exclusions(),
        session_tags=scan.tags,
        is_detailed=True,
    )
    activity = log_files(source.logs, reader, account_id=source.account_id, now=source.now, days=source.days)
    return _make_records(source, principals, activity)


def _make_records(
    source: FileSource, principals: Mapping[str, KnownPrincipal], activity: LogActivity
) -> dict[str, Record]:
    sources = Sources(source.days, source.now, (activity,), trails=source.trails)
    coverage = describe_coverage(sources)
    found: dict[str, Record] = {}
    for arn, known in principals.items():
        uses = activity.of(arn)
        refused = activity.reading.find_denied(arn) if activity.reading is not None else ()
        notes = (*coverage.notes, *describe_sessions(arn, [activity]))
        own = dataclasses.replace(coverage, notes=notes)
        found[arn] = Record(
            arn,
            known.unique_id,
            own,
            uses,
            refused,
            digest=hash_uses(uses, refused),
            left_out=count_left_out(arn, [activity]),
            is_console=was_in_console(arn, [activity]),
        )
    return found


def _find_kind(arn: str) -> str:
    return arn.rpartition(":")[2].partition("/")[0]
