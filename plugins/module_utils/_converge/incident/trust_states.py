# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The states of trust beside the journal, one object for each account: read, and written by enforcing runs."""

from __future__ import annotations

import typing as t

from ..store import ConflictError, Store, StoreError
from .records import describe_place
from .trust_state import Difference, Found, TrustState

_FOLDER: t.Final = "control/trust/"
_ATTEMPTS: t.Final = 8
_MALFORMED: t.Final = "the kept state was malformed, so somebody else wrote it,"


def state_key(account_id: str) -> str:
    """Where the state of an account is."""
    return f"{_FOLDER}{account_id}.json"


def read_state(store: Store, account_id: str) -> t.Optional[TrustState]:
    """Read the state of an account; None if no run has kept one.

    :raises StoreError: it can't be read, or is malformed.
    """
    content = store.get(state_key(account_id))
    try:
        return None if content is None else TrustState.of_bytes(content, account_id)
    except ValueError as error:
        raise StoreError(f"{describe_place(store, state_key(account_id))} is malformed: {error}") from error


def keep_state(store: Store, now: Found) -> tuple[Difference, ...]:
    """Keep what a run found, and return what it found changed since the run before: all of it, though less is kept.

    A state that is malformed is replaced, and stays on record as a change. One of a run that read the account later
    stays as it is.

    :raises StoreError: it can't be read or written.
    """
    key = state_key(now.account_id)
    for _attempt in range(_ATTEMPTS):
        kept = store.get_versioned(key)
        state, changes = _follow(None if kept is None else kept[0], now)
        if state is None:
            return ()
        try:
            store.swap(key, state.as_bytes(), None if kept is None else kept[1])
        except ConflictError:
            continue
        return changes
    raise StoreError(f"{describe_place(store, key)} is written by others again and again")


def _follow(content: t.Optional[bytes], now: Found) -> tuple[t.Optional[TrustState], tuple[Difference, ...]]:
    """The state to keep, None if the present one stays, and what was found changed."""
    if content is None:
        return TrustState(now), ()
    try:
        present = TrustState.of_bytes(content, now.account_id)
    except ValueError:
        lost = (Difference(_MALFORMED, now.run_id, now.at, now.run_id, now.at),)
        return TrustState(now, lost), lost
    state, changes = present.follow(now)
    return (None if state is present else state), changes
