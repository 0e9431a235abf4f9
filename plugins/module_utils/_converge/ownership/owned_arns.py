# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Lists of owned ARNs that a pipeline exports (``hardening_owned_arns``), for owners who share no state files.

A list is dated: an old one may lack what its owner has made since, so then its objects are not known.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ..._account.account_id import is_account_id
from ..._account.moments import format_utc, parse_moment
from .owner import object_of

SCHEMA: t.Final = "hardening.iam/owned-arns/1"
MOST_BYTES: t.Final = 16 * 1024 * 1024
_KEYS: t.Final = frozenset({"schema", "created", "owner", "place", "accounts", "arns"})
# The clocks of a pipeline and of the controller may differ.
_CLOCKS_DIFFER: t.Final = timedelta(minutes=5)


class ListError(Exception):
    """A document is no usable list of owned ARNs. The message says why, for people."""


@dataclasses.dataclass(frozen=True)
class OwnedArns:
    """A list: ``place`` is where its owner changes the objects, ``accounts`` are those that it knows completely."""

    created: datetime
    owner: str
    place: str
    accounts: tuple[str, ...]
    arns: tuple[str, ...]

    def check_age(self, now: datetime, max_age: timedelta) -> None:
        """Check that the list is not too old.

        :raises ListError: it is, or it is dated in the future.
        """
        made = format_utc(self.created)
        if self.created > now + _CLOCKS_DIFFER:
            raise ListError(f"it was created on {made}, which is in the future")
        if now - self.created > max_age:
            raise ListError(f"it was created on {made}, and may be {max_age.days} days old at most; export it again")


def parse_owned_arns(document: t.Any) -> OwnedArns:
    """Parse the document of a list.

    :raises ListError: it is malformed, or has an ARN of an account that it does not name.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        raise ListError(f"it is no list of owned ARNs; its schema has to be {SCHEMA}")
    if set(document) != _KEYS:
        raise ListError(f"it needs exactly the keys {', '.join(sorted(_KEYS))}")
    accounts = tuple(_parse_account(value) for value in _parse_list(document, "accounts"))
    if not accounts:
        raise ListError("it names no account")
    return OwnedArns(
        _parse_created(document["created"]),
        _parse_text(document, "owner"),
        _parse_text(document, "place"),
        accounts,
        tuple(_parse_arn(value, accounts) for value in _parse_list(document, "arns")),
    )


def _parse_created(value: t.Any) -> datetime:
    try:
        # YAML makes a time of a text without quotes.
        return parse_moment(value.isoformat() if isinstance(value, datetime) else value)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise ListError("its created is no time in ISO 8601, such as 2026-11-25T02:00:00Z") from None


def _parse_text(document: Mapping[str, t.Any], key: str) -> str:
    value = document[key]
    if not isinstance(value, str) or not value.strip():
        raise ListError(f"its {key} is no text")
    return value.strip()


def _parse_list(document: Mapping[str, t.Any], key: str) -> list[t.Any]:
    value = document[key]
    if not isinstance(value, list):
        raise ListError(f"its {key} is no list")
    return value


def _parse_account(value: t.Any) -> str:
    if not isinstance(value, str) or not is_account_id(value):
        raise ListError("it has an account that is no text of 12 digits")
    return value


def _parse_arn(value: t.Any, accounts: tuple[str, ...]) -> str:
    item = object_of(value) if isinstance(value, str) else None
    if item is None or "*" in item.arn or "?" in item.arn:
        raise ListError("it has an entry that is no ARN of a role, user, group or policy; wildcards are not allowed")
    if item.account_id not in accounts:
        raise ListError(f"it has an ARN of account {item.account_id}, which its accounts do not name")
    return item.arn
