# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whose work an identity lock stops: who wrote identities in the account lately, as its event history says."""

from __future__ import annotations

import collections
import dataclasses
import time
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta

from ...._account.activity import look_up
from ...._account.change_events import find_caller
from ...._aws.access import Access
from ...._aws.errors import AwsError
from ...._aws.operations import Operations
from ...._converge.arn import principal_of, principals_of
from ...._incident.from_above import list_locked_actions

_LOOKUP: t.Final = "LookupEvents"
_SOURCE: t.Final = "iam.amazonaws.com"
OPERATIONS: t.Final = Operations(reads=frozenset({f"cloudtrail:{_LOOKUP}"}))
_PAGE: t.Final = 50
_MOST_PAGES: t.Final = 10
_NAMELESS: t.Final = "a caller that its events do not name"
#: So far back principals that write identities are looked for.
WINDOW: t.Final = timedelta(days=30)


@dataclasses.dataclass(frozen=True)
class Work:
    """How often each principal wrote identities. ``unread`` says what is not known; empty if all of it is."""

    writes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unread: str = ""


def read_work(make: Callable[[], Access], now: datetime, unbound: Collection[str]) -> Work:
    """Read who wrote identities in the last 30 days. ``unbound`` are not bound by the lock, or are denied anyway.

    Only events of IAM are read: those of Identity Center are in the management account, which no lock binds.
    """
    since = now - WINDOW
    asked = {"LookupAttributes": [{"AttributeKey": "EventSource", "AttributeValue": _SOURCE}], "StartTime": since}
    try:
        access = make()
        # IAM has its events in the home region.
        pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=access.home_region, page_size=_PAGE)
        found = look_up(pages, max_pages=_MOST_PAGES, wait=time.sleep, now=now)
    except AwsError as error:
        return Work(unread=str(error))
    unread = "" if found.whole else f"the account has more events than the newest {len(found.records)}, which were read"
    return Work(_count(found.records, unbound), unread)


def _count(records: Iterable[t.Any], unbound: Collection[str]) -> dict[str, int]:
    """Count the writes that the lock would deny. Calls that were denied anyway do not count."""
    locked, known = set(list_locked_actions()), principals_of(unbound)
    callers: collections.Counter[str] = collections.Counter()
    for record in records:
        if not isinstance(record, Mapping) or record.get("errorCode"):
            continue
        caller = find_caller(record.get("userIdentity"))
        if f"iam:{record.get('eventName')}" in locked and principal_of(caller) not in known:
            callers[caller or _NAMELESS] += 1
    return dict(callers.most_common())
