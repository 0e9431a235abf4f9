# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The journal: what was done, durable enough to undo it.

An intent record is written before a change is made, an outcome record after. One object a record, under an ordered key
that is never written twice, serves a directory and S3 alike: ``<account>/<run>/<sequence>-<intent|outcome>.json``.
What a later run finds of an intent without outcome is a third kind, ``found``: the run may still be under way, and its
own word is the last.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import re
import threading
import typing as t
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from .._account.moments import format_utc
from .change import Change
from .errors import InputError
from .plan import change_of
from .store import Store, StoreError

SCHEMA: t.Final = "hardening.iam/journal/1"
_INTENT: t.Final = "-intent.json"
_OUTCOME: t.Final = "-outcome.json"
_FOUND: t.Final = "-found.json"


class Outcome(enum.StrEnum):
    """How a change ended.

    ``FOREIGN`` says that AWS answered that somebody else had made the change already (it exists, it is gone). What
    the change wanted is there, but it is not ours: a rollback leaves it. ``UNKNOWN`` says that neither the before nor
    the after of the change was found.
    """

    APPLIED = "applied"
    FAILED = "failed"
    FOREIGN = "foreign"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Intent:
    """A recorded change, the run and module that meant to make it, and its key without the ending."""

    key: str
    run_id: str
    module: str
    change: Change


def check_run_id(run_id: str) -> str:
    """``run_id``, which becomes part of file names and S3 keys.

    :raises InputError: it has other characters than those allowed, or could leave its directory.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", run_id):
        allowed = "letters, digits, '.', '_', ':' and '-', at most 128, beginning with a letter or digit"
        raise InputError(f"run_id: {run_id!r} is not allowed; allowed are {allowed}")
    return run_id


class Journal:
    """The journal of one module in one run and account. Every method raises StoreError where it can't be written."""

    def __init__(
        self, store: Store, *, account_id: str, run_id: str, module: str, caller_arn: str, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._prefix = f"{account_id}/{run_id}"
        self._run_id = run_id
        self._module = module
        self._caller_arn = caller_arn
        self._clock = clock
        self._written = 0
        # Regions are changed side by side, and no two records may have the same number.
        self._numbering = threading.Lock()

    @property
    def location(self) -> str:
        """Where the records of this run and account are."""
        return f"{self._store.location.rstrip('/')}/{self._prefix}"

    def intend(self, change: Change) -> str:
        """Record that ``change`` is about to be made; returns the key for :func:`conclude`."""
        with self._numbering:
            self._written += 1
            key = f"{self._prefix}/{self._before_us + self._written:06d}"
        record = {"caller_arn": self._caller_arn, "change": change.as_dict()}
        self._store.put_new(f"{key}{_INTENT}", self._record("intent", record))
        return key

    def conclude(
        self, key: str, outcome: Outcome, error: str = "", answer: t.Optional[Mapping[str, t.Any]] = None
    ) -> None:
        """Record how the change of ``key`` ended, and what is to be kept of AWS's answer."""
        record: dict[str, t.Any] = {"outcome": outcome.value, "error": error or None}
        if answer:
            record["answer"] = dict(answer)
        self._store.put_new(f"{key}{_OUTCOME}", self._record("outcome", record))

    def found(self, key: str, outcome: Outcome, by: str) -> None:
        """Record how a change of another run seems to have ended, as the run ``by`` finds its target."""
        record = {"outcome": outcome.value, "error": f"found by run {by}"}
        self._store.put_new(f"{key}{_FOUND}", self._record("found", record))

    @functools.cached_property
    def _before_us(self) -> int:
        """How far the modules that ran before, in the same run and account, have counted."""
        keys = [key for key in self._store.list(f"{self._prefix}/") if key.endswith(_INTENT)]
        return max((int(key.rpartition("/")[2].removesuffix(_INTENT)) for key in keys), default=0)

    def _record(self, kind: str, content: dict[str, t.Any]) -> bytes:
        head = {"schema": SCHEMA, "record": kind, "run_id": self._run_id, "module": self._module}
        record = {**head, "at": format_utc(self._clock()), **content}
        return json.dumps(record, indent=2, sort_keys=True, default=str).encode()


def interrupted(store: Store, account_id: str) -> tuple[Intent, ...]:
    """The recorded intents of an account that have no outcome: their run was cut off, or is still under way.

    :raises StoreError: the journal can't be read.
    """
    keys = store.list(f"{account_id}/")
    concluded = {key.removesuffix(ending) for key in keys for ending in (_OUTCOME, _FOUND) if key.endswith(ending)}
    started = [key.removesuffix(_INTENT) for key in keys if key.endswith(_INTENT)]
    return tuple(intent_at(store, key) for key in started if key not in concluded)


def recorded(store: Store, account_id: str, run_id: str) -> Iterator[tuple[Intent, Outcome]]:
    """The changes of a run in the order in which they were made, each with how it ended.

    An intent without outcome counts as ``UNKNOWN``. Raises StoreError where the journal can't be read.
    """
    for key in store.list(f"{account_id}/{run_id}/"):
        if key.endswith(_INTENT):
            intent = intent_at(store, key.removesuffix(_INTENT))
            yield intent, ending_at(store, intent.key)[0]


def ending_at(store: Store, key: str) -> tuple[Outcome, Mapping[str, t.Any]]:
    """How the recorded change with this key ended, and what was kept of AWS's answer; ``UNKNOWN`` without a record.

    Raises StoreError where the record can't be read or is none.
    """
    for ending in (_OUTCOME, _FOUND):
        content = store.get(f"{key}{ending}")
        if content is None:
            continue
        try:
            record = json.loads(content)
            return Outcome(record["outcome"]), dict(record.get("answer") or {})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            place = f"{store.location.rstrip('/')}/{key}{ending}"
            raise StoreError(f"{place} is not a journal record: {error}") from error
    return Outcome.UNKNOWN, {}


def intent_at(store: Store, key: str) -> Intent:
    """The recorded change with this key. Raises StoreError where it can't be read or is none."""
    location = f"{store.location.rstrip('/')}/{key}{_INTENT}"
    content = store.get(f"{key}{_INTENT}")
    try:
        record = json.loads(content or b"")
        return Intent(key=key, run_id=record["run_id"], module=record["module"], change=change_of(record["change"]))
    except (ValueError, KeyError, TypeError, InputError) as error:
        raise StoreError(f"{location} is not a journal record: {error}") from error
