# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Reads about what an incident names and nobody finds. Nothing here is read while all names are right."""

from __future__ import annotations

import dataclasses
import functools
import time
import typing as t
from collections.abc import Collection, Iterable, Mapping

from .._account.activity import read_lookup_pages
from .._account.answer import Answer, Unknown, Yes
from .._account.moments import format_utc
from .._aws.access import Access
from .._aws.errors import AwsError, NotFound
from .._aws.operations import Operations
from .._converge.incident.declaration import Incident
from .._policy.hunt.event import Event, parse_event
from .deletions import Deletion, Kind, is_deletion, read_user

_LOOKUP: t.Final = "LookupEvents"
_PAGE: t.Final = 50
_MOST_PAGES: t.Final = 4
# Of so many users the keys are listed: a name that is not found must not cost a call for each of thousands.
_MOST_USERS: t.Final = 300
_WORKERS: t.Final = 16
_LATE: t.Final = "events are 5 to 15 minutes late"
OPERATIONS: t.Final = Operations(reads=frozenset({f"cloudtrail:{_LOOKUP}", "iam:ListUsers", "iam:ListAccessKeys"}))


def find_deletion(access: Access, kind: Kind, identifier: str) -> Answer[Deletion]:
    """Find the event by which a key, a user or a role of this account was deleted.

    It is never "no": events are late, they reach 90 days back, and only the newest 200 deletions are read.
    """
    # IAM has its events in the home region.
    asked = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": kind.value}]}
    pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=access.home_region, page_size=_PAGE)
    has_more = False
    try:
        for records, is_followed in read_lookup_pages(pages, max_pages=_MOST_PAGES, wait=time.sleep):
            has_more = is_followed
            for event in map(parse_event, records):
                if event is not None and is_deletion(event, kind, identifier):
                    return Yes(_describe(event, kind))
    except AwsError as error:
        return Unknown(f"its deletion can't be looked up: {error}")
    read = f"the newest {_PAGE * _MOST_PAGES} events" if has_more else "the event history"
    return Unknown(f"{read} of {kind.value} has none of it, and {_LATE}")


def _describe(event: Event, kind: Kind) -> Deletion:
    how = f"{event.principal_arn or 'somebody'} deleted it at {format_utc(event.time)}"
    return Deletion(how, read_user(event) if kind is Kind.KEY else "")


def list_user_arns(access: Access) -> tuple[str, ...]:
    """List the ARNs of the users of this account; none if these can't be read."""
    try:
        return tuple(str(user["Arn"]) for user in access.items("iam", "ListUsers", "Users"))
    except AwsError:
        return ()


def list_keys(access: Access, users: Iterable[str]) -> dict[str, str]:
    """List the ids of the access keys of some users, each with the name of its user."""
    names = [arn.rpartition("/")[2] for arn in users][:_MOST_USERS]
    found = access.gather({name: functools.partial(_list_of, access, name) for name in names}, workers=_WORKERS)
    lists = ((name, items) for name, items in found.items() if not isinstance(items, AwsError))
    return {str(item["AccessKeyId"]): name for name, items in lists for item in items}


def _list_of(access: Access, name: str) -> list[Mapping[str, t.Any]]:
    try:
        return list(access.items("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": name}))
    except NotFound:
        return []


@dataclasses.dataclass(frozen=True)
class Proofs:
    """Where it is proven that a key or a user was deleted. ``contained`` are seeds and users of earlier passes."""

    access: Access
    incident: Incident
    contained: Collection[str] = ()

    def find(self, kind: Kind, identifier: str) -> Answer[Deletion]:
        """Find the proof that a key, or a user or role by its ARN, was deleted; never "no"."""
        if self.incident.is_declared_deleted(identifier):
            return Yes(Deletion("the incident says so"))
        if identifier in self.contained:
            return Yes(Deletion("an earlier pass contained it"))
        return find_deletion(self.access, kind, identifier)
