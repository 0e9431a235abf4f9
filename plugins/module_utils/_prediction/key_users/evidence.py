# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Who calls with an access key, by address and program, from CloudTrail's event history and log files."""

from __future__ import annotations

import functools
import itertools
import threading
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ..._account.activity import read_lookup_pages
from ..._account.log_files import LogFiles, LogPlaces
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._converge.arn import Principal, principals_of
from ..._converge.store import StoreError
from ..._converge.user_keys import Key
from ..._module.connection import Connection
from ..records.evidence import read_keys_of_logs
from ..records.evidence_options import EvidenceOptions
from .model import Consumers
from .tally import ConsumerTally, find_maker

_LOOKUP: t.Final = "LookupEvents"
_CREATE_KEY: t.Final = "CreateAccessKey"
OPERATIONS: t.Final = Operations(
    reads=frozenset({"cloudtrail:ListPublicKeys", f"cloudtrail:{_LOOKUP}", "ec2:DescribeRegions"})
)
# AWS's own limit.
_PAGE: t.Final = 50
_AROUND: t.Final = timedelta(minutes=15)


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
        if self._options.event_history:
            failures += self._read_history(keys, tally)
        if self._options.trail_logs:
            failures += self._read_logs(min(keys.values()), tally)
        if not self._options.event_history and not self._options.trail_logs:
            failures.append("there is no source of events: set trail_logs, or event_history to true")
        return tally.conclude("; ".join(dict.fromkeys(failures)))

    # The event history

    def _read_history(self, keys: Mapping[str, datetime], tally: ConsumerTally) -> list[str]:
        access = self._connection.access
        regions = access.reach(self._options.regions).regions
        lock = threading.Lock()
        found = access.gather(
            {region: functools.partial(self._look_up, region, keys, tally, lock) for region in regions}
        )
        failures = []
        for region, result in found.items():
            # Nothing is called where the organization closes a region.
            if isinstance(result, AwsError) and not (isinstance(result, AccessDenied) and result.is_by_scp):
                failures.append(f"the event history of {region} can't be read: {result}")
            elif result is False:
                failures.append(f"the event history of {region} has more events than event_history_max_pages allows")
        return failures

    def _look_up(self, region: str, keys: Mapping[str, datetime], tally: ConsumerTally, lock: threading.Lock) -> bool:
        """Count the calls of a region with each of the keys; whether all of them were read.

        AWS takes one attribute in a question.
        """
        is_whole = True
        for number, (key_id, since) in enumerate(sorted(keys.items())):
            if number:
                self._sleep(0.5)
            is_rest = False
            for records, has_more in self._ask(region, "AccessKeyId", key_id, since, self._connection.now):
                with lock:
                    tally.add_all(records)
                is_rest = has_more
            is_whole = is_whole and not is_rest
        return is_whole

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

    def find_maker(self, key: Key, ours: frozenset[Principal]) -> str:
        """Find who made a key, if CloudTrail says that it was somebody else than this collection; else empty.

        A key that CloudTrail does not know yet has no maker: events are some minutes late.
        """
        if not self._options.event_history:
            return ""
        access = self._connection.access
        pages = self._ask(access.home_region, "EventName", _CREATE_KEY, key.created - _AROUND, key.created + _AROUND)
        try:
            maker = next(
                filter(None, (find_maker(record, key.id) for records, _more in pages for record in records)), ""
            )
        except AwsError as error:
            self._connection.warn(f"it is not known who made an access key that no record names: {error}")
            return ""
        return "" if principals_of([maker]) & ours else maker

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
        return []
