# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The access keys of a user, and the writes that retire one: it is deactivated, and deleted in a later run. Pure."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from .._account.moments import format_utc
from .change import GLOBAL, Change, Impact, Undo
from .errors import InputError
from .undo_records import Derive, Record

ACTIVE: t.Final = "Active"
INACTIVE: t.Final = "Inactive"
UPDATE_KEY: t.Final = "UpdateAccessKey"
DELETE_KEY: t.Final = "DeleteAccessKey"
_KIND: t.Final = "access_key"

State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Key:
    """An access key as it was read live. ``last_used`` is None where AWS has no use on record."""

    id: str
    status: str
    created: datetime
    last_used: t.Optional[datetime] = None
    service: str = ""

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE


@dataclasses.dataclass(frozen=True)
class User:
    """A user as it was read live, with all its access keys."""

    name: str
    arn: str
    unique_id: str
    keys: tuple[Key, ...] = ()

    def find_key(self, key_id: str) -> t.Optional[Key]:
        """Find one of the keys by its id; None if it is gone."""
        return next((key for key in self.keys if key.id == key_id), None)


#: AWS shows the use of a key some minutes late, without a promise, so nobody knows yet who uses a key in the last hour.
#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
UNSEEN: t.Final = timedelta(hours=1)
#: Safety rule 8: no key is deactivated that was used within so many days, whatever is declared.
VERIFY_FLOOR: t.Final = 7
DELETE_FLOOR: t.Final = 7
_LONGEST: t.Final = 1095


@dataclasses.dataclass(frozen=True)
class Wait:
    """The reason why a key is not retired yet, and from when it may be; None if that is not known."""

    reason: str
    due: t.Optional[datetime] = None


def parse_days(options: Mapping[str, t.Any], option: str, lowest: int) -> int:
    """Parse a number of days. Raises InputError: it is none, below ``lowest``, or more than three years."""
    text = str(options[option]).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= _LONGEST:
        raise InputError(f"{option}: {options[option]!r} is not allowed; allowed are {lowest} to {_LONGEST} days")
    return int(text)


def wait_for_quiet(quiet: datetime, days: int, now: datetime, *, what: str = "the old key") -> t.Optional[Wait]:
    """Wait until a key is known to be unused for so many days; ``quiet`` is since when nobody is known to have used it.

    The last hour does not count: a use in it may not show yet.
    """
    due = quiet + timedelta(days=days) + UNSEEN
    return Wait(f"{what} is only known to be unused since {format_utc(quiet)}", due) if now < due else None


def wait_for_deletion(
    inactive: datetime, key: Key, days: t.Optional[int], now: datetime, *, what: str = "the old key"
) -> t.Optional[Wait]:
    """Wait until a key is inactive for so many days; without a number it is never deleted."""
    if days is None:
        return Wait(f"{what} is inactive; without delete_after_days it stays")
    due = max(filter(None, (inactive, key.last_used))) + timedelta(days=days)
    return Wait(f"{what} has not been inactive for long enough", due) if now < due else None


@dataclasses.dataclass(frozen=True)
class KeyRetirer:
    """Makes the changes that retire access keys in one account. ``kinds`` begin with ``prefix``, for the caps."""

    account_id: str
    prefix: str = "access_key"

    def deactivate(self, user: User, key: Key) -> Change:
        """Deactivate a key. Activating it again undoes that."""
        return self._set_status(user, key, INACTIVE, "deactivate", Impact.NARROWING)

    def activate(self, user: User, key: Key) -> Change:
        """Activate a key again. Nothing undoes that: somebody may use it from then on."""
        return self._set_status(user, key, ACTIVE, "activate", Impact.ADDITIVE)

    def delete(self, user: User, key: Key, *, kind: str = "delete") -> Change:
        """Delete a key, which can't be undone."""
        return Change(
            account_id=self.account_id,
            region=GLOBAL,
            service="iam",
            operation=DELETE_KEY,
            target=user.arn,
            parameters={"UserName": user.name, "AccessKeyId": key.id},
            before=describe_key(key),
            after=None,
            kind=f"{self.prefix}_{kind}",
            impact=Impact.DESTRUCTIVE,
        )

    def _set_status(self, user: User, key: Key, status: str, kind: str, impact: Impact) -> Change:
        named = {"UserName": user.name, "AccessKeyId": key.id}
        return Change(
            account_id=self.account_id,
            region=GLOBAL,
            service="iam",
            operation=UPDATE_KEY,
            target=user.arn,
            parameters={**named, "Status": status},
            before=describe_key(key),
            after=describe_key(dataclasses.replace(key, status=status)),
            kind=f"{self.prefix}_{kind}",
            impact=impact,
            undo=Undo(UPDATE_KEY, {**named, "Status": ACTIVE}) if status == INACTIVE else None,
        )


def describe_key(key: Key) -> State:
    """Describe a key with its last use, so that one that is used after the plan is left alone."""
    used = format_utc(key.last_used) if key.last_used else None
    return {"kind": _KIND, "id": key.id, "status": key.status, "last_used": used}


def _undo_status(record: Record) -> t.Optional[Undo]:
    if record.after["status"] == ACTIVE:
        return None
    record.check(record.before["status"] == ACTIVE, "the key was not active before")
    named = {"UserName": record.name("user"), "AccessKeyId": str(record.before["id"])}
    return Undo(UPDATE_KEY, {**named, "Status": ACTIVE})


#: Only a deactivation is taken back. A key that a run activated stays active.
DERIVATIONS_OF_KEYS: t.Final[Mapping[tuple[str, str], Derive]] = {("iam", UPDATE_KEY): _undo_status}
