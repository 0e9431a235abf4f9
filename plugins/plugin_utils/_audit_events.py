# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The events that CloudTrail has of a run in one account, as evidence for its audit sheet."""

from __future__ import annotations

import dataclasses
import functools
import re
import time
import typing as t
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta

from ..module_utils._account.activity import Lookup, look_up
from ..module_utils._aws.access import Access
from ..module_utils._aws.errors import AwsError
from ..module_utils._aws.operations import Operations
from ..module_utils._report.audit.events import CLOCKS, Event, History, read_event
from ..module_utils._report.audit.records import AccountRecords

OPERATIONS: t.Final = Operations(reads=frozenset({"cloudtrail:LookupEvents"}))
# So many names are asked for. A journal in which somebody else wrote may name any number.
_MOST_SESSIONS: t.Final = 10
# Events are looked up until so long after the last record: one request may be sent late by a machine that slept.
_AFTER: t.Final = timedelta(hours=1)
_PAGE: t.Final = 50
_NAME: t.Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_REGION: t.Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")


@dataclasses.dataclass(frozen=True)
class Question:
    """Whose events are wanted, of which regions, from when to when."""

    callers: frozenset[str]
    regions: tuple[str, ...]
    since: datetime
    until: datetime

    @property
    def sessions(self) -> list[str]:
        """The names that LookupEvents calls the callers by: that of the session of a role, or of a user."""
        names = {arn.rpartition("/")[2] for arn in self.callers}
        return sorted(name for name in names if _NAME.fullmatch(name))


def make_question(
    records: AccountRecords, run: t.Optional[Mapping[str, t.Any]], moments: Collection[datetime], *, now: datetime
) -> t.Optional[Question]:
    """Make the question of a run in an account; None where neither journal nor report know of a caller and a time.

    :arg run: the member ``run`` of its report.
    :arg moments: the times of the report.
    """
    own = run.get("caller_arn") if run else None
    callers = records.callers | ({own} if isinstance(own, str) else set())
    times = [*moments]
    for change in records.changes:
        times += [moment for moment in (change.at, change.ended) if moment is not None]
        times += [change.lease.expires] if change.lease else []
    if not callers or not times:
        return None
    regions = {region for change in records.changes if _REGION.fullmatch(region := str(change.change["region"]))}
    until = min(max(times) + _AFTER, now)
    return Question(frozenset(callers), tuple(sorted(regions)), min(times) - CLOCKS, max(until, min(times)))


def read_history(
    access: Access,
    question: Question,
    *,
    regions: Collection[str] = (),
    max_pages: int,
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> History:
    """Read the events of the callers, in the region of global services, in those of the changes, and in ``regions``."""
    home = access.home_region
    names = tuple(dict.fromkeys((home, *question.regions, *regions)))
    reads = {name: functools.partial(_read_region, access, question, name, max_pages, now, sleep) for name in names}
    found = access.gather(reads)
    failures = {name: str(result) for name, result in found.items() if isinstance(result, AwsError)}
    lookups = {name: result for name, result in found.items() if not isinstance(result, AwsError)}
    events: dict[str, Event] = {}
    for name, results in lookups.items():
        for lookup in results:
            events |= {event.id: event for record in lookup.records if (event := read_event(record))}
        if len(question.sessions) > _MOST_SESSIONS:
            failures[name] = f"only the calls of {_MOST_SESSIONS} of {len(question.sessions)} callers were asked for"
        if not all(lookup.whole for lookup in results):
            failures[name] = f"more than {max_pages} pages of events, so only the newest were read"
    return History(
        tuple(events.values()),
        home=home,
        regions=tuple(lookups),
        failures=failures,
        failure="; ".join(f"{name}: {reason}" for name, reason in failures.items()) if not lookups else "",
        read_at=now,
        since=question.since,
        until=question.until,
    )


def _read_region(
    access: Access,
    question: Question,
    region: str,
    max_pages: int,
    now: datetime,
    sleep: Callable[[float], None],
) -> list[Lookup]:
    """Read the events of one region: one look-up for each name, since LookupEvents takes one attribute."""
    found = []
    for number, session in enumerate(question.sessions[:_MOST_SESSIONS]):
        if number:
            # AWS allows two look-ups a second.
            sleep(0.5)
        found.append(look_up(_pages(access, question, region, session), max_pages=max_pages, wait=sleep, now=now))
    return found


def _pages(access: Access, question: Question, region: str, session: str) -> Iterator[dict[str, t.Any]]:
    asked = {
        "LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": session}],
        "StartTime": question.since,
        "EndTime": question.until,
    }
    return access.pages("cloudtrail", "LookupEvents", "Events", asked, region=region, page_size=_PAGE)
