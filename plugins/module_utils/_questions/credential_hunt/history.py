# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The event history of an account, asked key by key: within a budget of calls, and so that a later run goes on.

AWS answers the newest events first. So what is kept of a question is from when to when its answer was read, and a later
run asks for what came since, and for what is older. A page token is not kept: nobody knows how long it holds.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import dataclasses
import functools
import threading
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ..._account.activity import EVENT_HISTORY_DAYS, SECONDS_BETWEEN_LOOKUPS, read_lookup_pages
from ..._account.moments import format_utc
from ..._account.progress import Progress
from ..._aws.access import Access
from ..._aws.errors import AccessDenied, AwsError
from ..._aws.operations import Operations
from ..._policy.hunt.event import Origin
from ..._policy.hunt.gaps import Coverage, RegionRead
from ..._policy.trail.callers import moment_of
from ..._prediction.hunting.kept import Asked, HuntState, KeptRecord, Lookup

OPERATIONS: t.Final = Operations(reads=frozenset({"cloudtrail:LookupEvents", "ec2:DescribeRegions"}))
# Events come up to 15 minutes late, at times more. So the last half hour is asked for again.
_AGAIN: t.Final = timedelta(minutes=30)
# The passes of one run follow each other in seconds, and would ask the same again.
_FRESH: t.Final = timedelta(minutes=5)
_PAGE: t.Final = 50
_PLACE: t.Final = "event history"
_NO_LIMIT: t.Final = 2**31
BUDGET: t.Final = "the budget of calls (max_calls) is used up; run again to go on"


class Budget:
    """The calls that are left. Threads share it."""

    def __init__(self, calls: int) -> None:
        self._left = calls
        self._lock: t.Final = threading.Lock()

    def take(self) -> bool:
        """Take a call; whether there was one."""
        with self._lock:
            self._left -= 1
            return self._left >= 0

    @property
    def is_used_up(self) -> bool:
        """Whether there is none left."""
        return self._left <= 0


@dataclasses.dataclass
class _Answer:
    """What was read of one answer, until now."""

    records: list[KeptRecord] = dataclasses.field(default_factory=list)
    calls: int = 0
    low: t.Optional[datetime] = None
    is_whole: bool = False
    error: str = ""
    is_denied: bool = False


