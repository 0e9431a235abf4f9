# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Read the events since a change, once for all roles of a run: log files of a trail, or the event history.

``exclude_evidence`` is about what becomes a policy. Here it leaves nothing out: a denial that nobody sees would pass a
gate. A person accepts those of an intruder.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import threading
import time
import typing as t
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from ...._account.activity import EVENT_HISTORY_DAYS, TRAIL_LAG, Activity, read_lookup_pages
from ...._account.log_files import LogActivity, LogFiles, LogPlaces
from ...._account.model import Role
from ...._account.permissions import Permissions
from ...._aws.errors import AccessDenied, AwsError
from ...._aws.operations import Operations
from ...._converge.store import StoreError
from ...._module.connection import Connection
from ...._module.options import StoreOptions
from ...._policy.trail.callers import KnownPrincipal, moment_of
from ...._policy.trail.usage import Source, SourceRead
from ...._prediction.evidence import list_names
from ...._prediction.records.coverage import describe_coverage
from ...._prediction.records.evidence import RECORD_OPERATIONS, read_keys_of_logs, read_trail_facts
from ...._prediction.records.evidence_options import EvidenceOptions
from ...._prediction.records.sources import Sources
from ..model import Watched
from .roles import WatchedRole
from .tally import WatchTally
from .verdict import SILENCE, Reading, conclude, find_broken

OPERATIONS: t.Final = RECORD_OPERATIONS.union(
    Operations(reads=frozenset({"cloudtrail:LookupEvents", "ec2:DescribeRegions"}))
)
_LOOKUP: t.Final = "LookupEvents"
# AWS's own limit.
_PAGE: t.Final = 50
_DAY: t.Final = timedelta(days=1)


def read_watched(
    connection: Connection,
    evidence_options: EvidenceOptions,
    permissions: Permissions,
    roles: Sequence[WatchedRole],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Watched]:
    """Read what was denied to roles since their changes, and who still uses the old ones; by the ARN of the old role.

    All roles share one reading. A source that is configured and can't be read gives every role a ``failure``, and so
    does an account without any event: then nobody knows what was denied. ``permissions`` is the account as it is
    today, with both roles of a pair. ``Watched.new`` has no proposals: see ``proposals.py``.

    :raises AwsError: AWS does not know the credentials (any more).
    """
    if not roles:
        return {}
    reading = _Reader(connection, evidence_options, permissions, roles, sleep).read()
    return {role.arn: conclude(role, reading) for role in roles}


class _Unreadable(Exception):
    """A source can't be read; the message says why."""


