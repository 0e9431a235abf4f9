# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The index of the released records of an account, so that a plan does not read each of them.

It is one object beside the journal, ``control/incidents-released/<account>.json``: the ids of the records with the
versions that were read. A record that was written since has another version, and is read again. The index is written
by a release, and by a containment that had to read released records.

Anybody who can write there could end a freeze with it, as they could with the record itself. An index that is malformed
is ignored: then each record is read.
"""

from __future__ import annotations

import json
import secrets
import typing as t
from collections.abc import Mapping

from ..errors import InputError
from ..parsing import parse
from ..store import ConflictError, Store, StoreError
from .names import find_id, index_key, record_folder
from .record import Record

SCHEMA: t.Final = "hardening.iam/released-incidents/1"
_ATTEMPTS: t.Final = 8


def read_released(store: Store, account_id: str) -> dict[str, str]:
    """Read the index of an account: ids of records, with their versions. Empty if there is none that can be used."""
    try:
        return _parse(store.get(index_key(account_id)), account_id)
    except StoreError:
        return {}


def index_released(store: Store, account_id: str) -> None:
    """Bring the index up to date: one list, and each released record that it does not have yet.

    :raises StoreError: the index can't be written, or the records can't be listed.
    """
    key = index_key(account_id)
    for _attempt in range(_ATTEMPTS):
        found = store.get_versioned(key)
        known = _parse(found[0] if found else None, account_id)
        released = dict(_list_released(store, account_id, known))
        if released == known:
            return
        document = {"schema": SCHEMA, "account_id": account_id, "released": released, "nonce": secrets.token_hex(16)}
        try:
            store.swap(key, json.dumps(document, indent=1, sort_keys=True).encode(), found[1] if found else None)
        except ConflictError:
            continue
        return
    raise StoreError(f"{store.location}/{key} is written by others again and again; run again")


def _list_released(store: Store, account_id: str, known: Mapping[str, str]) -> t.Iterator[tuple[str, str]]:
    for key, version in store.list_versioned(record_folder(account_id)).items():
        incident_id = find_id(key, account_id)
        if not incident_id:
            continue
        if version and known.get(incident_id) == version:
            yield incident_id, version
            continue
        found = store.get_versioned(key)
        if found is not None and _is_released(found[0], account_id, incident_id):
            yield incident_id, found[1]


def _is_released(content: bytes, account_id: str, incident_id: str) -> bool:
    try:
        return Record.of_bytes(content, account_id=account_id, incident_id=incident_id).is_release_recorded
    except ValueError:
        return False


def _parse(content: t.Optional[bytes], account_id: str) -> dict[str, str]:
    """The ids and versions in the content of an index; nothing if there is none, or if it is malformed."""
    try:
        document = parse(content or b"{}")
        if document["schema"] != SCHEMA or document["account_id"] != account_id:
            return {}
        return {name: version for name, version in document["released"].items() if isinstance(version, str)}
    except (AttributeError, InputError, KeyError, TypeError, ValueError):
        return {}
