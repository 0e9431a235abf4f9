# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Since when a wave is watched: by a record beside the journal, and by the journal itself.

A soak may be longer than a job, so the first run that applies a declaration in a wave leaves a record. The record is a
hint. It can make a soak longer, but not shorter than the time that has passed since it was written, as the store dates
it, nor than the time since the journal shows the first change that this declaration made in the wave.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import typing as t
from collections.abc import Collection, Mapping
from datetime import datetime

from ..._account.moments import format_utc, parse_moment
from ..journal import find_declared
from ..parsing import parse
from ..store import Store, StoreError

SCHEMA: t.Final = "hardening.iam/wave/1"
# The verdicts of a gate.
PASSED: t.Final = "passed"
CLOSED: t.Final = "closed"
WAITING: t.Final = "waiting"
_DECLARATION: t.Final = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Watch:
    """The time that a wave is watched: ``began`` begins the soak, ``since`` is the first change."""

    began: datetime
    since: datetime


@dataclasses.dataclass(frozen=True)
class WaveRun:
    """A run that has finished a wave. ``declaration`` is the hash of what is declared for its accounts."""

    run_id: str
    declaration: str
    wave: str
    accounts: Collection[str]
    now: datetime

    @property
    def key(self) -> str:
        """The key of the record beside the journal."""
        if not _DECLARATION.fullmatch(self.declaration):
            raise StoreError(f"declaration: {self.declaration!r} is no SHA-256")
        return f"control/waves/{self.declaration}.json"


def watch_wave(store: Store, run: WaveRun) -> Watch:
    """Find out since when the wave is watched. The first run that asks leaves the record.

    :raises StoreError: the record or the journal can't be read or written, or the record is malformed.
    """
    found = store.get_versioned(run.key)
    dated = store.get_dated(run.key)
    changed = _find_changes(store, run, run.run_id)
    if found is None or dated is None:
        return _begin(store, run, changed, since=None, version=None)
    record = _parse(found[0], run, f"{store.location}/{run.key}")
    recorded = _find_changes(store, run, record.run_id)
    first = min(recorded.values(), default=None)
    known = recorded.keys() if record.changed is None else record.changed
    since = min(filter(None, (record.since, first, record.began)))
    if changed.keys() - known:
        # This run changed accounts that the declaration had not changed before: they had failed, or were refused. They
        # soak from now on. Later changes of the same accounts begin nothing anew, or a nightly run would never end it.
        earlier = since if known else None
        return _begin(store, run, {**dict.fromkeys(known, run.now), **changed}, since=earlier, version=found[1])
    return Watch(max(record.began, dated[1], first or record.began), since)


def _begin(
    store: Store,
    run: WaveRun,
    changed: Mapping[str, datetime],
    *,
    since: t.Optional[datetime],
    version: t.Optional[str],
) -> Watch:
    since = min(filter(None, (since, run.now, *changed.values())))
    document = {
        "schema": SCHEMA,
        "wave": run.wave,
        "declaration": run.declaration,
        "run_id": run.run_id,
        "began": format_utc(run.now),
        "since": format_utc(since),
        "changed": sorted(changed),
        "nonce": secrets.token_hex(16),
    }
    store.swap(run.key, json.dumps(document, indent=1).encode(), version)
    return Watch(run.now, since)


def _find_changes(store: Store, run: WaveRun, run_id: str) -> dict[str, datetime]:
    """The accounts of the wave in which a run recorded changes by this declaration, with the time of the first."""
    moments = {
        account_id: find_declared(store, account_id, run_id, run.declaration) for account_id in set(run.accounts)
    }
    return {account_id: moment for account_id, moment in moments.items() if moment is not None}


@dataclasses.dataclass(frozen=True)
class _Record:
    run_id: str
    began: datetime
    since: t.Optional[datetime]
    changed: t.Optional[frozenset[str]]


def _parse(content: bytes, run: WaveRun, place: str) -> _Record:
    try:
        record = parse(content)
        if record["schema"] != SCHEMA or record["declaration"] != run.declaration:
            raise ValueError("it is of another declaration")
        run_id = record["run_id"]
        if not isinstance(run_id, str) or "/" in run_id or not run_id.strip("."):
            raise ValueError("its run_id is no name")
        since, changed = record.get("since"), record.get("changed")
        if changed is not None and not (isinstance(changed, list) and all(isinstance(item, str) for item in changed)):
            raise ValueError("changed is no list of accounts")
        return _Record(
            run_id,
            parse_moment(record["began"]),
            None if since is None else parse_moment(since),
            None if changed is None else frozenset(changed),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{place}: the record of the wave is malformed: {error!r}.\n"
            "Find out who wrote there, then remove it. The soak begins again."
        ) from error
