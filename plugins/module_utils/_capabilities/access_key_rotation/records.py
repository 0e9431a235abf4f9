# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The records of a rotation, kept across runs: one record an event, never written twice. Pure.

They hold ids and dates and never a secret.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from datetime import datetime

from ..._account.moments import format_utc, parse_moment
from ..._converge.event_log import quote_name
from ..._converge.parsing import parse
from .model import Stage

SCHEMA: t.Final = "hardening.iam/rotation/1"
_KEY_ID: t.Final = re.compile(r"[A-Z0-9]{16,128}")
_VERSION: t.Final = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Event:
    """One record.

    ``version_id`` is the version of the secret that holds the new key, and ``previous`` the one that consumers read
    before; empty if there was none. ``key`` and ``stored_at`` say where and when the store has the record.
    """

    stage: Stage
    account_id: str
    user_arn: str
    user_id: str
    old_key: str
    new_key: str
    secret_arn: str
    version_id: str
    previous: str
    at: datetime
    by: str
    run_id: str
    number: int = dataclasses.field(default=0, compare=False)
    key: str = dataclasses.field(default="", compare=False)
    stored_at: t.Optional[datetime] = dataclasses.field(default=None, compare=False)

    def as_bytes(self) -> bytes:
        """The record as it is kept: JSON that people can read."""
        record = {"schema": SCHEMA, "stage": self.stage.value, "at": format_utc(self.at)}
        return json.dumps(record | {name: getattr(self, name) for name in _TEXTS}, indent=2).encode()

    @classmethod
    def of_bytes(
        cls, content: bytes, *, number: int = 0, key: str = "", stored_at: t.Optional[datetime] = None
    ) -> Event:
        """The event of a record. Raises ValueError if it is none."""
        try:
            record = parse(content)
            if record["schema"] != SCHEMA:
                raise ValueError(f"its schema is {record['schema']!r}")
            event = cls(
                stage=Stage(record["stage"]),
                at=parse_moment(record["at"]),
                **{name: _parse_text(record[name]) for name in _TEXTS},
                number=number,
                key=key,
                stored_at=stored_at,
            )
        except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
            raise ValueError(f"it is not a record of a rotation: {error!r}") from error
        _check(event)
        return event


_TEXTS: t.Final = (
    *("account_id", "user_arn", "user_id", "old_key", "new_key"),
    *("secret_arn", "version_id", "previous", "by", "run_id"),
)


def _check(event: Event) -> None:
    """Refuse what no run writes. Raises ValueError."""
    for name in ("old_key", "new_key"):
        if not _KEY_ID.fullmatch(getattr(event, name)):
            raise ValueError(f"its {name} is not the id of a key")
    if event.old_key == event.new_key:
        raise ValueError("its two keys are the same")
    if not _VERSION.fullmatch(event.version_id):
        raise ValueError("its version_id is not one that a run chooses")


def _parse_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def make_prefix(account_id: str, user: str, user_id: str) -> str:
    """Make the prefix of the keys of a user's records. A user that is made again has another unique id.

    Names of users have no case.
    """
    return f"rotations/{account_id}/{quote_name(user.lower(), 'user')}/{quote_name(user_id, 'id')}/"
