# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Entries of ``hardening_terraform_state_paths`` and ``hardening_owned_arns``: files that name owned objects.

A file that can't be read holds back the objects of the accounts that its entry declares.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t
from collections.abc import Mapping, Sequence
from datetime import timedelta

from ..errors import InputError
from .declared import parse_account

STATES: t.Final = "terraform_state_paths"
LISTS: t.Final = "owned_arns"
_MAX_AGE: t.Final = "max_age_days"
_KEYS: t.Final[Mapping[str, tuple[str, ...]]] = {
    STATES: ("path", "accounts"),
    LISTS: ("path", "accounts", _MAX_AGE),
}
_DAYS: t.Final = 7
_MOST_DAYS: t.Final = 90


@dataclasses.dataclass(frozen=True)
class OwnerFile:
    """A file of owned objects. ``accounts`` are globs for the accounts that it knows; empty: it may know all.

    ``name`` is its entry in the variable that the user set.
    """

    path: str
    name: str
    accounts: tuple[str, ...] = ()
    max_age: timedelta = timedelta(days=_DAYS)

    def concerns(self, account_id: str) -> bool:
        """Whether the file may know an object of an account."""
        return not self.accounts or any(fnmatch.fnmatchcase(account_id, pattern) for pattern in self.accounts)


def parse_files(option: str, given: t.Any) -> tuple[OwnerFile, ...]:
    """Parse the option STATES or LISTS.

    :raises InputError: it is no list, or an entry can't be used. The message names the entry.
    """
    if given is None or given == "":
        return ()
    if isinstance(given, str):
        given = [part for part in map(str.strip, given.split(",")) if part]
    if isinstance(given, bytes) or not isinstance(given, Sequence):
        raise InputError(f"{option}: {given!r} is not allowed; allowed is a list of paths, or of entries with a path")
    return tuple(_parse_entry(option, entry, number) for number, entry in enumerate(given))


def _parse_entry(option: str, entry: t.Any, number: int) -> OwnerFile:
    place, keys = f"{option}[{number}]", _KEYS[option]
    fields = {"path": entry} if isinstance(entry, str) else entry
    if not isinstance(fields, Mapping):
        raise InputError(f"{place}: {entry!r} is not allowed; allowed is a path, or a mapping with {', '.join(keys)}")
    unknown = sorted(str(key) for key in fields if key not in keys)
    if unknown:
        raise InputError(f"{place}: {', '.join(unknown)} is not allowed; allowed are {', '.join(keys)}")
    path = fields.get("path")
    if not isinstance(path, str) or not path.strip():
        raise InputError(f"{place}.path: {path!r} is not allowed; allowed is the path of a file, or s3://bucket/key")
    return OwnerFile(
        path.strip(),
        f"hardening_{place}",
        _parse_accounts(fields.get("accounts"), f"{place}.accounts"),
        _parse_age(fields.get(_MAX_AGE, _DAYS), f"{place}.{_MAX_AGE}"),
    )


def _parse_accounts(given: t.Any, place: str) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence) or not given:
        raise InputError(f"{place}: {given!r} is not allowed; allowed is a list of ids of accounts, or of globs")
    return tuple(parse_account(account, f"{place}[{number}]") for number, account in enumerate(given))


def _parse_age(given: t.Any, place: str) -> timedelta:
    is_number = isinstance(given, int) and not isinstance(given, bool)
    if not is_number or not 1 <= given <= _MOST_DAYS:
        raise InputError(f"{place}: {given!r} is not allowed; allowed is a whole number from 1 to {_MOST_DAYS}")
    return timedelta(days=given)
