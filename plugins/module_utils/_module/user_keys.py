# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Live reads of the access keys of users."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

from .._aws.access import Access
from .._aws.errors import NotFound
from .._aws.operations import Operations
from .._converge.user_keys import Key, User

LAST_USED: t.Final = "GetAccessKeyLastUsed"
OPERATIONS: t.Final = Operations(reads=frozenset({"iam:GetUser", "iam:ListAccessKeys", f"iam:{LAST_USED}"}))


def read_user(access: Access, name: str) -> t.Optional[User]:
    """A user with its keys and their last use; None if there is none of this name.

    :raises AwsError: it can't be read.
    """
    try:
        found = access.call("iam", "GetUser", {"UserName": name})["User"]
    except NotFound:
        return None
    named = str(found["UserName"])
    return User(named, str(found["Arn"]), str(found["UserId"]), read_keys(access, named))


def read_keys(access: Access, user: str) -> tuple[Key, ...]:
    """The keys of a user, the oldest first; none of a user that is gone. Raises AwsError: they can't be read."""
    try:
        records = list(access.items("iam", "ListAccessKeys", "AccessKeyMetadata", {"UserName": user}))
    except NotFound:
        return ()
    keys = (_read_key(access, record) for record in records)
    return tuple(sorted(keys, key=lambda key: (key.created, key.id)))


def _read_key(access: Access, record: Mapping[str, t.Any]) -> Key:
    key_id = str(record["AccessKeyId"])
    used = access.call("iam", LAST_USED, {"AccessKeyId": key_id}).get("AccessKeyLastUsed") or {}
    last = used.get("LastUsedDate")
    return Key(
        id=key_id,
        status=str(record["Status"]),
        created=_parse_moment(record["CreateDate"]),
        last_used=_parse_moment(last) if last else None,
        # AWS's word for "never".
        service="" if used.get("ServiceName") in (None, "N/A") else str(used["ServiceName"]),
    )


def _parse_moment(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(microsecond=0)
