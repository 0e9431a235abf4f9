# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The control policies that deny an account everything, or a user of Identity Center.

A control policy binds the users, the roles and the root user of member accounts. It binds neither the management
account nor the roles that are linked to services of AWS:
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Collection, Mapping
from datetime import datetime

from ..._account.moments import format_utc, parse_moment
from ..._policy.documents.limits import LIMITS
from ..._policy.documents.policy import Kind
from ..._policy.documents.syntax import compact

Json = dict[str, t.Any]

#: How the policies of an incident are named; the ending is the account, or ``people``.
NAME: t.Final = "IamHardeningQuarantine-{incident_id}-{ending}"
OF_PEOPLE: t.Final = "people"
_OLDER: t.Final = "OlderSessions"
_REST: t.Final = "AllButExempt"


@dataclasses.dataclass(frozen=True)
class Content:
    """The content of a control policy: its document, and the text that AWS gets."""

    document: Mapping[str, t.Any]

    @property
    def text(self) -> str:
        """The text that is sent to AWS, which counts its characters."""
        return compact(self.document)

    @property
    def excess(self) -> int:
        """By how many characters it is too long."""
        return max(0, len(self.text) - LIMITS[Kind.SCP])


def deny_account(exempt: Collection[str], begun_before: datetime) -> Content:
    """Deny an account everything, but for sessions of the roles in ``exempt`` that began after this moment.

    A request without the key matches a negated operator too, so that nobody is exempt by lack of an ARN:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    rest = _deny_everything()
    if not exempt:
        return Content(_make(rest))
    # The ARN of a session's role has its path here:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    rest["Condition"] = {"ArnNotLike": {"aws:PrincipalArn": sorted(exempt)}}
    older = {"DateLessThan": {"aws:TokenIssueTime": format_utc(begun_before)}}
    return Content(_make(rest, {"Sid": _OLDER, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}))


def find_moment(document: t.Any) -> t.Optional[str]:
    """Find the moment before which sessions are denied, in a document that is there; None if it has none."""
    older = (statement for statement in _list_statements(document) if statement.get("Sid") == _OLDER)
    found = _find_values(next(older, {}), "DateLessThan", "aws:TokenIssueTime")
    return found[0] if found else None


def find_exempt(document: t.Any) -> tuple[str, ...]:
    """Find the roles that go on, in a document that is there."""
    rest = (statement for statement in _list_statements(document) if statement.get("Sid") == _REST)
    return _find_values(next(rest, {}), "ArnNotLike", "aws:PrincipalArn")


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
    made = deny_account(exempt, moment) if moment else Content(_make(_deny_everything()))
    return Denial(exempt, moment) if document == made.document else None


def find_people(document: t.Any) -> tuple[str, ...]:
    """Find the users that a document denies, in one that is there. Ids have small letters, as AWS writes them."""
    found: list[str] = []
    for statement in _list_statements(document):
        found += _find_values(statement, "StringEquals", "identitystore:UserId")
    return tuple(user_id.lower() for user_id in found)


def _list_statements(document: t.Any) -> list[Json]:
    """List the statements of a document that is there, as far as it has any."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return [one for one in statements if isinstance(one, dict)] if isinstance(statements, list) else []


def _find_values(statement: Json, operator: str, key: str) -> tuple[str, ...]:
    condition = statement.get("Condition")
    named = condition.get(operator) if isinstance(condition, Mapping) else None
    values = named.get(key) if isinstance(named, Mapping) else None
    return (values,) if isinstance(values, str) else tuple(map(str, values)) if isinstance(values, list) else ()


def deny_people(user_ids: Collection[str]) -> Content:
    """Deny users of Identity Center everything in all member accounts.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html
    """
    condition = {"StringEquals": {"identitystore:UserId": sorted(user_ids)}}
    sid = "RevokeIdentityCenterUsers"
    return Content(_make({"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}))


def _deny_everything() -> Json:
    return {"Sid": _REST, "Effect": "Deny", "Action": "*", "Resource": "*"}


def _make(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
