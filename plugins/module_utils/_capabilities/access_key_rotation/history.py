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

from ..._converge.journal import Outcome, ending_at, find_runs, read_recorded
from ..._converge.store import Store
from ..._prediction.key_users.model import Maker
from .changes import CREATE_KEY
from .model import Key

MODULE: t.Final = "access_key_rotation"
# From the record of an attempt to the end of all its retries, with some room for two clocks.
_CLOCKS_DIFFER: t.Final = timedelta(minutes=1)
_LONGEST_ATTEMPT: t.Final = timedelta(minutes=10)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A recorded attempt to make a key for a user beside its old one, that made a key or may have made one.

    ``made`` is the id of the key that AWS's answer names, empty without one. ``is_open`` says that nobody knows whether
    the attempt made a key. ``caller`` is the ARN of who made it, ``mark`` the word of its job in the user agent.
    """

    user_arn: str
    old_key: str
    at: datetime
    run_id: str = ""
    made: str = ""
    is_open: bool = True
    caller: str = ""
    mark: str = ""

    def may_have_made(self, key: Key) -> bool:
        """Whether a key is the one that AWS named, else whether AWS made it when this attempt was."""
        return key.id == self.made if self.made else key.id != self.old_key and self._is_near(key.created)

    def is_call(self, maker: Maker) -> bool:
        """Whether an event is that of this attempt: its caller, its job, and its time.

        The caller alone shows nothing, since people may use the same credentials.
        """
        is_same = bool(self.caller) and maker.arn == self.caller and maker.has_mark(self.mark)
        return is_same and self._is_near(maker.at)

    def _is_near(self, moment: datetime) -> bool:
        return self.at - _CLOCKS_DIFFER <= moment <= self.at + _LONGEST_ATTEMPT


def read_attempts(store: Store, account_id: str, warn: t.Callable[[str], None]) -> tuple[Attempt, ...]:
    """Read the attempts of all runs in an account. One that AWS refused made no key, so it is none of them.

    :raises StoreError: the journal can't be read.
    """
    runs = find_runs(store, account_id, MODULE)
    return tuple(attempt for run in runs for attempt in _read_run(store, account_id, run, warn))


def _read_run(store: Store, account_id: str, run: str, warn: t.Callable[[str], None]) -> Iterable[Attempt]:
    for intent, outcome in read_recorded(store, account_id, run, warn):
        change, at = intent.change, intent.at
        if (intent.module, change.operation) != (MODULE, CREATE_KEY) or change.undoes or at is None:
            continue
        if outcome not in (Outcome.APPLIED, Outcome.UNKNOWN) or change.account_id != account_id:
            continue
        before = change.before if isinstance(change.before, dict) else {}
        if not isinstance(before.get("key"), str):
            continue
        is_open = outcome is Outcome.UNKNOWN
        answer = {} if is_open else ending_at(store, intent.key).answer
        yield Attempt(
            change.target,
            before["key"],
            at,
            intent.run_id,
            made=str(answer.get("AccessKeyId") or ""),
            is_open=is_open,
            caller=intent.caller_arn,
            mark=intent.mark,
        )
