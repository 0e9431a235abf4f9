# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ninety days of events of the fifteen developer roles without a server, and as many of them as a benchmark needs.

They are those of the emulator's seed ``developers`` at the same moment.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import gzip
import json
import typing as t
from datetime import UTC, datetime, timedelta
from pathlib import Path

from emulator import seed
from emulator.activity import generate
from emulator.activity.delivery import Place
from emulator.activity.records import Record
from emulator.activity.selectors import is_selected
from emulator.seed import Account
from emulator.seed.model import Trail

#: the account of the fifteen roles, which has a trail with data events
APPS: t.Final = "222233334444"
#: the account that only the organization's trail records: without KMS, and without data events
DATA: t.Final = "333344445555"
#: the account whose trail has basic selectors
LABS: t.Final = "444455556666"
#: a moment to count back from, for tests that need no clock
NOW: t.Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS: t.Final = generate.DAYS


def account(account_id: str = APPS, *, now: datetime = NOW) -> Account:
    """An account of the seed, with its roles and what they may do."""
    return seed.load("developers", now=now).accounts[account_id]


def events(
    account_id: str = APPS, *, first: int = 1, last: int = DAYS, now: datetime = NOW, logged_only: bool = False
) -> list[Record]:
    """The events of the days from ``first`` to ``last``: day 1 is the oldest, day 90 ends now.

    With ``logged_only`` those that the account's own trail records, or else the organization's: all of the others are
    in no log file.
    """
    start = now - timedelta(days=DAYS - first + 1)
    end = now - timedelta(days=DAYS - last)
    found = [event for event in _all(account_id, now) if start <= datetime.fromisoformat(event["eventTime"]) < end]
    if not logged_only:
        return found
    trail = _find_trail(account_id, now)
    basic = [
        {
            "DataResources": [{"Type": kind, "Values": arns} for kind, arns in trail.data_resources.items()],
            "ExcludeManagementEventSources": trail.exclude_sources,
        }
    ]
    return [event for event in found if is_selected(event, basic, trail.advanced_selectors)]


def _find_trail(account_id: str, now: datetime) -> Trail:
    organization = seed.load("developers", now=now)
    accounts = (organization.accounts[account_id], organization.management_account)
    return next(trail for owner in accounts for region in owner.regions.values() for trail in region.trails.values())


@functools.lru_cache(maxsize=4)
def _all(account_id: str, now: datetime) -> list[Record]:
    return generate.events(account(account_id, now=now), now=now)


def of_principal(found: t.Iterable[Record], name: str) -> list[Record]:
    """The calls of a role or user of that name, whatever its unique id."""
    return [event for event in found if _principal_name(event) == name]


def _principal_name(event: Record) -> str:
    identity = event["userIdentity"]
    return str(identity.get("sessionContext", {}).get("sessionIssuer", identity).get("userName", ""))


@dataclasses.dataclass(frozen=True)
class Written:
    """What was written: so many events in so many files, and the size of their JSON."""

    events: int
    files: int
    plain_bytes: int


def write(folder: Path, count: int, *, per_file: int = 1000, now: datetime = NOW) -> Written:
    """Write ``count`` events into log files below a folder, as a trail would have.

    The ninety days are repeated with other ids, so principals, actions and resources stay as many as they are.
    """
    grouped: collections.defaultdict[tuple[str, str], list[tuple[str, str]]] = collections.defaultdict(list)
    for event in events(now=now):
        grouped[event["awsRegion"], event["eventTime"][:10]].append((json.dumps(event), event["eventID"]))
    ninety_days = sum(map(len, grouped.values()))
    place = Place(bucket="", trail="bench", home_region="eu-west-1")
    made = files = plain = 0
    seen = 0
    for (region, day), texts in sorted(grouped.items()):
        # Each day has its share of the events; the shares add up to the count.
        before, seen = seen, seen + len(texts)
        wanted = count * seen // ninety_days - count * before // ninety_days
        for start in range(0, wanted, per_file):
            chunk = [_again(texts, number) for number in range(start, min(start + per_file, wanted))]
            body = f'{{"Records":[{",".join(chunk)}]}}'.encode()
            where = folder / place.folder(APPS, "CloudTrail", region, datetime.fromisoformat(day))
            where.mkdir(parents=True, exist_ok=True)
            name = f"{APPS}_CloudTrail_{region}_{day.replace('-', '')}T0900Z_{start // per_file:016x}.json.gz"
            (where / name).write_bytes(gzip.compress(body, 1, mtime=0))
            made, files, plain = made + len(chunk), files + 1, plain + len(body)
    return Written(made, files, plain)


def _again(texts: list[tuple[str, str]], number: int) -> str:
    """The event at a place in the endless repetition of a day, with an id of its own."""
    text, event_id = texts[number % len(texts)]
    turn = number // len(texts)
    return text.replace(event_id, f"{turn:08x}{event_id[8:]}") if turn else text
