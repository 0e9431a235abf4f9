# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Whose the key of a session (``ASIA…``) is, by the calls that were made with it.

No API tells that. CloudTrail does, 5 to 15 minutes after a call, in the region of the call:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterable, Mapping

from .._account.activity import read_lookup_pages
from .._aws.access import Access
from .._aws.errors import AwsError
from .._aws.operations import Operations
from .._converge.incident.declaration import SessionSeed, SessionSort
from .._policy.hunt.event import parse_event

_LOOKUP: t.Final = "LookupEvents"
# One page of one event: every call with a key has the same bearer.
_PAGE: t.Final = 1
_PRINCIPAL: t.Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(root|(user|role)/[\x21-\x7e]+)")
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_SESSION: t.Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
OPERATIONS: t.Final = Operations(reads=frozenset({f"cloudtrail:{_LOOKUP}", "ec2:DescribeRegions"}))


@dataclasses.dataclass(frozen=True)
class Bearer:
    """Who calls with the key of a session: a role, a user by a token, or root. ``unique_id`` is that of IAM.

    Of a role ``seed`` is the session as an incident names it.
    """

    arn: str
    unique_id: str
    seed: t.Optional[SessionSeed] = None

    @property
    def is_root(self) -> bool:
        """Whether it is the root user."""
        return self.arn.endswith(":root")


@dataclasses.dataclass(frozen=True)
class Search:
    """What was found of a key. Without a bearer ``problem`` says why."""

    bearer: t.Optional[Bearer] = None
    problem: str = ""


def find_bearer(access: Access, key_id: str) -> Search:
    """Find the bearer of a key of this account: one page of one event in each enabled region, all at once."""
    reach = access.reach()
    calls = {region: functools.partial(_look_up, access, key_id, region) for region in reach.regions}
    answers = access.gather(calls, workers=len(calls) or 1)
    problems = [str(answer) for answer in answers.values() if isinstance(answer, AwsError)]
    records = [record for answer in answers.values() if not isinstance(answer, AwsError) for record in answer]
    bearer = next(filter(None, (read_bearer(record, key_id) for record in records)), None)
    unread = f"; not known of all regions: {problems[0]}" if problems else ""
    return Search(bearer, "" if bearer else f"no event of a call with it is known yet{unread}")


def _look_up(access: Access, key_id: str, region: str) -> list[t.Any]:
    asked = {"LookupAttributes": [{"AttributeKey": "AccessKeyId", "AttributeValue": key_id}]}
    pages = access.pages("cloudtrail", _LOOKUP, "Events", asked, region=region, page_size=_PAGE)
    read: Iterable[tuple[tuple[t.Any, ...], bool]] = read_lookup_pages(pages, max_pages=1, wait=lambda _seconds: None)
    return [record for records, _has_more in read for record in records]


def read_bearer(record: t.Any, key_id: str) -> t.Optional[Bearer]:
    """Read the bearer of a key from an event; None if the event is not one of a call with it.

    The name of a session is chosen by its caller. One that no session can have is not taken over.
    """
    event = parse_event(record)
    if event is None or event.access_key_id != key_id or not _PRINCIPAL.fullmatch(event.principal_arn):
        return None
    if ":role/" not in event.principal_arn:
        return Bearer(event.principal_arn, _find_issuer_id(record) or event.principal_id)
    if not _SESSION.fullmatch(event.session_name):
        return None
    seed = SessionSeed(event.principal_arn, event.session_name, event.source_identity, _find_sort(record), key_id)
    return Bearer(event.principal_arn, event.principal_id, seed)


def _find_issuer_id(record: Mapping[str, t.Any]) -> str:
    """Find the unique id of who opened a session. The principal of a federated user has a name in its place."""
    issuer = _read_mapping(_read_context(record), "sessionIssuer")
    return str(issuer.get("principalId") or "")


def _read_context(record: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    return _read_mapping(_read_mapping(record, "userIdentity"), "sessionContext")


def _read_mapping(record: Mapping[str, t.Any], name: str) -> Mapping[str, t.Any]:
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def _find_sort(record: Mapping[str, t.Any]) -> SessionSort:
    """Find out where a session comes from, as far as its events show."""
    context = _read_context(record)
    if context.get("ec2RoleDelivery"):
        return SessionSort.INSTANCE
    is_federated = _read_mapping(context, "webIdFederationData").get("federatedProvider")
    return SessionSort.OIDC if is_federated else SessionSort.OTHER


def describe_bearer(bearer: Bearer) -> str:
    """Describe a bearer for people."""
    name = bearer.arn.rpartition("/")[2]
    if bearer.seed is None:
        return "a token of the root user" if bearer.is_root else f"a token of the user {name}"
    return f"the key of the session {bearer.seed.name} of the role {name}"
