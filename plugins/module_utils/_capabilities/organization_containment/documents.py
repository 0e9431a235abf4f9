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
import typing as t
from collections.abc import Collection, Mapping
from datetime import datetime

from ..._account.moments import format_utc
from ..._policy.documents.limits import LIMITS
from ..._policy.documents.policy import Kind
from ..._policy.documents.syntax import compact

Json = dict[str, t.Any]

#: How the policies of an incident are named; the ending is the account, or ``people``.
NAME: t.Final = "IamHardeningQuarantine-{incident_id}-{ending}"
OF_PEOPLE: t.Final = "people"
_OLDER: t.Final = "OlderSessions"


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
    rest: Json = {"Sid": "AllButExempt", "Effect": "Deny", "Action": "*", "Resource": "*"}
    if not exempt:
        return Content(_make(rest))
    # The ARN of a session's role has its path here:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    rest["Condition"] = {"ArnNotLike": {"aws:PrincipalArn": sorted(exempt)}}
    older = {"DateLessThan": {"aws:TokenIssueTime": format_utc(begun_before)}}
    return Content(_make(rest, {"Sid": _OLDER, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}))


def find_moment(document: t.Any) -> t.Optional[str]:
    """Find the moment before which sessions are denied, in a document that is there; None if it has none."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    for statement in statements if isinstance(statements, list) else ():
        if isinstance(statement, Mapping) and statement.get("Sid") == _OLDER:
            condition = statement.get("Condition")
            dates = condition.get("DateLessThan") if isinstance(condition, Mapping) else None
            found = dates.get("aws:TokenIssueTime") if isinstance(dates, Mapping) else None
            return found if isinstance(found, str) else None
    return None


def find_people(document: t.Any) -> tuple[str, ...]:
    """Find the users that a document denies, in one that is there. Ids have small letters, as AWS writes them."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    found: list[str] = []
    for statement in statements if isinstance(statements, list) else ():
        condition = statement.get("Condition") if isinstance(statement, Mapping) else None
        equal = condition.get("StringEquals") if isinstance(condition, Mapping) else None
        users = equal.get("identitystore:UserId") if isinstance(equal, Mapping) else None
        found += [users] if isinstance(users, str) else list(map(str, users)) if isinstance(users, list) else []
    return tuple(user_id.lower() for user_id in found)


def deny_people(user_ids: Collection[str]) -> Content:
    """Deny users of Identity Center everything in all member accounts.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/authconcept-revoke-access.html
    """
    condition = {"StringEquals": {"identitystore:UserId": sorted(user_ids)}}
    sid = "RevokeIdentityCenterUsers"
    return Content(_make({"Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}))


def _make(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
