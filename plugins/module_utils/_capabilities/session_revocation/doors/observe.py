# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reads the doors that an intruder can have left: the passwords of a bounded number of users, and some pages of events.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Collection, Sequence
from datetime import datetime

from ...._account import fields
from ...._account.activity import read_lookup_pages
from ...._account.model import Dataset, Snapshot
from ...._aws.access import Access
from ...._aws.errors import AwsError, NotFound
from ...._aws.operations import Operations
from ...._converge.arn import principals_of
from ...._policy.hunt.event import parse_event
from ..minted.makers import Makers
from .judge import Call, Door, Opening, judge, list_roles, list_set_passwords, parse_opening

_LOGIN: t.Final = "GetLoginProfile"
_LOOKUP: t.Final = "LookupEvents"
_CREATE_PASSWORD: t.Final = "iam:CreateLoginProfile"
_CREATE_ROLE: t.Final = "iam:CreateRole"
_PAGE: t.Final = 50
# An intruder is at work, and two questions a second are allowed.
_MOST_PAGES: t.Final = 2
_MOST_USERS: t.Final = 100
_WORKERS: t.Final = 16
OPERATIONS: t.Final = Operations(reads=frozenset({f"iam:{_LOGIN}", f"cloudtrail:{_LOOKUP}"}))


def read_doors(
    access: Access,
    snapshot: Snapshot,
    makers: Makers,
    reached: Sequence[str],
    *,
    since: datetime,
    denied: Collection[str],
    inventory: Collection[str],
) -> tuple[tuple[Door, ...], tuple[str, ...]]:
    """Read what the principals that the incident ``reached`` can have left, and what is not known of it.

    ``denied`` are the users whose own passwords are not looked at. Nothing is asked where none of them may do it.
    """
    if snapshot.missing(Dataset.AUTHORIZATION_DETAILS) is not None:
        return (), ()
    users = makers.find_targets(_CREATE_PASSWORD, [one.arn for one in snapshot.users], besides=denied)
    doors, unread = _read_passwords(access, users, since)
    openings, unknown = _read_openings(access, since)
    roles = list(list_roles(snapshot, openings, since, {*inventory, snapshot.account_id}))
    may_make = makers.find_targets(_CREATE_ROLE, [one.arn for one in roles if not one.is_changed])
    unmade = {one.arn for one in roles} - set(may_make)
    doors += [*roles, *list_set_passwords(snapshot, openings, doors, denied)]
    return judge(doors, openings, principals_of(reached), unmade), (*unread, *unknown)


def _read_passwords(access: Access, users: Sequence[str], since: datetime) -> tuple[list[Door], list[str]]:
    calls = {arn: functools.partial(_read_password, access, arn) for arn in users[:_MOST_USERS]}
    doors: list[Door] = []
    unread: dict[str, int] = {}
    for arn, made in access.gather(calls, workers=_WORKERS).items():
        if isinstance(made, AwsError):
            unread[str(made)] = unread.get(str(made), 0) + 1
        elif made is not None and made >= since:
            doors.append(Door(arn, made))
    facts = [f"whether {count} users have a new password is not known: {why}" for why, count in unread.items()]
    left = len(users) - len(calls)
    return doors, [*facts, *([f"the passwords of {left} more users were not looked at"] if left > 0 else [])]


def _read_password(access: Access, arn: str) -> t.Optional[datetime]:
    try:
        found = access.call("iam", _LOGIN, {"UserName": arn.rpartition("/")[2]})
    except NotFound:
        return None
    return fields.require_moment(fields.structure(found, "LoginProfile"), "CreateDate")


def _read_openings(access: Access, since: datetime) -> tuple[list[Opening], list[str]]:
    """Read the newest calls of each kind, and why others are not known: an intruder may make many of them."""
    found: list[Opening] = []
    unread: dict[str, list[str]] = {}
    facts: list[str] = []
    for call in Call:
        asked = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": call.value}], "StartTime": since}
        # IAM has its events in the home region.
        pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=access.home_region, page_size=_PAGE)
        try:
            has_more = False
            for records, is_followed in read_lookup_pages(pages, max_pages=_MOST_PAGES, wait=time.sleep):
                has_more = is_followed
                found += filter(None, map(parse_opening, map(parse_event, records)))
            if has_more:
                newest = f"only the newest {_PAGE * _MOST_PAGES} events of {call.value} were read"
                facts.append(f"{newest}, so it is not known who else called it")
        except AwsError as error:
            unread.setdefault(str(error), []).append(call.value)
    return found, [*facts, *(f"who called {', '.join(calls)} is not known: {why}" for why, calls in unread.items())]
