# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""The journal's records of a run in one account, each with the hash of its file.

Others may write into a journal. A record that is malformed, or of another account, is named as a problem.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
import typing as t
from collections.abc import Collection, Mapping
from datetime import datetime

from ..._account.moments import parse_moment
from ..._converge.journal import DETAILS, Ended, Outcome, ending_at, intent_at
from ..._converge.parsing import parse
from ..._converge.store import Store, StoreError

_RUN: t.Final = "-run.json"
_INTENT: t.Final = "-intent.json"
_ENDINGS: t.Final = ("-outcome.json", "-found.json")
_KEY: t.Final = re.compile(
    r"[0-9]{12}/(?P<run>[^/.][^/]*)/(?:(?P<job>[^/.][^/]*)/)?[0-9]{6}-(?:run|intent|outcome|found)\.json"
)
_ROLLBACK: t.Final = "rollback"
# So many records of other runs are read to explain events.
_MOST_OTHERS: t.Final = 2000

Json = Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Lease:
    """The lease that a change was made under: its fence number, and the time at which it ended if nobody renewed it."""

    fence: int
    expires: datetime


@dataclasses.dataclass(frozen=True)
class Undone:
    """A rollback of a change: the run that made it, its time, and how it ended."""

    run_id: str
    at: t.Optional[datetime]
    outcome: str


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A change as the journal has it. ``files`` are the keys of its records, with their hashes.

    ``request_id`` is AWS's id of the request that decided the outcome, and ``attempts`` are those of the others.
    """

    key: str
    job_id: str
    module: str
    change: Json
    outcome: str
    error: str = ""
    at: t.Optional[datetime] = None
    ended: t.Optional[datetime] = None
    caller_arn: str = ""
    lease: t.Optional[Lease] = None
    request_id: str = ""
    attempts: tuple[str, ...] = ()
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def requests(self) -> tuple[str, ...]:
        """The ids of all its requests."""
        return tuple(filter(None, (self.request_id, *self.attempts)))

    @property
    def last_at(self) -> t.Optional[datetime]:
        """The time of its last record."""
        return self.ended or self.at


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """The record of who ran a module: the members of ``DETAILS`` that it has, and the caller."""

    details: Mapping[str, str]
    job_id: str
    module: str
    caller_arn: str
    file: tuple[str, str]


@dataclasses.dataclass(frozen=True)
class AccountRecords:
    """What the journal has on one account of a run."""

    changes: tuple[Recorded, ...] = ()
    runs: tuple[RunRecord, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def callers(self) -> frozenset[str]:
        """The principals that made the changes, or were about to."""
        arns = [*(change.caller_arn for change in self.changes), *(run.caller_arn for run in self.runs)]
        return frozenset(filter(None, arns))


class _Reader:
    """A store of which each file is read once; it keeps the hash of each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.location = store.location
        self.read: dict[str, t.Optional[bytes]] = {}

    def get(self, key: str) -> t.Optional[bytes]:
        if key not in self.read:
            self.read[key] = self._store.get(key)
        return self.read[key]

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._store, name)

    def hash_of(self, key: str) -> t.Optional[str]:
        """The hash of a file; None if there is none."""
        content = self.get(key)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def document(self, key: str) -> dict[str, t.Any]:
        """The record in a file. Raises ValueError: it is none."""
        document = parse(self.get(key) or b"")
        if not isinstance(document, dict):
            raise ValueError("it is no mapping")
        return document


def read_account(store: Store, account_id: str, run_id: str) -> AccountRecords:
    """Read all records of a run in one account.

    :raises StoreError: the journal can't be listed.
    """
    reader = _Reader(store)
    keys = store.list(f"{account_id}/{run_id}/")
    problems = [f"{key} is no record of a journal." for key in keys if not _KEY.fullmatch(key)]
    own = [key for key in keys if _KEY.fullmatch(key)]
    changes, runs = [], []
    for key in own:
        try:
            if key.endswith(_INTENT):
                changes.append(_read_change(reader, key.removesuffix(_INTENT), account_id, problems))
            elif key.endswith(_RUN):
                runs.append(_read_run(reader, key))
        except (StoreError, ValueError) as error:
            problems.append(f"{key} is ignored: {error}.")
    problems += _find_endings_without_intent(own)
    return AccountRecords(tuple(changes), tuple(runs), tuple(problems))


def _find_endings_without_intent(keys: Collection[str]) -> list[str]:
    present = set(keys)
    return [
        f"{key} says how a change ended that has no record of its beginning: that was removed."
        for key in sorted(keys)
        for ending in _ENDINGS
        if key.endswith(ending) and f"{key.removesuffix(ending)}{_INTENT}" not in present
    ]


