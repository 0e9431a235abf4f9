# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Whether anybody saw the sessions that people name. No API lists sessions, so events alone show a name.

A call of a session has its name as the user name, and a call that opened one names the role:
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Iterable, Iterator

from ...._account.activity import read_lookup_pages
from ...._aws.access import Access
from ...._aws.errors import AwsError
from ...._converge.arn import principal_of
from ...._converge.incident.declaration import Incident, SessionSeed
from ...._incident.near_names import find_near
from ...._policy.hunt.event import Event, parse_event
from .names import Lost, is_known, name_of

_LOOKUP: t.Final = "LookupEvents"
# One page in each region, all at once.
_PAGE: t.Final = 50


@dataclasses.dataclass(frozen=True)
class Checked:
    """The sessions that are cut, those that are lost, and what is not known."""

    sessions: tuple[SessionSeed, ...] = ()
    lost: tuple[Lost, ...] = ()
    unread: tuple[str, ...] = ()


def check_sessions(access: Access, incident: Incident, account_id: str) -> Checked:
    """Check the names of the sessions of the roles of an account.

    What a hunt has seen, or a key shows, needs no check. A name that no event has yet is cut, since events are 5 to 15
    minutes late, unless it differs from one that was seen in case or in two characters at most: that is a slip.
    """
    kept: list[SessionSeed] = []
    lost: list[Lost] = []
    unread: list[str] = []
    for seed in incident.sessions:
        if is_known(seed, incident) or seed.role.split(":")[4] != account_id:
            kept.append(seed)
            continue
        try:
            is_seen, names = _look_up(access, seed)
        except AwsError as error:
            kept.append(seed)
            unread.append(f"whether there is a session {name_of(seed)} of {seed.role} is not known: {error}")
            continue
        near = () if is_seen else find_near(name_of(seed), names)
        if near:
            lost.append(Lost(seed, near))
            continue
        kept.append(seed)
        if not is_seen:
            unread.append(
                f"no event shows a session {name_of(seed)} of {seed.role}: check the name, or events are late"
            )
    return Checked(tuple(kept), tuple(lost), tuple(unread))


def _look_up(access: Access, seed: SessionSeed) -> tuple[bool, frozenset[str]]:
    """Look whether a session was seen, and under which names others of its role were."""
    if seed.name and any(_is_call_of(event, seed) for event in _read(access, "Username", seed.name)):
        return True, frozenset()
    names = {name for event in _read(access, "ResourceName", seed.role) for name in _list_names(event, seed)}
    return name_of(seed) in names, frozenset(names)


def _is_call_of(event: Event, seed: SessionSeed) -> bool:
    return event.session_name == seed.name and principal_of(event.principal_arn) == principal_of(seed.role)


def _list_names(event: Event, seed: SessionSeed) -> Iterator[str]:
    """List the name, or the source identity, of the session that an event opened."""
    if event.is_failed or not event.name.startswith("AssumeRole") or event.request.get("roleArn") != seed.role:
        return
    name = event.request.get("roleSessionName" if seed.name else "sourceIdentity")
    if isinstance(name, str):
        yield name


def _read(access: Access, attribute: str, value: str) -> Iterable[Event]:
    """Read the newest events in each enabled region. Raises AwsError if none of them can be read."""
    asked = {"LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}]}
    regions = access.reach().regions
    calls = {region: functools.partial(_read_page, access, asked, region) for region in regions}
    found = access.gather(calls, workers=len(calls) or 1)
    errors = [one for one in found.values() if isinstance(one, AwsError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    return [event for events in found.values() if not isinstance(events, AwsError) for event in events]


def _read_page(access: Access, asked: t.Any, region: str) -> list[Event]:
    pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=region, page_size=_PAGE)
    read = read_lookup_pages(pages, max_pages=1, wait=lambda _seconds: None)
    return [event for records, _more in read for event in map(parse_event, records) if event is not None]
