# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The control policies that deny an account everything, or a user of Identity Center."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Collection
from datetime import datetime

from ..._account.moments import format_utc, parse_moment
from ..._incident.control_policy import Content, deny, find_values

#: How the policies of an incident are named; the ending is the account, or ``people``.
NAME: t.Final = "IamHardeningQuarantine-{incident_id}-{ending}"
OF_PEOPLE: t.Final = "people"
_OLDER: t.Final = "OlderSessions"
_REST: t.Final = "AllButExempt"
_PEOPLE: t.Final = "RevokeIdentityCenterUsers"


def deny_account(exempt: Collection[str], begun_before: datetime) -> Content:
    """Deny an account everything, but for sessions of the roles in ``exempt`` that began after this moment.

    A request without the key matches a negated operator too, so that nobody is exempt by lack of an ARN:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    if not exempt:
        return Content.of([deny(_REST)])
    # The ARN of a session's role has its path here:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    rest = deny(_REST, {"ArnNotLike": {"aws:PrincipalArn": sorted(exempt)}})
    return Content.of([rest, deny(_OLDER, {"DateLessThan": {"aws:TokenIssueTime": format_utc(begun_before)}})])


def find_moment(document: t.Any) -> t.Optional[str]:
    """Find the moment before which sessions are denied, in a document that is there; None if it has none."""
    found = find_values(document, "DateLessThan", "aws:TokenIssueTime", sid=_OLDER)
    return found[0] if found else None


def find_exempt(document: t.Any) -> tuple[str, ...]:
    """Find the roles that go on, in a document that is there."""
    return find_values(document, "ArnNotLike", "aws:PrincipalArn", sid=_REST)


@dataclasses.dataclass(frozen=True)
class Denial:
    """What ``deny_account`` made a document of."""

    exempt: tuple[str, ...]
    begun_before: t.Optional[datetime] = None


def read_back(document: t.Any, account_id: str) -> t.Optional[Denial]:
    """Read back what ``deny_account`` made a document of; None if it is not exactly that for roles of this account."""
    role = re.compile(rf"arn:aws[a-z-]*:iam::{re.escape(account_id)}:role/[\w+=,.@/-]+", re.ASCII)
    exempt, found = find_exempt(document), find_moment(document)
    try:
        moment = parse_moment(found) if found else None
    except ValueError:
        return None
    if not all(map(role.fullmatch, exempt)) or (exempt and moment is None):
        return None
    made = deny_account(exempt, moment) if moment else Content.of([deny(_REST)])
    return Denial(exempt, moment) if document == made.document else None


def find_people(document: t.Any) -> tuple[str, ...]:
    """Find the users that a document denies, in one that is there. Ids have small letters, as AWS writes them."""
    found = find_values(document, "StringEquals", "identitystore:UserId")
    return tuple(user_id.lower() for user_id in found)


def deny_people(user_ids: Collection[str]) -> Content:
    """Deny users of Identity Center everything in all member accounts.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html
    """
    return Content.of([deny(_PEOPLE, {"StringEquals": {"identitystore:UserId": sorted(user_ids)}})])