def _read_change(reader: _Reader, key: str, account_id: str, problems: list[str]) -> Recorded:
    """Read a change with its outcome. Raises StoreError and ValueError: its first record is malformed."""
    intent = intent_at(t.cast(Store, reader), key)
    if intent.change.account_id != account_id:
        raise ValueError(f"it is of account {intent.change.account_id}")
    record = reader.document(f"{key}{_INTENT}")
    end, error, ended = Ended(Outcome.UNKNOWN, {}), "", None
    try:
        end = ending_at(t.cast(Store, reader), key)
        error, ended = _read_ending(reader, key)
    except (StoreError, ValueError) as failure:
        problems.append(f"The outcome of {key} is ignored: {failure}.")
    problems += _find_contradiction(reader, key)
    lease = None
    try:
        lease = _parse_lease(record.get("lease"))
    except (TypeError, ValueError) as failure:
        problems.append(f"The lease in {key}{_INTENT} is ignored: {failure}.")
    names = [f"{key}{ending}" for ending in (_INTENT, *_ENDINGS)]
    return Recorded(
        key=key,
        job_id=intent.job_id,
        module=intent.module,
        change=intent.change.as_dict(),
        outcome=end.outcome.value,
        error=error,
        at=intent.at,
        ended=ended,
        caller_arn=_text(record.get("caller_arn")),
        lease=lease,
        request_id=end.request_id,
        attempts=end.attempts,
        files={name: digest for name in names if (digest := reader.hash_of(name)) is not None},
    )


def _find_contradiction(reader: _Reader, key: str) -> list[str]:
    """Find whether a later run found another outcome than the run itself recorded."""
    names = [f"{key}{ending}" for ending in _ENDINGS]
    if any(reader.get(name) is None for name in names):
        return []
    try:
        first, second = (reader.document(name).get("outcome") for name in names)
    except ValueError:
        return []
    return [] if first == second else [f"{names[0]} says {first}, and {names[1]} says {second}."]


def _read_ending(reader: _Reader, key: str) -> tuple[str, t.Optional[datetime]]:
    """Read the error of a change and the time at which its outcome was recorded, of the record that counts."""
    name = next((f"{key}{ending}" for ending in _ENDINGS if reader.get(f"{key}{ending}") is not None), None)
    if name is None:
        return "", None
    record = reader.document(name)
    at = record.get("at")
    return _text(record.get("error")), parse_moment(at) if isinstance(at, str) else None


def _parse_lease(value: t.Any) -> t.Optional[Lease]:
    if value is None:
        return None
    fence, expires = (value.get(name) for name in ("fence", "expires")) if isinstance(value, dict) else (None, None)
    if not isinstance(fence, int) or not isinstance(expires, str):
        raise ValueError("it has no fence number and no end")
    return Lease(fence, parse_moment(expires))


def _read_run(reader: _Reader, key: str) -> RunRecord:
    """Read the record of who ran a module. Raises ValueError: it is malformed."""
    record = reader.document(key)
    match = _KEY.fullmatch(key)
    if match and record.get("run_id") != match["run"]:
        raise ValueError(f"it is of run {record.get('run_id')}")
    if match and record.get("job_id", "") != (match["job"] or ""):
        raise ValueError(f"it is of job {record.get('job_id')}")
    details = {name: value for name in DETAILS if isinstance(value := record.get(name), str) and value}
    job_id, module, caller_arn = (_text(record.get(name)) for name in ("job_id", "module", "caller_arn"))
    return RunRecord(details, job_id, module, caller_arn, (key, reader.hash_of(key) or ""))


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""


def find_undone(store: Store, account_id: str, run_id: str, keys: Collection[str]) -> dict[str, list[Undone]]:
    """Find the rollbacks of recorded changes, by the keys of these. A malformed record undoes nothing.

    :raises StoreError: the journal can't be listed.
    """
    if not keys:
        return {}
    reader = _Reader(store)
    found: dict[str, list[Undone]] = {}
    for run, records in _group_by_run(store.list(f"{account_id}/"), besides=run_id).items():
        if not _is_rollback(reader, records):
            continue
        for key in (record.removesuffix(_INTENT) for record in records if record.endswith(_INTENT)):
            try:
                intent = intent_at(t.cast(Store, reader), key)
                outcome = ending_at(t.cast(Store, reader), key).outcome.value
            except (StoreError, ValueError):
                continue
            if intent.change.undoes in keys:
                found.setdefault(intent.change.undoes, []).append(Undone(run, intent.at, outcome))
    return found


def _group_by_run(keys: Collection[str], *, besides: str) -> dict[str, list[str]]:
    runs: dict[str, list[str]] = {}
    for key in sorted(keys):
        match = _KEY.fullmatch(key)
        if match and match["run"] != besides:
            runs.setdefault(match["run"], []).append(key)
    return runs


def _is_rollback(reader: _Reader, keys: Collection[str]) -> bool:
    """Whether a rollback made this run: it is a run of its own, so any of its records shows it."""
    for key in keys:
        try:
            return bool(reader.document(key).get("module") == _ROLLBACK)
        except (StoreError, ValueError):
            continue
    return False


def read_others(store: Store, account_id: str, run_id: str) -> AccountRecords:
    """Read the changes of all other runs of an account, the newest jobs first, and at most so many.

    :raises StoreError: the journal can't be listed.
    """
    reader = _Reader(store)
    runs = _group_by_run(store.list(f"{account_id}/"), besides=run_id)
    keys = sorted((key for records in runs.values() for key in records if key.endswith(_INTENT)), reverse=True)
    changes = []
    for key in keys[:_MOST_OTHERS]:
        with contextlib.suppress(StoreError, ValueError):
            changes.append(_read_change(reader, key.removesuffix(_INTENT), account_id, []))
    left = max(0, len(keys) - _MOST_OTHERS)
    note = f"Of other runs, {left} records were not read, so an event that is not in the journal may be of one of them."
    return AccountRecords(tuple(changes), problems=(note,) if left else ())