class _Reader:
    """Reads the sources of one run."""

    def __init__(
        self,
        connection: Connection,
        options: EvidenceOptions,
        permissions: Permissions,
        roles: Sequence[WatchedRole],
        sleep: Callable[[float], None],
    ) -> None:
        self._connection = connection
        self._options = options
        self._permissions = permissions
        self._roles = tuple(self._drop_other_boundary(role, permissions) for role in roles)
        self._sleep = sleep
        self._now = connection.now
        self._account_id = permissions.snapshot.account_id
        self._since = min(role.since for role in roles)
        baseline = min(role.find_baseline(self._now)[0] for role in roles)
        self._start = min(self._since, max(baseline, self._now - options.trail_days * _DAY))
        self._limits: list[str] = []

    def read(self) -> Reading:
        """Read all sources that are configured."""
        places = self._options.trail_logs
        if not places and not self._options.event_history:
            return Reading(self._now, failure="there is no source of events: set trail_logs, or event_history to true")
        tallies: list[WatchTally] = []
        logs: tuple[LogActivity, ...] = ()
        history = None
        reached = self._now
        try:
            if places:
                logs = self._read_trails(places, tallies)
            if self._options.event_history:
                history, reached = self._read_history(tallies)
        except (_Unreadable, AwsError, StoreError) as error:
            return Reading(self._now, failure=str(error))
        sources = self._describe_sources(logs, history)
        reaches = [reached] if history is not None else []
        starts = [log.facts.since for log in logs if log.facts.since is not None]
        if starts:
            # Each place has to reach back so far. Nobody may have made a call in the first hours.
            reaches.append(max(starts) - SILENCE)
        coverage, limits = describe_coverage(sources), tuple(self._limits)
        return Reading(self._now, tuple(tallies), coverage, limits, reaches=min(reaches, default=None))

    @staticmethod
    def _drop_other_boundary(role: WatchedRole, permissions: Permissions) -> WatchedRole:
        """Forget the boundary of a trial where the role has another one: AWS may not say which one denied."""
        entity = permissions.entities.get(role.watched_arn)
        boundary = entity.boundary if isinstance(entity, Role) else None
        return role if boundary in (None, role.trial_boundary_arn) else dataclasses.replace(role, trial_boundary_arn="")

    def _make_tally(self) -> WatchTally:
        entities = self._permissions.entities
        return WatchTally(
            self._roles,
            account_id=self._account_id,
            now=self._now,
            known={arn: self._find_known(arn, shown) for arn, shown in self._list_ids()},
            names=dict(list_names(entities)),
        )

    def _list_ids(self) -> list[tuple[str, str]]:
        old = [(role.arn, role.role_id) for role in self._roles]
        return [*old, *((role.new_arn, role.new_id) for role in self._roles if role.new_arn)]

    def _find_known(self, arn: str, unique_id: str) -> KnownPrincipal:
        """Find the unique id of a role: that of the campaign, or else that of today."""
        entity = self._permissions.entities.get(arn)
        if not isinstance(entity, Role) or unique_id not in ("", entity.unique_id):
            return KnownPrincipal(unique_id)
        return KnownPrincipal(entity.unique_id, entity.created)

    # Log files

    def _read_trails(self, places: Sequence[StoreOptions], tallies: list[WatchTally]) -> tuple[LogActivity, ...]:
        opened = [self._connection.open_store(place) for place in places]
        days = self._count_days(self._start)
        names = itertools.chain.from_iterable(logs.list() for logs in opened)
        keys = read_keys_of_logs(self._connection.access, names, days=days, now=self._now)
        progress = self._connection.progress
        files = [LogFiles(logs, self._account_id, self._start, self._now, keys, progress) for logs in opened]
        tally = self._make_tally()
        for record in LogPlaces(files, progress=progress).records():
            tally.add(record)
        for one in files:
            broken = find_broken(one.facts(), self._since)
            if broken:
                raise _Unreadable(f"{one.location}: {broken}")
        late = sum(one.facts().late for one in files)
        if late:
            self._limits.append(
                f"{late} log files are younger than the newest digest file that confirms any, and were ignored"
            )
        tallies.append(tally)
        return tuple(
            LogActivity(SourceRead(Source.TRAIL, days, TRAIL_LAG, place=one.location), facts=one.facts())
            for one in files
        )

    # The event history

    def _read_history(self, tallies: list[WatchTally]) -> tuple[Activity, datetime]:
        """Read the event history, and say since when it has all events of all regions that are open."""
        access = self._connection.access
        regions = access.reach(self._options.regions).regions
        tally, lock = self._make_tally(), threading.Lock()
        found = access.gather({region: functools.partial(self._look_up, region, tally, lock) for region in regions})
        closed = [region for region, result in found.items() if _is_closed(result)]
        for region, result in found.items():
            if isinstance(result, AwsError) and (region not in closed or len(closed) == len(regions)):
                raise _Unreadable(f"the event history can't be read: {result}")
        if closed:
            self._limits.append(f"the organization closes {', '.join(closed)}: their event history was not read")
        short = {region: result for region, result in found.items() if isinstance(result, datetime)}
        if any(reached > self._since for reached in short.values()):
            self._limits.append(
                f"the event history of {', '.join(short)} has more events than event_history_max_pages lets be read"
            )
        tallies.append(tally)
        read = SourceRead(Source.EVENT_HISTORY, EVENT_HISTORY_DAYS, TRAIL_LAG, is_whole=not (closed or short))
        return Activity(read), max([self._now - EVENT_HISTORY_DAYS * _DAY, self._start, *short.values()])

    def _look_up(self, region: str, tally: WatchTally, lock: threading.Lock) -> t.Optional[datetime]:
        """Count the events of a region. Returns the oldest moment that was reached, None if all events were read."""
        question = {"StartTime": self._start}
        answers = self._connection.access.pages(
            "cloudtrail", _LOOKUP, "Events", question, region=region, page_size=_PAGE
        )
        oldest, is_whole = self._now, True
        most = self._options.event_history_max_pages
        for records, has_more in read_lookup_pages(answers, max_pages=most, wait=self._sleep):
            with lock:
                for record in records:
                    tally.add(record)
            oldest = min([oldest, *(moment for moment in map(moment_of, records) if moment is not None)])
            is_whole = not has_more
        return None if is_whole else oldest

    # Coverage

    def _describe_sources(self, logs: tuple[LogActivity, ...], history: t.Optional[Activity]) -> Sources:
        access = self._connection.access
        trails, reason = read_trail_facts(access) if logs else (None, "")
        reach = access.reach(self._options.regions)
        return Sources(
            self._count_days(self._since),
            self._now,
            logs,
            history,
            history_regions=reach.regions if history is not None else (),
            trails=trails,
            trails_reason=reason,
            regions=None if reach.unread else reach.enabled,
        )

    def _count_days(self, since: datetime) -> int:
        return max(1, math.ceil((self._now - since) / _DAY))


def _is_closed(result: t.Any) -> bool:
    """Whether the organization closes a region: there nothing is called either."""
    return isinstance(result, AccessDenied) and result.is_by_scp
