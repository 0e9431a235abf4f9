# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Recorded snapshots: one file an account, with the answers that the modules of one run in check mode got.

They are kept by option only, and hold no credentials: :mod:`.._aws.tape` leaves out what could be a secret.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import typing as t
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from .._account.account_id import is_account_id
from .._account.moments import format_utc, parse_moment
from .._aws.tape import Entries, Recorder, Tape
from .._converge.store import Store
from .options import StoreOptions
from .version import COLLECTION_VERSION

SCHEMA: t.Final = "hardening.iam/recording/1"
OPTION: t.Final = "snapshot_dir"
# A hundred times the answers of an account with thousands of users; a bomb would be more.
_LONGEST: t.Final = 256 * 1024 * 1024
_LONGEST_RUN: t.Final = timedelta(hours=12)
_CLOCKS_DIFFER: t.Final = timedelta(minutes=5)


class RecordingError(Exception):
    """A snapshot can't be used; the message says why, without the name of the file."""


def recording_key(account_id: str, kind: str = "") -> str:
    """The name of the file of an account. Organization-wide modules have one of their own."""
    return f"{account_id}-{kind}.json.gz" if kind else f"{account_id}.json.gz"


@dataclasses.dataclass(frozen=True)
class Recording:
    """The snapshot of one account.

    ``recorded`` is the moment from which all its modules counted ages. ``seconds`` is the time that they took.
    """

    account_id: str
    run_id: str
    recorded: datetime
    seconds: float = 0.0
    entries: Entries = dataclasses.field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The content of the file. The same snapshot gives the same bytes."""
        document = {
            "schema": SCHEMA,
            "collection_version": COLLECTION_VERSION,
            "account_id": self.account_id,
            "run_id": self.run_id,
            "recorded": self.recorded.isoformat(),
            "seconds": round(self.seconds, 3),
            "entries": self.entries,
        }
        return gzip.compress(json.dumps(document, separators=(",", ":"), sort_keys=False).encode(), mtime=0)

    @classmethod
    def from_bytes(cls, content: bytes, *, account_id: str) -> t.Self:
        """The snapshot in a file that is said to be of ``account_id``. Raises RecordingError."""
        document = _parse(content)
        if document.get("schema") != SCHEMA:
            raise RecordingError(f"its schema is {str(document.get('schema'))[:60]!r}, not {SCHEMA}")
        found = document.get("account_id")
        if found != account_id:
            other = found if is_account_id(str(found)) else "another"
            raise RecordingError(f"it is the snapshot of account {other}, not of {account_id}")
        try:
            recorded = parse_moment(document["recorded"])
            entries = document["entries"]
            if not all(
                isinstance(entry, dict) and ("answer" in entry or "error" in entry) for entry in entries.values()
            ):
                raise ValueError("an entry has no answer")
            seconds = float(document["seconds"])
            # JSON of Python has numbers that no sum over all accounts survives.
            if not 0 <= seconds < math.inf:
                raise ValueError(f"{seconds} seconds")
            return cls(account_id, str(document["run_id"]), recorded, seconds, entries)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise RecordingError(f"it is malformed: {error!r}"[:200]) from error

    def check_age(self, now: datetime, max_age: timedelta) -> None:
        """Refuse a snapshot that is too old, or from the future. Raises RecordingError."""
        age = now - self.recorded
        if age > max_age:
            raise RecordingError(
                f"it is {_in_days(age)} old (recorded {format_utc(self.recorded)}); the limit is {_in_days(max_age)}"
            )
        if -age > _CLOCKS_DIFFER:
            raise RecordingError(f"it was recorded in the future, at {format_utc(self.recorded)}")


@dataclasses.dataclass(frozen=True)
class Replay:
    """What takes the place of AWS in a simulation, or stands between the two while it is recorded.

    ``moment`` is what ages are counted from, and ``reports`` the place of the option ``report_dir``.
    """

    tape: Tape
    moment: datetime
    reports: t.Optional[Store] = None


class Recorded:
    """A recording under way: one module of a run adds its answers to those of the modules before it."""

    def __init__(self, store: Store, key: str, *, account_id: str, run_id: str, started: datetime) -> None:
        self._store = store
        self._key = key
        self._started = started
        self._before = self._find_before(account_id, run_id) or Recording(account_id, run_id, started)
        self._recorder = Recorder()

    @classmethod
    def open(
        cls,
        place: StoreOptions,
        open_store: Callable[[StoreOptions], Store],
        *,
        account_id: t.Optional[str],
        run_id: str,
        started: datetime,
        kind: str,
    ) -> t.Self:
        """Open the snapshot of an account at a place. Raises RecordingError, and what opening the place raises."""
        if account_id is None:
            raise RecordingError("account_id (aws_account_id) is not set, and the file is named after it")
        if place.location.startswith("s3://") and not place.kms_key_id:
            raise RecordingError(
                "snapshot_kms_key_id (hardening_snapshot_kms_key_id) is not set. A snapshot has the IAM configuration "
                "of the account, so in S3 it must be encrypted with a KMS key"
            )
        key = recording_key(account_id, kind)
        return cls(open_store(place), key, account_id=account_id, run_id=run_id, started=started)

    @property
    def tape(self) -> Tape:
        """The tape that the answers go to."""
        return self._recorder

    @property
    def moment(self) -> datetime:
        """The moment from which the modules of the run count ages: the same for all, so that one can be played."""
        return self._before.recorded

    def keep(self, found: str, ended: datetime) -> None:
        """Write the file, unless the credentials belong to another account. Raises StoreError."""
        before = self._before
        if found != before.account_id or not self._recorder.entries:
            return
        seconds = before.seconds + (ended - self._started).total_seconds()
        entries = {**before.entries, **self._recorder.entries}
        self._store.put(self._key, dataclasses.replace(before, seconds=seconds, entries=entries).to_bytes())

    def _find_before(self, account_id: str, run_id: str) -> t.Optional[Recording]:
        """Find what earlier modules of the same run recorded. Other files are replaced.

        A run id may be used again. The modules of a real run in check mode count ages from the moment of this file, so
        an old moment would hide findings.
        """
        try:
            before = Recording.from_bytes(self._store.get(self._key) or b"", account_id=account_id)
            before.check_age(self._started, _LONGEST_RUN)
        except RecordingError:
            return None
        return before if before.run_id == run_id else None


def _parse(content: bytes) -> Mapping[str, t.Any]:
    """The JSON object in a compressed file. Raises RecordingError."""
    inflating = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflating.decompress(content, _LONGEST)
        if inflating.unconsumed_tail:
            raise RecordingError(f"it is longer than {_LONGEST // 1024 // 1024} MiB")
        if not inflating.eof:
            raise RecordingError("it is truncated")
        document = json.loads(plain)
    except (zlib.error, ValueError, RecursionError) as error:
        raise RecordingError(f"it is not compressed JSON: {error}"[:200]) from error
    if not isinstance(document, dict):
        raise RecordingError("it is not a JSON object")
    return document


def _in_days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):.1f} days"
