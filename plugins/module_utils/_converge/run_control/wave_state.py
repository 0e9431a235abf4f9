# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Since when a wave is watched: by a record beside the journal, and by the journal itself.

A soak may be longer than a job, so the first run that applies a declaration in a wave leaves a record. The record is a
hint. It can make a soak longer, but not shorter than the time that has passed since it was written, as the store dates
it, nor than the time since the journal shows the first change that this declaration made in the wave. Only of the runs
that the record lists the journal is not asked again, since it may have hundreds: who can write the record in advance
and knows the id of a run to come can hide the changes of that run.

The soak is bound to what it watches: the accounts that were changed, and the plans that were approved. A run that
changes another account of the wave, or applies another approved plan there, begins it anew. So does the first run after
a rollback, and a run that was killed, or whose gate was closed, before it could tell: the journal shows all runs since
the record was written.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import typing as t
from collections.abc import Collection, Iterable, Mapping
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
# Modules that send what was found, and change nothing else in an account.
SENDERS: t.Final = frozenset({"findings_export"})
_DECLARATION: t.Final = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True)
class Watch:
    """The time that a wave is watched: ``began`` begins the soak, ``since`` is the first change.

    ``has_changes`` says whether this declaration changed anything in the wave, in this run or before.
    """

    began: datetime
    since: datetime
    has_changes: bool


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


@dataclasses.dataclass(frozen=True)
class _Changes:
    """The changes by the declaration of a wave: the accounts, each with its first change, and the approved plans.

    ``rollbacks`` are the runs that undid changes.
    """

    accounts: Mapping[str, datetime]
    plans: frozenset[str]
    rollbacks: frozenset[str]

    def join(self, other: _Changes) -> _Changes:
        """These changes and others."""
        names = self.accounts.keys() | other.accounts.keys()
        moments = {
            name: min(changes.accounts[name] for changes in (self, other) if name in changes.accounts) for name in names
        }
        return _Changes(moments, self.plans | other.plans, self.rollbacks | other.rollbacks)

    def goes_beyond(self, other: _Changes) -> bool:
        """Whether there is an account, an approved plan or a rollback that the other changes do not have."""
        news = (
            self.accounts.keys() - other.accounts.keys(),
            self.plans - other.plans,
            self.rollbacks - other.rollbacks,
        )
        return any(news)


def watch_wave(store: Store, run: WaveRun) -> Watch:
    """Find out since when the wave is watched. The first run that asks leaves the record.

    :raises StoreError: the record or the journal can't be read or written, or the record is malformed.
    """
    found = store.get_versioned(run.key)
    if found is None:
        own = frozenset({run.run_id})
        return _begin(store, run, _find_changes(store, run, own), own, since=run.now, version=None)
    record = _parse(found[0], run, f"{store.location}/{run.key}")
    known = record.list_known(_find_changes(store, run, [record.run_id]))
    run_ids = record.list_later_runs(store, run)
    changed = _find_changes(store, run, run_ids)
    # Of the runs that are looked at, the journal shows no earlier change than this one.
    first = min(changed.accounts.values(), default=record.began)
    since = min(record.since, record.began, first)
    if changed.goes_beyond(known):
        # Accounts in which all had failed, or was refused, and plans whose approval lifts a cap: they soak from now on.
        # Other changes of the same accounts begin nothing anew, or a nightly run would never end the soak.
        earlier = since if known.accounts else run.now
        return _begin(store, run, known.join(changed), run_ids, since=earlier, version=found[1])
    began = max(record.began, found.written, first)
    return Watch(began, since, has_changes=bool(known.accounts))


def _begin(
    store: Store,
    run: WaveRun,
    changed: _Changes,
    run_ids: frozenset[str],
    *,
    since: datetime,
    version: t.Optional[str],
) -> Watch:
    """Write that the soak begins now, by the changes that the runs ``run_ids`` made."""
    since = min(since, run.now, *changed.accounts.values())
    document = {
        "schema": SCHEMA,
        "wave": run.wave,
        "declaration": run.declaration,
        "run_id": run.run_id,
        "began": format_utc(run.now),
        "since": format_utc(since),
        "changed": sorted(changed.accounts),
        "plans": sorted(changed.plans),
        # A job may be launched again under the id of this run, so this run is looked at again. So are those that made
        # the changes, which the journal has to show. What was undone begins the soak once.
        "runs": sorted(_list_runs(store, run) - {run.run_id, *(run_ids - changed.rollbacks)}),
        "nonce": secrets.token_hex(16),
    }
    store.swap(run.key, json.dumps(document, indent=1).encode(), version)
    return Watch(run.now, since, has_changes=bool(changed.accounts))


def _list_runs(store: Store, run: WaveRun) -> frozenset[str]:
    """List the runs that have records of an account of the wave."""
    return frozenset(name for account_id in set(run.accounts) for name in store.folders(f"{account_id}/"))


def _find_changes(store: Store, run: WaveRun, run_ids: Iterable[str]) -> _Changes:
    """Find what runs recorded of changes by this declaration in the accounts of the wave."""
    found = _Changes({}, frozenset(), frozenset())
    for run_id in run_ids:
        for account_id in set(run.accounts):
            declared = find_declared(store, account_id, run_id, run.declaration, ignored=SENDERS)
            if declared is not None:
                accounts = {account_id: declared.since} if declared.since else {}
                rollbacks = frozenset({run_id} if declared.undoes else ())
                found = found.join(_Changes(accounts, declared.plans, rollbacks))
    return found


@dataclasses.dataclass(frozen=True)
class _Record:
    """The record of a wave. ``runs`` are those that had records in the journal already, but for those it watches."""

    run_id: str
    began: datetime
    since: datetime
    changed: frozenset[str]
    plans: frozenset[str]
    runs: frozenset[str]

    def list_known(self, recorded: _Changes) -> _Changes:
        """List the changes that soak. Its own run ``recorded`` what it undid."""
        return _Changes(dict.fromkeys(self.changed, self.began), self.plans, recorded.rollbacks)

    def list_later_runs(self, store: Store, run: WaveRun) -> frozenset[str]:
        """List the runs whose changes the record may not have."""
        return (_list_runs(store, run) - self.runs) | {run.run_id, self.run_id}


def _parse(content: bytes, run: WaveRun, place: str) -> _Record:
    try:
        record = parse(content)
        if record["schema"] != SCHEMA or record["declaration"] != run.declaration:
            raise ValueError("it is of another declaration")
        run_id = record["run_id"]
        if not isinstance(run_id, str) or "/" in run_id or not run_id.strip("."):
            raise ValueError("its run_id is no name")
        return _Record(
            run_id,
            parse_moment(record["began"]),
            parse_moment(record["since"]),
            *(_parse_names(record, name) for name in ("changed", "plans", "runs")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"{place}: the record of the wave is malformed: {error!r}.\n"
            "Find out who wrote there, then remove it. The soak begins again."
        ) from error


def _parse_names(record: Mapping[str, t.Any], name: str) -> frozenset[str]:
    given = record[name]
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise ValueError(f"{name} is no list of names")
    return frozenset(given)
