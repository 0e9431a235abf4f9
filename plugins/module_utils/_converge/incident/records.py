# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Records of incidents in the place of the journal: read, and compare and swap."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..store import ConflictError, Store, StoreError
from .names import record_key
from .record import Record

# So many others may write in the same moment.
_ATTEMPTS: t.Final = 8


def read_record(store: Store, account_id: str, incident_id: str) -> t.Optional[Record]:
    """The record of an incident in an account; None if there is none.

    :raises StoreError: it can't be read, or is malformed.
    """
    found = store.get(record_key(account_id, incident_id))
    return None if found is None else _parse(store, found, account_id, incident_id)


def update(store: Store, account_id: str, incident_id: str, change: Callable[[t.Optional[Record]], Record]) -> Record:
    """Write what ``change`` makes of the record, and return what is kept then.

    ``change`` is called again if somebody else wrote in between. What it makes is merged with what was there, so that
    it can't drop a principal that another job has contained.

    :raises StoreError: the record can't be read or written, is malformed, or is written by others again and again.
    """
    key = record_key(account_id, incident_id)
    for _attempt in range(_ATTEMPTS):
        found = store.get_versioned(key)
        present = None if found is None else _parse(store, found[0], account_id, incident_id)
        wanted = change(present)
        record = wanted if present is None else present.merge(wanted)
        if record == present:
            return record
        try:
            store.swap(key, record.as_bytes(), None if found is None else found[1])
        except ConflictError:
            continue
        return record
    raise StoreError(f"{describe_place(store, key)} is written by others again and again; run again")


def describe_place(store: Store, key: str) -> str:
    """Where an object is, for people."""
    return f"{store.location.rstrip('/')}/{key}"


def _parse(store: Store, content: bytes, account_id: str, incident_id: str) -> Record:
    try:
        return Record.of_bytes(content, account_id=account_id, incident_id=incident_id)
    except ValueError as error:
        place = describe_place(store, record_key(account_id, incident_id))
        raise StoreError(f"{place} is malformed: {error}") from error
