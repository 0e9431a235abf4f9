# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!
"""Reads the doors that an intruder can have left: some users' passwords, identity providers, and some pages of events.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from ...._account import fields
from ...._account.activity import read_lookup_pages
from ...._account.model import Dataset, Snapshot
from ...._account.permissions import Permissions
from ...._account.source import Record
from ...._aws.access import Access
from ...._aws.errors import AwsError, NotFound
from ...._aws.operations import Operations
from ...._converge.arn import principals_of
from ...._module.answers import fail_as_a_call
from ...._policy.hunt.event import parse_event
from ..minted.makers import Makers
from .judge import (
    Call,
    Door,
    Opening,
    judge,
    list_old_roles,
    list_older,
    list_providers,
    list_roles,
    list_set_passwords,
    parse_opening,
)

_LOGIN: t.Final = "GetLoginProfile"
_LOOKUP: t.Final = "LookupEvents"
_OIDC: t.Final = "GetOpenIDConnectProvider"
_SAML: t.Final = "ListSAMLProviders"
_CREATE_PASSWORD: t.Final = "iam:CreateLoginProfile"
_CREATE_ROLE: t.Final = "iam:CreateRole"
_CHANGE_TRUST: t.Final = "iam:UpdateAssumeRolePolicy"
_PAGE: t.Final = 50
# An intruder is at work, and two questions a second are allowed.
_MOST_PAGES: t.Final = 2
# An account has at most as many OpenID Connect providers, unless AWS raised it.
_MOST_READ: t.Final = 100
_WORKERS: t.Final = 16
OPERATIONS: t.Final = Operations(
    reads=frozenset({*(f"iam:{operation}" for operation in (_LOGIN, _OIDC, _SAML)), f"cloudtrail:{_LOOKUP}"})
)


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
    passwords, no_passwords = _read_passwords(access, users)
    providers, no_providers = _read_providers(access, snapshot, makers, since)
    openings, unknown = _read_openings(access, since)
    new = list(list_roles(snapshot, openings, since, {*inventory, snapshot.account_id}))
    old = list(list_old_roles(snapshot, openings, since, providers))
    may_make = makers.find_targets(_CREATE_ROLE, [one.arn for one in new if not one.is_changed])
    may_change = makers.find_targets(_CHANGE_TRUST, [one.arn for one in old])
    unmade = {one.arn for one in (*new, *old)} - {*may_make, *may_change}
    doors = [*(Door(arn, made) for arn, made in passwords.items() if made >= since), *new, *old]
    doors += list_set_passwords(snapshot, openings, doors, denied)
    return judge(doors, openings, principals_of(reached), unmade), (*no_passwords, *no_providers, *unknown)


def _read_passwords(access: Access, users: Sequence[str]) -> tuple[dict[str, datetime], list[str]]:
    calls = {arn: functools.partial(_read_password, access, arn) for arn in users[:_MOST_READ]}
    found, facts = _read_moments(access, calls, "whether {} users have a new password")
    left = len(users) - len(calls)
    return found, [*facts, *([f"the passwords of {left} more users were not looked at"] if left > 0 else [])]


def _read_providers(
    access: Access, snapshot: Snapshot, makers: Makers, since: datetime
) -> tuple[dict[str, datetime], list[str]]:
    """Read when the identity providers were made that roles of before let in, whose trust policies may be changed."""
    permissions = Permissions(snapshot)
    let_in = {one.arn: list_providers(permissions.trust(one.arn)) for one in list_older(snapshot, since)}
    able = makers.find_targets(_CHANGE_TRUST, [arn for arn, providers in let_in.items() if providers])
    wanted = sorted({provider for arn in able for provider in let_in[arn]})
    by_tokens = [arn for arn in wanted if ":oidc-provider/" in arn]
    calls = {arn: functools.partial(_read_provider, access, arn) for arn in by_tokens[:_MOST_READ]}
    found, facts = _read_moments(access, calls, "whether {} identity providers are new")
    left = len(by_tokens) - len(calls)
    if left > 0:
        facts.append(f"{left} more identity providers were not looked at")
    if len(by_tokens) < len(wanted):
        try:
            found |= _read_saml_providers(access)
        except AwsError as error:
            facts.append(f"whether SAML providers are new is not known: {error}")
    return found, facts


def _read_moments(
    access: Access, calls: Mapping[str, Callable[[], t.Optional[datetime]]], what: str
) -> tuple[dict[str, datetime], list[str]]:
    """Read the moments of what is there, and why others are not known. ``what`` has a place for their number."""
    found: dict[str, datetime] = {}
    unread: dict[str, int] = {}
    for arn, made in access.gather(calls, workers=_WORKERS).items():
        if isinstance(made, AwsError):
            unread[str(made)] = unread.get(str(made), 0) + 1
        elif made is not None:
            found[arn] = made
    return found, [f"{what.format(count)} is not known: {why}" for why, count in unread.items()]


@fail_as_a_call()
def _read_saml_providers(access: Access) -> dict[str, datetime]:
    records = fields.records(access.call("iam", _SAML, {}), "SAMLProviderList")
    return {fields.text(one, "Arn"): fields.require_moment(one, "CreateDate") for one in records}


def _read_provider(access: Access, arn: str) -> t.Optional[datetime]:
    return _read_moment(lambda: access.call("iam", _OIDC, {"OpenIDConnectProviderArn": arn}))


def _read_password(access: Access, arn: str) -> t.Optional[datetime]:
    name = arn.rpartition("/")[2]
    return _read_moment(lambda: fields.structure(access.call("iam", _LOGIN, {"UserName": name}), "LoginProfile"))


@fail_as_a_call()
def _read_moment(read: Callable[[], Record]) -> t.Optional[datetime]:
    """Read when something was made; None if it is not there. Raises AwsError."""
    try:
        return fields.require_moment(read(), "CreateDate")
    except NotFound:
        return None


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
