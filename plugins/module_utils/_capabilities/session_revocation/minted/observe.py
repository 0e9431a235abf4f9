# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reads keys that an intruder can have made for others: of a bounded number of users, and by some pages of events.

GetAccountAuthorizationDetails has no keys, the credential report is up to four hours old, and events are 5 to 15
minutes late. So the keys are listed live, and the events say of those that are old enough who made them.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
"""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ...._account import fields
from ...._account.activity import read_lookup_pages
from ...._account.model import Dataset, Snapshot
from ...._account.moments import format_utc
from ...._account.permissions import Permissions
from ...._aws.access import Access
from ...._aws.errors import AwsError, NotFound
from ...._aws.operations import Operations
from ...._converge.arn import Principal, principal_of, principals_of
from ...._converge.change import Change
from ...._converge.incident.declaration import Incident
from ...._converge.user_keys import UPDATE_KEY
from ...._module.answers import fail_as_a_call
from ...._policy.hunt.event import Event, parse_event
from .judge import Making, Makings, Minted, MintedKey, judge_keys, parse_making
from .makers import Makers

_LIST: t.Final = "ListAccessKeys"
_LOOKUP: t.Final = "LookupEvents"
_CREATE: t.Final = "CreateAccessKey"
# AWS's own limit, and that of this module: two questions a second are allowed, and an intruder is at work.
_PAGE: t.Final = 50
_MOST_PAGES: t.Final = 4
# If there is more, and nothing of it can be read: back to no time at all.
_NOWHERE: t.Final = datetime.max.replace(tzinfo=UTC)
# So many users are asked for their keys, those first that an event names: users can be made to push others out.
_MOST_USERS: t.Final = 100
_WORKERS: t.Final = 16
# The states of a key that does not work (statusType of IAM). One in another state may.
_WORKS_NOT: t.Final = ("Inactive", "Expired")
OPERATIONS: t.Final = Operations(
    reads=frozenset({f"iam:{_LIST}", f"cloudtrail:{_LOOKUP}"}), writes=frozenset({f"iam:{UPDATE_KEY}"})
)


def read_minted(
    access: Access,
    snapshot: Snapshot,
    incident: Incident,
    reached: Sequence[str],
    makers: t.Optional[Makers] = None,
    opened: Sequence[str] = (),
    *,
    denied: Collection[str],
    now: datetime,
) -> Minted:
    """Read what the principals of the account that the incident ``reached`` can have made.

    ``denied`` are the users among them, whose own keys are not looked at. The cuts say later which keys are proven.
    ``makers`` are the reached principals, if the caller has looked at them already, and ``opened`` are the roles and
    users that they have left to come back by, which make keys too.
    """
    since = incident.find_since(now)
    if not reached or snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is not None:
        return Minted(since)
    makers = makers or Makers(Permissions(snapshot), reached)
    unread = [f"what {makers.left_out} more reached roles may do besides was not looked at"] if makers.left_out else []
    ways = tuple(makers.list_ways())
    users = makers.list_users(denied)
    if not users and not opened:
        return Minted(since, ways=ways, unread=tuple(unread))
    makings = _read_makings(access, since)
    users = tuple(dict.fromkeys((*users, *_list_users_of(snapshot, makings, principals_of(opened), denied))))
    chosen = _choose_users(snapshot, users, makings.found, since)
    keys, unlisted = _read_keys(access, chosen, since)
    unread += [*makings.unread, *unlisted]
    if len(users) > len(chosen):
        unread.append(
            f"the access keys of {len(users) - len(chosen)} more users were not looked at, for whom the incident can "
            "have made some: hunt for CreateAccessKey"
        )
    judged = judge_keys(keys, makings, incident=incident, makers=principals_of((*reached, *opened)))
    return Minted(since, judged, ways, tuple(unread))


def _read_makings(access: Access, since: datetime) -> Makings:
    """Read the calls that made keys, the newest first. Calls that failed fill pages as well, so more than one is read.

    What was read before an error counts.
    """
    asked = {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": _CREATE}],
        "StartTime": since,
    }
    # IAM has its events in the home region.
    pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=access.home_region, page_size=_PAGE)
    number, has_more = 0, False
    events: list[Event] = []
    unread: list[str] = []
    try:
        for records, is_followed in read_lookup_pages(pages, max_pages=_MOST_PAGES, wait=time.sleep):
            number, has_more = number + len(records), is_followed
            events += filter(None, map(parse_event, records))
    except AwsError as error:
        unread.append(f"who made access keys is not known: {error}")
    reaches = min((event.time for event in events), default=_NOWHERE) if has_more else None
    if reaches is not None:
        back = f", back to {format_utc(reaches)}" if events else ""
        unread.append(f"only the newest {number} calls of {_CREATE} were read{back}: hunt for the older ones")
    return Makings(tuple(filter(None, map(parse_making, events))), reaches, tuple(unread))


def _list_users_of(
    snapshot: Snapshot, makings: Makings, makers: Collection[Principal], denied: Collection[str]
) -> Iterator[str]:
    """List the users for whom one of the makers made a key, as events say."""
    named = {making.user for making in makings.found if principal_of(making.caller.principal_arn) in makers}
    yield from (user.arn for user in snapshot.users if user.name in named and user.arn not in denied)


def _choose_users(
    snapshot: Snapshot, users: Collection[str], makings: Collection[Making], since: datetime
) -> tuple[str, ...]:
    """Choose the users that are asked: those that an event names, those that were made since, and then the others."""
    named = {making.user.lower() for making in makings}
    made = {user.arn for user in snapshot.users if user.created is not None and user.created >= since}
    order = sorted(users, key=lambda arn: (arn.rpartition("/")[2].lower() not in named, arn not in made, arn))
    return tuple(order[:_MOST_USERS])


def _read_keys(access: Access, users: Collection[str], since: datetime) -> tuple[list[MintedKey], list[str]]:
    """Read the active keys of some users that were made since, and why those of others are not known."""
    calls = {arn: functools.partial(_list_working, access, arn, since) for arn in users}
    found: list[MintedKey] = []
    unread: dict[str, list[str]] = {}
    for arn, keys in access.gather(calls, workers=_WORKERS).items():
        if isinstance(keys, AwsError):
            unread.setdefault(str(keys), []).append(arn)
        else:
            found += keys
    facts = [f"the access keys of {len(arns)} users are not known: {reason}" for reason, arns in unread.items()]
    return found, facts


@fail_as_a_call()
def _list_working(access: Access, arn: str, since: datetime) -> list[MintedKey]:
    made = [(fields.require_moment(item, "CreateDate"), item) for item in _list_keys(access, arn)]
    return [
        MintedKey(arn, fields.text(item, "AccessKeyId"), created)
        for created, item in made
        if created >= since and item.get("Status") not in _WORKS_NOT
    ]


def _list_keys(access: Access, arn: str) -> list[Mapping[str, t.Any]]:
    try:
        return list(access.items("iam", _LIST, "AccessKeyMetadata", {"UserName": arn.rpartition("/")[2]}))
    except NotFound:
        return []


def reread_key(access: Access, change: Change) -> t.Any:
    """Read the key of a change live, in the shape of its ``before``; None for one that is gone."""
    shown: Mapping[str, t.Any] = change.after or change.before
    items = _list_keys(access, change.target)
    return next(
        ({**shown, "status": str(one.get("Status"))} for one in items if one.get("AccessKeyId") == shown["id"]), None
    )
