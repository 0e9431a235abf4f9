# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The accounts of an incident in which identities are locked while it is contained."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Mapping

from .reader import Reader

_ACCOUNT: t.Final = re.compile(r"[0-9]{12}", re.ASCII)
_SHORTEST: t.Final = 10
_LONGEST: t.Final = 240


@dataclasses.dataclass(frozen=True)
class LockSeed:
    """The accounts in which nobody but the run writes identities while it contains, and for how many minutes."""

    accounts: tuple[str, ...] = ()
    minutes: int = 60


def read_lock(reader: Reader) -> LockSeed:
    """Read ``identity_lock`` of an incident; without one no account is locked."""
    given = reader.given.get("identity_lock")
    if given is None:
        return LockSeed()
    found = Reader(given if isinstance(given, Mapping) else {}, f"{reader.place}.identity_lock", reader.problems)
    if not found.read_mapping(given, ("accounts", "minutes")):
        return LockSeed()
    accounts = found.read_list("accounts", _read_locked_account)
    if not accounts:
        found.refuse("accounts", found.given.get("accounts"), "a list of the accounts in which identities are locked")
    minutes = found.given.get("minutes", LockSeed.minutes)
    # Ansible hands over a class of its own, and true is a number in Python.
    is_number = isinstance(minutes, int) and not isinstance(minutes, bool)
    if not is_number or not _SHORTEST <= minutes <= _LONGEST:
        found.refuse("minutes", minutes, f"a number from {_SHORTEST} to {_LONGEST}")
        return LockSeed(accounts)
    return LockSeed(accounts, int(minutes))


def _read_locked_account(reader: Reader, item: t.Any) -> str:
    found = Reader({"account_id": item}, reader.place, reader.problems)
    return found.read_text("account_id", _ACCOUNT.fullmatch, "12 digits in quotes, without wildcards")
