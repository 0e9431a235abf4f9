# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of a seed's activities: the same seed at the same moment gives the same events.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
import typing as t
import uuid
from datetime import UTC, date, datetime, time, timedelta

from emulator.activity import records
from emulator.activity.model import Activity, Calls, Session
from emulator.activity.records import Record
from emulator.seed.model import Account

#: CloudTrail keeps the event history so long, and no seed goes back further.
DAYS: t.Final = 90
#: CloudTrail delivers an event so much later, at most as a rule.
LAG: t.Final = timedelta(minutes=10)
# All calls of an hour fall into one file: the readers of a test need not open thousands.
_SECONDS: t.Final = 290
_BLANK: t.Final = re.compile(r"\{([^{}]+)\}")


#: a principal that others use now: ``role/NAME``, its ARN and its unique id
Live = tuple[str, str, str]


def events(
    account: Account, *, now: datetime, days: float = DAYS, moved: t.Mapping[str, Live] | None = None
) -> list[Record]:
    """All events of the last days in an account, the oldest first.

    ``moved`` has, by the principal of an activity, the one that makes its calls now.
    """
    moved = moved or {}
    since = now.astimezone(UTC) - timedelta(days=days)
    made = [
        event
        for activity in account.activity.values()
        for event in _Diary(account, activity, now.astimezone(UTC), moved.get(activity.name)).events(math.ceil(days))
        if since <= datetime.fromisoformat(event["eventTime"]) + LAG <= now
    ]
    made.sort(key=lambda event: (str(event["eventTime"]), str(event["eventID"])))
    return made


def latest_events(account: Account, *, now: datetime, lag: timedelta = LAG) -> list[Record]:
    """The last event of each kind of call that is older than ``lag``.

    It costs little, where only the dates of last use are asked for.
    """
    return [
        event
        for activity in account.activity.values()
        for event in _Diary(account, activity, now.astimezone(UTC)).latest_events(lag)
    ]


@dataclasses.dataclass
class _Diary:
    account: Account
    activity: Activity
    now: datetime
    live: Live | None = None

    def _writer(self) -> records.Writer:
        if self.live is None:
            return records.Writer(self.account, self.activity.name)
        return records.Writer(self.account, self.live[0], self.live[1:])

    def events(self, days: int) -> t.Iterator[Record]:
        """The events of whole days, and of the present one up to its end."""
        writer = self._writer()
        calendar = _calendar(self.now, days)
        opened: set[tuple[str, datetime]] = set()
        for number, calls in enumerate(self.activity.calls):
            session = self._session(calls)
            for made, day in enumerate(self._days(calls, calendar, number)):
                for turn in range(calls.times):
                    count = made * calls.times + turn
                    when = _moment(day, calls.at, number * 13 + turn)
                    opening = (session.name, records.opening(when))
                    if opening not in opened:
                        opened.add(opening)
                        yield from writer.sign_in(session, opening[1], self.activity.region)
                    filled = _fill_calls(calls, count, day, f"{self.activity.name} {number}")
                    yield writer.event(filled, session, when, filled.region or self.activity.region, count)

    def latest_events(self, lag: timedelta) -> t.Iterator[Record]:
        """The last event of each kind of call that is older than ``lag``."""
        writer = self._writer()
        calendar = _calendar(self.now, DAYS)
        for number, calls in enumerate(self.activity.calls):
            days = list(self._days(calls, calendar, number))
            moments = [
                (moment, made * calls.times + turn, day)
                for made, day in enumerate(days)
                if made >= len(days) - 2
                for turn in range(calls.times)
                if (moment := _moment(day, calls.at, number * 13 + turn)) <= self.now - lag
            ]
            if moments:
                when, count, day = max(moments)
                yield from writer.sign_in(self._session(calls), records.opening(when), self.activity.region)
                filled = _fill_calls(calls, count, day, f"{self.activity.name} {number}")
                yield writer.event(filled, self._session(calls), when, filled.region or self.activity.region, count)

    def _session(self, calls: Calls) -> Session:
        return self.activity.sessions[calls.session or next(iter(self.activity.sessions))]

    def _days(self, calls: Calls, calendar: t.Sequence[tuple[int, date]], number: int) -> t.Iterator[date]:
        fitting = [day for ago, day in calendar if _is_on(day, calls.each) and _is_within(ago, calls.days)]
        # Every seventh working day begins on another one for each kind of call.
        return (day for index, day in enumerate(fitting) if index % calls.every == number % calls.every)


def _calendar(now: datetime, days: int) -> list[tuple[int, date]]:
    """Days with how long ago they are, the oldest first and the present one last."""
    today = now.date()
    return [(ago, today - timedelta(days=ago)) for ago in range(days, -1, -1)]


def _is_on(day: date, wanted: str) -> bool:
    weekday = day.weekday()
    if wanted == "workdays":
        return weekday < 5
    if wanted == "weekends":
        return weekday >= 5
    if wanted == "mondays":
        return weekday == 0
    return wanted == "daily" or (day + timedelta(days=1)).day == 1


def _is_within(ago: int, days: t.Sequence[int]) -> bool:
    return not days or days[-1] <= ago <= days[0]


def _moment(day: date, hour: int, number: int) -> datetime:
    return datetime.combine(day, time(hour), UTC) + timedelta(seconds=number * 7 % _SECONDS)


def _fill_calls(calls: Calls, count: int, day: date, salt: str) -> Calls:
    digest = hashlib.sha256(f"{salt} {count}".encode()).hexdigest()
    words = {
        "date": f"{day:%Y-%m-%d}",
        "hex": digest[:8],
        "id": digest[8:25],
        "uuid": str(uuid.UUID(digest[:32])),
    }

    def choose(match: re.Match[str]) -> str:
        options = match[1].split("|")
        return words[match[1]] if len(options) == 1 else options[count % len(options)]

    def fill(value: t.Any) -> t.Any:
        if isinstance(value, str):
            return _BLANK.sub(choose, value) if "{" in value else value
        if isinstance(value, dict):
            return {fill(key): fill(item) for key, item in value.items()}
        return [fill(item) for item in value] if isinstance(value, list) else value

    return dataclasses.replace(
        calls,
        parameters=fill(calls.parameters),
        answer=fill(calls.answer),
        more=fill(calls.more),
        resources=fill(calls.resources),
        message=fill(calls.message),
    )
