# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The live reads of single credentials: of the users in question, and of what a change is about to act on."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from ..._account.model import User
from ..._aws.access import Access
from ..._aws.errors import AwsError, NotFound
from ..._aws.operations import Operations
from ..._converge.change import Change
from .changes import describe_credential, describe_stage
from .history import PUBLISH, TAG, UNTAG
from .kinds import ACTIVE, OPERATIONS_OF, Credential, Kind

LAST_USED: t.Final = "GetAccessKeyLastUsed"
OPERATIONS: t.Final = Operations(
    reads=frozenset(
        {
            *(f"iam:{operations.read}" for operations in OPERATIONS_OF.values()),
            f"iam:{LAST_USED}",
            "iam:GetUser",
            "iam:ListUserTags",
        }
    )
)


def read_users(
    access: Access, users: Collection[User], kinds: Collection[Kind]
) -> tuple[tuple[Credential, ...], dict[str, str]]:
    """The credentials of these users, read in parallel; and, by ARN, why those of a user could not be read."""
    results = access.gather({user.arn: _make_reader(access, user, kinds) for user in users})
    unread = {arn: str(result) for arn, result in results.items() if isinstance(result, AwsError)}
    found = (result for result in results.values() if not isinstance(result, AwsError))
    return tuple(credential for credentials in found for credential in credentials), unread


def _make_reader(access: Access, user: User, kinds: Collection[Kind]) -> t.Callable[[], list[Credential]]:
    def read() -> list[Credential]:
        return [
            credential for kind in sorted(kinds) for credential in read_credentials(access, kind, user.name, user.arn)
        ]

    return read


def read_credentials(access: Access, kind: Kind, user: str, user_arn: str) -> list[Credential]:
    """All credentials of one kind that a user has, with their last use where AWS tells it; none of a user that is gone.

    :raises AwsError: they can't be read.
    """
    operations = OPERATIONS_OF[kind]
    try:
        if operations.items is None:
            return [_read_password(access, user, user_arn)]
        records = list(access.items("iam", operations.read, operations.items, {"UserName": user}))
    except NotFound:
        return []
    return [_read_credential(access, kind, record, user, user_arn) for record in records]


def _read_credential(access: Access, kind: Kind, record: Mapping[str, t.Any], user: str, user_arn: str) -> Credential:
    operations = OPERATIONS_OF[kind]
    identifier = str(record[operations.identifier])
    used: Mapping[str, t.Any] = {}
    if kind is Kind.ACCESS_KEY:
        used = access.call("iam", LAST_USED, {"AccessKeyId": identifier}).get("AccessKeyLastUsed") or {}
    service = used.get("ServiceName")
    return Credential(
        kind=kind,
        id=identifier,
        user=user,
        user_arn=user_arn,
        status=str(record["Status"]),
        created=_parse_moment(record[operations.created]),
        last_used=_parse_moment(used["LastUsedDate"]) if used.get("LastUsedDate") else None,
        # AWS's word for "never".
        last_used_service=None if service in (None, "N/A") else str(service),
    )


def _read_password(access: Access, user: str, user_arn: str) -> Credential:
    profile = access.call("iam", OPERATIONS_OF[Kind.PASSWORD].read, {"UserName": user})["LoginProfile"]
    used = access.call("iam", "GetUser", {"UserName": user})["User"].get("PasswordLastUsed")
    return Credential(
        kind=Kind.PASSWORD,
        id=user,
        user=user,
        user_arn=user_arn,
        status=ACTIVE,
        created=_parse_moment(profile["CreateDate"]),
        last_used=_parse_moment(used) if used else None,
    )


def _parse_moment(value: datetime) -> datetime:
    """Parse a date of AWS to whole seconds, as the credential report has them that it is compared with."""
    return value.astimezone(UTC).replace(microsecond=0)


def read_state(
    access: Access, change: Change, *, messages: Mapping[tuple[str, str], str]
) -> t.Optional[dict[str, t.Any]]:
    """Read the target of a change live, in the shape of its ``before`` and ``after``; None where it is gone.

    It needs no more of the change than the journal has. That a notice was sent is known of ``messages`` only, by user
    and credential: SNS can't be asked.

    :raises AwsError: it can't be read.
    """
    named = change.before or change.after
    names = {"kind": named["kind"], "id": named["id"]}
    user = change.target.rpartition("/")[2]
    kind = Kind(named["kind"])
    if change.operation == PUBLISH:
        is_sent = (change.target, named["id"]) in messages
        return {**names, "notice": change.after["notice"] if is_sent else None}
    if change.operation in (TAG, UNTAG):
        placeholder = Credential(kind, named["id"], user, change.target, ACTIVE, datetime.now(UTC))
        return {**names, "stage": describe_stage(_read_tags(access, user).get(placeholder.tag))}
    found = read_credentials(access, kind, user, change.target)
    present = next((credential for credential in found if credential.id == named["id"]), None)
    return {**names, **describe_credential(present)} if present else None


def _read_tags(access: Access, user: str) -> dict[str, str]:
    try:
        return {tag["Key"]: tag["Value"] for tag in access.items("iam", "ListUserTags", "Tags", {"UserName": user})}
    except NotFound:
        return {}
