# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who calls with an access key, by address and program, from CloudTrail's event history and log files."""

from __future__ import annotations

import enum
import functools
import itertools
import threading
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ..._account.activity import read_lookup_pages
from ..._account.answer import Answer, Unknown, Yes
from ..._account.log_files import LogFiles, LogPlaces, describe_losses
from ..._account.moments import format_utc
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._converge.store import StoreError
from ..._converge.user_keys import Key
from ..._module.connection import Connection
from ..._policy.trail.callers import SkipReason
from ..records.evidence import read_keys_of_logs
from ..records.evidence_options import EvidenceOptions
from .model import Consumers, Maker
from .tally import CREATE_KEY, ConsumerTally, find_maker

_LOOKUP: t.Final = "LookupEvents"
OPERATIONS: t.Final = Operations(
    reads=frozenset({"cloudtrail:ListPublicKeys", f"cloudtrail:{_LOOKUP}", "ec2:DescribeRegions"})
)
# AWS's own limit.
_PAGE: t.Final = 50
_AROUND: t.Final = timedelta(minutes=15)
# Each run makes calls of its own. A trail without any event for so long records no more, or its files do not arrive.
_LONGEST_SILENCE: t.Final = timedelta(days=1)


class _Reach(enum.IntEnum):
    """How far the calls of a region were read. "The most recent event is listed first", so the newest are known first.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    """

    NOTHING = 0
    NEWEST = 1
    WHOLE = 2


class ConsumerReader:
    """Reads the events of keys, once for all users of a run."""

    def __init__(
        self, connection: Connection, options: EvidenceOptions, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._options = options
        self._sleep = sleep

    def read(self, keys: Mapping[str, datetime]) -> Consumers:
        """Read who called with these keys, by their ids, each since a moment. What can't be read is a failure."""
        if not keys:
            return Consumers()
        tally = ConsumerTally(keys, account_id=self._connection.access.caller.account_id, now=self._connection.now)
        failures: list[str] = []
        older: list[str] = []
        if self._options.event_history:
            failures, older = self._read_history(keys, tally)
        if self._options.trail_logs:
            failures += self._read_logs(min(keys.values()), tally)
        if not self._options.event_history and not self._options.trail_logs:
            return tally.conclude(unasked="there is no source of events: set trail_logs, or event_history to true")
        return tally.conclude(failures, older=older)

    # The event history

    def _read_history(self, keys: Mapping[str, datetime], tally: ConsumerTally) -> tuple[list[str], list[str]]:
        """Read the event history of all regions: why calls may be missing, and where only older ones are."""
        access = self._connection.access
        regions = access.reach(self._options.regions).regions
        lock = threading.Lock()
        found = access.gather(
            {region: functools.partial(self._look_up, region, keys, tally, lock) for region in regions}
        )
        failures: list[str] = []
        older: list[str] = []
        if all(isinstance(result, AwsError) for result in found.values()):
            failures.append("the event history of no region can be read")
        for region, result in found.items():
            # Nothing is called where the organization closes a region. The home region has the global calls.
            is_closed = isinstance(result, AccessDenied) and result.is_by_scp and region != access.home_region
            if isinstance(result, AwsError) and not is_closed:
                failures.append(f"the event history of {region} can't be read: {result}")
            elif not isinstance(result, AwsError) and result is not _Reach.WHOLE:
                more = f"the event history of {region} has more events than event_history_max_pages allows"
                (older if result is _Reach.NEWEST else failures).append(more)
        return failures, older

    def _look_up(self, region: str, keys: Mapping[str, datetime], tally: ConsumerTally, lock: threading.Lock) -> _Reach:
        """Count the calls of a region with each of the keys; how far they were read.

        AWS takes one attribute in a question.
        """
        reached = _Reach.WHOLE
        for number, (key_id, since) in enumerate(sorted(keys.items())):
            if number:
                self._sleep(0.5)
            is_rest, is_found = False, False
            for records, has_more in self._ask(region, "AccessKeyId", key_id, since, self._connection.now):
                with lock:
                    tally.add_all(records)
                is_rest, is_found = has_more, is_found or bool(records)
            if is_rest:
                reached = min(reached, _Reach.NEWEST if is_found else _Reach.NOTHING)
        return reached

    def _ask(
        self, region: str, attribute: str, value: str, since: datetime, until: datetime
    ) -> Iterable[tuple[tuple[t.Any, ...], bool]]:
        question = {
            "LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}],
            "StartTime": since,
            "EndTime": until,
        }
        answers = self._connection.access.pages(
            "cloudtrail", _LOOKUP, "Events", question, region=region, page_size=_PAGE
        )
        return read_lookup_pages(answers, max_pages=self._options.event_history_max_pages, wait=self._sleep)

    def find_maker(self, key: Key) -> Answer[Maker]:
        """Find who made a key. Somebody did: as long as CloudTrail has no event, it is unknown."""
        if not self._options.event_history:
            return Unknown("event_history is false, so CloudTrail is not asked")
        access = self._connection.access
        pages = self._ask(access.home_region, "EventName", CREATE_KEY, key.created - _AROUND, key.created + _AROUND)
        found: set[Maker] = set()
        has_more = False
        try:
            for records, more in pages:
                makers = (find_maker(record, key.id, access.caller.account_id) for record in records)
                found.update(maker for maker in makers if maker is not None)
                has_more = more
        except AwsError as error:
            return Unknown(f"CloudTrail can't be asked: {error}")
        if len(found) == 1:
            return Yes(found.pop())
        if found:
            return Unknown("CloudTrail has several events that contradict each other")
        if has_more:
            return Unknown("CloudTrail has more events of these minutes than event_history_max_pages allows")
        return Unknown("CloudTrail has no event of it, or not yet")

    # Log files

    def _read_logs(self, start: datetime, tally: ConsumerTally) -> list[str]:
        connection = self._connection
        try:
            opened = [connection.open_store(place) for place in self._options.trail_logs]
            days = max(1, (connection.now - start).days + 1)
            names = itertools.chain.from_iterable(logs.list() for logs in opened)
            keys = read_keys_of_logs(connection.access, names, days=days, now=connection.now)
            account = connection.access.caller.account_id
            files = [LogFiles(logs, account, start, connection.now, keys, connection.progress) for logs in opened]
            tally.add_all(LogPlaces(files, progress=connection.progress).records())
        except (AwsError, StoreError) as error:
            return [f"the log files can't be read: {error}"]
        return [failure for one in files for failure in _find_gaps(one, connection.now)]


def _find_gaps(files: LogFiles, now: datetime) -> list[str]:
    """Find why a place with log files may lack events, once they were read."""
    facts = files.facts()
    # A place may have the events of all accounts.
    refused: dict[SkipReason, int] = {
        why: count for why, count in files.refused_events.items() if why is not SkipReason.OTHER_ACCOUNT
    }
    gaps = [f"{files.location}: {loss}" for loss in describe_losses(facts, refused)]
    if SkipReason.MALFORMED in refused:
        gaps.append(f"{files.location}: {refused[SkipReason.MALFORMED]} events have no time")
    if facts.until is None:
        gaps.append(f"{files.location} has no events of the account")
    elif facts.until < now - _LONGEST_SILENCE:
        gaps.append(f"{files.location} has no events since {format_utc(facts.until)}")
    return gaps