class History:
    """Asks the event history of one account."""

    def __init__(
        self,
        access: Access,
        state: HuntState,
        regions: Sequence[str],
        *,
        now: datetime,
        budget: Budget,
        wait: Callable[[float], None],
        progress: Progress,
    ) -> None:
        self._access: t.Final = access
        self._state: t.Final = state
        self._regions: t.Final = tuple(regions)
        self._now: t.Final = now
        self._budget: t.Final = budget
        self._wait: t.Final = wait
        self._progress: t.Final = progress
        self._lock: t.Final = threading.Lock()
        self._called: t.Final[set[str]] = set()
        self._wanted: t.Final[set[Lookup]] = set()
        self._pages = 0

    def needs(self, lookup: Lookup) -> bool:
        """Whether a question is still open in a region, in this run."""
        self._wanted.add(lookup)
        return any(not self._is_current(lookup, region) for region in self._regions)

    def _is_current(self, lookup: Lookup, region: str) -> bool:
        asked = self._state.asked.get((lookup, region))
        if asked is None or asked.error == BUDGET or asked.high < self._now - _FRESH:
            return False
        return asked.is_done or bool(asked.error)

    def ask(self, lookups: Mapping[Lookup, datetime]) -> list[KeptRecord]:
        """Ask questions, each from a time on, in all regions at once; return the records that are new."""
        self._wanted.update(lookups)
        calls = {region: functools.partial(self._ask_region, region, lookups) for region in self._regions}
        found = self._access.gather(calls, workers=max(1, len(calls)))
        records: list[KeptRecord] = []
        for result in found.values():
            if isinstance(result, AwsError):
                raise result
            records += result
        self._describe_regions()
        return records

    def _ask_region(self, region: str, lookups: Mapping[Lookup, datetime]) -> list[KeptRecord]:
        records: list[KeptRecord] = []
        for lookup, since in lookups.items():
            if self._is_current(lookup, region):
                continue
            for start, end in self._find_spans(lookup, region, since):
                answer = self._ask_span(region, lookup, start, end)
                self._note(lookup, region, since, (start, end), answer)
                records += answer.records
                if answer.error or not answer.is_whole:
                    break
            if self._state.asked[lookup, region].is_denied:
                # The other questions would be denied as well.
                break
        return records

    def _find_spans(self, lookup: Lookup, region: str, since: datetime) -> list[tuple[datetime, datetime]]:
        """The spans of time that are to be asked for: what came since the last run, and what that run left."""
        earliest = max(since, self._now - timedelta(days=EVENT_HISTORY_DAYS))
        known = self._state.asked.get((lookup, region))
        if known is None or known.is_denied or known.low >= known.high:
            return [(earliest, self._now)]
        spans = [(max(earliest, known.high - _AGAIN), self._now)] if known.high < self._now else []
        return [*spans, *([] if known.is_done and known.low <= earliest else [(earliest, known.low)])]

    def _ask_span(self, region: str, lookup: Lookup, start: datetime, end: datetime) -> _Answer:
        answer = _Answer()
        try:
            pages = self._read_pages(region, lookup, start, end, answer)
            for found, has_more in read_lookup_pages(pages, max_pages=_NO_LIMIT, wait=_go_on):
                self._keep(answer, region, found)
                answer.is_whole = not has_more
        except AwsError as error:
            answer.error, answer.is_denied = str(error), isinstance(error, AccessDenied)
        answer.is_whole = answer.is_whole and not answer.error
        if not answer.is_whole and not answer.error:
            answer.error = "" if answer.calls else BUDGET
        self._log(region, lookup, (start, end), answer)
        return answer

    def _read_pages(
        self, region: str, lookup: Lookup, start: datetime, end: datetime, answer: _Answer
    ) -> Iterator[dict[str, t.Any]]:
        asked: dict[str, t.Any] = {"StartTime": start, "EndTime": end}
        if lookup.attribute:
            asked["LookupAttributes"] = [{"AttributeKey": lookup.attribute, "AttributeValue": lookup.value}]
        pages = self._access.pages("cloudtrail", "LookupEvents", "Events", asked, region=region, page_size=_PAGE)
        while self._budget.take():
            self._pace(region)
            page = next(pages, None)
            if page is None:
                return
            answer.calls += 1
            with self._lock:
                self._pages += 1
                self._progress("pages of the event history", self._pages, None)
            yield page

    def _pace(self, region: str) -> None:
        """Wait until the next call to a region is due: its limit counts all questions together."""
        with self._lock:
            is_first = region not in self._called
            self._called.add(region)
        if not is_first:
            self._wait(SECONDS_BETWEEN_LOOKUPS)

    @staticmethod
    def _keep(answer: _Answer, region: str, found: Sequence[t.Any]) -> None:
        for record in found:
            moment = moment_of(record)
            if moment is None:
                continue
            answer.low = min(answer.low or moment, moment)
            origin = Origin(_PLACE, region, len(answer.records) + 1)
            answer.records.append(KeptRecord.of(record, origin))

    def _note(
        self, lookup: Lookup, region: str, since: datetime, span: tuple[datetime, datetime], answer: _Answer
    ) -> None:
        """Note what is read of a question, in a region."""
        start, end = span
        known = self._state.asked.get((lookup, region))
        low = start if answer.is_whole else answer.low or end
        high = end
        is_done = answer.is_whole
        if known is not None and not known.is_denied:
            # The newer span joins the one that was read before only if it was read down to it.
            joins = answer.is_whole or low <= known.high
            if end >= known.high and known.low < known.high:
                low, is_done = (known.low, known.is_done) if joins else (low, False)
            high = max(high, known.high)
        asked = Asked(
            low=low,
            high=high,
            is_done=is_done,
            calls=answer.calls + (known.calls if known else 0),
            events=len(answer.records) + (known.events if known else 0),
            error=answer.error,
            is_denied=answer.is_denied,
        )
        with self._lock:
            self._state.asked[lookup, region] = asked

    def _log(self, region: str, lookup: Lookup, span: tuple[datetime, datetime], answer: _Answer) -> None:
        entry = {
            "account_id": self._state.account_id,
            "region": region,
            "operation": "cloudtrail:LookupEvents",
            "attribute": lookup.attribute,
            "value": lookup.value,
            "from": format_utc(span[0]),
            "to": format_utc(span[1]),
            "asked_at": format_utc(self._now),
            "pages": answer.calls,
            "events": len(answer.records),
            "is_whole": answer.is_whole,
            "error": answer.error,
        }
        with self._lock:
            self._state.queries.append(entry)

    def finish(self) -> None:
        """Describe the regions at the end of a run, without questions of earlier runs that nobody asks any more."""
        unfinished = [key for key, asked in self._state.asked.items() if not asked.is_done and not asked.is_denied]
        for lookup, region in unfinished:
            if lookup not in self._wanted:
                del self._state.asked[lookup, region]
        self._describe_regions()
        if any(self.needs(lookup) for lookup in sorted(self._wanted)):
            for region, read in self._state.regions.items():
                if read.coverage is not Coverage.DENIED:
                    reasons = tuple(dict.fromkeys((*read.reasons, BUDGET)))
                    self._state.regions[region] = RegionRead(Coverage.PARTIAL, reasons)

    def _describe_regions(self) -> None:
        """Describe what was read of each region, all questions together."""
        for region in self._regions:
            own = [asked for (_lookup, place), asked in self._state.asked.items() if place == region]
            errors = tuple(dict.fromkeys(asked.error for asked in own if asked.error))
            if own and all(asked.is_denied for asked in own):
                self._state.regions[region] = RegionRead(Coverage.DENIED, errors)
            elif not own or not all(asked.is_done for asked in own):
                self._state.regions[region] = RegionRead(Coverage.PARTIAL, errors or (BUDGET,))
            else:
                self._state.regions[region] = RegionRead(Coverage.COMPLETE)


def _go_on(_seconds: float) -> None:
    """Do not wait: the calls of a region are paced together."""
