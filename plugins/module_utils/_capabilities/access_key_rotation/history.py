# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The attempts to make keys that the journal has: the only witness of a run that was cut off in the middle of one."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterable
from datetime import datetime, timedelta

from ..._converge.journal import find_runs, read_recorded
from ..._converge.store import Store
from .changes import CREATE_KEY
from .model import Key

MODULE: t.Final = "access_key_rotation"
# From the record of an attempt to the end of all its retries, with some room for two clocks.
_CLOCKS_DIFFER: t.Final = timedelta(minutes=1)
_LONGEST_ATTEMPT: t.Final = timedelta(minutes=10)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A recorded attempt to make a key for a user beside its old one."""

    user_arn: str
    old_key: str
    at: datetime

    def may_have_made(self, key: Key) -> bool:
        """Whether a key was made when this attempt was: AWS's own date decides."""
        return key.id != self.old_key and (self.at - _CLOCKS_DIFFER <= key.created <= self.at + _LONGEST_ATTEMPT)


def read_attempts(store: Store, account_id: str, warn: t.Callable[[str], None]) -> tuple[Attempt, ...]:
    """Read the attempts of all runs in an account.

    :raises StoreError: the journal can't be read.
    """
    runs = find_runs(store, account_id, MODULE)
    return tuple(attempt for run in runs for attempt in _read_run(store, account_id, run, warn))


def _read_run(store: Store, account_id: str, run: str, warn: t.Callable[[str], None]) -> Iterable[Attempt]:
    for intent, _outcome in read_recorded(store, account_id, run, warn):
        change, at = intent.change, intent.at
        if (intent.module, change.operation) != (MODULE, CREATE_KEY) or change.undoes or at is None:
            continue
        before = change.before if isinstance(change.before, dict) else {}
        if isinstance(before.get("key"), str):
            yield Attempt(change.target, before["key"], at)
