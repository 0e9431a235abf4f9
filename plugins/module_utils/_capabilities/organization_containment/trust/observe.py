# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The accounts that an incident is about: who changed roles of the run and control policies, and what differs now.

The event histories show the first, the state that the last enforcing run has kept the second.
"""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ...._account.activity import SECONDS_BETWEEN_LOOKUPS, Lookup, look_up
from ...._account.answer import Unknown
from ...._account.change_events import parse_change_events
from ...._account.organization_tree import OrganizationTree
from ...._aws.access import Access
from ...._aws.errors import AwsError
from ...._aws.operations import Operations
from ...._converge.store import Store
from ...._module.connection import Connection
from ..changes import is_of_incident
from ..declared import ACCOUNT, Declared
from ..lock import find_dormant, read_own_orders
from ..trust_state.observe import LEVELS_OPERATIONS, STATE_OPERATIONS, find_differences
from .judge import SOURCE, Judged, TrustChange, choose_since, list_involved, list_policy_changes, list_role_changes

_LOOKUP: t.Final = "LookupEvents"
_PAGE: t.Final = 50
#: A plan reads the newest events alone, so that it takes as long after years. The last pass of a real run reads on.
_PAGES_OF_PLAN: t.Final = 1
_MOST_PAGES: t.Final = 4
HISTORY_OPERATIONS: t.Final = Operations(reads=frozenset({f"cloudtrail:{_LOOKUP}"}))
TRUST_OPERATIONS: t.Final = Operations(reads=frozenset({f"cloudtrail:{_LOOKUP}", "sts:GetAccessKeyInfo"})).union(
    STATE_OPERATIONS, LEVELS_OPERATIONS
)
_NOT_WHOLE: t.Final = "{}: it has more events than were read: the newest {}"


def judge_accounts(
    connection: Connection, declared: Declared, tree: t.Optional[OrganizationTree], store: Store
) -> tuple[Judged, ...]:
    """Judge the accounts that the incident is about, side by side. The management account is none of them.

    ``tree`` is None if the organization was not read: then only events of roles are looked at. ``store`` has the states
    that earlier runs have kept.
    """
    access, incident = connection.access, declared.incident
    since = choose_since(incident, connection.now)
    involved = [
        one for one in list_involved(incident, _list_homes(access, declared)) if one != access.caller.account_id
    ]
    if not involved or not declared.watched:
        return ()
    most = _MOST_PAGES if connection.writes and declared.is_last_pass else _PAGES_OF_PLAN
    records, unread = _read_organization(access, since, most) if tree else ((), ())
    own = _list_own(tree, incident.id) if tree else set[str]()
    calls: Mapping[str, Callable[[], Judged]] = {
        account_id: functools.partial(_judge_member, connection, declared, tree, store, account_id, since, most)
        for account_id in involved
        if account_id in declared.inventory_accounts
    }
    found = access.gather(calls)
    judged = []
    for account_id in involved:
        one = found.get(account_id, AwsError("the account is not in inventory_accounts"))
        if isinstance(one, AwsError):
            one = Judged(account_id, since, unread=(str(one),))
        changes = tuple(list_policy_changes(records, tree, account_id, since, own)) if tree else ()
        changes = tuple(sorted({*one.changes, *changes}))
        judged.append(Judged(account_id, since, changes, (*one.unread, *unread), one.differences))
    return tuple(judged)


def _list_own(tree: OrganizationTree, incident_id: str) -> set[str]:
    """List the ids of the policies that runs of this incident write."""
    dormant = find_dormant(tree)
    is_ours = dormant is not None and not isinstance(read_own_orders(dormant, incident_id), Unknown)
    return {one.id for one in tree.policies if is_of_incident(one, incident_id) or (is_ours and one is dormant)}


def _list_homes(access: Access, declared: Declared) -> list[str]:
    """List the accounts of the leaked keys. Of one that AWS does not tell, its own host says so."""
    homes = []
    for key in declared.incident.keys:
        try:
            homes.append(
                key.account_id or str(access.call("sts", "GetAccessKeyInfo", {"AccessKeyId": key.id})["Account"])
            )
        except AwsError:
            continue
    return homes


def _read_organization(access: Access, since: datetime, most: int) -> tuple[Sequence[t.Any], tuple[str, ...]]:
    """Read the calls of AWS Organizations, which are events of the management account; or why they are not known."""
    try:
        found = _look_up(access, "EventSource", SOURCE, since, most)
    except AwsError as error:
        return (), (f"calls of AWS Organizations: {error}",)
    return tuple(found.records), _describe_rest(found, "AWS Organizations")


def _judge_member(
    connection: Connection,
    declared: Declared,
    tree: t.Optional[OrganizationTree],
    store: Store,
    account_id: str,
    since: datetime,
    most: int,
) -> Judged:
    role = declared.member_role_arn.replace(ACCOUNT, account_id)
    if not role:
        return Judged(account_id, since, unread=("it can't be read without member_role_arn",))
    differences, unread = find_differences(connection, declared, store, tree, account_id, role, since)
    seen = _judge_events(connection, declared, account_id, role, since, most)
    return Judged(account_id, since, seen.changes, (*unread, *seen.unread), tuple(differences))


def _judge_events(
    connection: Connection, declared: Declared, account_id: str, role: str, since: datetime, most: int
) -> Judged:
    access = connection.read_as(role, HISTORY_OPERATIONS)
    changes: list[TrustChange] = []
    unread: list[str] = []
    for number, arn in enumerate(declared.list_watched_roles(account_id)):
        if number:
            time.sleep(SECONDS_BETWEEN_LOOKUPS)
        name = arn.rpartition("/")[2]
        try:
            found = _look_up(access, "ResourceName", name, since, most)
        except AwsError as error:
            unread.append(f"role {name}: {error}")
            continue
        history = parse_change_events(found.records, account_id=account_id, kind="role", name=name)
        changes += list_role_changes(arn, history.events, since)
        unread += [f"role {name}: {history.rest.reason}"] if isinstance(history.rest, Unknown) else []
        unread += _describe_rest(found, f"role {name}")
    return Judged(account_id, since, tuple(changes), tuple(unread))


def _look_up(access: Access, key: str, value: str, since: datetime, most: int) -> Lookup:
    asked = {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}], "StartTime": since}
    # IAM and AWS Organizations have their events in the home region.
    pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=access.home_region, page_size=_PAGE)
    return look_up(pages, max_pages=most, wait=time.sleep, now=since)


def _describe_rest(found: Lookup, name: str) -> tuple[str, ...]:
    """Describe that there are more events than were read; nothing if there are not."""
    return () if found.whole else (_NOT_WHOLE.format(name, len(found.records)),)
