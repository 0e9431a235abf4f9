# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Records from log files alone, without AWS: what principals did, as far as the files show it.

Nobody knows then when an action was last used, nor which trail wrote the files: that follows from their events, as far
as it does.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.log_files import EventScan, LogActivity, LogFiles, LogPlaces, Logs, read_log_files
from ..._converge.store import StoreError
from ..._policy.trail.actions import EventReader
from ..._policy.trail.callers import KnownPrincipal, moment_of, principal_of, unique_id_of
from ..._policy.trail.coverage import Record
from ..._policy.trail.exclusions import Exclusion
from ..._policy.trail.sessions import SessionScan, needs_scan
from ..._policy.trail.usage import merge_uses
from .coverage import describe_coverage
from .seen import SeenEvents, SeenScan
from .selectors import TrailFacts
from .sources import Sources
from .summary import describe_sessions, hash_uses, list_left_out, was_in_console


class IdScan:
    """Finds the newest unique id of principals in events, and since when it is seen."""

    def __init__(self, arns: frozenset[str]) -> None:
        self._arns: t.Final = arns
        self._seen: t.Final[dict[str, dict[str, tuple[datetime, datetime]]]] = {}

    def add(self, record: t.Any) -> None:
        """Look at one event, which may be malformed."""
        when = moment_of(record)
        identity = record.get("userIdentity") if isinstance(record, Mapping) else None
        if when is None or not isinstance(identity, Mapping):
            return
        arn, unique_id = principal_of(identity, {}), unique_id_of(identity)
        if not unique_id or arn not in self._arns:
            return
        ids = self._seen.setdefault(str(arn), {})
        first, last = ids.get(unique_id, (when, when))
        ids[unique_id] = (min(first, when), max(last, when))

    def find(self, arn: str) -> KnownPrincipal:
        """Find the id of the principal as it is now; empty if no event has one."""
        ids = self._seen.get(arn, {})
        # The order of files decides nothing, also if the last calls of two ids were in the same second.
        return KnownPrincipal(max(ids, key=lambda one: (ids[one][1], ids[one][0], one), default=""))


@dataclasses.dataclass(frozen=True)
class FileSource:
    """Places with log files of one account. ``trails`` are facts about the trails that wrote them, if known."""

    logs: tuple[Logs, ...]
    account_id: str
    days: int
    now: datetime
    exclusions: tuple[Exclusion, ...] = ()
    trails: t.Optional[tuple[TrailFacts, ...]] = None


def read_file_records(
    source: FileSource, principals: Mapping[str, KnownPrincipal], *, keys: frozenset[str]
) -> dict[str, Record]:
    """Read the records of principals, by their ARNs. ``keys`` are the condition keys that matter.

    Where nobody knows the unique id of a principal, its newest one in the events counts. Calls of an earlier principal
    of the same name are not its own.
    """
    since = source.now - timedelta(days=source.days)
    files = [LogFiles(logs, source.account_id, since, source.now) for logs in source.logs]
    scan, ids, seen = SessionScan(source.exclusions), IdScan(frozenset(principals)), SeenScan()
    scans: list[EventScan] = [ids, seen, *([scan] if needs_scan(keys, source.exclusions) else [])]
    for record in LogPlaces(files, (StoreError,)).records():
        for each in scans:
            each.add(record)
    principals = {arn: known if known.unique_id else ids.find(arn) for arn, known in principals.items()}
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
    again = [one.restart() for one in files]
    activities = read_log_files(again, reader, days=source.days, errors=(StoreError,))
    return _make_records(source, principals, activities, seen.find())


def _make_records(
    source: FileSource,
    principals: Mapping[str, KnownPrincipal],
    activities: tuple[LogActivity, ...],
    seen: SeenEvents,
) -> dict[str, Record]:
    is_known = source.trails is not None
    sources = Sources(
        source.days, source.now, activities, trails=source.trails, seen=SeenEvents() if is_known else seen
    )
    coverage = describe_coverage(sources)
    found: dict[str, Record] = {}
    for arn, known in principals.items():
        uses = merge_uses(use for activity in activities for use in activity.of(arn))
        refused = merge_uses(
            use for one in activities if one.reading is not None for use in one.reading.find_denied(arn)
        )
        left_out = list_left_out(arn, activities)
        notes = (*coverage.notes, *describe_sessions(arn, activities))
        own = dataclasses.replace(coverage, notes=notes)
        found[arn] = Record(
            arn,
            known.unique_id,
            own,
            uses,
            refused,
            digest=hash_uses(uses, refused, left_out),
            left_out=left_out,
            is_console=was_in_console(arn, activities),
        )
    return found


def _find_kind(arn: str) -> str:
    return arn.rpartition(":")[2].partition("/")[0]
